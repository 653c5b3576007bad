"""The check of X that all readouts of spike trains share."""

from typing import Any

from sklearn.utils.validation import validate_data

from bioplastic.errors import DataError
from bioplastic.spikes import SpikeTrains

__all__ = ["check_trains"]


def check_trains(estimator: Any, method: str, X: SpikeTrains, *, reset: bool) -> None:
    """Refuse what is no SpikeTrains, holds no sample, or has other units than in `fit`.

    Raises
    ------
    DataError
        If X is one of these.
    """
    name = f"{type(estimator).__name__}.{method}"
    if not isinstance(X, SpikeTrains):
        raise DataError(
            f"{name}: X must be SpikeTrains, got {type(X).__name__}; make spikes of numbers by "
            f"an encoder of bioplastic.encoding"
        )
    if not len(X):
        raise DataError(f"{name}: X must hold at least one sample, got {X!r}")
    if not reset and X.n_units != estimator.n_features_in_:
        raise DataError(
            f"{name}: X must have the {estimator.n_features_in_} units of fit, got {X.n_units}"
        )
    validate_data(estimator, X, reset=reset, skip_check_array=True)
