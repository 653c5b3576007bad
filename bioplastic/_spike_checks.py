"""Checks of the arrays of SpikeTrains: each error names the first event that does not fit."""

import operator
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic.errors import DataError

#: Longer samples without a neuron that fires so often, in seconds and hertz, look like those of a
#: recording in milliseconds: 100 ms, and less than 500 Hz.
_LONG, _RARE = 100.0, 0.5
#: Median durations above it rather look like microseconds.
_VERY_LONG = 1e5


def check_n_units(n_units: Any) -> int:
    """Return the number of units: a whole number of at least one.

    Raises
    ------
    DataError
        If it is not.
    """
    try:
        number = operator.index(n_units)
    except TypeError:
        number = 0
    if number < 1:
        raise DataError(
            f"SpikeTrains.n_units: must be a whole number of at least 1, got {n_units!r}; count "
            f"silent units too"
        )
    if number >= 2**31:
        raise DataError(f"SpikeTrains.n_units: must be below 2**31, got {n_units!r}")
    return number


def check_offsets(offsets: npt.NDArray[np.int64]) -> None:
    """Refuse offsets that do not start at 0 or that fall.

    Raises
    ------
    DataError
        If they do.
    """
    if offsets.ndim != 1 or len(offsets) < 1 or offsets[0] != 0 or (np.diff(offsets) < 0).any():
        raise DataError(
            "SpikeTrains.offsets: must start at 0 and never fall; give np.concatenate([[0], "
            "np.cumsum(spikes_per_sample)])"
        )


def check_times(times: npt.NDArray[np.float64], offsets: npt.NDArray[np.int64]) -> None:
    """Refuse times that are no numbers or infinite.

    Raises
    ------
    DataError
        If one is; the first is named.
    """
    bad = np.flatnonzero(~np.isfinite(times.ravel()))
    if len(bad):
        raise DataError(
            f"SpikeTrains.times: must be finite, event {bad[0]} has {times.ravel()[bad[0]]} s"
            f"{_where(bad[0], offsets)}; leave the event out or correct its time"
        )


def check_durations(lengths: npt.NDArray[np.float64], n_samples: int) -> npt.NDArray[np.float64]:
    """Return one duration for each sample, in seconds.

    Raises
    ------
    DataError
        If their number does not fit, or one is negative or not finite.
    """
    if lengths.shape not in ((), (1,), (n_samples,)):
        raise DataError(
            f"SpikeTrains.duration: must be one number or one for each of the {n_samples} "
            f"samples, got an array of shape {lengths.shape}"
        )
    bad = np.flatnonzero(~(np.isfinite(lengths) & (lengths >= 0)))
    if len(bad):
        raise DataError(
            f"SpikeTrains.duration: must be finite and >= 0, sample {bad[0]} has "
            f"{lengths.ravel()[bad[0]]} s"
        )
    return np.broadcast_to(lengths, (n_samples,)).copy()


