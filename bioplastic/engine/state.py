"""State of a network before a run: what is given, what the models declare, what is drawn."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from bioplastic.engine.plan import plan_of
from bioplastic.errors import ParameterError
from bioplastic.models import Network
from bioplastic.models.wiring import sorted_synapses

State = dict[str, npt.NDArray[np.float64]]
#: Variables and parameters by name, in base units.
Values = Mapping[str, npt.NDArray[np.float64]]


def _initial_state(network: Network, sizes: Mapping[str, int], drawn: State) -> State:
    """Values before the first slot: what the models declare and what was drawn, 0 elsewhere."""
    state = {name: np.zeros(size) for name, size in sizes.items()}
    for population in network.populations:
        for variable, value in population.neuron.initial_values.items():
            name = f"{population.name}.{variable}"
            if name not in state:
                raise ParameterError(
                    f"{type(population.neuron).__name__}.initial: population {population.name} "
                    f"has no variable {variable!r}"
                )
            if name not in drawn:
                state[name][:] = np.asarray(value, dtype=float)
    return state | drawn


def complete_state(
    network: Network, sizes: Mapping[str, int], given: Values, seed: np.random.SeedSequence
) -> State:
    """Every variable and parameter of a network, the given ones in place of the declared.

    Raises
    ------
    ParameterError
        If there is no variable of a given name, or its number of values does not fit.
    """
    lists = plan_of(network).lists
    wanted = {f"{name}.{k}" for name, keys in lists.items() for k in (*keys[0], *keys[1])}
    # What is drawn is drawn once: a state that holds it is taken as it is.
    drawn = {} if network.drawn <= set(given) else network.sample(seed)
    values = _initial_state(network, sizes, drawn)
    unknown = sorted(set(given) - set(values) - wanted)
    if unknown:
        raise ParameterError(
            f"state: the network has no {', '.join(unknown)}; "
            f"it has {', '.join(sorted(set(values) | wanted))}"
        )
    for key, value in given.items():
        array = np.asarray(value, dtype=np.float64).ravel()
        if key in sizes:
            if array.size not in (1, sizes[key]):
                raise ParameterError(
                    f"state[{key!r}]: must have {sizes[key]} values, got {array.size}"
                )
            array = np.broadcast_to(array, (sizes[key],))
        values[key] = array.copy()
    for name, (read, more) in lists.items():
        _complete_list(network, values, name, [*read, *more])
    return values


def _complete_list(network: Network, values: State, name: str, keys: list[str]) -> None:
    """Bring the synapses of a list to one length and into order."""
    n = len(values[f"{name}.i"])
    synapses = {key: values.get(f"{name}.{key}", np.zeros(n)) for key in keys}
    for key, array in synapses.items():
        if len(array) not in (1, n):
            raise ParameterError(
                f"state[{name + '.' + key!r}]: must have {n} values, one for each synapse of "
                f"state[{name + '.i'!r}], got {len(array)}"
            )
    synapses = {key: np.broadcast_to(array, (n,)) for key, array in synapses.items()}
    projection = next(p for p in network.projections if p.name == name)
    for key, side in (("i", projection.pre), ("j", projection.post)):
        size, array = network.population(side).n, synapses[key]
        if n and not (array.min() >= 0 and array.max() < size and (array % 1 == 0).all()):
            raise ParameterError(
                f"state[{name + '.' + key!r}]: must be whole numbers in 0..{size - 1}, the "
                f"neurons of {side!r}"
            )
    for key in {"delay", *projection.delays} & synapses.keys() if n else ():
        if not 0 <= synapses[key].min() <= synapses[key].max() < np.inf:
            raise ParameterError(f"state[{f'{name}.{key}'!r}]: must be finite and >= 0")
    values.update({f"{name}.{k}": v for k, v in sorted_synapses(synapses).items()})
