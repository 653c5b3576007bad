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
# # A liquid that hears
#
# This notebook follows a spoken word through a cochlea, a liquid and a readout.
#
# **Source.** W. Maass, T. Natschläger, H. Markram (2002), *Real-time computing without stable
# states: a new framework for neural computation based on perturbations*, Neural Computation
# 14(11):2531-2560, [doi:10.1162/089976602760407955](https://doi.org/10.1162/089976602760407955).
#
# **Reproduced.** Their figure 2: the more the inputs of a liquid differ, the more its states
# differ. Before it, an application: spoken digits.
#
# **Expected number.** Accuracy on words of unseen voices: 93.8 % after training on one voice and
# 100.0 % after training on nine. With the same classifier and no liquid 88.7 % and 98.9 %. (Means
# over 12 choices of voices; one liquid of 300 neurons.)
#
# **Protocol.** 720 words, zero to nine, by 12 voices of a speech synthesizer. Training and test
# never share a voice. Hyperparameters of liquid and readout were found on recordings of people,
# none on these words. Synthetic speech is easy: the numbers compare methods on a small data set,
# and say nothing about people.
#
# **Running time.** Three to six minutes on one core, half a minute of which is the C++ compiler.
# A second run finds its programs in the build cache.

# %%
import os
import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
from brian2 import ms, second
from IPython.display import display
from scipy.signal import chirp
from sklearn.decomposition import PCA
from sklearn.model_selection import GroupKFold, GroupShuffleSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

# Without ipywidgets, tqdm draws its bars as text, and says so at length.
warnings.filterwarnings("ignore", message="IProgress not found")

from bioplastic import SpikeTrains
from bioplastic.datasets import load_spoken
from bioplastic.encoding import Cochlea, SpikeAugmenter
from bioplastic.inspect import plot_raster, plot_word
from bioplastic.inspect.separation import pairs_at_distance, plot_separation, state_separation
from bioplastic.models import TsodyksMarkram
from bioplastic.networks import LiquidStateMachine, MaassColumn, TonotopicLiquid
from bioplastic.readout import (
    AugmentedClassifier,
    FilteredState,
    KernelRidgeClassifier,
    TimeBinnedCount,
)

begun = time.perf_counter()
# The test suite runs this notebook on few words.
quick = os.environ.get("BIOPLASTIC_NOTEBOOK_QUICK") == "1"
BLUE, ORANGE, RED, GREY = "#3f90da", "#ffa90e", "#bd1f01", "#717581"

# %% [markdown]
# ## The cochlea
#
# `Cochlea` filters a sound into frequency bands, models hair cells and nerve fibers, and returns
# the spikes of one cell per band. Here it receives a tone that rises from 100 Hz to 5 kHz and,
# after a pause, one of 500 Hz. Spikes are densest at the onset of a tone, because hair cells
# adapt. At low frequencies spikes are locked to the phase of the sound.

