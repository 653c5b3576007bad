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
# # Diehl & Cook on handwritten digits
#
# **Source.** P. U. Diehl, M. Cook (2015), *Unsupervised learning of digit recognition using
# spike-timing-dependent plasticity*, Frontiers in Computational Neuroscience 9:99,
# [doi:10.3389/fncom.2015.00099](https://doi.org/10.3389/fncom.2015.00099).
#
# **Reproduced.** Their figure 2A, the input weights of 100 excitatory neurons, and their figure 3,
# the confusion matrix. On scikit-learn's digits (8 x 8 pixels, 1,797 images) in place of MNIST, so
# that it takes seconds and no download.
#
# **Expected number.** Test accuracy of 88 %, as in the README; `benchmarks/results/defaults.txt`
# has five splits and seeds.
#
# **Protocol.** A stratified fifth of the images (360) is held out. The network learns from the
# others without labels, for five epochs. The same images then label the neurons, with weights and
# thresholds held fixed. All parameters follow the images and the number of neurons, by a rule that
# was found on validation splits of the training part (docs/diehl_cook.md). The held-out images are
# presented once, at the end.
#
# **Running time.** Under a minute on two idle cores, of which half is the C++ compiler; a second
# run finds its programs in the build cache.

# %%
import os
import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split

# Without ipywidgets, tqdm draws its bars as text, and says so at length.
warnings.filterwarnings("ignore", message="IProgress not found")

from bioplastic import SpikeTrains
from bioplastic.datasets import load_digits
from bioplastic.inspect import plot_raster, plot_receptive_fields, plot_weight_history
from bioplastic.models import DiehlCookExcitatory, DiehlCookSTDP
from bioplastic.networks import DiehlCook, DiehlCookClassifier
from bioplastic.readout import NeuronLabelClassifier

begun = time.perf_counter()
# The test suite runs this notebook on a tenth of the data.
quick = os.environ.get("BIOPLASTIC_NOTEBOOK_QUICK") == "1"

# %% [markdown]
# ## Data
#
# The test images are not used before the confusion matrix.

# %%
digits = load_digits()
X_train, X_test, y_train, y_test = train_test_split(
    digits.data, digits.target, test_size=0.2, stratify=digits.target, random_state=0
)
n_epochs = None
if quick:
    X_train, y_train, n_epochs = X_train[:150], y_train[:150], 1
    X_test, y_test = X_test[:50], y_test[:50]
X_train.shape, X_test.shape

# %% [markdown]
# ## The model
#
# A neuron is a declaration: equation strings and their parameters.

# %%
excitatory = DiehlCookExcitatory()
print(excitatory.equations)
print("threshold:", excitatory.threshold)
print("reset:    ", excitatory.reset)

# %% [markdown]
# A notebook shows equations as formulas.

# %%
excitatory.equations

# %% [markdown]
# The learning rule of the authors' script: a presynaptic spike *lowers* the weight by
# `eta_minus*o1`, a postsynaptic one raises it by `eta_plus*r1*o2`. The traces `r1`, `o1` and `o2`
# jump to 1 at a spike and decay.

# %%
rule = DiehlCookSTDP()
display(rule.equations)
print("on a presynaptic spike:  ", rule.on_pre)
print("on a postsynaptic spike: ", rule.on_post)

# %% [markdown]
# ## Training
#
# An image of 64 pixels drives a network less than one of 784. So pixels fire faster here than on
# MNIST, and each neuron has a larger sum of weights per pixel; 100 neurons inhibit each other more
# strongly than 400. `fit` derives these parameters from the images, unless you give them.
# `verbose=1` shows a progress bar.

# %%
parameters = {"n_neurons": 100, "random_state": 0}
model = DiehlCookClassifier(n_epochs=n_epochs, rule=rule, **parameters)
model.fit(X_train, y_train)
print(
    f"{model.rate_max_:.0f} Hz, weights sum to {model.norm_:.1f}, inhibition {model.inhibition_:g},"
)
print(f"theta_plus {1e6 * model.theta_plus_:.0f} uV, {model.n_epochs_} epochs")
for part, seconds in model.timings_.items():
    print(f"{part:9s} {seconds:5.1f} s")
print(f"{1e3 * model.timings_['simulate'] / model.n_presentations_:.2f} ms a presentation")

