"""Spike trains as samples: how they are checked, counted in steps, chosen from."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import validate_data

from bioplastic.errors import DataError
from bioplastic.spikes import SpikeTrains


class TakesTrains:
    """Parent of what takes SpikeTrains: X is no array."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.two_d_array = False
        return tags


def check_trains(estimator: Any, method: str, X: SpikeTrains, *, reset: bool) -> None:
    """Refuse what is no SpikeTrains, holds no sample, or has other units than in `fit`.

    Raises
    ------
    DataError
        If X is one of these.
    """
    name = f"{type(estimator).__name__}.{method}"
    if not isinstance(X, SpikeTrains):
        raise DataError(f"{name}: X must be SpikeTrains, got {type(X).__name__}; {_remedy(X)}")
    if not len(X):
        raise DataError(f"{name}: X must hold at least one sample, got {X!r}")
    if not reset and X.n_units != estimator.n_features_in_:
        raise DataError(
            f"{name}: X must have the {estimator.n_features_in_} units of fit, got {X.n_units}"
        )
    validate_data(estimator, X, reset=reset, skip_check_array=True)


def n_steps(X: SpikeTrains, dt: float) -> npt.NDArray[np.int64]:
    """Return the number of steps of each sample; rounding makes no further one."""
    return np.maximum(1, np.ceil(X.duration / dt - 1e-6)).astype(np.int64)


def select(values: Any, rows: npt.NDArray[np.integer[Any]]) -> Any:
    """Return some of the samples or targets, if there are any."""
    if values is None or isinstance(values, SpikeTrains | np.ndarray):
        return None if values is None else values[rows]
    return [values[k] for k in rows]


def _remedy(X: Any) -> str:
    """Say what to give in place of what a run has handed back, or of numbers."""
    spikes = X if isinstance(X, dict) else getattr(X, "spikes", None)
    if isinstance(spikes, dict) and spikes:
        return f"take those of one population, result.spikes[{next(iter(spikes))!r}]"
    if isinstance(spikes, SpikeTrains):
        return "give its `spikes`"
    return "make spikes of numbers by an encoder of bioplastic.encoding"
