"""Arguments as plain numbers: quantities of any package in base units, others within bounds."""

import datetime
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import Quantity, get_dimensions, get_unit, have_same_dimensions, hertz, second

from bioplastic.errors import BioplasticError, DataError, ParameterError

#: What others call our units, and what a number in them is.
_UNITS = {second: ("s", "times in seconds"), hertz: ("Hz", "rates in hertz")}
#: Types that NumPy makes an array of without losing a unit.
_PLAIN = (int, float, np.generic)
#: Units of which Brian makes all others, in its order, and their symbols.
_BASE = {"metre": "m", "kilogram": "kg", "second": "s", "amp": "A", "kelvin": "K", "mole": "mol",
         "candle": "cd"}  # fmt: skip


def whole(where: str, value: Any, low: int, high: int | None = None) -> int:
    """Return a whole number from `low` to `high`.

    Parameters
    ----------
    where : str
        Whose parameter it is, and its name, for the message.

    Raises
    ------
    ParameterError
        If it is no whole number or out of range.
    """
    right = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not right or value < low or (high is not None and value > high):
        span = f"at least {low}" if high is None else f"from {low} to {high}"
        raise ParameterError(f"{where}: must be a whole number {span}, got {value!r}")
    return int(value)


def number(where: str, value: Any, low: float, high: float = np.inf) -> float:
    """Return a finite number from `low` to `high`.

    Raises
    ------
    ParameterError
        If it is no such number.
    """
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not real or not np.isfinite(value) or not low <= value <= high:
        span = f"at least {low:g}" if high == np.inf else f"from {low:g} to {high:g}"
        raise ParameterError(f"{where}: must be a number {span}, got {value!r}")
    return float(value)


def choice(where: str, value: Any, choices: Iterable[str]) -> str:
    """Return one of some strings.

    Raises
    ------
    ParameterError
        If it is none of them.
    """
    known = tuple(choices)
    if not isinstance(value, str) or value not in known:
        words = ", ".join(map(repr, known))
        raise ParameterError(f"{where}: must be one of {words}, got {value!r}")
    return value


def positive_time(where: str, value: Any) -> float:
    """Return one time above 0 in seconds, which need not have a unit.

    Raises
    ------
    ParameterError
        If it is something else.
    """
    time = base_units(where, value, error=ParameterError)
    if time.ndim or not np.isfinite(time) or time <= 0:
        raise ParameterError(f"{where}: must be one time above 0, got {value!r}; give e.g. 10 * ms")
    return float(time)


def amount(where: str, value: Any, unit: Quantity, *, zero: bool = False) -> float:
    """Return one finite quantity above 0, or from 0 where `zero`, in base units.

    Raises
    ------
    ParameterError
        If it has another unit than `unit`, is not one number, or is out of range.
    """
    if not same_unit(value, unit):
        raise ParameterError(f"{where}: must have the unit of {unit!r}, got {value!r}")
    one = np.asarray(value, dtype=np.float64)
    if one.ndim or not np.isfinite(one) or one < 0 or (one == 0 and not zero):
        span = ">= 0" if zero else "> 0"
        raise ParameterError(f"{where}: must be one finite value {span}, got {value!r}")
    return float(one)


def amounts(
    where: str,
    value: Any,
    unit: Quantity = second,
    *,
    row: bool = True,
    plain: bool = False,
    positive: bool = False,
    zero: bool = False,
    rising: bool = False,
) -> npt.NDArray[np.float64]:
    """Return finite quantities in base units.

    Parameters
    ----------
    where : str
        What it is, for messages.
    value : Quantity, or list of Quantity
        What was given.
    unit : Quantity
        Seconds or hertz.
    row : bool
        Whether it must be one-dimensional, and is made so of a single one.
    plain : bool
        Whether numbers without a unit will do.
    positive, zero : bool
        Whether all must be above 0; from 0 on.
    rising : bool
        Whether each must be above the one before.

    Raises
    ------
    ParameterError
        If they are not so.
    """
    parts = list(value) if isinstance(value, list | tuple) else [value]
    known = all(
        (isinstance(part, Quantity) and same_unit(part, unit)) or (plain and same_unit(part, 1))
        for part in parts
    )
    numbers = np.zeros(0)
    if parts and known:
        arrays = [np.asarray(part, dtype=np.float64) for part in parts]
        numbers = np.concatenate([np.atleast_1d(a) for a in arrays]) if row else arrays[0]
    fits = numbers.size and np.isfinite(numbers).all() and (numbers.ndim == 1 or not row)
    fits = fits and not ((positive and (numbers <= 0).any()) or (zero and (numbers < 0).any()))
    if not fits or (rising and (np.diff(numbers) <= 0).any()):
        wanted, example = _UNITS[unit][1], "Hz" if unit is hertz else "ms"
        what = wanted if plain else f"{wanted.split()[0]} with a unit"
        words = {"in a row": row, "above 0": positive, "at least 0": zero, "rising": rising}
        said = "".join(f", {word}" for word, asked in words.items() if asked)
        raise ParameterError(
            f"{where}: must be finite {what}{said}, got {value!r}; give e.g. [10, 20] * {example}"
        )
    return numbers


