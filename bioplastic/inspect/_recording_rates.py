"""Firing rates between recorded samples."""

import numpy as np
import numpy.typing as npt

from bioplastic.engine.program import ChunkResult

__all__ = ["Activity", "merged"]

Array = npt.NDArray[np.float64]


class Activity:
    """Spikes and simulated time since the last recorded sample.

    Parameters
    ----------
    n_neurons : int
        Watched neurons whose rates are recorded.
    """

    def __init__(self, n_neurons: int) -> None:
        self._counts = np.zeros(n_neurons)
        self._seconds = 0.0

    def add(
        self,
        result: ChunkResult,
        durations: npt.NDArray[np.floating],
        recorded: npt.NDArray[np.int64],
    ) -> tuple[Array, Array]:
        """Take the spikes of a chunk.

        Parameters
        ----------
        result : ChunkResult
            The chunk.
        durations : ndarray of shape (n_rows,), in seconds
            Lengths of the slots of its rows.
        recorded : ndarray of shape (n_recorded,), increasing
            Rows that are recorded.

        Returns
        -------
        rates : ndarray of shape (n_recorded, n_neurons), in hertz
            From the recorded sample before to the end of this one.
        seconds : ndarray of shape (n_recorded,)
            Length of that time.
        """
        rows = result.log[:, 0].astype(np.int64)
        # The interval of a slot ends with the next row that is recorded; the last one is open.
        interval = np.searchsorted(recorded, rows)
        n, n_neurons = len(recorded) + 1, len(self._counts)
        seconds = np.bincount(interval, weights=durations[rows], minlength=n)
        seconds[0] += self._seconds
        counts = np.zeros((n, n_neurons))
        if n_neurons:
            places = np.repeat(interval, np.diff(result.offsets)) * n_neurons + result.units
            counts += np.bincount(places, minlength=counts.size).reshape(counts.shape)
        counts[0] += self._counts
        self._counts, self._seconds = counts[-1], float(seconds[-1])
        return _rates(counts[:-1], seconds[:-1]), seconds[:-1]

    def take_back(self, counts: Array, seconds: float) -> None:
        """Count what belonged to a recorded sample that is dropped."""
        self._counts = self._counts + counts
        self._seconds += seconds


def merged(
    samples: npt.NDArray[np.int64],
    rates: Array,
    seconds: Array,
    kept: npt.NDArray[np.bool_],
    activity: Activity,
) -> tuple[Array, Array]:
    """Give the intervals of dropped samples to the next sample that is kept.

    Parameters
    ----------
    samples, rates, seconds : ndarray of shape (n_moments, ...)
        Columns of a recording.
    kept : ndarray of bool of shape (n_moments,)
        Which moments are.
    activity : Activity
        To it goes what no kept sample follows.

    Returns
    -------
    rates, seconds : ndarray
        Of all moments, right for those that are kept.
    """
    _, firsts, group = np.unique(samples, return_index=True, return_inverse=True)
    owners = np.flatnonzero(kept[firsts])
    owner = np.searchsorted(owners, np.arange(len(firsts)))
    lengths = seconds[firsts]
    counts = np.nan_to_num(rates[firsts]) * lengths[:, None]
    sums = np.zeros((len(owners) + 1, counts.shape[1]))
    total = np.bincount(owner, weights=lengths, minlength=len(owners) + 1)
    np.add.at(sums, owner, counts)
    activity.take_back(sums[-1], float(total[-1]))
    new = np.minimum(owner, len(owners) - 1)
    return _rates(sums, total)[new][group], total[new][group]


def _rates(counts: Array, seconds: Array) -> Array:
    rates: Array = np.full(counts.shape, np.nan)
    np.divide(counts, seconds[:, None], out=rates, where=seconds[:, None] > 0)
    return rates
