"""The data sets of this library, as problems of studies and commands."""

import functools
import os
from collections.abc import Callable

import numpy as np
from brian2 import Hz
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch

from bioplastic import datasets
from bioplastic.encoding import Cochlea
from bioplastic.errors import DataError, ParameterError
from bioplastic.study.problems import Problem

#: Channels of the cochlea for recordings.
_N_CHANNELS = 128

type Path = str | os.PathLike[str]


def _included(load: Callable[[], Bunch], where: str, *path: Path) -> Bunch:
    """Load what is part of a package."""
    if path:
        raise ParameterError(
            f"--data: the data come along with {where}, got {path[0]}; leave it out"
        )
    return load()


def _official(load: Callable[..., Bunch], path: Path | None = None) -> Bunch:
    """Test on the official test samples; what was meant for validation is for training too."""
    bunch = load(path, "all")
    bunch.train = bunch.subset != "test"
    return bunch


def _mnist(path: Path | None = None) -> Bunch:
    mnist = datasets.load_mnist(path)
    mnist.train = np.arange(len(mnist.data)) < mnist.n_train
    return mnist


def _fsdd(path: Path | None = None) -> Bunch:
    fsdd = datasets.load_fsdd(path)
    fsdd.ear = Cochlea(n_channels=_N_CHANNELS, sample_rate=fsdd.sample_rate * Hz)
    return fsdd


def recordings(pattern: str) -> Problem:
    """Return the problem of a folder of sounds, whose path its `read` is given.

    Speakers are held out where the pattern tells two or more, else a stratified fifth.

    Parameters
    ----------
    pattern : str
        What the names of the files tell, see :func:`bioplastic.datasets.load_audio`.
    """
    return Problem(
        name="audio",
        title=f"Sounds named {pattern}",
        loader=functools.partial(_recordings, pattern),
        n_folds=5,
        groups_are="speaker",
        test_part="a stratified fifth of the sounds; speakers are not told apart",
    )


def _recordings(pattern: str, path: Path) -> Bunch:
    audio = datasets.load_audio(path, pattern=pattern)
    if len(audio.target_names) < 2:
        raise DataError(
            f"{path}: must hold sounds of two classes or more, got {audio.target_names[0]!r} alone"
        )
    if audio.groups is None or len(np.unique(audio.groups)) < 2:
        audio.groups, rows = None, np.arange(len(audio.target))
        try:
            train, _ = train_test_split(rows, test_size=0.2, stratify=audio.target, random_state=0)
        except ValueError as error:
            raise DataError(f"{path}: must hold some sounds of each class: {error}") from error
        audio.train = np.isin(rows, train)
    audio.ear = Cochlea(n_channels=_N_CHANNELS, sample_rate=audio.sample_rate * Hz)
    audio.data = audio.filenames
    return audio


#: Data sets by their names.
PROBLEMS: dict[str, Problem] = {
    problem.name: problem
    for problem in (
        Problem(
            name="hd",
            title="Heidelberg digits (hd): 20 spoken digits, ten speakers",
            loader=datasets.load_hd,
            n_folds=5,
            groups_are="speaker",
            limits={"demo": (400, 200)},
        ),
        Problem(
            name="fsdd",
            title="Free Spoken Digits: 10 digits, six speakers",
            loader=_fsdd,
            n_folds=6,
            groups_are="speaker",
            limits={"demo": (300, 150)},
        ),
        Problem(
            name="shd",
            title="Spiking Heidelberg Digits (SHD): 20 spoken digits",
            loader=functools.partial(_official, datasets.load_shd),
            n_folds=1,
            groups_are="speaker",
            limits={"demo": (400, 200)},
        ),
        Problem(
            name="ssc",
            title="Spiking Speech Commands (SSC): 35 words",
            loader=functools.partial(_official, datasets.load_ssc),
            n_folds=1,
            groups_are="speaker",
            limits={"demo": (700, 350), "default": (10_000, 5_000)},
        ),
        Problem(
            name="ntidigits",
            title="N-TIDIGITS18: eleven spoken digits of a silicon cochlea",
            loader=functools.partial(_official, datasets.load_ntidigits),
            n_folds=1,
            groups_are="speaker",
            limits={"demo": (400, 200)},
        ),
        Problem(
            name="spoken",
            title="Spoken digits of twelve synthetic voices",
            loader=functools.partial(_included, datasets.load_spoken, "bioplastic"),
            n_folds=4,
            groups_are="voice",
            limits={"demo": (300, 100)},
        ),
        Problem(
            name="digits",
            title="Handwritten digits, 8 x 8 pixels",
            loader=functools.partial(_included, datasets.load_digits, "scikit-learn"),
            n_folds=5,
            test_part="a stratified fifth of the digits",
            limits={"demo": (600, 200)},
        ),
        Problem(
            name="mnist",
            title="MNIST",
            loader=_mnist,
            n_folds=1,
            test_part="the test images of MNIST, written by other people",
            limits={"demo": (600, 200), "default": (5000, 2000)},
        ),
    )
}
