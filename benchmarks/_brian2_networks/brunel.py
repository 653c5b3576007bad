"""Sparsely connected inhibition-dominated network: asynchronous irregular activity.

Brunel 2000, Dynamics of sparsely connected networks of excitatory and inhibitory spiking neurons,
doi 10.1023/A:1008925309027, model A at g = 5 and external rate twice that which reaches
threshold. Delta synapses with a delay of 1.5 ms. Ours: 4000 and 1000 neurons in place of 10,000
and 2500, with 400 and 100 synapses onto each and postsynaptic potentials of 0.25 mV in place of
0.1 mV, so that the mean input is the paper's; where deterministic, external spikes come from a
pool of 4000 sources, of which every neuron has 400 (`PoissonInput` gives each neuron its own).

Found (Brian's runtime device, 0.5 s): 39.6 Hz, CV 0.71; counts of all spikes in bins of 1 ms vary
by 0.64 of their mean, the shared pool included.
"""

import numpy as np
from brian2 import (
    Network,
    NeuronGroup,
    PoissonInput,
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

from .frozen import frozen_poisson

DURATION = 500 * ms

tau, theta, V_reset = 20 * ms, 20 * mV, 10 * mV
g = 5.0


def fixed_in_degree(rng, sources, n_targets, degree):
    """Draw indices of `degree` different sources for each target."""
    chosen = [rng.choice(sources, degree, replace=False) for _ in range(n_targets)]
    return np.concatenate(chosen), np.repeat(np.arange(n_targets), degree)


def build(seed=0, scale=1.0, deterministic=True):
    """Make the network, of 5000 neurons times `scale`."""
    defaultclock.dt = 0.1 * ms
    rng = np.random.default_rng(seed)
    n_exc, n_inh = round(4000 * scale), round(1000 * scale)
    size, c_exc, c_inh = n_exc + n_inh, n_exc // 10, n_inh // 10
    J = 0.25 * mV / scale
    nu_external = 2 * theta / (J * c_exc * tau)
    neurons = NeuronGroup(
        size, "dv/dt = -v/tau : volt (unless refractory)", threshold="v > theta",
        reset="v = V_reset", refractory=2 * ms, method="exact", name="neurons",
    )  # fmt: skip
    neurons.v = rng.uniform(0, 20, size) * mV
    strengths = {"J": J}
    exc = Synapses(neurons, neurons, on_pre="v += J", delay=1.5 * ms, namespace=strengths,
                   name="exc")  # fmt: skip
    i, j = fixed_in_degree(rng, np.arange(n_exc), size, c_exc)
    exc.connect(i=i, j=j)
    inh = Synapses(neurons, neurons, on_pre="v -= g*J", delay=1.5 * ms, namespace=strengths,
                   name="inh")  # fmt: skip
    i, j = fixed_in_degree(rng, np.arange(n_exc, size), size, c_inh)
    inh.connect(i=i, j=j)
    if deterministic:
        pool = frozen_poisson(rng, np.full(n_exc, float(nu_external)), DURATION, "pool")
        external = Synapses(pool, neurons, on_pre="v += J", namespace=strengths, name="external")
        i, j = fixed_in_degree(rng, np.arange(n_exc), size, c_exc)
        external.connect(i=i, j=j)
        drive = [pool, external]
    else:
        seed_brian(seed)
        drive = [PoissonInput(neurons, "v", N=c_exc, rate=nu_external, weight=J)]
    return Network(
        neurons, exc, inh, *drive,
        SpikeMonitor(neurons, name="spikes"),
        StateMonitor(neurons, "v", record=[0], name="membranes"),
    )  # fmt: skip
