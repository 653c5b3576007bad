"""Spoken digits of fsdd, speakers known and never heard: a liquid against the input spikes.

python benchmarks/fsdd.py [--spikes FILE] [--records FILE] [--inner-only]

Needs the recordings of fsdd (BIOPLASTIC_DATA). Spikes of the cochlea are kept in --spikes, every
score is appended to --records at once, and a second call goes on where the first was stopped.
"""

import argparse
import functools
import itertools
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from _protocol import header, progress, table
from brian2 import kHz, ms
from scipy import linalg, stats
from sklearn.preprocessing import normalize
from sklearn.svm import SVC

from bioplastic import SpikeTrains
from bioplastic.datasets import load_fsdd
from bioplastic.encoding import Cochlea, SpikeAugmenter
from bioplastic.networks import LiquidStateMachine
from bioplastic.readout import TimeBinnedCount

Array = npt.NDArray[Any]
Readout = tuple[str, dict[str, float]]
#: Words to train on, and words to name under each heading.
Fold = tuple[str, Array, dict[str, Array]]

N_CHANNELS = 200
#: Most changed copies of a training word.
COPIES = 2
#: Standard deviations of their shift, in channels, and of the logarithm of their stretch.
CHANGES = {"channel_shift": 7.0, "time_stretch": 0.12}
#: Neurons of the liquid, and the seeds it is drawn with; the first one serves to choose.
N_NEURONS = 1000
SEEDS = (0, 1, 2)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """States of a liquid, or of the input where there are no neurons, and what may follow."""

    n_neurons: int
    state: str
    copies: int
    seed: int = 0
    readouts: tuple[Readout, ...]

    @property
    def name(self) -> str:
        liquid = f"liquid {self.n_neurons} seed {self.seed}" if self.n_neurons else "input"
        return f"{liquid} {self.state}, copies {self.copies}"


def candidates(alphas: tuple[float, ...]) -> Iterator[Candidate]:
    """Without copies over each word's own length or a fixed time; with copies over the latter."""
    ridges: list[Readout] = [("kernel ridge", {"alpha": a, "gamma": 1.0}) for a in alphas]
    svm: Readout = ("svm", {"C": 10.0, "gamma": 1.0})
    for copies, spans in ((0, ("own", "800 ms")), (COPIES, ("800 ms",))):
        for span in spans:
            yield Candidate(n_neurons=0, state=f"8x50 {span}", copies=copies,
                            readouts=(svm, *ridges))  # fmt: skip
            for n_bins in (4, 6):
                yield Candidate(n_neurons=N_NEURONS, state=f"{n_bins} {span}", copies=copies,
                                readouts=(*ridges,))  # fmt: skip


def transformer(state: str) -> TimeBinnedCount:
    """``15x25 own``: 15 bins of 25 groups of units, over each word's own length."""
    grid, _, span = state.partition(" ")
    n_bins, _, n_groups = grid.partition("x")
    time: dict[str, Any] = (
        {"relative": True} if span == "own" else {"duration": float(span.split()[0]) * ms}
    )
    return TimeBinnedCount(
        n_bins=int(n_bins),
        n_groups=int(n_groups) if n_groups else None,
        window="triangular",
        scaling="sqrt",
        **time,
    )


