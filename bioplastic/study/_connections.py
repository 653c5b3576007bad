"""How many synapses a projection has, and how many numbers a network keeps."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from brian2.utils.stringtools import get_identifiers

from bioplastic.engine.plan import Plan
from bioplastic.models import Network, Population, Projection
from bioplastic.models.strings import equations_of
from bioplastic.models.values import is_distribution

#: A product with the weight, as `graded` has it where a synapse weighs what it hands on.
_PRODUCT = re.compile(r"\bw\s*[*/]|[*/]\s*w\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class Connections:
    """How many synapses a projection has.

    Parameters
    ----------
    n_pre, n_post : int
        Neurons.
    fan_out, fan_in : ndarray of shape (n_pre,) and (n_post,)
        Synapses of each neuron.
    effective : ndarray of shape (n_pre,)
        Synapses of each presynaptic neuron whose weight is not 0.
    n_pairs : int
        Pairs of neurons with such a synapse.
    """

    n_pre: int
    n_post: int
    fan_out: npt.NDArray[np.float64]
    fan_in: npt.NDArray[np.float64]
    effective: npt.NDArray[np.float64]
    n_pairs: int

    @property
    def n_synapses(self) -> int:
        """Number of synapses."""
        return round(self.fan_out.sum())


def multiplies(code: str) -> bool:
    """Whether a statement multiplies something with the weight."""
    return _PRODUCT.search(code) is not None


def connections_of(
    network: Network, projection: Projection, state: Mapping[str, npt.NDArray[np.float64]]
) -> Connections:
    """Count the synapses of a projection, a pool's as those for which it stands.

    Parameters
    ----------
    network : Network
        The declaration.
    projection : Projection
        One of its projections.
    state : mapping of str to ndarray
        Lists of synapses and weights. Weights that it does not hold count as other than 0.
    """
    n_pre, n_post = network.population(projection.pre).n, network.population(projection.post).n
    name = projection.name
    if projection.listed:
        i, j = (np.asarray(state[f"{name}.{k}"]).astype(np.int64) for k in ("i", "j"))
        weighs = _weighs(projection, state, len(i))
        return Connections(
            n_pre=n_pre,
            n_post=n_post,
            fan_out=np.bincount(i, minlength=n_pre).astype(np.float64),
            fan_in=np.bincount(j, minlength=n_post).astype(np.float64),
            effective=np.bincount(i[weighs], minlength=n_pre).astype(np.float64),
            n_pairs=len(np.unique(i[weighs] * n_post + j[weighs])),
        )
    out, inward = {
        "all_to_all": (n_post, n_pre),
        "one_to_one": (1, 1),
        "all_but_one": (n_post - 1, n_pre - 1),
    }[str(projection.wiring)]
    weighs = _weighs(projection, state, n_pre * out)
    return Connections(
        n_pre=n_pre,
        n_post=n_post,
        fan_out=np.full(n_pre, float(out)),
        fan_in=np.full(n_post, float(inward)),
        # Synapses of a neuron lie side by side.
        effective=weighs.reshape(n_pre, out).sum(axis=1).astype(np.float64),
        n_pairs=int(weighs.sum()),
    )


def _weighs(
    projection: Projection, state: Mapping[str, npt.NDArray[np.float64]], n: int
) -> npt.NDArray[np.bool_]:
    """Tell of each of `n` synapses whether what it does is more than nothing."""
    if "w" not in get_identifiers(f"{projection.on_pre}\n{projection.graded}"):
        return np.broadcast_to(np.True_, n)
    default = projection.weight if projection.one_weight else 1.0
    weights = np.asarray(state.get(f"{projection.name}.w", default), dtype=np.float64)
    return np.broadcast_to(weights.ravel() != 0, n)


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
