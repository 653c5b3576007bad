"""How time and memory grow with the number of neurons: prints the table of benchmarks/results.

python benchmarks/scaling.py [--sizes 100 400 1600 6400] [--rounds 3]
"""

import argparse
import statistics
import sys

from _protocol import (
    OURS,
    PEERS,
    Result,
    default_core,
    header,
    median_range,
    paragraph,
    progress,
    run_json,
    table,
)

INHIBITION = PEERS / "inhibition.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 400, 1600, 6400])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=1000, help="of 400 neurons or fewer")
    parser.add_argument("--core", type=int, default=default_core())
    args = parser.parse_args()
    commands = {
        n: [sys.executable, OURS, n, max(50, args.images * 400 // max(n, 400))] for n in args.sizes
    }
    builds = {}
    for n, command in commands.items():
        progress(f"preparing {n} neurons")
        builds[n] = run_json([*command[:-1], 20])["build_seconds"]
    results: dict[int, list[Result]] = {n: [] for n in args.sizes}
    for number in range(args.rounds):
        for n, command in commands.items():
            results[n].append(run_json(command, core=args.core))
            milliseconds = results[n][-1]["ms_per_presentation"]
            progress(f"round {number + 1}/{args.rounds}: {n} neurons {milliseconds:.1f} ms")
    print(report(args, builds, results))
    print("\n" + inhibition(args))


def inhibition(args: argparse.Namespace) -> str:
    """Return the table of pooled inhibition beside a synapse for every pair."""
    rows = []
    for n in (size for size in args.sizes if size <= 1600):
        measured = {}
        for wiring in ("pooled", "synapses"):
            command = [sys.executable, INHIBITION, n, max(50, args.images * 100 // n), wiring]
            run_json([*command[:3], 10, wiring])  # builds
            runs = [run_json(command, core=args.core) for _ in range(args.rounds)]
            measured[wiring] = runs
            progress(f"inhibition {wiring}, {n} neurons: {runs[-1]['ms_per_presentation']:.1f} ms")
        times = {w: [r["ms_per_presentation"] for r in runs] for w, runs in measured.items()}
        rows.append(
            [
                str(n),
                median_range(times["pooled"]),
                median_range(times["synapses"]),
                f"{measured['pooled'][-1]['program_mb']:.0f}",
                f"{measured['synapses'][-1]['program_mb']:.0f}",
                f"{measured['pooled'][-1]['spikes_per_presentation']:.2f}",
                f"{measured['synapses'][-1]['spikes_per_presentation']:.2f}",
            ]
        )
    head = [
        "neurons",
        "pool ms",
        "n*(n-1) synapses ms",
        "pool MB",
        "synapses MB",
        "pool spikes",
        "synapses spikes",
    ]
    return "Lateral inhibition, ms a presentation, same network otherwise\n\n" + table(head, rows)


def report(
    args: argparse.Namespace, builds: dict[int, float], results: dict[int, list[Result]]
) -> str:
    """Return header, table and notes."""
    protocol = f"""
        Training presentations of Diehl & Cook (2015), 784-n-n, on MNIST: DiehlCook(n_neurons=n),
        engine cpp_standalone, float64, dt 0.5 ms, 350 + 150 ms. Sizes in turn, {args.rounds}
        rounds, each in a process of its own pinned to one core, the program built before.
        Median (minimum-maximum).
    """
    notes = """
        spikes: of the excitatory neurons, a presentation. MB: peak of the compiled program, and of
        the Python process with the data set in memory. build s: 0 where the build cache had the
        program already.
    """
    head = [
        "neurons",
        "plastic synapses",
        "ms a presentation",
        "us a neuron",
        "spikes",
        "program MB",
        "Python MB",
        "build s",
    ]
    rows = []
    for n, measured in results.items():
        times = [r["ms_per_presentation"] for r in measured]
        peaks = [
            "-" if measured[-1][key] is None else f"{max(r[key] for r in measured):.0f}"
            for key in ("program_mb", "python_mb")
        ]
        rows.append(
            [
                str(n),
                f"{784 * n:,}",
                median_range(times),
                f"{1e3 * statistics.median(times) / n:.1f}",
                f"{measured[-1]['spikes_per_presentation']:.1f}",
                *peaks,
                f"{builds[n]:.1f}",
            ]
        )
    return "\n".join([header("Cost by size", protocol), table(head, rows), "", paragraph(notes)])


if __name__ == "__main__":
    main()
