"""Spike trains that stay in a file: what is asked for is read when it is asked for."""

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np
import numpy.typing as npt
from brian2 import second

from bioplastic._hdf5 import open_hdf5
from bioplastic._quantities import base_units
from bioplastic._spike_checks import (
    check_durations,
    check_n_units,
    up_to_last_spikes,
    warn_of_small_units,
)
from bioplastic._spike_files import beside, check_there, columns, n_rows, read_rows, reading
from bioplastic.errors import DataError, DataNotFoundError, StorageError
from bioplastic.spikes import SpikeTrains

__all__ = ["Scratch", "StoredSpikeTrains", "concatenated", "open_spikes"]

type Integers = npt.NDArray[np.int64]

#: Rows of HDF5 that are read at once, and spikes of a block: 3 MiB.
_ROWS, _BLOCK = 512, 2**18
#: Samples with no more spikes than these stay in memory once they were read: 48 MiB.
_HELD = 2**22
#: What readers are given.
_TYPES = {"times": np.float64, "units": np.int32}


class Source(Protocol):
    """Where rows of spikes lie; each row has an address."""

    def read(self, name: str, addresses: Integers, sizes: Integers) -> npt.NDArray[Any]:
        """Read the ``"times"`` or ``"units"`` of rows, end to end."""

    def __str__(self) -> str:
        """Say where it lies."""


class StoredSpikeTrains(SpikeTrains):
    """SpikeTrains of which a file holds times and units.

    Made by :meth:`SpikeTrains.open`; see there. A pickle holds the place of the samples, not the
    spikes.
    """

    __slots__ = ("_addresses", "_held", "_source")

    _source: Source
    _addresses: Integers
    _held: SpikeTrains | None

    in_memory = False

    @classmethod
    def _of(
        cls,
        source: Source,
        addresses: Integers,
        sizes: Integers,
        n_units: int,
        duration: npt.NDArray[np.float64],
    ) -> "StoredSpikeTrains":
        made = cls.__new__(cls)
        made._source, made._addresses, made._held = source, addresses, None
        made.offsets = np.concatenate([[0], np.cumsum(sizes)])
        made.n_units, made.duration = n_units, duration
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        sizes = np.diff(self.offsets)
        return self._of, (self._source, self._addresses, sizes, self.n_units, self.duration)

    @property
    def times(self) -> npt.NDArray[np.float64]:  # type: ignore[override]
        """Spike times in seconds, read from the file."""
        return self.to_memory().times if self._small else self._read("times")

    @property
    def units(self) -> npt.NDArray[np.int32]:  # type: ignore[override]
        """Unit of each spike, read from the file."""
        return self.to_memory().units if self._small else self._read("units")

    @property
    def _small(self) -> bool:
        return bool(self.offsets[-1] <= _HELD)

    def _read(self, name: str) -> npt.NDArray[Any]:
        return self._source.read(name, self._addresses, np.diff(self.offsets))

    def to_memory(self) -> SpikeTrains:
        """Read all samples, see :meth:`SpikeTrains.to_memory`."""
        if self._held is not None:
            return self._held
        found = SpikeTrains._trusted(
            self._read("times"), self._read("units"), self.offsets, self.n_units, self.duration
        )
        if self._small:
            self._held = found
        return found

    def _slices(self) -> Iterator[slice]:
        begin = 0
        while begin < len(self) or not begin:  # one slice at least, as of no samples
            end = int(np.searchsorted(self.offsets, self.offsets[begin] + _BLOCK, side="right")) - 1
            end = min(max(end, begin + 1), len(self))
            yield slice(begin, end)
            begin = end or 1

    def _chosen(self, rows: Integers) -> SpikeTrains:
        if self._held is not None:
            return self._held[rows]
        sizes = np.diff(self.offsets)[rows]
        return self._of(
            self._source, self._addresses[rows], sizes, self.n_units, self.duration[rows]
        )

    def _window(self, start: int, stop: int) -> SpikeTrains:
        return self._chosen(np.arange(start, stop))

    def __repr__(self) -> str:
        return f"{super().__repr__()[:-1]}, in {self._source})"


