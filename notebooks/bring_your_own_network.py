# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Bring your own network
#
# A balanced network with your own equations: noise, inhibitory plasticity, the membranes of three
# neurons, weights over time. Then an unmodified Brian2 script, presented with a thousand samples
# by one program.
#
# **Source.** T. P. Vogels, H. Sprekeler, F. Zenke, C. Clopath, W. Gerstner (2011), *Inhibitory
# plasticity balances excitation and inhibition in sensory pathways and memory networks*, Science
# 334:1569, [doi:10.1126/science.1211095](https://doi.org/10.1126/science.1211095). The network is
# smaller than theirs, and its constants are ours.
#
# **Reproduced.** Inhibitory plasticity brings the rate of excitatory neurons near the target rate
# of the rule. Bursts become irregular activity.
#
# **Expected number.** Excitatory rate in the first and in the last second: 22 and 9 Hz, with a
# target of 8 Hz. Accuracy of the readout on 250 test samples of the second part: 98 %.
#
# **Protocol.** One seed. In the second part the readout is trained on 750 samples and tested once
# on 250 others.
#
# **Running time.** Half a minute on two cores, of which a third is the C++ compiler.

# %%
import os

import brian2
import matplotlib.pyplot as plt
import numpy as np
from brian2 import Hz, ms, mV, second
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bioplastic import datasets, engine, inspect, models, readout

QUICK = bool(os.environ.get("BIOPLASTIC_NOTEBOOK_QUICK"))  # a test of this notebook runs it small
SECONDS, N_SAMPLES = (2, 200) if QUICK else (10, 1000)

# %% [markdown]
# ## Equations of your own
#
# A neuron model consists of equations and their constants. `xi` is noise; `Uniform` gives each
# neuron its own initial potential.

# %%
neuron = models.NeuronModel(
    equations="""
    dv/dt  = (v_rest - v + ge*(e_exc - v) + gi*(e_inh - v) + drive)/tau_membrane
             + sigma*xi*tau_membrane**-0.5 : volt (unless refractory)
    dge/dt = -ge/tau_exc : 1
    dgi/dt = -gi/tau_inh : 1
    """,
    threshold="v > v_threshold",
    reset="v = v_rest",
    refractory=5 * ms,
    method="euler",
    constants={
        "v_rest": -60 * mV, "v_threshold": -50 * mV, "e_exc": 0 * mV, "e_inh": -80 * mV,
        "tau_membrane": 20 * ms, "tau_exc": 5 * ms, "tau_inh": 10 * ms,
        "drive": 12 * mV, "sigma": 1 * mV,
    },
    initial={"v": models.Uniform(-60 * mV, high=-50 * mV)},
)  # fmt: skip
neuron.equations

# %% [markdown]
# Four projections connect 800 excitatory and 200 inhibitory neurons at random. The weights of one
# of them are plastic: inhibitory synapses onto excitatory neurons.

# %%
sparse = {"wiring": models.RandomWiring(0.1), "delay": 1 * ms}
rule = models.InhibitorySTDP(rate_target=8 * Hz, eta=0.01, w_max=30.0)
excites, inhibits = "ge_post += w", "gi_post += w"
network = models.Network(
    populations=(
        models.Population(name="exc", n=800, neuron=neuron),
        models.Population(name="inh", n=200, neuron=neuron),
    ),
    projections=(
        models.Projection(pre="exc", post="exc", on_pre=excites, weight=0.04, **sparse),
        models.Projection(pre="exc", post="inh", on_pre=excites, weight=0.04, **sparse),
        models.Projection(pre="inh", post="inh", on_pre=inhibits, weight=0.4, **sparse),
        models.Projection(
            pre="inh", post="exc", on_pre=inhibits, weight=models.Constant(0.04), rule=rule,
            **sparse,
        ),
    ),
    watch="exc",
    schedule=models.Schedule(presentation=SECONDS * second, rest=0 * ms, dt=0.1 * ms, min_spikes=0),
)  # fmt: skip
network

# %% [markdown]
# ## Record spikes, membranes and weights
#
# `record` selects what a run keeps: spikes of any population, and elements of any variable, at
# every step or at intervals.

