"""Let the package tonic fetch what is not on this machine."""

import contextlib
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bioplastic._paths import cache_dir
from bioplastic.datasets._official import OfficialFile, check_md5, find_official
from bioplastic.errors import DataNotFoundError, StorageError

__all__ = ["TonicSet", "find_or_fetch"]

_SUFFIXES = {".h5", ".hdf5", ".zip"}


@dataclass(frozen=True, kw_only=True, slots=True)
class TonicSet:
    """A data set as tonic knows it.

    Parameters
    ----------
    name : str
        Its class in ``tonic.datasets``, and the folder in which tonic keeps it.
    arguments : callable
        Gives what that class is made with for a subset.
    """

    name: str
    arguments: Callable[[str], dict[str, Any]]


def find_or_fetch(
    file: OfficialFile,
    subset: str,
    path: str | os.PathLike[str] | None,
    source: TonicSet,
    *,
    caller: str,
    folder: str,
    home: str,
    fetch: bool,
    verify: bool,
) -> Path:
    """Return where a published file lies; let tonic fetch it where it is not on this machine.

    Parameters
    ----------
    file, path, caller, folder, home, verify
        See :func:`bioplastic.datasets._official.find_official`.
    subset : str
        The subset that the file holds.
    source : TonicSet
        The data set, as tonic knows it.
    fetch : bool
        Whether it may be fetched: to the folder where tonic finds it as well, in `path` or the
        cache. What is interrupted does not pass for whole. Never where `path` looks like a file.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    DataNotFoundError
        If it is nowhere, or cannot be fetched.
    DataError, StorageError
        See there.
    ImportError
        If tonic is not installed.
    """
    try:
        return find_official(
            file, path,
            caller=caller, folder=folder, home=home, verify=verify, of_tonic=source.name,
        )  # fmt: skip
    except DataNotFoundError:
        if not fetch or (path is not None and Path(path).suffix in _SUFFIXES):
            raise
    return _fetched(file, subset, path, source, caller=caller, home=home, verify=verify)


def _fetched(
    file: OfficialFile,
    subset: str,
    path: str | os.PathLike[str] | None,
    source: TonicSet,
    *,
    caller: str,
    home: str,
    verify: bool,
) -> Path:
    try:
        import tonic.datasets
    except ImportError as error:
        raise ImportError(
            f"{caller}: fetch=True needs the package tonic; install it by: pip install "
            f"bioplastic[tonic], or get the file from {home}"
        ) from error
    root = cache_dir() if path is None else Path(path).expanduser()
    folder = root / source.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".part-", dir=folder))
    except OSError as error:
        raise StorageError(
            f"{caller}: cannot write to {folder}: {error}; name another folder: {caller}(path)"
        ) from error
    try:
        # It prints what it does.
        with contextlib.redirect_stdout(sys.stderr):
            found = getattr(tonic.datasets, source.name)(str(scratch), **source.arguments(subset))
        with contextlib.suppress(AttributeError):
            found.data.close()  # a file that it keeps open
        if verify and file.md5 is not None:
            check_md5(scratch / source.name / file.name, file.md5)
        for part in sorted((scratch / source.name).iterdir()):
            part.replace(folder / part.name)
    # Of urllib, requests, zipfile and HDF5; RuntimeError: another checksum.
    except (OSError, RuntimeError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataNotFoundError(
            f"{caller}: tonic could not fetch {file.name}: {error}; check the network and the "
            f"space in {folder}, or get it from {home} and put it there"
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder / file.name
