"""Recorded state: chosen elements of a variable at chosen times, sample by sample."""

import copy
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import psutil

from bioplastic.engine.program import ChunkResult, ProbePlan
from bioplastic.engine.record import AT_END, Looked, Wanted, elements_of, unknown_variable
from bioplastic.engine.state import Values
from bioplastic.engine.stimulus import Steps
from bioplastic.errors import DataError, ParameterError
from bioplastic.models import Network

type Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SampleStates:
    """Values of a variable during one sample.

    Parameters
    ----------
    times : ndarray of shape (n_times,), in seconds
        From the begin of the sample. A value at time `t` is what all steps before `t` have left, as
        in Brian's StateMonitor, which also has the state at time 0.
    values : ndarray of shape (n_times, n_elements), in base units
    elements : ndarray of shape (n_elements,)
        Neurons, or synapses.
    unit : Unit
        Base unit of the values.
    """

    times: Numbers
    values: Numbers
    elements: npt.NDArray[np.int32]
    unit: Any


class States(Sequence[SampleStates]):
    """Values of a variable during the samples of a run.

    ``states[k]`` are those of one sample. Where all samples are equally long, `times` and `values`
    have them all in one array.

    Parameters
    ----------
    values : sequence of ndarray of shape (n_times, n_elements)
        In base units, of each sample; those in a file are read when they are asked for.
    n_steps : ndarray of shape (n_samples,)
        Lengths of the samples.
    every : int
        Steps from one value to the next; 0 where there is one, at the end of a sample.
    dt : float, in seconds
        Time step.
    elements : ndarray of shape (n_elements,)
        Neurons, or synapses.
    unit : Unit
        Base unit of the values.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import volt
    >>> from bioplastic.engine.states import States
    >>> v = States(
    ...     [np.zeros((4, 2)), np.ones((4, 2))], n_steps=np.array([8, 8]), every=2, dt=0.001,
    ...     elements=np.array([0, 5]), unit=volt,
    ... )
    >>> v.values.shape, v[1].values.shape
    ((2, 4, 2), (4, 2))
    >>> v[1].times.tolist()
    [0.002, 0.004, 0.006, 0.008]
    """

    def __init__(
        self,
        values: Sequence[Numbers],
        *,
        n_steps: npt.NDArray[np.int64],
        every: int,
        dt: float,
        elements: npt.NDArray[np.int32],
        unit: Any,
    ) -> None:
        self._values, self._n_steps = values, n_steps[: len(values)]
        self._every, self._dt = every, dt
        self.elements, self.unit = elements, unit

    def __len__(self) -> int:
        return len(self._values)

    @overload
    def __getitem__(self, index: int) -> SampleStates: ...
    @overload
    def __getitem__(self, index: slice) -> "States": ...
    def __getitem__(self, index: Any) -> Any:
        """Return the values of a sample; those of several for a slice."""
        if isinstance(index, slice):
            return self._with(self._values[index], self._n_steps[index])
        return SampleStates(self._times(index), self._values[index], self.elements, self.unit)

    def __repr__(self) -> str:
        when = f"every {self._every * self._dt:g} s" if self._every else "at the end"
        return f"<States: {len(self)} samples, {len(self.elements)} elements, {when}>"

    def _times(self, sample: int) -> Numbers:
        n_steps = int(self._n_steps[sample])
        if self._every == AT_END:
            return np.full(min(n_steps, 1), n_steps * self._dt)
        steps = np.arange(self._every, n_steps + 1, self._every, dtype=np.float64)
        return steps * self._dt

    @property
    def times(self) -> Numbers:
        """Times of the values of every sample, of shape (n_times,), in seconds.

        Raises
        ------
        DataError
            If samples differ in length.
        """
        if len(np.unique(self._n_steps)) > 1:
            raise DataError(
                "States: samples of different lengths have no times and values in common; take "
                "states[k].times and states[k].values of sample k"
            )
        return self._times(0) if len(self) else np.zeros(0)

    @property
    def values(self) -> Numbers:
        """Values of all samples, of shape (n_samples, n_times, n_elements), in base units.

        Raises
        ------
        DataError
            If samples differ in length, other than at whose end the only value is.
        """
        n_times = 1 if self._every == AT_END else len(self.times)
        if not len(self):
            return np.zeros((0, n_times, len(self.elements)))
        return np.stack(list(self._values))

    def in_this_order(self, order: npt.NDArray[np.int64]) -> "States":
        """Return the samples in another order."""
        return self._with([self._values[k] for k in order], self._n_steps[order])

    @classmethod
    def joined(cls, parts: Sequence["States"]) -> "States":
        """Put samples of several runs one after the other."""
        values = [value for part in parts for value in part._values]
        return parts[-1]._with(values, np.concatenate([part._n_steps for part in parts]))

    def _with(self, values: Sequence[Numbers], n_steps: npt.NDArray[np.int64]) -> "States":
        part = copy.copy(self)
        part._values, part._n_steps = values, n_steps[: len(values)]
        return part