def up_to_last_spikes(
    times: npt.NDArray[np.float64], offsets: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return for each sample the time of its latest spike, in whole milliseconds from above.

    That is the duration where nobody says one: 0 for a silent sample.
    """
    last = np.zeros(len(offsets) - 1)
    spiked = np.diff(offsets) > 0
    if spiked.any():
        # Nobody has checked yet that times are sorted, above 0 and numbers.
        last[spiked] = np.fmax(0, np.fmax.reduceat(times, offsets[:-1][spiked]))
    return np.maximum(np.ceil(last * 1000) / 1000, last)  # rounding may undo the ceil


def whole_units(units: npt.ArrayLike, where: str = "SpikeTrains.units") -> npt.NDArray[Any]:
    """Return units as an array of integers, not yet of 32 bits.

    Raises
    ------
    DataError
        If one is not a whole number.
    """
    given = np.asarray(units)
    if given.dtype.kind in "iu":
        return given
    try:
        numbers = given.astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(
            f"{where}: must be whole numbers, got {given.dtype}; "
            "np.unique(names, return_inverse=True) numbers names"
        ) from None
    # Beyond 2**53 a float names no unit for certain; NaN fails both comparisons.
    bad = np.flatnonzero(~((np.abs(numbers) <= 2**53) & (numbers == np.floor(numbers))))
    if len(bad):
        raise DataError(
            f"{where}: must be whole numbers, event {bad[0]} has "
            f"{numbers.ravel()[bad[0]]}; round them or correct the data"
        )
    return numbers.astype(np.int64)


def check_events(
    times: npt.NDArray[np.float64],
    units: npt.NDArray[Any],
    offsets: npt.NDArray[np.int64],
    *,
    n_units: int,
    duration: npt.NDArray[np.float64],
) -> None:
    """Refuse events of no unit, outside their sample or out of order.

    Raises
    ------
    DataError
        If there are any, or if lengths do not agree.
    """
    if not times.shape == units.shape == (offsets[-1],):
        raise DataError(
            f"SpikeTrains: times {times.shape}, units {units.shape} and the last offset "
            f"({offsets[-1]}) must agree"
        )
    if not len(times):
        return
    if units.min() < 0 or units.max() >= n_units:
        first = np.flatnonzero((units < 0) | (units >= n_units))[0]
        raise DataError(
            f"SpikeTrains.units: must lie in 0..{n_units - 1}, event {first} has {units[first]}"
            f"{_where(first, offsets)}; give a larger n_units or correct the data"
        )
    rises = times[1:] >= times[:-1]  # false for NaN
    rises[offsets[(offsets > 0) & (offsets < len(times))] - 1] = True
    # In order, so the first and the last event of a sample speak for all of it.
    spiked = np.diff(offsets) > 0
    starts, ends = times[offsets[:-1][spiked]], times[offsets[1:][spiked] - 1]
    if not (rises.all() and (starts >= 0).all() and (ends <= duration[spiked]).all()):
        _name_first(times, offsets, rises, duration)


def warn_of_small_units(
    busiest: Callable[[], int], offsets: npt.NDArray[np.int64], duration: npt.NDArray[np.float64]
) -> None:
    """Warn of samples so long, with neurons so slow, that they look like milliseconds or less.

    `busiest` counts the spikes of the unit that has most.
    """
    spiked = np.diff(offsets) > 0
    length = float(np.median(duration[spiked])) if spiked.any() else 0.0
    if length <= _LONG:
        return
    fastest = busiest() / duration.sum()
    if fastest < _RARE:
        unit = "microseconds (us)" if length > _VERY_LONG else "milliseconds (ms)"
        warnings.warn(
            f"SpikeTrains: times and durations are in seconds, and look like {unit}: a sample "
            f"lasts {length:g} s, and no unit fires more than {fastest:.2g} times a second. Give "
            f"them with their unit, such as times * ms and duration * ms; where they are seconds, "
            f"duration * second silences this warning",
            skip_file_prefixes=(str(Path(__file__).parent),),
        )


def _name_first(
    times: npt.NDArray[np.float64],
    offsets: npt.NDArray[np.int64],
    rises: npt.NDArray[np.bool],
    duration: npt.NDArray[np.float64],
) -> None:
    ends = np.repeat(duration, np.diff(offsets))
    outside = ~((times >= 0) & (times <= ends))
    early = np.concatenate([[False], ~rises])
    first = np.flatnonzero(outside | early)[0]
    where = _where(first, offsets)
    if outside[first]:
        raise DataError(
            f"SpikeTrains.times: must lie in the sample, event {first} has {times[first]} s of "
            f"{ends[first]} s{where}; correct the time or give a longer duration"
        )
    raise DataError(
        f"SpikeTrains.times: must be sorted within each sample, event {first} has "
        f"{times[first]} s after {times[first - 1]} s{where}; order times and units by "
        f"np.lexsort((times, sample_of_each_event))"
    )


def _where(event: Any, offsets: npt.NDArray[np.int64]) -> str:
    return f" (sample {np.searchsorted(offsets, event, side='right') - 1})"
