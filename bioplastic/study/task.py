"""The smallest part of a study: one method, trained and tested once."""

import contextlib
import functools
import hashlib
import importlib.metadata
import inspect
import json
import pickle
import platform
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import psutil
import threadpoolctl
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score

from bioplastic.errors import ParameterError
from bioplastic.study.methods._parts import build_seconds
from bioplastic.study.methods.base import Inputs, Method
from bioplastic.study.modules import OwnModule
from bioplastic.study.outcome import Outcome
from bioplastic.study.problems import Problem, Rows, Samples, Size

#: Goes up when outcomes of older tasks no longer stand for what a task of today finds.
_FORMAT = 2


@dataclass(frozen=True, kw_only=True)
class Task:
    """Choose a method's hyperparameters, train and test it: on one split of a problem, one seed.

    Parameters
    ----------
    problem : Problem
        What is learned.
    method : Method
        How.
    size : {"demo", "default", "full"}
        How many samples, and how large a network.
    seed : int
        Of the method, and of the choice of validation samples.
    fold : int
        Which part of the samples is held out.
    budget : int
        How many of the method's candidates may be tried.
    digest : str
        Hash of the data. A machine whose data are others refuses the task.
    modules : tuple of OwnModule
        Files of the user that have declared the problem or the method.

    Examples
    --------
    >>> from bioplastic.study import METHODS, PROBLEMS
    >>> from bioplastic.study.task import Task
    >>> problem = PROBLEMS["digits"]
    >>> task = Task(problem=problem, method=METHODS["svm"], size="demo", seed=0, fold=1, budget=1,
    ...             digest=problem.load().digest)
    >>> task.run().accuracy > 0.9
    True
    """

    problem: Problem
    method: Method
    size: Size
    seed: int
    fold: int
    budget: int
    digest: str = field(repr=False)
    modules: tuple[OwnModule, ...] = field(default=(), repr=False)

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Send a user's files along, which are run before what they declare is looked for."""
        if not self.modules:
            return super().__reduce_ex__(protocol)
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        try:
            return SentTask, (self.modules, pickle.dumps(values))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise ParameterError(
                f"{self.name}: {self.problem!r} and {self.method!r} cannot be sent to another "
                f"process ({error}); functions that they hold must have a name at the top level of "
                f"{self.modules[0].path}"
            ) from error

    @property
    def name(self) -> str:
        """For people: ``"hd, e-prop, seed 0, fold 2"``."""
        fold = f", fold {self.fold}" if self.problem.n_folds > 1 else ""
        return f"{self.problem.name}, {self.method.title}, seed {self.seed}{fold}"

    @property
    def kind(self) -> str:
        """The method's name: tasks of other methods get other processes."""
        return self.method.name

    @functools.cached_property
    def key(self) -> str:
        """Hash of all that the outcome follows from, versions of packages excepted.

        bioplastic's own version, the text of the method's functions, and that of a user's file
        which declares them, are in it: a newer version and a method that was changed compute anew.
        """
        samples = self.problem.load()
        said = {
            "format": _FORMAT,
            "bioplastic": importlib.metadata.version("bioplastic"),
            "problem": [self.problem.name, self.problem.n_folds, self.problem.groups_are],
            "limits": self.problem.limits.get(self.size),
            "data": self.digest,
            "method": [self.method.name, repr(self.method), *_sources(self.method)],
            "candidates": [repr(dict(c)) for c in self.method.candidates(samples.X, self.size)],
            "size": self.size,
            "seed": self.seed,
            "fold": self.fold,
            "budget": self.budget,
        }
        if self.modules:
            said["modules"] = [module.text for module in self.modules]
        text = json.dumps(said, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def run(self) -> Outcome:
        """Do it, with one thread of the numerical libraries.

        Raises
        ------
        ParameterError
            If the data on this machine are not those that the task was made for.
        BioplasticError
            Whatever data set and method refuse.
        """
        with (
            threadpoolctl.threadpool_limits(1),
            _watch_memory() as peak,
            warnings.catch_warnings(),
        ):
            # Numbers of passes are given: that a method could go on is no news.
            warnings.simplefilter("ignore", ConvergenceWarning)
            samples = self.problem.load()
            if samples.digest != self.digest:
                raise ParameterError(
                    f"problem {self.problem.name}: the data on this machine are not those of the "
                    f"study ({samples.digest[:8]} is not {self.digest[:8]}); copy the same files "
                    f"here"
                )
            return self._train_and_test(samples, peak)

    def _train_and_test(self, samples: Samples, peak: Callable[[], float]) -> Outcome:
        method, X, y = self.method, samples.X, samples.y
        train, test = self.problem.split(samples, self.fold, self.size)
        began = time.perf_counter()
        candidates = self._try(samples, train)
        scores = [candidate["score"] or 0.0 for candidate in candidates]
        # The first of those that are equally good.
        chosen = int(np.argmax(scores))
        settings = candidates[chosen]["settings"]
        times = [time.perf_counter()]
        model = method.make(X[train], self.size, settings, self.seed, trial=False)
        model.fit(X[train], y[train])
        times.append(time.perf_counter())
        built = build_seconds(model)
        answers = np.asarray(model.predict(X[test]), dtype=np.int64)
        times.append(time.perf_counter())
        choose, fit, predict = np.diff([began, *times]).tolist()
        learning, inference = method.workloads(model, X[train], X[test])
        return Outcome(
            problem=self.problem.name,
            method=method.name,
            size=self.size,
            seed=self.seed,
            fold=self.fold,
            classes=list(samples.classes),
            answers=answers,
            truth=y[test],
            samples=test,
            groups=self.problem.tested_groups(samples, test),
            n_train=len(train),
            candidates=[c | {"settings": _as_text(c["settings"])} for c in candidates],
            chosen=chosen,
            curve=method.curve(model),
            seconds={"choose": choose, "build": built, "fit": fit - built, "predict": predict},
            learning=learning,
            inference=inference,
            description=method.describe(model),
            exhibits=method.exhibits(model, X[test], samples.image_shape),
            versions=versions(method),
            peak_mb=peak(),
        )

    def _try(self, samples: Samples, train: Rows) -> list[dict[str, Any]]:
        """Score the candidates on validation samples, which are training samples."""
        X: Inputs = samples.X
        candidates = list(self.method.candidates(X[train], self.size))[: self.budget]
        if len(candidates) == 1:
            return [{"settings": candidates[0], "score": None, "seconds": 0.0}]
        learn, validate = self.problem.inner_split(samples, train, self.fold, self.seed)
        tried = []
        for settings in candidates:
            began = time.perf_counter()
            model = self.method.make(X[learn], self.size, settings, self.seed, trial=True)
            model.fit(X[learn], samples.y[learn])
            score = float(accuracy_score(samples.y[validate], model.predict(X[validate])))
            seconds = time.perf_counter() - began
            tried.append({"settings": settings, "score": score, "seconds": seconds})
        return tried


@dataclass(frozen=True)
class SentTask:
    """A task as it arrives in another process, which may not have the user's files yet.

    Parameters
    ----------
    modules : tuple of OwnModule
        The files.
    values : bytes
        The task's fields, pickled.
    """

    modules: tuple[OwnModule, ...]
    values: bytes = field(repr=False)

    def run(self) -> Outcome:
        """Run the files, and then the task.

        Raises
        ------
        ParameterError
            If a file cannot be run here.
        """
        for module in self.modules:
            module.ready()
        task = Task(**pickle.loads(self.values))
        return task.run()


def versions(method: Method | None = None) -> dict[str, str]:
    """Versions of Python and of the packages on which numbers depend."""
    needed = ("bioplastic", "brian2", "numpy", "scipy", "scikit-learn")
    names = [*needed, *(method.needs if method is not None else ())]
    found = {name: importlib.metadata.version(name) for name in names}
    return {"Python": platform.python_version(), **found}


def _sources(method: Method) -> list[str]:
    """Return the text of a method's functions, which may be changed between two calls."""
    texts = []
    kinds = type(method).__mro__[: type(method).__mro__.index(Method)]
    own = [f for kind in kinds for f in vars(kind).values() if inspect.isfunction(f)]
    # Also what it was given, such as what makes its network.
    given = [f for f in vars(method).values() if inspect.isfunction(f) or inspect.isclass(f)]
    for function in (*own, *given):
        # Typed into an interpreter, a function has none.
        with contextlib.suppress(OSError, TypeError):
            texts.append(inspect.getsource(function))
    return texts


def _as_text(settings: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: f"{value:g}" if isinstance(value, float) else str(value)
        for name, value in settings.items()
    }


@contextlib.contextmanager
def _watch_memory() -> Iterator[Callable[[], float]]:
    """Watch this process and its children; what is given tells the highest sum in MB so far."""
    own = psutil.Process()
    peak = _held(own)
    ended = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.1):
            peak = max(peak, _held(own))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield lambda: peak / 1e6
    finally:
        ended.set()
        watcher.join()


def _held(process: psutil.Process) -> int:
    held = int(process.memory_info().rss)
    for child in process.children(recursive=True):
        # A child may end while we look.
        with contextlib.suppress(psutil.Error):
            held += int(child.memory_info().rss)
    return held
