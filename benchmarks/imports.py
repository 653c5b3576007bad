"""What it costs to import the library and to ask its command line: prints the table.

python benchmarks/imports.py [--rounds 9]
"""

import argparse
import statistics
import sys
import time

from _protocol import default_core, header, median_range, progress, run_json, table

#: Each in a process of its own.
IMPORTS = (
    "import brian2",
    "import bioplastic",
    "from bioplastic import SpikeTrains",
    "import bioplastic.models",
    "import bioplastic.engine",
    "import bioplastic.networks",
    "import brian2, sklearn.base",
    "from bioplastic.networks import DiehlCook",
)
HELP = ("bioplastic --help", "bioplastic train --help")
TELL = (
    "import atexit, json, time\n"
    "atexit.register(lambda: print(json.dumps({'seconds': time.process_time()})))\n"
)
MAIN = "from bioplastic.cli import main; main()"


def measure(what: str) -> tuple[float, float]:
    """Processor and wall seconds of a new process, its start included."""
    code, arguments = (MAIN, what.split()[1:]) if what in HELP else (what, [])
    begun = time.perf_counter()
    seconds = run_json([sys.executable, "-c", TELL + code, *arguments], core=default_core())
    return seconds["seconds"], time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    found: dict[str, list[tuple[float, float]]] = {what: [] for what in (*IMPORTS, *HELP)}
    for what in found:
        measure(what)  # Python compiles what it has not seen yet
    for number in range(args.rounds):
        for what, seconds in found.items():
            seconds.append(measure(what))
        progress(f"round {number + 1} of {args.rounds}")
    brian = [processor for processor, _ in found["import brian2"]]
    rows = []
    for what, seconds in found.items():
        processor, wall = zip(*seconds, strict=True)
        above = statistics.median(a - b for a, b in zip(processor, brian, strict=True))
        rows.append([what, median_range(processor), f"{above:+.2f}", median_range(wall)])
    protocol = f"""
        Each line in a new process on one core, all lines in turn, {args.rounds} rounds: median
        (minimum-maximum) of processor seconds, start of Python included; the median of what they
        are above `import brian2` of the same round; and wall seconds until the process has ended.
        `import brian2, sklearn.base` is what every estimator has to import.
    """
    head = ["", "processor s", "above brian2 s", "wall s"]
    print("\n".join([header("Imports", protocol), table(head, rows)]))


if __name__ == "__main__":
    main()
