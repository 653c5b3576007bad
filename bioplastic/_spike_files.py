"""Read spikes from files: HDF5 in the layout of the Spiking Heidelberg Digits (SHD).

The layout is that of B. Cramer, Y. Stradmann, J. Schemmel and F. Zenke, "The Heidelberg Spiking
Data Sets for the Systematic Evaluation of Spiking Neural Networks", IEEE Transactions on Neural
Networks and Learning Systems 33(7):2744-2757, 2022, doi:10.1109/TNNLS.2020.3044364.
"""

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from bioplastic._hdf5 import open_hdf5, reading
from bioplastic.errors import DataError, DataNotFoundError

type Integers = npt.NDArray[np.int64]

#: Rows of HDF5 that are read at once, and what readers are given.
ROWS, TYPES = 512, {"times": np.float64, "units": np.int32}


def read_rows(
    file: Any, path: Path, part: slice
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64], npt.NDArray[Any]]:
    """Read times, sizes and units of some samples, end to end."""
    # In slices: far faster than row by row, and a row by itself takes some 100 bytes more.
    rows = [_ragged(file, f"spikes/{name}", path)[part] for name in ("times", "units")]
    sizes, others = (np.fromiter(map(len, given), np.int64, len(given)) for given in rows)
    if not np.array_equal(sizes, others):
        row = part.start + int(np.flatnonzero(sizes != others)[0])
        raise DataError(
            f"{path}: spikes/times and spikes/units must have rows of equal lengths, row "
            f"{row} has not; the file is damaged, copy or download it again"
        )
    return np.concatenate(rows[0]), sizes, np.concatenate(rows[1])


def n_rows(file: Any, path: Path) -> int:
    """Count the samples."""
    n, others = (len(_ragged(file, f"spikes/{name}", path)) for name in ("times", "units"))
    if n != others:
        raise DataError(
            f"{path}: spikes/times and spikes/units must have as many rows, got {n} and {others}; "
            f"the file is damaged, copy or download it again"
        )
    return n


def columns(file: Any, n: int, path: Path) -> dict[str, Any]:
    """Read what a file of so many samples says beside the spikes; None where it does not."""
    return {
        "n_units": _n_units(file, path),
        "duration": _column(file, "extra/duration", n, path, kinds="fiu"),
        "target": _column(file, "labels", n, path),
        "groups": _column(file, "extra/speaker", n, path),
        "target_names": _column(file, "extra/keys", None, path),
    }


def beside(spikes: Any, found: dict[str, Any]) -> Any:
    """Return spikes with what belongs to them, as a Bunch."""
    from sklearn.utils import Bunch

    return Bunch(
        data=spikes, **{name: found[name] for name in ("target", "groups", "target_names")}
    )


def _ragged(file: Any, name: str, path: Path) -> Any:
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


class Rows:
    """Ragged rows of an HDF5 file; the address of a row is its number."""

    def __init__(self, path: Path) -> None:
        self._path, self._stamp = path, _stamp(path)
        self._file: tuple[int, Any] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_file": None}

    def __str__(self) -> str:
        return str(self._path)

    def file(self) -> Any:
        """Return the file, opened by this process, and as it was at first."""
        try:
            stamp = _stamp(self._path)
        except OSError as error:
            raise DataNotFoundError(
                f"SpikeTrains: the file {self._path} was opened and is not there any more: "
                f"{error}; put it back, or open another"
            ) from error
        if stamp != self._stamp:
            raise DataError(
                f"SpikeTrains: the file {self._path} has changed since it was opened; open it again"
            )
        if self._file is None or self._file[0] != os.getpid():  # one that was forked has its own
            self._file = os.getpid(), open_hdf5(self._path)
        return self._file[1]

    def read(self, name: str, addresses: Integers, sizes: Integers) -> npt.NDArray[Any]:
        """Read some rows, in the order of their addresses here."""
        values, end = np.empty(int(sizes.sum()), dtype=TYPES[name]), 0
        with reading("SpikeTrains.open", self._path):
            dataset = self.file()[f"spikes/{name}"]
            for first in range(0, len(addresses), ROWS):
                part = slice(first, first + ROWS)
                rows = _some(dataset, addresses[part])
                if [*map(len, rows)] != sizes[part].tolist():
                    raise DataError(
                        f"the file {self._path} has changed since it was opened; open it again"
                    )
                begin, end = end, end + int(sizes[part].sum())
                np.concatenate(rows, out=values[begin:end], casting="unsafe")
        return values


def _some(dataset: Any, rows: Integers) -> npt.NDArray[Any]:
    """Read rows of a dataset in any order."""
    if (np.diff(rows) == 1).all():
        found: npt.NDArray[Any] = dataset[rows[0] : rows[-1] + 1]
        return found
    # By h5py's index arrays it would take as long as one by one, and they must rise.
    space = dataset.id.get_space()
    space.select_elements(rows[:, np.newaxis].astype(np.uint64))
    found = np.empty(len(rows), dtype=dataset.dtype)
    kind = h5py.h5t.py_create(dataset.dtype)
    dataset.id.read(h5py.h5s.create_simple((len(rows),)), space, found, kind)
    return found


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns
