"""Sounds from arrays and files, checked, as one channel at the rate of the basilar membrane."""

import os
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.signal

from bioplastic._sound_files import read_sound_file
from bioplastic.encoding._gammatone import BASILAR_RATE
from bioplastic.errors import DataError, DataNotFoundError

# Shorter than this, no filter has answered yet.
_SHORTEST = 0.01


def check_sounds(X: Any) -> list[Any]:
    """Return the sounds one by one, unread.

    Raises
    ------
    DataError
        If there are none, or X is one sound and not several.
    """
    if isinstance(X, (str, os.PathLike)):
        raise DataError(f"Cochlea: X must be a list of sounds, got one path; give [{str(X)!r}]")
    if hasattr(X, "ndim") and X.ndim != 2 and not (X.ndim == 1 and X.dtype.kind in "OUT"):
        raise DataError(
            "Cochlea: X must be a list of sounds or an array (n_sounds, n_samples), got an array "
            f"of shape {X.shape}; give [sound] for one sound"
        )
    try:
        sounds = list(X)
    except TypeError:
        raise DataError(f"Cochlea: X must be a list of sounds, got {X!r}") from None
    if not sounds:
        raise DataError("Cochlea: X must hold at least one sound, got none")
    return sounds


class Sound(NamedTuple):
    """One sound, ready for the basilar membrane.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,), float32
        At `BASILAR_RATE`, without the mean.
    duration : float, in seconds
        Length of the sound as it came.
    fingerprint : int
        Follows from the samples as they came; seeds the noise.
    """

    samples: npt.NDArray[np.float32]
    duration: float
    fingerprint: int


def read_sound(sound: Any, rate: float, number: int) -> Sound:
    """Read and check one sound.

    Parameters
    ----------
    sound : array-like of shape (n_samples,), str or os.PathLike
        Samples, or the path of a sound file, of which the channels are averaged.
    rate : float, in hertz
        Sample rate of arrays.
    number : int
        Place of the sound in X, for messages.

    Returns
    -------
    Sound

    Raises
    ------
    DataError
        If the sound cannot be read, is no row of finite real numbers, or is too short.
    DataNotFoundError
        If there is no such file.
    """
    name = f"sound {number}"
    if isinstance(sound, (str, os.PathLike)):
        path = Path(sound).expanduser()
        name = f"{name} ({path})"
        if not path.is_file():
            raise DataNotFoundError(f"Cochlea: {name} is not a file; correct the path")
        channels, rate = read_sound_file(
            path, "float64", where=f"Cochlea: {name}", rate=BASILAR_RATE
        )
        samples = channels.mean(axis=1)
    else:
        samples = _check_array(sound, name)
    if not np.isfinite(samples).all():
        first = int(np.flatnonzero(~np.isfinite(samples))[0])
        raise DataError(
            f"Cochlea: {name} must be finite, sample {first} is {samples[first]}; remove or "
            "replace it"
        )
    if len(samples) < _SHORTEST * rate:
        raise DataError(
            f"Cochlea: {name} must last at least {_SHORTEST * 1e3:g} ms, got {len(samples)} "
            f"samples at {rate:g} Hz; pad it with zeros or leave it out"
        )
    duration, fingerprint = len(samples) / rate, zlib.crc32(samples.tobytes())
    # The mean of equal numbers may miss them by a last digit, and silence is silence.
    samples = samples - (samples.mean() if np.ptp(samples) else samples[0])
    if rate != BASILAR_RATE:
        ratio = Fraction(BASILAR_RATE / rate).limit_denominator(10_000)
        if not ratio:
            raise DataError(
                f"Cochlea: {name} has a sample rate of {rate:g} Hz, which is no sound's; correct "
                "the file or sample_rate"
            )
        samples = scipy.signal.resample_poly(samples, ratio.numerator, ratio.denominator)
    return Sound(samples.astype(np.float32), duration, fingerprint)


def _check_array(sound: Any, name: str) -> npt.NDArray[np.float64]:
    try:
        samples = np.asarray(sound)
    except ValueError as error:
        raise DataError(f"Cochlea: {name} must be a row of numbers: {error}") from error
    if samples.dtype.kind not in "if":
        raise DataError(
            f"Cochlea: {name} must hold real numbers or signed integers, got {samples.dtype}; "
            "convert it, with silence at 0"
        )
    if samples.ndim != 1:
        raise DataError(
            f"Cochlea: {name} must have one dimension, got shape {samples.shape}; choose a "
            "channel, or average them with sound.mean(axis=1)"
        )
    # As in sound files: the largest integer stands for 1.
    full = -float(np.iinfo(samples.dtype).min) if samples.dtype.kind == "i" else 1.0
    return samples.astype(np.float64) / full
