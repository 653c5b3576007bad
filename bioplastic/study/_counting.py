"""Spikes of all neurons and numbers that they hand on, counted by the neurons themselves.

A program records the spikes of watched populations only, and to watch more of them would change
which samples are repeated. So each neuron of a copy of the network counts for itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import Equations
from brian2.utils.stringtools import get_identifiers

from bioplastic import engine as engines
from bioplastic.engine.result import Result
from bioplastic.engine.stimuli import Stimuli
from bioplastic.engine.stimulus import Stimulus
from bioplastic.models import Network, NeuronModel, Population
from bioplastic.study._connections import multiplies

type State = Mapping[str, npt.NDArray[np.float64]]

EVENTS, NUMBERS, GRADED = "events_counted", "numbers_counted", "handed_on_by_"


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """What happened in all presentations, repeated ones included.

    Parameters
    ----------
    events : dict of str to ndarray of shape (n,)
        Spikes of each neuron by population; of an input of numbers, how often one was not 0.
    numbers : dict of str to ndarray of shape (n,)
        How many of these were neither 1 nor -1, for an input of numbers.
    graded : dict of str to ndarray of shape (n_pre,)
        Steps in which a neuron handed on a number other than 0, by projection.
    n_slots, n_steps : int
        Presentations, and steps of all of them.
    """

    events: dict[str, npt.NDArray[np.float64]]
    numbers: dict[str, npt.NDArray[np.float64]]
    graded: dict[str, npt.NDArray[np.float64]]
    n_slots: int
    n_steps: int


def count_presenting(
    network: Network,
    state: State,
    stimulus: Stimulus | Sequence[Stimulus],
    *,
    seed: int | np.random.SeedSequence,
    engine: str,
    n_jobs: int | None,
) -> Counts:
    """Show samples to a network that learns nothing."""
    counting, names = _with_counters(network, of_each_sample=True)
    result = engines.present(
        counting, stimulus, seed=seed, state=state, engine=engine,
        record=dict.fromkeys(names, "end"), n_jobs=n_jobs,
    )  # fmt: skip
    sums = {name: np.sum([s.values[0] for s in its], axis=0) for name, its in result.states.items()}
    return _counts(network, stimulus, result, sums)


def count_learning(
    network: Network,
    state: State,
    stimulus: Stimulus | Sequence[Stimulus],
    *,
    seed: int | np.random.SeedSequence,
    engine: str,
) -> Counts:
    """Show samples to a network that may learn, in their order.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C.
    """
    counting, names = _with_counters(network, of_each_sample=False)
    result = engines.run(
        counting, stimulus, seed=seed, state=state, engine=engine, record="nothing"
    )
    if result.interrupted:
        n_samples = len(Stimuli(network, stimulus))
        raise KeyboardInterrupt(f"stopped after {result.n_done} of {n_samples} samples")
    return _counts(network, stimulus, result, {name: result.state[name] for name in names})


def _counts(
    network: Network,
    stimulus: Stimulus | Sequence[Stimulus],
    result: Result,
    sums: Mapping[str, npt.NDArray[np.float64]],
) -> Counts:
    stimuli = Stimuli(network, stimulus)
    n_steps = stimuli.n_steps(0, len(stimuli))
    presented = np.cumsum(result.repeats == 0) - 1
    found: dict[str, dict[str, npt.NDArray[np.float64]]] = {EVENTS: {}, NUMBERS: {}, GRADED: {}}
    for name, values in sums.items():
        population, variable = name.split(".")
        if variable.startswith(GRADED):
            found[GRADED][variable.removeprefix(GRADED)] = values
        else:
            found[variable][population] = values
    return Counts(
        events=found[EVENTS],
        numbers=found[NUMBERS],
        graded=found[GRADED],
        n_slots=len(presented),
        n_steps=int(n_steps[presented].sum()),
    )


def _with_counters(network: Network, *, of_each_sample: bool) -> tuple[Network, list[str]]:
    """Let each neuron count; return the network and the names of what its neurons count."""
    populations, names = [], []
    for population in network.populations:
        at_spike, at_step = _counters(network, population)
        counted = {**at_spike, **at_step}
        if not counted:
            populations.append(population)
            continue
        # A repeated presentation is part of its sample.
        start = [f"{name} = {name}*int(repeats > 0)" for name in counted] if of_each_sample else []
        neuron = _extended(
            population.neuron,
            equations=[f"{name} : 1" for name in counted],
            reset=[f"{name} += {amount}" for name, amount in at_spike.items()],
            after_spikes=[f"{name} += {amount}" for name, amount in at_step.items()],
            at_slot_start=start,
        )
        populations.append(replace(population, neuron=neuron))
        names += [f"{population.name}.{name}" for name in counted]
    return replace(network, populations=tuple(populations)), names


def _counters(network: Network, population: Population) -> tuple[dict[str, str], dict[str, str]]:
    """Say what grows at a spike and in every step, and by how much."""
    neuron = population.neuron
    at_spike = {EVENTS: "1"} if neuron.spikes else {}
    if neuron.takes == "signals":
        at_spike[NUMBERS] = "int(abs(value) != 1)"
    at_step = {}
    own = set(Equations(str(neuron.equations)))
    for projection in network.projections:
        if projection.pre == population.name and multiplies(projection.graded):
            read = get_identifiers(projection.graded)
            factors = sorted(name for name in own if f"{name}_pre" in read)
            nonzero = " and ".join(f"{name} != 0" for name in factors) or "True"
            at_step[GRADED + projection.name] = f"int({nonzero})"
    return at_spike, at_step


def _extended(neuron: NeuronModel, **lines: list[str]) -> NeuronModel:
    """Add lines to the strings of a neuron."""
    changes: dict[str, Any] = {
        name: "\n".join(s for s in (str(getattr(neuron, name)), *added) if s.strip())
        for name, added in lines.items()
        if added
    }
    return replace(neuron, **changes)
