"""Say to who waits for a program that it is compiled, and for how long that usually takes."""

import contextlib
import contextvars
import sys
from collections.abc import Callable, Iterator

__all__ = ["compiling", "telling"]

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
