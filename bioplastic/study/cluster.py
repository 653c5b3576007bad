"""Tasks on a cluster: workers of Dask distributed, on one machine or on many.

A cluster is named by text: the address of a scheduler, ``"tcp://host:8786"``, or the path of a
scheduler file, which is how batch systems tell where theirs is. Start a cluster by hand with::

    dask scheduler --scheduler-file scheduler.json
    dask worker --scheduler-file scheduler.json --nthreads 1 --nworkers 8    # on each machine

Each worker needs the same version of bioplastic and the same data files. M. Rocklin, "Dask:
Parallel Computation with Blocked algorithms and Task Scheduling", Proceedings of the 14th Python in
Science Conference, 2015, doi:10.25080/Majora-7b98e3ed-013.
"""

import concurrent.futures
import contextlib
import pickle
import pkgutil
import re
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import bioplastic
from bioplastic._partners import partner
from bioplastic.errors import ParameterError, SimulationError
from bioplastic.study._attempt import Failure, Runnable, attempt
from bioplastic.study.outcome import Outcome

#: In seconds: until a scheduler answers, until a first worker is there, how long there may be none
#: later (a batch system takes its time), and how often we look.
_CONNECT, _FIRST, _NONE, _LOOK = 30.0, 300.0, 300.0, 5.0
_KEPT = "what was finished is stored, and the same command goes on from there"
_START = "dask worker ADDRESS --nthreads 1 --nworkers 8"

_alone = threading.Lock()


