"""SpikeTimeRegressor of spike trains as a network of integrate-and-fire neurons."""

from typing import Self

import numpy as np
import numpy.typing as npt
from brian2 import second
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted

from bioplastic.errors import DataError, ParameterError
from bioplastic.models import Network
from bioplastic.networks.spiking_decoder import SpikingDecoder, State, list_synapses
from bioplastic.readout import SpikeTimeRegressor
from bioplastic.readout._firing import score_of_trains
from bioplastic.readout._trains import check_trains
from bioplastic.spikes import SpikeTrains


class SpikingRegressor(RegressorMixin, SpikingDecoder):
    r"""Spiking form of a :class:`~bioplastic.readout.SpikeTimeRegressor` of spike trains.

    For every output there is an integrate-and-fire neuron that the selected neurons drive, with
    the decoder's weights, and its lags as synaptic delays. Its spikes are the prediction. Brian
    simulates the whole, on any engine.

    Parameters
    ----------
    decoder : SpikeTimeRegressor
        What to train, with ``kernel="exponential"`` and on spike trains: a signal has no spiking
        form. One that is trained already stays so in a :class:`sklearn.frozen.FrozenEstimator`.
    dt : Quantity of time, default=None
        Time step (0.1 ms).
    engine : {"auto", "numpy", "cython", "cpp_standalone", "cuda_standalone"}
        ``"auto"`` takes C++ where a compiler is found.
    n_jobs : int or None
        Processors; -1 takes all. The answer does not depend on it.
    verbose : int
        1 shows a progress bar.

    Attributes
    ----------
    decoder_ : SpikeTimeRegressor
        The trained decoder.
    network_ : Network
        Populations ``"input"`` and ``"output"``.
    state_ : dict of ndarray
        Synapses ``"input_to_output.i"``, ``".j"``, ``".delay"`` and ``".w"``.
    n_features_in_ : int
        Number of units seen during `fit`.
    timings_ : dict of float, in seconds
        ``"build"``, all that was waited for programs to be made since `fit`; ``"simulate"`` of the
        last samples, summed over processors.
    engine_ : dict of str
        Engine, time step, integration method and precision of the last samples.

    Raises
    ------
    ParameterError
        If a parameter has a wrong unit, type or range.
    DataError
        If X or y is no SpikeTrains, X is empty or has another number of units than in `fit`.

    Notes
    -----
    The membrane of an output, without a unit, is

    .. math:: \dot v = -v/\tau + \sum_{il} w_{il} s_i(t - l) - o(t),

    with input spikes :math:`s_i` and own spikes :math:`o`. It fires at :math:`v > 1/2` and has no
    refractory time: what the decoder's `predict` does from event to event, in steps of `dt`. Delays
    are rounded to steps. An input spike acts in the step in which it falls, a channel's second one
    within a step in the next. The answer comes with the step after, one spike of a neuron a step.
    So spikes are up to a step late as a rule, and events closer than that may act as one.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.networks import SpikingRegressor
    >>> from bioplastic.readout import SpikeTimeRegressor
    >>> spikes = SpikeTrains(
    ...     [0.02, 0.03, 0.07, 0.08], [0, 1, 0, 1], [0, 4], n_units=2, duration=0.12
    ... )
    >>> target = SpikeTrains([0.035, 0.085], [0, 0], [0, 2], n_units=1, duration=0.12)
    >>> decoder = SpikeTimeRegressor(kernel="exponential", lags=[0, 5] * ms, max_atoms=1)
    >>> spiking = SpikingRegressor(decoder, engine="numpy").fit(spikes, target)
    >>> spiking.predict(spikes).times.round(4)
    array([0.0351, 0.0851])
    """

    _takes = SpikeTimeRegressor

    def fit(self, X: SpikeTrains, y: SpikeTrains, groups: npt.ArrayLike | None = None) -> Self:
        """Train the decoder and make a network of it.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_units)
            Training samples.
        y : SpikeTrains of shape (n_samples, n_outputs)
            What the outputs should fire.
        groups : array_like of shape (n_samples,), default=None
            Groups that the decoder's `validation` keeps together, such as recordings.

        Returns
        -------
        self : SpikingRegressor
        """
        if not isinstance(y, SpikeTrains):
            raise DataError(
                f"SpikingRegressor.fit: y must be SpikeTrains, got {type(y).__name__}; a signal "
                f"has no spiking form, take the SpikeTimeRegressor itself"
            )
        return super().fit(X, y, groups=groups)

    def predict(self, X: SpikeTrains) -> SpikeTrains:
        """Return the spikes of the outputs within the samples.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_units)

        Returns
        -------
        y : SpikeTrains of shape (n_samples, n_outputs)
            Each as long as its sample.
        """
        check_is_fitted(self, "network_")
        check_trains(self, "predict", X, reset=False)
        spikes = self.transform(X).to_memory()
        kept = spikes.times <= np.repeat(X.duration, np.diff(spikes.offsets))
        return SpikeTrains(
            spikes.times[kept],
            spikes.units[kept],
            np.concatenate([[0], np.cumsum(kept)])[spikes.offsets],
            n_units=spikes.n_units,
            duration=X.duration * second,
        )

    def score(self, X: SpikeTrains, y: SpikeTrains) -> float:
        r"""Return how good the prediction is: 1 at best, 0 for silence.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_units)
        y : SpikeTrains of shape (n_samples, n_outputs)
            As in `fit`.

        Returns
        -------
        score : float
            1 less the sum of squared van Rossum distances, divided by that of squared norms.
        """
        return score_of_trains(y, self.predict(X), self.decoder_.tau_)

    def _check_quantum(self) -> float:
        return 1.0

    def _check_trained(self, X: SpikeTrains) -> None:
        if not isinstance(self.decoder_.predict(X[:1]), SpikeTrains):
            raise ParameterError(
                f"SpikingRegressor.decoder: must have learned spike trains, got one of signals, "
                f"{self.decoder_!r}; train it anew"
            )

    def _network(self, n_units: int, dt: float) -> tuple[Network, State]:
        weights = self.decoder_.weights_
        synapses = list_synapses(weights, self.decoder_.lags_)
        state = {f"input_to_output.{key}": values for key, values in synapses.items()}
        return self._declare(n_units, {"output": weights.shape[2]}, dt), state
