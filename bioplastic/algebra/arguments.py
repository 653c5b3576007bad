"""What all functions of the algebra check, and how they cut samples into groups."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import second

from bioplastic._quantities import same_unit
from bioplastic.errors import DataError, ParameterError
from bioplastic.spikes import SpikeTrains


def check_tau(where: str, tau: Any) -> float:
    """Return a time constant in seconds: one time above 0, infinity included.

    Raises
    ------
    ParameterError
        If it is none.
    """
    number = np.asarray(tau if same_unit(tau, second) else np.nan, dtype=np.float64)
    # Not a number fails the comparison too.
    if number.ndim or not number > 0:
        raise ParameterError(
            f"{where}.tau: must be one time > 0 s, got {tau!r}; give e.g. 30 * ms, or "
            f"inf * second for spike counts"
        )
    return float(number)


def check_trains(where: str, **trains: Any) -> None:
    """Refuse what is no SpikeTrains, and two with different numbers of samples.

    Raises
    ------
    DataError
        If one is not, or they differ.
    """
    for name, value in trains.items():
        if not isinstance(value, SpikeTrains):
            raise DataError(
                f"{where}.{name}: must be SpikeTrains, got {type(value).__name__}; make them with "
                f"SpikeTrains(times, units, offsets, n_units=..., duration=...)"
            )
    pairs = list(trains.items())
    (one, u), (other, v) = pairs[0], pairs[-1]
    if len(u) != len(v):
        raise DataError(
            f"{where}.{other}: must have as many samples as {one}, which has {len(u)}, got "
            f"{len(v)}; sample k of one belongs to sample k of the other"
        )


def groups(costs: npt.NDArray[np.int64], limit: int) -> Iterator[slice]:
    """Cut samples into runs; a run's length times its largest cost stays within `limit`.

    A sample that costs more alone makes a run of its own.
    """
    start, largest = 0, 0
    for k, cost in enumerate(costs.tolist()):
        largest = max(largest, cost)
        if k > start and (k - start + 1) * largest > limit:
            yield slice(start, k)
            start, largest = k, cost
    if start < len(costs):
        yield slice(start, len(costs))