def open_spikes(path: Path, n_units: int | None, duration: Any, *, return_bunch: bool) -> Any:
    """Read a file once, to check it, and leave the spikes there; see SpikeTrains.open."""
    check_there("open", path)
    with reading("open", path):
        source = _Rows(path.absolute())
        file = source.file()
        n = n_rows(file, path)
        found = columns(file, n, path)
        if n_units is None:
            n_units = found["n_units"]
        given = found["duration"] if duration is None else duration
        if given is not None:
            given = check_durations(base_units("SpikeTrains.duration", given), n)
        sizes, lengths, n_used = np.zeros(n, np.int64), np.zeros(n), 0
        # Nobody knows yet how long rows are: a spike takes four bytes at least.
        step = min(_ROWS, max(1, 4 * _BLOCK * n // path.stat().st_size))
        for first in range(0, n, step):
            part = slice(first, min(first + step, n))
            times, sizes[part], units = read_rows(file, path, part)
            times = times.astype(np.float64)
            offsets = np.concatenate([[0], np.cumsum(sizes[part])])
            lengths[part] = up_to_last_spikes(times, offsets) if given is None else given[part]
            n_used = max(n_used, int(units.max()) + 1 if len(units) else 0)
            try:
                SpikeTrains(
                    times, units, offsets, n_units=n_units or 2**31 - 1,
                    duration=lengths[part] * second,
                )  # fmt: skip
            except DataError as error:
                raise DataError(f"{path}, from sample {first} on: {error}") from error
        n_units = check_n_units(n_used if n_units is None else n_units)
    spikes = StoredSpikeTrains._of(source, np.arange(n), sizes, n_units, lengths)
    warn_of_small_units(lambda: int(spikes.counts().sum(axis=0).max()), spikes.offsets, lengths)
    return beside(spikes, found) if return_bunch else spikes


class _Rows:
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
        values, end = np.empty(int(sizes.sum()), dtype=_TYPES[name]), 0
        with reading("open", self._path):
            dataset = self.file()[f"spikes/{name}"]
            for first in range(0, len(addresses), _ROWS):
                part = slice(first, first + _ROWS)
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


class Scratch:
    """Spikes of any number, written to a temporary folder, which goes when nobody needs it.

    Parameters
    ----------
    n_units : int
        Of all samples.

    Raises
    ------
    StorageError
        If there is no room for them, by `append`.
    """

    def __init__(self, n_units: int) -> None:
        self._n_units = n_units
        self._folder = Path(tempfile.mkdtemp(prefix="bioplastic-spikes-"))
        self._types = {
            "times": np.dtype(np.float64),
            "units": np.min_scalar_type(n_units - 1),
        }
        self._parts: list[tuple[Integers, npt.NDArray[np.float64]]] = []
        self._remove = weakref.finalize(self, _remove, self._folder, os.getpid())

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_remove": None, "_parts": []}

    def __str__(self) -> str:
        return str(self._folder)

    def append(self, spikes: SpikeTrains) -> None:
        """Write samples behind those that are there."""
        try:
            for name, dtype in self._types.items():
                with (self._folder / name).open("ab") as stream:
                    stream.write(getattr(spikes, name).astype(dtype, copy=False).data)
        except OSError as error:
            raise StorageError(
                f"SpikeTrains: cannot write to {self._folder}: {error}; free some space, or let "
                f"the environment variable TMPDIR name a folder with more"
            ) from error
        self._parts.append((np.diff(spikes.offsets), spikes.duration))

    def spikes(self) -> SpikeTrains:
        """Return all samples that were written."""
        sizes = np.concatenate([np.zeros(0, np.int64), *(sizes for sizes, _ in self._parts)])
        lengths = np.concatenate([np.zeros(0), *(lengths for _, lengths in self._parts)])
        starts = np.cumsum(sizes) - sizes
        return StoredSpikeTrains._of(self, starts, sizes, self._n_units, lengths)

    def read(self, name: str, addresses: Integers, sizes: Integers) -> npt.NDArray[Any]:
        """Read rows; the address of a row is the number of spikes before it."""
        dtype = self._types[name]
        values = np.empty(int(sizes.sum()), dtype=_TYPES[name])
        # Rows that lie one behind the other are read at once.
        breaks = np.flatnonzero(addresses[1:] != addresses[:-1] + sizes[:-1]) + 1
        firsts = np.concatenate([[0], breaks])[: len(addresses)]
        counts = np.add.reduceat(sizes, firsts) if len(firsts) else firsts
        end = 0
        try:
            with (self._folder / name).open("rb") as stream:
                for first, count in zip(firsts, counts, strict=True):
                    begin, end = end, end + int(count)
                    stream.seek(int(addresses[first]) * dtype.itemsize)
                    values[begin:end] = np.fromfile(stream, dtype, int(count))
        except (OSError, ValueError) as error:
            raise DataNotFoundError(
                f"SpikeTrains: the temporary folder {self._folder} is not there any more: {error}; "
                f"it goes with the SpikeTrains that it was made for, compute them again"
            ) from error
        return values


def _remove(folder: Path, pid: int) -> None:
    if os.getpid() == pid:  # not when a fork ends
        shutil.rmtree(folder, ignore_errors=True)


class _Joined:
    """Rows of several SpikeTrains; the address of a row is the number of samples before it."""

    def __init__(self, parts: Sequence[SpikeTrains]) -> None:
        self._parts = parts
        self._starts = np.cumsum([0, *map(len, parts)])

    def __str__(self) -> str:
        return f"{len(self._parts)} places"

    def read(self, name: str, addresses: Integers, sizes: Integers) -> npt.NDArray[Any]:
        """Read rows of all parts."""
        values = np.empty(int(sizes.sum()), dtype=_TYPES[name])
        owner = np.searchsorted(self._starts, addresses, side="right") - 1
        spikes = np.repeat(owner, sizes)
        for k in np.unique(owner):
            part = self._parts[k][addresses[owner == k] - self._starts[k]]
            values[spikes == k] = (
                part._read(name) if isinstance(part, StoredSpikeTrains) else getattr(part, name)
            )
        return values


def concatenated(parts: Sequence[SpikeTrains]) -> StoredSpikeTrains:
    """Join samples of which some lie in files."""
    return StoredSpikeTrains._of(
        _Joined(parts),
        np.arange(sum(map(len, parts))),
        np.concatenate([np.diff(part.offsets) for part in parts]),
        parts[0].n_units,
        np.concatenate([part.duration for part in parts]),
    )
