"""What it takes to show samples to a network of ours, counted while it is shown them."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from brian2 import Equations
from brian2.utils.stringtools import get_identifiers

from bioplastic.engine.plan import plan_of
from bioplastic.engine.stimuli import Stimuli
from bioplastic.engine.stimulus import Stimulus
from bioplastic.errors import DataError, ParameterError
from bioplastic.models import Network, Projection
from bioplastic.models.hooks import AT_BATCH_END, hooks_of
from bioplastic.study._connections import (
    Connections,
    connections_of,
    multiplies,
    numbers_of_neurons,
    numbers_of_synapses,
)
from bioplastic.study._counting import Counts, count_learning, count_presenting
from bioplastic.study.workload import Workload

type State = Mapping[str, npt.NDArray[np.float64]]

#: Bytes of a number.
_BYTES = 8


def network_workload(
    network: Network,
    state: State,
    stimulus: Stimulus | Sequence[Stimulus],
    *,
    seed: int | np.random.SeedSequence,
    engine: str = "auto",
    n_jobs: int | None = None,
) -> Workload:
    """Count what showing samples to a network takes that learns nothing.

    The samples are shown to a copy of the network whose neurons count what they do, with the same
    noise and the same answers.

    Parameters
    ----------
    network : Network
        A declaration without rules and norms, see `Network.frozen`.
    state : mapping of str to ndarray
        Its weights and all else that was learned or drawn, by ``"population.variable"``. What it
        does not hold follows from `seed`, as in :func:`bioplastic.engine.run`.
    stimulus : Stimulus or sequence of Stimulus
        The samples.
    seed : int or SeedSequence
        Of the noise.
    engine : str
        See :func:`bioplastic.engine.run`.
    n_jobs : int or None
        Processors; -1 takes all. The result does not depend on it.

    Returns
    -------
    workload : Workload
        Sums over samples.

    Raises
    ------
    ParameterError
        If the network learns.
    DataError
        If the samples do not fit its input, or there are none.

    Notes
    -----
    What is counted, with repeated presentations and the rest after each:

    - `effective_acs`: for each spike, the synapses of its neuron whose weight is not 0, of input
      channels too. Inhibition by a pool (``wiring="all_but_one"``) counts as the n - 1 synapses of
      each neuron for which it stands. Delays do not matter.
    - `effective_macs`: the same where what arrives is not the weight alone: a number of the
      presynaptic neuron, other than 0, 1 and -1 where it is an input of numbers, or one that the
      synapse keeps, as in short-term plasticity; and for every step of each synapse whose
      `graded` multiplies with the weight, if weight and number are not 0. What synapses hand on
      without a weight does not count: copies, sums, biases, and what they do when a slot ends.
    - `dense`: all pairs of neurons of such projections, in every step.
    - `membrane_updates`: steps of all neurons that have a differential equation. Input channels
      are no neurons.
    - `activations`, `activation_sites`: of populations whose spikes act on others or are watched,
      without the input.
    - weights that `state` does not hold count as other than 0.
    - `footprint`: 8 bytes for every variable of every neuron and synapse, and for every constant
      that differs between them; lists of synapses have two indices and a delay each. Constants of
      a whole population, and the input's own variables, are left out.
    - `n_weights`: pairs of neurons, as `dense` has them.

    NeuroBench (doi 10.1038/s41467-025-56739-4) calls a layer's operations in one step MACs if one
    of its inputs is not 0, 1 or -1; here each input counts for itself. Its MembraneUpdates leaves
    out steps that do not change a membrane; all count here. Its ActivationSparsity is a mean over
    batches; here every step of every sample has the same weight.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.engine import SpikeStimulus
    >>> from bioplastic.models import LIF, Network, Population, Projection, Schedule, SpikeInput
    >>> network = Network(
    ...     populations=(
    ...         Population(name="input", n=2, neuron=SpikeInput()),
    ...         Population(name="output", n=3, neuron=LIF()),
    ...     ),
    ...     projections=(Projection(pre="input", post="output", on_pre="i_syn_post += w*mV"),),
    ...     watch="output",
    ...     schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
    ... )
    >>> weights = {"input_to_output.w": np.array([1.0, 0.0, 1.0, 1.0, 1.0, 1.0])}
    >>> sample = SpikeTrains([0.001, 0.004], [0, 1], [0, 2], n_units=2, duration=0.01)
    >>> found = network_workload(
    ...     network, weights, SpikeStimulus(trains=sample), seed=0, engine="numpy"
    ... )
    >>> found.effective_acs, found.dense, found.membrane_updates
    (5.0, 60.0, 30.0)
    """
    n_samples = _count(network, stimulus)
    learns = [p.name for p in network.projections if p.rule is not None or p.norm is not None]
    if learns:
        raise ParameterError(
            f"network: must have no rules and norms, {', '.join(learns)} has; give its frozen() or "
            f"take learning_workload"
        )
    state = _drawn(network, state, seed)
    counts = count_presenting(network, state, stimulus, seed=seed, engine=engine, n_jobs=n_jobs)
    return _workload(network, state, counts, n_samples)


def learning_workload(
    network: Network,
    state: State,
    stimulus: Stimulus | Sequence[Stimulus],
    *,
    seed: int | np.random.SeedSequence,
    engine: str = "auto",
    n_jobs: int | None = None,
    learns: bool = False,
) -> Workload:
    """Count what one pass over samples takes while a network learns from them.

    Multiply by the number of passes for a whole training: ``workload * n_epochs``.

    Parameters
    ----------
    network : Network
        The declaration, with its rules.
    state : mapping of str to ndarray
        Weights and all else that was learned or drawn.
    stimulus, seed, engine, n_jobs
        See :func:`network_workload`.
    learns : bool
        Whether rules change the weights in this pass, in the order of the samples. If not, spikes
        are those of the network as it stands, and `state` must hold nothing of what synapses keep
        for learning; no targets are needed.

    Returns
    -------
    workload : Workload
        What :func:`network_workload` counts, and `weight_updates`. Weights that are 0 in `state`
        count as 0, whatever they become.

    Raises
    ------
    DataError
        If the samples do not fit the network's input, or there are none.

    Notes
    -----
    A synapse is updated once each time it runs one of its rule's strings, as the declaration has
    it, whether the weight is 0 or not, and however the engine comes to the same end:

    ==================================  ======================================================
    string                              updates
    ==================================  ======================================================
    ``on_pre``                          presynaptic spikes, times the synapses of the neuron
    ``on_post``                         postsynaptic spikes, times the synapses onto the neuron
    ``before_spikes``, ``every_step``   synapses, times steps, or times intervals of an update
    ``at_slot_start``, ``at_slot_end``  synapses, times presentations
    ``at_batch_end``                    synapses, times batches that became full
    `norm` of the projection            synapses, times presentations
    ==================================  ======================================================

    How much arithmetic an update is depends on the rule: one of STDP is an addition, one of e-prop
    some five of them. Traces of neurons are part of their membrane updates.
    """
    n_samples = _count(network, stimulus)
    network = plan_of(network).network
    state = _drawn(network, state, seed)
    if learns:
        counts = count_learning(network, state, stimulus, seed=seed, engine=engine)
    else:
        held = network.frozen()
        counts = count_presenting(held, state, stimulus, seed=seed, engine=engine, n_jobs=n_jobs)
    return _workload(network, state, counts, n_samples)


def _count(network: Network, stimulus: Stimulus | Sequence[Stimulus]) -> int:
    """Count samples, of which there must be one."""
    if (n_samples := len(Stimuli(network, stimulus))) == 0:
        raise DataError("stimulus: must hold at least one sample, got none")
    return n_samples


def _drawn(network: Network, state: State, seed: int | np.random.SeedSequence) -> State:
    """Complete the state by what a run would draw."""
    return state if network.drawn <= set(state) else {**network.sample(seed), **state}


def _workload(network: Network, state: State, counts: Counts, n_samples: int) -> Workload:
    wired = [(p, connections_of(network, p, state)) for p in network.projections]
    total = _of_neurons(network, counts, n_samples)
    already = float(state.get("schedule.in_batch", np.zeros(1))[0])
    n_batches = (already + n_samples) // float(network.schedule.batch_size)
    for projection, connections in wired:
        acs, macs, dense = _operations(network, projection, connections, counts)
        weighed = int(bool(projection.on_pre) or multiplies(projection.graded))
        n_weights = connections.n_pre * connections.n_post * weighed
        total += Workload(
            n_samples=n_samples,
            dense=dense,
            effective_acs=acs,
            effective_macs=macs,
            weight_updates=_updates(network, projection, connections, counts, n_batches),
            footprint=float(
                _BYTES * numbers_of_synapses(plan_of(network), projection, connections.n_synapses)
            ),
            n_weights=n_weights,
            n_zero_weights=n_weights - connections.n_pairs * weighed,
        )
    return total


def _of_neurons(network: Network, counts: Counts, n_samples: int) -> Workload:
    """Count what populations take, without their synapses."""
    heard = {p.pre for p in network.projections if p.on_pre} | set(network.watched)
    total = Workload(n_samples=n_samples)
    for population in network.populations:
        neuron, steps = population.neuron, float(population.n * counts.n_steps)
        inner = not population.neuron.takes
        integrated = inner and bool(Equations(str(neuron.equations)).diff_eq_names)
        spiking = inner and neuron.spikes and population.name in heard
        total += Workload(
            n_samples=n_samples,
            membrane_updates=steps * integrated,
            activations=float(counts.events[population.name].sum()) if spiking else 0.0,
            activation_sites=steps * spiking,
            footprint=_BYTES * numbers_of_neurons(plan_of(network), population),
        )
    return total


def _operations(
    network: Network, projection: Projection, connections: Connections, counts: Counts
) -> tuple[float, float, float]:
    """Additions, multiplications with additions, and what there could be of both."""
    acs = macs = dense = 0.0
    everything = float(connections.n_pre * connections.n_post) * counts.n_steps
    if projection.on_pre:
        dense += everything
        events = counts.events[projection.pre]
        numbers = _multiplied(network, projection, counts)
        macs += float(connections.effective @ numbers)
        acs += float(connections.effective @ (events - numbers))
    if multiplies(projection.graded):
        dense += everything
        macs += float(connections.effective @ counts.graded[projection.name])
    return acs, macs, dense


def _multiplied(
    network: Network, projection: Projection, counts: Counts
) -> npt.NDArray[np.float64]:
    """Events of each neuron that come with a number beside the weight."""
    pre = network.population(projection.pre)
    events = counts.events[pre.name]
    read = get_identifiers(projection.on_pre)
    if "value_pre" in read and pre.name in counts.numbers:
        return counts.numbers[pre.name]
    own = {f"{name}_pre" for name in Equations(str(pre.neuron.equations))}
    if projection.synapse is not None:
        own |= set(Equations(str(projection.synapse.equations)))
    return events if read & own else np.zeros_like(events)


def _updates(
    network: Network,
    projection: Projection,
    connections: Connections,
    counts: Counts,
    n_batches: float,
) -> float:
    """How often synapses run a string of their rule."""
    every = {action.phase: action.every for action in plan_of(network).of(projection.name)}
    sides = {
        "pre": (projection.pre, connections.fan_out),
        "post": (projection.post, connections.fan_in),
    }
    times = float(counts.n_slots) if projection.norm is not None else 0.0
    by_spikes = 0.0
    for hook in hooks_of("rule"):
        phase = hook.phase
        if not getattr(projection.rule, hook.name, ""):
            continue
        if phase.spike:
            name, synapses = sides[phase.spike]
            by_spikes += float(counts.events[name] @ synapses) if name in counts.events else 0.0
        elif phase == AT_BATCH_END:
            times += n_batches
        else:
            times += counts.n_slots if phase.clock == "slot" else counts.n_steps / every[phase]
    return connections.n_synapses * times + by_spikes
