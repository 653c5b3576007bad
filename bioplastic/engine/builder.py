"""From a declaration to Brian objects, the same ones on every engine.

Two clocks drive a program: `step_clock` ticks every `dt`, `slot_clock` once a slot. What hangs on
the slot clock runs at a slot's edges: forgetting, normalisation, the choice of the next sample.
Within a slot time counts from 0, so a slot's arithmetic does not depend on what came before it.
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import brian2 as b2
import numpy as np
import numpy.typing as npt
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.variables import Subexpression
from brian2.groups.group import CodeRunner
from brian2.utils.stringtools import get_identifiers, word_substitute

from bioplastic.engine import integrators
from bioplastic.engine.lanes import of_lane, own_variables
from bioplastic.engine.schedule import (
    END_OF_BATCH,
    END_OF_NEURONS,
    END_OF_RULES,
    END_OF_STEP_NEURONS,
    END_OF_STEP_RULES,
    END_OF_SYNAPSES,
    LINKED,
    SLOT_LOG,
    Tables,
    has_batches,
    make_timer,
    tables_of,
)
from bioplastic.engine.structure import (
    assigned,
    calendar_of,
    is_pooled,
    learning_of,
    listed_variables,
    neuron_strings,
    parameter_values,
    population_parameters,
    shared_variables,
    synapse_parameters,
    synapse_variables,
    traces_of,
)
from bioplastic.engine.superposition import Superposition, superposition_of
from bioplastic.errors import ParameterError
from bioplastic.models import (
    Network,
    Population,
    Projection,
    SpikeInput,
)
from bioplastic.models.declaration import is_distribution, parameter_equations

__all__ = ["Built", "build"]


@dataclass(kw_only=True, slots=True)
class Built:
    """Brian objects of one network, and the names by which an engine reaches into them."""

    net: Any
    step_clock: Any
    slot_clock: Any
    tables: Tables
    #: Brian group that fires the spikes of the samples, if there is one
    spike_input: Any = None
    #: Brian groups whose spikes are recorded
    watched: list[Any] = field(default_factory=list)
    #: "population.variable" -> (Brian group, name of the variable), what a run reads and writes
    variables: dict[str, tuple[Any, str]] = field(default_factory=dict)
    #: samples that are shown side by side, and whether each lane has synapses of its own
    lanes: int = 1
    repeat: bool = True
    #: name of a Synapses object -> (wiring, number of pre, number of post in a lane) where wiring
    #: is regular
    wirings: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    #: name of a Synapses object -> variables that each lane has for itself
    own: dict[str, frozenset[str]] = field(default_factory=dict)
    #: names of objects that act on what lanes share, once for all
    once: set[str] = field(default_factory=set)
    #: "projection.variable" of what such an object changes, though each lane has it for itself
    spread: set[str] = field(default_factory=set)
    #: parameters, which a run reads and does not write
    parameters: set[str] = field(default_factory=set)
    #: Synapses objects whose synapses are a list in the state
    listed: list[Any] = field(default_factory=list)
    #: name of an object that acts at every so many steps only -> how many
    intervals: dict[str, int] = field(default_factory=dict)
    #: names of objects that act at the end of a batch only
    at_batch_end: set[str] = field(default_factory=set)
    #: (Brian group, variable) of populations that fire when the time in it has come
    calendars: list[tuple[Any, str]] = field(default_factory=list)
    #: name of a projection -> how its synapses superpose
    superposed: dict[str, Superposition] = field(default_factory=dict)
    #: name of a listed object -> (Brian group, variable) to which all it does is to add
    added_to: dict[str, tuple[Any, str]] = field(default_factory=dict)


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
    groups = {}
    for population in network.populations:
        groups[population.name] = _add_population(built, network, population, timer)
    order = 0
    for projection in network.projections:
        found = superposition_of(projection) if superpose else None
        if found is not None and not _computed(groups[projection.pre], found.amount):
            built.superposed[projection.name] = found
        order = _add_projection(built, network, projection, groups, order, synapses)
    _add_ends_of_steps(built, network, groups)
    _drop_what_others_look_at(built, network)
    for name in network.watched:
        count = {"model": "", "on_pre": "n_spikes_post += 1"}
        _synapses(built, f"watch_{name}", groups[name], timer, "all_to_all", **count)
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
    own = functools.partial(of_lane, lanes=lanes, i=n)
    group = b2.NeuronGroup(
        lanes * n,
        own(equations),
        threshold=own(neuron.threshold) or ("False" if isinstance(neuron, SpikeInput) else None),
        reset=own("\n".join(s for s in reset if s)) or None,
        method=integrators.resolve(neuron.method),
        clock=built.step_clock,
        name=population.name,
        namespace={
            "uniform": built.tables.uniform,
            "stimulus": built.tables.stimulus,
            "target": built.tables.targets,
            "target_signal": built.tables.target_signals,
        },
    )
    lane_of = {"index": np.repeat(np.arange(lanes), n)} if lanes > 1 else {}
    for name in linked:
        setattr(group, name, b2.linked_var(timer, name, **lane_of))
    if isinstance(neuron, SpikeInput):
        # The engine writes its spikes where a thresholder would.
        group.contained_objects.remove(group.thresholder.pop("spike"))
        built.spike_input = group
    on_pre = [added.on_spike for added in traces if added.side == "pre" and added.on_spike]
    if on_pre:
        OnSpike(group, own("\n".join(on_pre)))
    slot_start = [neuron.at_slot_start, *(added.at_slot_start for added in traces)]
    code = "\n".join(s for s in slot_start if s)
    if code:
        group.run_regularly(own(code), clock=built.slot_clock, order=0)
    if neuron.before_spikes:
        step = {"clock": built.step_clock, "when": "before_thresholds"}
        group.run_regularly(own(neuron.before_spikes), **step)
    if neuron.at_slot_end:
        end = {"clock": built.slot_clock, "when": "end", "order": END_OF_NEURONS}
        group.run_regularly(own(neuron.at_slot_end), **end)
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
            code = of_lane(after, built.lanes, i=population.n)
            groups[population.name].run_regularly(code, order=order, **step)
        graded = [p for p in network.projections if p.graded and p.pre == population.name]
        for n, projection in enumerate(graded):
            code = _of_synapses(built, network, projection, projection.graded)
            synapses[projection.name].run_regularly(code, order=order + 1 + n, **step)


def _of_synapses(built: Built, network: Network, projection: Projection, code: str) -> str:
    """Let statements of synapses count neurons within their lane."""
    i, j = (network.population(name).n for name in (projection.pre, projection.post))
    return of_lane(code, built.lanes, i=i, j=j)


def _synapses(
    built: Built,
    name: str,
    source: Any,
    target: Any,
    wiring: str,
    *,
    model: str,
    on_pre: str,
    on_post: str = "",
) -> Any:
    synapses = b2.Synapses(
        source,
        target,
        model,
        on_pre=on_pre or None,
        on_post=on_post or None,
        delay={side: 0 * b2.second for side, code in (("pre", on_pre), ("post", on_post)) if code},
        name=name,
        method="euler",
        namespace={},
        clock=built.step_clock,
    )
    n_pre, n_post = len(source) // built.lanes, len(target) // built.lanes
    built.wirings[name] = (wiring, n_pre, n_post)
    if built.lanes == 1:
        synapses.connect(**_CONNECTED[wiring])
    elif built.repeat:
        i, j = _pairs(wiring, n_pre, n_post)
        lane = np.repeat(np.arange(built.lanes), len(i))
        i, j = np.tile(i, built.lanes) + lane * n_pre, np.tile(j, built.lanes) + lane * n_post
        synapses.connect(i=i, j=j)
    else:  # those of the first lane
        last = {"one_to_one": "i + 1", "all_to_all": n_post, "all_but_one": n_post}[wiring]
        first = "i" if wiring == "one_to_one" else "0"
        but = " if k != i" if wiring == "all_but_one" else ""
        synapses.connect(j=f"k for k in range({first}, int(i < {n_pre})*({last})){but}")
    built.net.add(synapses)
    return synapses


#: How Brian makes synapses of regular wiring.
_CONNECTED = {
    "all_to_all": {},
    "one_to_one": {"j": "i"},
    "all_but_one": {"condition": "i != j"},
}


def _pairs(
    wiring: str, n_pre: int, n_post: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return pre- and postsynaptic neurons of a regular wiring, row by row."""
    if wiring == "one_to_one":
        return np.arange(n_pre), np.arange(n_post)
    i, j = (index.ravel() for index in np.indices((n_pre, n_post)))
    return (i[i != j], j[i != j]) if wiring == "all_but_one" else (i, j)


