"""How many numbers a network keeps: variables, and constants that differ."""

from brian2 import Equations

from bioplastic.engine.structure import (
    shared_variables,
    synapse_parameters,
    synapse_variables,
    traces_of,
)
from bioplastic.models import Network, Population, Projection
from bioplastic.models.declaration import is_distribution

__all__ = ["numbers_of_neurons", "numbers_of_synapses"]


def numbers_of_neurons(network: Network, population: Population) -> float:
    """Numbers that the neurons of a population keep."""
    texts = [traces.equations for traces in traces_of(network, population)]
    differ = 0
    if not population.neuron.takes:
        texts.append(str(population.neuron.equations))
        differ = sum(is_distribution(v) for v in population.neuron.parameters.values())
    n_variables = 0
    for text in texts:
        equations = Equations(text)
        n_variables += len(equations.diff_eq_names | equations.parameter_names)
    return float(population.n * (n_variables + differ))


def numbers_of_synapses(projection: Projection, n_synapses: int) -> float:
    """Numbers that the synapses of a projection keep."""
    changed, constant = synapse_variables(projection)
    shared = len(shared_variables(projection))
    each = len(changed) + len(constant) - shared + 3 * projection.listed
    each += sum(is_distribution(value) for value in synapse_parameters(projection).values())
    of_weights = 1 if projection.one_weight else n_synapses
    return float(n_synapses * each + shared + of_weights)
