"""What all declarations share: equation strings that show as LaTeX, parameters that are checked."""

import dataclasses
import inspect
import numbers
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import brian2.units.allunits
import numpy as np
from brian2 import Equations, Quantity, Unit, get_dimensions

from bioplastic._quantities import same_unit
from bioplastic.errors import ParameterError, UnknownArgumentError
from bioplastic.models.display import html_block, html_lines, html_table
from bioplastic.models.suggesting import closest, no_attribute, of_brian
from bioplastic.models.values import (
    is_distribution,
    one_number,
    parameter_equations,
    unit_name,
    unit_of,
)


class EquationString(str):
    """Equations of a model: prints as written, shows as LaTeX in a notebook.

    Examples
    --------
    >>> from bioplastic.models.declaration import EquationString
    >>> print(EquationString("dv/dt = -v/tau : volt"))
    dv/dt = -v/tau : volt
    """

    __slots__ = ()

    def _repr_latex_(self) -> str:
        return str(Equations(str(self))._repr_latex_())


class Bound(NamedTuple):
    """What a parameter must be; see :func:`parameter`."""

    unit: Any
    low: float | None = None
    strict: bool = True
    optional: bool = False

    def holds(self, number: float) -> bool:
        """Whether a number, in base units, lies within."""
        return self.low is None or number > self.low or (number == self.low and not self.strict)

    def __str__(self) -> str:
        low = Quantity(self.low, dim=get_dimensions(self.unit)) if self.low else self.low
        return f"{'>' if self.strict else '>='} {low}"


def parameter(
    default: Any,
    *,
    low: float | None = None,
    strict: bool = True,
    optional: bool = False,
    key: Callable[[Any], str] | None = None,
) -> Any:
    """Declare a dataclass field that is a physical parameter.

    A program reads its value at its start, so that another one needs no new build.

    Parameters
    ----------
    default : Quantity or float
        Default value; a value given later must have its unit, or none where the default is None.
    low : float, optional
        Lower bound in base units.
    strict : bool
        Whether the bound itself is refused.
    optional : bool
        Whether None is a value too.
    key : callable, optional
        What of the value a program's text follows from; whether there is one, and its unit, where
        absent.
    """
    bound = Bound(unit_of(1.0 if default is None else default), low, strict, optional)
    return dataclasses.field(
        default_factory=lambda: default, metadata={"bound": bound, "key": key or _kind}
    )


def read_at_start(key: Callable[[Any], str] = lambda _: "", **given: Any) -> Any:
    """Declare a field whose value a program reads at its start, or never reads.

    Parameters
    ----------
    key : callable
        What of the value its text follows from; nothing where absent.
    **given
        See :func:`dataclasses.field`.
    """
    return dataclasses.field(metadata={"key": key}, **given)


def _kind(value: Any) -> str:
    """Say what a program's text follows from of a parameter: its unit, and whether all share it."""
    return "None" if value is None else parameter_equations({"": value})


def key_of(value: Any) -> str:
    """Write all of a declaration but values that a program reads at its start.

    Programs of equal keys have the same text. A field that says nothing counts as a whole, so that
    one which was forgotten costs a build and never takes a wrong program.
    """
    if dataclasses.is_dataclass(value):
        parts = [
            f"{f.name}={f.metadata.get('key', key_of)(getattr(value, f.name))}"
            for f in dataclasses.fields(value)
        ]
        # Its class is asked: what a declaration itself does not have, it looks for a word near to.
        has_some = hasattr(type(value), "parameters")
        parts.append(parameter_equations(getattr(value, "parameters", {}) if has_some else {}))
        return f"{type(value).__module__}.{type(value).__qualname__}({', '.join(parts)})"
    if isinstance(value, tuple | list):
        return f"({', '.join(map(key_of, value))})"
    return _repr_value(value)


