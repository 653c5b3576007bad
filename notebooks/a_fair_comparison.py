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
# # A fair comparison
#
# Accuracies of two methods can be compared only with the same splits, equal tuning, and test data
# that are used once. Cost matters as well. This notebook runs a small comparison of five methods,
# and adds one of your own.
#
# **Source.** J. Yik and others (2025), *The neurobench framework for benchmarking neuromorphic
# computing algorithms and systems*, Nature Communications 16:1545,
# [doi:10.1038/s41467-025-56739-4](https://doi.org/10.1038/s41467-025-56739-4), for the costs.
#
# **Reproduced.** Its counts of synaptic operations, for networks of this library.
#
# **Expected number.** 98.3 % accuracy on words of unseen voices for a liquid with a linear
# readout, 98.7 % for a support vector machine of the input: on easy data a network gains nothing.
#
# **Protocol.** Words by twelve voices of a speech synthesizer, at the size "demo": 300 training
# and 100 test words. Each seed holds out three other voices. Every method tries two sets of
# hyperparameters on a second set of voices. Synthetic speech is easy; `bioplastic compare --data
# hd` runs the same on real speech, and takes an hour.
#
# **Running time.** About two minutes on two cores, most of it for the C++ compiler. A second run
# finds programs and outcomes.

# %%
import os
import tempfile
import warnings

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Math, display
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import Pipeline

# Without ipywidgets, tqdm draws its bars as text, and says so at length.
warnings.filterwarnings("ignore", message="IProgress not found")

from bioplastic.inspect import plot_confusion, plot_raster
from bioplastic.readout import TimeBinnedCount
from bioplastic.study import METHODS, Method, Theory, Workload, compare
from bioplastic.study.energy import DEVICES, energy

# The test suite runs this notebook with fewer methods and seeds.
quick = os.environ.get("BIOPLASTIC_NOTEBOOK_QUICK") == "1"
BLUE, ORANGE, GREY = "#3f90da", "#ffa90e", "#717581"

# %% [markdown]
# ## A method of your own
#
# A method has four parts: the sets of hyperparameters to choose from, an estimator for each, the
# operations of training and inference, and a description. This one classifies a word by the
# nearest class mean, in bins of time and channels. Each mean is a template of a word.


# %%
class Templates(Method):
    """Nearest class mean of the input's spike counts."""

    name, title, plausible = "templates", "nearest class mean", False
    theory = Theory(
        idea="The mean of each class is kept; a word is named by the nearest one.",
        strengths="Nothing could be simpler.",
        weaknesses="One template a word, for all voices.",
        local="Running means.",
        not_local="The comparison.",
        history="Nothing was tuned.",
        sources=[],
    )

    def candidates(self, X, size):
        return [{"n_bins": 15}, {"n_bins": 6}]

    def make(self, X, size, settings, seed, *, trial):
        bins = TimeBinnedCount(n_bins=settings["n_bins"], n_groups=32, relative=True)
        return Pipeline([("bins", bins), ("means", NearestCentroid())])

    def workloads(self, model, X_train, X_test):
        classes, features = model["means"].centroids_.shape
        each = {"n_weights": classes * features, "footprint": 8 * classes * features}
        n = len(X_train), len(X_test)
        return (
            Workload(n_samples=n[0], effective_acs=n[0] * features, **each),
            Workload(n_samples=n[1], effective_macs=n[1] * classes * features, **each),
        )

    def describe(self, model):
        return repr(model)


# %% [markdown]
# ## Five methods, one call
#
# Outcomes are stored in a folder. You can stop the call at any time: the next one continues, and
# nothing is computed twice.

# %%
methods = ["svm", "mlp"] if quick else ["svm", "mlp", "liquid", "timing", "rstdp"]
with tempfile.TemporaryDirectory() as folder:
    study = compare(
        "spoken",
        [*methods, Templates()],
        seeds=1 if quick else 4,
        size="demo",
        budget=2,
        folder=folder,
        n_jobs=1 if quick else 2,
    )
    page = study.write_report(folder)
    print(f"{page.name}: {page.stat().st_size / 1e6:.1f} MB, open it in a browser")
