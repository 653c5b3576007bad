"""Counts of whole samples and of bins of time, and times of first spikes, as features."""

from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import second

from bioplastic._checks import check_choice, check_positive, check_whole
from bioplastic.errors import DataError, ParameterError
from bioplastic.readout.states.transformer import SpikeTransformer
from bioplastic.spikes import SpikeTrains

# As in SpikeTrains.binned, in bins.
_ON_EDGE = 1e-6


class SpikeCount(SpikeTransformer):
    """Count the spikes of each unit in each sample.

    Attributes
    ----------
    n_features_in_ : int
        Number of units seen during `fit`.

    See Also
    --------
    TimeBinnedCount : Counts that know when the spikes came.

    Examples
    --------
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.readout import SpikeCount
    >>> spikes = SpikeTrains([0.1, 0.2, 0.1], [0, 1, 1], [0, 2, 3], n_units=2, duration=0.5)
    >>> SpikeCount().fit_transform(spikes)
    array([[1., 1.],
           [0., 1.]])
    """

    def _features(self, X: SpikeTrains) -> npt.NDArray[np.float64]:
        return X.counts().astype(np.float64)


class FirstSpikeTime(SpikeTransformer):
    """Time of the first spike of each unit, in seconds.

    Parameters
    ----------
    missing : {"longest", "own"} or Quantity of time, default="longest"
        The time of a unit that does not spike: the duration of the longest training sample, the
        duration of the sample itself, or a time of your own, 0 s or later.

    Attributes
    ----------
    missing_ : float, in seconds, or None
        The time of a unit that does not spike; None where it is the sample's own duration.
    n_features_in_ : int
        Number of units seen during `fit`.

    Notes
    -----
    In a sample that is longer than all training samples, a first spike may come later than the
    time of the units that do not spike.

    Examples
    --------
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.readout import FirstSpikeTime
    >>> spikes = SpikeTrains([0.1, 0.2, 0.3], [0, 1, 1], [0, 2, 3], n_units=2, duration=0.5)
    >>> FirstSpikeTime().fit_transform(spikes)
    array([[0.1, 0.2],
           [0.5, 0.3]])
    """

    def __init__(self, *, missing: Any = "longest") -> None:
        self.missing = missing

    def _learn(self, X: SpikeTrains) -> None:
        self.missing_: float | None
        if self.missing is None or isinstance(self.missing, str):
            choice = check_choice(self, "missing", ("longest", "own"))
            self.missing_ = float(X.duration.max()) if choice == "longest" else None
        else:
            self.missing_ = check_positive(self, "missing", second, zero=True)

    def _features(self, X: SpikeTrains) -> npt.NDArray[np.float64]:
        sample = np.repeat(np.arange(len(X)), np.diff(X.offsets))
        first = np.full(len(X) * X.n_units, np.inf)
        np.minimum.at(first, sample * X.n_units + X.units, X.times)
        first = first.reshape(X.shape)
        absent = X.duration[:, np.newaxis] if self.missing_ is None else self.missing_
        return np.where(np.isinf(first), absent, first)


