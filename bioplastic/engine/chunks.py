"""Cut a run into chunks that a program takes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bioplastic.engine.lanes import Combine
from bioplastic.engine.outputs import Outputs
from bioplastic.engine.program import Chunk, Program, Recorder
from bioplastic.engine.state import State
from bioplastic.engine.stimuli import Stimuli
from bioplastic.errors import ParameterError

__all__ = ["Chunks"]

#: Numbers of one chunk, signals and outputs: 128 MiB.
MAX_NUMBERS = 2**24


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunks:
    """What a program is given, chunk by chunk.

    Parameters
    ----------
    stimuli : Stimuli
        What is presented.
    stop : int
        Presentation before which the run ends.
    program : Program
        Who takes the chunks.
    size : int
        Presentations of a chunk, at most.
    lanes, combine
        See :func:`bioplastic.engine.run`.
    recorder : Recorder or None
        Says what to look at.
    spikes : bool
        Whether anybody wants the watched spikes.
    seed : tuple of int
        Two 32-bit words.
    folder : Path
        Of the run.
    """

    stimuli: Stimuli
    stop: int
    program: Program
    size: int
    lanes: int
    combine: Combine
    recorder: Recorder | None
    spikes: bool
    seed: tuple[int, int]
    folder: Path

    def chunk(self, begin: int, values: State) -> Chunk:
        """Return the chunk that begins with a presentation.

        Parameters
        ----------
        begin : int
            The presentation.
        values : dict of str to ndarray
            Parameters and state.

        Raises
        ------
        ParameterError
            If a recorder asks for what the network does not have.
        """
        n_steps = self._n_steps(begin, values)
        end = begin + len(n_steps)
        probe = None if self.recorder is None else self.recorder.plan(begin, n_steps)
        if probe is not None and (unknown := sorted(set(probe.variables) - set(values))):
            raise ParameterError(
                f"recorder: the network has no {', '.join(unknown)}; it has "
                f"{', '.join(sorted(values))}"
            )
        return Chunk(
            samples=self.stimuli.samples(begin, end, n_steps, self.seed),
            n_steps=n_steps,
            keys=self.stimuli.keys(begin, end),
            targets=self.stimuli.targets(begin, end),
            values=values,
            seed=self.seed,
            folder=self.folder,
            target_signals=self.stimuli.target_signals(begin, end, n_steps),
            probe=probe,
            combine=self.combine,
            spikes=self.spikes,
        )

    def _n_steps(self, begin: int, values: State) -> npt.NDArray[np.int64]:
        """Count the steps of the presentations that fit into a chunk."""
        n_rows, lanes = min(self.size, getattr(self.program, "n_rows", self.size)), self.lanes
        n_rows = max(n_rows // lanes, 1) * lanes  # rounds are not cut
        in_batch = int(values.get("schedule.in_batch", np.zeros(1))[0]) % lanes
        # A batch that an earlier run began is filled first, so that rounds end with batches.
        end = min(begin + (lanes - in_batch if in_batch else n_rows), self.stop)
        n_steps = self.stimuli.n_steps(begin, end)
        numbers = n_steps * self.stimuli.numbers_per_step
        if isinstance(self.recorder, Outputs):
            numbers += self.recorder.numbers(n_steps)
        fits = int(np.searchsorted(np.cumsum(numbers), MAX_NUMBERS))
        return n_steps if fits >= len(n_steps) else n_steps[: max(fits // lanes, 1) * lanes]
