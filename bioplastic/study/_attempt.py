"""One try of one task, wherever it runs."""

import contextlib
import os
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import threadpoolctl

from bioplastic.errors import BioplasticError, SimulationError, StorageError
from bioplastic.study.outcome import Outcome

__all__ = ["ONE_THREAD", "Runnable", "Trouble", "attempt", "trouble"]

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
class Trouble:
    """A try that brought no outcome.

    Parameters
    ----------
    message : str
        Of the error, and what to do.
    traceback : str
        Where it came from; empty where a process was killed.
    again : bool
        Whether another try may end otherwise.
    """

    message: str
    traceback: str = ""
    again: bool = False


def attempt(task: Runnable) -> Outcome | Trouble:
    """Run a task with one thread, so that sums do not depend on how many processors there are."""
    try:
        with _one_thread():
            outcome = task.run()
            if not isinstance(outcome, Outcome):
                raise TypeError(f"a task must return an Outcome, got {type(outcome).__name__}")
            return outcome
    except Exception as error:
        return trouble(error)


def trouble(error: Exception) -> Trouble:
    """Put an error in words: not every error can be sent from one process to another."""
    mine = isinstance(error, BioplasticError)
    return Trouble(
        message=str(error) if mine and str(error) else f"{type(error).__name__}: {error}",
        traceback="".join(traceback.format_exception(error)),
        again=isinstance(error, (SimulationError, StorageError))
        or not isinstance(error, _REPEATED),
    )


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