class Cluster:
    """Workers of a Dask cluster: connects on entering.

    A worker that dies costs the task that it was at, which the scheduler gives to another.
    Outcomes come to this process as they are found, and leave the cluster's memory then.

    Parameters
    ----------
    where : str
        An address, or the path of a scheduler file.

    Raises
    ------
    ParameterError
        If `where` is none of these.

    Examples
    --------
    >>> Cluster("tcp://host:8786")
    Cluster('tcp://host:8786')
    >>> Cluster("local:none")
    Traceback (most recent call last):
    ...
    bioplastic.errors.ParameterError: cluster: must be "local", "local:4" (four processes), ...
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self._place = _parse(where)
        self._stack = contextlib.ExitStack()
        self._dask: Any = None
        self._client: Any = None

    def __repr__(self) -> str:
        return f"Cluster({self.where!r})"

    def __enter__(self) -> Self:
        """Connect, and see that the workers fit.

        Raises
        ------
        ImportError
            If distributed is not installed.
        SimulationError
            If no scheduler answers, no worker comes, or one has another version or many threads.
        """
        self._dask = partner("distributed", caller="cluster", install="'bioplastic[cluster]'")
        with contextlib.ExitStack() as stack:
            try:
                client = self._dask.Client(**self._place, timeout=_CONNECT, set_as_default=False)
            except (OSError, ValueError) as error:
                raise SimulationError(
                    f"cluster: no scheduler answers at {self.where} ({error}); start one by: "
                    f"dask scheduler, and take the address that it tells"
                ) from error
            self._client = stack.enter_context(client)
            self._check()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._client = None
        self._stack.close()

    def run[T: Runnable](self, tasks: Sequence[T]) -> Iterator[tuple[T, Outcome | Failure]]:
        """Try each task, beginning in the order given, and tell as they end.

        Raises
        ------
        SimulationError
            If the scheduler or all workers are lost, or if a worker of another version came.
        """
        waiting = {f"bioplastic-{uuid4().hex}": task for task in tasks}
        version = bioplastic.__version__
        completed = self._dask.as_completed(
            [
                # Impure: another program's failure of the same task is not ours.
                self._client.submit(_attempt_there, task, version, key=key, pure=False)
                for key, task in waiting.items()
            ],
            loop=self._client.loop,
        )
        while waiting:
            self._wait(completed)
            future = next(completed)
            task = waiting.pop(future.key)
            found = self._found(task, future)
            # The last reference: the cluster forgets the outcome.
            del future
            yield task, found

    def _wait(self, completed: Any) -> None:
        """Wait for a task that has ended; give up where nobody is left to end one."""
        looked = seen = time.monotonic()
        while not completed.has_ready():
            time.sleep(0.02)
            if (now := time.monotonic()) - looked < _LOOK:
                continue
            looked = now
            if self._workers():
                seen = now
            elif now - seen > _NONE:
                raise SimulationError(
                    f"cluster: {self.where} has had no workers for {_NONE:.0f} s; start some by: "
                    f"{_START}; {_KEPT}"
                )

    def _found(self, task: Runnable, future: Any) -> Outcome | Failure:
        try:
            found: Outcome | Failure | _Refusal = pickle.loads(future.result())
        except self._dask.KilledWorker:
            return Failure.killed(
                task,
                "each worker that had the task was killed, often for lack of memory; take fewer "
                "workers on a machine",
            )
        except Exception as error:
            if future.status == "error":  # the task could not be read there
                return Failure.of(task, error)
            raise self._lost() from error
        if isinstance(found, _Refusal):
            raise SimulationError(f"cluster: {found}; {_KEPT}")
        return found

    def _workers(self) -> dict[str, int]:
        """Ask for the workers' addresses and numbers of threads."""
        try:
            return dict(self._client.nthreads())
        except (concurrent.futures.CancelledError, OSError, RuntimeError) as error:
            raise self._lost() from error

    def _lost(self) -> SimulationError:
        return SimulationError(f"cluster: the scheduler at {self.where} is lost; {_KEPT}")

    def _check(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=_FIRST)
        except TimeoutError as error:
            raise SimulationError(
                f"cluster: {self.where} has no workers; start some by: {_START}"
            ) from error
        except (concurrent.futures.CancelledError, OSError) as error:
            raise self._lost() from error
        busy = sorted(address for address, n in self._workers().items() if n > 1)
        if busy:
            raise SimulationError(
                f"cluster: workers must have one thread each, because Brian2 simulates in one at a "
                f"time; {', '.join(busy)} have more. Start them by: {_START}"
            )
        # By a function of Python's own: theirs may be a bioplastic without this module.
        found = self._client.run(pkgutil.resolve_name, "bioplastic:__version__", on_error="return")
        other = {
            address: f"has not got it ({said})" if isinstance(said, Exception) else f"has {said}"
            for address, said in sorted(found.items())
            if said != bioplastic.__version__
        }
        if other:
            raise SimulationError(
                f"cluster: every worker needs bioplastic {bioplastic.__version__}, as here; "
                + ", ".join(f"{address} {said}" for address, said in other.items())
                + "; install the same version there and start the workers again"
            )


class _Refusal(str):
    """Why a worker that came later does not do a task."""


def _attempt_there(task: Runnable, version: str) -> bytes:
    """Try a task on a worker, one at a time; pickled, so that the cluster carries mere bytes."""
    found: Outcome | Failure | _Refusal
    if version != bioplastic.__version__:
        found = _Refusal(
            f"a worker with bioplastic {bioplastic.__version__} has come, and {version} is needed; "
            f"install the same version there"
        )
    else:
        with _alone:
            found = attempt(task)
    try:
        return pickle.dumps(found)
    except Exception as error:
        return pickle.dumps(Failure.of(task, error))


def _parse(where: str) -> dict[str, str]:
    """Return where a scheduler is, as Dask takes it."""
    if Path(where).is_file():
        return {"scheduler_file": where}
    if re.fullmatch(r"([a-z]+://\S+|[\w.\-\[\]:]+:\d+)", where) and not where.startswith("local:"):
        return {"address": where}
    raise ParameterError(
        f'cluster: must be "local", "local:4" (four processes), the address of a scheduler such as '
        f'"tcp://host:8786", or the path of a scheduler file that is there, got {where!r}'
    )
