"""The time of the first spike as a feature."""

from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import second

from bioplastic._checks import check_choice, check_positive
from bioplastic.readout.states.transformer import SpikeTransformer
from bioplastic.spikes import SpikeTrains

__all__ = ["FirstSpikeTime"]


class FirstSpikeTime(SpikeTransformer):
    """Time of the first spike of each unit, in seconds.

    Parameters
    ----------
    missing : {"longest", "own"} or Quantity of time, default="longest"
        The time of a unit that does not spike: the duration of the longest training sample, the
        duration of the sample itself, or a time of your own, 0 s or later.

    Attributes
    ----------
    missing_ : float, in seconds, or None
        The time of a unit that does not spike; None where it is the sample's own duration.
    n_features_in_ : int
        Number of units seen during `fit`.

    Notes
    -----
    In a sample that is longer than all training samples, a first spike may come later than the
    time of the units that do not spike.

    Examples
    --------
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.readout import FirstSpikeTime
    >>> spikes = SpikeTrains([0.1, 0.2, 0.3], [0, 1, 1], [0, 2, 3], n_units=2, duration=0.5)
    >>> FirstSpikeTime().fit_transform(spikes)
    array([[0.1, 0.2],
           [0.5, 0.3]])
    """

    def __init__(self, *, missing: Any = "longest") -> None:
        self.missing = missing

    def _learn(self, X: SpikeTrains) -> None:
        self.missing_: float | None
        if self.missing is None or isinstance(self.missing, str):
            choice = check_choice(self, "missing", ("longest", "own"))
            self.missing_ = float(X.duration.max()) if choice == "longest" else None
        else:
            self.missing_ = check_positive(self, "missing", second, zero=True)

    def _features(self, X: SpikeTrains) -> npt.NDArray[np.float64]:
        sample = np.repeat(np.arange(len(X)), np.diff(X.offsets))
        first = np.full(len(X) * X.n_units, np.inf)
        np.minimum.at(first, sample * X.n_units + X.units, X.times)
        first = first.reshape(X.shape)
        absent = X.duration[:, np.newaxis] if self.missing_ is None else self.missing_
        return np.where(np.isinf(first), absent, first)

    def _names(self, units: list[str]) -> list[str]:
        return units
