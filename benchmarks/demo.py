"""What `bioplastic demo` takes and finds, with an empty cache and with a full one: prints it.

python benchmarks/demo.py
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _protocol import header, progress, table

COMMAND = [sys.executable, "-c", "from bioplastic.cli import main; main()", "demo"]

PROTOCOL = """
    `bioplastic demo` in a new process, with an empty cache of programs and then, into another
    folder, with the programs that the first run compiled: the difference is compiling. Seconds of
    processor time are those of the whole process tree. scikit-learn's handwritten digits, a
    stratified fifth of them (360) held out. Every method has one setting; the Diehl & Cook
    network has its defaults. Each is trained with seeds 0, 1 and 2, one fold held out for each, on
    some 1,437 images; intervals are Wilson's over the test images. Time to train is the mean
    over seeds, without compiling, of the run with compiled programs.
"""


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache, rows = Path(folder) / "cache", []
        for name in ("empty", "full"):
            before = len(programs(cache))
            wall, processor = measure(cache, Path(folder) / name)
            compiled = len(programs(cache)) - before
            rows.append([name, f"{wall:.0f}", f"{processor:.0f}", str(compiled)])
            progress("  ".join(rows[-1]))
        first = read(Path(folder) / "full" / "training.json")["held_out"]["accuracy"]
        found = read(Path(folder) / "full" / "compare" / "results.json")
    again = {(task["method"], task["seed"]): task["accuracy"] for task in found["tasks"]}
    methods = [
        [
            method["title"],
            f"{method['accuracy']:.1%}",
            f"{method['low']:.1%} to {method['high']:.1%}",
            f"{100 * method['sd_seeds']:.1f}",
            f"{method['seconds']['fit']:.2f}",
        ]
        for method in found["problems"][0]["methods"].values()
    ]
    print(header("The demo", PROTOCOL))
    print(table(["cache", "wall s", "processor s", "programs compiled"], rows))
    print(f"\nThe network of the first part, seed 0: {first:.2%}")
    print(f"The same one in the comparison:        {again['stdp', 0]:.2%}\n")
    head = ["method", "accuracy", "95 % interval", "sd of seeds", "time to train s"]
    print(table(head, methods))


def measure(cache: Path, out: Path) -> tuple[float, float]:
    """Seconds that a demo takes: on the clock, and of processors."""
    began, used = time.perf_counter(), processor_seconds()
    subprocess.run(
        [*COMMAND, "--out", str(out)],
        env=os.environ | {"BIOPLASTIC_CACHE": str(cache)},
        stdout=sys.stderr,
        check=True,
    )
    return time.perf_counter() - began, processor_seconds() - used


def processor_seconds() -> float:
    """Return the time of all children, and of their children, that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def programs(cache: Path) -> list[Path]:
    """Compiled programs in a cache."""
    return list(cache.glob("programs/*/main"))


def read(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text())


if __name__ == "__main__":
    main()
