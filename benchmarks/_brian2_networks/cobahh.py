"""Hodgkin-Huxley neurons with conductance-based synapses that keep each other active.

Brette et al. 2007, Simulation of networks of spiking neurons: a review of tools and strategies,
benchmark 3, doi 10.1007/s10827-007-0038-6; currents of Traub & Miles 1991 (Neuronal Networks of
the Hippocampus). 3200 excitatory and 800 inhibitory neurons, 2 % connected. Initial values are
the papers' kind, drawn here: they take the place of the first 50 ms of stimulation. The
refractory condition (no second spike while the membrane is above -40 mV) is Brian's way to count
a spike once.

Found (Brian's runtime device, 0.3 s): 33 Hz on average, sustained to the end and irregular, a
coefficient of variation of intervals (CV) of 1.3.
"""

import numpy as np
from brian2 import (
    Network,
    NeuronGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    cm,
    defaultclock,
    ms,
    msiemens,
    mV,
    nS,
    siemens,
    ufarad,
    umetre,
)  # fmt: skip
from brian2 import (
    seed as seed_brian,
)

DURATION = 300 * ms

area = 20000 * umetre**2
capacitance = 1 * ufarad / cm**2 * area
g_leak = 5e-5 * siemens / cm**2 * area
g_na = 100 * msiemens / cm**2 * area
g_kd = 30 * msiemens / cm**2 * area
E_leak, E_k, E_na = -65 * mV, -90 * mV, 50 * mV
V_t = -63 * mV
E_exc, E_inh = 0 * mV, -80 * mV
tau_exc, tau_inh = 5 * ms, 10 * ms

EQUATIONS = """
dv/dt = (g_leak*(E_leak - v) + ge*(E_exc - v) + gi*(E_inh - v) - I_na - I_kd)/capacitance : volt
I_na = g_na*m**3*h*(v - E_na)  : amp
I_kd = g_kd*n**4*(v - E_k)     : amp
dm/dt = alpha_m*(1 - m) - beta_m*m : 1
dn/dt = alpha_n*(1 - n) - beta_n*n : 1
dh/dt = alpha_h*(1 - h) - beta_h*h : 1
dge/dt = -ge/tau_exc : siemens
dgi/dt = -gi/tau_inh : siemens
alpha_m = 0.32*4/exprel((13*mV - v + V_t)/(4*mV))/ms : Hz
beta_m = 0.28*5/exprel((v - V_t - 40*mV)/(5*mV))/ms  : Hz
alpha_h = 0.128*exp((17*mV - v + V_t)/(18*mV))/ms    : Hz
beta_h = 4/(1 + exp((40*mV - v + V_t)/(5*mV)))/ms    : Hz
alpha_n = 0.032*5/exprel((15*mV - v + V_t)/(5*mV))/ms : Hz
beta_n = 0.5*exp((10*mV - v + V_t)/(40*mV))/ms       : Hz
"""


def build(seed=0, scale=1.0, deterministic=True):
    """Make the network, of 4000 neurons times `scale`."""
    defaultclock.dt = 0.1 * ms
    rng = np.random.default_rng(seed)
    size = round(4000 * scale)
    n_exc = round(0.8 * size)
    cells = NeuronGroup(
        size, EQUATIONS, threshold="v > -20*mV", refractory="v > -40*mV",
        method="exponential_euler", name="cells",
    )  # fmt: skip
    cells.v = E_leak + (5 * rng.standard_normal(size) - 5) * mV
    cells.ge = (1.5 * rng.standard_normal(size) + 4) * 10 * nS
    cells.gi = (12 * rng.standard_normal(size) + 20) * 10 * nS
    excitation = Synapses(
        cells[:n_exc], cells, "w : siemens (constant, shared)", on_pre="ge += w", name="excitation"
    )
    inhibition = Synapses(cells[n_exc:], cells, on_pre="gi += w_inh", name="inhibition",
                          namespace={"w_inh": 67 * nS / scale})  # fmt: skip
    for k, synapses in enumerate((excitation, inhibition)):
        # Seeded each time: devices of Brian agree on the first numbers after a seed.
        seed_brian(seed + k)
        synapses.connect(p=0.02)
    excitation.w = 6 * nS / scale
    if not deterministic:
        seed_brian(None)
    return Network(
        cells, excitation, inhibition,
        SpikeMonitor(cells, name="spikes"),
        StateMonitor(cells, "v", record=[0, size - 1], name="membranes"),
    )  # fmt: skip
