"""How a recording lies in an HDF5 file; the notes of `PlasticityRecording` describe it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
import numpy.typing as npt

from bioplastic._hdf5 import open_hdf5
from bioplastic.errors import DataError, DataNotFoundError
from bioplastic.inspect._recording_layout import ROLES, Layout, RecordedProjection

__all__ = ["WrittenRows", "column_types", "open_recording", "write_layout"]

FORMAT: Final = "bioplastic.PlasticityRecording"
VERSION: Final = 1


def column_types(layout: Layout) -> dict[str, tuple[type, tuple[int, ...]]]:
    """Tell number type and shape of a row of everything that has one row a moment."""
    types: dict[str, tuple[type, tuple[int, ...]]] = {
        "samples": (np.int64, ()),
        "times": (np.float64, ()),
        "seconds": (np.float64, ()),
    }
    if layout.watched:
        types["rates"] = (np.float32, (layout.n_watched,))
    for name, width in layout.widths.items():
        types[f"variables/{name}"] = (np.float32, (width,))
    return types


def write_layout(file: Any, layout: Layout) -> None:
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
    if not path.exists():
        raise DataNotFoundError(f"PlasticityRecording.load: there is no file {path}; check it")
    try:
        file = open_hdf5(path, locking=False)
    except OSError as error:
        raise DataError(
            f"PlasticityRecording.load: cannot read {path}: {error}; it is no HDF5 file or damaged"
        ) from error
    try:
        if str(file.attrs.get("format")) != FORMAT:
            raise DataError(f"PlasticityRecording.load: {path} is no recording of plasticity")
        version = _number(file, "version")
        if version > VERSION:
            raise DataError(
                f"PlasticityRecording.load: {path} has version {version}, which is later than "
                f"{VERSION}; update bioplastic"
            )
        layout = _read_layout(file)
        _check_columns(file, layout)
    except (KeyError, OSError, RuntimeError, _Damaged) as error:
        file.close()
        raise DataError(f"PlasticityRecording.load: {path} is damaged: {error}") from error
    except DataError:
        file.close()
        raise
    return file, layout


class _Damaged(Exception):
    """What a file holds is not what a recording holds."""


def _require(fits: bool, what: str) -> None:
    if not fits:
        raise _Damaged(what)


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
    for name, (kind, shape) in column_types(layout).items():
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

    @classmethod
    def of(cls, dataset: Any, n_rows: int) -> Any:
        """Return the dataset itself where all of its rows were written."""
        return dataset if len(dataset) == n_rows else cls(dataset, n_rows)

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

    def __iter__(self) -> Iterator[Any]:
        return (self[row] for row in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.asarray(self[:], dtype=dtype)
