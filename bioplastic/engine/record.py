"""What a run is to record: spikes of populations, state of chosen elements at chosen times."""

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from brian2 import Unit, have_same_dimensions
from brian2.equations.equations import SUBEXPRESSION
from brian2.utils.stringtools import word_substitute

from bioplastic.engine.noise import DRAWS
from bioplastic.engine.plan import plan_of
from bioplastic.errors import ParameterError
from bioplastic.models import Network, Population, Regularly
from bioplastic.models.strings import equations_of, words_of
from bioplastic.models.suggesting import closest
from bioplastic.models.timing import every
from bioplastic.models.values import unit_name

#: What ``record=`` takes.
Record = Literal["counts", "spikes", "nothing"] | Mapping[str, Any]
_WORDS = ("counts", "spikes", "nothing")
#: Times of the next step.
_TIMES = {"t": "(t + dt)", "t_in_timesteps": "(t_in_timesteps + 1)"}
#: What another look would draw anew.
_ANEW = DRAWS | {"uniform"}
#: Of :func:`every`, for the end of a sample.
AT_END = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """A variable that is to be recorded.

    Parameters
    ----------
    variable : str
        Its name in the program, which is another one where a subexpression is recorded.
    every : int
        Steps from one value to the next; `AT_END` for the end of a sample.
    elements : sequence of int or None
        All where None.
    unit : Unit
        Of its values.
    """

    variable: str
    every: int
    elements: Any
    unit: Any


class Wanted:
    """What a run is to record, checked.

    Parameters
    ----------
    record : Record
        What was asked for.
    network : Network
        The declaration.

    Attributes
    ----------
    network : Network
        The declaration, with a variable for each subexpression that is recorded.
    added : frozenset of str
        These variables.
    counted : bool
        Whether spikes are counted.
    spikes : bool or tuple of str
        Whether spikes of the watched populations are handed back; or the populations whose spikes
        are, each by its name.
    looked : dict of str to Looked
        Variables, by the names that were given.

    Raises
    ------
    ParameterError
        If it is none of what can be recorded, names what the network does not have, or an interval
        is no whole number of steps.
    """

    def __init__(self, record: Record, network: Network) -> None:
        self.network, self.added = network, frozenset[str]()
        self.counted = record != "nothing"
        self.spikes: bool | tuple[str, ...] = record == "spikes"
        self.looked: dict[str, Looked] = {}
        if isinstance(record, Mapping):
            self._take(dict(record))
        elif record not in _WORDS:
            raise ParameterError(
                f"record: must be 'counts', 'spikes', 'nothing' or a mapping such as "
                f'{{"spikes": ["exc"], "exc.v": [0, 1]}}, got {record!r}'
            )

    @property
    def kept(self) -> tuple[str, ...]:
        """Populations whose spikes a program hands back: the watched ones first."""
        if not self.counted:
            return ()
        more = self.spikes if isinstance(self.spikes, tuple) else ()
        watched = self.network.watched
        return tuple(n for n in spiking(self.network) if n in watched or n in more)

    @property
    def variables(self) -> tuple[str, ...]:
        """Variables of the program that are looked at."""
        return tuple(its.variable for its in self.looked.values())

    def _take(self, given: dict[str, Any]) -> None:
        for name in given:
            if not isinstance(name, str):
                what = "names must be strings such as 'spikes' and 'exc.v'"
                raise ParameterError(f"record: {what}, got {name!r}")
        if "spikes" in given:
            self.spikes = self._populations(given.pop("spikes"))
        expressions = {name: self._expression(name) for name in given}
        self._add({n: e for n, e in expressions.items() if e is not None})
        dt, plan = self.network.schedule.dt, plan_of(self.network)
        for name, chosen in given.items():
            owner, _, own = name.partition(".")
            if owner in plan.lists and own in plan.wired[owner]:
                raise ParameterError(
                    f"record: {name} says which synapses there are, and does not change; it stands "
                    f"in the state of the result"
                )
            steps, elements = 1, chosen
            if isinstance(chosen, every):
                steps, elements = chosen.steps(name, dt), chosen.elements
            elif isinstance(chosen, str):
                if chosen != "end":
                    raise _refusal(name, chosen)
                steps, elements = AT_END, None
            elif chosen is None:
                raise _refusal(name, chosen)
            variable = name if expressions[name] is None else _stored(name)
            unit = _unit_of(self.network, variable)
            self.looked[name] = Looked(variable=variable, every=steps, elements=elements, unit=unit)

    def _populations(self, names: Any) -> tuple[str, ...]:
        known = spiking(self.network)
        several = isinstance(names, Iterable) and not isinstance(names, str)
        if not several or not all(isinstance(name, str) for name in names):
            raise ParameterError(
                f"record['spikes']: must be a sequence of populations such as [{known[0]!r}], got "
                f"{names!r}"
            )
        for name in names:
            if name not in known:
                raise ParameterError(
                    f"record['spikes']: must name populations that spike, {', '.join(known)}, got "
                    f"{name!r}"
                )
        return tuple(dict.fromkeys(names))

    def _expression(self, name: Any) -> Any:
        """Return the equation behind a name where it is a subexpression of a model's."""
        owner, _, variable = str(name).partition(".")
        everybody: tuple[Any, ...] = (*self.network.populations, *self.network.projections)
        for its in everybody:
            if its.name == owner and (model := getattr(its, _model_of(its))) is not None:
                found = equations_of(str(model.equations)).get(variable)
                return found if found is not None and found.type == SUBEXPRESSION else None
        return None

    def _add(self, expressions: Mapping[str, Any]) -> None:
        """Let models store the values of subexpressions at the end of each step."""
        if not expressions:
            return
        self.added = frozenset(map(_stored, expressions))

        def extended(its: Any) -> Any:
            equations: list[str] = []
            code: list[str] = []
            own = getattr(getattr(its, _model_of(its)), "equations", "")
            for name, equation in expressions.items():
                owner, _, value = name.partition(".")
                if owner == its.name:
                    equations.append(f"{_stored(value)} : {unit_name(equation.unit)}")
                    is_flag = equation.var_type == "boolean"
                    seen = _at_step_end(value, equations_of(str(own)))
                    code.append(f"{_stored(value)} = {f'int({seen})' if is_flag else seen}")
            if not equations:
                return its
            model = getattr(its, _model_of(its))
            model = replace(
                model,
                equations="\n".join([str(model.equations), *equations]),
                regularly=(*model.regularly, Regularly("\n".join(code), when="after_end")),
            )
            return replace(its, **{_model_of(its): model})

        self.network = replace(
            self.network,
            populations=tuple(map(extended, self.network.populations)),
            projections=tuple(map(extended, self.network.projections)),
        )


