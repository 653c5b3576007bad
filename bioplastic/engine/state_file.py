"""Recorded state in an HDF5 file, in place of memory."""

import os
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from bioplastic.engine.program import ChunkResult
from bioplastic.engine.states import StateRecorder, States
from bioplastic.engine.stimulus import Steps
from bioplastic.errors import ParameterError, StorageError


class StoredValues(Sequence[npt.NDArray[np.float64]]):
    """Values of a variable in a file, one array for each sample, read when it is asked for."""

    def __init__(self, path: Path, name: str, offsets: Steps, samples: range) -> None:
        self._path, self._name, self._offsets, self._samples = path, name, offsets, samples

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: Any) -> Any:
        """Read the values of a sample; a slice is read later."""
        samples = self._samples[index]
        if isinstance(samples, range):
            return StoredValues(self._path, self._name, self._offsets, samples)
        with h5py.File(self._path, "r", locking=False) as file:
            return file[self._name][self._offsets[samples] : self._offsets[samples + 1]]


class StateFile(StateRecorder):
    """A recorder whose values lie in a file, samples end to end.

    A variable is a dataset of shape (n_rows, n_elements), with its unit, and the steps from one
    value to the next, as attributes; ``offsets/<variable>`` says where samples begin,
    ``elements/<variable>`` which elements were chosen, ``done`` which samples are there. All runs
    of a presentation write to one file.

    Parameters
    ----------
    *looked, **how
        What :class:`~bioplastic.engine.states.StateRecorder` takes.
    path : path-like
        The file, which must not be there yet.
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
        self, *looked: Any, path: str | os.PathLike[str], order: Any = None, **how: Any
    ) -> None:
        super().__init__(*looked, **how)
        self._path = Path(path).absolute()
        if self._path.exists():
            raise ParameterError(
                f"record_path: must not exist, got {self._path}; choose another name or delete it"
            )
        self._place = np.arange(len(self._n_steps)) if order is None else order
        self._lengths = np.zeros_like(self._n_steps)
        self._lengths[self._place] = self._n_steps  # of samples as they lie
        self._offsets: dict[str, Steps] = {}
        self._lock, self._is_made = threading.Lock(), False

    def of_a_part(self) -> StateRecorder:
        """Return the same one: there is one file."""
        return self

    def states(self, stop: int) -> dict[str, States]:
        """Hand out what lies in the file of the samples before `stop`."""
        samples = range(stop - self._first)
        return {
            name: self._states(
                name, StoredValues(self._path, name, offsets, samples), self._lengths
            )
            for name, offsets in self._offsets.items()
        }

    def _make_room(self, n_bytes: int) -> None:
        with self._lock:
            if not self._is_made:
                for name in self._looked:
                    counts = self._counts(name, self._lengths)
                    self._offsets[name] = np.concatenate([[0], np.cumsum(counts)])
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
                file.attrs.update({"format": "bioplastic.States", "version": 1, "dt": self._dt})
                file["done"] = np.zeros(len(self._place), dtype=np.uint8)
                for name, offsets in self._offsets.items():
                    elements, its = self._elements[name], self._looked[name]
                    file[f"elements/{name}"] = elements
                    file[f"offsets/{name}"] = offsets
                    shape = (int(offsets[-1]), len(elements))
                    made = file.create_dataset(name, shape, np.float64, dcpl=early.copy())
                    made.attrs.update({"every": its.every, "unit": str(its.unit)})
            if hasattr(os, "posix_fallocate"):
                with self._path.open("r+b") as plain:
                    os.posix_fallocate(plain.fileno(), 0, self._path.stat().st_size)
        except OSError as error:
            if not isinstance(error, FileExistsError):
                self._path.unlink(missing_ok=True)
            raise StorageError(
                f"record_path: cannot write {self._path}: {error}; free some space, choose "
                f"another place, or fewer elements or times"
            ) from error

    def record(self, start: int, result: ChunkResult) -> None:
        """Write what was seen of each sample that is done."""
        with self._lock, h5py.File(self._path, "r+", locking=False) as file:
            done = set()
            for row, name, values in self._samples(start, result):
                place = int(self._place[start - self._first + row])
                offsets = self._offsets[name]
                file[name][offsets[place] : offsets[place + 1]] = values
                done.add(place)
            file.flush()  # the values lie in the file before it says that they do
            file["done"][sorted(done)] = 1
