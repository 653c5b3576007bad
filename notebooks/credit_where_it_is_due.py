# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Credit where it is due
#
# A recurrent network misclassifies a word. Which of its eight thousand synapses should change,
# and in which direction? With e-prop each synapse computes the answer by itself, during the word.
# This notebook shows how.
#
# **Source.** G. Bellec, F. Scherr, A. Subramoney, E. Hajek, D. Salaj, R. Legenstein, W. Maass
# (2020), *A solution to the learning dilemma for recurrent networks of spiking neurons*, Nature
# Communications 11:3625,
# [doi:10.1038/s41467-020-17236-y](https://doi.org/10.1038/s41467-020-17236-y).
#
# **Reproduced.** Spikes, eligibility traces and learning signals of their method, and learning
# with random feedback; here on spoken digits.
#
# **Expected number.** 94.4 % accuracy on words of unseen voices, with symmetric and with random
# feedback.
#
# **Protocol.** 720 words, zero to nine, by 12 voices of a speech synthesizer. Three voices are
# held out. One network, one seed; nothing was tuned on the held-out voices. Synthetic speech is
# easy: the number shows that the network has learned, and no more.
#
# **Running time.** A minute and a half on an idle core, half of which is the C++ compiler. A
# second run finds its programs in the build cache.

# %%
import os
import time
import warnings
from copy import deepcopy

import matplotlib.pyplot as plt
import numpy as np
from brian2 import ms
from IPython.display import display
from sklearn.base import clone
from sklearn.model_selection import GroupShuffleSplit

# Without ipywidgets, tqdm draws its bars as text, and says so at length.
warnings.filterwarnings("ignore", message="IProgress not found")

from bioplastic.datasets import load_spoken
from bioplastic.inspect import PlasticityRecorder
from bioplastic.networks import EPropClassifier

begun = time.perf_counter()
# The test suite runs this notebook on few words.
quick = os.environ.get("BIOPLASTIC_NOTEBOOK_QUICK") == "1"
BLUE, ORANGE, RED, GREY = "#3f90da", "#ffa90e", "#bd1f01", "#717581"

# %% [markdown]
# ## A network that learns words
#
# 64 adaptive neurons receive 64 channels of a cochlea, and each other's spikes. Ten readouts sum
# up their spikes. The softmax of the readouts is the prediction. After each batch of sixteen
# words, every synapse changes its weight.

# %%
spoken = load_spoken()
words, digits, voices = spoken.data, spoken.target, spoken.groups
if quick:
    # One take of four voices; rows are ordered by voice, take and digit.
    few = np.arange(len(words)).reshape(12, 6, 10)[::3, 0].ravel()
    words, digits, voices = words[few], digits[few], voices[few]
split = GroupShuffleSplit(1, test_size=0.25, random_state=0)
train, test = next(split.split(words, groups=voices))
dt = 2 * ms
model = EPropClassifier(0, 64, n_epochs=2 if quick else 15, batch_size=16, dt=dt, random_state=0)
model.fit(words[train], digits[train])
print(f"compiled in {model.timings_['build']:.0f} s, trained in {model.timings_['simulate']:.0f} s")
print(f"{model.score(words[test], digits[test]):.1%} of {len(test)} words by unheard voices")
print("loss by epoch:", *model.history_["loss"].round(2))

# %% [markdown]
# The neuron: a presynaptic spike adds its weight to $v$. A spike of the neuron subtracts 1 from
# $v$ and adds 1 to $a$, which raises the threshold for 200 ms.

# %%
neuron = model.network_.population("alif").neuron
display(neuron.equations)
print("threshold:", neuron.threshold)

# %% [markdown]
# The rule that each synapse computes in every step:

# %%
rule = next(p.rule for p in model.network_.projections if p.name == "input_to_alif")
print("at a presynaptic spike:", rule.on_pre)
print(rule.before_spikes)

# %% [markdown]
# ## One word
#
# We present a word of an unseen voice. A learning rate of 0 keeps the network unchanged; learning
# signals and traces are those of a training. The recorder takes a snapshot in each step, inside
# the compiled program.

# %%
shown = test[digits[test] == 7][0]
one, truth = words[[shown]], digits[[shown]]
names = spoken.target_names
n_steps = int(np.ceil(one.duration[0] / float(dt)))
recorder = PlasticityRecorder(
    samples=[0],
    times=np.arange(1, n_steps + 1) * dt,
    variables=(
        "input_to_alif.e_bar", "input_to_alif.eps_v", "input_to_alif.eps_a",
        "input_to_alif.gradient", "alif.psi", "alif.signal", "error.p", "error.wanted",
    ),
)  # fmt: skip
watched = deepcopy(model).set_params(optimizer__learning_rate=0.0)
watched.partial_fit(one, truth, recorder=recorder)
recording = recorder.recording
print(f'"{names[truth[0]]}", classified as "{names[model.predict(one)[0]]}"')
print(recording)

