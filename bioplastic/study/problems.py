"""Data sets as studies and commands see them: samples, and which of them are held out."""

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import joblib
import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.utils import Bunch

from bioplastic import __version__
from bioplastic._paths import cache_dir
from bioplastic._quantities import whole
from bioplastic.encoding import Cochlea
from bioplastic.errors import DataError
from bioplastic.spikes import SpikeTrains

type Size = Literal["demo", "default", "full"]
SIZES: tuple[Size, ...] = ("demo", "default", "full")

Rows = npt.NDArray[np.int64]

#: Where samples are left out and digits are cut: fixed, whatever the seed of a method.
_CUT = 0
#: Share of the training samples that validate, where there are no groups.
_VALIDATION = 0.2
#: Of so many groups one validates, where there are no folds to take them from.
_ONE_OF = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """All samples of a problem.

    Parameters
    ----------
    X : SpikeTrains, ndarray of shape (n_samples, n_features), or list
        The samples: spikes, numbers, or sounds and paths of sounds for the `ear`.
    y : ndarray of int, shape (n_samples,)
        Class of each, as an index of `classes`.
    classes : tuple of str
        Names of the classes.
    groups : ndarray of shape (n_samples,), or None
        Group of each sample, such as its speaker.
    image_shape : tuple of int, or None
        Height and width of a sample, where it is an image.
    train : ndarray of bool, shape (n_samples,), or None
        Training samples of the official split, where there is one.
    ear : Cochlea or None
        Turns sounds into spikes.
    frequencies : ndarray of shape (n_channels,), in hertz, or None
        Center frequency of each channel of spikes, rising, where it is known.
    """

    X: Any
    y: Rows
    classes: tuple[str, ...]
    groups: npt.NDArray[Any] | None = None
    image_shape: tuple[int, int] | None = None
    train: npt.NDArray[np.bool_] | None = None
    ear: Cochlea | None = None
    frequencies: npt.NDArray[np.float64] | None = None

    def __getitem__(self, rows: Rows) -> Any:
        """Return these samples of X."""
        return [self.X[k] for k in rows] if isinstance(self.X, list) else self.X[rows]

    def encoded(self, *, n_jobs: int | None = None) -> Self:
        """Return the same samples with spikes in place of sounds."""
        if self.ear is None:
            return self
        ear = clone(self.ear).set_params(n_jobs=n_jobs)
        return self._with_spikes(ear, ear.fit_transform(self.X))

    def for_methods(self) -> Self:
        """Return the same samples with numbers in [0, 1], and with spikes in place of sounds.

        Sounds are encoded once and kept in the cache; that takes minutes.
        """
        if self.ear is not None:
            memory = joblib.Memory(cache_dir() / "heard", verbose=0)
            encode = memory.cache(_encode, ignore=["ear", "sounds"])
            key = joblib.hash(self.X), repr(self.ear), __version__
            return self._with_spikes(self.ear.fit(self.X), encode(self.ear, self.X, key))
        if isinstance(self.X, SpikeTrains):
            return self
        X = np.asarray(self.X, dtype=np.float64)
        return dataclasses.replace(self, X=X / max(float(X.max(initial=0.0)), 1e-300))

    def _with_spikes(self, ear: Cochlea, spikes: SpikeTrains) -> Self:
        return dataclasses.replace(self, X=spikes, ear=None, frequencies=ear.center_frequencies_)

    @functools.cached_property
    def digest(self) -> str:
        """A hash of the data."""
        X = self.X
        what: Any = (X,)
        if isinstance(X, SpikeTrains):
            if X.in_memory:
                spikes: Any = (X.times, X.units)
            else:
                spikes = [joblib.hash((block.times, block.units)) for block in X.blocks()]
            what = (*spikes, X.offsets, X.duration)
        return str(joblib.hash((what, self.y, self.classes, self.groups, self.train)))


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A data set and how it is cut. A study can take one of yours.

    Parameters
    ----------
    name, title : str
        Name on the command line, and in a report.
    loader : callable
        Gives a Bunch with `data` (SpikeTrains, or an array of intensities), `target`, and where
        there are such, `target_names`, `groups`, `image_shape` and `train`, a mask of the training
        samples where the data set has an official split; with `ear`, a `Cochlea`, `data` are
        sounds. A study hands it to other processes, so it must be importable there.
    n_folds : int
        Into how many parts the samples are cut; each is held out in turn. Whole groups where there
        are groups: in their sorted order, the folds take one each in turn. 1 where the data set
        has an official split.
    groups_are : str or None
        What a group is, such as ``"speaker"``. With an official split, which need not hold groups
        out, they only serve to choose hyperparameters, and accuracies are shares of test samples,
        as published ones are.
    test_part : str
        What the test samples are, where no groups are held out.
    limits : mapping of str to tuple of int
        How many training and test samples a size takes, as many as there are where absent. Chosen
        at random, the classes in equal parts, always the same ones.

    Raises
    ------
    ParameterError
        If there is only one fold, and no official split.

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic.study import PROBLEMS
    >>> problem = PROBLEMS["spoken"]
    >>> samples = problem.load()
    >>> train, test = problem.split(samples, fold=1)
    >>> len(train), len(test), *np.unique(samples.groups[test]).tolist()
    (540, 180, 'en+f4', 'en-gb-scotland+f3', 'en-us+f1')
    """

    name: str
    title: str
    loader: Callable[[], Bunch]
    n_folds: int
    groups_are: str | None = None
    test_part: str = "those of the data set's official split"
    limits: Mapping[str, tuple[int, int]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        whole("n_folds", self.n_folds, 1)

    def load(self) -> Samples:
        """Load all samples as methods take them; kept in memory for the next call.

        Raises
        ------
        DataError
            If what the loader gives cannot be cut into the folds.
        """
        return _load(self)

    def read(self, *path: str | os.PathLike[str]) -> Samples:
        """Read all samples as they are.

        Parameters
        ----------
        *path : path-like
            Where the data lie, if the loader takes that.
        """
        bunch = self.loader(*path)
        labels, y = np.unique(bunch.target, return_inverse=True)
        names = bunch.get("target_names")
        classes = labels if names is None else [names[label] for label in labels]
        groups, train = bunch.get("groups"), bunch.get("train")
        return Samples(
            X=bunch.data,
            y=np.asarray(y, dtype=np.int64),
            classes=tuple(map(str, classes)),
            groups=None if groups is None or self.groups_are is None else np.asarray(groups),
            image_shape=bunch.get("image_shape"),
            train=None if train is None else np.asarray(train, dtype=bool),
            ear=bunch.get("ear"),
            frequencies=bunch.get("center_frequencies"),
        )

    def tested_groups(self, samples: Samples, rows: Rows) -> list[str] | None:
        """Group of each of these test samples; None where a study does not hold groups out."""
        if samples.groups is None or self.n_folds == 1:
            return None
        return [str(group) for group in samples.groups[rows]]

    def split(self, samples: Samples, fold: int, size: Size = "full") -> tuple[Rows, Rows]:
        """Rows of the training and of the test samples, sorted.

        Parameters
        ----------
        samples : Samples
            What `load` gave.
        fold : int
            Which part is held out.
        size : {"demo", "default", "full"}
            How many samples to take.
        """
        whole("fold", fold, 0, self.n_folds - 1)
        test = self._folds(samples) == fold
        n_train, n_test = self.limits.get(size, (None, None))
        return (
            _thinned(np.flatnonzero(~test), samples.y, n_train),
            _thinned(np.flatnonzero(test), samples.y, n_test),
        )

    def inner_split(self, samples: Samples, rows: Rows, fold: int, seed: int) -> tuple[Rows, Rows]:
        """Cut training rows once more: those to learn from, and those to choose hyperparameters by.

        Groups of one fold that is not the tested one, another with every seed; every fifth of the
        training groups where no third fold is left; a stratified fifth where there are no groups.

        Raises
        ------
        DataError
            If there is only one group to learn from and to choose by.
        """
        if samples.groups is None:
            learn, validate = train_test_split(
                rows, test_size=_VALIDATION, stratify=samples.y[rows], random_state=seed
            )
            return np.sort(learn), np.sort(validate)
        if self.n_folds < 3:
            names, of_group = np.unique(samples.groups[rows], return_inverse=True)
            if len(names) < 2:
                raise DataError(
                    f"problem {self.name}: all training samples are of one {self.groups_are}, so "
                    f"that hyperparameters cannot be chosen on another; leave groups_are out, or "
                    f"take a budget of 1"
                )
            step = min(_ONE_OF, len(names))
            inner = of_group % step == seed % step
        else:
            others = [k for k in range(self.n_folds) if k != fold]
            held = others[(fold + seed // self.n_folds) % len(others)]
            inner = self._folds(samples)[rows] == held
        return rows[~inner], rows[inner]

    def protocol(self, size: Size, *, chosen: bool = True) -> str:
        """Return what is learned from and what is held out, in a sentence or two.

        Parameters
        ----------
        size : {"demo", "default", "full"}
            How many samples are taken.
        chosen : bool
            Whether methods choose from several settings.
        """
        n_train, n_test = self.limits.get(size, (None, None))
        groups = f"{self.groups_are}s"
        if self.n_folds == 1:
            cut = f"Test samples are {self.test_part}."
        elif self.groups_are:
            cut = (
                f"Test samples are all of {groups} who are not in training: "
                f"{self.n_folds} folds of {groups}, one of which is held out."
            )
        else:
            cut = f"{self.n_folds} stratified folds, one of which is held out."
        if not chosen:
            cut += " Each method has one setting of its hyperparameters, so that nothing is chosen."
        elif not self.groups_are:
            cut += " Hyperparameters are chosen on a stratified fifth of the training samples."
        elif self.n_folds < 3:
            cut += (
                f" Hyperparameters are chosen on a fifth of the training {groups}, who are not "
                f"learned from until then."
            )
        else:
            cut += f" Hyperparameters are chosen on the {groups} of another fold."
        if n_train is None:
            return cut
        return f"{cut} At most {n_train:,} training and {n_test:,} test samples are taken."

    def _folds(self, samples: Samples) -> Rows:
        """Fold of each sample."""
        if self.n_folds == 1:
            return np.where(np.asarray(samples.train), 1, 0)
        if samples.groups is not None:
            _, of_group = np.unique(samples.groups, return_inverse=True)
            return np.asarray(of_group % self.n_folds, dtype=np.int64)
        folds = np.empty(len(samples.y), dtype=np.int64)
        cutter = StratifiedKFold(self.n_folds, shuffle=True, random_state=_CUT)
        for fold, (_, rows) in enumerate(cutter.split(samples.y, samples.y)):
            folds[rows] = fold
        return folds


@functools.lru_cache(maxsize=4)
def _load(problem: Problem) -> Samples:
    samples = problem.read()
    n_groups = 0 if samples.groups is None else len(np.unique(samples.groups))
    if problem.groups_are is not None and not n_groups:
        raise DataError(
            f"problem {problem.name}: folds hold out {problem.groups_are}s, but the loader's Bunch "
            f"has no groups; add them, or leave groups_are out"
        )
    if n_groups and n_groups < max(problem.n_folds, 2):
        raise DataError(
            f"problem {problem.name}: {n_groups} {problem.groups_are}s cannot be cut into "
            f"{problem.n_folds} folds; take fewer folds"
        )
    if problem.n_folds == 1 and samples.train is None:
        raise DataError(
            f"problem {problem.name}: with n_folds=1 the loader's Bunch must say by `train`, a "
            f"mask, which samples are for training"
        )
    return samples.for_methods()


def _encode(ear: Cochlea, sounds: list[Any], key: tuple[str, ...]) -> SpikeTrains:
    spikes: SpikeTrains = ear.transform(sounds)
    return spikes


def _thinned(rows: Rows, y: Rows, n: int | None) -> Rows:
    """So many of the rows, the classes in equal parts."""
    if n is None or n >= len(rows):
        return rows
    mixed = np.random.default_rng(_CUT).permutation(rows)
    # How many of the same class come before each row.
    order = np.argsort(y[mixed], kind="stable")
    _, begins, counts = np.unique(y[mixed][order], return_index=True, return_counts=True)
    rank = np.empty(len(mixed), dtype=np.int64)
    rank[order] = np.arange(len(mixed)) - np.repeat(begins, counts)
    return np.sort(mixed[np.argsort(rank, kind="stable")[:n]])
