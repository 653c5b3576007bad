"""What a network's program follows from: names, sizes and strings, parameters and lists."""

from typing import Any

import numpy as np
from brian2 import Equations
from brian2.utils.stringtools import get_identifiers

from bioplastic.errors import ParameterError
from bioplastic.models import Network, PoissonInput, Population, Projection, SpikeInput
from bioplastic.models.declaration import is_distribution, parameter_equations

__all__ = [
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
        If two of them have the same name.
    """
    parameters = dict(population.neuron.parameters)
    for rule, _, code in traces_of(network, population):
        names = get_identifiers(code)
        added = {n: v for n, v in rule.parameters.items() if n in names}
        clash = sorted(set(added) & set(parameters))
        if clash:
            raise ParameterError(
                f"Population {population.name}: parameter {', '.join(clash)} of its neuron and of "
                f"a plasticity rule have the same name; rename one of them"
            )
        parameters.update(added)
    if isinstance(population.neuron, PoissonInput):
        parameters["presentation"] = network.schedule.presentation
    return parameters


def traces_of(network: Network, population: Population) -> list[tuple[Any, str, str]]:
    """Rules that add traces to a population: the rule, their equations, all code about them."""
    found = []
    for projection in network.projections:
        rule = projection.rule
        if rule is not None and projection.pre == population.name:
            code = (rule.pre_traces, rule.on_pre_trace, rule.at_slot_start_pre)
            found.append((rule, str(rule.pre_traces), "\n".join(code)))
        if rule is not None and projection.post == population.name:
            code = (rule.post_traces, rule.on_post_trace, rule.at_slot_start_post)
            found.append((rule, str(rule.post_traces), "\n".join(code)))
    return found


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