# %%
result = engine.run(
    network,
    engine.SpontaneousActivity(n_samples=1),
    seed=1,
    record={
        "spikes": ["exc", "inh"],
        "exc.v": [0, 1, 2],
        "inh_to_exc.w": engine.every(100 * ms, range(2000)),
    },
)
rates = [np.sum(result.spikes["exc"].times // 1 == k) / 800 for k in (0, SECONDS - 1)]
print(f"Excitatory rate in the first and the last second: {rates[0]:.1f} and {rates[1]:.1f} Hz")

# %%
figure, axes = plt.subplots(2, 1, figsize=(9, 6), sharex=True, layout="constrained")
inspect.plot_raster(result, axes=axes[0])
inspect.plot_state(result, "exc.v", axes=axes[1])
axes[0].set_xlabel("")
axes[0].set_xlim(SECONDS - 0.5, SECONDS)
plt.show()

# %% [markdown]
# The weights converge to where potentiation and depression balance: their mean over time, and
# their final distribution.

# %%
weights = result.states["inh_to_exc.w"][0]
spikes = result.spikes["exc"]
edges = np.arange(0, SECONDS + 0.01, 0.1)
figure, axes = plt.subplots(1, 3, figsize=(11, 3), layout="constrained")
axes[0].plot(edges[1:], np.histogram(spikes.times, edges)[0] / 800 / 0.1, color="black")
axes[0].axhline(8, color="0.6", linestyle="--")
axes[0].set(xlabel="time (s)", ylabel="rate of exc (Hz)")
axes[1].plot(weights.times, weights.values.mean(axis=1), color="black")
axes[1].set(xlabel="time (s)", ylabel="mean weight, inh to exc")
axes[2].hist(weights.values[-1], bins=40, color="0.4")
axes[2].set(xlabel="weight in the end", ylabel="synapses")
plt.show()

# %% [markdown]
# In a notebook, `inspect.explore(result)` shows all of it with sliders for sample and time.

# %% [markdown]
# ## A script of Brian2, unmodified
#
# These are ordinary objects of Brian2: a reservoir of leaky neurons with random synapses, which
# receives the spikes of a `SpikeGeneratorGroup`.

# %%
brian2.seed(3)
source = brian2.SpikeGeneratorGroup(8, [], [] * second, name="source")
reservoir = brian2.NeuronGroup(
    150,
    """dv/dt = (i_syn - v)/(30*ms) : 1 (unless refractory)
    di_syn/dt = -i_syn/(5*ms) : 1""",
    threshold="v > 1", reset="v = 0", refractory=3 * ms, method="exact", name="reservoir",
)  # fmt: skip
entrance = brian2.Synapses(source, reservoir, "w : 1", on_pre="i_syn += w", name="entrance")
entrance.connect(p=0.4)
entrance.w = "4*rand()"
recurrent = brian2.Synapses(reservoir, reservoir, "w : 1", on_pre="i_syn += w", name="recurrent")
recurrent.connect(condition="i != j", p=0.1)
recurrent.w = "0.6*randn()"
recurrent.delay = "1*ms + 4*ms*rand()"
script = brian2.Network(source, reservoir, entrance, recurrent)

# %% [markdown]
# One call imports it, and another presents a thousand samples. Variables of differential
# equations start from their initial values with each sample.

# %%
brought = models.from_brian2(script, watch="reservoir")
task = datasets.make_jittered_templates(
    N_SAMPLES, n_templates=32, n_channels=8, jitter=16 * ms, random_state=0
)
shown = engine.present(
    brought.network, engine.SpikeStimulus(trains=task.data), seed=0, state=brought.state,
    record={"spikes": ["reservoir"], "reservoir.v": [0, 1, 2]},
)  # fmt: skip
print(f"{N_SAMPLES} samples of 0.5 s in {shown.timings['simulate']:.1f} s")

# %%
states = readout.TimeBinnedCount(n_bins=10).fit_transform(shown.spikes["reservoir"])
n_train = 3 * N_SAMPLES // 4
model = make_pipeline(StandardScaler(), RidgeClassifier(alpha=1000.0))
model.fit(states[:n_train], task.target[:n_train])
accuracy = model.score(states[n_train:], task.target[n_train:])
print(f"Accuracy on {N_SAMPLES - n_train} held-out samples: {accuracy:.1%}")

# %%
axes = inspect.plot_state(shown, "reservoir.v", sample=4)
axes.set_title("Three membranes during sample 4", loc="left", fontsize=11)
plt.show()

# %%
axes = inspect.plot_raster(shown, sample=4)
plt.show()

# %% [markdown]
# ## Next
#
# - [Coming from Brian2](../docs/howto/coming_from_brian2.md): each feature of Brian2 beside its
#   counterpart.
# - `network.to_brian2()` turns a declaration into objects of Brian2.
# - Weights that a script learns are kept from sample to sample; `network.frozen()` fixes them.
