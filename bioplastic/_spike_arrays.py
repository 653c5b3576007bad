"""How SpikeTrains are made of lists, recordings and arrays, and become arrays."""

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from bioplastic._spike_saving import SpikeSaving

__all__ = ["SpikeArrays"]


class SpikeArrays(SpikeSaving):
    """Parent of SpikeTrains: events, recordings, dense arrays."""

    __slots__ = ()

    @classmethod
    def from_events(
        cls, events: Iterable[Any], *, n_units: int | None = None, duration: Any = None
    ) -> Self:
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
        from bioplastic.exchange.events import from_events

        return from_events(cls, events, n_units=n_units, duration=duration)

    @classmethod
    def from_recording(
        cls, times: Any, units: npt.ArrayLike, windows: Any, *, n_units: int | None = None
    ) -> Self:
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
        from bioplastic.exchange.events import from_recording

        return from_recording(cls, times, units, windows, n_units=n_units)

    @classmethod
    def from_dense(cls, raster: npt.ArrayLike, dt: Any) -> Self:
        """Make SpikeTrains of spike counts in bins.

        Parameters
        ----------
        raster : array_like of shape (n_samples, n_bins, n_units)
            Numbers of spikes: booleans, whole numbers, or floats without a fraction.
        dt : Quantity of time, or float in seconds
            Width of a bin.

        Returns
        -------
        spikes : SpikeTrains
            A spike of bin `k` is at ``k * dt``. Where there are several they lie evenly in the
            bin: the `j`-th of `c` at ``(k + j / c) * dt``. So :meth:`to_dense` gives the same
            raster.

        Raises
        ------
        DataError
            If the raster has another shape, or something else than counts.
        ParameterError
            If `dt` is no time or not above 0.

        Examples
        --------
        >>> import numpy as np
        >>> from bioplastic import SpikeTrains
        >>> from brian2 import ms
        >>> spikes = SpikeTrains.from_dense([[[0, 1], [2, 0], [0, 0]]], 10 * ms)
        >>> spikes.times, spikes.units
        (array([0.   , 0.01 , 0.015]), array([1, 0, 0], dtype=int32))
        """
        from bioplastic.exchange.dense import from_dense

        return from_dense(cls, raster, dt)

    def to_dense(self, dt: Any, *, dtype: npt.DTypeLike = np.uint8) -> npt.NDArray[Any]:
        """Spike counts in bins of equal width, as an array of small numbers.

        Bins are those of :meth:`binned`.

        Parameters
        ----------
        dt : Quantity of time, or float in seconds
            Width of a bin.
        dtype : dtype, default=numpy.uint8
            Type of the counts. With ``bool`` it says whether there is a spike.

        Returns
        -------
        raster : ndarray of shape (n_samples, n_bins, n_units)
            Counts; all samples together in memory.

        Raises
        ------
        ParameterError
            If `dt` is no time or not above 0, or a count is more than `dtype` holds.

        Examples
        --------
        >>> from bioplastic import SpikeTrains
        >>> from brian2 import ms
        >>> spikes = SpikeTrains([0.1, 0.2, 0.3], [0, 1, 1], [0, 3], n_units=2, duration=0.3)
        >>> spikes.to_dense(100 * ms)[0]
        array([[0, 0],
               [1, 0],
               [0, 2]], dtype=uint8)
        """
        from bioplastic.exchange.dense import to_dense

        return to_dense(self, dt, dtype=dtype)
