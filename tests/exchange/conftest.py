"""Spike trains that have been everywhere."""

import numpy as np
import pytest

from bioplastic import SpikeTrains


@pytest.fixture
def spikes():
    """Return samples of unequal lengths, one of them silent; units 3 and 6 never fire."""
    rng = np.random.default_rng(0)
    samples = []
    for length, n in zip((0.3, 0.25, 0.4, 0.0123456), (12, 0, 20, 5), strict=True):
        steps = np.sort(rng.choice(int(length * 1e4), n, replace=False))
        samples.append((steps * 1e-4, rng.choice([0, 1, 2, 4, 5], n)))
    return SpikeTrains.from_events(samples, n_units=7, duration=[0.3, 0.25, 0.4, 0.0123456])
