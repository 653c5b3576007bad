"""Numbers over time that equations look up: Brian's TimedArray as a declaration."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import Quantity, TimedArray, get_dimensions, ms, second
from brian2.core.functions import Function
from brian2.units.fundamentalunits import get_unit

from bioplastic.models.declaration import Declaration, key_of, parameter, read_at_start, require
from bioplastic.models.values import fixed_array, same_array, unit_name


@dataclass(frozen=True, kw_only=True, slots=True, repr=False, eq=False)
class TimeTable(Declaration):
    """Numbers that equations look up by ``table(t)``, or ``table(t, i)`` where neurons differ.

    Before its first row a table has the values of the first, after its last those of the last.

    Parameters
    ----------
    values : array_like of shape (n_times,) or (n_times, n_columns)
        With a unit, or without. A program reads them at its start.
    dt : Quantity, in seconds
        From one row to the next.

    Notes
    -----
    Brian's ``TimedArray`` can be given in its place, and becomes one.

    Examples
    --------
    >>> from brian2 import ms, nA, ohm
    >>> from bioplastic.models import NeuronModel, TimeTable
    >>> steps = TimeTable([0, 1, 0.5] * nA, dt=50 * ms)
    >>> NeuronModel(
    ...     equations="dv/dt = resistance*current(t)/tau : volt",
    ...     namespace={"current": steps},
    ...     constants={"resistance": 80e6 * ohm, "tau": 10 * ms},
    ... ).namespace["current"].array
    array([0.e+00, 1.e-09, 5.e-10])
    """

    values: Any = read_at_start(lambda given: f"{np.ndim(given)} {unit_name(given)}", kw_only=False)
    dt: Any = parameter(1 * ms, low=0)

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        object.__setattr__(self, "values", fixed_array(self.values))
        array = np.asarray(self.values)
        filled = array.ndim in (1, 2) and array.size and array.dtype.kind in "iuf"
        what = "be numbers of shape (n_times,) or (n_times, n_columns)"
        require(self, "values", bool(filled) and bool(np.isfinite(array).all()), what)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TimeTable) and (
            same_array(self.values, other.values) and float(self.dt) == float(other.dt)
        )

    @classmethod
    def of(cls, given: TimedArray) -> "TimeTable":
        """Make one of Brian's."""
        values, dt = Quantity(given.values, dim=given.dim), Quantity(given.dt, dim=ms.dim)
        return cls(values=values, dt=dt)

    @property
    def array(self) -> npt.NDArray[np.float64]:
        """The numbers in base units."""
        return np.asarray(self.values, dtype=np.float64)

    @property
    def known(self) -> Function:
        """What strings may know of it: the units of its arguments, and its own."""
        return Function(None, arg_units=self.arg_units, return_unit=self.unit)

    @property
    def arg_units(self) -> list[Any]:
        """Units of what it is looked up by: a time, and the column where there are some."""
        return [second, 1][: self.array.ndim]

    @property
    def unit(self) -> Any:
        """The unit of its numbers."""
        return get_unit(get_dimensions(self.values))


def check_namespace(model: Any) -> None:
    """Let a model keep its functions: tables as declarations, Python's as Brian's.

    Raises
    ------
    ParameterError
        If it has something else in its namespace.
    """
    require(model, "namespace", isinstance(model.namespace, Mapping), "be a mapping of names")
    kept: dict[str, Any] = {}
    for name, given in model.namespace.items():
        value = TimeTable.of(given) if isinstance(given, TimedArray) else given
        if callable(value) and not isinstance(value, Function):
            with contextlib.suppress(ValueError):  # of Brian: it does not say its units
                value = Function(value)
        what = (
            "be a TimeTable, or a function that declares its units by brian2.check_units and, for "
            "engines that compile, its code by brian2.implementation; numbers and arrays are "
            "constants"
        )
        fits = isinstance(value, TimeTable | Function)
        require(model, f"namespace[{name!r}]", fits, what, repr(given))
        kept[name] = value
    object.__setattr__(model, "namespace", kept)


def known_functions(model: Any) -> dict[str, Function]:
    """Return what strings may call of a model's own, by name."""
    given = getattr(model, "namespace", {}) if model is not None else {}
    return {n: v.known if isinstance(v, TimeTable) else v for n, v in given.items()}


def kind_of_namespace(namespace: Mapping[str, Any]) -> str:
    """Say what a program's text follows from: names; engines ask functions for their code."""
    return str({n: key_of(v) if isinstance(v, TimeTable) else n for n, v in namespace.items()})
