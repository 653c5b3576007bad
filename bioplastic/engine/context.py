"""Borrow Brian's global state and give back what was borrowed, also after an error or Ctrl-C."""

import contextlib
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import brian2 as b2

from bioplastic.engine.brian_internals import (
    UNUSED_OBJECTS,
    active_device,
    put_back_device,
    set_device,
)

#: Brian's device is one for the whole process: threads take turns.
BRIAN = threading.RLock()
# Notes on methods and unused variables are noise for someone who declared neither.
_QUIET = logging.getLogger("brian2")
_OURS = str(Path(__file__).parent)


def _of_the_user(record: logging.LogRecord) -> bool:
    """Whether the object that Brian misses in a network was not made here.

    The message says where it was made. Ours are part of a build that has failed, which has an
    error of its own.
    """
    return _OURS not in record.getMessage()


logging.getLogger(UNUSED_OBJECTS).addFilter(_of_the_user)


@contextlib.contextmanager
def brian_context(device: Any, preferences: dict[str, Any]) -> Iterator[None]:
    """Make `device`, one of ours, Brian's device and set `preferences`, for a ``with`` block.

    Threads that want Brian wait for each other. Given back afterwards, unless somebody else has
    changed it meanwhile: Brian's device, the `preferences`, the log level. Nothing else is touched,
    since it may be in use by other threads.
    """
    with BRIAN:
        active, level = active_device(), _QUIET.level
        saved = {name: b2.prefs[name] for name in preferences}
        try:
            _QUIET.setLevel(logging.ERROR)
            for name, value in preferences.items():
                b2.prefs[name] = value
            set_device(device)
            yield
        finally:
            for name, value in saved.items():
                if b2.prefs[name] == preferences[name]:
                    b2.prefs[name] = value
            if active_device() is device:
                put_back_device(active)
            if _QUIET.level == logging.ERROR:
                _QUIET.setLevel(level)
