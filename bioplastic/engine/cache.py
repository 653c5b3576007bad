"""Cache of compiled programs, shared by all processes of a user.

A program is found by what its source follows from: the strings and sizes of the declaration, the
engine's own files, versions, compiler, flags and processor. Parameter values are no part of it:
they are read by the program at its start.
"""

import contextlib
import contextvars
import functools
import hashlib
import itertools
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import filelock

from bioplastic._paths import cache_dir
from bioplastic.errors import StorageError

_tells = contextvars.ContextVar("_tells", default=False)


@contextlib.contextmanager
def telling(progress: bool) -> Iterator[None]:
    """Say, or do not say, what is compiled within a ``with`` block."""
    before = _tells.set(progress)
    try:
        yield
    finally:
        _tells.reset(before)


@contextlib.contextmanager
def compiling(usually: Callable[[], str]) -> Iterator[None]:
    """Say that something is compiled as long as it is, where :func:`telling` asks for it.

    On a terminal that is a line in the place of the progress bar that follows; elsewhere it stays.

    Parameters
    ----------
    usually : callable
        Says how long that takes, with its unit.
    """
    if not _tells.get():
        yield
        return
    from tqdm.auto import tqdm

    said = f"compiling (usually {usually()})"
    with tqdm(desc=said, bar_format="{desc}", leave=False, disable=None) as bar:
        if bar.disable:
            tqdm.write(said, file=sys.stderr)
        yield


MANIFEST = "manifest.json"
#: Of a program's first network, and of one that it holds beside it, which has a key of its own.
MANIFESTS = MANIFEST, "answers.json"
#: Programs kept; the least recently used go first.
MAX_PROGRAMS = 64
#: Seconds after a run in which a program counts as in use.
IN_USE = 3600
#: How the names of folders begin in which something is being built.
_SCRATCH = "building-"


def programs_dir() -> Path:
    """Folder of the compiled programs."""
    return cache_dir() / "programs"


def fingerprint(*parts: str) -> str:
    """Hash of the engine's own files and of `parts`."""
    digest = _of_our_files().copy()
    for part in parts:
        digest.update(b"\0" + part.encode())
    return digest.hexdigest()[:32]


@functools.cache
def _of_our_files() -> "hashlib._Hash":
    digest = hashlib.sha256()
    package = Path(__file__).parent.parent
    files = sorted(p for room in ("engine", "models") for p in (package / room).rglob("*"))
    for path in files:
        if path.suffix in {".py", ".cpp", ".cu", ".cuh", ".h"}:
            digest.update(path.name.encode() + path.read_bytes())
    return digest


def get_or_build(
    key: str,
    build: Callable[[Path], None],
    other: str | None = None,
    *,
    kind: str = "",
    guess: float = 3.0,
) -> tuple[Path, dict[str, Any], float]:
    """Return the folder of a program, building it where there is none.

    Parameters
    ----------
    key : str
        From :func:`fingerprint`.
    build : callable
        Fills an empty folder. What it leaves is moved to its place in one step, so that a build
        which was interrupted leaves nothing behind that looks like a program.
    other : str, optional
        Key of a second network that is built with it, and found under this key from then on.
    kind : str
        Which builds take about as long.
    guess : float
        Seconds that one is said to take before there was any on this machine.

    Returns
    -------
    folder : Path
        Where the program lies. Others may clear the cache at any time: who finds it gone asks
        again.
    manifest : dict
        What the build noted of the program.
    seconds : float
        What the build took; 0.0 where the cache had it.

    Raises
    ------
    StorageError
        If the cache cannot be written.
    """
    folder = programs_dir() / key
    if manifest := _manifest(folder):
        with contextlib.suppress(OSError):  # a cache that others keep for us may be read-only
            os.utime(folder)
        return folder, manifest, 0.0
    begun = time.perf_counter()
    try:
        programs_dir().mkdir(parents=True, exist_ok=True)
        with compiling(lambda: _usually(kind, guess)), _lock(key):
            manifest = _manifest(folder)  # another process may have been faster
            if not manifest:
                shutil.rmtree(folder, ignore_errors=True)
                scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=programs_dir()))
                try:
                    started = time.perf_counter()
                    build(scratch)
                    took = time.perf_counter() - started
                    manifest = _keep(scratch, key, kind=kind, seconds=took)
                    if other:
                        _keep_other(folder, other)
                finally:
                    shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        raise StorageError(
            f"cannot keep the compiled program in {programs_dir()}: {error}; free some space, or "
            f"set BIOPLASTIC_CACHE to a folder that can be written"
        ) from error
    _sweep()
    return folder, manifest, time.perf_counter() - begun


