"""Projections of a declaration as synapses of Brian."""

import functools
from collections.abc import Mapping
from typing import Any

import brian2 as b2
import numpy as np
import numpy.typing as npt
from brian2.core.namespace import DEFAULT_UNITS
from brian2.utils.stringtools import word_substitute

from bioplastic.engine import lanes
from bioplastic.engine.actions import Action
from bioplastic.engine.brian_internals import promise_synapses
from bioplastic.engine.built import Built, RegularWiring
from bioplastic.models import Projection
from bioplastic.models.declaration import parameter_equations
from bioplastic.models.hooks import INTEGRATION, ON_POST, ON_PRE, THRESHOLD
from bioplastic.models.strings import statements_of, words_of

__all__ = [
    "add_projection", "add_synapses", "added_variable", "drop_what_others_look_at", "run_regularly",
]  # fmt: skip


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
    network = built.plan.network
    n_pre, n_post = (network.population(name).n for name in (projection.pre, projection.post))
    number = f"(N/{built.lanes})"  # of a list, whose length a program reads
    if not projection.listed:
        number = str(RegularWiring("", str(projection.wiring), n_pre, n_post).n_synapses)
    return lanes.of_synapses(code, built.lanes, n_pre, n_post, number)


def add_synapses(
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
    """Add synapses of regular wiring, without delay, and return them."""
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
    built.wirings[name] = RegularWiring(name, wiring, n_pre, n_post)
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


def added_variable(projection: Projection) -> str | None:
    """Return the variable of the target to which a spike adds a number, if that is all it does.

    What a spike adds can then be computed when it is fired and summed until it arrives.
    """
    statements = statements_of(projection.on_pre)
    if len(statements) != 1 or projection.rule is not None or projection.synapse is not None:
        return None
    name, how, expression = statements[0]
    others = words_of(expression) - {"w"} - set(DEFAULT_UNITS)
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
    promise_synapses(added)  # a standalone program makes them when it runs
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


def add_projection(
    built: Built,
    projection: Projection,
    groups: Mapping[str, Any],
    listed: Mapping[str, npt.NDArray[np.float64]] | None,
) -> None:
    """Add the synapses of a projection, and let them act as the plan says."""
    source, target = groups[projection.pre], groups[projection.post]
    plan, name = built.plan, projection.name
    by_phase = {action.phase: action for action in plan.of(name)}
    if projection.pools:
        _add_pool(built, projection, source, target, plan.turns[name])
        return
    own = functools.partial(_of_synapses, built, projection)
    weight = {"w": projection.weight} if projection.one_weight else {}
    model = parameter_equations(plan.parameters[name] | weight) + ("" if weight else "\nw : 1")
    superposed = ("rule",) if name in built.superposed else ()
    pre, post = (by_phase.get(phase) for phase in (ON_PRE, ON_POST))
    codes: dict[str, Any] = {
        "model": own(f"{model}\n{plan.texts[name]}"),
        "on_pre": "" if pre is None else own(pre.code(*superposed)),
        "on_post": "" if post is None else own(post.code()),
    }
    if projection.listed:
        # Delays belong to a pathway, which must be there even if a spike does nothing.
        codes = {
            "model": codes["model"] or None,
            "on_pre": codes["on_pre"] or "nothing = 0",
            "on_post": codes["on_post"] or None,
        }
        synapses = _listed_synapses(built, projection, source, target, listed, **codes)
        variable = added_variable(projection)
        # What arrives is summed in float64.
        if variable is not None and target.variables[variable].dtype == np.float64:
            built.added_to[name] = target, variable
    else:
        synapses = add_synapses(built, name, source, target, str(projection.wiring), **codes)
    if hasattr(synapses, "pre"):
        synapses.pre.order = plan.turns[name]
    if post is not None:
        synapses.post.order = post.order
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
    built.net.add(pool)
    collect = add_synapses(
        built,
        f"{name}_collect",
        source,
        pool,
        "all_to_all",
        model=constant,
        on_pre="total_post += w",
    )
    hand_on = add_synapses(
        built,
        f"{name}_hand_on",
        pool,
        target,
        "all_to_all",
        model="",
        on_pre=word_substitute(projection.on_pre, {"w": "total_pre"}),
    )
    take_back = add_synapses(
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
