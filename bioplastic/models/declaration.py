"""What all declarations share: equation strings that show as LaTeX, parameters that are checked."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import brian2.units.allunits
import numpy as np
import numpy.typing as npt
from brian2 import Equations, Quantity, Unit, get_dimensions

from bioplastic._quantities import same_unit
from bioplastic.errors import ParameterError

__all__ = [
    "Declaration",
    "EquationString",
    "draw",
    "field_values",
    "is_distribution",
    "parameter",
    "parameter_equations",
    "refuse_distributions",
    "unit_name",
]


class EquationString(str):
    """Equations of a model: prints as written, shows as LaTeX in a notebook.

    Examples
    --------
    >>> from bioplastic.models import EquationString
    >>> print(EquationString("dv/dt = -v/tau : volt"))
    dv/dt = -v/tau : volt
    """

    __slots__ = ()

    def _repr_latex_(self) -> str:
        return str(Equations(str(self))._repr_latex_())


def parameter(
    default: Any, *, low: float | None = None, strict: bool = True, optional: bool = False
) -> Any:
    """Declare a dataclass field that is a physical parameter.

    Parameters
    ----------
    default : Quantity or float
        Default value; a value given later must have its unit.
    low : float, optional
        Lower bound in base units.
    strict : bool
        Whether the bound itself is refused.
    optional : bool
        Whether None is a value too.
    """
    unit = default.unit if is_distribution(default) else default
    return dataclasses.field(
        default_factory=lambda: default,
        metadata={"unit": unit, "low": low, "strict": strict, "optional": optional},
    )


class Declaration:
    """Parent of the frozen dataclasses: checks parameters, and prints so that ``eval`` reads it."""

    __slots__ = ()

    def __post_init__(self) -> None:
        _check_fields(self)

    def __repr__(self) -> str:
        shown = []
        for f in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, f.name)
            shown.append(f"{f.name}={_repr_value(value)}")
        return f"{type(self).__name__}({', '.join(shown)})"


def _repr_value(value: Any) -> str:
    if isinstance(value, Quantity):
        short = repr(value)
        exact = f"{float(np.asarray(value))!r} * {unit_name(value)}"
        number, _, unit = short.partition(" * ")
        known = {n: v for n, v in vars(brian2.units.allunits).items() if isinstance(v, Unit)}
        same = unit in known and float(number) * float(known[unit]) == float(np.asarray(value))
        return short if same else exact
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k!r}: {_repr_value(v)}" for k, v in value.items()) + "}"
    return repr(value)


def _check_fields(declaration: Any) -> None:
    for f in dataclasses.fields(declaration):
        if "unit" not in f.metadata:
            continue
        where, value = f"{type(declaration).__name__}.{f.name}", getattr(declaration, f.name)
        unit = f.metadata["unit"]
        if value is None and f.metadata["optional"]:
            continue
        if is_distribution(value):
            if not same_unit(value.unit, unit):
                raise ParameterError(f"{where}: must have the unit of {unit!r}, got {value!r}")
            continue  # what is drawn is checked when it is drawn
        if value is None or not same_unit(value, unit):
            raise ParameterError(f"{where}: must have the unit of {unit!r}, got {value!r}")
        if np.size(value) != 1 or not np.isfinite(np.asarray(value, dtype=float)):
            raise ParameterError(f"{where}: must be one finite number, got {value!r}")
        low, number = f.metadata["low"], float(np.asarray(value, dtype=float))
        if low is not None and (number < low or (f.metadata["strict"] and number == low)):
            raise ParameterError(f"{where}: must be {_bound(f.metadata)}, got {value}")


def _bound(metadata: Mapping[str, Any]) -> str:
    low, sign = metadata["low"], ">" if metadata["strict"] else ">="
    return f"{sign} {Quantity(low, dim=get_dimensions(metadata['unit'])) if low else low}"


def refuse_distributions(declaration: Any) -> None:
    """Raise ParameterError where a parameter that all share is given as a distribution."""
    for name, value in (field_values(declaration) | getattr(declaration, "parameters", {})).items():
        if is_distribution(value):
            raise ParameterError(
                f"{type(declaration).__name__}.{name}: must be one value, got {value!r}"
            )


def is_distribution(value: Any) -> bool:
    """Whether a parameter differs from neuron to neuron, or from synapse to synapse."""
    return hasattr(value, "sample") and hasattr(value, "unit")


def draw(
    declaration: Any, name: str, value: Any, rng: np.random.Generator, size: int
) -> npt.NDArray[np.float64]:
    """Draw the values of one parameter of a declaration, and check them against its bound."""
    drawn: npt.NDArray[np.float64] = value.sample(rng, size)
    where = f"{type(declaration).__name__}.{name}"
    if np.shape(drawn) != (size,) or not np.isfinite(drawn).all():
        raise ParameterError(f"{where}: {value!r} must draw {size} finite numbers")
    metadata = next(
        (f.metadata for f in dataclasses.fields(declaration) if f.name == name), {"low": None}
    )
    low = metadata.get("low")
    if low is not None and size:
        worst = float(drawn.min())
        if worst < low or (metadata["strict"] and worst == low):
            raise ParameterError(
                f"{where}: must be {_bound(metadata)}, {value!r} has drawn {worst:g}"
            )
    return drawn


def field_values(declaration: Any) -> dict[str, Any]:
    """Name and value of every field made by :func:`parameter`."""
    return {
        f.name: getattr(declaration, f.name)
        for f in dataclasses.fields(declaration)
        if "unit" in f.metadata
    }


def parameter_equations(parameters: Mapping[str, Any]) -> str:
    """Declare each parameter as a shared constant, with the unit of its value.

    One given as a distribution is a constant of each neuron, or of each synapse.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.models.declaration import parameter_equations
    >>> print(parameter_equations({"tau": 10 * ms, "gain": 2.0}))
    tau : second (shared, constant)
    gain : 1 (shared, constant)
    """
    return "\n".join(
        f"{n} : {unit_name(v.unit)} (constant)"
        if is_distribution(v)
        else f"{n} : {unit_name(v)} (shared, constant)"
        for n, v in parameters.items()
    )


def unit_name(value: Any) -> str:
    """Write the unit of a value as equations do."""
    names = ("metre", "kilogram", "second", "amp", "kelvin", "mole", "candle")
    powers = zip(names, get_dimensions(value)._dims, strict=True)
    return "*".join(n if p == 1 else f"{n}**{p:g}" for n, p in powers if p) or "1"