class Words:
    """All words and their changed copies; row ``k + c*n`` is copy `c` of word `k`."""

    def __init__(self, file: Path) -> None:
        fsdd = load_fsdd()
        self.n, self.target, self.speaker = len(fsdd.target), fsdd.target, fsdd.groups
        self.index, self.train = fsdd.index, fsdd.train
        spikes = encoded(file)
        self.copies = [spikes]
        for seed in range(COPIES):
            augmenter = SpikeAugmenter(
                n_copies=1, include_original=False, random_state=seed, **CHANGES
            )
            self.copies.append(augmenter.fit_resample(spikes, self.target)[0])
        self.names = [str(name) for name in np.unique(self.speaker)]

    @functools.lru_cache(maxsize=1)  # noqa: B019
    def heard(self, n_neurons: int, seed: int) -> list[SpikeTrains]:
        """What the liquid answers to words and copies; the input itself where there is none."""
        if not n_neurons:
            return self.copies
        lsm = LiquidStateMachine(n_neurons, rest=60 * ms, n_jobs=1, random_state=seed)
        begun = time.perf_counter()
        heard = [lsm.fit(copy).transform(copy) for copy in self.copies]
        counts = np.diff(heard[0].offsets) / heard[0].duration / n_neurons
        progress(
            f"liquid, seed {seed}: {time.perf_counter() - begun:.0f} s, {counts.mean():.1f} Hz"
        )
        return heard

    @functools.lru_cache(maxsize=1)  # noqa: B019
    def gram(self, n_neurons: int, seed: int, state: str) -> Array:
        """Inner products of the states of all rows, each state scaled to unit length."""
        bins = transformer(state).fit(self.heard(n_neurons, seed)[0])
        parts = [
            bins.transform(spikes).astype(np.float32) for spikes in self.heard(n_neurons, seed)
        ]
        states = normalize(np.concatenate(parts), copy=False)
        products: Array = states @ states.T
        return products

    def rows(self, words: Array, copies: int) -> Array:
        return np.concatenate([np.flatnonzero(words) + c * self.n for c in range(copies + 1)])


def encoded(file: Path) -> SpikeTrains:
    """Spikes of all recordings, from the file where it is there."""
    if not file.exists():
        begun = time.perf_counter()
        fsdd = load_fsdd(encoder=Cochlea(n_channels=N_CHANNELS, sample_rate=8 * kHz))
        fsdd.data.save(file, labels=fsdd.target, groups=fsdd.groups)
        progress(f"{file}: {time.perf_counter() - begun:.0f} s")
    spikes = SpikeTrains.load(file)
    if spikes.n_units != N_CHANNELS:
        sys.exit(f"{file}: must hold {N_CHANNELS} channels; name another --spikes")
    return spikes


def official(words: Words) -> tuple[Fold, list[Fold]]:
    """The official split, and five folds within its training recordings.

    Each fold leaves out nine recordings in a row of every speaker and digit, as the official test
    recordings are five in a row: neighbours may have been spoken in one breath.
    """
    block = (words.index - words.index[words.train].min()) // 9
    folds: list[Fold] = [
        (f"block {k}", words.train & (block != k), {"": words.train & (block == k)})
        for k in range(5)
    ]
    return ("official", words.train, {"": ~words.train}), folds


def without(words: Words, speakers: tuple[str, ...]) -> Fold:
    """Train on all other speakers, measure on each of these."""
    tests = {name: words.speaker == name for name in speakers}
    return f"without {'+'.join(speakers)}", ~np.isin(words.speaker, speakers), tests


@dataclass(frozen=True, kw_only=True)
class Task:
    """Inner folds, with the heading to choose by, and the outer fold to measure on."""

    candidates: list[Candidate]
    inner: list[tuple[Fold, str]]
    outer: Fold
    heading: str


def official_task(words: Words) -> Task:
    outer, folds = official(words)
    return Task(candidates=list(candidates((0.01, 0.03, 0.1))),
                inner=[(fold, "") for fold in folds], outer=outer, heading="")  # fmt: skip


def speaker_tasks(words: Words) -> Iterator[Task]:
    """Training without two speakers serves to choose for either."""
    for speaker in words.names:
        pairs = [tuple(sorted((speaker, other))) for other in words.names if other != speaker]
        inner = [
            (without(words, pair), next(name for name in pair if name != speaker)) for pair in pairs
        ]
        yield Task(candidates=list(candidates((0.03, 0.3))), inner=inner,
                   outer=without(words, (speaker,)), heading=speaker)  # fmt: skip


def named(name: str, options: dict[str, float], gram: Array, test: Array, target: Array) -> Array:
    """Names that a readout gives to test words, from inner products of unit vectors."""
    # Of unit vectors, ||x - y||**2 = 2 - 2 x.y.
    gamma = options["gamma"] / np.median(2.0 - 2.0 * gram[::5, ::5])
    gram, test = (np.exp(-gamma * (2.0 - 2.0 * products)) for products in (gram, test))
    if name == "svm":
        svm = SVC(C=options["C"], kernel="precomputed", cache_size=1000)
        return np.asarray(svm.fit(gram, target).predict(test))
    classes, y = np.unique(target, return_inverse=True)
    wanted = 2.0 * np.eye(len(classes), dtype=np.float32)[y] - 1.0
    mean = wanted.mean(axis=0)
    gram[np.diag_indices_from(gram)] += options["alpha"]
    weights = linalg.solve(
        gram, wanted - mean, assume_a="pos", check_finite=False, overwrite_a=True
    )
    said: Array = classes[(test @ weights + mean).argmax(axis=1)]
    return said


