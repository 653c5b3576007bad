"""Brian's C++ device with a loop over slots, and with loops that vectorise."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from brian2.codegen.generators.cpp_generator import c_data_type
from brian2.core.variables import DynamicArrayVariable
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import all_devices, get_device
from brian2.synapses.synapses import Synapses

from bioplastic.engine import brian_internals as brian
from bioplastic.engine.built import Built, RegularWiring
from bioplastic.engine.noise import NoiseDevice
from bioplastic.engine.refractory import AWAKE
from bioplastic.engine.schedule import SLOT_LOG
from bioplastic.engine.superposition import Superposition
from bioplastic.engine.unit import write_unit
from bioplastic.models.hooks import AT_BATCH_END

__all__ = ["SlotCodeObject", "SlotDevice", "slot_device"]


def wiring(owner: Any) -> RegularWiring | None:
    """Return the layout of the synapses behind a code object's owner, None where irregular."""
    name = getattr(owner, "synapses", owner).name
    found: RegularWiring | None = get_device().wirings.get(name)
    return found


def is_listed(owner: Any) -> bool:
    """Whether the synapses behind a code object's owner are read from a list."""
    return getattr(owner, "synapses", owner).name in get_device().listed


def arrivals_of(pathway: Any) -> str | None:
    """Array to which the spikes of a pathway add numbers, None where they do something else."""
    array = get_device().added_to.get(pathway.synapses.name)
    return array if pathway.prepost == "pre" else None


def to_arrivals(lines: list[str], array: str) -> list[str]:
    """Let a synapse add to what arrives later, in place of the array itself."""
    element = brian.at_element(brian.pointer(array), brian.POST)
    return [line.replace(element, "_arriving[_at]") for line in lines]


def superposition(code_object: str) -> str | None:
    """Projection whose synapses a code object computes by superposition."""
    runner = brian.name_of_runner(code_object)
    name = re.sub(r"_(before_spikes|at_slot_end)$", "", runner)
    return name if name != runner and name in get_device().superposed else None


def by_source(lines: list[str], name: str) -> list[str]:
    """Let code of synapses act on those of which the others are superpositions."""
    for variable in get_device().superposed[name].variables:
        element = brian.at_own_index(name, variable)
        source = brian.at_element(f"_of_{variable}", brian.SYNAPSE)
        lines = [line.replace(element, source) for line in lines]
    return lines


def by_row(lines: list[str], regular: RegularWiring) -> list[str]:
    """Replace look-ups of a synapse's neurons, and of what lanes share, by the loop's indices."""
    device = get_device()
    own = device.own.get(regular.name, frozenset()) | {"lastupdate"}
    places = {brian.SYNAPTIC_PRE: "_i", brian.SYNAPTIC_POST: "_j"}

    def place(found: re.Match[str]) -> str:
        variable = found[1]
        if variable in places:
            return places[variable]
        shared = device.lanes > 1 and variable not in own
        return found[0].replace(f"[{brian.SYNAPSE}]", "[_shared]") if shared else found[0]

    look_up = brian.look_up_at_own_index(regular.name)
    return [look_up.sub(place, line) for line in lines]


def of_anybody(lines: list[str]) -> list[str]:
    """Let a threshold ask also those who are refractory: a first look at many neurons at once."""
    return [brian.without_condition(line, f"{AWAKE} > 0.5") for line in lines]


def lanes_of(code_object: str) -> int:
    """Count the lanes on whose synapses a code object acts."""
    device = get_device()
    return 1 if brian.name_of_runner(code_object) in device.once else device.lanes


class SlotCodeObject(CPPStandaloneCodeObject):
    """Code object that takes our templates before Brian's."""

    templater = brian.templates_of(
        CPPStandaloneCodeObject,
        functions={
            "wiring": wiring,
            "is_listed": is_listed,
            "arrivals_of": arrivals_of,
            "superposition": superposition,
            "superposed": lambda name: get_device().superposed[name],
            "slot_plan": lambda: get_device().plan,
            "lanes": lambda: get_device().lanes,
            "lanes_of": lanes_of,
        },
        filters={
            "by_row": by_row,
            "by_source": by_source,
            "of_anybody": of_anybody,
            "to_arrivals": to_arrivals,
        },
    )


