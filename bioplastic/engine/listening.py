"""A network that learns nothing, kept ready: what a presentation needs once is done once."""

import contextlib
import functools
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic.engine.actions import spikes_of
from bioplastic.engine.carried import check_independent
from bioplastic.engine.chunks import Run
from bioplastic.engine.engines import find_engine
from bioplastic.engine.inputs import kind_of, steps_of
from bioplastic.engine.limits import check_steps
from bioplastic.engine.plan import plan_of
from bioplastic.engine.presenting import CHUNK, Presentation
from bioplastic.engine.program import Chunk, ChunkResult
from bioplastic.engine.record import Record, Wanted
from bioplastic.engine.result import Result, check_answer, result_of_chunk, result_of_nothing
from bioplastic.engine.staying import StayingProgram
from bioplastic.engine.stimuli import Stimuli
from bioplastic.engine.stimulus import Stimulus
from bioplastic.errors import ParameterError, SimulationError
from bioplastic.spikes import SpikeTrains


class OpenNetwork:
    """A network that is ready to be presented with samples, one call after the other.

    Checks, state and, on engine cpp_standalone, a running program are kept. Results are those of
    :func:`present`. Threads take turns.

    Parameters
    ----------
    shown : Presentation
        The network, what was learned, and the seed; its samples do not matter.
    engine : str
        See :func:`open_program`.

    Attributes
    ----------
    network : Network
        The declaration.
    seconds, build_seconds : float
        Of simulation in the last call, and of the build, wall time.

    Raises
    ------
    ParameterError
        If the network learns or remembers, or the engine cannot keep a program.
    """

    def __init__(self, shown: Presentation, *, engine: str = "auto") -> None:
        check_independent(shown.network, shown.state)
        self._run = run = Run(
            shown.network, engine=find_engine(engine), seed=shown.seed, state=shown.state
        )
        self.network = run.network
        self._checked: set[tuple[str, ...]] = {tuple(map(spikes_of, self._wanted.kept))}
        self._folder = Path(tempfile.mkdtemp(prefix="bioplastic-"))
        self._remove = weakref.finalize(self, _remove, self._folder, os.getpid())
        if (stay := getattr(run.program, "stay", None)) is not None:
            run.program = stay(self.chunk(None, np.zeros(0, dtype=np.int64)))
        self.build_seconds, run.build = run.build, 0.0
        self._lock = threading.Lock()
        self.seconds = 0.0

    def close(self) -> None:
        """End the program."""
        if isinstance(self._run.program, StayingProgram):
            self._run.program.close()
        self._remove()

    def present(
        self,
        stimulus: Stimulus | Sequence[Stimulus],
        *,
        record: Record = "counts",
    ) -> Result:
        """Show every sample.

        Parameters
        ----------
        stimulus, record
            See :func:`present`.

        Returns
        -------
        result : Result
            That of :func:`present`.

        Raises
        ------
        ParameterError
            If a subexpression is to be recorded, for which a program would have to be made.
        SimulationError
            If the program has ended.
        """
        with self._lock:
            result = self._present(stimulus, record)
            self.seconds = result.timings["simulate"]
            return result

    def _present(self, stimulus: Stimulus | Sequence[Stimulus], record: Record) -> Result:
        network, stimuli = self.network, Stimuli(self.network, stimulus)
        wanted = self._wanted if record == "spikes" else Wanted(record, network)
        if wanted.added:
            raise ParameterError(
                f"record: must name no subexpression where a network is kept open, got "
                f"{', '.join(wanted.looked)}; use engine.present, or look of an estimator"
            )
        asked_for = (*map(spikes_of, wanted.kept), *wanted.variables)
        if asked_for not in self._checked:
            check_independent(network, self._run.values, asked_for)
            self._checked.add(asked_for)
        how: dict[str, Any] = {"size": CHUNK, "folder": self._folder, "spikes": wanted.kept}
        result = self._run.show(stimuli, wanted, stop=len(stimuli), **how)
        result.state = self._run.values  # nothing is learned
        return result

    @functools.cached_property
    def _wanted(self) -> Wanted:
        return Wanted("spikes", self.network)

    @functools.cached_property
    def nothing(self) -> Result:
        """The result of no sample, of which spikes are recorded."""
        run = self._run
        return result_of_nothing(run.values, wanted=self._wanted, engine=run.engine.name, n_done=0)

    def result_of(self, chunk: Chunk, done: ChunkResult) -> Result:
        """Return what the program made of the chunk of a sample, whose spikes are recorded."""
        check_answer(self._run.engine.name, chunk, done, stopped=lambda: False)
        return result_of_chunk(self.nothing, self._wanted, chunk, done)

    def chunk(
        self, spikes: tuple[npt.NDArray[Any], npt.NDArray[Any]] | None, n_steps: npt.NDArray[Any]
    ) -> Chunk:
        """Make a chunk of one sample of spikes, given as steps and units, or of no sample."""
        nothing = np.zeros(0, dtype=np.int32)
        steps, units = (nothing, nothing) if spikes is None else spikes
        fired: dict[str, npt.NDArray[Any]] = {
            "steps": steps.astype(np.int32),
            "units": units.astype(np.int32),
            "offsets": np.array([0, len(steps)][: 1 + len(n_steps)], dtype=np.int64),
        }
        samples = {
            p.name: {"table": np.zeros((0, p.n_features)), "key": np.zeros(2, dtype=np.int64)}
            if kind_of(p).row
            else fired
            for p in self.network.inputs
        }
        n = len(n_steps)
        n_targets = plan_of(self.network).n_target_signals
        return Chunk(
            samples=samples,
            n_steps=n_steps,
            keys=np.arange(n, dtype=np.float64),
            targets=np.zeros(n),
            target_signals=np.zeros((0, n_targets)) if n_targets else None,
            values=self._run.values,
            seed=self._run.seed,
            folder=self._folder,
            spikes=self.network.watched,
        )

    def begin(self) -> "OpenSample":
        """Begin a sample whose spikes come bit by bit.

        Raises
        ------
        ParameterError
            If the network takes no spikes, or samples of one length only.
        SimulationError
            If it is within a sample already.
        """
        network = self.network
        if network.schedule.presentation is not None:
            raise ParameterError(
                f"stream: samples must have a length of their own, and presentation is "
                f"{network.schedule.presentation}; train with presentation=None"
            )
        return OpenSample(self, self._run.program if self._goes_on else None)

    @property
    def _goes_on(self) -> bool:
        """Whether a program can stop within a sample, the length of which nobody knows yet."""
        plan = plan_of(self.network)
        takes = [population.neuron.takes for population in self.network.inputs]
        asks = any("slot_duration" in name for a in plan.actions for name in plan.reads(a))
        return isinstance(self._run.program, StayingProgram) and takes == ["spikes"] and not asks


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # and no fork of it
        shutil.rmtree(folder, ignore_errors=True)


