"""What the builder made of a network: Brian objects, and the names by which engines reach them."""

import functools
from dataclasses import dataclass, field
from typing import Any

from bioplastic.engine.lanes import own_variables
from bioplastic.engine.plan import Plan
from bioplastic.engine.schedule import Tables
from bioplastic.engine.superposition import Superposition
from bioplastic.models.hooks import AT_BATCH_END, NORMALIZATION


@dataclass(frozen=True, slots=True)
class RegularWiring:
    """Layout of synapses that lie in memory row by row.

    Parameters
    ----------
    name : str
        Name of the Synapses object.
    kind : {"all_to_all", "one_to_one", "all_but_one"}
        Its wiring.
    n_pre, n_post : str
        Neurons of a lane on both sides: names of numbers that a program reads at its start.
    """

    name: str
    kind: str
    n_pre: str
    n_post: str

    @property
    def n_row(self) -> str:
        """Synapses of one presynaptic neuron."""
        return {"all_to_all": self.n_post, "one_to_one": "1"}.get(self.kind, f"({self.n_post} - 1)")

    @property
    def n_synapses(self) -> str:
        """Synapses of a lane."""
        return f"{self.n_pre}*{self.n_row}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a variable stands in a program, as C++ says it.

    Parameters
    ----------
    name : str
        Of the variable.
    array : str
        Its array.
    length : str
        Number of elements of a lane.
    own : bool
        Whether each lane has elements of its own.
    type, code : str
        Of an element, as C++ and as NumPy write it.
    """

    name: str
    array: str
    length: str
    own: bool
    type: str
    code: str

    @property
    def whole(self) -> str:
        """Number of elements of all lanes."""
        return f"({self.length})*_n_lanes" if self.own else self.length


@dataclass(kw_only=True)
class Built:
    """Brian objects of one network, and the names by which an engine reaches into them."""

    plan: Plan
    net: Any
    step_clock: Any
    slot_clock: Any
    tables: Tables
    #: what random numbers of equations follow from
    noise: Any = None
    #: Brian groups that fire the spikes of the samples, by name
    spike_inputs: dict[str, Any] = field(default_factory=dict)
    #: Brian groups whose spikes can be recorded, by name
    spiking: dict[str, Any] = field(default_factory=dict)
    #: "population.variable" -> (Brian group, name of the variable), what a run reads and writes
    variables: dict[str, tuple[Any, str]] = field(default_factory=dict)
    #: samples that are shown side by side
    lanes: int = 1
    #: name of a Brian group -> name of the number of its neurons in a lane
    numbers: dict[str, str] = field(default_factory=dict)
    #: name of a Synapses object -> layout of a lane's synapses where wiring is regular
    wirings: dict[str, RegularWiring] = field(default_factory=dict)
    #: parameters, which a run reads and does not write
    parameters: set[str] = field(default_factory=set)
    #: Synapses objects whose synapses are a list in the state
    listed: list[Any] = field(default_factory=list)
    #: of each of these, name of a pathway whose delays stand in the state -> their name there
    delays: dict[str, dict[str, str]] = field(default_factory=dict)
    #: (Brian group, variable) of populations that fire when the time in it has come
    calendars: list[tuple[Any, str]] = field(default_factory=list)
    #: name of a projection -> how its synapses superpose
    superposed: dict[str, Superposition] = field(default_factory=dict)
    #: name of a listed object -> (Brian group, variable) to which all it does is to add
    added_to: dict[str, tuple[Any, str]] = field(default_factory=dict)

    @functools.cached_property
    def own(self) -> dict[str, frozenset[str]]:
        """Name of a projection -> variables that each lane has for itself."""
        projections = self.plan.network.projections
        return {p.name: own_variables(self.plan, p.name) for p in projections}

    @functools.cached_property
    def at_batch_end(self) -> set[str]:
        """Names of objects that act at the end of a batch only."""
        return {a.name for a in self.plan.actions if a.phase == AT_BATCH_END}

    @functools.cached_property
    def once(self) -> set[str]:
        """Names of objects that act on what lanes share, once for all."""
        shared = {name for name, own in self.own.items() if "w" not in own}
        scaling = (a for a in self.plan.actions if a.phase == NORMALIZATION)
        return self.at_batch_end | {a.name for a in scaling if a.owner in shared}

    @functools.cached_property
    def spread(self) -> set[str]:
        """What such an object changes, though each lane has it for itself: projection.variable."""
        each = {f"{name}.{variable}" for name, own in self.own.items() for variable in own}
        return {v for a in self.plan.actions if a.phase == AT_BATCH_END for v in a.writes & each}

    @functools.cached_property
    def intervals(self) -> dict[str, tuple[int, int]]:
        """Name of an object that acts at every so many steps only -> how many, and the first."""
        return {a.name: (a.every, a.first) for a in self.plan.actions if a.every > 1}
