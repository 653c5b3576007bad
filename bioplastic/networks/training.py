"""The one loop by which every estimator trains: order, chunks, checkpoint, Ctrl-C, progress."""

import contextlib
import copy
import glob
import hashlib
import itertools
import json
import logging
import time
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.utils import check_random_state
from tqdm.auto import tqdm

from bioplastic import engine as engines
from bioplastic._checks import check_known_classes, check_labels
from bioplastic.engine.checkpoint import describe, load_checkpoint, save_checkpoint
from bioplastic.engine.engines import find_engine, resolve_engine
from bioplastic.engine.program import ChunkResult, Recorder
from bioplastic.errors import CheckpointError, ParameterError
from bioplastic.models.declaration import written_out
from bioplastic.networks._callbacks import CallbackSupport, Epochs, with_callbacks
from bioplastic.networks._samples import digest
from bioplastic.networks._trained_network import Points, TrainedNetwork

__all__ = ["ClassTrainer", "Trainer", "checkpoints_kept"]

logger = logging.getLogger(__name__)

#: Parameters that change nothing of what is learned, and those that have an entry of their own.
_FREE = frozenset({"checkpoint", "engine", "n_jobs", "random_state", "verbose"})

#: Checkpoints whose training is done, but not what it is for.
_kept: ContextVar[list[Path] | None] = ContextVar("kept", default=None)


@contextlib.contextmanager
def checkpoints_kept() -> Iterator[None]:
    """Keep checkpoints beyond their `fit`, until the block ends without an error."""
    kept: list[Path] = []
    token = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(token)
    for path in kept:
        _remove(path)


def _remove(path: Path) -> None:
    """Remove a checkpoint, and what was being written when a process was killed."""
    for file in (path, *path.parent.glob(f".{glob.escape(path.name)}.*")):
        file.unlink(missing_ok=True)


