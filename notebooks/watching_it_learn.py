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
# # Watching a Diehl & Cook network learn
#
# A hundred neurons learn handwritten digits without labels, and a recorder notes what happens to
# each synapse. How do receptive fields form, and what does a healthy training look like?
#
# **Source.** P. U. Diehl, M. Cook (2015), *Unsupervised learning of digit recognition using
# spike-timing-dependent plasticity*, Frontiers in Computational Neuroscience 9:99,
# [doi:10.3389/fncom.2015.00099](https://doi.org/10.3389/fncom.2015.00099).
#
# **Reproduced.** How their figure 2A comes about, the input weights of 100 excitatory neurons. On
# scikit-learn's digits (8 x 8 pixels) in place of MNIST, so that it takes seconds and no download.
#
# **Expected number.** 92 % validation accuracy at the end.
#
# **Protocol.** All parameters are defaults, which follow from the images. A fifth of the images is
# set aside and not used at all. Of the others, a fifth is for validation; the network is trained on
# the rest.
#
# **Running time.** Half a minute on two idle cores, the C++ compiler included; less when programs
# are in the build cache.

# %%
import copy
import os
import tempfile
import time
import warnings
from pathlib import Path

import h5py
import matplotlib.pyplot as plt
import numpy as np
from brian2 import ms
from IPython.display import display
from matplotlib.ticker import PercentFormatter
from sklearn.model_selection import train_test_split

# Without ipywidgets, tqdm draws its bars as text, and says so at length.
warnings.filterwarnings("ignore", message="IProgress not found")

from bioplastic.datasets import load_digits
from bioplastic.inspect import PlasticityRecorder, PlasticityRecording, plot_receptive_fields
from bioplastic.networks import DiehlCook
from bioplastic.readout import NeuronLabelClassifier

begun = time.perf_counter()
# The test suite runs this notebook on a tenth of the data.
quick = os.environ.get("BIOPLASTIC_NOTEBOOK_QUICK") == "1"
BLUE, ORANGE, RED, GREY = "#3f90da", "#ffa90e", "#bd1f01", "#717581"
scratch = tempfile.TemporaryDirectory()
folder = Path(scratch.name if quick else "out")
folder.mkdir(exist_ok=True)

# %% [markdown]
# ## The network
#
# Images become spikes: the brighter a pixel, the higher its rate. Each excitatory neuron receives
# all 64 pixels. The neuron that fires first inhibits the others. At the beginning, neurons differ
# only by their random weights.

# %%
digits = load_digits()
X, _, y, _ = train_test_split(
    digits.data, digits.target, test_size=0.2, stratify=digits.target, random_state=0
)
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
if quick:
    X_train, y_train, X_val, y_val = X_train[:150], y_train[:150], X_val[:60], y_val[:60]
net = DiehlCook(n_neurons=100, n_epochs=1 if quick else None, random_state=0)

# %% [markdown]
# ## The recorder
#
# A `PlasticityRecorder` takes a *snapshot* every so many images: weights, thresholds, the traces
# of the rule, and the rate of each neuron since the last snapshot. With `path` it writes to an
# HDF5 file during the training and needs almost no memory.

# %%
every = 10 if quick else 50
recorder = PlasticityRecorder(every=every, path=folder / "training.h5", overwrite=True)
net.fit(X_train, recorder=recorder)
recording = recorder.recording
print(f"{len(recording)} snapshots, {(folder / 'training.h5').stat().st_size / 1e6:.1f} MB")
print(f"{net.n_presentations_:,} images presented in {net.timings_['simulate']:.1f} s")
for name, values in recording.variables.items():
    print(f"{name:22s} {values.shape}")

# %% [markdown]
# ## Receptive fields form
#
# The *receptive field* of a neuron is its input weights, drawn as an image. Six neurons, from the
# random beginning to the end:

# %%
recording.plot_receptive_fields(n_moments=10)
plt.show()

# %% [markdown]
# What to look for: a field is noise until its neuron begins to win. Then it forms within a few
# hundred images, and hardly changes afterwards. A field that is noise at the end belongs to a
# neuron that never won.
#
# All hundred fields at the end. The classes were assigned afterwards, by the digit that a neuron
# responds to most.

# %%
readout = NeuronLabelClassifier().fit(net.transform(X_train), y_train)
plot_receptive_fields(net, labels=readout.assignments_)
plt.show()

# %% [markdown]
# ## Weights separate into two groups
#
# All 6,400 weights, one column per snapshot. The color is the number of synapses with a weight.

# %%
recording.plot_weight_distribution()
plt.show()

# %% [markdown]
# Weights begin uniformly distributed and separate into two groups. Pixels outside the digit of a
# neuron go to 0, pixels inside go to about 0.5. The weights onto a neuron are normalized to a fixed
# sum before each image, so one weight can only grow if others shrink.
#
# The final weight of each synapse against its initial weight:

# %%
recording.plot_weight_change()
plt.show()

# %% [markdown]
# There is no diagonal: final weights hardly depend on initial weights. If you see a diagonal
# here, the network has hardly learned. How long does it take to forget the random weights? And
# does learning converge?

