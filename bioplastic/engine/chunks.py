"""Cut a run into chunks that a program takes."""

from typing import Any

import numpy as np

from bioplastic.engine.program import Chunk, Recorder
from bioplastic.engine.state import State
from bioplastic.engine.state_recorder import StateRecorder
from bioplastic.engine.stimuli import Stimuli
from bioplastic.errors import ParameterError

__all__ = ["chunk_of"]

#: Numbers of one chunk, signals, recorded state and spikes of files: 128 MiB.
MAX_NUMBERS = 2**24


def chunk_of(
    stimuli: Stimuli,
    begin: int,
    stop: int,
    *,
    values: State,
    seed: tuple[int, int],
    size: int,
    together: int,
    recorder: Recorder | None,
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
