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
# # From a data set to a listener
#
# This notebook goes from a data set of tonic to a model that classifies a word while it is
# spoken, and to C++ code without Python.
#
# **Source.** The file layout, and the task of unseen speakers: B. Cramer, Y. Stradmann,
# J. Schemmel, F. Zenke (2022), *The Heidelberg Spiking Data Sets for the Systematic Evaluation of
# Spiking Neural Networks*, IEEE Transactions on Neural Networks and Learning Systems
# 33(7):2744-2757, [doi:10.1109/TNNLS.2020.3044364](https://doi.org/10.1109/TNNLS.2020.3044364).
# Read by [tonic](https://tonic.readthedocs.io).
#
# **Reproduced.** No published number.
#
# **Expected number.** 95.4 % of 240 words by unseen voices. Predictions of the listener and of
# the C++ program equal those of the model.
#
# **Protocol.** 720 words, zero to nine, by 12 voices of a speech synthesizer, written in the
# layout of SHD, because nothing is downloaded here. Training on eight voices, test on the other
# four, once. No hyperparameter was tuned. Synthetic speech is easy: the accuracy says nothing
# about people.
#
# **Running time.** A minute on one core.

# %%
import os
import subprocess
import tempfile
import time
import warnings
import zipfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# Without ipywidgets, tqdm draws its bars as text, and says so at length.
warnings.filterwarnings("ignore", message="IProgress not found")

import tonic

from bioplastic import SpikeTrains
from bioplastic.datasets import load_spoken
from bioplastic.exchange import export_cpp
from bioplastic.inspect import plot_raster
from bioplastic.networks import LiquidStateMachine, Listener
from bioplastic.readout import SpikeCount

# The test suite runs this notebook on few words.
quick = os.environ.get("BIOPLASTIC_NOTEBOOK_QUICK") == "1"
BLUE, ORANGE, RED, GREY = "#3f90da", "#ffa90e", "#bd1f01", "#717581"
folder = Path(tempfile.mkdtemp())

# %% [markdown]
# ## A data set of tonic
#
# With an internet connection you would write `tonic.datasets.SHD("data", train=True)`, or
# `load_shd(fetch=True)`. Here the synthesized words are first written into a file in SHD's
# layout, with the archive beside it that tonic expects. From there on everything is as with the
# original.

# %%
spoken = load_spoken()
voices = np.unique(spoken.groups)
known = np.isin(spoken.groups, voices[: 3 if quick else 8])
place = folder / "SHD"
for name, rows in (("train", known), ("test", ~known)):
    rows = np.flatnonzero(rows)[:: 6 if quick else 1]
    path = place / f"shd_{name}.h5"
    spoken.data[rows].save(
        path,
        labels=spoken.target[rows],
        label_names=spoken.target_names,
        groups=np.searchsorted(voices, spoken.groups[rows]),
        times_dtype="float32",
    )
    with zipfile.ZipFile(f"{path}.zip", "w") as archive:
        archive.write(path, path.name)


training, test = (tonic.datasets.SHD(folder, train=train) for train in (True, False))
events, label = training[0]
print(f"{len(training)} words; fields {events.dtype.names}; the first word is a {label}")

# %% [markdown]
# `SpikeTrains.from_tonic` reads it event by event. Microseconds become seconds, coordinates
# become units, and speakers become groups. Transforms of tonic may be applied before: here one
# event in ten is dropped.

# %%
channels = (spoken.data.n_units, 1, 1)  # SHD's own are 700
learned, unseen = (
    SpikeTrains.from_tonic(each, sensor_size=channels, return_bunch=True)
    for each in (training, test)
)
drop = tonic.transforms.DropEvent(p=0.1)
lossy = SpikeTrains.from_tonic(
    [drop(test[0][0])], sensor_size=channels, duration=unseen.data.duration[:1]
)
figure, panels = plt.subplots(1, 2, sharey=True, figsize=(9, 3.2), layout="constrained")
for axes, spikes, title in (
    (panels[0], unseen.data[:1], "as tonic reads it"),
    (panels[1], lossy, "through DropEvent(p=0.1)"),
):
    plot_raster(spikes, axes=axes)
    axes.set_ylabel("unit" if axes is panels[0] else "")
    axes.set_title(f"{title}: {len(spikes.times):,} spikes", loc="left", fontsize=11)
plt.show()
learned.data, unseen.data, np.unique(unseen.groups)

# %% [markdown]
# ## A model
#
# A liquid of neurons with these equations, and a linear classifier of its spike counts.

