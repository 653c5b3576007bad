"""Brian's objects of the runtime engines: made once for networks of any size and any values."""

import contextlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic.engine.brian_internals import (
    connect,
    hold_anew,
    index_of_link,
    own_names,
    prepare,
    resize,
    set_constant,
)
from bioplastic.engine.builder import build
from bioplastic.engine.context import brian_context
from bioplastic.engine.noise import IN_LANE, LANES, noise_device
from bioplastic.engine.plan import Plan, plan_of
from bioplastic.engine.program import Chunk
from bioplastic.models import Network
from bioplastic.models.strings import LINKED
from bioplastic.models.wiring import regular_pairs


class RuntimeObjects:
    """Brian's objects of all networks that differ in sizes, values and lists of synapses only.

    Parameters
    ----------
    network : Network
        One of them.
    target : {"numpy", "cython"}
        Brian's code generation target.
    lanes : int
        Samples that are shown side by side; where there are several, their number is a size, too.
    """

    def __init__(self, network: Network, *, target: str, lanes: int) -> None:
        self._target = target
        with self.context(), own_names():
            built = self.built = build(network, lanes=lanes)
            prepare(built.net, {built.step_clock, built.slot_clock})
        self._objects = {o.name: o for o in built.net.objects}
        listed = {
            f"{name}.{key}": (self._objects[name], key)
            for name, (read, changed) in plan_of(network).lists.items()
            for key in (*read, *changed)
            if key not in ("i", "j", *built.delays[name].values())
        }
        #: "population.variable" -> (Brian group, name of the variable), those of lists included.
        self._places = built.variables | listed
        self.schedule = self._objects["schedule"].variables
        # Of those without code, an input matters, whose spikes the engine fires.
        acting = [
            o
            for o in built.net.sorted_objects
            if o.active and (o.code_objects or o.name in built.spike_inputs)
        ]
        slot_clock = built.slot_clock
        self.steps = [o for o in acting if o.clock is not slot_clock]
        self.starts = [o for o in acting if o.clock is slot_clock and o.when == "start"]
        self.ends = [o for o in acting if o.clock is slot_clock and o.when == "end"]

    def context(self) -> contextlib.AbstractContextManager[None]:
        """Borrow Brian's global state."""
        return brian_context(noise_device, {"codegen.target": self._target})

    def take(self, plan: Plan, lanes: int, chunk: Chunk) -> None:
        """Become a network's, with what a run is given."""
        self._resize(plan, lanes)
        self._connect(lanes, chunk.values)
        self._fill_tables(plan, lanes, chunk)
        for name in self._places:
            values = self.values(name)
            shared = 1 if self.is_shared(name) else lanes
            values[...] = np.tile(np.ravel(chunk.values[name]), shared)
        hold_anew(self.built.net)

    def values(self, name: str) -> npt.NDArray[np.float64]:
        """Present values of a variable in all lanes, of a list of synapses too."""
        group, variable = self._places[name]
        values: npt.NDArray[np.float64] = group.variables[variable].get_value()
        return values

    def is_shared(self, name: str) -> bool:
        """Whether a variable is one number, for all lanes."""
        group, variable = self._places[name]
        return bool(group.variables[variable].scalar)

    def _resize(self, plan: Plan, lanes: int) -> None:
        for name in self.built.numbers:
            group, n = self._objects[name], plan.sizes.get(name, 1)
            resize(group, lanes * n)
            if IN_LANE in group.variables:
                set_constant(group, IN_LANE, n)
            for word in LINKED:
                if (index := index_of_link(group, word)) is not None:
                    index.set_value(np.repeat(np.arange(lanes), n))
        noise = self.built.noise
        noise.sample_key, noise.repeats = np.zeros(lanes), np.zeros(lanes)

    def _connect(self, lanes: int, values: Mapping[str, Any]) -> None:
        for name, wiring in self.built.wirings.items():
            synapses = self._objects[name]
            sizes = (len(group) // lanes for group in (synapses.source, synapses.target))
            i, j = regular_pairs(wiring.kind, *sizes)
            set_constant(synapses, IN_LANE, len(i))
            _connect(synapses, lanes, i, j, {})
        for synapses in self.built.listed:
            i, j = (values[f"{synapses.name}.{key}"] for key in ("i", "j"))
            delays = {
                pathway: np.tile(values[f"{synapses.name}.{key}"], lanes)
                for pathway, key in self.built.delays[synapses.name].items()
            }
            set_constant(synapses, LANES, lanes)
            _connect(synapses, lanes, i, j, delays)

    def _fill_tables(self, plan: Plan, lanes: int, chunk: Chunk) -> None:
        tables = self.built.tables
        for table, numbers in (
            (tables.first_rows, chunk.first_rows),
            (tables.slot_steps, chunk.n_steps),
            (tables.sample_keys, chunk.keys),
            (tables.targets, chunk.targets),
        ):
            table.values = np.array(numbers, dtype=np.float64)
        n_steps = int(chunk.n_steps.sum())
        # A lane may look beyond its sample while others go on.
        beyond = int(chunk.n_steps.max()) if lanes > 1 else 0
        given = [chunk.samples[name]["table"] for name in tables.stimuli]
        for table, rows, n_columns in zip(
            tables.with_columns, (*given, chunk.target_signals), plan.columns, strict=True
        ):
            found = np.zeros((n_steps, n_columns)) if rows is None else rows
            table.values = np.concatenate([found, np.zeros((beyond, n_columns))])
        for name, table in tables.times.items():
            owner, _, function = name.partition(".")
            table.take(plan.functions[owner][function])
        tables.uniform.key[:] = chunk.seed
        for name, uniform in tables.uniforms.items():
            uniform.key[:] = chunk.samples[name]["key"]


def _connect(
    synapses: Any,
    lanes: int,
    i: npt.NDArray[Any],
    j: npt.NDArray[Any],
    delays: Mapping[str, npt.NDArray[np.float64]],
) -> None:
    """Connect neurons of the first lane, and so those of the others."""
    lane = np.repeat(np.arange(lanes), len(i))
    pre, post = (
        (np.tile(index, lanes) + lane * (len(group) // lanes)).astype(np.int32)
        for index, group in ((i, synapses.source), (j, synapses.target))
    )
    connect(synapses, pre, post, delays)
