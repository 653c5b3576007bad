"""Population bursts by short-term depression and facilitation.

Tsodyks, Uziel & Markram 2000, Synchrony generation in recurrent networks with frequency-dependent
synapses, doi 10.1523/JNEUROSCI.20-01-j0003.2000. 400 excitatory and 100 inhibitory neurons, 10 %
connected, background currents that hold each neuron near its threshold, constant ones: the
paper's network has no noise. Every synapse integrates its recovered and active shares (x and y),
and neurons sum active shares in every step; u belongs to spikes alone. Ours: y is what the
postsynaptic neuron receives, so that the share z of the paper is 1 - x - y; mean strengths and
background currents (13.75 to 15.25 mV, with a threshold of 15 mV); parameters are Gaussian, cut
at a fifth and twice their mean.

Found (Brian's runtime device, 2 s): 11.2 Hz on average, in population bursts some 0.25 s apart:
bins of 0.1 s with bursts have 15 to 22 Hz, those between 4 to 5.5 Hz.
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
    second,
)  # fmt: skip

DURATION = 2 * second

tau_membrane, v_threshold, v_reset = 30 * ms, 15 * mV, 13.5 * mV
tau_syn = 3 * ms

NEURON = """
dv/dt = (-v + background + I_exc + I_inh)/tau_membrane : volt (unless refractory)
background : volt (constant)
I_exc : volt
I_inh : volt
t_ref : second (constant)
"""
SYNAPSE = """
dx/dt = (1 - x - y)/tau_rec : 1 (clock-driven)
dy/dt = -y/tau_syn          : 1 (clock-driven)
A : volt (constant)
U : 1 (constant)
tau_rec : second (constant)
{target}_post = A*y : volt (summed)
"""
FACILITATION = """
du/dt = -u/tau_facil : 1 (event-driven)
tau_facil : second (constant)
"""


def about(rng, mean, n):
    """Draw values about a mean, with half of it as standard deviation."""
    return mean * np.clip(1 + 0.5 * rng.standard_normal(n), 0.2, 2)


def pathway(rng, pre, post, target, strength, name, facilitating):
    """Connect a tenth of all pairs by depressing or facilitating synapses."""
    equations = SYNAPSE.format(target=target)
    if facilitating:
        equations += FACILITATION
        on_pre = "u += U*(1 - u); y += u*x; x -= u*x"
        U, tau_rec = 0.04, 100 * ms
    else:
        on_pre = "y += U*x; x -= U*x"
        U, tau_rec = 0.5, 800 * ms
    synapses = Synapses(pre, post, equations, on_pre=on_pre, method="exact", name=name)
    i, j = np.nonzero(rng.random((len(pre), len(post))) < 0.1)
    synapses.connect(i=i, j=j)
    synapses.x = 1
    synapses.A = about(rng, strength, len(i)) * mV
    synapses.U = about(rng, U, len(i)).clip(0, 1)
    synapses.tau_rec = about(rng, tau_rec / ms, len(i)) * ms
    if facilitating:
        synapses.tau_facil = about(rng, 1000, len(i)) * ms
    return synapses


def build(seed=0, scale=1.0, deterministic=True):
    """Make the network, of 500 neurons times `scale`; chance has no part in its equations."""
    defaultclock.dt = 0.1 * ms
    rng = np.random.default_rng(seed)
    n_exc, n_inh = round(400 * scale), round(100 * scale)
    size = n_exc + n_inh
    neurons = NeuronGroup(
        size, NEURON, threshold="v > v_threshold", reset="v = v_reset", refractory="t_ref",
        method="exact", name="neurons",
    )  # fmt: skip
    neurons.v = rng.uniform(0, 15, size) * mV
    neurons.background = rng.uniform(13.75, 15.25, size) * mV
    neurons.t_ref = np.repeat([3.0, 2.0], [n_exc, n_inh]) * ms
    exc, inh = neurons[:n_exc], neurons[n_exc:]
    ee = pathway(rng, exc, exc, "I_exc", 5.4 / scale, "exc_exc", facilitating=False)
    ei = pathway(rng, exc, inh, "I_exc", 5.4 / scale, "exc_inh", facilitating=True)
    ie = pathway(rng, inh, exc, "I_inh", -7.2 / scale, "inh_exc", facilitating=False)
    ii = pathway(rng, inh, inh, "I_inh", -7.2 / scale, "inh_inh", facilitating=True)
    return Network(
        neurons, ee, ei, ie, ii,
        SpikeMonitor(neurons, name="spikes"),
        StateMonitor(ee, ("x", "y"), record=[0], dt=1 * ms, name="resources"),
    )  # fmt: skip
