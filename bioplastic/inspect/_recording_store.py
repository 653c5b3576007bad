"""Where the moments of a recording are kept: in memory, or in an HDF5 file that grows only once."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import h5py
import numpy as np
import numpy.typing as npt

from bioplastic.errors import ParameterError, StorageError
from bioplastic.inspect._recording_file import column_types, write_layout
from bioplastic.inspect._recording_layout import Layout

__all__ = ["FileStore", "MemoryStore", "Store", "existing"]

#: Values written at once, so that a block of float32 takes a megabyte.
BLOCK: Final = 2**18
#: Values of a chunk of the file, where a row is not larger.
CHUNK: Final = 2**12

Array = npt.NDArray[Any]


class Store(Protocol):
    """Rows of several columns."""

    #: Rows that were written.
    n_points: int

    def reserve(self, n_rows: int) -> None:
        """Make room for so many rows in all."""
        ...

    def write(self, rows: Mapping[str, Array], chosen: npt.NDArray[np.int64]) -> None:
        """Add the chosen rows of every column."""
        ...

    def read(self, name: str) -> Array:
        """Return all rows of a column."""
        ...

    def keep(self, chosen: npt.NDArray[np.int64], replaced: Mapping[str, Array]) -> None:
        """Keep the chosen rows and drop the others; columns in `replaced` get new values."""
        ...


def _block(shape: tuple[int, ...]) -> int:
    """Choose how many rows to move at once."""
    return max(BLOCK // max(int(np.prod(shape[1:])), 1), 1)


def _write(column: Any, first: int, rows: Array, chosen: npt.NDArray[np.int64]) -> None:
    block = _block(rows.shape)
    for low in range(0, len(chosen), block):
        part = rows[chosen[low : low + block]]
        column[first + low : first + low + len(part)] = part.astype(column.dtype)


class MemoryStore:
    """Columns as arrays.

    Parameters
    ----------
    layout : Layout
        What is recorded.
    """

    def __init__(self, layout: Layout) -> None:
        self.n_points = 0
        types = column_types(layout)
        self._columns: dict[str, Array] = {
            name: np.empty((0, *shape), kind) for name, (kind, shape) in types.items()
        }

    def reserve(self, n_rows: int) -> None:
        """Make room for so many rows in all."""
        for name, old in self._columns.items():
            if len(old) < n_rows:
                self._columns[name] = np.empty((n_rows, *old.shape[1:]), old.dtype)
                self._columns[name][: self.n_points] = old[: self.n_points]

    def write(self, rows: Mapping[str, Array], chosen: npt.NDArray[np.int64]) -> None:
        """Add the chosen rows of every column."""
        for name, column in self._columns.items():
            _write(column, self.n_points, rows[name], chosen)
        self.n_points += len(chosen)

    def read(self, name: str) -> Array:
        """Return all rows of a column, without a copy."""
        return self._columns[name][: self.n_points]

    def keep(self, chosen: npt.NDArray[np.int64], replaced: Mapping[str, Array]) -> None:
        """Keep the chosen rows; arrays that :meth:`read` gave stay as they are."""
        for name, column in self._columns.items():
            self._columns[name] = replaced.get(name, column)[chosen]
        self.n_points = len(chosen)


class FileStore:
    """Columns as datasets of an HDF5 file, which is open only while something is written.

    Rows are reserved, and so are their bytes on the disk, before they are needed. Then to write
    changes no structure of the file: a process that dies leaves what it had recorded.

    Parameters
    ----------
    path : Path
        The file.
    layout : Layout
        What is recorded.
    overwrite : bool
        Whether to replace an existing file.
    """

    def __init__(self, path: Path, layout: Layout, *, overwrite: bool) -> None:
        self.path, self.n_points, self._n_rows = path, 0, 0
        self._types = column_types(layout)
        self._point_bytes = layout.point_bytes
        if path.exists() and not overwrite:
            raise ParameterError(existing(path))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(_unwritable(path, error)) from error
        _check_space(path, 2**20)
        with self._open("w") as file:
            write_layout(file, layout)
            for name, (kind, shape) in self._types.items():
                # A network without a synapse has rows without a value, which cannot be chunks.
                chunk = tuple(max(n, 1) for n in shape)
                rows = max(CHUNK // int(np.prod(chunk)), 1)
                file.create_dataset(
                    name, (0, *shape), kind, chunks=(rows, *chunk), maxshape=(None, *chunk)
                )
            for name, role in layout.roles.items():
                file[f"variables/{name}"].attrs["role"] = role

    @contextlib.contextmanager
    def _open(self, mode: str = "r+") -> Iterator[Any]:
        try:
            # Without a lock, so that nobody who reads can stop the training.
            with h5py.File(self.path, mode, locking=False) as file:
                yield file
        except (OSError, RuntimeError) as error:
            raise StorageError(_unwritable(self.path, error)) from error

    def reserve(self, n_rows: int) -> None:
        """Make room for so many rows in all."""
        if n_rows <= self._n_rows:
            return
        _check_space(self.path, (n_rows - self._n_rows) * self._point_bytes + 2**20)
        with self._open() as file:
            for name, (kind, shape) in self._types.items():
                file[name].resize(n_rows, axis=0)
                empty: Array = np.zeros((1, *shape), kind)
                nothing = np.zeros(n_rows - self._n_rows, dtype=np.int64)
                _write(file[name], self._n_rows, empty, nothing)
        self._n_rows = n_rows

    def write(self, rows: Mapping[str, Array], chosen: npt.NDArray[np.int64]) -> None:
        """Add the chosen rows of every column."""
        with self._open() as file:
            for name in self._types:
                _write(file[name], self.n_points, rows[name], chosen)
            file.flush()  # the rows lie in the file before it says that they do
            self._count(file, self.n_points + len(chosen))

    def read(self, name: str) -> Array:
        """Return all rows of a column."""
        with self._open("r") as file:
            column: Array = file[name][: self.n_points]
        return column

    def keep(self, chosen: npt.NDArray[np.int64], replaced: Mapping[str, Array]) -> None:
        """Keep the chosen rows, moved to the begin of the file, which stays as large as it is."""
        if len(chosen) == self.n_points:
            return
        with self._open() as file:
            # Should this be cut short, the rows before the first that moves are left.
            self._count(file, int((chosen == np.arange(len(chosen))).sum()))
            file.flush()
            for name in self._types:
                column, source = file[name], replaced.get(name, file[name])
                block = _block(column.shape)
                for low in range(0, len(chosen), block):
                    part = chosen[low : low + block]
                    if name in replaced or part[0] != low or part[-1] - low >= len(part):
                        rows = source[part[0] : part[-1] + 1][part - part[0]]
                        column[low : low + len(part)] = rows
            file.flush()
            self._count(file, len(chosen))

    def _count(self, file: Any, n_points: int) -> None:
        file.attrs.modify("n_points", n_points)
        self.n_points = n_points


def existing(path: Path) -> str:
    """Say that a file is there already."""
    return f"path: must not exist, got {path}; choose another name, or pass overwrite=True"


def _unwritable(path: Path, error: Exception) -> str:
    return (
        f"cannot write the recording {path}: {error}; free some space, choose another folder, or "
        f"close who holds the file open"
    )


def _check_space(path: Path, n_bytes: int) -> None:
    """Refuse before HDF5 meets a full disk, which would take the interpreter down."""
    try:
        if hasattr(os, "posix_fallocate"):
            with tempfile.TemporaryFile(dir=path.parent) as trial:
                os.posix_fallocate(trial.fileno(), 0, n_bytes)
            return
        free = shutil.disk_usage(path.parent).free
    except OSError as error:
        raise StorageError(_unwritable(path, error)) from error
    if free < n_bytes:
        raise StorageError(_unwritable(path, OSError(f"{n_bytes:,} bytes are not free")))
