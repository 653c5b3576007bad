"""Compare methods of training: every data set, method and seed, on the same splits."""

import logging
import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bioplastic._quantities import choice, whole
from bioplastic.errors import ParameterError
from bioplastic.study._attempt import Failure
from bioplastic.study.catalogue import PROBLEMS
from bioplastic.study.methods import METHODS
from bioplastic.study.methods.base import Method
from bioplastic.study.modules import OwnModule, module_of
from bioplastic.study.outcome import Outcome
from bioplastic.study.problems import SIZES, Problem, Size
from bioplastic.study.runner import crew_of, run_tasks
from bioplastic.study.statistics import PairedTest, Summary, paired_tests, summary
from bioplastic.study.store import Store
from bioplastic.study.task import Task

#: How many hyperparameter settings of each method may be tried, by size.
BUDGETS: dict[str, int] = {"demo": 1, "default": 3, "full": 4}

#: Far more than anybody can wait for.
_MAX_SEEDS = 10_000

_logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Study:
    """What a comparison found.

    Parameters
    ----------
    outcomes : list of Outcome
        One for each task that is done.
    failures : list of Failure
        Tasks that brought none.
    problems, methods : dict
        What was compared, by name.
    left_out : dict of str to str
        Methods that were asked for by ``"all"`` and cannot run here, and what they need.
    command : str
        What to type to repeat it.
    """

    outcomes: list[Outcome]
    failures: list[Failure]
    problems: dict[str, Problem]
    methods: dict[str, Method]
    left_out: dict[str, str]
    command: str

    def summary(self, problem: str | None = None) -> dict[str, Summary]:
        """Accuracy of each method on a problem, with its interval; the first where None."""
        return summary(self._of(problem))

    def tests(self, problem: str | None = None) -> list[PairedTest]:
        """Every pair of methods, compared on the units that both were tested on."""
        return paired_tests(self._of(problem))

    def write_report(self, folder: str | os.PathLike[str]) -> Path:
        """Write the report, see `bioplastic.study.report`; the path of its page.

        Parameters
        ----------
        folder : path-like
            Made where missing; files of an earlier report are replaced.

        Returns
        -------
        page : Path
            ``report.html``; beside it are ``report.md``, ``results.json``, ``results.csv`` and
            ``tests.csv``.

        Raises
        ------
        StorageError
            If a file cannot be written.
        """
        # Matplotlib and templates: workers do without.
        from bioplastic.study.report import write_report

        return write_report(
            self.outcomes,
            folder,
            methods=self.methods,
            problems=self.problems,
            command=self.command,
            failures=self.failures,
        )

    def _of(self, problem: str | None) -> list[Outcome]:
        name = next(iter(self.problems)) if problem is None else problem
        if name not in self.problems:
            raise ParameterError(
                f"problem: must be one of {', '.join(self.problems)}, got {problem!r}"
            )
        return [outcome for outcome in self.outcomes if outcome.problem == name]


def plan(
    data: str | Problem | Sequence[str | Problem],
    methods: str | Method | Sequence[str | Method] = "all",
    *,
    seeds: int | Iterable[int] = 5,
    size: Size = "default",
    all_folds: bool = False,
    budget: int | None = None,
) -> list[Task]:
    """Return the tasks of a comparison, long ones first; none is run.

    Parameters
    ----------
    data, methods, seeds, size, all_folds, budget
        See :func:`.compare`.

    Examples
    --------
    >>> from bioplastic.study.compare import plan
    >>> tasks = plan("digits", ["svm", "mlp"], seeds=2, size="demo")
    >>> [(task.method.name, task.seed, task.fold) for task in tasks]
    [('mlp', 0, 0), ('mlp', 1, 1), ('svm', 0, 0), ('svm', 1, 1)]
    """
    problems, chosen = _chosen("data", data, PROBLEMS), _methods(methods)[0]
    choice("size", size, SIZES)
    tries = whole("budget", BUDGETS[size] if budget is None else budget, 1)
    # What a stranger's file of options asks for may not fit into memory.
    numbers = list(range(min(seeds, _MAX_SEEDS + 1)) if isinstance(seeds, int) else seeds)
    right = all(isinstance(seed, int) and seed >= 0 for seed in numbers)
    if not right or not 0 < len(numbers) <= _MAX_SEEDS:
        raise ParameterError(
            f"seeds: must be how many, or whole numbers >= 0, and not more than "
            f"{_MAX_SEEDS:,}, got {seeds!r}; take 5 or more to compare methods"
        )
    tasks = [
        Task(
            problem=problem,
            method=method,
            size=size,
            seed=seed,
            fold=fold,
            budget=tries,
            digest=problem.load().digest,
            modules=_own_modules(problem, method),
        )
        for problem in problems.values()
        for method in chosen.values()
        for seed in numbers
        for fold in (range(problem.n_folds) if all_folds else [seed % problem.n_folds])
    ]
    # Processors are busy to the end if what takes long begins early.
    return sorted(tasks, key=lambda task: -task.method.effort)


