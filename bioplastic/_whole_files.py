"""Files that are written whole or not at all, whatever happens to their writer."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from bioplastic.errors import StorageError


@contextlib.contextmanager
def whole_file(path: Path, where: str) -> Iterator[Path]:
    """Give a place beside `path` to write to; bring what was written to the disk, and move it.

    Parameters
    ----------
    path : Path
        The file. Its folder is made where it is missing.
    where : str
        Whose parameter names it, for the message.

    Raises
    ------
    StorageError
        If it cannot be written; what was there stays.
    """
    scratch = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield scratch
        _sync(scratch)
        scratch.replace(path)
        with contextlib.suppress(OSError):  # not every system can
            _sync(path.parent)
    except OSError as error:
        raise StorageError(
            f"{where}: cannot write {path}: {error}; free some space or choose another folder"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            scratch.unlink()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
