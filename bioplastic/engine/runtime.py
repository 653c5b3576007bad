"""Runtime engines: the same slots driven from Python, with NumPy or Cython code objects.

Slow, but everything can be looked at, and no compiler is needed for NumPy.
"""

import functools
import importlib.util
import sysconfig
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic.engine.brian_internals import fire, forget_spikes_under_way, spikes_now
from bioplastic.engine.compiler import compiler_trouble
from bioplastic.engine.context import BRIAN
from bioplastic.engine.engines import Engine
from bioplastic.engine.lanes import learned_variables, upper_bounds
from bioplastic.engine.plan import plan_of
from bioplastic.engine.program import Chunk, ChunkResult, Probed, ProbePlan
from bioplastic.engine.runtime_objects import RuntimeObjects
from bioplastic.engine.schedule import SLOT_LOG
from bioplastic.models import Network
from bioplastic.models.hooks import AT_BATCH_END

#: Networks that differ in more than sizes and values whose objects are kept for the next run.
MAX_PROGRAMS = 4
_kept: dict[tuple[str, str, bool, tuple[int, ...]], RuntimeObjects] = {}


class RuntimeProgram:
    """A network under Brian's runtime device.

    Parameters
    ----------
    network : Network
        The declaration.
    objects : RuntimeObjects
        Brian's, which it shares with other networks.
    lanes : int
        Samples that are shown side by side.
    build_seconds : float
        What making them took.
    """

    #: Rows of one chunk; a runtime slot is slow, so a chunk need not be long.
    n_rows = 100

    def __init__(
        self, network: Network, objects: RuntimeObjects, *, lanes: int, build_seconds: float
    ) -> None:
        self._plan, self._objects, self._built = plan_of(network), objects, objects.built
        self._lanes, self.build_seconds = lanes, build_seconds
        self._learned = learned_variables(network) if lanes > 1 else []
        self._bounds = upper_bounds(network)
        #: Learned variables as they were when a round began.
        self._before: dict[str, npt.NDArray[np.float64]] = {}
        variables = self._built.variables
        self.sizes = {
            name: 1 if objects.is_shared(name) else self._plan.sizes[name.partition(".")[0]]
            for name in variables
        }
        self._changing = [name for name in variables if name not in self._built.parameters]
        self._changing += [
            f"{name}.{key}" for name, (_, keys) in self._plan.lists.items() for key in keys
        ]
        #: Of these, what each of several lanes has for itself.
        self._own = [name for name in self._changing if self._lanes_of(name) > 1]

    def run(
        self, chunk: Chunk, *, report: Callable[[int], None], stop: Callable[[], bool]
    ) -> ChunkResult:
        """Run slots, see :class:`~bioplastic.engine.program.Program`."""
        # Threads share the program: its state is one run's from first to last.
        with self._objects.context():
            self._take(chunk)
            cursor, n_shown = (self._schedule[v].get_value() for v in ("cursor", "n_shown"))
            rows, following, last = np.full(self._lanes, -1), 0, 0
            n_rows, n_done, begun = len(chunk.keys), 0, time.perf_counter()
            while not stop():
                # Rows are handed out in order, to lanes that have nothing to show.
                free = np.flatnonzero(rows < 0)[: n_rows - following]
                rows[free] = following + np.arange(len(free))
                following += len(free)
                shown = np.flatnonzero(rows >= 0)
                if not len(shown):
                    break
                cursor[:], n_shown[:] = np.maximum(rows, 0), len(shown)
                self._slot(rows, np.where(rows < 0, 0, chunk.n_steps[rows]))
                logged = [self._schedule[v].get_value()[shown] for v in SLOT_LOG]
                self._log += np.transpose(logged).tolist()
                last = int(np.argmax(rows)) if rows.max() + 1 == following else last
                for obj in self._objects.ends:
                    if obj.order >= AT_BATCH_END.order:
                        self._learn_together(rows >= 0, mean=chunk.combine == "mean")
                    at_batch_end = obj.name in self._built.at_batch_end
                    if not at_batch_end or self._schedule["batch_ends"].get_value()[0]:
                        obj.run()
                finished = (rows >= 0) & (cursor > rows)
                rows[finished] = -1
                n_done += int(finished.sum())
                report(n_done)
            seconds = time.perf_counter() - begun
            # All rows before this one are done.
            cursor[:] = min([following, *rows[rows >= 0]])
            if self._lanes > 1:  # what is not done begins anew in the next run, by any lane
                self._schedule["repeats"].get_value()[:] = 0
            state = {n: np.array(self._lane(n, last), np.float64) for n in self._changing}
            log = np.array(self._log).reshape(-1, len(SLOT_LOG))
            slots, times, units = (
                np.concatenate(parts) for parts in zip(*self._spikes, strict=True)
            )
            order = np.argsort(slots, kind="stable")
            return ChunkResult(
                state=state,
                times=times[order],
                units=units[order],
                offsets=np.searchsorted(slots[order], np.arange(len(self._log) + 1)),
                log=log,
                seconds=seconds,
                probed=self._probe.seen(log) if self._probe is not None else None,
            )

    def _take(self, chunk: Chunk) -> None:
        """Put what a run is given where Brian's objects find it."""
        self._objects.take(self._plan, self._lanes, chunk)
        self._schedule = self._objects.schedule
        self._pathways = [
            getattr(synapses, pathway)
            for synapses in self._built.listed
            for pathway in self._built.delays[synapses.name]
        ]
        self._sources = {
            name: _SpikeSource(group, self._lanes, chunk.samples[name])
            for name, group in self._built.spike_inputs.items()
        }
        self._probe = _Probe(chunk.probe, self._lane) if chunk.probe is not None else None
        self._learns = chunk.combine is not None
        self._recorded = [g for name, g in self._built.spiking.items() if name in chunk.spikes]
        self._log: list[list[float]] = []
        #: Slots, times and units of recorded spikes, in parts.
        self._spikes = [(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int32))]

    def _lanes_of(self, name: str) -> int:
        """Count the lanes that have a variable for themselves."""
        return 1 if self._objects.is_shared(name) else self._lanes

    def _lane(self, name: str, lane: int) -> npt.NDArray[np.float64]:
        """Values of a variable in one lane."""
        lanes = self._lanes_of(name)
        by_lane = self._objects.values(name).reshape(lanes, -1)
        own: npt.NDArray[np.float64] = by_lane[lane if lanes > 1 else 0]
        return own

    def _learn_together(self, shown: npt.NDArray[np.bool_], *, mean: bool) -> None:
        """Put together what the samples of a round changed, once; all lanes go on from there."""
        for name, before in self._before.items():
            values = self._objects.values(name).reshape(self._lanes, -1)
            change = (values[shown] - before).sum(axis=0)
            after = before + (change / shown.sum() if mean else change)
            if (bound := self._bounds.get(name)) is not None:
                # What normalization has lifted beyond stays, if nothing changed it.
                low, high = np.minimum(before, 0), np.maximum(before, self._objects.values(bound))
                after = np.clip(after, low, high)
            values[:] = after
        self._before = {}

    def _slot(self, rows: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> None:
        """Show a row in each lane, none where it is -1."""
        clock, noise = self._built.step_clock, self._built.noise
        timestep, t = (clock.variables[v] for v in ("timestep", "t"))
        dt = float(clock.dt)
        timestep.set_value(0)
        t.set_value(0.0)
        for pathway in self._pathways:
            # What is under way belongs to the last sample.
            forget_spikes_under_way(pathway, dt)
        noise.step[0] = -1
        noise.sample_key[:] = self._built.tables.sample_keys.values[np.maximum(rows, 0)]
        noise.repeats[:] = self._schedule["repeats"].get_value()
        for obj in self._objects.starts:
            obj.run()
        learned = self._learned if self._learns else []
        self._before = {name: self._lane(name, 0).copy() for name in learned}
        for source in self._sources.values():
            source.begin(rows)
        slots = len(self._log) + np.cumsum(rows >= 0) - 1
        intervals = self._built.intervals
        if self._probe is not None:
            self._probe.begin_slot(rows)
        kept: dict[int, dict[str, npt.NDArray[np.float64]]] = {}
        for step in range(int(lengths.max())):
            for lane in np.flatnonzero(lengths == step).tolist():
                # Its sample is over: it waits for the others as it is.
                kept[lane] = {name: self._lane(name, lane).copy() for name in self._own}
            timestep.set_value(step)
            t.set_value(step * dt)
            noise.step[0] = step
            for obj in self._objects.steps:
                if obj.name in self._sources:
                    self._sources[obj.name].fire(step)
                every, first = intervals.get(obj.name, (1, 0))
                if step % every == first:
                    obj.run()
            self._record(step * dt, slots, step < lengths)
            if self._probe is not None:
                self._probe.look(step, lengths)
        if self._probe is not None:
            self._probe.end_slot(np.flatnonzero(rows >= 0))
        noise.step[0] = -1
        for lane, values in kept.items():
            for name, value in values.items():
                self._lane(name, lane)[:] = value

    def _record(
        self, time: float, slots: npt.NDArray[np.int64], shows: npt.NDArray[np.bool_]
    ) -> None:
        """Note spikes of lanes whose samples are not over."""
        first = 0
        for group in self._recorded:
            units, n = spikes_now(group), len(group) // self._lanes
            units = units[shows[units // n]]
            if len(units):
                self._spikes.append(
                    (slots[units // n], np.full(len(units), time), first + units % n)
                )
            first += n


class _SpikeSource:
    """Fires the spikes of the samples in a group of Brian."""

    def __init__(self, group: Any, lanes: int, spikes: Mapping[str, npt.NDArray[np.int64]]) -> None:
        self._group, self._n = group, len(group) // lanes
        self._steps, self._units = spikes["steps"], spikes["units"]
        self._offsets = spikes["offsets"]

    def begin(self, rows: npt.NDArray[np.int64]) -> None:
        """Go to where the spikes of these samples begin, one for each lane."""
        self._next = [int(self._offsets[row]) if row >= 0 else 0 for row in rows]
        self._end = [int(self._offsets[row + 1]) if row >= 0 else 0 for row in rows]
        self._late = [np.zeros(0, dtype=np.int32) for _ in rows]

    def fire(self, step: int) -> None:
        """Put the samples' spikes of this step where a thresholder would."""
        fired = []
        for lane, (begin, end) in enumerate(zip(self._next, self._end, strict=True)):
            due = begin + int(np.searchsorted(self._steps[begin:end], step, side="right"))
            waiting = np.concatenate([self._late[lane], self._units[begin:due]])
            # A channel fires once in a step, as a neuron does: what more it has to say follows.
            first = np.zeros(len(waiting), dtype=bool)
            first[np.unique(waiting, return_index=True)[1]] = True
            self._late[lane], self._next[lane] = waiting[~first], due
            fired.append(waiting[first] + lane * self._n)
        fire(self._group, np.concatenate(fired))


class _Probe:
    """Looks at variables when a plan says so."""

    def __init__(
        self, plan: ProbePlan, look: Callable[[str, int], npt.NDArray[np.float64]]
    ) -> None:
        self._plan, self._look = plan, look
        #: Values of variables in the slots so far, and by lane in the present ones.
        self._seen: dict[str, list[npt.NDArray[np.float64]]] = {n: [] for n in plan.variables}
        self._slot: dict[tuple[str, int], list[npt.NDArray[np.float64]]] = defaultdict(list)

    def begin_slot(self, rows: npt.NDArray[np.int64]) -> None:
        """Note which rows lanes show."""
        self._points = [set(self._plan.steps[self._plan.rows == row].tolist()) for row in rows]

    def look(self, step: int, lengths: npt.NDArray[np.int64]) -> None:
        """Look at what is due after a step, in lanes whose samples are not over."""
        for lane in np.flatnonzero(step < lengths).tolist():
            for name, elements in self._plan.variables.items():
                every = self._plan.every.get(name)
                if every is None:
                    due = step in self._points[lane]
                else:
                    due = (step + 1) % (every or lengths[lane]) == 0
                if due:  # copied: the indices are an array
                    values = self._look(name, lane)[elements].astype(np.float64)
                    self._slot[name, lane].append(values)

    def end_slot(self, lanes: npt.NDArray[np.int64]) -> None:
        """Put what was seen behind that of earlier slots."""
        for lane in lanes.tolist():
            for name, values in self._seen.items():
                values += self._slot.pop((name, lane), [])

    def seen(self, log: npt.NDArray[np.float64]) -> Probed:
        """Return all that was seen in slots."""
        values = {
            name: np.array(self._seen[name]).reshape(len(self._seen[name]), len(elements))
            for name, elements in self._plan.variables.items()
        }
        return self._plan.probed(log, values)


def _open(target: str, network: Network, lanes: int) -> RuntimeProgram:
    plan = plan_of(network)
    functions = tuple(id(f) for own in plan.functions.values() for f in own.values() if callable(f))
    key = (plan.key, target, lanes > 1, functions)
    with BRIAN:
        begun, objects = time.perf_counter(), _kept.pop(key, None)
        made = objects is None
        if objects is None:
            objects = RuntimeObjects(network, target=target, lanes=lanes)
        seconds = time.perf_counter() - begun if made else 0.0
        _kept[key] = objects  # the last in use comes last
        if len(_kept) > MAX_PROGRAMS:
            del _kept[next(iter(_kept))]
        return RuntimeProgram(network, objects, lanes=lanes, build_seconds=seconds)


def _cython_trouble() -> str:
    # Brian compiles through setuptools, which takes headers and options from Python.
    needed = [
        f"pip install {module.lower()}"
        for module in ("Cython", "setuptools")
        if importlib.util.find_spec(module) is None
    ]
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        needed.append(
            "install Python's headers (Debian/Ubuntu: apt install python3-dev; Fedora: dnf install "
            "python3-devel)"
        )
    return "; ".join(filter(None, [*needed, compiler_trouble()]))


NUMPY = Engine(
    name="numpy",
    open=functools.partial(_open, "numpy"),
    remark="slow, needs no compiler",
    lanes=True,
)
CYTHON = Engine(
    name="cython",
    open=functools.partial(_open, "cython"),
    remark="slow, compiled piece by piece at its first use",
    trouble=_cython_trouble,
    lanes=True,
)
