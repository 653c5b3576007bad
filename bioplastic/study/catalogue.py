"""The data sets of this library, as problems of a study."""

from typing import Any

import joblib
import numpy as np
from brian2 import Hz
from sklearn.utils import Bunch

from bioplastic import datasets
from bioplastic._paths import cache_dir
from bioplastic.encoding import Cochlea
from bioplastic.spikes import SpikeTrains
from bioplastic.study.problems import Problem

__all__ = ["PROBLEMS"]

#: Channels of the cochlea that hears recordings.
_N_CHANNELS = 128


def _shd() -> Bunch:
    return _official(datasets.load_shd(subset="all"))


def _ssc() -> Bunch:
    return _official(datasets.load_ssc(subset="all"))


def _ntidigits() -> Bunch:
    return _official(datasets.load_ntidigits(subset="all"))


def _official(bunch: Bunch) -> Bunch:
    """Test on the official test samples; what was meant for validation is for training too."""
    bunch.train = bunch.subset != "test"
    return bunch


def _mnist() -> Bunch:
    mnist = datasets.load_mnist()
    mnist.train = np.arange(len(mnist.data)) < mnist.n_train
    return mnist


def _fsdd() -> Bunch:
    """Return the Free Spoken Digits as our cochlea hears them; hearing them takes minutes, once."""
    from bioplastic import __version__

    fsdd = datasets.load_fsdd()
    ear = Cochlea(n_channels=_N_CHANNELS, sample_rate=fsdd.sample_rate * Hz)
    memory = joblib.Memory(cache_dir() / "heard", verbose=0)
    said = joblib.hash(fsdd.data), repr(ear), __version__
    fsdd.data = memory.cache(_hear, ignore=["ear", "sounds"])(ear, fsdd.data, said)
    del fsdd["train"]
    return fsdd


def _hear(ear: Cochlea, sounds: list[Any], said: tuple[str, ...]) -> SpikeTrains:
    spikes: SpikeTrains = ear.fit_transform(sounds)
    return spikes


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
            loader=_shd,
            n_folds=1,
            groups_are="speaker",
            limits={"demo": (400, 200)},
        ),
        Problem(
            name="ssc",
            title="Spiking Speech Commands (SSC): 35 words",
            loader=_ssc,
            n_folds=1,
            groups_are="speaker",
            limits={"demo": (700, 350), "default": (10_000, 5_000)},
        ),
        Problem(
            name="ntidigits",
            title="N-TIDIGITS18: eleven spoken digits, heard by a silicon cochlea",
            loader=_ntidigits,
            n_folds=1,
            groups_are="speaker",
            limits={"demo": (400, 200)},
        ),
        Problem(
            name="spoken",
            title="Spoken digits of twelve synthetic voices",
            loader=datasets.load_spoken,
            n_folds=4,
            groups_are="voice",
            limits={"demo": (300, 100)},
        ),
        Problem(
            name="digits",
            title="Handwritten digits, 8 x 8 pixels",
            loader=datasets.load_digits,
            n_folds=5,
            limits={"demo": (600, 200)},
        ),
        Problem(
            name="mnist",
            title="MNIST",
            loader=_mnist,
            n_folds=1,
            limits={"demo": (600, 200), "default": (5000, 2000)},
        ),
    )
}