# %%
answered = model.transform_spikes(one)
panels = recording.plot_eligibility(inputs=one, outputs=answered, classes=names)
plt.show()

# %% [markdown]
# From top to bottom:
#
# - **Input.** Spikes of the cochlea, low frequencies at the bottom. Four channels are colored.
# - **Neurons.** The response of the network. One neuron is dark: the panels below show its
#   synapses.
# - **ψ**, the *pseudo-derivative*. A spike has no derivative; ψ takes its place. It is large near
#   the threshold, where a little more drive would have mattered, and 0 far below. Where ψ is 0,
#   no synapse becomes eligible, however much it fires.
# - **Eligibility.** The influence of each synapse on the neuron's recent spiking: its recent
#   spikes times ψ, filtered like the readout. The colored synapses had the largest. A negative
#   trace means: the synapse caused spikes that raised the threshold, which prevents spikes now.
# - **Learning signal.** The errors of all ten readouts, weighted by the feedback to this neuron.
#   Red means "fire less", blue "fire more". All synapses of the neuron receive the same signal.
# - **Readouts.** They cause the signal. Where the probability of the true class (blue) is near 1,
#   there is no error. Where it is low, neurons that support it receive "more", and neurons that
#   support other classes "less".
#
# ## One synapse
#
# How does an eligibility trace arise? This is the most eligible synapse of that neuron, step by
# step:

# %%
moments = 1e3 * recording.times
sizes = (len(moments), words.n_units, -1)
traces = {
    name: recording.variables[f"input_to_alif.{name}"].reshape(sizes)
    for name in ("e_bar", "eps_v", "eps_a", "gradient")
}
psi, signal = recording.variables["alif.psi"], recording.variables["alif.signal"]
j = int((np.abs(traces["e_bar"]).sum(axis=1) * np.abs(signal)).sum(axis=0).argmax())
i = int(np.abs(traces["e_bar"][:, :, j]).sum(axis=0).argmax())
beta = float(neuron.beta)
spikes_in = 1e3 * one.times[one.units == i]
spikes_out = 1e3 * answered.times[answered.units == j]
figure, rows = plt.subplots(4, 1, sharex=True, figsize=(8, 7), layout="constrained")
rows[0].plot(moments, traces["eps_v"][:, i, j], color=BLUE)
rows[0].plot(spikes_in, np.zeros(len(spikes_in)), "|", color=BLUE, markersize=10)
rows[0].set_title(f"eps_v: spikes of channel {i}, filtered as the membrane leaks", loc="left")
rows[1].fill_between(moments, psi[:, j], color=GREY, linewidth=0)
rows[1].plot(spikes_out, np.zeros(len(spikes_out)), "|", color="black", markersize=10)
rows[1].set_title(f"psi: how near neuron {j} is to a spike (its spikes: black)", loc="left")
rows[2].plot(moments, beta * traces["eps_a"][:, i, j], color=RED)
rows[2].set_title("beta*eps_a: how much of the threshold is the weight's doing", loc="left")
rows[3].plot(moments, traces["e_bar"][:, i, j], color=ORANGE)
rows[3].axhline(0, color="black", linewidth=0.6)
rows[3].set_title("e_bar: psi*(eps_v - beta*eps_a), filtered as the readout leaks", loc="left")
rows[3].set_xlabel("time within the word (ms)", fontsize=9)
for axes in rows:
    axes.title.set_fontsize(10)
    axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# A presynaptic spike alone makes no eligibility, and neither does a neuron near its threshold.
# Both must coincide. The red trace is the memory. It grows when the synapse contributes to
# spikes, and lasts as long as the adaptation, ten times longer than the membrane. So a synapse
# can be credited for spikes long ago: the threshold that it raised then still prevents spikes
# now.
#
# ## Why a synapse gets credit
#
# The gradient is the sum of signal times trace over the word. The synapse computes it forward in
# time and stores no history.

# %%
products = traces["e_bar"][:, :, j] * signal[:, j, None]
summed = np.cumsum(products, axis=0)
kept = traces["gradient"][:, :, j] - traces["gradient"][:1, :, j]
# The program adds a product to the gradient one step after it was made.
print("largest difference:", np.abs(kept[1:] - summed[:-1]).max(), "of", np.abs(summed).max())

# %% [markdown]
# Would a count of spikes be enough? Every dot is a channel: how often it fired in this word, and
# the gradient of its synapse onto the neuron. A positive gradient decreases the weight, a
# negative one increases it.

# %%
counts, gradient = np.bincount(one.units, minlength=words.n_units), summed[-1]
# Of all channels that fired equally often, the two that part most.
gaps = (gradient[:, None] - gradient) * (counts[:, None] == counts)
pair = dict(zip(map(int, np.unravel_index(gaps.argmax(), gaps.shape)), (RED, BLUE), strict=True))
figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
axes.scatter(counts, gradient, s=18, color=GREY)
for k, color in pair.items():
    axes.scatter(counts[k], gradient[k], s=50, color=color, label=f"channel {k}")
