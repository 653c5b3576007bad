"""N-TIDIGITS18: spoken digits as spikes of a silicon cochlea, from the local HDF5 file."""

import contextlib
import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch

from bioplastic._hdf5 import open_hdf5
from bioplastic.datasets._fetching import OfficialFile, Source, find_or_fetch
from bioplastic.datasets._official import choose_subsets
from bioplastic.errors import DataError
from bioplastic.spikes import SpikeTrains

_HOME = (
    "https://docs.google.com/document/d/1Uxe7GsKKXcy6SlDUX4hoJVAC0-UkH-8kr5UXp0Ndi1M "
    "(see https://doi.org/10.3389/fnins.2018.00023)"
)
_FILES = dict.fromkeys(
    ("train", "test"),
    OfficialFile(name="n-tidigits.hdf5", md5="360a2d11e5429555c9197381cf6b58e0"),
)
_SOURCE = Source(
    files=_FILES,
    tonic="NTIDIGITS18",
    arguments=lambda subset: {"train": subset == "train"},
    folder="ntidigits",
    home=_HOME,
)
_N_CHANNELS = 64
# As the files name them: "z" is zero, "o" is oh.
_LETTERS = "z123456789o"
_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "oh")

_DESCR = """\
N-TIDIGITS18
------------
Digits and sequences of digits, spoken in English by men and women, as spikes of one ear of a
64-channel silicon cochlea (CochleaAMS1c) that listened to the TIDIGITS recordings. Training and
test samples come from different speakers.

J. Anumula, D. Neil, T. Delbruck, S.-C. Liu (2018). Feature Representations for Neuromorphic Audio
Spike Streams. Frontiers in Neuroscience 12:23. https://doi.org/10.3389/fnins.2018.00023
"""


def load_ntidigits(
    path: str | os.PathLike[str] | None = None,
    subset: str = "train",
    *,
    single_digits: bool = True,
    fetch: bool = False,
    verify: bool = True,
) -> Bunch:
    """Load N-TIDIGITS18 from its official file, ``n-tidigits.hdf5``.

    Nothing is downloaded without `fetch`.

    Parameters
    ----------
    path : str or os.PathLike, optional
        The file, or the folder that holds it, itself or in its subfolder ``ntidigits``. Where it
        is None: that subfolder of the folder that the environment variable
        ``BIOPLASTIC_DATA`` names, then of the cache.
    subset : {"train", "test", "all"}
        What to load; ``"all"`` puts the training samples first.
    single_digits : bool
        Whether to leave out sequences of several digits, as published classifiers do.
    fetch : bool
        Whether what is not on this machine is downloaded and unpacked by the package tonic
        (``pip install bioplastic[tonic]``): to the folder ``NTIDIGITS18`` in `path`, else in the
        cache, where tonic finds it, too.
    verify : bool
        Whether another checksum than the published one is an error.

    Returns
    -------
    sklearn.utils.Bunch
        data : SpikeTrains of shape (n_samples, 64)
            One utterance a sample, times in seconds; an utterance lasts up to its last spike, in
            whole milliseconds.
        target : ndarray of shape (n_samples,), int64 or str
            The digit, where 10 is "oh"; the sequence, such as ``"z1o"``, where not
            `single_digits`.
        groups : ndarray of shape (n_samples,), str
            Speaker, such as ``"man-ae"``.
        subset : ndarray of shape (n_samples,), str
            Official subset that each utterance belongs to.
        feature_names : list of str
            ``channel_<number>``.
        target_names : list of str or None
            The eleven words; None where not `single_digits`.
        DESCR : str
            Origin and description.

    Raises
    ------
    DataNotFoundError
        If the file is not on this machine, or with `fetch` cannot be downloaded.
    ImportError
        If `fetch` needs tonic, and it is not installed.
    DataError
        If it is damaged, truncated, of another layout or has another checksum.
    ParameterError
        If `subset` is none of the three.

    References
    ----------
    .. [1] J. Anumula, D. Neil, T. Delbruck, S.-C. Liu (2018). Feature Representations for
       Neuromorphic Audio Spike Streams. Front. Neurosci. 12:23.
       https://doi.org/10.3389/fnins.2018.00023

    Examples
    --------
    >>> from bioplastic.datasets import load_ntidigits
    >>> digits = load_ntidigits(subset="test")  # doctest: +SKIP
    >>> digits.data.n_units  # doctest: +SKIP
    64
    """
    chosen = choose_subsets(tuple(_FILES), subset, caller="load_ntidigits")
    found = find_or_fetch(_SOURCE, "train", path, fetch=fetch, verify=verify)
    try:
        # A file that has the published checksum is the published one.
        with h5py.File(found, "r") if verify else open_hdf5(found) as file:
            parts = [_read(file, found, part, single=single_digits) for part in chosen]
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"{found}: cannot be read: {error}; it is truncated or no HDF5 file, download it again"
        ) from error
    words = np.concatenate([part["words"] for part in parts])
    target = words
    if single_digits:
        target = np.array([_LETTERS.index(word) for word in words], dtype=np.int64)
    return Bunch(
        data=SpikeTrains.concatenate([part["spikes"] for part in parts]),
        target=target,
        groups=np.concatenate([part["speakers"] for part in parts]),
        subset=np.repeat(chosen, [len(part["words"]) for part in parts]),
        feature_names=[f"channel_{k}" for k in range(_N_CHANNELS)],
        target_names=list(_NAMES) if single_digits else None,
        DESCR=_DESCR,
    )


