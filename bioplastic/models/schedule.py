"""How samples follow each other."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import ms

from bioplastic._quantities import base_units
from bioplastic.errors import ParameterError
from bioplastic.models.declaration import Declaration, field_values, key_of, parameter, require
from bioplastic.models.timing import whole_steps
from bioplastic.models.values import is_distribution


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Schedule(Declaration):
    """How samples follow each other: a slot is one presentation and the rest after it.

    A sample that made the watched population fire fewer than `min_spikes` times is presented
    again with more input, up to `max_repeats` times. All of it happens inside the program.

    Parameters
    ----------
    presentation, rest, dt : Quantity, in seconds
        Lengths; whole multiples of `dt`. Spikes and signals have a length of their own, to which a
        `presentation` of None gives way, the longest of a sample's; it is rounded up to a step.
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
    dt: Any = parameter(0.5 * ms, low=0, key=key_of)
    min_spikes: Any = parameter(5, low=0, strict=False)
    max_repeats: Any = parameter(8, low=0, strict=False)
    batch_size: Any = parameter(1, low=1, strict=False)

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        for name, value in field_values(self).items():
            require(self, name, not is_distribution(value), "be one value")
        for name in ("presentation", "rest"):
            if (length := getattr(self, name)) is not None:
                whole_steps(f"Schedule.{name}", length, self.dt, least=0)

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
        steps = np.clip(np.ceil(lengths / dt - 1e-6), 1, 2.0**62).astype(np.int64)
        return steps + round(float(self.rest) / dt)
