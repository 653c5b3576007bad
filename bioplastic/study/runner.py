"""Run the tasks of a study, keep what each finds, and go on after what fails."""

import logging
import re
from collections.abc import Sequence

import joblib
from tqdm.auto import tqdm

from bioplastic._quantities import whole
from bioplastic.engine.program import deferred_interrupt
from bioplastic.errors import DataError, ParameterError
from bioplastic.study._attempt import Failure, Runnable
from bioplastic.study._processes import Here, Processes
from bioplastic.study.cluster import Cluster
from bioplastic.study.outcome import Outcome
from bioplastic.study.store import Store

_logger = logging.getLogger(__name__)


def run_tasks(
    tasks: Sequence[Runnable],
    store: Store,
    *,
    n_jobs: int = 1,
    cluster: str | None = None,
    retries: int = 1,
    progress: bool = False,
) -> list[Failure]:
    """Run the tasks that the store does not have yet, and store each outcome when it comes.

    Outcomes depend neither on `n_jobs` nor on `cluster`: each task runs with one thread. A task
    that fails, and a process that is killed, cost nothing else; to go on after this program itself
    was stopped, call it again.

    Parameters
    ----------
    tasks : sequence of Task
        They begin in this order. Of tasks with the same key one is run.
    store : Store
        Where the outcomes go.
    n_jobs : int
        Processes at a time, as in joblib; 1 is this process, in which the tasks run one by one.
        Ignored with a cluster's address.
    cluster : str, optional
        Where they run instead: ``"local"`` for `n_jobs` processes of this machine, ``"local:4"``
        for four, or workers of Dask: the address of a scheduler such as ``"tcp://host:8786"``, or
        the path of a scheduler file. See `bioplastic.study.cluster`.
    retries : int
        How often a task is tried again that a killed process or the machine has spoilt. One whose
        error would only be repeated is not.
    progress : bool
        Show a bar.

    Returns
    -------
    failures : list of Failure
        Of tasks that brought no outcome, in the order of `tasks`.

    Raises
    ------
    ParameterError
        If `n_jobs`, `retries` or `cluster` are out of range.
    ImportError
        If a cluster is asked for and distributed is not installed.
    SimulationError
        If the cluster is not there, has another version of bioplastic, or is lost.
    StorageError
        If an outcome cannot be stored.
    KeyboardInterrupt
        After Ctrl-C; tells how many tasks are done.

    Examples
    --------
    >>> import tempfile
    >>> from bioplastic.study.runner import run_tasks
    >>> from bioplastic.study.store import Store
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run_tasks([], Store(folder))
    []
    """
    if whole("run_tasks.n_jobs", n_jobs, -(2**31)) == 0:
        raise ParameterError("run_tasks.n_jobs: must be 1 or more, or -1 for all processors, got 0")
    whole("run_tasks.retries", retries, 0)
    store.sweep()
    unique: dict[str, Runnable] = {}
    for task in tasks:
        unique.setdefault(task.key, task)
    n = len(unique)
    left = {key: task for key, task in unique.items() if key not in store}
    crew = crew_of(int(joblib.effective_n_jobs(n_jobs)), cluster, n_tasks=len(left))
    failures: dict[str, Failure] = {}
    with tqdm(
        total=n,
        initial=n - len(left),
        desc="tasks",
        # When the rest will be done nobody knows: tasks are not alike.
        bar_format="{desc}: {n_fmt}/{total_fmt} [{elapsed}{postfix}]",
        disable=not progress,
    ) as bar:
        try:
            if left:
                with crew:
                    failures = _run(crew, left, store, retries, bar)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"stopped with {n - len(left)} of {n} tasks done; "
                f"the same command goes on from there"
            ) from None
    return [failures[key] for key in left]


def _run(
    crew: Here | Processes | Cluster,
    left: dict[str, Runnable],
    store: Store,
    retries: int,
    bar: tqdm,
) -> dict[str, Failure]:
    """Run tasks, and then those again that may do better; who is done leaves `left`."""
    failures: dict[str, Failure] = {}
    again = list(left.values())
    for more in range(retries, -1, -1):
        batch, again = again, []
        for task, found in crew.run(batch):
            if found is None:
                bar.set_description_str(task.name)
                continue
            kept = _kept(store, task, found)
            if isinstance(kept, Outcome):
                del left[task.key]
                bar.set_postfix_str(f"{task.name}: {100 * kept.accuracy:.1f} %", refresh=False)
                bar.update()
                continue
            failures[task.key] = kept
            bar.set_postfix_str(f"{task.name}: failed")
            if more and kept.again:
                again.append(task)
                _logger.warning("%s is tried again: %s", task.name, kept.message)
            else:
                _logger.error("%s failed: %s", task.name, kept.message)
    return failures


def _kept(store: Store, task: Runnable, found: Outcome | Failure) -> Outcome | Failure:
    """Store an outcome; one that cannot be kept is a failure. Ctrl-C waits for the end of it."""
    if isinstance(found, Failure):
        return found
    with deferred_interrupt() as asked:
        try:
            store.save(task.key, found)
        except DataError as error:
            return Failure.of(task, error)
    if asked():
        raise KeyboardInterrupt
    return found


def crew_of(n_jobs: int, cluster: str | None, *, n_tasks: int) -> Here | Processes | Cluster:
    """Return who does the tasks: this process, some processes, or a cluster."""
    local = re.fullmatch(r"local(?::([1-9]\d*))?", cluster or "")
    if cluster is not None and local is None:
        return Cluster(cluster)
    n = max(1, min(n_jobs if local is None else int(local[1] or n_jobs), n_tasks))
    return Here() if n == 1 and local is None else Processes(n)
