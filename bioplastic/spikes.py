"""SpikeTrains: the one type that flows between the rooms."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic.errors import DataError

__all__ = ["SpikeTrains"]


class SpikeTrains:
    """Spikes of many samples, as ragged events.

    Parameters
    ----------
    times : array_like of shape (n_spikes,), in seconds
        Spike times, counted from the begin of each sample, sample after sample.
    units : array_like of shape (n_spikes,)
        Index of the neuron or channel that spiked.
    offsets : array_like of shape (n_samples + 1,)
        Sample `k` owns the events ``offsets[k]`` up to ``offsets[k + 1]``.
    n_units : int
        Number of neurons or channels, silent ones included.
    duration : float or array_like of shape (n_samples,), in seconds
        Length of each sample.

    Raises
    ------
    DataError
        If lengths do not fit, a unit is out of range, or a time lies outside its sample.

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

    def __init__(
        self,
        times: npt.ArrayLike,
        units: npt.ArrayLike,
        offsets: npt.ArrayLike,
        *,
        n_units: int,
        duration: npt.ArrayLike,
    ) -> None:
        self.times = np.asarray(times, dtype=np.float64)
        self.units = np.asarray(units).astype(np.int32)
        self.offsets = np.asarray(offsets, dtype=np.int64)
        self.n_units = int(n_units)
        n_samples, lengths = max(len(self.offsets) - 1, 0), np.asarray(duration, dtype=np.float64)
        fits = lengths.shape in ((), (1,), (n_samples,))
        if not fits or not (np.isfinite(lengths) & (lengths >= 0)).all():
            raise DataError(
                f"SpikeTrains.duration: must be one number or one for each of the {n_samples} "
                f"samples, finite and >= 0, got {duration!r}"
            )
        self.duration = np.broadcast_to(lengths, (n_samples,)).copy()
        if not np.array_equal(self.units, units):
            raise DataError("SpikeTrains.units: must be whole numbers")
        self._validate()

    def _validate(self) -> None:
        offsets = self.offsets
        if offsets.ndim != 1 or len(offsets) < 1 or offsets[0] != 0 or (np.diff(offsets) < 0).any():
            raise DataError("SpikeTrains.offsets: must start at 0 and never fall")
        if not self.times.shape == self.units.shape == (offsets[-1],):
            raise DataError(
                f"SpikeTrains: times {self.times.shape}, units {self.units.shape} and the last "
                f"offset ({offsets[-1]}) must agree"
            )
        bad = np.flatnonzero((self.units < 0) | (self.units >= self.n_units))
        if len(bad):
            raise DataError(
                f"SpikeTrains.units: must lie in 0..{self.n_units - 1}, event {bad[0]} has "
                f"{self.units[bad[0]]}; give a larger n_units or correct the data"
            )
        ends = np.repeat(self.duration, np.diff(offsets))
        bad = np.flatnonzero(~((self.times >= 0) & (self.times <= ends)))
        if len(bad):
            raise DataError(
                f"SpikeTrains.times: must lie in the sample, event {bad[0]} has "
                f"{self.times[bad[0]]} s of {ends[bad[0]]} s"
            )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of samples and of units."""
        return len(self), self.n_units

    def __repr__(self) -> str:
        lengths = np.unique(self.duration)
        span = f"{lengths[0]:g} s" if len(lengths) == 1 else f"{self.duration.sum():g} s in all"
        return (
            f"SpikeTrains({len(self)} samples, {self.n_units} units, "
            f"{len(self.times)} spikes, {span})"
        )

    def __getitem__(self, index: int | slice | Sequence[int] | npt.NDArray[Any]) -> "SpikeTrains":
        chosen = np.atleast_1d(np.arange(len(self))[index])
        starts, lengths = self.offsets[chosen], np.diff(self.offsets)[chosen]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        events = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
        return SpikeTrains(
            self.times[events],
            self.units[events],
            offsets,
            n_units=self.n_units,
            duration=self.duration[chosen],
        )

    def __iter__(self) -> Iterator["SpikeTrains"]:
        return (self[k] for k in range(len(self)))

    def counts(self) -> npt.NDArray[np.int64]:
        """Spike counts.

        Returns
        -------
        counts : ndarray of shape (n_samples, n_units)
        """
        sample = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        flat = np.bincount(sample * self.n_units + self.units, minlength=len(self) * self.n_units)
        return flat.reshape(self.shape).astype(np.int64)

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
        lengths = np.concatenate([np.diff(part.offsets) for part in parts])
        return cls(
            np.concatenate([part.times for part in parts]),
            np.concatenate([part.units for part in parts]),
            np.concatenate([[0], np.cumsum(lengths)]),
            n_units=parts[0].n_units,
            duration=np.concatenate([part.duration for part in parts]),
        )
