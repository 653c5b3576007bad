"""What all inputs of a network are shown together, as one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic.engine.inputs import SpontaneousActivity, kind_of
from bioplastic.engine.plan import plan_of
from bioplastic.engine.stimulus import Stimulus
from bioplastic.errors import DataError
from bioplastic.models import Network, Population

__all__ = ["Stimuli", "with_noise_of_their_own"]


def with_noise_of_their_own(network: Network) -> tuple[str, ...]:
    """Name the inputs of rates after the first: their noise must be unlike that of the first."""
    return tuple(p.name for p in network.inputs if p.neuron.takes == "rates")[1:]


class Stimuli:
    """The stimuli of a network's inputs, checked and put into the order of the network.

    Parameters
    ----------
    network : Network
        The declaration.
    stimulus : Stimulus or sequence of Stimulus
        One for each input; a :class:`SpontaneousActivity` for a network that has none.

    Attributes
    ----------
    parts : tuple of Stimulus
        One for each input, which it names.

    Raises
    ------
    DataError
        If an input has no stimulus or two, or samples do not fit it or each other.
    """

    def __init__(self, network: Network, stimulus: Stimulus | Sequence[Stimulus]) -> None:
        self.network = network
        given = tuple(stimulus) if isinstance(stimulus, list | tuple) else (stimulus,)
        if wrong := [s for s in given if not isinstance(s, Stimulus)]:
            raise DataError(f"stimulus: must be {_wanted(network)}, got {wrong[0]!r}")
        found = {_target_of(network, part).name: part for part in given if part.takes}
        if not network.inputs and len(given) == 1 and not given[0].takes:
            found = {"": given[0]}
        if len(found) < max(len(given), len(network.inputs), 1):
            raise DataError(
                f"stimulus: must be {_wanted(network)}, one for each input, got "
                f"{', '.join(type(part).__name__ for part in given) or 'none'}"
            )
        names = [p.name for p in network.inputs] or [""]
        self.parts = tuple(replace(found[name], population=name) for name in names)
        self._check()

    def _check(self) -> None:
        for part in self.parts:
            part.check(self.network)
        lengths = {part.population: len(part) for part in self.parts}
        if len(set(lengths.values())) > 1:
            raise DataError(
                f"stimulus: all must have as many presentations, got "
                f"{', '.join(f'{n} for {name!r}' for name, n in lengths.items())}"
            )
        n_outputs = plan_of(self.network).n_target_signals
        gives = self._giver("target_signals")
        for part in self.parts:
            part.check_targets(n_outputs if part is gives or part.target_signals else 0)
        n = len(self)
        self._agree("keys", lambda part: [part.row_keys(0, n)])
        self._agree("targets", lambda part: [part.row_targets(0, n)])
        self._agree("target_signals", lambda part: part.picked(part.target_signals or (), 0, n))

    def _giver(self, field: str) -> Stimulus:
        """Return the part whose keys or targets count: the first that has some."""
        giving = (part for part in self.parts if getattr(part, field) is not None)
        first: Stimulus = next(giving, self.parts[0])
        return first

    def _agree(self, field: str, values: Callable[[Stimulus], Sequence[Any]]) -> None:
        """Refuse two parts that say different things of the same presentations."""
        first = self._giver(field)
        for part in self.parts:
            if part is first or getattr(part, field) is None:
                continue
            pairs = zip(values(first), values(part), strict=True)
            if not all(np.array_equal(one, other) for one, other in pairs):
                raise DataError(
                    f"stimulus.{field}: must be the same for all inputs, got others for "
                    f"{part.population!r} than for {first.population!r}; give them once"
                )

    def __len__(self) -> int:
        return len(self.parts[0])

    def durations(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Lengths of the presentations in seconds: those of the longest input."""
        longest: npt.NDArray[np.float64] = np.max(
            [part.durations(start, stop) for part in self.parts], axis=0
        )
        return longest

    def n_steps(self, start: int, stop: int) -> npt.NDArray[np.int64]:
        """Count the steps of the slots of the presentations `start` up to `stop`."""
        return self.network.schedule.n_steps(self.durations(start, stop))

    @property
    def numbers_per_step(self) -> int:
        """Numbers that a chunk takes for each of its steps."""
        return sum(p.n_features for p in self.network.inputs if kind_of(p).row == "step")

    def keys(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Keys of the presentations."""
        return self._giver("keys").row_keys(start, stop)

    def targets(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Targets of the presentations, 0 where there are none."""
        return self._giver("targets").row_targets(start, stop)

    def target_signals(
        self, start: int, stop: int, n_steps: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64] | None:
        """Target signals of the presentations end to end, in slots of `n_steps`."""
        return self._giver("target_signals").row_target_signals(start, stop, n_steps)

    def samples(
        self, start: int, stop: int, n_steps: npt.NDArray[np.int64], seed: tuple[int, int]
    ) -> dict[str, dict[str, npt.NDArray[Any]]]:
        """Return what a program is given of the presentations, by population.

        Parameters
        ----------
        start, stop : int
            Presentations.
        n_steps : ndarray of shape (stop - start,)
            Lengths of their slots.
        seed : tuple of int
            Two 32-bit words.

        Returns
        -------
        samples : dict of str to (dict of str to ndarray)
            See :meth:`Stimulus.arrays`; and a ``"key"`` of two words where an input's noise is not
            that of the seed alone.
        """
        found = {
            population.name: part.arrays(start, stop, n_steps, self.network.schedule)
            for population, part in zip(self.network.inputs, self.parts, strict=False)
        }
        for name in with_noise_of_their_own(self.network):
            words = np.random.SeedSequence([*seed, *name.encode()]).generate_state(2)
            found[name]["key"] = words.astype(np.int64)
        return found

    def in_this_order(self, order: npt.NDArray[np.int64]) -> "Stimuli":
        """Return the presentations in another order, each under the name that it had."""
        keys = self.keys(0, len(self))
        parts = [replace(part, keys=keys).in_this_order(order) for part in self.parts]
        return Stimuli(self.network, parts)


def _wanted(network: Network) -> str:
    """Say what the inputs of a network take."""
    wanted = [
        f"a {kind_of(p).__name__}, since {p.name!r} takes {p.neuron.takes}" for p in network.inputs
    ]
    none = f"a {SpontaneousActivity.__name__}, since the network has no input"
    return " and ".join(wanted) or none


def _target_of(network: Network, part: Stimulus) -> Population:
    """Return the population that a stimulus drives."""
    inputs = [p for p in network.inputs if part.population in ("", p.name)]
    if not inputs and network.inputs:
        raise DataError(
            f"stimulus.population: must be one of "
            f"{', '.join(repr(p.name) for p in network.inputs)}, got {part.population!r}"
        )
    fits = [p for p in inputs if p.neuron.takes == part.takes]
    if not fits:
        raise DataError(f"stimulus: must be {_wanted(network)}, got a {type(part).__name__}")
    if len(fits) > 1:
        raise DataError(
            f"stimulus.population: must say which of {', '.join(repr(p.name) for p in fits)} the "
            f"{type(part).__name__} is for, since they all take {part.takes}, got ''"
        )
    return fits[0]
