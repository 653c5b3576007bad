"""Our C++ device with kernels for a GPU in place of loops; brian2cuda translates the equations.

Arrays exist twice. Those of the CPU are set as in the C++ program, copied to the GPU before the
first slot, and copied back where somebody looks at them. What kernels read without being given it,
sizes and tables, stands in the namespace `_gpu`, under the names that it has on the CPU.

This module needs brian2cuda; nobody but `cuda_program` imports it, when a network is built.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from brian2.codegen.generators.cpp_generator import c_data_type
from brian2.devices.device import all_devices, get_device

from bioplastic.engine import brian_code
from bioplastic.engine import brian_internals as brian
from bioplastic.engine.built import Built
from bioplastic.engine.cuda_kernels import Kernel, Layout, kernel_of
from bioplastic.engine.noise import LANES
from bioplastic.engine.schedule import SLOT_LOG
from bioplastic.engine.standalone import SlotDevice
from bioplastic.engine.standalone_code import (
    SlotCodeObject,
    by_name,
    by_row,
    in_lane,
    is_listed,
    lanes_of,
    wiring,
)


def layout_of(owner: Any, code_object: str = "") -> Layout | None:
    """Return the layout of the synapses behind a code object's owner, None for neurons."""
    synapses, regular = getattr(owner, "synapses", owner), wiring(owner)
    if regular is not None:
        return Layout(**dataclasses.asdict(regular), lanes=lanes_of(code_object))
    if not is_listed(owner):
        return None
    return Layout(synapses.name, "listed", in_lane(synapses.source), in_lane(synapses.target))


def in_lanes(group: Any) -> str:
    """C++ expression of the number of a group's neurons in all lanes."""
    lanes = get_device().built.lanes
    return f"({in_lane(group)}*{LANES})" if lanes > 1 else in_lane(group)


def kernel(name: str, scalar_code: Any, vector_code: Any, variables: Any, owner: Any) -> Kernel:
    """Return a code object's kernel, whose arrays will be on the GPU."""
    device, layout, regular = get_device(), layout_of(owner, name), wiring(owner)
    if regular is not None:
        vector_code = by_row(vector_code, regular)
    found = kernel_of(
        scalar_code,
        vector_code,
        variables,
        lambda variable: brian_code.pointer(device.get_array_name(variable)),
        device.constant,
    )
    for variable in found.arrays.values():
        device.mirror(variable)
    if layout is not None and layout.kind == "listed" and found.sums:
        n_sums = max(len(found.sums), device.additions.get(layout.name, 0))
        device.additions[layout.name] = n_sums
    return found


def falls_silent(variables: Mapping[str, Any]) -> list[str]:
    """Lines of a threshold by which a neuron that spikes becomes refractory, where it can."""
    if "not_refractory" not in variables:
        return []
    names = ("not_refractory", "lastspike", "t")
    arrays = [brian_code.pointer(get_device().get_array_name(variables[name])) for name in names]
    awake, last = (brian_code.at_element(array, brian_code.SYNAPSE) for array in arrays[:2])
    return [f"{awake} = _cond ? 0 : {awake};", f"{last} = _cond ? {arrays[2]}[0] : {last};"]


def summed(lines: list[str], what: str, target: Any, index: Any) -> list[str]:
    """Let synapses add what they compute to a variable of their neurons."""
    array, looked_up = (brian_code.pointer(get_device().get_array_name(v)) for v in (target, index))
    side = brian_code.POST if index.name == brian.SYNAPTIC_POST else brian_code.PRE
    look_up = f"const int32_t {side} = {brian_code.at_element(looked_up, brian_code.SYNAPSE)};"
    place = brian_code.at_element(array, side)
    adds = [f"{c_data_type(target.dtype)} _sum = {place};", f"_sum += {what};"]
    return [*({look_up} - {*lines}), *lines, *adds, f"{place} = _sum;"]


def several_add(pathway: Any) -> bool:
    """Whether several pathways of the same synapses take presynaptic spikes."""
    return len([p for p in brian.pathways_of(pathway.synapses) if p.prepost == "pre"]) > 1


class CudaCodeObject(SlotCodeObject):
    """Code object whose code becomes a kernel."""

    generator_class = brian_code.cuda_code_generator()
    templater = brian_code.templates_of(
        SlotCodeObject,
        functions={
            **by_name(layout_of, in_lanes, falls_silent, summed, kernel, several_add),
            "on_device": lambda variable: get_device().mirror(variable),
            "spikes_of": lambda pathway: get_device().mirror(
                brian.array_of_spikes(pathway.source, pathway.event)
            ),
        },
        endings=(".cu", ".cpp"),
    )


