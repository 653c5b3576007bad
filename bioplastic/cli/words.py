"""Spoken words to train and measure on, cut so that measured speakers were never heard."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import Hz
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch

from bioplastic.cli.tasks import Task
from bioplastic.datasets import (
    load_audio,
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
#: Where sounds are cut whose speakers are not known; fixed, whatever the seed of a network.
_CUT, _TEST_SHARE = 0, 0.2


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
    data : SpikeTrains or list
        The words, or sounds and paths of sounds for the `ear`.
    ear : Cochlea or None
        Turns sounds into spikes.
    target, speakers : ndarray of shape (n_samples,)
        Class and speaker of each word; no letters for a speaker who is not known.
    class_names : tuple of str or None
        The words, where classes are numbers.
    frequencies : ndarray of shape (n_channels,), in hertz, or None
        Centre frequency of each channel.
    n_folds : int
        Into how many fixed folds the speakers are cut; 0 where they must not be.
    official : ndarray of shape (n_samples,), bool, or None
        Where the data set has a split of its own: its training part.
    test_part : str
        How the rest came about, where nobody published it.
    pattern : str or None
        Of the names of files, where they are the user's.
    """

    name: str
    description: str
    data: SpikeTrains | list[Any]
    ear: Cochlea | None = None
    target: npt.NDArray[Any]
    speakers: npt.NDArray[Any]
    class_names: tuple[str, ...] | None
    frequencies: npt.NDArray[np.float64] | None = None
    n_folds: int = 0
    official: npt.NDArray[np.bool_] | None = None
    test_part: str = ""
    pattern: str | None = None

    def cut(
        self,
        *,
        fold: int | None = None,
        held_out: list[str] | None = None,
        train: bool = True,
        sounds: bool = False,
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
        sounds : bool
            Whether sounds stay sounds, for a model that begins with an ear.

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
            how = self.test_part or how
            split: dict[str, Any] = {}
        else:
            test, names = np.isin(self.speakers, held), [str(speaker) for speaker in held]
            how = f"all words of speakers who are not in training: {', '.join(names)}"
            split = {"held_out": names}
        rows = np.flatnonzero(~test) if train else np.array([], dtype=np.int64)
        return WordTask(
            name=self.name,
            description=self.description,
            X_train=self._words(rows, sounds=sounds),
            y_train=self.target[rows],
            X_test=self._words(np.flatnonzero(test), sounds=sounds),
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
        spikes = self._words(np.arange(len(self.target)), sounds=False)
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
                f"--fold, --held-out, --all-folds: {self.name} has a split of its own"
                f"{'' if self.test_part else ', which holds speakers out'}; leave them out"
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

    def _words(self, rows: npt.NDArray[np.int64], *, sounds: bool) -> Any:
        if isinstance(self.data, SpikeTrains):
            return self.data[rows]
        if sounds:
            return [self.data[k] for k in rows]
        assert self.ear is not None
        if not len(rows):
            return SpikeTrains([], [], [0], n_units=self.ear.n_channels, duration=[])
        return self.ear.transform([self.data[k] for k in rows])


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


def audio_words(path: Path | None = None, *, jobs: int = 1, pattern: str | None = None) -> Words:
    """Return the sounds of a folder, see :func:`bioplastic.datasets.load_audio`.

    Speakers are held out where the pattern tells two or more, else a stratified fifth.

    Raises
    ------
    ParameterError
        If no folder is given.
    DataError, DataNotFoundError
        If the sounds cannot be read, or are too few to hold some out.
    """
    if path is None:
        raise ParameterError(
            "--data: must name the folder with the sounds, the one that --audio named"
        )
    pattern = pattern or "{label}/*.wav"
    audio = load_audio(path, pattern=pattern)
    words = np.array(audio.target_names)[audio.target]
    speakers = np.full(len(words), "") if audio.groups is None else audio.groups
    known = len(np.unique(speakers))
    if len(audio.target_names) < 2:
        raise DataError(
            f"{path}: must hold sounds of two classes or more, got {audio.target_names[0]!r} alone"
        )
    official = None
    if known < 2:
        rows = np.arange(len(words))
        try:
            _, test = train_test_split(
                rows, test_size=_TEST_SHARE, stratify=words, random_state=_CUT
            )
        except ValueError as error:
            raise DataError(f"{path}: must hold some sounds of each class: {error}") from error
        official = ~np.isin(rows, test)
    ear = Cochlea(n_channels=_N_CHANNELS, sample_rate=audio.sample_rate * Hz, n_jobs=jobs)
    return Words(
        name="audio",
        description=f"{audio.DESCR}, as spikes of {_N_CHANNELS} channels of our cochlea",
        data=audio.filenames,
        ear=ear.fit(audio.filenames),
        target=words,
        speakers=speakers,
        class_names=None,
        n_folds=min(5, known) if known > 1 else 0,
        official=official,
        test_part=f"a stratified fifth of the sounds (cut {_CUT}); speakers are not told apart",
        pattern=pattern,
    )


WORDS: dict[str, Callable[..., Words]] = {
    "spoken": spoken_words,
    "hd": hd_words,
    "shd": shd_words,
    "ssc": ssc_words,
    "ntidigits": ntidigits_words,
    "fsdd": fsdd_words,
    "audio": audio_words,
}
