"""Data larger than memory: a synthetic SSC through a liquid and an epoch of e-prop.

    python benchmarks/large_data.py [--words 75466] [--folder FOLDER] [--jobs 2]

Writes a file in the layout of SSC to a new folder in FOLDER, or in the temporary one. With `--one
CASE --file FILE` it runs one case on it and prints a line of JSON; that is how it calls itself.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
from _protocol import Result, header, progress, run_json, table
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bioplastic import SpikeTrains
from bioplastic.networks import EPropClassifier, LiquidStateMachine
from bioplastic.readout import SpikeCount

#: SSC: words of the training set, classes, channels; and about its spikes a word.
WORDS, CLASSES, CHANNELS, SPIKES = 75_466, 35, 700, 8000
BLOCK, SPEAKERS = 512, 1000
CASES = {
    "open": "opened, which reads all of it twice",
    "liquid": "liquid of 1,000, counts, ridge classifier: fit",
    "eprop": "EPropClassifier, 100 LIF and 100 ALIF: one epoch",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--words", type=int, default=WORDS)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--one", choices=CASES)
    parser.add_argument("--file", type=Path)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measure(args.one, args.file, args.jobs)))
        return
    results = {}
    with tempfile.TemporaryDirectory(dir=args.folder, prefix="bioplastic-large-") as folder:
        path = Path(folder) / "ssc.h5"
        began = time.perf_counter()
        n_spikes = write(path, args.words)
        size = path.stat().st_size / 1e9
        progress(f"written in {time.perf_counter() - began:.0f} s: {n_spikes:,} spikes")
        for case in CASES:
            command = [sys.executable, __file__, "--one", case, "--file", path]
            results[case] = run_json([*command, "--jobs", args.jobs])
            progress(f"{case}: {results[case]}")
    print(report(args, results, n_spikes, size))


def write(path: Path, n_words: int) -> int:
    """Write words block by block; a class has channels of its own, a speaker moves them."""
    rng = np.random.default_rng(0)
    middles = rng.uniform(100, CHANNELS - 100, (CLASSES, 4))
    labels, speakers = (rng.integers(n, size=n_words) for n in (CLASSES, SPEAKERS))
    shifts = rng.normal(0, 15, SPEAKERS)
    n_spikes = 0
    with h5py.File(path, "w") as file:
        file["labels"], file["extra/speaker"] = labels, speakers
        times, units = (
            file.create_dataset(f"spikes/{name}", (n_words,), dtype=h5py.vlen_dtype(kind))
            for name, kind in (("times", np.float16), ("units", np.uint16))
        )
        for begin in range(0, n_words, BLOCK):
            rows = range(begin, min(begin + BLOCK, n_words))
            block = np.empty((2, len(rows)), dtype=object)
            for k, row in enumerate(rows):
                n = rng.poisson(SPIKES)
                n_spikes += n
                bump = middles[labels[row], rng.integers(4, size=n)] + shifts[speakers[row]]
                near = bump + rng.normal(0, 25, n)
                anywhere = rng.random(n) < 0.5
                channel = np.where(anywhere, rng.uniform(0, CHANNELS, n), near)
                block[0, k] = np.sort(rng.random(n)).astype(np.float16)
                block[1, k] = channel.clip(0, CHANNELS - 1).astype(np.uint16)
            times[begin : rows.stop], units[begin : rows.stop] = block
    return n_spikes


def measure(case: str, path: Path, n_jobs: int) -> Result:
    """Run one case; seconds of its parts."""
    began = time.perf_counter()
    words = SpikeTrains.open(path, n_units=CHANNELS, return_bunch=True)
    result: Result = {"open_s": time.perf_counter() - began}
    began = time.perf_counter()
    if case == "liquid":
        liquid = LiquidStateMachine(1000, n_jobs=n_jobs, random_state=0)
        model = make_pipeline(liquid, SpikeCount(), StandardScaler(), RidgeClassifier())
        model.fit(words.data, words.target)
        result |= liquid.timings_
    elif case == "eprop":
        model = EPropClassifier(100, 100, n_epochs=1, n_jobs=n_jobs, random_state=0)
        model.fit(words.data, words.target)
        result |= model.timings_
    return result | {"s": time.perf_counter() - began}


def report(args: argparse.Namespace, results: dict[str, Result], n_spikes: int, size: float) -> str:
    """Make the table of all cases."""
    rows = []
    for case, text in CASES.items():
        found = results[case]
        seconds = found["open_s"] if case == "open" else found["s"]
        simulated = f"{found['simulate']:.0f}" if "simulate" in found else ""
        peaks = [found[name] or 0.0 for name in ("python_mb", "program_mb")]
        rows.append(
            [text, f"{seconds:.0f}", simulated, *(f"{p:.0f}" for p in (*peaks, sum(peaks)))]
        )
    protocol = f"""
        {args.words:,} synthetic words of 1 s in SSC's layout: {CLASSES} classes, {CHANNELS}
        channels, {n_spikes / args.words:,.0f} spikes a word, times of 16 bits; a file of
        {size:.2f} GB, which SpikeTrains would hold in {12 * n_spikes / 1e9:.1f} GB of memory.
        SpikeTrains.open, then one case, each in a process of its own; {args.jobs} threads. Seconds
        of the case, without opening; of these, simulation, summed over threads where they share;
        peak memory of Python and of its largest child, in MB, and their sum.
    """
    head = ["", "s", "simulated", "Python MB", "child MB", "sum MB"]
    return "\n".join([header("Data larger than memory", protocol), table(head, rows)])


if __name__ == "__main__":
    main()
