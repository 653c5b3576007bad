"""Filtered spikes as features: what a neuron with a leaky membrane would know of them."""

from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import ms, second

from bioplastic import algebra
from bioplastic._checks import check_whole
from bioplastic._quantities import amounts
from bioplastic.errors import ParameterError
from bioplastic.readout.states.transformer import SpikeTransformer
from bioplastic.spikes import SpikeTrains


class FilteredState(SpikeTransformer):
    r"""Exponential trace of each unit's spikes, sampled at given times.

    The trace of a unit at time :math:`T` is the sum of :math:`\exp(-(T - t) / \tau)` over its
    spikes :math:`t \le T`. With 30 ms it is the state of a liquid as Maass, Natschläger and Markram
    read it out [1]_. It is exact: nothing is rounded to a time step.

    Parameters
    ----------
    tau : Quantity of time, scalar or of shape (n_taus,), default=None
        Time constant of the filter, or several; 30 ms by default.
    times : Quantity of time of shape (n_times,), default=None
        When the trace is sampled, rising, counted from the begin of each sample. By default once,
        at the end of each sample. A time after the end of a sample sees the trace decay.
    n_times : int, default=None
        Sample the trace so many times at equal distances instead, the last time at the end of the
        longest training sample.
    relative : bool, default=False
        Whether the `n_times` are spread over each sample's own duration.

    Attributes
    ----------
    taus_ : ndarray of shape (n_taus,), in seconds
        Time constants.
    times_ : ndarray of shape (n_times,), in seconds, or in shares of each sample's duration
        When the trace is sampled: shares where `relative`, and ``[1.0]`` where neither `times` nor
        `n_times` is given.
    n_features_in_ : int
        Number of units seen during `fit`.

    Notes
    -----
    Columns are ordered by time, then by time constant, then by unit. A sample without spikes has
    zeros. Time and memory grow with the spikes, not with the duration.

    References
    ----------
    .. [1] W. Maass, T. Natschläger and H. Markram, "Real-time computing without stable states: a
       new framework for neural computation based on perturbations", Neural Computation
       14(11):2531-2560, 2002, doi:10.1162/089976602760407955.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.readout import FilteredState
    >>> spikes = SpikeTrains([0.01, 0.04], [0, 1], [0, 2], n_units=2, duration=0.07)
    >>> FilteredState(times=[40, 70] * ms).fit_transform(spikes).round(3)
    array([[0.368, 1.   , 0.135, 0.368]])
    """

    def __init__(
        self,
        *,
        tau: Any = None,
        times: Any = None,
        n_times: int | None = None,
        relative: bool = False,
    ) -> None:
        self.tau = tau
        self.times = times
        self.n_times = n_times
        self.relative = relative

    def _learn(self, X: SpikeTrains) -> None:
        tau = 30 * ms if self.tau is None else self.tau
        self.taus_ = amounts("FilteredState.tau", tau, positive=True)
        if self.times is not None:
            if self.n_times is not None or self.relative:
                raise ParameterError(
                    f"FilteredState.times: must be None where n_times or relative is given, got "
                    f"{self.times!r} with n_times={self.n_times!r} and relative={self.relative!r}"
                )
            self.times_ = amounts("FilteredState.times", self.times, zero=True, rising=True)
        elif self.n_times is None:
            self.times_ = np.ones(1)
        else:
            n_times = check_whole(self, "n_times", low=1)
            span = 1.0 if self.relative else float(X.duration.max())
            # In this order, so that the last one is the end, to the bit.
            self.times_ = span * (np.arange(1, n_times + 1) / n_times)

    @property
    def _shares(self) -> bool:
        return self.times is None and (self.n_times is None or self.relative)

    def _features(self, X: SpikeTrains) -> npt.NDArray[np.float64]:
        moments = np.broadcast_to(self.times_, (len(X), len(self.times_)))
        if self._shares:
            moments = moments * X.duration[:, np.newaxis]
        states = [
            algebra.evaluate(X, moments * second, tau=tau * second, causal=True)
            for tau in self.taus_
        ]
        return np.stack(states, axis=1).transpose(0, 3, 1, 2).reshape(len(X), -1)

    def _names(self, units: list[str]) -> list[str]:
        kind = "share" if self._shares else "t"
        return [
            f"{kind}{time:g}_tau{tau:g}_{unit}"
            for time in self.times_
            for tau in self.taus_
            for unit in units
        ]
