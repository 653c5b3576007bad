"""Find the files of a data set on this machine, and read no more of them than they should hold."""

import contextlib
import gzip
import os
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from bioplastic._paths import cache_dir
from bioplastic.errors import DataError, DataNotFoundError, ParameterError

#: Names of files in a message; a folder of recordings has thousands.
_FEW = 8
#: Bytes that a file may unpack to, beside ten times its size.
_ROOM = 2**20


def find_files(
    patterns: Sequence[str],
    path: str | os.PathLike[str] | None,
    *,
    caller: str,
    folders: Sequence[str],
    what: str,
    home: str,
    fetches: bool = False,
) -> list[Path]:
    """Return the files of a data set: those of the first place, and pattern, that has any.

    Parameters
    ----------
    patterns : sequence of str
        Of the names, the published one first.
    path : path-like or None
        What the user named: a file, or the only folder to search, itself and its subfolders
        `folders`. Else these in what the environment variable ``BIOPLASTIC_DATA`` names, and in
        the cache.
    caller : str
        Whom the user called.
    folders : sequence of str
        The data set's own folder, then those in which others keep it.
    what, home : str
        What is searched, and where it is published.
    fetches : bool
        Whether the caller has an argument `fetch`.

    Raises
    ------
    DataNotFoundError
        If there is no such file; says what lies there.
    """
    cache, data = cache_dir(), os.environ.get("BIOPLASTIC_DATA")
    if path is not None:
        named = Path(path).expanduser()
        if named.is_file():
            return [named]
        places = [named, *(named / folder for folder in folders)]
        said = f"not in {named} (nor in its subfolder {folders[0]})"
    else:
        roots = [Path(data).expanduser(), cache] if data else [cache]
        places = [root / folder for root in roots for folder in folders]
        own = f"{places[0]} (of BIOPLASTIC_DATA)" if data else "BIOPLASTIC_DATA (not set)"
        said = f"neither in {own} nor in the cache {cache / folders[0]}"
    for place in places:
        for pattern in patterns:
            found = sorted(file for file in place.glob(pattern) if file.is_file())
            if found:
                return found
    raise DataNotFoundError(
        f"{caller}: {what} is {said}. Nothing is downloaded"
        f"{f' without {caller}(fetch=True)' if fetches else ''}: get it from {home}, put it into "
        f"one of these places or into a folder of your own, and name that: {caller}(path) or "
        f"BIOPLASTIC_DATA.{files_there(places)}"
    )


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


def unpacked(path: Path) -> bytes:
    """Read a file, unzipped where its name ends in ``.gz``.

    Raises
    ------
    DataError
        If it is damaged, or unpacks to far more than its size.
    """
    limit = 10 * path.stat().st_size + _ROOM
    problem: object = "it unpacks to far more than its size"
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            content = stream.read(limit + 1)
            if len(content) <= limit:
                return content
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        problem = error
    raise DataError(
        f"{path}: is damaged or truncated: {problem}. Delete the file and call again, or put the "
        f"published file in its place."
    )