# %%
model = make_pipeline(
    LiquidStateMachine(100 if quick else 400, random_state=0),
    SpikeCount(),
    StandardScaler(),
    RidgeClassifier(alpha=100.0),
)
model.fit(learned.data, learned.target)
model[0].network_.population("exc").neuron.equations

# %%
answers = model.predict(unseen.data)
accuracy = np.mean(answers == unseen.target)
names = np.unique(unseen.groups)
shares = [np.mean((answers == unseen.target)[unseen.groups == name]) for name in names]
figure, axes = plt.subplots(figsize=(5, 2.6), layout="constrained")
axes.barh([str(voices[int(n)]) for n in names], 100 * np.array(shares), color=BLUE)
axes.set_xlim(0, 100)
axes.set_xlabel("accuracy (%)")
axes.set_title(f"unseen voices: {100 * accuracy:.1f} %", loc="left", fontsize=11)
plt.show()

# %% [markdown]
# ## A listener
#
# `predict` starts the compiled program for each call. A listener keeps it running.

# %%
words = [unseen.data[k : k + 1] for k in range(min(60, len(unseen.target)))]


def seconds(answer):
    """Wall time of each word."""
    found = []
    for word in words:
        begun = time.perf_counter()
        answer(word)
        found.append(1e3 * (time.perf_counter() - begun))
    return np.array(found)


restarted = seconds(model.predict)
with Listener(model) as listener:
    kept = seconds(listener.predict)
    same = all((listener.predict(word) == model.predict(word)).all() for word in words[:20])
print("the same answers:", same)
figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
edges = np.geomspace(min(kept.min(), restarted.min()) * 0.9, restarted.max() * 1.1, 40)
axes.hist(kept, edges, color=BLUE, label=f"a listener, median {np.median(kept):.1f} ms")
axes.hist(restarted, edges, color=ORANGE, label=f"predict, median {np.median(restarted):.1f} ms")
axes.set_xscale("log")
axes.set_xticks([2, 5, 10, 20], ["2", "5", "10", "20"])
axes.minorticks_off()
axes.set_xlabel("from a word to its answer (ms)")
axes.set_ylabel("words")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# A word may arrive in blocks of 20 ms, as from a sensor. The liquid continues from the previous
# block. After each block, the readout classifies the spikes so far, as if the word had ended.

# %%
right = np.flatnonzero(answers == unseen.target)
word, said = unseen.data[right[0] : right[0] + 1], unseen.target[right[0]]
ends, scores, latency = [], [], []
with Listener(model) as listener, listener.stream() as stream:
    while stream.time < word.duration[0]:
        end = min(stream.time + 0.02, float(word.duration[0]))
        now = (word.times >= stream.time) & (word.times < end)
        so_far = stream.send(word.times[now], word.units[now], until=end)
        ends.append(end)
        latency.append(1e3 * stream.latency)
        scores.append(so_far)
    whole = stream.end()
print("the whole word, in blocks:", whole, "at once:", model.predict(word))
figure, (above, below) = plt.subplots(
    2, 1, sharex=True, figsize=(8, 4.4), height_ratios=[2, 1], layout="constrained"
)
plot_raster(word, axes=above)
above.set_xlabel("")
above.set_title(f'"{spoken.target_names[said]}"', loc="left", fontsize=11)
score_so_far = np.array(scores)
below.step(ends, score_so_far, where="post", color=GREY)
good = score_so_far == said
below.scatter(np.array(ends)[good], score_so_far[good], color=BLUE, label="right", zorder=3)
below.scatter(np.array(ends)[~good], score_so_far[~good], color=RED, label="wrong", zorder=3)
below.set_ylabel("answer so far")
below.set_yticks(range(0, 10, 3))
below.set_xlabel(f"time (s); a block takes {np.median(latency):.1f} ms")
below.legend(frameon=False, ncols=2)
plt.show()

# %% [markdown]
# ## Without Python
#
# The same model as a folder of C++ code: events in, predictions out. It needs only a compiler.

# %%
export_cpp(model, folder / "answer")
subprocess.run(["make", "-s", "-C", folder / "answer"], check=True)
lines = []
for word in words[:10]:
    lines.append(f"{float(word.duration[0])}")
    lines += [f"{when} {unit}" for when, unit in zip(word.times, word.units, strict=True)]
    lines.append("")  # the word ends
program = subprocess.run(
    folder / "answer" / "answer",
    input="\n".join(lines),
    text=True,
    capture_output=True,
    check=True,
)
said = program.stdout.split()
print("C++:   ", *said)
print("Python:", *(model.predict(word)[0] for word in words[:10]))
