"""Homeostasis of synapses: scaled, or inhibited, until a neuron fires at a rate of its own."""

from dataclasses import dataclass
from typing import Any

from brian2 import Hz, ms, second

from bioplastic.models.declaration import key_of, parameter
from bioplastic.models.plasticity.rule import PlasticityRule

ACTIVITY = """
dactivity/dt = -activity/tau_activity : Hz   # rate of late
"""


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class SynapticScaling(PlasticityRule):
    """Multiplicative scaling of all incoming weights towards a rate of the neuron.

    ``dw/dt = beta*w*(rate_target - activity)``, where `activity` is the neuron's rate, averaged
    over `tau_activity`. Ratios of weights are kept, so what was learned is. Usually one of several
    rules: ``combine_rules(PairSTDP(), SynapticScaling())``.

    Parameters
    ----------
    beta : float
        Speed: relative change of the weights a second and a hertz away from the target.
    rate_target : Quantity, in hertz
        Rate at which the weights stay.
    tau_activity : Quantity, in seconds
        Time over which the rate is averaged, longer than a sample; it goes on from slot to slot.
    w_max : float
        Upper bound of the weight; the lower one is 0.
    update_interval : Quantity, in seconds
        How often weights follow.

    Notes
    -----
    Turrigiano et al., Nature 391:892, 1998, doi 10.1038/36103; as an equation, its first term, in
    van Rossum, Bi & Turrigiano, Journal of Neuroscience 20:8812, 2000, doi
    10.1523/JNEUROSCI.20-23-08812.2000.

    Examples
    --------
    >>> from bioplastic.models import PairSTDP, SynapticScaling, combine_rules
    >>> rule = combine_rules(PairSTDP(), SynapticScaling(beta=0.01))
    >>> sorted(set(rule.parameters) - set(PairSTDP().parameters))
    ['beta', 'rate_target', 'tau_activity', 'update_interval']
    """

    post_traces: str = ACTIVITY
    on_post_trace: str = "activity += 1/tau_activity"
    every_step: str = "w = clip(w + beta*w*(rate_target - activity_post)*update_interval, 0, w_max)"
    update_interval: Any = parameter(10 * ms, low=0, key=key_of)
    beta: Any = parameter(0.01, low=0, strict=False)
    rate_target: Any = parameter(5 * Hz, low=0, strict=False)
    tau_activity: Any = parameter(10 * second, low=0)
    w_max: Any = parameter(1.0, low=0)


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