class StateRecorder:
    """A recorder of the presentation of each sample that counts.

    Parameters
    ----------
    looked : mapping of str to Looked
        The variables.
    n_steps : ndarray of shape (n_samples,)
        Lengths of all samples.
    dt : float, in seconds
        Time step.
    first : int
        Presentation that comes first.

    Raises
    ------
    ParameterError
        When a run begins, if there is no such variable or element, or not enough memory.
    """

    def __init__(
        self, looked: Mapping[str, Looked], n_steps: Steps, *, dt: float, first: int = 0
    ) -> None:
        self._looked, self._n_steps, self._dt, self._first = dict(looked), n_steps, dt, first
        self._kept: dict[str, list[Numbers]] = {name: [] for name in looked}
        self._plan = ProbePlan(variables={})

    def of_a_part(self) -> "StateRecorder":
        """Return what records some of the samples, in a run of their own."""
        part = copy.copy(self)
        part._kept = {name: [] for name in self._looked}
        return part

    def begin(
        self, network: Network, sizes: Mapping[str, int], state: Values, *, start: int, stop: int
    ) -> None:
        """Note which elements there are of each variable, and whether there is room for them."""
        self._start = start
        for name, its in self._looked.items():
            if its.variable not in sizes:
                raise unknown_variable(name, sizes)
        self._elements = {
            name: elements_of(name, its.elements, sizes[its.variable])
            for name, its in self._looked.items()
        }
        self._plan = ProbePlan(
            variables={its.variable: self._elements[name] for name, its in self._looked.items()},
            every={its.variable: min(its.every, 2**31 - 1) for its in self._looked.values()},
        )
        self._make_room(8 * int(self.numbers(self._n_steps).sum()))

    def _counts(self, name: str, n_steps: Steps) -> Steps:
        """Count how often a variable is looked at in samples."""
        counts: Steps = self._plan.counts(
            self._looked[name].variable, np.arange(len(n_steps)), n_steps
        )
        return counts

    def _make_room(self, n_bytes: int) -> None:
        there_is = psutil.virtual_memory().total
        if n_bytes > there_is:
            raise ParameterError(
                f"record: {n_bytes // 8:,} numbers of {', '.join(self._looked)} would take "
                f"{n_bytes / 1e9:,.1f} GB of memory, and this machine has {there_is / 1e9:,.1f} "
                f"GB; choose elements, as in record={{'exc.v': [0, 1]}}, look less often, as in "
                f"every(10*ms), or write them to a file: record_path"
            )

    def numbers(self, n_steps: Steps) -> Steps:
        """Count the numbers that each of these samples will give."""
        numbers = np.zeros(len(n_steps), dtype=np.int64)
        for name, elements in self._elements.items():
            numbers += len(elements) * self._counts(name, n_steps)
        return numbers

    def plan(self, start: int, n_steps: Steps) -> ProbePlan:
        """Look at all variables when it is time, in every sample."""
        return self._plan

    def record(self, start: int, result: ChunkResult) -> None:
        """Take what was seen of the last presentation of each sample that is done."""
        for _, name, values in self._samples(start, result):
            self._kept[name].append(values)

    def _samples(self, start: int, result: ChunkResult) -> Iterator[tuple[int, str, Numbers]]:
        """Give sample, variable and values of each sample that is done."""
        assert result.probed is not None
        shown, n_done = result.log[:, 0].astype(np.int64), int(result.state["schedule.cursor"][0])
        last = np.flatnonzero((np.diff(shown, append=-1) != 0) & (shown < n_done))
        n_steps = self._n_steps[start - self._first :]
        for name, its in self._looked.items():
            counts = self._plan.counts(its.variable, shown, n_steps)
            ends, seen = np.cumsum(counts), result.probed.values[its.variable]
            for k in last.tolist():
                values = seen[ends[k] - counts[k] : ends[k]]
                # What does not count is not to be kept with what does.
                yield int(shown[k]), name, values if len(last) == len(shown) else values.copy()

    def states(self, stop: int) -> dict[str, States]:
        """Hand out what was recorded of the samples before `stop`."""
        n_steps = self._n_steps[self._start - self._first :]
        return {name: self._states(name, kept, n_steps) for name, kept in self._kept.items()}

    def _states(self, name: str, values: Any, n_steps: Steps) -> States:
        its = self._looked[name]
        return States(
            values, n_steps=n_steps, every=its.every, dt=self._dt, elements=self._elements[name],
            unit=its.unit,
        )  # fmt: skip


def state_recorder(
    wanted: Wanted,
    n_steps: Steps,
    *,
    path: str | os.PathLike[str] | None,
    first: int = 0,
    order: npt.NDArray[np.int64] | None = None,
) -> StateRecorder | None:
    """Make what records state, in memory or into a file; None where nothing is to be recorded.

    Raises
    ------
    ParameterError
        If there is a file and nothing for it.
    """
    how: dict[str, Any] = {"dt": float(wanted.network.schedule.dt), "first": first}
    if path is None:
        return StateRecorder(wanted.looked, n_steps, **how) if wanted.looked else None
    if not wanted.looked:
        raise ParameterError(
            f"record: must name variables for record_path={path}, such as {{'exc.v': [0, 1]}}"
        )
    # HDF5, which few runs need.
    from bioplastic.engine.state_file import StateFile

    return StateFile(wanted.looked, n_steps, **how, path=path, order=order)
