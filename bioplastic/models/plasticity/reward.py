"""Three-factor rules: STDP marks synapses, and a modulator decides what becomes of the mark."""

from dataclasses import dataclass
from typing import Any

from brian2 import Hz, ms, second

from bioplastic.models.declaration import key_of, parameter
from bioplastic.models.plasticity.pair import PairSTDP
from bioplastic.models.plasticity.rule import PlasticityRule

THREE_FACTOR_POST_TRACES = """
do1/dt = -o1/tau_minus : 1
dm/dt  = -m/tau_m      : 1   # modulator
"""
EPISODIC_POST_TRACES = """
do1/dt = -o1/tau_minus : 1
m : 1                        # modulator, set when the sample ends
"""
COVARIANCE_PRE_TRACES = """
dr1/dt      = -r1/tau_plus            : 1
dr1_mean/dt = (r1 - r1_mean)/tau_mean : 1   # goes on from sample to sample
"""
COVARIANCE_POST_TRACES = """
m : 1                        # modulator, set when the sample ends
"""
ELIGIBILITY = """
c : 1                        # eligibility
"""


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class _EligibilityRule(PairSTDP):
    """Parent of the rules by whose spikes an eligibility `c` changes as a weight does in PairSTDP.

    A child says what becomes of it, with a modulator `m` of the postsynaptic neuron.
    """

    synapse: str = ELIGIBILITY
    on_pre: str = "c -= a_minus*o1_post"
    on_post: str = "c += a_plus*r1_pre"
    at_slot_start_post: str = "o1 = 0; m = 0"
    at_slot_start: str = "c = 0"


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class ThreeFactorSTDP(_EligibilityRule):
    """Pair-based STDP of an eligibility, which a modulator turns into change of the weight.

    Spikes change the eligibility `c` of a synapse as :class:`.PairSTDP` changes a weight, and it
    decays with `tau_c`. The weight follows ``dw/dt = eta*(m + m_tonic)*c``, where the modulator `m`
    stands with the postsynaptic neuron and decays with `tau_m`: a projection from whatever signals
    reward or surprise raises it by ``on_pre="m_post += ..."``. `m` may be negative.

    Parameters
    ----------
    tau_plus, tau_minus : Quantity, in seconds
        Time constants of the spikes' traces.
    a_plus, a_minus : float
        Growth of the eligibility when post follows pre, decline when pre follows post.
    tau_c, tau_m : Quantity, in seconds
        Time constants of eligibility and modulator.
    m_tonic : float
        Level of the modulator without events.
    eta : Quantity, in hertz
        Learning rate.
    w_max : float
        Upper bound of the weight; the lower one is 0.
    update_interval : Quantity, in seconds
        How often weights follow and eligibilities decay; short beside `tau_c` and `tau_m`.

    Notes
    -----
    Fremaux & Gerstner, Frontiers in Neural Circuits 9:85, 2016, doi 10.3389/fncir.2015.00085.

    Examples
    --------
    >>> from bioplastic.models import Projection
    >>> from bioplastic.models.plasticity.reward import ThreeFactorSTDP
    >>> rule = ThreeFactorSTDP()
    >>> print(rule.on_post)
    c += a_plus*r1_pre
    >>> reward = Projection(pre="reward", post="output", on_pre="m_post += w", weight=0.1)
    """

    post_traces: str = THREE_FACTOR_POST_TRACES
    every_step: str = (
        "w = clip(w + eta*update_interval*(m_post + m_tonic)*c, 0, w_max)\n"
        "c = c*exp(-update_interval/tau_c)"
    )
    update_interval: Any = parameter(10 * ms, low=0, key=key_of)
    tau_c: Any = parameter(1000 * ms, low=0)
    tau_m: Any = parameter(200 * ms, low=0)
    m_tonic: Any = parameter(0.0)
    eta: Any = parameter(1 * Hz, low=0, strict=False)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class RewardSTDP(ThreeFactorSTDP):
    """STDP that dopamine turns into change of the weight (Izhikevich 2007).

    The rule of :class:`.ThreeFactorSTDP` with the constants of the paper: an eligibility of one
    second bridges the time until the reward comes, each reward releases dopamine `m` that is gone
    within some 200 ms, and a little is always there. Weights are in millivolts, up to 4.

    Parameters
    ----------
    tau_plus, tau_minus : Quantity, in seconds
        Time constants of the spikes' traces.
    a_plus, a_minus : float
        Growth of the eligibility when post follows pre, decline when pre follows post.
    tau_c, tau_m : Quantity, in seconds
        Time constants of eligibility and dopamine.
    m_tonic : float
        Level of dopamine without rewards.
    eta : Quantity, in hertz
        Learning rate.
    w_max : float
        Upper bound of the weight; the lower one is 0.
    update_interval : Quantity, in seconds
        How often weights follow and eligibilities decay.

    Notes
    -----
    Izhikevich, Cerebral Cortex 17:2443, 2007, doi 10.1093/cercor/bhl152. Amplitudes, tonic level
    and the interval of 10 ms are those of his published program, where a reward adds 0.5 to the
    dopamine.

    Examples
    --------
    >>> from bioplastic.models import RewardSTDP
    >>> RewardSTDP().tau_c
    1. * second
    """

    a_plus: Any = parameter(0.1, low=0, strict=False)
    a_minus: Any = parameter(0.15, low=0, strict=False)
    m_tonic: Any = parameter(0.002)
    eta: Any = parameter(100 * Hz, low=0, strict=False)
    w_max: Any = parameter(4.0, low=0)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class EpisodicRewardSTDP(_EligibilityRule):
    """Three-factor STDP whose modulator comes once, when the sample ends.

    Spikes of the sample change the eligibility `c`; at its end the weight changes by
    ``eta*m*c``. The network sets `m` of the postsynaptic neurons before that: at the end of a slot
    synapses act first, then neurons, then rules.

    Parameters
    ----------
    tau_plus, tau_minus : Quantity, in seconds
        Time constants of the spikes' traces.
    a_plus, a_minus : float
        Growth of the eligibility when post follows pre, decline when pre follows post.
    eta : float
        Learning rate.
    w_max : float
        Upper bound of the weight; the lower one is 0.

    Notes
    -----
    ``m = R - <R>``, reward beside what is expected, is R-STDP as in Fremaux, Sprekeler & Gerstner,
    Journal of Neuroscience 30:13326, 2010, doi 10.1523/JNEUROSCI.6249-09.2010.

    Examples
    --------
    >>> from bioplastic.models.plasticity.reward import EpisodicRewardSTDP
    >>> print(EpisodicRewardSTDP().at_slot_end)
    w = clip(w + eta*m_post*c, 0, w_max)
    """

    post_traces: str = EPISODIC_POST_TRACES
    at_slot_end: str = "w = clip(w + eta*m_post*c, 0, w_max)"
    a_minus: Any = parameter(0.0, low=0, strict=False)
    eta: Any = parameter(1.0, low=0, strict=False)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class CovarianceRewardSTDP(PlasticityRule):
    """Reward-modulated STDP that notes by how much an input was more active than it usually is.

    At a postsynaptic spike the eligibility grows by ``a_plus*(r1 - r1_mean)``: the trace of the
    input, less its mean over the samples so far. At the sample's end the weight changes by
    ``eta*m*c``, as in :class:`EpisodicRewardSTDP`.

    Parameters
    ----------
    tau_plus : Quantity, in seconds
        Time constant of the trace of a presynaptic spike.
    tau_mean : Quantity, in seconds
        Time constant of its mean, which goes on from sample to sample.
    a_plus : float
        Growth of the eligibility.
    eta : float
        Learning rate.
    w_max : float
        Upper bound of the weight; the lower one is 0.

    Notes
    -----
    Covariance of input and output: Sejnowski, Journal of Mathematical Biology 4:303, 1977, doi
    10.1007/BF00275079.

    Examples
    --------
    >>> from bioplastic.models.plasticity.reward import CovarianceRewardSTDP
    >>> print(CovarianceRewardSTDP().on_post)
    c += a_plus*(r1_pre - r1_mean_pre)
    """

    pre_traces: str = COVARIANCE_PRE_TRACES
    post_traces: str = COVARIANCE_POST_TRACES
    synapse: str = ELIGIBILITY
    on_post: str = "c += a_plus*(r1_pre - r1_mean_pre)"
    on_pre_trace: str = "r1 += 1"
    at_slot_start_pre: str = "r1 = 0"
    at_slot_start_post: str = "m = 0"
    at_slot_start: str = "c = 0"
    at_slot_end: str = "w = clip(w + eta*m_post*c, 0, w_max)"
    tau_plus: Any = parameter(20 * ms, low=0)
    tau_mean: Any = parameter(10 * second, low=0)
    a_plus: Any = parameter(0.01, low=0, strict=False)
    eta: Any = parameter(1.0, low=0, strict=False)
    w_max: Any = parameter(1.0, low=0)
