"""Lanes: samples side by side, as replicas of one network in one program.

Neuron `k` of lane `l` is neuron ``l*n + k`` of a population of ``lanes*n``. Synapses stay within
their lane. What nothing changes while samples are shown is the same in all lanes, and C++ keeps it
once. Where samples teach, every lane of a round begins with the same values; when the round ends,
what its samples changed is added up, or averaged, and all lanes go on from there.
"""

import dataclasses
from typing import Literal

import numpy as np
from brian2 import Equations
from brian2.equations.equations import DIFFERENTIAL_EQUATION
from brian2.utils.stringtools import get_identifiers, word_substitute

from bioplastic.engine.noise import DRAWS
from bioplastic.engine.program import ChunkResult
from bioplastic.engine.structure import (
    assigned,
    is_pooled,
    learning_of,
    shared_variables,
    synapse_variables,
    traces_of,
    written_by_synapses,
)
from bioplastic.errors import ParameterError
from bioplastic.models import Network, Projection
from bioplastic.models.declaration import is_distribution

__all__ = [
    "Combine",
    "check_lanes",
    "default_lanes",
    "in_order",
    "learned_variables",
    "of_neurons",
    "of_synapses",
    "own_variables",
    "upper_bounds",
    "why_alone",
]

#: Neurons, of all lanes, that keep a GPU busy: about the threads that an H100 holds at once.
N_BUSY = 2**18
#: Lanes beyond which samples of different lengths wait for each other in vain.
MAX_LANES = 1024
_TIME = frozenset({"t", "t_in_timesteps"})
#: What becomes of the changes that the samples of a round made; None where samples teach nothing.
Combine = Literal["sum", "mean"] | None


def of_neurons(text: str, lanes: int, n: int) -> str:
    """Let strings of a population of `n` neurons a lane count within their lane."""
    return _substituted(text, lanes, {"i": f"(i % {n})", "N": str(n)})


def of_synapses(text: str, lanes: int, n_pre: int, n_post: int, number: str) -> str:
    """Let strings of synapses count within their lane; `number` stands for that of its synapses."""
    own = {f"N_{side}": str(n) for side, n in (("pre", n_pre), ("post", n_post))}
    own |= {name: f"({name} % {n_pre})" for name in ("i", "i_pre")}
    own |= {name: f"({name} % {n_post})" for name in ("j", "i_post")}
    return _substituted(text, lanes, {**own, "N": number})


def _substituted(text: str, lanes: int, names: dict[str, str]) -> str:
    return text if lanes == 1 else str(word_substitute(text, names))


def why_alone(network: Network) -> str:
    """Say what of a network samples side by side would have to share; nothing where they need not.

    A round ends with its longest sample, so that time at its end is not that of every lane, and
    what all neurons share is one number for all lanes.
    """
    for population in network.populations:
        neuron = population.neuron
        code = "\n".join([neuron.reset, neuron.before_spikes, neuron.after_spikes,
                          neuron.at_slot_start, neuron.at_slot_end])  # fmt: skip
        for name, equation in Equations(str(neuron.equations)).items():
            draws = equation.expr is not None and get_identifiers(equation.expr.code) & DRAWS
            if "shared" in equation.flags and (draws or name in assigned(code)):
                return f"where all neurons of {population.name} share {name}, which changes"
        if get_identifiers(neuron.at_slot_end) & _TIME:
            return f"where {population.name} asks for the time at_slot_end; slot_duration tells it"
    for projection in network.projections:
        learning, model = learning_of(projection), projection.synapse
        ends = [learning.at_slot_end, model.at_slot_end if model is not None else ""]
        if get_identifiers("\n".join([*ends, learning.at_batch_end])) & _TIME:
            return f"where {projection.name} asks for the time when a sample ends"
        if get_identifiers(learning.at_batch_end) & DRAWS:
            return f"where {projection.name} draws a number at_batch_end"
        codes = [projection.on_pre, projection.graded, learning.on_pre, learning.on_post, *ends,
                 learning.at_slot_start, learning.before_spikes, learning.every_step]  # fmt: skip
        if model is not None:
            codes += [model.on_pre, model.after_pre, model.at_slot_start]
        if changed := assigned("\n".join(codes)) & set(shared_variables(projection)):
            return f"where all synapses of {projection.name} share {min(changed)}, which changes"
        if get_identifiers("\n".join(codes)) & {"N_incoming", "N_outgoing"}:
            return f"where {projection.name} counts the synapses of a neuron"
    return ""


