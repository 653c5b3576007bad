"""The one loop by which every estimator trains: order, chunks, checkpoint, Ctrl-C, progress."""

import itertools
import logging
import time
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.utils import check_random_state
from tqdm.auto import tqdm

from bioplastic import engine as engines
from bioplastic._checks import check_known_classes, check_labels
from bioplastic.engine.engines import find_engine
from bioplastic.engine.program import ChunkResult, Recorder, deferred_interrupt
from bioplastic.errors import ParameterError
from bioplastic.networks._callbacks import Callback, Callbacks, CallbackSupport, with_callbacks
from bioplastic.networks._checkpoints import TrainingFile
from bioplastic.networks._samples import hold_out
from bioplastic.networks._trained_network import Points, TrainedNetwork
from bioplastic.readout._trains import select

logger = logging.getLogger(__name__)

#: Fewest and most samples from one point of the history to the next, within an epoch or beyond.
SIZES = 100, 1000


class Trainer(CallbackSupport, TrainedNetwork):
    """Parent of the estimators that train: they say what they learn, this is how."""

    def fit(
        self,
        X: Any,
        y: Any = None,
        groups: npt.ArrayLike | None = None,
        *,
        recorder: Recorder | None = None,
        callback: Callback | None = None,
    ) -> Self:
        """Train on samples, `n_epochs` times on each.

        Parameters
        ----------
        X : SpikeTrains, or array_like of shape (n_samples, n_features)
            Spikes, whose samples may differ in length, or numbers. The estimators that learn by
            e-prop also take numbers of every time step, of shape (n_samples, n_steps, n_features)
            or a sequence of arrays of shape (n_steps, n_features); of what is not negative the
            others take arrays, and liquids take spikes alone.
        y : array_like of shape (n_samples,)
            Labels of any kind for a classifier. For :class:`EPropRegressor` numbers, also several
            for each sample, of shape (n_samples, n_outputs), or signals of shape (n_samples,
            n_steps, n_outputs) or a sequence of arrays of shape (n_steps, n_outputs). Networks that
            learn without labels ignore it.
        groups : array_like of shape (n_samples,), optional
            For example speakers: `validation_fraction` holds out whole groups.
        recorder : Recorder, optional
            Watches the training, see :class:`bioplastic.inspect.PlasticityRecorder`.
        callback : callable, optional
            Called as ``callback(model, point)`` after every point of `history_`: each epoch with
            e-prop, else some thirty times and at least every 1,000 samples. `model` is a copy of
            the estimator that can answer, `point` a dict of what was noted. Training ends where it
            returns something true.

        Returns
        -------
        self : estimator
        """
        return self._learn(X, y, "fit", groups=groups, recorder=recorder, callback=callback)

    def partial_fit(
        self,
        X: Any,
        y: Any = None,
        classes: npt.ArrayLike | None = None,
        *,
        recorder: Recorder | None = None,
        callback: Callback | None = None,
    ) -> Self:
        """Present the samples once, going on from what was learned before.

        Parameters
        ----------
        X : SpikeTrains or array_like
            As in `fit`; scaled like the data of the first call.
        y : array_like
            As in `fit`.
        classes : array_like of shape (n_classes,), optional
            All labels that will ever come; a classifier needs them in the first call.
        recorder, callback : optional
            As in `fit`.

        Returns
        -------
        self : estimator
        """
        return self._learn(
            X, y, "partial_fit", classes=classes, recorder=recorder, callback=callback
        )

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
        callback: Callback | None = None,
    ) -> Self:
        """Check samples and targets, begin where nothing has been learned, and train.

        An error leaves the estimator as it was before, and so does Ctrl-C before anything was
        learned. What was learned until Ctrl-C is kept, and nothing of an earlier `fit` beside it.
        """
        fit = method == "fit"
        if callback is not None and not callable(callback):
            raise ParameterError(
                f"{type(self).__name__}.{method}: callback must be callable as "
                f"callback(model, point), got {callback!r}"
            )
        callbacks = Callbacks(self, X, y, callback, fit=fit)
        before = dict(vars(self))
        first = not hasattr(self, "network_") or (fit and not self.warm_start)
        learned = 0 if first else self._n_learned
        if first:
            fitted = [n for n in before if n.endswith("_") and not n.startswith("_")]
            for name in [*fitted, "_n_learned", "_responses"]:
                self.__dict__.pop(name, None)
        try:
            samples = self._samples(X, method, reset=first)
            targets = self._targets(samples, y, classes, fit=fit, first=first)
            if first:
                self._set_out(samples)
            file = None
            if fit and self._learns and self.checkpoint is not None:
                file = TrainingFile(self, samples, targets, groups)
                file.resume(self)
            held_out = None
            if fit and self._learns and self.validation_fraction is not None:
                rows, others = hold_out(self, targets, groups, n=len(samples))
                held_out = select(samples, others), select(targets, others)
                samples, targets = select(samples, rows), select(targets, rows)
            if self._learns:
                self._train(samples, targets, held_out, callbacks, file, recorder, fit=fit)
            elif recorder is not None:
                raise ParameterError(
                    f"{type(self).__name__}.{method}: recorder must be None for a network that "
                    f"learns nothing, got {recorder!r}; give it a rule"
                )
            self._finish()
            self._conclude(samples, targets, fit=fit)
            callbacks.end_fit(lambda: self._ended(samples, targets))
        except BaseException as error:
            n_learned = vars(self).get("_n_learned", 0)
            if isinstance(error, KeyboardInterrupt) and n_learned > learned:
                self._finish()
            else:
                self.__dict__.clear()
                self.__dict__.update(before)
            raise
        if file is not None:
            file.done()
        return self

    def _set_out(self, samples: Any) -> None:
        """Set everything that is learned to its initial value."""
        words = check_random_state(self.random_state).randint(0, 2**31 - 1, size=4)
        self._entropy = [int(word) for word in words]
        self._points, self._best = {}, {}
        self._n_learned = self._n_rows = self.n_epochs_ = self.n_presentations_ = 0
        self._begin(samples)

    def _ended(self, samples: Any, targets: Any) -> dict[str, Any]:
        """Return the attributes of an estimator whose `fit` had ended now."""
        twin = self._so_far()
        twin._conclude(samples, targets, fit=True)
        return dict(vars(twin))

    def _train(
        self,
        samples: Any,
        targets: Any,
        held_out: tuple[Any, Any] | None,
        callbacks: Callbacks,
        file: TrainingFile | None,
        recorder: Recorder | None,
        *,
        fit: bool,
    ) -> None:
        """Present every sample as often as there are epochs still to come, once in `partial_fit`.

        Each part of the training, from one point of the history to the next, is one run.
        """
        n, n_epochs = len(samples), self._n_epochs_wanted() if fit else 1
        same = self._n_rows in (0, n) and self._n_learned // n == self.n_epochs_
        self._n_rows = n if same else -1
        # Epochs are counted on; where all had these samples, an interrupted one is completed.
        done, number = (self._n_learned, 0) if fit and same else (0, self.n_epochs_)
        first, total = self._n_learned - done, n * n_epochs
        if fit and not same:
            total -= n * number
        if not 0 <= done <= total:
            raise ParameterError(
                f"{type(self).__name__}.n_epochs: must be at least the {self._n_learned / n:.3g} "
                f"epochs that were learned, got {n_epochs}; raise it, or set warm_start=False"
            )
        if not fit:  # what an interrupted `fit` found best is no end of this training
            self._best = {}
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
        by_epochs = self._by_epoch or lanes > 1 or callbacks.of_epochs
        ends = [k for k in range(n, total, n) if by_epochs and k > done]
        # some thirty points of history, a checkpoint every few seconds to a minute
        together, size = lanes * options.get("n_threads", 1), int(np.clip(total // 30, *SIZES))
        size = n if self._by_epoch else max(size // together, 1) * together
        edges = [
            edge
            for begin, end in itertools.pairwise([done, *ends, total])
            for edge in range(begin, end, size)
        ]
        shown = {"desc": "training", "unit": "sample", "disable": not self.verbose}
        # Ctrl-C waits for the end of a sample, and for what is noted and saved after it.
        with tqdm(total=total, initial=done, **shown) as bar, deferred_interrupt() as asked:
            for begin, end in itertools.pairwise([*edges, total]):
                if self._is_enough():
                    break
                begun, before = time.perf_counter(), self._state
                if begin == done or begin % n == 0:
                    callbacks.begin_epoch()
                offset, last = (begin // n * n, end) if self._by_epoch else (0, total)
                epochs = range(number + offset // n, number + last // n)
                if self._by_epoch or begin == done:
                    stimulus = self._stimulus(samples, targets, first=first + offset, epochs=epochs)

                def on_chunk(position: int, chunk: ChunkResult, offset: int = offset) -> None:
                    self._state = self._state | chunk.state
                    self._n_learned = first + offset + position
                    self.n_epochs_ = number + (offset + position) // n
                    self.n_presentations_ += len(chunk.log)

                result = engines.run(
                    network,
                    stimulus,
                    seed=self._stream("noise"),
                    state=self._state | self._given(epochs.start),
                    engine=self.engine,
                    program=program,
                    start=begin - offset,
                    stop=end - offset,
                    chunk_size=size,
                    on_chunk=on_chunk,
                    recorder=recorder,
                    progress=bar,
                    interrupted=asked,
                    **{"record": "nothing"} | options,
                )
                self._state, self.engine_ = dict(result.state), result.engine
                seconds = time.perf_counter() - begun
                for what in ("build", "simulate"):
                    self.timings_[what] += result.timings[what]
                    seconds -= result.timings[what]
                self.timings_["read"] += max(seconds, 0.0)
                position = offset + result.n_done
                points: Points = {}
                if position == end or (len(result.repeats) and not self._by_epoch):
                    order = np.asarray(stimulus.order)[begin - offset : result.n_done]
                    points = self._note(result, before, select(targets, order))
                    if held_out is not None and not asked():
                        points |= self._measure(*held_out)
                    self._tell(bar, points, position / n)
                    if file is not None:
                        file.save(self)
                if asked():
                    held = (
                        f"; {file.path} holds {file.saved} of them" if file and file.saved else ""
                    )
                    raise KeyboardInterrupt(
                        f"training stopped after {position} of {total} samples{held}"
                    )
                function = callbacks.function
                enough = function is not None and bool(function(self._so_far(), points))
                if end % n == 0:
                    enough |= callbacks.end_epoch(lambda: self._ended(samples, targets))
                if enough:
                    break

    def _tell(self, bar: tqdm, points: Points, epochs: float) -> None:
        """Add a point to the history, and show it, after so many epochs of this call."""
        n = max(map(len, self._points.values()), default=0)
        # A list is never changed: after an error there is the earlier history.
        self._points = {
            name: [*self._points.get(name, [np.nan] * n), points.get(name, np.nan)]
            for name in self._points | points
        }
        beside = (*self._beside, *(name for name in points if name.startswith("validation")))
        numbers = {name: points.get(name, np.nan) for name in beside}
        said = {name: f"{value:.4g}" for name, value in numbers.items() if np.isfinite(value)}
        bar.set_postfix(said)
        line = ", ".join(f"{name} {value}" for name, value in said.items())
        line = f"epoch {epochs:.3g}, {line}"
        logger.info(line)
        if self.verbose > 1:
            tqdm.write(line)


class ClassTrainer(ClassifierMixin):
    """What a `Trainer` has beside it that learns from labels."""

    classes_: npt.NDArray[Any]

    def _targets(self, samples: Any, y: Any, classes: Any, *, fit: bool, first: bool) -> Any:
        """Check labels; return their places in `classes_`."""
        labels = check_labels(self, samples, y)
        self.classes_ = (
            np.unique(labels)
            if fit and first
            else check_known_classes(self, labels, classes, first=first)
        )
        return np.searchsorted(self.classes_, labels)