def _added_variable(projection: Projection) -> str | None:
    """Return the variable of the target to which a spike adds a number, if that is all it does.

    What a spike adds can then be computed when it is fired and summed until it arrives.
    """
    statement = re.fullmatch(r"\s*(\w+)_post\s*[+-]=([^\n;]+?)", projection.on_pre.rstrip())
    if statement is None or projection.rule is not None or projection.synapse is not None:
        return None
    others = get_identifiers(statement[2]) - {"w"} - set(DEFAULT_UNITS)
    return None if others else statement[1]


def _drop_what_others_look_at(built: Built, network: Network) -> None:
    """Let a list act in its place among the projections where that matters.

    Additions commute, but a projection that reads the variable, or sets it, must find it as its
    own place in the step says.
    """
    for projection in network.projections:
        learning, state = learning_of(projection), projection.synapse
        codes = [projection.on_pre]
        if re.match(r"\s*\w+_post\s*[+-]=[^\n;]*$", projection.on_pre.rstrip()):
            codes = [projection.on_pre.partition("=")[2]]
        codes += [state.on_pre, state.after_pre] if state is not None else []
        codes += [learning.on_pre, learning.on_post]
        if projection.rule is not None:
            codes.append(projection.rule.on_pre_trace)
        words = get_identifiers("\n".join(codes))
        for name, (_, variable) in list(built.added_to.items()):
            if words & {variable, f"{variable}_post", f"{variable}_pre"}:
                del built.added_to[name]