class OpenSample:
    """A sample whose spikes come bit by bit.

    Where a program can stop within a sample, it goes on from where it was. Otherwise, where the
    network asks for the sample's length or the engine keeps no program, spikes so far are presented
    from the begin, as a sample of their own.

    Attributes
    ----------
    live : bool
        Whether a program stops within the sample.
    time : float, in seconds
        Up to which spikes have come.
    network : Network
        The declaration.
    """

    def __init__(self, opened: OpenNetwork, program: Any) -> None:
        self._opened, self._program, self.live = opened, program, program is not None
        self.network, self._schedule = opened.network, opened.network.schedule
        self._dt = float(self._schedule.dt)
        self.time, self._n_steps = 0.0, 0
        self._times, self._units = np.zeros(0), np.zeros(0, dtype=np.int32)
        self._n_fired = 0  # of these, so many have been fired
        self._found = [(np.zeros(0), np.zeros(0, dtype=np.int32))]
        if self.live:
            program.begin(opened.chunk(self._due(0), np.zeros(1, dtype=np.int64)))
            self._result = self._so_far()

    def add(
        self, times: npt.NDArray[np.float64], units: npt.NDArray[np.int32], until: float
    ) -> None:
        """Take spikes of the time up to `until`, checked and sorted, and go on to there.

        Raises
        ------
        ParameterError
            If these are more steps than can be counted; nothing is taken.
        """
        check_steps(self.network, np.array([until / self._dt]))
        # A hair more, as where times of spikes are turned into steps.
        n_steps = int(steps_of(np.array([until]), self._dt)[0])
        with self._or_as_before():
            self._times = np.concatenate([self._times, times])
            self._units = np.concatenate([self._units, units])
            if self.live:
                samples = self._opened.chunk(self._due(n_steps), np.array([n_steps])).samples
                self._found.append(self._program.go_on(samples, n_steps - self._n_steps))
        self.time, self._n_steps = until, n_steps
        if self.live:
            self._result = self._so_far()

    def end(self) -> None:
        """Let the sample end at this time, and the network go on to its rest."""
        if self.live:
            n_steps = self._schedule.n_steps([self.time])
            total = int(n_steps[0])
            with self._or_as_before():
                chunk = self._opened.chunk(self._due(total, last=True), n_steps)
                done = self._program.end(chunk, total - self._n_steps)
            self._n_steps = -1  # whatever the answer is
            self._found.append((done.times, done.units))
            times, units = (np.concatenate(parts) for parts in zip(*self._found, strict=True))
            offsets = np.array([0, len(times)])
            done = replace(done, times=times, units=units, offsets=offsets)
            self._result = self._opened.result_of(chunk, done)
        self._n_steps = -1

    def close(self) -> None:
        """Leave the sample, whose end nobody asks for any more."""
        if self.live and self._n_steps >= 0:
            with contextlib.suppress(SimulationError):  # it has ended
                self._program.end(self._opened.chunk(self._due(0), np.zeros(1, dtype=np.int64)), 0)
        self._n_steps = -1

    def trains(self, n_units: int) -> SpikeTrains:
        """Return the spikes that were shown so far, as one sample; all of them after the end."""
        n = len(self._times)
        if self._n_steps >= 0:
            n = int(np.searchsorted(steps_of(self._times, self._dt), self._n_steps))
        # They were checked when they came.
        return SpikeTrains._trusted(
            self._times[:n],
            self._units[:n],
            np.array([0, n]),
            n_units,
            np.array([self.time]),
        )

    def present(self, stimulus: Any, **how: Any) -> Result:
        """Return the result of the sample so far; of the whole after :meth:`end`.

        Parameters
        ----------
        stimulus : Stimulus
            What :meth:`trains` gives, as the network takes it.
        **how
            See :meth:`OpenNetwork.present`.
        """
        if self.live:
            return self._result
        if self._n_steps < 0:
            return self._opened.present(stimulus, **how)
        if isinstance(how.get("record"), Mapping):
            return self._opened.present(stimulus, **how)
        found = self._opened.present(stimulus, record="spikes")
        # A sample that goes on has no rest yet.
        n = int(np.searchsorted(found.spikes.times, (self._n_steps - 0.5) * self._dt))
        return self._made(found.spikes.times[:n], found.spikes.units[:n], found)

    @contextlib.contextmanager
    def _or_as_before(self) -> Iterator[None]:
        """Forget spikes that the program was not given, so that they can come once more."""
        before = self._times, self._units, self._n_fired
        try:
            yield
        except BaseException:
            self._times, self._units, self._n_fired = before
            raise

    def _due(self, n_steps: int, *, last: bool = False) -> Any:
        """Return steps and units of spikes that are due before a step and were not fired yet."""
        steps = steps_of(self._times[self._n_fired :], self._dt)
        n = len(steps) if last else int(np.searchsorted(steps, n_steps))
        units = self._units[self._n_fired : self._n_fired + n]
        self._n_fired += n
        return np.minimum(steps[:n], max(n_steps - 1, 0)), units

    def _so_far(self) -> Result:
        times, units = (np.concatenate(parts) for parts in zip(*self._found, strict=True))
        return self._made(times, units, self._opened.nothing)

    def _made(
        self, times: npt.NDArray[np.float64], units: npt.NDArray[np.int32], like: Result
    ) -> Result:
        duration = np.array([self._n_steps * self._dt])
        offsets = np.array([0, len(times)])
        spikes = SpikeTrains._trusted(times, units, offsets, like.counts.shape[1], duration)
        return replace(like, spikes=spikes, counts=spikes.counts().astype(np.int32), n_done=1)
