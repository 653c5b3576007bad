"""Adaptive exponential neuron whose potential shows its spikes, for rules that read the voltage."""

from dataclasses import dataclass
from typing import Any

from brian2 import ms, mV, nS, pA, pF

from bioplastic.models.declaration import parameter
from bioplastic.models.neurons import NeuronModel

# As long as a spike lasts, v is held and all else stands still; the step after it begins at
# v_reset. A difference over dt is what Euler's method takes in one step.
ADAPTIVE_EXPONENTIAL_EQUATIONS = """
dv/dt            = active*i_total/capacitance + (v_begin - v)/dt                     : volt
di_adaptation/dt = active*(g_adaptation*(v_begin - v_rest) - i_adaptation)/tau_adaptation : amp
di_after/dt      = -active*i_after/tau_after                 : amp    # Clopath et al. 2010
dv_t/dt          = active*(v_threshold - v_t)/tau_threshold  : volt   # Clopath et al. 2010
di_syn/dt        = -i_syn/tau_syn                            : amp
dspiking/dt      = -active*spiking/dt                        : 1      # 1 from a spike to its end
i_total = g_leak*(v_rest - v_begin) + i_exponential - i_adaptation + i_after + i_syn : amp
i_exponential = g_leak*slope*exp((v_begin - v_t)/slope)      : amp    # Brette & Gerstner 2005
v_begin = v + spiking*(active*v_reset + (1 - active)*v_held - v)     : volt
v_held  = v_spike + int(t >= lastspike + 0.5*(spike_duration - dt))*(v_spike_late - v_spike) : volt
active  = 1.0*int(not_refractory)                            : 1      # 0 while a spike lasts
"""

ADAPTIVE_EXPONENTIAL_RESET = """
v = v_spike
spiking = 1
i_adaptation += adaptation
i_after = i_after_spike
v_t = v_threshold + threshold_jump
"""

ADAPTIVE_EXPONENTIAL_SLOT_START = """
v = v_rest
v_t = v_threshold
i_adaptation = 0*amp
i_after = 0*amp
i_syn = 0*amp
spiking = 0
"""


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class AdaptiveExponential(NeuronModel):
    """Adaptive exponential integrate-and-fire neuron with a spike that can be seen in `v`.

    A spike raises `v` to `v_spike` for the first half of `spike_duration` and to `v_spike_late`
    for the second; then `v` goes on from `v_reset`. A spike adds to the adaptation current, starts
    a depolarising current and lifts the threshold. A synapse drives the neuron by `i_syn`, for
    example with ``on_pre="i_syn_post += w*nA"``.

    Parameters
    ----------
    capacitance : Quantity, in farads
        Capacitance of the membrane.
    g_leak, g_adaptation : Quantity, in siemens
        Leak conductance, and coupling of potential and adaptation current (the papers' `a`).
    v_rest, v_reset : Quantity, in volts
        Resting potential, and potential after a spike.
    v_threshold, slope : Quantity, in volts
        Threshold of the exponential at rest, and its slope factor.
    v_peak : Quantity, in volts
        Potential at which a spike begins.
    v_spike, v_spike_late : Quantity, in volts
        Potential in the first and in the second half of a spike; both above `v_peak`.
    spike_duration : Quantity, in seconds
        Time for which a spike is held; a whole number of steps.
    adaptation : Quantity, in amperes
        What a spike adds to the adaptation current (the papers' `b`).
    i_after_spike : Quantity, in amperes
        Value to which a spike sets the depolarising current `i_after`.
    threshold_jump : Quantity, in volts
        Height above `v_threshold` to which a spike sets the threshold `v_t`.
    tau_adaptation, tau_after, tau_threshold, tau_syn : Quantity, in seconds
        Time constants of adaptation, of the current after a spike, of the threshold and of the
        synaptic current.

    Notes
    -----
    Brette & Gerstner, Journal of Neurophysiology 94:3637, 2005, doi 10.1152/jn.00686.2005, with
    what Clopath et al. add to it, Nature Neuroscience 13:344, 2010, doi 10.1038/nn.2479.

    The defaults and the spike's shape are those of the authors' program (ModelDB 144566), in steps
    of 1 ms with Euler's method; the potentials of the spike keep the integral of one that was
    computed in fine steps. Both papers print 80.5 pA for `adaptation`. The program adds 0.0805 to
    a current in pA, and the published figures hold with that, so 0.0805 pA is the default; take
    ``adaptation=80.5*pA`` for a neuron that adapts as the papers say.

    Examples
    --------
    >>> from brian2 import pA
    >>> from bioplastic.models import AdaptiveExponential
    >>> AdaptiveExponential(adaptation=80.5 * pA).v_threshold
    -50.4 * mvolt
    """

    equations: str = ADAPTIVE_EXPONENTIAL_EQUATIONS
    threshold: str = "v > v_peak"
    refractory: Any = "spike_duration"
    reset: str = ADAPTIVE_EXPONENTIAL_RESET
    at_slot_start: str = ADAPTIVE_EXPONENTIAL_SLOT_START
    method: str = "euler"
    capacitance: Any = parameter(281 * pF, low=0)
    g_leak: Any = parameter(30 * nS, low=0)
    g_adaptation: Any = parameter(4 * nS)
    v_rest: Any = parameter(-70.6 * mV)
    v_reset: Any = parameter(-49.5016 * mV)
    v_threshold: Any = parameter(-50.4 * mV)
    slope: Any = parameter(2 * mV, low=0)
    v_peak: Any = parameter(20 * mV)
    v_spike: Any = parameter(29.4 * mV)
    v_spike_late: Any = parameter(32.862 * mV)
    spike_duration: Any = parameter(2 * ms, low=0)
    adaptation: Any = parameter(0.0805 * pA)
    i_after_spike: Any = parameter(400 * pA, low=0, strict=False)
    threshold_jump: Any = parameter(20 * mV, low=0, strict=False)
    tau_adaptation: Any = parameter(144 * ms, low=0)
    tau_after: Any = parameter(40 * ms, low=0)
    tau_threshold: Any = parameter(50 * ms, low=0)
    tau_syn: Any = parameter(5 * ms, low=0)
