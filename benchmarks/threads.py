"""Threads within one program: how much faster, and in how much memory; prints the table.

python benchmarks/threads.py [--jobs 1 2] [--rounds 5]
"""

import argparse
import statistics
import sys

from _protocol import PEERS, header, median_range, progress, run_json, table

#: What is measured: script and arguments, and the time that it prints.
CASES = {
    "e-prop 512, a batch of 16": (
        [PEERS / "eprop_ours.py", "lif", "normal", 64, "--batch", 16, "--neurons", 512],
        "ms_per_sample",
    ),
    "liquid of 1000, answers": ([PEERS / "liquid.py", 1000, 400], "transform_ms_per_second"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    rows = []
    for case, (command, key) in CASES.items():
        times: dict[int, list[float]] = {n: [] for n in args.jobs}
        peaks: dict[int, list[float]] = {n: [] for n in args.jobs}
        for k in range(args.rounds + 1):  # the first builds
            for n in args.jobs:
                found = run_json([sys.executable, *command, "--jobs", n])
                progress(f"{case}, {n} threads: {found[key]:.3g} ms")
                if k:
                    times[n].append(found[key])
                    peaks[n].append(found["program_mb"] or 0.0)
        for n in args.jobs:
            gains = [a / b for a, b in zip(times[args.jobs[0]], times[n], strict=True)]
            gain = f"{statistics.median(gains):.2f} ({min(gains):.2f}-{max(gains):.2f})"
            rows.append([case, str(n), median_range(times[n]), gain, f"{max(peaks[n]):.0f}"])
    protocol = f"""
        The same work with several numbers of threads of one program in turn, {args.rounds} rounds
        after one that builds. e-prop: milliseconds of simulation a training word of one second
        (700 channels, 512 LIF neurons, steps of 5 ms); the liquid: wall milliseconds of
        `transform` a second of sound, reading and writing included. Medians (lowest-highest); how
        much faster than with the first number of threads, round by round; peak memory of the
        program.
    """
    head = ["", "threads", "ms", "times faster", "program MB"]
    print("\n".join([header("Threads", protocol), table(head, rows)]))


if __name__ == "__main__":
    main()