class SlotDevice(NoiseDevice, CPPStandaloneDevice):
    """Brian's C++ device with a main loop over slots in place of ``Network.run``."""

    #: The one file that is compiled, and those of our templates that it includes.
    unit = "unit.cpp"
    our_headers: tuple[str, ...] = (
        "calendar.h", "philox.h", "noise.h", "superposition.h", "synapse_list.h",
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        #: Name of a Synapses object -> its layout, where the wiring is regular.
        self.wirings: dict[str, RegularWiring] = {}
        #: Names of Synapses objects whose synapses are read from a list.
        self.listed: set[str] = set()
        #: Name of a list that only adds to a variable -> C++ name of that variable's array.
        self.added_to: dict[str, str] = {}
        #: Name of a projection -> how its synapses superpose.
        self.superposed: dict[str, Superposition] = {}
        #: Samples side by side.
        self.lanes = 1
        #: Name of a Synapses object -> variables that each lane has for itself.
        self.own: dict[str, frozenset[str]] = {}
        #: Names of objects that act on what lanes share.
        self.once: set[str] = set()
        #: Names of populations that fire when the time has come that they hold.
        self.calendars: list[str] = []
        #: What the template of the main program fills in.
        self.plan: dict[str, Any] = {}

    def code_object_class(self, codeobj_class: Any = None, fallback_pref: Any = None) -> Any:
        """Return our code objects, whatever the preferences say."""
        return SlotCodeObject

    def add_slot_loop(
        self,
        built: Built,
        lists: Mapping[str, tuple[list[str], list[str]]],
        learned: list[str],
        bounds: Mapping[str, str],
    ) -> None:
        """Queue the program's main part: read, prepare, run slots, write.

        Parameters
        ----------
        built : Built
            Brian objects, made on this device.
        lists : mapping of str to (list of str, list of str)
            Variables of listed synapses, those that are read and those that change.
        learned : list of str
            What lanes learn together.
        bounds : mapping of str to str
            Parameters that bound some of it.
        """
        self.wirings = built.wirings
        self.lanes, self.own, self.once = built.lanes, built.own, built.once
        self.superposed = built.superposed
        self.calendars = [group.name for group, _ in built.calendars]
        self.listed = {synapses.name for synapses in built.listed}
        self.added_to = {
            name: self.get_array_name(group.variables[variable])
            for name, (group, variable) in built.added_to.items()
        }
        for synapses in built.listed:
            if synapses.name in self.added_to:
                # Who is refractory when a spike arrives loses it, not who is when it is fired.
                brian.let_refractory_receive(synapses.pre)
        # Before the objects prepare themselves: they may look at what is read, at delays say.
        self.insert_code("main", "_read_input(n_rows);")
        net = built.net
        brian.prepare(net, {built.step_clock, built.slot_clock})
        brian.add_to_program(self, net)
        calls = self._calls(built, learns=self.lanes > 1 and bool(learned))
        self.insert_code("main", "_run_slots(n_rows);")
        net.after_run()
        self.insert_code("main", "_write_output();")
        variables = sorted(built.variables.items())
        changing = [(n, *v) for n, v in variables if n not in built.parameters]
        listed = [(f"{s.name}.{k}", s, k) for s in built.listed for k in lists[s.name][1]]
        places = {n: self._place(group, v) for n, (group, v) in variables}
        places |= {n: self._place_in_list(s, k) for n, s, k in listed}
        of_lists = (f"{n}.{key}" for n, both in lists.items() for keys in both for key in keys)
        types = {n: c_data_type(g.variables[v].dtype) for n, g, v in (*changing, *listed)}
        several = {n: p for n, p in places.items() if n in types and p[2] > 1}
        self.plan = {
            **calls,
            "lanes": self.lanes,
            "resized": self._resized(built),
            "kept": [(start, n, types[name]) for name, (start, n, _) in several.items()],
            "learned": [
                (*several[name][:2], self._bound(built, bounds.get(name))) for name in learned
            ],
            "spread": [several[name][:2] for name in sorted(built.spread)] if several else [],
            "signals": built.tables.signals,
            **self._inputs(built),
            "n_target_signals": built.tables.target_signals.values.shape[1],
            "draws": self._reads("uniform_key"),
            "has_targets": self._reads("target_values"),
            "watched": self._watched(built),
            "lists": [self._list(s, *lists[s.name]) for s in built.listed],
            "arrivals": sorted(
                {
                    self.added_to[n]: self._open(group.variables[variable])
                    for n, (group, variable) in built.added_to.items()
                }.items()
            ),
            "superposed": [self._superposed(built, name) for name in built.superposed],
            "log": SLOT_LOG,
            "read": [(name, *places[name]) for name, _ in variables],
            "written": [(name, *places[name]) for name, *_ in changing],
            "files": {n: k for k, n in enumerate(sorted({*built.variables, *of_lists}))},
            "probes": [
                (name, places[name][0], types[name], places[name][1] if name in several else "0")
                for name in types
            ],
        }

    def _calls(self, built: Built, *, learns: bool) -> dict[str, list[str]]:
        """List calls of all that acts, in its order, by the parts of a slot."""
        together = False
        calls: dict[str, list[str]] = {"start": [], "step": [], "arrive": [], "end": []}
        opens, fires, books = [], {}, {}
        for group, variable in built.calendars:
            (spikes, n), (times, _) = self._spikes(group), self._array(group, variable)
            calendar, dt = f"_calendar_{group.name}", f"{brian.array_name('step_clock', 'dt')}[0]"
            opens.append(f"{calendar}.begin_slot({times}, {n}, {dt}, n_steps);")
            fires[group.thresholder["spike"].name] = f"{calendar}.fire({spikes}, {n}, step);"
            again = f"{calendar}.book_again({spikes}, {times}, {n}, {dt}, step);"
            books[group.resetter["spike"].name] = again
        begins = {f"{name}_at_slot_start": name for name in built.superposed}
        ends = {f"{name}_at_slot_end": name for name in built.superposed}
        for obj in built.net.sorted_objects:
            names = brian.codes_in_a_step(obj)
            part = calls[obj.when if obj.clock is built.slot_clock else "step"]
            late = part is calls["step"] and obj.when in ("resets", "end")
            if late and not calls["arrive"]:
                calls["arrive"] = ["_arrive();", "_note_spikes();"]
                part += calls["arrive"]
            if obj.name in built.spike_inputs:  # before whoever reads its spikes
                part.append(f"_fire_input_{obj.name}(step);")
            if part is calls["end"] and obj.order >= AT_BATCH_END.order and not together:
                together = True
                part += ["_learn_together();"] if learns else []
            wait = built.intervals.get(obj.name, 1)
            when = f"if ((step + 1) % {wait} == 0) " if wait > 1 else ""
            if obj.name in built.at_batch_end:
                when = f"if ({self.number_now(brian.array_name('schedule', 'batch_ends'))}) "
            if obj.name in begins:  # synapses that have nothing to forget
                when = f"if (_superposition_{begins[obj.name]}.dirty) "
            if obj.name in ends:  # acts on sources, of which the synapses then follow
                part.append(f"_end_span_{ends[obj.name]}();")
            if obj.name in fires:  # in place of looking at every neuron
                part.append(fires[obj.name])
                continue
            part += [f"{when}_run_{name}();" for name in names]
            part += [books[obj.name]] if obj.name in books else []
            if obj.name in begins:
                part.append(f"_superposition_{begins[obj.name]}.dirty = false;")
            if obj.name in ends:
                part.append(f"_end_block_{ends.pop(obj.name)}(_is_last);")
        if self.lanes > 1:
            calls["end"].append("_spread_shared();")
        calls["start"] += [*opens, *(["_begin_round();"] if learns else [])]
        calls["end"] = [*(f"_end_block_{name}(_is_last);" for name in ends.values()), *calls["end"]]
        return calls

    def _inputs(self, built: Built) -> dict[str, list[tuple[Any, ...]]]:
        """List what the main program reads of samples; files go by the number of their input."""
        tables, number = built.tables, built.tables.inputs.index
        return {
            "tables": [
                (table.name, table.values.shape[1], number(name), name in tables.by_step)
                for name, table in tables.stimuli.items()
                if self._reads(f"{table.name}_values")
            ],
            "noise_keys": [
                (uniform.name, number(name))
                for name, uniform in tables.uniforms.items()
                if self._reads(f"{uniform.name}_key")
            ],
            "spike_inputs": [
                (name, number(name), *self._spikes(group))
                for name, group in built.spike_inputs.items()
            ],
        }

    def _reads(self, array: str) -> bool:
        """Whether a code object reads what a function looks up."""
        names = f"_namespace{array}", f"_dev_{array}"  # on the CPU, and on a GPU
        codes = [brian.text_of(c) for c in self.code_objects.values()]
        return any(name in code for name in names for code in codes)

    def number_now(self, array: str) -> str:
        """C++ expression of the first number of an array, as the loop over slots sees it."""
        return f"{array}[0]"

    def _spikes(self, group: Any) -> tuple[str, int]:
        """C++ name of a group's spikes, and the place where their number stands."""
        return self.get_array_name(brian.array_of_spikes(group)), len(group)

    def _watched(self, built: Built) -> list[tuple[str, int, int]]:
        """Spikes to record, the place of their number, and the number of the first unit."""
        firsts = np.cumsum([0, *(len(group) // self.lanes for group in built.watched)])
        return [
            (*self._spikes(group), int(first))
            for group, first in zip(built.watched, firsts, strict=False)
        ]

    def _superposed(self, built: Built, name: str) -> dict[str, Any]:
        """Collect what the main program needs to superpose the synapses of a projection."""
        found = built.superposed[name]
        synapses = next(o for o in built.net.objects if o.name == name)
        variables = [*found.states, *found.sums]
        amounts, amount = "0", found.amount
        if not amount.replace(".", "").isdigit():
            amounts = self._array(synapses.source, amount)[0]
            scalar = synapses.source.variables[amount].scalar
            amounts, amount = ("0", f"{amounts}[0]") if scalar else (amounts, "0")
        spikes, end = self._spikes(synapses.source)
        return {
            "name": name,
            "n_pre": len(synapses.source),
            "n_post": len(synapses.target),
            "states": found.states,
            "variables": variables,
            "sums": found.sums,
            "sources": found.sources,
            "reached": [v for v in variables if v in found.reached],
            "jumps": variables.index(found.jumps),
            "spikes": spikes,
            "end": end,
            "amounts": amounts,
            "amount": amount,
            "arrays": {v: self._array(synapses, v)[0] for v in variables},
        }

    def _list(self, synapses: Any, read: list[str], changed: list[str]) -> dict[str, Any]:
        """Collect what the main program needs to make the synapses of a list and to write them."""
        arrays = {
            "i": synapses.variables[brian.SYNAPTIC_PRE],
            "j": synapses.variables[brian.SYNAPTIC_POST],
            "delay": synapses.pre.variables["delay"],
            **{name: synapses.variables[name] for name in (*read[3:], *changed)},
        }
        names = {k: self.get_array_name(v, access_data=False) for k, v in arrays.items()}
        every = [
            self.get_array_name(v, access_data=False) for v in brian.variables_per_synapse(synapses)
        ]
        name = synapses.name
        shared = name in self.added_to
        return {
            "name": name,
            "repeated": self.lanes > 1 and not shared,
            "read": [(f"{name}.{k}", names[k], k in changed) for k in (*read, *changed)],
            "written": [(f"{name}.{k}", names[k]) for k in changed],
            "all": sorted(set(every) - set(names.values())),
            "number": self.get_array_name(synapses.variables["N"]),
            "n_pre": len(synapses.source) // (self.lanes if shared else 1),
            "n_post": len(synapses.target),
            "pre": names["i"],
            "post": names["j"],
            "delay": names["delay"],
            "learns": hasattr(synapses, "post"),
            "arrivals": f"&_arrivals{self.added_to[name]}" if name in self.added_to else "0",
        }

    def declarations(self) -> list[str]:
        """Return what the loop over slots shares with code objects, in C++."""
        return [
            *(f"static _SynapseList _list_{found['name']};" for found in self.plan["lists"]),
            *(f"static _Arrivals _arrivals{array};" for array, _ in self.plan["arrivals"]),
            *(f"static _Superposition _superposition_{name};" for name in self.superposed),
            *(f"static _Calendar _calendar_{name};" for name in self.calendars),
        ]

    def write_unit(self, folder: Path) -> None:
        """Join the sources to one, see :func:`~bioplastic.engine.unit.write_unit`."""
        write_unit(folder, self.unit, headers=self.our_headers, declarations=self.declarations())

    def _resized(self, built: Built) -> list[tuple[str, int]]:
        """List what each lane has for itself of regular synapses: Brian made one lane's."""
        found = []
        synapses = {o.name: o for o in built.net.objects if isinstance(o, Synapses)}
        for name in built.wirings if self.lanes > 1 else ():
            variables = synapses[name].variables
            for key in sorted(self.own.get(name, frozenset()) | {"lastupdate"} & set(variables)):
                if isinstance(variables.get(key), DynamicArrayVariable):
                    array = self.get_array_name(variables[key], access_data=False)
                    found.append((array, self._size(synapses[name], key)))
        return found

    def _open(self, variable: Any) -> str | None:
        """Name the array that says which neurons take what arrives at a variable; None: all do."""
        condition = brian.condition_of_writing(variable)
        return None if condition is None else self.get_array_name(condition)

    def _bound(self, built: Built, name: str | None) -> str | None:
        """C++ expression of a parameter."""
        return None if name is None else f"{self._array(*built.variables[name])[0]}[0]"

    def _place(self, group: Any, name: str) -> tuple[str, str, int]:
        """C++ expressions of an array's start and of its length in a lane; number of lanes."""
        start, length = self._array(group, name)
        variable = group.variables[name]
        if self.lanes == 1 or variable.scalar:
            return start, length, 1
        shared = group.name in self.wirings and name not in self.own.get(group.name, ())
        return start, str(self._size(group, name)), 1 if shared else self.lanes

    def _place_in_list(self, synapses: Any, name: str) -> tuple[str, str, int]:
        """Where a variable of listed synapses stands, see `_place`."""
        array = self.get_array_name(synapses.variables[name], access_data=False)
        lanes = 1 if synapses.name in self.added_to else self.lanes
        return f"{array}.data()", f"{array}.size()/{lanes}", lanes

    def layout(self, built: Built) -> dict[str, tuple[int, str]]:
        """Return number of elements and NumPy type of every variable that a run sets."""
        return {
            name: (self._size(group, variable), str(np.dtype(group.variables[variable].dtype)))
            for name, (group, variable) in built.variables.items()
        }

    def _size(self, group: Any, name: str) -> int:
        """Elements of a variable in one lane."""
        variable = group.variables[name]
        if variable.scalar:
            return int(variable.size)
        if not isinstance(variable, DynamicArrayVariable):
            return int(variable.size) // self.lanes
        return self.wirings[group.name].n_synapses

    def _array(self, group: Any, name: str) -> tuple[str, str]:
        """C++ expressions of an array's start and of its length."""
        variable = group.variables[name]
        array = self.get_array_name(variable, access_data=False)
        if isinstance(variable, DynamicArrayVariable):
            return f"{array}.data()", f"{array}.size()"
        return array, str(variable.size)


slot_device = SlotDevice()
all_devices["bioplastic_cpp_standalone"] = slot_device
