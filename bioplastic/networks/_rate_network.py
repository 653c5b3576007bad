"""What networks share that learn sample after sample, from numbers as Poisson rates or spikes."""

from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic import engine as engines
from bioplastic.engine.presenting import Presentation
from bioplastic.networks._samples import Samples, check_samples, make_stimulus
from bioplastic.networks.training import Trainer
from bioplastic.spikes import SpikeTrains


class RateNetwork(Trainer):
    """Parent of the estimators whose samples are rates or spikes, and learned one by one."""

    #: rate of the largest number, in hertz, set when a training of numbers begins
    rate_max_: float
    #: variables that hold weights and adaptive thresholds
    _learned: tuple[str, str]

    def _samples(self, X: Any, method: str, *, reset: bool) -> Samples:
        return check_samples(self, X, method, reset=reset)

    def _set_scale(self, data: Samples) -> None:
        """Note what kind of samples there are, and the largest of their numbers."""
        self._takes_spikes = isinstance(data, SpikeTrains)
        if not isinstance(data, SpikeTrains):
            self.x_max_ = float(data.max()) if self.x_max is None else float(self.x_max)

    def _rate_scale(self) -> float:
        """Rate in hertz of an input of 1, for numbers."""
        if self._takes_spikes:
            return 1.0
        return self.rate_max_ / self.x_max_ if self.x_max_ > 0 else 0.0

    def _constants(self) -> dict[str, Any]:
        return {"rate_of_an_input_of_1": self._rate_scale()}

    def _stimulus(
        self, samples: Samples, targets: Any, *, first: int, epochs: range
    ) -> engines.RateStimulus | engines.SpikeStimulus:
        """Make a stimulus of some epochs, before which so many samples were learned.

        Order and noise of a sample follow from how many came before it, not from how training was
        cut into calls, chunks or resumptions.
        """
        n, n_epochs = len(samples), len(epochs)
        return make_stimulus(
            samples,
            scale=self._rate_scale(),
            order=np.concatenate([self._order(n, first + k * n) for k in range(n_epochs)]),
            keys=np.arange(first, first + n_epochs * n, dtype=np.float64),
            targets=self._shown_targets(targets),
        )

    def _shown_targets(self, targets: Any) -> npt.NDArray[np.float64] | None:
        """Return the targets that the network is shown."""
        return None

    def _presentation(self, data: Samples) -> Presentation:
        theta, state = self._learned[1], self._input_synapses()
        if theta in self._state:
            state[theta] = self.theta_
        return Presentation(
            network=self._answering(),
            stimulus=make_stimulus(data, scale=self._rate_scale()),
            seed=self._stream("answers"),
            state=state,
        )

    def _input_synapses(self) -> dict[str, npt.NDArray[np.float64]]:
        """Return the state of the synapses that learned, as `weights_` says."""
        return {self._learned[0]: self.weights_.ravel()}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags
