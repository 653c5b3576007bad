"""Where bioplastic keeps what it may make again, and how a file takes the place of another."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import platformdirs

from bioplastic.errors import StorageError

__all__ = ["cache_dir", "replacing"]


def cache_dir() -> Path:
    """Return the root of all caches of bioplastic, whether or not it exists yet.

    Returns
    -------
    pathlib.Path
        ``$BIOPLASTIC_CACHE`` where that is set, else the platform's folder for caches.

    Examples
    --------
    >>> import os
    >>> from unittest import mock
    >>> from bioplastic._paths import cache_dir
    >>> with mock.patch.dict(os.environ, BIOPLASTIC_CACHE="somewhere"):
    ...     cache_dir().name
    'somewhere'
    """
    override = os.environ.get("BIOPLASTIC_CACHE")
    if override:
        return Path(override).expanduser().absolute()
    return platformdirs.user_cache_path("bioplastic")


@contextlib.contextmanager
def replacing(
    path: Path, where: str, remedy: str = "free some space or choose another folder"
) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` once it is whole and on the disk.

    Parameters
    ----------
    path : Path
        The file; its folder is made where it is missing.
    where : str
        Who writes, for the message.
    remedy : str
        What to do about an error.

    Raises
    ------
    StorageError
        If it cannot be written; an older file at `path` stays as it was.
    """
    scratch = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with scratch.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except OSError as error:
        raise StorageError(f"{where}: cannot write {path}: {error}; {remedy}") from error
    finally:
        with contextlib.suppress(OSError):
            scratch.unlink()
