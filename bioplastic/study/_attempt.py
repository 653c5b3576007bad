"""One try of one task, wherever it runs."""

import contextlib
import os
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, Self

import threadpoolctl

from bioplastic.errors import BioplasticError, SimulationError, StorageError
from bioplastic.study.outcome import Outcome

#: Libraries that a task loads itself read these when they are loaded.
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
#: Errors that a second try repeats. What the machine may have caused is not among them.
_REPEATED = (
    *(BioplasticError, ImportError, TypeError, ValueError, ArithmeticError),
    *(LookupError, AttributeError, NameError, AssertionError),
    *(FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError),
)


class Runnable(Protocol):
    """What is asked of a task: picklable, and its outcome follows from its key."""

    @property
    def key(self) -> str:
        """Hexadecimal digits."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def kind(self) -> str:
        """Tasks of one kind take alike memory: what one leaves in its process is no news."""

    def run(self) -> Outcome:
        """Do it, with one thread."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A task that brought no outcome.

    Parameters
    ----------
    name : str
        The task's name, for people.
    key : str
        Its key in the store, which has nothing there.
    message : str
        What went wrong, and what to do.
    traceback : str
        Where; empty where a process was killed.
    again : bool
        Whether another try may end otherwise.
    """

    name: str
    key: str
    message: str
    traceback: str = ""
    again: bool = False

    @classmethod
    def of(cls, task: Runnable, error: Exception) -> Self:
        """Put an error in words: not every error can be sent from one process to another."""
        mine = isinstance(error, BioplasticError)
        passing = isinstance(error, SimulationError | StorageError)
        return cls(
            name=task.name,
            key=task.key,
            message=str(error) if mine and str(error) else f"{type(error).__name__}: {error}",
            traceback="".join(traceback.format_exception(error)),
            again=passing or not isinstance(error, _REPEATED),
        )

    @classmethod
    def killed(cls, task: Runnable, message: str) -> Self:
        """Tell of a process that was killed while it was at the task."""
        remedy = "or a smaller size, then the same command tries it again"
        return cls(name=task.name, key=task.key, message=f"{message} {remedy}", again=True)


def attempt(task: Runnable) -> Outcome | Failure:
    """Run a task with one thread, so that sums do not depend on how many processors there are."""
    try:
        with _one_thread():
            outcome = task.run()
            if not isinstance(outcome, Outcome):
                raise TypeError(f"a task must return an Outcome, got {type(outcome).__name__}")
            return outcome
    except Exception as error:
        return Failure.of(task, error)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        with threadpoolctl.threadpool_limits(1):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