# %% [markdown]
# The history of the training. Weights separate into those near 0 and those of a digit. Thresholds
# grow with every spike, so a neuron that fires often lets others win.

# %%
plot_weight_history(model)
plt.show()

# %% [markdown]
# ## What was learned
#
# Each tile shows the input weights of one neuron, with the class that it was assigned. Training
# used no labels; classes were assigned afterwards.

# %%
plot_receptive_fields(model, labels=model.readout_.assignments_)
plt.show()

# %% [markdown]
# Responses to ten training images, a 0 to a 9, one after the other. Few neurons respond to an
# image, because the first to fire inhibits all others. Neurons are ordered and colored by their
# class, so correct responses are on the diagonal.

# %%
first_of_each = [np.flatnonzero(y_train == digit)[0] for digit in range(10)]
answers = model.transform_spikes(X_train[first_of_each])
starts = np.concatenate([[0.0], np.cumsum(answers.duration)[:-1]])
in_a_row = SpikeTrains(
    answers.times + np.repeat(starts, np.diff(answers.offsets)),
    answers.units,
    [0, len(answers.times)],
    n_units=answers.n_units,
    duration=answers.duration.sum(),
)
names = model.readout_.assignments_
axes = plot_raster(in_a_row, units=np.argsort(names, kind="stable"), labels=names)
axes.set_xticks(starts, [f"a {digit}" for digit in range(10)], ha="left")
axes.set_xlabel("presented image")
axes.grid(axis="x", linewidth=0.5)
axes.set_title(f"{len(answers.times)} spikes for ten images", loc="left", fontsize=11)
plt.show()

# %% [markdown]
# ## Test accuracy

# %%
predicted = model.predict(X_test)
correct = int((predicted == y_test).sum())
print(f"{correct} of {len(y_test)} test digits classified correctly, {correct / len(y_test):.1%}")
figure, axes = plt.subplots(figsize=(5.2, 4.6), layout="constrained")
ConfusionMatrixDisplay.from_predictions(y_test, predicted, cmap="Blues", colorbar=False, ax=axes)
plt.show()

# %% [markdown]
# ## Does the sign of the rule matter?
#
# Most ports of the script *add* `eta_minus*o1` at a presynaptic spike, where the authors subtract
# it. A rule is a string, so one line reproduces the error. Its effect is measured on a validation
# split of the training part, because test images are used once. No presentation is repeated here.

# %%
X_fit, X_val, y_fit, y_val = train_test_split(
    X_train, y_train, test_size=0.2, stratify=y_train, random_state=0
)


def validate(rule):
    """Return validation accuracy and the share of weights near 0 and above 0.5."""
    network = DiehlCook(n_epochs=n_epochs, min_spikes=0, rule=rule, **parameters)
    readout = NeuronLabelClassifier().fit(network.fit_transform(X_fit), y_fit)
    weights = network.weights_
    accuracy = readout.score(network.transform(X_val), y_val)
    return accuracy, (weights < 0.01).mean(), (weights > 0.5).mean()


wrong_sign = "w = clip(w + eta_minus*o1_post, 0, w_max)"
print("sign  eta_minus  accuracy  w < 0.01  w > 0.5")
for eta_minus in (1e-4, 1e-3):
    for sign, variant in (
        ("right", DiehlCookSTDP(eta_minus=eta_minus)),
        ("wrong", DiehlCookSTDP(eta_minus=eta_minus, on_pre=wrong_sign)),
    ):
        accuracy, silent, strong = validate(variant)
        print(f"{sign}  {eta_minus:9.4f}  {accuracy:8.1%}  {silent:8.1%}  {strong:7.1%}")

# %% [markdown]
# At the published `eta_minus` of 0.0001 the term is small compared with potentiation and
# normalization, and the sign makes little difference (288 images: the standard error of each
# accuracy is about 2 %). That may be why the error was not noticed for so long. At ten times the
# rate they are two different rules. The right sign opposes potentiation so strongly that, with
# the other parameters unchanged, little is learned. With the wrong sign only normalization limits
# growth, and `eta_minus` hardly matters. (A changed `eta_minus` needs no new build; a changed
# string does.)

# %%
print(f"This notebook took {time.perf_counter() - begun:.0f} s.")
