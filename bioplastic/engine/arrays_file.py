"""Files of many named arrays, which Python and a compiled program hand each other."""

import mmap
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

#: Name and number of bytes; these follow, and some that fill up the last word (run.h).
_HEAD = struct.Struct("24sq")
_WORD = 8


def write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write arrays to a file.

    Parameters
    ----------
    path : Path
        The file.
    arrays : mapping of str to ndarray
        By names of at most 23 characters.

    Raises
    ------
    OSError
        If the disk is full, or the folder is not to be written to.
    """
    with path.open("wb") as file:
        for name, array in arrays.items():
            data = np.ascontiguousarray(array)
            file.write(_HEAD.pack(name.encode(), data.nbytes))
            file.write(data.data)
            file.write(bytes(-data.nbytes % _WORD))


def read_arrays(path: Path) -> dict[str, npt.NDArray[np.uint8]]:
    """Read the arrays of a file, as bytes that stay in it until they are copied.

    Parameters
    ----------
    path : Path
        The file, which holds at least one.

    Returns
    -------
    arrays : dict of str to ndarray
    """
    with path.open("rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    found, at = {}, 0
    while at < len(content):
        name, size = _HEAD.unpack_from(content, at)
        at += _HEAD.size
        found[name.rstrip(b"\0").decode()] = np.frombuffer(content, np.uint8, size, at)
        at += size + -size % _WORD
    return found