def spiking(network: Network) -> tuple[str, ...]:
    """Name the populations that spike: the watched ones, then the others in their order."""
    others = [p.name for p in network.populations if p.neuron.spikes]
    return tuple(dict.fromkeys([*network.watched, *others]))


def elements_of(name: str, chosen: Any, size: int) -> npt.NDArray[np.int32]:
    """Check elements of a variable; all where none are chosen.

    Raises
    ------
    ParameterError
        If they are no whole numbers, or there are no such elements.
    """
    if chosen is None:
        return np.arange(size, dtype=np.int32)
    if isinstance(chosen, Iterable) and any(isinstance(k, bool) for k in chosen):
        raise _refusal(name, chosen)
    try:
        numbers = np.array([operator.index(k) for k in chosen], dtype=np.int64)
    except TypeError:
        raise _refusal(name, chosen) from None
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() < size:
        raise ParameterError(f"record[{name!r}]: elements must be in 0..{size - 1}, got {chosen!r}")
    return numbers.astype(np.int32)


def unknown_variable(name: str, known: Any) -> ParameterError:
    """Make the error of a variable that is not there."""
    whose = [key for key in sorted(known) if key.partition(".")[2] == name]
    near = " or ".join(map(repr, whose)) or repr(closest(name, known) or "")
    remedy = f"did you mean {near}?" if near != "''" else f"it has {', '.join(sorted(known))}"
    return ParameterError(f"record: the network has no variable {name!r}; {remedy}")


def _refusal(name: str, chosen: Any) -> ParameterError:
    return ParameterError(
        f"record[{name!r}]: must be a sequence of elements such as [0, 1], 'end', or "
        f"every(interval, elements), got {chosen!r}"
    )


def _model_of(its: Any) -> str:
    """Name the field that has a model with equations."""
    return "neuron" if isinstance(its, Population) else "synapse"


def _at_step_end(name: str, equations: Any) -> str:
    """Write a subexpression as it is when a step has ended, and `t` is the time of the next."""
    text = name
    while inner := {n for n in words_of(text) & {*equations} if equations[n].type == SUBEXPRESSION}:
        text = word_substitute(text, {n: f"({equations[n].expr.code})" for n in inner})
    words = words_of(text)
    if not words & _TIMES.keys() or words & _ANEW:
        return name
    return str(word_substitute(text, _TIMES))


def _stored(name: str) -> str:
    return f"{name}_recorded"


def _unit_of(network: Network, name: str) -> Any:
    """Return the unit of a variable, 1 of what is none of the equations'."""
    plan = plan_of(network)
    owner, _, variable = name.partition(".")
    unit = getattr(plan.equations.get(owner, {}).get(variable), "unit", Unit(1))
    return Unit(1) if have_same_dimensions(unit, 1) else unit  # which Brian calls a radian
