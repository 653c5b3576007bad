"""From a declaration to Brian objects, the same ones on every engine.

Two clocks drive a program: `step_clock` ticks every `dt`, `slot_clock` once a slot. What hangs on
the slot clock runs at a slot's edges: forgetting, normalization, the choice of the next sample.
Within a slot time counts from 0, so a slot's arithmetic does not depend on what came before it.
"""

import functools
import re
from dataclasses import replace
from typing import Any

import brian2 as b2
import numpy as np
from brian2.core.variables import Subexpression
from brian2.groups.group import CodeRunner

from bioplastic.engine import integrators
from bioplastic.engine.brian_internals import SPIKES
from bioplastic.engine.built import Built
from bioplastic.engine.connections import (
    add_projection,
    add_synapses,
    drop_what_others_look_at,
    run_on_events,
    run_regularly,
)
from bioplastic.engine.lanes import of_neurons
from bioplastic.engine.noise import IN_LANE, Noise
from bioplastic.engine.plan import Plan, plan_of
from bioplastic.engine.record import spiking
from bioplastic.engine.refractory import AWAKE, count_steps, silence_of
from bioplastic.engine.schedule import SLOT_LOG, make_timer, tables_of
from bioplastic.engine.superposition import superposition_of
from bioplastic.models import Network, Population
from bioplastic.models.hooks import AT_SLOT_START, BEFORE_THRESHOLD, ON_SPIKE, RESET
from bioplastic.models.strings import LINKED
from bioplastic.models.values import is_distribution, parameter_equations


class OnSpike(CodeRunner):
    """Statements for the neurons that spike, between the pathways of pre and post spikes.

    A presynaptic trace changes there: after a presynaptic spike was read, before a postsynaptic
    one of the same step reads the trace. (A reset of Brian's comes after both.)
    """

    def __init__(self, group: Any, name: str, code: str) -> None:
        super().__init__(
            group,
            "reset",
            code=code,
            clock=group.clock,
            when=ON_SPIKE.when,
            order=ON_SPIKE.order,
            name=name,
            template_kwds={"eventspace_variable": group.variables[SPIKES]},
            needed_variables=[SPIKES],
        )
        group.contained_objects.append(self)


def build(network: Network, *, superpose: bool = False, lanes: int = 1) -> Built:
    """Make the Brian objects of a network on the active device.

    Sizes are data: there are no synapses yet, and their code does not depend on how many of
    anything there are.

    Parameters
    ----------
    network : Network
        The declaration.
    superpose : bool
        Whether the device computes synapses by :class:`Superposition` where they allow it.
    lanes : int
        Samples that are shown side by side.
    """
    plan = plan_of(network)
    network = plan.network
    step_clock = b2.Clock(dt=network.schedule.dt, name="step_clock")
    # Slots follow each other by the engine's own loop; this clock only says who acts at an edge.
    slot_clock = b2.Clock(dt=1 * b2.second, name="slot_clock")
    tables = tables_of(network)
    timer = make_timer(network, tables, step_clock, slot_clock, lanes)
    built = Built(
        plan=plan,
        net=b2.Network(timer),
        step_clock=step_clock,
        slot_clock=slot_clock,
        tables=tables,
        lanes=lanes,
        numbers={"schedule": "1"},
    )
    built.noise = Noise(tables.uniform.key, lanes)
    b2.get_device().noise = built.noise
    groups = {p.name: _add_population(built, p, timer) for p in network.populations}
    for projection in network.projections:
        if superpose and (found := superposition_of(projection)) is not None:
            amount = groups[projection.pre].variables.get(found.amount)
            if not isinstance(amount, Subexpression):  # which has no place in memory
                built.superposed[projection.name] = found
        add_projection(built, projection, groups)
    drop_what_others_look_at(built)
    for name in network.watched:
        count = "n_spikes_post += 1"
        add_synapses(built, f"watch_{name}", groups[name], timer, "all_to_all", on_pre=count)
    built.spiking = {name: groups[name] for name in spiking(network)}
    _name_variables(built)
    return built


