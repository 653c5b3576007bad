"""Kinds of input: each says how it is checked, what a program is given of it, and where it is read.

Neurons find samples in a table with a row for each sample or for each step, or they are spikes,
which the engine fires.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from brian2 import hertz, second

from bioplastic._quantities import base_units, has_unit
from bioplastic.engine.stimulus import (
    Arrays,
    MadeSignals,
    Steps,
    Stimulus,
    end_to_end,
    one_number,
    signal_shape,
)
from bioplastic.errors import DataError, ParameterError
from bioplastic.models import Network, Population, Schedule
from bioplastic.spikes import SpikeTrains


@dataclass(frozen=True, kw_only=True, slots=True)
class RateStimulus(Stimulus):
    """Samples as firing rates, for a :class:`~bioplastic.models.PoissonInput`.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_features)
        Non-negative intensities, of any number type.
    scale : float or Quantity, in hertz
        Rate of an intensity of 1.
    population, order, keys, targets, target_signals
        See :class:`.Stimulus`.
    """

    takes: ClassVar[str] = "rates"
    row: ClassVar[str] = "sample"

    values: npt.NDArray[Any]
    scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", one_number("stimulus.scale", self.scale, hertz))
        if has_unit(self.values):
            values = base_units("stimulus.values", self.values, hertz)
            object.__setattr__(self, "values", values)

    def rows(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Rates of the presentations `start` up to `stop`, in hertz.

        Raises
        ------
        DataError
            If a rate is negative or not finite.
        """
        rates = np.asarray(self.values[self._chosen(start, stop)], dtype=np.float64) * self.scale
        if not (np.isfinite(rates) & (rates >= 0)).all():
            raise DataError("stimulus.values: must be finite numbers >= 0")
        return rates

    def arrays(self, start: int, stop: int, n_steps: Steps, schedule: Schedule) -> Arrays:
        """Return a table of rates, see :meth:`.Stimulus.arrays`."""
        return {"table": self.rows(start, stop)}


def steps_of(times: npt.NDArray[np.float64], dt: float) -> npt.NDArray[np.int64]:
    """Return the steps in which spikes act."""
    # A hair more, so that a spike at 3 ms acts in step 3 of 1 ms whatever the last bit says.
    return np.floor(times / dt + 1e-6).astype(np.int64)


