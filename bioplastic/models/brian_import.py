"""Networks of Brian2 as declarations: a script comes in as it is."""

import graphlib
import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import brian2
import numpy as np
import numpy.typing as npt
from brian2 import ms, second
from brian2.core.namespace import get_local_namespace

from bioplastic.errors import ParameterError
from bioplastic.models.brian_names import base_group, refuse
from bioplastic.models.brian_neurons import ReadNeurons
from bioplastic.models.brian_objects import record_of, sorted_out, time_step
from bioplastic.models.brian_synapses import ReadSynapses
from bioplastic.models.network import Network
from bioplastic.models.population import Population
from bioplastic.models.projection import Projection
from bioplastic.models.schedule import Schedule
from bioplastic.models.strings import variables_of
from bioplastic.models.suggesting import closest
from bioplastic.spikes import SpikeTrains


class FromBrian2(NamedTuple):
    """What a network of Brian2 becomes, see :func:`.from_brian2`."""

    #: the declaration
    network: Network
    #: what it begins with, by ``"population.variable"``, in base units: values, and synapses
    state: dict[str, npt.NDArray[np.float64]]
    #: one sample of the spikes of each SpikeGeneratorGroup, by its name
    samples: dict[str, SpikeTrains]
    #: what monitors watched, for ``engine.run(record=...)``
    record: dict[str, Any]

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {np.shape(value)}" for name, value in self.state.items())
        names = [its.name for its in self.network.populations]
        names += [its.name for its in self.network.projections]
        return (
            f"<FromBrian2: network: {', '.join(names)}; state: {sizes}; "
            f"samples: {self.samples}; record: {', '.join(self.record) or 'nothing'}>"
        )


