"""Poisson spikes that every device of Brian gets alike."""

import numpy as np
from brian2 import SpikeGeneratorGroup, defaultclock, second


def frozen_poisson(rng, rates, duration, name):
    """Draw spikes, at most one of each unit in a step.

    `rates`, in Hz, is of shape (n_units,), or (n_frames, n_units) with frames of one length.
    """
    rates = np.atleast_2d(rates)
    n_frames, n_units = rates.shape
    dt = float(defaultclock.dt)
    n_steps = round(float(duration) / dt / n_frames)
    drawn = np.repeat(np.arange(rates.size), rng.poisson(rates.ravel() * dt * n_steps))
    frames, units = np.divmod(drawn, n_units)
    steps = frames * n_steps + rng.integers(0, n_steps, len(drawn))
    steps, units = np.divmod(np.unique(steps * n_units + units), n_units)
    return SpikeGeneratorGroup(n_units, units, steps * dt * second, name=name)
