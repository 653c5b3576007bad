"""Intrinsic plasticity: neurons that move their own threshold."""

from dataclasses import dataclass, replace
from typing import Any, Self

from brian2 import Hz, ms, mV, second

from bioplastic.models.declaration import parameter
from bioplastic.models.neurons import LIF, LIF_EQUATIONS

ADAPTIVE_THRESHOLD_EQUATIONS = f"""{LIF_EQUATIONS.rstrip()}
dtheta/dt = -theta/tau_theta                  : volt                       # adaptive threshold
"""
HOMEOSTATIC_EQUATIONS = f"""{LIF_EQUATIONS.rstrip()}
dtheta/dt = -rate_target*theta_plus           : volt                       # a spike adds theta_plus
"""


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class AdaptiveThresholdLIF(LIF):
    """Leaky integrate-and-fire neuron whose threshold rises at a spike and falls back.

    Parameters
    ----------
    tau_membrane, tau_syn, tau_refractory : Quantity, in seconds
        Time constants of membrane and synapse, absolute refractory period.
    v_rest, v_reset, v_threshold : Quantity, in volts
        Resting, reset and threshold potential; a spike comes at ``v > v_threshold + theta``.
    tau_theta : Quantity, in seconds
        Time constant with which `theta` falls to 0. It goes on from sample to sample.
    theta_plus : Quantity, in volts
        Growth of `theta` at a spike.

    Notes
    -----
    Bellec et al., NeurIPS 2018, arXiv:1803.09574, where `theta` carries memory; Diehl & Cook 2015,
    doi 10.3389/fncom.2015.00099, where it makes neurons take turns.

    Examples
    --------
    >>> from bioplastic.models.intrinsic import AdaptiveThresholdLIF
    >>> AdaptiveThresholdLIF().threshold
    'v > v_threshold + theta'
    """

    equations: str = ADAPTIVE_THRESHOLD_EQUATIONS
    threshold: str = "v > v_threshold + theta"
    reset: str = "v = v_reset; theta += theta_plus"
    tau_theta: Any = parameter(1000 * ms, low=0)
    theta_plus: Any = parameter(1 * mV, low=0, strict=False)

    def frozen(self) -> Self:
        """Return the model with its threshold held fixed.

        Returns
        -------
        model : AdaptiveThresholdLIF
            A copy without growth of `theta`, and with a decay too slow to matter.
        """
        return replace(self, theta_plus=0 * mV, tau_theta=1e30 * second)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class HomeostaticLIF(LIF):
    """Leaky integrate-and-fire neuron that moves its threshold until it fires at a given rate.

    A spike raises `theta` by `theta_plus`, time lowers it by ``rate_target*theta_plus`` a second:
    the two balance at `rate_target`, whatever drives the neuron. `theta` may become negative, and
    goes on from sample to sample: a neuron that nothing reaches comes to fire on its own.

    Parameters
    ----------
    tau_membrane, tau_syn, tau_refractory : Quantity, in seconds
        Time constants of membrane and synapse, absolute refractory period.
    v_rest, v_reset, v_threshold : Quantity, in volts
        Resting, reset and threshold potential; a spike comes at ``v > v_threshold + theta``.
    rate_target : Quantity, in hertz
        Rate that the neuron keeps, on the average over samples and rests.
    theta_plus : Quantity, in volts
        Growth of `theta` at a spike: the smaller, the slower and the smoother.

    Notes
    -----
    Rate homeostasis by intrinsic excitability: Desai, Rutherford & Turrigiano, Nature Neuroscience
    2:515, 1999, doi 10.1038/9165. The linear form, an integral controller, is ours.

    Examples
    --------
    >>> from brian2 import Hz
    >>> from bioplastic.models import HomeostaticLIF
    >>> HomeostaticLIF(rate_target=10 * Hz).theta_plus
    100. * uvolt
    """

    equations: str = HOMEOSTATIC_EQUATIONS
    # A threshold may sink to the reset potential: the refractory period then is what holds it back.
    threshold: str = "v > v_threshold + theta"
    reset: str = "v = v_reset; theta += theta_plus"
    rate_target: Any = parameter(5 * Hz, low=0, strict=False)
    theta_plus: Any = parameter(0.1 * mV, low=0, strict=False)

    def frozen(self) -> Self:
        """Return the model with its threshold held fixed.

        Returns
        -------
        model : HomeostaticLIF
            A copy whose `theta` neither grows nor falls.
        """
        return replace(self, theta_plus=0 * mV)
