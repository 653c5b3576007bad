"""Where the traces of a rule stand: with neurons, shared by all, or with every synapse."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from brian2 import get_dimensions
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.equations.equations import DIFFERENTIAL_EQUATION
from brian2.utils.stringtools import word_substitute

from bioplastic.errors import ParameterError
from bioplastic.models import Network, PlasticityRule, Population, Projection
from bioplastic.models.hooks import AT_SLOT_START, Hook, hooks_of, strings_of
from bioplastic.models.strings import SYNAPSE_WORDS, equations_of, statements_of, words_of
from bioplastic.models.timing import is_delay
from bioplastic.models.values import is_distribution, one_number, unit_name

#: Begin of a slot for what is advanced from spike to spike.
_AS_NEW = "lastupdate = 0*second"


@dataclass(frozen=True, slots=True)
class Traces:
    """What a rule adds to the neurons on one side of its synapses."""

    side: str
    equations: str
    codes: tuple[tuple[Hook, str], ...]
    #: parameters of the rule that the strings name
    parameters: dict[str, Any] = field(compare=False)

    @property
    def names(self) -> set[str]:
        """Names of the traces."""
        return set(equations_of(self.equations))

    @property
    def words(self) -> set[str]:
        """Names of the traces, and of their parameters."""
        return self.names | self.parameters.keys()

    @property
    def vary(self) -> bool:
        """Whether a parameter differs from synapse to synapse."""
        return any(map(is_distribution, self.parameters.values()))

    @property
    def values(self) -> dict[str, Any]:
        """Units and numbers of the parameters: Brian refuses to compare those of other units."""
        return {n: (get_dimensions(v), one_number(v)) for n, v in self.parameters.items()}

    def is_same(self, other: "Traces") -> bool:
        """Whether strings and values are equal, so that projections can share them."""
        return self == other and self.values == other.values

    def differing(self, other: "Traces") -> set[str]:
        """Name the parameters that both have, with different values."""
        return {n for n, v in self.values.items() if other.values.get(n, v) != v}

    def renamed(self, names: dict[str, str]) -> "Traces":
        """Return the same under other names."""
        return Traces(
            self.side,
            word_substitute(self.equations, names),
            tuple((hook, word_substitute(code, names)) for hook, code in self.codes),
            {names.get(name, name): value for name, value in self.parameters.items()},
        )


def traces_of_rule(rule: PlasticityRule, side: str) -> Traces:
    """Collect what a rule says of the traces on one side."""
    codes = tuple((h, getattr(rule, h.name, "")) for h in hooks_of("rule", side))
    equations = str(getattr(rule, f"{side}_traces"))
    words = words_of("\n".join((equations, *(code for _, code in codes))))
    return Traces(side, equations, codes, {n: v for n, v in rule.parameters.items() if n in words})


def _with_neurons(projection: Projection) -> Iterator[tuple[str, Traces]]:
    """Give the traces of a rule that stand with neurons, each behind the name of the population."""
    for side, population in (("pre", projection.pre), ("post", projection.post)):
        if projection.rule is not None and side not in sides_on_synapses(projection):
            yield population, traces_of_rule(projection.rule, side)


def traces_of(network: Network, population: Population) -> list[Traces]:
    """Traces that rules add to a population.

    Projections that put the same traces on a neuron share them: the neuron spikes for all.

    Raises
    ------
    ParameterError
        If a parameter or a trace has the name of another that is not the same.
    """
    found: list[Traces] = []
    for projection in network.projections:
        for name, traces in _with_neurons(projection):
            if name == population.name and not any(map(traces.is_same, found)):
                found.append(traces)
    own, variables = population.neuron.parameters, set(equations_of(population.neuron.equations))
    for k, traces in enumerate(found):
        differ = own.keys() & traces.parameters.keys()
        differ = differ.union(*(traces.differing(other) for other in found[:k]))
        if clash := sorted(variables & traces.names | differ):
            raise ParameterError(
                f"Population {population.name}: {', '.join(clash)} of a plasticity rule has the "
                f"name of something else of these neurons; projections share traces where their "
                f"rules are equal, give both the same rule or rename what differs"
            )
        variables |= traces.names
    return found


def sides_on_synapses(projection: Projection) -> tuple[str, ...]:
    """Sides whose traces stand with every synapse, since they are not the same for all.

    A delay lies before the synapse: there waits the trace of the neuron whose spikes are late.
    """
    rule = projection.rule
    if rule is None:
        return ()
    texts = (rule.synapse, getattr(projection.synapse, "equations", ""))
    own = {"w"}.union(*(equations_of(str(text)) for text in texts))
    found = []
    for side in ("pre", "post"):
        traces = traces_of_rule(rule, side)
        on_spike = [code for hook, code in traces.codes if hook.phase.spike]
        words = words_of("\n".join((traces.equations, *on_spike)))
        delayed = is_delay(projection.delay if side == "pre" else projection.post_delay)
        if (words and delayed) or traces.vary or words & own:
            found.append(side)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Learning:
    """What a rule adds to the synapses of a projection: equations, statements by their hooks."""

    equations: str = ""
    codes: dict[str, str] = field(default_factory=dict)
    #: parameters of the rule that the strings name
    parameters: dict[str, Any] = field(default_factory=dict)
    #: side whose neurons say how equations of traces are integrated in every step
    clocked: str = ""
    #: traces that are the same for all synapses of one presynaptic neuron and one delay
    waiting: frozenset[str] = frozenset()


def learning_of(projection: Projection) -> Learning:
    """Collect what a rule adds to the synapses, traces included where they stand there.

    There they are advanced from spike to spike, or in every step where somebody reads them between
    spikes, or where they go on from slot to slot.

    Raises
    ------
    ParameterError
        If traces that must stand with the synapses read variables of the neurons.
    """
    rule = projection.rule
    if rule is None:
        return Learning()
    sides, constants = sides_on_synapses(projection), dict(rule.parameters)
    # A synapse must not have a constant of the same name as its neurons.
    kept = {n for _, traces in _with_neurons(projection) for n in traces.parameters}
    equations, codes, names = [str(rule.synapse)], strings_of(rule, "rule"), dict[str, str]()
    between = {h.name for h in hooks_of("rule") if not h.phase.spike and h.phase != AT_SLOT_START}
    later = words_of("\n".join(codes.get(name, "") for name in between))
    clocked, jumps = "", False
    for side in sides:
        traces = traces_of_rule(rule, side)
        _check_own(projection, traces)
        own = {f"{name}_{side}" for name in traces.names}
        event_driven = not own & later and not _goes_on(traces)
        clocked, jumps = clocked if event_driven else clocked or side, jumps or event_driven
        others = {n: f"{n}_of_synapse" for n in traces.parameters if n in kept}
        names |= {f"{n}_{side}": others.get(n, n) for n in (*traces.names, *traces.parameters)}
        traces = traces.renamed(others)
        equations.append(_equations_of_synapses(traces, event_driven=event_driven))
        for hook, code in traces.codes:
            name = f"on_{side}" if hook.phase.spike else hook.phase.name
            codes[name] = "\n".join(filter(None, (codes.get(name), code)))
        constants |= traces.parameters
    if jumps:
        codes["at_slot_start"] = "\n".join(filter(None, (codes.get("at_slot_start"), _AS_NEW)))
    codes = {name: word_substitute(code, names) for name, code in codes.items()}
    text = "\n".join(filter(None, equations))
    words = words_of("\n".join([text, *codes.values()]))
    parameters = {n: v for n, v in constants.items() if n in words}
    waiting = _waiting(projection, equations_of(text)) if sides == ("pre",) else frozenset()
    return Learning(text, codes, parameters, clocked, waiting)


def _waiting(projection: Projection, equations: Any) -> frozenset[str]:
    """Presynaptic traces that differ by neuron and delay alone.

    They do where a delay is the only reason for which they stand with the synapses, and where
    nothing but their own neuron's spikes changes them.
    """
    rule = projection.rule
    assert rule is not None
    traces = traces_of_rule(rule, "pre")
    own = {"w", "i", "j", "rand", "randn", "poisson"} | set(equations_of(str(rule.synapse)))
    words = words_of("\n".join((traces.equations, *(code for _, code in traces.codes))))
    changed = {
        s.name
        for hook in hooks_of("rule")
        if hook.phase != AT_SLOT_START
        for s in statements_of(getattr(rule, hook.name))
    }
    named = words_of("\n".join(strings_of(rule, "rule").values()))
    of_others = {f"{n}_pre" for n in traces.names} & changed or "lastupdate" in named
    if traces.vary or words & own or of_others or projection.synapse is not None:
        return frozenset()
    return frozenset(n for n, equation in equations.items() if "event-driven" in equation.flags)


def _goes_on(traces: Traces) -> bool:
    """Whether a trace is not set anew when a slot begins."""
    begins = (code for hook, code in traces.codes if hook.phase == AT_SLOT_START)
    made = {s.name for s in statements_of("\n".join(begins)) if s.how == "="}
    equations = equations_of(traces.equations)
    return bool(equations.diff_eq_names - made)


def _check_own(projection: Projection, traces: Traces) -> None:
    """Refuse traces that read more of their neuron than a synapse knows when a spike arrives.

    Raises
    ------
    ParameterError
        If one does.
    """
    rule, synapse = projection.rule, projection.synapse
    known = {"w", *traces.names, *traces.parameters, *SYNAPSE_WORDS, *DEFAULT_UNITS}
    known |= DEFAULT_FUNCTIONS.keys()
    for model in (rule, synapse):
        known |= set() if model is None else model.parameters.keys() | model.namespace.keys()
    for text in (getattr(rule, "synapse", ""), getattr(synapse, "equations", "")):
        known |= set(equations_of(str(text)))
    read = {f"trace {n!r}": e.identifiers for n, e in equations_of(traces.equations).items()}
    for hook, code in traces.codes:
        known |= {s.name for s in statements_of(code)}
        read |= {hook.name: words_of(code)}
    for what, words in read.items():
        if foreign := sorted(words - known):
            raise ParameterError(
                f"Projection {projection.name}: {what} of its rule reads {', '.join(foreign)} of "
                f"the neuron and cannot stand with the synapses, which a delay or a constant that "
                f"varies asks for; drop these"
            )


def _equations_of_synapses(traces: Traces, *, event_driven: bool) -> str:
    """Equations of traces that stand with a synapse."""
    lines, flag = [], " (event-driven)" if event_driven else ""
    for name, equation in equations_of(traces.equations).items():
        unit = unit_name(equation.unit)
        if equation.type == DIFFERENTIAL_EQUATION:
            lines.append(f"d{name}/dt = {equation.expr.code} : {unit}{flag}")
        else:
            code = f" = {equation.expr.code}" if equation.expr is not None else ""
            lines.append(f"{name}{code} : {unit}")
    return "\n".join(lines)


def with_names_of_their_own(network: Network) -> Network:
    """Rename traces that have the name of a different trace, or of a variable, of their neurons.

    Projections of equal rules share traces. Of different rules that both call a trace ``o1``, the
    first keeps the name, and a later one's is called ``o1_`` and the name of its projection. So is
    a trace that stands with synapses, where their neurons have something of its name. Where nothing
    clashes the network itself is returned.
    """
    own_names = {
        p.name: equations_of(p.neuron.equations).keys() | p.neuron.parameters.keys()
        for p in network.populations
    }
    known: dict[str, list[tuple[Traces, str]]] = {p.name: [] for p in network.populations}
    projections = []
    for projection in network.projections:
        rule = projection.rule
        for population, traces in _with_neurons(projection):
            if not traces.equations.strip():
                continue
            others = known[population]
            suffix = next((s for t, s in others if t.is_same(traces)), None)
            if suffix is None:
                clash = any(_clash(traces, other) for other, _ in others)
                clash = clash or bool(traces.words & own_names[population])
                suffix = _of(projection) if clash else ""
                others.append((traces, suffix))
            if suffix and rule is not None:
                rule = _renamed(rule, traces, suffix)
        same = rule is projection.rule
        projections.append(projection if same else dataclasses.replace(projection, rule=rule))
    standing: dict[str, set[str]] = {p.name: set() for p in network.populations}
    for projection in projections:
        for population, traces in _with_neurons(projection):
            standing[population] |= traces.words
    for k, projection in enumerate(projections):
        rule = projection.rule
        # Constants of both sides are distinguished where the synapses are made.
        own = {n for _, traces in _with_neurons(projection) for n in traces.parameters}
        taken = (standing[projection.pre] | standing[projection.post]) - own
        for side in sides_on_synapses(projection):
            assert rule is not None
            traces = traces_of_rule(rule, side)
            if taken & traces.words:
                rule = _renamed(rule, traces, _of(projection))
        if rule is not projection.rule:
            projections[k] = dataclasses.replace(projection, rule=rule)
    if all(a is b for a, b in zip(projections, network.projections, strict=True)):
        return network
    return dataclasses.replace(network, projections=tuple(projections))


def _of(projection: Projection) -> str:
    """End of a name; Brian has a meaning for those of two sides."""
    suffix = f"_{projection.name}"
    return f"{suffix}_" if suffix.endswith(("_pre", "_post")) else suffix


def _clash(one: Traces, other: Traces) -> bool:
    """Whether a name means two things; a constant of the same value is the same thing."""
    mixed = one.names & other.parameters.keys() | other.names & one.parameters.keys()
    return bool(one.names & other.names or one.differing(other) or mixed)


def _renamed(rule: PlasticityRule, traces: Traces, suffix: str) -> PlasticityRule:
    """Rule with other names of the traces on one side, and of their constants."""
    # What is drawn keeps its name, under which it stands in the state.
    fixed = (n for n, v in traces.parameters.items() if not is_distribution(v))
    side, names = traces.side, {n: f"{n}{suffix}" for n in (*traces.names, *fixed)}
    written = names | {f"d{name}": f"d{new}" for name, new in names.items()}  # dr1/dt
    new = traces.renamed(written)
    read = {f"{name}_{side}": f"{new}_{side}" for name, new in names.items()}
    fields = {f.name: getattr(rule, f.name) for f in dataclasses.fields(PlasticityRule)}
    fields |= {n: word_substitute(code, read) for n, code in strings_of(rule, "rule").items()}
    fields |= {f"{side}_traces": new.equations, **{h.name: code for h, code in new.codes}}
    constants = rule.parameters | {n: rule.parameters[o] for o, n in names.items()
                                   if o in traces.parameters}  # fmt: skip
    constants.pop("update_interval", None)
    return PlasticityRule(**(fields | {"constants": constants}))
