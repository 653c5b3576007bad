"""A classifier learns a second of sound by e-prop: a line of JSON to stdout.

    python eprop_ours.py {lif,alif} {normal,silent,sparse,below,poisson} N_SAMPLES
        [--seconds 1] [--batch 64] [--neurons 256] [--jobs 1] [--write FILE]

One epoch is measured, in a process that has not run the program before. --write writes the input
for `eprop_bptt.py`, and measures as well.
"""

import argparse
import json
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import ms
from liquid import LENGTH, N_CHANNELS, RATE

from bioplastic import SpikeTrains
from bioplastic.datasets import load_hd
from bioplastic.errors import DataNotFoundError
from bioplastic.models.eprop import EPropALIF
from bioplastic.networks import EPropClassifier

N_NEURONS, N_CLASSES, INPUT_GAIN = 256, 20, 2.0
#: Weights and pseudo-derivatives such that the neurons stay far from their threshold.
BELOW: dict[str, Any] = {
    "gains": {"input": 0.01, "recurrent": 0.01},
    "neuron": EPropALIF(psi_width=0.5),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=["lif", "alif"])
    parser.add_argument("variant", choices=["normal", "silent", "sparse", "below", "poisson"])
    parser.add_argument("n_samples", type=int)
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--neurons", type=int, default=N_NEURONS)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--write", type=Path)
    args = parser.parse_args()
    X, y, source = words(args.n_samples, args.seconds, poisson=args.variant == "poisson")
    rng = np.random.default_rng(1)
    if args.variant in ("silent", "sparse"):
        X = thinned(X, rng.random(len(X.times)) < (0.1 if args.variant == "sparse" else 0.0))
    if args.write:
        np.savez(args.write, times=X.times, units=X.units, offsets=X.offsets, labels=y)
    model = EPropClassifier(
        args.neurons if args.kind == "lif" else 0,
        args.neurons if args.kind == "alif" else 0,
        dt=5 * ms,
        batch_size=args.batch,
        n_jobs=args.jobs,
        random_state=0,
        **(BELOW if args.variant == "below" else {"gains": {"input": INPUT_GAIN}}),
    )
    start, used = time.perf_counter(), cpu()
    model.partial_fit(X, y, classes=np.arange(N_CLASSES))
    wall = time.perf_counter() - start
    sound = len(X) * args.seconds
    result = {
        "source": source,
        "ms_per_sample": 1e3 * model.timings_["simulate"] / len(X),
        "cpu_ms": 1e3 * (cpu() - used) / len(X),
        "fit_ms": 1e3 * (wall - model.timings_["build"]) / len(X),
        "rate": float(model.history_["spikes"][-1]) / args.seconds / N_NEURONS,
        "input_rate": len(X.times) / sound / N_CHANNELS,
    }
    print(json.dumps(result))


def cpu() -> float:
    """Processor time of the programs that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def words(n: int, seconds: int, *, poisson: bool) -> tuple[SpikeTrains, np.ndarray, str]:
    """Return `n` samples of so many seconds, and classes."""
    if not poisson and seconds == 1:
        try:
            hd = load_hd()
            short = np.flatnonzero(hd.data.duration <= 1.0)
            rows = short[np.arange(n) * 7 % len(short)]
            some = hd.data[rows]
            trains = SpikeTrains(
                some.times, some.units, some.offsets, n_units=N_CHANNELS, duration=1.0
            )
            return trains, hd.target[rows], "words of hd"
        except DataNotFoundError:
            pass
    rng = np.random.default_rng(0)
    # as many spikes a second as words with silence after them
    counts = rng.poisson(RATE * LENGTH * N_CHANNELS * seconds, n)
    sample = np.repeat(np.arange(n), counts)
    times = rng.uniform(0, seconds, len(sample))
    trains = SpikeTrains(
        times[np.lexsort((times, sample))],
        rng.integers(N_CHANNELS, size=len(times), dtype=np.int32),
        np.concatenate([[0], np.cumsum(counts)]),
        n_units=N_CHANNELS,
        duration=float(seconds),
    )
    return trains, rng.integers(N_CLASSES, size=n), "Poisson trains"


def thinned(trains: SpikeTrains, kept: np.ndarray) -> SpikeTrains:
    """Return the spikes that are kept."""
    return SpikeTrains(
        trains.times[kept],
        trains.units[kept],
        np.concatenate([[0], np.cumsum(kept)])[trains.offsets],
        n_units=trains.n_units,
        duration=trains.duration,
    )


if __name__ == "__main__":
    main()
