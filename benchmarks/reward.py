"""What the reward-modulated classifier learns, and what its critic's baseline is good for.

python benchmarks/reward.py [--seeds 3] [--only digits mnist hd]

MNIST and `hd` need their data (BIOPLASTIC_DATA).
"""

import argparse
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from _protocol import header, paragraph, progress, table
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import NearestCentroid

from bioplastic.datasets import load_digits, load_hd, load_mnist
from bioplastic.networks import LiquidStateMachine
from bioplastic.networks.reward_classifier import RewardSTDPClassifier
from bioplastic.readout import SpikeCount, TimeBinnedCount

Array = npt.NDArray[Any]

#: Name, and what the network is told and expects.
REWARDS: list[tuple[str, dict[str, Any]]] = [
    ("1 or 0, baseline of the class", {"baseline": "class"}),
    ("1 or 0, baseline of all", {"baseline": "global"}),
    ("1 or 0, no baseline", {"baseline": "none"}),
    ("1 or -1, no baseline", {"baseline": "none", "r_wrong": -1.0}),
    ("as first, misses teach as much", {"baseline": "class", "dip": 1.0}),
]
N_MNIST = 10_000
HEAD = ["reward", "train %", "test %", "sd", "ms a sample"]


def measure(
    name: str, models: Iterator[RewardSTDPClassifier], data: tuple[Any, Array, Any, Array]
) -> list[str]:
    """One row: accuracy at the end of training, on test samples, and time of training."""
    X, y, X_test, y_test = data
    trained, tested, seconds = [], [], []
    for model in models:
        model.fit(X, y)
        tail = model.history_["expected"][-3:].mean()
        trained.append(100 * tail if model.baseline != "none" else np.nan)
        tested.append(100 * model.score(X_test, y_test))
        seconds.append(1e3 * model.timings_["simulate"] / model.n_presentations_)
        progress(f"{name}: {tested[-1]:.1f}")
    spread = np.std(tested, ddof=1) if len(tested) > 1 else np.nan
    cells = [f"{np.mean(trained):.1f}", f"{np.mean(tested):.1f}", f"{spread:.1f}"]
    return [name, *("-" if c == "nan" else c for c in cells), f"{np.mean(seconds):.1f}"]


def reference(name: str, model: Any, data: tuple[Any, Array, Any, Array]) -> list[str]:
    X, y, X_test, y_test = data
    model.fit(X, y)
    return [name, f"{100 * model.score(X, y):.1f}", f"{100 * model.score(X_test, y_test):.1f}",
            "-", "-"]  # fmt: skip


def seeded(model: RewardSTDPClassifier, n_seeds: int) -> Iterator[RewardSTDPClassifier]:
    return (clone(model).set_params(random_state=seed) for seed in range(n_seeds))


def digits(n_seeds: int) -> str:
    all_ = load_digits()
    X, X_test, y, y_test = train_test_split(
        all_.data, all_.target, test_size=0.2, random_state=0, stratify=all_.target
    )
    data = X, y, X_test, y_test
    rows = [
        measure(name, seeded(RewardSTDPClassifier(20, n_epochs=10, **how), n_seeds), data)
        for name, how in REWARDS
    ]
    rows.append(reference("supervised: nearest class mean", NearestCentroid(), data))
    rows.append(reference("supervised: logistic regression",
                          LogisticRegression(max_iter=2000), data))  # fmt: skip
    return table(HEAD, rows)


def mnist(n_seeds: int) -> str:
    all_ = load_mnist()
    n = all_.n_train
    data = all_.data[:N_MNIST], all_.target[:N_MNIST], all_.data[n:], all_.target[n:]
    model = RewardSTDPClassifier(40, n_epochs=2)
    rows = [
        measure(name, seeded(clone(model).set_params(**how), n_seeds), data)
        for name, how in (REWARDS[0], REWARDS[2])
    ]
    rows.append(reference("supervised: nearest class mean", NearestCentroid(), data))
    return table(HEAD, rows)


