"""Objects of a network of Brian, by their kinds; what has no counterpart is refused."""

from collections.abc import Iterable
from typing import Any

import brian2
from brian2.core.clocks import BaseClock
from brian2.devices.device import RuntimeDevice

from bioplastic.errors import ParameterError
from bioplastic.models.brian_monitors import MONITORS
from bioplastic.models.brian_names import base_group, refuse

__all__ = ["sorted_out", "time_step"]

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
    kinds = (_GROUPS, (brian2.Synapses,), (brian2.PoissonInput,), MONITORS)
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
        told = ", ".join(f"{name} {step * 1000:g} ms" for name, step in steps.items())
        raise ParameterError(
            f"from_brian2: all groups must have one time step, got {told}; give all the smallest, "
            f"and let run_regularly(dt=...) do what comes less often"
        )
    return next(iter(steps.values()))
