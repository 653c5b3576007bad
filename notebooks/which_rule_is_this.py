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
# # Which rule is this?
#
# Four plasticity rules are hidden behind letters. They look alike in the experiment that
# everybody shows, and other classical experiments must distinguish them. Then the same
# experiments in real neurons show which rules are realistic.
#
# **Source.** J.-P. Pfister, W. Gerstner (2006), *Triplets of spikes in a model of spike
# timing-dependent plasticity*, Journal of Neuroscience 26:9673,
# [doi:10.1523/JNEUROSCI.1425-06.2006](https://doi.org/10.1523/JNEUROSCI.1425-06.2006). C. Clopath
# et al. (2010), *Connectivity reflects coding*, Nature Neuroscience 13:344,
# [doi:10.1038/nn.2479](https://doi.org/10.1038/nn.2479). Measured values:
# [Sjöström et al. 2001](https://doi.org/10.1016/S0896-6273(01)00542-6),
# [Wang et al. 2005](https://doi.org/10.1038/nn1387).
#
# **Reproduced.** Pfister & Gerstner: the dependence of weight change on the frequency of
# pairings, on triplets of spikes, and on the rate of the neuron. Clopath et al.: the frequency of
# pairings.
#
# **Expected number.** Mean squared error of the triplet rule for Sjöström's ten values, in units
# of the standard error: 0.356 (minimal form), 0.342 (full) and 0.232 (full, nearest spikes).
#
# **Protocol.** One synapse per condition, all of them in one run, between neurons with given
# spikes. Constants are those of the papers. Only the pair rule is fitted, to give it a chance.
#
# **Running time.** Under a minute on two idle cores, of which half is the C++ compiler. A second
# run finds its programs in the build cache.

# %%
import os
import time
import warnings
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
from brian2 import Hz, ms, mV, second
from IPython.display import display
from scipy.optimize import nnls

# Without ipywidgets, tqdm draws its bars as text, and says so at length.
warnings.filterwarnings("ignore", message="IProgress not found")

from bioplastic.inspect import (
    pairing_protocol,
    plot_protocol,
    rate_protocol,
    stdp_window,
    triplet_protocol,
)
from bioplastic.inspect.measurements import SJOESTROEM_2001, WANG_2005
from bioplastic.models import (
    AdaptiveExponential,
    MultiplicativeSTDP,
    NearestTripletSTDP,
    PairSTDP,
    TripletSTDP,
    VoltageSTDP,
)

begun = time.perf_counter()
# The test suite runs this notebook on fewer conditions.
quick = os.environ.get("BIOPLASTIC_NOTEBOOK_QUICK") == "1"
BLUE, ORANGE, RED, GREY = "#3f90da", "#ffa90e", "#bd1f01", "#717581"

# %% [markdown]
# ## The four rules
#
# - **Pair.** Each pair of a presynaptic and a postsynaptic spike changes the weight.
# - **Pair, soft bounds.** The same, but the change is smaller near the bound.
# - **Triplet.** A pair has a larger effect if the neuron fired shortly before.
# - **Triplet, nearest spikes.** The same, but only the last spike of either side counts.
#
# All four have the same constants for pairs. Letters are drawn at random. (Use another seed to
# play it yourself.)

# %%
triplet = TripletSTDP.published("hippocampus", "minimal", w_max=2.0)
pairs = {
    "a_plus": triplet.a2_plus, "a_minus": triplet.a2_minus,
    "tau_plus": triplet.tau_plus, "tau_minus": triplet.tau_minus, "w_max": 2.0,
}  # fmt: skip
suspects = {
    "pair": PairSTDP(**pairs),
    "pair, soft bounds": MultiplicativeSTDP(**pairs),
    "triplet": triplet,
    "triplet, nearest": NearestTripletSTDP(**triplet.parameters),
}
names = np.random.default_rng(seed=5).permutation(list(suspects))
rules = dict(zip("ABCD", [suspects[name] for name in names], strict=True))
letters = list(rules)

# %% [markdown]
# All of them use traces: variables that jump at a spike and decay. These are the traces of the
# triplet rule; `r` belong to the presynaptic neuron, `o` to the postsynaptic one.

# %%
display(triplet.equations)
print("on a presynaptic spike:  ", triplet.on_pre)
print("on a postsynaptic spike: ", triplet.on_post)

# %% [markdown]
# ## Experiment 1: one pair of spikes
#
# The *window*: how much one pair of spikes changes the weight, by the time between them. Right of
# zero the presynaptic spike came first.

# %%
windows = {letter: stdp_window(rule, dt=1 * ms) for letter, rule in rules.items()}
figure, panels = plt.subplots(1, 4, figsize=(11, 2.8), sharey=True, layout="constrained")
for axes, letter in zip(panels, letters, strict=True):
    plot_protocol(windows[letter], title=letter, axes=axes)
    axes.set_xlabel("post after pre (ms)")
