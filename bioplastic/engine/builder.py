"""From a declaration to Brian objects, the same ones on every engine.

Two clocks drive a program: `step_clock` ticks every `dt`, `slot_clock` once a slot. What hangs on
the slot clock runs at a slot's edges: forgetting, normalisation, the choice of the next sample.
Within a slot time counts from 0, so a slot's arithmetic does not depend on what came before it.
"""

import functools
from collections.abc import Mapping
from typing import Any

import brian2 as b2
import numpy as np
import numpy.typing as npt
from brian2.core.variables import Subexpression
from brian2.groups.group import CodeRunner
from brian2.utils.stringtools import get_identifiers

from bioplastic.engine import integrators
from bioplastic.engine.built import Built
from bioplastic.engine.connections import (
    add_projection,
    add_synapses,
    drop_what_others_look_at,
    of_synapses,
)
from bioplastic.engine.lanes import of_neurons
from bioplastic.engine.noise import Noise
from bioplastic.engine.refractory import count_steps, silence_of
from bioplastic.engine.schedule import (
    END_OF_NEURONS,
    END_OF_STEP_NEURONS,
    LINKED,
    SLOT_LOG,
    has_batches,
    make_timer,
    tables_of,
)
from bioplastic.engine.structure import (
    calendar_of,
    is_pooled,
    listed_variables,
    neuron_strings,
    parameter_values,
    population_parameters,
    shared_variables,
    synapse_variables,
    traces_of,
)
from bioplastic.engine.superposition import superposition_of
from bioplastic.models import Network, Population
from bioplastic.models.declaration import is_distribution, parameter_equations

__all__ = ["build"]


class OnSpike(CodeRunner):
    """Statements for the neurons that spike, between the pathways of pre and post spikes.

    A presynaptic trace changes there: after a presynaptic spike was read, before a postsynaptic
    one of the same step reads the trace. (A reset of Brian's comes after both.)
    """

    def __init__(self, group: Any, code: str) -> None:
        super().__init__(
            group,
            "reset",
            code=code,
            clock=group.clock,
            when="synapses",
            order=500,
            name=f"{group.name}_on_spike",
            template_kwds={"eventspace_variable": group.variables["_spikespace"]},
            needed_variables=["_spikespace"],
        )
        group.contained_objects.append(self)


def build(
    network: Network,
    *,
    n_rows: int,
    n_signal_rows: int = 1,
    superpose: bool = False,
    synapses: Mapping[str, npt.NDArray[np.float64]] | None = None,
    lanes: int = 1,
    repeat: bool = True,
) -> Built:
    """Make the Brian objects of a network on the active device.

    Parameters
    ----------
    network : Network
        The declaration.
    n_rows : int
        Rows of the sample table that a runtime engine fills in one go.
    n_signal_rows : int
        Steps of all samples of the table, where these are signals.
    superpose : bool
        Whether the device computes synapses by :class:`Superposition` where they allow it.
    synapses : mapping of str to ndarray, optional
        ``"projection.i"``, ``".j"`` and ``".delay"`` of listed synapses; a standalone program
        reads them when it runs.
    lanes : int
        Samples that are shown side by side.
    repeat : bool
        Whether every lane has synapses of its own, or the device lets all use those of the first.
    """
    step_clock = b2.Clock(dt=network.schedule.dt, name="step_clock")
    # Slots follow each other by the engine's own loop; this clock only tells who acts at an edge.
    slot_clock = b2.Clock(dt=1 * b2.second, name="slot_clock")
    tables = tables_of(network, n_rows=n_rows, n_signal_rows=n_signal_rows)
    timer = make_timer(network, tables, step_clock, slot_clock, lanes)
    built = Built(
        net=b2.Network(timer),
        step_clock=step_clock,
        slot_clock=slot_clock,
        tables=tables,
        lanes=lanes,
        repeat=repeat,
    )
    built.noise = Noise(tables.uniform.key, lanes, built.wirings)
    b2.get_device().noise = built.noise
    groups = {}
    for population in network.populations:
        groups[population.name] = _add_population(built, network, population, timer)
    order = 0
    for projection in network.projections:
        found = superposition_of(projection) if superpose else None
        if found is not None and not _computed(groups[projection.pre], found.amount):
            built.superposed[projection.name] = found
        order = add_projection(built, network, projection, groups, order, synapses)
    _add_ends_of_steps(built, network, groups)
    drop_what_others_look_at(built, network)
    for name in network.watched:
        count = {"model": "", "on_pre": "n_spikes_post += 1"}
        add_synapses(built, f"watch_{name}", groups[name], timer, "all_to_all", **count)
        built.watched.append(groups[name])
    _name_variables(built, network)
    return built


