"""Find the official files of a data set on this machine, and refuse any other content."""

import contextlib
import hashlib
import logging
import os
import shutil
import uuid
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bioplastic._paths import cache_dir
from bioplastic.errors import DataError, DataNotFoundError, ParameterError, StorageError

__all__ = [
    "OfficialFile",
    "check_md5",
    "choose_subsets",
    "files_there",
    "find_official",
    "searched_folders",
]

#: Names of files in a message; a folder of recordings has thousands.
_FEW = 8

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

    def published(self) -> tuple[str, ...]:
        """Names under which it may lie on a disk, the plain one first."""
        return (self.name,) if self.md5_zip is None else (self.name, f"{self.name}.zip")


def searched_folders(
    path: str | os.PathLike[str] | None, *, folder: str, of_tonic: str | None = None
) -> tuple[list[Path], list[str]]:
    """Return where a data set may lie, and the same in words for an error message.

    Parameters
    ----------
    path : path-like or None
        What the user named: the only place then, itself or its subfolder `folder`. Else `folder`
        in what the environment variable ``BIOPLASTIC_DATA`` names, and in the cache.
    folder : str
        Name of the data set's own folder.
    of_tonic : str, optional
        Name of the folder in which tonic keeps it, which is searched after `folder`.

    Returns
    -------
    places : list of pathlib.Path
        Folders in the order of the search.
    words : list of str
        What was searched.
    """
    folders = [folder, of_tonic] if of_tonic else [folder]
    if path is not None:
        named = Path(path).expanduser()
        return [named, *(named / f for f in folders)], [f"{named} (with its subfolder {folder})"]
    cache = cache_dir()
    data = os.environ.get("BIOPLASTIC_DATA")
    roots = [Path(data).expanduser(), cache] if data else [cache]
    said = f"{roots[0] / folder} (of BIOPLASTIC_DATA)" if data else "BIOPLASTIC_DATA (not set)"
    return [r / f for r in roots for f in folders], [said, f"the cache {cache / folder}"]


def files_there(places: Iterable[Path]) -> str:
    """Say which files lie in folders where others were searched; a name may differ by a letter.

    Parameters
    ----------
    places : iterable of pathlib.Path
        Folders; what is none is looked for beside it.

    Returns
    -------
    str
        A sentence for each folder with files, to follow a message.
    """
    said = []
    for folder in dict.fromkeys(p if p.is_dir() else p.parent for p in places):
        with contextlib.suppress(OSError):  # there is none, or it is not ours to read
            names = sorted(p.name for p in folder.iterdir() if p.is_file())
            more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
            if names:
                said.append(f" {folder} holds {', '.join(names[:_FEW])}{more}.")
    return "".join(said)


def choose_subsets(known: tuple[str, ...], subset: str, *, caller: str) -> list[str]:
    """Return the official subsets to load, in their order.

    Raises
    ------
    ParameterError
        If `subset` is neither ``"all"`` nor one of those that are known.
    """
    if subset == "all":
        return list(known)
    if subset not in known:
        raise ParameterError(
            f"{caller}.subset: must be one of {', '.join(map(repr, known))} or 'all', got "
            f"{subset!r}"
        )
    return [subset]


def find_official(
    file: OfficialFile,
    path: str | os.PathLike[str] | None,
    *,
    caller: str,
    folder: str,
    home: str,
    verify: bool,
    of_tonic: str | None = None,
) -> Path:
    """Return where a published file lies, unzipped.

    A zipped one is unzipped to the cache, under a name that holds its checksum, so that another
    content never passes for it.

    Parameters
    ----------
    file : OfficialFile
        What to find.
    path : path-like or None
        The file itself, zipped or not, or a folder; see `searched_folders`.
    caller : str
        Function that the user called, for messages.
    folder : str
        Name of the data set's own folder.
    home : str
        Address where the file is published.
    verify : bool
        Whether another checksum than the published one is an error.
    of_tonic : str, optional
        Where tonic can fetch it: its folder there, which is searched, too.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    DataNotFoundError
        If it is nowhere.
    DataError
        If it has another checksum, or its zip file is damaged.
    StorageError
        If it cannot be unzipped to the cache.
    """
    places, words = searched_folders(path, folder=folder, of_tonic=of_tonic)
    candidates = [place / name for place in places for name in file.published()]
    if path is not None and Path(path).expanduser().is_file():
        candidates = [Path(path).expanduser()]
    found = next((candidate for candidate in candidates if candidate.is_file()), None)
    if found is None:
        raise DataNotFoundError(
            f"{caller}: {' or '.join(file.published())} is neither in {' nor in '.join(words)}. "
            f"Nothing is downloaded{f' without {caller}(fetch=True)' if of_tonic else ''}: get it "
            f"from {home}, put it into one of these places or into a folder of your own, and name "
            f"that: {caller}(path) or BIOPLASTIC_DATA.{files_there(places)}"
        )
    if found.suffix == ".zip":
        return _unzipped(file, found, cache_dir() / folder, verify=verify)
    if verify and file.md5 is not None:
        check_md5(found, file.md5)
    return found


def _md5(path: Path) -> str:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False))
    return digest.hexdigest()


def check_md5(path: Path, expected: str) -> None:
    """Refuse a file with another checksum.

    Raises
    ------
    DataError
        If it has one.
    """
    _compare(path, _md5(path), expected)


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
