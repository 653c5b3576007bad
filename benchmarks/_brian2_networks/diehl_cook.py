"""Diehl & Cook's network in the form that ports of its script have.

Diehl & Cook 2015, Unsupervised learning of digit recognition using spike-timing-dependent
plasticity, doi 10.3389/fncom.2015.00099. 784 inputs; 400 excitatory neurons with adaptive
thresholds and a timer, each with an inhibitory partner that silences all others. As in ports:
traces and `post2before` on synapses, delays of 0 to 10 ms from the input, dimensionless
conductances, a timer that runs at a tenth of time. Ours: five images of Gaussian blobs, shown
twice for 350 ms with 150 ms of silence, in place of MNIST; no normalisation of weights, steps of
0.5 ms.

Found (Brian's runtime device, 5 s): 157 spikes of excitatory neurons, 14 to 20 for an image in
the first showing, of 4 to 8 of the 400, each spike with one of its partner: the winner takes all.
Weights of winners begin to follow images (changes correlate up to 0.93); without normalisation,
and after two showings, 0 to 40 % of an image's later spikes are those of neurons that had won
before.
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
    TimedArray,
    defaultclock,
    ms,
    mV,
    second,
)  # fmt: skip
from brian2 import (
    seed as seed_brian,
)

from .frozen import frozen_poisson

N_IMAGES, N_SHOWINGS = 5, 2
DURATION = N_IMAGES * N_SHOWINGS * 0.5 * second

v_rest_e, v_rest_i = -65.0 * mV, -60.0 * mV
v_reset_e, v_reset_i = -65.0 * mV, -45.0 * mV
v_thresh_e, v_thresh_i = -52.0 * mV, -40.0 * mV
refrac_e, refrac_i = 5.0 * ms, 2.0 * ms
theta_plus, tc_theta, offset = 0.05 * mV, 1e7 * ms, 20.0 * mV
tc_pre, tc_post_1, tc_post_2 = 20 * ms, 20 * ms, 40 * ms
nu_pre, nu_post, wmax = 0.0001, 0.01, 1.0

EXCITATORY = """
dv/dt = (v_rest_e - v + (I_synE + I_synI)/nS)/(100*ms) : volt (unless refractory)
I_synE = ge*nS*(-v)          : amp
I_synI = gi*nS*(-100*mV - v) : amp
dge/dt = -ge/(1*ms) : 1
dgi/dt = -gi/(2*ms) : 1
dtheta/dt = -theta/tc_theta : volt
dtimer/dt = 0.1 : second
"""
INHIBITORY = """
dv/dt = (v_rest_i - v + (I_synE + I_synI)/nS)/(10*ms) : volt (unless refractory)
I_synE = ge*nS*(-v)         : amp
I_synI = gi*nS*(-85*mV - v) : amp
dge/dt = -ge/(1*ms) : 1
dgi/dt = -gi/(2*ms) : 1
"""
RESET = """
v = v_reset_e
theta += theta_plus
timer = 0*ms
"""
STDP = """
w : 1
post2before : 1
dpre/dt = -pre/tc_pre        : 1 (event-driven)
dpost1/dt = -post1/tc_post_1 : 1 (event-driven)
dpost2/dt = -post2/tc_post_2 : 1 (event-driven)
"""
ON_PRE = """
ge_post += w
pre = 1.
w = clip(w - nu_pre*post1, 0, wmax)
"""
ON_POST = """
post2before = post2
w = clip(w + nu_post*pre*post2before, 0, wmax)
post1 = 1.
post2 = 1.
"""


def images(rng):
    """Draw images of 28 x 28 pixels, each of two blobs, as rates in Hz."""
    y, x = np.mgrid[:28, :28]
    centres = rng.uniform(7, 21, (N_IMAGES, 2, 2, 1, 1))
    blobs = np.exp(-((y - centres[:, :, 0]) ** 2 + (x - centres[:, :, 1]) ** 2) / 12).sum(axis=1)
    return 63.75 * np.minimum(1, blobs).reshape(N_IMAGES, 784)


def build(seed=0, scale=1.0, deterministic=True):
    """Make the network, of 400 excitatory neurons times `scale`."""
    defaultclock.dt = 0.5 * ms
    rng = np.random.default_rng(seed)
    n = round(400 * scale)
    shown = np.array([1] * 7 + [0] * 3)  # in frames of 50 ms
    frames = (np.tile(images(rng), (N_SHOWINGS, 1))[:, None] * shown[:, None]).reshape(-1, 784)
    if deterministic:
        Xe = frozen_poisson(rng, frames, DURATION, "Xe")
    else:
        course = TimedArray(frames * Hz, dt=50 * ms)
        Xe = PoissonGroup(784, rates="course(t, i)", namespace={"course": course}, name="Xe")
    Ae = NeuronGroup(
        n, EXCITATORY, threshold="(v > theta - offset + v_thresh_e) and (timer > refrac_e)",
        reset=RESET, refractory=refrac_e, method="euler", name="Ae",
    )  # fmt: skip
    Ai = NeuronGroup(
        n, INHIBITORY, threshold="v > v_thresh_i", reset="v = v_reset_i", refractory=refrac_i,
        method="euler", name="Ai",
    )  # fmt: skip
    Ae.v, Ai.v = v_rest_e - 40 * mV, v_rest_i - 40 * mV
    Ae.theta = 20 * mV
    XeAe = Synapses(Xe, Ae, STDP, on_pre=ON_PRE, on_post=ON_POST, name="XeAe")
    XeAe.connect(True)
    XeAe.w = rng.uniform(0.003, 0.3, 784 * n)
    seed_brian(seed)
    XeAe.delay = "rand()*10*ms"
    AeAi = Synapses(Ae, Ai, "w : 1", on_pre="ge_post += w", name="AeAi")
    AeAi.connect(j="i")
    AeAi.w = 10.4
    AiAe = Synapses(Ai, Ae, "w : 1", on_pre="gi_post += w", name="AiAe")
    AiAe.connect("i != j")
    AiAe.w = 17.0
    return Network(
        Xe, Ae, Ai, XeAe, AeAi, AiAe,
        SpikeMonitor(Ae, name="spikes_e"), SpikeMonitor(Ai, name="spikes_i"),
        StateMonitor(Ae, ("v", "theta"), record=[0, 1], dt=5 * ms, name="neurons"),
    )  # fmt: skip
