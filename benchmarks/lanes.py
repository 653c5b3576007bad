"""Time per sample by neurons and by samples side by side: prints the tables of the docs.

python benchmarks/lanes.py [--engine cpp_standalone] [--lanes 1 2 4 8 16 32] [--rounds 3]
"""

import argparse
import os

import numpy as np
from _protocol import default_core, header, median_range, paragraph, progress, table

from bioplastic import SpikeTrains, datasets, engine
from bioplastic.engine.presenting import Presentation
from bioplastic.networks import DiehlCook, LiquidStateMachine

#: Samples of a measurement, by neurons.
N_DIGITS = {100: 1000, 400: 500, 1600: 200, 6400: 50}
N_SOUNDS = {100: 500, 1000: 200, 10_000: 40, 100_000: 8}
SECONDS, RATE, CHANNELS = 0.7, 8.0, 700


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", default="cpp_standalone", help="engine that is measured")
    parser.add_argument("--digits", type=int, nargs="*", default=[100, 400, 1600])
    parser.add_argument("--liquids", type=int, nargs="*", default=[100, 1000, 10_000])
    parser.add_argument("--lanes", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--core", type=int, default=default_core(), help="pin what runs to it")
    args = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {args.core})
    protocol = f"""
        Time of the program for a sample, in ms, by neurons (rows) and by samples side by side
        (columns), engine {args.engine}. Results are the same bit for bit on a CPU, which is checked
        here. In turn, {args.rounds} rounds, pinned to one core, programs built before. Median
        (minimum-maximum).
    """
    digits = """
        The test run of Diehl & Cook (2015): weights and thresholds held fixed after 2,000 training
        images of MNIST, images of the training set that were not among them, 350 + 150 ms of 0.5
        ms, repetitions included.
    """
    sounds = f"""
        LiquidStateMachine(n_neurons, random_state=0), {CHANNELS} channels of {RATE:.0f} Hz, Poisson
        spikes, {SECONDS} s and 100 ms of rest, 1 ms.
    """
    print(header("Samples side by side", protocol))
    for name, title, text, sizes, shown in (
        ("Diehl & Cook", "Diehl & Cook", digits, args.digits, show_digits),
        ("liquid", "Liquids", sounds, args.liquids, show_sounds),
    ):
        if not sizes:
            continue
        print(f"{title}\n\n{paragraph(text)}\n")
        rows = []
        for n in sizes:
            times = measure(name, n, shown(n), args)
            middle = {lanes: float(np.median(found)) for lanes, found in times.items()}
            best = min(middle, key=middle.__getitem__)
            cells = [median_range([1e3 * t for t in found]) for found in times.values()]
            ratio = f"{middle[args.lanes[0]] / middle[best]:.2f} ({best})"
            rows.append([f"{n:,}", *cells, ratio])
        print(table(["neurons", *map(str, args.lanes), f"{args.lanes[0]} to best"], rows) + "\n")


def measure(
    name: str, n: int, shown: Presentation, args: argparse.Namespace
) -> dict[int, list[float]]:
    """Seconds of the program for a sample, by lanes, one for each round."""
    lanes = [k for k in args.lanes if k <= 2 * len(shown.stimulus)]
    programs = {}
    for k in lanes:
        progress(f"building {name}, {n} neurons, {k} side by side")
        programs[k] = engine.open_program(shown.network, engine=args.engine, lanes=k)
    times: dict[int, list[float]] = {k: [] for k in lanes}
    expected = None
    for r in range(args.rounds):
        for k, program in programs.items():
            progress(f"{name}, {n} neurons, {k} side by side, round {r + 1}")
            found = engine.run(
                shown.network, shown.stimulus, seed=shown.seed, state=shown.state,
                engine=args.engine, program=program, lanes=k,
            )  # fmt: skip
            times[k].append(found.timings["simulate"] / len(shown.stimulus))
            expected = found.counts if expected is None else expected
            if args.engine == "cpp_standalone" and not np.array_equal(found.counts, expected):
                raise SystemExit(f"{name}: {k} side by side gave other spikes than 1")
    return times


def show_digits(n: int) -> Presentation:
    images = datasets.load_mnist().data
    learner = DiehlCook(n, n_epochs=1, random_state=0).fit(images[:2000])
    return learner.presentation_of(images[2000 : 2000 + N_DIGITS[n]])


def show_sounds(n: int) -> Presentation:
    rng, n_samples = np.random.default_rng(0), N_SOUNDS[n]
    counts = rng.poisson(CHANNELS * RATE * SECONDS, n_samples)
    times = np.concatenate([np.sort(rng.uniform(0, SECONDS, k)) for k in counts])
    samples = SpikeTrains(
        times,
        rng.integers(0, CHANNELS, len(times)),
        np.concatenate([[0], np.cumsum(counts)]),
        n_units=CHANNELS,
        duration=SECONDS,
    )
    return LiquidStateMachine(n, random_state=0).fit(samples[:2]).presentation_of(samples)


if __name__ == "__main__":
    main()
