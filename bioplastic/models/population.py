"""Populations: neurons of one model, under one name."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bioplastic.errors import ParameterError
from bioplastic.models.declaration import Declaration, check_kind, read_at_start, whole_numbers
from bioplastic.models.neurons import NeuronModel

__all__ = ["RESERVED", "Population"]

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
    grid: tuple[int, ...] | None = read_at_start(default=None)
    places: tuple[int, ...] | None = read_at_start(default=None)

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
        if self.n % self.n_features:
            raise ParameterError(
                f"Population.n: must be a multiple of n_channels={self.n_features} of its "
                f"{type(self.neuron).__name__}, got {self.n} ({self.name})"
            )
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