def own_variables(projection: Projection) -> frozenset[str]:
    """Name the variables of a synapse that each lane has for itself.

    They change while a sample is shown. Others, such as weights that are learned when a batch
    ends, are the same in all lanes.
    """
    changed, _ = synapse_variables(projection)
    learning, model = learning_of(projection), projection.synapse
    codes = [projection.on_pre, projection.graded, learning.on_pre, learning.on_post,
             learning.at_slot_start, learning.at_slot_end, learning.before_spikes,
             learning.every_step]  # fmt: skip
    equations = Equations(learning.equations)
    if model is not None:
        codes += [model.on_pre, model.after_pre, model.at_slot_start, model.at_slot_end]
        equations = equations + Equations(str(model.equations))
    written = assigned("\n".join(codes))
    moving = {n for n, e in equations.items() if e.type == DIFFERENTIAL_EQUATION}
    return frozenset((written | moving) & {*changed, "w"})


def learned_variables(network: Network) -> list[str]:
    """Name what lasts from sample to sample and changes: what lanes learn together."""
    names = []
    for population in network.populations:
        neuron, traces = population.neuron, traces_of(network, population)
        if neuron.takes == "rates":
            continue
        texts = [str(neuron.equations), *(t.equations for t in traces)]
        starts = "\n".join([neuron.at_slot_start, *(t.at_slot_start for t in traces)])
        codes = [neuron.reset, neuron.before_spikes, neuron.after_spikes, neuron.at_slot_end,
                 *(t.on_spike for t in traces)]  # fmt: skip
        codes.append("\n".join(f"{v} = 0" for v in written_by_synapses(network, population)))
        changed: set[str] = set()
        for text in texts:
            equations = Equations(text)
            written = assigned("\n".join(codes))
            changed |= equations.diff_eq_names | (equations.parameter_names & written)
        new = assigned(starts, anew=True)
        names += [f"{population.name}.{name}" for name in sorted(changed - new)]
    for projection in network.projections:
        if is_pooled(projection):
            continue
        model = projection.synapse
        begin = [learning_of(projection).at_slot_start, model.at_slot_start if model else ""]
        new = assigned("\n".join(begin), anew=True)
        names += [f"{projection.name}.{name}" for name in sorted(own_variables(projection) - new)]
    return names


def upper_bounds(network: Network) -> dict[str, str]:
    """Name, for each learned weight that has one, the parameter that bounds it; 0 is the other."""
    found = {}
    for projection in network.projections:
        bound = {} if projection.rule is None else projection.rule.parameters
        if "w_max" in bound and not is_distribution(bound["w_max"]):
            found[f"{projection.name}.w"] = f"{projection.name}.w_max"
    return found


def default_lanes(network: Network, engine: str) -> int:
    """Choose how many samples to show side by side where nothing is learned.

    One on a CPU, where lanes save nothing; on a GPU as many as keep it busy. It does not depend on
    how many samples there are: another number would be another program to compile.
    """
    if engine != "cuda_standalone" or why_alone(network):
        return 1
    n_neurons = sum(population.n for population in network.populations)
    return min(max(N_BUSY // max(n_neurons, 1), 1), MAX_LANES)


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
    if any(rule.at_batch_end for rule in rules) and schedule.batch_size % lanes:
        raise ParameterError(
            f"lanes: must divide Schedule.batch_size={schedule.batch_size}, got {lanes}"
        )


def in_order(result: ChunkResult) -> ChunkResult:
    """Bring slots that lanes have shown side by side into the order of one lane.

    What was shown after the first sample that is not done, as after Ctrl-C, is left out.
    """
    rows, repeats = result.log[:, 0], result.log[:, 1]
    order = np.lexsort((repeats, rows))
    order = order[rows[order] < result.state["schedule.cursor"][0]]
    lengths = np.diff(result.offsets)[order]
    first = np.repeat(result.offsets[:-1][order], lengths)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    spikes = first + np.arange(len(first)) - np.repeat(offsets[:-1], lengths)
    probed = result.probed
    if probed is not None:
        seen = np.lexsort((probed.steps, probed.repeats, probed.rows))
        probed = dataclasses.replace(
            probed,
            rows=probed.rows[seen],
            steps=probed.steps[seen],
            repeats=probed.repeats[seen],
            values={name: values[seen] for name, values in probed.values.items()},
        )
    return dataclasses.replace(
        result,
        times=result.times[spikes],
        units=result.units[spikes],
        offsets=offsets,
        log=result.log[order],
        probed=probed,
    )
