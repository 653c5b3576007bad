"""Decoding by precise spike times, against the standard readout of a liquid, and its ablations.

python benchmarks/spike_times.py [templates|hd] [--records FILE] [--figures docs/figures]

Without a task, both. `hd` needs the `hd` data (BIOPLASTIC_DATA). Every score is appended to
--records at once, and a second call goes on where the first was stopped.
"""

import argparse
import functools
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from _protocol import header, progress, table
from brian2 import ms, second
from scipy import linalg
from sklearn.model_selection import StratifiedKFold

from bioplastic import SpikeTrains, algebra
from bioplastic.datasets import load_hd, make_jittered_templates
from bioplastic.encoding import SpikeAugmenter
from bioplastic.inspect import plot_accuracy
from bioplastic.networks import LiquidStateMachine, MaassColumn
from bioplastic.readout import FilteredState, SpikeCount, SpikeTimeClassifier

Array = npt.NDArray[Any]
Settings = dict[str, float]

INF = np.inf
N_COLUMN, SEEDS = 135, range(10)
N_TRAIN, N_TEST = 400, 1000
#: Jitter of the input templates, in ms, and templates of a class.
INPUT_JITTERS, PER_CLASS = (4.0, 16.0), (1, 5)
#: Of the liquid's spikes when the decoder is tested, in ms.
SIGMAS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
JITTER_TAUS = (3.0, 10.0, 30.0, 100.0)
MAP_TAUS, MAP_REFERENCES = (3.0, 10.0, 30.0, 100.0, 300.0), (1, 2, 5, 10, 20)

N_HD, DRAWS = 1000, range(5)
HD_MARKS = (10, 25, 50, 100, 250)

METHODS = {
    "end": "standard: all neurons, 30 ms state at the end, ridge",
    "every 25 ms": "the same state every 25 ms, ridge",
    "counts": "all neurons, spike counts, ridge",
    "counts, selected": "same selection on spike counts",
    "timing, random": "timing, as many neurons at random",
    "timing, all": "timing, all neurons",
    "timing, selected": "timing with selection",
    "whole trains": "the same, residual of whole trains",
    "one vs rest": "timing, each class selects its own",
}

TEMPLATE_METHODS = [method for method in METHODS if method != "one vs rest"]
HD_METHODS = [method for method in METHODS if method != "whole trains"]
SELECTING = ("counts, selected", "timing, selected", "whole trains")


