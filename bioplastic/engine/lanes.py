"""Lanes: samples side by side, as replicas of one network in one program.

Neuron `k` of lane `l` is neuron ``l*n + k`` of a population of ``lanes*n``. Synapses stay within
their lane. What nothing changes while samples are shown is the same in all lanes, and C++ keeps it
once. Where samples teach, every lane of a round begins with the same values; when the round ends,
what its samples changed is added up, or averaged, and all lanes go on from there.
"""

import dataclasses
from typing import Literal

import numpy as np
import numpy.typing as npt
from brian2.equations.equations import DIFFERENTIAL_EQUATION, FLOAT
from brian2.utils.stringtools import word_substitute

from bioplastic.engine.noise import DRAWS, IN_LANE, LANES
from bioplastic.engine.plan import Plan, plan_of
from bioplastic.engine.program import Chunk, ChunkResult
from bioplastic.errors import ParameterError
from bioplastic.models import Network
from bioplastic.models.hooks import AT_BATCH_END, NORMALIZATION
from bioplastic.models.strings import words_of
from bioplastic.models.values import is_distribution

#: Lanes beyond which samples of different lengths wait for each other in vain.
MAX_LANES = 1024
_TIME = frozenset({"t", "t_in_timesteps"})
#: When what lanes share may change: no sample is shown.
_BETWEEN = (NORMALIZATION, AT_BATCH_END)
#: What becomes of the changes that the samples of a round made; None where samples teach nothing.
Combine = Literal["sum", "mean"] | None


def of_neurons(text: str, lanes: int) -> str:
    """Let strings of a population count within their lane."""
    return _substituted(text, lanes, {"i": f"(i % {IN_LANE})", "N": IN_LANE})


def of_synapses(text: str, lanes: int, *, listed: bool) -> str:
    """Let strings of synapses, of a list whose length a program reads, count within their lane."""
    own = {f"N_{side}": f"{IN_LANE}_{side}" for side in ("pre", "post")}
    own |= {name: f"({name} % {IN_LANE}_pre)" for name in ("i", "i_pre")}
    own |= {name: f"({name} % {IN_LANE}_post)" for name in ("j", "i_post")}
    return _substituted(text, lanes, {**own, "N": f"(N/{LANES})" if listed else IN_LANE})


def _substituted(text: str, lanes: int, names: dict[str, str]) -> str:
    return text if lanes == 1 else str(word_substitute(text, names))


def why_alone(network: Network) -> str:
    """Say what of a network samples side by side would have to share; nothing where they need not.

    A round ends with its longest sample, so that time at its end is not that of every lane, and
    what all neurons share is one number for all lanes.
    """
    plan = plan_of(network)
    populations = {population.name for population in network.populations}
    for owner, equations in plan.equations.items():
        whose = "neurons" if owner in populations else "synapses"
        for name, equation in equations.items():
            draws = equation.expr is not None and words_of(equation.expr.code) & DRAWS
            writers = {a.phase for a in plan.writers(f"{owner}.{name}")} - {AT_BATCH_END}
            if "shared" in equation.flags and (draws or writers):
                return f"where all {whose} of {owner} share {name}, which changes"
    for action in plan.actions:
        owner, phase, reads = action.owner, action.phase, plan.reads(action)
        if phase.ends_slot and reads & _TIME:
            ask = f"where {owner} asks for the time"
            if owner in populations:
                return f"{ask} {phase.name}; slot_duration has it"
            return f"{ask} when a sample ends"
        if phase == AT_BATCH_END and reads & DRAWS:
            return f"where {owner} draws a number at_batch_end"
    for name in learned_variables(network):
        owner, _, variable = name.partition(".")
        equations = plan.equations[owner]
        if variable in equations and equations[variable].var_type != FLOAT:
            return f"where {name} lasts, which is no real number and has no sum of changes"
    return ""


def own_variables(plan: Plan, projection: str) -> frozenset[str]:
    """Name the variables of a synapse that each lane has for itself.

    They change while a sample is shown. Others, such as weights that are learned when a batch
    ends, are the same in all lanes.
    """
    equations = plan.equations[projection]
    moving = {n for n, e in equations.items() if e.type == DIFFERENTIAL_EQUATION}
    changed = {n for n, flags in plan.variables(projection).items() if "constant" not in flags}
    return frozenset(
        n
        for n in {*changed, "w"}
        if n in moving or any(a.phase not in _BETWEEN for a in plan.writers(f"{projection}.{n}"))
    )


def learned_variables(network: Network) -> list[str]:
    """Name what lasts from sample to sample and changes: what lanes learn together."""
    plan, names = plan_of(network), []
    for population in network.populations:
        if population.neuron.takes == "rates":
            continue
        equations = plan.equations[population.name]
        named = {n: f"{population.name}.{n}" for n in plan.variables(population.name)}
        names += [
            name for n, name in named.items() if n in equations.diff_eq_names or plan.writers(name)
        ]
    for projection in network.projections:
        if not projection.pools:
            own = sorted(own_variables(plan, projection.name))
            names += [f"{projection.name}.{n}" for n in own]
    return [name for name in names if not plan.set_anew(name)]


