"""Borrow Brian's global state and give it back as it was, also after an error or Ctrl-C."""

import contextlib
import importlib
import logging
import os
import threading
from collections.abc import Iterator
from typing import Any

import brian2 as b2
from brian2.devices.device import runtime_device

__all__ = ["brian_context"]

# `brian2.devices.device` is a proxy object that hides the module of the same name.
device_module: Any = importlib.import_module("brian2.devices.device")

# Brian's device is one for the whole process: threads take turns.
_BRIAN = threading.RLock()
# Notes on methods and unused variables are noise for someone who declared neither.
_QUIET = logging.getLogger("brian2")


@contextlib.contextmanager
def brian_context(device: Any, preferences: dict[str, Any]) -> Iterator[None]:
    """Make `device` Brian's device and set `preferences`, for the time of a ``with`` block.

    Threads that want Brian wait for each other. Restored afterwards: device, stack of devices,
    clock, preferences, random state of NumPy and of Brian's runtime device, working directory,
    environment, log level.
    """
    with _BRIAN:
        active = device_module.active_device
        stack = list(device_module.previous_devices)
        clock_dt = None if active.defaultclock is None else float(active.defaultclock.dt)
        options = active.build_on_run, dict(active.build_options or {})
        saved = {name: b2.prefs[name] for name in preferences}
        # NumPy's global generator, and how far Cython code has used the numbers drawn from it
        random_state = runtime_device.get_random_state()
        directory, environment, level = os.getcwd(), dict(os.environ), _QUIET.level
        try:
            _QUIET.setLevel(logging.ERROR)
            for name, value in preferences.items():
                b2.prefs[name] = value
            device_module._do_set_device(device, False)
            yield
        finally:
            for name, value in saved.items():
                b2.prefs[name] = value
            device_module.active_device = active
            device_module.previous_devices[:] = stack
            active.build_on_run, active.build_options = options
            # Setting it would add a line to a standalone project of the user's own.
            if clock_dt is not None and float(active.defaultclock.dt) != clock_dt:
                active.defaultclock.dt = clock_dt * b2.second
            runtime_device.set_random_state(random_state)
            os.chdir(directory)
            if dict(os.environ) != environment:
                os.environ.clear()
                os.environ.update(environment)
            _QUIET.setLevel(level)
