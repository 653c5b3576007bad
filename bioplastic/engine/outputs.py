"""Values of some variables, kept of every sample."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from bioplastic.engine.program import ChunkResult, ProbePlan
from bioplastic.models import Network

__all__ = ["Outputs"]


class Outputs:
    """A recorder of some variables, of the presentation of each sample that counts.

    Parameters
    ----------
    names : sequence of str
        The variables, as ``"population.variable"``.
    at : {"end", "steps"}
        Whether they are looked at in a sample's last step, or in each.

    Attributes
    ----------
    values : dict of str to list of ndarray of shape (n_looked, n_elements)
        One array for each sample so far.
    """

    def __init__(self, names: Sequence[str], at: str) -> None:
        self._names, self._at = names, at
        self.values: dict[str, list[npt.NDArray[np.float64]]] = {name: [] for name in names}

    def begin(
        self,
        network: Network,
        sizes: Mapping[str, int],
        state: Mapping[str, npt.NDArray[np.float64]],
        *,
        start: int,
        stop: int,
    ) -> None:
        """Note how many elements there are of each variable."""
        self._elements = {name: np.arange(sizes[name], dtype=np.int32) for name in self._names}

    def plan(self, start: int, n_steps: npt.NDArray[np.int64]) -> ProbePlan:
        """Look at all of them in the last step of each sample, or in every step."""
        rows, steps = np.arange(len(n_steps)), n_steps - 1
        if self._at == "steps":
            rows = np.repeat(rows, n_steps)
            steps = np.arange(len(rows)) - np.repeat(np.cumsum(n_steps) - n_steps, n_steps)
        return ProbePlan(rows=rows, steps=steps, variables=self._elements)

    def record(self, start: int, result: ChunkResult) -> None:
        """Take what was seen of the last presentation of each sample that is done."""
        seen, n_done = result.probed, int(result.state["schedule.cursor"][0])
        assert seen is not None
        last = dict(zip(seen.rows.tolist(), seen.repeats.tolist(), strict=True))
        counts = seen.repeats == np.array([last[row] for row in seen.rows.tolist()], dtype=np.int64)
        cuts = np.searchsorted(seen.rows[counts], np.arange(n_done + 1))
        for name, values in self.values.items():
            found = seen.values[name][counts]
            values.extend(found[a:b] for a, b in itertools.pairwise(cuts))