def upper_bounds(network: Network) -> dict[str, str]:
    """Name, for each learned weight that has one, the parameter that bounds it; 0 is the other."""
    found = {}
    for projection in network.projections:
        bound = {} if projection.rule is None else projection.rule.parameters
        if "w_max" in bound and not is_distribution(bound["w_max"]):
            found[f"{projection.name}.w"] = f"{projection.name}.w_max"
    return found


def default_lanes(network: Network, n_busy: int | None) -> int:
    """Choose how many samples to show side by side where nothing is learned.

    One on a CPU, where lanes save nothing and `n_busy` is None; on a GPU as many as keep it busy.
    It does not depend on how many samples there are.
    """
    if n_busy is None or why_alone(network):
        return 1
    n_neurons = sum(population.n for population in network.populations)
    return min(max(n_busy // max(n_neurons, 1), 1), MAX_LANES)


def check_lanes(network: Network, lanes: int, combine: Combine) -> None:
    """Refuse what lanes cannot do.

    Raises
    ------
    ParameterError
        If there are no such lanes, if samples would have to share what changes, or be shown
        different numbers of times, or if nobody says what a network shall learn from them.
    """
    if not isinstance(lanes, int) or lanes < 1:
        raise ParameterError(f"lanes: must be a whole number >= 1, got {lanes!r}")
    if combine not in ("sum", "mean", None):
        raise ParameterError(f"combine: must be 'sum', 'mean' or None, got {combine!r}")
    if lanes == 1:
        return
    if reason := why_alone(network):
        raise ParameterError(f"lanes: must be 1 {reason}, got {lanes}")
    schedule = network.schedule
    rules = [p.rule for p in network.projections if p.rule is not None]
    if rules and combine is None:
        raise ParameterError(
            f"combine: must be 'sum' or 'mean' where {lanes} samples side by side teach a network, "
            f"got None"
        )
    if combine is not None and schedule.min_spikes > 0 and schedule.max_repeats > 0:
        raise ParameterError(
            f"lanes: must be 1 where samples that teach may be shown again, got {lanes}; those of "
            f"a round are shown equally often, give Schedule min_spikes=0"
        )
    if plan_of(network).has_batches and schedule.batch_size % lanes:
        raise ParameterError(
            f"lanes: must divide Schedule.batch_size={schedule.batch_size}, got {lanes}"
        )


def samples_together(
    network: Network, lanes: int, combine: Combine, n_threads: int
) -> tuple[int, Combine]:
    """Count the samples that threads learn together, 0 where these teach nothing.

    Returns
    -------
    n_together : int
        A batch, or those of a round in all lanes of all threads.
    combine : {"sum", "mean", None}
        What becomes of the changes that they made.

    Raises
    ------
    ParameterError
        If there are no such threads, or samples teach one after the other.
    """
    if not isinstance(n_threads, int) or n_threads < 1:
        raise ParameterError(f"n_threads: must be a whole number >= 1, got {n_threads!r}")
    learns = any(p.rule is not None or p.norm is not None for p in network.projections)
    if n_threads == 1 or not learns:
        return 0, combine
    if lanes > 1:
        check_lanes(network, lanes * n_threads, combine)
        return lanes * n_threads, combine
    schedule = network.schedule
    once = not schedule.min_spikes or not schedule.max_repeats
    if not plan_of(network).has_batches or not once or why_alone(network):
        raise ParameterError(
            f"n_threads: must be 1 where samples teach one after the other, got {n_threads}; "
            f"threads share out batches, and samples side by side (lanes)"
        )
    return schedule.batch_size, "sum"


def in_order(result: ChunkResult, chunk: Chunk) -> ChunkResult:
    """Bring slots that lanes or threads have shown side by side into the order of one lane.

    What was shown after the first sample that is not done, as after Ctrl-C, is left out.
    """
    rows, repeats = result.log[:, 0], result.log[:, 1]
    order = np.lexsort((repeats, rows))
    order = order[rows[order] < result.state["schedule.cursor"][0]]
    spikes, offsets = _of_slots(np.diff(result.offsets), order)
    log, probed = result.log[order], result.probed
    if chunk.probe is not None and probed is not None:
        plan = chunk.probe
        values = {
            name: found[_of_slots(plan.counts(name, rows, chunk.n_steps), order)[0]]
            for name, found in probed.values.items()
        }
        probed = plan.probed(log, values)
    return dataclasses.replace(
        result,
        times=result.times[spikes],
        units=result.units[spikes],
        offsets=offsets,
        log=log,
        probed=probed,
    )


def _of_slots(
    lengths: npt.NDArray[np.int64], order: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Find what belongs to slots in another order, given how much belongs to each."""
    first = (np.cumsum(lengths) - lengths)[order]
    offsets = np.concatenate([[0], np.cumsum(lengths[order])])
    places = np.repeat(first - offsets[:-1], lengths[order]) + np.arange(offsets[-1])
    return places, offsets
