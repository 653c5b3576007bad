"""Our C++ device with kernels for a GPU in place of loops; brian2cuda translates the equations.

Arrays exist twice. Those of the CPU are set as in the C++ program, copied to the GPU before the
first slot, and copied back where somebody looks at them.

This module needs brian2cuda; nobody but `cuda_program` imports it, when a network is built.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from brian2.codegen.generators.cpp_generator import c_data_type
from brian2.devices.device import all_devices, get_device

from bioplastic.engine import brian_internals as brian
from bioplastic.engine.built import Built
from bioplastic.engine.cuda_kernels import Kernel, Layout, kernel_of
from bioplastic.engine.schedule import SLOT_LOG
from bioplastic.engine.standalone import (
    SlotCodeObject,
    SlotDevice,
    by_name,
    by_row,
    is_listed,
    lanes_of,
    wiring,
)

__all__ = ["CudaCodeObject", "CudaDevice", "cuda_device"]


def layout_of(owner: Any, code_object: str = "") -> Layout | None:
    """Return the layout of the synapses behind a code object's owner, None for neurons."""
    synapses, regular = getattr(owner, "synapses", owner), wiring(owner)
    if regular is not None:
        return Layout(**dataclasses.asdict(regular), lanes=lanes_of(code_object))
    if not is_listed(owner):
        return None
    return Layout(synapses.name, "listed", len(synapses.source), len(synapses.target))


def kernel(name: str, scalar_code: Any, vector_code: Any, variables: Any, owner: Any) -> Kernel:
    """Return a code object's kernel, whose arrays will be on the GPU."""
    device, layout, regular = get_device(), layout_of(owner, name), wiring(owner)
    if regular is not None:
        vector_code = by_row(vector_code, regular)
    found = kernel_of(
        scalar_code,
        vector_code,
        variables,
        lambda variable: brian.pointer(device.get_array_name(variable)),
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
    arrays = [brian.pointer(get_device().get_array_name(variables[name])) for name in names]
    awake, last = (brian.at_element(array, brian.SYNAPSE) for array in arrays[:2])
    return [f"{awake} = _cond ? 0 : {awake};", f"{last} = _cond ? {arrays[2]}[0] : {last};"]


class CudaCodeObject(SlotCodeObject):
    """Code object whose code becomes a kernel."""

    generator_class = brian.cuda_code_generator()
    templater = brian.templates_of(
        SlotCodeObject,
        functions={
            **by_name(layout_of, falls_silent, kernel),
            "on_device": lambda variable: get_device().mirror(variable),
            "spikes_of": lambda group: get_device().mirror(brian.array_of_spikes(group)),
        },
        endings=(".cu", ".cpp"),
    )


class CudaDevice(SlotDevice):
    """Brian's device for a program whose slots are computed by a GPU."""

    unit = "unit.cu"
    our_headers = (
        "launch.cuh", "philox.h", "noise.h", "tables.cuh", "spikes.cuh", "lanes.cuh",
        "synapse_list.cuh",
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        #: Variables whose arrays are on the GPU, by the names of these.
        self.mirrors: dict[str, Any] = {}
        #: Name of a list -> to how many variables of its neurons its spikes add.
        self.additions: dict[str, int] = {}

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
        """Queue the program's main part, see :class:`SlotDevice`."""
        built.calendars.clear()  # threads look at all neurons
        super().add_slot_loop(built)
        for code_object in [c for c in self.code_objects.values() if brian.makes_synapses(c)]:
            brian.drop_code_object(self, code_object)
        self._mirror_what_the_loop_reads()
        plan, mirrored = self.plan, self.mirrors
        plan |= {
            "mirrored": mirrored,
            "mirrors": [self._mirrored(*item) for item in sorted(mirrored.items())],
            "sizes": self._sizes(),
            "kept_on_device": [p for p in plan["changing"] if p.lanes > 1 and p.array in mirrored],
            "learned_on_device": [both for both in plan["learned"] if both[0].array in mirrored],
            "additions": sorted(i for i in self.additions.items() if i[0] not in built.added_to),
            "measured": sorted(built.added_to),
            "waits": any(n > 1 for n in built.intervals.values()),
        }

    def declarations(self) -> list[str]:
        """Return what the loop over slots shares with code objects, in C++."""
        arrays = [f"static {a['type']}* _dev{a['name']};" for a in self.plan["mirrors"]]
        tables = (f"static __constant__ double* _dev_{t[0]}_values;" for t in self.plan["tables"])
        keys = (f"static __constant__ int64_t _dev_{k[0]}_key[2];" for k in self.plan["noise_keys"])
        return [*super().declarations(), *arrays, *tables, *keys]

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
            *map(brian.array_of_spikes, (*built.watched, *built.spike_inputs.values())),
            *(condition for condition in open_ if condition is not None),
        ):
            self.mirror(variable)

    def _mirrored(self, array: str, variable: Any) -> dict[str, str]:
        start, length = self._array(variable)
        spikes = variable.name == brian.SPIKES
        return {
            "name": array,
            "type": c_data_type(variable.dtype),
            "start": start,
            "length": length,
            "room": f"_room_behind({variable.size - 1})" if spikes else "0",
        }

    def _sizes(self) -> list[tuple[str, int]]:
        """Arrays of synapses that are made by no code, with their lengths in a lane."""
        return sorted(
            (
                self.get_array_name(v, access_data=False),
                self.built.wirings[synapses.name].n_synapses,
            )
            for synapses in self.built.net.objects
            if synapses.name in self.built.wirings
            for v in brian.variables_per_synapse(synapses) & {*synapses.variables.values()}
            if v.name not in (brian.SYNAPTIC_PRE, brian.SYNAPTIC_POST)
        )


cuda_device = CudaDevice()
all_devices["bioplastic_cuda_standalone"] = cuda_device
