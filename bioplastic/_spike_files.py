"""Spikes in files: HDF5 in the layout of the Spiking Heidelberg Digits (SHD).

The layout is that of B. Cramer, Y. Stradmann, J. Schemmel and F. Zenke, "The Heidelberg Spiking
Data Sets for the Systematic Evaluation of Spiking Neural Networks", IEEE Transactions on Neural
Networks and Learning Systems 33(7):2744-2757, 2022, doi:10.1109/TNNLS.2020.3044364.
"""

import contextlib
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import numpy.typing as npt

from bioplastic._hdf5 import open_hdf5
from bioplastic.errors import DataError, DataNotFoundError, StorageError

if TYPE_CHECKING:
    from sklearn.utils import Bunch

__all__ = [
    "Columns",
    "SpikeFile",
    "columns",
    "n_rows",
    "ragged",
    "read_spike_file",
    "reading",
    "write_spike_file",
]


#: Rows that are read at once.
_BLOCK = 4096


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What a file in SHD's layout says beside the spikes; None where it does not.

    Attributes
    ----------
    n_units : int or None
        Number of units.
    duration : ndarray of shape (n_samples,) or None, in seconds
        Length of each sample.
    labels, groups : ndarray of shape (n_samples,) or None
        Class and speaker of each sample.
    label_names : ndarray of shape (n_classes,) or None
        Name of each class.
    """

    n_units: int | None = None
    duration: npt.NDArray[np.float64] | None = None
    labels: npt.NDArray[Any] | None = None
    groups: npt.NDArray[Any] | None = None
    label_names: npt.NDArray[np.str_] | None = None

    def beside(self, data: Any) -> "Bunch":
        """Return samples with what belongs to them."""
        from sklearn.utils import Bunch

        return Bunch(
            data=data, target=self.labels, groups=self.groups, target_names=self.label_names
        )


@dataclass(frozen=True, kw_only=True)
class SpikeFile(Columns):
    """What a file in SHD's layout holds.

    Attributes
    ----------
    times : ndarray of shape (n_spikes,), in seconds
        Spike times of all samples, one sample after the other.
    units : ndarray of shape (n_spikes,)
        Unit of each spike.
    offsets : ndarray of shape (n_samples + 1,)
        Where each sample begins and ends.
    """

    times: npt.NDArray[np.float64]
    units: npt.NDArray[Any]
    offsets: npt.NDArray[np.int64]


@contextlib.contextmanager
def reading(method: str, path: Path) -> Iterator[None]:
    """Say in errors who reads what."""
    try:
        yield
    except DataNotFoundError:
        raise
    except DataError as error:
        raise DataError(f"SpikeTrains.{method}: {error}") from error
    except (OSError, RuntimeError, KeyError) as error:
        raise DataError(
            f"SpikeTrains.{method}: cannot read {path}: {error}; it is truncated or no HDF5 file, "
            f"copy or download it again"
        ) from error


def read_spike_file(path: Path) -> SpikeFile:
    """Read a file in SHD's layout.

    Raises
    ------
    DataNotFoundError
        If there is no such file.
    DataError
        If it is truncated, no HDF5, or of another layout.
    """
    if not path.exists():
        raise DataNotFoundError(f"SpikeTrains.load: there is no file {path}; check the path")
    with reading("load", path), open_hdf5(path) as file:
        return _read(file, path)


def _read(file: Any, path: Path) -> SpikeFile:
    datasets = [ragged(file, name, path) for name in ("spikes/times", "spikes/units")]
    (times, sizes), (units, others) = (_rows(dataset) for dataset in datasets)
    if not np.array_equal(sizes, others):
        n = min(len(sizes), len(others))
        row = next(iter(np.flatnonzero(sizes[:n] != others[:n])), n)
        raise DataError(
            f"{path}: spikes/times and spikes/units must have rows of equal "
            f"lengths, row {row} has not; the file is damaged, copy or download it again"
        )
    return SpikeFile(
        times=np.concatenate([np.empty(0), *times], dtype=np.float64),
        units=np.concatenate([np.empty(0, np.uint16), *units]),
        offsets=np.concatenate([[0], np.cumsum(sizes)]),
        **vars(columns(file, len(sizes), path)),
    )


def n_rows(file: Any, path: Path) -> int:
    """Count the samples."""
    n, others = (len(ragged(file, f"spikes/{name}", path)) for name in ("times", "units"))
    if n != others:
        raise DataError(
            f"{path}: spikes/times and spikes/units must have as many rows, got {n} and {others}; "
            f"the file is damaged, copy or download it again"
        )
    return n


def columns(file: Any, n: int, path: Path) -> Columns:
    """Read what a file of so many samples says beside the spikes."""
    return Columns(
        n_units=_n_units(file, path),
        duration=_column(file, "extra/duration", n, path, kinds="fiu"),
        labels=_column(file, "labels", n, path),
        groups=_column(file, "extra/speaker", n, path),
        label_names=_column(file, "extra/keys", None, path),
    )


def _rows(dataset: Any) -> tuple[list[npt.NDArray[Any]], npt.NDArray[np.int64]]:
    """Read ragged rows: their values, many rows in one array, and their lengths."""
    # In slices: far faster than row by row, and a row by itself takes some 100 bytes more.
    parts, sizes = [], []
    for first in range(0, len(dataset), _BLOCK):
        rows = dataset[first : first + _BLOCK]
        parts.append(np.concatenate(rows))
        sizes.append(np.fromiter(map(len, rows), dtype=np.int64, count=len(rows)))
    return parts, np.concatenate([np.zeros(0, np.int64), *sizes])


def ragged(file: Any, name: str, path: Path) -> Any:
    """Return times or units, one ragged row a sample."""
    dataset, kinds = file.get(name), "f" if name.endswith("times") else "iu"
    base = h5py.check_vlen_dtype(dataset.dtype) if isinstance(dataset, h5py.Dataset) else None
    if not isinstance(base, np.dtype) or base.kind not in kinds or dataset.ndim != 1:
        kind = "seconds as floats" if kinds == "f" else "whole numbers"
        raise DataError(
            f"{path} has no {name} with one ragged row of {kind} a sample; it "
            f"must be in the layout of the Spiking Heidelberg Digits"
        )
    return dataset


def _n_units(file: Any, path: Path) -> int | None:
    dataset = file.get("extra/n_units")
    if dataset is None:
        return None
    shape, kind = (getattr(dataset, name, None) for name in ("shape", "dtype"))
    if shape != () or getattr(kind, "kind", "") not in "iu":
        raise DataError(
            f"{path}: extra/n_units must be one whole number, got {dataset!r}; "
            f"the file is damaged or of another layout"
        )
    return int(dataset[()])


def _column(file: Any, name: str, n: int | None, path: Path, *, kinds: str = "fiubSO") -> Any:
    dataset = file.get(name)
    if dataset is None:
        return None
    shape = getattr(dataset, "shape", None)
    kind = getattr(getattr(dataset, "dtype", None), "kind", "")
    fits = shape is not None and len(shape) == 1 and (n is None or shape[0] == n)
    if kind in {"S", "O"}:  # anything of no fixed size is an object
        fits = fits and h5py.check_string_dtype(dataset.dtype) is not None
    if not fits or kind not in kinds:
        raise DataError(
            f"{path}: {name} must be a list"
            f"{'' if n is None else f' of {n} values, one a sample'}, got {dataset!r}; the file is "
            f"damaged or of another layout"
        )
    if h5py.check_string_dtype(dataset.dtype):
        try:
            return dataset.asstr()[:].astype(np.str_)
        except UnicodeDecodeError as error:
            raise DataError(
                f"{path}: {name} must hold text in UTF-8: {error}; the file is "
                f"damaged or of another layout"
            ) from error
    return dataset[:]


def write_spike_file(path: Path, content: SpikeFile, *, times_dtype: npt.DTypeLike) -> None:
    """Write a file in SHD's layout; the old one stays until the new one is whole.

    Raises
    ------
    DataError
        If labels, groups or names do not fit.
    StorageError
        If it cannot be written.
    """
    image = _image(content, np.dtype(times_dtype))
    scratch = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with scratch.open("xb") as stream:
            stream.write(image)
            stream.flush()
            os.fsync(stream.fileno())
        scratch.replace(path)
    except OSError as error:
        raise StorageError(
            f"SpikeTrains.save: cannot write {path}: {error}; free some space or choose another "
            f"folder"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            scratch.unlink()


def _image(content: SpikeFile, times_dtype: np.dtype[Any]) -> bytes:
    # Made in memory: HDF5 that meets a full disk takes the whole interpreter down.
    assert content.duration is not None
    assert content.n_units is not None
    n = len(content.offsets) - 1
    labels, names = _labels(content.labels, content.label_names, n)
    times = _narrow(
        content.times, np.repeat(content.duration, np.diff(content.offsets)), times_dtype
    )
    few = content.n_units <= np.iinfo(np.uint16).max + 1
    units = content.units.astype(np.uint16 if few else np.uint32)
    with h5py.File("image", "w", driver="core", backing_store=False) as file:
        _write_ragged(file, "spikes/times", times, content.offsets)
        _write_ragged(file, "spikes/units", units, content.offsets)
        file["extra/duration"] = content.duration
        file["extra/n_units"] = content.n_units
        if labels is not None:
            file["labels"] = labels
        if names is not None:
            file["extra/keys"] = _encoded(names)
        if content.groups is not None:
            file["extra/speaker"] = _groups(content.groups, n)
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
