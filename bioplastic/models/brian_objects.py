"""Objects of a network of Brian, by their kinds, and what its monitors watched."""

from collections.abc import Iterable, Mapping
from typing import Any

import brian2
import numpy as np
import numpy.typing as npt
from brian2.core.clocks import BaseClock
from brian2.devices.device import RuntimeDevice

from bioplastic.errors import ParameterError
from bioplastic.models.brian_names import base_group, refuse
from bioplastic.models.timing import every

_MONITORS = (brian2.EventMonitor, brian2.StateMonitor, brian2.PopulationRateMonitor)
_GROUPS = (brian2.NeuronGroup, brian2.PoissonGroup, brian2.SpikeGeneratorGroup)


def sorted_out(objects: Any) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
    """Part neurons, synapses, Poisson inputs and monitors; refuse what is none of them."""
    if not isinstance(brian2.get_device(), RuntimeDevice):
        raise ParameterError(
            "from_brian2: values of Brian's objects must be there, and a standalone device keeps "
            "them in its program; call set_device('runtime') before the objects are made"
        )
    if isinstance(objects, brian2.Network):
        found = list(objects.objects)
    elif isinstance(objects, Iterable) and not isinstance(objects, (str, brian2.Group)):
        found = list(brian2.Network(*objects).objects)
    else:
        raise ParameterError(
            f"from_brian2.objects: must be a brian2.Network or several objects, for example "
            f"collect(), got {objects!r}"
        )
    found.sort(key=lambda each: each.name)  # they come as a set
    parts: tuple[list[Any], ...] = ([], [], [], [])
    kinds = (_GROUPS, (brian2.Synapses,), (brian2.PoissonInput,), _MONITORS)
    for each in found:
        if isinstance(each, brian2.Subgroup | BaseClock):
            continue
        if not each.active:
            continue
        _refuse_others(each)
        place = next((k for k, kind in enumerate(kinds) if isinstance(each, kind)), None)
        if place is None:
            remedy = "leave it out, or write it as equations and statements"
            raise refuse(each, "it has no counterpart", remedy)
        parts[place].append(each)
    if not parts[0]:
        raise ParameterError("from_brian2.objects: must hold a group of neurons, got none")
    names = {g.name for g in parts[0]}
    for link in parts[1]:
        for end in (link.source, link.target):
            if not isinstance(end, brian2.Group):
                problem = "its source or target was set to a value"
                raise refuse(link, problem, "give the variable of that name another one")
            if isinstance(end, brian2.Synapses):
                raise refuse(link, "it connects synapses", "connect neurons with neurons")
            if base_group(end).name not in names:
                raise refuse(link, f"{base_group(end).name!r} is not among the objects", "add it")
    return parts  # type: ignore[return-value]


def _refuse_others(each: Any) -> None:
    if isinstance(each, brian2.NetworkOperation):
        remedy = (
            "write what it does as run_regularly, or look at the network between chunks by "
            "engine.run(on_chunk=...)"
        )
        raise refuse(each, "it runs Python in every step", remedy)
    if isinstance(each, brian2.SpatialNeuron):
        raise refuse(each, "it has compartments", "give each compartment an equation of its own")


def time_step(groups: list[Any]) -> float:
    """Return the time step of all groups, in seconds.

    Raises
    ------
    ParameterError
        If they have several.
    """
    steps = {group.name: float(group.clock.dt) for group in groups}
    if len({*steps.values()}) > 1:
        found = ", ".join(f"{name} {step * 1000:g} ms" for name, step in steps.items())
        raise ParameterError(
            f"from_brian2: all groups must have one time step, got {found}; give all the smallest, "
            f"and let run_regularly(dt=...) do what comes less often"
        )
    return next(iter(steps.values()))


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
        if not isinstance(monitor, brian2.StateMonitor):
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
