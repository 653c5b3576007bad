"""Files in the layout of the Spiking Heidelberg Digits, as data sets."""

import contextlib
from pathlib import Path
from typing import Any

import numpy as np

from bioplastic._hdf5 import open_hdf5
from bioplastic.errors import DataError
from bioplastic.spikes import SpikeTrains

__all__ = ["DIGITS", "HOME", "REFERENCE", "read_heidelberg"]

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