class Trainer(CallbackSupport, TrainedNetwork):
    """Parent of the estimators that train: they say what they learn, this is how."""

    def partial_fit(self, X: Any, y: Any = None, *, recorder: Recorder | None = None) -> Self:
        """Present the samples once, going on from what was learned before.

        Parameters
        ----------
        X : SpikeTrains or array_like
            As in `fit`; scaled like the data of the first call.
        y : array_like
            As in `fit`.
        recorder : Recorder, optional
            Watches the training, as in `fit`.

        Returns
        -------
        self : estimator
        """
        return self._learn(X, y, "partial_fit", recorder=recorder)

    @with_callbacks
    def _learn(
        self,
        X: Any,
        y: Any,
        method: str,
        *,
        classes: Any = None,
        groups: Any = None,
        recorder: Recorder | None = None,
    ) -> Self:
        """Check samples and targets, begin where nothing has been learned, and train.

        An error leaves the estimator as it was before, and so does Ctrl-C before anything was
        learned. What was learned until Ctrl-C is kept, and nothing of an earlier `fit` beside it.
        """
        fit = method == "fit"
        epochs = Epochs(self, X, y, lambda: self._so_far(samples, targets)) if fit else None
        before = dict(vars(self))
        first = fit or not hasattr(self, "network_")
        learned = 0 if first else self._n_learned
        if first:
            fitted = [n for n in before if n.endswith("_") and not n.startswith("_")]
            for name in [*fitted, "_n_learned"]:
                self.__dict__.pop(name, None)
        try:
            samples = self._samples(X, method, reset=first)
            targets = self._targets(samples, y, classes, fit=fit, first=first)
            if first:
                self._set_out(samples, targets)
            path = None
            if self._learns:
                path = self._train(samples, targets, groups, epochs, recorder)
            elif recorder is not None:
                raise ParameterError(
                    f"{type(self).__name__}.{method}: recorder must be None for a network that "
                    f"learns nothing, got {recorder!r}; give it a rule"
                )
            self._finish()
            self._conclude(samples, targets)
            if epochs is not None:
                epochs.end_fit()
        except BaseException as error:
            n_learned = vars(self).get("_n_learned", 0)
            if isinstance(error, KeyboardInterrupt) and n_learned > learned:
                self._finish()
            else:
                self.__dict__.clear()
                self.__dict__.update(before)
            raise
        if path is not None:
            kept = _kept.get()
            _remove(path) if kept is None else kept.append(path)
        return self

    def _set_out(self, samples: Any, targets: Any) -> None:
        """Set everything that is learned to its initial value."""
        words = check_random_state(self.random_state).randint(0, 2**31 - 1, size=4)
        self._entropy = [int(word) for word in words]
        self._points, self._best = {}, {}
        self._n_learned = self.n_epochs_ = self.n_presentations_ = 0
        self._begin(samples, targets)

    def _so_far(self, samples: Any, targets: Any) -> dict[str, Any]:
        """Return the attributes of an estimator whose training had ended now."""
        twin = copy.copy(self)
        twin._finish()
        twin._conclude(samples, targets)
        return twin.__dict__

    def _train(
        self,
        samples: Any,
        targets: Any,
        groups: Any,
        tasks: Epochs | None,
        recorder: Recorder | None,
    ) -> Path | None:
        """Present every sample as often as there are epochs; return where a checkpoint lies.

        Without `tasks` to be told of, that is a `partial_fit`: once.
        """
        fit, told = tasks is not None, tasks is not None and tasks.wanted
        path, configuration, saved = None, {}, 0
        if fit and self.checkpoint is not None:
            data = digest(samples, *self._learned_from(targets, groups))
            configuration = self._configuration(data)
            path = self._path(configuration)
            saved = self._resume(path, configuration)
        rows, held_out = self._split(len(samples), targets, groups, fit=fit)
        n, n_epochs = len(rows), self._n_epochs_wanted() if fit else 1
        total = n * n_epochs
        if saved > total:
            raise CheckpointError(
                f"checkpoint: {path} holds {self.n_epochs_} epochs, this training has {n_epochs}; "
                f"raise n_epochs or choose another file"
            )
        done, number = (self._n_learned, 0) if fit else (0, self.n_epochs_)
        if not fit:  # what an interrupted `fit` found best is no end of this training
            self._best = {}
        first = self._n_learned - done
        network, options = self._learning(recorder)
        lanes = options.get("lanes", 1)
        program = engines.open_program(
            network,
            engine=self.engine,
            lanes=lanes,
            answers=self._answering(),
            progress=bool(self.verbose),
        )
        self.engine_ = {"name": find_engine(self.engine).name, "dt": str(network.schedule.dt)}
        self.timings_ = {"build": program.build_seconds, "simulate": 0.0, "read": 0.0}
        # Batches do not reach from one epoch into the next, which another call may present.
        epochs_end = range(n, total, n) if self._by_epoch or lanes > 1 or told else range(0)
        edges = [done, *(edge for edge in epochs_end if edge > done), total]
        with self._bar(total, done) as bar:
            for begin, end in itertools.pairwise(edges):
                if begin == end or self._is_enough():
                    break
                begun = time.perf_counter()
                if tasks is not None:
                    tasks.begin()
                offset, last = (begin, end) if self._by_epoch else (0, total)
                epochs = range(number + offset // n, number + last // n)

                def on_chunk(position: int, chunk: ChunkResult, offset: int = offset) -> None:
                    nonlocal saved
                    before, self._state = self._state, self._state | chunk.state
                    self._n_learned = first + offset + position
                    self.n_epochs_ = number + (offset + position) // n
                    self.n_presentations_ += len(chunk.log)
                    if len(chunk.log) and not self._by_epoch:
                        self._tell(bar, self._note(chunk, before), (offset + position) / n)
                        saved = self._save(path, configuration)

                stimulus = self._stimulus(
                    samples, targets, rows, first=first + offset, epochs=epochs
                )
                result = engines.run(
                    network,
                    stimulus,
                    seed=self._stream("noise"),
                    state=self._state | self._given(epochs.start),
                    engine=self.engine,
                    program=program,
                    start=begin - offset,
                    stop=end - offset,
                    # some thirty points of history, a checkpoint every few seconds to a minute
                    chunk_size=n if self._by_epoch else int(np.clip(total // 30, 100, 1000)),
                    on_chunk=on_chunk,
                    recorder=recorder,
                    progress=bar,
                    **{"record": "nothing"} | options,
                )
                self._state, self.engine_ = dict(result.state), result.engine
                seconds = time.perf_counter() - begun
                for what in ("build", "simulate"):
                    self.timings_[what] += result.timings[what]
                    seconds -= result.timings[what]
                self.timings_["read"] += max(seconds, 0.0)
                if self._by_epoch and result.n_done == n:
                    order: Any = stimulus.order
                    points = self._note_epoch(result, samples, targets, order, held_out)
                    self._tell(bar, points, end / n)
                    saved = self._save(path, configuration)
                if result.interrupted:
                    held = f"; {path} holds {saved} of them" if saved else ""
                    raise KeyboardInterrupt(
                        f"training stopped after {offset + result.n_done} of {total} samples{held}"
                    )
                if tasks is not None and tasks.end():
                    break
        return path

    def _bar(self, total: int, done: int) -> tqdm:
        return tqdm(
            total=total, initial=done, desc="training", unit="sample", disable=not self.verbose
        )

    def _tell(self, bar: tqdm, points: Points, epochs: float) -> None:
        """Add a point to the history, and show it, after so many epochs of this call."""
        # A list is never changed: after an error there is the earlier history.
        self._points = {name: [*self._points.get(name, []), points[name]] for name in points}
        numbers = {name: points.get(name, np.nan) for name in self._beside}
        said = {name: f"{value:.4g}" for name, value in numbers.items() if np.isfinite(value)}
        bar.set_postfix(said)
        line = ", ".join(f"{name} {value}" for name, value in said.items())
        line = f"epoch {epochs:.3g}, {line}"
        logger.info(line)
        if self.verbose > 1:
            tqdm.write(line)

    # ------------------------------------------------------------------ checkpoint

    def _configuration(self, data: str) -> dict[str, Any]:
        """Collect what a training follows from: the defaults of this release are part of it."""
        seed, free = self.random_state, _FREE | self._extends
        return {
            **{k: written_out(v) for k, v in self.get_params().items() if k not in free},
            **describe(self._learning(None)[0]),
            **self._constants(),
            "random_state": seed if seed is None else repr(seed),
            "engine": resolve_engine(self.engine),
            "data": data,
        }

    def _path(self, configuration: dict[str, Any]) -> Path:
        path = Path(self.checkpoint)
        if path.is_dir():  # a file for each training
            text = json.dumps(configuration, sort_keys=True).encode()
            path /= f"{hashlib.blake2b(text, digest_size=8).hexdigest()}.npz"
        return path

    def _save(self, path: Path | None, configuration: dict[str, Any]) -> int:
        """Write a checkpoint where one is wanted; return how many samples it holds."""
        if path is None:
            return 0
        groups: dict[str, dict[str, Any]] = {
            "state": self._state,
            "history": self._points,
            "best": self._best,
        }
        arrays = {
            f"{group}.{name}": np.asarray(value)
            for group, values in groups.items()
            for name, value in values.items()
        }
        counters = np.array([self._n_learned, self.n_epochs_, self.n_presentations_])
        arrays |= {"entropy": np.array(self._entropy), "counters": counters}
        save_checkpoint(path, arrays=arrays, configuration=configuration)
        return self._n_learned

    def _resume(self, path: Path, configuration: dict[str, Any]) -> int:
        """Go on from a checkpoint, if there is one; return how many samples it holds."""
        arrays = load_checkpoint(path, configuration=configuration)
        if arrays is None:
            return 0
        groups: dict[str, dict[str, Any]] = {"state": {}, "history": {}, "best": {}}
        for key, values in arrays.items():
            group, _, name = key.partition(".")
            if name:
                groups[group][name] = values
        counters = (int(n) for n in arrays["counters"])
        self._n_learned, self.n_epochs_, self.n_presentations_ = counters
        self._entropy = [int(word) for word in arrays["entropy"]]
        self._state, self._best = groups["state"], groups["best"]
        self._points = {name: list(values) for name, values in groups["history"].items()}
        logger.info("resumed from %s after %d samples", path, self._n_learned)
        return self._n_learned


class ClassTrainer(ClassifierMixin):
    """What a `Trainer` has beside it that learns from labels."""

    classes_: npt.NDArray[Any]

    def partial_fit(
        self: Any,
        X: Any,
        y: Any = None,
        classes: npt.ArrayLike | None = None,
        *,
        recorder: Recorder | None = None,
    ) -> Any:
        """Present the samples once, going on from what was learned before.

        Parameters
        ----------
        X : SpikeTrains or array_like
            As in `fit`; scaled like the data of the first call.
        y : array_like of shape (n_samples,)
            Labels.
        classes : array_like of shape (n_classes,), optional
            All labels that will ever come; needed in the first call.
        recorder : Recorder, optional
            Watches the training, as in `fit`.

        Returns
        -------
        self : estimator
        """
        return self._learn(X, y, "partial_fit", classes=classes, recorder=recorder)

    def _targets(self, samples: Any, y: Any, classes: Any, *, fit: bool, first: bool) -> Any:
        """Check labels; return their places in `classes_`."""
        labels = check_labels(self, samples, y)
        self.classes_ = (
            np.unique(labels) if fit else check_known_classes(self, labels, classes, first=first)
        )
        return np.searchsorted(self.classes_, labels)
