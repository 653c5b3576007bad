"""How fast the cochlea hears, and how near its spikes are to Heidelberg's: prints the tables.

python benchmarks/cochlea.py [--rounds 5] [--figures docs/figures]

hd and fsdd must lie in BIOPLASTIC_DATA; the words of espeak-ng are left out where it is missing.
"""

import argparse
import os
import shutil
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import soundfile
from _protocol import default_core, header, paragraph, progress, table
from brian2 import Hz, kHz

from bioplastic import SpikeTrains
from bioplastic.datasets import load_hd
from bioplastic.encoding import Cochlea

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tools"))

import make_spoken

WORDS = make_spoken.WORDS
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
# Edges of frequency bands in which rates are compared.
BANDS = (60, 125, 250, 500, 1000, 2000, 3500, 6500)


class Heard:
    """Spikes of many words, the digit of each, and the centre frequency of each channel."""

    def __init__(self, name, spikes, target, frequencies):
        self.name, self.spikes, self.target = name, spikes, np.asarray(target)
        self.frequencies = frequencies
        self.word = np.repeat(np.arange(len(spikes)), np.diff(spikes.offsets))

    def rates(self):
        """Mean rate of each channel in each word, in Hz."""
        return self.spikes.counts() / self.spikes.duration[:, np.newaxis]

    def bands(self):
        """Mean rate of a channel in each word and band, in Hz."""
        place = np.digitize(self.frequencies, BANDS) - 1
        rates = self.rates()
        columns = [rates[:, place == k] for k in range(len(BANDS) - 1)]
        return np.stack([c.mean(axis=1) if c.size else np.zeros(len(rates)) for c in columns], 1)

    def intervals(self):
        """Inter-spike intervals of all channels and words, in ms."""
        order = np.lexsort((self.spikes.times, self.spikes.units, self.word))
        same = np.diff(self.word[order] * self.spikes.n_units + self.spikes.units[order]) == 0
        return 1e3 * np.diff(self.spikes.times[order])[same]

    def course(self, n_bins=40):
        """Population rate over the course of a word, relative to its mean, word by word."""
        when = self.spikes.times / self.spikes.duration[self.word]
        bins = np.minimum((when * n_bins).astype(int), n_bins - 1)
        counts = np.zeros((len(self.spikes), n_bins))
        np.add.at(counts, (self.word, bins), 1)
        return counts / counts.mean(axis=1, keepdims=True)


def heidelberg(every: int) -> Heard:
    """English words of hd; a channel's frequency is the best one of its place on the membrane."""
    hd = load_hd()
    chosen = np.flatnonzero(hd.target < 10)[::every]
    # Resonance of the place (Sieroka, Dosch & Rupp 2006, constants of Cramer et al. 2022); the
    # travelling wave peaks at 1 / 1.09 of it. The last places have none.
    c = np.linspace(0, 3.5, hd.data.n_units)
    squared = np.maximum((1e8 * np.exp(-3 * c) - 3500) / 0.05, 1)
    return Heard("hd", hd.data[chosen], hd.target[chosen], np.sqrt(squared) / 2 / np.pi / 1.09)


def fsdd(window: str | None, takes=(10, 20)) -> Heard:
    """Recordings of fsdd, training takes only, through our cochlea."""
    folder = Path(os.environ["BIOPLASTIC_DATA"]) / "fsdd" / "recordings"
    named = [(d, folder / f"{d}_{s}_{k}.wav") for d in range(10) for s in SPEAKERS for k in takes]
    cochlea = Cochlea(sample_rate=8 * kHz, window=window)
    return heard(f"fsdd{label(window)}", cochlea, *zip(*named, strict=True))


def espeak(window: str | None) -> Heard:
    """Words of the synthetic voices of load_spoken, the first take of each, at 700 channels."""
    chosen = [take for k, take in enumerate(make_spoken.takes(0)) if k % 60 < 10]
    cochlea = Cochlea(sample_rate=make_spoken.RATE * Hz, window=window)
    sounds = [make_spoken.speak(take) for take in chosen]
    return heard(f"espeak-ng{label(window)}", cochlea, [take.word for take in chosen], sounds)


def label(window):
    return "" if window is None else f", {window}"


def heard(name, cochlea, target, sounds) -> Heard:
    spikes = cochlea.fit(sounds).transform(sounds)
    progress(f"{name}: {spikes}")
    return Heard(name, spikes, target, cochlea.center_frequencies_)


def speed(rounds: int) -> str:
    """Table of CPU time a second of sound; speech, words of fsdd one after the other."""
    folder = Path(os.environ["BIOPLASTIC_DATA"]) / "fsdd" / "recordings"
    words = [soundfile.read(folder / f"{d}_{s}_15.wav")[0] for s in SPEAKERS for d in range(10)]
    sound = np.concatenate(words)[:80_000]
    rows = []
    for n in (16, 64, 256, 700):
        cochlea = Cochlea(n_channels=n, sample_rate=8 * kHz)
        cochlea.transform([sound[:8000]])
        seconds = []
        for _ in range(rounds):
            start = time.process_time()
            spikes = cochlea.transform([sound])
            seconds.append((time.process_time() - start) / spikes.duration[0])
        middle = statistics.median(seconds)
        spread = f"{middle:.3f} ({min(seconds):.3f}-{max(seconds):.3f})"
        rows.append([str(n), spread, f"{1 / middle:.1f}", f"{len(spikes.times):,}"])
        progress(f"{n} channels: {middle:.3f}")
    return table(["channels", "CPU s a second of sound", "times real time", "spikes"], rows)


