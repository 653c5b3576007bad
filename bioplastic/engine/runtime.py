"""Runtime engines: the same slots driven from Python, with NumPy or Cython code objects.

Slow, but everything can be looked at, and no compiler is needed for NumPy.
"""

import contextlib
import gc
import time
from collections.abc import Callable

import numpy as np
from brian2.devices.device import runtime_device

from bioplastic.engine.builder import SLOT_LOG, build, parameter_values
from bioplastic.engine.context import brian_context
from bioplastic.engine.program import Chunk, ChunkResult
from bioplastic.models import Network

__all__ = ["RuntimeProgram"]


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
        self._n_steps = network.schedule.n_steps
        self._prepare(parameter_values(network))
        self.sizes = {
            name: int(np.size(group.variables[variable].get_value()))
            for name, (group, variable) in self._built.variables.items()
        }
        self.build_seconds = time.perf_counter() - begun

    def _context(self) -> contextlib.AbstractContextManager[None]:
        return brian_context(runtime_device, {"codegen.target": self._target})

    def _prepare(self, parameters: dict[str, float]) -> None:
        """Make Brian's objects; runtime code holds the values of parameters fast."""
        with self._context():
            if self._target == "cython":
                # An earlier program's objects give their names back, so that the generated code
                # is the same and Cython's cache has it.
                gc.collect()
            self._built = build(self._network, n_rows=self.n_rows)
            for name, value in parameters.items():
                group, variable = self._built.variables[name]
                group.variables[variable].get_value()[...] = value
            net = self._built.net
            net._clocks = {self._built.step_clock, self._built.slot_clock}
            net.before_run({})
        self._parameters = parameters
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
        if parameters != self._parameters:
            self._prepare(parameters)
        built, n_rows = self._built, len(chunk.keys)
        with self._context():
            runtime_device.seed(chunk.seed[0])
            built.stimulus.values[:n_rows] = chunk.rates
            built.sample_keys.values[:n_rows] = chunk.keys
            built.uniform.key[:] = chunk.seed
            for name, (group, variable) in built.variables.items():
                group.variables[variable].get_value()[...] = np.reshape(
                    chunk.values[name], np.shape(group.variables[variable].get_value())
                )
            schedule = {v: built.variables[f"schedule.{v}"] for v in SLOT_LOG}
            read = {k: g.variables[v].get_value for k, (g, v) in schedule.items()}
            monitor = built.spikes
            monitor.resize(0)
            monitor.variables["N"].set_value(0)
            log, offsets, begun = [], [0], time.perf_counter()
            while read["cursor"]()[0] < n_rows and not stop():
                self._slot()
                log.append([float(read[v]()[0]) for v in SLOT_LOG])
                offsets.append(len(monitor.variables["t"].get_value()))
                for obj in self._ends:
                    obj.run()
                report(int(read["cursor"]()[0]))
            seconds = time.perf_counter() - begun
            state = {
                name: np.array(group.variables[variable].get_value(), dtype=np.float64).ravel()
                for name, (group, variable) in built.variables.items()
                if name not in built.parameters
            }
            return ChunkResult(
                state=state,
                times=np.array(monitor.variables["t"].get_value()),
                units=np.array(monitor.variables["i"].get_value(), dtype=np.int32),
                offsets=np.array(offsets),
                log=np.array(log).reshape(-1, len(SLOT_LOG)),
                seconds=seconds,
            )

    def _slot(self) -> None:
        clock = self._built.step_clock
        timestep, t = (clock.variables[v] for v in ("timestep", "t"))
        dt = float(clock.dt)
        timestep.set_value(0)
        t.set_value(0.0)
        for obj in self._starts:
            obj.run()
        for step in range(self._n_steps):
            timestep.set_value(step)
            t.set_value(step * dt)
            for obj in self._steps:
                obj.run()
