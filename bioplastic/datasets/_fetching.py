"""Official files of data sets: found, unzipped, fetched by tonic, refused if they are others."""

import contextlib
import hashlib
import logging
import os
import shutil
import sys
import tempfile
import uuid
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bioplastic._partners import partner
from bioplastic._paths import cache_dir
from bioplastic.datasets._official import find_files
from bioplastic.errors import DataError, DataNotFoundError, StorageError

_SUFFIXES = {".h5", ".hdf5", ".zip"}
#: The published files unpack to a few times their size.
_MOST = 50

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class OfficialFile:
    """One published file.

    Parameters
    ----------
    name : str
        Its name, unzipped.
    md5 : str or None
        Checksum of it; None where none was published.
    md5_zip : str or None
        Checksum of ``<name>.zip``; None where it is not published zipped.
    """

    name: str
    md5: str | None = None
    md5_zip: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A data set whose files are published, and which tonic knows.

    Parameters
    ----------
    files : dict of str to OfficialFile
        The file of each subset.
    tonic : str
        Its class in ``tonic.datasets``, and the folder in which tonic keeps it.
    arguments : callable
        Gives what that class is made with for a subset.
    folder, home : str
        Name of its own folder, and where it is published.
    """

    files: dict[str, OfficialFile]
    tonic: str
    arguments: Callable[[str], dict[str, Any]]
    folder: str
    home: str

    @property
    def loader(self) -> str:
        """Whom the user calls."""
        return f"load_{self.folder}"


def find_or_fetch(
    source: Source,
    subset: str,
    path: str | os.PathLike[str] | None,
    *,
    fetch: bool,
    verify: bool,
) -> Path:
    """Return where a published file lies, unzipped to the cache if need be.

    Parameters
    ----------
    source : Source
        The data set.
    subset : str
        The subset that the file holds.
    path : path-like or None
        See :func:`bioplastic.datasets._official.find_files`.
    fetch : bool
        Whether tonic may fetch it: to the folder where tonic finds it as well, in `path` or the
        cache. What is interrupted does not pass for whole. Never where `path` looks like a file.
    verify : bool
        Whether another checksum than the published one is an error.

    Raises
    ------
    DataNotFoundError
        If it is nowhere, or cannot be fetched.
    DataError
        If it has another checksum, or is a damaged zip file.
    StorageError
        If a folder cannot be written to.
    ImportError
        If tonic is not installed.
    """
    file = source.files[subset]
    names = [file.name] if file.md5_zip is None else [file.name, f"{file.name}.zip"]
    try:
        found = find_files(
            names, path,
            caller=source.loader, folders=(source.folder, source.tonic), what=" or ".join(names),
            home=source.home, fetches=True,
        )[0]  # fmt: skip
    except DataNotFoundError:
        if not fetch or (path is not None and Path(path).suffix in _SUFFIXES):
            raise
        return _fetched(source, file, subset, path, verify=verify)
    if found.suffix == ".zip":
        return _unzipped(file, found, cache_dir() / source.folder, verify=verify)
    if verify and file.md5 is not None:
        _compare(found, _md5(found), file.md5)
    return found


def _fetched(
    source: Source,
    file: OfficialFile,
    subset: str,
    path: str | os.PathLike[str] | None,
    *,
    verify: bool,
) -> Path:
    install = f"bioplastic[tonic], or get the file from {source.home}"
    partner("tonic", caller=f"{source.loader}: fetch=True", install=install)
    import tonic.datasets

    root = cache_dir() if path is None else Path(path).expanduser()
    folder = root / source.tonic
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".part-", dir=folder))
    except OSError as error:
        raise StorageError(
            f"{source.loader}: cannot write to {folder}: {error}; name another folder: "
            f"{source.loader}(path)"
        ) from error
    try:
        # It prints what it does.
        with contextlib.redirect_stdout(sys.stderr):
            found = getattr(tonic.datasets, source.tonic)(str(scratch), **source.arguments(subset))
        with contextlib.suppress(AttributeError):
            found.data.close()  # a file that it keeps open
        if verify and file.md5 is not None:
            place = scratch / source.tonic / file.name
            _compare(place, _md5(place), file.md5)
        for part in sorted((scratch / source.tonic).iterdir()):
            part.replace(folder / part.name)
    # Of urllib, requests, zipfile and HDF5; RuntimeError: another checksum.
    except (OSError, RuntimeError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataNotFoundError(
            f"{source.loader}: tonic could not fetch {file.name}: {error}; check the network and "
            f"the space in {folder}, or get it from {source.home} and put it there"
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder / file.name


def _md5(path: Path) -> str:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False))
    return digest.hexdigest()


def _compare(path: Path, found: str, expected: str) -> None:
    if found != expected:
        raise DataError(
            f"{path}: is not the published file: expected md5 {expected}, found {found}. It is "
            "damaged, truncated or another version: download it again, or give verify=False to "
            "read it as it is."
        )


def _unzipped(file: OfficialFile, path: Path, cache: Path, *, verify: bool) -> Path:
    found = _md5(path)
    if verify and file.md5_zip is not None:
        _compare(path, found, file.md5_zip)
    stem, suffix = os.path.splitext(file.name)
    target = cache / f"{stem}-{found[:12]}{suffix}"
    if target.is_file():
        return target
    logger.info("Unzipping %s to %s", path, target)
    scratch = cache / f".{target.name}.{uuid.uuid4().hex}.part"
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_member(archive, file, path)) as source:
            cache.mkdir(parents=True, exist_ok=True)
            with scratch.open("xb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
        scratch.replace(target)
    # RuntimeError: encrypted, or compressed in a way that Python does not know.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise DataError(f"{path}: is no complete zip file: {error}. Download it again.") from error
    except OSError as error:
        raise StorageError(
            f"{path}: cannot be unzipped to {cache}: {error}. Free space or permit writing there, "
            f"set BIOPLASTIC_CACHE to another folder, or unzip it yourself beside the zip file."
        ) from error
    finally:
        with contextlib.suppress(OSError):  # where the cache is no folder, nothing is left behind
            scratch.unlink()
    return target


def _member(archive: zipfile.ZipFile, file: OfficialFile, path: Path) -> zipfile.ZipInfo:
    members = [info for info in archive.infolist() if Path(info.filename).name == file.name]
    if len(members) != 1:
        raise DataError(
            f"{path}: must hold {file.name}, holds {', '.join(archive.namelist()) or 'nothing'}; "
            "download it again"
        )
    if members[0].file_size > _MOST * path.stat().st_size:
        raise DataError(f"{path}: would unpack to {members[0].file_size:,} bytes; it is damaged")
    return members[0]