class Declaration:
    """Parent of the frozen dataclasses: checks parameters, and prints so that ``eval`` reads it."""

    __slots__ = ()

    def __new__(cls, *_: Any, **given: Any) -> Self:
        """Refuse arguments that the constructor does not have, and name what was meant.

        Raises
        ------
        UnknownArgumentError
            If there is no argument of that name, or one was given without its name.
        """
        if _:
            _check_positions(cls, len(_))
        for name in given.keys() - getattr(cls, "__dataclass_fields__", {}).keys():
            known = inspect.signature(cls.__init__).parameters
            if name in known or any(p.kind is p.VAR_KEYWORD for p in known.values()):
                continue
            near = closest(name, known)
            remedy = f"did you mean {near!r}?" if near else f"it has {', '.join([*known][1:])}"
            remedy = of_brian(cls, name) or remedy
            raise UnknownArgumentError(f"{cls.__name__}: there is no argument {name!r}; {remedy}")
        return super().__new__(cls)

    if not TYPE_CHECKING:  # to a type checker every attribute would be there

        def __getattr__(self, name: str) -> Any:
            raise no_attribute(self, name)

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):  # type: ignore[arg-type]
            if isinstance(value := getattr(self, f.name), dict):  # whose owner may change it
                object.__setattr__(self, f.name, dict(value))
            if "bound" in f.metadata:
                check_value(self, f.name, f.metadata["bound"])
            elif f.type in _KINDS:
                check_kind(self, f.name, *_KINDS[f.type])

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value}" for name, value in self.shown_fields())
        return f"{type(self).__name__}({shown})"

    def shown_fields(self) -> list[tuple[str, str]]:
        """Names and prints of the fields that differ from their defaults."""
        shown = []
        for f in dataclasses.fields(self):  # type: ignore[arg-type]
            value = _repr_value(getattr(self, f.name))
            default = f.default if f.default_factory is dataclasses.MISSING else f.default_factory()
            if default is dataclasses.MISSING or value != _repr_value(default):
                shown.append((f.name, value))
        return shown

    def _repr_html_(self) -> str:
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}  # type: ignore[arg-type]
        strings = {n: v for n, v in values.items() if isinstance(v, str)}
        others = {n: v for n, v in values.items() if n not in strings}
        table = [(n, shown(v)) for n, v in others.items() if repr(v) not in ("{}", "None")]
        return html_block(
            type(self).__name__,
            html_table(["parameter", "value"], table) if table else "",
            *(html_lines(name, text) for name, text in strings.items() if text),
        )


def _check_positions(cls: type, given: int) -> None:
    """Refuse more arguments without a name than a constructor takes."""
    known = [*inspect.signature(cls).parameters.values()]
    if any(p.kind is p.VAR_POSITIONAL for p in known):
        return
    free = [p.name for p in known if p.kind is p.POSITIONAL_OR_KEYWORD]
    if given > len(free):
        takes = f"all but {', '.join(free)}" if free else "all arguments"
        raise UnknownArgumentError(
            f"{cls.__name__}: give {takes} by name: {', '.join(p.name for p in known)}"
        )


def shown(value: Any) -> str:
    """Write a value as a reader wants it, not as ``eval`` does: ``10. ms``."""
    return str(value) if isinstance(value, Quantity) else _repr_value(value)


def _repr_value(value: Any) -> str:
    if np.ndim(value) and isinstance(value, np.ndarray):
        numbers, unit = repr(np.asarray(value).tolist()), unit_name(value)
        return f"np.array({numbers})" if unit == "1" else f"{numbers} * {unit}"
    if isinstance(value, Quantity):
        short = repr(value)
        exact = f"{float(np.asarray(value))!r} * {unit_name(value)}"
        number, _, unit = short.partition(" * ")
        known = {n: v for n, v in vars(brian2.units.allunits).items() if isinstance(v, Unit)}
        same = unit in known and float(number) * float(known[unit]) == float(np.asarray(value))
        return short if same else exact
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k!r}: {_repr_value(v)}" for k, v in value.items()) + "}"
    return repr(value)


