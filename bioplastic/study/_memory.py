"""How much memory a task takes, the programs that it starts included."""

import contextlib
import threading
from collections.abc import Callable, Iterator

import psutil

__all__ = ["watch_memory"]

_SECONDS = 0.1


@contextlib.contextmanager
def watch_memory() -> Iterator[Callable[[], float]]:
    """Watch this process and its children; what is given tells the highest sum in MB so far."""
    own = psutil.Process()
    peak = _held(own)
    ended = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(_SECONDS):
            peak = max(peak, _held(own))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield lambda: peak / 1e6
    finally:
        ended.set()
        watcher.join()


def _held(process: psutil.Process) -> int:
    held = int(process.memory_info().rss)
    for child in process.children(recursive=True):
        # A child may end while we look.
        with contextlib.suppress(psutil.Error):
            held += int(child.memory_info().rss)
    return held
