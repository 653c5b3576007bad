"""Spoken words to train and measure on, cut so that measured speakers were never heard."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import Hz
from sklearn.utils import Bunch

from bioplastic.cli.tasks import Task
from bioplastic.datasets import (
    load_fsdd,
    load_hd,
    load_ntidigits,
    load_shd,
    load_spoken,
    load_ssc,
)
from bioplastic.encoding import Cochlea
from bioplastic.errors import DataError, ParameterError
from bioplastic.spikes import SpikeTrains

__all__ = ["WORDS", "WordTask", "Words"]

#: Channels of the cochlea that hears recordings.
_N_CHANNELS = 128


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class WordTask(Task):
    """Words as spikes, with their speakers.

    Parameters
    ----------
    train_speakers, test_speakers : ndarray of shape (n_samples,)
        Speaker of each word.
    frequencies : ndarray of shape (n_channels,), in hertz, or None
        Centre frequency of each channel, rising, where it is known.
    split : dict
        What :meth:`Words.cut` was asked for, to cut alike again.
    """

    train_speakers: npt.NDArray[Any]
    test_speakers: npt.NDArray[Any]
    frequencies: npt.NDArray[np.float64] | None
    split: dict[str, Any]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """Words that were not cut yet.

    Parameters
    ----------
    name, description : str
        Name on the command line, and what the data are.
    data : SpikeTrains or list of ndarray
        The words, or sounds for the `ear`.
    ear : Cochlea or None
        Turns sounds into spikes.
    target, speakers : ndarray of shape (n_samples,)
        Class and speaker of each word.
    class_names : tuple of str
        The words.
    frequencies : ndarray of shape (n_channels,), in hertz, or None
        Centre frequency of each channel.
    n_folds : int
        Into how many fixed folds the speakers are cut; 0 where they must not be.
    official : ndarray of shape (n_samples,), bool, or None
        Where the data set has a split of its own: its training part.
    """

    name: str
    description: str
    data: SpikeTrains | list[npt.NDArray[np.float32]]
    ear: Cochlea | None = None
    target: npt.NDArray[Any]
    speakers: npt.NDArray[Any]
    class_names: tuple[str, ...]
    frequencies: npt.NDArray[np.float64] | None = None
    n_folds: int = 0
    official: npt.NDArray[np.bool_] | None = None

    def cut(
        self, *, fold: int | None = None, held_out: list[str] | None = None, train: bool = True
    ) -> WordTask:
        """Keep words apart for the measurement.

        Parameters
        ----------
        fold : int, optional
            Hold out the speakers of this fold. Of the speakers in their sorted order, the folds
            take one each in turn.
        held_out : list of str, optional
            Hold out these speakers. Where both are None: the official split where there is one,
            else fold 0.
        train : bool
            Whether the training words are needed; else there are none.

        Raises
        ------
        ParameterError
            If the data set does not offer that cut.
        """
        held = self.speakers_of(fold, held_out)
        if held is None:
            assert self.official is not None
            test, known = ~self.official, np.unique(self.speakers[self.official])
            strangers = np.setdiff1d(self.speakers[test], known)
            how = f"the official test words of {self.name}, " + (
                f"in part of speakers who are not in training: {', '.join(map(str, strangers))}"
                if len(strangers)
                else "of the speakers of the training words"
            )
            split: dict[str, Any] = {}
        else:
            test, names = np.isin(self.speakers, held), [str(speaker) for speaker in held]
            how = f"all words of speakers who are not in training: {', '.join(names)}"
            split = {"held_out": names}
        rows = np.flatnonzero(~test) if train else np.array([], dtype=np.int64)
        return WordTask(
            name=self.name,
            description=self.description,
            X_train=self._spikes(rows),
            y_train=self.target[rows],
            X_test=self._spikes(np.flatnonzero(test)),
            y_test=self.target[test],
            class_names=self.class_names,
            test_part=how,
            train_speakers=self.speakers[rows],
            test_speakers=self.speakers[test],
            frequencies=self.frequencies if self.ear is None else self.ear.center_frequencies_,
            split=split,
        )

    def encoded(self) -> "Words":
        """Return the same words as spikes, to be cut many times."""
        if self.ear is None:
            return self
        spikes = self._spikes(np.arange(len(self.target)))
        known = self.ear.center_frequencies_
        return dataclasses.replace(self, data=spikes, ear=None, frequencies=known)

    def speakers_of(
        self, fold: int | None = None, held_out: list[str] | None = None
    ) -> npt.NDArray[Any] | None:
        """Return the speakers that a cut holds out, None where it is the official split.

        Parameters
        ----------
        fold, held_out
            See :meth:`cut`.

        Raises
        ------
        ParameterError
            If the data set does not offer that cut.
        """
        if fold is None and held_out is None and self.official is not None:
            return None
        everybody = np.unique(self.speakers)
        names = [str(speaker) for speaker in everybody]
        if not self.n_folds:
            raise ParameterError(
                f"--fold, --held-out, --all-folds: {self.name} has a split of its own, which holds "
                f"speakers out; leave them out"
            )
        if held_out is None:
            fold = fold or 0
            if fold >= self.n_folds:
                raise ParameterError(
                    f"--fold: must be 0 to {self.n_folds - 1} for {self.name}, got {fold}"
                )
            chosen: npt.NDArray[Any] = everybody[fold :: self.n_folds]
            return chosen
        if fold is not None:
            raise ParameterError("--fold, --held-out: give one of them, got both")
        if not set(held_out) < set(names) or not held_out:
            raise ParameterError(
                f"--held-out: must name some, but not all, of the speakers {', '.join(names)}; got "
                f"{', '.join(held_out) or 'none'}"
            )
        chosen = everybody[[name in held_out for name in names]]
        return chosen

    def _spikes(self, rows: npt.NDArray[np.int64]) -> SpikeTrains:
        if isinstance(self.data, SpikeTrains):
            return self.data[rows]
        assert self.ear is not None
        if not len(rows):
            return SpikeTrains([], [], [0], n_units=self.ear.n_channels, duration=[])
        spikes: SpikeTrains = self.ear.transform([self.data[k] for k in rows])
        return spikes


def spoken_words(path: Path | None = None, *, jobs: int = 1) -> Words:
    """Return the synthetic words that come along.

    Raises
    ------
    ParameterError
        If a path is given.

    Examples
    --------
    >>> from bioplastic.cli.words import spoken_words
    >>> task = spoken_words().cut(fold=1)
    >>> len(task.X_train), len(task.X_test), *task.split["held_out"]
    (540, 180, 'en+f4', 'en-gb-scotland+f3', 'en-us+f1')
    """
    if path is not None:
        raise ParameterError(
            f"--data: the spoken digits come along with bioplastic, got {path}; leave it out"
        )
    spoken = load_spoken()
    return Words(
        name="spoken",
        description=f"{len(spoken.data):,} digits spoken by synthetic voices, as spikes of "
        f"{spoken.data.n_units} channels",
        data=spoken.data,
        target=spoken.target,
        speakers=spoken.groups,
        class_names=tuple(spoken.target_names),
        frequencies=spoken.center_frequencies,
        n_folds=4,
    )


def hd_words(path: Path | None = None, *, jobs: int = 1) -> Words:
    """Return spoken digits from one file, see :func:`bioplastic.datasets.load_hd`."""
    hd = load_hd(path)
    n_speakers = len(np.unique(hd.groups))
    if n_speakers < 2:
        raise DataError(f"--data: must hold words of two speakers or more, got {n_speakers}")
    return Words(
        name="hd",
        description=f"{len(hd.data):,} spoken digits, as spikes of {hd.data.n_units} channels",
        data=hd.data,
        target=hd.target,
        speakers=hd.groups,
        class_names=tuple(hd.target_names),
        n_folds=min(5, n_speakers),
    )


def shd_words(path: Path | None = None, *, jobs: int = 1) -> Words:
    """Return the Spiking Heidelberg Digits, see :func:`bioplastic.datasets.load_shd`."""
    return _official("shd", "Spiking Heidelberg Digits", load_shd(path, "all"))


def ssc_words(path: Path | None = None, *, jobs: int = 1) -> Words:
    """Return the Spiking Speech Commands, see :func:`bioplastic.datasets.load_ssc`.

    Words that are meant for validation are trained on.
    """
    return _official("ssc", "Spiking Speech Commands", load_ssc(path, "all"))


def ntidigits_words(path: Path | None = None, *, jobs: int = 1) -> Words:
    """Return single digits of N-TIDIGITS18, see :func:`bioplastic.datasets.load_ntidigits`."""
    return _official("ntidigits", "digits of N-TIDIGITS18", load_ntidigits(path, "all"))


def _official(name: str, what: str, words: Bunch) -> Words:
    """Return words of a data set with a split of its own."""
    return Words(
        name=name,
        description=f"{len(words.data):,} {what}, spikes of {words.data.n_units} channels",
        data=words.data,
        target=words.target,
        speakers=words.groups,
        class_names=tuple(words.target_names),
        official=words.subset != "test",
    )


def fsdd_words(path: Path | None = None, *, jobs: int = 1) -> Words:
    """Return the Free Spoken Digits as sounds, see :func:`bioplastic.datasets.load_fsdd`."""
    fsdd = load_fsdd(path)
    ear = Cochlea(n_channels=_N_CHANNELS, sample_rate=fsdd.sample_rate * Hz, n_jobs=jobs)
    return Words(
        name="fsdd",
        description=f"{len(fsdd.data):,} recorded digits, as spikes of {_N_CHANNELS} channels of "
        f"our cochlea",
        data=fsdd.data,
        ear=ear.fit(fsdd.data[:1]),
        target=fsdd.target,
        speakers=fsdd.groups,
        class_names=tuple(fsdd.target_names),
        n_folds=len(np.unique(fsdd.groups)),
        official=fsdd.train,
    )


WORDS: dict[str, Callable[..., Words]] = {
    "spoken": spoken_words,
    "hd": hd_words,
    "shd": shd_words,
    "ssc": ssc_words,
    "ntidigits": ntidigits_words,
    "fsdd": fsdd_words,
}
