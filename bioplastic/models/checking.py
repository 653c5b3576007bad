"""What is wrong with the strings of a declaration, found when it is made.

A model knows its own names only: rules add traces to neurons, and synapses read their populations.
So a model alone is checked for syntax, for units where all names are its own, and for a misspelt
name of one of its constants; everything else is checked by the network.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from brian2 import get_dimensions
from brian2.core.functions import DEFAULT_FUNCTIONS

from bioplastic.errors import ParameterError
from bioplastic.models.declaration import is_distribution, is_one_number
from bioplastic.models.hooks import ON_PRE, Phase, hooks_of, strings_of
from bioplastic.models.strings import (
    NEURON_FLAGS,
    NEURON_WORDS,
    SYNAPSE_FLAGS,
    SYNAPSE_WORDS,
    Finding,
    Known,
    Reading,
    read_condition,
    read_equations,
    read_statements,
    variables_of,
    words_of,
)
from bioplastic.models.suggesting import closest

if TYPE_CHECKING:
    from bioplastic.models.neurons import NeuronModel
    from bioplastic.models.plasticity.rule import PlasticityRule
    from bioplastic.models.synapses import SynapseModel

__all__ = [
    "Scope",
    "check_neuron",
    "check_neuron_strings",
    "check_rule",
    "check_synapse",
    "check_synaptic",
    "check_traces",
    "names_of",
    "suffixed",
    "trace_names",
    "unit_of",
    "unknown_name",
]

_SIDES = ("_pre", "_post")
#: How many names an error lists where none comes close.
_MAX_NAMES = 12


@dataclass
class Scope:
    """Names that strings may use, and whether there are no others."""

    names: dict[str, Any]
    complete: bool = False
    #: of which population or projection the strings are
    of: str = ""
    #: names that nothing gives as far as is known, with the strings that have them
    unknown: list[tuple[str, Finding]] = field(default_factory=list)
    read: set[str] = field(default_factory=set)

    def add(self, where: str, reading: Reading) -> None:
        """Take in what a string says; raise ParameterError where that cannot be."""
        self.read |= reading.read
        for finding in reading.findings:
            if not finding.unknown:
                raise ParameterError(f"{where}{self.of}: {finding.part!r}: {finding.what}")
            if self.complete:
                raise unknown_name(where + self.of, finding, self.names)
            self.unknown.append((where, finding))

    def statements(self, parts: Iterable[tuple[str, str]]) -> None:
        """Check statements that are run together: what one makes for itself the next can read."""
        names, made, read = dict(self.names), dict[str, tuple[str, str]](), set[str]()
        for where, text in parts:
            if not text:
                continue
            reading = read_statements(text, names)
            self.add(where, reading)
            read |= reading.read
            for name, known, line in reading.made:
                names[name] = known
                made[name] = where, line
        for name, (where, line) in made.items():
            if self.complete and name not in read:
                what = f"sets `{name}`, which nothing reads: there is no such variable"
                finding = Finding(line, name, what)
                raise unknown_name(where + self.of, finding, self.names)

    def hooks(self, model: Any, of: str, side: str = "", without: tuple[Phase, ...] = ()) -> None:
        """Check what a model says by its hooks, those that run in some phases excepted."""
        for hook in hooks_of(of, side):
            if hook.phase not in without:
                where = f"{type(model).__name__}.{hook.name}"
                self.statements([(where, getattr(model, hook.name, ""))])


def check_neuron(neuron: "NeuronModel") -> None:
    """Check the strings of a neuron model as far as it is known alone.

    Raises
    ------
    ParameterError
        If one cannot be read, uses wrong units, or misspells a constant.
    """
    _check_constants(neuron, neuron.equations)
    scope = Scope(NEURON_WORDS | names_of(neuron))
    check_neuron_strings(neuron, scope)
    _check_misspelt(neuron, scope)


def check_synapse(synapse: "SynapseModel") -> None:
    """Check the strings of a synapse model as far as it is known alone.

    Raises
    ------
    ParameterError
        If one cannot be read, uses wrong units, or misspells a constant.
    """
    _check_constants(synapse, synapse.equations)
    scope = Scope(SYNAPSE_WORDS | names_of(synapse) | {"w": Known(get_dimensions(1))})
    kind = type(synapse).__name__
    scope.add(f"{kind}.equations", read_equations(synapse.equations, scope.names, SYNAPSE_FLAGS))
    scope.hooks(synapse, "synapse")
    _check_misspelt(synapse, scope)


def check_rule(rule: "PlasticityRule") -> None:
    """Check the strings of a plasticity rule as far as it is known alone.

    Raises
    ------
    ParameterError
        If one cannot be read, uses wrong units, or misspells a constant.
    """
    _check_constants(rule, rule.pre_traces, rule.post_traces, rule.synapse)
    own = names_of(rule) | {"w": Known(get_dimensions(1))}
    scope = Scope(SYNAPSE_WORDS | own)
    for side in ("pre", "post"):
        scope.names |= suffixed(trace_names(rule, side), side)
        neurons = Scope(NEURON_WORDS | own | trace_names(rule, side))
        check_traces(rule, side, neurons)
        scope.unknown += neurons.unknown
        scope.read |= neurons.read
    check_synaptic(rule, scope)
    _check_misspelt(rule, scope)


def check_neuron_strings(neuron: "NeuronModel", scope: Scope) -> None:
    """Check all strings of a neuron with these names."""
    kind = type(neuron).__name__
    scope.add(f"{kind}.equations", read_equations(neuron.equations, scope.names, NEURON_FLAGS))
    if neuron.threshold:
        scope.add(f"{kind}.threshold", read_condition(neuron.threshold, scope.names))
    if isinstance(neuron.refractory, str) and neuron.refractory:
        reading = read_condition(neuron.refractory, scope.names, or_time=True)
        scope.add(f"{kind}.refractory", reading)
    scope.hooks(neuron, "neuron")


def check_traces(rule: "PlasticityRule", side: str, scope: Scope) -> None:
    """Check the strings of a rule's traces on one side with these names."""
    kind, name = type(rule).__name__, f"{side}_traces"
    scope.add(f"{kind}.{name}", read_equations(getattr(rule, name), scope.names, NEURON_FLAGS))
    scope.hooks(rule, "rule", side)


