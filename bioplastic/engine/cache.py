"""Cache of compiled programs, shared by all processes of a user.

A program is found by what its source follows from: the strings and sizes of the declaration, the
engine's own files, versions, compiler, flags and processor. Parameter values are no part of it:
they are read by the program at its start.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import filelock

from bioplastic._paths import cache_dir
from bioplastic.errors import StorageError

__all__ = ["clear", "fingerprint", "get_or_build", "programs_dir", "usage"]

MANIFEST = "manifest.json"
#: Programs kept; the least recently used go first.
MAX_PROGRAMS = 64


def programs_dir() -> Path:
    """Folder of the compiled programs."""
    return cache_dir() / "programs"


def fingerprint(*parts: str) -> str:
    """Hash of the engine's own files and of `parts`."""
    digest = hashlib.sha256()
    package = Path(__file__).parent.parent
    files = sorted(p for room in ("engine", "models") for p in (package / room).rglob("*"))
    for path in files:
        if path.suffix in {".py", ".cpp", ".cu", ".cuh", ".h"}:
            digest.update(path.name.encode() + path.read_bytes())
    for part in parts:
        digest.update(b"\0" + part.encode())
    return digest.hexdigest()[:32]


def get_or_build(key: str, build: Callable[[Path], None]) -> tuple[Path, float]:
    """Return the folder of a program, building it where there is none.

    Parameters
    ----------
    key : str
        From :func:`fingerprint`.
    build : callable
        Fills an empty folder. What it leaves is moved to its place in one step, so that a build
        which was interrupted leaves nothing behind that looks like a program.

    Returns
    -------
    folder : Path
        Where the program lies.
    seconds : float
        What the build took; 0.0 where the cache had it.

    Raises
    ------
    StorageError
        If the cache cannot be written.
    """
    folder = programs_dir() / key
    if _is_whole(folder):
        with contextlib.suppress(OSError):  # a cache that others keep for us may be read-only
            os.utime(folder)
        return folder, 0.0
    begun = time.perf_counter()
    try:
        programs_dir().mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(programs_dir() / f"{key}.lock"):
            if not _is_whole(folder):  # another process may have been faster
                shutil.rmtree(folder, ignore_errors=True)
                scratch = Path(tempfile.mkdtemp(prefix="building-", dir=programs_dir()))
                try:
                    build(scratch)
                    program = scratch / "main"
                    manifest = json.loads((scratch / MANIFEST).read_text())
                    manifest["program_bytes"] = program.stat().st_size
                    (scratch / MANIFEST).write_text(json.dumps(manifest))
                    scratch.rename(folder)
                finally:
                    shutil.rmtree(scratch, ignore_errors=True)
        _sweep()
    except OSError as error:
        raise StorageError(
            f"cannot keep the compiled program in {programs_dir()}: {error}; free some space, or "
            f"set BIOPLASTIC_CACHE to a folder that can be written"
        ) from error
    return folder, time.perf_counter() - begun


def _is_whole(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        return bool((folder / "main").stat().st_size == manifest["program_bytes"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _sweep() -> None:
    """Remove what is old, and what interrupted builds of a day ago left."""
    entries = [p for p in programs_dir().iterdir() if p.is_dir()]
    stale = [p for p in entries if p.name.startswith("building-")]
    for path in stale:
        if time.time() - path.stat().st_mtime > 86400:
            shutil.rmtree(path, ignore_errors=True)
    whole = sorted(set(entries) - set(stale), key=lambda p: p.stat().st_mtime)
    for path in whole[:-MAX_PROGRAMS]:
        shutil.rmtree(path, ignore_errors=True)
        path.with_suffix(".lock").unlink(missing_ok=True)


def usage() -> tuple[int, int]:
    """Return the number of programs in the cache and their size in bytes."""
    folders = [p for p in programs_dir().glob("*") if p.is_dir()]
    return len(folders), sum(f.stat().st_size for p in folders for f in p.rglob("*") if f.is_file())


def clear() -> None:
    """Remove every compiled program; the next use of a network builds it anew."""
    shutil.rmtree(programs_dir(), ignore_errors=True)