@dataclass(frozen=True, kw_only=True, slots=True)
class SpikeStimulus(Stimulus):
    """Samples as spike trains, for a :class:`~bioplastic.models.SpikeInput`.

    Parameters
    ----------
    trains : SpikeTrains of shape (n_samples, n_features)
        The samples.
    population, order, keys, targets, target_signals
        See :class:`.Stimulus`.
    """

    takes: ClassVar[str] = "spikes"
    holds: ClassVar[str] = "trains"

    trains: SpikeTrains

    def rows(self, start: int, stop: int) -> SpikeTrains:
        """Return the samples of the presentations `start` up to `stop`, in memory."""
        return self.trains[self._chosen(start, stop)].to_memory()

    def n_stored(self, start: int, stop: int) -> npt.NDArray[np.int64]:
        """Count the spikes that are read from a file, see :meth:`.Stimulus.n_stored`."""
        if self.trains.in_memory:
            return Stimulus.n_stored(self, start, stop)
        return np.diff(self.trains.offsets)[self._chosen(start, stop)]

    def durations(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Lengths of the samples, in seconds."""
        return np.asarray(self.trains.duration[self._chosen(start, stop)])

    def arrays(self, start: int, stop: int, n_steps: Steps, schedule: Schedule) -> Arrays:
        """Return spikes up to the end of the presentation, see :meth:`.Stimulus.arrays`."""
        trains, dt = self.rows(start, stop), float(schedule.dt)
        times, units, offsets = trains.times, trains.units, trains.offsets
        if schedule.presentation is not None:
            # A hair less, as where times are turned into steps.
            kept = times < float(schedule.presentation) - 1e-6 * dt
            offsets = np.concatenate([[0], np.cumsum(kept)])[offsets]
            times, units = times[kept], units[kept]
        last = np.repeat(n_steps - 1, np.diff(offsets))
        steps = np.minimum(steps_of(times, dt), last).astype(np.int32)
        return {"steps": steps, "units": units, "offsets": offsets}


@dataclass(frozen=True, kw_only=True, slots=True)
class SignalStimulus(Stimulus):
    """Samples as numbers over time, for a :class:`~bioplastic.models.SignalInput`.

    Parameters
    ----------
    values : sequence of ndarray of shape (n_steps, n_features), of length n_samples
        One array for each sample, which may differ in length; a row is a time step.
    dt : float or Quantity, in seconds
        Time step.
    population, order, keys, targets, target_signals
        See :class:`.Stimulus`.
    """

    takes: ClassVar[str] = "signals"
    row: ClassVar[str] = "step"

    values: Sequence[npt.NDArray[Any]] | MadeSignals
    dt: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "dt", one_number("stimulus.dt", self.dt, second))

    def durations(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Lengths of the samples, in seconds."""
        if isinstance(self.values, MadeSignals):
            lengths = self.values.n_steps[self._chosen(start, stop)]
        else:
            samples = self.picked(self.values, start, stop)
            lengths = np.fromiter(map(len, samples), np.int64, len(samples))
        return self.dt * lengths.astype(np.float64)

    def check(self, network: Network) -> None:
        """Refuse other features, or another time step, see :meth:`.Stimulus.check`."""
        shape, dt = signal_shape("stimulus.values", self.values), float(network.schedule.dt)
        if not math.isclose(self.dt, dt, rel_tol=1e-9):
            raise DataError(
                f"stimulus.dt: must be the network's time step, {dt} s, got {self.dt} s; "
                f"resample the signals or change Schedule.dt"
            )
        self._check_width(shape, network)

    def arrays(self, start: int, stop: int, n_steps: Steps, schedule: Schedule) -> Arrays:
        """Return a table of the signals end to end, see :meth:`.Stimulus.arrays`."""
        return {"table": end_to_end(self.picked(self.values, start, stop), n_steps)}


@dataclass(frozen=True, kw_only=True, slots=True)
class SpontaneousActivity(Stimulus):
    """Samples of nothing but time, for a network without input.

    Parameters
    ----------
    n_samples : int
        How many.
    duration : float, ndarray of shape (n_samples,) or Quantity, in seconds
        Length of all or of each, where the schedule has no `presentation`.
    order, keys, targets, target_signals
        See :class:`.Stimulus`; `population` stays empty.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.engine import SpontaneousActivity
    >>> len(SpontaneousActivity(n_samples=3, duration=500 * ms))
    3
    """

    n_samples: int
    duration: Any = None

    def __post_init__(self) -> None:
        n = self.n_samples
        if not isinstance(n, int | np.integer) or isinstance(n, bool) or n < 0:
            raise DataError(f"stimulus.n_samples: must be a whole number >= 0, got {n!r}")
        if self.duration is None:
            return
        lengths = base_units("stimulus.duration", self.duration, second)
        if lengths.shape not in ((), (n,)) or not (np.isfinite(lengths) & (lengths >= 0)).all():
            raise DataError(
                f"stimulus.duration: must be one length >= 0 s, or one for each of {n} samples, "
                f"got {self.duration!r}"
            )
        object.__setattr__(self, "duration", lengths)

    def _n_samples(self) -> int:
        return self.n_samples

    def check(self, network: Network) -> None:
        """Refuse lengths that are missing, or not those of the schedule."""
        presentation, lengths = network.schedule.presentation, self.duration
        if presentation is None and lengths is None:
            raise DataError(
                "stimulus.duration: must be given where Schedule.presentation is None, got None"
            )
        given = presentation is not None and lengths is not None
        if given and not np.allclose(lengths, float(presentation)):
            raise DataError(
                f"stimulus.duration: must be left out where Schedule.presentation={presentation} "
                f"sets the length of samples, got {lengths} s; or give Schedule(presentation=None)"
            )

    def durations(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Lengths of the samples, in seconds."""
        lengths = np.zeros(()) if self.duration is None else self.duration
        return np.asarray(np.broadcast_to(lengths, self.n_samples)[self._chosen(start, stop)])


#: Kinds of input by what a population takes.
KINDS: dict[str, type[Stimulus]] = {
    kind.takes: kind for kind in (RateStimulus, SpikeStimulus, SignalStimulus, SpontaneousActivity)
}


def kind_of(population: Population) -> type[Stimulus]:
    """Return the kind of input that a population takes.

    Raises
    ------
    ParameterError
        If there is no such kind.
    """
    if (takes := population.neuron.takes) not in KINDS:
        raise ParameterError(
            f"{type(population.neuron).__name__}.takes: must be "
            f"{', '.join(map(repr, KINDS))}, got {takes!r} ({population.name})"
        )
    kind = KINDS[takes]
    if kind.row not in ("", "sample", "step"):
        raise ParameterError(
            f"{kind.__name__}.row: must be 'sample', 'step' or '' for no table, got {kind.row!r}"
        )
    return kind
