"""What recording state costs beside a run that records counts alone: prints the results.

    python benchmarks/recording.py [--networks diehl_cook liquid] [--samples 1000] [--rounds 7]

Needs MNIST and hd (`bioplastic doctor` says where they are looked for).
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from _protocol import default_core, header, progress, table
from brian2 import ms

from bioplastic import engine
from bioplastic.datasets import load_hd, load_mnist
from bioplastic.engine import every
from bioplastic.engine.result import Result
from bioplastic.networks import DiehlCook, LiquidStateMachine

type Run = Callable[[Any], Result]
COUNTS = "counts"
THREE = [0, 5, 7]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=[*NETWORKS])
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--core", type=int, default=default_core())
    args = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {args.core})
    rows = []
    for name in args.networks:
        run, kinds = NETWORKS[name](args.samples)
        seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
        numbers = {}
        for number in range(args.rounds + 1):
            progress(f"{name}: round {number} of {args.rounds}")
            for kind, record in kinds.items():
                begun = time.perf_counter()
                result = run(record)
                seconds[kind].append(time.perf_counter() - begun)
                numbers[kind] = sum(s.values.size for its in result.states.values() for s in its)
        for kind, found in seconds.items():
            # The first round builds programs and fills caches.
            rows.append((name, kind, f"{numbers[kind]:,}", *cost(found[1:], seconds[COUNTS][1:])))
    print(report(args, rows))


def diehl_cook(n: int) -> tuple[Run, dict[str, Any]]:
    """Diehl & Cook's network, which learns images."""
    images = load_mnist().data[:n]
    model = DiehlCook(400, n_epochs=1, random_state=0).fit(images[:200])
    shown = model.presentation_of(images)

    def run(record: Any) -> Result:
        return engine.run(
            model.network_, shown.stimulus, seed=0, state=shown.state, record=record,
            engine="cpp_standalone",
        )  # fmt: skip

    kinds = {
        COUNTS: "counts",
        "3 membranes, every step": {"excitatory.v": THREE},
        "3 membranes, every 5 ms": {"excitatory.v": every(5 * ms, THREE)},
        "400 thresholds, at the end": {"excitatory.theta": "end"},
        "spikes of all populations": {"spikes": [p.name for p in model.network_.populations]},
    }
    return run, kinds


def liquid(n: int) -> tuple[Run, dict[str, Any]]:
    """A liquid, which is presented with words."""
    words = load_hd().data
    words = words[np.arange(n) * 7 % len(words)]
    shown = LiquidStateMachine(1000, random_state=0).fit(words).presentation_of(words)

    def run(record: Any) -> Result:
        return shown.present(engine="cpp_standalone", record=record, n_jobs=1)

    kinds = {
        COUNTS: "counts",
        "3 membranes, every step": {"exc.v": THREE},
        "3 membranes, every 5 ms": {"exc.v": every(5 * ms, THREE)},
        "spikes of all populations": {"spikes": ["input", "exc", "inh"]},
    }
    return run, kinds


def cost(found: list[float], plain: list[float]) -> tuple[str, str, str]:
    """Median time, and median and quartiles of its ratios to runs that record nothing else."""
    ratios = [100 * (one / other - 1) for one, other in zip(found, plain, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    seconds = f"{statistics.median(found):.3f}"
    return (
        seconds, f"{middle:+.1f} %", f"{low:+.1f} to {high:+.1f} %"
    )  # fmt: skip


NETWORKS = {"diehl_cook": diehl_cook, "liquid": liquid}


def report(args: argparse.Namespace, rows: list[tuple[str, ...]]) -> str:
    text = header(
        "What recording costs",
        f"""One call of engine.run or engine.present, which presents {args.samples:,} samples by one
        thread of one compiled program (engine cpp_standalone), on one core. Diehl & Cook: 400
        neurons with their rule, and weights of 200 images, learn MNIST images; 350 ms and 150 ms of
        rest in steps of 0.5 ms. Liquid: LiquidStateMachine(1000), words of hd, steps of 1 ms. Kinds
        by turns, {args.rounds} rounds; medians, and median and quartiles of the ratios to the run
        of the same round that records counts alone. All that Python does until values stand in
        arrays is part of it.""",
    )
    head = ("network", "recorded", "numbers", "time (s)", "cost", "quartiles")
    return f"{text}\n{table(head, rows)}"


if __name__ == "__main__":
    main()
