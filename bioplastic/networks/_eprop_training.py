"""Training by e-prop: epoch after epoch, each one run, until held-out samples say enough."""

import logging
import math
from collections.abc import Mapping
from typing import Any, Self

import joblib
import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit, StratifiedShuffleSplit
from sklearn.utils.validation import check_consistent_length
from tqdm.auto import tqdm

from bioplastic import engine as engines
from bioplastic._checks import check_choice, check_number, check_whole
from bioplastic.engine.engines import find_engine
from bioplastic.engine.program import Recorder
from bioplastic.engine.states import States
from bioplastic.errors import DataError, ParameterError
from bioplastic.networks import _checkpoints as checkpoints
from bioplastic.networks._eprop import LEARNED, EPropNetwork
from bioplastic.networks._samples import digest
from bioplastic.networks._trained_network import draw_entropy
from bioplastic.networks.eprop_network import FEEDBACKS, initial_weights
from bioplastic.networks.eprop_samples import Samples, make_stimulus, select
from bioplastic.spikes import SpikeTrains

__all__ = ["EPropTraining", "Ends", "mean_loss"]

logger = logging.getLogger(__name__)

LOSS = "error.loss"

type Ends = Mapping[str, States]


def mean_loss(ends: Ends) -> float:
    """Mean loss of samples that have been presented."""
    return float(ends["error.sample_loss"].values.sum(axis=(1, 2)).mean())