def written_out(value: Any) -> str:
    """Print a declaration with every field, those with their defaults too: what it is, in full."""
    if dataclasses.is_dataclass(value):
        fields = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
        return f"{type(value).__name__}({', '.join(f'{n}={written_out(v)}' for n, v in fields)})"
    if isinstance(value, tuple | list):
        return f"({', '.join(map(written_out, value))})"
    return _repr_value(value)


#: What fields without a unit must be, by their annotation.
_KINDS: dict[Any, tuple[Any, str]] = {
    str: (str, "a string"),
    int: (numbers.Integral, "a whole number"),
    float: (numbers.Real, "a number"),
}


def refusal(declaration: Any, name: str, what: str, got: str | None = None) -> ParameterError:
    """Make the error of a field that is not what it must be, or of several where none is named."""
    where = f"{type(declaration).__name__}.{name}" if name else type(declaration).__name__
    got = shown(getattr(declaration, name)) if got is None else got
    return ParameterError(f"{where}: must {what}, got {got}")


def require(declaration: Any, name: str, holds: bool, what: str, got: str | None = None) -> None:
    """Raise ParameterError where something does not hold of a field; see :func:`refusal`."""
    if not holds:
        raise refusal(declaration, name, what, got)


def check_kind(
    declaration: Any, name: str, kind: type[Any] | tuple[type[Any], ...], what: str
) -> None:
    """Raise ParameterError where a field is not of its kind; `what` says what it must be."""
    value = getattr(declaration, name)
    if isinstance(value, kind) and not isinstance(value, bool):
        return
    got = f"{value!r}, a {type(value).__name__}"
    if isinstance(value, type):
        got = f"the class {value.__name__}"
        got += f": write {value.__name__}(...)" if issubclass(value, kind) else ""
    raise refusal(declaration, name, f"be {what}", got)


def check_tuple(declaration: Any, name: str, kind: type[Any]) -> None:
    """Keep a field that must be a sequence of declarations of a kind as a tuple."""
    given = getattr(declaration, name)
    fits = isinstance(given, list | tuple) and all(isinstance(part, kind) for part in given)
    kinds = kind.__name__ if kind.__name__.endswith("y") else f"{kind.__name__}s"
    what = "the name of a population or several" if kind is str else f"a tuple of {kinds}"
    require(declaration, name, fits, f"be {what}")
    object.__setattr__(declaration, name, tuple(given))


def whole_numbers(declaration: Any, name: str) -> tuple[int, ...]:
    """Return a field that must be a sequence of whole numbers, as a tuple.

    Raises
    ------
    ParameterError
        If it is not.
    """
    value = getattr(declaration, name)
    array = np.asarray(value)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise refusal(declaration, name, "be a sequence of whole numbers", repr(value))
    return tuple(int(number) for number in array)


def check_value(declaration: Any, name: str, bound: Bound) -> None:
    """Check unit and range of a field.

    Raises
    ------
    ParameterError
        If it has another unit, is not one finite number, or lies outside its range.
    """
    value = getattr(declaration, name)
    if value is None and bound.optional:
        return
    if value is None or not same_unit(unit_of(value), bound.unit):
        raise refusal(declaration, name, f"have the unit of {bound.unit!r}", repr(value))
    if is_distribution(value):
        return  # what is drawn is checked when it is drawn
    if np.size(value) != 1 or not np.isfinite(np.asarray(value, dtype=float)):
        raise refusal(declaration, name, "be one finite number", repr(value))
    if not bound.holds(one_number(value)):
        raise refusal(declaration, name, f"be {bound}", str(value))


def field_values(declaration: Any) -> dict[str, Any]:
    """Name and value of every field made by :func:`parameter`."""
    return {
        f.name: getattr(declaration, f.name)
        for f in dataclasses.fields(declaration)
        if "bound" in f.metadata
    }
