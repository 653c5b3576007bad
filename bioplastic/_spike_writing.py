"""Write spikes to HDF5 in the layout of the Spiking Heidelberg Digits (SHD)."""

import contextlib
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from bioplastic._whole_files import whole_file
from bioplastic.errors import DataError, ParameterError


def write_spike_file(
    path: Path,
    spikes: Any,
    *,
    labels: npt.ArrayLike | None,
    groups: npt.ArrayLike | None,
    label_names: npt.ArrayLike | None,
    times_dtype: npt.DTypeLike,
) -> None:
    """Write a file in SHD's layout; the old one stays until the new one is whole.

    Parameters
    ----------
    path : Path
        The file.
    spikes : SpikeTrains
        What it shall hold.
    labels, groups, label_names, times_dtype
        As in SpikeTrains.save.

    Raises
    ------
    ParameterError
        If `times_dtype` is not a floating-point type of NumPy.
    DataError
        If labels, groups or names do not fit.
    StorageError
        If it cannot be written.
    """
    image = _image(spikes, labels, groups, label_names, _floating(times_dtype))
    with whole_file(path, "SpikeTrains.save") as scratch:
        scratch.write_bytes(image)


def _floating(given: npt.DTypeLike) -> np.dtype[Any]:
    with contextlib.suppress(TypeError):
        if (dtype := np.dtype(given)) in (np.float16, np.float32, np.float64):
            return dtype
    raise ParameterError(
        f"SpikeTrains.save: times_dtype must be float64, float32 or float16, got {given!r}"
    )


def _image(
    spikes: Any, labels: Any, groups: Any, label_names: Any, times_dtype: np.dtype[Any]
) -> bytes:
    # Made in memory: HDF5 that meets a full disk takes the whole interpreter down.
    codes, names = _labels(labels, label_names, len(spikes))
    ends = np.repeat(spikes.duration, np.diff(spikes.offsets))
    few = spikes.n_units <= np.iinfo(np.uint16).max + 1
    units = spikes.units.astype(np.uint16 if few else np.uint32)
    beside = {
        "extra/duration": spikes.duration,
        "extra/n_units": spikes.n_units,
        "labels": codes,
        "extra/keys": None if names is None else _encoded(names),
        "extra/speaker": None if groups is None else _groups(groups, len(spikes)),
    }
    with h5py.File("image", "w", driver="core", backing_store=False) as file:
        _write_ragged(
            file, "spikes/times", _narrow(spikes.times, ends, times_dtype), spikes.offsets
        )
        _write_ragged(file, "spikes/units", units, spikes.offsets)
        for name, value in beside.items():
            if value is not None:
                file[name] = value
        file.flush()
        return bytes(file.id.get_file_image())


def _narrow(
    times: npt.NDArray[np.float64], ends: npt.NDArray[np.float64], dtype: np.dtype[Any]
) -> npt.NDArray[Any]:
    """Round times to fewer bits, never past the end of their sample."""
    narrow = times.astype(dtype)
    if dtype != np.float64:
        late = narrow.astype(np.float64) > ends
        narrow[late] = np.nextafter(narrow[late], dtype.type(0))
    return narrow


def _write_ragged(
    file: Any, name: str, values: npt.NDArray[Any], offsets: npt.NDArray[np.int64]
) -> None:
    ragged = h5py.vlen_dtype(values.dtype)
    rows = np.empty(len(offsets) - 1, dtype=ragged)
    for k in range(len(rows)):
        rows[k] = values[offsets[k] : offsets[k + 1]]
    dataset = file.create_dataset(name, rows.shape, dtype=ragged)
    # The convenient way (`dataset[:] = rows`) takes rows of equal lengths for a matrix.
    if len(rows):
        dataset.id.write(h5py.h5s.ALL, h5py.h5s.ALL, rows, h5py.h5t.py_create(ragged))


def _labels(labels: Any, names: Any, n: int) -> tuple[Any, Any]:
    """Labels as whole numbers, and the names that they count into."""
    names = None if names is None else np.asarray(names).astype(np.str_)
    if labels is None:
        return None, names
    given = np.asarray(labels)
    if given.shape != (n,):
        raise DataError(
            f"SpikeTrains.save: labels must be one for each of the {n} samples, got shape "
            f"{given.shape}"
        )
    if given.dtype.kind in "iub":
        codes = given.astype(np.int64)
        if names is not None and n and not 0 <= codes.min() <= codes.max() < len(names):
            raise DataError(
                f"SpikeTrains.save: labels must count into the {len(names)} label_names, got "
                f"{codes.min()} to {codes.max()}"
            )
        return codes, names
    words = given.astype(np.str_)
    if given.dtype.kind == "f" or (names is not None and not np.isin(words, names).all()):
        raise DataError(
            "SpikeTrains.save: labels must be whole numbers or strings, and strings must occur in "
            f"label_names, got {np.unique(given)[:10]!r}"
        )
    if names is None:
        names, codes = np.unique(words, return_inverse=True)
        return codes.astype(np.int64), names
    order = np.argsort(names)
    return order[np.searchsorted(names, words, sorter=order)].astype(np.int64), names


def _groups(groups: Any, n: int) -> npt.NDArray[Any]:
    given = np.asarray(groups)
    if given.shape != (n,) or given.dtype.kind not in "iubUSO":
        raise DataError(
            f"SpikeTrains.save: groups must be one whole number or string for each of the {n} "
            f"samples, got {given.dtype} of shape {given.shape}"
        )
    return given.astype(np.int64) if given.dtype.kind in "iub" else _encoded(given)


def _encoded(words: npt.NDArray[Any]) -> npt.NDArray[Any]:
    encoded = [str(word).encode() for word in words]
    size = max([1, *map(len, encoded)])
    return np.array(encoded, dtype=h5py.string_dtype("utf-8", size))