class EPropTraining(EPropNetwork):
    """Parent of the estimators that learn by e-prop."""

    #: variables that are recorded at the end of a training sample
    _ends: tuple[str, ...] = ()
    #: targets of the training samples, one of them: classes, which a split keeps in balance, or
    #: signals. No pickle should carry them.
    _labels: Any = None
    _target_signals: Any = None

    def _set_targets(
        self, samples: Samples, y: Any, classes: Any, *, fit: bool, first: bool
    ) -> int:
        """Check targets and keep them for the training; return the number of readouts."""
        raise NotImplementedError

    def _targets(self, rows: npt.NDArray[np.int64] | None = None) -> dict[str, Any]:
        """Targets of the training samples, or of some, for the stimulus."""
        raise NotImplementedError

    def _score(self, ends: Ends, rows: npt.NDArray[np.int64]) -> float:
        """Score of training samples, from what their ends have left."""
        raise NotImplementedError

    def _learn(
        self,
        X: Any,
        y: Any,
        method: str,
        *,
        classes: npt.ArrayLike | None = None,
        groups: npt.ArrayLike | None = None,
        recorder: Recorder | None = None,
    ) -> Self:
        """Check samples and targets, begin where nothing has been learned, and train."""
        fit = method == "fit"
        first = fit or not hasattr(self, "weights_")
        samples = self._samples(X, method, reset=first)
        n_outputs = self._set_targets(samples, y, classes, fit=fit, first=first)
        if first:
            self._begin(samples, n_outputs)
        n_epochs = int(self.n_epochs) if fit else 1
        self._fit(samples, groups, n_epochs=n_epochs, resume=fit, recorder=recorder)
        return self

    def _begin(self, samples: Samples, n_outputs: int) -> None:
        """Set everything that is learned to its initial value."""
        self._entropy = draw_entropy(self.random_state)
        self._takes_spikes = isinstance(samples, SpikeTrains)
        self._n_outputs = n_outputs
        self.network_ = self._declare(learning=True)
        feedback = check_choice(self, "feedback", FEEDBACKS)
        gains = tuple(
            check_number(self, f"{name}_gain", low=0)
            for name in ("input", "recurrent", "readout", "feedback")
        )
        self._state = {
            **self.network_.sample(self._stream("neurons")),
            **initial_weights(
                self.network_, self._stream("weights"), gains=gains, feedback=feedback
            ),
        }
        self.n_epochs_ = 0
        self._points: dict[str, list[float]] = {
            name: []
            for name in ("loss", "score", "spikes", "validation_loss", "validation_score")
            if name != "score" or self._ends
        }
        self._best: tuple[float, int, dict[str, npt.NDArray[np.float64]]] | None = None

    def _fit(
        self,
        samples: Samples,
        groups: npt.ArrayLike | None,
        *,
        n_epochs: int,
        resume: bool,
        recorder: Recorder | None,
    ) -> None:
        """Train until `n_epochs` are done, or the held-out samples say that it is enough."""
        first = self.n_epochs_
        if self.early_stopping and not resume:
            raise ParameterError(
                f"{type(self).__name__}.early_stopping: must be False for partial_fit, which knows "
                f"no end, got {self.early_stopping!r}"
            )
        learned, held_out = self._split(len(samples), groups)
        configuration: dict[str, Any] = {}
        if self.checkpoint is not None:
            configuration = self._configuration(samples, groups)
            if resume:
                self._resume(configuration)
        patience = check_whole(self, "n_iter_no_change", low=1)
        engine = find_engine(self.engine)
        # On a GPU a batch runs side by side. A recorder sees one sample after the other.
        together = engine.batches and recorder is None
        self._lanes = self.network_.schedule.batch_size if together else 1
        alone = together or recorder is not None
        n_jobs = 1 if alone else joblib.effective_n_jobs(self.n_jobs)
        self._n_threads = min(n_jobs, self.network_.schedule.batch_size)
        program = engines.open_program(
            self.network_,
            engine=self.engine,
            lanes=self._lanes,
            answers=self._declare(learning=False),
            progress=bool(self.verbose),
        )
        self.engine_ = {"name": engine.name, "dt": str(self.network_.schedule.dt)}
        self.timings_ = {"build": program.build_seconds, "simulate": 0.0}
        last = first + n_epochs
        try:
            while self.n_epochs_ < last:
                number = self.n_epochs_
                if self._best is not None and number - self._best[1] >= patience:
                    break
                order = self._order(learned, number)
                result = self._epoch(program, samples, order, number, last, recorder)
                for what in self.timings_:
                    self.timings_[what] += result.timings[what]
                self.engine_ = result.engine
                self._state = dict(result.state)
                if result.interrupted:
                    done = number and self.checkpoint is not None
                    kept = f"; {self.checkpoint} holds them" if done else ""
                    raise KeyboardInterrupt(
                        f"training stopped after {number} of {last} epochs{kept}"
                    )
                self.n_epochs_ = number + 1
                self._note(result, samples, order, held_out, last)
                if self.checkpoint is not None:
                    self._save(configuration)
        except KeyboardInterrupt:  # what was learned until then is kept
            self._finish()
            raise
        finally:
            for targets in ("_labels", "_target_signals"):
                self.__dict__.pop(targets, None)
        if self._best is not None:
            self._state |= self._best[2]
        self._finish()

    def _epoch(
        self,
        program: Any,
        samples: Samples,
        order: npt.NDArray[np.int64],
        number: int,
        last: int,
        recorder: Recorder | None,
    ) -> engines.Result:
        """Present every sample once, in one run."""
        rate = self._rate(number)
        rates = {
            f"{p.name}.learning_rate": np.array([rate])
            for p in self.network_.projections
            if p.rule is not None
        }
        self._state.pop(LOSS, None)  # a sum over one epoch
        return engines.run(
            self.network_,
            make_stimulus(
                self._augmented(samples, number), dt=self._dt, pool=self._pool, order=order,
                **self._targets(),
            ),
            seed=self._stream("noise"),
            state={**self._state, **rates},
            engine=self.engine,
            program=program,
            chunk_size=max(len(order), 1),
            record="counts" if recorder is not None else dict.fromkeys(self._ends, "end"),
            recorder=recorder,
            lanes=self._lanes,
            combine="sum" if self._lanes > 1 else None,
            n_threads=self._n_threads,
            description=f"epoch {number + 1}/{last}",
            progress=self._shows_bar,
        )  # fmt: skip

    def _augmented(self, samples: Samples, number: int) -> Samples:
        """Change every sample anew in each epoch."""
        if self.augmenter is None:
            return samples
        seed = int(self._stream("augmentation").generate_state(1)[0])
        changes = clone(self.augmenter).set_params(
            n_copies=1,
            include_original=False,
            random_state=int(np.random.default_rng([seed, number]).integers(2**31 - 1)),
        )
        return changes.fit_resample(samples)[0]  # type: ignore[no-any-return]

    def _rate(self, number: int) -> float:
        """Learning rate of an epoch."""
        rate = float(self.learning_rate)
        if self.schedule == "constant":
            return rate
        return 0.5 * rate * (1.0 + math.cos(math.pi * min(number / int(self.n_epochs), 1.0)))

    def _note(
        self,
        result: engines.Result,
        samples: Samples,
        order: npt.NDArray[np.int64],
        held_out: npt.NDArray[np.int64],
        last: int,
    ) -> None:
        """Add a point to the history, tell it, and keep the best weights."""
        n = len(result.counts)
        rates = result.counts.sum(axis=1)
        loss = float(result.state[LOSS].sum()) / n
        score = self._score(result.states, order) if result.states else np.nan
        points = {"loss": loss, "score": score, "spikes": float(rates.mean())}
        said = [f"epoch {self.n_epochs_}/{last}", f"loss {loss:.4f}"]
        said += [f"score {score:.3f}"] if np.isfinite(score) else []
        if len(held_out):
            held_loss, held_score = self._measure(samples, held_out)
            points |= {"validation_loss": held_loss, "validation_score": held_score}
            said += [f"held out: loss {held_loss:.4f}", f"score {held_score:.3f}"]
            if self._best is None or held_score > self._best[0]:
                weights = {k: v.copy() for k, v in self._state.items() if k.endswith(LEARNED)}
                self._best = held_score, self.n_epochs_, weights
        said.append(f"{points['spikes']:.0f} spikes a sample")
        for name, values in self._points.items():
            values.append(points.get(name, np.nan))
        logger.info(", ".join(said))
        if self.verbose:
            tqdm.write(", ".join(said))

    def _measure(self, samples: Samples, rows: npt.NDArray[np.int64]) -> tuple[float, float]:
        """Loss and score of held-out training samples."""
        shown = self._presentation(select(samples, rows), self._targets(rows))
        record = dict.fromkeys((*self._ends, "error.sample_loss"), "end")
        ends = self._answer(shown, record=record).states
        return mean_loss(ends), self._score(ends, rows)

    def _split(
        self, n: int, groups: npt.ArrayLike | None
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Rows to learn, and rows to hold out for early stopping."""
        if not self.early_stopping:
            return np.arange(n), np.zeros(0, dtype=np.int64)
        share = check_number(self, "validation_fraction", low=1e-9, high=1 - 1e-9)
        seed = int(self._stream("validation").generate_state(1)[0] % 2**31)
        splitter: Any = ShuffleSplit if self._labels is None else StratifiedShuffleSplit
        try:
            if groups is not None:
                check_consistent_length(np.zeros(n), groups)
                splitter = GroupShuffleSplit
            folds = splitter(n_splits=1, test_size=share, random_state=seed)
            learned, held_out = next(folds.split(np.zeros(n), self._labels, groups))
        except ValueError as error:
            raise DataError(
                f"{type(self).__name__}.early_stopping: these samples cannot be split: {error}"
            ) from error
        return learned, held_out

    def _finish(self) -> None:
        """Set what a fitted estimator has."""
        self.weights_ = {}
        for projection in self.network_.projections:
            if projection.weight is None:
                name = projection.name
                shape = [self.network_.population(p).n for p in (projection.pre, projection.post)]
                w = self._state[f"{name}.w"].copy()
                self.weights_[name] = w if projection.wiring == "one_to_one" else w.reshape(shape)
        self.history_ = {name: np.array(v) for name, v in self._points.items()}

    # ------------------------------------------------------------------ checkpoint

    def _configuration(self, samples: Samples, groups: npt.ArrayLike | None) -> dict[str, Any]:
        left_out = {"n_iter_no_change"}
        if self.schedule == "constant":  # a longer training goes on where a shorter one ended
            left_out.add("n_epochs")
        data = [samples, *self._targets().values()]
        if self.early_stopping and groups is not None:  # they decide what is held out
            data.append(np.frombuffer(repr(np.asarray(groups).tolist()).encode(), dtype=np.uint8))
        return checkpoints.configuration_of(
            self, self.network_, data=digest(*data), left_out=frozenset(left_out)
        )

    def _save(self, configuration: dict[str, Any]) -> None:
        best: Any = self._best or ({},)  # score, epoch, weights
        groups = {"history": self._points, "best": best[-1]}
        checkpoints.save(self, configuration, groups, best=best[:-1], n_epochs=self.n_epochs_)

    def _resume(self, configuration: dict[str, Any]) -> None:
        arrays = checkpoints.restore(
            self, configuration, counter="n_epochs", wanted=int(self.n_epochs), unit="epochs"
        )
        if arrays is None:
            return
        self.n_epochs_ = int(arrays["n_epochs"])
        history = checkpoints.group(arrays, "history")
        self._points = {name: history[name].tolist() for name in self._points}
        if len(arrays["best"]):
            score, epoch = arrays["best"]
            self._best = float(score), int(epoch), checkpoints.group(arrays, "best")
