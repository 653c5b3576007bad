"""Tasks without data, in a file of their own that worker processes can import."""

import hashlib
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import sklearn.metrics  # noqa: F401  # with it the libraries of threads that tasks of ours load
import threadpoolctl

from bioplastic.errors import DataError, SimulationError
from bioplastic.study.outcome import Outcome
from bioplastic.study.workload import Workload


def outcome(number=0, **changes):
    """Return an outcome that follows from a number."""
    rng = np.random.default_rng(number)
    truth = rng.integers(3, size=20)
    workload = Workload(n_samples=20, effective_acs=float(rng.random()), footprint=1e5)
    values = {
        "problem": "digits",
        "method": "fake",
        "size": "demo",
        "seed": number,
        "fold": number % 3,
        "classes": ["a", "b", "c"],
        "answers": np.where(rng.random(20) < 0.7, truth, 0),
        "truth": truth,
        "samples": rng.permutation(20),
        "groups": None,
        "n_train": 40,
        "candidates": [{"settings": {"C": 1.5}, "score": None, "seconds": 0.0}],
        "chosen": 0,
        "curve": {"x": [1.0, 2.0], "train": rng.random(2).tolist()},
        "seconds": {"choose": 0.0, "build": 0.0, "fit": 1.0, "predict": 0.5},
        "peak_mb": 100.0,
        "learning": workload,
        "inference": workload,
        "description": "none",
        "versions": {"Python": "3"},
        "exhibits": {"raster_times": np.sort(rng.random(50))},
    }
    return Outcome(**values | changes)


@dataclass(frozen=True)
class Task:
    """Note in `log` that it ran; take `seconds`; return the outcome of its number."""

    number: int
    log: Path | None = None
    seconds: float = 0.0

    @property
    def key(self):
        return hashlib.sha256(f"{type(self).__name__} {self.number}".encode()).hexdigest()

    @property
    def name(self):
        return f"fake, seed {self.number}"

    @property
    def kind(self):
        return type(self).__name__

    def note(self):
        if self.log is not None:
            with self.log.open("a") as file:
                file.write(f"{self.number} {os.getpid()}\n")

    def tries(self):
        if not self.log.exists():
            return 0
        return [line.split()[0] for line in self.log.read_text().splitlines()].count(
            f"{self.number}"
        )

    def run(self):
        self.note()
        self.work()
        return outcome(self.number)

    def work(self):
        time.sleep(self.seconds)


class Dies(Task):
    """Kills its process the first so many tries."""

    times = 99

    def work(self):
        if self.tries() <= self.times:
            os.kill(os.getpid(), signal.SIGKILL)


class DiesOnce(Dies):
    times = 1


class Refuses(Task):
    def work(self):
        raise DataError("digits: no samples; give some")


class Buggy(Task):
    def work(self):
        raise KeyError("weights")


class Unlucky(Task):
    """Fails once for a reason that may pass."""

    def work(self):
        if self.tries() == 1:
            raise SimulationError("the compiled program stopped with code -9")


class Interrupted(Task):
    def work(self):
        raise KeyboardInterrupt


class Odd(Task):
    """Its outcome cannot be kept."""

    def run(self):
        self.note()
        return outcome(self.number, curve={"x": [object()]})


class Locked(Task):
    """Its outcome cannot be sent."""

    def run(self):
        self.note()
        return outcome(self.number, curve={"x": [threading.Lock()]})


class Threads(Task):
    """Tells how many threads it may use, as its accuracy in training."""

    def run(self):
        np.ones((2, 2)) @ np.ones((2, 2))
        pools = [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]
        variable = os.environ.get("OMP_NUM_THREADS", "0")
        return outcome(self.number, curve={"x": [float(variable)], "train": [*map(float, pools)]})


@dataclass(frozen=True)
class Sums(Task):
    """Numbers whose last bits depend on the order of a sum."""

    size: int = field(default=300)

    def run(self):
        self.note()
        rng = np.random.default_rng(self.number)
        a = rng.standard_normal((self.size, self.size))
        return outcome(self.number, exhibits={"product": a @ a.T})