for axes in panels[1:]:
    axes.set_ylabel("")
plt.show()
changes = np.array([window.change for window in windows.values()])
print(f"largest difference between them: {np.ptp(changes, axis=0).max():.0e}")

# %% [markdown]
# Four rules have the same window. So a window does not identify a rule.
#
# ## Experiment 2: a weak synapse and a strong one
#
# The same, from a weight near the lower bound, in the middle, and near the upper bound.

# %%
weights = (0.4, 1.0, 1.6)
by_weight = {
    letter: [stdp_window(rule, w=w, dt=1 * ms) for w in weights] for letter, rule in rules.items()
}
figure, panels = plt.subplots(1, 4, figsize=(11, 3), sharey=True, layout="constrained")
for axes, letter in zip(panels, letters, strict=True):
    lines = {f"w = {w}": found for w, found in zip(weights, by_weight[letter], strict=True)}
    plot_protocol(lines, title=letter, axes=axes)
    axes.set_xlabel("post after pre (ms)")
    axes.get_legend().set_visible(letter == "A")
for axes in panels[1:]:
    axes.set_ylabel("")
plt.show()

# %% [markdown]
# The three lines of one letter differ. This is the rule with soft bounds: it raises weak weights
# more and lowers strong ones more. The other three rules do not depend on the weight.
#
# ## Experiment 3: three spikes
#
# This experiment separates pair from triplet rules. *Pre, post, pre* with 5 ms in between
# contains one pair of +5 ms and one of −5 ms. So does *post, pre, post*. If only pairs mattered,
# both would have the same effect.

# %%
kinds = list(WANG_2005)
threes = {
    letter: [triplet_protocol(rule, kind, n_triplets=1, dt=1 * ms, wait=20 * ms) for kind in kinds]
    for letter, rule in rules.items()
}
plot_protocol(threes, title="Change by one triplet of spikes")
plt.show()

# %% [markdown]
# For two letters, *post, pre, post* has a larger effect than *pre, post, pre*: the neuron's first
# spike amplifies the effect of its second one. These are the triplet rules.
#
# ## Experiment 4: many pairs, at different frequencies
#
# Twenty pairs, 10 ms apart, at 5 to 50 pairs a second. Solid lines: pre first.

# %%
frequencies = [5, 50] * Hz if quick else [5, 10, 20, 40, 50] * Hz
series = {
    letter: pairing_protocol(rule, frequencies, n_pairs=20, dt=1 * ms, engine="numpy")
    for letter, rule in rules.items()
}
plot_protocol(series, title="Change by 20 pairs of spikes")
plt.show()

# %% [markdown]
# Now the triplet rules differ, too. The one with all spikes rises more: its traces add up at high
# frequencies, while those of nearest spikes are reset. At 50 pairs a second both raise the weight
# in either order. The pair rules lower it in either order.
#
# ## Result
#
# Which experiment distinguishes which rules? Each square is the largest difference between two
# letters, relative to the largest change.

# %%
found = {
    "1  one pair": changes,
    "2  other weights": [[window.change for window in row] for row in by_weight.values()],
    "3  three spikes": [[result.change for result in row] for row in threes.values()],
    "4  many pairs": [result.change for result in series.values()],
}
figure, panels = plt.subplots(1, 4, figsize=(11, 2.9), layout="constrained")
for axes, (experiment, values) in zip(panels, found.items(), strict=True):
    values = np.array(values).reshape(4, -1)
    apart = np.abs(values[:, None] - values).max(axis=2) / np.abs(values).max()
    apart[apart < 1e-9] = 0
    axes.imshow(apart, cmap="Blues", vmin=0, vmax=1.2)
    for i, j in np.ndindex(4, 4):
        if i != j:
            share = apart[i, j]
            text = "same" if share == 0 else "< 1 %" if share < 0.01 else f"{100 * share:.0f} %"
            color = "white" if share > 0.6 else "black"
            axes.text(j, i, text, ha="center", va="center", fontsize=8, color=color)
    axes.set_xticks(range(4), letters)
    axes.set_yticks(range(4), letters)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(experiment, loc="left", fontsize=11)
plt.show()
for letter, name in zip(letters, names, strict=True):
    print(f"{letter}: {name}")

# %% [markdown]
# ## Comparison with real neurons
#
# Sjöström, Turrigiano & Nelson paired spikes 60 times at five frequencies, in visual cortex.
# First the best fit of the pair rule. Change is proportional to the two amplitudes, so they
# follow from least squares. (A triplet rule without its third spike *is* the pair rule, and runs
# in the same compiled program.)

# %%
if quick:  # a program for NumPy, which is not compiled
    protocol = {"frequencies": [10, 20, 40, 50] * Hz, "n_pairs": 20, "dt": 1 * ms, "w": 5.0}
