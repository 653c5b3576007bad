"""Open HDF5 files that others made: damaged ones are refused, whatever HDF5 itself does with them.

HDF5 loops without end in some damaged files, crashes in others and believes any size that a file
claims, and no call of its own can be stopped. So another process reads every file first, to the
end, under limits of memory and processor time; `bioplastic._hdf5_child` is its program. It costs a
third of a second once, then some milliseconds a file, and for a large one as long as to read it.
"""

import atexit
import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np

from bioplastic.errors import DataError, DataNotFoundError

#: Processor time in which HDF5 must take one step, such as to open a file or to read a megabyte.
SECONDS: Final = 3.0
#: A file may unpack to ten times its size, and to so many bytes whatever its size is.
FLOOR: Final = 16 * 2**20

_PROGRAM = Path(__file__).with_name("_hdf5_child.py")


def open_hdf5(path: Path, **options: Any) -> Any:
    """Open a file for reading, once it was found to be harmless.

    Parameters
    ----------
    path : Path
        The file.
    **options
        Of h5py.File.

    Raises
    ------
    OSError
        If it cannot be opened, or :func:`check_hdf5` refuses it.
    """
    check_hdf5(path)
    return h5py.File(path, "r", **options)


def check_hdf5(path: Path) -> None:
    """Refuse a file that HDF5 cannot read to its end.

    Readers call it, or `open_hdf5`, before they let HDF5 touch a file of a user, and turn its
    error into one that says what was to be read. A file that did not change since is not read
    again.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    OSError
        If the file is damaged or no HDF5, if it does not come to an end, unpacks to more than ten
        times its size, or has parts in other files.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError("it is not a file")
    # What a device or a network drive calls a change may be coarse, hence the size too.
    known = (str(path.absolute()), found.st_ino, found.st_size, found.st_mtime_ns)
    if known in _harmless:
        return
    problem = _reader.ask(
        path=str(path.absolute()),
        size=found.st_size,
        seconds=SECONDS,
        memory=10 * found.st_size + FLOOR,
    )
    if problem is not None:
        raise OSError(problem)
    _harmless.add(known)


@contextlib.contextmanager
def reading(where: str, path: Path) -> Iterator[None]:
    """Say in errors who reads what; refuse the path of no file."""
    try:
        yield
    except DataNotFoundError:
        raise
    except FileNotFoundError as error:
        raise DataNotFoundError(f"{where}: there is no file {path}; check the path") from error
    except DataError as error:
        place = "" if str(path) in str(error) else f"{path}: "
        raise DataError(f"{where}: {place}{error}") from error
    except (OSError, RuntimeError, KeyError) as error:
        raise DataError(
            f"{where}: cannot read {path}: {error}; it is truncated or no HDF5 file, "
            f"copy or download it again"
        ) from error


class _Reader:
    """The process that reads files first; it starts when needed, and ends when idle."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, **request: Any) -> str | None:
        """Return what is wrong with a file, or None."""
        line = json.dumps(request).encode() + b"\n"
        with self._lock:
            for _ in range(2):  # one that was idle may end as it is asked
                answer = self._exchange(line)
                if answer:
                    problem: str | None = json.loads(answer)["problem"]
                    return problem
                self.end()
        raise OSError("the process that reads HDF5 files first does not start or was killed")

    def _exchange(self, line: bytes) -> bytes:
        if self._process is None:
            self._process = self._start()
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(line)
            process.stdin.flush()
            return process.stdout.readline()
        except BrokenPipeError:
            return b""
        except BaseException:  # Ctrl-C: its answer would be taken for that to the next question
            self.end()
            raise

    def _start(self) -> subprocess.Popen[bytes]:
        places = [str(Path(str(package.__file__)).parents[1]) for package in (h5py, np)]
        return subprocess.Popen(
            [sys.executable, "-I", str(_PROGRAM), json.dumps(places)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # One thread, since it forks.
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            start_new_session=True,  # Ctrl-C is not meant for it, and its forks end with it
        )

    def end(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def forget(self) -> None:
        """Leave the process to the one that this was forked from."""
        self._lock, self._process = threading.Lock(), None


_reader = _Reader()
_harmless: set[tuple[str, int, int, int]] = set()
atexit.register(_reader.end)
os.register_at_fork(after_in_child=_reader.forget)