def relative(counts: Array, highest: float) -> Array:
    """Counts in units of the sample's own mean, so that loud words are like soft ones."""
    return np.minimum(counts / np.maximum(counts.mean(axis=1, keepdims=True), 1e-9), highest)


def hd(n_seeds: int) -> str:
    words = load_hd()
    names = np.unique(words.groups)
    pairs = list(zip(names[: len(names) // 2], names[len(names) // 2 :], strict=True))
    states: list[tuple[str, Callable[[], Any]]] = [
        ("spikes of 700 channels", lambda: words.data),
        ("counts in 15 x 35 bins", lambda: relative(bins.fit_transform(words.data), 6.0)),
        ("counts of a liquid", lambda: relative(
            SpikeCount().fit_transform(liquid.fit_transform(words.data)), 12.0)),
    ]  # fmt: skip
    bins = TimeBinnedCount(n_bins=15, n_groups=35, relative=True)
    liquid = LiquidStateMachine(1000, n_jobs=1, random_state=0)
    rows = []
    for name, make in states:
        X, found, simple = make(), [], []
        for seed, pair in enumerate(pairs):
            test = np.isin(words.groups, pair)
            spikes = name.startswith("spikes")
            model = RewardSTDPClassifier(10, n_epochs=3 if spikes else 6, random_state=seed)
            model.fit(X[~test], words.target[~test])
            found.append(100 * model.score(X[test], words.target[test]))
            progress(f"{name}, {pair}: {found[-1]:.1f}")
            if not spikes:
                mean = NearestCentroid().fit(X[~test], words.target[~test])
                simple.append(100 * mean.score(X[test], words.target[test]))
        folds = "  ".join(f"{x:.1f}" for x in found)
        means = f"{np.mean(simple):.1f}" if simple else "-"
        rows.append([name, f"{np.mean(found):.1f}", f"{np.std(found, ddof=1):.1f}", folds, means])
    return table(["input", "test %", "sd", "folds", "class means %"], rows)


PARTS: dict[str, tuple[str, Callable[[int], str], str]] = {
    "digits": (
        "8 x 8 digits",
        digits,
        """1,437 of 1,797 digits, 10 epochs, 20 neurons a class; the split is the same for all
        seeds. Defaults were chosen on its training part.""",
    ),
    "mnist": (
        "MNIST",
        mnist,
        f"""The first {N_MNIST:,} training images, 2 epochs, 40 neurons a class; all 10,000 test
        images. The settings are the defaults; the first 5,000 training images, and numbers 50,001
        to 52,000 to validate on, had a part in choosing these.""",
    ),
    "hd": (
        "Spoken digits of speakers never heard",
        hd,
        """3,329 words, 20 classes (chance is 5 %); five folds leave out two speakers each, one
        seed a fold. Counts are in units of each word's own mean, clipped. Six epochs, three for
        the spikes themselves; 10 neurons a class; else defaults. Scaling and epochs were
        chosen among a dozen trainings on six speakers, validated on those of the second fold, 1
        and 8. Supervised class means of the same numbers beside it.""",
    ),
}
PROTOCOL = """Accuracy of RewardSTDPClassifier, which hears of a sample's class by its reward alone:
mean and standard deviation over seeds, or over folds. Train % is what the critic expects in the
last tenth of training, while weights and thresholds move. Supervised references see the labels."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS))
    args = parser.parse_args()
    chosen = (PARTS[name] for name in args.only)
    found = [(title, how, part(args.seeds)) for title, part, how in chosen]
    print(header("Reward-modulated classifier", f"{PROTOCOL} {args.seeds} seeds."))
    blocks = ("\n".join([title, "-" * len(title), paragraph(how), "", text])
              for title, how, text in found)  # fmt: skip
    print("\n\n".join(blocks))


if __name__ == "__main__":
    main()
