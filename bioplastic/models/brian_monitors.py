"""What monitors of Brian watched, as what a run is to record."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import EventMonitor, PopulationRateMonitor, StateMonitor

from bioplastic.models.brian_names import base_group, refuse
from bioplastic.models.timing import every

__all__ = ["MONITORS", "record_of"]

MONITORS = (EventMonitor, StateMonitor, PopulationRateMonitor)


def record_of(
    monitors: list[Any], dt: float, places: Mapping[str, npt.NDArray[np.int64]]
) -> dict[str, Any]:
    """Say what monitors watched; `places` says where synapses of each projection stand.

    Returns
    -------
    record : dict
        ``"spikes"`` with names of populations, and ``"group.variable"`` with elements, or with
        :class:`every` where a monitor has a dt of its own.
    """
    spikes: list[str] = []
    record: dict[str, Any] = {}
    for monitor in monitors:
        source, start = base_group(monitor.source), int(getattr(monitor.source, "start", 0) or 0)
        if not isinstance(monitor, StateMonitor):
            _check_spikes(monitor)
            spikes.append(source.name)
            continue
        watched = np.asarray(monitor.record, dtype=int) + start
        elements = (places[source.name][watched] if source.name in places else watched).tolist()
        interval = monitor.clock.dt
        for name in monitor.record_variables:
            key = f"{source.name}.{name}"
            if key in record:
                raise refuse(monitor, f"{key} is watched twice", "leave one of the monitors out")
            record[key] = elements if float(interval) == dt else every(interval, elements)
    return ({"spikes": list(dict.fromkeys(spikes))} if spikes else {}) | record


def _check_spikes(monitor: Any) -> None:
    remedy = "leave it out of the objects, and record the variables themselves"
    if getattr(monitor, "event", "spike") != "spike":
        remedy = "leave it out of the objects, and record a variable that run_on_event sets"
        raise refuse(monitor, f"it watches the event {monitor.event!r}", remedy)
    if more := {*getattr(monitor, "record_variables", ())} - {"i", "t"}:
        raise refuse(monitor, f"it notes {', '.join(sorted(more))} at spikes", remedy)
