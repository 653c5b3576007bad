"""How long networks take to build: from nothing, and with other sizes; prints the table.

python benchmarks/build.py [--rounds 3]
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from _protocol import PEERS, header, median_range, progress, run_json, table

#: Networks: kind, neurons and features of the first build, and of the second.
NETWORKS = {
    "Diehl & Cook, 400": ("diehl_cook", (400, 784), (100, 64)),
    "tonotopic liquid, 1000": ("liquid", (1000, 700), (270, 64)),
    "e-prop, 512": ("eprop", (512, 700), (100, 64)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    rows = []
    for title, (kind, *sizes) in NETWORKS.items():
        found: list[list[dict[str, float]]] = [[], []]
        for _ in range(args.rounds):
            with tempfile.TemporaryDirectory() as cache:
                os.environ["BIOPLASTIC_CACHE"] = cache
                for numbers, size in zip(found, sizes, strict=True):
                    command = [sys.executable, PEERS / "build.py", kind, *size]
                    numbers.append(run_json(command))
                n_programs = sum(1 for _ in Path(cache).glob("programs/*/main"))
            progress(f"{title}: {[numbers[-1] for numbers in found]}, {n_programs} programs")
        for which, numbers in zip(("first", "other sizes"), found, strict=True):
            columns = ("processor", "without_imports", "wall", "build")
            cells = [median_range([number[c] for number in numbers]) for c in columns]
            rows.append([f"{title}, {which}", *cells, str(n_programs)])
    protocol = f"""
        A network is trained with two samples and answers to them, in a new process with an empty
        cache; then one of other numbers of neurons and channels, in another process with the same
        cache. {args.rounds} rounds, median (minimum-maximum) of processor seconds of the whole
        process tree (start, imports, Brian2's code generation, compiler and run), of those without
        start and imports, of wall seconds without them, and of `timings_["build"]`: what opening
        the programs took, all that was waited for. Programs: how many the cache holds in the end.
    """
    head = ["", "processor s", "without imports s", "wall s", "build s", "programs"]
    print("\n".join([header("Build", protocol), table(head, rows)]))


if __name__ == "__main__":
    main()
