"""What programs count with 32 bits: neurons, synapses, steps. What does not fit is refused."""

import numpy as np
import numpy.typing as npt

from bioplastic.engine.connections import added_variable
from bioplastic.engine.plan import plan_of
from bioplastic.engine.state import Values
from bioplastic.errors import ParameterError
from bioplastic.models import Network

LARGEST = 2**31 - 1


def check_sizes(network: Network, *, lanes: int, copies: bool) -> None:
    """Refuse more neurons or regular synapses than can be counted.

    Parameters
    ----------
    network : Network
        The declaration.
    lanes : int
        Samples side by side.
    copies : bool
        See :class:`~bioplastic.engine.Engine`.

    Raises
    ------
    ParameterError
        Names what is too much.
    """
    sizes = {f"Population {p.name}: neurons": p.n * lanes for p in network.populations}
    sizes["Network.watch: neurons"] = network.n_watched * lanes
    for projection in network.projections:
        n_pre, n_post = (network.population(p).n for p in (projection.pre, projection.post))
        if isinstance(projection.wiring, str) and not projection.pools:
            n = n_pre if projection.wiring == "one_to_one" else n_pre * n_post
            sizes[f"Projection {projection.name}: synapses"] = n * (lanes if copies else 1)
    for what, n in sizes.items():
        _refuse(what, n, lanes)


def check_lists(network: Network, values: Values, *, lanes: int, copies: bool, rings: bool) -> None:
    """Refuse lists of more synapses, or of longer delays, than can be counted.

    Parameters
    ----------
    network : Network
        The declaration.
    values : mapping of str to ndarray
        Delays in seconds, as ``"projection.delay"``.
    lanes : int
        Samples side by side.
    copies, rings : bool
        See :class:`~bioplastic.engine.Engine`.

    Raises
    ------
    ParameterError
        Names what is too much.
    """
    dt = float(network.schedule.dt)
    for projection in (p for p in network.projections if p.listed):
        name, delay = projection.name, values[f"{projection.name}.delay"]
        adds = added_variable(plan_of(network), projection) is not None and not copies
        n_pre, n_post = (network.population(p).n for p in (projection.pre, projection.post))
        # A list that only adds to a variable is the same for all lanes.
        _refuse(f"Projection {name}: synapses", len(delay) * (1 if adds else lanes), lanes)
        steps = float(delay.max(initial=0.0)) / dt + 1
        _refuse(f"Projection {name}: steps of its longest delay", steps, lanes)
        if adds or rings:
            what = f"Projection {name}: steps of its longest delay times neurons of {{}}"
            _refuse(what.format(projection.post), steps * n_post * lanes, lanes)
            if rings:
                n = steps * n_pre * (1 if adds else lanes)
                _refuse(what.format(projection.pre), n, lanes)


def check_steps(network: Network, n_steps: npt.NDArray[np.int64]) -> None:
    """Refuse samples of more steps than can be counted.

    Raises
    ------
    ParameterError
        Names the number of steps.
    """
    longest = int(n_steps.max(initial=0))
    if longest > LARGEST:  # to print a quantity takes longer than all else here
        _refuse(f"Schedule.dt={network.schedule.dt}: steps of the longest sample", longest, 1)


def _refuse(what: str, n: float, lanes: int) -> None:
    if n > LARGEST:
        of_lanes = f" in {lanes} lanes; take fewer lanes," if lanes > 1 else "; take"
        raise ParameterError(
            f"{what} must be at most {LARGEST:,}, got {n:,.0f}{of_lanes} shorter delays, a larger "
            f"dt, or smaller populations"
        )
