"""The problems of studies as the commands cut them: officially, by fold or by speaker."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic.errors import DataError, ParameterError
from bioplastic.study.problems import Problem, Rows, Samples


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A problem in two parts.

    Parameters
    ----------
    problem : Problem
        The data set.
    samples : Samples
        All of its samples.
    y : ndarray of shape (n_samples,)
        What a model learns: indices of the classes; their names, for recordings of the user.
    train, test : ndarray of int
        Rows of the two parts.
    test_part : str
        How the test part came about.
    split : dict
        What :func:`cut` was asked for, to cut alike again.
    """

    problem: Problem
    samples: Samples
    y: npt.NDArray[Any]
    train: Rows
    test: Rows
    test_part: str
    split: dict[str, Any]

    @property
    def speakers(self) -> npt.NDArray[Any]:
        """Speaker of each sample; no letters where that is not known."""
        known = self.samples.groups
        return np.full(len(self.y), "") if known is None else known

    def names(self, labels: npt.NDArray[Any]) -> list[str]:
        """Return the name of each label."""
        classes = self.samples.classes
        return [str(one) if isinstance(one, str) else classes[one] for one in labels]


def cut(
    problem: Problem,
    samples: Samples,
    *,
    fold: int | None = None,
    held_out: list[str] | None = None,
) -> Task:
    """Hold samples out.

    Parameters
    ----------
    problem, samples : Problem, Samples
        What is cut.
    fold : int, optional
        Hold out this fold: of the speakers in their sorted order, the folds take one each in turn.
    held_out : list of str, optional
        Hold out these speakers. Where both are None: the official split where there is one, else
        fold 0.

    Raises
    ------
    ParameterError
        If the data set does not offer that cut.

    Examples
    --------
    >>> from bioplastic.cli.data import cut
    >>> from bioplastic.study import PROBLEMS
    >>> task = cut(PROBLEMS["spoken"], PROBLEMS["spoken"].read(), fold=1)
    >>> len(task.train), len(task.test), *task.split["held_out"]
    (540, 180, 'en+f4', 'en-gb-scotland+f3', 'en-us+f1')
    """
    how, groups, split = problem.test_part, samples.groups, dict[str, Any]()
    if samples.train is not None and fold is None and held_out is None:
        test = ~samples.train
        if groups is not None:
            strangers = np.setdiff1d(groups[test], groups[~test])
            how = f"the official test words of {problem.name}, " + (
                f"in part of speakers who are not in training: {', '.join(map(str, strangers))}"
                if len(strangers)
                else "of the speakers of the training words"
            )
    elif groups is None and samples.train is None:
        split = {"fold": fold or 0}
        _, rows = problem.split(samples, **split)
        test = np.isin(np.arange(len(samples.y)), rows)
    else:
        held = speakers_of(problem, samples, fold=fold, held_out=held_out)
        test, names = np.isin(np.asarray(groups), held), [str(speaker) for speaker in held]
        how, split = f"all words of speakers who are not in training: {', '.join(names)}", {
            "held_out": names
        }  # fmt: skip
    named = problem.name == "audio"
    return Task(
        problem=problem,
        samples=samples,
        y=np.array(samples.classes)[samples.y] if named else samples.y,
        train=np.flatnonzero(~test),
        test=np.flatnonzero(test),
        test_part=how,
        split=split,
    )


def n_folds(problem: Problem, samples: Samples) -> int:
    """Return into how many folds the speakers can be cut; 0 for an official split alone."""
    if samples.groups is None or problem.n_folds == 1:
        return 0
    n_speakers = len(np.unique(samples.groups))
    if n_speakers < 2:
        raise DataError(f"--data: must hold words of two speakers or more, got {n_speakers}")
    return min(problem.n_folds, n_speakers)


def speakers_of(
    problem: Problem,
    samples: Samples,
    *,
    fold: int | None = None,
    held_out: list[str] | None = None,
) -> npt.NDArray[Any]:
    """Return the speakers whom a cut by fold or by name holds out; parameters as of :func:`cut`.

    Raises
    ------
    ParameterError
        If the data set does not offer that cut.
    """
    if (n := n_folds(problem, samples)) == 0:
        raise ParameterError(
            f"--fold, --held-out, --all-folds: {problem.name} has a split of its own"
            f"{'' if samples.groups is None else ', which holds speakers out'}; leave them out"
        )
    everybody = np.unique(np.asarray(samples.groups))
    chosen: npt.NDArray[Any] = everybody[fold or 0 :: n]
    if held_out is None:
        if fold is not None and fold >= n:
            raise ParameterError(f"--fold: must be 0 to {n - 1} for {problem.name}, got {fold}")
        return chosen
    if fold is not None:
        raise ParameterError("--fold, --held-out: give one of them, got both")
    names = [str(speaker) for speaker in everybody]
    if not set(held_out) < set(names) or not held_out:
        raise ParameterError(
            f"--held-out: must name some, but not all, of the speakers {', '.join(names)}; got "
            f"{', '.join(held_out) or 'none'}"
        )
    chosen = everybody[[name in held_out for name in names]]
    return chosen
