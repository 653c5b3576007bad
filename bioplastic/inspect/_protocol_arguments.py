"""What protocols are given: rules, neurons, times as whole steps of the simulation."""

from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import Hz, Quantity, have_same_dimensions, second

from bioplastic.errors import ParameterError
from bioplastic.models import NeuronModel, PlasticityRule

__all__ = [
    "check_count",
    "check_neuron",
    "check_rule",
    "check_step",
    "check_weight",
    "one_length",
    "spacing",
    "to_numbers",
    "to_steps",
]

Steps = npt.NDArray[np.int64]
Array = npt.NDArray[np.float64]


def check_rule(where: str, rule: Any) -> None:
    """Refuse what is no rule."""
    if isinstance(rule, PlasticityRule):
        return
    hint = "PairSTDP()"
    if isinstance(rule, type) and issubclass(rule, PlasticityRule):
        hint = f"{rule.__name__}()"
    raise ParameterError(f"{where}.rule: must be a PlasticityRule, got {rule!r}; give e.g. {hint}")


def check_neuron(where: str, post: Any, drive: Any) -> None:
    """Refuse a neuron that cannot spike, or that nobody tells when to."""
    if (post is None) != (drive is None):
        missing, given = ("drive", "post") if drive is None else ("post", "drive")
        raise ParameterError(
            f"{where}.{missing}: must be given with {given}; e.g. post=LIF(), "
            f"drive='v_post += 100*mV'"
        )
    if post is not None and (not isinstance(post, NeuronModel) or not post.spikes):
        raise ParameterError(
            f"{where}.post: must be a NeuronModel with a threshold, such as LIF(), got {post!r}"
        )
    if drive is not None and not isinstance(drive, str):
        raise ParameterError(
            f"{where}.drive: must be a statement, such as 'v_post += 100*mV', got {drive!r}"
        )


def check_weight(where: str, w: Any, w_max: float | None) -> float:
    """Return the weight that was given, else the middle of its range."""
    if w is None:
        return 0.5 if w_max is None else w_max / 2
    real = isinstance(w, (int, float, np.integer, np.floating)) and not isinstance(w, bool)
    if not real or not np.isfinite(w):
        raise ParameterError(f"{where}.w: must be one finite number, got {w!r}")
    if w_max is not None and not 0 <= w <= w_max:
        raise ParameterError(
            f"{where}.w: must lie in 0..{w_max:g}, the bounds of the rule, got {w!r}"
        )
    return float(w)


def check_count(where: str, value: Any) -> int:
    """Return a whole number above 0."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < 1:
        raise ParameterError(f"{where}: must be a whole number above 0, got {value!r}")
    return int(value)


def check_step(where: str, value: Any) -> float:
    """Return one time above 0, in seconds."""
    numbers = to_numbers(where, value, second, "ms")
    if numbers.ndim or numbers <= 0:
        raise ParameterError(f"{where}: must be one time above 0, got {value!r}")
    return float(numbers)


def to_steps(where: str, value: Any, *, dt: float, low: int | None = None) -> Steps:
    """Return times as numbers of steps, in the shape in which they are given.

    Raises
    ------
    ParameterError
        If they are no times, none at all, not finite, not whole multiples of `dt`, or less than
        `low` steps.
    """
    times = to_numbers(where, value, second, "ms")
    steps = np.rint(times / dt)
    off = np.abs(times / dt - steps) > 1e-6
    if off.any():
        odd = float(np.atleast_1d(times)[np.atleast_1d(off)][0])
        raise ParameterError(
            f"{where}: must be whole multiples of dt={1e3 * dt:g} ms, got {1e3 * odd:g} ms; take "
            f"{1e3 * dt * round(odd / dt):g} ms, or another dt"
        )
    if low is not None and (steps < low).any():
        span = f"at least {1e3 * dt * low:g} ms" if low else "at least 0 ms"
        raise ParameterError(f"{where}: must be {span}, got {1e3 * times.min():g} ms")
    return steps.astype(np.int64)


def one_length(where: str, value: Any, *, dt: float, low: int) -> int:
    """Return one time as a number of steps, `low` at least."""
    steps = to_steps(where, value, dt=dt, low=low)
    if steps.ndim:
        raise ParameterError(f"{where}: must be one time, got {value!r}")
    return int(steps)


def spacing(where: str, value: Any, *, dt: float) -> tuple[Array, Steps]:
    """Return frequencies in hertz, and the steps from one event to the next.

    Raises
    ------
    ParameterError
        If they are no frequencies above 0, or their periods are not whole multiples of `dt`.
    """
    rates = np.atleast_1d(to_numbers(where, value, Hz, "Hz"))
    if rates.ndim != 1 or (rates <= 0).any():
        raise ParameterError(f"{where}: must be frequencies above 0, in a row, got {value!r}")
    periods = 1 / (rates * dt)
    steps = np.rint(periods)
    off = (np.abs(periods - steps) > 1e-6 * periods) | (steps < 1)
    if off.any():
        rate, near = rates[off][0], 1 / (dt * max(steps[off][0], 1))
        raise ParameterError(
            f"{where}: must have periods that are whole multiples of dt={1e3 * dt:g} ms, got "
            f"{rate:g} Hz; the nearest is {near:.9g} Hz"
        )
    return rates, steps.astype(np.int64)


def to_numbers(where: str, value: Any, unit: Any, name: str) -> Array:
    """Return finite numbers in base units, of values that must have a unit."""
    right = isinstance(value, Quantity) and have_same_dimensions(value, unit)
    numbers = np.asarray(value, dtype=np.float64) if right else np.zeros(0)
    if not right or not numbers.size or not np.isfinite(numbers).all():
        raise ParameterError(
            f"{where}: must be finite and have a unit, got {value!r}; give e.g. 10 * {name} or "
            f"[10, 20] * {name}"
        )
    return numbers
