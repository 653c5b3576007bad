"""Adaptive exponential neurons: adapting, bursting and fast-spiking ones in one network.

Brette & Gerstner 2005, Adaptive exponential integrate-and-fire model as an effective description
of neuronal activity, doi 10.1152/jn.00686.2005; its parameters for adapting (600) and bursting
(200) neurons, and fast-spiking ones without adaptation (200). Ours: the network about them, 5 %
connected, with conductances and delays drawn from 0.5 to 3 ms and constant currents that differ
from neuron to neuron; and that a burst (two spikes within 8 ms, a custom event) makes a neuron
adapt more. Where not deterministic, white noise joins the current.

Found (Brian's runtime device, 1 s): adapting neurons 8.0 Hz, the last interval 3.6 times the
first (median); bursting ones 16.8 Hz, half of their intervals shorter than 8 ms (mean over
neurons), a CV of 0.93; fast-spiking ones 28.9 Hz, a CV of 0.09. At 0.775 s spikes of Brian's C++
standalone device part from those, by rounding: DURATION is 0.5 s.
"""

import numpy as np
from brian2 import (
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    defaultclock,
    ms,
    mV,
    nA,
    nS,
    pF,
)  # fmt: skip
from brian2 import (
    seed as seed_brian,
)

DURATION = 500 * ms

CONSTANTS = {
    "C": 281 * pF,
    "g_leak": 30 * nS,
    "E_leak": -70.6 * mV,
    "V_t": -50.4 * mV,
    "Delta": 2 * mV,
    "v_peak": 0 * mV,
    "E_exc": 0 * mV,
    "E_inh": -80 * mV,
    "tau_exc": 5 * ms,
    "tau_inh": 10 * ms,
}

EQUATIONS = """
dv/dt = (g_leak*(E_leak - v) + upstroke - w + I + I_syn)/C : volt (unless refractory)
upstroke = g_leak*Delta*exp(clip((v - V_t)/Delta, -100, 12)) : amp
I_syn = ge*(E_exc - v) + gi*(E_inh - v) : amp
dw/dt = (a*(v - E_leak) - w)/tau_w : amp
dge/dt = -ge/tau_exc : siemens
dgi/dt = -gi/tau_inh : siemens
I : amp (constant)
a : siemens (constant)
b : amp (constant)
tau_w : second (constant)
v_reset : volt (constant)
t_ref : second (constant)
last : second
n_bursts : integer
"""
RESET = """
v = v_reset
w += b
last = t
"""


def build(seed=0, scale=1.0, deterministic=True):
    """Make the network, of 1000 neurons times `scale`."""
    defaultclock.dt = 0.05 * ms
    rng = np.random.default_rng(seed)
    kinds = np.repeat([0, 1, 2], [round(600 * scale), round(200 * scale), round(200 * scale)])
    size, n_exc = len(kinds), round(800 * scale)
    noise = "" if deterministic else " + 150*pA*sqrt(10*ms)*xi"
    cells = NeuronGroup(
        size, EQUATIONS.replace("+ I +", f"+ I{noise} +"), threshold="v > v_peak", reset=RESET,
        refractory="t_ref", events={"burst": "v > v_peak and t - last < 8*ms"},
        method="rk4" if deterministic else "euler", namespace=CONSTANTS, name="cells",
    )  # fmt: skip
    cells.run_on_event("burst", "n_bursts += 1; w += 20*pA")
    cells.v = rng.uniform(-70, -52, size) * mV
    cells.I = rng.uniform(0.6, 1.0, size) * nA
    cells.a = np.array([4, 4, 0])[kinds] * nS
    cells.b = np.array([0.0805, 0.5, 0])[kinds] * nA
    cells.tau_w = np.array([144, 20, 144])[kinds] * ms
    cells.v_reset = np.array([-70.6, -45.4, -70.6])[kinds] * mV
    cells.t_ref = np.array([2, 0.5, 1])[kinds] * ms
    cells.last = -1000 * ms
    weights = {"w_exc": 0.3 * nS / scale, "w_inh": 2 * nS / scale}
    synapses = []
    for name, source, on_pre in (
        ("excitation", cells[:n_exc], "ge += w_exc"),
        ("inhibition", cells[n_exc:], "gi += w_inh"),
    ):
        made = Synapses(source, cells, on_pre=on_pre, namespace=weights, name=name)
        i, j = np.nonzero(rng.random((len(source), size)) < 0.05)
        made.connect(i=i, j=j)
        made.delay = rng.uniform(0.5, 3, len(i)) * ms
        synapses.append(made)
    if not deterministic:
        seed_brian(seed)
    return Network(
        cells, *synapses,
        SpikeMonitor(cells, name="spikes"),
        StateMonitor(cells, ("v", "w"), record=[0, n_exc - 1, size - 1], name="membranes"),
    )  # fmt: skip