class Records:
    """Scores by name, kept in a file."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.file = file
        self.found: dict[str, dict[str, float]] = {}
        if file.exists():
            self.found = dict(json.loads(line) for line in file.read_text().splitlines())

    def score(
        self, words: Words, candidate: Candidate, readout: Readout, fold: Fold
    ) -> dict[str, float]:
        """Accuracy under each heading of the fold, measured where it is not known yet."""
        name, options = readout
        settings = " ".join(f"{k}={v:g}" for k, v in options.items())
        key = f"{candidate.name} | {name} {settings} | {fold[0]}"
        if key not in self.found:
            begun = time.perf_counter()
            train = words.rows(fold[1], candidate.copies)
            test = np.concatenate([words.rows(mask, 0) for mask in fold[2].values()])
            gram = words.gram(candidate.n_neurons, candidate.seed, candidate.state)
            said = named(
                name, options, gram[np.ix_(train, train)], gram[np.ix_(test, train)],
                words.target[train % words.n],
            )  # fmt: skip
            right = said == words.target[test]
            ends = np.cumsum([mask.sum() for mask in fold[2].values()])
            parts = np.split(right, ends[:-1])
            self.found[key] = {h: float(p.mean()) for h, p in zip(fold[2], parts, strict=True)}
            with self.file.open("a") as file:
                file.write(json.dumps([key, self.found[key]]) + "\n")
            text = " ".join(f"{h} {100 * p:.1f}" for h, p in self.found[key].items())
            progress(f"{key}: {text}, {time.perf_counter() - begun:.0f} s")
        return dict(self.found[key])


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What did best on the inner folds, and where it is to be measured."""

    kind: str
    inner: float
    candidate: Candidate
    readout: Readout
    fold: Fold
    heading: str

    @property
    def draws(self) -> list[Candidate]:
        """The same liquid drawn with every seed."""
        seeds = SEEDS if self.candidate.n_neurons else SEEDS[:1]
        return [replace(self.candidate, seed=seed) for seed in seeds]

    @property
    def row(self) -> list[str]:
        text = ", ".join(f"{k} {v:g}" for k, v in self.readout[1].items())
        return [self.kind, str(self.candidate.copies), self.candidate.state,
                f"{self.readout[0]}, {text}", f"{100 * self.inner:.1f}"]  # fmt: skip

    def tested(self, words: Words, records: Records) -> list[float]:
        return [
            records.score(words, candidate, self.readout, self.fold)[self.heading]
            for candidate in self.draws
        ]


def choices(words: Words, records: Records, tasks: list[Task]) -> list[Choice]:
    """For input and liquid, without and with copies: what has the best mean over inner folds."""
    result = []
    for heard, copies, task in itertools.product((False, True), (0, COPIES), tasks):
        scored = [
            (np.mean([records.score(words, c, r, fold)[head] for fold, head in task.inner]), c, r)
            for c in task.candidates
            if (c.n_neurons > 0, c.copies) == (heard, copies)
            for r in c.readouts
        ]
        best, candidate, readout = max(scored, key=lambda row: row[0])
        result.append(
            Choice(kind="liquid" if heard else "no network", inner=float(best),
                   candidate=candidate, readout=readout, fold=task.outer, heading=task.heading)
        )  # fmt: skip
    return result


def measure(words: Words, records: Records, jobs: list[tuple[Candidate, Readout, Fold]]) -> None:
    """Measure all of these, so that each liquid runs once."""
    for job in sorted(jobs, key=lambda job: (job[0].n_neurons, job[0].seed, job[0].state)):
        records.score(words, *job)


