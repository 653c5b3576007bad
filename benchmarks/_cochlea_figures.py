"""Pictures of benchmarks/cochlea.py: the chain for one word, and the comparison with hd."""

import os
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from brian2 import kHz

from bioplastic.encoding import Cochlea
from bioplastic.encoding._gammatone import BASILAR_RATE, GammatoneBank
from bioplastic.encoding._nerve import hair_cells
from bioplastic.encoding._sound import read_sound

WORD = 7
STYLES = {
    "hd": {"color": "black", "lw": 2.2},
    "fsdd, hann": {"color": "#d95f02"},
    "fsdd": {"color": "#d95f02", "ls": ":"},
    "espeak-ng, hann": {"color": "#1f78b4"},
    "espeak-ng": {"color": "#1f78b4", "ls": ":"},
}
PLAIN = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}


def draw(sets, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(PLAIN):
        chain().savefig(folder / "cochlea_chain.png", dpi=110)
        comparison(sets).savefig(folder / "cochlea_hd.png", dpi=110)


def chain():
    """One word: sound, membrane, hair cells, spikes."""
    path = Path(os.environ["BIOPLASTIC_DATA"]) / "fsdd" / "recordings" / f"{WORD}_jackson_15.wav"
    cochlea = Cochlea(n_channels=200, sample_rate=8 * kHz).fit([path])
    sound = read_sound(path, 8000, 0)
    frequencies = cochlea.center_frequencies_
    motion = list(GammatoneBank(frequencies).blocks(cochlea._pressure(sound)))
    blocks = (block.copy() for block in motion)
    cells = hair_cells(blocks, n_channels=len(frequencies), dt=2 / BASILAR_RATE, n_sub=2)
    drive = [block.T for block in cells]
    motion, drive = np.concatenate(motion, axis=1), np.concatenate(drive, axis=1)
    spikes = cochlea.transform([path])
    end = sound.duration

    figure, axes = plt.subplots(
        4, 1, figsize=(8.5, 9), sharex=True, height_ratios=[0.6, 1.3, 1.3, 1.5]
    )
    axes[0].plot(np.arange(len(sound.samples)) / BASILAR_RATE, sound.samples, lw=0.6, color="0.2")
    axes[0].set(yticks=[], title='the sound: "seven"', ylim=np.array([-1, 1]) * 0.9)
    axes[0].set_ylim(*(np.array([-1.05, 1.05]) * np.abs(sound.samples).max()))
    envelope = np.abs(motion[:, : motion.shape[1] // 16 * 16]).reshape(len(motion), -1, 16).max(2)
    decibel = 20 * np.log10(np.maximum(envelope / envelope.max(), 1e-6))
    extent = (0, end, -0.5, len(frequencies) - 0.5)
    rates = drive[:, : drive.shape[1] // 8 * 8].reshape(len(drive), -1, 8).mean(2) * 8000
    for axis, image, limits, title, unit in (
        (axes[1], decibel, (-50, 0), "basilar membrane: motion", "dB"),
        (axes[2], rates, (0, 500), "hair cells: drive of a nerve fibre", "spikes/s"),
    ):
        shown = axis.imshow(
            image, origin="lower", aspect="auto", extent=extent, cmap="magma",
            vmin=limits[0], vmax=limits[1], interpolation="nearest",
        )  # fmt: skip
        figure.colorbar(shown, ax=axis, label=unit, pad=0.01, aspect=15)
        axis.set_title(title)
    axes[3].plot(spikes.times, spikes.units, ".", ms=1.1, color="black")
    axes[3].set(title=f"bushy cells: {len(spikes.times):,} spikes", xlabel="time (s)")
    marks = np.array([100, 250, 500, 1000, 2000, 3500])
    for axis in axes[1:]:
        axis.set_yticks(np.interp(marks, frequencies, np.arange(len(frequencies))), marks)
        axis.set(ylabel="centre frequency (Hz)", ylim=(-0.5, len(frequencies) - 0.5))
    axes[3].set_xlim(0, end)
    for axis in axes:
        axis.title.set(ha="left", fontsize=10, position=(0, 1))
    return figure


def comparison(sets):
    """Rasters of one word, and rates by place, intervals and course over the word."""
    figure, axes = plt.subplots(2, 3, figsize=(11.5, 7), height_ratios=[1.25, 1])
    named = {one.name: one for one in sets}
    shown = [named[name] for name in ("hd", "fsdd, hann", "espeak-ng, hann") if name in named]
    for axis, one in zip(axes[0], shown, strict=False):
        # The example whose number of spikes is the median of its word.
        candidates = np.flatnonzero(one.target == WORD)
        counts = np.diff(one.spikes.offsets)[candidates]
        spikes = one.spikes[int(candidates[np.argsort(counts)[len(counts) // 2]])]
        axis.plot(spikes.times, spikes.units, ",", color=STYLES[one.name]["color"])
        axis.set(xlabel="time (s)", ylim=(0, one.spikes.n_units), xlim=(0, spikes.duration[0]))
        axis.set_title(
            f'"seven", {one.name}: {len(spikes.times):,} spikes', loc="left", fontsize=10
        )
    axes[0, 0].set_ylabel("channel, low to high frequency")
    for axis in axes[0, len(shown) :]:
        axis.set_visible(False)
    place, intervals, course = axes[1]
    for one in sets:
        style = STYLES[one.name]
        rates = one.rates().mean(axis=0).reshape(50, -1).mean(axis=1)
        place.plot((np.arange(50) + 0.5) * one.spikes.n_units / 50, rates, **style)
        edges = np.geomspace(1, 300, 61)
        share = np.histogram(one.intervals(), edges)[0] / len(one.intervals())
        intervals.plot(np.sqrt(edges[1:] * edges[:-1]), 100 * share, **style)
        mean = one.course().mean(axis=0)
        course.plot((np.arange(len(mean)) + 0.5) / len(mean), mean, label=one.name, **style)
    place.set(xlabel="channel, low to high frequency", ylabel="rate of a channel (Hz)")
    intervals.set(xlabel="interval between spikes of a channel (ms)", xscale="log")
    intervals.set_ylabel("share of intervals (%)")
    intervals.set_xticks([1, 3, 10, 30, 100, 300], ["1", "3", "10", "30", "100", "300"])
    course.set(xlabel="place in the sound, begin to end", ylabel="rate of all channels / mean")
    course.legend(fontsize=8, loc="upper right", handlelength=1.5)
    for axis in axes[1]:
        axis.set_ylim(bottom=0)
    return figure
