"""Plasticity rules as frozen declarations.

With all-to-all wiring every synapse of one neuron sees the same trace, so a trace belongs to the
neuron, and a synapse stores its weight alone. A rule therefore says which traces it adds to the
presynaptic and to the postsynaptic population, and what a spike on either side does to the weight.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from brian2 import ms

from bioplastic.models.declaration import (
    Declaration,
    EquationString,
    field_values,
    parameter,
    refuse_distributions,
)

__all__ = ["DiehlCookSTDP", "PairSTDP", "PlasticityRule"]

PAIR_PRE_TRACES = """
dr1/dt = -r1/tau_plus  : 1   # Song, Miller & Abbott 2000
"""
PAIR_POST_TRACES = """
do1/dt = -o1/tau_minus : 1
"""

MINIMAL_TRIPLET_PRE_TRACES = """
dr1/dt = -r1/tau_plus  : 1   # `pre` of the authors' script
"""
MINIMAL_TRIPLET_POST_TRACES = """
do1/dt = -o1/tau_minus : 1   # `post1`
do2/dt = -o2/tau_y     : 1   # `post2`
"""


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class PlasticityRule(Declaration):
    """A plasticity rule as strings: the form for a rule of your own.

    Parameters
    ----------
    pre_traces, post_traces : str
        Brian equations added to the presynaptic and the postsynaptic population.
    on_pre, on_post : str
        What a spike does to `w`; traces are read as ``r1_pre`` or ``o1_post``, that is
        with the suffix of the population that carries them.
    on_pre_trace, on_post_trace : str
        What a spike does to the traces of its own neuron: a presynaptic trace changes after
        `on_pre` and before `on_post`, a postsynaptic one after both.
    at_slot_start_pre, at_slot_start_post : str
        What happens to the traces when a slot begins.
    constants : mapping of str to Quantity or float
        Shared constants of traces and synapses; a changed value needs no new build.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.models import PlasticityRule
    >>> hebb = PlasticityRule(
    ...     pre_traces="dx/dt = -x/tau_x : 1",
    ...     on_pre_trace="x = 1",
    ...     on_post="w = clip(w + eta*(x_pre - 0.4), 0, 1)",
    ...     constants={"tau_x": 20 * ms, "eta": 0.01},
    ... )
    >>> hebb.parameters["eta"]
    0.01
    """

    pre_traces: str = ""
    post_traces: str = ""
    on_pre: str = ""
    on_post: str = ""
    on_pre_trace: str = ""
    on_post_trace: str = ""
    at_slot_start_pre: str = ""
    at_slot_start_post: str = ""
    constants: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pre_traces", EquationString(self.pre_traces))
        object.__setattr__(self, "post_traces", EquationString(self.post_traces))
        Declaration.__post_init__(self)
        refuse_distributions(self)

    @property
    def parameters(self) -> dict[str, Any]:
        """Name and value of every shared constant."""
        return {**field_values(self), **self.constants}

    @property
    def equations(self) -> EquationString:
        """All trace equations and what spikes do, to be printed."""
        return EquationString("\n".join(s for s in (self.pre_traces, self.post_traces) if s))


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class PairSTDP(PlasticityRule):
    """Additive pair-based STDP, all pairs of spikes.

    Parameters
    ----------
    tau_plus, tau_minus : Quantity, in seconds
        Time constants of the traces.
    a_plus, a_minus : float
        Potentiation when post follows pre, depression when pre follows post; both positive.
    w_max : float
        Upper bound of the weight; the lower one is 0.

    Notes
    -----
    Song, Miller & Abbott, Nature Neuroscience 3:919, 2000, doi 10.1038/78829.

    Examples
    --------
    >>> from bioplastic.models import PairSTDP
    >>> print(PairSTDP().on_post)
    w = clip(w + a_plus*r1_pre, 0, w_max)
    """

    pre_traces: str = PAIR_PRE_TRACES
    post_traces: str = PAIR_POST_TRACES
    on_pre: str = "w = clip(w - a_minus*o1_post, 0, w_max)"
    on_post: str = "w = clip(w + a_plus*r1_pre, 0, w_max)"
    on_pre_trace: str = "r1 += 1"
    on_post_trace: str = "o1 += 1"
    at_slot_start_pre: str = "r1 = 0"
    at_slot_start_post: str = "o1 = 0"
    tau_plus: Any = parameter(20 * ms, low=0)
    tau_minus: Any = parameter(20 * ms, low=0)
    a_plus: Any = parameter(0.01, low=0, strict=False)
    a_minus: Any = parameter(0.0105, low=0, strict=False)
    w_max: Any = parameter(1.0, low=0)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class DiehlCookSTDP(PlasticityRule):
    """The rule of the authors' MNIST script: minimal triplet, nearest spikes, the right sign.

    A presynaptic spike *lowers* the weight by ``eta_minus*o1``, a postsynaptic one raises it by
    ``eta_plus*r1*o2``. Most ports of the script raise it in both.

    Parameters
    ----------
    tau_plus, tau_minus, tau_y : Quantity, in seconds
        Time constants of the traces, each set to 1 by a spike (nearest-spike interaction).
    eta_minus, eta_plus : float
        Learning rates.
    w_max : float
        Upper bound of the weight; the lower one is 0.

    Notes
    -----
    Diehl & Cook 2015, doi 10.3389/fncom.2015.00099, as in the authors' published script; triplet
    rule after Pfister & Gerstner 2006, doi 10.1523/JNEUROSCI.1425-06.2006.

    Examples
    --------
    >>> from bioplastic.models import DiehlCookSTDP
    >>> print(DiehlCookSTDP().on_pre)
    w = clip(w - eta_minus*o1_post, 0, w_max)
    """

    pre_traces: str = MINIMAL_TRIPLET_PRE_TRACES
    post_traces: str = MINIMAL_TRIPLET_POST_TRACES
    on_pre: str = "w = clip(w - eta_minus*o1_post, 0, w_max)"
    on_post: str = "w = clip(w + eta_plus*r1_pre*o2_post, 0, w_max)"
    on_pre_trace: str = "r1 = 1"
    on_post_trace: str = "o1 = 1; o2 = 1"
    at_slot_start_pre: str = "r1 = 0"
    at_slot_start_post: str = "o1 = 0; o2 = 0"
    tau_plus: Any = parameter(20 * ms, low=0)
    tau_minus: Any = parameter(20 * ms, low=0)
    tau_y: Any = parameter(40 * ms, low=0)
    eta_minus: Any = parameter(1e-4, low=0, strict=False)
    eta_plus: Any = parameter(1e-2, low=0, strict=False)
    w_max: Any = parameter(1.0, low=0)
