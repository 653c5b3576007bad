"""What a run hands back, gathered chunk by chunk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from brian2 import second

from bioplastic.engine.outputs import Outputs
from bioplastic.engine.program import Chunk, ChunkResult, Recorder
from bioplastic.engine.state import State
from bioplastic.errors import SimulationError
from bioplastic.models import Network
from bioplastic.models.display import html_block, html_table
from bioplastic.models.suggesting import no_attribute
from bioplastic.spikes import SpikeTrains

__all__ = ["Gathered", "Result"]


@dataclass(kw_only=True, slots=True, repr=False)
class Result:
    """What a run hands back.

    Parameters
    ----------
    state : dict of str to ndarray
        Every variable after the run, by ``"population.variable"``; give it to the next run.
    counts : ndarray of shape (n_samples, n_units)
        Spikes of the watched population in the presentation that counted, where recorded.
    spikes : SpikeTrains or None
        The spikes themselves, where they were asked for.
    outputs : dict of str to sequence of ndarray of shape (n_looked, n_elements)
        The variables that were asked for, one array for each sample: in its last step, or in
        steps of it. Those in a file are read when they are asked for.
    spikes_per_slot, repeats : ndarray of shape (n_slots,)
        Of all slots, those included that were repeated.
    n_done : int
        Samples that were presented; fewer than asked for after Ctrl-C.
    interrupted : bool
        Whether Ctrl-C was pressed; the run then ends at a slot's edge, with nothing lost.
    timings : dict of str to float
        Seconds of ``"build"`` and ``"simulate"``.
    engine : dict of str to str
        Name, time step, integration methods and precision.
    """

    state: State
    counts: npt.NDArray[np.int32]
    spikes: SpikeTrains | None
    spikes_per_slot: npt.NDArray[np.int64]
    repeats: npt.NDArray[np.int64]
    n_done: int
    interrupted: bool
    timings: dict[str, float]
    engine: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, Sequence[npt.NDArray[np.float64]]] = field(default_factory=dict)

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


class Gathered:
    """What the chunks of a run have given so far.

    Parameters
    ----------
    network : Network
        The declaration.
    values : dict of str to ndarray
        Parameters and state; what a chunk leaves behind replaces what it began with.
    start, stop : int
        Presentations of the run.
    record : {"counts", "spikes", "nothing"}
        What to keep of the watched spikes.
    """

    def __init__(
        self, network: Network, values: State, *, start: int, stop: int, record: str
    ) -> None:
        self.values, self.position = values, start
        self._network, self._start, self._record = network, start, record
        n_samples = stop - start if record != "nothing" else 0
        self._counts = np.zeros((n_samples, network.n_watched), dtype=np.int32)
        self._spikes = [SpikeTrains([], [], [0], n_units=network.n_watched, duration=[])]
        self._logs = [np.zeros((0, 3))]
        self._seconds = 0.0

    def add(self, chunk: Chunk, done: ChunkResult) -> None:
        """Take what a program made of a chunk.

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
        begin = self.position
        self.values |= done.state
        self.position += int(done.state["schedule.cursor"][0])
        # A row of the chunk, no state of the network.
        self.values["schedule.cursor"] = np.zeros(1)
        self._seconds += done.seconds
        self._logs.append(done.log)
        if self._record == "nothing":
            return
        durations = chunk.n_steps * float(self._network.schedule.dt)
        accepted = _accepted(done, self._network.n_watched, durations)
        self._counts[begin - self._start : self.position - self._start] = accepted.counts()
        if self._record == "spikes":
            self._spikes.append(accepted)

    def result(
        self,
        *,
        parameters: Mapping[str, Any],
        engine: str,
        build_seconds: float,
        interrupted: bool,
        recorder: Recorder | None,
    ) -> Result:
        """Return all that was gathered."""
        log, neurons = np.concatenate(self._logs), [p.neuron for p in self._network.populations]
        return Result(
            state={k: v for k, v in self.values.items() if k not in parameters},
            counts=self._counts[: self.position - self._start],
            spikes=SpikeTrains.concatenate(self._spikes) if self._record == "spikes" else None,
            spikes_per_slot=log[:, 2].astype(np.int64),
            repeats=log[:, 1].astype(np.int64),
            n_done=self.position,
            interrupted=interrupted,
            timings={"build": build_seconds, "simulate": self._seconds},
            engine={
                "name": engine,
                "dt": str(self._network.schedule.dt),
                "methods": ", ".join(sorted({neuron.method for neuron in neurons})),
                "precision": "float64",
            },
            outputs=recorder.up_to(self.position) if isinstance(recorder, Outputs) else {},
        )


def _accepted(done: ChunkResult, n_units: int, durations: npt.NDArray[Any]) -> SpikeTrains:
    """Spikes of the last presentation of every sample that the chunk finished."""
    rows = done.log[:, 0]
    train = SpikeTrains(
        done.times,
        done.units,
        done.offsets,
        n_units=n_units,
        duration=durations[rows.astype(np.int64)] * second,
    )
    final = np.flatnonzero(np.diff(rows, append=np.inf) != 0)
    # After Ctrl-C the last sample may still be due for a repetition.
    if len(rows) and done.state["schedule.cursor"][0] <= rows[-1]:
        final = final[:-1]
    return train[final]
