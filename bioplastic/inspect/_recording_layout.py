"""What a recording holds of which network: names, sizes, and which elements are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from brian2 import Equations

from bioplastic.engine.plan import plan_of
from bioplastic.errors import ParameterError
from bioplastic.models import Network

#: Words for variables that every network names in its own way.
ROLES: Final = ("weights", "traces", "thresholds", "rates")
THRESHOLD: Final = "theta"
Indices = npt.NDArray[np.int64]
NOTHING: Final = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RecordedProjection:
    """A projection of the recorded network.

    Parameters
    ----------
    pre, post : str
        Names of the populations.
    wiring : str
        ``"all_to_all"``, ``"one_to_one"``, ``"all_but_one"``, or ``"listed"`` where each synapse
        has its entry in `i` and `j`.
    n_pre, n_post : int
        Sizes of the populations.
    neurons : ndarray of shape (n_kept,)
        Postsynaptic neurons whose synapses are kept; empty where nothing of its synapses is
        recorded.
    i, j : ndarray of shape (n_synapses,)
        Presynaptic and postsynaptic neuron of each synapse that is kept; empty where the wiring
        is all-to-all or nothing of its synapses is recorded.
    """

    pre: str
    post: str
    wiring: str
    n_pre: int
    n_post: int
    neurons: Indices
    i: Indices
    j: Indices


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Layout:
    """What is recorded.

    Parameters
    ----------
    populations : mapping of str to int
        Number of neurons of each population.
    projections : mapping of str to RecordedProjection
        All of the network.
    watched : tuple of str
        Populations whose rates are recorded, one after the other; empty where none are.
    roles : mapping of str to str
        Role of each variable that is recorded.
    widths : mapping of str to int
        Number of its elements that are kept.
    """

    populations: Mapping[str, int]
    projections: Mapping[str, RecordedProjection]
    watched: tuple[str, ...]
    roles: Mapping[str, str]
    widths: Mapping[str, int]

    @property
    def n_watched(self) -> int:
        """Number of neurons whose rates are recorded."""
        return sum(self.populations[name] for name in self.watched)

    @property
    def columns(self) -> dict[str, tuple[type, tuple[int, ...]]]:
        """Number type and shape of a row of everything that has one row a moment."""
        types: dict[str, tuple[type, tuple[int, ...]]] = {
            "samples": (np.int64, ()),
            "times": (np.float64, ()),
            "seconds": (np.float64, ()),
        }
        if self.watched:
            types["rates"] = (np.float32, (self.n_watched,))
        widths = self.widths.items()
        return types | {f"variables/{name}": (np.float32, (width,)) for name, width in widths}

    @property
    def point_bytes(self) -> int:
        """Size of one moment: its sample, time and seconds, and 4 bytes a value."""
        return 24 + 4 * (self.n_watched + sum(self.widths.values()))

    def same_as(self, other: "Layout") -> bool:
        """Tell whether values of both can stand in one recording."""
        return (
            self.populations == other.populations
            and self.watched == other.watched
            and self.widths == other.widths
            and self.projections.keys() == other.projections.keys()
            and all(
                np.array_equal(getattr(one, key), getattr(other.projections[name], key))
                for name, one in self.projections.items()
                for key in ("neurons", "i", "j")
            )
        )


def choose(
    network: Network,
    sizes: Mapping[str, int],
    state: Mapping[str, npt.NDArray[Any]],
    *,
    variables: Sequence[str],
    neurons: Indices | None,
) -> tuple[Layout, dict[str, npt.NDArray[np.int32]]]:
    """Find what roles and names stand for in a network.

    Returns
    -------
    layout : Layout
        What is recorded.
    kept : dict of ndarray of int32
        Which elements of every variable that is.

    Raises
    ------
    ParameterError
        If there is no variable of a name, no variable at all, or no such neuron.
    """
    changing = _changing(network, sizes)
    roles: dict[str, str] = {}
    for word in variables:
        found = _of_role(network, changing, word) if word in ROLES else [word]
        if not set(found) <= set(changing):
            raise ParameterError(
                f"PlasticityRecorder.variables: the network has no variable {word!r} that changes; "
                f"give some of {', '.join((*ROLES, *changing))}"
            )
        for name in found:
            roles.setdefault(name, word if word in ROLES else _role(network, changing, name))
    if not roles and "rates" not in variables:
        raise ParameterError(
            f"PlasticityRecorder.variables: the network has nothing of {tuple(variables)!r}; give "
            f"some of {', '.join(('rates', *changing))}"
        )
    populations = {population.name: population.n for population in network.populations}
    touched = {name.partition(".")[0] for name in roles}
    kept = {name: np.arange(sizes[name], dtype=np.int32) for name in roles}
    projections = {}
    for projection in network.projections:
        name = projection.name
        n_pre, n_post = populations[projection.pre], populations[projection.post]
        chosen = i = j = NOTHING
        if name in touched:
            chosen = np.arange(n_post) if neurons is None else neurons
            if len(chosen) and chosen[-1] >= n_post:
                raise ParameterError(
                    f"PlasticityRecorder.neurons: must be neurons of {projection.post!r}, 0 to "
                    f"{n_post - 1}, got {chosen[-1]}"
                )
            i, j = projection.pairs(n_pre, n_post, state)
            is_kept = np.isin(j, chosen)
            for variable, elements in kept.items():
                # One number for all synapses is kept whichever neurons are.
                if variable.partition(".")[0] == name and len(elements) == len(j):
                    kept[variable] = elements[is_kept]
            i, j = i[is_kept], j[is_kept]
        regular = not projection.listed and projection.wiring == "all_to_all"
        projections[name] = RecordedProjection(
            pre=projection.pre,
            post=projection.post,
            wiring="listed" if projection.listed else str(projection.wiring),
            n_pre=n_pre,
            n_post=n_post,
            neurons=chosen,
            i=NOTHING if regular else i,
            j=NOTHING if regular else j,
        )
    layout = Layout(
        populations=populations,
        projections=projections,
        watched=network.watched if "rates" in variables else (),
        roles=roles,
        widths={name: len(elements) for name, elements in kept.items()},
    )
    return layout, kept


def _changing(network: Network, sizes: Mapping[str, int]) -> list[str]:
    """Name the variables of a program that are not parameters of it."""
    plan = plan_of(network)
    fixed = {f"{owner}.{name}" for owner, own in plan.parameters.items() for name in own}
    fixed |= {f"{owner}.{name}" for owner, (read, _) in plan.lists.items() for name in read}
    fixed |= set(plan.values)
    return sorted(name for name in set(sizes) - fixed if not name.startswith("schedule."))


def _of_role(network: Network, changing: Sequence[str], role: str) -> list[str]:
    """Variables that have a role, those that the program does not hold left out."""
    learning = [projection for projection in network.projections if projection.rule is not None]
    if role == "weights":
        return [f"{p.name}.w" for p in learning if f"{p.name}.w" in changing]
    if role == "thresholds":
        names = [f"{population.name}.{THRESHOLD}" for population in network.populations]
        return [name for name in names if name in changing]
    found: list[str] = []
    for projection in learning if role == "traces" else ():
        assert projection.rule is not None
        for side, traces in (
            (projection.pre, projection.rule.pre_traces),
            (projection.post, projection.rule.post_traces),
        ):
            for variable in Equations(str(traces)):
                # A builder may place traces on neurons or on synapses.
                places = [f"{owner}.{variable}" for owner in (side, projection.name)]
                found += [name for name in places if name in changing and name not in found][:1]
    return found


def _role(network: Network, changing: Sequence[str], name: str) -> str:
    """Role of a variable that was asked for by its own name."""
    roles = [role for role in ROLES if name in _of_role(network, changing, role)]
    return roles[0] if roles else "other"
