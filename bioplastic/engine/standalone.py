"""Brian's C++ device with a loop over slots, and with loops that vectorise."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.core.variables import DynamicArrayVariable
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import all_devices, get_device
from brian2.synapses.synapses import Synapses, SynapticPathway

from bioplastic.engine.builder import SLOT_LOG, Built

__all__ = ["SlotCodeObject", "SlotDevice", "slot_device"]


@dataclass(frozen=True, slots=True)
class RegularWiring:
    """Layout of synapses that lie in memory row by row."""

    name: str
    kind: str
    n_pre: int
    n_post: int


def wiring(owner: Any) -> RegularWiring | None:
    """Return the layout of the synapses behind a code object's owner, None where irregular."""
    name = getattr(owner, "synapses", owner).name
    known = get_device().wirings.get(name)
    return RegularWiring(name, *known) if known else None


def by_row(lines: list[str], regular: RegularWiring) -> list[str]:
    """Replace look-ups of a synapse's neurons by the loop's own indices."""
    for side, index in (("pre", "_i"), ("post", "_j")):
        array = f"_ptr_array_{regular.name}__synaptic_{side}[_idx]"
        lines = [line.replace(array, index) for line in lines]
    return lines


class SlotCodeObject(CPPStandaloneCodeObject):
    """Code object that takes our templates before Brian's."""

    templater = CPPStandaloneCodeObject.templater.derive(
        "bioplastic.engine",
        env_globals={"wiring": wiring, "slot_plan": lambda: get_device().plan},
    )


SlotCodeObject.templater.env.filters["by_row"] = by_row


class SlotDevice(CPPStandaloneDevice):
    """Brian's C++ device with a main loop over slots in place of ``Network.run``."""

    def __init__(self) -> None:
        super().__init__()
        #: Name of a Synapses object -> wiring and sizes, where the wiring is regular.
        self.wirings: dict[str, tuple[str, int, int]] = {}
        #: What the template of the main program fills in.
        self.plan: dict[str, Any] = {}

    def code_object_class(self, codeobj_class: Any = None, fallback_pref: Any = None) -> Any:
        """Return our code objects, whatever the preferences say."""
        return SlotCodeObject

    def add_slot_loop(self, built: Built, n_steps: int) -> None:
        """Queue the program's main part: read, prepare, run slots, write.

        Parameters
        ----------
        built : Built
            Brian objects, made on this device.
        n_steps : int
            Steps of a slot.
        """
        self.wirings = built.wirings
        # Before the objects prepare themselves: they may look at what is read, at delays say.
        self.insert_code("main", "_read_input(n_rows, seed);")
        net = built.net
        net._clocks = {built.step_clock, built.slot_clock}
        net.before_run({})
        self.synapses |= {s for s in net.objects if isinstance(s, Synapses)}
        self.clocks.update(net._clocks)
        calls: dict[str, list[str]] = {"start": [], "step": [], "end": []}
        for obj in net.sorted_objects:
            names = [c.name for c in obj._code_objects] if obj.active else []
            if isinstance(obj, SynapticPathway) and wiring(obj):
                names = names[1:]  # no queue, nothing to push
            part = obj.when if obj.clock is built.slot_clock else "step"
            calls[part] += [f"_run_{name}();" for name in names]
        self.insert_code("main", "_run_slots(n_rows);")
        net.after_run()
        self.insert_code("main", "_write_output();")
        variables = sorted(built.variables.items())
        written = [
            (f"out.{n}", *self._array(*v)) for n, v in variables if n not in built.parameters
        ]
        written += [(f"spikes.{v}", *self._array(built.spikes, v)) for v in ("i", "t")]
        self.plan = {
            **calls,
            "n_steps": n_steps,
            "n_features": built.stimulus.values.shape[1],
            "log": SLOT_LOG,
            "read": [(name, *self._array(*found)) for name, found in variables],
            "written": written,
        }

    def layout(self, built: Built) -> dict[str, tuple[int, str]]:
        """Return number of elements and NumPy type of every variable that a run sets."""
        return {
            name: (self._size(group, variable), str(np.dtype(group.variables[variable].dtype)))
            for name, (group, variable) in built.variables.items()
        }

    def _size(self, group: Any, name: str) -> int:
        variable = group.variables[name]
        if variable.scalar or not isinstance(variable, DynamicArrayVariable):
            return int(variable.size)
        if group.name not in self.wirings:  # all but one
            return len(group.source) * (len(group.source) - 1)
        kind, n_pre, n_post = self.wirings[group.name]
        return n_pre * n_post if kind == "all_to_all" else n_pre

    def _array(self, group: Any, name: str) -> tuple[str, str]:
        """C++ expressions of an array's start and of its length."""
        variable = group.variables[name]
        array = self.get_array_name(variable, access_data=False)
        if isinstance(variable, DynamicArrayVariable):
            return f"{array}.data()", f"{array}.size()"
        return array, str(variable.size)


slot_device = SlotDevice()
all_devices["bioplastic_cpp_standalone"] = slot_device