def overview(sets: list[Heard]) -> str:
    rows = []
    for one in sets:
        spikes, intervals = one.spikes, one.intervals()
        counts = np.diff(spikes.offsets)
        quantiles = np.percentile(intervals, [10, 25, 50, 75, 90])
        rows.append(
            [
                one.name,
                str(len(spikes)),
                f"{spikes.duration.mean():.2f}",
                f"{counts.mean():,.0f} ({counts.std():,.0f})",
                f"{one.rates().mean():.1f}",
                f"{100 * (spikes.counts() > 0).mean():.0f}",
                " ".join(f"{q:.1f}" for q in quantiles),
                f"{100 * (intervals < 2.5).mean():.0f}",
                f"{np.median(one.course().max(axis=1)):.1f}",
            ]
        )
    head = ["sounds", "words", "s", "spikes a word (sd)", "Hz", "active %"]
    return table([*head, "intervals ms, 10 25 50 75 90 %", "< 2.5 ms %", "peak"], rows)


def by_band(sets: list[Heard]) -> str:
    rows = [[one.name, *(f"{r:.1f}" for r in one.bands().mean(axis=0))] for one in sets]
    head = [f"{a}-{b}" for a, b in zip(BANDS[:-1], BANDS[1:], strict=True)]
    return table(["Hz a channel in band", *head], rows)


def by_word(sets: list[Heard]) -> str:
    rows = []
    for one in sets:
        counts = np.diff(one.spikes.offsets)
        means = [counts[one.target == digit].mean() for digit in range(10)]
        rows.append([one.name, *(f"{m:,.0f}" for m in means)])
    return table(["spikes a word", *WORDS], rows)


def likeness(reference: Heard, others: list[Heard]) -> str:
    """Correlation of the words' patterns (7 bands x 10 tenths of a word) with hd's."""
    rows = []
    for one in others:
        across = np.corrcoef(patterns(reference), patterns(one))[:10, 10:]
        same, different = np.diag(across), across[~np.eye(10, dtype=bool)]
        best = (across.argmax(axis=1) == np.arange(10)).sum()
        rows.append([one.name, f"{same.mean():.2f}", f"{different.mean():.2f}", f"{best} of 10"])
    return table(["sounds", "same word", "other words", "own word is the most alike"], rows)


def patterns(one: Heard):
    """Mean pattern of each word, less the mean over words: what makes the word this one."""
    place = np.digitize(one.frequencies, BANDS) - 1
    inside = (place >= 0) & (place < len(BANDS) - 1)
    # Silence around a word differs between collections: time runs from its 2nd to 98th percentile.
    result = np.zeros((len(one.spikes), len(BANDS) - 1, 10))
    for k, spikes in enumerate(one.spikes):
        low, high = np.percentile(spikes.times, [2, 98])
        tenth = np.clip(((spikes.times - low) / (high - low) * 10).astype(int), 0, 9)
        used = inside[spikes.units]
        np.add.at(result[k], (place[spikes.units[used]], tenth[used]), 1)
    result = np.sqrt(result / result.sum(axis=(1, 2), keepdims=True)).reshape(len(result), -1)
    means = np.stack([result[one.target == digit].mean(axis=0) for digit in range(10)])
    return means - means.mean(axis=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--every", type=int, default=4, help="take each so-manieth word of hd")
    parser.add_argument("--figures", type=Path, help="folder for the pictures")
    args = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {default_core()})
    times = speed(args.rounds)
    sets = [heidelberg(args.every), fsdd("hann"), fsdd(None)]
    if shutil.which("espeak-ng"):
        sets += [espeak("hann"), espeak(None)]
    protocol = f"""
        Speed: ten seconds of speech (words of fsdd, 8 kHz) as one sound through
        Cochlea(n_channels=n).transform on one core, CPU time, {args.rounds} rounds: median
        (minimum-maximum). Comparison: each {args.every}th English word of data/hd, against our
        cochlea with 700 channels and its defaults, with the Hann window that hd's words went
        through ("hann") and without. Other people say the same words: fsdd's training takes 10 and
        20 of six speakers, 8 kHz, trimmed to the word; espeak-ng's voices of load_spoken.
    """
    legend = """
        Hz: spikes of a channel a second. active: channels that spike at all in a word. peak: highest
        fortieth of a word, of the mean, median over words. Bands by centre frequency; of hd's
        channels, the best frequency of their place. The likeness of two collections is the
        correlation of their words' mean patterns (7 bands x 10 tenths of the word, square roots of
        shares) after the mean over words is taken away.
    """
    parts = [header("Cochlea", protocol), times, overview(sets), paragraph(legend)]
    parts += [by_band(sets), by_word(sets), likeness(sets[0], sets[1:])]
    print("\n\n".join(part.strip("\n") for part in parts))
    if args.figures:
        import _cochlea_figures

        _cochlea_figures.draw(sets, args.figures)


if __name__ == "__main__":
    main()
