"""A balanced network that inhibitory plasticity calms.

Vogels, Sprekeler, Zenke, Clopath & Gerstner 2011, Inhibitory plasticity balances excitation and
inhibition in sensory pathways and memory networks, doi 10.1126/science.1211095. 8000 excitatory
and 2000 inhibitory neurons, 2 % connected; synapses of inhibitory onto excitatory neurons begin
at 0 and learn. Ours: a learning rate of 0.1 weights of 0.3 nS, so that two seconds suffice, and
initial membranes from -60 to -50 mV. The network has no noise.

Found (Brian's runtime device, 2 s): all neurons from 135 Hz in the first 0.1 s to 9 Hz in the
last, excitatory ones 9.7 Hz in the last second. The target of 3 Hz is not reached within 2 s.
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
    nS,
    pA,
    pF,
)  # fmt: skip
from brian2 import (
    seed as seed_brian,
)

DURATION = 2000 * ms

g_leak, capacitance = 10 * nS, 200 * pF
E_rest, E_inh, E_exc = -60 * mV, -80 * mV, 0 * mV
v_threshold = -50 * mV
tau_ampa, tau_gaba = 5 * ms, 10 * ms
background = 200 * pA
tau_stdp = 20 * ms

EQUATIONS = """
dv/dt = (g_leak*(E_rest - v) + background + I_syn)/capacitance : volt (unless refractory)
I_syn = g_ampa*(E_exc - v) + g_gaba*(E_inh - v) : amp
dg_ampa/dt = -g_ampa/tau_ampa : siemens
dg_gaba/dt = -g_gaba/tau_gaba : siemens
"""

PLASTIC = """
w : 1
eta : 1 (shared)
alpha : 1 (shared, constant)
w_max : 1 (shared, constant)
dpre_trace/dt = -pre_trace/tau_stdp   : 1 (event-driven)
dpost_trace/dt = -post_trace/tau_stdp : 1 (event-driven)
"""
ON_PRE = {
    "transmit": "g_gaba += w*unit",
    "learn": """
        pre_trace += 1
        w = clip(w + (post_trace - alpha)*eta, 0, w_max)
    """,
}
ON_POST = """
post_trace += 1
w = clip(w + pre_trace*eta, 0, w_max)
"""


def build(seed=0, scale=1.0, deterministic=True):
    """Make the network, of 10,000 neurons times `scale`."""
    defaultclock.dt = 0.1 * ms
    rng = np.random.default_rng(seed)
    size = round(10000 * scale)
    n_exc = round(0.8 * size)
    unit = {"unit": 0.3 * nS / scale}
    cells = NeuronGroup(
        size, EQUATIONS, threshold="v > v_threshold", reset="v = E_rest", refractory=5 * ms,
        method="euler", name="cells",
    )  # fmt: skip
    cells.v = rng.uniform(-60, -50, size) * mV
    excitatory, inhibitory = cells[:n_exc], cells[n_exc:]
    excitation = Synapses(
        excitatory, cells, on_pre="g_ampa += unit", namespace=unit, name="excitation"
    )
    fixed = Synapses(
        inhibitory, inhibitory, on_pre="g_gaba += 10*unit", namespace=unit, name="fixed"
    )
    plastic = Synapses(
        inhibitory, excitatory, PLASTIC, on_pre=ON_PRE, on_post=ON_POST, namespace=unit,
        name="plastic",
    )  # fmt: skip
    for k, synapses in enumerate((excitation, fixed, plastic)):
        # Seeded each time: devices of Brian agree on the first numbers after a seed.
        seed_brian(seed + k)
        synapses.connect(p=0.02)
    plastic.w = 0
    plastic.eta = 0.1
    plastic.alpha = 2 * 3 * 0.02  # 3 Hz
    plastic.w_max = 100
    if not deterministic:
        seed_brian(None)
    return Network(
        cells, excitation, fixed, plastic,
        SpikeMonitor(cells, name="spikes"),
        StateMonitor(plastic, "w", record=np.arange(100), dt=10 * ms, name="weights"),
    )  # fmt: skip
