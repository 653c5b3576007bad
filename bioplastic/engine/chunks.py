"""Cut a run into chunks that a program takes, and show them one after the other."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from bioplastic.engine.engines import Engine, open_program
from bioplastic.engine.lanes import in_order
from bioplastic.engine.limits import check_lists, check_steps
from bioplastic.engine.plan import plan_of
from bioplastic.engine.program import Chunk, ChunkResult, Program, Recorder
from bioplastic.engine.record import Wanted
from bioplastic.engine.result import (
    Result,
    check_answer,
    joined,
    result_of_chunk,
    result_of_nothing,
)
from bioplastic.engine.state import State, Values, complete_state
from bioplastic.engine.states import StateRecorder, state_recorder
from bioplastic.engine.stimuli import Stimuli
from bioplastic.errors import ParameterError
from bioplastic.models import Network

#: Numbers of one chunk, signals, recorded state and spikes of files: 128 MiB.
MAX_NUMBERS = 2**24


class Run:
    """A network with its program, its seed, and the values that it begins with.

    Parameters
    ----------
    network : Network
        The declaration.
    engine : Engine
        What computes it.
    seed : int or SeedSequence
        Of the noise, and of what is drawn where `state` does not hold it.
    state : mapping of str to ndarray or None
        Values to begin with.
    program : Program, optional
        The network's, where there is one already.
    lanes : int
        Samples that are shown side by side.
    progress : bool
        Whether to say that a program is compiled.
    """

    def __init__(
        self,
        network: Network,
        *,
        engine: Engine,
        seed: int | np.random.SeedSequence,
        state: Values | None,
        program: Program | None = None,
        lanes: int = 1,
        progress: bool = False,
    ) -> None:
        plan = plan_of(network)
        self.network, self.engine, self._lanes, self.build = plan.network, engine, lanes, 0.0
        if program is None:
            program = open_program(network, engine=engine.name, lanes=lanes, progress=progress)
            self.build = program.build_seconds
        self.program: Any = program
        self.seed, sequence = _seed_words(seed)
        given = {**{k: np.array([v]) for k, v in plan.values.items()}, **(state or {})}
        self.values = complete_state(self.network, program.sizes, given, sequence)
        copies, rings = engine.copies, engine.rings
        check_lists(self.network, self.values, lanes=lanes, copies=copies, rings=rings)

    def show(
        self,
        stimuli: Stimuli,
        wanted: Wanted,
        *,
        stop: int,
        size: int,
        start: int = 0,
        together: int = 1,
        recorder: Recorder | None = None,
        path: str | os.PathLike[str] | None = None,
        report: Callable[[int], None] = lambda n_done: None,
        on_chunk: Callable[[int, ChunkResult], None] | None = None,
        asked: Callable[[], bool] = lambda: False,
        **others: Any,
    ) -> Result:
        """Show samples, chunk after chunk.

        Parameters
        ----------
        stimuli, wanted
            What is presented, and recorded.
        start, stop : int
            Presentations.
        size, together, **others
            See :func:`chunk_of`.
        recorder, path, on_chunk
            See :func:`bioplastic.engine.run`; `path` is its `record_path`.
        report : callable
            Receives the number of presentations that are done.
        asked : callable
            Says whether to end at the next slot's edge.

        Raises
        ------
        ParameterError
            If samples have more steps than can be counted, or what is to be recorded does not fit.
        """
        lengths = stimuli.n_steps(start, stop)
        check_steps(self.network, lengths)
        values, name = dict(self.values), self.engine.name
        recorder = recorder or state_recorder(wanted, lengths, first=start, path=path)
        if recorder is not None and (start < stop or isinstance(recorder, StateRecorder)):
            sizes = {name: len(value) for name, value in values.items()}
            recorder.begin(self.network, sizes, values, start=start, stop=stop)
        found = [result_of_nothing(values, wanted=wanted, engine=name, n_done=start)]
        while (begin := found[-1].n_done) < stop and not asked():
            chunk = chunk_of(
                stimuli, begin, stop, values=values, seed=self.seed, size=size,
                together=together, recorder=recorder, **others,
            )  # fmt: skip
            done = self.program.run(
                chunk, report=lambda n_rows, begin=begin: report(begin + n_rows), stop=asked
            )
            check_answer(name, chunk, done, stopped=asked)
            if self._lanes * chunk.n_threads > 1:
                done = in_order(done, chunk)
            found.append(result_of_chunk(found[-1], wanted, chunk, done))
            # The cursor is a row of the chunk, no state of the network.
            values |= done.state | {"schedule.cursor": np.zeros(1)}
            report(found[-1].n_done)
            if recorder is not None:
                recorder.record(begin, done)
            if on_chunk is not None:
                on_chunk(found[-1].n_done, done)
        left_out = plan_of(self.network).values.keys() | wanted.added
        return joined(
            found,
            build=self.build + sum(result.timings["build"] for result in found),
            state={name: value for name, value in values.items() if name not in left_out},
            interrupted=asked(),
            states=recorder.states(found[-1].n_done) if isinstance(recorder, StateRecorder) else {},
        )


def chunk_of(
    stimuli: Stimuli,
    begin: int,
    stop: int,
    *,
    values: State,
    seed: tuple[int, int],
    size: int,
    together: int = 1,
    recorder: Recorder | None = None,
    **others: Any,
) -> Chunk:
    """Return the chunk that begins with a presentation.

    Parameters
    ----------
    stimuli : Stimuli
        What is presented.
    begin, stop : int
        The presentation, and the one before which the run ends.
    values, seed, **others
        See :class:`~bioplastic.engine.program.Chunk`.
    size : int
        Presentations of a chunk, at most.
    together : int
        Samples that are shown, or learned, together.
    recorder : Recorder or None
        Says what to look at.

    Raises
    ------
    ParameterError
        If a recorder asks for what the network does not have.
    """
    n_rows = max(size // together, 1) * together  # rounds and batches of threads are not cut
    in_batch = int(values.get("schedule.in_batch", np.zeros(1))[0]) % together
    # A batch that an earlier run began is filled first, so that rounds end with batches.
    n_steps = stimuli.n_steps(
        begin, min(begin + (together - in_batch if in_batch else n_rows), stop)
    )
    numbers = n_steps * stimuli.numbers_per_step + stimuli.n_stored(begin, begin + len(n_steps))
    if isinstance(recorder, StateRecorder):
        numbers += recorder.numbers(n_steps)
    fits = int(np.searchsorted(np.cumsum(numbers), MAX_NUMBERS))
    if fits < len(n_steps):
        n_steps = n_steps[: max(fits // together, 1) * together]
    probe = None if recorder is None else recorder.plan(begin, n_steps)
    if probe is not None and (unknown := sorted(set(probe.variables) - set(values))):
        raise ParameterError(
            f"recorder: the network has no {', '.join(unknown)}; it has {', '.join(sorted(values))}"
        )
    shown = stimuli.shown(begin, n_steps, seed)
    return Chunk(n_steps=n_steps, values=values, seed=seed, probe=probe, **shown, **others)


def _seed_words(
    seed: int | np.random.SeedSequence,
) -> tuple[tuple[int, int], np.random.SeedSequence]:
    """Return the two words that a run's random numbers follow from, and where they come from.

    Raises
    ------
    ParameterError
        If it is no seed.
    """
    try:
        sequence = (
            seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
        )
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"seed: must be a whole number >= 0 or a SeedSequence, got {seed!r}"
        ) from error
    first, second = map(int, sequence.generate_state(2))
    return (first, second), sequence
