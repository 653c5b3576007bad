"""What goes over from sample to sample: who answers without it may see samples in any order.

A variable is carried where it changes, nobody sets it anew before it is read, and what is asked for
follows from it. That is found from a declaration's strings, and from values: a threshold that grows
by 0 is no memory.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from brian2.parsing.sympytools import str_to_sympy

from bioplastic.engine.actions import Change, spikes_of
from bioplastic.engine.plan import Plan, plan_of
from bioplastic.engine.state import Values
from bioplastic.errors import ParameterError
from bioplastic.models import Network
from bioplastic.models.hooks import AT_SLOT_START, INTEGRATION

_KEPT = re.compile(r"\w+\s*\*\s*int\(\s*repeats\s*>\s*0\s*\)")
#: A step that changes a number by less than this share of it leaves it as it is.
_NOTHING = 2.0**-54


def check_independent(network: Network, state: Values, outputs: Iterable[str] = ()) -> None:
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


def carried_variables(network: Network, state: Values, outputs: Iterable[str] = ()) -> list[str]:
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
    ['excitatory.theta', 'input_to_excitatory.w']
    >>> carried_variables(network.frozen(), {})
    []
    """
    plan = plan_of(network)
    slot = _Slot(plan)
    needed = [spikes_of(name) for name in network.watched] + list(outputs)
    found: set[str] = set()
    while needed:
        if (name := needed.pop()) not in found:
            found.add(name)
            needed += [v for c in slot.changes[name] for v in (*c.reads, c.on)]
    # What statements make for themselves belongs to nobody, and nobody keeps it.
    kept = {name for name in found if "." in name}
    changing = {name for name in kept if any(change.how for change in slot.changes[name])}
    values = plan.values | {
        name: float(np.ravel(value)[0])
        for name, value in state.items()
        if name not in changing and np.size(value) and np.ptp(value) == 0
    }
    dt = float(network.schedule.dt)
    return sorted(
        name
        for name in changing - slot.anew
        if not all(_is_none(change, values, dt) for change in slot.changes[name])
    )


def _is_none(change: Change, values: Mapping[str, float], dt: float) -> bool:
    """Whether a change leaves its variable as it is, whatever the others are."""
    if not change.how:
        return True
    try:
        result: Any = str_to_sympy(change.expression)
        by_symbol = {s: change.names.get(str(s), "") for s in result.free_symbols}
        known = {s: values[name] for s, name in by_symbol.items() if name in values}
        own = next((s for s, name in by_symbol.items() if name == change.variable), None)
        result = result.subs(known).expand()
        if change.how == "=":
            return own is not None and bool((result - own).expand().is_zero)
        if change.how in ("*=", "/="):
            return bool((result - 1).is_zero)
        if change.adds or result.is_zero:
            return bool(result.is_zero)
        if change.how == "d" and own is not None:
            rate = (result / own).expand()
            return bool(rate.is_number) and abs(float(rate)) * dt < _NOTHING
    except (AttributeError, SyntaxError, TypeError, ValueError, NotImplementedError):
        pass  # nothing that sympy understands
    return False


class _Slot:
    """A slot, gone through once in its order.

    Attributes
    ----------
    changes : dict of str to list of Change
        What every variable follows from, spikes included.
    anew : set of str
        Variables that are set before anybody has read them, when the slot begins or in each step.
    """

    def __init__(self, plan: Plan) -> None:
        self.changes: dict[str, list[Change]] = defaultdict(list)
        self.anew: set[str] = set()
        self._read: set[str] = set()
        for action in plan.actions:
            if action.phase == AT_SLOT_START:  # who comes first is open
                read = {v for c in action.changes for v in _of_this_sample(c).reads}
                self._read |= {v for v in read if not v.startswith(f"{action.owner}.")}
        for action in plan.actions:
            phase = action.phase
            starts = phase == AT_SLOT_START
            surely = not (phase.spike or phase.ends_slot or phase == INTEGRATION)
            for change in action.changes:
                self._note(_of_this_sample(change) if starts else change, surely)

    def _note(self, change: Change, surely: bool) -> None:
        variable, how = change.variable, change.how
        self.changes[variable].append(change)
        self._read |= change.reads
        if how == "=" and surely and variable not in self._read:
            self.anew.add(variable)
        elif how not in ("", "="):
            self._read.add(variable)


def _of_this_sample(change: Change) -> Change:
    """Leave out what a repeated presentation keeps of its sample, and a first one of nothing."""
    return replace(change, expression=_KEPT.sub("0", change.expression))
