"""Spike trains that have been everywhere, words of two kinds, and a Python that has torch."""

import os
import subprocess
import sys

import numpy as np
import pytest

from bioplastic import SpikeTrains

N_WORDS, N_STEPS, N_UNITS = 6, 60, 8


@pytest.fixture
def spikes():
    """Return samples of unequal lengths, one of them silent; units 3 and 6 never fire."""
    rng = np.random.default_rng(0)
    samples = []
    for length, n in zip((0.3, 0.25, 0.4, 0.0123456), (12, 0, 20, 5), strict=True):
        steps = np.sort(rng.choice(int(length * 1e4), n, replace=False))
        samples.append((steps * 1e-4, rng.choice([0, 1, 2, 4, 5], n)))
    return SpikeTrains.from_events(samples, n_units=7, duration=[0.3, 0.25, 0.4, 0.0123456])


@pytest.fixture(scope="package")
def words():
    """Six words of 60 ms, whose channels rise or fall, one spike a channel and step."""
    rng, times, units, offsets = np.random.default_rng(0), [], [], [0]
    for k in range(N_WORDS):
        rates = 0.08 * (1 + (k % 2) * np.linspace(-0.9, 0.9, N_UNITS))
        steps, own = np.nonzero(rng.random((N_STEPS, N_UNITS)) < rates)
        times.append(steps * 1e-3)
        units.append(own)
        offsets.append(offsets[-1] + len(own))
    X = SpikeTrains(
        np.concatenate(times),
        np.concatenate(units),
        offsets,
        n_units=N_UNITS,
        duration=N_STEPS * 1e-3,
    )
    return X, np.arange(N_WORDS) % 2


@pytest.fixture(scope="session")
def torch_python():
    """Python with torch, snnTorch, Norse and nirtorch: BIOPLASTIC_TORCH_PYTHON, or this one."""
    python = os.environ.get("BIOPLASTIC_TORCH_PYTHON", sys.executable)
    needed = "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, sys.argv[1:])))"
    packages = ["torch", "snntorch", "norse", "nirtorch", "nir"]
    if subprocess.run([python, "-c", needed, *packages], check=False).returncode:
        pytest.skip(
            f"{python} has not all of {', '.join(packages)}; let BIOPLASTIC_TORCH_PYTHON name a "
            f"Python that has"
        )
    return python
