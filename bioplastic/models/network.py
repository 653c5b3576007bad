"""Networks as frozen declarations: populations, projections and the schedule of samples."""

import math
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from brian2 import Equations, ms
from brian2.utils.stringtools import get_identifiers

from bioplastic._quantities import base_units
from bioplastic.errors import ParameterError
from bioplastic.models.declaration import (
    Declaration,
    check_kind,
    draw,
    is_distribution,
    is_one_number,
    parameter,
    refuse_distributions,
    whole_numbers,
)
from bioplastic.models.distributions import PerTarget
from bioplastic.models.network_checks import check_network
from bioplastic.models.neurons import (
    DelayLineInput,
    NeuronModel,
    PoissonInput,
    SignalInput,
    SpikeInput,
)
from bioplastic.models.plasticity import PlasticityRule
from bioplastic.models.summary import network_html, network_repr
from bioplastic.models.synapses import SynapseModel
from bioplastic.models.wiring import Wiring, regular_pairs, sorted_synapses

__all__ = ["Network", "Population", "Projection", "Schedule"]

WIRINGS = ("all_to_all", "one_to_one", "all_but_one")
#: Neurons through which samples enter.
INPUTS = (PoissonInput, SpikeInput, SignalInput)
#: Names of an engine's own objects.
RESERVED = frozenset({"schedule", "step_clock", "slot_clock"})


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Population(Declaration):
    """Neurons of one model.

    Parameters
    ----------
    name : str
        A Python identifier; state is addressed as ``"name.variable"``.
    n : int
        Number of neurons.
    neuron : NeuronModel
        What each of them is.
    grid : tuple of int, optional
        Shape of a grid on which the neurons stand, for wirings that ask for distances.
    places : tuple of int, optional
        Points of the grid, counted in C order, that the neurons take; the first `n` where absent.

    Examples
    --------
    >>> from bioplastic.models import LIF, Population
    >>> Population(name="liquid", n=100, neuron=LIF()).n
    100
    """

    name: str
    n: int
    neuron: NeuronModel
    grid: tuple[int, ...] | None = None
    places: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        check_kind(self, "neuron", NeuronModel, "a NeuronModel, for example LIF()")
        object.__setattr__(self, "n", int(self.n))
        for name in ("grid", "places"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, whole_numbers(self, name))
        if not self.name.isidentifier() or self.name in RESERVED:
            raise ParameterError(
                f"Population.name: must be an identifier other than {', '.join(sorted(RESERVED))}, "
                f"got {self.name!r}"
            )
        if self.n < 1:
            raise ParameterError(f"Population.n: must be at least 1, got {self.n} ({self.name})")
        if self.places is not None and len(self.places) != self.n:
            raise ParameterError(
                f"Population.places: must have n={self.n} entries, got {len(self.places)} "
                f"({self.name})"
            )
        n_points = math.prod(self.grid) if self.grid is not None else 0
        taken = self.places if self.places is not None else range(self.n)
        if self.grid is not None and not 0 <= min(taken) <= max(taken) < n_points:
            raise ParameterError(
                f"Population.grid: must have a point for every neuron, {self.grid} has {n_points} "
                f"({self.name})"
            )

    def positions(self) -> npt.NDArray[np.float64]:
        """Places of the neurons on the grid.

        Returns
        -------
        positions : ndarray of shape (n, n_dimensions)

        Raises
        ------
        ParameterError
            If the population has no grid.
        """
        if self.grid is None:
            raise ParameterError(
                f"Population.grid: {self.name!r} has none, which its wiring needs; give one"
            )
        places = np.arange(self.n) if self.places is None else np.array(self.places)
        return np.stack(np.unravel_index(places, self.grid), axis=1).astype(np.float64)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Projection(Declaration):
    """Synapses from one population to another.

    Parameters
    ----------
    pre, post : str
        Names of the populations.
    wiring : {"all_to_all", "one_to_one", "all_but_one"} or Wiring
        Who is connected; ``"all_but_one"`` leaves out the partner of the same index.
    on_pre : str
        What a presynaptic spike does, for example ``"ge_post += w"``.
    graded : str
        What a synapse does in every step, spike or no spike, for example
        ``"signal_post += w*error_pre"``, when the presynaptic population's `after_spikes` is done.
    weight : float, Distribution or None
        One weight for all synapses, or one for each, drawn or, for None, set from the state.
    delay : Quantity in seconds, or Distribution
        From a spike to its effect, rounded to steps.
    synapse : SynapseModel or None
        State of a synapse beside its weight, for example :class:`TsodyksMarkram`.
    rule : PlasticityRule or None
        How `w` changes; it needs a weight for each synapse.
    norm : float or None
        Incoming weights of each neuron are scaled to this sum when a slot begins.
    pooled : bool
        ``"all_but_one"`` with one weight: sum the spikes once and hand the sum on, at a cost of
        O(n) in place of O(n**2) synapses. Same mathematics; `on_pre` must add ``weight``.
    label : str
        Name where two populations are connected more than once; ``"pre_to_post"`` where empty.

    Examples
    --------
    >>> from bioplastic.models import Projection
    >>> Projection(pre="a", post="b", wiring="one_to_one", on_pre="ge_post += w", weight=10.4).name
    'a_to_b'
    """

    pre: str
    post: str
    wiring: str | Wiring = "all_to_all"
    on_pre: str = "ge_post += w"
    graded: str = ""
    weight: Any = None
    delay: Any = parameter(0 * ms, low=0, strict=False)
    synapse: SynapseModel | None = None
    rule: PlasticityRule | None = None
    norm: float | None = None
    pooled: bool = True
    label: str = ""

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        if self.wiring not in WIRINGS:
            check_kind(self, "wiring", Wiring, f"a Wiring or one of {', '.join(WIRINGS)}")
        if self.synapse is not None:
            check_kind(self, "synapse", SynapseModel, "a SynapseModel or None")
        if self.rule is not None:
            check_kind(self, "rule", PlasticityRule, "a PlasticityRule or None")
        if self.norm is not None:
            check_kind(self, "norm", Real, "a number or None")
        if not (self.weight is None or is_distribution(self.weight) or is_one_number(self.weight)):
            raise ParameterError(
                f"Projection.weight: must be a number, a Distribution or None, got {self.weight!r}"
            )
        if not self.name.isidentifier() or self.name in RESERVED:
            raise ParameterError(f"Projection.label: must be an identifier, got {self.label!r}")
        one = self.weight is not None and not is_distribution(self.weight)
        if one and (self.rule is not None or self.norm is not None):
            raise ParameterError(
                f"Projection.weight: must be None or a Distribution where a rule or a norm changes "
                f"the weights ({self.name}), got {self.weight}"
            )
        if one and not math.isfinite(self.weight):
            raise ParameterError(
                f"Projection.weight: must be finite, got {self.weight} ({self.name})"
            )
        if self.norm is not None and not 0 < self.norm < math.inf:
            raise ParameterError(f"Projection.norm: must be > 0, got {self.norm} ({self.name})")

    @property
    def name(self) -> str:
        """Name under which weights, wiring and delays stand in the state."""
        return self.label or f"{self.pre}_to_{self.post}"

    @property
    def delayed(self) -> bool:
        """Whether a spike acts later than in its own step."""
        return is_distribution(self.delay) or float(self.delay) > 0

    @property
    def listed(self) -> bool:
        """Whether the synapses are a list in the state, with ``i``, ``j`` and ``delay``.

        Other wirings are regular, which is what makes them fast.
        """
        varies = self.rule is not None and self.rule.varies
        return isinstance(self.wiring, Wiring) or self.delayed or bool(self.synapse) or varies

    @property
    def one_weight(self) -> bool:
        """Whether one number is the weight of all synapses."""
        return self.weight is not None and not is_distribution(self.weight)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Schedule(Declaration):
    """How samples follow each other: a slot is one presentation and the rest after it.

    A sample that made the watched population fire fewer than `min_spikes` times is presented
    again with more input, up to `max_repeats` times. All of it happens inside the program.

    Parameters
    ----------
    presentation, rest, dt : Quantity, in seconds
        Lengths; whole multiples of `dt`. A sample of spikes has a length of its own, to which a
        `presentation` of None gives way; it is rounded up to a step.
    min_spikes, max_repeats : int
        When a presentation is repeated.
    batch_size : int
        Samples after which a rule's `at_batch_end` happens. Batches go on from epoch to epoch.

    Examples
    --------
    >>> from bioplastic.models import Schedule
    >>> int(Schedule().n_steps())
    1000
    """

    presentation: Any = parameter(350 * ms, low=0, optional=True)
    rest: Any = parameter(150 * ms, low=0, strict=False)
    dt: Any = parameter(0.5 * ms, low=0)
    min_spikes: Any = parameter(5, low=0, strict=False)
    max_repeats: Any = parameter(8, low=0, strict=False)
    batch_size: Any = parameter(1, low=1, strict=False)

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        refuse_distributions(self)
        for name in ("presentation", "rest"):
            if getattr(self, name) is None:
                continue
            steps = float(getattr(self, name) / self.dt)
            if not math.isclose(steps, round(steps), abs_tol=1e-6):
                raise ParameterError(
                    f"Schedule.{name}: must be a whole multiple of dt={self.dt}, "
                    f"got {getattr(self, name)}"
                )

    def n_steps(self, durations: npt.ArrayLike = 0.0) -> npt.NDArray[np.int64]:
        """Count the steps of slots.

        Parameters
        ----------
        durations : array_like or Quantity of shape (n_samples,), in seconds
            Lengths of the samples, which count where `presentation` is None.

        Returns
        -------
        n_steps : ndarray of shape (n_samples,)
            A presentation has 1 at least, so that a sample without length has an answer, too.
        """
        lengths = base_units("Schedule.n_steps", durations, error=ParameterError)
        if self.presentation is not None:
            lengths = np.full(lengths.shape, float(self.presentation))
        dt = float(self.dt)
        # A hair less, so that 0.7 s of 1 ms are 700 steps whatever the last bit says.
        steps = np.maximum(np.ceil(lengths / dt - 1e-6), 1).astype(np.int64)
        return steps + round(float(self.rest) / dt)


