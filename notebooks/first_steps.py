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
# # First steps: a spiking network learns digits
#
# A handwritten digit becomes spikes. A hundred neurons receive such spikes, learn from them without
# labels, and become detectors of digits. Run the cells one after the other: the first picture takes
# seconds, the trained network less than a minute.
#
# **Source.** P. U. Diehl, M. Cook (2015), *Unsupervised learning of digit recognition using
# spike-timing-dependent plasticity*, Frontiers in Computational Neuroscience 9:99,
# [doi:10.3389/fncom.2015.00099](https://doi.org/10.3389/fncom.2015.00099).
#
# **Reproduced.** Their figure 2A, the receptive fields of 100 excitatory neurons, on scikit-learn's
# digits (8 x 8 pixels) in place of MNIST.
#
# **Expected number.** 88.3 % accuracy on test images (95 % interval 84.6 to 91.3 %).
#
# **Protocol.** A stratified fifth of the images is the test set. It is presented once, after
# training and labeling. No parameter is given: all follow from the training images.
#
# **Running time.** On two idle cores the first picture takes 3 s and the trained network 12 s, the
# C++ compiler included; a second run takes 8 s.
#
# ## An image as spikes
#
# Each pixel drives one input neuron. The brighter the pixel, the higher the rate of its spikes.

# %%
from bioplastic import datasets, encoding, inspect

digits = datasets.load_digits()
spikes = encoding.PoissonEncoder(random_state=0).fit_transform(digits.data[:1])
axes = inspect.plot_raster(spikes)

# %% [markdown]
# ## Train a network
#
# `DiehlCookClassifier` is a scikit-learn estimator. `fit` declares the network, compiles it to one
# C++ program, and presents all training images to it, five times. Synapses learn from spikes alone.
# Afterwards each neuron is assigned the class of the training images that it responds to most. Only
# this last step uses labels.

# %%
import os
import time

from sklearn.model_selection import train_test_split

from bioplastic.networks import DiehlCookClassifier

begun = time.perf_counter()
X_train, X_test, y_train, y_test = train_test_split(
    digits.data, digits.target, test_size=0.2, stratify=digits.target, random_state=0
)
if os.environ.get("BIOPLASTIC_NOTEBOOK_QUICK") == "1":  # the test suite uses fewer images
    X_train, y_train = X_train[:150], y_train[:150]
model = DiehlCookClassifier(random_state=0)
model.fit(X_train, y_train)
print(f"{model.score(X_test, y_test):.1%} accuracy on {len(y_test)} test images")
print(f"{model.n_presentations_:,} presentations, {time.perf_counter() - begun:.0f} s in all")

# %% [markdown]
# ## See what the neurons learned
#
# A *receptive field* is the 64 input weights of a neuron, drawn as an image. The digit in each
# corner is the class that the neuron was assigned.

# %%
axes = inspect.plot_receptive_fields(model, labels=model.readout_.assignments_)

# %% [markdown]
# ## Look at one test image
#
# The response to an image is a handful of spikes. Each line of the raster is a neuron; the class
# whose neurons spike most on average is the prediction.

# %%
import matplotlib.pyplot as plt

response = model.transform_spikes(X_test[:1])
figure, (left, right) = plt.subplots(
    1, 2, figsize=(9, 3.2), width_ratios=(1, 2.5), layout="constrained"
)
left.imshow(X_test[0].reshape(8, 8), cmap="gray_r")
left.set_title(f"true class {y_test[0]}, predicted {model.predict(X_test[:1])[0]}")
left.set_axis_off()
axes = inspect.plot_raster(response, axes=right)

# %% [markdown]
# ## See which digits are confused

# %%
axes = inspect.plot_confusion(y_test, model.predict(X_test))

# %% [markdown]
# ## Read the equations
#
# Every model prints its equations. This is the excitatory neuron:

# %%
from bioplastic.models import DiehlCookExcitatory, DiehlCookSTDP

DiehlCookExcitatory().equations

# %% [markdown]
# This is its plasticity rule. A presynaptic spike lowers the weight in proportion to `o1`, the
# trace of the postsynaptic neuron. A postsynaptic spike raises the weight in proportion to `r1`,
# the presynaptic trace, and to `o2`, a slower trace of its own earlier spikes.

# %%
rule = DiehlCookSTDP()
print("presynaptic spike: ", rule.on_pre)
print("postsynaptic spike:", rule.on_post)

# %% [markdown]
# ## Read on
#
# - `diehl_cook_digits.ipynb` takes this network apart, step by step.
# - `liquid_hears.ipynb` classifies spoken words.
# - `your_own_rule.ipynb` writes a plasticity rule from scratch.
# - `bring_your_own_network.ipynb` brings a network of your own, also from Brian2.