def from_brian2(
    objects: Any,
    *,
    inputs: Sequence[str] = (),
    watch: str | Sequence[str] | None = None,
    presentation: Any = None,
    rest: Any = 0 * ms,
    keep: Sequence[str] = (),
    namespace: Mapping[str, Any] | None = None,
) -> FromBrian2:
    """Make a declaration of a network of Brian2.

    Parameters
    ----------
    objects : brian2.Network or iterable of Brian's objects
        The network before it runs, for example ``collect()``. Call this where you would call
        ``run``: names in strings are looked up as there.
    inputs : sequence of str
        Names of PoissonGroups whose rates samples give. A SpikeGeneratorGroup always is an input.
    watch : str or sequence of str, optional
        Populations whose spikes are counted; those with a SpikeMonitor where None.
    presentation, rest : Quantity, in seconds
        Length of a sample and of the rest after it. A `presentation` of None lets samples have the
        lengths of their spikes, where all inputs are SpikeGeneratorGroups.
    keep : sequence of str
        Variables such as ``"exc.theta"`` that go on from sample to sample, beside weights.
    namespace : mapping, optional
        What strings may name, in place of the variables around the call.

    Returns
    -------
    script : FromBrian2
        ``network``, ``state``, ``samples`` and ``record``, for ``engine.run``.

    Raises
    ------
    ParameterError
        If an object has no counterpart: `network_operation`, SpatialNeuron, clocks of several time
        steps, linked variables, arrays among the names of strings, orders of one's own. It says
        which, and what to do instead. Also if a standalone device has the arrays.

    Notes
    -----
    What a sample begins with: all variables of neurons have the values that they have in Brian's
    objects now, and so have the variables of synapses that differential equations give and those
    that are times. What lasts from sample to sample are the other variables of synapses, such as
    weights, and what `keep` names. What lasts and changes is `learned`, so that
    ``network.frozen()`` holds it as it is.

    Synapses stand in the order that engines have, by presynaptic neuron, delay and postsynaptic
    neuron, and so they do in the state of a result. ``state["link.i"]`` and ``state["link.j"]`` say
    which is which. Elements of a StateMonitor are found there: `record` has them in its order.

    A PoissonInput of Brian becomes a statement that draws from the Poisson distribution, the limit
    of Brian's binomial one for many inputs. Random numbers are other ones than Brian's.

    A transmission that adds a number to a variable of the target is what engines compute fastest:
    ``on_pre="ge += w"`` with a constant, or with one variable of the synapse that is called `w`.

    Brian2tools' ``baseexport`` describes such objects, too; it knows neither values, synapses nor
    delays of each synapse, and has had no release since 2021.

    Examples
    --------
    >>> import brian2 as b2
    >>> from brian2 import ms, mV
    >>> from bioplastic import engine, models
    >>> tau = 10 * ms
    >>> cells = b2.NeuronGroup(
    ...     3, "dv/dt = (20*mV - v)/tau : volt", threshold="v > 15*mV", reset="v = 0*mV",
    ...     method="exact", name="cells",
    ... )
    >>> cells.v = [0, 5, 10] * mV
    >>> script = models.from_brian2([cells], presentation=50 * ms, watch="cells")
    >>> script.network.population("cells").neuron.constants["tau"]
    10. * msecond
    >>> result = engine.run(
    ...     script.network, engine.SpontaneousActivity(n_samples=1), seed=0, state=script.state,
    ...     engine="numpy",
    ... )
    >>> result.counts.tolist()
    [[3, 3, 4]]
    """
    found = get_local_namespace(level=1) if namespace is None else namespace
    groups, synapses, adding, monitors = sorted_out(objects)
    dt = time_step([*groups, *synapses])
    neurons = [
        ReadNeurons(g, [p for p in adding if base_group(p.group).name == g.name], found, dt)
        for g in groups
    ]
    links = _in_order([ReadSynapses(s, found, dt) for s in synapses])
    owners: list[Any] = [*neurons, *links]
    known = [f"{owner.name}.{name}" for owner in owners for name in owner.equations]
    kept = _checked("keep", keep, known)
    shown = _checked("inputs", inputs, [n.name for n in neurons])
    sums = _sums(neurons, links)
    state: dict[str, npt.NDArray[np.float64]] = {}
    populations: list[Population] = []
    for read in neurons:
        own = {name: [*parts.values()] for (of, name), parts in sums.items() if of == read.name}
        written = read.written | _written_by(links, read.name)
        population, values = read.population(written, kept, own, shown=read.name in shown)
        populations.append(population)
        state |= values
    projections: list[Projection] = []
    for link in links:
        renamed = {
            f"{name}_{side}": f"{parts[link.name]}_{side}"
            for (of, name), parts in sums.items()
            for side, (base, _, _) in link.ends.items()
            if of == base.name and link.name in parts
        }
        ends = {base.name for base, _, _ in link.ends.values()}
        taken = {name for p in populations if p.name in ends for name in _names(p)}
        projection, values = link.projection(kept, renamed, taken)
        projections.append(projection)
        state |= values
    record = record_of(monitors, dt, {link.name: link.places for link in links})
    network = Network(
        populations=tuple(populations),
        projections=tuple(projections),
        watch=_watched(watch, record, populations, neurons),
        schedule=Schedule(
            presentation=presentation, rest=rest, dt=dt * second, min_spikes=0, max_repeats=0
        ),
    )
    given = [g for g in groups if isinstance(g, brian2.SpikeGeneratorGroup)]
    if presentation is None and not given:
        raise ParameterError(
            "from_brian2.presentation: must be given where no SpikeGeneratorGroup says how long a "
            "sample is, got None; give what you would give run()"
        )
    return FromBrian2(network, state, {g.name: _spikes(g, presentation, dt) for g in given}, record)


def _in_order(links: list[ReadSynapses]) -> list[ReadSynapses]:
    """Order projections as Brian orders pathways: by their `order`, then by their names."""
    orders = {
        side: [w.place[0] for link in links for w in link.ways if w.side == side]
        for side in ("pre", "post")
    }
    if max(orders["pre"], default=-1) >= min(
        orders["post"], default=max(orders["pre"], default=0) + 1
    ):
        raise ParameterError(
            "from_brian2: pathways on spikes of post must have a higher order than all of pre, got "
            f"{min(orders['post'])} and {max(orders['pre'])}; leave orders as Brian sets them"
        )
    before: dict[str, set[str]] = {link.name: set() for link in links}
    for side in ("pre", "post"):
        ways = [(w.place, link.name) for link in links for w in link.ways if w.side == side]
        owners = [owner for owner, _ in itertools.groupby(owner for _, owner in sorted(ways))]
        if len({*owners}) < len(owners):
            twice = next(name for name in owners if owners.count(name) > 1)
            raise ParameterError(
                f"from_brian2: pathways of {twice!r} and of others take turns by their names in "
                f"Brian; rename it, so that no other's name begins with {twice + '_'!r}"
            )
        for one, other in itertools.pairwise(owners):
            before[other].add(one)
    try:
        order = [*graphlib.TopologicalSorter(before).static_order()]
    except graphlib.CycleError as error:
        raise ParameterError(
            f"from_brian2: {', '.join(error.args[1])} act in one order on spikes of pre and in "
            f"another on those of post; rename them, so that no name is the begin of another"
        ) from None
    return sorted(links, key=lambda link: order.index(link.name))


