"""What a network's program follows from: names, sizes and strings, parameters and lists."""

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from brian2 import Equations, have_same_dimensions
from brian2.core.namespace import DEFAULT_UNITS
from brian2.equations.equations import DIFFERENTIAL_EQUATION
from brian2.utils.stringtools import get_identifiers, word_substitute

from bioplastic.errors import ParameterError
from bioplastic.models import (
    Network,
    NeuronModel,
    PlasticityRule,
    Population,
    Projection,
)
from bioplastic.models.declaration import is_distribution, parameter_equations, unit_name

__all__ = [
    "Learning",
    "Traces",
    "assigned",
    "calendar_of",
    "is_pooled",
    "learning_of",
    "listed_variables",
    "n_target_signals",
    "neuron_strings",
    "parameter_values",
    "population_parameters",
    "same_value",
    "same_values",
    "shared_variables",
    "sides_on_synapses",
    "structure",
    "synapse_parameters",
    "synapse_variables",
    "traces_of",
    "traces_of_rule",
    "written_by_synapses",
]

#: What a rule does to synapses when no spike comes.
_BETWEEN_SPIKES = ("at_slot_end", "at_batch_end", "before_spikes", "every_step")
#: Begin of a slot for what is advanced from spike to spike.
_AS_NEW = "lastupdate = 0*second"


_ASSIGNMENT = re.compile(r"^\s*(\w+)\s*[-+*/]?=(?!=)", re.MULTILINE)
_PLAIN = re.compile(r"^\s*(\w+)\s*=(?!=)(.*)$", re.MULTILINE)


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
    values["schedule.batch_size"] = float(network.schedule.batch_size)
    return values


