"""What is shown to a network, in which order, and under which names to the random numbers."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import hertz, second

from bioplastic._quantities import base_units, has_unit
from bioplastic.engine.structure import n_target_signals
from bioplastic.errors import DataError
from bioplastic.models import Network, PoissonInput, SignalInput, SpikeInput
from bioplastic.models.network import INPUTS
from bioplastic.spikes import SpikeTrains

__all__ = [
    "RateStimulus",
    "SignalStimulus",
    "SpikeStimulus",
    "Stimulus",
    "check_stimulus",
    "content_keys",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class RateStimulus:
    """Samples as firing rates, in the order in which they are presented.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_features)
        Non-negative intensities, of any number type.
    scale : float or Quantity, in hertz
        Rate of an intensity of 1.
    order : ndarray of shape (n_presentations,), optional
        Which sample comes when; each once, as they stand, where absent.
    keys : ndarray of shape (n_presentations,), optional
        Names of the presentations to the random numbers; their position where absent.
    targets : ndarray of shape (n_samples,), optional
        What equations read as ``target(cursor)``, for example the class of each sample.
    """

    values: npt.NDArray[Any]
    scale: float = 1.0
    order: npt.NDArray[np.int64] | None = None
    keys: npt.NDArray[np.float64] | None = None
    targets: npt.NDArray[Any] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", _number("stimulus.scale", self.scale, hertz))
        if has_unit(self.values):
            values = base_units("stimulus.values", self.values, hertz)
            object.__setattr__(self, "values", values)

    def __len__(self) -> int:
        return len(self.values) if self.order is None else len(self.order)

    def rows(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Rates of the presentations `start` up to `stop`, in hertz.

        Raises
        ------
        DataError
            If a rate is negative or not finite.
        """
        chosen = slice(start, stop) if self.order is None else self.order[start:stop]
        rates = np.asarray(self.values[chosen], dtype=np.float64) * self.scale
        if not (np.isfinite(rates) & (rates >= 0)).all():
            raise DataError("stimulus.values: must be finite numbers >= 0")
        return rates

    def row_keys(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Keys of the presentations `start` up to `stop`."""
        return _row_keys(self.keys, start, stop)

    def row_targets(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Targets of the presentations `start` up to `stop`, 0 where there are none."""
        return _row_targets(self.targets, self.order, start, stop)

    def durations(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Lengths of the samples in seconds: 0, since rates have none of their own."""
        return np.zeros(stop - start)


@dataclass(frozen=True, kw_only=True, slots=True)
class SpikeStimulus:
    """Samples as spike trains, in the order in which they are presented.

    Parameters
    ----------
    trains : SpikeTrains of shape (n_samples, n_features)
        The samples.
    order : ndarray of shape (n_presentations,), optional
        Which sample comes when; each once, as they stand, where absent.
    keys : ndarray of shape (n_presentations,), optional
        Names of the presentations to random numbers in equations; their position where absent.
    targets : ndarray of shape (n_samples,), optional
        What equations read as ``target(cursor)``, for example the class of each sample.
    target_signals : sequence of ndarray of shape (n_steps, n_outputs), optional
        What equations read as ``target_signal(row, i)``, one array for each sample.
    """

    trains: SpikeTrains
    order: npt.NDArray[np.int64] | None = None
    keys: npt.NDArray[np.float64] | None = None
    targets: npt.NDArray[Any] | None = None
    target_signals: Sequence[npt.NDArray[Any]] | None = None

    def __len__(self) -> int:
        return len(self.trains) if self.order is None else len(self.order)

    def rows(self, start: int, stop: int) -> SpikeTrains:
        """Return the samples of the presentations `start` up to `stop`."""
        return self.trains[slice(start, stop) if self.order is None else self.order[start:stop]]

    def row_keys(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Keys of the presentations `start` up to `stop`."""
        return _row_keys(self.keys, start, stop)

    def row_targets(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Targets of the presentations `start` up to `stop`, 0 where there are none."""
        return _row_targets(self.targets, self.order, start, stop)

    def durations(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Lengths of the samples, in seconds."""
        chosen = slice(start, stop) if self.order is None else self.order[start:stop]
        return np.asarray(self.trains.duration[chosen])


@dataclass(frozen=True, kw_only=True, slots=True)
class SignalStimulus:
    """Samples as numbers over time, in the order in which they are presented.

    Parameters
    ----------
    values : sequence of ndarray of shape (n_steps, n_features)
        One array for each sample, which may differ in length; a row is a time step.
    dt : float or Quantity, in seconds
        Time step.
    order : ndarray of shape (n_presentations,), optional
        Which sample comes when; each once, as they stand, where absent.
    keys : ndarray of shape (n_presentations,), optional
        Names of the presentations to random numbers in equations; their position where absent.
    targets : ndarray of shape (n_samples,), optional
        What equations read as ``target(cursor)``, for example the class of each sample.
    target_signals : sequence of ndarray of shape (n_steps, n_outputs), optional
        What equations read as ``target_signal(row, i)``, one array for each sample.
    """

    values: Sequence[npt.NDArray[Any]]
    dt: float
    order: npt.NDArray[np.int64] | None = None
    keys: npt.NDArray[np.float64] | None = None
    targets: npt.NDArray[Any] | None = None
    target_signals: Sequence[npt.NDArray[Any]] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dt", _number("stimulus.dt", self.dt, second))

    def __len__(self) -> int:
        return len(self.values) if self.order is None else len(self.order)

    def rows(self, start: int, stop: int) -> list[npt.NDArray[np.float64]]:
        """Return the samples of the presentations `start` up to `stop`."""
        chosen = _chosen(len(self.values), self.order, start, stop)
        return [np.asarray(self.values[k], dtype=np.float64) for k in chosen]

    def row_keys(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Keys of the presentations `start` up to `stop`."""
        return _row_keys(self.keys, start, stop)

    def row_targets(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Targets of the presentations `start` up to `stop`, 0 where there are none."""
        return _row_targets(self.targets, self.order, start, stop)

    def durations(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Lengths of the samples, in seconds."""
        chosen = _chosen(len(self.values), self.order, start, stop)
        return self.dt * np.array([len(self.values[k]) for k in chosen], dtype=np.float64)


Stimulus = RateStimulus | SpikeStimulus | SignalStimulus


def in_this_order(stimulus: Stimulus, order: npt.NDArray[np.int64]) -> Stimulus:
    """Present the samples of a stimulus in another order, each under the name that it had.

    Parameters
    ----------
    stimulus : RateStimulus, SpikeStimulus or SignalStimulus
        The presentations.
    order : ndarray of shape (n_presentations,)
        Which of them comes when.
    """
    n = len(stimulus)
    before = np.arange(n) if stimulus.order is None else stimulus.order
    return replace(stimulus, order=before[order], keys=stimulus.row_keys(0, n)[order])


def _number(where: str, value: Any, unit: Any) -> float:
    """One number in base units."""
    number = base_units(where, value, unit)
    if number.size != 1:
        raise DataError(f"{where}: must be one number, got {value!r}")
    return float(number.item())


def _chosen(
    n_samples: int, order: npt.NDArray[np.int64] | None, start: int, stop: int
) -> npt.NDArray[np.int64]:
    """Return the samples of the presentations `start` up to `stop`."""
    return np.arange(n_samples)[start:stop] if order is None else order[start:stop]


def signal_rows(
    samples: Sequence[npt.NDArray[Any]], n_steps: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Lay signals end to end, each cut or filled with zeros to the steps of its slot."""
    width = np.shape(samples[0])[1]
    rows = np.zeros((int(n_steps.sum()), width))
    for first, n, sample in zip(np.cumsum(n_steps) - n_steps, n_steps, samples, strict=True):
        length = min(n, len(sample))
        rows[first : first + length] = sample[:length]
    return rows


def target_rows(
    stimulus: Stimulus, start: int, stop: int, n_steps: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64] | None:
    """Target signals of the presentations `start` up to `stop`, end to end."""
    if isinstance(stimulus, RateStimulus) or stimulus.target_signals is None:
        return None
    chosen = _chosen(len(stimulus.target_signals), stimulus.order, start, stop)
    return signal_rows([stimulus.target_signals[k] for k in chosen], n_steps)


def _row_keys(
    keys: npt.NDArray[np.float64] | None, start: int, stop: int
) -> npt.NDArray[np.float64]:
    if keys is None:
        return np.arange(start, stop, dtype=np.float64)
    return np.asarray(keys[start:stop], dtype=np.float64)


def _row_targets(
    targets: npt.NDArray[Any] | None, order: npt.NDArray[np.int64] | None, start: int, stop: int
) -> npt.NDArray[np.float64]:
    if targets is None:
        return np.zeros(stop - start)
    chosen = targets[slice(start, stop) if order is None else order[start:stop]]
    return np.asarray(chosen, dtype=np.float64)


def check_stimulus(network: Network, stimulus: Stimulus) -> None:
    """Refuse samples that do not fit the network's input.

    Raises
    ------
    DataError
        If the number of channels differs, or the samples are rates where spikes are asked for.
    """
    name, width = network.input.name, network.n_features
    wanted, kind = {
        PoissonInput: (RateStimulus, "rates"),
        SpikeInput: (SpikeStimulus, "spikes"),
        SignalInput: (SignalStimulus, "signals"),
    }[next(c for c in INPUTS if isinstance(network.input.neuron, c))]
    if not isinstance(stimulus, wanted):
        raise DataError(
            f"stimulus: must be a {wanted.__name__}, since {name!r} takes {kind}, "
            f"got a {type(stimulus).__name__}"
        )
    shape: tuple[int, ...] | None
    if isinstance(stimulus, SignalStimulus):
        shape = _signal_shape("stimulus.values", stimulus.values)
        dt = float(network.schedule.dt)
        if not math.isclose(stimulus.dt, dt, rel_tol=1e-9):
            raise DataError(
                f"stimulus.dt: must be the network's time step, {dt} s, got {stimulus.dt} s; "
                f"resample the signals or change Schedule.dt"
            )
    elif isinstance(stimulus, SpikeStimulus):
        shape = stimulus.trains.shape
    else:
        shape = np.shape(stimulus.values)
    if shape is None or len(shape) != 2 or shape[1] != width:
        what = "stimulus.trains" if kind == "spikes" else "stimulus.values"
        raise DataError(
            f"{what}: must have shape (n_samples, {width}), one column for each neuron of "
            f"{name!r}, got {shape}"
        )
    targets = stimulus.targets
    if targets is not None and (
        np.shape(targets) != shape[:1] or not np.isfinite(np.asarray(targets, dtype=float)).all()
    ):
        raise DataError(
            f"stimulus.targets: must hold {shape[0]} finite numbers, one for each sample, got an "
            f"array of shape {np.shape(targets)}"
        )
    signals = None if isinstance(stimulus, RateStimulus) else stimulus.target_signals
    n_outputs = n_target_signals(network)
    if n_outputs or signals is not None:
        found = None if signals is None else _signal_shape("stimulus.target_signals", signals)
        if found != (shape[0], n_outputs):
            raise DataError(
                f"stimulus.target_signals: must be {shape[0]} arrays of {n_outputs} columns, one "
                f"for each sample, got {found and f'{found[0]} of {found[1]}'}"
            )


def _signal_shape(name: str, signals: Sequence[npt.NDArray[Any]]) -> tuple[int, int]:
    """Count the signals and their columns."""
    shapes = {np.shape(signal)[1:] for signal in signals}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        raise DataError(
            f"{name}: must be arrays of shape (n_steps, n_columns), with one number of columns "
            f"for all, got {sorted({str(np.shape(signal)) for signal in signals})[:3]}"
        )
    if not all(np.isfinite(signal).all() for signal in signals):
        raise DataError(f"{name}: must be finite numbers")
    return len(signals), int(next(iter(shapes))[0])


def content_keys(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Name each sample by its content, so that its noise does not depend on its neighbours.

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
    >>> from bioplastic.engine import content_keys
    >>> a, b = content_keys(np.array([[0, 1], [0, 1]], dtype=np.uint8))
    >>> bool(a == b)
    True
    """
    digests = (
        hashlib.blake2b(np.asarray(row, dtype=np.float64).tobytes(), digest_size=6).digest()
        for row in values
    )
    return np.array([int.from_bytes(d, "little") for d in digests], dtype=np.float64)
