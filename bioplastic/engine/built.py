"""What the builder made of a network: Brian objects, and the names by which engines reach them."""

from dataclasses import dataclass, field
from typing import Any

from bioplastic.engine.schedule import Tables
from bioplastic.engine.superposition import Superposition

__all__ = ["Built", "RegularWiring"]


@dataclass(frozen=True, slots=True)
class RegularWiring:
    """Layout of synapses that lie in memory row by row."""

    name: str
    kind: str
    n_pre: int
    n_post: int

    @property
    def n_synapses(self) -> int:
        """Synapses of a lane."""
        return self.n_pre * self.n_row

    @property
    def n_row(self) -> int:
        """Synapses of one presynaptic neuron."""
        return {"all_to_all": self.n_post, "one_to_one": 1, "all_but_one": self.n_post - 1}[
            self.kind
        ]


@dataclass(kw_only=True, slots=True)
class Built:
    """Brian objects of one network, and the names by which an engine reaches into them."""

    net: Any
    step_clock: Any
    slot_clock: Any
    tables: Tables
    #: what random numbers of equations follow from
    noise: Any = None
    #: Brian groups that fire the spikes of the samples, by name
    spike_inputs: dict[str, Any] = field(default_factory=dict)
    #: Brian groups whose spikes are recorded
    watched: list[Any] = field(default_factory=list)
    #: "population.variable" -> (Brian group, name of the variable), what a run reads and writes
    variables: dict[str, tuple[Any, str]] = field(default_factory=dict)
    #: samples that are shown side by side, and whether each lane has synapses of its own
    lanes: int = 1
    repeat: bool = True
    #: name of a Synapses object -> layout of a lane's synapses where wiring is regular
    wirings: dict[str, RegularWiring] = field(default_factory=dict)
    #: name of a Synapses object -> variables that each lane has for itself
    own: dict[str, frozenset[str]] = field(default_factory=dict)
    #: names of objects that act on what lanes share, once for all
    once: set[str] = field(default_factory=set)
    #: "projection.variable" of what such an object changes, though each lane has it for itself
    spread: set[str] = field(default_factory=set)
    #: parameters, which a run reads and does not write
    parameters: set[str] = field(default_factory=set)
    #: Synapses objects whose synapses are a list in the state
    listed: list[Any] = field(default_factory=list)
    #: name of an object that acts at every so many steps only -> how many
    intervals: dict[str, int] = field(default_factory=dict)
    #: names of objects that act at the end of a batch only
    at_batch_end: set[str] = field(default_factory=set)
    #: (Brian group, variable) of populations that fire when the time in it has come
    calendars: list[tuple[Any, str]] = field(default_factory=list)
    #: name of a projection -> how its synapses superpose
    superposed: dict[str, Superposition] = field(default_factory=dict)
    #: name of a listed object -> (Brian group, variable) to which all it does is to add
    added_to: dict[str, tuple[Any, str]] = field(default_factory=dict)
