"""Voltage-based STDP (Clopath et al. 2010): the postsynaptic potential says what a spike means."""

import math
from dataclasses import dataclass
from typing import Any

from brian2 import ms, mV

from bioplastic.models.declaration import parameter, require
from bioplastic.models.plasticity.rule import PlasticityRule

VOLTAGE_PRE_TRACES = """
dx_bar/dt  = -x_bar/tau_x            : Hz     # Clopath et al. 2010
dx_late/dt = (x_bar - x_late)/tau_lag : Hz
"""
# Three stages of tau_lag: in steps of tau_lag, Euler's method makes each of them one step late.
VOLTAGE_POST_TRACES = """
dv_late_1/dt = (v - v_late_1)/tau_lag         : volt
dv_late_2/dt = (v_late_1 - v_late_2)/tau_lag  : volt
dv_late_3/dt = (v_late_2 - v_late_3)/tau_lag  : volt
du_minus/dt  = (v_late_3 - u_minus)/tau_minus : volt   # Clopath et al. 2010
du_plus/dt   = (v_late_3 - u_plus)/tau_plus   : volt
above_minus  = (u_minus - theta_minus)*int(u_minus > theta_minus) : volt
above_plus   = (u_plus - theta_minus)*int(u_plus > theta_minus)   : volt
"""
HOMEOSTATIC_POST_TRACES = f"""{VOLTAGE_POST_TRACES.rstrip()}
du_square/dt = ((v_late_3 - theta_minus)**2 - u_square)/tau_homeostasis : volt**2
"""
_LTP = "(v_post - theta_plus)*int(v_post > theta_plus)*above_plus_post"


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class VoltageSTDP(PlasticityRule):
    """STDP that reads the postsynaptic potential in place of postsynaptic spikes.

    A presynaptic spike lowers the weight by ``a_ltd*[u_minus - theta_minus]+``. At any time the
    weight grows at the rate ``a_ltp*x*[v - theta_plus]+*[u_plus - theta_minus]+``, so that growth
    takes a recent presynaptic spike, a spike of the neuron and a depolarisation before it. Here
    `x` is a trace of presynaptic spikes, `u_minus` and `u_plus` are low-pass filtered potentials,
    and ``[.]+`` is 0 below 0.

    The postsynaptic neuron needs a variable `v` in volts that shows its spikes, as that of
    ``AdaptiveExponential`` does.

    Parameters
    ----------
    tau_minus, tau_plus : Quantity, in seconds
        Time constants of the filtered potentials that depression and potentiation read.
    tau_x : Quantity, in seconds
        Time constant of the presynaptic trace.
    tau_lag : Quantity, in seconds
        How much later than spikes potentiation reads the presynaptic trace, and a third of what
        the filters lag behind the potential, so that a spike does not count as the depolarisation
        before it. At least the network's `dt`.
    theta_minus, theta_plus : Quantity, in volts
        Potentials above which filtered potentials act, and above which potentiation starts.
    a_ltd : Quantity, per volt
        Amplitude of depression.
    a_ltp : Quantity, per square volt
        Amplitude of potentiation.
    w_max : float
        Upper bound of the weight; the lower one is 0.

    Raises
    ------
    ParameterError
        If a parameter has a wrong unit or lies outside its range, or if there is an
        `update_interval`: spikes between two updates would be missed.

    Notes
    -----
    Clopath, Buesing, Vasilaki & Gerstner, Nature Neuroscience 13:344, 2010, doi 10.1038/nn.2479;
    the defaults are the fit to visual cortex.

    The paper's equations know no lag. The authors' program (ModelDB 144566), in steps of 1 ms,
    reads filtered potentials of three steps before and a presynaptic trace without the present
    spike; else a spike would count as the depolarisation before itself, and potentiation be far
    stronger than published. This rule does the same with ``dt = tau_lag = 1*ms`` where both neurons
    are integrated by Euler's method, as ``AdaptiveExponential()`` is and
    ``SpikeInput(method="euler")``. In smaller steps, or with another method, a lag is spread about
    its mean: potentiation 10 ms after a presynaptic spike is then 6 % stronger with the exact
    exponential of ``SpikeInput()`` in steps of 1 ms.

    Examples
    --------
    >>> from bioplastic.models import VoltageSTDP
    >>> print(VoltageSTDP().on_pre)
    w = clip(w - a_ltd*above_minus_post, 0, w_max)
    """

    pre_traces: str = VOLTAGE_PRE_TRACES
    post_traces: str = VOLTAGE_POST_TRACES
    on_pre: str = "w = clip(w - a_ltd*above_minus_post, 0, w_max)"
    on_pre_trace: str = "x_bar += 1/tau_x"
    at_slot_start_pre: str = "x_bar = 0*Hz; x_late = 0*Hz"
    at_slot_start_post: str = "v_late_1 = v; v_late_2 = v; v_late_3 = v; u_minus = v; u_plus = v"
    every_step: str = f"w = clip(w + a_ltp*x_late_pre*{_LTP}*dt, 0, w_max)"
    tau_minus: Any = parameter(10 * ms, low=0)
    tau_plus: Any = parameter(7 * ms, low=0)
    tau_x: Any = parameter(15 * ms, low=0)
    tau_lag: Any = parameter(1 * ms, low=0)
    theta_minus: Any = parameter(-70.6 * mV)
    theta_plus: Any = parameter(-45.3 * mV)
    a_ltd: Any = parameter(14e-5 / mV, low=0, strict=False)
    a_ltp: Any = parameter(8e-5 / mV**2, low=0, strict=False)
    w_max: Any = parameter(1.0, low=0)

    def __post_init__(self) -> None:
        PlasticityRule.__post_init__(self)
        what = "be None, since spikes between two updates would be missed"
        require(self, "update_interval", self.update_interval is None, what)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class HomeostaticVoltageSTDP(VoltageSTDP):
    """Voltage-based STDP whose depression grows with the activity of the neuron.

    The amplitude of depression is ``a_ltd*u_square/v_reference**2``, where `u_square` is a slow
    average of ``(v - theta_minus)**2``. It begins at 0 and is kept from one sample to the next.

    Parameters
    ----------
    tau_minus, tau_plus, tau_x, tau_lag : Quantity, in seconds
        See :class:`VoltageSTDP`.
    theta_minus, theta_plus : Quantity, in volts
        See :class:`VoltageSTDP`; `theta_minus` is also the potential from which the average
        counts.
    a_ltd : Quantity, per volt
        Amplitude of depression where the average is the square of `v_reference`.
    a_ltp : Quantity, per square volt
        Amplitude of potentiation.
    tau_homeostasis : Quantity, in seconds
        Time constant of the slow average.
    v_reference : Quantity, in volts
        Root of the average at which depression has the amplitude `a_ltd`.
    w_max : float
        Upper bound of the weight; the lower one is 0.

    Notes
    -----
    doi 10.1038/nn.2479; `tau_homeostasis` and ``v_reference**2 = 60 mV**2`` are those of the
    authors' program for receptive fields (ModelDB 144566), which also raises both amplitudes
    tenfold.

    Examples
    --------
    >>> from bioplastic.models.plasticity.voltage import HomeostaticVoltageSTDP
    >>> HomeostaticVoltageSTDP().tau_homeostasis
    1.2 * second
    """

    post_traces: str = HOMEOSTATIC_POST_TRACES
    on_pre: str = "w = clip(w - a_ltd*u_square_post/v_reference**2*above_minus_post, 0, w_max)"
    tau_homeostasis: Any = parameter(1200 * ms, low=0)
    v_reference: Any = parameter(math.sqrt(60) * mV, low=0)
