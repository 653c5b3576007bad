"""What a run hands back, joined from its chunks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from brian2 import second

from bioplastic.engine.program import Chunk, ChunkResult
from bioplastic.engine.record import Wanted
from bioplastic.engine.state import State
from bioplastic.engine.states import States
from bioplastic.errors import SimulationError
from bioplastic.models.display import html_block, html_table
from bioplastic.models.suggesting import no_attribute
from bioplastic.spikes import SpikeTrains


@dataclass(kw_only=True, slots=True, repr=False)
class Result:
    """What a run hands back.

    Parameters
    ----------
    state : dict of str to ndarray
        Every variable after the run, by ``"population.variable"``; give it to the next run.
    counts : ndarray of shape (n_samples, n_units)
        Spikes of the watched population in the presentation that counted, where recorded.
    spikes : SpikeTrains, dict of str to SpikeTrains, or None
        The spikes themselves, where they were asked for; by population, where these were named.
    states : dict of str to States
        The variables that were asked for, with the times of their values. Those in a file are read
        when they are asked for.
    spikes_per_slot, repeats : ndarray of shape (n_slots,)
        Of all slots, those included that were repeated.
    n_done : int
        Samples that were presented; fewer than asked for after Ctrl-C.
    interrupted : bool
        Whether Ctrl-C was pressed; the run then ends at a slot's edge, with nothing lost.
    timings : dict of str to float
        Seconds of ``"build"``, all that the run waited for programs to be generated and compiled
        (0 where they were there), and of ``"simulate"``.
    engine : dict of str to str
        Name, time step, integration methods and precision.
    """

    state: State
    counts: npt.NDArray[np.int32]
    spikes: Any
    spikes_per_slot: npt.NDArray[np.int64]
    repeats: npt.NDArray[np.int64]
    n_done: int
    interrupted: bool
    timings: dict[str, float]
    engine: dict[str, str] = field(default_factory=dict)
    states: dict[str, States] = field(default_factory=dict)

    if not TYPE_CHECKING:  # to a type checker every attribute would be there

        def __getattr__(self, name: str) -> Any:
            raise no_attribute(self, name)

    def _summary(self) -> dict[str, str]:
        timings = ", ".join(f"{name} {seconds:.3g} s" for name, seconds in self.timings.items())
        return {
            "n_done": f"{self.n_done}{', interrupted' if self.interrupted else ''}",
            "n_spikes": str(int(self.counts.sum()) if self.counts.size else 0),
            "engine": self.engine.get("name", ""),
            "timings": timings,
        }

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {np.shape(values)}" for name, values in self.state.items())
        shown = "".join(f"{name}={text}; " for name, text in self._summary().items())
        return f"<Result: {shown}state: {shapes}>"

    def _repr_html_(self) -> str:
        shapes = [(name, np.shape(values)) for name, values in self.state.items()]
        return html_block(
            "Result",
            html_table(["", ""], self._summary().items()),
            html_table(["state", "shape"], shapes),
        )


#: Without it nobody knows what was done.
_CURSOR = {"schedule.cursor"}


def result_of_nothing(state: State, *, wanted: Wanted, engine: str, n_done: int) -> Result:
    """Return the result of a run that has not presented anything yet.

    Parameters
    ----------
    state : dict of str to ndarray
        Parameters and state.
    wanted : Wanted
        What is recorded, of which network.
    engine : str
        Its name.
    n_done : int
        Presentations of earlier runs.
    """
    none, network = np.zeros(0, dtype=np.int64), wanted.network
    return Result(
        state=state,
        counts=np.zeros((0, network.n_watched), dtype=np.int32),
        spikes=_spikes_of(_silence(wanted), wanted),
        spikes_per_slot=none,
        repeats=none,
        n_done=n_done,
        interrupted=False,
        timings={"build": 0.0, "simulate": 0.0},
        engine={
            "name": engine,
            "dt": str(network.schedule.dt),
            "methods": ", ".join(sorted({p.neuron.method for p in network.populations})),
            "precision": "float64",
        },
    )


def check_answer(engine: str, chunk: Chunk, done: Any, *, stopped: Callable[[], bool]) -> None:
    """Refuse what an engine cannot have found.

    Raises
    ------
    SimulationError
        If it is no ChunkResult, or does not fit what the engine was given.
    """
    wrong = ""
    if not isinstance(done, ChunkResult):
        wrong = f"a {type(done).__name__} in place of a ChunkResult"
    elif missing := _CURSOR - done.state.keys() or done.state.keys() - chunk.values.keys():
        wrong = f"a state that lacks, or has beside those of sizes, {', '.join(sorted(missing))}"
    elif sizes := [n for n, v in done.state.items() if np.size(v) != np.size(chunk.values[n])]:
        wrong = f"another number of values of {', '.join(sizes)}"
    elif np.shape(done.log) != (len(done.offsets) - 1, 3):
        wrong = f"a log of shape {np.shape(done.log)} for {len(done.offsets) - 1} slots"
    elif (cursor := done.state["schedule.cursor"].item()) not in range(len(chunk.keys) + 1):
        wrong = f"schedule.cursor {cursor} for {len(chunk.keys)} samples"
    elif not (cursor or stopped()) or not {*range(int(cursor))} <= {*done.log[:, 0].tolist()}:
        wrong = f"a log without some of the samples that are done, {cursor:g} by schedule.cursor"
    elif chunk.probe is not None and done.probed is None:
        wrong = "nothing of what was to be probed"
    if wrong:
        raise SimulationError(f"engine {engine!r} has handed back {wrong}")


def result_of_chunk(before: Result, wanted: Wanted, chunk: Chunk, done: ChunkResult) -> Result:
    """Return what a program made of the chunk that comes after a result.

    Raises
    ------
    SimulationError
        If it is not finite.
    """
    bad = sorted(k for k, v in done.state.items() if not np.isfinite(v).all())
    if bad:  # before anybody keeps it
        raise SimulationError(
            f"the run gave values that are not finite in {', '.join(bad)}: a smaller dt, "
            f"another method or smaller weights may help"
        )
    result = replace(
        before,
        spikes_per_slot=done.log[:, 2].astype(np.int64),
        repeats=done.log[:, 1].astype(np.int64),
        n_done=before.n_done + int(done.state["schedule.cursor"][0]),
        timings={"build": done.build_seconds, "simulate": done.seconds},
    )
    if wanted.counted:
        network = wanted.network
        accepted = _accepted(done, _n_kept(wanted), chunk.n_steps * float(network.schedule.dt))
        result.counts = accepted.counts()[:, : network.n_watched].astype(np.int32)
        result.spikes = _spikes_of(accepted, wanted)
    return result


def _n_kept(wanted: Wanted) -> int:
    return sum(wanted.network.population(name).n for name in wanted.kept)


def _silence(wanted: Wanted) -> SpikeTrains:
    none, offsets = np.zeros(0), np.zeros(1, dtype=np.int64)
    return SpikeTrains._trusted(none, none.astype(np.int32), offsets, _n_kept(wanted), none)


def _spikes_of(kept: SpikeTrains, wanted: Wanted) -> Any:
    """Return what was asked for of the spikes of all populations that a program handed back."""
    if not isinstance(wanted.spikes, tuple):
        return kept if wanted.spikes else None
    first, found = 0, {}
    for name in wanted.kept:
        n = wanted.network.population(name).n
        if name in wanted.spikes:
            own = (kept.units >= first) & (kept.units < first + n)
            offsets = np.concatenate([[0], np.cumsum(own)])[kept.offsets]
            found[name] = SpikeTrains._trusted(
                kept.times[own], kept.units[own] - np.int32(first), offsets, n, kept.duration
            )
        first += n
    return {name: found[name] for name in wanted.spikes}


def joined(results: Sequence[Result], *, build: float, **changes: Any) -> Result:
    """Return the results of samples that follow each other as one, with some fields anew.

    `build` are the seconds that were waited for builds in all.
    """
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(result, name) for result in results])
        for name in ("counts", "spikes_per_slot", "repeats")
    }
    timings = {
        "build": build,
        "simulate": sum(result.timings["simulate"] for result in results),
    }
    arrays["spikes"] = _joined_spikes([result.spikes for result in results])
    return replace(results[-1], timings=timings, **arrays, **changes)


def _joined_spikes(parts: Sequence[Any]) -> Any:
    if isinstance(parts[-1], Mapping):
        return {name: SpikeTrains.concatenate([p[name] for p in parts]) for name in parts[-1]}
    return None if parts[-1] is None else SpikeTrains.concatenate(parts)


def _accepted(done: ChunkResult, n_units: int, durations: npt.NDArray[Any]) -> SpikeTrains:
    """Spikes of the last presentation of every sample that the chunk finished."""
    rows = done.log[:, 0]
    duration = durations[rows.astype(np.int64)] * second
    train = SpikeTrains(done.times, done.units, done.offsets, n_units=n_units, duration=duration)
    final = np.flatnonzero(np.diff(rows, append=np.inf) != 0)
    # After Ctrl-C the last sample may still be due for a repetition.
    if len(rows) and done.state["schedule.cursor"][0] <= rows[-1]:
        final = final[:-1]
    return train[final]
