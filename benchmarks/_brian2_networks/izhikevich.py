"""A thousand neurons of Izhikevich's model, driven by random currents from the thalamus.

Izhikevich 2003, Simple model of spiking neurons, doi 10.1109/TNN.2003.820440: 800 excitatory
neurons from regular spiking to chattering, 200 inhibitory ones from fast spiking to low-threshold
spiking, all connected to all. Steps of 0.5 ms, as the paper has them for the membrane; currents
change every millisecond by a regular operation, and a spike adds its weight to the input of the
next millisecond.

Found (Brian's runtime device, 1 s): 8.8 Hz; the spectrum of all spikes is highest in the alpha
band (8 to 13 Hz), with gamma activity (a peak at 33 Hz of a quarter of it) beside.
"""

import numpy as np
from brian2 import (
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    ms,
)  # fmt: skip
from brian2 import (
    seed as seed_brian,
)

DURATION = 1000 * ms

EQUATIONS = """
dv/dt = (0.04*v**2 + 5*v + 140 - u + I)/ms : 1
du/dt = a*(b*v - u)/ms : 1
I : 1
arriving : 1
a : 1 (constant)
b : 1 (constant)
c : 1 (constant)
d : 1 (constant)
strength : 1 (constant)
"""
RESET = """
v = c
u += d
"""


def build(seed=0, scale=1.0, deterministic=True):
    """Make the network, of 1000 neurons times `scale`."""
    defaultclock.dt = 0.5 * ms
    rng = np.random.default_rng(seed)
    n_exc, n_inh = round(800 * scale), round(200 * scale)
    size = n_exc + n_inh
    r_exc, r_inh = rng.random(n_exc), rng.random(n_inh)
    current = rng.standard_normal((round(DURATION / ms), size))
    thalamus = TimedArray(current, dt=1 * ms)
    cells = NeuronGroup(
        size, EQUATIONS, threshold="v >= 30", reset=RESET, method="euler",
        namespace={"thalamus": thalamus}, name="cells",
    )  # fmt: skip
    cells.a = np.concatenate([np.full(n_exc, 0.02), 0.02 + 0.08 * r_inh])
    cells.b = np.concatenate([np.full(n_exc, 0.2), 0.25 - 0.05 * r_inh])
    cells.c = np.concatenate([-65 + 15 * r_exc**2, np.full(n_inh, -65.0)])
    cells.d = np.concatenate([8 - 6 * r_exc**2, np.full(n_inh, 2.0)])
    cells.strength = np.repeat([5.0, 2.0], [n_exc, n_inh])
    cells.v = -65
    cells.u = "b*v"
    drawn = "thalamus(t, i)" if deterministic else "randn()"
    cells.run_regularly(
        f"I = strength*{drawn} + arriving; arriving = 0", dt=1 * ms, when="start", name="input"
    )
    synapses = Synapses(cells, cells, "w : 1 (constant)", on_pre="arriving_post += w",
                        name="synapses")  # fmt: skip
    synapses.connect()
    weights = np.concatenate([0.5 * rng.random((n_exc, size)), -rng.random((n_inh, size))])
    synapses.w = weights.ravel() / scale
    if not deterministic:
        seed_brian(seed)
    return Network(
        cells, synapses,
        SpikeMonitor(cells, name="spikes"),
        StateMonitor(cells, ("v", "u"), record=[0, size - 1], name="membranes"),
    )  # fmt: skip
