"""Integrate-and-fire neurons with current-based synapses whose asynchronous activity lasts.

Vogels & Abbott 2005, Signal propagation and logic gating in networks of integrate-and-fire
neurons, doi 10.1523/JNEUROSCI.3508-05.2005; as benchmark 2 of Brette et al. 2007, doi
10.1007/s10827-007-0038-6. 3200 excitatory and 800 inhibitory neurons, 2 % connected, a resting
potential above the threshold (-49 mV), a refractory time of 5 ms. The network has no input.

Found (Brian's runtime device, 1 s): 5.6 Hz on average without input, to the end; 4.5 to 6.0 Hz in
bins of 50 ms after the first.
"""

from brian2 import (
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    defaultclock,
    ms,
    mV,
)  # fmt: skip
from brian2 import (
    seed as seed_brian,
)

DURATION = 1000 * ms

CONSTANTS = {
    "tau_m": 20 * ms,
    "tau_e": 5 * ms,
    "tau_i": 10 * ms,
    "v_rest": -49 * mV,
    "v_threshold": -50 * mV,
    "v_reset": -60 * mV,
}

EQUATIONS = """
dv/dt = (ge + gi - (v - v_rest))/tau_m : volt (unless refractory)
dge/dt = -ge/tau_e : volt
dgi/dt = -gi/tau_i : volt
"""


def build(seed=0, scale=1.0, deterministic=True):
    """Make the network, of 4000 neurons times `scale`."""
    defaultclock.dt = 0.1 * ms
    size = round(4000 * scale)
    n_exc = round(0.8 * size)
    constants = CONSTANTS | {"w_e": 1.62 * mV / scale, "w_i": -9 * mV / scale}
    cells = NeuronGroup(
        size, EQUATIONS, threshold="v > v_threshold", reset="v = v_reset", refractory=5 * ms,
        method="exact", namespace=constants, name="cells",
    )  # fmt: skip
    excitatory, inhibitory = cells[:n_exc], cells[n_exc:]
    excitation = Synapses(
        excitatory, cells, on_pre="ge += w_e", namespace=constants, name="excitation"
    )
    inhibition = Synapses(
        inhibitory, cells, on_pre="gi += w_i", namespace=constants, name="inhibition"
    )
    # Seeded each time: devices of Brian agree on the first numbers after a seed.
    seed_brian(seed)
    cells.v = "v_reset + rand()*(v_threshold - v_reset)"
    seed_brian(seed + 1)
    excitation.connect(p=0.02)
    seed_brian(seed + 2)
    inhibition.connect(p=0.02)
    if not deterministic:
        seed_brian(None)
    return Network(
        cells, excitation, inhibition,
        SpikeMonitor(cells, name="spikes"),
        StateMonitor(cells, ("v", "ge"), record=[0, 1], name="membranes"),
    )  # fmt: skip
