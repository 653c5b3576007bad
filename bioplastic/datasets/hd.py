"""Spoken digits in the layout of the Spiking Heidelberg Digits, from one local file."""

import contextlib
import os
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from bioplastic._hdf5 import open_hdf5
from bioplastic.datasets._official import find_files
from bioplastic.errors import DataError
from bioplastic.spikes import SpikeTrains

HOME = "https://zenkelab.org/resources/spiking-heidelberg-datasets-shd/"
DIGITS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("null", "eins", "zwei", "drei", "vier", "fuenf", "sechs", "sieben", "acht", "neun"),
)

REFERENCE = """\
B. Cramer, Y. Stradmann, J. Schemmel, F. Zenke (2022). The Heidelberg Spiking Data Sets for the
Systematic Evaluation of Spiking Neural Networks. IEEE Transactions on Neural Networks and Learning
Systems 33(7), 2744-2757. https://doi.org/10.1109/TNNLS.2020.3044364
"""
_N_CHANNELS = 700
#: More than units of 16 bits can tell apart.
_MAX_CHANNELS = 2**16


def read_heidelberg(path: Path, *, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Read one file, with what makes it a data set.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    names : tuple of str
        Names of the classes where the file has none; without them it must have some.

    Returns
    -------
    dict
        ``data``, ``target``, ``groups``, ``feature_names`` and ``target_names``, for a Bunch.

    Raises
    ------
    DataNotFoundError
        If there is no such file.
    DataError
        If it is truncated or of another layout, lacks labels, speakers or names, or a label has no
        name.
    """
    n_units = None
    # SpikeTrains.load says what is wrong with a file.
    with contextlib.suppress(OSError, RuntimeError, KeyError), open_hdf5(path) as file:
        n_units = None if "extra/n_units" in file else _N_CHANNELS
    loaded = SpikeTrains.load(path, n_units=n_units, return_bunch=True)
    if loaded.data.n_units > _MAX_CHANNELS:
        raise DataError(
            f"{path}: extra/n_units must be at most {_MAX_CHANNELS:,}, got "
            f"{loaded.data.n_units:,}; the file is damaged"
        )
    for key, value in (("labels", loaded.target), ("extra/speaker", loaded.groups)):
        if value is None:
            raise DataError(
                f"{path}: lacks {key}, one entry a sample; it must be in the layout of {HOME}"
            )
    words = list(names) if loaded.target_names is None else [str(w) for w in loaded.target_names]
    if not words:
        raise DataError(f"{path}: lacks extra/keys, the names of the classes; get it from {HOME}")
    target = loaded.target
    bad = (
        np.flatnonzero((target < 0) | (target >= len(words))) if target.dtype.kind in "iu" else [0]
    )
    if len(bad):
        raise DataError(
            f"{path}: labels must be whole numbers from 0 to {len(words) - 1}, sample {bad[0]} has "
            f"{target[bad[0]] if len(target) else target.dtype}; the file is damaged or of another "
            f"data set"
        )
    return {
        "data": loaded.data,
        "target": target.astype(np.int64),
        "groups": loaded.groups,
        "feature_names": [f"channel_{k}" for k in range(loaded.data.n_units)],
        "target_names": words,
    }


_DESCR = f"""\
Heidelberg digits as spikes
---------------------------
Zero to nine, spoken in English (classes 0 to 9) and German (10 to 19), as spikes of an ear. A file
in the layout of the Spiking Heidelberg Digits, but not one of the official files unless it says
so: results on it stand beside published ones only if that is said.

{REFERENCE}"""


def load_hd(path: str | os.PathLike[str] | None = None) -> Bunch:
    """Load spoken digits from one HDF5 file in the layout of the Spiking Heidelberg Digits.

    For files made from the recordings by another ear than the official one, such as by
    :class:`bioplastic.encoding.Cochlea` and :meth:`bioplastic.SpikeTrains.save`.

    Parameters
    ----------
    path : str or os.PathLike, optional
        The file, or a folder that holds exactly one ``.h5`` file, itself or in its subfolder
        ``hd``. Where it is None: that subfolder of the folder that the environment variable
        ``BIOPLASTIC_DATA`` names, then of the cache.

    Returns
    -------
    sklearn.utils.Bunch
        data : SpikeTrains of shape (n_samples, n_channels)
            One word a sample, times in seconds. 700 channels where the file does not say how
            many; a word lasts up to its last spike, in whole milliseconds, where the file does
            not say how long.
        target : ndarray of shape (n_samples,), int64
            Class of each word: 0 to 9 English, 10 to 19 German.
        groups : ndarray of shape (n_samples,)
            Speaker of each word.
        feature_names : list of str
            ``channel_<number>``.
        target_names : list of str
            The words.
        DESCR : str
            Origin and description.

    Raises
    ------
    DataNotFoundError
        If there is no such file.
    DataError
        If it is truncated or of another layout, lacks labels or speakers, names a class that it
        does not know, or if the folder holds several files.

    References
    ----------
    .. [1] B. Cramer, Y. Stradmann, J. Schemmel, F. Zenke (2022). The Heidelberg Spiking Data Sets
       for the Systematic Evaluation of Spiking Neural Networks. IEEE TNNLS 33(7), 2744-2757.
       https://doi.org/10.1109/TNNLS.2020.3044364

    Examples
    --------
    >>> from bioplastic.datasets import load_hd
    >>> hd = load_hd("hd_train.h5")  # doctest: +SKIP
    >>> hd.data  # doctest: +SKIP
    SpikeTrains(3329 samples, 700 units, 18891362 spikes, 2390.38 s in all)
    """
    loaded = read_heidelberg(_only_file(path), names=DIGITS)
    return Bunch(**loaded, DESCR=_DESCR)


def _only_file(path: str | os.PathLike[str] | None) -> Path:
    found = find_files(
        ["*.h5", "*.hdf5"], path,
        caller="load_hd", folders=["hd"], what="an HDF5 file (.h5) in the layout of SHD", home=HOME,
    )  # fmt: skip
    if len(found) > 1:
        raise DataError(
            f"load_hd.path: {found[0].parent} must hold exactly one HDF5 file, it holds "
            f"{', '.join(p.name for p in found)}; name one of them: load_hd(path)"
        )
    return found[0]
