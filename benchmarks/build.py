"""How long a network takes to build, and that a second fit builds nothing: prints the table.

python benchmarks/build.py [--rounds 3]
"""

import argparse
import os
import sys
import tempfile

from _protocol import OURS, header, median_range, progress, run_json, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 400, 1600])
    args = parser.parse_args()
    rows = []
    for n in args.sizes:
        first, second = [], []
        for _ in range(args.rounds):
            with tempfile.TemporaryDirectory() as cache:
                os.environ["BIOPLASTIC_CACHE"] = cache
                command = [sys.executable, OURS, n, 20]
                first.append(run_json(command)["build_seconds"])
                second.append(run_json(command)["build_seconds"])
            progress(f"{n} neurons: {first[-1]:.1f} s, then {second[-1]:.1f} s")
        rows.append([str(n), median_range(first), f"{max(second):.1f}"])
    protocol = f"""
        Build of the training program of Diehl & Cook (2015), 784-n-n, by DiehlCook.fit with the
        engine cpp_standalone: Brian2's code generation, compilation and linking, in a new process
        with an empty cache ({args.rounds} rounds, median and minimum-maximum); then by another
        process with the same cache. MNIST must lie in BIOPLASTIC_DATA.
    """
    head = ["neurons", "first build s", "second build s"]
    print("\n".join([header("Build", protocol), table(head, rows)]))


if __name__ == "__main__":
    main()
