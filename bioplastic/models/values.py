"""What stands for a parameter: one number, an array, or a distribution; and its unit."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import get_dimensions

from bioplastic._quantities import powers_of_units
from bioplastic.errors import ParameterError


def is_distribution(value: Any) -> bool:
    """Whether a parameter differs from neuron to neuron, or from synapse to synapse."""
    return hasattr(value, "sample") and hasattr(value, "unit")


def unit_of(value: Any) -> Any:
    """Return a value with the unit of a parameter."""
    return value.unit if is_distribution(value) else value


def is_one_number(value: Any) -> bool:
    """Whether a value is one number, with or without a unit."""
    if isinstance(value, (str, bytes, bool)) or np.size(value) != 1:
        return False
    return np.asarray(value).dtype.kind in "iuf"


def one_number(value: Any) -> float:
    """Return a value in base units."""
    return float(np.asarray(value, dtype=float))


def parameter_equations(parameters: Mapping[str, Any]) -> str:
    """Declare each parameter as a shared constant, with the unit of its value.

    One given as a distribution is a constant of each neuron, or of each synapse.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.models.values import parameter_equations
    >>> print(parameter_equations({"tau": 10 * ms, "gain": 2.0}))
    tau : second (shared, constant)
    gain : 1 (shared, constant)
    """
    return "\n".join(
        f"{n} : {unit_name(unit_of(v))} ({'' if is_distribution(v) else 'shared, '}constant)"
        for n, v in parameters.items()
    )


def unit_name(value: Any) -> str:
    """Write the unit of a value as equations do."""
    powers = powers_of_units(value).items()
    return "*".join(n if p == 1 else f"{n}**{p:g}" for n, p in powers if p) or "1"


def fixed_array(value: Any) -> Any:
    """Copy an array that a declaration keeps, so that nobody changes it; what is none is kept."""
    array = value if np.ndim(value) == 0 else np.array(value, subok=True)
    if isinstance(array, np.ndarray):
        array.flags.writeable = False
    return array


def same_array(one: Any, other: Any) -> bool:
    """Whether two arrays hold the same numbers with the same unit."""
    return get_dimensions(one) is get_dimensions(other) and np.array_equal(
        np.asarray(one), np.asarray(other)
    )


def draw(
    declaration: Any, name: str, value: Any, rng: np.random.Generator, size: int
) -> npt.NDArray[np.float64]:
    """Draw the values of one parameter of a declaration, and check them against its bound."""
    drawn: npt.NDArray[np.float64] = value.sample(rng, size)
    where = f"{type(declaration).__name__}.{name}"
    if np.shape(drawn) != (size,) or not np.isfinite(drawn).all():
        raise ParameterError(f"{where}: {value!r} must draw {size} finite numbers")
    bound = {f.name: f.metadata.get("bound") for f in dataclasses.fields(declaration)}.get(name)
    if bound and size and not bound.holds(worst := float(drawn.min())):
        raise ParameterError(f"{where}: must be {bound}, {value!r} has drawn {worst:g}")
    return drawn
