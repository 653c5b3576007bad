"""How many numbers a network keeps: variables, and constants that differ."""

from bioplastic.engine.plan import Plan
from bioplastic.models import Population, Projection
from bioplastic.models.strings import equations_of
from bioplastic.models.values import is_distribution

__all__ = ["numbers_of_neurons", "numbers_of_synapses"]


def numbers_of_neurons(plan: Plan, population: Population) -> float:
    """Numbers that the neurons of a population keep; an input keeps its traces only."""
    variables = set(plan.variables(population.name))
    n_differ = sum(map(is_distribution, plan.parameters[population.name].values()))
    if population.neuron.takes:
        n_differ, variables = 0, variables - set(equations_of(population.neuron.equations))
    return float(population.n * (len(variables) + n_differ))


def numbers_of_synapses(plan: Plan, projection: Projection, n_synapses: int) -> float:
    """Numbers that the synapses of a projection keep."""
    flags = plan.variables(projection.name).values()
    shared = sum("shared" in found and "constant" not in found for found in flags)
    each = len(flags) - shared + 3 * projection.listed
    each += sum(map(is_distribution, plan.parameters[projection.name].values()))
    of_weights = 1 if projection.one_weight else n_synapses
    return float(n_synapses * each + shared + of_weights)
