"""The four rules of Diehl & Cook (2015); the triplet rule as their published script has it."""

from dataclasses import dataclass
from typing import Any

from brian2 import ms

from bioplastic.models.declaration import parameter
from bioplastic.models.plasticity.rule import PlasticityRule

MINIMAL_TRIPLET_PRE_TRACES = """
dr1/dt = -r1/tau_plus  : 1   # `pre` of the authors' script
"""
MINIMAL_TRIPLET_POST_TRACES = """
do1/dt = -o1/tau_minus : 1   # `post1`
do2/dt = -o2/tau_y     : 1   # `post2`
"""

TARGET_PRE_TRACES = """
dr1/dt = -r1/tau_plus  : 1   # x_pre of the paper
"""
TARGET_POST_TRACES = """
do1/dt = -o1/tau_minus : 1   # x_post of the paper
"""


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


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class _TargetRule(PlasticityRule):
    """Parent of the paper's rules that compare the presynaptic trace with a target."""

    pre_traces: str = TARGET_PRE_TRACES
    on_pre_trace: str = "r1 += 1"
    at_slot_start_pre: str = "r1 = 0"
    tau_plus: Any = parameter(20 * ms, low=0)
    eta_plus: Any = parameter(1e-2, low=0, strict=False)
    r1_target: Any = parameter(0.4, low=0, strict=False)
    w_max: Any = parameter(1.0, low=0)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class DiehlCookPowerLaw(_TargetRule):
    """The paper's first rule: weights change at postsynaptic spikes only, by a power law.

    A postsynaptic spike changes the weight by ``eta_plus*(r1 - r1_target)*(w_max - w)**mu``. Inputs
    that were silent of late fall below the target, and their weights are lowered.

    Parameters
    ----------
    tau_plus : Quantity, in seconds
        Time constant of the presynaptic trace, to which a spike adds 1.
    eta_plus : float
        Learning rate.
    r1_target : float
        Trace at which a weight does not change.
    mu : float
        Exponent of the dependence on the weight.
    w_max : float
        Upper bound of the weight; the lower one is 0.

    Notes
    -----
    Diehl & Cook 2015, doi 10.3389/fncom.2015.00099. The paper gives no constants.
    `mu` and `r1_target` are those that stand unused in the authors' script, which is likely but
    not certain to be this rule; `tau_plus` and `eta_plus` are those of the script's own rule.

    Examples
    --------
    >>> from bioplastic.models.plasticity.diehl_cook import DiehlCookPowerLaw
    >>> DiehlCookPowerLaw().r1_target
    0.4
    """

    # Normalization may lift a weight above `w_max`, and a root of a negative number is none.
    on_post: str = (
        "w = clip(w + eta_plus*(r1_pre - r1_target)*clip(w_max - w, 0, w_max)**mu, 0, w_max)"
    )
    mu: Any = parameter(0.2, low=0, strict=False)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class DiehlCookExponential(_TargetRule):
    """The paper's rule with an exponential dependence on the weight, at postsynaptic spikes.

    A postsynaptic spike changes the weight by
    ``eta_plus*(r1*exp(-beta*w) - r1_target*exp(-beta*(w_max - w)))``.

    Parameters
    ----------
    tau_plus : Quantity, in seconds
        Time constant of the presynaptic trace, to which a spike adds 1.
    eta_plus : float
        Learning rate.
    r1_target : float
        Weight of the depression.
    beta : float
        Strength of the dependence on the weight.
    w_max : float
        Upper bound of the weight; the lower one is 0.

    Notes
    -----
    Diehl & Cook 2015, doi 10.3389/fncom.2015.00099; the form is that of Querlioz,
    Bichler, Dollfus & Gamrat 2013, doi 10.1109/TNANO.2013.2250995, whose `beta` is 3. The paper
    gives no other constants; here they are those of :class:`DiehlCookPowerLaw`.

    Examples
    --------
    >>> from bioplastic.models.plasticity.diehl_cook import DiehlCookExponential
    >>> DiehlCookExponential().beta
    3.0
    """

    on_post: str = (
        "w = clip(w + eta_plus*(r1_pre*exp(-beta*w) - r1_target*exp(-beta*(w_max - w))), 0, w_max)"
    )
    beta: Any = parameter(3.0, low=0, strict=False)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class DiehlCookPreAndPost(DiehlCookPowerLaw):
    """The paper's rule with depression at presynaptic spikes as well.

    A presynaptic spike lowers the weight by ``eta_minus*o1*w**mu``, a postsynaptic one does what
    it does in :class:`DiehlCookPowerLaw`.

    Parameters
    ----------
    tau_plus, tau_minus : Quantity, in seconds
        Time constants of the traces, to which a spike adds 1.
    eta_plus, eta_minus : float
        Learning rates at postsynaptic and at presynaptic spikes.
    r1_target : float
        Presynaptic trace at which a postsynaptic spike changes nothing.
    mu : float
        Exponent of the dependence on the weight.
    w_max : float
        Upper bound of the weight; the lower one is 0.

    Notes
    -----
    Diehl & Cook 2015, doi 10.3389/fncom.2015.00099. The paper gives no constants;
    `tau_minus` and `eta_minus` are those of the authors' script, the others those of
    :class:`DiehlCookPowerLaw`.

    Examples
    --------
    >>> from bioplastic.models.plasticity.diehl_cook import DiehlCookPreAndPost
    >>> print(DiehlCookPreAndPost().on_pre)
    w = clip(w - eta_minus*o1_post*clip(w, 0, w_max)**mu, 0, w_max)
    """

    post_traces: str = TARGET_POST_TRACES
    on_pre: str = "w = clip(w - eta_minus*o1_post*clip(w, 0, w_max)**mu, 0, w_max)"
    on_post_trace: str = "o1 += 1"
    at_slot_start_post: str = "o1 = 0"
    tau_minus: Any = parameter(20 * ms, low=0)
    eta_minus: Any = parameter(1e-4, low=0, strict=False)