def _written_by(links: list[ReadSynapses], population: str) -> set[str]:
    """Name variables of a population that synapses set."""
    return {
        name.removesuffix(f"_{side}")
        for link in links
        for side, (base, _, _) in link.ends.items()
        if base.name == population
        for name in link.written
        if name.endswith(f"_{side}")
    }


def _sums(
    neurons: list[ReadNeurons], links: list[ReadSynapses]
) -> dict[tuple[str, str], dict[str, str]]:
    """Find variables that several synapses sum into, or some neurons of a group have.

    Each such variable becomes the sum of others, one for each of these synapses.
    """
    parts: dict[tuple[str, str], dict[str, tuple[int, int]]] = {}
    for link in links:
        for name in link.summed:
            stem, _, side = name.rpartition("_")
            base, start, stop = link.ends[side]
            parts.setdefault((base.name, stem), {})[link.name] = (start, stop)
    found: dict[tuple[str, str], dict[str, str]] = {}
    for (of, name), ranges in parts.items():
        read = next(n for n in neurons if n.name == of)
        if [*ranges.values()] == [(0, len(read.group))]:
            continue
        if name in read.written or read.outside(name, [*ranges.values()]):
            problem = f"`{name}` is summed up for some neurons, and others have values of their own"
            raise refuse(read.group, problem, "use another variable for these")
        found[of, name] = {link: f"{name}_from_{link}" for link in ranges}
    return found


def _checked(argument: str, given: str | Sequence[str], known: list[str]) -> set[str]:
    """Return the names that an argument gives, one or several, which must be known."""
    names = {given} if isinstance(given, str) else {*given}
    for name in sorted(names - {*known}):
        near = closest(name, known)
        remedy = f"did you mean {near!r}?" if near else f"there are {', '.join(known[:12])}"
        raise ParameterError(f"from_brian2.{argument}: there is no {name!r}; {remedy}")
    return names


def _names(population: Population) -> set[str]:
    neuron = population.neuron
    return {*variables_of(str(neuron.equations)), *neuron.parameters}


def _watched(
    watch: Any, record: dict[str, Any], populations: list[Population], neurons: list[ReadNeurons]
) -> Any:
    if watch is not None:
        return watch if isinstance(watch, str) else tuple(watch)
    spiking = [p.name for p in populations if p.neuron.spikes]
    groups = {n.name for n in neurons if isinstance(n.group, brian2.NeuronGroup)}
    own = [name for name in spiking if name in groups]
    found = tuple(record.get("spikes", ())) or tuple(own or spiking)
    if not found:
        raise ParameterError(
            "from_brian2.watch: must name a population that spikes, and no group has a threshold; "
            "give one"
        )
    return found[0] if len(found) == 1 else found


def _spikes(group: Any, presentation: Any, dt: float) -> SpikeTrains:
    """Return the spikes of a group as one sample."""
    times = np.asarray(group.variables["spike_time"].get_value(), dtype=np.float64)
    units = np.asarray(group.variables["neuron_index"].get_value())
    steps = ((times + 1e-3 * dt) / dt).astype(np.int64)  # as Brian rounds
    period = round(float(np.ravel(group.variables["period"].get_value())[0]) / dt)
    if presentation is None:
        if period:
            raise refuse(group, "its spikes have no end", "give from_brian2 a presentation")
        n_steps = int(steps.max(initial=0)) + 1
    else:
        n_steps = round(float(presentation) / dt)
    if period:
        rounds = np.arange(-(-n_steps // period))
        steps = (steps + period * rounds[:, None]).ravel()
        units = np.tile(units, len(rounds))
    shown = steps < n_steps
    steps, units = steps[shown], units[shown]
    order = np.lexsort((units, steps))
    return SpikeTrains(
        steps[order] * dt * second, units[order], [0, len(order)],
        n_units=len(group), duration=n_steps * dt * second,
    )  # fmt: skip
