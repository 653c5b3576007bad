"""Throughput of a study's tasks by processes and by Dask workers: prints the table of the docs.

python benchmarks/cluster.py [--tasks 24] [--seconds 3] [--rounds 3] [--workers 1 2]
"""

import argparse
import contextlib
import hashlib
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import distributed
import numpy as np
from _protocol import header, median_range, paragraph, progress, table

from bioplastic.study.outcome import Outcome
from bioplastic.study.runner import run_tasks
from bioplastic.study.store import Store
from bioplastic.study.workload import Workload


@contextlib.contextmanager
def processes(n: int) -> Iterator[dict[str, Any]]:
    yield {"n_jobs": n}


@contextlib.contextmanager
def dask_workers(n: int) -> Iterator[dict[str, Any]]:
    """Start workers of one thread on this machine."""
    with distributed.LocalCluster(n_workers=n, threads_per_worker=1, memory_limit=0) as cluster:
        yield {"cluster": cluster.scheduler_address}


#: Ways of running on so many workers, as arguments of `run_tasks`.
WAYS = {"processes": processes, "Dask, local": dask_workers}


class Run(NamedTuple):
    """Seconds of a call, and tasks a minute when all workers were at work."""

    wall: float
    steady: float


@dataclass(frozen=True)
class Busy:
    """A loop of Python and one of BLAS: `steps` of them."""

    number: int
    steps: int

    @property
    def key(self) -> str:
        return hashlib.sha256(f"{self.number} {self.steps}".encode()).hexdigest()

    @property
    def name(self) -> str:
        return f"busy {self.number}"

    @property
    def kind(self) -> str:
        return "busy"

    def run(self) -> Outcome:
        rng = np.random.default_rng(self.number)
        a, total = rng.standard_normal((64, 64)), 0.0
        for _ in range(self.steps):
            a = np.tanh(a @ a.T / 64)
            total += sum(x * x for x in a.ravel().tolist())
        nothing = Workload(n_samples=1)
        return Outcome(
            problem="none",
            method="busy",
            size="demo",
            seed=self.number,
            fold=0,
            classes=["a"],
            answers=np.zeros(1, int),
            truth=np.zeros(1, int),
            samples=np.zeros(1, int),
            groups=None,
            n_train=1,
            candidates=[],
            chosen=0,
            curve={"x": [], "train": [total]},
            seconds={"choose": 0.0, "build": 0.0, "fit": 0.0, "predict": 0.0},
            peak_mb=0.0,
            learning=nothing,
            inference=nothing,
            description="",
            versions={},
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=3.0, help="of a task, about")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    args = parser.parse_args()
    steps = calibrate(args.seconds)
    tasks = [Busy(k, steps) for k in range(args.tasks)]
    runs: dict[tuple[str, int], list[Run]] = {(way, n): [] for way in WAYS for n in args.workers}
    for number in range(args.rounds):
        for (way, n), found in runs.items():
            with WAYS[way](n) as options:
                found.append(measure(tasks, n, **options))
            progress(f"round {number + 1}/{args.rounds}: {way}, {n}: {found[-1].wall:.1f} s")
    print(report(args, runs))


def calibrate(seconds: float) -> int:
    """Steps that take so long on one processor."""
    Busy(0, 20).run()
    began = time.perf_counter()
    Busy(0, 100).run()
    return max(1, round(100 * seconds / (time.perf_counter() - began)))


def measure(tasks: list[Busy], n_workers: int, **how: int | str) -> Run:
    """Run the tasks, with an empty store."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        failures = run_tasks(tasks, Store(Path(folder)), **how)
        wall = time.perf_counter() - began
        ends = sorted(path.stat().st_mtime for path in Path(folder).glob("*.json"))
    if failures:
        sys.exit(f"a task failed: {failures[0].message}")
    # From when each worker had ended one: what starting them took is over.
    steady = 60 * (len(ends) - n_workers) / (ends[-1] - ends[n_workers - 1])
    return Run(wall, steady)


def report(args: argparse.Namespace, runs: dict[tuple[str, int], list[Run]]) -> str:
    """Return header, table and notes."""
    protocol = f"""
        run_tasks of bioplastic.study with {args.tasks} tasks of about {args.seconds:g} s of one
        processor each (matrix products of 64 x 64 and a loop of Python), store on the local disk,
        {args.rounds} rounds in turn. Median (minimum-maximum).
    """
    notes = """
        wall s: the whole call, with what starting and ending the workers takes; "processes, 1" is
        the calling process, which starts none. tasks a minute: from the outcome with which every
        worker may have ended one to the last. times of 1: tasks a minute, by those with one worker
        in the same round.
    """
    head = ["tasks run by", "workers", "wall s", "tasks a minute", "times of 1"]
    rows = []
    for (way, n), found in runs.items():
        one = runs.get((way, 1), [])
        gain = [b.steady / a.steady for a, b in zip(one, found, strict=False)]
        rows.append(
            [
                way,
                str(n),
                median_range([run.wall for run in found]),
                median_range([run.steady for run in found]),
                median_range(gain) if gain else "-",
            ]
        )
    title = "Throughput of a study by workers"
    return "\n".join([header(title, protocol), table(head, rows), "", paragraph(notes)])


if __name__ == "__main__":
    main()
