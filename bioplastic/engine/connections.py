"""Projections of a declaration as synapses of Brian."""

import functools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import brian2 as b2
import numpy as np
from brian2.core.namespace import DEFAULT_UNITS
from brian2.utils.stringtools import word_substitute

from bioplastic.engine import lanes
from bioplastic.engine.actions import Action
from bioplastic.engine.brian_internals import promise_synapses, sum_for_any_number
from bioplastic.engine.built import Built, RegularWiring
from bioplastic.engine.integrators import resolve
from bioplastic.engine.noise import IN_LANE, LANES
from bioplastic.engine.plan import Plan
from bioplastic.models import Event, Projection
from bioplastic.models.hooks import INTEGRATION, NORMALIZATION, ON_POST, ON_PRE, THRESHOLD
from bioplastic.models.strings import statements_of, words_of
from bioplastic.models.values import parameter_equations


def run_regularly(built: Built, owner: Any, action: Action, code: str) -> None:
    """Let neurons or synapses act when their turn comes; what spikes set off is not done here."""
    phase = action.phase
    if not (phase.spike or phase in (INTEGRATION, THRESHOLD)):
        clock = built.step_clock if phase.clock == "step" else built.slot_clock
        owner.run_regularly(
            code, clock=clock, when=phase.when, order=action.order, name=action.name
        )


def _of_synapses(built: Built, projection: Projection, code: str) -> str:
    """Let statements of synapses count within their lane."""
    return lanes.of_synapses(code, built.lanes, listed=projection.listed)


def run_on_events(group: Any, events: Iterable[Event]) -> None:
    """Let neurons look for events, and act on them, at their moments."""
    for event in events:
        group.set_event_schedule(event.name, event.checked)
        if event.code:
            group.run_on_event(event.name, event.code, when=event.when)


@dataclass(frozen=True, slots=True)
class Way:
    """One of the ways by which spikes reach the synapses of a projection.

    Parameters
    ----------
    name : str
        ``"pre"`` and ``"post"`` of the projection's own, else that of a `Pathway`.
    action : Action
        What happens.
    event : str
        On what, where it is no spike.
    delay : str
        Name of its delays in the state; empty where spikes act in their own step.
    """

    name: str
    action: Action
    event: str
    delay: str

    @property
    def side(self) -> str:
        """Whose spikes: of pre or of post."""
        return self.action.phase.spike


def ways_of(plan: Plan, projection: Projection) -> list[Way]:
    """Return the ways by which spikes reach the synapses of a projection, in their order."""
    pathways = {f"{projection.name}_{pathway.name}": pathway for pathway in projection.pathways}
    found = []
    for action in plan.of(projection.name, ON_PRE, ON_POST):
        pathway, side = pathways.get(action.name), action.phase.spike
        if pathway is None:
            name, event, delay = side, "spike", {"pre": "delay", "post": "post_delay"}[side]
        else:
            name, event, delay = pathway.name, pathway.event, pathway.delay_name
        late = projection.listed and delay in projection.delays
        found.append(Way(name, action, event, delay if late else ""))
    return found


def equations_of_synapses(plan: Plan, projection: Projection) -> str:
    """Return all equations of a projection's synapses: of constants, weights and models."""
    name = projection.name
    weight = {"w": projection.weight} if projection.one_weight else {}
    parts = [parameter_equations(plan.parameters[name] | weight)]
    parts += ["w : 1"] if projection.has_weight and not weight else []
    return "\n".join([*parts, plan.texts[name]])


def add_synapses(
    built: Built,
    name: str,
    source: Any,
    target: Any,
    wiring: str,
    *,
    on_pre: Mapping[str, str] | str = "",
    on_post: Mapping[str, str] | str = "",
    late: Collection[str] = (),
    events: Mapping[str, str] | str = "spike",
    model: str | None = None,
    method: Any = "euler",
) -> Any:
    """Add synapses of regular wiring, or of a list where there is no wiring.

    `late` names pathways whose spikes are delayed, each synapse's by its own time.
    """
    pathways = {
        name: code
        for side, codes in (("pre", on_pre), ("post", on_post))
        for name, code in ({side: codes} if isinstance(codes, str) else codes).items()
        if code
    }
    synapses = b2.Synapses(
        source,
        target,
        model,
        on_pre=on_pre or None,
        on_post=on_post or None,
        delay={pathway: 0 * b2.second for pathway in pathways if pathway not in late},
        on_event=events,
        name=name,
        method=method,
        namespace=built.tables.own.get(name, {}),
        clock=built.step_clock,  # whose `t` is what event-driven equations go by
    )
    for side, group in (("pre", source), ("post", target)):
        if IN_LANE in group.variables:
            synapses.variables.add_reference(f"{IN_LANE}_{side}", group, IN_LANE, index="0")
    promise_synapses(synapses)
    sum_for_any_number(synapses)
    built.net.add(synapses)
    if wiring:
        names = (built.numbers[group.name] for group in (source, target))
        built.wirings[name] = RegularWiring(name, wiring, *names)
        synapses.variables.add_constant(IN_LANE, 0)
    return synapses


