"""Names for traces where several rules put different ones on the same neurons."""

import dataclasses
from typing import Any

from brian2 import Equations
from brian2.utils.stringtools import word_substitute

from bioplastic.engine.structure import (
    Traces,
    same_value,
    same_values,
    sides_on_synapses,
    traces_of_rule,
)
from bioplastic.models import Network, PlasticityRule

__all__ = ["with_names_of_their_own"]

#: Strings of a rule that read traces by the side on which they stand.
_VALUES = ("update_interval", "constants")
_READERS = (
    "on_pre", "on_post", "at_slot_start", "at_slot_end", "at_batch_end", "before_spikes",
    "every_step",
)  # fmt: skip


def with_names_of_their_own(network: Network) -> Network:
    """Rename traces that have the name of a different trace of the same neurons.

    Projections of equal rules share traces. Of different rules that both call a trace ``o1``, the
    first keeps the name, and a later one's is called ``o1_`` and the name of its projection.

    Parameters
    ----------
    network : Network
        The declaration.

    Returns
    -------
    network : Network
        The same one where nothing clashes.
    """
    known: dict[str, list[tuple[Traces, str]]] = {p.name: [] for p in network.populations}
    projections = []
    for projection in network.projections:
        rule = projection.rule
        for side, population in (("pre", projection.pre), ("post", projection.post)):
            if rule is None or side in sides_on_synapses(projection):
                continue
            traces = traces_of_rule(rule, side)
            if not traces.equations.strip():
                continue
            others = known[population]
            suffix = next((s for t, s in others if t == traces and same_values(t, traces)), None)
            if suffix is None:
                clash = any(_clash(traces, other) for other, _ in others)
                suffix = f"_{projection.name}" if clash else ""
                others.append((traces, suffix))
            if suffix:
                rule = _renamed(rule, side, traces, suffix)
        same = rule is projection.rule
        projections.append(projection if same else dataclasses.replace(projection, rule=rule))
    if all(a is b for a, b in zip(projections, network.projections, strict=True)):
        return network
    return dataclasses.replace(network, projections=tuple(projections))


def _clash(one: Traces, other: Traces) -> bool:
    """Whether a name means two things; a constant of the same value is the same thing."""
    variables, others = set(Equations(one.equations)), set(Equations(other.equations))
    constants = {
        name
        for name in one.parameters.keys() & other.parameters.keys()
        if not same_value(one.parameters[name], other.parameters[name])
    }
    mixed = variables & other.parameters.keys() | others & one.parameters.keys()
    return bool(variables & others or constants or mixed)


def _renamed(rule: PlasticityRule, side: str, traces: Traces, suffix: str) -> PlasticityRule:
    """Rule with other names of the traces on one side, and of their constants."""
    old = {*Equations(traces.equations), *traces.parameters}
    names = {name: f"{name}{suffix}" for name in old}
    written = names | {f"d{name}": f"d{new}" for name, new in names.items()}  # dr1/dt
    changes: dict[str, Any] = {
        field: word_substitute(str(getattr(rule, field)), written)
        for field in (f"{side}_traces", f"on_{side}_trace", f"at_slot_start_{side}")
    }
    read = {f"{name}_{side}": f"{new}_{side}" for name, new in names.items()}
    strings = {f.name: str(getattr(rule, f.name)) for f in dataclasses.fields(PlasticityRule)}
    strings = {name: strings[name] for name in strings if name not in _VALUES}
    strings |= {name: word_substitute(strings[name], read) for name in _READERS}
    constants = rule.parameters
    constants |= {names[name]: value for name, value in traces.parameters.items()}
    constants.pop("update_interval", None)
    return PlasticityRule(
        **(strings | changes), update_interval=rule.update_interval, constants=constants
    )
