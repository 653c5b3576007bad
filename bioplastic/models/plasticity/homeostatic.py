"""Homeostasis of synapses: a neuron scales what comes in until it fires at its own rate."""

from dataclasses import dataclass
from typing import Any

from brian2 import Hz, ms, second

from bioplastic.models.declaration import key_of, parameter
from bioplastic.models.plasticity.rule import PlasticityRule

__all__ = ["SynapticScaling"]

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