def compare(
    data: str | Problem | Sequence[str | Problem],
    methods: str | Method | Sequence[str | Method] = "all",
    *,
    seeds: int | Iterable[int] = 5,
    size: Size = "default",
    all_folds: bool = False,
    budget: int | None = None,
    folder: str | os.PathLike[str],
    n_jobs: int = 1,
    cluster: str | None = None,
    progress: bool = False,
) -> Study:
    """Compare methods of training, fairly: same splits, same number of hyperparameter settings.

    For each data set, method and seed: hyperparameters are chosen by validation samples that are
    held out of the training samples, the method is trained on all training samples with those that
    won, and the test samples are classified once. What is done is stored in `folder` at once, and
    the same call goes on where one was stopped, by whatever.

    Parameters
    ----------
    data : str, Problem, or sequence of them
        Data sets: ``"hd"``, ``"fsdd"``, ``"shd"``, ``"ssc"``, ``"ntidigits"``, ``"spoken"``,
        ``"digits"``, ``"mnist"``, or problems of your own.
    methods : str, Method, or sequence of them
        Methods by name, or of your own; ``"all"``, also among others, takes those whose packages
        are installed.
    seeds : int or iterable of int
        How many seeds, 0 to n - 1, or which.
    size : {"demo", "default", "full"}
        How many samples are taken, how large networks are, and how many copies of training words
        are made.
    all_folds : bool
        Whether every seed tests every fold. Otherwise seed `s` tests fold ``s % n_folds``.
    budget : int, optional
        How many settings of its hyperparameters each method may try: 1, 3 and 4 by size.
    folder : path-like
        Where outcomes are kept, in ``outcomes``.
    n_jobs : int
        Tasks at a time, each with one thread; -1 takes all processors.
    cluster : str, optional
        Where tasks run: ``"local"`` or ``"local:4"`` for processes of this machine, or workers of
        Dask by their scheduler's address or file.
    progress : bool
        Show a bar.

    Returns
    -------
    study : Study
        Write its report by ``study.write_report(folder)``.

    Raises
    ------
    ParameterError
        If an argument is out of range, or names what there is not.
    DataNotFoundError
        If a data set is not on this machine.
    KeyboardInterrupt
        After Ctrl-C; what is done is kept.

    Examples
    --------
    >>> import tempfile
    >>> from bioplastic.study import compare
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = compare("digits", ["svm", "mlp"], seeds=1, size="demo", folder=folder)
    >>> sorted(study.summary())
    ['mlp', 'svm']
    """
    crew_of(1, cluster, n_tasks=1)  # refuses what is no cluster before data are read
    problems = _chosen("data", data, PROBLEMS)
    chosen, left_out = _methods(methods)
    for name, why in left_out.items():
        _logger.warning("%s is left out: %s", name, why)
    tasks = plan(
        list(problems.values()),
        list(chosen.values()),
        seeds=seeds,
        size=size,
        all_folds=all_folds,
        budget=budget,
    )
    store = Store(Path(folder) / "outcomes")
    failures = run_tasks(tasks, store, n_jobs=n_jobs, cluster=cluster, progress=progress)
    found = [store.load(task.key) for task in tasks]
    return Study(
        outcomes=[outcome for outcome in found if outcome is not None],
        failures=failures,
        problems=problems,
        methods=chosen,
        left_out=left_out,
        command=_command(problems, chosen, seeds, size, all_folds, budget),
    )


def _chosen[T: Problem | Method](
    parameter: str, given: str | T | Sequence[str | T], known: Mapping[str, T]
) -> dict[str, T]:
    """Return what was asked for, by name."""
    several = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else [given]
    if not several:
        raise ParameterError(f"{parameter}: must name at least one of {', '.join(known)}")
    found: list[Any] = [
        known[choice(parameter, one, known)] if isinstance(one, str) else one for one in several
    ]
    return {one.name: one for one in found}


def _methods(
    methods: str | Method | Sequence[str | Method],
) -> tuple[dict[str, Method], dict[str, str]]:
    """Return the methods by name, and those of "all" that cannot run here."""
    several = [methods] if isinstance(methods, str | Method) else list(methods)
    if "all" in several:
        able = {name: method for name, method in METHODS.items() if not method.missing}
        own = _methods([m for m in several if m != "all"])[0] if len(several) > 1 else {}
        return able | own, {n: _remedy(m) for n, m in METHODS.items() if n not in able | own}
    found = _chosen("methods", several, METHODS)
    for method in found.values():
        if method.missing:
            raise ParameterError(f"methods: {method.name} {_remedy(method)}")
    return found, {}


def _own_modules(*things: Problem | Method) -> tuple[OwnModule, ...]:
    found = [module for thing in things if (module := module_of(thing)) is not None]
    return tuple({module.path: module for module in found}.values())


def _remedy(method: Method) -> str:
    extras = sorted({method.needs[name] for name in method.missing})
    return (
        f"needs {', '.join(method.missing)}, which are not installed: "
        f"pip install 'bioplastic[{','.join(extras)}]'"
    )


def _command(
    problems: Mapping[str, Problem],
    methods: Mapping[str, Method],
    seeds: int | Iterable[int],
    size: str,
    all_folds: bool,
    budget: int | None,
) -> str:
    """Return the command line that repeats a study of methods and problems that it can name."""
    words = ["bioplastic", "compare", "--data", ",".join(problems), "--methods"]
    words.append(",".join(methods))
    for module in _own_modules(*problems.values(), *methods.values()):
        words += ["--module", module.path]
    words += ["--seeds", str(seeds if isinstance(seeds, int) else ",".join(map(str, seeds)))]
    words += ["--size", size]
    if all_folds:
        words.append("--all-folds")
    if budget is not None:
        words += ["--budget", str(budget)]
    return shlex.join(words)
