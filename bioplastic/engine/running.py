"""Show a whole data set to a network: chunks of one build, progress, interruptions."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from brian2 import second
from tqdm.auto import tqdm

from bioplastic.engine.engines import find_engine, open_program
from bioplastic.engine.lanes import Combine, check_lanes, in_order
from bioplastic.engine.limits import check_lists, check_steps
from bioplastic.engine.output_file import kept_outputs
from bioplastic.engine.outputs import Outputs
from bioplastic.engine.plan import plan_of
from bioplastic.engine.program import (
    Chunk,
    ChunkResult,
    Program,
    Recorder,
    deferred_interrupt,
)
from bioplastic.engine.state import State, complete_state
from bioplastic.engine.stimulus import (
    SignalStimulus,
    Stimulus,
    check_stimulus,
    signal_rows,
    target_rows,
)
from bioplastic.errors import ParameterError, SimulationError
from bioplastic.models import Network
from bioplastic.models.display import html_block, html_table
from bioplastic.models.suggesting import no_attribute
from bioplastic.spikes import SpikeTrains

__all__ = ["Result", "run"]

#: Numbers of one chunk, signals and outputs: 128 MiB.
MAX_NUMBERS = 2**24


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


def run(
    network: Network,
    stimulus: Stimulus,
    *,
    seed: int | np.random.SeedSequence,
    state: Mapping[str, npt.NDArray[np.float64]] | None = None,
    engine: str = "auto",
    program: Program | None = None,
    start: int = 0,
    stop: int | None = None,
    record: Literal["counts", "spikes", "nothing"] = "counts",
    outputs: Sequence[str] | Mapping[str, Sequence[int]] = (),
    outputs_at: Literal["end", "steps"] | int = "end",
    outputs_path: str | os.PathLike[str] | None = None,
    lanes: int = 1,
    combine: Combine = None,
    chunk_size: int = 1000,
    on_chunk: Callable[[int, ChunkResult], None] | None = None,
    recorder: Recorder | None = None,
    description: str = "",
    progress: bool = False,
    interrupted: Callable[[], bool] | None = None,
) -> Result:
    """Show every sample of a stimulus to a network, in one program.

    Parameters
    ----------
    network : Network
        The declaration.
    stimulus : RateStimulus, SpikeStimulus or SignalStimulus
        The samples.
    seed : int or SeedSequence
        Of the input noise, of random numbers in equations of your own, and of what the network
        draws (`Network.sample`) where `state` does not hold it.
    state : mapping of str to ndarray, optional
        Values to begin with, for example ``{"input_to_excitatory.w": ...}``; the models'
        initial values where absent. Parameters can be overridden in the same way.
    engine : str
        See :func:`open_program`.
    program : Program, optional
        A program that is already open, in place of `engine`.
    start, stop : int
        First presentation, those before it were made by an earlier run; and the one before which
        the run ends, after the last where None.
    record : {"counts", "spikes", "nothing"}
        What to keep of the watched population's spikes: how many each neuron gave to each sample,
        the spikes themselves as well, or nothing; then nobody but a `recorder` gets them.
    outputs : sequence of str, or mapping of str to sequence of int
        Variables to keep of every sample, for example ``["readout.y"]``, or some of their elements:
        ``{"exc.v": [0, 5]}``; in place of a `recorder`.
    outputs_at : {"end", "steps"} or int
        Whether their values count in a sample's last step, in each, or in every so many.
    outputs_path : path-like, optional
        New HDF5 file for them, where memory has no room.
    lanes : int
        Samples that are shown side by side, as replicas of the network. Where nothing is learned,
        results do not depend on it.
    combine : {"sum", "mean", None}
        What becomes of the changes that samples side by side made to what lasts (weights,
        thresholds): all of a round begin with the same values, and the next goes on from the sum
        of these changes, or their mean. None where samples teach nothing.
    chunk_size : int
        Samples between two calls of `on_chunk`. Results do not depend on it.
    on_chunk : callable, optional
        Called with the number of presentations done and the chunk's result.
    recorder : Recorder, optional
        Looks at variables on the way, see :class:`bioplastic.inspect.PlasticityRecorder`.
    description : str
        Text beside the progress bar.
    progress : bool
        Whether to show one.
    interrupted : callable, optional
        Tells whether to end at the next slot's edge, in place of Ctrl-C.

    Returns
    -------
    result : Result
        After Ctrl-C it ends at a slot's edge, with ``n_done`` less than ``len(stimulus)``.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import ms
    >>> from bioplastic import engine
    >>> from bioplastic.models import (
    ...     LIF, Network, PoissonInput, Population, Projection, Schedule,
    ... )
    >>> network = Network(
    ...     populations=(
    ...         Population(name="input", n=4, neuron=PoissonInput()),
    ...         Population(name="output", n=2, neuron=LIF()),
    ...     ),
    ...     projections=(
    ...         Projection(pre="input", post="output", on_pre="i_syn_post += w*mV", weight=40.0),
    ...     ),
    ...     watch="output",
    ...     schedule=Schedule(presentation=20 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0),
    ... )
    >>> samples = engine.RateStimulus(values=np.full((3, 4), 500.0))
    >>> result = engine.run(network, samples, seed=1, engine="numpy")
    >>> result.counts.shape
    (3, 2)
    """
    chosen = find_engine(engine)
    check_stimulus(network, stimulus)
    if record not in ("counts", "spikes", "nothing"):
        raise ParameterError(f"record: must be 'counts', 'spikes' or 'nothing', got {record!r}")
    total = len(stimulus) if stop is None else stop
    if not 0 <= start <= total <= len(stimulus):
        raise ParameterError(
            f"start, stop: must lie within the {len(stimulus)} samples and in this order, got "
            f"{start} and {stop}"
        )
    plan = plan_of(network)
    network = plan.network
    check_lanes(network, lanes, combine)
    if program is None:
        program = open_program(network, engine=chosen.name, lanes=lanes)
    words = _seed_words(seed)
    parameters = {k: np.array([v]) for k, v in plan.values.items()}
    values = complete_state(
        network, program.sizes, {**parameters, **(state or {})}, _sequence(seed)
    )
    check_lists(network, values, lanes=lanes, copies=chosen.copies, rings=chosen.rings)
    position, simulated = start, 0.0
    n_units = network.n_watched
    counts = np.zeros((total - start if record != "nothing" else 0, n_units), dtype=np.int32)
    spikes: list[SpikeTrains] = []
    logs: list[npt.NDArray[np.float64]] = []
    n_rows = min(chunk_size, getattr(program, "n_rows", chunk_size))
    n_rows = max(n_rows // lanes, 1) * lanes  # rounds are not cut
    if recorder is not None and outputs:
        raise ParameterError("outputs: must be empty where a recorder is given, which sees them")
    needs_spikes = record != "nothing" or recorder is not None
    lengths = network.schedule.n_steps(stimulus.durations(start, total))
    check_steps(network, lengths)
    if recorder is None:
        recorder = kept_outputs(outputs, outputs_at, lengths, first=start, path=outputs_path)
    if recorder is not None and start < total:
        sizes = {name: len(value) for name, value in values.items()}
        recorder.begin(network, sizes, values, start=start, stop=total)
    with (
        _asked(interrupted) as asked,
        tempfile.TemporaryDirectory(prefix="bioplastic-", ignore_cleanup_errors=True) as folder,
        tqdm(
            total=total, initial=start, desc=description, unit="sample", disable=not progress
        ) as bar,
    ):
        while position < total and not asked():
            values["schedule.cursor"] = np.zeros(1)
            in_batch = int(values.get("schedule.in_batch", np.zeros(1))[0]) % lanes
            # A batch that an earlier run began is filled first, so that rounds end with batches.
            end = min(position + (lanes - in_batch if in_batch else n_rows), total)
            n_steps = network.schedule.n_steps(stimulus.durations(position, end))
            numbers = n_steps * (network.n_features * isinstance(stimulus, SignalStimulus))
            if isinstance(recorder, Outputs):
                numbers += recorder.numbers(n_steps)
            fits = int(np.searchsorted(np.cumsum(numbers), MAX_NUMBERS))
            if fits < len(n_steps):
                end = min(position + max(fits // lanes, 1) * lanes, end)
                n_steps = n_steps[: end - position]
            probe = None if recorder is None else recorder.plan(position, n_steps)
            if probe is not None and (unknown := sorted(set(probe.variables) - set(values))):
                raise ParameterError(
                    f"recorder: the network has no {', '.join(unknown)}; it has "
                    f"{', '.join(sorted(values))}"
                )
            chunk = Chunk(
                samples=_presented(network, stimulus.rows(position, end), n_steps),
                n_steps=n_steps,
                keys=stimulus.row_keys(position, end),
                targets=stimulus.row_targets(position, end),
                values=values,
                seed=words,
                folder=Path(folder),
                target_signals=target_rows(stimulus, position, end, n_steps),
                probe=probe,
                combine=combine,
                spikes=needs_spikes,
            )
            begin = position
            done = program.run(
                chunk,
                report=lambda rows: bar.update(begin + rows - bar.n),  # noqa: B023
                stop=asked,
            )
            if lanes > 1:
                done = in_order(done)
            bad = sorted(k for k, v in done.state.items() if not np.isfinite(v).all())
            if bad:  # before anybody keeps it
                raise SimulationError(
                    f"the run gave values that are not finite in {', '.join(bad)}: a smaller dt, "
                    f"another method or smaller weights may help"
                )
            values |= done.state
            position += int(done.state["schedule.cursor"][0])
            simulated += done.seconds
            if record != "nothing":
                accepted = _accepted(done, n_units, chunk.n_steps * float(network.schedule.dt))
                counts[begin - start : position - start] = accepted.counts()
                if record == "spikes":
                    spikes.append(accepted)
            logs.append(done.log)
            bar.update(position - bar.n)
            if recorder is not None:
                recorder.record(begin, done)
            if on_chunk is not None:
                on_chunk(position, done)
    values["schedule.cursor"] = np.zeros(1)  # a row of the last chunk, no state of the network
    log = np.concatenate(logs) if logs else np.zeros((0, 3))
    return Result(
        state={k: v for k, v in values.items() if k not in parameters},
        counts=counts[: position - start],
        spikes=_joined(spikes, n_units) if record == "spikes" else None,
        spikes_per_slot=log[:, 2].astype(np.int64),
        repeats=log[:, 1].astype(np.int64),
        n_done=position,
        interrupted=asked(),
        timings={"build": program.build_seconds, "simulate": simulated},
        engine={
            "name": chosen.name,
            "dt": str(network.schedule.dt),
            "methods": ", ".join(sorted({p.neuron.method for p in network.populations})),
            "precision": "float64",
        },
        outputs=recorder.up_to(position) if isinstance(recorder, Outputs) else {},
    )


def _asked(
    interrupted: Callable[[], bool] | None,
) -> contextlib.AbstractContextManager[Callable[[], bool]]:
    return deferred_interrupt() if interrupted is None else contextlib.nullcontext(interrupted)


def _joined(parts: list[SpikeTrains], n_units: int) -> SpikeTrains:
    if parts:
        return SpikeTrains.concatenate(parts)
    return SpikeTrains([], [], [0], n_units=n_units, duration=[])


def _presented(
    network: Network,
    samples: npt.NDArray[np.float64] | SpikeTrains | list[npt.NDArray[np.float64]],
    n_steps: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64] | SpikeTrains:
    """Cut spike trains that are longer than the presentation; lay signals end to end."""
    presentation = network.schedule.presentation
    if isinstance(samples, list):
        return signal_rows(samples, n_steps)
    if presentation is None or not isinstance(samples, SpikeTrains):
        return samples
    # A hair less, as where times are turned into steps.
    kept = samples.times < float(presentation) - 1e-6 * float(network.schedule.dt)
    return SpikeTrains(
        samples.times[kept],
        samples.units[kept],
        np.concatenate([[0], np.cumsum(kept)])[samples.offsets],
        n_units=samples.n_units,
        duration=samples.duration * second,
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


def _sequence(seed: int | np.random.SeedSequence) -> np.random.SeedSequence:
    try:
        return seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"seed: must be a whole number >= 0 or a SeedSequence, got {seed!r}"
        ) from error


def _seed_words(seed: int | np.random.SeedSequence) -> tuple[int, int]:
    first, second = (int(word) for word in _sequence(seed).generate_state(2))
    return first, second