def _read(file: h5py.File, path: Path, subset: str, *, single: bool) -> dict[str, Any]:
    addresses, stamps = (
        _member(file, path, f"{subset}_{what}", h5py.Group) for what in ("addresses", "timestamps")
    )
    ids = _ids(_member(file, path, f"{subset}_labels"), path)
    parts = [_parts(path, name) for name in ids]
    chosen = [k for k, (_, word) in enumerate(parts) if not single or len(word) == 1]
    events = [
        _events(_member(stamps, path, ids[k]), _member(addresses, path, ids[k]), path)
        for k in chosen
    ]
    try:
        spikes = SpikeTrains.from_events(events, n_units=_N_CHANNELS)
    except DataError as error:
        raise DataError(f"{path}: {subset}: {error}") from error
    return {
        "spikes": spikes,
        "speakers": np.array([parts[k][0] for k in chosen], dtype=np.str_),
        "words": np.array([parts[k][1] for k in chosen], dtype=np.str_),
    }


def _member(group: Any, path: Path, name: str, kind: type = h5py.Dataset) -> Any:
    found = group.get(name)
    if not isinstance(found, kind):
        raise DataError(
            f"{path}: lacks {group.name.rstrip('/')}/{name}; it must be n-tidigits.hdf5 of {_HOME}"
        )
    return found


def _ids(dataset: Any, path: Path) -> list[str]:
    if h5py.check_string_dtype(dataset.dtype) is not None and dataset.ndim == 1:
        with contextlib.suppress(UnicodeDecodeError):
            return [str(name) for name in dataset.asstr()[:]]
    raise DataError(f"{path}: {dataset.name} must list names; it is damaged, download it again")


def _parts(path: Path, name: str) -> tuple[str, str]:
    """Split a name such as ``man-ae-b-z1o`` into speaker and digits."""
    parts = name.split("-")
    if len(parts) != 4 or not parts[3] or not set(parts[3]) <= set(_LETTERS):
        raise DataError(
            f"{path}: a sample must be named <gender>-<speaker>-<repetition>-<digits> with digits "
            f"from {_LETTERS!r}, got {name!r}; the file is damaged or of another data set"
        )
    return f"{parts[0]}-{parts[1]}", parts[3]


def _events(
    stamps: Any, addresses: Any, path: Path
) -> tuple[npt.NDArray[np.float64], npt.NDArray[Any]]:
    numbers = stamps.dtype.kind in "fiu" and addresses.dtype.kind in "fiu"
    if not numbers or stamps.shape != addresses.shape or stamps.ndim != 1:
        raise DataError(
            f"{path}: {stamps.name} and {addresses.name} must have equal lengths and hold numbers, "
            f"got {stamps.shape} and {addresses.shape}; the file is damaged, download it again"
        )
    return np.asarray(stamps[:], dtype=np.float64), np.asarray(addresses[:])