def _add_population(built: Built, network: Network, population: Population, timer: Any) -> Any:
    neuron = population.neuron
    traces = traces_of(network, population)
    parameters = population_parameters(network, population)
    linked = [name for name in LINKED if name in get_identifiers(neuron_strings(neuron))]
    equations = "\n".join(
        [str(neuron.equations), *(added.equations for added in traces)]
        + [parameter_equations(parameters)]
        + [f"{name} : {LINKED[name]} (linked)" for name in linked]
        + [
            f"sum_{p.name} : 1"
            for p in network.projections
            if p.norm is not None and p.post == population.name
        ]
    )
    # Resets come after all synapses, which is when a postsynaptic trace may change.
    reset = [neuron.reset, *(added.on_spike for added in traces if added.side == "post")]
    lanes, n = built.lanes, population.n
    own = functools.partial(of_neurons, lanes=lanes, n=n)
    silence = silence_of(network, population)
    threshold = silence.threshold(own(neuron.threshold))
    group = b2.NeuronGroup(
        lanes * n,
        silence.equations(own(equations)),
        refractory=own(silence.refractory) or False,
        threshold=threshold or ("False" if neuron.takes == "spikes" else None),
        reset=silence.reset(own("\n".join(s for s in reset if s))) or None,
        method=integrators.resolve(neuron.method),
        clock=built.step_clock,
        name=population.name,
        namespace=built.tables.functions_of(population.name),
    )
    if silence.refractory:
        count_steps(group)
    lane_of = {"index": np.repeat(np.arange(lanes), n)} if lanes > 1 else {}
    for name in linked:
        setattr(group, name, b2.linked_var(timer, name, **lane_of))
    if neuron.takes == "spikes":
        # The engine writes its spikes where a thresholder would.
        group.contained_objects.remove(group.thresholder.pop("spike"))
        built.spike_inputs[population.name] = group
    on_pre = [added.on_spike for added in traces if added.side == "pre" and added.on_spike]
    if on_pre:
        OnSpike(group, own("\n".join(on_pre)))
    slot_start = [
        silence.at_slot_start,
        neuron.at_slot_start,
        *(added.at_slot_start for added in traces),
    ]
    if silence.refractory:  # for itself: the next statements write to neurons that are awake
        awake = {"code": slot_start.pop(0), "order": -1, "name": f"{population.name}_awake"}
        group.run_regularly(**awake, clock=built.slot_clock)
    code = "\n".join(s for s in slot_start if s)
    if code:
        name = f"{population.name}_at_slot_start"
        group.run_regularly(own(code), clock=built.slot_clock, order=0, name=name)
    if neuron.before_spikes:
        step = {"clock": built.step_clock, "when": "before_thresholds"}
        name = f"{population.name}_before_spikes"
        group.run_regularly(silence.before_spikes(own(neuron.before_spikes)), name=name, **step)
    if neuron.at_slot_end:
        end = {"clock": built.slot_clock, "when": "end", "order": END_OF_NEURONS}
        name = f"{population.name}_at_slot_end"
        group.run_regularly(own(neuron.at_slot_end), name=name, **end)
    time = calendar_of(network, population)
    if time is not None:
        built.calendars.append((group, time))
    built.net.add(group)
    return group


def _computed(group: Any, name: str) -> bool:
    """Whether a name stands for an expression, which has no place in memory."""
    return isinstance(group.variables.get(name), Subexpression)


def _add_ends_of_steps(built: Built, network: Network, groups: dict[str, Any]) -> None:
    """Let populations act one after the other when spikes have acted, and hand on what they are."""
    projections = {p.name: p for p in network.projections}
    synapses = {o.name: o for o in built.net.objects if o.name in projections}
    for k, population in enumerate(network.populations):
        order = END_OF_STEP_NEURONS * (k + 1)
        step = {"clock": built.step_clock, "when": "end"}
        after = population.neuron.after_spikes
        if after:
            code = of_neurons(after, built.lanes, population.n)
            name = f"{population.name}_after_spikes"
            groups[population.name].run_regularly(code, order=order, name=name, **step)
        graded = [p for p in network.projections if p.graded and p.pre == population.name]
        for n, projection in enumerate(graded):
            code = of_synapses(built, network, projection, projection.graded)
            name = f"{projection.name}_graded"
            synapses[projection.name].run_regularly(code, order=order + 1 + n, name=name, **step)


def _name_variables(built: Built, network: Network) -> None:
    """List what a run can set and what it hands back."""
    objects = {o.name: o for o in built.net.objects}
    parameters = parameter_values(network)
    built.parameters.update(parameters)
    listed = listed_variables(network)
    for name in parameters:
        owner, variable = name.split(".")
        built.variables[name] = (objects[owner], variable)
    for population in network.populations:
        built.parameters.update(
            f"{population.name}.{n}"
            for n, v in population.neuron.parameters.items()
            if is_distribution(v)
        )
        group = objects[population.name]
        equations = group.equations
        for variable in equations.diff_eq_names | equations.parameter_names:
            if "linked" not in equations[variable].flags:
                built.variables.setdefault(f"{population.name}.{variable}", (group, variable))
    for variable in (*SLOT_LOG, *(["in_batch"] if has_batches(network) else [])):
        built.variables[f"schedule.{variable}"] = (objects["schedule"], variable)
    for projection in network.projections:
        if is_pooled(projection):
            continue
        synapses = objects[projection.name]
        for variable in shared_variables(projection):
            built.variables[f"{projection.name}.{variable}"] = (synapses, variable)
        if projection.name in listed:
            continue
        changed, _ = synapse_variables(projection)
        for variable in [*changed, *([] if projection.one_weight else ["w"])]:
            built.variables[f"{projection.name}.{variable}"] = (synapses, variable)
