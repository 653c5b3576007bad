"""Checks of constructor parameters: each error names estimator, parameter, value and remedy."""

from typing import Any

import numpy as np
from brian2 import Quantity, have_same_dimensions

from bioplastic.errors import ParameterError

__all__ = ["check_quantity", "check_whole"]


def check_whole(estimator: Any, name: str, *, low: int, high: int | None = None) -> int:
    """Return a parameter that must be a whole number from `low` to `high`.

    Raises
    ------
    ParameterError
        If it is not.
    """
    value = getattr(estimator, name)
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < low or (high is not None and value > high):
        span = f"at least {low}" if high is None else f"from {low} to {high}"
        raise ParameterError(
            f"{type(estimator).__name__}.{name}: must be a whole number {span}, got {value!r}"
        )
    return int(value)


def check_quantity(estimator: Any, name: str, default: Quantity) -> Quantity:
    """Return a parameter that must have the unit of `default`; `default` where it is None.

    Raises
    ------
    ParameterError
        If it has another unit.
    """
    value = getattr(estimator, name)
    if value is None:
        return default
    if not have_same_dimensions(value, default):
        raise ParameterError(
            f"{type(estimator).__name__}.{name}: must have the unit of {default!r}, got {value!r}"
        )
    return value
