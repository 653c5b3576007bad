"""Names and units in every string of a network, where all that a string may read is known."""

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from brian2 import get_dimensions, second
from brian2.units.fundamentalunits import get_unit_for_display

from bioplastic.errors import ParameterError
from bioplastic.models.checking import (
    Scope,
    check_neuron_strings,
    check_synaptic,
    check_traces,
    names_of,
    suffixed,
    trace_names,
    unit_of,
    unknown_name,
)
from bioplastic.models.hooks import HOOKS, ON_PRE
from bioplastic.models.neurons import NeuronModel
from bioplastic.models.strings import (
    LINKED,
    NEURON_WORDS,
    SYNAPSE_FLAGS,
    SYNAPSE_WORDS,
    Finding,
    Known,
    read_equations,
    words_of,
)

if TYPE_CHECKING:
    from bioplastic.models.network import Network
    from bioplastic.models.population import Population
    from bioplastic.models.projection import Projection

__all__ = ["check_network"]


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
        check_neuron_strings(population.neuron, scope)
        _check_initial(population, scope)
    for projection in network.projections:
        _check_projection(projection, names)


def _check_projection(projection: "Projection", names: Mapping[str, dict[str, Any]]) -> None:
    rule, synapse, of = projection.rule, projection.synapse, f" of projection {projection.name!r}"
    weight = Known(get_dimensions(projection.weight if projection.one_weight else 1))
    own = {"w": weight, "norm": weight} | (names_of(synapse) if synapse is not None else {})
    scope = Scope(SYNAPSE_WORDS | own, complete=True, of=of)
    for side, population in (("pre", projection.pre), ("post", projection.post)):
        scope.names |= suffixed(names[population], side)
        if rule is not None:
            traces = trace_names(rule, side)
            scope.names |= suffixed(traces, side)
            # Traces stand with the neurons or with the synapses, as their strings and delays ask.
            mine = names[population] | own | names_of(rule) | traces
            check_traces(rule, side, Scope(mine, complete=True, of=of))
    if rule is not None:
        scope.names |= names_of(rule)
        check_synaptic(rule, scope)
    if synapse is not None:
        where = f"{type(synapse).__name__}.equations"
        scope.add(where, read_equations(synapse.equations, scope.names, SYNAPSE_FLAGS))
        scope.hooks(synapse, "synapse", without=(ON_PRE,))
    scope.hooks(projection, "projection", without=(ON_PRE,))
    models = {"synapse": synapse, "projection": projection, "rule": rule}
    scope.statements(
        (f"{type(models[h.of]).__name__}.{h.name}", getattr(models[h.of], h.name, ""))
        for h in HOOKS
        if h.phase == ON_PRE
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
    names: dict[str, Any] = {}
    for projection in network.projections:
        for side, name in (("pre", projection.pre), ("post", projection.post)):
            if name == population.name and projection.rule is not None:
                names |= trace_names(projection.rule, side)
        if projection.post == population.name and projection.norm is not None:
            names[f"sum_{projection.name}"] = Known(get_dimensions(1))
    if population.neuron.takes == "rates":
        names["presentation"] = Known(second.dim)
    # What is linked to neurons is linked where their own strings name it.
    said = [getattr(population.neuron, f.name) for f in fields(NeuronModel)]
    words = words_of("\n".join(text for text in said if isinstance(text, str)))
    own = {n: known for n, known in NEURON_WORDS.items() if n not in LINKED or n in words}
    return names | own | names_of(population.neuron)
