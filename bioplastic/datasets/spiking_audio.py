"""Spoken words as spikes of an ear: the official files of SHD and SSC, where they are.

The files are read straight from HDF5. The package tonic, which can fetch them, has readers for
them, too, but these hand out one sample at a time as a table with whole microseconds.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from bioplastic.datasets._fetching import OfficialFile, Source, find_or_fetch
from bioplastic.datasets._official import choose_subsets
from bioplastic.datasets.hd import DIGITS, HOME, REFERENCE, read_heidelberg
from bioplastic.errors import ParameterError
from bioplastic.spikes import SpikeTrains

_SHD = {
    "train": OfficialFile(name="shd_train.h5", md5_zip="f3252aeb598ac776c1b526422d90eecb"),
    "test": OfficialFile(name="shd_test.h5", md5_zip="1503a5064faa34311c398fb0a1ed0a6f"),
}
_SSC = {
    "train": OfficialFile(name="ssc_train.h5", md5_zip="d102be95e7144fcc0553d1f45ba94170"),
    "valid": OfficialFile(name="ssc_valid.h5", md5_zip="b4eee3516a4a90dd0c71a6ac23a8ae43"),
    "test": OfficialFile(name="ssc_test.h5", md5_zip="a35ff1e9cffdd02a20eb850c17c37748"),
}
_SOURCES = {
    "shd": Source(
        files=_SHD,
        tonic="SHD",
        arguments=lambda subset: {"train": subset == "train"},
        folder="shd",
        home=HOME,
    ),
    "ssc": Source(
        files=_SSC,
        tonic="SSC",
        arguments=lambda subset: {"split": subset},
        folder="ssc",
        home=HOME,
    ),
}
_DESCR_SHD = f"""\
Spiking Heidelberg Digits (SHD)
-------------------------------
Zero to nine, spoken in English (classes 0 to 9) and German (10 to 19) by 12 speakers, as spikes of
700 channels of an artificial ear: 8156 training and 2264 test samples. Two of the speakers are in
the test set only. There is no validation set: choose hyperparameters on speakers held out
of training. License CC BY 4.0.

{REFERENCE}"""
_DESCR_SSC = f"""\
Spiking Speech Commands (SSC)
-----------------------------
35 English words, spoken by many, as spikes of 700 channels of an artificial ear: 75466 training,
9981 validation and 20382 test samples. License CC BY 4.0.

