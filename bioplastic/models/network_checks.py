"""Names and units in every string of a network, where all that a string may read is known."""

from typing import TYPE_CHECKING, Any

from brian2 import get_dimensions, second
from brian2.units.fundamentalunits import get_unit_for_display

from bioplastic.errors import ParameterError
from bioplastic.models.checking import (
    Scope,
    names_of,
    trace_names,
    unknown_name,
    words_in,
)
from bioplastic.models.strings import LINKED, NEURON_WORDS, SYNAPSE_WORDS, Finding, Known
from bioplastic.models.values import unit_of

if TYPE_CHECKING:
    from bioplastic.models.network import Network
    from bioplastic.models.population import Population

__all__ = ["check_network", "traces_on"]


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
