"""Outputs in an HDF5 file, in place of memory."""

import os
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from bioplastic.engine.outputs import Outputs
from bioplastic.engine.program import ChunkResult
from bioplastic.engine.stimulus import Steps
from bioplastic.errors import ParameterError, StorageError

__all__ = ["OutputFile", "StoredOutputs"]


class StoredOutputs(Sequence[npt.NDArray[np.float64]]):
    """Values of a variable in a file, one array for each sample, read when it is asked for."""

    def __init__(self, path: Path, name: str, offsets: Steps, samples: range) -> None:
        self._path, self._name, self._offsets, self._samples = path, name, offsets, samples

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: Any) -> Any:
        """Read the values of a sample; a slice is read later."""
        samples = self._samples[index]
        if isinstance(samples, range):
            return StoredOutputs(self._path, self._name, self._offsets, samples)
        with h5py.File(self._path, "r", locking=False) as file:
            return file[self._name][self._offsets[samples] : self._offsets[samples + 1]]


class OutputFile(Outputs):
    """Outputs that lie in a file, samples end to end.

    A variable is a dataset of shape (n_rows, n_elements); ``offsets`` says where samples begin,
    ``elements/<variable>`` which elements were chosen, ``done`` which samples are there. All runs
    of a presentation write to one file.

    Parameters
    ----------
    *watched
        What :class:`~bioplastic.engine.outputs.Outputs` takes.
    path : path-like
        The file, which must not be there yet.
    first : int
        Presentation that comes first.
    order : ndarray of int64 of shape (n_samples,), optional
        Place of each sample in the file; they lie as they come where None.

    Raises
    ------
    ParameterError
        If the file exists.
    StorageError
        If it cannot be written; room for all of it is taken before the first sample.
    """

    def __init__(
        self, *watched: Any, path: str | os.PathLike[str], first: int = 0, order: Any = None
    ) -> None:
        super().__init__(*watched)
        self._path, self._first = Path(path).absolute(), first
        if self._path.exists():
            raise ParameterError(
                f"outputs_path: must not exist, got {self._path}; choose another name or delete it"
            )
        self._place = np.arange(len(self._n_rows)) if order is None else order
        rows = np.zeros_like(self._n_rows)
        rows[self._place] = self._n_rows
        self._offsets = np.concatenate([[0], np.cumsum(rows)])
        self._lock, self._is_made = threading.Lock(), False

    def of_a_part(self) -> Outputs:
        """Return the same one: there is one file."""
        return self

    def up_to(self, stop: int) -> dict[str, Sequence[npt.NDArray[np.float64]]]:
        """Hand out what lies in the file, one array for each sample before `stop`."""
        samples = range(stop - self._first)
        return {n: StoredOutputs(self._path, n, self._offsets, samples) for n in self._chosen}

    def _make_room(self, n_bytes: int) -> None:
        with self._lock:
            if not self._is_made:
                self._make(n_bytes)
                self._is_made = True

    def _make(self, n_bytes: int) -> None:
        # HDF5 does not survive a full disk: its room is taken before it writes.
        early = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        early.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        early.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(self._path.parent).free < n_bytes:
                raise OSError(f"{n_bytes / 1e9:,.1f} GB are not free")
            with h5py.File(self._path, "x", locking=False) as file:
                file.attrs.update({"format": "bioplastic.Outputs", "version": 1})
                file["offsets"] = self._offsets
                file["done"] = np.zeros(len(self._place), dtype=np.uint8)
                for name, elements in self._elements.items():
                    file[f"elements/{name}"] = elements
                    shape = (int(self._offsets[-1]), len(elements))
                    file.create_dataset(name, shape, np.float64, dcpl=early.copy())
            if hasattr(os, "posix_fallocate"):
                with self._path.open("r+b") as plain:
                    os.posix_fallocate(plain.fileno(), 0, self._path.stat().st_size)
        except OSError as error:
            if not isinstance(error, FileExistsError):
                self._path.unlink(missing_ok=True)
            raise StorageError(
                f"outputs_path: cannot write {self._path}: {error}; free some space, choose "
                f"another place, or fewer elements or steps"
            ) from error

    def record(self, start: int, result: ChunkResult) -> None:
        """Write what was seen of each sample that is done."""
        with self._lock, h5py.File(self._path, "r+", locking=False) as file:
            done = []
            for sample, rows in enumerate(self._samples(result), start - self._first):
                place = int(self._place[sample])
                for name, values in rows.items():
                    file[name][self._offsets[place] : self._offsets[place + 1]] = values
                done.append(place)
            file.flush()  # the values lie in the file before it says that they do
            file["done"][np.sort(done)] = 1