def _listed_synapses(
    built: Built,
    projection: Projection,
    source: Any,
    target: Any,
    synapses: Mapping[str, npt.NDArray[np.float64]] | None,
    **codes: Any,
) -> Any:
    name, post = projection.name, {"post": 0 * b2.second} if codes["on_post"] else None
    added = b2.Synapses(
        source,
        target,
        delay=post,
        name=name,
        method="euler",
        namespace={},
        clock=built.step_clock,  # whose `t` is what event-driven equations go by
        **codes,
    )
    added._connect_called = True  # a standalone program makes them when it runs
    if synapses is not None and len(synapses[f"{name}.i"]):
        lane = np.repeat(np.arange(built.lanes), len(synapses[f"{name}.i"]))
        i, j = (
            np.tile(synapses[f"{name}.{k}"], built.lanes) + lane * (len(group) // built.lanes)
            for k, group in (("i", source), ("j", target))
        )
        added.connect(i=i.astype(np.int32), j=j.astype(np.int32))
        added.pre.delay = np.tile(synapses[f"{name}.delay"], built.lanes) * b2.second
    built.listed.append(added)
    built.net.add(added)
    return added


def _add_projection(
    built: Built,
    network: Network,
    projection: Projection,
    groups: dict[str, Any],
    order: int,
    listed: Mapping[str, npt.NDArray[np.float64]] | None,
) -> int:
    """Add the synapses, to act in the step after `order` of them; return the next free order."""
    source, target = groups[projection.pre], groups[projection.post]
    learning, state = learning_of(projection), projection.synapse
    if is_pooled(projection):
        return _add_pool(built, projection, source, target, order)
    parameters = synapse_parameters(projection)
    if projection.one_weight:
        parameters["w"] = projection.weight
    model = parameter_equations(parameters)
    if not projection.one_weight:
        model += "\nw : 1"
    on_pre = [projection.on_pre]
    if state is not None:
        model += f"\n{state.equations}"
        on_pre = [state.on_pre, projection.on_pre, state.after_pre]
    model += f"\n{learning.equations}"
    if projection.name not in built.superposed:
        on_pre.append(learning.on_pre)
    own = functools.partial(_of_synapses, built, network, projection)
    codes: dict[str, Any] = {
        "model": own(model),
        "on_pre": own("\n".join(s for s in on_pre if s)),
        "on_post": own(learning.on_post),
    }
    built.own[projection.name] = own_variables(projection)
    if projection.listed:
        # Delays belong to a pathway, which must be there even if a spike does nothing.
        codes = {
            "model": codes["model"] or None,
            "on_pre": codes["on_pre"] or "nothing = 0",
            "on_post": codes["on_post"] or None,
        }
        synapses = _listed_synapses(built, projection, source, target, listed, **codes)
        variable = _added_variable(projection)
        # What arrives is summed in float64.
        if variable is not None and target.variables[variable].dtype == np.float64:
            built.added_to[projection.name] = target, variable
    else:
        synapses = _synapses(
            built, projection.name, source, target, str(projection.wiring), **codes
        )
    if any(on_pre) or projection.listed:
        synapses.pre.order = order
    if learning.on_post:
        synapses.post.order = 1000 + order
    edge = {"clock": built.slot_clock}
    start = [state.at_slot_start if state is not None else "", learning.at_slot_start]
    if any(start):
        name = f"{projection.name}_at_slot_start"
        synapses.run_regularly(own("\n".join(s for s in start if s)), order=0, name=name, **edge)
    if state is not None and state.at_slot_end:
        end = END_OF_SYNAPSES + order
        synapses.run_regularly(own(state.at_slot_end), when="end", order=end, **edge)
    if learning.at_slot_end:
        name, end = f"{projection.name}_at_slot_end", END_OF_RULES + order
        synapses.run_regularly(own(learning.at_slot_end), when="end", order=end, name=name, **edge)
    if learning.at_batch_end:
        end = END_OF_BATCH + order
        update = synapses.run_regularly(own(learning.at_batch_end), when="end", order=end, **edge)
        built.at_batch_end.add(update.name)
        built.once.add(update.name)
        changed = built.own[projection.name] & assigned(learning.at_batch_end)
        built.spread |= {f"{projection.name}.{variable}" for variable in changed}
    step = {"clock": built.step_clock}
    if learning.before_spikes:
        name = f"{projection.name}_before_spikes"
        when = {"when": "before_synapses", "order": order, "name": name}
        synapses.run_regularly(own(learning.before_spikes), **when, **step)
    if learning.every_step:
        end = END_OF_STEP_RULES + order
        update = synapses.run_regularly(own(learning.every_step), when="end", order=end, **step)
        built.intervals[update.name] = _interval(network, projection)
    if projection.norm is not None:
        total = f"sum_{projection.name}"
        target.run_regularly(f"{total} = 0", order=1, **edge)
        add = synapses.run_regularly(f"{total}_post += w", order=2, **edge)
        # Weights that are all 0 stay so, in place of 0/0.
        target.run_regularly(f"{total} += int({total} == 0)", order=3, **edge)
        scale = synapses.run_regularly(f"w = w*norm/{total}_post", order=4, **edge)
        if "w" not in built.own[projection.name]:
            built.once |= {add.name, scale.name}
    return order + 1


def _interval(network: Network, projection: Projection) -> int:
    """Count the steps from one update of a rule to the next."""
    rule, dt = projection.rule, network.schedule.dt
    assert rule is not None
    if rule.update_interval is None:
        return 1
    steps = float(rule.update_interval / dt)
    if round(steps) < 1 or abs(steps - round(steps)) > 1e-6:
        raise ParameterError(
            f"{type(rule).__name__}.update_interval: must be a whole multiple of the schedule's "
            f"dt={dt}, got {rule.update_interval} ({projection.name})"
        )
    return round(steps)


def _add_pool(built: Built, projection: Projection, source: Any, target: Any, order: int) -> int:
    """All but one at the cost of O(n): everybody gets the sum, then takes its own part back."""
    name, constant = projection.name, parameter_equations({"w": projection.weight})
    pool = b2.NeuronGroup(
        built.lanes,
        "total : 1",
        threshold="total != 0",
        reset="total = 0",
        clock=built.step_clock,
        name=f"{name}_pool",
        method="euler",
        namespace={},
    )
    built.net.add(pool)
    collect = _synapses(
        built,
        f"{name}_collect",
        source,
        pool,
        "all_to_all",
        model=constant,
        on_pre="total_post += w",
    )
    hand_on = _synapses(
        built,
        f"{name}_hand_on",
        pool,
        target,
        "all_to_all",
        model="",
        on_pre=word_substitute(projection.on_pre, {"w": "total_pre"}),
    )
    take_back = _synapses(
        built,
        f"{name}_take_back",
        source,
        target,
        "one_to_one",
        model=constant,
        on_pre=word_substitute(projection.on_pre, {"w": "(-w)"}),
    )
    collect.pre.order = order
    pool.thresholder["spike"].when = "synapses"
    pool.thresholder["spike"].order = order + 1
    hand_on.pre.order = order + 2
    take_back.pre.order = order + 3
    return order + 4


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
