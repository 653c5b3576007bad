"""What the made tasks share: checks of their parameters, and spikes on a time grid."""

from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import Hz

from bioplastic._quantities import amount
from bioplastic.errors import ParameterError
from bioplastic.spikes import SpikeTrains


def steps_of(name: str, length: float, dt: float) -> int:
    """Return how many steps a time in seconds is long.

    Raises
    ------
    ParameterError
        If it is no whole number of them.
    """
    steps = round(length / dt)
    if abs(length / dt - steps) > 1e-6:
        raise ParameterError(
            f"{name}: must be a whole number of steps of dt = {dt * 1e3:g} ms, got "
            f"{length * 1e3:g} ms"
        )
    return steps


def spike_probability(name: str, rate: Any, dt: float) -> float:
    """Return the probability of a spike in a step: below 1.

    Raises
    ------
    ParameterError
        If the rate is none, or too high for the step.
    """
    probability = amount(name, rate, Hz, zero=True) * dt
    if probability >= 1:
        raise ParameterError(
            f"{name}: must be below one spike a step, {1 / dt:g} Hz, got {rate!r}; lower it or "
            f"take a smaller dt"
        )
    return probability


def bernoulli(
    random: np.random.RandomState, shape: tuple[int, ...], probability: float
) -> npt.NDArray[np.intp]:
    """Draw which cells of an array hold a spike, each with one probability.

    A cell holds one where a Poisson process of mean ``-log(1 - probability)`` has an event: work
    and memory go with the spikes, not with the cells.

    Returns
    -------
    index : ndarray of shape (n_spikes, len(shape))
        Sorted, without doubles.
    """
    n_cells = int(np.prod(shape))
    n_events = random.poisson(-np.log1p(-probability) * n_cells)
    cells = np.sort((random.random_sample(n_events) * n_cells).astype(np.int64))
    return np.column_stack(np.unravel_index(cells[np.diff(cells, prepend=-1) > 0], shape))


def on_grid(
    cells: npt.NDArray[np.integer[Any]],
    n_samples: int,
    *,
    n_units: int,
    n_steps: int,
    dt: float,
) -> SpikeTrains:
    """Make spike trains of rows (sample, step, unit); a spike stands at the begin of its step."""
    # One number for sample, step and unit, which sorts faster than three.
    order = np.sort(np.ravel_multi_index(tuple(cells.T), (n_samples, n_steps, n_units)))
    sample, step, unit = np.unravel_index(order, (n_samples, n_steps, n_units))
    return SpikeTrains(
        step * dt,
        unit,
        np.searchsorted(sample, np.arange(n_samples + 1)),
        n_units=n_units,
        duration=n_steps * dt,
    )