# %%
rate = 16_000
t = np.arange(int(0.4 * rate)) / rate
rising = chirp(t, f0=100, t1=t[-1], f1=5000, method="logarithmic")
tone = np.sin(2 * np.pi * 500 * t[: len(t) // 2])
sound = np.concatenate([rising, np.zeros(len(t) // 4), tone])

cochlea = Cochlea(n_channels=64, random_state=0)
spikes = cochlea.fit_transform([sound])


def mark_frequencies(axes, frequencies):
    """Name channels by their centre frequency."""
    named = [100, 500, 1000, 2000, 5000]
    rows = np.interp(named, frequencies, np.arange(len(frequencies)))
    axes.set_yticks(rows, [f"{f:,}" for f in named])
    axes.set_ylabel("centre frequency (Hz)", fontsize=9)


figure, (above, below) = plt.subplots(
    2, 1, sharex=True, figsize=(8, 4.6), height_ratios=[1, 3], layout="constrained"
)
above.plot(np.arange(len(sound)) / rate, sound, linewidth=0.4, color=GREY)
above.set_axis_off()
above.set_title("sound", loc="left", fontsize=11)
plot_raster(spikes, axes=below)
mark_frequencies(below, cochlea.center_frequencies_)
below.set_title(f"{len(spikes.times):,} spikes of 64 channels", loc="left", fontsize=11)
plt.show()

# %% [markdown]
# ## Words
#
# `load_spoken` loads words that went through this cochlea. They are `SpikeTrains`: spikes of many
# samples, which scikit-learn splits like an array.

# %%
spoken = load_spoken()
words, digits, voices = spoken.data, spoken.target, spoken.groups
if quick:
    # Two takes of four voices; rows are ordered by voice, take and digit.
    few = np.arange(len(words)).reshape(12, 6, 10)[::3, :2].ravel()
    words, digits, voices = words[few], digits[few], voices[few]
words, np.unique(voices)

# %% [markdown]
# The same word by three voices. The frequency bands of its vowels differ, because mouths and
# throats differ in size, and so does the speed. A readout must be invariant to both.

# %%
shown = np.flatnonzero(digits == 9)
shown = shown[np.unique(voices[shown], return_index=True)[1]][[0, 1, -1]]
figure, panels = plt.subplots(
    1, 3, sharex=True, sharey=True, figsize=(10, 3.4), layout="constrained"
)
for axes, k in zip(panels, shown, strict=True):
    plot_raster(words, sample=k, axes=axes)
    axes.set_title(f'"{spoken.target_names[digits[k]]}", {voices[k]}', loc="left", fontsize=11)
    axes.set_ylabel("")
mark_frequencies(panels[0], spoken.center_frequencies)
panels[0].set_xlim(0, 1.02 * words[shown].duration.max())
plt.show()

# %% [markdown]
# ## The liquid
#
# A liquid is a declaration: how many neurons of which kind, and how they are connected.
# `TonotopicLiquid` arranges neurons in a row along the frequency axis. One patch of channels
# excites a neuron, another one inhibits it, and each patch has its own delay. Neighbors excite
# and inhibit each other. The values below are the defaults, written out; they were found on
# recordings of people (`benchmarks/hd.py`).

# %%
liquid = TonotopicLiquid(
    n_inputs=30, w_input=20.0, w_inhibition=25.0, delay_max=60 * ms, n_recurrent=15
)
liquid.neuron.equations

# %% [markdown]
# `LiquidStateMachine` draws the liquid in `fit` and presents spikes to it in `transform`. Nothing
# in it learns. All words run in one compiled program, and the liquid is at rest when a word
# begins. After the end of a word the simulation continues for 60 ms.

# %%
lsm = LiquidStateMachine(300, liquid=liquid, rest=60 * ms, random_state=0)
answers = lsm.fit_transform(words)
print(f"{lsm.n_synapses_:,} synapses; {1e3 * lsm.timings_['simulate'] / len(words):.1f} ms a word")
answers

# %% [markdown]
# The drawn liquid is in `state_`. Left, the inputs of each neuron: excitatory channels in blue,
# inhibitory ones in red. Right, the difference between the two patches, one dot per neuron. In
# the lower right, inhibition is at higher frequencies than excitation and has the shorter delay.
# So for a rising band the two can arrive together and cancel; for a falling band they cannot.

# %%
drawn, n_exc = lsm.state_, lsm.network_.population("exc").n
fields = np.zeros((words.n_units, n_exc))
for kind, weight in (("excites", liquid.w_input), ("inhibits", -liquid.w_inhibition)):
    i, j = (drawn[f"input_{kind}_exc.{name}"].astype(int) for name in "ij")
    np.add.at(fields, (i, j), weight)


def of_each(kind, name):
    """Mean over the synapses of each excitatory neuron's patch."""
    j = drawn[f"input_{kind}_exc.j"].astype(int)
    sums = np.bincount(j, drawn[f"input_{kind}_exc.{name}"], minlength=n_exc)
    n = np.bincount(j, minlength=n_exc).astype(float)
    n[n == 0] = np.nan  # its patch lies beyond the ends of the axis
    return sums / n


figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 3.8), width_ratios=[1.7, 1], layout="constrained"
)
limit = 0.7 * np.abs(fields).max()
left.imshow(fields, origin="lower", aspect="auto", cmap="RdBu", vmin=-limit, vmax=limit)
mark_frequencies(left, spoken.center_frequencies)
left.set_xlabel("excitatory neuron", fontsize=9)
left.set_title("what each neuron hears", loc="left", fontsize=11)
apart = of_each("inhibits", "i") - of_each("excites", "i")
later = 1e3 * (of_each("inhibits", "delay") - of_each("excites", "delay"))
right.axhline(0, linewidth=0.8, color=GREY)
right.axvline(0, linewidth=0.8, color=GREY)
right.scatter(apart, later, s=12, color=BLUE, alpha=0.7, linewidth=0)
right.set_xlabel("inhibition lies above excitation by (channels)", fontsize=9)
right.set_ylabel("and comes later by (ms)", fontsize=9)
right.set_title("how the two patches differ", loc="left", fontsize=11)
plt.show()

# %% [markdown]
# ## Response and state
#
# A readout needs numbers. `TimeBinnedCount` counts the spikes of each neuron in six overlapping
# bins and takes the square root: 6 x 300 numbers per word. Neurons are drawn in the order of
# their positions, low frequencies at the bottom.

# %%
bins = TimeBinnedCount(
    n_bins=6, duration=800 * ms, overflow=True, window="triangular", scaling="sqrt"
)
states = bins.fit_transform(answers)
sizes = [lsm.network_.population(name).n for name in ("exc", "inh")]
places = np.concatenate([(np.arange(n) + 0.5) / n for n in sizes])
order = np.argsort(places, kind="stable")

k = shown[0]
figure, panels = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
plot_raster(words, sample=k, axes=panels[0])
mark_frequencies(panels[0], spoken.center_frequencies)
panels[0].set_title("the ear", loc="left", fontsize=11)
plot_raster(answers, sample=k, units=order, axes=panels[1])
panels[1].set_ylabel("neuron, in the order of places", fontsize=9)
panels[1].set_title("the liquid", loc="left", fontsize=11)
image = panels[2].imshow(
    states[k].reshape(6, -1)[:, order].T, origin="lower", aspect="auto", cmap="Blues",
    extent=(0, 0.8, 0, len(order)), interpolation="nearest",
)  # fmt: skip
panels[2].set_xlabel("time (s)", fontsize=9)
panels[2].set_title("the state", loc="left", fontsize=11)
figure.colorbar(image, ax=panels[2], label="root of spikes")
for axes in panels:
    axes.set_xlim(0, 0.8)
plt.show()

# %% [markdown]
# `FilteredState` is the state of Maass et al.: an exponential trace of each neuron's spikes, here
# of 30 ms, sampled at any time. So a word is a trajectory in a space of 300 dimensions. The plot
# shows the two directions in which these states differ most. Thick lines are means over all
# voices, thin lines are single voices. Trajectories begin and end at the dot, the silent state.

# %%
moments = np.arange(0, 600, 5) * ms
paths = FilteredState(times=moments).fit_transform(answers).reshape(len(answers), len(moments), -1)
chosen = {0: BLUE, 4: ORANGE, 6: RED}
used = np.isin(digits, list(chosen))
flat = PCA(2, random_state=0).fit(paths[used].reshape(-1, paths.shape[2]))
figure, axes = plt.subplots(figsize=(6.4, 5), layout="constrained")
for digit, color in chosen.items():
    for voice in np.unique(voices):
        one = flat.transform(paths[(digits == digit) & (voices == voice)].mean(axis=0))
        axes.plot(*one.T, color=color, linewidth=0.6, alpha=0.5)
    mean = flat.transform(paths[digits == digit].mean(axis=0))
    axes.plot(*mean.T, color=color, linewidth=2.5, label=spoken.target_names[digit])
start = flat.transform(np.zeros((1, paths.shape[2])))
axes.plot(*start.T, "o", color="black", zorder=3)
axes.set_xlabel("first principal component", fontsize=9)
axes.set_ylabel("second", fontsize=9)
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## A pipeline, and unseen voices
#
# All steps are scikit-learn estimators. `groups` gives the speakers to cross-validation, so no
# voice is in training and in test.


# %%
def readout():
    """States, length 1 each, and a nonlinear classifier."""
    return [bins, Normalizer(), KernelRidgeClassifier()]


model = make_pipeline(lsm, *readout())
cv = GroupKFold(4)
for name, estimator in (("without a liquid", make_pipeline(*readout())), ("liquid", model)):
    scores = cross_val_score(estimator, words, digits, groups=voices, cv=cv)
    print(f"{name:17s} {scores.mean():.1%}  folds: {', '.join(f'{s:.1%}' for s in scores)}")

# %% [markdown]
# These words are easy: trained on nine voices, the classifier alone is nearly perfect. So train
# on three. `AugmentedClassifier` adds changed copies of the training words, shifted along the
# cochlea and stretched in time like other voices. Test words are unchanged. (`channel_shift` is
# the default, which was found for 700 channels, scaled to 64.)

# %%
augmenter = SpikeAugmenter(n_copies=3, channel_shift=25 * 64 / 700, random_state=0)
augmented = AugmentedClassifier(model, augmenter)
cv = GroupShuffleSplit(n_splits=1 if quick else 4, train_size=3, random_state=0)
for name, estimator in (("liquid", model), ("and augmented", augmented)):
    scores = cross_val_score(estimator, words, digits, groups=voices, cv=cv)
    print(f"{name:17s} {scores.mean():.1%}  splits: {', '.join(f'{s:.1%}' for s in scores)}")

# %% [markdown]
# ## What does the liquid contribute?
#
# The liquid learns nothing, so its responses are computed once for all splits. Three inputs to
# the same classifier: the spikes of the cochlea in the same bins; a liquid without recurrent
# connections; the liquid. Weights are constants of the program, so the second needs no new build.

# %%
unconnected = TonotopicLiquid(w_exc=0.0, w_inh=0.0)
ways = {
    "no liquid": None,
    "neurons alone": LiquidStateMachine(300, liquid=unconnected, rest=60 * ms, random_state=0),
    "liquid": lsm,
}
colors = dict(zip(ways, (GREY, ORANGE, BLUE), strict=True))
widths = dict(zip(ways, (1.5, 4.0, 1.5), strict=True))  # so that equal curves are both seen


def state_of(way, spikes):
    """Bring spikes to states of length 1."""
    heard = spikes if way is None else way.fit(words).transform(spikes)
    return Normalizer().fit_transform(bins.fit_transform(heard))


def accuracies(train_states, test_states, n_voices, copies=0):
    """Accuracy on all other voices, after training on `n_voices`; one number a split."""
    found = []
    cv = GroupShuffleSplit(n_splits=12, train_size=n_voices, random_state=0)
    for train, test in cv.split(words, digits, voices):
        rows = np.concatenate([train + c * len(words) for c in range(copies + 1)])
        fitted = KernelRidgeClassifier().fit(train_states[rows], digits[rows % len(words)])
        found.append(fitted.score(test_states[test], digits[test]))
    return np.array(found)


more, _ = augmenter.fit_resample(words, digits)  # the words first, then three rounds of copies
clean = {name: state_of(way, more) for name, way in ways.items()}
n_voices = [1, 2] if quick else [1, 2, 3, 6, 9]
figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
print("accuracy, mean (sd) over 12 choices of voices\nvoices           ", *n_voices, sep="      ")
for name, found in clean.items():
    for copies, style in ((0, "-"), (3, "--")):
        scores = [accuracies(found, found, n, copies) for n in n_voices]
        means = [s.mean() for s in scores]
        label = name + (", augmented" if copies else "")
        axes.plot(
            n_voices, means, style, color=colors[name], linewidth=widths[name], marker="o",
            markersize=4, label=label,
        )  # fmt: skip
        print(f"{label:24s}", *(f"{s.mean():.1%} ({s.std(ddof=1):.1%})" for s in scores))
axes.set_xlabel("voices in training", fontsize=9)
axes.set_ylabel("words of all other voices named right", fontsize=9)
axes.yaxis.set_major_formatter("{x:.0%}")
axes.set_xticks(n_voices)
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, fontsize=9)
plt.show()

# %% [markdown]
# The liquid removes about half of the errors or more. Augmentation removes a quarter with one
# voice, half and more with two or three. Both together are best, and with nine voices nothing is
# left to improve. Recurrence does not contribute: the liquid without it is as accurate. What
# contributes is the single neuron, with its two patches, their delays, and its membrane.
#
# ## Noise
#
# The classifiers were trained on nine clean voices. Now the words of the other three have added
# random spikes, lost spikes, or jittered spikes.


# %%
def with_noise(spikes, rate, seed=0):
    """Add Poisson spikes of `rate` Hz to every channel."""
    rng = np.random.default_rng(seed)
    noisy = []
    for one in spikes:
        span = one.duration[0]
        n = rng.poisson(rate * span * one.n_units)
        times = np.concatenate([one.times, rng.uniform(0, span, n)])
        units = np.concatenate([one.units, rng.integers(one.n_units, size=n)])
        first = np.argsort(times)
        noisy.append(
            SpikeTrains(
                times[first], units[first], [0, len(times)], n_units=one.n_units, duration=span
            )
        )
    return SpikeTrains.concatenate(noisy)


def changed(spikes, **change):
    """Change the spikes themselves, without a shift or a stretch of the word."""
    settings = {"n_copies": 1, "channel_shift": 0, "time_stretch": 0, "include_original": False}
    return SpikeAugmenter(**settings, **change, random_state=0).fit_resample(spikes)[0]


tests = {
    "added spikes (Hz a channel)": ([5, 10, 20], with_noise),
    "lost spikes": ([0.5, 0.7, 0.9], lambda s, p: changed(s, deletion=p)),
    "moved spikes (sd in ms)": ([10, 20, 40], lambda s, sd: changed(s, jitter=sd * ms)),
}
n_most = max(n_voices)
figure, panels = plt.subplots(1, 3, sharey=True, figsize=(10.5, 3.6), layout="constrained")
for axes, (what, (levels, change)) in zip(panels, tests.items(), strict=True):
    levels = levels[:1] if quick else levels
    disturbed = [change(words, level) for level in levels]
    print(what, *levels)
    for name, way in ways.items():
        known = clean[name][: len(words)]
        heard = [known, *(state_of(way, spikes) for spikes in disturbed)]
        scores = [accuracies(known, test, n_most) for test in heard]
        means = [s.mean() for s in scores]
        axes.plot(
            [0, *levels], means, color=colors[name], linewidth=widths[name], marker="o",
            markersize=4, label=name,
        )  # fmt: skip
        print(f"    {name:14s}", *(f"{s.mean():.1%} ({s.std(ddof=1):.1%})" for s in scores[1:]))
    axes.set_xlabel(what, fontsize=9)
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.spines[["top", "right"]].set_visible(False)
panels[0].set_ylabel("words named right", fontsize=9)
panels[0].legend(frameon=False, fontsize=9)
plt.show()

# %% [markdown]
# With 20 added spikes per second and channel, about as many as a word itself has, the liquid
# classifies seven words in eight correctly, and the classifier alone four in seven: a neuron sums
# over many channels and needs them at the same time. Lost spikes have the same effect, but
# smaller. Jitter has the opposite effect: at 40 ms the liquid, which depends on timing, has lost
# its lead. Recurrence adds little. (A classifier trained on noisy words would be better in all
# cases.)
#
# ## Predictions while the word is spoken
#
# The readout can predict at any time. It was trained on whole words of all voices but one, and
# receives a growing part of a word of that voice. The darker a row, the higher the score of that
# digit.

# %%
stranger = np.unique(voices)[-1]
model.fit(words[voices != stranger], digits[voices != stranger])
(k,) = np.flatnonzero((voices == stranger) & (digits == 7))[:1]
heard, answered = words[k], model[0].transform(words[k])


def until(spikes, end):
    """Cut a sample short."""
    n = np.searchsorted(spikes.times, end)
    return SpikeTrains(
        spikes.times[:n], spikes.units[:n], [0, n], n_units=spikes.n_units, duration=end
    )


times = np.arange(0.01, answered.duration[0], 0.01)
scores = np.concatenate([model[1:].decision_function(until(answered, t)) for t in times])
plot_word(
    heard,
    answered,
    times=times,
    scores=scores,
    classes=spoken.target_names,
    truth="seven",
    frequencies=spoken.center_frequencies,
    populations=np.repeat(["excitatory", "inhibitory"], sizes),
)
plt.show()

# %% [markdown]
# ## The liquid of 2002
#
# 135 neurons are on a grid of 3 x 3 x 15. Nearby neurons are connected more densely, by synapses
# that depress and recover.

# %%
synapse = TsodyksMarkram()
display(synapse.equations)
print("at a spike, first:     ", synapse.on_pre)
print("then the current grows: by w*u*x")
print("and last:              ", synapse.after_pre)

# %% [markdown]
# Pairs of inputs, one spike train of 20 Hz each, are presented at three distances. Their states,
# traces of 30 ms, should differ more the more the inputs differ. (In the paper each presentation
# also begins from its own potentials, so that equal inputs lead to slightly different states;
# `benchmarks/separation.py` does that, with five liquids.)

# %%
distances, n_pairs = (0.1, 0.2, 0.4), 1 if quick else 200
pairs = [pairs_at_distance(d, n_pairs, random_state=0) for d in distances]
column = LiquidStateMachine(
    18 if quick else 135,
    liquid=MaassColumn(),
    engine="numpy" if quick else "auto",
    random_state=0,
)
inputs = SpikeTrains.concatenate([train for pair in pairs for train in pair])
answers = column.fit_transform(inputs)
moments = np.arange(5, 501, 5) * ms
curves = []
for c in range(len(distances)):
    first = 2 * c * n_pairs
    u, v = answers[first : first + n_pairs], answers[first + n_pairs : first + 2 * n_pairs]
    curves.append(state_separation(u, v, moments).mean(axis=0))
    print(f"input distance {distances[c]}: states {curves[-1].mean():.1f} apart on average")
found = {"times": moments / second, "distances": curves, "labels": distances}
plot_separation(**found, title=f"Means over {n_pairs} pairs of inputs")
plt.show()

# %% [markdown]
# ## Next
#
# - **People.** `load_fsdd` (recordings; use a `Cochlea`), `load_hd` and `load_shd` (700 channels)
#   return the same Bunch. Use one in place of `load_spoken`, and hold out speakers in the same
#   way. `docs/sound.md` has files and licenses, `benchmarks/hd.py` a full measurement.
# - **Larger liquids.** 1000 neurons and more; `n_jobs=-1` shares the words among processors.
# - **Your own.** Any `Liquid`, `Network` or equation string goes into
#   `LiquidStateMachine(liquid=...)`.
# - **Without Python.** `bioplastic train spoken --model lsm --out out/spoken` trains, evaluates
#   on unseen voices and draws figures.

# %%
print(f"This notebook took {time.perf_counter() - begun:.0f} s.")
