"""Free Spoken Digit Dataset: 3,000 recordings of zero to nine, from local wav files."""

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch

from bioplastic._sound_files import read_sound_file
from bioplastic.datasets._official import find_files
from bioplastic.errors import DataError

_HOME = "https://github.com/Jakobovski/free-spoken-digit-dataset"
_SAMPLE_RATE = 8000
_N_TEST = 5
_NAME = re.compile(r"(?P<digit>\d)_(?P<speaker>[^_]+)_(?P<number>\d+)\.wav")

_DESCR = f"""\
Free Spoken Digit Dataset (FSDD)
--------------------------------
Zero to nine in English, each spoken 50 times by each of six speakers: 3,000 recordings, 8 kHz, one
channel, without silence at the ends. Recordings 0 to 4 of each digit and speaker are the test set.
Test and training recordings share their speakers; for unseen speakers, leave one out by
`groups`. License CC BY-SA 4.0.

Z. Jackson and others, Free Spoken Digit Dataset. {_HOME}
https://doi.org/10.5281/zenodo.1342401
"""


class _Recording(NamedTuple):
    """One file and what its name says; sorts training before test, then by name."""

    test: bool
    digit: int
    speaker: str
    number: int
    path: Path


def load_fsdd(path: str | os.PathLike[str] | None = None, *, encoder: Any = None) -> Bunch:
    """Load the Free Spoken Digit Dataset from its wav files.

    Nothing is downloaded. Files must be named ``<digit>_<speaker>_<index>.wav``, as published.

    Parameters
    ----------
    path : str or os.PathLike, optional
        Folder with the recordings, itself or in its subfolder ``recordings``, ``fsdd`` or
        ``fsdd/recordings``. Where it is None: the last two of the folder that the environment
        variable ``BIOPLASTIC_DATA`` names, then of the cache.
    encoder : transformer, optional
        Turns paths of sound files into spikes by its `transform`, such as
        :class:`bioplastic.encoding.Cochlea`: `data` are those spikes then.

    Returns
    -------
    sklearn.utils.Bunch
        data : list of ndarray of shape (n_frames,), float32, or SpikeTrains
            Sound of each recording, from -1 to 1, at `sample_rate`; with `encoder` its spikes.
            Training recordings come first.
        target : ndarray of shape (n_samples,), int64
            The digit, 0 to 9.
        groups : ndarray of shape (n_samples,), str
            Speaker.
        index : ndarray of shape (n_samples,), int64
            Number of the recording among those of the same digit and speaker.
        train : ndarray of shape (n_samples,), bool
            Official split: true for recordings 5 to 49, false for 0 to 4.
        n_train : int
            The row where the test recordings begin.
        sample_rate : int, in hertz
            8000.
        feature_names : list of str
            ``channel_<number>`` with `encoder`, else empty.
        target_names : list of str
            ``"zero"`` to ``"nine"``.
        DESCR : str
            Origin and description.

    Raises
    ------
    DataNotFoundError
        If there are no recordings.
    DataError
        If a wav file has another name, cannot be read, is empty, has another sample rate or more
        than one channel.

    References
    ----------
    .. [1] Z. Jackson and others. Free Spoken Digit Dataset.
       https://doi.org/10.5281/zenodo.1342401

    Examples
    --------
    >>> from bioplastic.datasets import load_fsdd
    >>> fsdd = load_fsdd()  # doctest: +SKIP
    >>> len(fsdd.data), fsdd.n_train  # doctest: +SKIP
    (3000, 2700)
    """
    found = find_files(
        ["*.wav", "recordings/*.wav"], path,
        caller="load_fsdd", folders=["fsdd"], what="a folder recordings with wav files", home=_HOME,
    )  # fmt: skip
    recordings = sorted(map(_recording, found))
    if encoder is None:
        data: Any = [_read(recording.path) for recording in recordings]
    else:
        data = encoder.transform([str(recording.path) for recording in recordings])
    train = np.array([not recording.test for recording in recordings])
    return Bunch(
        data=data,
        target=np.array([recording.digit for recording in recordings], dtype=np.int64),
        groups=np.array([recording.speaker for recording in recordings], dtype=np.str_),
        index=np.array([recording.number for recording in recordings], dtype=np.int64),
        train=train,
        n_train=int(train.sum()),
        sample_rate=_SAMPLE_RATE,
        feature_names=[f"channel_{k}" for k in range(0 if encoder is None else data.shape[1])],
        target_names=[
            *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
        ],
        DESCR=_DESCR,
    )


def _recording(file: Path) -> _Recording:
    match = _NAME.fullmatch(file.name)
    if match is None:
        raise DataError(
            f"{file}: must be named <digit>_<speaker>_<index>.wav; remove it from the folder, or "
            f"name the folder of the published recordings"
        )
    number = int(match["number"])
    return _Recording(number < _N_TEST, int(match["digit"]), match["speaker"], number, file)


def _read(file: Path) -> npt.NDArray[np.float32]:
    sound, rate = read_sound_file(file, "float32", where=f"{file}:")
    if rate != _SAMPLE_RATE or sound.shape[1] != 1 or not len(sound):
        raise DataError(
            f"{file}: must be {_SAMPLE_RATE} Hz with one channel and not empty, got {rate:g} Hz, "
            f"{sound.shape[1]} channels, {len(sound)} frames; put the published file in its place, "
            f"or give other recordings to bioplastic.encoding.Cochlea"
        )
    return np.asarray(sound.ravel(), dtype=np.float32)