{REFERENCE}"""


def load_shd(
    path: str | os.PathLike[str] | None = None,
    subset: str = "train",
    *,
    fetch: bool = False,
    verify: bool = True,
) -> Bunch:
    """Load the Spiking Heidelberg Digits from their official files.

    Nothing is downloaded without `fetch`. ``shd_train.h5`` and ``shd_test.h5`` are read as they
    are or, if only ``shd_train.h5.zip`` is there, unzipped to the cache.

    Parameters
    ----------
    path : str or os.PathLike, optional
        Folder with the files, itself or in its subfolder ``shd``; or the file of one subset. Where
        it is None: that subfolder of the folder that the environment variable
        ``BIOPLASTIC_DATA`` names, then of the cache.
    subset : {"train", "test", "all"}
        What to load; ``"all"`` puts the training samples first.
    fetch : bool
        Whether what is not on this machine is downloaded and unpacked by the package tonic
        (``pip install bioplastic[tonic]``): to the folder ``SHD`` in `path`, else in the
        cache, where tonic finds it, too.
    verify : bool
        Whether a zip file with another checksum than the published one is an error. None was
        published for the unzipped files.

    Returns
    -------
    sklearn.utils.Bunch
        data : SpikeTrains of shape (n_samples, 700)
            One word a sample, times in seconds; a word lasts up to its last spike, in whole
            milliseconds.
        target : ndarray of shape (n_samples,), int64
            Class of each word: 0 to 9 English, 10 to 19 German.
        groups : ndarray of shape (n_samples,)
            Speaker of each word.
        subset : ndarray of shape (n_samples,), str
            Official subset that each word belongs to.
        feature_names : list of str
            ``channel_<number>``.
        target_names : list of str
            The words.
        DESCR : str
            Origin and description.

    Raises
    ------
    DataNotFoundError
        If a file is not on this machine, or with `fetch` cannot be downloaded.
    ImportError
        If `fetch` needs tonic, and it is not installed.
    DataError
        If a file is damaged, truncated, of another layout or has another checksum.
    ParameterError
        If `subset` is none of the three, or is ``"all"`` while `path` is one file.
    StorageError
        If a zip file cannot be unzipped to the cache.

    References
    ----------
    .. [1] B. Cramer, Y. Stradmann, J. Schemmel, F. Zenke (2022). The Heidelberg Spiking Data Sets
       for the Systematic Evaluation of Spiking Neural Networks. IEEE TNNLS 33(7), 2744-2757.
       https://doi.org/10.1109/TNNLS.2020.3044364

    Examples
    --------
    >>> from bioplastic.datasets import load_shd
    >>> shd = load_shd(subset="test")  # doctest: +SKIP
    >>> shd.data.shape  # doctest: +SKIP
    (2264, 700)
    """
    loaded = _read_subsets("shd", path, subset, names=DIGITS, fetch=fetch, verify=verify)
    return Bunch(**loaded, DESCR=_DESCR_SHD)


def load_ssc(
    path: str | os.PathLike[str] | None = None,
    subset: str = "train",
    *,
    fetch: bool = False,
    verify: bool = True,
) -> Bunch:
    """Load the Spiking Speech Commands from their official files.

    Nothing is downloaded without `fetch`. ``ssc_train.h5``, ``ssc_valid.h5`` and ``ssc_test.h5``
    are read as they are or, if only ``ssc_train.h5.zip`` and so on are there, unzipped to the
    cache. The training set is large: a spike takes 12 bytes of memory.

    Parameters
    ----------
    path : str or os.PathLike, optional
        Folder with the files, itself or in its subfolder ``ssc``; or the file of one subset. Where
        it is None: that subfolder of the folder that the environment variable
        ``BIOPLASTIC_DATA`` names, then of the cache.
    subset : {"train", "valid", "test", "all"}
        What to load; ``"all"`` puts the training samples first, the test samples last.
    fetch : bool
        Whether what is not on this machine is downloaded and unpacked by the package tonic
        (``pip install bioplastic[tonic]``): to the folder ``SSC`` in `path`, else in the
        cache, where tonic finds it, too.
    verify : bool
        Whether a zip file with another checksum than the published one is an error. None was
        published for the unzipped files.

    Returns
    -------
    sklearn.utils.Bunch
        data : SpikeTrains of shape (n_samples, 700)
            One word a sample, times in seconds; a word lasts up to its last spike, in whole
            milliseconds.
        target : ndarray of shape (n_samples,), int64
            Class of each word, 0 to 34.
        groups : ndarray of shape (n_samples,)
            Speaker of each word.
        subset : ndarray of shape (n_samples,), str
            Official subset that each word belongs to.
        feature_names : list of str
            ``channel_<number>``.
        target_names : list of str
            The words.
        DESCR : str
            Origin and description.

    Raises
    ------
    DataNotFoundError
        If a file is not on this machine, or with `fetch` cannot be downloaded.
    ImportError
        If `fetch` needs tonic, and it is not installed.
    DataError
        If a file is damaged, truncated, of another layout or has another checksum.
    ParameterError
        If `subset` is none of the four, or is ``"all"`` while `path` is one file.
    StorageError
        If a zip file cannot be unzipped to the cache.

    References
    ----------
    .. [1] B. Cramer, Y. Stradmann, J. Schemmel, F. Zenke (2022). The Heidelberg Spiking Data Sets
       for the Systematic Evaluation of Spiking Neural Networks. IEEE TNNLS 33(7), 2744-2757.
       https://doi.org/10.1109/TNNLS.2020.3044364

    Examples
    --------
    >>> from bioplastic.datasets import load_ssc
    >>> ssc = load_ssc(subset="valid")  # doctest: +SKIP
    >>> ssc.data.shape  # doctest: +SKIP
    (9981, 700)
    """
    loaded = _read_subsets("ssc", path, subset, names=(), fetch=fetch, verify=verify)
    return Bunch(**loaded, DESCR=_DESCR_SSC)


def _read_subsets(
    name: str,
    path: str | os.PathLike[str] | None,
    subset: str,
    *,
    names: tuple[str, ...],
    fetch: bool,
    verify: bool,
) -> dict[str, Any]:
    source = _SOURCES[name]
    chosen = choose_subsets(tuple(source.files), subset, caller=source.loader)
    if len(chosen) > 1 and path is not None and Path(path).expanduser().is_file():
        raise ParameterError(
            f"{source.loader}.subset: must be one of {', '.join(map(repr, source.files))} where "
            f"path is one file, got {subset!r}; name the folder to load all"
        )
    # All are found before the first is read.
    paths = [find_or_fetch(source, s, path, fetch=fetch, verify=verify) for s in chosen]
    parts = [read_heidelberg(place, names=names) for place in paths]
    sizes = [len(part["target"]) for part in parts]
    return parts[0] | {
        "data": SpikeTrains.concatenate([part["data"] for part in parts]),
        "target": np.concatenate([part["target"] for part in parts]),
        "groups": np.concatenate([part["groups"] for part in parts]),
        "subset": np.repeat(chosen, sizes),
    }