def base_units(
    where: str,
    value: Any,
    unit: Quantity = second,
    *,
    error: type[BioplasticError] = DataError,
) -> npt.NDArray[np.float64]:
    """Return numbers in base units; those without a unit are taken to be in it.

    Parameters
    ----------
    where : str
        Who asks, for the message.
    value : array_like, Quantity, timedelta or list of such
        Numbers of type float64 are not copied.
    unit : Quantity
        ``second`` or ``hertz``.
    error : type
        What to raise.

    Raises
    ------
    BioplasticError
        If they have another unit, or are no numbers.
    """
    name, wanted = _UNITS[unit]
    if np.ma.is_masked(value):
        raise error(f"{where}: must be {wanted}, some are masked; leave them out by compressed()")
    try:
        return _converted(value, unit, name)
    except (TypeError, ValueError) as reason:
        raise error(
            f"{where}: must be {wanted}, or have such a unit of Brian or of quantities, {reason}"
        ) from None


def has_unit(value: Any) -> bool:
    """Tell whether somebody has said in which unit a value is, or the first of several."""
    if isinstance(value, list | tuple):
        return bool(value) and has_unit(value[0])
    known = isinstance(value, Quantity | datetime.timedelta) or hasattr(value, "rescale")
    return known or getattr(getattr(value, "dtype", None), "kind", "") == "m"


def same_unit(value: Any, unit: Any) -> bool:
    """Tell whether a value has the unit of another, as Brian has it."""
    if has_unit(value) and not isinstance(value, Quantity):
        return False  # Brian would take it for a number
    try:
        return bool(have_same_dimensions(value, unit))
    except TypeError:
        return False


def powers_of_units(value: Any) -> dict[str, float]:
    """Powers of the base units in the unit of a value, in Brian's order."""
    dimensions = get_dimensions(value)
    return {name: dimensions.get_dimension(symbol) for name, symbol in _BASE.items()}


def _converted(value: Any, unit: Quantity, name: str) -> npt.NDArray[np.float64]:
    if isinstance(value, Quantity):
        if not have_same_dimensions(value, unit):
            raise ValueError(f"got the unit {get_unit(value.dim)!r}")
        return np.asarray(value, dtype=np.float64)
    if hasattr(value, "rescale"):  # of the package quantities, and so of neo and Elephant
        try:
            return np.asarray(value.rescale(name).magnitude, dtype=np.float64)
        except ValueError:
            raise ValueError(f"got the unit {value.dimensionality}") from None
    if isinstance(value, datetime.timedelta):
        value = np.timedelta64(value)
    several = isinstance(value, list | tuple)
    if several and not all(issubclass(kind, _PLAIN) for kind in set(map(type, value))):
        return np.array([_converted(one, unit, name) for one in value], dtype=np.float64)
    kind = getattr(value, "dtype", None) and value.dtype.kind
    if kind != "m" and any(hasattr(type(value), word) for word in ("unit", "units")):
        raise TypeError(f"got a {type(value).__module__}.{type(value).__name__}; convert it first")
    numbers = np.asarray(value)
    if numbers.dtype.kind == "m" and unit is second:
        if np.datetime_data(numbers.dtype)[0] == "generic":
            raise ValueError("got timedelta64 without a unit")
        return np.asarray(numbers / np.timedelta64(1, "s"), dtype=np.float64)
    if numbers.dtype == object and numbers.ndim:
        flat = [_converted(one, unit, name) for one in numbers.ravel()]
        return np.array(flat, dtype=np.float64).reshape(numbers.shape)
    if numbers.dtype.kind not in "biuf":
        raise TypeError(f"got {numbers.dtype}")
    return numbers.astype(np.float64, copy=False)
