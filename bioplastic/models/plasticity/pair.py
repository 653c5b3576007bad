"""Pair-based STDP, all pairs of spikes: additive, multiplicative, and by a power in between."""

from dataclasses import dataclass
from typing import Any

from brian2 import ms

from bioplastic.models.declaration import parameter
from bioplastic.models.plasticity.rule import PlasticityRule

PAIR_PRE_TRACES = """
dr1/dt = -r1/tau_plus  : 1   # Song, Miller & Abbott 2000
"""
PAIR_POST_TRACES = """
do1/dt = -o1/tau_minus : 1
"""


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
class MultiplicativeSTDP(PairSTDP):
    """Pair-based STDP with soft bounds: a weight moves the less, the nearer its bound.

    Potentiation is proportional to ``w_max - w``, depression to `w`. Weights gather around a value
    between the bounds, where those of :class:`.PairSTDP` part and go to the bounds.

    Parameters
    ----------
    tau_plus, tau_minus : Quantity, in seconds
        Time constants of the traces.
    a_plus, a_minus : float
        Share of the way to the bound that one pair of spikes at no distance goes.
    w_max : float
        Upper bound of the weight; the lower one is 0.

    Notes
    -----
    Rubin, Lee & Sompolinsky, Physical Review Letters 86:364, 2001, doi 10.1103/PhysRevLett.86.364.

    Examples
    --------
    >>> from bioplastic.models import MultiplicativeSTDP
    >>> print(MultiplicativeSTDP().on_post)
    w = clip(w + a_plus*(w_max - w)*r1_pre, 0, w_max)
    """

    on_pre: str = "w = clip(w - a_minus*w*o1_post, 0, w_max)"
    on_post: str = "w = clip(w + a_plus*(w_max - w)*r1_pre, 0, w_max)"


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class PowerLawSTDP(PairSTDP):
    """Pair-based STDP between additive and multiplicative, by an exponent.

    Potentiation is ``a_plus*w_max*(1 - w/w_max)**mu``, depression ``a_minus*w_max*(w/w_max)**mu``,
    times the trace: ``mu=0`` is additive, ``mu=1`` is :class:`MultiplicativeSTDP`.

    Parameters
    ----------
    tau_plus, tau_minus : Quantity, in seconds
        Time constants of the traces.
    a_plus, a_minus : float
        Amplitudes, as a share of `w_max`.
    mu : float
        Exponent, from 0 to 1 in the paper.
    w_max : float
        Upper bound of the weight; the lower one is 0.

    Notes
    -----
    Guetig, Aharonov, Rotter & Sompolinsky, Journal of Neuroscience 23:3697, 2003, doi
    10.1523/JNEUROSCI.23-09-03697.2003; their lambda is `a_plus`, their alpha the ratio
    ``a_minus/a_plus``.

    Examples
    --------
    >>> from bioplastic.models import PowerLawSTDP
    >>> PowerLawSTDP(mu=0.1).mu
    0.1
    """

    # Normalization may lift a weight above `w_max`, and a root of a negative number is none.
    on_pre: str = "w = clip(w - a_minus*w_max*clip(w/w_max, 0, 1)**mu*o1_post, 0, w_max)"
    on_post: str = "w = clip(w + a_plus*w_max*clip(1 - w/w_max, 0, 1)**mu*r1_pre, 0, w_max)"
    mu: Any = parameter(0.02, low=0, strict=False)
