"""One neuron whose thousand inputs compete by spike-timing-dependent plasticity.

Song, Miller & Abbott 2000, Competitive Hebbian learning through spike-timing-dependent synaptic
plasticity, doi 10.1038/78829. 1000 Poisson inputs; conductances in units of the leak's. Ours: no
inhibition, inputs of 15 Hz, a leak to -74 mV, weights of at most 0.01, steps of 0.5 ms, and a
delay of 1 ms between a spike's effect on the weight and on the membrane. Learning steps are twice
the paper's 0.005, so that five minutes suffice.

Found (Brian's runtime device, 300 s): 25 Hz; weights, uniform at first, are bimodal: in tenths of
the largest weight 207, 106, 70, 54, 45, 47, 72, 76, 117, 206 synapses.
"""

import numpy as np
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    defaultclock,
    ms,
    mV,
    second,
)  # fmt: skip
from brian2 import (
    seed as seed_brian,
)

from .frozen import frozen_poisson

DURATION = 300 * second

CONSTANTS = {
    "tau_m": 20 * ms,
    "tau_e": 5 * ms,
    "tau_plus": 20 * ms,
    "tau_minus": 20 * ms,
    "E_exc": 0 * mV,
    "v_rest": -74 * mV,
    "v_threshold": -54 * mV,
    "v_reset": -60 * mV,
    "a_plus": 0.01,
    "a_minus": -1.05 * 0.01,
}

EQUATIONS = """
dv/dt = (v_rest - v + ge*(E_exc - v))/tau_m : volt
dge/dt = -ge/tau_e : 1
"""
STDP = """
w : 1
dx/dt = -x/tau_plus  : 1 (event-driven)
dy/dt = -y/tau_minus : 1 (event-driven)
"""


def build(seed=0, scale=1.0, deterministic=True):
    """Make the network, of 1000 inputs times `scale`."""
    defaultclock.dt = 0.5 * ms
    rng = np.random.default_rng(seed)
    n_inputs = round(1000 * scale)
    constants = CONSTANTS | {"w_max": 0.01 / scale}
    if deterministic:
        inputs = frozen_poisson(rng, np.full(n_inputs, 15.0), DURATION, "inputs")
    else:
        seed_brian(seed)
        inputs = PoissonGroup(n_inputs, 15 * Hz, name="inputs")
    neuron = NeuronGroup(
        1, EQUATIONS, threshold="v > v_threshold", reset="v = v_reset", method="euler",
        namespace=constants, name="neuron",
    )  # fmt: skip
    neuron.v = constants["v_reset"]
    synapses = Synapses(
        inputs, neuron, STDP,
        on_pre={"transmit": "ge += w", "learn": "x += a_plus*w_max; w = clip(w + y, 0, w_max)"},
        on_post="y += a_minus*w_max; w = clip(w + x, 0, w_max)",
        delay={"transmit": 1 * ms}, namespace=constants, name="synapses",
    )  # fmt: skip
    synapses.connect()
    synapses.w = rng.uniform(0, constants["w_max"], n_inputs)
    return Network(
        inputs, neuron, synapses,
        SpikeMonitor(neuron, name="spikes"),
        StateMonitor(synapses, "w", record=[0, 1, 2], dt=100 * ms, name="weights"),
    )  # fmt: skip