def _usually(kind: str, guess: float) -> str:
    """Say how long a build takes: the median of the programs that were last in use."""
    manifests = (_manifest(folder) for _, folder in _folders())
    built = (m["seconds"] for m in manifests if m.get("kind") == kind and "seconds" in m)
    seconds = list(itertools.islice(built, 9))
    return f"{max(round(statistics.median(seconds)), 1)} s" if seconds else f"about {guess:g} s"


def _keep(scratch: Path, key: str, name: str = MANIFEST, **noted: Any) -> dict[str, Any]:
    """Move what was built to its place, with the manifest of this name, and return that."""
    manifest: dict[str, Any] = json.loads((scratch / name).read_text()) | noted
    manifest["program_bytes"] = (scratch / "main").stat().st_size
    (scratch / name).unlink()
    (scratch / MANIFEST).write_text(json.dumps(manifest))
    scratch.rename(programs_dir() / key)
    return manifest


def _keep_other(folder: Path, key: str) -> None:
    """Let the second network of a program be found, too: the same files once more, by links."""
    with contextlib.suppress(filelock.Timeout), _lock(key, timeout=0):  # else somebody builds it
        if _manifest(programs_dir() / key):
            return
        shutil.rmtree(programs_dir() / key, ignore_errors=True)
        scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=programs_dir()))
        try:
            shutil.copytree(
                folder, scratch, copy_function=_link, dirs_exist_ok=True,
                ignore=shutil.ignore_patterns(MANIFEST),
            )  # fmt: skip
            _keep(scratch, key, MANIFESTS[1])
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # which not every disk knows
        shutil.copy2(source, target)


def _lock(key: str, timeout: float = -1) -> filelock.BaseFileLock:
    """Lock of one program. Its file stays for ever: others may wait on the one that is removed."""
    return filelock.FileLock(programs_dir() / f"{key}.lock", timeout=timeout)


def _manifest(folder: Path) -> dict[str, Any]:
    """Return what was noted of a program; nothing where it is not whole."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        whole = (folder / "main").stat().st_size == manifest["program_bytes"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return dict(manifest) if whole else {}


def _folders(*, scratch: bool = False) -> list[tuple[float, Path]]:
    """Programs, or what is being built, and when they were last in use, the latest first."""
    found = []
    with contextlib.suppress(OSError):
        for path in programs_dir().iterdir():
            with contextlib.suppress(OSError):  # others sweep, too
                if path.is_dir() and path.name.startswith(_SCRATCH) == scratch:
                    found.append((path.stat().st_mtime, path))
    return sorted(found, reverse=True)


def _sweep() -> None:
    """Remove what is old, and what interrupted builds of a day ago left."""
    now = time.time()
    for touched, path in _folders(scratch=True):
        if now - touched > 86400:
            shutil.rmtree(path, ignore_errors=True)
    for touched, path in _folders()[MAX_PROGRAMS:]:
        if now - touched > IN_USE:
            _remove(path)


def _remove(folder: Path) -> None:
    """Remove a program, unless somebody is building it."""
    with contextlib.suppress(OSError), _lock(folder.name, timeout=0):
        shutil.rmtree(folder, ignore_errors=True)


def usage() -> tuple[int, int]:
    """Return the number of programs in the cache and their size in bytes."""
    n_bytes, folders = 0, _folders()
    for _, folder in folders:
        for place, _, names in os.walk(folder):  # passes over what vanishes
            for name in names:
                with contextlib.suppress(OSError):
                    file = os.stat(os.path.join(place, name))
                    n_bytes += file.st_size // file.st_nlink  # of two networks, half to each
    return len(folders), n_bytes


def clear() -> None:
    """Remove every compiled program; the next use of a network builds it anew.

    Builds that are under way go on, and so do runs: they build what they miss.
    """
    for _, path in _folders():
        _remove(path)
