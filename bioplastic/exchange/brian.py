"""What Brian's monitors recorded, and its groups that fire given spikes."""

from typing import TYPE_CHECKING, Any

import numpy as np

from bioplastic.errors import DataError
from bioplastic.exchange.events import assemble

if TYPE_CHECKING:
    from bioplastic.spikes import SpikeTrains


def from_brian(cls: type["SpikeTrains"], monitor: Any, *, windows: Any = None) -> "SpikeTrains":
    """Take what a SpikeMonitor of Brian has recorded.

    Parameters
    ----------
    monitor : brian2.SpikeMonitor
        Whose simulation has run; it may be of a group or of a part of one.
    windows : array_like or Quantity of shape (n_samples, 2), in seconds, optional
        Start and stop of each sample, as in :meth:`from_recording`. By default the whole
        simulation is one sample.

    Returns
    -------
    spikes : SpikeTrains
        Of as many units as the monitored group has neurons.

    Raises
    ------
    DataError
        If that is no monitor of spikes, or windows do not fit.

    Examples
    --------
    >>> from brian2 import Network, PoissonGroup, SpikeMonitor, Hz, ms
    >>> from bioplastic import SpikeTrains
    >>> group = PoissonGroup(5, 50 * Hz)
    >>> monitor = SpikeMonitor(group)
    >>> Network(group, monitor).run(100 * ms)
    >>> SpikeTrains.from_brian(monitor, windows=[(0, 40), (60, 100)] * ms).shape
    (2, 5)
    """
    where = "SpikeTrains.from_brian"
    if not all(hasattr(monitor, name) for name in ("i", "t", "source", "clock")):
        raise DataError(
            f"{where}: must be a SpikeMonitor with record=True, got {type(monitor).__name__}"
        )
    units, times = np.array(monitor.i), np.array(monitor.t)
    n_units = len(monitor.source)
    if windows is not None:
        return cls.from_recording(times, units, windows, n_units=n_units)
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


def to_brian(spikes: "SpikeTrains", **options: Any) -> Any:
    """Make a group of Brian that fires the spikes of one sample.

    Parameters
    ----------
    **options
        Of brian2.SpikeGeneratorGroup: `dt`, `clock`, `period`, `when`, `order`, `name`.

    Returns
    -------
    group : brian2.SpikeGeneratorGroup
        Of `n_units` neurons; it fires in the step in which a spike lies.

    Raises
    ------
    DataError
        If there are several samples, or a unit has two spikes within one step of Brian's clock,
        which fires a neuron at most once in a step.

    Notes
    -----
    Choose a sample by ``spikes[0].to_brian()``. Spikes that lie on steps, ``k * dt``, come back
    bit for bit by :meth:`from_brian`.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> spikes = SpikeTrains([0.1, 0.2, 0.1], [0, 1, 1], [0, 2, 3], n_units=2, duration=0.5)
    >>> spikes[0].to_brian(dt=1 * ms).N
    2
    """
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
