"""What networks share that learn sample after sample, from numbers as Poisson rates or spikes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import Quantity

from bioplastic import engine as engines
from bioplastic.engine.program import ChunkResult
from bioplastic.models import Network
from bioplastic.networks._samples import Samples, check_samples, make_stimulus, rate_scale
from bioplastic.networks._trained_network import TrainedNetwork
from bioplastic.spikes import SpikeTrains

__all__ = ["RateNetwork"]


class RateNetwork(TrainedNetwork):
    """Parent of the estimators whose samples are rates or spikes, and learned one by one."""

    _purposes: tuple[str, ...] = ("weights", "noise", "order", "answers")
    #: default of `rate_max`
    _rate_max: Quantity
    #: variables that hold weights and adaptive thresholds
    _learned: tuple[str, str]

    def _answering(self) -> Network:
        """Return the network as it answers, without learning."""
        raise NotImplementedError

    def _samples(self, X: Any, method: str, *, reset: bool) -> Samples:
        return check_samples(self, X, method, reset=reset)

    def _set_scale(self, data: Samples) -> None:
        """Note what kind of samples there are, and the largest of their numbers."""
        self._takes_spikes = isinstance(data, SpikeTrains)
        if not isinstance(data, SpikeTrains):
            self.x_max_ = float(data.max()) if self.x_max is None else float(self.x_max)

    def _rate_scale(self) -> float:
        """Rate in hertz of an input of 1, for numbers."""
        return 1.0 if self._takes_spikes else rate_scale(self, self._rate_max)

    def _stimulus(
        self,
        data: Samples,
        *,
        first: int,
        n_epochs: int,
        targets: npt.NDArray[np.float64] | None = None,
    ) -> engines.RateStimulus | engines.SpikeStimulus:
        """Make a stimulus of some epochs, before which so many samples were learned.

        Order and noise of a sample follow from how many came before it, not from how training was
        cut into calls, chunks or resumptions.
        """
        n = len(data)
        orders = [self._order(np.arange(n), first + epoch * n) for epoch in range(n_epochs)]
        return make_stimulus(
            data,
            scale=self._rate_scale(),
            order=np.concatenate(orders),
            keys=np.arange(first, first + n_epochs * n, dtype=np.float64),
            targets=targets,
        )

    def _run(
        self,
        network: Network,
        stimulus: engines.RateStimulus | engines.SpikeStimulus,
        *,
        first: int,
        note: Callable[[int, ChunkResult], None],
        **options: Any,
    ) -> engines.Result:
        """Present a stimulus to a network that learns, count, and let every chunk be noted."""

        def on_chunk(n_done: int, result: ChunkResult) -> None:
            self._n_learned = first + n_done
            self.n_presentations_ += len(result.log)
            note(n_done, result)

        return engines.run(
            network,
            stimulus,
            seed=self._stream("noise"),
            state=self._state,
            engine=self.engine,
            # some thirty points of history, a checkpoint every few seconds to a minute
            chunk_size=int(np.clip(len(stimulus) // 30, 100, 1000)),
            record="nothing",
            on_chunk=on_chunk,
            description="training",
            progress=self._shows_bar,
            **options,
        )

    def _presentation(self, data: Samples) -> engines.Presentation:
        theta, state = self._learned[1], self._input_synapses()
        if theta in self._state:
            state[theta] = self.theta_
        return engines.Presentation(
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
