"""What watching a training costs, and whether it stays within its memory: prints the results.

    python benchmarks/watching.py [--neurons 100] [--images 60000] [--every 1000] [--rounds 2]

Needs MNIST (`bioplastic doctor` says where it is looked for). With `--one KIND` it trains once and
prints a line of JSON; that is how it calls itself.
"""

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _protocol import default_core, header, progress, run_json, table

from bioplastic.datasets import load_mnist
from bioplastic.inspect import PlasticityRecorder
from bioplastic.networks import DiehlCook

KINDS = ("not watched", "in memory", "in a file", "in a tight file")
MIB = 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--neurons", type=int, default=100)
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--every", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--core", type=int, default=default_core())
    parser.add_argument("--one", choices=KINDS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(train(args)))
        return
    command = [sys.executable, __file__, "--neurons", args.neurons, "--every", args.every]
    run_json([*command, "--images", 200, "--one", KINDS[0]])  # builds the program
    results = {kind: [] for kind in KINDS}
    for number in range(args.rounds):
        for kind in KINDS:
            progress(f"round {number + 1}: {kind}")
            call = [*command, "--images", args.images, "--one", kind]
            results[kind].append(run_json(call, core=args.core))
    print(report(args, results))


def train(args: argparse.Namespace) -> dict[str, float]:
    """Train once, on the images in their order; time of processor and of the wall."""
    images = load_mnist().data[: args.images]
    snapshot = 4 * 784 * args.neurons
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.h5"
        budget = {"in a tight file": 12 * snapshot}.get(args.one, 256 * MIB)
        file = path if "file" in args.one else None
        recorder = None
        if args.one != "not watched":
            recorder = PlasticityRecorder(every=args.every, max_bytes=budget, path=file)
        own = timed(recorder, "begin", "plan", "record") if recorder is not None else [0.0]
        model = DiehlCook(args.neurons, n_epochs=1, random_state=0)
        begun, before = time.perf_counter(), processor()
        model.fit(images, recorder=recorder)
        found = {
            "wall": time.perf_counter() - begun,
            "processor": processor() - before,
            "own": sum(own),
            "budget": budget / MIB,
            "moments": 0,
            "held": 0.0,
            "checksum": float(model.weights_.sum()),
        }
        if recorder is not None:
            with recorder.recording as recording:
                found["moments"] = len(recording.samples)
                arrays = [*recording.variables.values(), recording.rates]
                found["held"] = sum(a.size * a.dtype.itemsize for a in arrays) / MIB
                found["last"] = int(recording.samples[-1])
            if file is not None:
                found["held"] = path.stat().st_size / MIB
    return found


def timed(recorder: PlasticityRecorder, *methods: str) -> list[float]:
    """Let a recorder note how long each of its calls takes."""
    seconds: list[float] = []

    def wrap(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            begun = time.perf_counter()
            try:
                return method(*args, **kwargs)
            finally:
                seconds.append(time.perf_counter() - begun)

        return call

    for name in methods:
        setattr(recorder, name, wrap(getattr(recorder, name)))
    return seconds


def processor() -> float:
    """Seconds of processor of this process and of the programs that it ran."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)


def report(args: argparse.Namespace, results: dict[str, list[dict[str, float]]]) -> str:
    rows = []
    for kind, found in results.items():
        ratios = {
            unit: statistics.median(
                one[unit] / other[unit] for one, other in zip(found, results[KINDS[0]], strict=True)
            )
            for unit in ("wall", "processor")
        }
        first = found[0]
        rows.append(
            (
                kind,
                f"{statistics.median(f['wall'] for f in found):.1f}",
                f"{100 * (ratios['wall'] - 1):+.1f} %",
                f"{statistics.median(f['processor'] for f in found):.1f}",
                f"{100 * (ratios['processor'] - 1):+.1f} %",
                f"{statistics.median(f['own'] for f in found):.2f}",
                f"{first['moments']:.0f}",
                f"{first['held']:.1f}",
                f"{first['budget']:.1f}" if first["moments"] else "",
                f"{max(f['python_mb'] for f in found):.0f}",
            )
        )
    same = len({f["checksum"] for found in results.values() for f in found}) == 1
    text = header(
        "What watching a training costs",
        f"""DiehlCook({args.neurons}) learns {args.images:,} MNIST images in one compiled program,
        on one core, not watched and watched by a PlasticityRecorder at every {args.every}th image
        (weights, traces, thresholds, rates). {args.rounds} rounds, kinds by turns; medians, and
        medians of the ratios to the run that was not watched, wall time and time of the processor.
        Own: wall time within the recorder's own calls, which comes on top of what the program takes
        to write the moments. Held: what is recorded, in MiB, in memory or as the size of the file;
        a tight file has room
        for some 11 moments only and keeps every so many of them. Memory: peak of the Python
        process, in MB, the data set included. Weights after training
        {"are" if same else "ARE NOT"} the same.""",
    )
    head = ("recorded", "wall (s)", "", "processor (s)", "", "own (s)", "moments", "held (MiB)",
            "budget (MiB)", "memory (MB)")  # fmt: skip
    return f"{text}\n{table(head, rows)}"


if __name__ == "__main__":
    main()
