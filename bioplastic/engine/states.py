"""State that a run has recorded: values of a variable with their times, sample by sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from bioplastic.engine.record import AT_END
from bioplastic.errors import DataError

__all__ = ["SampleStates", "States"]

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
        return States(
            values, n_steps=n_steps, every=self._every, dt=self._dt, elements=self.elements,
            unit=self.unit,
        )  # fmt: skip
