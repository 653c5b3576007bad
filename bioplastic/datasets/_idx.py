"""Read IDX files, the format of MNIST, and refuse damaged ones with a reason."""

import gzip
import hashlib
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioplastic.errors import DataError

__all__ = ["read_idx"]

_UNSIGNED_BYTE = 0x08


def read_idx(path: Path, *, n_dims: int, md5: str) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, gzipped or not.

    Parameters
    ----------
    path : pathlib.Path
        The file; a name that ends in ``.gz`` is unzipped on the way.
    n_dims : int
        Number of dimensions that the file must have.
    md5 : str
        Checksum of the unzipped content, 32 hexadecimal digits.

    Returns
    -------
    ndarray of uint8, read-only
        The values in the shape that the file's header gives.

    Raises
    ------
    DataError
        If the file is damaged, truncated, of another format or has another checksum.

    Examples
    --------
    >>> import hashlib, pathlib, tempfile
    >>> from bioplastic.datasets._idx import read_idx
    >>> content = bytes([0, 0, 8, 1, 0, 0, 0, 3]) + bytes([7, 8, 9])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "labels"
    ...     _ = path.write_bytes(content)
    ...     read_idx(path, n_dims=1, md5=hashlib.md5(content).hexdigest())
    array([7, 8, 9], dtype=uint8)
    """
    # MNIST unpacks to five times its size; what a file claims is not believed beyond twice that.
    limit = 8 * path.stat().st_size + 2**20
    content = _unzip(path, limit) if path.suffix == ".gz" else path.read_bytes()
    # The header first: "truncated" tells a user more than two unequal checksums.
    magic = bytes([0, 0, _UNSIGNED_BYTE, n_dims])
    if content[:4] != magic:
        raise _damaged(
            path,
            "is not the expected IDX file",
            f"the magic number 0x{magic.hex()}",
            f"0x{content[:4].hex()}" if content else "an empty file",
        )
    start = 4 + 4 * n_dims
    if len(content) < start:
        raise _damaged(path, "is truncated", f"a header of {start} bytes", f"{len(content)}")
    shape = tuple(int(n) for n in np.frombuffer(content[4:start], dtype=">u4"))
    size = start + math.prod(shape)
    if len(content) > limit:
        raise _damaged(path, "is no file of images", f"at most {limit:,} bytes (unzipped)", "more")
    if len(content) != size:
        what = "is truncated" if len(content) < size else "is too long"
        raise _damaged(path, what, f"{size} bytes (unzipped)", f"{len(content)}")
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != md5:
        raise _damaged(path, "has another content", f"md5 {md5} (unzipped)", found)
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def _unzip(path: Path, limit: int) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read(limit + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        size = path.stat().st_size
        raise _damaged(
            path, "is damaged or truncated", "a complete gzip file", f"{size} bytes: {error}"
        ) from error


def _damaged(path: Path, what: str, expected: str, found: str) -> DataError:
    return DataError(
        f"{path}: {what}: expected {expected}, found {found}. "
        "Delete the file and call again, or put an undamaged copy in its place."
    )