summary = study.summary()
order = sorted(summary, key=lambda name: -summary[name].accuracy)
for name in order:
    said = summary[name]
    print(f"{study.methods[name].title:<28}{100 * said.accuracy:6.1f} %")

# %% [markdown]
# ## Accuracy and its uncertainty
#
# A method should generalize to new voices, so voices are the units of the statistics. The
# interval is that of a mean over voices, and two methods are compared voice by voice.

# %%
fig, ax = plt.subplots(figsize=(7, 0.5 + 0.45 * len(order)), layout="constrained")
for row, name in enumerate(reversed(order)):
    said = summary[name]
    color = BLUE if study.methods[name].plausible else GREY
    ax.plot([100 * said.low, 100 * said.high], [row, row], color=color, lw=3, alpha=0.5)
    ax.plot(100 * said.accuracy, row, "o", color=color, ms=8)
ax.set_yticks(range(len(order)), [study.methods[name].title for name in reversed(order)])
ax.set(xlabel="accuracy by voice, % (bars: 95 % interval)")
ax.set_title("Blue: plausible; grey: reference")
plt.show()

# %%
for test in study.tests():
    if test.p is None:
        continue
    print(
        f"{test.first} - {test.second}: {100 * test.difference:+.1f} points, "
        f"p = {test.p_corrected:.3f} (corrected for {len(study.tests())} pairs)"
    )

# %% [markdown]
# ## Operations and energy
#
# A spike that arrives at a synapse is one addition (AC). A number that arrives is one
# multiplication with the weight (MAC). With published energies of both for a device,

# %%
display(Math(r"E = n_\mathrm{AC}\,E_\mathrm{AC} + n_\mathrm{MAC}\,E_\mathrm{MAC} + n_v\,E_v"))
cmos = DEVICES["cmos45"]
print(f"{cmos.title}: {1e12 * cmos.synop:.1f} pJ an AC, {1e12 * cmos.mac:.1f} pJ a MAC")
print(cmos.caveat)
of = {name: [o for o in study.outcomes if o.method == name] for name in order}
joules = {name: np.mean([energy(o.inference, cmos) for o in of[name]]) for name in order}

# %%
fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for name, marker in zip(order, "os^vDP"):  # noqa: B905
    method = study.methods[name]
    ax.plot(
        1e6 * joules[name],
        100 * summary[name].accuracy,
        marker,
        ms=9,
        color=BLUE if method.plausible else GREY,
        mfc=BLUE if method.plausible else "none",
        label=method.title,
    )
ax.set(xscale="log", xlabel="energy of naming a word, µJ (45 nm CMOS)", ylabel="accuracy, %")
ax.margins(x=0.1)
ax.legend(bbox_to_anchor=(1, 1), loc="upper left", frameon=False)
ax.set_title("Filled: plausible; hollow: reference")
plt.show()

# %% [markdown]
# ## Confusions and spikes
#
# Every outcome contains its predictions, so confusions can be plotted. Networks also keep the
# spikes of one test word.

# %%
first = of[order[-1]][0]
fig, ax = plt.subplots(figsize=(5, 5), layout="constrained")
plot_confusion(
    first.truth,
    first.answers,
    classes=range(len(first.classes)),
    names=first.classes,
    title=f"{study.methods[first.method].title}: {first.accuracy:.0%} right",
    axes=ax,
)
plt.show()

# %%
shown = next((o for o in study.outcomes if "raster_times" in o.exhibits), None)
if shown is None:
    X = study.problems["spoken"].load().X
    times, units, title = X[0].times, X[0].units, "the input"
else:
    times, units = shown.exhibits["raster_times"], shown.exhibits["raster_units"]
    title = f"{study.methods[shown.method].title}: {shown.exhibits['raster_population']}"
fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
plot_raster((times, units), axes=ax)
ax.set_title(title, loc="left")
plt.show()

# %% [markdown]
# ## Descriptions of the methods

# %%
for name in order:
    if name in METHODS:
        theory = METHODS[name].theory
        print(f"{METHODS[name].title}\n  local: {theory.local}\n  not local: {theory.not_local}\n")
