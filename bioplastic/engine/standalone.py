"""C++ standalone: one compiled program, with a loop over slots and loops that vectorise."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.core.variables import DynamicArrayVariable
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import all_devices, get_device
from brian2.synapses.synapses import Synapses, SynapticPathway

from bioplastic.engine.builder import SLOT_LOG, Built

__all__ = ["SlotCodeObject", "SlotDevice"]


@dataclass(frozen=True, slots=True)
class RegularWiring:
    """Layout of synapses that lie in memory row by row."""

    name: str
    kind: str
    n_pre: int
    n_post: int


def wiring(owner: Any) -> RegularWiring | None:
    """Layout of the synapses behind a code object's owner; None where it is irregular."""
    name = getattr(owner, "synapses", owner).name
    known = get_device().wirings.get(name)
    return RegularWiring(name, *known) if known else None


def by_row(lines: list[str], regular: RegularWiring) -> list[str]:
    """Replace look-ups of a synapse's neurons by the loop's own indices."""
    for side, index in (("pre", "_i"), ("post", "_j")):
        array = f"_ptr_array_{regular.name}__synaptic_{side}[_idx]"
        lines = [line.replace(array, index) for line in lines]
    return lines


class SlotCodeObject(CPPStandaloneCodeObject):  # type: ignore[misc]
    """Code object that takes our templates before Brian's."""

    templater = CPPStandaloneCodeObject.templater.derive(
        "bioplastic.engine", env_globals={"wiring": wiring}
    )


SlotCodeObject.templater.env.filters["by_row"] = by_row


class SlotDevice(CPPStandaloneDevice):  # type: ignore[misc]
    """Brian's C++ device with a main loop over slots in place of ``Network.run``."""

    def __init__(self) -> None:
        super().__init__()
        self.wirings: dict[str, tuple[str, int, int]] = {}

    def code_object_class(self, codeobj_class: Any = None, fallback_pref: Any = None) -> Any:
        """Our code objects, whatever the preferences say."""
        return SlotCodeObject

    def add_slot_loop(self, built: Built, n_steps: int) -> dict[str, str]:
        """Queue the program's main part: read, run slots, write.

        Returns
        -------
        types : dict of str to str
            NumPy type of every variable that the program reads.
        """
        self.insert_code("main", "\n".join(self._reading(built)))
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
        lines = [
            "std::vector<int64_t> _offsets(1, 0);",
            "std::vector<double> _log;",
            "auto _reported = std::chrono::steady_clock::now();",
            "const auto _begun = _reported;",
            "for (long _slot=0; _slot<n_slots && !_stop_requested; _slot++)",
            "{",
            "_array_step_clock_timestep[0] = 0; _array_step_clock_t[0] = 0.0;",
            *calls["start"],
            f"for (int64_t _step=0; _step<{n_steps}; _step++)",
            "{",
            "_array_step_clock_timestep[0] = _step;",
            "_array_step_clock_t[0] = _step*_array_step_clock_dt[0];",
            *calls["step"],
            "}",
            *(f"_log.push_back(_array_schedule_{v}[0]);" for v in SLOT_LOG),
            "_offsets.push_back((int64_t)_dynamic_array_spikes_t.size());",
            *calls["end"],
            "const auto _now = std::chrono::steady_clock::now();",
            "if (std::chrono::duration<double>(_now - _reported).count() > 0.2)",
            '{ std::printf("%ld\\n", (long)_array_schedule_cursor[0]); std::fflush(stdout); _reported = _now; }',
            "if (_array_schedule_cursor[0] >= n_rows) break;",
            "}",
            "const double _seconds = std::chrono::duration<double>("
            "std::chrono::steady_clock::now() - _begun).count();",
        ]
        self.insert_code("main", "\n".join(lines))
        net.after_run()
        self.insert_code("main", "\n".join(self._writing(built)))
        return {
            name: str(np.dtype(group.variables[variable].dtype))
            for name, (group, variable) in built.variables.items()
        }

    def size_of(self, group: Any, name: str) -> int:
        """Number of elements of a variable of a group or of synapses."""
        variable = group.variables[name]
        if variable.scalar or not isinstance(variable, DynamicArrayVariable):
            return int(variable.size)
        kind, n_pre, n_post = self.wirings[group.name]
        return n_pre * n_post if kind == "all_to_all" else n_pre

    def _array(self, group: Any, name: str) -> tuple[str, str]:
        """C expressions of an array's start and of its length."""
        variable = group.variables[name]
        array = self.get_array_name(variable, access_data=False)
        if isinstance(variable, DynamicArrayVariable):
            return f"{array}.data()", f"{array}.size()"
        return array, str(variable.size)

    def _reading(self, built: Built) -> list[str]:
        n_columns = built.stimulus.values.shape[1]
        lines = [
            "delete [] stimulus_values; delete [] sample_keys_values;",
            f"stimulus_values = new double[n_rows*{n_columns}];",
            "sample_keys_values = new double[n_rows];",
            f'_read(folder + "stimulus", stimulus_values, n_rows*{n_columns});',
            '_read(folder + "sample_keys", sample_keys_values, n_rows);',
            '_read(folder + "key", uniform_key, 2);',
            "_random_generators[0].seed(seed);",
        ]
        for name, (group, variable) in sorted(built.variables.items()):
            start, length = self._array(group, variable)
            lines.append(f'_read(folder + "in.{name}", {start}, {length});')
        return lines

    def _writing(self, built: Built) -> list[str]:
        variables = {
            f"out.{name}": found
            for name, found in sorted(built.variables.items())
            if name not in built.parameters
        }
        variables |= {f"spikes.{v}": (built.spikes, v) for v in ("i", "t")}
        lines = []
        for name, (group, variable) in variables.items():
            start, length = self._array(group, variable)
            lines.append(f'_write(folder + "{name}", {start}, {length});')
        return [
            *lines,
            '_write(folder + "offsets", _offsets.data(), _offsets.size());',
            '_write(folder + "log", _log.data(), _log.size());',
            '_write(folder + "seconds", &_seconds, 1);',
        ]


slot_device = SlotDevice()
all_devices["bioplastic_cpp_standalone"] = slot_device
