"""Which samples a recording keeps: a grid over the training that can be made coarser."""

import numpy as np
import numpy.typing as npt

from bioplastic.engine.program import Probed

__all__ = ["SampleGrid", "moments_within", "that_count"]

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


def that_count(probed: Probed, n_done: int) -> Indices:
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
