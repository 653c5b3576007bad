"""Synapses with a state of their own, as frozen declarations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from brian2 import ms

from bioplastic.models.checking import check_model
from bioplastic.models.declaration import (
    Declaration,
    field_values,
    parameter,
    read_at_start,
    require,
)
from bioplastic.models.holding import held
from bioplastic.models.strings import words_of
from bioplastic.models.time_table import kind_of_namespace
from bioplastic.models.timing import Pathway, Regularly
from bioplastic.models.values import parameter_equations

TSODYKS_MARKRAM_EQUATIONS = """
dx/dt = (1 - x)/tau_recovery : 1 (event-driven)     # share of resources that is ready
du/dt = -u/tau_facilitation  : 1 (event-driven)     # share of these that a spike uses
"""


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class SynapseModel(Declaration):
    """A synapse as strings: the form for a synapse of your own.

    Parameters
    ----------
    equations : str
        Brian equations of the synapse, event-driven ones included; its weight `w` is declared by
        the projection. Time begins anew in every slot: with event-driven equations,
        `at_slot_start` must hold ``lastupdate = 0*second``. Equations that declare `w` themselves,
        with a unit of its own, take the projection's place.
    on_pre : str
        Statements run at a presynaptic spike, before those of the projection. These have a default:
        give the projection ``on_pre=""`` where the synapse's say all.
    after_pre : str
        Statements run after those of the projection.
    at_slot_start, at_slot_end : str
        Statements run when a slot begins, and when it ends, before those of neurons and rules.
    constants : mapping of str to Quantity, float or Distribution
        Shared constants, or one value for each synapse where an array or a distribution is given.
    namespace : mapping of str to TimeTable or function
        What strings may call, see :class:`NeuronModel`.
    pathways : tuple of Pathway
        More ways by which spikes reach the synapse, behind the projection's own, in this order.
    regularly : tuple of Regularly
        Statements at times and moments of their own.
    learned : tuple of str
        Variables that last from sample to sample, which ``Network.frozen()`` holds as they are.
    method : str
        By which equations are integrated that are not event-driven, any of Brian's.
    summed_order : int
        Brian's place of sums, which variables marked ``(summed)`` are, among what is integrated in
        a step, which has 0; of the same place is the first by name.

    Examples
    --------
    >>> from bioplastic.models import SynapseModel
    >>> tired = SynapseModel(
    ...     equations="fatigue : 1", after_pre="fatigue += step", at_slot_start="fatigue = 0",
    ...     constants={"step": 0.1},
    ... )
    >>> tired.parameters
    {'step': 0.1}
    """

    equations: str = ""
    on_pre: str = ""
    after_pre: str = ""
    at_slot_start: str = ""
    at_slot_end: str = ""
    constants: Mapping[str, Any] = read_at_start(parameter_equations, default_factory=dict)
    namespace: Mapping[str, Any] = read_at_start(kind_of_namespace, default_factory=dict)
    pathways: tuple[Pathway, ...] = ()
    regularly: tuple[Regularly, ...] = ()
    learned: tuple[str, ...] = read_at_start(default=())
    method: str = "euler"
    summed_order: int = -1

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        check_model(self, "synapse")
        names = [pathway.name for pathway in self.pathways]
        require(self, "pathways", len({*names}) == len(names), "have names that differ")
        driven = "(event-driven)" in self.equations
        if driven and "lastupdate" not in words_of(self.at_slot_start):
            what = "set `lastupdate = 0*second`, since time begins anew with every sample"
            require(self, "at_slot_start", False, f"{what} and equations are event-driven")

    @property
    def parameters(self) -> dict[str, Any]:
        """Name and value of every constant."""
        return {**field_values(self), **self.constants}

    def frozen(self) -> Self:
        """Return the model with what it learns held fixed: itself where nothing is `learned`."""
        return held(self, "synapse")


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class TsodyksMarkram(SynapseModel):
    """Short-term depression and facilitation; a projection reads the efficacy as ``w*u*x``.

    Parameters
    ----------
    utilisation : float or Distribution
        `U`, the share of ready resources that a first spike uses.
    tau_recovery, tau_facilitation : Quantity in seconds, or Distribution
        `D` and `F`, time constants of recovery from depression and of facilitation.

    Notes
    -----
    Markram, Wang & Tsodyks 1998, doi 10.1073/pnas.95.9.5323, which is the form used by Maass et
    al. 2002: what a spike used recovers from that moment on. (Tsodyks & Markram 1997 let it stay
    active for the few milliseconds of the synaptic current before it recovers.)

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.models import TsodyksMarkram
    >>> TsodyksMarkram(utilisation=0.5, tau_recovery=1100 * ms).tau_facilitation
    50. * msecond
    """

    equations: str = TSODYKS_MARKRAM_EQUATIONS
    on_pre: str = "u = u + utilisation*(1 - u)"
    after_pre: str = "x = x - u*x"
    at_slot_start: str = "x = 1; u = 0; lastupdate = 0*second"
    utilisation: Any = parameter(0.5, low=0)
    tau_recovery: Any = parameter(1100 * ms, low=0)
    tau_facilitation: Any = parameter(50 * ms, low=0)