else:
    protocol = {"frequencies": SJOESTROEM_2001.frequencies * Hz, "dt": 1 * ms, "w": 5.0}
known = np.isin(SJOESTROEM_2001.frequencies, np.asarray(protocol["frequencies"]))
data = np.array(SJOESTROEM_2001.change)[:, known]
spread = np.array(SJOESTROEM_2001.spread)[:, known]
none = {"a2_plus": 0, "a2_minus": 0, "a3_plus": 0, "a3_minus": 0, "w_max": 10.0}


def pair_rule(a_plus, a_minus):
    """Make a pair rule of a triplet rule."""
    return TripletSTDP(**none | {"a2_plus": a_plus, "a2_minus": a_minus})


unit = [pairing_protocol(pair_rule(*a), **protocol).change / 1e-3 for a in ([1e-3, 0], [0, 1e-3])]
best, _ = nnls(np.stack([(u / spread).ravel() for u in unit], axis=1), (data / spread).ravel())
fitted = {
    "pair, best fit": pair_rule(*best),
    "triplet, minimal": TripletSTDP.published("visual_cortex", "minimal", w_max=10.0),
    "triplet, full": TripletSTDP.published("visual_cortex", "full", w_max=10.0),
    "triplet, full, nearest": NearestTripletSTDP.published("visual_cortex", "full", w_max=10.0),
}
cortex = {name: pairing_protocol(rule, **protocol) for name, rule in fitted.items()}

# %%
shown = ("pair, best fit", "triplet, full", "triplet, full, nearest")
figure, panels = plt.subplots(1, 3, figsize=(11, 3.6), sharey=True, layout="constrained")
for axes, name in zip(panels, shown, strict=True):
    plot_protocol(cortex[name], data=True, title=name.capitalize(), axes=axes)
    axes.get_legend().set_visible(name == shown[0])
for axes in panels[1:]:
    axes.set_ylabel("")
plt.show()
for name, result in cortex.items():
    print(f"{name:23s} mean squared error {(((result.change - data) / spread) ** 2).mean():.3f}")

# %% [markdown]
# The pair rule gives nearly the same change at every frequency, and even its best fit fails.
# Neurons raise the weight at 40 Hz and above *in either order*, and so does the triplet rule.
#
# Wang, Gerkin, Nauen & Bi applied triplets to hippocampal neurons, 60 at one per second. Traces
# of 40 ms do not last from one triplet to the next, so 60 triplets have 60 times the effect of
# one.

# %%
sixty = {
    name: [replace(r, change=60 * r.change) for r in threes[letters[list(names).index(name)]]]
    for name in ("pair", "triplet")
}
plot_protocol(sixty, data=True, title="60 triplets in hippocampal neurons")
plt.show()

# %% [markdown]
# In neurons, too, *post, pre, post* (5, 5) raises the weight by a third, and *pre, post, pre* (5,
# 5) does nothing. The pair rule has the same bar for both. The triplet rule has errors in size,
# but the right signs.
#
# ## A fifth rule, which reads the voltage
#
# Clopath's rule does not use postsynaptic spikes. It depends on the present and past
# depolarization of the neuron. So it needs a neuron with a membrane, and a pulse of current that
# makes it spike.

# %%
voltage = VoltageSTDP()
in_cell = {
    "post": AdaptiveExponential(tau_syn=1 * ms), "drive": "i_syn_post = 1*uA",
    "w": 0.5, "dt": 1 * ms, "engine": "numpy",
}  # fmt: skip
print("on a presynaptic spike:", voltage.on_pre)
print("at all times:          ", voltage.every_step)
window = stdp_window(voltage, np.r_[-60:0:4, 4:61:4] * ms, **in_cell)
# 15 bursts of five pairs, 10 s apart: each of them does what the first does.
bursts = pairing_protocol(voltage, [10, 20, 40, 50] * Hz, n_pairs=5, **in_cell)
bursts = replace(bursts, change=15 * bursts.relative)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
plot_protocol(window, relative=True, title="One pair of spikes", axes=left)
plot_protocol(bursts, data=True, title="15 bursts of five pairs", axes=right)
plt.show()

# %% [markdown]
# One pair alone can only lower the weight. To raise it, the neuron must still be depolarized from
# an earlier spike at the next one, so pairs must follow each other closely. The triplet rule
# describes the same with traces of spikes.
#
# An experiment without postsynaptic spikes distinguishes the two: hold the neuron at a potential,
# and let only the synapse be active.

