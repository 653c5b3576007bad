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
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from bioplastic import SpikeTrains
from bioplastic.datasets import load_hd, load_spoken
from bioplastic.encoding import Cochlea

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tools"))

import make_spoken  # noqa: E402

WORDS = make_spoken.WORDS
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
# Groups of neighbouring channels in which rates are compared, the lowest frequencies first.
N_PLACES = 10


class Heard:
    """Spikes of many words, the lowest frequencies in unit 0, and the digit of each."""

    def __init__(self, name, spikes, target):
        self.name, self.spikes, self.target = name, spikes, np.asarray(target)
        self.word = np.repeat(np.arange(len(spikes)), np.diff(spikes.offsets))

    def rates(self):
        """Mean rate of each channel in each word, in Hz."""
        return self.spikes.counts() / self.spikes.duration[:, np.newaxis]

    def places(self):
        """Mean rate of a channel in each word and place, in Hz."""
        return self.rates().reshape(len(self.spikes), N_PLACES, -1).mean(axis=2)

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
    """English words of hd; its unit 0 has the highest frequency."""
    hd = load_hd()
    chosen = np.flatnonzero(hd.target < 10)[::every]
    one = hd.data[chosen]
    turned = SpikeTrains(
        one.times, one.n_units - 1 - one.units, one.offsets,
        n_units=one.n_units, duration=one.duration,
    )  # fmt: skip
    return Heard("hd", turned, hd.target[chosen])


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
    return Heard(name, spikes, target)


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


def by_place(sets: list[Heard]) -> str:
    rows = [[one.name, *(f"{r:.1f}" for r in one.places().mean(axis=0))] for one in sets]
    return table(["Hz a channel", "lowest tenth", *map(str, range(2, N_PLACES)), "highest"], rows)


def by_word(sets: list[Heard]) -> str:
    rows = []
    for one in sets:
        counts = np.diff(one.spikes.offsets)
        means = [counts[one.target == digit].mean() for digit in range(10)]
        rows.append([one.name, *(f"{m:,.0f}" for m in means)])
    return table(["spikes a word", *WORDS], rows)


def likeness(reference: Heard, others: list[Heard]) -> str:
    """Correlation of the words' patterns (10 places x 10 tenths of a word) with hd's."""
    rows = []
    for one in others:
        across = np.corrcoef(patterns(reference), patterns(one))[:10, 10:]
        same, different = np.diag(across), across[~np.eye(10, dtype=bool)]
        best = (across.argmax(axis=1) == np.arange(10)).sum()
        rows.append([one.name, f"{same.mean():.2f}", f"{different.mean():.2f}", f"{best} of 10"])
    return table(["sounds", "same word", "other words", "own word is the most alike"], rows)


def patterns(one: Heard):
    """Mean pattern of each word, less the mean over words: what makes the word this one."""
    place = one.spikes.units * N_PLACES // one.spikes.n_units
    # Silence around a word differs between collections: time runs from its 2nd to 98th percentile.
    result = np.zeros((len(one.spikes), N_PLACES, 10))
    for k in range(len(one.spikes)):
        spikes = slice(*one.spikes.offsets[k : k + 2])
        times = one.spikes.times[spikes]
        low, high = np.percentile(times, [2, 98])
        tenth = np.clip(((times - low) / (high - low) * 10).astype(int), 0, 9)
        np.add.at(result[k], (place[spikes], tenth), 1)
    result = np.sqrt(result / result.sum(axis=(1, 2), keepdims=True)).reshape(len(result), -1)
    means = np.stack([result[one.target == digit].mean(axis=0) for digit in range(10)])
    return means - means.mean(axis=0)


def spoken() -> str:
    """How many words of load_spoken an SVM names, of voices it has never heard."""
    loaded = load_spoken()
    data, target, voices = loaded.data, loaded.target, loaded.groups
    word = np.repeat(np.arange(len(data)), np.diff(data.offsets))
    part = np.minimum((data.times / data.duration[word] * 8).astype(int), 7)
    bins = np.zeros((len(data), 8, 16))
    np.add.at(bins, (word, part, data.units * 16 // data.n_units), 1)
    svm, folds = make_pipeline(StandardScaler(), SVC(C=10)), GroupKFold(6)
    rows = []
    for name, X in (("counts", data.counts()), ("8 parts x 16 bands", bins.reshape(len(data), -1))):
        scores = 100 * cross_val_score(svm, np.sqrt(X), target, groups=voices, cv=folds)
        rows.append([name, f"{scores.mean():.1f} ({scores.std():.1f})", f"{scores.min():.1f}"])
    return table(["load_spoken, SVM on", "% of unheard voices (sd)", "worst fold"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--every", type=int, default=4, help="take one of so many words of hd")
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
        20 of six speakers, 8 kHz, trimmed to the word; espeak-ng's voices of load_spoken. (hd's
        words have silence around them.) Last table: the words of load_spoken, RBF-SVM (C = 10) on
        standardised square roots of counts, 6 folds that leave two of the twelve voices out.
    """
    legend = """
        Hz: spikes of a channel a second. active: channels that spike at all in a word. peak: the
        highest fortieth of a word, relative to its mean; median over words. Rates by place: tenths
        of the channels, since hd does not say its centre frequencies. The likeness of two
        collections is the correlation of their words' mean patterns (10 places x 10 tenths of the
        word, square roots of shares) after the mean over words is taken away.
    """
    parts = [header("Cochlea", protocol), times, overview(sets), paragraph(legend)]
    parts += [by_place(sets), by_word(sets), likeness(sets[0], sets[1:]), spoken()]
    print("\n\n".join(part.strip("\n") for part in parts))
    if args.figures:
        import _cochlea_figures

        _cochlea_figures.draw(sets, args.figures)


if __name__ == "__main__":
    main()