def structure(network: Network) -> str:
    """Everything of a network that its source follows from: strings and sizes, no values."""
    parts: list[Any] = [network.watched, float(network.schedule.dt)]
    for population in network.populations:
        neuron = population.neuron
        parts += [
            population.name, population.n, neuron.equations, neuron.threshold, neuron.reset,
            neuron.refractory_string,
            neuron.before_spikes, neuron.after_spikes, neuron.at_slot_start, neuron.at_slot_end,
            neuron.method,
            neuron.takes, population.n_features,
            parameter_equations(neuron.parameters),
        ]  # fmt: skip
    for projection in network.projections:
        rule, synapse = projection.rule, projection.synapse
        # Of a list of synapses the program reads its length, too: one build for all of them.
        parts += [
            projection.name, projection.pre, projection.post,
            "listed" if projection.listed else projection.wiring,
            projection.on_pre, projection.graded, projection.pooled, projection.one_weight,
            projection.norm is None, rule is None,
        ]  # fmt: skip
        if synapse is not None:
            parts += [
                synapse.equations, synapse.on_pre, synapse.after_pre, synapse.at_slot_start,
                synapse.at_slot_end, parameter_equations(synapse.parameters),
            ]  # fmt: skip
        if rule is not None:
            # Where its traces stand follows from these, and from what is listed above.
            parts += [
                rule.pre_traces, rule.post_traces, rule.synapse, rule.on_pre, rule.on_post,
                rule.on_pre_trace, rule.on_post_trace, rule.at_slot_start_pre,
                rule.at_slot_start_post, rule.at_slot_start, rule.at_slot_end, rule.at_batch_end,
                rule.before_spikes, rule.every_step,
                rule.update_interval, projection.delayed, parameter_equations(rule.parameters),
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
        differ = {n for n, v in traces.parameters.items() if not same_value(of_rules.get(n, v), v)}
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
    if population.neuron.takes == "rates":
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
        moved = sides_on_synapses(projection)
        for side, name in (("pre", projection.pre), ("post", projection.post)):
            if projection.rule is None or name != population.name or side in moved:
                continue
            traces = traces_of_rule(projection.rule, side)
            if not any(traces == other and same_values(traces, other) for other in found):
                found.append(traces)
    return found


def traces_of_rule(rule: PlasticityRule, side: str) -> Traces:
    """Collect what a rule says of the traces on one side."""
    equations, on_spike, at_slot_start = (
        (rule.pre_traces, rule.on_pre_trace, rule.at_slot_start_pre)
        if side == "pre"
        else (rule.post_traces, rule.on_post_trace, rule.at_slot_start_post)
    )
    words = get_identifiers("\n".join((equations, on_spike, at_slot_start)))
    parameters = {n: v for n, v in rule.parameters.items() if n in words}
    return Traces(side, str(equations), on_spike, at_slot_start, parameters)


def same_value(one: Any, other: Any) -> bool:
    """Whether two parameters are equal, units included."""
    # Brian refuses to compare values of different units.
    return bool(have_same_dimensions(one, other)) and _number(one) == _number(other)


def same_values(one: Traces, other: Traces) -> bool:
    """Whether the parameters of two traces are equal."""
    return one.parameters.keys() == other.parameters.keys() and all(
        same_value(value, other.parameters[name]) for name, value in one.parameters.items()
    )


@dataclass(frozen=True, slots=True)
class Learning:
    """What a rule adds to the synapses of a projection."""

    equations: str = ""
    on_pre: str = ""
    on_post: str = ""
    at_slot_start: str = ""
    at_slot_end: str = ""
    at_batch_end: str = ""
    before_spikes: str = ""
    every_step: str = ""
    #: parameters of the rule that the strings name
    parameters: dict[str, Any] = field(default_factory=dict)


def sides_on_synapses(projection: Projection) -> tuple[str, ...]:
    """Sides whose traces stand with every synapse, since they are not the same for all.

    A delay lies before the synapse: there a presynaptic trace waits, and not a postsynaptic one.
    """
    rule = projection.rule
    if rule is None:
        return ()
    own = {"w", *Equations(str(rule.synapse))}
    if projection.synapse is not None:
        own |= set(Equations(str(projection.synapse.equations)))
    found = []
    for side in ("pre", "post"):
        traces = traces_of_rule(rule, side)
        words = get_identifiers(traces.equations + "\n" + traces.on_spike)
        varies = any(is_distribution(value) for value in traces.parameters.values())
        delayed = side == "pre" and projection.delayed
        if (words and delayed) or varies or words & own:
            found.append(side)
    return tuple(found)


def learning_of(projection: Projection) -> Learning:
    """Collect what a rule adds to the synapses, traces included where they stand there.

    Raises
    ------
    ParameterError
        If traces that must stand with the synapses read variables of the neurons.
    """
    rule = projection.rule
    if rule is None:
        return Learning()
    equations = [str(rule.synapse)]
    on_pre, on_post, start = [rule.on_pre], [rule.on_post], [rule.at_slot_start]
    later = {name: getattr(rule, name) for name in _BETWEEN_SPIKES}
    moved_sides = sides_on_synapses(projection)
    constants = dict(rule.parameters)
    if moved_sides:
        names: dict[str, str] = {}
        for side, codes in (("pre", on_pre), ("post", on_post)):
            if side not in moved_sides:
                continue
            traces, other_names = _at_synapse(rule, side, moved_sides)
            equations.append(_event_driven(projection, traces))
            codes.append(traces.on_spike)
            start.append(traces.at_slot_start)
            own = {f"{name}_{side}": name for name in Equations(traces.equations)}
            late = sorted(set(own) & get_identifiers("\n".join(later.values())))
            if late:
                raise ParameterError(
                    f"Projection {projection.name}: its rule reads {', '.join(late)} between "
                    f"spikes, and traces that stand with the synapses, which a delay or a constant "
                    f"that varies asks for, are advanced at spikes only; drop these"
                )
            names |= own | {f"{name}_{side}": name for name in traces.parameters}
            names |= {f"{name}_{side}": new for name, new in other_names.items()}
            constants |= traces.parameters
        start.append(_AS_NEW)
        on_pre, on_post = (
            [word_substitute(code, names) for code in codes] for codes in (on_pre, on_post)
        )
        later = {name: word_substitute(code, names) for name, code in later.items()}
    parts = {
        "equations": "\n".join(s for s in equations if s),
        "on_pre": "\n".join(s for s in on_pre if s),
        "on_post": "\n".join(s for s in on_post if s),
        "at_slot_start": "\n".join(s for s in start if s),
        **later,
    }
    words = get_identifiers("\n".join(parts.values()))
    parameters = {n: v for n, v in constants.items() if n in words}
    return Learning(**parts, parameters=parameters)


def _at_synapse(
    rule: PlasticityRule, side: str, moved_sides: tuple[str, ...]
) -> tuple[Traces, dict[str, str]]:
    """Traces of one side for the synapses, and new names of constants that the neurons keep, too.

    A synapse must not have a constant of the same name as its neurons.
    """
    traces = traces_of_rule(rule, side)
    kept: set[str] = set()
    for other in {"pre", "post"} - set(moved_sides):
        kept |= set(traces_of_rule(rule, other).parameters)
    names = {name: f"{name}_of_synapse" for name in traces.parameters if name in kept}
    if not names:
        return traces, names
    renamed = Traces(
        side,
        word_substitute(traces.equations, names),
        word_substitute(traces.on_spike, names),
        word_substitute(traces.at_slot_start, names),
        {names.get(name, name): value for name, value in traces.parameters.items()},
    )
    return renamed, names


def _event_driven(projection: Projection, traces: Traces) -> str:
    """Equations of traces for a synapse that advances them from spike to spike."""
    equations = Equations(traces.equations)
    lines, known = [], {*equations, *traces.parameters}
    for name, equation in equations.items():
        unit = unit_name(equation.unit)
        if equation.type != DIFFERENTIAL_EQUATION:
            code = f" = {equation.expr.code}" if equation.expr is not None else ""
            lines.append(f"{name}{code} : {unit}")
            continue
        foreign = sorted(equation.identifiers - known - {"t"} - set(DEFAULT_UNITS))
        if foreign:
            raise ParameterError(
                f"Projection {projection.name}: trace {name!r} of its rule reads "
                f"{', '.join(foreign)} of the neuron and cannot stand with the synapses, which a "
                f"delay or a constant that varies asks for; drop these"
            )
        lines.append(f"d{name}/dt = {equation.expr.code} : {unit} (event-driven)")
    return "\n".join(lines)


def synapse_variables(projection: Projection) -> tuple[list[str], list[str]]:
    """Names of what a synapse has beside its weight: what changes, and what is constant."""
    changed, constant = [], []
    own = str(projection.synapse.equations) if projection.synapse is not None else ""
    for text in (own, learning_of(projection).equations):
        equations = Equations(text)
        names = sorted(equations.diff_eq_names | equations.parameter_names)
        changed += [n for n in names if "constant" not in equations[n].flags]
        constant += [n for n in names if "constant" in equations[n].flags]
    return changed, constant


def shared_variables(projection: Projection) -> list[str]:
    """Name the changing variables of a projection of which there is one for all its synapses."""
    equations = Equations(learning_of(projection).equations)
    names, constant = sorted(equations.parameter_names), "constant"
    return [
        n for n in names if "shared" in equations[n].flags and constant not in equations[n].flags
    ]


def synapse_parameters(projection: Projection) -> dict[str, Any]:
    """Parameters of a projection's synapses, its weight excepted."""
    values = dict(learning_of(projection).parameters)
    if projection.norm is not None:
        values["norm"] = projection.norm
    if projection.synapse is not None:
        values.update(projection.synapse.parameters)
    return values


def neuron_strings(neuron: NeuronModel) -> str:
    """Everything that a neuron says in strings."""
    parts = (neuron.equations, neuron.threshold, neuron.reset, str(neuron.refractory),
             neuron.before_spikes,
             neuron.after_spikes, neuron.at_slot_start, neuron.at_slot_end)  # fmt: skip
    return "\n".join(parts)


def n_target_signals(network: Network) -> int:
    """Columns of the table of target signals: as many as the population has that reads it."""
    sizes = [
        population.n
        for population in network.populations
        if "target_signal" in get_identifiers(neuron_strings(population.neuron))
    ]
    return max(sizes, default=0)


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
        more_changed, more_read = synapse_variables(projection)
        shared = shared_variables(projection)
        changed += [name for name in more_changed if name not in shared]
        read += more_read
        found[projection.name] = (read, changed)
    return found


def assigned(code: str, *, anew: bool = False) -> frozenset[str]:
    """Names to which statements assign; `anew`, whatever they were before."""
    code = code.replace(";", "\n")
    if anew:
        return frozenset(n for n, of in _PLAIN.findall(code) if n not in get_identifiers(of))
    return frozenset(_ASSIGNMENT.findall(code))


def written_by_synapses(network: Network, population: Population) -> frozenset[str]:
    """Name the variables of a population to which synapses assign."""
    found: set[str] = set()
    for projection in network.projections:
        learning, model = learning_of(projection), projection.synapse
        codes = [projection.on_pre, projection.graded, learning.on_pre, learning.on_post,
                 learning.at_slot_start, learning.at_slot_end, learning.at_batch_end,
                 learning.before_spikes, learning.every_step]  # fmt: skip
        if model is not None:
            codes += [model.on_pre, model.after_pre, model.at_slot_start, model.at_slot_end]
        names = assigned("\n".join(codes))
        for side, name in (("_pre", projection.pre), ("_post", projection.post)):
            if name == population.name:
                found |= {n.removesuffix(side) for n in names if n.endswith(side)}
    return frozenset(found)


def calendar_of(network: Network, population: Population) -> str | None:
    """Name the variable that holds the time at which a neuron fires next, if that is its threshold.

    Nothing but its reset, and the begin of a slot, may set it.
    """
    neuron = population.neuron
    threshold = re.fullmatch(r"\s*t\s*>\s*(\w+)\s*", neuron.threshold or "")
    if threshold is None or neuron.refractory_string:
        return None
    name, equations = threshold[1], Equations(str(neuron.equations))
    codes = [neuron.before_spikes, neuron.after_spikes, neuron.at_slot_end]
    codes += [t.on_spike for t in traces_of(network, population)]
    others = assigned("\n".join(codes)) | written_by_synapses(network, population)
    free = name in equations.parameter_names and not equations[name].flags
    return name if free and name in assigned(neuron.reset) - others else None
