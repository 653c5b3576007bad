"""Times at which a decoder compares spike trains with a reference."""

from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import Quantity, have_same_dimensions, second

from bioplastic._checks import check_whole
from bioplastic.errors import DataError, ParameterError
from bioplastic.spikes import SpikeTrains

__all__ = ["moments", "reference_times"]


def reference_times(estimator: Any, X: SpikeTrains) -> npt.NDArray[np.float64]:
    """Return references in seconds, or in shares of each sample where they are relative.

    Raises
    ------
    ParameterError
        If the references are no times, do not rise, or are given in two ways.
    DataError
        If all samples have the length 0.
    """
    name = type(estimator).__name__
    where = f"{name}.references"
    given = estimator.references
    if given is None:
        n = check_whole(estimator, "n_references", low=1)
        span = 1.0 if estimator.relative else float(X.duration.max())
        if not span:
            raise DataError(f"{name}.fit: X must hold a sample longer than 0 s")
        return span * (np.arange(n) + 0.5) / n
    if estimator.relative:
        raise ParameterError(
            f"{where}: must be None where relative is True, got {given!r}; give n_references"
        )
    right = isinstance(given, Quantity) and have_same_dimensions(given, second)
    times = np.atleast_1d(np.asarray(given, dtype=np.float64)) if right else np.zeros(0)
    if times.ndim != 1 or not times.size or not np.isfinite(times).all():
        raise ParameterError(
            f"{where}: must be finite times with a unit, got {given!r}; give e.g. [100, 200] * ms"
        )
    if (np.diff(times) <= 0).any():
        raise ParameterError(f"{where}: must rise, got {given!r}; sort them")
    return times


def moments(decoder: Any, X: SpikeTrains) -> npt.NDArray[np.float64]:
    """Return the fitted references in seconds, for all samples or, where relative, for each."""
    times: npt.NDArray[np.float64] = decoder.references_
    return X.duration[:, np.newaxis] * times if decoder.relative else times