axes.axhline(0, color="black", linewidth=0.6)
axes.set_xlabel("spikes of the channel in the word", fontsize=9)
axes.set_ylabel("gradient", fontsize=9)
axes.set_title("How often, and how much credit", loc="left", fontsize=11)
axes.legend(frameon=False, fontsize=8)
axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# The gradient of a silent channel is 0. But among channels that fire equally often, some have a
# much larger gradient than others. Two of them, spike by spike:

# %%
figure, rows = plt.subplots(3, 1, sharex=True, figsize=(8, 5.4), layout="constrained")
for row, (k, color) in enumerate(pair.items()):
    spikes = 1e3 * one.times[one.units == k]
    rows[0].plot(spikes, np.full(len(spikes), -row), "|", color=color, markersize=12)
    rows[1].plot(moments, traces["e_bar"][:, k, j], color=color)
    rows[2].plot(moments, summed[:, k], color=color)
rows[0].set_yticks([0, -1], [f"channel {k}" for k in pair], fontsize=8)
rows[0].set_ylim(-1.6, 0.6)
rows[0].set_title("spikes, and in gray where the neuron was near its threshold", loc="left")
rows[0].fill_between(
    moments, -1.6, 0.6, where=psi[:, j] > 0.05, color=GREY, alpha=0.25, linewidth=0, step="mid"
)
rows[1].set_title("eligibility", loc="left")
rows[2].set_title("signal times eligibility, summed up: the gradient", loc="left")
rows[2].set_xlabel("time within the word (ms)", fontsize=9)
for axes in rows:
    axes.title.set_fontsize(10)
    axes.spines[["top", "right"]].set_visible(False)
for axes in rows[1:]:
    axes.axhline(0, color="black", linewidth=0.6)
plt.show()

# %% [markdown]
# What matters is not how often a channel fired, but whether it fired shortly before the neuron
# came near its threshold, and whether there was an error at that time. A synapse that is eligible
# while the readouts are correct gets neither blame nor credit: the signal is 0.
#
# ## Must feedback know the readout?
#
# So far the learning signal used the transpose of the readout's weights. It is hard to see how a
# brain could keep such a copy. Now we draw feedback weights at random, once, and fix them. Does
# the network still learn?

# %%
recorder = PlasticityRecorder(every=len(train), variables=("alif_to_readout.w",))
blind = clone(model).set_params(feedback="random")
blind.fit(words[train], digits[train], recorder=recorder)
print(f"symmetric: {model.score(words[test], digits[test]):.1%} of the words by unheard voices")
print(f"random:    {blind.score(words[test], digits[test]):.1%}")


def cosine(a, b):
    """Cosine of the angle between two matrices, taken for vectors."""
    return float((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()))


B = blind.weights_["error_to_alif"]
course = recorder.recording.variables["alif_to_readout.w"]
course = [cosine(B, w.reshape(B.shape[::-1]).T) for w in course]

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
epochs = np.arange(1, model.n_epochs_ + 1)
left.plot(epochs, model.history_["loss"], color=BLUE, marker="o", ms=4, label="symmetric")
left.plot(epochs, blind.history_["loss"], color=ORANGE, marker="o", ms=4, label="random")
left.axhline(np.log(10), color=GREY, linewidth=0.8, linestyle="--")
left.annotate("chance", (epochs[-1], np.log(10)), xytext=(0, 3), textcoords="offset points",
              ha="right", fontsize=8, color=GREY)  # fmt: skip
left.set_ylim(0, None)
left.set_ylabel("loss while learning", fontsize=9)
left.legend(frameon=False, fontsize=8)
left.set_title("Loss", loc="left", fontsize=11)
right.plot(np.arange(len(course)), course, color=ORANGE, marker="o", ms=4)
right.axhline(0, color=GREY, linewidth=0.8)
right.set_ylim(-0.1, 1)
right.set_ylabel("cosine of readout and feedback", fontsize=9)
right.set_title("The readout aligns with its feedback", loc="left", fontsize=11)
for axes in (left, right):
    axes.set_xlabel("epochs", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# It does, and takes longer. The right panel shows why it works: the weights of the readout align
# with the feedback. So errors reach the neurons that can correct them (Lillicrap et al. 2016,
# [doi:10.1038/ncomms13276](https://doi.org/10.1038/ncomms13276)). Eligibility traces do not
# depend on feedback. They state *what a synapse did*, and the signal states *whether it was
# good*.
#
# ## Next
#
# - **Adaptive feedback.** `feedback="adaptive"` lets random feedback follow the readout; plot the
#   cosine again.
# - **No memory.** `EPropClassifier(64, 0)` has no adaptation: what happens to the traces after
#   100 ms?
# - **Late targets.** `decision_window=100*ms` counts errors at the end of a word only. Then
#   signals come late, and traces must last.
# - **Signals, not classes.** `EPropRegressor` learns to generate curves.
# - `docs/eprop.md` has all equations, beside the strings that compute them.

# %%
print(f"This notebook took {time.perf_counter() - begun:.0f} s.")
