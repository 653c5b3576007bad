"""Populations: neurons of one model, under one name."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bioplastic.errors import ParameterError
from bioplastic.models.declaration import (
    Declaration,
    check_kind,
    read_at_start,
    require,
    whole_numbers,
)
from bioplastic.models.neurons import NeuronModel

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
    n: int = read_at_start()
    neuron: NeuronModel
    grid: tuple[int, ...] | None = read_at_start(default=None)
    places: tuple[int, ...] | None = read_at_start(default=None)

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        check_kind(self, "neuron", NeuronModel, "a NeuronModel, for example LIF()")
        object.__setattr__(self, "n", int(self.n))
        for name in ("grid", "places"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, whole_numbers(self, name))
        free = self.name.isidentifier() and self.name not in RESERVED
        require(self, "name", free, f"be an identifier other than {', '.join(sorted(RESERVED))}")
        of, kind, n_features = f"({self.name})", type(self.neuron).__name__, self.n_features
        require(self, "n", self.n >= 1, "be at least 1", f"{self.n} {of}")
        what = f"be a multiple of n_channels={n_features} of its {kind}"
        require(self, "n", self.n % n_features == 0, what, f"{self.n} {of}")
        taken = range(self.n) if self.places is None else self.places
        n_taken, what = len(taken), f"have n={self.n} entries"
        require(self, "places", n_taken == self.n, what, f"{n_taken} {of}")
        n_points = math.prod(self.grid or ())
        if self.grid is not None and not 0 <= min(taken) <= max(taken) < n_points:
            raise ParameterError(
                f"Population.grid: must have a point for every neuron, {self.grid} has {n_points} "
                f"{of}"
            )

    @property
    def n_features(self) -> int:
        """Number of features, or of channels, of the samples that the neurons take."""
        return self.neuron.n_features(self.n)

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
