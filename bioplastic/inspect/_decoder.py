"""What the pictures of decoders check."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from bioplastic.errors import DataError, ParameterError

__all__ = ["atom_names", "check_decoder", "check_most"]


def check_decoder(where: str, decoder: Any, *more: str) -> None:
    """Refuse what is not a fitted decoder that chose neurons, with the attributes `more` too.

    Raises
    ------
    DataError
        If it is not.
    """
    needed = ["selected_", "error_reduction_ratio_", "residual_", *more]
    try:
        check_is_fitted(decoder, needed)
    except (NotFittedError, TypeError) as error:
        lacking = next((name for name in needed if not hasattr(decoder, name)), "fit")
        raise DataError(
            f"{where}.decoder: must be a fitted SpikeTimeClassifier or SpikeTimeRegressor, got "
            f"{type(decoder).__name__} without {lacking}; call fit first, and of a pipeline pass "
            f"the last step"
        ) from error
    parts = decoder.selected_ if isinstance(decoder.selected_, list) else [decoder.selected_]
    if not any(len(part) for part in parts):
        raise DataError(
            f"{where}.decoder: chose no neuron; look whether any spikes near its references, or "
            f"lower its tol"
        )


def check_most(where: str, max_neurons: int | None, n_neurons: int) -> int:
    """Return how many of `n_neurons` to draw; None draws all.

    Raises
    ------
    ParameterError
        If `max_neurons` is neither None nor a whole number above 0.
    """
    if max_neurons is None:
        return n_neurons
    whole = isinstance(max_neurons, (int, np.integer)) and not isinstance(max_neurons, bool)
    if not whole or max_neurons < 1:
        raise ParameterError(
            f"{where}.max_neurons: must be a whole number above 0, or None for all, got "
            f"{max_neurons!r}"
        )
    return min(int(max_neurons), n_neurons)


def atom_names(names: list[str], lags: npt.ArrayLike) -> list[str]:
    """Names of neurons with their lags, which are in seconds."""
    shown = [f"{1e3 * lag:g}".replace("-", "\N{MINUS SIGN}") for lag in np.asarray(lags)]
    return [f"{name}, {lag} ms" for name, lag in zip(names, shown, strict=True)]
