"""What all stimuli have in common: order, keys and targets of their presentations."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from bioplastic._quantities import base_units
from bioplastic.errors import DataError
from bioplastic.models import Network, Schedule

Arrays = dict[str, npt.NDArray[Any]]
Steps = npt.NDArray[np.int64]


class MadeSignals(ABC):
    """Numbers over time that are made when they are shown, never all at once.

    Attributes
    ----------
    n_steps : ndarray of shape (n_samples,)
        Steps of each sample.
    n_columns : int
        Numbers of a step.
    """

    n_steps: Steps
    n_columns: int

    def __len__(self) -> int:
        return len(self.n_steps)

    @abstractmethod
    def made(self, rows: npt.NDArray[np.int64]) -> list[npt.NDArray[Any]]:
        """Make samples: arrays of finite numbers, of shape (n_steps, n_columns)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stimulus:
    """What one population is shown, in the order of its presentations: common to all kinds.

    Parameters
    ----------
    population : str
        Name of the population that it drives; the only one that takes its kind, where empty.
    order : ndarray of shape (n_presentations,), optional
        Which sample comes when; each once, as they stand, where absent.
    keys : ndarray of shape (n_presentations,), optional
        Names of the presentations to random numbers; their position where absent.
    targets : ndarray of shape (n_samples,), optional
        What equations read as ``target(cursor)``, for example the class of each sample.
    target_signals : sequence of ndarray of shape (n_steps, n_outputs), optional
        What equations read as ``target_signal(row, i)``, one array for each sample.
    """

    #: What a population must take, see :class:`bioplastic.models.NeuronModel`.
    takes: ClassVar[str] = ""
    #: What a row of the table holds in which neurons find their samples; empty for no table.
    row: ClassVar[str] = ""
    #: Field with the samples.
    holds: ClassVar[str] = "values"

    population: str = ""
    order: npt.NDArray[np.int64] | None = None
    keys: npt.NDArray[np.float64] | None = None
    targets: npt.NDArray[Any] | None = None
    target_signals: Sequence[npt.NDArray[Any]] | None = None

    def _n_samples(self) -> int:
        return len(getattr(self, self.holds))

    def check(self, network: Network) -> None:
        """Refuse samples that do not fit the network, or its population of that name.

        Raises
        ------
        DataError
            Names what does not fit.
        """
        self._check_width(np.shape(getattr(self, self.holds)), network)

    def _check_width(self, shape: tuple[int, ...], network: Network) -> None:
        """Refuse samples of another number of features than the population takes."""
        n_features = network.population(self.population).n_features
        if len(shape) != 2 or shape[1] != n_features:
            raise DataError(
                f"stimulus.{self.holds}: must have shape (n_samples, {n_features}), one column for "
                f"each neuron of {self.population!r}, got {shape}"
            )

    def arrays(self, start: int, stop: int, n_steps: Steps, schedule: Schedule) -> Arrays:
        """Return what a program is given of the presentations `start` up to `stop`.

        Parameters
        ----------
        start, stop : int
            Presentations.
        n_steps : ndarray of shape (stop - start,)
            Lengths of their slots.
        schedule : Schedule
            Of the network.

        Returns
        -------
        arrays : dict of str to ndarray
            ``"table"``, rows of the kind's table; or ``"steps"`` and ``"units"`` of spikes and the
            ``"offsets"`` at which those of each presentation begin.
        """
        raise NotImplementedError

    def durations(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Lengths of the presentations in seconds; 0 where samples have none of their own."""
        return np.zeros(stop - start)

    def n_stored(self, start: int, stop: int) -> npt.NDArray[np.int64]:
        """Numbers of each presentation that are read from a file, which a chunk has in memory."""
        return np.zeros(stop - start, dtype=np.int64)

    def __len__(self) -> int:
        return self._n_samples() if self.order is None else len(self.order)

    def _chosen(self, start: int, stop: int) -> slice | npt.NDArray[np.int64]:
        return slice(start, stop) if self.order is None else self.order[start:stop]

    def picked(self, samples: Sequence[Any] | MadeSignals, start: int, stop: int) -> list[Any]:
        """Return samples of a sequence, which need not be an array."""
        rows = np.arange(len(samples))[self._chosen(start, stop)]
        if isinstance(samples, MadeSignals):
            return samples.made(rows)
        return [samples[k] for k in rows]

    def known(self) -> dict[str, list[npt.NDArray[Any]]]:
        """Return what is known of presentations, by field: keys, targets, target signals if any.

        Targets are 0 where there are none.
        """
        n, signals = len(self), self.target_signals
        keys = np.arange(n) if self.keys is None else self.keys
        targets = np.zeros(n) if self.targets is None else self.targets[self._chosen(0, n)]
        return {
            "keys": [np.asarray(keys, dtype=np.float64)],
            "targets": [np.asarray(targets, dtype=np.float64)],
            "target_signals": [] if signals is None else self.picked(signals, 0, n),
        }

    def check_targets(self, n_outputs: int) -> None:
        """Refuse targets and keys that do not fit the samples, or the neurons that read them.

        Raises
        ------
        DataError
            If there is not one for each sample or presentation, or one is not finite.
        """
        n, signals = self._n_samples(), self.target_signals
        order = np.arange(n) if self.order is None else np.asarray(self.order)
        chosen = order.ndim == 1 and (order.dtype.kind in "iu" or not order.size)
        if not chosen or not ((order >= 0) & (order < n)).all():
            raise DataError(
                f"stimulus.order: must hold whole numbers in 0..{n - 1}, got {self.order!r}"
            )
        for name, size, each in (("targets", n, "sample"), ("keys", len(order), "presentation")):
            said = getattr(self, name)
            given = np.zeros(size) if said is None else np.asarray(said)
            numbers = given.dtype.kind in "biuf" and given.shape == (size,)
            if not (numbers and np.isfinite(given).all()):
                raise DataError(
                    f"stimulus.{name}: must hold {size} finite numbers, one for each {each}, got "
                    f"an array of shape {given.shape}"
                )
        if n_outputs or signals is not None:
            found = None if signals is None else signal_shape("stimulus.target_signals", signals)
            if found != (n, n_outputs):
                raise DataError(
                    f"stimulus.target_signals: must be {n} arrays of {n_outputs} columns, one for "
                    f"each sample, got {found and f'{found[0]} of {found[1]}'}"
                )


def one_number(where: str, value: Any, unit: Any) -> float:
    """One number in base units."""
    number = base_units(where, value, unit)
    if number.size != 1:
        raise DataError(f"{where}: must be one number, got {value!r}")
    return float(number.item())


def signal_shape(where: str, signals: Sequence[npt.NDArray[Any]] | MadeSignals) -> tuple[int, int]:
    """Count the signals and their columns."""
    if isinstance(signals, MadeSignals):
        return len(signals), signals.n_columns
    shapes = {np.shape(signal)[1:] for signal in signals}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        raise DataError(
            f"{where}: must be arrays of shape (n_steps, n_columns), with one number of columns "
            f"for all, got {sorted({str(np.shape(signal)) for signal in signals})[:3]}"
        )
    if not all(np.isfinite(signal).all() for signal in signals):
        raise DataError(f"{where}: must be finite numbers")
    return len(signals), int(next(iter(shapes))[0])


def end_to_end(samples: Sequence[npt.NDArray[Any]], n_steps: Steps) -> npt.NDArray[np.float64]:
    """Lay signals end to end, each cut or filled with zeros to the steps of its slot."""
    width = np.shape(samples[0])[1]
    rows = np.zeros((int(n_steps.sum()), width))
    for first, n, sample in zip(np.cumsum(n_steps) - n_steps, n_steps, samples, strict=True):
        length = min(n, len(sample))
        rows[first : first + length] = sample[:length]
    return rows


def content_keys(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return a key of each sample that follows from its content: noise depends on no other sample.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_features)
        Samples of any number type; equal numbers give equal keys.

    Returns
    -------
    keys : ndarray of shape (n_samples,)
        Whole numbers below 2**48.

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic.engine.stimulus import content_keys
    >>> a, b = content_keys(np.array([[0, 1], [0, 1]], dtype=np.uint8))
    >>> bool(a == b)
    True
    """
    digests = (
        hashlib.blake2b(np.asarray(row, dtype=np.float64).tobytes(), digest_size=6).digest()
        for row in values
    )
    return np.array([int.from_bytes(d, "little") for d in digests], dtype=np.float64)
