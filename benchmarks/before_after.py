"""Another checkout and this one in turn, on one core: the same bits, and how the speed changed.

python benchmarks/before_after.py CHECKOUT [--rounds 7] [--core 0] [--only 1600]

CHECKOUT is a folder with another commit, for example of `git worktree add ../before HEAD~20`. Both
run with this interpreter. A ratio of 1.03 means that this checkout takes 3 % longer.
"""

import argparse
import statistics
import sys
from pathlib import Path

from _protocol import (
    OURS,
    PEERS,
    Result,
    default_core,
    header,
    median_range,
    progress,
    run,
    run_json,
    table,
)

HERE = Path(__file__).resolve().parent.parent
#: What is measured: script and arguments, and the times that it prints.
CASES = {
    "Diehl & Cook, 100 neurons": ([OURS, 100, 1000], "ms_per_presentation"),
    "Diehl & Cook, 400 neurons": ([OURS, 400, 600], "ms_per_presentation"),
    "Diehl & Cook, 1600 neurons": ([OURS, 1600, 150], "ms_per_presentation"),
    "liquid, 300 neurons": ([PEERS / "liquid.py", 300, 200], "ms_per_second"),
    "liquid, 1000 neurons": ([PEERS / "liquid.py", 1000, 200], "ms_per_second"),
    "e-prop, LIF": ([PEERS / "eprop_ours.py", "lif", "normal", 64], "ms_per_sample"),
    "e-prop, ALIF": ([PEERS / "eprop_ours.py", "alif", "normal", 64], "ms_per_sample"),
}


def measured(checkout: Path, command: list[object], core: int | None) -> Result:
    return run_json(["env", f"PYTHONPATH={checkout}", sys.executable, *command], core=core)


def commit(checkout: Path) -> str:
    found, _ = run(["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"])
    return found.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--core", type=int, default=default_core())
    parser.add_argument("--only", default="", help="cases whose names contain this")
    args = parser.parse_args()
    cases = {case: how for case, how in CASES.items() if args.only in case}
    both = {"before": args.checkout.resolve(), "after": HERE}
    digests = {}
    for name, checkout in both.items():
        progress(f"digests, {name}")
        digests[name] = measured(checkout, [PEERS / "digests.py"], None)
    found: dict[str, dict[str, list[float]]] = {c: {n: [] for n in both} for c in cases}
    for k in range(args.rounds + 1):  # the first builds
        for case, (command, key) in cases.items():
            for name, checkout in both.items():
                result = measured(checkout, command, args.core)
                progress(f"{case}, {name}: {result[key]:.3g}")
                if k:
                    found[case][name].append(result[key])
    protocol = f"""
        Commit {commit(args.checkout)} (before) and this one, {commit(HERE)} (after), in turn on one
        core, {args.rounds} rounds after one that builds. Milliseconds of simulation a training
        presentation, a second of sound, a training word; medians (lowest-highest). Ratios are
        those of a round. Digests: training and answers of small runs.
    """
    rows = []
    for case, times in found.items():
        ratios = [a / b for a, b in zip(times["after"], times["before"], strict=True)]
        middle = f"{statistics.median(ratios):.3f} ({min(ratios):.3f}-{max(ratios):.3f})"
        rows.append([case, *(median_range(times[name]) for name in both), middle])
    print(header("Before and after", protocol))
    print(table(["", *both, "after / before"], rows), end="\n\n")
    peaks = ("python_mb", "program_mb")
    rows = [
        [name, value, digests["after"][name], "yes" if digests["after"][name] == value else "NO"]
        for name, value in digests["before"].items()
        if name not in peaks
    ]
    print(table(["bits", *both, "same"], rows))


if __name__ == "__main__":
    main()
