"""What goes over from sample to sample: who answers without it may see samples in any order.

A variable is carried where it changes, nobody sets it anew before it is read, and what is asked for
follows from it. That is found from a declaration's strings, and from values: a threshold that grows
by 0 is no memory.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import Equations
from brian2.equations.equations import DIFFERENTIAL_EQUATION
from brian2.parsing.sympytools import str_to_sympy
from brian2.utils.stringtools import get_identifiers

from bioplastic.engine.structure import parameter_values
from bioplastic.errors import ParameterError
from bioplastic.models import Network

__all__ = ["carried_variables", "check_independent"]

_STATEMENT = re.compile(r"^\s*(\w+)\s*([-+*/]?=)(?!=)([^#\n]*)", re.MULTILINE)
#: What a repeated presentation keeps of its sample, and a first one of nothing.
_OF_THIS_SAMPLE = re.compile(r"\w+\s*\*\s*int\(\s*repeats\s*>\s*0\s*\)")
#: Brian's own variable of synapses that are advanced from spike to spike.
_LAST = "lastupdate"
#: A step that changes a number by less than this share of it leaves it as it is.
_NOTHING = 2.0**-54


def check_independent(
    network: Network,
    state: Mapping[str, npt.NDArray[np.float64]],
    outputs: Iterable[str] = (),
) -> None:
    """Refuse a network whose answer to a sample depends on the samples before.

    Parameters
    ----------
    network : Network
        The declaration.
    state : mapping of str to ndarray
        Values to begin with; those of parameters count.
    outputs : iterable of str
        Variables that are asked for beside the watched spikes.

    Raises
    ------
    ParameterError
        If it learns, or remembers.
    """
    remedy = "give network.frozen(), or show the samples in their order by engine.run"
    for projection in network.projections:
        if projection.rule is not None:
            raise ParameterError(
                f"network: must not learn where samples are shown in any order, and "
                f"{projection.name} has a rule; {remedy}"
            )
        if projection.norm is not None:
            raise ParameterError(
                f"network: must not change where samples are shown in any order, and the norm of "
                f"{projection.name} rounds its weights anew before each; {remedy}"
            )
    if names := carried_variables(network, state, outputs):
        raise ParameterError(
            f"network: must not remember where samples are shown in any order, and answers follow "
            f"from {', '.join(names)} as earlier samples left it; set it in at_slot_start, {remedy}"
        )


def carried_variables(
    network: Network,
    state: Mapping[str, npt.NDArray[np.float64]],
    outputs: Iterable[str] = (),
) -> list[str]:
    """Name the variables by which a sample's answer depends on the samples before.

    Parameters
    ----------
    network : Network
        The declaration, without rules and norms.
    state : mapping of str to ndarray
        Values to begin with; those of parameters count.
    outputs : iterable of str
        Variables that are asked for beside the watched spikes.

    Examples
    --------
    >>> from bioplastic.engine.carried import carried_variables
    >>> from bioplastic.networks import diehl_cook_network
    >>> network = diehl_cook_network(n_features=4, n_neurons=2, rule=None, norm=1.0)
    >>> carried_variables(network, {})
    ['excitatory.theta']
    >>> carried_variables(network.frozen(), {})
    []
    """
    slot = _Slot(network)
    needed = [_spikes(name) for name in network.watched] + list(outputs)
    found: set[str] = set()
    while needed:
        if (name := needed.pop()) not in found:
            found.add(name)
            needed += [source for change in slot.changes[name] for source in change.sources]
    changing = {name for name in found if any(change.how for change in slot.changes[name])}
    values = parameter_values(network) | {
        name: float(np.ravel(value)[0])
        for name, value in state.items()
        if name not in changing and np.size(value) and np.ptp(value) == 0
    }
    dt = float(network.schedule.dt)
    return sorted(
        name
        for name in changing - slot.anew
        if not all(change.is_none(name, values, dt) for change in slot.changes[name])
    )


def _spikes(population: str) -> str:
    """Name of a population's spikes among the variables."""
    return f"{population} spikes"


@dataclass(frozen=True, slots=True)
class _Change:
    """What a variable follows from: a statement, or an equation.

    `how` is the statement's operator, ``"d"`` for a derivative, and empty for what nobody keeps.
    """

    how: str
    expression: str
    names: Mapping[str, str]
    on: str = ""

    @property
    def read(self) -> set[str]:
        return {self.names[n] for n in get_identifiers(self.expression) if n in self.names}

    @property
    def sources(self) -> set[str]:
        return self.read | ({self.on} if self.on else set())

    def is_none(self, variable: str, values: Mapping[str, float], dt: float) -> bool:
        """Whether it leaves the variable as it is, whatever the others are."""
        if not self.how:
            return True
        try:
            result: Any = str_to_sympy(self.expression)
            by_symbol = {s: self.names.get(str(s), "") for s in result.free_symbols}
            known = {s: values[name] for s, name in by_symbol.items() if name in values}
            own = next((s for s, name in by_symbol.items() if name == variable), None)
            result = result.subs(known).expand()
            if self.how == "=":
                return own is not None and bool((result - own).expand().is_zero)
            if self.how in ("+=", "-=") or result.is_zero:
                return bool(result.is_zero)
            if self.how == "d" and own is not None:
                rate = (result / own).expand()
                return bool(rate.is_number) and abs(float(rate)) * dt < _NOTHING
        except (AttributeError, SyntaxError, TypeError, ValueError, NotImplementedError):
            pass  # nothing that sympy understands
        return False