def check_synaptic(rule: "PlasticityRule", scope: Scope) -> None:
    """Check what a rule says of synapses with these names."""
    kind = type(rule).__name__
    scope.add(f"{kind}.synapse", read_equations(rule.synapse, scope.names, SYNAPSE_FLAGS))
    # What runs with statements of the projection is checked with these.
    scope.hooks(rule, "rule", without=(ON_PRE,) if scope.complete else ())


def _check_constants(model: Any, *equations: str) -> None:
    kind = type(model).__name__
    for name in ("constants", "initial"):
        given = getattr(model, name, {})
        if not isinstance(given, Mapping):
            raise ParameterError(
                f"{kind}.{name}: must be a mapping of names to values, got {given!r}"
            )
        for key, value in given.items():
            if not isinstance(key, str) or not key.isidentifier():
                raise ParameterError(f"{kind}.{name}: must have identifiers as keys, got {key!r}")
            if not (is_distribution(value) or is_one_number(value)):
                raise ParameterError(
                    f"{kind}.{name}[{key!r}]: must be one number or quantity"
                    f"{', or a Distribution' if name == 'constants' else ''}, got {value!r}"
                )
    taken = Counter([*(n for text in equations for n in variables_of(text)), *model.constants])
    twice = sorted(n for n in model.constants if taken[n] > 1)
    if twice:
        raise ParameterError(
            f"{kind}.constants: {', '.join(twice)} is a variable of the equations, too; drop its "
            f"line there or rename one of them"
        )


def _check_misspelt(model: Any, scope: Scope) -> None:
    """Refuse a name that nothing gives where a constant of nearly that name is not used."""
    unused = [name for name in model.parameters if name not in scope.read]
    for where, finding in scope.unknown:
        if closest(finding.unknown, unused):
            raise unknown_name(where, finding, dict.fromkeys(unused))


def unknown_name(where: str, finding: Finding, names: Mapping[str, Any]) -> ParameterError:
    """Say that nothing gives a name, and what was likely meant."""
    name = finding.unknown
    what = finding.what or f"there is no `{name}`"
    stem, side = _parted(name)
    alike = {_parted(n)[0]: n for n in names if _parted(n)[1] == side}
    functions = [] if finding.what or side else [*DEFAULT_FUNCTIONS]
    near = closest(stem, [*alike, *functions])
    sides = [f"{stem}{s}" for s in _SIDES if f"{stem}{s}" in names]
    if sides and not side:
        remedy = f"write `{'` or `'.join(sides)}`: synapses read neurons by their side"
    elif sides:
        remedy = f"did you mean `{sides[0]}`?"
    elif side and stem in names and not alike:
        remedy = f"write `{stem}`: only synapses know two sides"
    elif near:
        remedy = f"did you mean `{alike.get(near, near)}`?"
    else:
        own = [n for s, n in alike.items() if s not in NEURON_WORDS and s not in SYNAPSE_WORDS]
        listed = ", ".join(own[:_MAX_NAMES]) + (", ..." if len(own) > _MAX_NAMES else "")
        remedy = f"there are {listed or 'none'}"
        remedy = remedy if side else f"declare it in equations or constants; {remedy}"
    return ParameterError(f"{where}: {finding.part!r}: {what}; {remedy}")


def _parted(name: str) -> tuple[str, str]:
    """Part a name from the suffix that names a side."""
    side = next((s for s in _SIDES if name.endswith(s)), "")
    return name.removesuffix(side), side


def unit_of(value: Any) -> Any:
    """Return a value with the unit of a parameter."""
    return value.unit if is_distribution(value) else value


def _parameter_names(model: Any, used_in: str | None = None) -> dict[str, Known]:
    words = None if used_in is None else words_of(used_in)
    return {
        name: Known(get_dimensions(unit_of(value)))
        for name, value in model.parameters.items()
        if words is None or name in words
    }


def names_of(model: Any) -> dict[str, Known]:
    """Name variables and parameters of a neuron, or those of a synapse by its model or rule."""
    text = getattr(model, "synapse", None)
    return variables_of(model.equations if text is None else text) | _parameter_names(model)


def trace_names(rule: "PlasticityRule", side: str) -> dict[str, Known]:
    """Name traces of one side, and the constants that stand with them."""
    text = "\n".join((getattr(rule, f"{side}_traces"), *strings_of(rule, "rule", side).values()))
    return variables_of(getattr(rule, f"{side}_traces")) | _parameter_names(rule, text)


def suffixed(names: Mapping[str, Any], side: str) -> dict[str, Any]:
    """Names of neurons as their synapses read them."""
    return {f"{name}_{side}": known for name, known in names.items() if isinstance(known, Known)}
