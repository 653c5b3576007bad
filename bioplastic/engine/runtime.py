"""Runtime engines: the same slots driven from Python, with NumPy or Cython code objects.

Slow, but everything can be looked at, and no compiler is needed for NumPy.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic.engine.brian_internals import fire, forget_spikes_under_way, prepare, spikes_now
from bioplastic.engine.builder import build
from bioplastic.engine.context import BRIAN, brian_context, steady_names
from bioplastic.engine.lanes import learned_variables, upper_bounds
from bioplastic.engine.noise import noise_device
from bioplastic.engine.plan import plan_of
from bioplastic.engine.program import Chunk, ChunkResult, Probed, ProbePlan
from bioplastic.engine.schedule import SLOT_LOG
from bioplastic.models import Network
from bioplastic.models.hooks import AT_BATCH_END

__all__ = ["RuntimeProgram"]

#: What of a list of synapses is built in.
_WIRING = ("i", "j", "delay")


class RuntimeProgram:
    """A network under Brian's runtime device.

    Parameters
    ----------
    network : Network
        The declaration.
    target : {"numpy", "cython"}
        Brian's code generation target.
    lanes : int
        Samples that are shown side by side.
    """

    #: Rows of the sample table; a runtime slot is slow, so a chunk need not be long.
    n_rows = 100

    def __init__(self, network: Network, *, target: str, lanes: int = 1) -> None:
        begun = time.perf_counter()
        self._network, self._target, self._lanes = network, target, lanes
        self._learned = learned_variables(network) if lanes > 1 else []
        self._bounds = upper_bounds(network)
        #: Learned variables as they were when a round began.
        self._before: dict[str, npt.NDArray[np.float64]] = {}
        self._lists = plan_of(network).lists
        self._n_signal_rows = 1
        # Objects for an empty list of synapses already say whether the equations can be used.
        nothing = {f"{name}.{key}": np.zeros(0) for name in self._lists for key in _WIRING}
        self._prepare(plan_of(network).values, nothing)
        self.sizes = {
            name: int(np.size(group.variables[variable].get_value())) // self._lanes_of(name)
            for name, (group, variable) in self._built.variables.items()
        }
        self.build_seconds = time.perf_counter() - begun

    def _lanes_of(self, name: str) -> int:
        """Count the lanes that have a variable for themselves."""
        if name not in self._built.variables:  # of a list
            return self._lanes
        group, variable = self._built.variables[name]
        return 1 if group.variables[variable].scalar else self._lanes

    def _context(self) -> contextlib.AbstractContextManager[None]:
        return brian_context(noise_device, {"codegen.target": self._target})

    def _prepare(
        self, parameters: dict[str, float], synapses: dict[str, npt.NDArray[np.float64]]
    ) -> None:
        """Make Brian's objects; runtime code holds the values of parameters fast."""
        # Code that is the same as an earlier program's is in Cython's cache.
        with self._context(), steady_names(anew=self._target == "cython"):
            self._built = build(
                self._network,
                n_rows=self.n_rows,
                n_signal_rows=self._n_signal_rows,
                synapses=synapses,
                lanes=self._lanes,
            )
            for name, value in parameters.items():
                group, variable = self._built.variables[name]
                group.variables[variable].get_value()[...] = value
            net = self._built.net
            prepare(net, {self._built.step_clock, self._built.slot_clock})
        self._parameters, self._synapses = parameters, synapses
        slot_clock = self._built.slot_clock
        active = [o for o in net.sorted_objects if o.active]
        self._steps = [o for o in active if o.clock is not slot_clock]
        self._starts = [o for o in active if o.clock is slot_clock and o.when == "start"]
        self._ends = [o for o in active if o.clock is slot_clock and o.when == "end"]

    def run(
        self,
        chunk: Chunk,
        *,
        report: Callable[[int], None],
        stop: Callable[[], bool],
    ) -> ChunkResult:
        """Run slots, see :class:`~bioplastic.engine.program.Program`."""
        with BRIAN:  # threads share the program: its state is one run's from first to last
            return self._run(chunk, report=report, stop=stop)

    def _run(
        self, chunk: Chunk, *, report: Callable[[int], None], stop: Callable[[], bool]
    ) -> ChunkResult:
        parameters = {name: float(np.ravel(chunk.values[name])[0]) for name in self._parameters}
        synapses = {name: np.asarray(chunk.values[name]) for name in self._synapses}
        same = all(np.array_equal(synapses[n], v) for n, v in self._synapses.items())
        n_signal_rows = int(chunk.n_steps.sum()) if self._built.tables.signals else 1
        if self._lanes > 1:  # a lane may look beyond its sample while others go on
            n_signal_rows += int(chunk.n_steps.max())
        room = n_signal_rows <= self._n_signal_rows
        if parameters != self._parameters or not same or not room:
            self._n_signal_rows = max(n_signal_rows, self._n_signal_rows)
            self._prepare(parameters, synapses)
        built, n_rows = self._built, len(chunk.keys)
        tables = built.tables
        with self._context():
            for name, arrays in chunk.samples.items():
                if (table := arrays.get("table")) is not None:
                    tables.stimuli[name].values[: len(table)] = table
                if name in tables.uniforms:
                    tables.uniforms[name].key[:] = arrays["key"]
            self._sources = {
                name: _SpikeSource(group, self._lanes, chunk.samples[name])
                for name, group in built.spike_inputs.items()
            }
            if (signals := chunk.target_signals) is not None:
                tables.target_signals.values[: len(signals)] = signals
            tables.first_rows.values[:n_rows] = chunk.first_rows
            tables.slot_steps.values[:n_rows] = chunk.n_steps
            tables.sample_keys.values[:n_rows] = chunk.keys
            tables.targets.values[:n_rows] = chunk.targets
            tables.uniform.key[:] = chunk.seed
            for name in built.variables:
                values = self._values(name)
                given = np.asarray(chunk.values[name])
                values[...] = np.reshape(np.tile(given, self._lanes_of(name)), np.shape(values))
            for synapses_, name, constants, changed in self._active_lists():
                for key in (*constants[len(_WIRING) :], *changed):
                    given = np.asarray(chunk.values[f"{name}.{key}"])
                    synapses_.variables[key].set_value(np.tile(given, self._lanes))
            cursor, n_shown = (self._of_schedule(v) for v in ("cursor", "n_shown"))
            self._spikes: list[list[tuple[float, npt.NDArray[np.int32]]]] = []
            self._probe = _Probe(chunk.probe, self._lane) if chunk.probe is not None else None
            self._learns, self._records = chunk.combine is not None, chunk.spikes
            log: list[list[float]] = []
            rows, following, last = np.full(self._lanes, -1), 0, 0
            n_done, begun = 0, time.perf_counter()
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
                log += [[float(self._of_schedule(v)[lane]) for v in SLOT_LOG] for lane in shown]
                last = int(np.argmax(rows)) if rows.max() + 1 == following else last
                for obj in self._ends:
                    if obj.order >= AT_BATCH_END.order:
                        self._learn_together(rows >= 0, mean=chunk.combine == "mean")
                    if obj.name not in built.at_batch_end or self._of_schedule("batch_ends")[0]:
                        obj.run()
                finished = (rows >= 0) & (cursor > rows)
                rows[finished] = -1
                n_done += int(finished.sum())
                report(n_done)
            seconds = time.perf_counter() - begun
            # All rows before this one are done.
            cursor[:] = min([following, *rows[rows >= 0]])
            if self._lanes > 1:  # what is not done begins anew in the next run, by any lane
                self._of_schedule("repeats")[:] = 0
            names = [name for name in built.variables if name not in built.parameters]
            state = {name: np.array(self._lane(name, last), dtype=np.float64) for name in names}
            for name, (_, changed) in self._lists.items():
                state |= {f"{name}.{k}": np.asarray(chunk.values[f"{name}.{k}"]) for k in changed}
            for _, name, _, changed in self._active_lists():
                state |= {f"{name}.{k}": self._lane(f"{name}.{k}", last).copy() for k in changed}
        events = [event for slot in self._spikes for event in slot]
        sizes = np.array([len(units) for _, units in events], dtype=np.int64)
        ends = np.concatenate([[0], np.cumsum(sizes)])
        n_events = np.cumsum([0, *(len(slot) for slot in self._spikes)])
        return ChunkResult(
            state=state,
            times=np.repeat([t for t, _ in events], sizes).astype(np.float64),
            units=np.concatenate([np.zeros(0, dtype=np.int32), *(units for _, units in events)]),
            offsets=ends[n_events],
            log=np.array(log).reshape(-1, len(SLOT_LOG)),
            seconds=seconds,
            probed=self._probe.seen() if self._probe is not None else None,
        )

    def _of_schedule(self, name: str) -> npt.NDArray[np.float64]:
        """Values of a variable of the schedule, one for each lane."""
        schedule = self._built.variables["schedule.cursor"][0]
        values: npt.NDArray[np.float64] = schedule.variables[name].get_value()
        return values

    def _values(self, name: str) -> npt.NDArray[np.float64]:
        """Present values of a variable in all lanes, of a list of synapses too."""
        values: npt.NDArray[np.float64]
        if name in self._built.variables:
            group, variable = self._built.variables[name]
            values = group.variables[variable].get_value()
            return values
        owner, variable = name.split(".")
        synapses = next(s for s in self._built.listed if s.name == owner)
        values = synapses.variables[variable].get_value()
        return values

    def _lane(self, name: str, lane: int) -> npt.NDArray[np.float64]:
        """Values of a variable in one lane."""
        lanes = self._lanes_of(name)
        values = np.ravel(self._values(name)).reshape(lanes, -1)
        own: npt.NDArray[np.float64] = values[lane if lanes > 1 else 0]
        return own

    def _learn_together(self, shown: npt.NDArray[np.bool_], *, mean: bool) -> None:
        """Put together what the samples of a round changed, once; all lanes go on from there."""
        for name, before in self._before.items():
            values = self._values(name).reshape(self._lanes, -1)
            change = (values[shown] - before).sum(axis=0)
            after = before + (change / shown.sum() if mean else change)
            if (bound := self._bounds.get(name)) is not None:
                # What normalisation has lifted beyond stays, if nothing changed it.
                low, high = np.minimum(before, 0), np.maximum(before, self._parameters[bound])
                after = np.clip(after, low, high)
            values[:] = after
        self._before = {}

    def _active_lists(self) -> Iterator[tuple[Any, str, list[str], list[str]]]:
        """Synapses objects of lists that are not empty, with the names of their variables."""
        for synapses in self._built.listed:
            if len(synapses):
                yield synapses, synapses.name, *self._lists[synapses.name]

    def _slot(self, rows: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> None:
        """Show a row in each lane, none where it is -1."""
        clock = self._built.step_clock
        timestep, t = (clock.variables[v] for v in ("timestep", "t"))
        dt = float(clock.dt)
        timestep.set_value(0)
        t.set_value(0.0)
        for synapses, *_ in self._active_lists():
            # What is under way belongs to the last sample.
            forget_spikes_under_way(synapses.pre, dt)
        noise = self._built.noise
        noise.step[0] = -1
        noise.sample_key[:] = self._built.tables.sample_keys.values[np.maximum(rows, 0)]
        noise.repeats[:] = self._of_schedule("repeats")
        for obj in self._starts:
            obj.run()
        learned = [n for n in self._learned if self._learns and self._exists(n)]
        self._before = {name: self._lane(name, 0).copy() for name in learned}
        for source in self._sources.values():
            source.begin(rows)
        found: list[list[tuple[float, npt.NDArray[np.int32]]]] = [[] for _ in rows]
        intervals, n_steps = self._built.intervals, int(lengths.max())
        repeats = self._of_schedule("repeats").astype(np.int64)
        changing = [n for n in self._built.variables if n not in self._built.parameters]
        changing += [f"{n}.{k}" for _, n, _, keys in self._active_lists() for k in keys]
        changing = [name for name in changing if self._lanes_of(name) > 1]
        kept: dict[int, dict[str, npt.NDArray[np.float64]]] = {}
        for step in range(n_steps):
            for lane in np.flatnonzero(lengths == step).tolist():
                # Its sample is over: it waits for the others as it is.
                kept[lane] = {name: self._lane(name, lane).copy() for name in changing}
            timestep.set_value(step)
            t.set_value(step * dt)
            noise.step[0] = step
            for obj in self._steps:
                if obj.name in self._sources:
                    self._sources[obj.name].fire(step)
                if (step + 1) % intervals.get(obj.name, 1) == 0:
                    obj.run()
            self._record(step, dt, lengths, found)
            if self._probe is not None:
                for lane in np.flatnonzero(step < lengths).tolist():
                    self._probe.look(int(rows[lane]), step, int(repeats[lane]), lane)
        noise.step[0] = -1
        for lane, values in kept.items():
            for name, value in values.items():
                self._lane(name, lane)[:] = value
        self._spikes += [slot for slot, row in zip(found, rows, strict=True) if row >= 0]

    def _exists(self, name: str) -> bool:
        """Whether a variable has values: a list of synapses may be empty."""
        lists = {name for _, name, *_ in self._active_lists()}
        return name in self._built.variables or name.split(".")[0] in lists

    def _record(
        self,
        step: int,
        dt: float,
        lengths: npt.NDArray[np.int64],
        found: list[list[tuple[float, npt.NDArray[np.int32]]]],
    ) -> None:
        """Note the watched spikes of lanes whose samples are not over."""
        if not self._records:
            return
        first = 0
        for group in self._built.watched:
            units, n = spikes_now(group), len(group) // self._lanes
            for lane in np.unique(units // n).tolist():
                if step < lengths[lane]:
                    own = units[units // n == lane] - lane * n
                    found[lane].append((step * dt, (first + own).astype(np.int32)))
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
    """Looks at variables at the points of a plan."""

    def __init__(
        self, plan: ProbePlan, look: Callable[[str, int], npt.NDArray[np.float64]]
    ) -> None:
        self._plan, self._look = plan, look
        self._points = set(zip(plan.rows.tolist(), plan.steps.tolist(), strict=True))
        self._met: list[tuple[int, int, int]] = []
        self._values: dict[str, list[npt.NDArray[np.float64]]] = {n: [] for n in plan.variables}

    def look(self, row: int, step: int, repeats: int, lane: int) -> None:
        if (row, step) not in self._points:
            return
        self._met.append((row, step, repeats))
        for name, chosen in self._plan.variables.items():
            # a copy: the index is an array
            self._values[name].append(np.asarray(self._look(name, lane)[chosen], dtype=np.float64))

    def seen(self) -> Probed:
        rows, steps, repeats = np.array(self._met, dtype=np.int64).reshape(-1, 3).T
        return Probed(
            rows=rows,
            steps=steps,
            repeats=repeats,
            values={
                name: np.array(self._values[name]).reshape(len(rows), len(chosen))
                for name, chosen in self._plan.variables.items()
            },
        )