class _Slot:
    """The strings of a network in the order in which a slot comes to them.

    Attributes
    ----------
    changes : dict of str to list of _Change
        What every variable follows from, spikes included.
    anew : set of str
        Variables that are set before anybody has read them, when the slot begins or in each step.
    """

    def __init__(self, network: Network) -> None:
        self.changes: dict[str, list[_Change]] = defaultdict(list)
        self.anew: set[str] = set()
        self._read: set[str] = set()
        names = _names(network)
        models = [(p, p.synapse) for p in network.projections if p.synapse is not None]
        starts = [(p.name, p.neuron.at_slot_start) for p in network.populations]
        starts += [(p.name, model.at_slot_start) for p, model in models]
        starts = [(owner, _OF_THIS_SAMPLE.sub("0", code)) for owner, code in starts]
        for owner, code in starts:  # who comes first is open
            reads = get_identifiers(code)
            self._read |= {
                of
                for n, of in names[owner].items()
                if n in reads and not of.startswith(f"{owner}.")
            }
        for owner, code in starts:
            self._run(names[owner], code, sets=True)
        for population in network.populations:
            self._integrate(population.name, names, str(population.neuron.equations))
        for projection, model in models:
            self._integrate(projection.name, names, str(model.equations), projection.pre)
        for population in network.populations:
            self._run(names[population.name], population.neuron.before_spikes, sets=True)
        for population in network.populations:
            for condition in (population.neuron.threshold, str(population.neuron.refractory)):
                fires = _Change("", condition, names[population.name])
                self._note(_spikes(population.name), fires)
        for projection in network.projections:
            state = projection.synapse
            codes = [state.on_pre if state else "", projection.on_pre]
            codes.append(state.after_pre if state else "")
            self._run(names[projection.name], "\n".join(codes), on=_spikes(projection.pre))
        for population in network.populations:
            own, name = names[population.name], population.name
            self._run(own, population.neuron.reset, on=_spikes(name))
        for population in network.populations:
            self._run(names[population.name], population.neuron.after_spikes, sets=True)
            for projection in network.projections:
                if projection.pre == population.name:
                    self._run(names[projection.name], projection.graded, sets=True)
        for projection, model in models:
            self._run(names[projection.name], model.at_slot_end)
        for population in network.populations:
            self._run(names[population.name], population.neuron.at_slot_end)

    def _note(self, variable: str, change: _Change) -> None:
        self.changes[variable].append(change)
        self._read |= change.read

    def _run(
        self, names: Mapping[str, str], code: str, *, on: str = "", sets: bool = False
    ) -> None:
        for name, how, expression in _STATEMENT.findall(code.replace(";", "\n")):
            variable, change = names.get(name, name), _Change(how, expression, names, on)
            self._note(variable, change)
            if how == "=" and sets and variable not in self._read:
                self.anew.add(variable)
            elif how != "=":
                self._read.add(variable)

    def _integrate(
        self, owner: str, names: Mapping[str, Mapping[str, str]], equations: str, pre: str = ""
    ) -> None:
        last = f"{owner}.{_LAST}"
        for name, equation in Equations(equations).items():
            if equation.expr is None:
                continue
            moves = equation.type == DIFFERENTIAL_EQUATION
            # What synapses sum up is their neuron's.
            variable, how = names[owner].get(name, f"{owner}.{name}"), "d" if moves else ""
            on = _spikes(owner) if "unless refractory" in equation.flags else ""
            self._note(variable, _Change(how, equation.expr.code, names[owner], on))
            if moves:
                self._read.add(variable)
            if "event-driven" in equation.flags:
                self._note(variable, _Change("", _LAST, names[owner]))
                self.changes[last] = [_Change("=", "t", {}, _spikes(pre))]


def _names(network: Network) -> dict[str, dict[str, str]]:
    """Resolve the names in the strings of each population and projection."""
    found = {}
    for population in network.populations:
        neuron = population.neuron
        own = {*Equations(str(neuron.equations)).names, *neuron.parameters}
        found[population.name] = {name: f"{population.name}.{name}" for name in own}
    for projection in network.projections:
        pre, post = found[projection.pre], found[projection.post]
        model = projection.synapse
        own = {"w", _LAST}
        if model is not None:
            equations = Equations(str(model.equations))
            own |= {*equations.names, *model.parameters}
            own -= {name for name in equations.names if "summed" in equations[name].flags}
        found[projection.name] = {
            **post,
            **{f"{name}_pre": of for name, of in pre.items()},
            **{f"{name}_post": of for name, of in post.items()},
            **{name: f"{projection.name}.{name}" for name in own},
        }
    return found
