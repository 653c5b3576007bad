"""What a network's program follows from: names, sizes and strings, parameters and lists."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from brian2 import Equations, have_same_dimensions
from brian2.utils.stringtools import get_identifiers

from bioplastic.errors import ParameterError
from bioplastic.models import (
    Network,
    PlasticityRule,
    PoissonInput,
    Population,
    Projection,
    SpikeInput,
)
from bioplastic.models.declaration import is_distribution, parameter_equations

__all__ = [
    "Traces",
    "is_pooled",
    "listed_variables",
    "parameter_values",
    "population_parameters",
    "structure",
    "synapse_parameters",
    "traces_of",
]


def parameter_values(network: Network) -> dict[str, float]:
    """Value of every parameter of the network, in base units, by its name in the program."""
    values: dict[str, float] = {}
    for population in network.populations:
        for name, value in population_parameters(network, population).items():
            if not is_distribution(value):
                values[f"{population.name}.{name}"] = _number(value)
    for projection in network.projections:
        if is_pooled(projection):
            for part in ("collect", "take_back"):
                values[f"{projection.name}_{part}.w"] = _number(projection.weight)
        elif projection.one_weight:
            values[f"{projection.name}.w"] = _number(projection.weight)
        for name, value in synapse_parameters(projection).items():
            if not is_distribution(value):
                values[f"{projection.name}.{name}"] = _number(value)
    values["schedule.min_spikes"] = float(network.schedule.min_spikes)
    values["schedule.max_repeats"] = float(network.schedule.max_repeats)
    return values


def structure(network: Network) -> str:
    """Everything of a network that its source follows from: strings and sizes, no values."""
    parts: list[Any] = [network.watched, float(network.schedule.dt)]
    for population in network.populations:
        neuron = population.neuron
        parts += [
            population.name, population.n, neuron.equations, neuron.threshold, neuron.reset,
            neuron.at_slot_start, neuron.method, isinstance(neuron, PoissonInput),
            isinstance(neuron, SpikeInput), parameter_equations(neuron.parameters),
        ]  # fmt: skip
    for projection in network.projections:
        rule, synapse = projection.rule, projection.synapse
        # Of a list of synapses the program reads its length, too: one build for all of them.
        parts += [
            projection.name, projection.pre, projection.post,
            "listed" if projection.listed else projection.wiring,
            projection.on_pre, projection.pooled, projection.one_weight,
            projection.norm is None, rule is None,
        ]  # fmt: skip
        if synapse is not None:
            parts += [
                synapse.equations, synapse.on_pre, synapse.after_pre, synapse.at_slot_start,
                parameter_equations(synapse.parameters),
            ]  # fmt: skip
        if rule is not None:
            parts += [
                rule.pre_traces, rule.post_traces, rule.on_pre, rule.on_post, rule.on_pre_trace,
                rule.on_post_trace, rule.at_slot_start_pre, rule.at_slot_start_post,
                parameter_equations(rule.parameters),
            ]  # fmt: skip
    return repr([str(p) for p in parts])


def _number(value: Any) -> float:
    return float(np.asarray(value, dtype=float))


def population_parameters(network: Network, population: Population) -> dict[str, Any]:
    """Parameters of a population: of its neurons, and of the traces that rules add to them.

    Raises
    ------
    ParameterError
        If a parameter or a trace has the name of another that is not the same.
    """
    parameters = dict(population.neuron.parameters)
    own = set(parameters)
    of_rules: dict[str, Any] = {}
    variables = set(Equations(str(population.neuron.equations)))
    for traces in traces_of(network, population):
        clash = sorted(own & set(traces.parameters))
        if clash:
            raise ParameterError(
                f"Population {population.name}: parameter {', '.join(clash)} of its neuron and of "
                f"a plasticity rule have the same name; rename one of them"
            )
        added = set(Equations(str(traces.equations)))
        differ = {n for n, v in traces.parameters.items() if not _same(of_rules.get(n, v), v)}
        clash = sorted(variables & added | differ)
        if clash:
            raise ParameterError(
                f"Population {population.name}: {', '.join(clash)} of a plasticity rule has the "
                f"name of something else of these neurons; projections share traces where their "
                f"rules are equal, give both the same rule or rename what differs"
            )
        variables |= added
        of_rules.update(traces.parameters)
    parameters.update(of_rules)
    if isinstance(population.neuron, PoissonInput):
        parameters["presentation"] = network.schedule.presentation
    return parameters


@dataclass(frozen=True, slots=True)
class Traces:
    """What a rule adds to the neurons on one side of its synapses."""

    side: str
    equations: str
    on_spike: str
    at_slot_start: str
    #: parameters of the rule that the strings name
    parameters: dict[str, Any] = field(compare=False)


def traces_of(network: Network, population: Population) -> list[Traces]:
    """Traces that rules add to a population.

    Projections that put the same traces on a neuron share them: the neuron spikes for all.
    """
    found: list[Traces] = []
    for projection in network.projections:
        for side, name in (("pre", projection.pre), ("post", projection.post)):
            if projection.rule is None or name != population.name:
                continue
            traces = _traces(projection.rule, side)
            if not any(traces == other and _same_values(traces, other) for other in found):
                found.append(traces)
    return found


def _traces(rule: PlasticityRule, side: str) -> Traces:
    equations, on_spike, at_slot_start = (
        (rule.pre_traces, rule.on_pre_trace, rule.at_slot_start_pre)
        if side == "pre"
        else (rule.post_traces, rule.on_post_trace, rule.at_slot_start_post)
    )
    words = get_identifiers("\n".join((equations, on_spike, at_slot_start)))
    parameters = {n: v for n, v in rule.parameters.items() if n in words}
    return Traces(side, str(equations), on_spike, at_slot_start, parameters)


def _same(one: Any, other: Any) -> bool:
    # Brian refuses to compare values of different units.
    return bool(have_same_dimensions(one, other)) and _number(one) == _number(other)


def _same_values(one: Traces, other: Traces) -> bool:
    return one.parameters.keys() == other.parameters.keys() and all(
        _same(value, other.parameters[name]) for name, value in one.parameters.items()
    )


def synapse_parameters(projection: Projection) -> dict[str, Any]:
    """Parameters of a projection's synapses, its weight excepted."""
    rule, values = projection.rule, {}
    if rule is not None:
        words = get_identifiers(rule.on_pre + "\n" + rule.on_post)
        values.update({n: v for n, v in rule.parameters.items() if n in words})
    if projection.norm is not None:
        values["norm"] = projection.norm
    if projection.synapse is not None:
        values.update(projection.synapse.parameters)
    return values


def is_pooled(projection: Projection) -> bool:
    """Whether all-but-one synapses are summed once and handed on."""
    regular = projection.wiring == "all_but_one" and not projection.listed
    return regular and projection.one_weight and projection.pooled


def listed_variables(network: Network) -> dict[str, tuple[list[str], list[str]]]:
    """Name the variables of every list of synapses: those that a run reads, and those it changes.

    Their number is not known before a run: it is the length of ``"projection.i"``.
    """
    found = {}
    for projection in network.projections:
        if not projection.listed:
            continue
        read = ["i", "j", "delay"]
        read += [n for n, v in synapse_parameters(projection).items() if is_distribution(v)]
        changed: list[str] = []
        if not projection.one_weight:
            learns = projection.rule is not None or projection.norm is not None
            (changed if learns else read).append("w")
        if projection.synapse is not None:
            equations = Equations(str(projection.synapse.equations))
            names = equations.diff_eq_names | equations.parameter_names
            changed += sorted(n for n in names if "constant" not in equations[n].flags)
            read += sorted(n for n in names if "constant" in equations[n].flags)
        found[projection.name] = (read, changed)
    return found
