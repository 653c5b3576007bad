"""The HDF5 file of a recording, which the notes of `PlasticityRecording` describe."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
import numpy.typing as npt

from bioplastic._hdf5 import open_hdf5, reading
from bioplastic.errors import DataError, ParameterError, StorageError
from bioplastic.inspect._recording_layout import ROLES, Layout, RecordedProjection

FORMAT: Final = "bioplastic.PlasticityRecording"
VERSION: Final = 1
#: Values written at once, so that a block of float32 takes a megabyte.
BLOCK: Final = 2**18
#: Values of a chunk of the file, where a row is not larger.
CHUNK: Final = 2**12

Array = npt.NDArray[Any]


def _write_layout(file: Any, layout: Layout) -> None:
    """Write everything but the rows."""
    file.attrs.update({"format": FORMAT, "version": VERSION, "n_points": np.int64(0)})
    file.attrs["watched"] = list(layout.watched)
    populations, projections = (
        file.create_group(name, track_order=True) for name in ("populations", "projections")
    )
    for name, n in layout.populations.items():
        populations.create_group(name).attrs["n"] = n
    for name, projection in layout.projections.items():
        group = projections.create_group(name)
        for key in ("pre", "post", "wiring", "n_pre", "n_post"):
            group.attrs[key] = getattr(projection, key)
        for key in ("neurons", "i", "j"):
            group[key] = getattr(projection, key)
    file.create_group("variables", track_order=True)


def open_recording(path: Path) -> tuple[Any, Layout]:
    """Open a file for reading, and read its layout.

    Raises
    ------
    DataNotFoundError
        If there is no such file.
    DataError
        If it is no recording, damaged, or of a later version.
    """
    with contextlib.ExitStack() as stack, reading("PlasticityRecording.load", path):
        file = stack.enter_context(open_hdf5(path, locking=False))
        if str(file.attrs.get("format")) != FORMAT:
            raise DataError(f"{path} is no recording of plasticity")
        version = _number(file, "version")
        if version > VERSION:
            raise DataError(
                f"{path} has version {version}, which is later than {VERSION}; update bioplastic"
            )
        layout = _read_layout(file)
        _check_columns(file, layout)
        stack.pop_all()
    return file, layout


def _require(fits: bool, what: str) -> None:
    if not fits:
        raise DataError(f"it is damaged: {what}")


def _number(place: Any, name: str) -> int:
    value = place.attrs[name]
    _require(
        isinstance(value, np.integer) and bool(value >= 0), f"{place.name}: {name} is {value!r}"
    )
    return int(value)


def _indices(group: Any, name: str, limit: int) -> npt.NDArray[np.int64]:
    """Read numbers of elements, all below a limit."""
    dataset, what = group[name], f"{group.name}/{name} is no list of numbers below {limit}"
    _require(isinstance(dataset, h5py.Dataset) and dataset.ndim == 1, what)
    _require(dataset.dtype.kind in "iu", what)
    values = dataset[:]
    _require(not len(values) or bool(0 <= values.min() <= values.max() < limit), what)
    found: npt.NDArray[np.int64] = values.astype(np.int64, copy=False)
    return found


def _members(file: Any, name: str, kind: type) -> dict[str, Any]:
    """Return what lies in a group."""
    group = file[name]
    _require(isinstance(group, h5py.Group), f"{name} is no group")
    members = dict(group.items())
    _require(all(isinstance(member, kind) for member in members.values()), f"{name} is of no use")
    return members


def _read_layout(file: Any) -> Layout:
    groups = _members(file, "populations", h5py.Group)
    populations = {name: _number(group, "n") for name, group in groups.items()}
    projections = {}
    for name, group in _members(file, "projections", h5py.Group).items():
        found: dict[str, Any] = {k: str(group.attrs[k]) for k in ("pre", "post", "wiring")}
        for side in ("pre", "post"):
            n = _number(group, f"n_{side}")
            _require(populations.get(found[side]) == n, f"{name} joins {found[side]}, {n} neurons")
            found[f"n_{side}"] = n
        limits = {"neurons": found["n_post"], "i": found["n_pre"], "j": found["n_post"]}
        found |= {key: _indices(group, key, limit) for key, limit in limits.items()}
        neurons, i, j = (found[key] for key in limits)
        _require(bool((np.diff(neurons) > 0).all()), f"{name}: neurons do not rise")
        _require(len(i) == len(j) and bool(np.isin(j, neurons).all()), f"{name}: i, j do not fit")
        projections[name] = RecordedProjection(**found)
    watched = np.ravel(file.attrs["watched"]).tolist()
    _require(set(watched) <= set(populations), f"watched is {watched}")
    columns = _members(file, "variables", h5py.Dataset)
    _require(all(column.ndim == 2 for column in columns.values()), "variables are no tables")
    return Layout(
        populations=populations,
        projections=projections,
        watched=tuple(watched),
        roles={name: str(column.attrs["role"]) for name, column in columns.items()},
        widths={name: column.shape[1] for name, column in columns.items()},
    )


def _check_columns(file: Any, layout: Layout) -> None:
    n_points = _number(file, "n_points")
    for name, (kind, shape) in layout.columns.items():
        column = file[name]
        _require(isinstance(column, h5py.Dataset), f"{name} is no table")
        _require(column.dtype.kind == np.dtype(kind).kind, f"{name} holds {column.dtype}")
        _require(column.shape[1:] == shape and column.ndim > 0, f"{name} is {column.shape}")
        _require(len(column) >= n_points, f"{name}: rows are missing")
    for name, role in layout.roles.items():
        owner, _, variable = name.partition(".")
        _require(bool(variable) and role in {*ROLES, "other"}, f"{name} plays the role {role!r}")
        if role == "weights":
            found, width = layout.projections.get(owner), layout.widths[name]
            _require(found is not None, f"{name} belongs to no projection")
            assert found is not None
            regular = found.wiring == "all_to_all"
            n = found.n_pre * len(found.neurons) if regular else len(found.i)
            _require(width == n, f"{name} has {width} columns, not {n}")


class WrittenRows:
    """The rows of a dataset that were written, without those that are only reserved."""

    def __init__(self, dataset: Any, n_rows: int) -> None:
        self._dataset = dataset
        self.shape = (n_rows, *dataset.shape[1:])
        self.dtype, self.ndim = dataset.dtype, dataset.ndim

    def __len__(self) -> int:
        return int(self.shape[0])

    def __getitem__(self, key: Any) -> Any:
        first, *others = key if isinstance(key, tuple) else (key,)
        if first is Ellipsis:
            return self._dataset[: len(self)][key]
        # What an index of that many rows means; a slice stays one, which h5py reads far faster.
        rows: Any = np.arange(len(self))[first]
        if isinstance(first, slice):
            rows = slice(*first.indices(len(self)))
        return self._dataset[(rows, *others)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.asarray(self[:], dtype=dtype)


def _block(shape: tuple[int, ...]) -> int:
    """Choose how many rows to move at once."""
    return max(BLOCK // max(int(np.prod(shape[1:])), 1), 1)


def _write(column: Any, first: int, rows: Array, chosen: npt.NDArray[np.int64]) -> None:
    block = _block(rows.shape)
    for low in range(0, len(chosen), block):
        part = rows[chosen[low : low + block]]
        column[first + low : first + low + len(part)] = part.astype(column.dtype)


class Store:
    """Rows of several columns, as datasets of an HDF5 file that lies in memory or on a disk.

    Rows are reserved, and so are their bytes on the disk, before they are needed. Then to write
    changes no structure of the file: a process that dies leaves what it had recorded. A file on a
    disk is open only while something is written.

    Parameters
    ----------
    layout : Layout
        What is recorded.
    path : Path, optional
        The file; in memory where None.
    overwrite : bool
        Whether to replace an existing file.

    Attributes
    ----------
    n_points : int
        Rows that were written.
    """

    def __init__(
        self, layout: Layout, path: Path | None = None, *, overwrite: bool = False
    ) -> None:
        self.path, self.n_points, self._n_rows = path, 0, 0
        self._types, self._point_bytes = layout.columns, layout.point_bytes
        if path is None:
            name = f"recording {id(self)}"
            self._memory = h5py.File(
                name, "w", driver="core", backing_store=False, block_size=2**20
            )
        else:
            if path.exists() and not overwrite:
                raise ParameterError(existing(path))
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StorageError(_unwritable(path, error)) from error
            _check_space(path, 2**20)
        with self._open("w") as file:
            _write_layout(file, layout)
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
        if self.path is None:
            yield self._memory
            return
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
        if self.path is not None:
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
