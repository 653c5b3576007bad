"""Values of some variables, kept of every sample."""

import copy
import itertools
import operator
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from bioplastic.engine.program import ChunkResult, ProbePlan
from bioplastic.engine.state import Values
from bioplastic.engine.stimulus import Steps
from bioplastic.errors import ParameterError
from bioplastic.models import Network

__all__ = ["Chosen", "Outputs", "kept_outputs"]

Chosen = Sequence[str] | Mapping[str, Sequence[int]]
Rows = dict[str, npt.NDArray[np.float64]]


class Outputs:
    """A recorder of some variables, of the presentation of each sample that counts.

    Parameters
    ----------
    chosen : sequence of str, or mapping of str to sequence of int
        The variables, as ``"population.variable"``; of a mapping, these elements of them.
    at : {"end", "steps"} or int
        Whether they are looked at in a sample's last step, in each, or in every so many.
    n_steps : ndarray of shape (n_samples,)
        Lengths of all samples.

    Raises
    ------
    ParameterError
        If `at` is none of these, and, when a run begins, if there is no such variable or element,
        or not enough memory.
    """

    def __init__(self, chosen: Chosen, at: str | int, n_steps: Steps) -> None:
        if isinstance(chosen, str):
            raise ParameterError(f"outputs: must be a sequence of names, write [{chosen!r}]")
        whole = isinstance(at, int | np.integer) and not isinstance(at, bool) and at >= 1
        if at not in ("end", "steps") and not whole:
            raise ParameterError(
                f"outputs_at: must be 'end', 'steps' or a whole number of steps >= 1, got {at!r}"
            )
        named: Any = chosen if isinstance(chosen, Mapping) else dict.fromkeys(chosen)
        self._chosen: dict[str, Any] = dict(named)
        self._every = None if at == "end" else 1 if at == "steps" else int(at)
        self._n_rows = self._n_looked(n_steps)
        self._kept: dict[str, list[npt.NDArray[np.float64]]] = {n: [] for n in self._chosen}

    def of_a_part(self) -> "Outputs":
        """Return what keeps the outputs of some of the samples, in a run of their own."""
        part = copy.copy(self)
        part._kept = {name: [] for name in self._chosen}
        return part

    def up_to(self, stop: int) -> dict[str, Sequence[npt.NDArray[np.float64]]]:
        """Hand out what was kept, one array for each sample before `stop`."""
        return dict(self._kept)

    def _n_looked(self, n_steps: Steps) -> Steps:
        """Count the steps of samples in which the variables are looked at."""
        return np.minimum(n_steps, 1) if self._every is None else n_steps // self._every

    def begin(
        self, network: Network, sizes: Mapping[str, int], state: Values, *, start: int, stop: int
    ) -> None:
        """Note which elements there are of each variable, and whether there is room for them."""
        if unknown := sorted(set(self._chosen) - set(sizes)):
            raise ParameterError(
                f"outputs: the network has no {', '.join(unknown)}; it has "
                f"{', '.join(sorted(sizes))}"
            )
        self._elements = {
            name: _elements(name, elements, sizes[name]) for name, elements in self._chosen.items()
        }
        self._width = sum(len(elements) for elements in self._elements.values())
        self._make_room(8 * self._width * int(self._n_rows.sum()))

    def _make_room(self, n_bytes: int) -> None:
        there_is = psutil.virtual_memory().total
        if n_bytes > there_is:
            raise ParameterError(
                f"outputs: {self._width} numbers in {self._n_rows.sum():,} steps would take "
                f"{n_bytes / 1e9:,.1f} GB of memory, and this machine has {there_is / 1e9:,.1f} "
                f"GB; choose elements, as in outputs={{'exc.v': [0, 1]}}, look less often, as in "
                f"outputs_at=10, or write them to a file: outputs_path"
            )

    def numbers(self, n_steps: Steps) -> Steps:
        """Count the numbers that each of these samples will give."""
        return self._n_looked(n_steps) * self._width

    def plan(self, start: int, n_steps: Steps) -> ProbePlan:
        """Look at them when it is time, in each of these samples."""
        n_looked = self._n_looked(n_steps)
        rows = np.repeat(np.arange(len(n_steps)), n_looked)
        number = np.arange(len(rows)) - np.repeat(np.cumsum(n_looked) - n_looked, n_looked)
        steps = n_steps - 1 if self._every is None else (number + 1) * self._every - 1
        return ProbePlan(rows=rows, steps=steps, variables=self._elements)

    def record(self, start: int, result: ChunkResult) -> None:
        """Take what was seen of the last presentation of each sample that is done."""
        for rows in self._samples(result):
            for name, values in rows.items():
                self._kept[name].append(values)

    def _samples(self, result: ChunkResult) -> Iterator[Rows]:
        """Give the values of each sample that is done."""
        seen, n_done = result.probed, int(result.state["schedule.cursor"][0])
        assert seen is not None
        last = dict(zip(seen.rows.tolist(), seen.repeats.tolist(), strict=True))
        counts = seen.repeats == np.array([last[row] for row in seen.rows.tolist()], dtype=np.int64)
        cuts = np.searchsorted(seen.rows[counts], np.arange(n_done + 1))
        found = {name: seen.values[name][counts] for name in self._elements}
        for a, b in itertools.pairwise(cuts.tolist()):
            yield {name: values[a:b] for name, values in found.items()}


def kept_outputs(
    chosen: Chosen, *more: Any, path: str | os.PathLike[str] | None, **where: Any
) -> Outputs | None:
    """Make what keeps outputs, in memory or in a file; None where there are none.

    Raises
    ------
    ParameterError
        If there is a file and nothing for it.
    """
    if path is None:
        return Outputs(chosen, *more) if chosen else None
    if not chosen:
        raise ParameterError(f"outputs: must name what goes to outputs_path={path}, got {chosen!r}")
    # HDF5, which few runs need.
    from bioplastic.engine.output_file import OutputFile

    return OutputFile(chosen, *more, path=path, **where)


def _elements(name: str, chosen: Any, size: int) -> npt.NDArray[np.int32]:
    """Check elements of a variable; all where none are chosen."""
    if chosen is None:
        return np.arange(size, dtype=np.int32)
    try:
        numbers = np.array([operator.index(k) for k in chosen], dtype=np.int64)
    except TypeError:
        numbers = np.array([-1])
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() < size:
        raise ParameterError(
            f"outputs[{name!r}]: must be whole numbers in 0..{size - 1}, got {chosen!r}"
        )
    return numbers.astype(np.int32)
