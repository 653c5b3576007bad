"""What e-prop begins with, shows and notes in each epoch, and when it is enough."""

import math
from collections.abc import Mapping
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
from sklearn.base import clone

from bioplastic._checks import check_whole
from bioplastic.engine.engines import find_engine
from bioplastic.engine.program import Recorder
from bioplastic.engine.result import Result
from bioplastic.engine.states import States
from bioplastic.engine.stimulus import Stimulus
from bioplastic.errors import ParameterError
from bioplastic.models import Network
from bioplastic.networks._eprop import LEARNED, EPropNetwork
from bioplastic.networks._trained_network import Points, State
from bioplastic.networks.eprop_network import FEEDBACKS, initial_weights
from bioplastic.networks.eprop_samples import Samples, make_stimulus
from bioplastic.networks.eprop_settings import gains_of
from bioplastic.spikes import SpikeTrains

LOSS = "error.loss"

type Ends = Mapping[str, States]


def mean_loss(ends: Ends) -> float:
    """Mean loss of samples that have been presented."""
    return float(ends["error.sample_loss"].values.sum(axis=(1, 2)).mean())


class EPropTraining(EPropNetwork):
    """Parent of the estimators that learn by e-prop."""

    _by_epoch = True
    _beside = ("loss", "score", "spikes")
    #: variables that are recorded at the end of a training sample
    _ends: tuple[str, ...] = ()

    def _shown_targets(self, targets: Any) -> dict[str, Any]:
        """Targets of samples, for the stimulus."""
        raise NotImplementedError

    def _score(self, ends: Ends, targets: Any) -> float:
        """Score of samples, from what their ends have left."""
        raise NotImplementedError

    @property
    def _extends(self) -> frozenset[str]:  # type: ignore[override]
        # A longer training goes on where a shorter one was cut short.
        longer = {"n_epochs"} if self._constant("schedule", "constant") == "constant" else set()
        return frozenset({"n_iter_no_change"} | longer)

    def _learned_from(self, targets: Any) -> tuple[Any, ...]:
        return (targets,)

    def _begin(self, samples: Samples) -> None:
        if self.n_iter_no_change is not None:
            check_whole(self, "n_iter_no_change", low=1)
            if self.validation_fraction is None:
                raise ParameterError(
                    f"{type(self).__name__}.n_iter_no_change: must be None without held-out "
                    f"samples, got {self.n_iter_no_change}; give a validation_fraction"
                )
        self._takes_spikes = isinstance(samples, SpikeTrains)
        self.network_ = self._declare(learning=True)
        weights = initial_weights(
            self.network_,
            self._stream("weights"),
            gains=gains_of(self),
            feedback=self._constant("feedback", FEEDBACKS[0]),
        )
        self._state = self.network_.sample(self._stream("neurons")) | weights

    def _learning(self, recorder: Recorder | None) -> tuple[Network, dict[str, Any]]:
        # On a GPU a batch runs side by side. A recorder sees one sample after the other.
        batch_size = self.network_.schedule.batch_size
        together = find_engine(self.engine).batches and recorder is None
        lanes = batch_size if together else 1
        alone = together or recorder is not None
        n_jobs = 1 if alone else joblib.effective_n_jobs(self.n_jobs)
        return self.network_, {
            "lanes": lanes,
            "combine": "sum" if lanes > 1 else None,
            "n_threads": min(n_jobs, batch_size),
            "record": dict.fromkeys(self._ends, "end") if recorder is None else "counts",
        }

    def _answering(self) -> Network:
        return self._declare(learning=False)

    def _stimulus(self, samples: Samples, targets: Any, *, first: int, epochs: range) -> Stimulus:
        number = epochs.start
        return make_stimulus(
            self._augmented(samples, number),
            dt=self._dt,
            pool=self._pool,
            order=self._order(len(samples), number),
            **self._shown_targets(targets),
        )

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

    def _given(self, epoch: int) -> dict[str, npt.NDArray[np.float64]]:
        """Learning rate of an epoch, and a loss that is a sum over one epoch."""
        rate = float(self._declaration("optimizer").learning_rate)
        if self._constant("schedule", "constant") != "constant":
            rate *= 0.5 * (1.0 + math.cos(math.pi * min(epoch / int(self.n_epochs), 1.0)))
        learning = [p.name for p in self.network_.projections if p.rule is not None]
        rates = {f"{name}.learning_rate": np.array([rate]) for name in learning}
        return {LOSS: np.zeros(1)} | rates

    def _note(self, result: Result, before: State, targets: Any) -> Points:
        points = {"loss": float(result.state[LOSS].sum()) / len(result.counts)}
        if self._ends:
            known = bool(result.states)
            points["score"] = self._score(result.states, targets) if known else np.nan
        return points | {"spikes": float(result.counts.sum(axis=1).mean())}

    def _measure(self, samples: Samples, targets: Any) -> Points:
        shown = self._presentation(samples, self._shown_targets(targets))
        record = dict.fromkeys((*self._ends, "error.sample_loss"), "end")
        ends = self._answer(shown, record=record, progress=False).states
        score = self._score(ends, targets)
        stops = self.n_iter_no_change is not None
        if stops and (not self._best or score > self._best["score"]):
            weights = {k: v.copy() for k, v in self._state.items() if k.endswith(LEARNED)}
            found = {"score": np.array(score), "epoch": np.array(self.n_epochs_)}
            self._best = found | weights
        return {"validation_loss": mean_loss(ends), "validation_score": score}

    def _is_enough(self) -> bool:
        since = self.n_epochs_ - int(self._best["epoch"]) if self._best else 0
        return bool(self._best) and since >= (self.n_iter_no_change or np.inf)

    def _finish(self) -> None:
        super()._finish()
        self.weights_ = {}
        for projection in self.network_.projections:
            if projection.weight is None:
                name = projection.name
                shape = [self.network_.population(p).n for p in (projection.pre, projection.post)]
                w = self._state[f"{name}.w"].copy()
                self.weights_[name] = w if projection.wiring == "one_to_one" else w.reshape(shape)

    def _conclude(self, samples: Samples, targets: Any, *, fit: bool) -> None:
        if self._best:
            best = {k: v for k, v in self._best.items() if k.endswith(LEARNED)}
            self._state = self._state | best
            self._best = {}
            self._finish()
