"""Runtime engines: the same slots driven from Python, with NumPy or Cython code objects.

Slow, but everything can be looked at, and no compiler is needed for NumPy.
"""

import contextlib
import gc
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2.devices.device import runtime_device

from bioplastic.engine.builder import build
from bioplastic.engine.context import brian_context
from bioplastic.engine.program import Chunk, ChunkResult, Probed, ProbePlan, input_events
from bioplastic.engine.schedule import SLOT_LOG
from bioplastic.engine.structure import listed_variables, parameter_values
from bioplastic.models import Network
from bioplastic.spikes import SpikeTrains

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
    """

    #: Rows of the sample table; a runtime slot is slow, so a chunk need not be long.
    n_rows = 100

    def __init__(self, network: Network, *, target: str) -> None:
        begun = time.perf_counter()
        self._network, self._target = network, target
        self._lists = listed_variables(network)
        self._n_signal_rows = 1
        # Objects for an empty list of synapses already say whether the equations can be used.
        nothing = {f"{name}.{key}": np.zeros(0) for name in self._lists for key in _WIRING}
        self._prepare(parameter_values(network), nothing)
        self.sizes = {
            name: int(np.size(group.variables[variable].get_value()))
            for name, (group, variable) in self._built.variables.items()
        }
        self.build_seconds = time.perf_counter() - begun

    def _context(self) -> contextlib.AbstractContextManager[None]:
        return brian_context(runtime_device, {"codegen.target": self._target})

    def _prepare(
        self, parameters: dict[str, float], synapses: dict[str, npt.NDArray[np.float64]]
    ) -> None:
        """Make Brian's objects; runtime code holds the values of parameters fast."""
        with self._context():
            if self._target == "cython":
                # An earlier program's objects give their names back, so that the generated code
                # is the same and Cython's cache has it.
                gc.collect()
            self._built = build(
                self._network,
                n_rows=self.n_rows,
                n_signal_rows=self._n_signal_rows,
                synapses=synapses,
            )
            for name, value in parameters.items():
                group, variable = self._built.variables[name]
                group.variables[variable].get_value()[...] = value
            net = self._built.net
            net._clocks = {self._built.step_clock, self._built.slot_clock}
            net.before_run({})
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
        parameters = {name: float(np.ravel(chunk.values[name])[0]) for name in self._parameters}
        synapses = {name: np.asarray(chunk.values[name]) for name in self._synapses}
        same = all(np.array_equal(synapses[n], v) for n, v in self._synapses.items())
        n_signal_rows = int(chunk.n_steps.sum()) if self._built.tables.signals else 1
        room = n_signal_rows <= self._n_signal_rows
        if parameters != self._parameters or not same or not room:
            self._n_signal_rows = max(n_signal_rows, self._n_signal_rows)
            self._prepare(parameters, synapses)
        built, n_rows = self._built, len(chunk.keys)
        tables = built.tables
        with self._context():
            runtime_device.seed(chunk.seed[0])
            if isinstance(chunk.samples, SpikeTrains):
                dt = float(self._network.schedule.dt)
                self._events = input_events(chunk.samples, dt=dt, n_steps=chunk.n_steps)
            else:
                tables.stimulus.values[: len(chunk.samples)] = chunk.samples
            if (signals := chunk.target_signals) is not None:
                tables.target_signals.values[: len(signals)] = signals
            tables.first_rows.values[:n_rows] = chunk.first_rows
            tables.slot_steps.values[:n_rows] = chunk.n_steps
            tables.sample_keys.values[:n_rows] = chunk.keys
            tables.targets.values[:n_rows] = chunk.targets
            tables.uniform.key[:] = chunk.seed
            for name, (group, variable) in built.variables.items():
                group.variables[variable].get_value()[...] = np.reshape(
                    chunk.values[name], np.shape(group.variables[variable].get_value())
                )
            for synapses_, name, constants, changed in self._active_lists():
                for key in (*constants[len(_WIRING) :], *changed):
                    synapses_.variables[key].set_value(np.asarray(chunk.values[f"{name}.{key}"]))
            schedule = {v: built.variables[f"schedule.{v}"] for v in SLOT_LOG}
            read = {k: g.variables[v].get_value for k, (g, v) in schedule.items()}
            self._spikes: list[tuple[float, npt.NDArray[np.int32]]] = []
            self._probe = _Probe(chunk.probe, self._look) if chunk.probe is not None else None
            log, n_spikes, begun = [], [0], time.perf_counter()
            while read["cursor"]()[0] < n_rows and not stop():
                row = int(read["cursor"]()[0])
                self._slot(row, int(chunk.n_steps[row]))
                log.append([float(read[v]()[0]) for v in SLOT_LOG])
                n_spikes.append(len(self._spikes))
                for obj in self._ends:
                    if obj.name not in built.at_batch_end or self._batch_ends():
                        obj.run()
                report(int(read["cursor"]()[0]))
            seconds = time.perf_counter() - begun
            state = {
                name: np.array(group.variables[variable].get_value(), dtype=np.float64).ravel()
                for name, (group, variable) in built.variables.items()
                if name not in built.parameters
            }
            for name, (_, changed) in self._lists.items():
                state |= {f"{name}.{k}": np.asarray(chunk.values[f"{name}.{k}"]) for k in changed}
            for synapses_, name, _, changed in self._active_lists():
                state |= {
                    f"{name}.{k}": np.array(synapses_.variables[k].get_value()) for k in changed
                }
        sizes = [len(units) for _, units in self._spikes]
        ends = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        units = [units for _, units in self._spikes]
        return ChunkResult(
            state=state,
            times=np.repeat([t for t, _ in self._spikes], sizes).astype(np.float64),
            units=np.concatenate(units) if units else np.zeros(0, dtype=np.int32),
            offsets=ends[n_spikes],
            log=np.array(log).reshape(-1, len(SLOT_LOG)),
            seconds=seconds,
            probed=self._probe.seen() if self._probe is not None else None,
        )

    def _batch_ends(self) -> bool:
        """Whether the present slot fills a batch, as the schedule has just said."""
        schedule = self._built.variables["schedule.in_batch"][0]
        return bool(schedule.variables["batch_ends"].get_value()[0])

    def _look(self, name: str) -> npt.NDArray[np.float64]:
        """Present values of a variable, of a list of synapses too."""
        if name in self._built.variables:
            group, variable = self._built.variables[name]
            return np.ravel(group.variables[variable].get_value())
        owner, variable = name.split(".")
        synapses = next(s for s in self._built.listed if s.name == owner)
        return np.ravel(synapses.variables[variable].get_value())

    def _active_lists(self) -> Iterator[tuple[Any, str, list[str], list[str]]]:
        """Synapses objects of lists that are not empty, with the names of their variables."""
        for synapses in self._built.listed:
            if len(synapses):
                yield synapses, synapses.name, *self._lists[synapses.name]

    def _slot(self, row: int, n_steps: int) -> None:
        clock = self._built.step_clock
        timestep, t = (clock.variables[v] for v in ("timestep", "t"))
        dt = float(clock.dt)
        timestep.set_value(0)
        t.set_value(0.0)
        for synapses, *_ in self._active_lists():
            # What is under way belongs to the last sample.
            for _ in range(round(float(np.max(synapses.pre.delay)) / dt) + 2):
                synapses.pre.queue.advance()
        for obj in self._starts:
            obj.run()
        self._late = np.zeros(0, dtype=np.int32)
        position = self._events[2][row] if self._built.spike_input is not None else 0
        intervals = self._built.intervals
        group, variable = self._built.variables["schedule.repeats"]
        repeats = int(group.variables[variable].get_value()[0])
        for step in range(n_steps):
            timestep.set_value(step)
            t.set_value(step * dt)
            for obj in self._steps:
                if obj is self._built.spike_input:
                    position = self._fire_input(step, position, self._events[2][row + 1])
                if (step + 1) % intervals.get(obj.name, 1) == 0:
                    obj.run()
            self._record(step * dt)
            if self._probe is not None:
                self._probe.look(row, step, repeats)

    def _fire_input(self, step: int, position: int, end: int) -> int:
        """Put the sample's spikes of this step where a thresholder would; return what is next."""
        steps, units, _ = self._events
        due = position + int(np.searchsorted(steps[position:end], step, side="right"))
        waiting = np.concatenate([self._late, units[position:due]])
        # A channel fires once in a step, as a neuron does: what more it has to say follows.
        first = np.zeros(len(waiting), dtype=bool)
        first[np.unique(waiting, return_index=True)[1]] = True
        self._late = waiting[~first]
        spikes = self._built.spike_input.variables["_spikespace"].get_value()
        number = int(first.sum())
        spikes[:number] = waiting[first]
        spikes[-1] = number
        return due

    def _record(self, t: float) -> None:
        first = 0
        for group in self._built.watched:
            spikes = group.variables["_spikespace"].get_value()
            if spikes[-1]:
                self._spikes.append((t, first + spikes[: spikes[-1]]))
            first += len(group)


class _Probe:
    """Looks at variables at the points of a plan."""

    def __init__(self, plan: ProbePlan, look: Callable[[str], npt.NDArray[np.float64]]) -> None:
        self._plan, self._look = plan, look
        self._points = set(zip(plan.rows.tolist(), plan.steps.tolist(), strict=True))
        self._met: list[tuple[int, int, int]] = []
        self._values: dict[str, list[npt.NDArray[np.float64]]] = {n: [] for n in plan.variables}

    def look(self, row: int, step: int, repeats: int) -> None:
        if (row, step) not in self._points:
            return
        self._met.append((row, step, repeats))
        for name, chosen in self._plan.variables.items():
            # a copy: the index is an array
            self._values[name].append(np.asarray(self._look(name)[chosen], dtype=np.float64))

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
