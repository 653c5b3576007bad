"""Networks as frozen declarations: populations, projections and the schedule of samples."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from bioplastic.errors import ParameterError
from bioplastic.models.checking import check_network, suffixed, traces_on, words_in
from bioplastic.models.declaration import Declaration, check_kind, check_tuple, require
from bioplastic.models.distributions import PerTarget
from bioplastic.models.hooks import strings_of
from bioplastic.models.population import Population
from bioplastic.models.projection import Projection
from bioplastic.models.schedule import Schedule
from bioplastic.models.strings import variables_of, words_of
from bioplastic.models.summary import network_html, network_repr
from bioplastic.models.values import draw, is_distribution
from bioplastic.models.wiring import Wiring, regular_pairs, sorted_synapses

if TYPE_CHECKING:
    import brian2

#: By the name in a state: whose it is, what it is called there, and what it is drawn from.
type _Drawn = dict[str, tuple[Any, str, Any]]


def _of_neurons(population: Population) -> _Drawn:
    """Parameters and initial values of a population's neurons that are drawn."""
    neuron = population.neuron
    values = {**neuron.parameters, **neuron.initial_values}
    return {name: (neuron, name, v) for name, v in values.items() if is_distribution(v)}


def _of_synapses(projection: Projection) -> _Drawn:
    """Weights, delays and parameters of a projection's synapses that are drawn."""
    owners = [model for model in (projection.synapse, projection.rule) if model is not None]
    # In this order they are drawn, whatever came later.
    values: _Drawn = {"w": (projection, "weight", projection.weight)}
    values |= {n: (projection, n, delay) for n, delay in projection.delays.items()}
    values |= {n: (model, n, v) for model in owners for n, v in model.parameters.items()}
    return {name: value for name, value in values.items() if is_distribution(value[2])}


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Network(Declaration):
    """A network that is shown samples one after the other.

    Parameters
    ----------
    populations : tuple of Population
        Samples enter through those whose neurons are a :class:`PoissonInput`,
        :class:`SpikeInput`, :class:`SignalInput` or :class:`.DelayLineInput`: one, several, or none
        for a network that is active by itself.
    projections : tuple of Projection
        Synapses between them, in the order in which they act within a step.
    watch : str or tuple of str
        Populations whose spikes are recorded, one after the other, and counted for the schedule.
    schedule : Schedule
        Lengths and repetitions.

    Raises
    ------
    ParameterError
        If names repeat, a projection names a population that is not there, sizes do not fit, or a
        string uses wrong units or a name that nothing gives.

    Examples
    --------
    >>> from bioplastic.models import LIF, Network, PoissonInput, Population, Projection
    >>> Network(
    ...     populations=(
    ...         Population(name="input", n=4, neuron=PoissonInput()),
    ...         Population(name="output", n=2, neuron=LIF()),
    ...     ),
    ...     projections=(Projection(pre="input", post="output", on_pre="v_post += w*mV"),),
    ...     watch="output",
    ... ).population("output").n
    2
    """

    populations: tuple[Population, ...]
    projections: tuple[Projection, ...] = ()
    watch: str | tuple[str, ...]
    schedule: Schedule = field(default_factory=Schedule)

    def __post_init__(self) -> None:
        check_tuple(self, "populations", Population)
        check_tuple(self, "projections", Projection)
        if not isinstance(self.watch, str):
            check_tuple(self, "watch", str)
        check_kind(self, "schedule", Schedule, "a Schedule")
        names = [p.name for p in self.populations] + [p.name for p in self.projections]
        repeated = sorted({n for n in names if names.count(n) > 1})
        if repeated:
            raise ParameterError(f"Network: names must differ, {', '.join(repeated)} repeat")
        if len(set(self.watched)) != len(self.watched):
            raise ParameterError(f"Network.watch: names must differ, got {self.watch!r}")
        spiking = [p.pre for p in self.projections if p.on_pre]
        for projection in self.projections:
            for pathway in projection.pathways:
                name = projection.pre if pathway.spike == "pre" else projection.post
                if pathway.event == "spike":
                    spiking.append(name)
                    continue
                events = [event.name for event in self.population(name).neuron.events]
                what = f"be 'spike' or an event of {name!r}, which has {events or 'none'}"
                known, got = pathway.event in events, f"{pathway.event!r} ({projection.name})"
                require(pathway, "event", known, what, got)
        for name in (*self.watched, *spiking):
            if not self.population(name).neuron.spikes:
                raise ParameterError(
                    f"Population {name}: must have a threshold, since its spikes are used; give "
                    f"its neuron one"
                )
        for projection in self.projections:
            pre, post = self.population(projection.pre), self.population(projection.post)
            if projection.wiring in ("one_to_one", "all_but_one") and pre.n != post.n:
                raise ParameterError(
                    f"Projection {projection.name}: {projection.wiring} needs populations of the "
                    f"same size, got {pre.n} and {post.n}"
                )
            batch = getattr(projection.rule, "batch", self.schedule.batch_size)
            if batch != self.schedule.batch_size:
                raise ParameterError(
                    f"Projection {projection.name}: batch of its rule must be the schedule's "
                    f"batch_size={self.schedule.batch_size}, got {batch}"
                )
        for population in self.populations:
            neuron = population.neuron
            kind, takes = type(neuron).__name__, neuron.takes
            timed = takes != "rates" or self.schedule.presentation is not None
            what = f"be given for a {kind}, whose samples have no length of their own"
            require(self.schedule, "presentation", timed, what, f"None ({population.name})")
            reads = (
                "stimulus"
                in words_in(neuron, "neuron") - variables_of(str(neuron.equations)).keys()
            )
            if not takes and len(self.inputs) != 1 and reads:
                raise ParameterError(
                    f"Population {population.name}: its {kind} reads stimulus() and takes no "
                    f"samples; where a network has not exactly one input, only inputs read them"
                )
        check_network(self)

    def __repr__(self) -> str:
        return network_repr(self)

    def _repr_html_(self) -> str:
        return network_html(self)

    @property
    def watched(self) -> tuple[str, ...]:
        """Names of the populations whose spikes are recorded."""
        return (self.watch,) if isinstance(self.watch, str) else self.watch

    @property
    def n_watched(self) -> int:
        """Number of neurons whose spikes are recorded."""
        return sum(self.population(name).n for name in self.watched)

    def population(self, name: str) -> Population:
        """Return the population of that name."""
        for population in self.populations:
            if population.name == name:
                return population
        raise ParameterError(
            f"Network: there is no population {name!r}; "
            f"there are {', '.join(p.name for p in self.populations)}"
        )

    @property
    def inputs(self) -> tuple[Population, ...]:
        """Populations through which samples enter, in the network's order."""
        return tuple(p for p in self.populations if p.neuron.takes)

    @property
    def input(self) -> Population:
        """Population through which samples enter, of a network that has one such population."""
        if len(self.inputs) != 1:
            names = ", ".join(p.name for p in self.inputs) or "none"
            raise ParameterError(
                f"Network.input: must be one population, the network has {names}; its inputs are "
                f"all of them"
            )
        return self.inputs[0]

    @property
    def n_features(self) -> int:
        """Number of features, or of channels, of a sample, of a network that has one input."""
        return self.input.n_features

    @property
    def drawn(self) -> frozenset[str]:
        """Names of what :meth:`sample` draws."""
        names = {f"{p.name}.{name}" for p in self.populations for name in _of_neurons(p)}
        for projection in self.projections:
            wiring = ("i", "j", *projection.delays) if projection.listed else ()
            names |= {f"{projection.name}.{name}" for name in (*wiring, *_of_synapses(projection))}
        return frozenset(names)

    def sample(
        self, seed: int | np.random.SeedSequence | np.random.Generator
    ) -> dict[str, npt.NDArray[np.float64]]:
        """Draw everything that the declaration leaves to chance.

        Parameters
        ----------
        seed : int, SeedSequence or Generator
            Every population and every projection has its own stream of random numbers.

        Returns
        -------
        drawn : dict of str to ndarray
            Parameters given as a distribution, by ``"population.parameter"``, and of every
            projection with a list of synapses ``"projection.i"``, ``".j"``, ``".delay"`` and what
            else a synapse has. Give it to a run as its state.
        """
        if isinstance(seed, np.random.SeedSequence):  # a copy: spawning changes a sequence
            seed = np.random.SeedSequence(**seed.state)
        rng = np.random.default_rng(seed)
        streams = iter(rng.spawn(len(self.populations) + len(self.projections)))
        drawn: dict[str, npt.NDArray[np.float64]] = {}
        for population in self.populations:
            stream = next(streams)
            for name, chance in _of_neurons(population).items():
                drawn[f"{population.name}.{name}"] = draw(*chance, stream, population.n)
        for projection in self.projections:
            synapses = self._sample_synapses(projection, next(streams))
            drawn.update({f"{projection.name}.{k}": v for k, v in synapses.items()})
        return drawn

    def _sample_synapses(
        self, projection: Projection, rng: np.random.Generator
    ) -> dict[str, npt.NDArray[np.float64]]:
        pre, post = self.population(projection.pre), self.population(projection.post)
        listed, chances = projection.listed, _of_synapses(projection)
        if not listed and not chances:
            return {}
        if isinstance(projection.wiring, Wiring):
            i, j = projection.wiring.connect(pre, post, rng)
        else:
            i, j = regular_pairs(projection.wiring, pre.n, post.n)
        synapses = {"i": np.asarray(i, dtype=float), "j": np.asarray(j, dtype=float)}
        for name, delay in projection.delays.items():
            if name not in chances:
                synapses[name] = np.full(len(i), float(delay))
        for name, (owner, field_name, value) in chances.items():
            one_each = not isinstance(value, PerTarget)
            drawn = draw(owner, field_name, value, rng, len(j) if one_each else post.n)
            synapses[name] = drawn if one_each else drawn[j]
        return sorted_synapses(synapses) if listed else {"w": synapses["w"]}

    def to_brian2(
        self,
        state: Mapping[str, npt.ArrayLike] | None = None,
        seed: int | np.random.SeedSequence = 0,
    ) -> "brian2.Network":
        """Make objects of Brian2 for who goes on by hand.

        Parameters
        ----------
        state : mapping of str to array_like, optional
            Values as those of a run, in base units: a trained network's, for example.
        seed : int or SeedSequence
            Of what is drawn where `state` does not hold it.

        Returns
        -------
        network : brian2.Network
            Populations and projections are there by their names, as ``network["exc"]``, connected
            and filled. A PoissonInput is a group whose `rates` are 0 and to be set, a SpikeInput a
            SpikeGeneratorGroup without spikes.

        Raises
        ------
        ParameterError
            If the network does something that belongs to a schedule of samples: at the end of a
            sample or of a batch, with targets or a sample's numbers; or `state` names what is not
            there.

        Notes
        -----
        What models do `at_slot_start` is done once, at once, and no neuron is refractory. Traces
        stand where engines put them, and what acts in a step has their `when` and `order`. Random
        numbers are Brian's.

        Examples
        --------
        >>> from bioplastic.models import LIF, Network, Population
        >>> network = Network(populations=(Population(name="exc", n=3, neuron=LIF()),), watch="exc")
        >>> objects = network.to_brian2()
        >>> objects["exc"].v[:]
        array([-65., -65., -65.]) * mvolt
        """
        from bioplastic.exchange.brian_network import to_brian2

        return to_brian2(self, state, seed)

    def frozen(self) -> Self:
        """Return the network without its learning: no rule, no normalization, fixed thresholds.

        What synapses set of a rule's variables, such as a reward, is left out with the rule.
        """
        return replace(
            self,
            populations=tuple(replace(p, neuron=p.neuron.frozen()) for p in self.populations),
            projections=tuple(self._without_learning(p) for p in self.projections),
        )

    def _without_learning(self, projection: Projection) -> Projection:
        of_rules = suffixed(traces_on(self, projection.post), "post").keys()
        model = projection.synapse
        if model is not None:
            strings = strings_of(model, "synapse").items()
            silent: dict[str, Any] = {n: "" for n, text in strings if words_of(text) & of_rules}
            model = replace(model, **silent).frozen()
        return replace(projection, rule=None, norm=None, synapse=model)