class CudaDevice(SlotDevice):
    """Brian's device for a program whose slots are computed by a GPU."""

    unit = "unit.cu"
    has_threads = False
    keeps_once = False
    our_headers = (
        "launch.cuh", "run.h", "probe.h", "slots.h", "philox.h",
        "noise.h", "tables.cuh", "spikes.cuh", "lanes.cuh", "synapse_list.cuh",
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        #: Variables whose arrays are on the GPU, by the names of these.
        self.mirrors: dict[str, Any] = {}
        #: Name of a list -> to how many variables of its neurons its spikes add.
        self.additions: dict[str, int] = {}

    def arithmetic(self) -> str:
        """Return the operators of equations, in CUDA."""
        return brian_code.cuda_arithmetic()

    def code_object_class(self, codeobj_class: Any = None, fallback_pref: Any = None) -> Any:
        """Return our code objects, whatever the preferences say."""
        return CudaCodeObject

    def get_array_name(self, var: Any, access_data: bool = True, prefix: str | None = None) -> str:
        """Name of an array, with a prefix as brian2cuda's generator asks for."""
        return f"{prefix or ''}{super().get_array_name(var, access_data)}"

    def number_now(self, array: str) -> str:
        """C++ expression of the first number of an array, fetched from the GPU."""
        return f"_number(_dev{array})"

    def mirror(self, variable: Any) -> str:
        """Return the name that the array of a variable has on the GPU, where it will be."""
        array = self.get_array_name(variable)
        self.mirrors[array] = variable
        return f"_dev{array}"

    def add_slot_loop(self, built: Built) -> None:
        """Find the program's main part, see :class:`SlotDevice`."""
        built.calendars.clear()  # threads look at all neurons
        super().add_slot_loop(built)
        self._mirror_what_the_loop_reads()
        tables = built.tables
        self.plan |= {
            "mirrors": [self._mirrored(*item) for item in sorted(self.mirrors.items())],
            "mirrored": self.mirrors,
            "tables_of_slots": [t.name for t in tables.all if t not in tables.with_columns],
            "uniforms": [uniform.name for uniform in tables.all_uniforms],
            "additions": sorted(i for i in self.additions.items() if i[0] not in built.added_to),
            "measured": sorted(built.added_to),
            "waits": bool(built.intervals),
        }

    def _write_functions(self) -> None:
        """Write the kernels of every code object, and a function that launches them."""
        self.functions = [
            brian_code.part_of(c, "body") for _, c in sorted(self.code_objects.items())
        ]
        self.calls = {name: f"_run_{name}();" for name in self.code_objects}

    def declarations(self) -> Iterator[str]:
        """Return what the loop over slots shares with code objects, in C++."""
        tables = self.built.tables
        yield from super().declarations()
        yield from (
            f"static {c_data_type(v.dtype)}* _dev{n};" for n, v in sorted(self.mirrors.items())
        )
        constants = [
            *(f"int32_t {name}" for name in self.plan["sizes"]),
            *(f"double* {t.name}_values" for t in (*tables.all, *tables.times.values())),
            *(f"int64_t {uniform.name}_key[2]" for uniform in tables.all_uniforms),
        ]
        yield from (f"namespace _gpu {{ static __constant__ {known}; }}" for known in constants)

    def _mirror_what_the_loop_reads(self) -> None:
        built = self.built
        clock, schedule = built.step_clock, built.variables["schedule.cursor"][0]
        of_lanes = [
            *SLOT_LOG,
            "sample_key",
            "n_shown",
            *(["batch_ends"] * bool(built.at_batch_end)),
        ]
        open_ = (brian.condition_of_writing(g.variables[v]) for g, v in built.added_to.values())
        for variable in (
            *(clock.variables[name] for name in ("t", "dt", "timestep")),
            *(schedule.variables[name] for name in of_lanes),
            *map(brian.array_of_spikes, built.spiking.values()),
            *(condition for condition in open_ if condition is not None),
        ):
            self.mirror(variable)

    def _mirrored(self, array: str, variable: Any) -> tuple[str, str, str]:
        """Name an array, how long it is, and what lies behind it on the GPU."""
        is_spikes = brian.holds_spikes(variable.name)
        room = f"_room_behind({in_lanes(variable.owner)})" if is_spikes else "0"
        return array, self._whole(variable), room


cuda_device = CudaDevice()
all_devices["bioplastic_cuda_standalone"] = cuda_device
