"""What Diehl & Cook's network begins with, notes of its training, and ends with."""

from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic.engine import Result
from bioplastic.engine.program import Recorder
from bioplastic.models import Network
from bioplastic.networks._rate_network import RateNetwork
from bioplastic.networks._samples import Samples
from bioplastic.networks._trained_network import Points, State
from bioplastic.networks.diehl_cook_settings import batched, declare

__all__ = ["DiehlCookTraining"]

WEIGHTS, THETA = "input_to_excitatory.w", "excitatory.theta"
#: Where synapses with delays are a list.
LIST = "input_to_excitatory.i", "input_to_excitatory.j", "input_to_excitatory.delay"
#: Edges of the history's histograms: weights are from 0 to 1.
BINS = np.linspace(0.0, 1.0, 51)


class DiehlCookTraining(RateNetwork):
    """Parent of the estimators that train Diehl & Cook's network."""

    _learned = WEIGHTS, THETA
    #: set when a training begins
    rate_max_: float
    _n_epochs_fitted: int
    _purposes = ("weights", "noise", "order", "answers", "delays", "validation")
    _beside = ("spikes", "weight_change")

    def _rate_scale(self) -> float:
        if self._takes_spikes:
            return 1.0
        return self.rate_max_ / self.x_max_ if self.x_max_ > 0 else 0.0

    def _n_epochs_wanted(self) -> int:
        return self._n_epochs_fitted if self.n_epochs is None else super()._n_epochs_wanted()

    def _begin(self, samples: Samples) -> None:
        self._set_scale(samples)
        self.network_, fitted = declare(self, samples)
        for name, value in fitted.items():
            setattr(self, name, value)
        size = samples.shape[1] * int(self.n_neurons)
        # (rand + 0.01)*0.3, as in the authors' script
        weights = (np.random.default_rng(self._stream("weights")).random(size) + 0.01) * 0.3
        self._state = {}
        if self.network_.projections[0].delayed:
            drawn = self.network_.sample(self._stream("delays"))
            self._state = {name: drawn[name] for name in LIST}
        self._state[WEIGHTS] = weights[self._places()]

    def _learning(self, recorder: Recorder | None) -> tuple[Network, dict[str, Any]]:
        return batched(self, self.network_)

    def _answering(self) -> Network:
        return self.network_.frozen()

    def _note(self, result: Result, before: State, targets: Any) -> Points:
        weights = self._state[WEIGHTS]
        histogram, _ = np.histogram(np.clip(weights, None, 1.0), bins=BINS)
        return {
            "presentation": self.n_presentations_,
            "weight_histogram": histogram / max(weights.size, 1),
            "weight_change": float(np.abs(weights - before[WEIGHTS]).mean()),
            "theta": self._theta().copy(),
            "spikes": float(result.spikes_per_slot.mean()),
            "repeated": float((result.repeats > 0).mean()),
        }

    def _finish(self) -> None:
        super()._finish()
        self.weights_ = np.empty((self.n_features_in_, self.network_.n_watched))
        self.weights_.flat[self._places()] = self._state[WEIGHTS]
        self.theta_ = self._theta().copy()
        self.history_["weight_bins"] = BINS.copy()

    def _theta(self) -> Any:
        return self._state.get(THETA, np.zeros(self.network_.n_watched))

    def _places(self) -> Any:
        """Places of synapses in `weights_`, in the order in which their state has them."""
        if LIST[0] not in self._state:
            return slice(None)
        i, j = (self._state[name].astype(np.int64) for name in LIST[:2])
        return i * self.network_.n_watched + j

    def _input_synapses(self) -> dict[str, npt.NDArray[np.float64]]:
        drawn = self._answering().drawn
        wiring = {name: self._state[name] for name in LIST if name in drawn}
        return wiring | {WEIGHTS: self.weights_.ravel()[self._places()]}