# %%
first = recording.weights(points=0).ravel()
kept = [
    np.corrcoef(first, recording.weights(points=k).ravel())[0, 1] for k in range(len(recording))
]
step = [
    np.abs(recording.weights(points=k + 1) - recording.weights(points=k)).mean()
    for k in range(len(recording) - 1)
]
done = recording.samples + 1
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
left.plot(done, kept, color=BLUE)
left.set_ylim(-0.05, 1.02)
left.set_ylabel("correlation with the initial weights", fontsize=9)
left.set_title("Forgetting the random weights", loc="left", fontsize=11)
# The first step is that of the first scaling of weights.
right.plot(done[2:-1], 1e5 * np.array(step[1:-1]) / every, color=RED)
right.set_ylim(0, None)
right.set_ylabel("mean change of a weight (10⁻⁵ per image)", fontsize=9)
right.set_title("Convergence", loc="left", fontsize=11)
for axes in (left, right):
    axes.set_xlabel("samples presented", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# ## Thresholds make neurons take turns
#
# Each spike raises the threshold of its neuron a little. This is *homeostasis*: a neuron that has
# fired much becomes less excitable, and others win.

# %%
recording.plot_homeostasis()
plt.show()

# %% [markdown]
# What to look for: the band is wide while some neurons have won and others have not. Then it
# narrows, and all neurons fire about equally often. A neuron far above the band wins all the
# time; then check `inhibition` and `theta_plus`.
#
# The rate of each neuron over the training, sorted by the time of its maximum:

# %%
rates = recording.rates[:][1:]
busiest = np.argsort(rates.argmax(axis=0), kind="stable")
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
image = axes.imshow(
    rates[:, busiest].T, aspect="auto", cmap="magma", origin="lower", interpolation="nearest",
    extent=(0, done[-1], 0, rates.shape[1]), vmax=np.percentile(rates, 99.5),
)  # fmt: skip
axes.set_xlabel("samples presented", fontsize=9)
axes.set_ylabel("neuron, by its time of maximum rate", fontsize=9)
axes.set_title("Neurons take turns", loc="left", fontsize=11)
figure.colorbar(image, label="firing rate (Hz)", shrink=0.8)
plt.show()

# %% [markdown]
# One neuron after the other begins to win. At first it responds to every image. Its field forms,
# its threshold rises, so it becomes selective, and the next neuron wins. In the end each neuron
# responds to its own digit only.
#
# ## Accuracy over the training
#
# A snapshot contains a whole network: weights and thresholds. So we can put snapshots back into the
# network, label the neurons by the training images, and measure validation accuracy.

# %%
points = np.unique(np.geomspace(1, len(recording), 4 if quick else 11).round().astype(int)) - 1
scores, rivals = [], []
past = copy.copy(net)
for point in points:
    past.weights_ = recording.weights(points=point).astype(np.float64)
    past.theta_ = recording.thresholds()[point].astype(np.float64)
    labeled = NeuronLabelClassifier().fit(past.transform(X_train), y_train)
    scores.append(labeled.score(past.transform(X_val), y_val))
figure, axes = plt.subplots(figsize=(7, 3.4), layout="constrained")
axes.plot(done[points], scores, color=BLUE, marker="o", markersize=4)
axes.axhline(0.1, color=GREY, linewidth=0.8, linestyle="--")
axes.annotate("chance", (done[-1], 0.1), xytext=(0, 3), textcoords="offset points",
              ha="right", fontsize=8, color=GREY)  # fmt: skip
axes.set_ylim(0, 1)
axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
axes.set_xlabel("samples presented", fontsize=9)
axes.set_ylabel("validation accuracy", fontsize=9)
axes.set_title("Accuracy of snapshots", loc="left", fontsize=11)
axes.spines[["top", "right"]].set_visible(False)
plt.show()
print(", ".join(f"{n:,}: {s:.0%}" for n, s in zip(done[points], scores, strict=True)))

# %% [markdown]
# Accuracy fluctuates while neurons take turns. A likely reason: a neuron that has just begun to win
# responds to every image.

# %% [markdown]
# ## A closer look: one image
#
# Snapshots at the end of an image do not show what happens during its presentation. With `times`, a
# recorder takes snapshots at several moments of a sample: here every 0.5 ms, every time step, of
# three more images.

# %%
closeup = PlasticityRecorder(
    samples=[0, 1, 2],
    times=np.arange(1, 1001) * 0.5 * ms,
    variables=("traces", "excitatory.v", "excitatory.theta", "input_to_excitatory.w"),
)
net.partial_fit(X_train[:3], recorder=closeup)
inside = closeup.recording
print(inside)

# %% [markdown]
# The rule of Diehl & Cook uses three *traces*, variables that jump to 1 at a spike and decay:
# `r1` of each pixel, `o1` and `o2` of each neuron.

# %%
rule = net.network_.projections[0].rule
display(rule.equations)
print("on a presynaptic spike: ", rule.on_pre)
print("on a postsynaptic spike:", rule.on_post)

# %%
post_traces = [inside.variables["excitatory.o1"][inside.samples == n] for n in range(3)]
sample = int(np.argmax([trace.sum() for trace in post_traces]))
winner = int(post_traces[sample].sum(axis=0).argmax())
at = np.flatnonzero(inside.samples == sample)
moments = 1e3 * inside.times[at]
figure, (top, middle, bottom) = plt.subplots(
    3, 1, figsize=(8, 7), sharex=True, height_ratios=(1, 1.2, 1.2), layout="constrained"
)
top.plot(moments, 1e3 * inside.variables["excitatory.v"][at][:, winner], color=GREY, linewidth=1)
top.set_ylabel("membrane (mV)", fontsize=9)
top.set_title(f"Neuron {winner}, which responds to this image", loc="left", fontsize=11)
inside.plot_traces(sample=sample, neuron=winner, axes=middle)
middle.set_xlabel("")
weights = inside.weights(points=at)[:, :, winner]
change = weights - weights[0]
bottom.plot(moments, change, color=GREY, linewidth=0.5, alpha=0.6)
for pixel, color in ((change[-1].argmax(), BLUE), (change[-1].argmin(), RED)):
    bottom.plot(moments, change[:, pixel], color=color, label=f"pixel {pixel}")
bottom.set_ylabel("change of 64 weights", fontsize=9)
bottom.set_xlabel("time within the sample (ms)", fontsize=9)
bottom.legend(frameon=False, fontsize=8)
for axes in (top, middle, bottom):
    axes.axvspan(350, 500, color=GREY, alpha=0.12, linewidth=0)
    axes.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# Weights rise in steps, each at a spike of the neuron. Weights of pixels that spiked last rise
# most. The first spike has no effect, because `o2` is still 0: a triplet rule needs a second
# spike. Between spikes of the neuron, each presynaptic spike lowers its weight a little. Weights
# of dark pixels do not change until the normalization before the next image. (Gray: the rest,
# without input.)
#
# ## Limit the memory
#
# `max_bytes` limits the size of a recording. If the snapshots do not fit, every other one is
# removed, repeatedly, until they fit. Each line below is a training, each mark a snapshot.

# %%
budgets = {"all": 2**28, "1 MB": 10**6, "0.5 MB": 500_000, "0.25 MB": 250_000}
short = copy.copy(net).set_params(n_epochs=1 if quick else 2)
figure, axes = plt.subplots(figsize=(8, 2.4), layout="constrained")
for row, max_bytes in enumerate(budgets.values()):
    small = PlasticityRecorder(every=every, max_bytes=max_bytes)
    short.fit(X_train, recorder=small)
    axes.plot(
        small.recording.samples + 1, np.full(len(small.recording), row), "|", ms=14, color=BLUE
    )
axes.set_yticks(range(len(budgets)), [f"budget: {name}" for name in budgets])
axes.set_ylim(len(budgets) - 0.4, -0.6)
axes.set_xlabel("samples presented", fontsize=9)
axes.set_title("Snapshots that are kept", loc="left", fontsize=11)
axes.tick_params(axis="y", length=0)
axes.spines[["top", "right", "left"]].set_visible(False)
plt.show()

# %% [markdown]
# ## The file
#
# The recording of the long training is an HDF5 file. Any language can read it, also during the
# training.

# %%
recording.close()


def show(name, item):
    """Print arrays with their types and shapes."""
    if getattr(item, "size", 0):
        print(f"{name:45s} {item.dtype!s:8s} {item.shape}")


with h5py.File(folder / "training.h5") as file:
    file.visititems(show)

# %% [markdown]
# bioplastic reads only what you access, here the weights of one snapshot.

# %%
again = PlasticityRecording.load(folder / "training.h5")
again.weights(points=-1).shape

# %% [markdown]
# ## The page
#
# One interactive HTML file shows all of this, with a slider over the training. It needs neither an
# internet connection nor Python, so you can send it to a colleague. Open `out/training.html`, click
# on a field, and press the space bar.

# %%
page = again.write_page(folder / "training.html", overwrite=True)
again.close()
print(f"{page.name}: {page.stat().st_size / 1e6:.1f} MB")

# %% [markdown]
# ## What to look for
#
# | picture | a healthy training | something is wrong |
# |---|---|---|
# | receptive fields | noise, mixtures, single digits | all alike, or noise to the end |
# | distribution of weights | two groups | all at `w_max`, or nothing moves |
# | final against initial weights | no diagonal | a diagonal: training too short, or rates too low |
# | thresholds | a band that narrows | single neurons far above, or never rising |
# | rates | every neuron wins at some time | few bright rows: a few neurons always win |
# | change per image | falls | stays high: learning rate too high |
#
# ## Next
#
# - **MNIST.** The same recorder, `every=1000`, and `load_mnist()`: 60,000 images leave 61
#   snapshots of 784 x 100 weights, 19 MB.
# - **Any network.** `engine.run(..., recorder=recorder)` records any network, also single
#   variables, such as `variables=("excitatory.v",)`.
# - **Other rules.** `DiehlCook(rule="power_law")` trains by another rule; `your_own_rule.ipynb`
#   writes one.

# %%
scratch.cleanup()
print(f"This notebook took {time.perf_counter() - begun:.0f} s.")
