"""Read HDF5 files to the end, in processes that may hang, crash or be refused memory.

`bioplastic._hdf5` runs this file by its path and imports nothing of it, as it imports nothing of
bioplastic: NumPy and h5py alone take a third of a second. Each file is read in a fork of its own.
"""

import json
import os
import resource
import signal
import sys
from typing import Any

#: Bytes that are read in one step, and seconds after which the process ends if nobody asks.
_BLOCK, _IDLE = 2**20, 60
#: Rows of ragged arrays in one step.
_ROWS = 4096


def main() -> None:
    """Answer requests, one JSON object a line, until nobody asks any more."""
    sys.path += json.loads(sys.argv[1])
    import h5py

    while True:
        signal.alarm(_IDLE)  # without a handler, it ends the process
        line = sys.stdin.readline()
        signal.alarm(0)
        if not line:
            return
        request = json.loads(line)
        child = os.fork()
        if not child:
            _answer(_read(h5py, **request))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            _answer(_death(os.waitstatus_to_exitcode(status)))


def _answer(problem: str | None) -> None:
    os.write(1, json.dumps({"problem": problem}).encode() + b"\n")


def _death(code: int) -> str:
    if -code in {signal.SIGPROF, signal.SIGXCPU}:
        return "HDF5 does not come to an end with it; the file is damaged"
    return f"HDF5 ends with {code} on it; the file is damaged"


def _read(h5py: Any, path: str, size: int, seconds: float, memory: int) -> str | None:
    """Read everything that a file holds; what is wrong, or None."""
    _limit(resource.RLIMIT_AS, _addresses() + memory)
    # In all a second for each megabyte: no disk counts, processor time alone.
    _limit(resource.RLIMIT_CPU, 60 + size // 10**6)
    # A step that takes longer does not end: the timer kills, since Python is not asked within HDF5.
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        with h5py.File(path, "r", locking=False) as file:
            for _ in _Walk(h5py, size, memory).steps(file):
                signal.setitimer(signal.ITIMER_PROF, seconds)
    except MemoryError:
        return f"it takes more than {memory:,} bytes of memory; the file is damaged"
    except Exception as error:  # h5py raises whatever HDF5's own errors look like to it
        return f"{error}"
    return None


def _limit(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _addresses() -> int:
    """Bytes of addresses that the process has; Linux alone tells, and keeps to a limit of them."""
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 2**40


class _Walk:
    """A way through all objects of a file, each once, that keeps account of what they hold."""

    def __init__(self, h5py: Any, size: int, memory: int) -> None:
        self._h5py, self._size, self._memory = h5py, size, memory
        self._plain = self._ragged = self._links = 0
        self._seen: set[int] = set()

    def steps(self, group: Any) -> Any:
        """Read a group, and all that it leads to; a step is an attribute, a link or a block."""
        self._seen.add(self._address(group))
        pending = [group]
        while pending:
            group = pending.pop()
            yield from self._attributes(group)
            for name in group:
                self._links += 1
                # Each takes at least so many bytes of the file; cycles do not end.
                if 8 * self._links > self._size:
                    raise ValueError("has more links than it has room for; the file is damaged")
                link = group.get(name, getlink=True)
                if isinstance(link, self._h5py.ExternalLink):
                    raise ValueError(f"{name} lies in another file; copy it into this one")
                if isinstance(link, self._h5py.SoftLink):
                    continue  # leads to what is found anyway, or nowhere
                found = group[name]
                yield
                address = self._address(found)
                if address in self._seen:
                    continue
                self._seen.add(address)
                if isinstance(found, self._h5py.Group):
                    pending.append(found)
                elif isinstance(found, self._h5py.Dataset):
                    yield from self._attributes(found)
                    yield from self._values(found)

    def _address(self, found: Any) -> int:
        return int(self._h5py.h5o.get_info(found.id).addr)

    def _attributes(self, found: Any) -> Any:
        for name in found.attrs:
            self._count(getattr(found.attrs[name], "nbytes", 0))
            yield

    def _values(self, dataset: Any) -> Any:
        if dataset.is_virtual or dataset.external:
            raise ValueError(f"{dataset.name} lies in another file; copy it into this one")
        ragged = dataset.dtype.hasobject  # there are types that h5py does not read
        if dataset.shape is None or not dataset.size:
            return
        self._count(dataset.nbytes)
        if not dataset.shape:
            self._ragged_bytes([dataset[()]] if ragged else [])
            return
        rows = _ROWS if ragged else _BLOCK // (dataset.nbytes // len(dataset) or 1)
        # A compressed chunk is unpacked for each part of it that is asked for.
        rows = max(rows, 1, min(dataset.chunks[0], len(dataset)) if dataset.chunks else 1)
        for first in range(0, len(dataset), rows):
            part = dataset[first : first + rows]
            self._ragged_bytes(part.ravel() if ragged else [])
            yield

    def _count(self, n_bytes: int) -> None:
        self._plain += n_bytes
        if self._plain > self._memory:
            raise ValueError(
                f"unpacks to more than {self._memory:,} bytes, ten times its size; if that is "
                f"meant, store it without compression, as by: h5repack -f NONE"
            )

    def _ragged_bytes(self, rows: Any) -> None:
        # Ragged rows lie in the file as they are, so that more than it holds is one row, often.
        self._ragged += sum(getattr(row, "nbytes", 0) or len(row) for row in rows)
        if self._ragged > self._size:
            raise ValueError("has more in its rows than in all; the file is damaged")


if __name__ == "__main__":
    main()
