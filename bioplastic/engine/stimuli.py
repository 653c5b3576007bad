"""What all inputs of a network are shown together, as one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic.engine.inputs import SpontaneousActivity, kind_of
from bioplastic.engine.plan import plan_of
from bioplastic.engine.stimulus import Steps, Stimulus, end_to_end
from bioplastic.errors import DataError
from bioplastic.models import Network, Population


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
        for part in self.parts:
            part.check(self.network)
        lengths = {part.population: len(part) for part in self.parts}
        if len(set(lengths.values())) > 1:
            raise DataError(
                f"stimulus: all must have as many presentations, got "
                f"{', '.join(f'{n} for {name!r}' for name, n in lengths.items())}"
            )
        n_outputs = plan_of(network).n_target_signals
        some_give = any(part.target_signals is not None for part in self.parts)
        for part in self.parts:
            part.check_targets(0 if some_give and part.target_signals is None else n_outputs)
        known = {part.population: part.known() for part in self.parts}
        (self.keys,) = self._agreed("keys", known)
        (self.targets,) = self._agreed("targets", known)
        self._signals = self._agreed("target_signals", known)

    def _agreed(self, field: str, known: Mapping[str, Mapping[str, Any]]) -> Sequence[Any]:
        """Return what is known by the first part that has a field; others must say the same."""
        giving = [part for part in self.parts if getattr(part, field) is not None]
        first = (*giving, *self.parts)[0]
        found: Sequence[Any] = known[first.population][field]
        for part in giving[1:]:
            if not all(map(np.array_equal, found, known[part.population][field])):
                raise DataError(
                    f"stimulus.{field}: must be the same for all inputs, got others for "
                    f"{part.population!r} than for {first.population!r}; give them once"
                )
        return found

    def __len__(self) -> int:
        return len(self.parts[0])

    def durations(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Lengths of the presentations in seconds: those of the longest input."""
        return np.asarray(np.max([part.durations(start, stop) for part in self.parts], axis=0))

    def n_steps(self, start: int, stop: int) -> Steps:
        """Count the steps of the slots of the presentations `start` up to `stop`."""
        return self.network.schedule.n_steps(self.durations(start, stop))

    @property
    def numbers_per_step(self) -> int:
        """Numbers that a chunk takes for each of its steps."""
        return sum(p.n_features for p in self.network.inputs if kind_of(p).row == "step")

    def n_stored(self, start: int, stop: int) -> npt.NDArray[np.int64]:
        """Numbers of each presentation that are read from files, those of all inputs."""
        return np.sum([part.n_stored(start, stop) for part in self.parts], axis=0)

    def shown(self, start: int, n_steps: Steps, seed: tuple[int, int]) -> dict[str, Any]:
        """Return what a program is given of presentations.

        Parameters
        ----------
        start : int
            The first.
        n_steps : ndarray of int64
            Lengths of their slots.
        seed : tuple of int
            Two 32-bit words.

        Returns
        -------
        fields : dict
            Of :class:`~bioplastic.engine.program.Chunk`.
        """
        stop = start + len(n_steps)
        samples = {
            population.name: part.arrays(start, stop, n_steps, self.network.schedule)
            for population, part in zip(self.network.inputs, self.parts, strict=False)
        }
        for population in self.network.inputs:
            row, given = kind_of(population).row, samples[population.name]
            n_rows = int(n_steps.sum()) if row == "step" else len(n_steps)
            if row and np.shape(given.get("table")) != (n_rows, population.n_features):
                raise DataError(
                    f"stimulus: arrays() must give a 'table' with a row for each {row}, of "
                    f"shape {(n_rows, population.n_features)} for {population.name!r}, got "
                    f"{ {name: np.shape(array) for name, array in given.items()} }"
                )
        for name in with_noise_of_their_own(self.network):
            words = np.random.SeedSequence([*seed, *name.encode()]).generate_state(2)
            samples[name]["key"] = words.astype(np.int64)
        signals = self._signals[start:stop]
        return {
            "samples": samples,
            "keys": self.keys[start:stop],
            "targets": self.targets[start:stop],
            "target_signals": end_to_end(signals, n_steps) if signals else None,
        }

    def in_this_order(self, order: npt.NDArray[np.int64]) -> "Stimuli":
        """Return the presentations in another order, each under the name that it had."""
        before = np.arange(len(self))
        orders = [before if p.order is None else np.asarray(p.order) for p in self.parts]
        parts = [
            replace(part, order=old[order], keys=self.keys[order])
            for part, old in zip(self.parts, orders, strict=True)
        ]
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
