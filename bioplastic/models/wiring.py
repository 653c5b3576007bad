"""Sparse wirings as frozen declarations: who is connected to whom, drawn when a network is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bioplastic.errors import ParameterError
from bioplastic.models.declaration import Declaration, require, whole_numbers
from bioplastic.models.values import draw, is_distribution

if TYPE_CHECKING:
    from bioplastic.models.population import Population

Pairs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Wiring(Declaration):
    """Parent of the sparse wirings; one of your own overrides `Wiring.connect`."""

    def connect(self, pre: "Population", post: "Population", rng: np.random.Generator) -> Pairs:
        """Draw the synapses.

        Parameters
        ----------
        pre, post : Population
            What is connected; the same object where a population is connected to itself.
        rng : numpy.random.Generator
            Source of random numbers.

        Returns
        -------
        i, j : ndarray of shape (n_synapses,)
            Presynaptic and postsynaptic neuron of every synapse.
        """
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class RandomWiring(Wiring):
    """Every pair is connected with the same probability, no neuron to itself.

    Parameters
    ----------
    p : float
        Probability, 0 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic.models import LIF, Population, RandomWiring
    >>> liquid = Population(name="liquid", n=100, neuron=LIF())
    >>> i, j = RandomWiring(p=0.1).connect(liquid, liquid, np.random.default_rng(0))
    >>> 800 < len(i) < 1200
    True
    """

    p: float = field(kw_only=False)

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        require(self, "p", 0 <= self.p <= 1, "lie in 0..1")

    def connect(self, pre: "Population", post: "Population", rng: np.random.Generator) -> Pairs:
        """Draw the synapses, see :meth:`.Wiring.connect`."""
        # By the gaps between connected pairs: one random number a synapse, not one a pair.
        n_pairs = pre.n * post.n
        if self.p == 0 or n_pairs == 0:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        mean, found, last = n_pairs * self.p, [], -1
        while last < n_pairs:
            gaps = rng.geometric(self.p, int(mean + 4 * np.sqrt(mean) + 16))
            gaps = np.minimum(gaps, n_pairs + 1)  # sums of longer ones would overflow
            found.append(last + np.cumsum(gaps))
            last = int(found[-1][-1])
        pairs = np.concatenate(found)
        i, j = np.divmod(pairs[pairs < n_pairs], post.n)
        if pre.name == post.name:
            i, j = i[i != j], j[i != j]
        return i, j


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class FixedInDegree(Wiring):
    """Every postsynaptic neuron receives from equally many, chosen at random without repetition.

    Parameters
    ----------
    n : int
        Synapses of a neuron.

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic.models import LIF, Population
    >>> from bioplastic.models.wiring import FixedInDegree
    >>> liquid = Population(name="liquid", n=100, neuron=LIF())
    >>> i, j = FixedInDegree(n=7).connect(liquid, liquid, np.random.default_rng(0))
    >>> set(np.bincount(j).tolist()), bool((i == j).any())
    ({7}, False)
    """

    n: int = field(kw_only=False)

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        require(self, "n", self.n >= 0, "be >= 0")

    def connect(self, pre: "Population", post: "Population", rng: np.random.Generator) -> Pairs:
        """Draw the synapses, see :meth:`.Wiring.connect`."""
        same = pre.name == post.name
        others = pre.n - same
        others_of = f"the neurons of {pre.name!r} that one of {post.name!r} can receive from"
        require(self, "n", self.n <= others, f"be at most {others}, {others_of}")
        chosen = [rng.choice(others, self.n, replace=False) for _ in range(post.n)]
        i = np.concatenate(chosen) if chosen else np.zeros(0, dtype=np.int64)
        j = np.repeat(np.arange(post.n), self.n)
        if same:
            i = i + (i >= j)
        return i, j


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class DistanceWiring(Wiring):
    """Probability ``c*exp(-(d/length)**2)``, with `d` the distance on the populations' grids.

    Parameters
    ----------
    c : float
        Probability at distance 0.
    length : float
        Space constant, in steps of the grid.

    Notes
    -----
    Maass, Natschlaeger & Markram 2002, doi 10.1162/089976602760407955. Neurons stand on the
    points of ``Population.grid``; two populations may share a grid, see ``Population.places``.

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic.models import LIF, Population
    >>> from bioplastic.models.wiring import DistanceWiring
    >>> column = Population(name="column", n=135, neuron=LIF(), grid=(3, 3, 15))
    >>> wiring = DistanceWiring(c=0.3, length=2.0)
    >>> i, j = wiring.connect(column, column, np.random.default_rng(0))
    >>> places = column.positions()
    >>> bool(np.linalg.norm(places[i] - places[j], axis=1).mean() < 3)
    True
    """

    c: float = field(kw_only=False)
    length: float

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        holds, got = 0 <= self.c <= 1 and self.length > 0, f"{self.c} and {self.length}"
        require(self, "", holds, "have 0 <= c <= 1 and length > 0", got)

    def connect(self, pre: "Population", post: "Population", rng: np.random.Generator) -> Pairs:
        """Draw the synapses, see :meth:`.Wiring.connect`."""
        here, there = pre.positions(), post.positions()
        if here.shape[1] != there.shape[1]:
            raise ParameterError(
                f"Population.grid: must have as many axes in {pre.name!r} as in {post.name!r}, "
                f"which a DistanceWiring connects, got {pre.grid} and {post.grid}"
            )
        squared = ((here[:, None, :] - there[None, :, :]) ** 2).sum(axis=2)
        probability = self.c * np.exp(-squared / self.length**2)
        if pre.name == post.name:
            np.fill_diagonal(probability, 0.0)
        i, j = np.nonzero(rng.random(probability.shape) < probability)
        return i, j


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class TonotopicWiring(Wiring):
    """Each neuron receives from its neighborhood on the tonotopic axis of both populations.

    Neuron `k` of `n` lies at ``(k + 0.5)/n``. For every postsynaptic neuron `n` places are drawn
    from a normal distribution around its own, and the neurons at these places are its inputs.
    Places beyond the ends have none: neurons there have fewer synapses.

    Parameters
    ----------
    n : int
        Places of a postsynaptic neuron; one pair can have several synapses.
    width : float
        Standard deviation of the places, as a share of the whole axis.
    offset : float or Distribution
        Distance from a neuron's place to the middle of its inputs, as a share of the axis; drawn
        for each neuron where it is a distribution.

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic.models import LIF, Population, SpikeInput, TonotopicWiring
    >>> cochlea = Population(name="input", n=700, neuron=SpikeInput())
    >>> liquid = Population(name="liquid", n=100, neuron=LIF())
    >>> wiring = TonotopicWiring(n=20, width=0.02)
    >>> i, j = wiring.connect(cochlea, liquid, np.random.default_rng(0))
    >>> bool(np.abs(i / 700 - j / 100).max() < 0.15)
    True
    """

    n: int = field(kw_only=False)
    width: float
    offset: Any = 0.0

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        near = is_distribution(self.offset) or abs(self.offset) < 1
        holds = self.n >= 0 and self.width > 0 and near
        got = f"{self.n}, {self.width} and {self.offset}"
        require(self, "", holds, "have n >= 0, width > 0 and |offset| < 1", got)

    def connect(self, pre: "Population", post: "Population", rng: np.random.Generator) -> Pairs:
        """Draw the synapses, see :meth:`.Wiring.connect`."""
        drawn = is_distribution(self.offset)
        offset = draw(self, "offset", self.offset, rng, post.n) if drawn else self.offset
        middle = (np.arange(post.n) + 0.5) / post.n + offset
        j = np.repeat(np.arange(post.n), self.n)
        i = np.floor(rng.normal(middle[j], self.width) * pre.n).astype(np.int64)
        kept = (i >= 0) & (i < pre.n)
        if pre.name == post.name:
            kept &= i != j
        return i[kept], j[kept]


def n_regular(wiring: str, n_pre: int, n_post: int) -> int:
    """Count the synapses of the wirings that have names."""
    n_row = {"all_to_all": n_post, "one_to_one": 1, "all_but_one": n_post - 1}
    return n_pre * n_row[wiring]


def regular_pairs(wiring: str, n_pre: int, n_post: int) -> Pairs:
    """Pairs of the wirings that have names, row by row."""
    if wiring == "one_to_one":
        return np.arange(n_pre), np.arange(n_pre)
    i, j = np.divmod(np.arange(n_pre * n_post), n_post)
    if wiring == "all_but_one":
        i, j = i[i != j], j[i != j]
    return i, j


def sorted_synapses(
    synapses: Mapping[str, npt.NDArray[Any]],
) -> dict[str, npt.NDArray[Any]]:
    """Order synapses by presynaptic neuron, delay and postsynaptic neuron.

    Parameters
    ----------
    synapses : mapping of str to ndarray
        ``"i"``, ``"j"``, ``"delay"`` and whatever else a synapse has, all of the same length.
    """
    i, j, delay = synapses["i"], synapses["j"], synapses["delay"]
    step = np.sign(np.diff(i)) * 4.0 + np.sign(np.diff(delay)) * 2.0 + np.sign(np.diff(j)) * 1.0
    if (step >= 0).all():
        return dict(synapses)
    order = np.lexsort((j, delay, i))
    return {name: np.asarray(values)[order] for name, values in synapses.items()}


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class PairWiring(Wiring):
    """Synapses between neurons that are named, nothing left to chance.

    Parameters
    ----------
    i, j : sequence of int
        Presynaptic and postsynaptic neuron of every synapse.

    Examples
    --------
    >>> from bioplastic.models import PairWiring
    >>> PairWiring(i=[0, 0, 3], j=[1, 2, 2]).j
    (1, 2, 2)
    """

    i: Sequence[int] = field(kw_only=False)
    j: Sequence[int]

    def __post_init__(self) -> None:
        for name in ("i", "j"):
            object.__setattr__(self, name, whole_numbers(self, name))
        n, n_post = len(self.i), len(self.j)
        require(self, "j", n == n_post, f"have as many entries as i, {n}", str(n_post))

    def connect(self, pre: "Population", post: "Population", rng: np.random.Generator) -> Pairs:
        """Return the synapses, see :meth:`.Wiring.connect`.

        Raises
        ------
        ParameterError
            If a population has no neuron of that number.
        """
        for name, population in (("i", pre), ("j", post)):
            numbers = getattr(self, name)
            least, most = min(numbers, default=0), max(numbers, default=0)
            what = f"lie in 0..{population.n - 1}, the neurons of {population.name!r}"
            require(self, name, 0 <= least <= most < population.n, what, f"{least}..{most}")
        return np.array(self.i, dtype=np.int64), np.array(self.j, dtype=np.int64)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class StoredWiring(Wiring):
    """Synapses that stand in the state, as ``"projection.i"`` and ``"projection.j"``.

    For lists that are too long to be printed, such as those of a script of Brian2.

    Examples
    --------
    >>> from bioplastic.models import Projection
    >>> from bioplastic.models.wiring import StoredWiring
    >>> Projection(pre="exc", post="inh", wiring=StoredWiring(), weight=0.3).listed
    True
    """

    def connect(self, pre: "Population", post: "Population", rng: np.random.Generator) -> Pairs:
        """Draw nothing.

        Raises
        ------
        ParameterError
            Always: a state must have the synapses.
        """
        raise ParameterError(
            f"StoredWiring: the synapses from {pre.name!r} to {post.name!r} stand in a state; give "
            f"it to the run, with all that the network draws, as in engine.run(..., state=state)"
        )
