"""Projections of a declaration as synapses of Brian."""

import functools
import re
from collections.abc import Mapping
from typing import Any

import brian2 as b2
import numpy as np
import numpy.typing as npt
from brian2.core.namespace import DEFAULT_UNITS
from brian2.utils.stringtools import get_identifiers, word_substitute

from bioplastic.engine import lanes
from bioplastic.engine.brian_internals import promise_synapses
from bioplastic.engine.built import Built, RegularWiring
from bioplastic.engine.schedule import (
    END_OF_BATCH,
    END_OF_RULES,
    END_OF_STEP_RULES,
    END_OF_SYNAPSES,
)
from bioplastic.engine.structure import assigned, is_pooled, learning_of, synapse_parameters
from bioplastic.errors import ParameterError
from bioplastic.models import Network, Projection
from bioplastic.models.declaration import parameter_equations

__all__ = [
    "add_projection", "add_synapses", "added_variable", "drop_what_others_look_at", "of_synapses",
]  # fmt: skip


def of_synapses(built: Built, network: Network, projection: Projection, code: str) -> str:
    """Let statements of synapses count within their lane."""
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
    statement = re.fullmatch(r"\s*(\w+)_post\s*[+-]=([^\n;]+?)", projection.on_pre.rstrip())
    if statement is None or projection.rule is not None or projection.synapse is not None:
        return None
    others = get_identifiers(statement[2]) - {"w"} - set(DEFAULT_UNITS)
    return None if others else statement[1]


def drop_what_others_look_at(built: Built, network: Network) -> None:
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
    own = functools.partial(of_synapses, built, network, projection)
    codes: dict[str, Any] = {
        "model": own(model),
        "on_pre": own("\n".join(s for s in on_pre if s)),
        "on_post": own(learning.on_post),
    }
    built.own[projection.name] = lanes.own_variables(projection)
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
            built.added_to[projection.name] = target, variable
    else:
        synapses = add_synapses(
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
        name, end = f"{projection.name}_synapse_at_slot_end", END_OF_SYNAPSES + order
        synapses.run_regularly(own(state.at_slot_end), when="end", order=end, name=name, **edge)
    if learning.at_slot_end:
        name, end = f"{projection.name}_at_slot_end", END_OF_RULES + order
        synapses.run_regularly(own(learning.at_slot_end), when="end", order=end, name=name, **edge)
    if learning.at_batch_end:
        name, end = f"{projection.name}_at_batch_end", END_OF_BATCH + order
        synapses.run_regularly(own(learning.at_batch_end), when="end", order=end, name=name, **edge)
        built.at_batch_end.add(name)
        built.once.add(name)
        changed = built.own[projection.name] & assigned(learning.at_batch_end)
        built.spread |= {f"{projection.name}.{variable}" for variable in changed}
    step = {"clock": built.step_clock}
    if learning.before_spikes:
        name = f"{projection.name}_before_spikes"
        when = {"when": "before_synapses", "order": order, "name": name}
        synapses.run_regularly(own(learning.before_spikes), **when, **step)
    if learning.every_step:
        when = {"when": "end", "order": END_OF_STEP_RULES + order}
        name = f"{projection.name}_every_step"
        synapses.run_regularly(own(learning.every_step), name=name, **when, **step)
        built.intervals[name] = _interval(network, projection)
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
    return order + 4
