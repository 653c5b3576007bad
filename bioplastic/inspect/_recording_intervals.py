"""Which samples a recording keeps, and the firing rates between them."""

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic.engine.program import ChunkResult, Probed
from bioplastic.errors import ParameterError
from bioplastic.models import Network

Indices = npt.NDArray[np.int64]


class SampleGrid:
    """Samples to record, every so many or those of a list.

    Parameters
    ----------
    every : int
        Distance of the samples where there is no list.
    listed : ndarray of int64 or None
        Samples in their order.
    """

    def __init__(self, every: int, listed: Indices | None) -> None:
        self._every, self._listed = every, listed
        self._stride = 1

    def halve(self) -> None:
        """Leave every other sample out from now on."""
        self._stride *= 2

    def holds(self, samples: Indices) -> npt.NDArray[np.bool_]:
        """Tell which samples belong to the grid; after sample -1 nothing was learned yet."""
        if self._listed is None:
            return np.equal((samples + 1) % (self._every * self._stride), 0)
        return np.isin(samples, self._chosen())

    def between(self, first: int, end: int) -> Indices:
        """Choose samples from `first` up to but not including `end`.

        Without a list the last one is among them, wherever it lies.
        """
        if first >= end:
            return np.zeros(0, dtype=np.int64)
        if self._listed is not None:
            chosen = self._chosen()
            return chosen[(chosen >= first) & (chosen < end)]
        step = self._every * self._stride
        regular = np.arange((first // step + 1) * step - 1, end, step, dtype=np.int64)
        last = np.array([end - 1], dtype=np.int64)
        with_last: Indices = np.concatenate((regular[regular < end - 1], last))
        return with_last

    def _chosen(self) -> Indices:
        assert self._listed is not None
        ranks = np.arange(len(self._listed))
        kept = (ranks % self._stride == 0) | (ranks == len(ranks) - 1)
        chosen: Indices = self._listed[kept]
        return chosen


def moments_within(
    rows: Indices, n_steps: Indices, steps: Indices | None
) -> tuple[Indices, Indices]:
    """Pairs of row and step at which to look.

    Parameters
    ----------
    rows : ndarray of shape (n_chosen,)
        Rows of a chunk.
    n_steps : ndarray of shape (n_chosen,)
        Length of their slots.
    steps : ndarray or None
        Steps at which to look, those beyond the end of a slot left out; the last one where None or
        where a slot is shorter than all of them.
    """
    last = n_steps - 1
    if steps is None:
        return rows, last
    inside = steps[None, :] <= last[:, None]
    wanted = np.where(inside, steps[None, :], -1)
    wanted[~inside.any(axis=1), 0] = last[~inside.any(axis=1)]
    chosen, column = np.nonzero(wanted >= 0)
    return rows[chosen], wanted[chosen, column]


def last_presentations(probed: Probed, n_done: int) -> Indices:
    """Find the points of the last presentation of each sample that was accepted.

    Parameters
    ----------
    probed : Probed
        Of a chunk.
    n_done : int
        Rows of it that were accepted.
    """
    # A row after the last stands for those that were not.
    last = np.full(n_done + 1, -1)
    rows = np.minimum(probed.rows, n_done)
    np.maximum.at(last, rows, probed.repeats)
    return np.flatnonzero((rows < n_done) & (probed.repeats == last[rows]))


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


def evenly[Number: np.generic](numbers: npt.NDArray[Number], most: int) -> npt.NDArray[Number]:
    """Choose that many at most, the first and the last among them."""
    chosen = np.linspace(len(numbers) - 1, 0, min(most, len(numbers))).round().astype(np.int64)
    return numbers[chosen[::-1]]
