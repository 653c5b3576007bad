"""Data sets as a study sees them: what is learned from, what is held out, and who spoke it."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import joblib
import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.utils import Bunch

from bioplastic.errors import DataError, ParameterError
from bioplastic.spikes import SpikeTrains

__all__ = ["SIZES", "Problem", "Samples", "Size"]

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
    X : SpikeTrains, or ndarray of shape (n_samples, n_features) in [0, 1]
        The samples.
    y : ndarray of int, shape (n_samples,)
        Class of each, as an index of `classes`.
    classes : tuple of str
        Names of the classes.
    groups : ndarray of shape (n_samples,), or None
        Who each sample is of.
    image_shape : tuple of int, or None
        Height and width of a sample, where it is an image.
    train : ndarray of bool, shape (n_samples,), or None
        Training samples of the official split, where that is the only one.
    """

    X: Any
    y: Rows
    classes: tuple[str, ...]
    groups: npt.NDArray[Any] | None = None
    image_shape: tuple[int, int] | None = None
    train: npt.NDArray[np.bool_] | None = None

    def tested_groups(self, rows: Rows) -> list[str] | None:
        """Who each of these test samples is of; None where that is not what is generalised over.

        Parameters
        ----------
        rows : ndarray of int
            The test samples.
        """
        if self.groups is None or self.train is not None:
            return None
        return [str(group) for group in self.groups[rows]]

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
        samples where the data set has one official split. A study hands it to other processes, so
        it must be importable there.
    n_folds : int
        Into how many parts the samples are cut; each is held out in turn. Whole groups where there
        are groups: in their sorted order, the folds take one each in turn. 1 where the data set
        has an official split.
    groups_are : str or None
        What a group is, such as ``"speaker"``. With an official split, which need not hold groups
        out, they only serve to choose settings, and accuracies are shares of test samples, as
        published ones are.
    test_part : str
        What the test samples are, where `n_folds` is 1.
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
        if self.n_folds < 1:
            raise ParameterError(f"n_folds: must be a whole number >= 1, got {self.n_folds!r}")

    def load(self) -> Samples:
        """Load all samples; kept in memory for the next call.

        Raises
        ------
        DataError
            If what the loader gives cannot be cut into the folds.
        """
        return _load(self)

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
        if not 0 <= fold < self.n_folds:
            raise ParameterError(f"fold: must be 0 to {self.n_folds - 1}, got {fold!r}")
        test = self._folds(samples) == fold
        n_train, n_test = self.limits.get(size, (None, None))
        return (
            _thinned(np.flatnonzero(~test), samples.y, n_train),
            _thinned(np.flatnonzero(test), samples.y, n_test),
        )

    def inner_split(self, samples: Samples, rows: Rows, fold: int, seed: int) -> tuple[Rows, Rows]:
        """Cut training rows once more: those to learn from, and those to choose settings by.

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
                    f"that settings cannot be chosen on another; leave groups_are out, or take a "
                    f"budget of 1"
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
                f"Test samples are all of {groups} of whom nothing was heard in training: "
                f"{self.n_folds} folds of {groups}, one of which is held out."
            )
        else:
            cut = f"{self.n_folds} stratified folds, one of which is held out."
        if not chosen:
            cut += " Each method has one setting, so that nothing is chosen."
        elif not self.groups_are:
            cut += " Settings are chosen on a stratified fifth of the training samples."
        elif self.n_folds < 3:
            cut += (
                f" Settings are chosen on a fifth of the training {groups}, of whom nothing is "
                f"learned until then."
            )
        else:
            cut += f" Settings are chosen on the {groups} of another fold."
        if n_train is None:
            return cut
        return f"{cut} At most {n_train:,} training and {n_test:,} test samples are taken."

    def _folds(self, samples: Samples) -> Rows:
        """Fold of each sample."""
        if samples.train is not None:
            return np.where(samples.train, 1, 0)
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
    bunch = problem.loader()
    X = bunch.data
    if not isinstance(X, SpikeTrains):
        X = np.asarray(X, dtype=np.float64)
        X = X / max(float(X.max(initial=0.0)), 1e-300)
    labels, y = np.unique(bunch.target, return_inverse=True)
    names = bunch.get("target_names")
    classes = labels if names is None else [names[label] for label in labels]
    groups, train = bunch.get("groups"), bunch.get("train")
    if problem.groups_are is None:
        groups = None
    elif groups is None:
        raise DataError(
            f"problem {problem.name}: folds hold out {problem.groups_are}s, but the loader's Bunch "
            f"has no groups; add them, or leave groups_are out"
        )
    elif len(np.unique(groups)) < max(problem.n_folds, 2):
        raise DataError(
            f"problem {problem.name}: {len(np.unique(groups))} {problem.groups_are}s cannot be cut "
            f"into {problem.n_folds} folds; take fewer folds"
        )
    if problem.n_folds > 1:
        train = None
    elif train is None:
        raise DataError(
            f"problem {problem.name}: with n_folds=1 the loader's Bunch must say by `train`, a "
            f"mask, which samples are for training"
        )
    return Samples(
        X=X,
        y=np.asarray(y, dtype=np.int64),
        classes=tuple(map(str, classes)),
        groups=None if groups is None else np.asarray(groups),
        image_shape=bunch.get("image_shape"),
        train=None if train is None else np.asarray(train, dtype=bool),
    )


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
