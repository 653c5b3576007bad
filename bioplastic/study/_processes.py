"""Tasks in this process, or in processes of this machine."""

import contextlib
import os
import re
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Self

from joblib.externals import loky

from bioplastic.study._attempt import ONE_THREAD, Failure, Runnable, attempt
from bioplastic.study.outcome import Outcome

type Promise = Future[Outcome | Failure]


class Here(contextlib.nullcontext[None]):
    """The process itself: one task after the other."""

    def run[T: Runnable](self, tasks: Sequence[T]) -> Iterator[tuple[T, Outcome | Failure | None]]:
        """Try each task once; tell as they begin, by None, and as they end."""
        for task in tasks:
            yield task, None
            yield task, attempt(task)


class Processes:
    """Processes of this machine, of one thread each, for tasks of one kind each.

    What another kind has loaded, such as torch, would count as memory of all that come after it.
    Each is a pool of its own, of one process: the death of one would break a common pool, and with
    it what all the others are doing; and nobody could tell which task had been the deadly one.

    Parameters
    ----------
    n : int
        How many.
    """

    def __init__(self, n: int) -> None:
        self._n = n
        self._idle: list[tuple[str, loky.ProcessPoolExecutor]] = []
        self._busy: dict[Promise, loky.ProcessPoolExecutor] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for pool in self._busy.values():
            pool.shutdown(wait=True, kill_workers=True)
        for _, pool in self._idle:
            pool.shutdown(wait=True)

    def run[T: Runnable](self, tasks: Sequence[T]) -> Iterator[tuple[T, Outcome | Failure | None]]:
        """Try each task once, beginning in the order given, and tell as they begin and end."""
        waiting = list(reversed(tasks))
        running: dict[Promise, T] = {}
        while waiting or running:
            while waiting and len(running) < self._n:
                task = waiting.pop()
                running[self._begin(task)] = task
                yield task, None
            done = wait(running, return_when=FIRST_COMPLETED).done
            for future in done:
                pool, task = self._busy.pop(future), running.pop(future)
                found = _found(task, future)
                if isinstance(future.exception(), BrokenProcessPool):
                    pool.shutdown(wait=True, kill_workers=True)
                else:
                    self._idle.append((task.kind, pool))
                yield task, found

    def _begin(self, task: Runnable) -> Promise:
        while True:
            pool = self._idle_or_new(task.kind)
            try:
                future: Promise = pool.submit(attempt, task)
            except BrokenProcessPool:  # it was killed while it had nothing to do
                pool.shutdown(wait=True, kill_workers=True)
            else:
                self._busy[future] = pool
                return future

    def _idle_or_new(self, kind: str) -> loky.ProcessPoolExecutor:
        """Take a process of this kind; a new one takes the place of one of another kind."""
        for k, (known, pool) in enumerate(self._idle):
            if known == kind:
                del self._idle[k]
                return pool
        if self._idle:
            self._idle.pop()[1].shutdown(wait=True)
        return _pool()


def _pool() -> loky.ProcessPoolExecutor:
    return loky.ProcessPoolExecutor(
        max_workers=1, initializer=_prepare, initargs=(os.getpid(),), env=ONE_THREAD
    )


def _found(task: Runnable, future: Promise) -> Outcome | Failure:
    try:
        return future.result()
    except BrokenProcessPool as error:
        return Failure.killed(
            task,
            f"the task's process was killed ({_exit_code(error)}), often for lack of memory; take "
            f"fewer processes",
        )
    except Exception as error:  # the task or its outcome could not be sent
        return Failure.of(task, error)


def _exit_code(error: Exception) -> str:
    """Find what loky says of the process: ``"SIGKILL(-9)"``."""
    said = re.search(r"\{(.+?)\}", str(error))
    return said[1] if said else "its exit code is unknown"


def _prepare(parent: int) -> None:
    # Ctrl-C is for the program that asked for the tasks; it stops this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """Leave when the program that asked for the tasks was killed, and could tell nobody."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
