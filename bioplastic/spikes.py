"""SpikeTrains: the one type that flows between the rooms."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from bioplastic import _uncaught  # noqa: F401  # before anything imports Brian
from bioplastic._quantities import base_units, has_unit, positive_time
from bioplastic._spike_checks import (
    check_durations,
    check_events,
    check_n_units,
    check_offsets,
    check_times,
    warn_of_small_units,
    whole_units,
)
from bioplastic._spike_saving import SpikeSaving
from bioplastic.errors import DataError
from bioplastic.exchange import brian, dense, events, neo, pandas, tonic

__all__ = ["SpikeTrains"]

# A spike that lies so little before a bin's edge, in bins, lies on it: 0.3 s is bin 3 of 0.1 s.
_ON_EDGE = 1e-6


class SpikeTrains(SpikeSaving):
    """Spikes of many samples, as ragged events.

    It has a length and a shape, and slices and index arrays of it are SpikeTrains: scikit-learn
    splits it as it splits an array. It is no array of numbers, though: :meth:`counts`,
    :meth:`binned` and the transformers of :mod:`bioplastic.readout` make those.

    Parameters
    ----------
    times : array_like or Quantity of shape (n_spikes,), in seconds
        Spike times, counted from the begin of each sample, sample after sample, and sorted within
        each sample. Quantities of Brian or of the package quantities and timedelta64 are converted.
    units : array_like of shape (n_spikes,)
        Index of the neuron or channel that spiked.
    offsets : array_like of shape (n_samples + 1,)
        Sample `k` owns the events ``offsets[k]`` up to ``offsets[k + 1]``.
    n_units : int
        Number of neurons or channels, silent ones included.
    duration : float, array_like or Quantity of shape (n_samples,), in seconds
        Length of each sample, converted as times are.

    Raises
    ------
    DataError
        If lengths do not fit, a unit is out of range or no whole number, or a time is not finite,
        lies outside its sample or before the time ahead of it. The first such event is named. Also
        if times or durations have another unit than one of time.

    Warns
    -----
    UserWarning
        If samples last more than 100 s and no unit fires every other second, as those that are in
        milliseconds or microseconds; not where the duration has a unit.

    Notes
    -----
    :meth:`from_events`, :meth:`from_recording`, :meth:`from_dense`, :meth:`from_tonic`,
    :meth:`from_neo`, :meth:`from_pandas` and :meth:`from_brian` take what others have, and sort it.

    Arrays of the right type are not copied, and a contiguous slice shares memory with the whole:
    take them for read-only.

    Examples
    --------
    >>> from bioplastic import SpikeTrains
    >>> spikes = SpikeTrains([0.1, 0.2, 0.1], [0, 1, 1], [0, 2, 3], n_units=2, duration=0.5)
    >>> spikes
    SpikeTrains(2 samples, 2 units, 3 spikes, 0.5 s)
    >>> spikes.counts()
    array([[1, 1],
           [0, 1]])
    >>> spikes[1].units
    array([1], dtype=int32)
    """

    __slots__ = ("duration", "n_units", "offsets", "times", "units")

    #: Whether times and units are arrays; of spikes from :meth:`open` they are read when asked for.
    in_memory: ClassVar[bool] = True

    def __init__(
        self,
        times: npt.ArrayLike,
        units: npt.ArrayLike,
        offsets: npt.ArrayLike,
        *,
        n_units: int,
        duration: npt.ArrayLike,
    ) -> None:
        self.times = base_units("SpikeTrains.times", times)
        self.offsets = np.asarray(offsets, dtype=np.int64)
        self.n_units = check_n_units(n_units)
        check_offsets(self.offsets)
        check_times(self.times, self.offsets)
        lengths = base_units("SpikeTrains.duration", duration)
        self.duration = check_durations(lengths, len(self))
        whole = whole_units(units)
        check_events(self.times, whole, self.offsets, n_units=self.n_units, duration=self.duration)
        self.units = whole.astype(np.int32, copy=False)
        if not has_unit(duration):
            warn_of_small_units(
                lambda: int(np.bincount(self.units).max()), self.offsets, self.duration
            )

    @classmethod
    def _trusted(
        cls,
        times: npt.NDArray[np.float64],
        units: npt.NDArray[np.int32],
        offsets: npt.NDArray[np.int64],
        n_units: int,
        duration: npt.NDArray[np.float64],
    ) -> Self:
        """Make one of arrays that have been checked before."""
        made = cls.__new__(cls)
        made.times, made.units, made.offsets = times, units, offsets
        made.n_units, made.duration = n_units, duration
        return made

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of samples and of units."""
        return len(self), self.n_units

    def __repr__(self) -> str:
        lengths = np.unique(self.duration.round(9))  # differences of times are not exact
        span = f"{lengths[0]:g} s" if len(lengths) == 1 else f"{self.duration.sum():g} s in all"
        return (
            f"SpikeTrains({len(self)} samples, {self.n_units} units, "
            f"{self.offsets[-1]} spikes, {span})"
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SpikeTrains):
            return NotImplemented
        return self.shape == other.shape and all(
            np.array_equal(getattr(self[part], name), getattr(other[part], name))
            for part in self._slices()
            for name in ("offsets", "duration", "units", "times")
        )

    __hash__ = None  # type: ignore[assignment]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        # Without it NumPy takes samples for nested lists without end.
        raise DataError(
            f"{self!r} is no array of numbers; use counts() or binned(dt), or put a transformer of "
            f"bioplastic.readout such as SpikeCount() before the estimator"
        )

    def __getitem__(self, index: Any) -> "SpikeTrains":
        chosen = np.atleast_1d(np.arange(len(self))[index])
        if chosen.ndim != 1:
            raise IndexError(f"SpikeTrains: samples are chosen by one list, got {chosen.ndim} axes")
        if len(chosen) and (np.diff(chosen) == 1).all():
            return self._window(int(chosen[0]), int(chosen[-1]) + 1)
        return self._chosen(chosen)

    def _chosen(self, chosen: npt.NDArray[np.int64]) -> "SpikeTrains":
        bounds = list(zip(self.offsets[chosen], self.offsets[chosen + 1], strict=True))
        return SpikeTrains._trusted(
            np.concatenate([self.times[:0], *(self.times[a:b] for a, b in bounds)]),
            np.concatenate([self.units[:0], *(self.units[a:b] for a, b in bounds)]),
            np.concatenate([[0], np.cumsum(np.diff(self.offsets)[chosen])]),
            self.n_units,
            self.duration[chosen],
        )

    def _window(self, start: int, stop: int) -> "SpikeTrains":
        first, last = self.offsets[start], self.offsets[stop]
        return SpikeTrains._trusted(
            self.times[first:last],
            self.units[first:last],
            self.offsets[start : stop + 1] - first,
            self.n_units,
            self.duration[start:stop],
        )

    def __iter__(self) -> Iterator["SpikeTrains"]:
        return (block._window(k, k + 1) for block in self.blocks() for k in range(len(block)))

    def to_memory(self) -> "SpikeTrains":
        """Return the samples with times and units in memory, where they may be already.

        Returns
        -------
        spikes : SpikeTrains
            What :meth:`open` gave is read; others are returned as they are.
        """
        return self

    def blocks(self) -> Iterator["SpikeTrains"]:
        """Iterate over the samples, as many at a time as take little memory.

        Yields
        ------
        block : SpikeTrains
            The next samples, in memory: some hundred thousand spikes of a file, or all of what is
            in memory anyway.
        """
        return (self[part].to_memory() for part in self._slices())

    def _slices(self) -> Iterator[slice]:
        yield slice(None)

    def counts(self) -> npt.NDArray[np.int64]:
        """Spike counts.

        Returns
        -------
        counts : ndarray of shape (n_samples, n_units)
        """
        return self._binned(np.inf, 1)[:, 0]

    def binned(self, dt: Any) -> npt.NDArray[np.int64]:
        """Spike counts in bins of equal width.

        Bin `k` holds the spikes from ``k * dt`` on and before ``(k + 1) * dt``; the last bin also
        holds a spike at the very end. A spike less than a millionth of a bin before an edge counts
        as on the edge, so that rounding does not move it. The bins cover the longest sample; those
        after the end of a shorter one are empty.

        Parameters
        ----------
        dt : Quantity of time, or float in seconds
            Width of a bin.

        Returns
        -------
        counts : ndarray of shape (n_samples, n_bins, n_units)
            Counts; at least one bin, all samples together in memory.

        Raises
        ------
        ParameterError
            If `dt` is no time or not above 0.

        Examples
        --------
        >>> from brian2 import ms
        >>> from bioplastic import SpikeTrains
        >>> spikes = SpikeTrains([0.1, 0.2, 0.3], [0, 1, 1], [0, 3], n_units=2, duration=0.3)
        >>> spikes.binned(100 * ms)[0]
        array([[0, 0],
               [1, 0],
               [0, 2]])
        """
        return self._binned(*self._bins("SpikeTrains.binned", dt))

    def _bins(self, where: str, dt: Any) -> tuple[float, int]:
        """Width of the bins in seconds, and their number."""
        width = positive_time(f"{where}: dt", dt)
        return width, max(1, int(np.ceil(self.duration.max(initial=0.0) / width - _ON_EDGE)))

    def _binned(self, width: float, n_bins: int) -> npt.NDArray[np.int64]:
        n_cells = n_bins * self.n_units
        parts = [
            np.bincount(block._places(width, n_bins), minlength=len(block) * n_cells)
            for block in self.blocks()
        ]
        flat = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return flat.reshape(len(self), n_bins, self.n_units).astype(np.int64, copy=False)

    def _places(self, width: float, n_bins: int) -> Any:
        """Place of each spike in the flattened array of :meth:`binned`."""
        bins = np.minimum((self.times / width + _ON_EDGE).astype(np.int64), n_bins - 1)
        bins += np.repeat(n_bins * np.arange(len(self)), np.diff(self.offsets))
        return bins * self.n_units + self.units

    @classmethod
    def concatenate(cls, parts: Sequence["SpikeTrains"]) -> "SpikeTrains":
        """Join samples, one set after the other.

        Parameters
        ----------
        parts : sequence of SpikeTrains
            At least one, all with the same number of units.

        Raises
        ------
        DataError
            If there is nothing to join or the numbers of units differ.
        """
        if len({part.n_units for part in parts}) != 1:
            raise DataError("SpikeTrains.concatenate: needs parts with the same n_units")
        if not all(part.in_memory for part in parts):
            from bioplastic._stored_spikes import concatenated

            return concatenated(parts)
        lengths = np.concatenate([np.diff(part.offsets) for part in parts])
        return cls._trusted(
            np.concatenate([part.times for part in parts]),
            np.concatenate([part.units for part in parts]),
            np.concatenate([[0], np.cumsum(lengths)]),
            parts[0].n_units,
            np.concatenate([part.duration for part in parts]),
        )

    # Of other libraries, and for them; what they need is imported when they are called.
    from_events = classmethod(events.from_events)
    from_recording = classmethod(events.from_recording)
    from_dense = classmethod(dense.from_dense)
    to_dense = dense.to_dense
    from_tonic = classmethod(tonic.from_tonic)
    to_tonic = tonic.to_tonic
    from_neo = classmethod(neo.from_neo)
    to_neo = neo.to_neo
    from_pandas = classmethod(pandas.from_pandas)
    to_pandas = pandas.to_pandas
    from_brian = classmethod(brian.from_brian)
    to_brian = brian.to_brian