def added_variable(plan: Plan, projection: Projection) -> str | None:
    """Return the variable of the target to which a spike adds a number, if that is all it does.

    What a spike adds can then be computed when it is fired and summed until it arrives.
    """
    name = projection.name
    actions = [a for a in plan.of(name) if a.phase not in (INTEGRATION, NORMALIZATION)]
    statements = statements_of(actions[0].code()) if len(actions) == 1 else ()
    changing = {n for n, flags in plan.variables(name).items() if "constant" not in flags}
    if len(statements) != 1 or actions[0].phase != ON_PRE or projection.pathways or changing:
        return None
    own = {"w", *plan.parameters[name], *plan.equations[name].parameter_names}
    name, how, expression = statements[0]
    others = words_of(expression) - own - set(DEFAULT_UNITS)
    adds = how in ("+=", "-=") and name.endswith("_post") and not others
    return name.removesuffix("_post") if adds else None


def drop_what_others_look_at(built: Built) -> None:
    """Let a list act in its place among the projections where that matters.

    Additions commute, but a projection that reads the variable, or sets it, must find it as its
    own place in the step says.
    """
    changes = [c for a in built.plan.actions if a.phase.when == ON_PRE.when for c in a.changes]
    for name, (group, variable) in list(built.added_to.items()):
        summed = f"{group.name}.{variable}"
        if any(summed in c.reads or (c.variable == summed and not c.adds) for c in changes):
            del built.added_to[name]


def add_projection(built: Built, projection: Projection, groups: Mapping[str, Any]) -> None:
    """Add the synapses of a projection, and let them act as the plan says."""
    source, target = groups[projection.pre], groups[projection.post]
    plan, name = built.plan, projection.name
    if projection.pools:
        _add_pool(built, projection, source, target, plan.turns[name])
        return
    own = functools.partial(_of_synapses, built, projection)
    superposed = ("rule",) if name in built.superposed else ()
    ways = ways_of(plan, projection)
    codes: dict[str, dict[str, str]] = {"pre": {}, "post": {}}
    for way in ways:
        codes[way.side][way.name] = own(way.action.code(*superposed if way.side == "pre" else ()))
    late = {way.name: way.delay for way in ways if way.delay}
    events = {way.name: way.event for way in ways}
    if projection.listed and "pre" not in codes["pre"]:
        # Delays belong to a pathway, which must be there even if a spike does nothing.
        codes["pre"]["pre"], late["pre"], events["pre"] = "nothing = 0", "delay", "spike"
    synapses = add_synapses(
        built,
        name,
        source,
        target,
        "" if projection.listed else str(projection.wiring),
        on_pre=codes["pre"],
        on_post=codes["post"],
        late=late,
        events=events,
        model=own(equations_of_synapses(plan, projection)),
        method=resolve(plan.method(projection)),
    )
    if projection.synapse is not None:
        for summed in synapses.summed_updaters.values():
            summed.order = projection.synapse.summed_order
    built.delays[name] = late
    if projection.listed:
        synapses.variables.add_constant(LANES, built.lanes)
        built.listed.append(synapses)
        variable = added_variable(plan, projection)
        # What arrives is summed in float64.
        if variable is not None and target.variables[variable].dtype == np.float64:
            built.added_to[name] = target, variable
    for way in ways:
        getattr(synapses, way.name).order = way.action.order
    for action in plan.of(name):
        run_regularly(built, synapses, action, own(action.code()))


def _add_pool(built: Built, projection: Projection, source: Any, target: Any, order: int) -> None:
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
    built.numbers[pool.name] = "1"
    built.net.add(pool)
    # Taken back is what a neuron gave itself.
    whole, own = (word_substitute(projection.on_pre, {"w": w}) for w in ("total_pre", "(-w)"))
    collects = {"on_pre": "total_post += w", "model": constant}
    for place, part, pre, post, wiring, codes in (
        (0, "collect", source, pool, "all_to_all", collects),
        (2, "hand_on", pool, target, "all_to_all", {"on_pre": whole}),
        (3, "take_back", source, target, "one_to_one", {"on_pre": own, "model": constant}),
    ):
        synapses = add_synapses(built, f"{name}_{part}", pre, post, wiring, **codes)
        synapses.pre.order = order + place
    pool.thresholder["spike"].when = "synapses"
    pool.thresholder["spike"].order = order + 1