def _add_population(built: Built, population: Population, timer: Any) -> Any:
    plan, name, neuron, lanes = built.plan, population.name, population.neuron, built.lanes
    own = functools.partial(of_neurons, lanes=lanes)
    events = [replace(e, condition=own(e.condition), code=own(e.code)) for e in neuron.events]
    words = plan.words(name)
    linked = [word for word in LINKED if word in words]
    equations = "\n".join(
        [plan.texts[name], parameter_equations(plan.parameters[name])]
        + [f"{word} : {LINKED[word]} (linked)" for word in linked]
        + [f"{total} : 1" for total in plan.sums(name)]
    )
    # Resets come after all synapses, which is when a postsynaptic trace may change.
    reset = "\n".join(action.code() for action in plan.of(name, RESET))
    silence = silence_of(plan, population)
    takes_spikes = neuron.takes == "spikes"
    group = b2.NeuronGroup(
        lanes * population.n,
        silence.equations(own(equations)),
        refractory=own(silence.refractory) or False,
        threshold=silence.threshold(own(neuron.threshold)) or ("False" if takes_spikes else None),
        reset=silence.reset(own(reset)) or None,
        method=integrators.resolve(neuron.method, AWAKE, silence.held),
        clock=built.step_clock,
        name=name,
        namespace=built.tables.functions_of(name),
        events={event.name: event.condition for event in events},
    )
    run_on_events(group, events)
    built.numbers[name] = f"_n_of_{name}"
    group.variables.add_constant(IN_LANE, population.n)
    lane_of = np.repeat(np.arange(lanes), population.n)
    for word in linked:
        if lanes > 1:
            setattr(group, word, b2.linked_var(timer, word, index=lane_of))
        else:  # for one neuron and for many alike
            group.variables.add_reference(word, timer, index="0")
    if takes_spikes:
        # The engine writes its spikes where a thresholder would.
        group.contained_objects.remove(group.thresholder.pop("spike"))
        built.spike_inputs[name] = group
    start = silence.at_slot_start
    if silence.refractory:  # for itself: the next statements write to neurons that are awake
        count_steps(group)
        group.run_regularly(start, clock=built.slot_clock, order=-1, name=f"{name}_awake")
        start = ""
    for action in plan.of(name):
        code = own(action.code())
        if action.phase == ON_SPIKE:
            OnSpike(group, action.name, code)
        elif action.phase == AT_SLOT_START:
            code, start = "\n".join(s for s in (start, code) if s), ""
        elif action.phase == BEFORE_THRESHOLD:
            code = silence.before_spikes(code)
        run_regularly(built, group, action, code)
    if start:
        group.run_regularly(start, clock=built.slot_clock, name=f"{name}_at_slot_start")
    time = _calendar_of(plan, population)
    if time is not None:
        built.calendars.append((group, time))
    built.net.add(group)
    return group


def _calendar_of(plan: Plan, population: Population) -> str | None:
    """Name the variable that holds the time at which a neuron fires next, if that is its threshold.

    Nothing but its reset, and the begin of a slot, may set it.
    """
    neuron, name = population.neuron, population.name
    threshold = re.fullmatch(r"\s*t\s*>\s*(\w+)\s*", neuron.threshold)
    if threshold is None or neuron.refractory_string:
        return None
    equations, time = plan.equations[name], threshold[1]
    free = time in equations.parameter_names and not equations[time].flags
    writers = plan.writers(f"{name}.{time}")
    alone = all(a.owner == name and a.phase in (RESET, AT_SLOT_START) for a in writers)
    return time if free and alone and any(a.phase == RESET for a in writers) else None


def _name_variables(built: Built) -> None:
    """List what a run can set and what it hands back."""
    plan, network = built.plan, built.plan.network
    objects = {o.name: o for o in built.net.objects}
    built.parameters.update(plan.values)
    names = list(plan.values)
    for population in network.populations:
        name, equations = population.name, objects[population.name].equations
        varying = (n for n, v in plan.parameters[name].items() if is_distribution(v))
        built.parameters.update(f"{name}.{n}" for n in varying)
        names += [
            f"{name}.{n}"
            for n in sorted(equations.diff_eq_names | equations.parameter_names)
            if "linked" not in equations[n].flags
        ]
    logged = (*SLOT_LOG, *(["in_batch"] if plan.has_batches else []))
    names += [f"schedule.{name}" for name in logged]
    for projection in network.projections:
        if projection.pools:
            continue
        name = projection.name
        names += [
            f"{name}.{n}"
            for n, flags in plan.variables(name).items()
            if "constant" not in flags and (name not in plan.lists or "shared" in flags)
        ]
        own_weight = projection.has_weight and not projection.one_weight
        names += [f"{name}.w"] if own_weight and name not in plan.lists else []
    for name in names:
        owner, variable = name.split(".")
        built.variables[name] = (objects[owner], variable)
