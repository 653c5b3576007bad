"""Lists of events and long recordings, made SpikeTrains."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from brian2 import second

from bioplastic._quantities import base_units, has_unit
from bioplastic._spike_checks import (
    check_durations,
    check_n_units,
    up_to_last_spikes,
    whole_units,
)
from bioplastic.errors import DataError

if TYPE_CHECKING:
    from bioplastic.spikes import SpikeTrains


def from_events(
    cls: type["SpikeTrains"],
    events: Iterable[Any],
    *,
    n_units: int | None = None,
    duration: Any = None,
) -> "SpikeTrains":
    """Make SpikeTrains of the events of each sample, in any order.

    Parameters
    ----------
    events : list of (times, units), of length n_samples
        Of each sample its spike times in seconds, counted from its begin, and the unit of each
        spike; arrays or lists of numbers of any type. Times may have a unit of Brian or
        quantities, or be timedelta64.
    n_units : int, optional
        Number of units, silent ones included. By default the largest unit that spiked and
        those below it.
    duration : float, array_like or Quantity of shape (n_samples,), in seconds, optional
        Length of each sample. By default the time of its last spike rounded up to a whole
        millisecond, and 0 for a silent sample.

    Returns
    -------
    spikes : SpikeTrains

    Raises
    ------
    DataError
        If a sample is no pair of equally long lists, a time is not finite or outside its
        sample, or a unit is out of range or no whole number. Sample and event are named.

    Notes
    -----
    Times become 64-bit floats. A narrower time that equals the duration in its own type lies
    at the sample's end.

    Examples
    --------
    >>> from bioplastic import SpikeTrains
    >>> trials = [([0.120, 0.010], [2, 0]), ([0.050], [1]), ([], [])]
    >>> SpikeTrains.from_events(trials, n_units=4, duration=0.2)
    SpikeTrains(3 samples, 4 units, 3 spikes, 0.2 s)
    """
    where = "SpikeTrains.from_events"
    times, units, known, narrow = [], [], has_unit(duration), []
    if not isinstance(events, Iterable):
        raise DataError(
            f"{where}: must be a list with a pair (times, units) for each sample, got {events!r}"
        )
    for k, sample in enumerate(events):
        try:
            given, neurons = sample
        except (TypeError, ValueError):
            raise DataError(
                f"{where}: sample {k} must be a pair (times, units), got {type(sample).__name__}; "
                f"give a list with one such pair for each sample"
            ) from None
        seconds = base_units(f"{where}: times of sample {k}", given)
        whole = whole_units(neurons, f"{where}: units of sample {k}")
        if seconds.ndim != 1 or seconds.shape != np.shape(neurons):
            raise DataError(
                f"{where}: sample {k} must have as many units as times, in one list each, got "
                f"shapes {seconds.shape} of times and {np.shape(neurons)} of units"
            )
        times.append(seconds)
        units.append(whole)
        narrow.append(narrow_type(given))
        known = known or (len(seconds) > 0 and has_unit(given))
    return assemble(
        cls, where, times, units, n_units=n_units, duration=duration, known=known, narrow=narrow
    )


def from_recording(
    cls: type["SpikeTrains"],
    times: Any,
    units: npt.ArrayLike,
    windows: Any,
    *,
    n_units: int | None = None,
) -> "SpikeTrains":
    """Cut one long recording into samples.

    Parameters
    ----------
    times : array_like or Quantity of shape (n_spikes,), in seconds
        Spike times of the whole recording, in any order.
    units : array_like of shape (n_spikes,)
        Unit of each spike.
    windows : array_like or Quantity of shape (n_samples, 2), in seconds
        Start and stop of each sample. A spike at the start belongs to it, one at the stop does
        not. Windows may overlap, and come in any order.
    n_units : int, optional
        Number of units, silent ones included. By default the largest unit that spiked anywhere
        in the recording and those below it.

    Returns
    -------
    spikes : SpikeTrains
        Times counted from the start of each window.

    Raises
    ------
    DataError
        If lengths do not fit, a time is not finite, a window ends before it starts, or the
        recording has spikes and no window holds any.

    Examples
    --------
    >>> from bioplastic import SpikeTrains
    >>> from brian2 import ms
    >>> times, units = [100, 180, 250, 900] * ms, [0, 1, 0, 1]
    >>> trials = SpikeTrains.from_recording(times, units, [(100, 250), (850, 950)] * ms)
    >>> trials.counts()
    array([[1, 1],
           [0, 1]])
    """
    where = "SpikeTrains.from_recording"
    if isinstance(times, list | tuple) and len(times) and np.ndim(times[0]):
        raise DataError(
            f"{where}: times must be one list of all spikes, got a list of lists; "
            f"np.concatenate(times) makes one, and np.repeat(units, [len(t) for t in times]) "
            f"says whose they are"
        )
    seconds = base_units(f"{where}: times", times)
    whole = whole_units(units, f"{where}: units")
    if seconds.ndim != 1 or seconds.shape != whole.shape:
        raise DataError(
            f"{where}: times and units must be lists of equal length, got shapes {seconds.shape} "
            f"and {whole.shape}"
        )
    bad = np.flatnonzero(~np.isfinite(seconds))
    if len(bad):
        raise DataError(
            f"{where}: times must be finite, event {bad[0]} has {seconds[bad[0]]} s; leave it out"
        )
    n_units = check_n_units(_number(whole) if n_units is None else n_units)
    bad = np.flatnonzero((whole < 0) | (whole >= n_units))
    if len(bad):
        raise DataError(
            f"{where}: units must lie in 0..{n_units - 1}, event {bad[0]} has {whole[bad[0]]}; "
            f"give a larger n_units or correct the data"
        )
    edges = _edges(windows, where)
    order = seconds.argsort(kind="stable")
    seconds, whole = seconds[order], whole[order]
    first, last = np.searchsorted(seconds, edges).T  # from the start on, and before the stop
    sizes = last - first
    if len(edges) and len(seconds) and not sizes.any():
        raise DataError(
            f"{where}: no window holds a spike: the recording has spikes from {seconds[0]:g} s to "
            f"{seconds[-1]:g} s, windows lie from {edges.min():g} s to {edges.max():g} s; give "
            f"both in seconds or with their units"
        )
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    chosen = np.arange(offsets[-1]) + np.repeat(first - offsets[:-1], sizes)
    lengths = edges[:, 1] - edges[:, 0]
    return cls(
        seconds[chosen] - np.repeat(edges[:, 0], sizes),
        whole[chosen],
        offsets,
        n_units=n_units,
        duration=lengths * second if has_unit(windows) else lengths,
    )


def assemble(
    cls: type["SpikeTrains"],
    where: str,
    times: list[npt.NDArray[np.float64]],
    units: list[npt.NDArray[Any]],
    *,
    n_units: int | None,
    duration: Any,
    known: bool,
    narrow: list[np.dtype[Any] | None] | None = None,
) -> "SpikeTrains":
    """Sort the events of each sample and make SpikeTrains; name the first that does not fit.

    Parameters
    ----------
    cls : type
        SpikeTrains or a child.
    where : str
        Who asks, for messages.
    times : list of ndarray, in seconds
        Of each sample, in any order.
    units : list of ndarray
        Of each sample.
    n_units : int or None
        None: up to the largest unit that spiked.
    duration : array_like or None
        None: up to the last spike.
    known : bool
        Whether somebody said that times are in seconds.
    narrow : list of dtype or None
        Of each sample: in which type of less than 64 bits its times came, if so.

    Raises
    ------
    DataError
        If events do not fit.
    """
    sizes = np.array([len(one) for one in times], dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    seconds = np.concatenate([np.empty(0), *times])
    whole = np.concatenate([np.empty(0, np.int64), *(one.astype(np.int64) for one in units)])
    sample = np.repeat(np.arange(len(times)), sizes)
    n_units = check_n_units(_number(whole) if n_units is None else n_units)
    if duration is None:
        lengths = up_to_last_spikes(np.where(np.isfinite(seconds), seconds, 0), offsets)
    else:
        lengths = base_units(f"{where}: duration", duration)
        lengths = check_durations(lengths, len(times))
    if narrow is not None and any(narrow):
        # 0.3 in 32 bits lies behind 0.3 in 64: what is the end in the narrow type is the end.
        rounded = [x if t is None else t.type(x) for x, t in zip(lengths, narrow, strict=True)]
        ends = np.maximum(np.array(rounded, dtype=np.float64), lengths)
        seconds = np.where(seconds <= ends[sample], np.minimum(seconds, lengths[sample]), seconds)
    # Negated, since NaN fails every comparison.
    late = ~((seconds >= 0) & (seconds <= lengths[sample]))
    wrong = np.flatnonzero(late | (whole < 0) | (whole >= n_units))
    if len(wrong):
        k = wrong[0]
        place = f"sample {sample[k]}, event {k - offsets[sample[k]]}"
        if late[k]:
            raise DataError(
                f"{where}: times must be finite and lie in the sample, {place} has {seconds[k]} s "
                f"of {lengths[sample[k]]} s; correct the time or give a longer duration"
            )
        raise DataError(
            f"{where}: units must lie in 0..{n_units - 1}, {place} has {whole[k]}; give a larger "
            f"n_units or correct the data"
        )
    if ((np.diff(seconds) < 0) & (np.diff(sample) == 0)).any():
        order = np.lexsort((seconds, sample))  # spikes at the same time stay in their order
        seconds, whole = seconds[order], whole[order]
    duration = lengths * second if known else lengths
    return cls(seconds, whole, offsets, n_units=n_units, duration=duration)


def _edges(windows: Any, where: str) -> npt.NDArray[np.float64]:
    edges = base_units(f"{where}: windows", windows)
    if edges.shape == (0,):
        edges = edges.reshape(0, 2)
    if edges.ndim != 2 or edges.shape[1] != 2:
        raise DataError(
            f"{where}: windows must be a list of pairs (start, stop), got shape {edges.shape}; "
            f"np.column_stack([starts, stops]) makes one of two lists"
        )
    # Negated, since NaN fails every comparison.
    bad = np.flatnonzero(~(np.isfinite(edges).all(axis=1) & (edges[:, 0] <= edges[:, 1])))
    if len(bad):
        raise DataError(
            f"{where}: windows must be finite and end after they start, window {bad[0]} is "
            f"{edges[bad[0], 0]} s to {edges[bad[0], 1]} s"
        )
    return edges


def _number(units: npt.NDArray[Any]) -> int:
    """Return the number of units where nobody says it: up to the largest that spiked."""
    return max(1, int(units.max(initial=0)) + 1)


def narrow_type(times: Any) -> np.dtype[Any] | None:
    """Return the type of times that have less than 64 bits."""
    dtype = getattr(times, "dtype", None)
    return dtype if dtype in (np.float16, np.float32) else None
