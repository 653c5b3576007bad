"""What is wrong with the strings of a declaration, found when it is made.

A model knows its own names only: rules add traces to neurons, and synapses read their populations.
So a model alone is checked for syntax, for units where all names are its own, and for a misspelt
name of one of its constants; everything else is checked by the network, which knows every name.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from brian2 import get_dimensions, second
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.units.fundamentalunits import get_unit_for_display

from bioplastic.errors import ParameterError
from bioplastic.models.declaration import EquationString, check_tuple, refusal
from bioplastic.models.distributions import with_values
from bioplastic.models.hooks import HOOKS, ON_PRE, STRINGS, hooks_of, strings_of
from bioplastic.models.strings import (
    FLAGS,
    LINKED,
    NEURON_WORDS,
    SYNAPSE_WORDS,
    Finding,
    Known,
    Reading,
    read,
    variables_of,
    words_of,
)
from bioplastic.models.suggesting import closest
from bioplastic.models.time_table import check_namespace, known_functions
from bioplastic.models.timing import Event, Pathway, Regularly
from bioplastic.models.values import is_distribution, is_one_number, unit_of

if TYPE_CHECKING:
    from bioplastic.models.network import Network
    from bioplastic.models.population import Population

_SIDES = ("_pre", "_post")
#: Fields of numbers by name, and of what acts beside the hooks.
_VALUES = ("constants", "initial")
_ACTING = {"events": Event, "regularly": Regularly, "pathways": Pathway}
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

    def string(self, model: Any, name: str, kind: str) -> Reading:
        """Take in what a string of a model says; raise ParameterError where that cannot be."""
        text, where = getattr(model, name, ""), f"{type(model).__name__}.{name}"
        reading = read(kind, text, self.names) if isinstance(text, str) and text else Reading()
        self.read |= reading.read
        for finding in reading.findings:
            if not finding.unknown:
                default = next((f.default for f in fields(model) if f.name == name), None)
                more = f"; {name} was left out, and this is its default" if text == default else ""
                raise ParameterError(f"{where}{self.of}: {finding.part!r}: {finding.what}{more}")
            if self.complete:
                raise unknown_name(where + self.of, finding, self.names)
            self.unknown.append((where, finding))
        return reading

    def statements(self, *parts: tuple[Any, str]) -> None:
        """Check statements that are run together: what one makes for itself the next can read."""
        scope = replace(self, names=dict(self.names), read=set())
        made: dict[str, tuple[str, str]] = {}
        for model, name in parts:
            for own, known, line in scope.string(model, name, "statements").made:
                scope.names[own] = known
                made[own] = f"{type(model).__name__}.{name}{self.of}", line
        self.read |= scope.read
        for name, (where, line) in made.items():
            if self.complete and name not in scope.read:
                what = f"sets `{name}`, which nothing reads: there is no such variable"
                raise unknown_name(where, Finding(line, name, what), self.names)

    def model(self, model: Any, of: str, side: str = "") -> None:
        """Check what a model says, without what it does at a presynaptic spike."""
        for _, _, name, kind in _strings(of, side):
            self.string(model, name, kind)
        for hook in hooks_of(of, side):
            if hook.phase != ON_PRE:
                self.statements((model, hook.name))
        if not side:
            for part in acting(model):
                if hasattr(part, "condition"):
                    self.string(part, "condition", "condition")
                self.statements((part, "code"))

    def synapses(
        self, models: Mapping[str, Any], neurons: Mapping[str, Mapping[str, Any]], weight: Known
    ) -> None:
        """Check models of synapses, by their kinds, between neurons of these names, by side."""
        rule = models["rule"]
        own = {"w": weight, "norm": weight, **names_of(models["synapse"], "synapse")}
        own |= names_of(rule, "rule")
        self.names |= own
        for side, names in neurons.items():
            traces = trace_names(rule, side)
            self.names |= suffixed({**names, **traces}, side)
            # Traces stand with the neurons or with the synapses, as their strings and delays ask.
            replace(self, names={**names, **own, **traces}).model(rule, "rule", side)
        for of, model in models.items():
            self.model(model, of)
        self.statements(*((models[h.of], h.name) for h in HOOKS if h.phase == ON_PRE))


def check_model(model: Any, of: str) -> None:
    """Keep what a neuron, a synapse or a rule is given; check its strings as far as known alone.

    Raises
    ------
    ParameterError
        If one cannot be read, uses wrong units, or misspells a constant.
    """
    given: dict[str, Any] = {n: with_values(getattr(model, n)) for n in _own(model, _VALUES)}
    strings = (name for owner, _, name, kind in STRINGS if owner == of and kind in FLAGS)
    given |= {name: EquationString(getattr(model, name)) for name in strings}
    for name, value in given.items():
        object.__setattr__(model, name, value)
    check_namespace(model)
    for name in _own(model, _ACTING):
        check_tuple(model, name, _ACTING[name])
    _check_constants(model, of)
    if of == "neuron":
        scope = Scope(NEURON_WORDS | names_of(model, of))
        scope.model(model, of)
    else:
        scope = Scope(dict(SYNAPSE_WORDS))
        models = dict.fromkeys(("synapse", "projection", "rule")) | {of: model}
        neurons = {"pre": NEURON_WORDS, "post": NEURON_WORDS}
        scope.synapses(models, neurons, Known(get_dimensions(1)))
    # A name that nothing gives, where a constant of nearly that name is not used.
    unused = [name for name in model.parameters if name not in scope.read]
    for where, finding in scope.unknown:
        if closest(finding.unknown, unused):
            raise unknown_name(where, finding, dict.fromkeys(unused))


def _own(model: Any, names: Iterable[str]) -> list[str]:
    return [name for name in names if hasattr(type(model), name)]


def _check_constants(model: Any, of: str) -> None:
    for name in _own(model, _VALUES):
        given = getattr(model, name)
        if not isinstance(given, Mapping):
            raise refusal(model, name, "be a mapping of names to values")
        for key, value in given.items():
            if not isinstance(key, str) or not key.isidentifier():
                raise refusal(model, name, "have identifiers as keys", repr(key))
            if not (is_distribution(value) or is_one_number(value)):
                or_drawn = ", or a Distribution" if name == "constants" else ""
                what = f"be one number or quantity{or_drawn}"
                raise refusal(model, f"{name}[{key!r}]", what, repr(value))
    variables = {n for side in ("", "pre", "post") for n in _variables(model, of, side)}
    twice = sorted(variables & model.constants.keys())
    if twice:
        raise ParameterError(
            f"{type(model).__name__}.constants: {', '.join(twice)} is a variable of the equations, "
            f"too; drop its line there or rename one of them"
        )


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
        if near not in alike:
            remedy = f"declare it in equations or constants; or {remedy}"
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


def _strings(of: str, side: str = "") -> list[tuple[str, str, str, str]]:
    return [string for string in STRINGS if string[:2] == (of, side)]


def acting(model: Any) -> list[Any]:
    """List what a model does beside its hooks: on events, regularly, by more pathways."""
    return [part for name in _own(model, _ACTING) for part in getattr(model, name)]


def words_in(model: Any, of: str, side: str = "") -> frozenset[str]:
    """Words of all that a model says, or of what it says of its traces on one side."""
    said = [getattr(p, n, "") for p in acting(model) for n in ("condition", "code") if not side]
    said += [getattr(model, name, "") for _, _, name, _ in _strings(of, side)]
    said += strings_of(model, of, side).values()
    return words_of("\n".join(text for text in said if isinstance(text, str)))


def _variables(model: Any, of: str, side: str = "") -> dict[str, Known]:
    texts = [getattr(model, name, "") for _, _, name, kind in _strings(of, side) if kind in FLAGS]
    return {n: known for text in texts for n, known in variables_of(text).items()}


def _parameters(model: Any) -> dict[str, Known]:
    values = getattr(model, "parameters", {})
    return {name: Known(get_dimensions(unit_of(value))) for name, value in values.items()}


def names_of(model: Any, of: str) -> dict[str, Any]:
    """Name variables, parameters and functions of a neuron, a synapse or a rule."""
    return _variables(model, of) | _parameters(model) | known_functions(model)


def trace_names(rule: Any, side: str) -> dict[str, Any]:
    """Name traces of one side, and the constants that stand with them."""
    words = words_in(rule, "rule", side)
    own = {name: known for name, known in _parameters(rule).items() if name in words}
    return _variables(rule, "rule", side) | own | known_functions(rule)


def suffixed(names: Mapping[str, Any], side: str) -> dict[str, Any]:
    """Names of neurons as their synapses read them."""
    return {f"{name}_{side}": known for name, known in names.items() if isinstance(known, Known)}


def check_network(network: "Network") -> None:
    """Check every string of a network, with the names of all populations at hand.

    Raises
    ------
    ParameterError
        If one uses a name that nothing gives, or wrong units.
    """
    names = {p.name: _population_names(network, p) for p in network.populations}
    for population in network.populations:
        of = f" of population {population.name!r}"
        scope = Scope(NEURON_WORDS | names[population.name], complete=True, of=of)
        scope.model(population.neuron, "neuron")
        _check_initial(population, scope)
    for projection in network.projections:
        scope = Scope(dict(SYNAPSE_WORDS), complete=True, of=f" of projection {projection.name!r}")
        synapse, rule = projection.synapse, projection.rule
        weight = Known(get_dimensions(projection.weight if projection.one_weight else 1))
        scope.synapses(
            {"synapse": synapse, "projection": projection, "rule": rule},
            {"pre": names[projection.pre], "post": names[projection.post]},
            weight,
        )


def _check_initial(population: "Population", scope: Scope) -> None:
    neuron = population.neuron
    where = f"{type(neuron).__name__}.initial{scope.of}"
    for name, value in neuron.initial_values.items():
        known = scope.names.get(name)
        if not isinstance(known, Known) or known.computed:
            finding = Finding(name, name, f"population {population.name} has no variable {name!r}")
            raise unknown_name(where, finding, scope.names)
        if get_dimensions(unit_of(value)) is not known.dim:
            unit = get_unit_for_display(known.dim)
            raise ParameterError(f"{where}: {name!r} must have the unit {unit}, got {value!r}")


def _population_names(network: "Network", population: "Population") -> dict[str, Any]:
    """Name everything that the neurons of a population have."""
    names: dict[str, Any] = dict(traces_on(network, population.name))
    for projection in network.projections:
        if projection.post == population.name and projection.norm is not None:
            names[f"sum_{projection.name}"] = Known(get_dimensions(1))
    if population.neuron.takes == "rates":
        names["presentation"] = Known(second.dim)
    # What is linked to neurons is linked where their own strings name it.
    words = words_in(population.neuron, "neuron")
    own = {n: known for n, known in NEURON_WORDS.items() if n not in LINKED or n in words}
    return names | own | names_of(population.neuron, "neuron")


def traces_on(network: "Network", population: str) -> dict[str, Known]:
    """Name what rules add to the neurons of a population."""
    return {
        name: known
        for projection in network.projections
        for side in ("pre", "post")
        if getattr(projection, side) == population
        for name, known in trace_names(projection.rule, side).items()
    }