def official_rows(words: Words, records: Records, chosen: list[Choice]) -> list[list[str]]:
    rows, n = [], int((~words.train).sum())
    for choice in chosen:
        tested = choice.tested(words, records)
        right = [round(n * t) for t in tested]
        # Of several draws, the interval of the middle one.
        middle = stats.binomtest(sorted(right)[len(right) // 2], n)
        low, high = middle.proportion_ci(method="wilson")
        rows.append([*choice.row, f"{100 * np.mean(tested):.1f}", sd(100 * np.array(tested)),
                     f"{100 * low:.1f}-{100 * high:.1f}", " ".join(map(str, right))])  # fmt: skip
    return rows


def speaker_rows(words: Words, records: Records, chosen: list[Choice]) -> list[list[str]]:
    rows = []
    for _, some in itertools.groupby(chosen, key=lambda c: (c.kind, c.candidate.copies)):
        folds = list(some)
        tested = 100 * np.array([choice.tested(words, records) for choice in folds])
        by_speaker = tested.mean(axis=1)
        rows.append([*folds[0].row[:2], f"{tested.mean():.1f}", sd(tested.mean(axis=0)),
                     sd(by_speaker), *(f"{t:.1f}" for t in by_speaker)])  # fmt: skip
    return rows


def sd(values: Array) -> str:
    return f"{values.std(ddof=1):.1f}" if len(values) > 1 else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spikes", type=Path, default=Path("out/fsdd.h5"))
    parser.add_argument("--records", type=Path, default=Path("out/fsdd.jsonl"))
    parser.add_argument("--inner-only", action="store_true", help="no measurement on test words")
    args = parser.parse_args()
    words, records = Words(args.spikes), Records(args.records)
    tasks = [official_task(words), *speaker_tasks(words)]
    measure(words, records, [
        (candidate, readout, fold)
        for task in tasks for candidate in task.candidates for readout in candidate.readouts
        for fold, _ in task.inner
    ])  # fmt: skip
    chosen = choices(words, records, tasks)
    if args.inner_only:
        print("\n".join("  ".join([c.fold[0], *c.row]) for c in chosen))
        return
    measure(words, records, [(d, c.readout, c.fold) for c in chosen for d in c.draws])
    official_choices = [c for c in chosen if not c.heading]
    speakers = [c for c in chosen if c.heading]
    kind = ["", "copies"]
    settings = ["states", "readout", "inner %"]
    print(header("Spoken digits of fsdd", PROTOCOL))
    print(table([*kind, *settings, "test %", "sd", "95 % interval", "right of 300"],
                official_rows(words, records, official_choices)), end="\n\n")  # fmt: skip
    print(table([*kind, "mean %", "sd of draws", "sd of speakers", *words.names],
                speaker_rows(words, records, speakers)), end="\n\n")  # fmt: skip
    print(table([*kind, *settings, "speaker"], [[*c.row, c.heading] for c in speakers]))


PROTOCOL = f"""3,000 recordings of zero to nine by six speakers, through Cochlea of {N_CHANNELS}
channels at 8 kHz. First table, official split: 300 test recordings (0 to 4 of each speaker and
digit), 2,700 to train, all speakers known. States and readout were chosen by five folds of the
training recordings, each of which leaves out nine in a row of each speaker and digit. Second
table, speakers never heard: each of the six left out in turn, all 500 recordings; states and
readout were chosen among the other five, of whom one was left out in turn. Third table: what was
chosen there. No network: spikes of the cochlea in 8 bins of time x 50 groups of channels; RBF-SVM
(C 10) and kernel ridge are candidates. Liquid: the same spikes through
LiquidStateMachine({N_NEURONS}),
its default liquid (tonotopic) with 60 ms of rest; its spikes in 4 or 6 bins of time, kernel ridge.
All bins are triangular windows over 0.8 s or over each word's own length, of which square roots
are taken, and vectors are scaled to unit length. With copies, every training word is joined by
{COPIES} changed ones (channels shifted by a normal with sd {CHANGES["channel_shift"]:g}, time
stretched by a log-normal with sd {CHANGES["time_stretch"]}); test words never are. gamma is in
units of 1/median squared distance. Liquids are drawn with {len(SEEDS)} seeds, of which the first
one served to choose: mean and sd; the interval (Wilson) is that of the draw in the middle. The list
of candidates was drawn up by folds of the official training recordings, before any test recording
was measured, and no training without a speaker was looked at."""


if __name__ == "__main__":
    sys.exit(main())
