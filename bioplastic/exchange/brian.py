"""What Brian's monitors recorded, and its groups that fire given spikes."""

from typing import Any

import numpy as np

from bioplastic._spike_saving import SpikeSaving
from bioplastic.errors import DataError
from bioplastic.exchange.events import assemble, from_recording

__all__ = ["from_brian", "to_brian"]


def from_brian[S: SpikeSaving](cls: type[S], monitor: Any, *, windows: Any) -> S:
    """Make SpikeTrains of what a monitor recorded; see SpikeTrains.from_brian."""
    where = "SpikeTrains.from_brian"
    if not all(hasattr(monitor, name) for name in ("i", "t", "source", "clock")):
        raise DataError(
            f"{where}: must be a SpikeMonitor with record=True, got {type(monitor).__name__}"
        )
    units, times = np.array(monitor.i), np.array(monitor.t)
    n_units = len(monitor.source)
    if windows is not None:
        return from_recording(cls, times, units, windows, n_units=n_units, where=where)
    # The clock stands at the end of the simulation.
    return assemble(
        cls,
        where,
        [times],
        [units],
        n_units=n_units,
        duration=float(monitor.clock.t[:]),
        known=True,
    )


def to_brian(spikes: SpikeSaving, **options: Any) -> Any:
    """Make a group that fires one sample; see SpikeTrains.to_brian."""
    from brian2 import SpikeGeneratorGroup, defaultclock, second

    where = "SpikeTrains.to_brian"
    if len(spikes) != 1:
        raise DataError(
            f"{where}: takes one sample, got {len(spikes)}; choose one, as in spikes[0].to_brian()"
        )
    clock = options.get("clock") or defaultclock
    dt = float(options.get("dt") or clock.dt)
    steps = ((spikes.times + 1e-3 * dt) / dt).astype(np.int64)  # as Brian rounds
    order = np.lexsort((steps, spikes.units))
    same = np.flatnonzero((np.diff(steps[order]) == 0) & (np.diff(spikes.units[order]) == 0))
    if len(same):
        one, other = order[same[0]], order[same[0] + 1]
        raise DataError(
            f"{where}: Brian fires a unit at most once in a step, unit {spikes.units[one]} has "
            f"spikes at {spikes.times[one]} s and {spikes.times[other]} s, events {one} and "
            f"{other}, in one step of {dt * 1000:g} ms; give a smaller dt"
        )
    return SpikeGeneratorGroup(spikes.n_units, spikes.units, spikes.times * second, **options)