# %%
potentials = np.array([-70.6, -60]) if quick else np.array([-74, -70.6, -65, -59])
listeners = {"triplet": fitted["triplet, full"], "voltage": voltage}
held = {
    name: [
        rate_protocol(
            rule, [0] * Hz, duration=200 * ms, n_repeats=50, random_state=0,
            **in_cell | {"post": AdaptiveExponential(tau_syn=1 * ms, v_rest=v * mV)},
        ).drift.mean()
        for v in potentials
    ]
    for name, rule in listeners.items()
}  # fmt: skip
figure, axes = plt.subplots(figsize=(6.5, 3.4), layout="constrained")
for (name, drift), color in zip(held.items(), (BLUE, RED), strict=True):
    axes.plot(potentials, 1e3 * np.array(drift), color=color, marker="o", label=name)
axes.axvline(voltage.theta_minus / mV, color=GREY, linewidth=0.8, linestyle=":")
axes.annotate(
    "θ₋ of the rule", (voltage.theta_minus / mV, axes.get_ylim()[0]), xytext=(4, 4),
    textcoords="offset points", fontsize=8, color=GREY,
)  # fmt: skip
axes.set_xlabel("potential at which the neuron is held (mV)", fontsize=9)
axes.set_ylabel("change of the weight (10⁻³ / s)", fontsize=9)
axes.set_title("20 Hz presynaptic spikes, no postsynaptic one", loc="left", fontsize=11)
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, fontsize=9)
plt.show()

# %% [markdown]
# A rule of spikes has no effect here. The voltage rule lowers the weight as soon as the neuron is
# held above its lower threshold, as [Artola, Bröcher & Singer
# 1990](https://doi.org/10.1038/347069a0) found in slices.
#
# ## The BCM curve
#
# Bienenstock, Cooper & Munro proposed in 1982 a rule that lowers the weights of slowly firing
# neurons and raises those of fast firing ones. Both neurons spike at random, and we measure the
# drift of the weight against the neuron's rate.

# %%
rates = np.array([0, 20, 50] if quick else [0, 10, 20, 30, 40, 50])
pre_rate = 20
both = {"pair, best fit": fitted["pair, best fit"], "triplet, minimal": fitted["triplet, minimal"]}
drifts = {
    name: rate_protocol(
        rule, rates * Hz, pre_rate=pre_rate * Hz, duration=(1 if quick else 2) * second,
        n_repeats=600, w=5.0, random_state=0, engine="numpy",
    ).drift
    for name, rule in both.items()
}  # fmt: skip
figure, axes = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
rate = np.linspace(0, 50, 101)
for (name, drift), color in zip(drifts.items(), (BLUE, RED), strict=True):
    rule = both[name]
    per_pair = rule.a2_plus * rule.tau_plus - rule.a2_minus * rule.tau_minus
    per_triplet = rule.a3_plus * rule.tau_plus * rule.tau_y
    closed = pre_rate * (per_pair / second * rate + per_triplet / second**2 * rate**2)
    error = drift.std(axis=1) / np.sqrt(drift.shape[1])
    axes.plot(rate, closed, color=color, linewidth=1)
    axes.errorbar(rates, drift.mean(axis=1), 2 * error, color=color, fmt="o", ms=5, label=name)
axes.axhline(0, color=GREY, linewidth=0.6)
axes.set_xlabel("rate of the postsynaptic neuron (Hz)", fontsize=9)
axes.set_ylabel("drift of the weight (1 / s)", fontsize=9)
axes.set_title("Random spikes: simulated (points), closed form", loc="left", fontsize=11)
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, fontsize=9)
plt.show()

# %% [markdown]
# The triplet rule has the shape of BCM, and changes sign at 19 Hz. The pair rule is a straight
# line: it either lowers or raises weights. (At high rates points are a little below the line,
# because the traces begin at 0 in these 2 s.)
#
# ## Which experiment identifies which rule
#
# | experiment | protocol | look for | conclusion |
# |---|---|---|---|
# | one pair of spikes | `stdp_window` | signs, time constants | whether order matters |
# | the same from other weights | `stdp_window(w=...)` | lines that differ | soft bounds |
# | three spikes | `triplet_protocol` | *post, pre, post* has a larger effect | a triplet rule |
# | pairs, several frequencies | `pairing_protocol` | a rise in either order | triplet or voltage |
# | | | size of the rise | all spikes or nearest |
# | no postsynaptic spike | `rate_protocol`, with `post` | any change | a voltage rule |
# | random spikes | `rate_protocol` | drift that changes sign | a BCM threshold |
#
# ## Next
#
# - **Rules of your own.** All of these experiments accept any `PlasticityRule`;
#   `your_own_rule.ipynb` writes one.
# - **Rules with an eligibility trace.** `stdp_window(rule, variable="c")` measures another
#   variable of the synapse.
# - **Networks.** `watching_it_learn.ipynb` shows what a rule does to 6,400 synapses at once.
# - **All rules.** `docs/plasticity.md` has every rule with the experiment that it was made for.

# %%
print(f"This notebook took {time.perf_counter() - begun:.0f} s.")
