"""How a recording lies in an HDF5 file; the notes of `PlasticityRecording` describe it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
import numpy.typing as npt

from bioplastic.errors import DataError, DataNotFoundError
from bioplastic.inspect._recording_layout import Layout, RecordedProjection

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
        file = h5py.File(path, "r", locking=False)
    except OSError as error:
        raise DataError(
            f"PlasticityRecording.load: cannot read {path}: {error}; it is no HDF5 file or damaged"
        ) from error
    try:
        if file.attrs.get("format") != FORMAT:
            raise DataError(f"PlasticityRecording.load: {path} is no recording of plasticity")
        if file.attrs["version"] > VERSION:
            raise DataError(
                f"PlasticityRecording.load: {path} has version {file.attrs['version']}, which is "
                f"later than {VERSION}; update bioplastic"
            )
        layout = _read_layout(file)
        if any(len(file[name]) < file.attrs["n_points"] for name in column_types(layout)):
            raise DataError(f"PlasticityRecording.load: {path} is damaged, rows are missing")
    except (KeyError, OSError, RuntimeError) as error:
        file.close()
        raise DataError(f"PlasticityRecording.load: {path} is damaged: {error}") from error
    except DataError:
        file.close()
        raise
    return file, layout


def _read_layout(file: Any) -> Layout:
    projections = {}
    for name, group in file["projections"].items():
        found: dict[str, Any] = {k: str(group.attrs[k]) for k in ("pre", "post", "wiring")}
        found |= {key: int(group.attrs[key]) for key in ("n_pre", "n_post")}
        found |= {key: group[key][:] for key in ("neurons", "i", "j")}
        projections[name] = RecordedProjection(**found)
    return Layout(
        populations={name: int(g.attrs["n"]) for name, g in file["populations"].items()},
        projections=projections,
        watched=tuple(str(name) for name in file.attrs["watched"]),
        roles={name: str(column.attrs["role"]) for name, column in file["variables"].items()},
        widths={name: column.shape[1] for name, column in file["variables"].items()},
    )


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
