"""Tasks on a cluster: workers of Dask distributed, on this machine or on many.

A cluster is named by text: ``"local"``, as many workers on this machine as there are jobs;
``"local:4"``, four; the address of a scheduler, ``"tcp://host:8786"``; or the path of a scheduler
file, which is how batch systems tell where theirs is. Start a cluster by hand with::

    dask scheduler --scheduler-file scheduler.json
    dask worker --scheduler-file scheduler.json --nthreads 1 --nworkers 8    # on each machine

Each worker needs the same version of bioplastic and the same data files. M. Rocklin, "Dask:
Parallel Computation with Blocked algorithms and Task Scheduling", Proceedings of the 14th Python in
Science Conference, 2015, doi:10.25080/Majora-7b98e3ed-013.
"""

import concurrent.futures
import contextlib
import importlib
import pickle
import pkgutil
import re
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import bioplastic
from bioplastic.errors import ParameterError, SimulationError
from bioplastic.study._attempt import Runnable, Trouble, attempt, trouble
from bioplastic.study.outcome import Outcome

__all__ = ["Cluster"]

#: In seconds: until a scheduler answers, until a first worker is there, how long there may be none
#: later (a batch system takes its time), and how often we look.
_CONNECT, _FIRST, _NONE, _LOOK = 30.0, 300.0, 300.0, 5.0
_KEPT = "what was finished is stored, and the same command goes on from there"
_START = "dask worker ADDRESS --nthreads 1 --nworkers 8"

_alone = threading.Lock()


class Cluster:
    """Workers of a Dask cluster: connects on entering; a local one starts then and ends on leaving.

    A worker that dies costs the task that it was at, which the scheduler gives to another.
    Outcomes come to this process as they are found, and leave the cluster's memory then.

    Parameters
    ----------
    where : str
        ``"local"``, ``"local:4"``, an address or the path of a scheduler file.
    n_jobs : int
        Workers of ``"local"``. In a script of your own, have a local cluster only under
        ``if __name__ == "__main__":``, because its processes import that script.

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
    bioplastic.errors.ParameterError: cluster: must be "local", "local:4" (four workers), ...
    """

    def __init__(self, where: str, *, n_jobs: int = 1) -> None:
        self.where = where
        self._n_local, self._place = _parse(where, n_jobs)
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
        self._dask = _distributed()
        with contextlib.ExitStack() as stack:
            place = dict(self._place)
            if self._n_local:
                place["address"] = stack.enter_context(_local(self._dask, self._n_local))
            try:
                client = self._dask.Client(**place, timeout=_CONNECT, set_as_default=False)
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

    def run[T: Runnable](self, tasks: Sequence[T]) -> Iterator[tuple[T, Outcome | Trouble]]:
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
            found = self._found(future)
            task = waiting.pop(future.key)
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

    def _found(self, future: Any) -> Outcome | Trouble:
        try:
            found: Outcome | Trouble | _Refusal = pickle.loads(future.result())
        except self._dask.KilledWorker:
            return Trouble(
                message="each worker that had the task was killed, often for lack of memory; take "
                "fewer workers on a machine or a smaller size, then the same command tries it "
                "again",
                again=True,
            )
        except Exception as error:
            if future.status == "error":  # the task could not be read there
                return trouble(error)
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
        if self._n_local:
            self._client.run(_ignore_interrupts)


class _Refusal(str):
    """Why a worker that came later does not do a task."""


def _attempt_there(task: Runnable, version: str) -> bytes:
    """Try a task on a worker, one at a time; pickled, so that the cluster carries mere bytes."""
    found: Outcome | Trouble | _Refusal
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
        return pickle.dumps(trouble(error))


def _ignore_interrupts() -> None:
    # Ctrl-C reaches all processes of a terminal; local workers are ended by ours.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError as error:
        raise ImportError(
            "cluster: needs the package distributed; install it by: "
            "pip install 'bioplastic[cluster]'"
        ) from error


def _parse(where: str, n_jobs: int) -> tuple[int, dict[str, str]]:
    """Return the number of local workers, 0 for another cluster, and where that is."""
    local = re.fullmatch(r"local(?::([1-9]\d*))?", where)
    if local:
        return int(local[1] or n_jobs), {}
    if not where.startswith("local:"):
        if Path(where).is_file():
            return 0, {"scheduler_file": where}
        if re.fullmatch(r"([a-z]+://\S+|[\w.\-\[\]:]+:\d+)", where):
            return 0, {"address": where}
    raise ParameterError(
        f'cluster: must be "local", "local:4" (four workers), the address of a scheduler such as '
        f'"tcp://host:8786", or the path of a scheduler file that is there, got {where!r}'
    )


@contextlib.contextmanager
def _local(distributed: Any, n: int) -> Iterator[str]:
    """Start workers on this machine, each a process of one thread; their scheduler's address."""
    settings = {
        # A worker has one task at a time, so that its death is laid to no other.
        "distributed.scheduler.worker-saturation": 1.0,
        # One that died is started again. Who counts the seconds until then would give it up while
        # it starts: for an earlier death too.
        "distributed.deploy.lost-worker-timeout": "1000 days",
    }
    with (
        importlib.import_module("dask").config.set(settings),
        distributed.LocalCluster(
            n_workers=n,
            threads_per_worker=1,
            processes=True,
            memory_limit=0,
            dashboard_address="127.0.0.1:0",
        ) as cluster,
    ):
        yield cluster.scheduler_address