def _of_neurons(population: Population) -> list[tuple[str, Any]]:
    """Parameters and initial values of a population's neurons."""
    neuron = population.neuron
    return [*neuron.parameters.items(), *neuron.initial_values.items()]


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Network(Declaration):
    """A network that is shown samples one after the other.

    Parameters
    ----------
    populations : tuple of Population
        One of them has a :class:`PoissonInput` or :class:`SpikeInput` neuron for every feature.
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
        self._check_kinds()
        names = [p.name for p in self.populations] + [p.name for p in self.projections]
        repeated = sorted({n for n in names if names.count(n) > 1})
        if repeated:
            raise ParameterError(f"Network: names must differ, {', '.join(repeated)} repeat")
        if len(set(self.watched)) != len(self.watched):
            raise ParameterError(f"Network.watch: names must differ, got {self.watch!r}")
        spiking = [p.pre for p in self.projections if p.on_pre]
        for name in (*self.watched, *spiking):
            if not self.population(name).neuron.spikes:
                raise ParameterError(
                    f"Population {name}: must have a threshold, since its spikes are used; give "
                    f"its neuron one"
                )
        for projection in self.projections:
            pre, post = self.population(projection.pre), self.population(projection.post)
            square = projection.wiring in ("one_to_one", "all_but_one")
            if square and pre.n != post.n:
                raise ParameterError(
                    f"Projection {projection.name}: {projection.wiring} needs populations of the "
                    f"same size, got {pre.n} and {post.n}"
                )
        for projection in self.projections:
            batch = getattr(projection.rule, "batch", self.schedule.batch_size)
            if batch != self.schedule.batch_size:
                raise ParameterError(
                    f"Projection {projection.name}: batch of its rule must be the schedule's "
                    f"batch_size={self.schedule.batch_size}, got {batch}"
                )
        inputs = [p for p in self.populations if isinstance(p.neuron, INPUTS)]
        if len(inputs) != 1:
            raise ParameterError(
                "Network.populations: exactly one must have a PoissonInput, SpikeInput or "
                "SignalInput neuron, which is where the samples enter"
            )
        if inputs[0].n % self.n_features:
            raise ParameterError(
                f"Population.n: must be a multiple of n_channels={self.n_features} of its "
                f"DelayLineInput, got {inputs[0].n} ({inputs[0].name})"
            )
        if self.schedule.presentation is None and isinstance(inputs[0].neuron, PoissonInput):
            raise ParameterError(
                "Schedule.presentation: must be given for a PoissonInput, whose samples have no "
                "length of their own"
            )
        check_network(self)

    def __repr__(self) -> str:
        return network_repr(self)

    def _repr_html_(self) -> str:
        return network_html(self)

    def _check_kinds(self) -> None:
        for name, kind in (("populations", Population), ("projections", Projection)):
            given = getattr(self, name)
            if not isinstance(given, (list, tuple)) or not all(isinstance(p, kind) for p in given):
                raise ParameterError(
                    f"Network.{name}: must be a tuple of {kind.__name__}s, got {given!r}"
                )
            object.__setattr__(self, name, tuple(given))
        watch = self.watch
        if not isinstance(watch, str):
            many = isinstance(watch, (list, tuple)) and all(isinstance(n, str) for n in watch)
            if not many:
                raise ParameterError(
                    f"Network.watch: must be the name of a population or several, got {watch!r}"
                )
            object.__setattr__(self, "watch", tuple(watch))
        check_kind(self, "schedule", Schedule, "a Schedule")

    @property
    def watched(self) -> tuple[str, ...]:
        """Names of the populations whose spikes are recorded."""
        return (self.watch,) if isinstance(self.watch, str) else tuple(self.watch)

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
    def input(self) -> Population:
        """Population where the samples enter."""
        return next(p for p in self.populations if isinstance(p.neuron, INPUTS))

    @property
    def n_features(self) -> int:
        """Number of channels, or of features, of a sample."""
        neuron = self.input.neuron
        return round(neuron.n_channels) if isinstance(neuron, DelayLineInput) else self.input.n

    @property
    def drawn(self) -> frozenset[str]:
        """Names of what :meth:`sample` draws."""
        names = {
            f"{population.name}.{name}"
            for population in self.populations
            for name, value in _of_neurons(population)
            if is_distribution(value)
        }
        for projection in self.projections:
            drawn = ["i", "j", "delay"] if projection.listed else []
            drawn += ["w"] if is_distribution(projection.weight) else []
            for model in (projection.synapse, projection.rule):
                parameters = model.parameters if model is not None else {}
                drawn += [name for name, value in parameters.items() if is_distribution(value)]
            names |= {f"{projection.name}.{name}" for name in drawn}
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
            for name, value in _of_neurons(population):
                if is_distribution(value):
                    values = draw(population.neuron, name, value, stream, population.n)
                    drawn[f"{population.name}.{name}"] = values
        for projection in self.projections:
            synapses = self._sample_synapses(projection, next(streams))
            drawn.update({f"{projection.name}.{k}": v for k, v in synapses.items()})
        return drawn

    def _sample_synapses(
        self, projection: Projection, rng: np.random.Generator
    ) -> dict[str, npt.NDArray[np.float64]]:
        pre, post = self.population(projection.pre), self.population(projection.post)
        wiring, weight = projection.wiring, projection.weight
        if not projection.listed and not is_distribution(weight):
            return {}
        if isinstance(wiring, Wiring):
            i, j = wiring.connect(pre, post, rng)
        else:
            i, j = regular_pairs(wiring, pre.n, post.n)

        def values(declaration: Any, name: str, value: Any) -> npt.NDArray[np.float64]:
            if isinstance(value, PerTarget):
                return draw(declaration, name, value, rng, post.n)[j]
            return draw(declaration, name, value, rng, len(j))

        synapses = {"w": values(projection, "weight", weight)} if is_distribution(weight) else {}
        if not projection.listed:
            return synapses
        synapses |= {"i": np.asarray(i, dtype=float), "j": np.asarray(j, dtype=float)}
        if is_distribution(projection.delay):
            synapses["delay"] = values(projection, "delay", projection.delay)
        else:
            synapses["delay"] = np.full(len(i), float(projection.delay))
        for model in (projection.synapse, projection.rule):
            for name, value in model.parameters.items() if model is not None else ():
                if is_distribution(value):
                    synapses[name] = values(model, name, value)
        return sorted_synapses(synapses)

    def frozen(self) -> Self:
        """Return the network without its learning: no rule, no normalisation, fixed thresholds.

        What synapses set of a rule's variables, such as a reward, is left out with the rule.
        """
        return replace(
            self,
            populations=tuple(replace(p, neuron=p.neuron.frozen()) for p in self.populations),
            projections=tuple(self._without_learning(p) for p in self.projections),
        )

    def _without_learning(self, projection: Projection) -> Projection:
        of_rules: set[str] = set()
        for other in self.projections:
            if other.rule is not None:
                for end in ("pre", "post"):
                    if getattr(other, end) == projection.post:
                        names = Equations(str(getattr(other.rule, f"{end}_traces"))).names
                        of_rules |= {f"{name}_post" for name in names}
        model = projection.synapse
        if model is not None:
            codes = {n: getattr(model, n) for n in ("at_slot_start", "at_slot_end")}
            heard: dict[str, Any] = {
                n: "" if get_identifiers(c) & of_rules else c for n, c in codes.items()
            }
            model = replace(model, **heard)
        return replace(projection, rule=None, norm=None, synapse=model)