class TimeBinnedCount(SpikeTransformer):
    """Count the spikes of each unit, or group of units, in bins of time.

    Parameters
    ----------
    n_bins : int, default=10
        Number of bins of equal width; without effect where `bin_width` is given.
    bin_width : Quantity of time, default=None
        Width of a bin: as many bins as cover the duration. The last one may reach beyond it.
    duration : Quantity of time, default=None
        What the bins cover, from the begin of a sample. By default the longest training sample.
    relative : bool, default=False
        Whether the bins are shares of each sample's own span, from its first spike to its last,
        so that slow and fast words align. `bin_width` and `duration` must then stay None.
    overflow : bool, default=False
        Whether spikes after the last bin count in it, so that long words lose nothing.
    n_groups : int, default=None
        Sum neighboring units into so many groups, as equal in size as can be: 35 of the 700
        channels of a cochlea. By default each unit counts for itself.
    window : {"rectangular", "triangular"}, default="rectangular"
        ``"triangular"`` shares a spike between the two bins whose middles it lies between, so that
        a small shift in time changes the counts by little.
    scaling : {"sqrt"} or None, default=None
        ``"sqrt"`` takes the square root of the counts, which makes the spread of Poisson counts
        the same whatever their mean.

    Attributes
    ----------
    n_bins_ : int
        Number of bins.
    bin_edges_ : ndarray of shape (n_bins + 1,), in seconds, or in shares where `relative`
        Edges of the bins.
    n_groups_ : int
        Number of groups of units.
    n_features_in_ : int
        Number of units seen during `fit`.

    Notes
    -----
    A bin holds the spikes from its left edge on and before its right edge; the last one holds those
    on its right edge too. A spike less than a millionth of a bin before an edge counts as on it.
    Spikes after the last bin, in samples longer than the training samples or than `duration`, are
    left out unless `overflow`. With triangular windows, spikes before the middle of the first bin
    and after that of the last one count there alone. A sample whose spikes all come at once has,
    with `relative`, all of them in the first bin; a sample without spikes has zeros.

    Columns are ordered by bin, then by unit.

    Examples
    --------
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.readout import TimeBinnedCount
    >>> spikes = SpikeTrains([0.1, 0.2, 0.4], [0, 1, 1], [0, 2, 3], n_units=2, duration=0.5)
    >>> bins = TimeBinnedCount(n_bins=2).fit(spikes)
    >>> bins.transform(spikes)
    array([[1., 1., 0., 0.],
           [0., 0., 0., 1.]])
    >>> list(bins.get_feature_names_out())
    ['bin0_unit0', 'bin0_unit1', 'bin1_unit0', 'bin1_unit1']
    """

    def __init__(
        self,
        *,
        n_bins: int = 10,
        bin_width: Any = None,
        duration: Any = None,
        relative: bool = False,
        overflow: bool = False,
        n_groups: int | None = None,
        window: str = "rectangular",
        scaling: str | None = None,
    ) -> None:
        self.n_bins = n_bins
        self.bin_width = bin_width
        self.duration = duration
        self.relative = relative
        self.overflow = overflow
        self.n_groups = n_groups
        self.window = window
        self.scaling = scaling

    def _learn(self, X: SpikeTrains) -> None:
        check_choice(self, "window", ("rectangular", "triangular"))
        if self.scaling is not None:
            check_choice(self, "scaling", ("sqrt",))
        if self.relative and not (self.bin_width is None and self.duration is None):
            raise ParameterError(
                f"TimeBinnedCount.relative: must be False where bin_width or duration is given, "
                f"got {self.relative!r} with bin_width={self.bin_width!r} and "
                f"duration={self.duration!r}; give n_bins alone"
            )
        self.n_groups_ = X.n_units
        if self.n_groups is not None:
            self.n_groups_ = check_whole(self, "n_groups", low=1, high=X.n_units)
        longest = float(X.duration.max())
        if not longest and not self.relative and self.duration is None:
            raise DataError(
                "TimeBinnedCount.fit: X must hold a sample longer than 0 s; give the duration that "
                "the bins shall cover"
            )
        span = 1.0 if self.relative else check_positive(self, "duration", longest * second)
        if self.bin_width is None:
            self.n_bins_ = check_whole(self, "n_bins", low=1)
            width = span / self.n_bins_
        else:
            width = check_positive(self, "bin_width", second)
            self.n_bins_ = max(1, int(np.ceil(span / width - _ON_EDGE)))
        self.bin_edges_ = width * np.arange(self.n_bins_ + 1)

    def _features(self, X: SpikeTrains) -> npt.NDArray[np.float64]:
        sizes = np.diff(X.offsets)
        if self.relative:
            starts, stops = X.offsets[:-1][sizes > 0], X.offsets[1:][sizes > 0] - 1
            begin, spiked = X.times[starts], sizes[sizes > 0]
            span = np.where(X.times[stops] > begin, X.times[stops] - begin, 1.0)
            place = (X.times - np.repeat(begin, spiked)) / np.repeat(span, spiked) * self.n_bins_
        else:
            place = X.times / self.bin_edges_[1]
        if self.overflow:
            place = np.minimum(place, self.n_bins_)
        inside = place <= self.n_bins_ + _ON_EDGE
        sample = np.repeat(np.arange(len(X)), sizes)[inside]
        group = X.units[inside].astype(np.int64) * self.n_groups_ // X.n_units
        shape = (len(X), self.n_bins_ * self.n_groups_)
        size = shape[0] * shape[1]
        if self.window == "rectangular":
            bins = np.minimum((place[inside] + _ON_EDGE).astype(np.int64), self.n_bins_ - 1)
            flat = (sample * self.n_bins_ + bins) * self.n_groups_ + group
            counts = np.bincount(flat, minlength=size).astype(np.float64)
        else:
            middle = np.clip(place[inside] - 0.5, 0, self.n_bins_ - 1)
            bins = np.minimum(middle.astype(np.int64), max(self.n_bins_ - 2, 0))
            share = middle - bins
            flat = (sample * self.n_bins_ + bins) * self.n_groups_ + group
            counts = np.bincount(flat, weights=1 - share, minlength=size)
            if self.n_bins_ > 1:
                flat += self.n_groups_
                counts += np.bincount(flat, weights=share, minlength=size)
        counts = counts.reshape(shape)
        return np.sqrt(counts) if self.scaling else counts

    def _names(self, units: list[str]) -> list[str]:
        members = np.arange(len(units)) * self.n_groups_ // len(units)
        groups = []
        for k in range(self.n_groups_):
            own = np.flatnonzero(members == k)
            first, last = units[own[0]], units[own[-1]]
            groups.append(first if len(own) == 1 else f"{first}-{last}")
        return [f"bin{b}_{group}" for b in range(self.n_bins_) for group in groups]
