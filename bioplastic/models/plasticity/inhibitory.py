"""Inhibitory STDP (Vogels et al. 2011): inhibition that balances excitation."""

from dataclasses import dataclass
from typing import Any

from brian2 import Hz, ms

from bioplastic.models.declaration import parameter
from bioplastic.models.plasticity.rule import PlasticityRule

__all__ = ["InhibitorySTDP"]

INHIBITORY_PRE_TRACES = """
dr1/dt = -r1/tau : 1   # Vogels et al. 2011
"""
INHIBITORY_POST_TRACES = """
do1/dt = -o1/tau : 1
"""


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class InhibitorySTDP(PlasticityRule):
    """Symmetric STDP of inhibitory synapses that brings their targets to a rate.

    Pairs of spikes in either order raise the weight, every presynaptic spike lowers it by
    ``eta*2*rate_target*tau``. The two balance where the postsynaptic neuron fires at
    `rate_target`.

    Parameters
    ----------
    tau : Quantity, in seconds
        Time constant of both traces.
    eta : float
        Learning rate, in units of the weight.
    rate_target : Quantity, in hertz
        Rate to which the postsynaptic neuron is brought.
    w_max : float
        Upper bound of the weight; the lower one is 0.

    Notes
    -----
    Vogels, Sprekeler, Zenke, Clopath & Gerstner, Science 334:1569, 2011, doi
    10.1126/science.1211095; their depression factor alpha is ``2*rate_target*tau``.

    Examples
    --------
    >>> from bioplastic.models import InhibitorySTDP
    >>> print(InhibitorySTDP().on_pre)
    w = clip(w + eta*(o1_post - 2*rate_target*tau_post), 0, w_max)
    """

    pre_traces: str = INHIBITORY_PRE_TRACES
    post_traces: str = INHIBITORY_POST_TRACES
    on_pre: str = "w = clip(w + eta*(o1_post - 2*rate_target*tau_post), 0, w_max)"
    on_post: str = "w = clip(w + eta*r1_pre, 0, w_max)"
    on_pre_trace: str = "r1 += 1"
    on_post_trace: str = "o1 += 1"
    at_slot_start_pre: str = "r1 = 0"
    at_slot_start_post: str = "o1 = 0"
    tau: Any = parameter(20 * ms, low=0)
    eta: Any = parameter(1e-2, low=0, strict=False)
    rate_target: Any = parameter(3 * Hz, low=0, strict=False)
    w_max: Any = parameter(100.0, low=0)