class Records:
    """Scores by name, in a file of JSON lines."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.found = path, dict[str, Any]()
        if path.exists():
            self.found = dict(json.loads(line) for line in path.read_text().splitlines())

    def get(self, make: Callable[[], Any], *name: Any) -> Any:
        """What stands under the name, made now where nothing does."""
        key = " | ".join(map(str, name))
        if key not in self.found:
            begun = time.perf_counter()
            self.found[key] = make()
            with self.path.open("a") as file:
                file.write(json.dumps([key, self.found[key]]) + "\n")
            progress(f"{key}: {self.found[key]} ({time.perf_counter() - begun:.0f} s)")
        return self.found[key]


def ridge(train: Array, y: Array, test: Array, alphas: list[float]) -> list[Array]:
    """Classes said by a ridge on one output a class; alpha in units of the mean squared norm."""
    mean = train.mean(axis=0)
    train, test = train - mean, test - mean
    wanted = 2.0 * (y[:, None] == np.unique(y)) - 1.0
    offset = wanted.mean(axis=0)
    # Of the smaller of the two systems that give the same weights.
    dual = len(train) < train.shape[1]
    system = train @ train.T if dual else train.T @ train
    right = wanted - offset if dual else train.T @ (wanted - offset)
    against = test @ train.T if dual else test
    unit = np.trace(system) / train.shape[1]
    said = []
    for alpha in alphas:
        lifted = system + max(alpha, 1e-9) * unit * np.eye(len(system))
        weights = linalg.solve(lifted, right, assume_a="pos", check_finite=False)
        said.append((against @ weights + offset).argmax(axis=1))
    return said


def states(method: str, X: SpikeTrains, test: SpikeTrains) -> tuple[Array, Array]:
    """States of the standard readouts, of training and test samples."""
    every = np.arange(25, 1e3 * X.duration.max() + 24, 25) * ms
    transformer = {
        "counts": SpikeCount(),
        "end": FilteredState(),
        "every 25 ms": FilteredState(times=every),
    }[method]
    return transformer.fit_transform(X), transformer.transform(test)


def decoder(settings: Settings, **options: Any) -> SpikeTimeClassifier:
    return SpikeTimeClassifier(
        tau=settings["tau"] * ms,
        n_references=int(settings["references"]),
        alpha=settings["alpha"],
        tol=0.0,
        **options,
    )


def seen(settings: Settings, X: SpikeTrains) -> Array:
    """Inner products with references at the middles of equal parts of each sample."""
    n = int(settings["references"])
    shares = (np.arange(n) + 0.5) / n
    times = X.duration[:, None] * shares * second
    return algebra.evaluate(X, times, tau=settings["tau"] * ms)


def said_by(
    method: str, settings: Settings, X: SpikeTrains, y: Array, test: SpikeTrains, *,
    n_neurons: int, relative: bool, seed: int = 0,
) -> list[Array]:  # fmt: skip
    """Classes said of the test samples; with selection, by 1, 2 and more neurons."""
    if method in ("end", "every 25 ms", "counts"):
        train, held_out = states(method, X, test)
        return ridge(train, y, held_out, [settings["alpha"]])
    options = {"relative": relative and np.isfinite(settings["tau"]), "max_neurons": n_neurons}
    if method in ("timing, all", "timing, random"):
        # What the classifier does with all neurons, without the search for their order.
        train, held_out = (seen(settings, spikes) for spikes in (X, test))
        if method == "timing, random":
            kept = np.random.default_rng(seed).permutation(X.n_units)[:n_neurons]
            train, held_out = train[:, kept], held_out[:, kept]
        flat = (v.reshape(len(v), -1) for v in (train, held_out))
        return ridge(next(flat), y, next(flat), [settings["alpha"]])
    if method == "whole trains":
        options |= {"residual": "train"}
    if method == "one vs rest":
        options |= {"selection": "one_vs_rest", "max_neurons": int(settings["each"])}
    return list(decoder(settings, **options).fit(X, y).staged_predict(test))


def candidates(method: str, taus: tuple[float, ...], references: tuple[int, ...],
               alphas: tuple[float, ...]) -> Iterator[Settings]:  # fmt: skip
    timing = method.startswith("timing") or method in ("one vs rest", "whole trains")
    for alpha in alphas:
        for tau, n in itertools.product(taus, references) if timing else [(INF, 1)]:
            yield {"tau": tau, "references": n, "alpha": alpha}


# Jittered Poisson templates


@functools.lru_cache(maxsize=2)
def heard(jitter: float, per_class: int, seed: int) -> tuple[SpikeTrains, Array]:
    """What a column answers to samples of a task; both are drawn by the seed."""
    task = make_jittered_templates(
        N_TRAIN + N_TEST, n_templates=2 * per_class, jitter=jitter * ms, random_state=seed
    )
    lsm = LiquidStateMachine(N_COLUMN, liquid=MaassColumn(), dt=0.2 * ms, random_state=seed)
    return lsm.fit_transform(task.data), task.target


TEMPLATE_GRID = ((10.0, 30.0, 100.0), (10, 20), (0.01, 0.1, 1.0))


def template_score(method: str, jitter: float, per_class: int, seed: int) -> list[float]:
    """Accuracy on test samples by number of neurons; settings by three folds of the training."""
    X, y = heard(jitter, per_class, seed)
    train, test = np.arange(N_TRAIN), np.arange(N_TRAIN, N_TRAIN + N_TEST)
    same = {"n_neurons": N_COLUMN // 4, "relative": False, "seed": seed}
    best, chosen = -1.0, Settings()
    folds = list(StratifiedKFold(3).split(train, y[train]))
    for settings in candidates(method, *TEMPLATE_GRID):
        right = [
            (said_by(method, settings, X[a], y[a], X[b], **same)[-1] == y[b]).mean()
            for a, b in folds
        ]
        if np.mean(right) > best:
            best, chosen = float(np.mean(right)), settings
    said = said_by(method, chosen, X[train], y[train], X[test], **same)
    return [float((one == y[test]).mean()) for one in said]


def map_score(jitter: float, per_class: int, seed: int) -> list[list[float]]:
    """Accuracy of timing with selection by tau and number of references."""
    X, y = heard(jitter, per_class, seed)
    train, test = X[:N_TRAIN], X[N_TRAIN:]
    found = []
    for tau in MAP_TAUS:
        row = []
        for n in MAP_REFERENCES:
            settings = {"tau": tau, "references": n, "alpha": 0.1}
            model = decoder(settings, max_neurons=N_COLUMN // 4).fit(train, y[:N_TRAIN])
            row.append(model.score(test, y[N_TRAIN:]))
        found.append(row)
    return found


def moved_tests(X: SpikeTrains, y: Array, seed: int) -> list[SpikeTrains]:
    """Test samples with their spikes moved, more and more."""
    return [
        SpikeAugmenter(
            n_copies=1, include_original=False, channel_shift=0, time_stretch=0, deletion=0,
            jitter=sigma * ms, random_state=seed,
        ).fit_resample(X[N_TRAIN:], y[N_TRAIN:])[0]
        for sigma in SIGMAS
    ]  # fmt: skip


def jitter_score(jitter: float, per_class: int, seed: int) -> list[list[float]]:
    """Accuracy by tau and jitter of the test samples' liquid spikes."""
    X, y = heard(jitter, per_class, seed)
    moved, found = moved_tests(X, y, seed), []
    for tau in JITTER_TAUS:
        settings = {"tau": tau, "references": 20, "alpha": 0.1}
        model = decoder(settings, max_neurons=N_COLUMN // 4).fit(X[:N_TRAIN], y[:N_TRAIN])
        found.append([model.score(test, y[N_TRAIN:]) for test in moved])
    return found


def jitter_standard(jitter: float, per_class: int, seed: int) -> list[float]:
    """Accuracy of the standard readout by jitter of the test samples' liquid spikes."""
    X, y = heard(jitter, per_class, seed)
    found = []
    for test in moved_tests(X, y, seed):
        train, held_out = states("end", X[:N_TRAIN], test)
        said = ridge(train, y[:N_TRAIN], held_out, [0.1])[0]
        found.append(float((said == y[N_TRAIN:]).mean()))
    return found


def templates(records: Records, seeds: range) -> str:
    parts = [header("Spike times: jittered Poisson templates", TEMPLATES)]
    quarter = N_COLUMN // 4
    for per_class, jitter in itertools.product(PER_CLASS, INPUT_JITTERS):
        rows, standard = [], np.zeros(0)
        for method in TEMPLATE_METHODS:
            curves = [
                records.get(
                    functools.partial(template_score, method, jitter, per_class, seed),
                    "templates", per_class, jitter, method, seed,
                )
                for seed in seeds
            ]  # fmt: skip
            right = 100 * np.array([curve[-1] for curve in curves])
            if method == "end":
                standard = right
            n = quarter if method in (*SELECTING, "timing, random") else N_COLUMN
            won = f"{(right > standard).sum()}/{len(seeds)}"
            some = "  ".join(
                f"{100 * np.mean([c[min(k, len(c)) - 1] for c in curves]):.1f}"
                for k in ((5, 10, 20) if method in SELECTING else ())
            )
            rows.append([
                METHODS[method], str(n), f"{right.mean():.1f}", f"{right.std(ddof=1):.1f}",
                f"{(right - standard).mean():+.1f}", won, some,
            ])  # fmt: skip
        parts += [
            f"{2 * per_class} templates, input jitter {jitter:g} ms\n",
            table(["readout", "neurons", "mean %", "sd", "- standard", "wins", "5, 10, 20"], rows),
            "",
        ]
    for name, score, taus, columns, head in (
        ("map", map_score, MAP_TAUS, MAP_REFERENCES, "references"),
        ("jitter", jitter_score, JITTER_TAUS, SIGMAS, "jitter of test spikes, ms"),
    ):
        for jitter in INPUT_JITTERS:
            found = np.mean([
                records.get(
                    functools.partial(score, jitter, PER_CLASS[-1], seed), name, jitter, seed
                )
                for seed in seeds
            ], axis=0)  # fmt: skip
            standard = 100 * np.mean([
                records.found[f"templates | {PER_CLASS[-1]} | {jitter} | end | {seed}"][-1]
                for seed in seeds
            ])  # fmt: skip
            rows = [
                [f"{tau:g} ms", *(f"{100 * x:.1f}" for x in row)]
                for tau, row in zip(taus, found, strict=True)
            ]
            if name == "jitter":
                curves = [
                    records.get(
                        functools.partial(jitter_standard, jitter, PER_CLASS[-1], seed),
                        "jitter standard", jitter, seed,
                    )
                    for seed in seeds
                ]  # fmt: skip
                row = 100 * np.mean(curves, axis=0)
                rows.append(["standard", *(f"{x:.1f}" for x in row)])
            task = f"{2 * PER_CLASS[-1]} templates, input jitter {jitter:g} ms"
            parts += [
                f"{task} (standard {standard:.1f} %), timing with selection: tau by {head}\n",
                table(["tau", *(f"{c:g}" for c in columns)], rows),
                "",
            ]
    return "\n".join(parts)


# Spoken digits


class Words:
    """Words of hd as a liquid answers to them."""

    def __init__(self) -> None:
        hd = load_hd()
        self.input, self.target = hd.data, hd.target
        names = np.unique(hd.groups)
        half = len(names) // 2
        self.pair = np.array([list(names).index(g) % half for g in hd.groups])
        self.n_pairs = half

    @functools.lru_cache(maxsize=1)  # noqa: B019
    def heard(self, draw: int) -> SpikeTrains:
        lsm = LiquidStateMachine(N_HD, rest=60 * ms, random_state=draw)
        return lsm.fit_transform(self.input)


HD_GRID = ((100.0, 200.0), (6, 10), (0.3, 1.0, 3.0))
HD_ALPHAS = (0.1, 1.0, 10.0, 100.0)


def hd_choice(words: Words, method: str, test: int) -> Settings:
    """Settings that name most words of one pair of speakers after training on three others."""
    validated = (test + 1) % words.n_pairs
    X, y = words.heard(0), words.target
    a = np.flatnonzero((words.pair != test) & (words.pair != validated))
    b = np.flatnonzero(words.pair == validated)
    alphas = HD_GRID[2] if "timing" in method or "rest" in method else HD_ALPHAS
    best, chosen = -1.0, Settings()
    for settings in candidates(method, HD_GRID[0], HD_GRID[1], alphas):
        settings["each"] = 30
        said = hd_said(words, method, settings, X[a], y[a], X[b])
        right = [float((one == y[b]).mean()) for one in said]
        if right[-1] > best:
            best, chosen = right[-1], settings
    return chosen


def hd_said(words: Words, method: str, settings: Settings, X: SpikeTrains, y: Array,
            test: SpikeTrains, seed: int = 0) -> list[Array]:  # fmt: skip
    return said_by(method, settings, X, y, test, n_neurons=N_HD // 4, relative=True, seed=seed)


def hd_score(words: Words, method: str, settings: Settings, test: int, draw: int) -> list[float]:
    X, y = words.heard(draw), words.target
    a, b = np.flatnonzero(words.pair != test), np.flatnonzero(words.pair == test)
    said = hd_said(words, method, settings, X[a], y[a], X[b], seed=draw)
    return [float((one == y[b]).mean()) for one in said]


def hd(records: Records) -> str:
    words = Words()
    order = HD_METHODS
    chosen = {}
    for method, test in itertools.product(order, range(words.n_pairs)):
        # One search for both forms of selection.
        alike = "timing, selected" if method == "one vs rest" else method
        chosen[method, test] = records.get(
            functools.partial(hd_choice, words, alike, test), "hd choice", alike, test
        )
    for draw, method, test in itertools.product(DRAWS, order, range(words.n_pairs)):
        records.get(
            functools.partial(hd_score, words, method, chosen[method, test], test, draw),
            "hd", method, test, draw,
        )  # fmt: skip
    rows, standard = [], np.zeros(0)
    for method in order:
        curves = [
            [records.found[f"hd | {method} | {test} | {draw}"] for test in range(words.n_pairs)]
            for draw in DRAWS
        ]
        right = 100 * np.array([[curve[-1] for curve in folds] for folds in curves])
        by_draw = right.mean(axis=1)
        if method == "end":
            standard = by_draw
        selected = method in SELECTING
        n = {"timing, random": "250", "one vs rest": "<= 30 a class"}.get(method, "1000")
        some = "  ".join(
            f"{100 * np.mean([c[k - 1] for folds in curves for c in folds]):.1f}"
            for k in (HD_MARKS if selected else ())
        )
        rows.append([
            METHODS[method], "250" if selected else n, f"{by_draw.mean():.1f}",
            f"{by_draw.std(ddof=1):.1f}", "  ".join(f"{x:.1f}" for x in right.mean(axis=0)),
            f"{(by_draw - standard).mean():+.1f}", some,
        ])  # fmt: skip
    head = ["readout", "neurons", "mean %", "sd", "folds", "- standard", "10, 25, 50, 100, 250"]
    details = [
        (METHODS[m], str(t), ", ".join(f"{k} {v:g}" for k, v in found.items() if k != "each"))
        for (m, t), found in chosen.items()
    ]
    return "\n".join([
        header("Spike times: spoken digits of speakers never heard (hd)", HD),
        table(head, rows), "", table(["readout", "fold", "chosen"], details),
    ])  # fmt: skip


# Pictures


def draw(records: Records, folder: Path) -> None:
    """Draw what the records hold: accuracy by neurons, references and jitter."""
    folder.mkdir(parents=True, exist_ok=True)
    with plt.rc_context({"font.size": 9}):
        figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
        spoken = any(key.startswith("hd | ") for key in records.found)
        for ax, (task, chance, n_all, title) in zip(
            axes[: 1 + spoken],
            [
                (f"templates | {PER_CLASS[-1]} | {INPUT_JITTERS[-1]}", 0.5, N_COLUMN,
                 f"{2 * PER_CLASS[-1]} templates, input jitter {INPUT_JITTERS[-1]:g} ms"),
                ("hd", 1 / 20, N_HD, "Spoken digits, speakers never heard"),
            ],
            strict=False,
        ):  # fmt: skip
            curves = neuron_curves(records, task, n_all)
            plot_accuracy(curves, chance=chance, title=title, axes=ax)
        figure.savefig(folder / "spike_times_neurons.png", dpi=110)

        figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained", sharey=True)
        for ax, jitter in zip(axes, INPUT_JITTERS, strict=True):
            draw_map(ax, records, jitter)
        figure.savefig(folder / "spike_times_references.png", dpi=110)

        figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained", sharey=True)
        draw_jitter(axes, records, INPUT_JITTERS[0])
        figure.savefig(folder / "spike_times_jitter.png", dpi=110)


def neuron_curves(records: Records, task: str, n_all: int) -> dict[str, Any]:
    """Curves of selection, and points of readouts that hear all neurons."""
    curves: dict[str, Any] = {}
    for method, label in (
        ("timing, selected", "timing, selected"),
        ("counts, selected", "counts, selected"),
        ("timing, all", "timing, all"),
        ("every 25 ms", "30 ms state every 25 ms"),
        ("end", "30 ms state at the end"),
    ):
        found = [v for k, v in records.found.items() if k.startswith(f"{task} | {method} | ")]
        n = max(map(len, found))
        scores = np.array([np.pad(one, (0, n - len(one)), mode="edge") for one in found])
        places = np.arange(1, n + 1) if n > 1 else np.array([n_all])
        curves[label] = {"n_neurons": places, "accuracies": scores.T}
    return curves


def draw_map(ax: Any, records: Records, jitter: float) -> None:
    """Accuracy by number of references, a line for each tau, and the standard readout's."""

    def of(name: str) -> Array:
        return np.array([v for k, v in records.found.items() if k.startswith(name)])

    found = 100 * of(f"map | {jitter} | ").mean(axis=0)
    for tau, row in zip(MAP_TAUS, found, strict=True):
        ax.plot(MAP_REFERENCES, row, "o-", ms=4, label=f"tau {tau:g} ms")
    standard = 100 * of(f"templates | {PER_CLASS[-1]} | {jitter} | end | ").mean()
    ax.axhline(standard, color="0.3", ls="--", lw=1)
    ax.annotate("standard readout, all neurons", (20, standard), (0, -3), ha="right", va="top",
                textcoords="offset points", color="0.3")  # fmt: skip
    ax.set_xscale("log")
    ax.set_xticks(MAP_REFERENCES, [str(n) for n in MAP_REFERENCES])
    ax.minorticks_off()
    ax.set(xlabel="references", title=f"{2 * PER_CLASS[-1]} templates, input jitter {jitter:g} ms")
    if ax.get_subplotspec().is_first_col():
        ax.set_ylabel(f"accuracy with {N_COLUMN // 4} neurons, %")
        ax.legend(loc="lower right", frameon=False)
    ax.spines[["top", "right"]].set_visible(False)


def draw_jitter(axes: Any, records: Records, jitter: float) -> None:
    """Accuracy by jitter of the liquid's spikes, in milliseconds and in units of tau."""
    found = np.array([v for k, v in records.found.items() if k.startswith(f"jitter | {jitter} | ")])
    standard = np.array([
        v for k, v in records.found.items() if k.startswith(f"jitter standard | {jitter} | ")
    ])  # fmt: skip
    sigmas = np.array(SIGMAS) / 1e3
    curves = {
        f"tau {tau:g} ms": {"sigmas": sigmas, "accuracies": found[:, k].T}
        for k, tau in enumerate(JITTER_TAUS)
    }
    taus = {f"tau {tau:g} ms": tau * ms for tau in JITTER_TAUS}
    both = curves | {"standard": {"sigmas": sigmas, "accuracies": standard.T}}
    plot_accuracy(
        both, chance=0.5, axes=axes[0], title="What is left when the liquid's spikes move"
    )
    plot_accuracy(curves, tau=taus, chance=0.5, axes=axes[1], title="The same, in units of tau")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", nargs="?", choices=["templates", "hd"])
    parser.add_argument("--records", type=Path, default=Path("out/spike_times.jsonl"))
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="of the templates")
    parser.add_argument("--figures", type=Path, help="folder for pictures of what was measured")
    args = parser.parse_args()
    records = Records(args.records)
    if args.task != "hd":
        print(templates(records, range(args.seeds)))
    if args.task != "templates":
        print(hd(records))
    if args.figures:
        draw(records, args.figures)


TEMPLATES = f"""A column of {N_COLUMN} neurons (MaassColumn, dt 0.2 ms) hears one spike train of
0.5 s and 10 spikes, a template whose spikes are moved by a normal (input jitter); all templates
have the same count. Two classes of one or five templates each. {N_TRAIN} samples train, {N_TEST}
test. Mean and sd over seeds 0 to {SEEDS[-1]}, each with its own templates, column and samples.
Selection takes {N_COLUMN // 4} neurons, a quarter. Ridge, tau (10, 30, 100 ms) and number of
references (10, 20) of every readout are chosen by three folds of the training samples, ridge among
0.01, 0.1 and 1 times the mean squared norm of a regressor. "- standard": mean difference to the
first row. "5, 10, 20": mean accuracy with so many neurons. In the last tables the ridge is 0.1;
jitter moves the liquid's spikes of test samples only (those that leave the sample are lost), 20
references; nothing was chosen there."""

HD = f"""3,329 words, 20 classes, ten speakers; five folds leave two speakers out. A
TonotopicLiquid of {N_HD} neurons, rest 60 ms, no augmented copies. Mean over folds, and its sd over
five draws of the liquid (random_state 0 to 4). For each fold, settings were chosen once, with draw
0, by training on six of the other speakers and validating on two: tau (100, 200 ms), number of
references (6, 10; spread over each word's own length), ridge (0.3, 1, 3; without timing 0.1, 1, 10,
100). Selection takes 250 neurons; where each class selects its own, up to 30 each, with the
settings of the shared selection. The first state
is that at each word's end. Which grid to search was found on validation speakers. (For the rows of
all and of random neurons a tau of 50 ms was searched too, and never the best.)"""


if __name__ == "__main__":
    sys.exit(main())
