"""Networks as frozen declarations: populations, projections and the schedule of samples."""

import math
from dataclasses import dataclass, field, replace
from typing import Any, Self

from brian2 import ms, second

from bioplastic.errors import ParameterError
from bioplastic.models.declaration import Declaration, parameter
from bioplastic.models.neurons import NeuronModel, PoissonInput
from bioplastic.models.plasticity import PlasticityRule

__all__ = ["Network", "Population", "Projection", "Schedule"]

WIRINGS = ("all_to_all", "one_to_one", "all_but_one")
#: Names of an engine's own objects.
RESERVED = frozenset({"schedule", "watch", "spikes", "step_clock", "slot_clock"})


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

    Examples
    --------
    >>> from bioplastic.models import LIF, Population
    >>> Population(name="liquid", n=100, neuron=LIF()).n
    100
    """

    name: str
    n: int
    neuron: NeuronModel

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.name in RESERVED:
            raise ParameterError(
                f"Population.name: must be an identifier other than {', '.join(sorted(RESERVED))}, "
                f"got {self.name!r}"
            )
        if self.n < 1:
            raise ParameterError(f"Population.n: must be at least 1, got {self.n} ({self.name})")


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Projection(Declaration):
    """Synapses from one population to another.

    Parameters
    ----------
    pre, post : str
        Names of the populations.
    wiring : {"all_to_all", "one_to_one", "all_but_one"}
        Who is connected; ``"all_but_one"`` leaves out the partner of the same index.
    on_pre : str
        What a presynaptic spike does, for example ``"ge_post += w"``.
    weight : float or None
        One weight for all synapses; None gives each synapse a `w` of its own, set from the state.
    rule : PlasticityRule or None
        How `w` changes; it needs a weight for each synapse.
    norm : float or None
        Incoming weights of each neuron are scaled to this sum when a slot begins.
    pooled : bool
        ``"all_but_one"`` with one weight: sum the spikes once and hand the sum on, at a cost of
        O(n) in place of O(n**2) synapses. Same mathematics; `on_pre` must add ``weight``.

    Examples
    --------
    >>> from bioplastic.models import Projection
    >>> Projection(pre="a", post="b", wiring="one_to_one", on_pre="ge_post += w", weight=10.4).name
    'a_to_b'
    """

    pre: str
    post: str
    wiring: str = "all_to_all"
    on_pre: str = "ge_post += w"
    weight: float | None = None
    rule: PlasticityRule | None = None
    norm: float | None = None
    pooled: bool = True

    def __post_init__(self) -> None:
        if self.wiring not in WIRINGS:
            raise ParameterError(
                f"Projection.wiring: must be one of {', '.join(WIRINGS)}, got {self.wiring!r}"
            )
        if self.weight is not None and (self.rule is not None or self.norm is not None):
            raise ParameterError(
                f"Projection.weight: must be None where a rule or a norm changes the weights "
                f"({self.name}), got {self.weight}"
            )
        if self.weight is not None and not math.isfinite(self.weight):
            raise ParameterError(
                f"Projection.weight: must be finite, got {self.weight} ({self.name})"
            )
        if self.norm is not None and not 0 < self.norm < math.inf:
            raise ParameterError(f"Projection.norm: must be > 0, got {self.norm} ({self.name})")

    @property
    def name(self) -> str:
        """Name under which the weights stand in the state."""
        return f"{self.pre}_to_{self.post}"


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Schedule(Declaration):
    """How samples follow each other: a slot is one presentation and the rest after it.

    A sample that made the watched population fire fewer than `min_spikes` times is presented
    again with more input, up to `max_repeats` times. All of it happens inside the program.

    Parameters
    ----------
    presentation, rest, dt : Quantity, in seconds
        Lengths; whole multiples of `dt`.
    min_spikes, max_repeats : int
        When a presentation is repeated.

    Examples
    --------
    >>> from bioplastic.models import Schedule
    >>> Schedule().n_steps
    1000
    """

    presentation: Any = parameter(350 * ms, low=0)
    rest: Any = parameter(150 * ms, low=0, strict=False)
    dt: Any = parameter(0.5 * ms, low=0)
    min_spikes: Any = parameter(5, low=0, strict=False)
    max_repeats: Any = parameter(8, low=0, strict=False)

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        for name in ("presentation", "rest"):
            steps = float(getattr(self, name) / self.dt)
            if not math.isclose(steps, round(steps), abs_tol=1e-6):
                raise ParameterError(
                    f"Schedule.{name}: must be a whole multiple of dt={self.dt}, "
                    f"got {getattr(self, name)}"
                )

    @property
    def n_steps(self) -> int:
        """Steps of one slot."""
        return round(float((self.presentation + self.rest) / self.dt))

    @property
    def slot(self) -> Any:
        """Length of one slot, in seconds."""
        return self.n_steps * float(self.dt) * second


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Network(Declaration):
    """A network that is shown samples one after the other.

    Parameters
    ----------
    populations : tuple of Population
        One of them has a :class:`PoissonInput` neuron for every feature.
    projections : tuple of Projection
        Synapses between them, in the order in which they act within a step.
    watch : str
        Population whose spikes are recorded, and counted for the schedule.
    schedule : Schedule
        Lengths and repetitions.

    Raises
    ------
    ParameterError
        If names repeat, a projection names a population that is not there, or sizes do not fit.

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
    watch: str
    schedule: Schedule = field(default_factory=Schedule)

    def __post_init__(self) -> None:
        names = [p.name for p in self.populations] + [p.name for p in self.projections]
        repeated = sorted({n for n in names if names.count(n) > 1})
        if repeated:
            raise ParameterError(f"Network: names must differ, {', '.join(repeated)} repeat")
        for name in (self.watch, *(p.pre for p in self.projections)):
            if not self.population(name).neuron.threshold:
                raise ParameterError(
                    f"Population {name}: must have a threshold, since its spikes are used; give "
                    f"its neuron one"
                )
        for projection in self.projections:
            pre, post = self.population(projection.pre), self.population(projection.post)
            if projection.wiring != "all_to_all" and pre.n != post.n:
                raise ParameterError(
                    f"Projection {projection.name}: {projection.wiring} needs populations of the "
                    f"same size, got {pre.n} and {post.n}"
                )
        if sum(isinstance(p.neuron, PoissonInput) for p in self.populations) != 1:
            raise ParameterError(
                "Network.populations: exactly one must have a PoissonInput neuron, which is "
                "where the samples enter"
            )

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
        return next(p for p in self.populations if isinstance(p.neuron, PoissonInput))

    def frozen(self) -> Self:
        """Return the network without its learning: no rule, no normalisation, fixed thresholds."""
        return replace(
            self,
            populations=tuple(replace(p, neuron=p.neuron.frozen()) for p in self.populations),
            projections=tuple(replace(p, rule=None, norm=None) for p in self.projections),
        )
