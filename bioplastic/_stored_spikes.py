"""Spike trains that stay in a file: what is asked for is read when it is asked for."""

import contextlib
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from brian2 import second

from bioplastic._hdf5 import reading
from bioplastic._quantities import base_units, has_unit
from bioplastic._spike_checks import (
    check_durations,
    check_n_units,
    up_to_last_spikes,
    warn_of_small_units,
)
from bioplastic._spike_files import ROWS, TYPES, Rows, beside, columns, n_rows, read_rows
from bioplastic.errors import DataError, DataNotFoundError, StorageError
from bioplastic.spikes import SpikeTrains

type Integers = npt.NDArray[np.int64]

#: Spikes of a block: 3 MiB.
_BLOCK = 2**18
#: Samples with no more spikes than these stay in memory once they were read: 48 MiB.
_HELD = 2**22


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


def read_spikes(
    cls: Any, method: str, path: Path, n_units: int | None, duration: Any, *, return_bunch: bool
) -> Any:
    """Read a file in SHD's layout in parts and check it; see SpikeTrains.load and .open."""
    blocks = []
    with contextlib.ExitStack() as stack, reading(f"SpikeTrains.{method}", path):
        source = Rows(path.absolute())
        file = source.file()
        if method == "load":
            stack.callback(file.close)
        n = n_rows(file, path)
        found = columns(file, n, path)
        if n_units is None:
            n_units = found["n_units"]
        given = found["duration"] if duration is None else duration
        if given is not None:
            given = check_durations(base_units("SpikeTrains.duration", given), n)
        sizes, lengths, n_used = np.zeros(n, np.int64), np.zeros(n), 0
        # Nobody knows yet how long rows are: a spike takes four bytes at least.
        step = min(ROWS, max(1, 4 * _BLOCK * n // path.stat().st_size))
        for first in range(0, n, step):
            part = slice(first, min(first + step, n))
            times, sizes[part], units = read_rows(file, path, part)
            times = times.astype(np.float64)
            offsets = np.concatenate([[0], np.cumsum(sizes[part])])
            lengths[part] = up_to_last_spikes(times, offsets) if given is None else given[part]
            n_used = max(n_used, int(units.max()) + 1 if len(units) else 0)
            try:
                block = SpikeTrains(
                    times, units, offsets, n_units=n_units or 2**31 - 1,
                    duration=lengths[part] * second,
                )  # fmt: skip
            except DataError as error:
                since = f", from sample {first} on" if first else ""
                raise DataError(f"{path}{since}: {error}") from error
            if method == "load":
                blocks.append(block)
        n_units = check_n_units(n_used if n_units is None else n_units)
    spikes = StoredSpikeTrains._of(source, np.arange(n), sizes, n_units, lengths)
    if method == "load":
        spikes = cls._trusted(
            np.concatenate([np.empty(0), *(block.times for block in blocks)]),
            np.concatenate([np.empty(0, np.int32), *(block.units for block in blocks)]),
            spikes.offsets, n_units, lengths,
        )  # fmt: skip
    if not has_unit(duration):
        warn_of_small_units(lambda: int(spikes.counts().sum(axis=0).max()), spikes.offsets, lengths)
    return beside(spikes, found) if return_bunch else spikes


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
        values = np.empty(int(sizes.sum()), dtype=TYPES[name])
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
        values = np.empty(int(sizes.sum()), dtype=TYPES[name])
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
