"""Checks of what a recorder is given."""

import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import second

from bioplastic._quantities import same_unit
from bioplastic.errors import ParameterError
from bioplastic.models import Network

__all__ = ["at_least_one", "increasing", "moments_of", "names_of", "steps_of"]


def names_of(variables: Sequence[str]) -> tuple[str, ...]:
    """Return names of variables."""
    if isinstance(variables, str) or not all(isinstance(name, str) for name in variables):
        raise ParameterError(
            f"PlasticityRecorder.variables: must be a sequence of names, got {variables!r}; give "
            'e.g. ("weights", "rates")'
        )
    return tuple(variables)


def steps_of(times: npt.NDArray[np.float64], network: Network) -> npt.NDArray[np.int64]:
    """Find the steps after which the times are reached."""
    steps = np.unique(np.maximum(np.rint(times / float(network.schedule.dt)).astype(np.int64), 1))
    if network.schedule.presentation is not None:
        length = int(network.schedule.n_steps())
        if steps[-1] > length:
            raise ParameterError(
                f"PlasticityRecorder.times: must lie within a sample's "
                f"{length * float(network.schedule.dt):g} s, got {times[-1]:g} s"
            )
    return steps - 1


def moments_of(times: Any) -> npt.NDArray[np.float64]:
    """Return times that increase, in seconds."""
    given = list(times) if np.ndim(times) else [times]
    try:
        right = all(same_unit(t, second) or same_unit(t, 1) for t in given)
        moments = np.array([float(t) for t in given])
    except (TypeError, ValueError):
        right = False
    if not right:
        raise ParameterError(f"PlasticityRecorder.times: must be in seconds, got {times!r}")
    if (
        not len(moments)
        or not np.isfinite(moments).all()
        or moments[0] <= 0
        or (np.diff(moments) <= 0).any()
    ):
        raise ParameterError(f"PlasticityRecorder.times: must be > 0 s and increase, got {times!r}")
    return moments


def increasing(name: str, values: Iterable[Any], *, low: int) -> npt.NDArray[np.int64]:
    """Return whole numbers that increase."""
    try:
        numbers = np.array([operator.index(value) for value in values], dtype=np.int64)
    except TypeError:
        numbers = np.zeros(0, dtype=np.int64)
    if not len(numbers) or numbers[0] < low or (np.diff(numbers) <= 0).any():
        raise ParameterError(
            f"PlasticityRecorder.{name}: must be whole numbers >= {low} that increase, one at "
            f"least, got {values!r}"
        )
    return numbers


def at_least_one(name: str, value: Any) -> int:
    """Return a whole number above 0."""
    try:
        number = 0 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise ParameterError(
            f"PlasticityRecorder.{name}: must be a whole number >= 1, got {value!r}"
        )
    return number
