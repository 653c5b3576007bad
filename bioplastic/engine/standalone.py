"""Brian's C++ device with a loop over slots, and with loops that vectorise."""

import re
from typing import Any

import numpy as np
from brian2.codegen.generators.cpp_generator import c_data_type
from brian2.core.variables import DynamicArrayVariable
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import all_devices, get_device

from bioplastic.engine import brian_internals as brian
from bioplastic.engine.built import Built, Place, RegularWiring
from bioplastic.engine.lanes import learned_variables, upper_bounds
from bioplastic.engine.noise import NoiseDevice
from bioplastic.engine.refractory import AWAKE
from bioplastic.engine.schedule import SLOT_LOG
from bioplastic.models.hooks import AT_BATCH_END

__all__ = ["SlotCodeObject", "SlotDevice", "slot_device"]


def wiring(owner: Any) -> RegularWiring | None:
    """Return the layout of the synapses behind a code object's owner, None where irregular."""
    name = getattr(owner, "synapses", owner).name
    found: RegularWiring | None = get_device().built.wirings.get(name)
    return found


def is_listed(owner: Any) -> bool:
    """Whether the synapses behind a code object's owner are read from a list."""
    return getattr(owner, "synapses", owner).name in get_device().built.plan.lists


def arrivals_of(pathway: Any) -> str | None:
    """Array to which the spikes of a pathway add numbers, None where they do something else."""
    array: str | None = get_device().array_added_to(pathway.synapses.name)
    return array if pathway.prepost == "pre" else None


def to_arrivals(lines: list[str], array: str) -> list[str]:
    """Let a synapse add to what arrives later, in place of the array itself."""
    element = brian.at_element(brian.pointer(array), brian.POST)
    return [line.replace(element, "_arriving[_at]") for line in lines]


def superposition(code_object: str) -> str | None:
    """Projection whose synapses a code object computes by superposition."""
    runner = brian.name_of_runner(code_object)
    name = re.sub(r"_(before_spikes|at_slot_end)$", "", runner)
    return name if name != runner and name in get_device().built.superposed else None


def by_source(lines: list[str], name: str) -> list[str]:
    """Let code of synapses act on those of which the others are superpositions."""
    for variable in get_device().built.superposed[name].variables:
        element = brian.at_own_index(name, variable)
        source = brian.at_element(f"_of_{variable}", brian.SYNAPSE)
        lines = [line.replace(element, source) for line in lines]
    return lines


def by_row(lines: list[str], regular: RegularWiring) -> list[str]:
    """Replace look-ups of a synapse's neurons, and of what lanes share, by the loop's indices."""
    built = get_device().built
    own = built.own.get(regular.name, frozenset()) | {"lastupdate"}
    places = {brian.SYNAPTIC_PRE: "_i", brian.SYNAPTIC_POST: "_j"}

    def place(found: re.Match[str]) -> str:
        variable = found[1]
        if variable in places:
            return places[variable]
        shared = built.lanes > 1 and variable not in own
        return found[0].replace(f"[{brian.SYNAPSE}]", "[_shared]") if shared else found[0]

    look_up = brian.look_up_at_own_index(regular.name)
    return [look_up.sub(place, line) for line in lines]


def of_anybody(lines: list[str]) -> list[str]:
    """Let a threshold ask also those who are refractory: a first look at many neurons at once."""
    return [brian.without_condition(line, f"{AWAKE} > 0.5") for line in lines]


def lanes_of(code_object: str) -> int:
    """Count the lanes on whose synapses a code object acts."""
    built: Built = get_device().built
    return 1 if brian.name_of_runner(code_object) in built.once else built.lanes


def by_name(*functions: Any) -> dict[str, Any]:
    return {function.__name__: function for function in functions}


class SlotCodeObject(CPPStandaloneCodeObject):
    """Code object that takes our templates before Brian's."""

    templater = brian.templates_of(
        CPPStandaloneCodeObject,
        functions={
            **by_name(wiring, is_listed, arrivals_of, superposition, lanes_of),
            "superposed": lambda name: get_device().built.superposed[name],
            "slot_plan": lambda: get_device().plan,
            "lanes": lambda: get_device().built.lanes,
        },
        filters=by_name(by_row, by_source, of_anybody, to_arrivals),
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
        #: Brian objects of the network, when all are made.
        self.built: Any = None
        #: What the template of the main program fills in.
        self.plan: dict[str, Any] = {}

    def code_object_class(self, codeobj_class: Any = None, fallback_pref: Any = None) -> Any:
        """Return our code objects, whatever the preferences say."""
        return SlotCodeObject

    def add_slot_loop(self, built: Built) -> None:
        """Queue the program's main part: read, prepare, run slots, write.

        Parameters
        ----------
        built : Built
            Brian objects, made on this device.
        """
        self.built, net, network = built, built.net, built.plan.network
        for synapses in built.listed:
            if synapses.name in built.added_to:
                # Who is refractory when a spike arrives loses it, not who is when it is fired.
                brian.let_refractory_receive(synapses.pre)
        # Before the objects prepare themselves: they may look at what is read, at delays say.
        self.insert_code("main", "_read_input(n_rows);")
        brian.prepare(net, {built.step_clock, built.slot_clock})
        brian.add_to_program(self, net)
        learned = learned_variables(network) if built.lanes > 1 else []
        calls = self._calls(learns=bool(learned))
        self.insert_code("main", "_run_slots(n_rows);")
        net.after_run()
        self.insert_code("main", "_write_output();")
        lists, bounds, tables = built.plan.lists, upper_bounds(network), built.tables
        number, variables = tables.inputs.index, dict(sorted(built.variables.items()))
        listed = {f"{s.name}.{k}": (s, k) for s in built.listed for k in lists[s.name][1]}
        places = {n: self._place(n, *v) for n, v in (variables | listed).items()}
        of_lists = (f"{n}.{key}" for n, both in lists.items() for keys in both for key in keys)
        self.plan = {
            **calls,
            # Files of samples go by the number of their input.
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
            "lanes": built.lanes,
            "resized": self._resized(),
            "read": [places[n] for n in variables],
            "changing": [place for n, place in places.items() if n not in built.parameters],
            "learned": [(places[n], places.get(bounds.get(n, ""))) for n in learned],
            "spread": [places[n] for n in sorted(built.spread & places.keys())],
            "signals": tables.signals,
            "n_target_signals": tables.target_signals.values.shape[1],
            "draws": self._reads("uniform_key"),
            "has_targets": self._reads("target_values"),
            "watched": [self._spikes(group) for group in built.watched],
            "lists": [self._list(s, *lists[s.name]) for s in built.listed],
            "arrivals": sorted(
                {
                    (self.array_added_to(name), self._open(group.variables[variable]))
                    for name, (group, variable) in built.added_to.items()
                }
            ),
            "superposed": [self._superposed(name) for name in built.superposed],
            "log": SLOT_LOG,
            "files": {n: k for k, n in enumerate(sorted({*variables, *of_lists}))},
            "layout": {
                n: (self._size(group, v), str(np.dtype(group.variables[v].dtype)))
                for n, (group, v) in built.variables.items()
            },
        }

    def _calls(self, *, learns: bool) -> dict[str, list[str]]:
        """List calls of all that acts, in its order, by the parts of a slot."""
        built = self.built
        calls: dict[str, list[str]] = {"start": [], "step": [], "arrive": [], "end": []}
        when = {n: f"(step + 1) % {wait} == 0" for n, wait in built.intervals.items()}
        batch_ends = self.number_now(brian.array_name("schedule", "batch_ends"))
        when |= dict.fromkeys(built.at_batch_end, batch_ends)
        # Before whoever reads its spikes.
        before = {name: f"_fire_input_{name}(step);" for name in built.spike_inputs}
        after, opens, in_place = {}, [], set()
        for group, variable in built.calendars:
            (spikes, n), (times, _) = self._spikes(group), self._array(group.variables[variable])
            calendar, dt = f"_calendar_{group.name}", f"{brian.array_name('step_clock', 'dt')}[0]"
            opens.append(f"{calendar}.begin_slot({times}, {n}, {dt}, n_steps);")
            looks = group.thresholder["spike"].name
            in_place.add(looks)  # of looking at every neuron
            before[looks] = f"{calendar}.fire({spikes}, {n}, step);"
            again = f"{calendar}.book_again({spikes}, {times}, {n}, {dt}, step);"
            after[group.resetter["spike"].name] = again
        ends = {f"{name}_at_slot_end": f"_end_block_{name}(_is_last);" for name in built.superposed}
        after |= ends
        for name in built.superposed:
            start, dirty = f"{name}_at_slot_start", f"_superposition_{name}.dirty"
            when[start], after[start] = dirty, f"{dirty} = false;"  # else nothing to forget
            # Acts on sources, of which the synapses then follow.
            before[f"{name}_at_slot_end"] = f"_end_span_{name}();"
        together = ["_learn_together();"] if learns else []
        for obj in built.net.sorted_objects:
            part = calls[obj.when if obj.clock is built.slot_clock else "step"]
            late = part is calls["step"] and obj.when in ("resets", "end")
            if late and not calls["arrive"]:
                calls["arrive"] = ["_arrive();", "_note_spikes();"]
                part += calls["arrive"]
            if part is calls["end"] and obj.order >= AT_BATCH_END.order:
                part += together
                together = []
            condition = f"if ({when[obj.name]}) " if obj.name in when else ""
            names = () if obj.name in in_place else brian.codes_in_a_step(obj)
            part += [before[obj.name]] if obj.name in before else []
            part += [f"{condition}_run_{name}();" for name in names]
            part += [after[obj.name]] if obj.name in after else []
            ends.pop(obj.name, None)
        calls["start"] += [*opens, *(["_begin_round();"] if learns else [])]
        shared = ["_spread_shared();"] if built.lanes > 1 else []
        calls["end"] = [*ends.values(), *calls["end"], *shared]
        return calls

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

    def _superposed(self, name: str) -> dict[str, Any]:
        """Collect what the main program needs to superpose the synapses of a projection."""
        found = self.built.superposed[name]
        synapses = next(o for o in self.built.net.objects if o.name == name)
        variables = [*found.states, *found.sums]
        amounts, amount = "0", found.amount
        if not amount.replace(".", "").isdigit():
            variable = synapses.source.variables[amount]
            start = self._array(variable)[0]
            amounts, amount = ("0", f"{start}[0]") if variable.scalar else (start, "0")
        spikes, n_pre = self._spikes(synapses.source)
        return {
            "name": name,
            "n_pre": n_pre,
            "n_post": len(synapses.target),
            "how": found,
            "variables": variables,
            "spikes": spikes,
            "amounts": amounts,
            "amount": amount,
            "arrays": {v: self._array(synapses.variables[v])[0] for v in variables},
        }

    def _list(self, synapses: Any, read: list[str], changed: list[str]) -> dict[str, Any]:
        """Collect what the main program needs to make the synapses of a list."""
        name, lanes = synapses.name, self.built.lanes
        arrays = {
            "i": synapses.variables[brian.SYNAPTIC_PRE],
            "j": synapses.variables[brian.SYNAPTIC_POST],
            "delay": synapses.pre.variables["delay"],
            **{key: synapses.variables[key] for key in (*read[3:], *changed)},
        }
        names = {k: self.get_array_name(v, access_data=False) for k, v in arrays.items()}
        every = {
            self.get_array_name(v, access_data=False) for v in brian.variables_per_synapse(synapses)
        }
        added_to = self.array_added_to(name)
        return {
            "name": name,
            "repeated": lanes > 1 and not added_to,
            "read": [(f"{name}.{k}", array, k in changed) for k, array in names.items()],
            "all": sorted(every - set(names.values())),
            "number": self.get_array_name(synapses.variables["N"]),
            "n_pre": len(synapses.source) // (lanes if added_to else 1),
            "n_post": len(synapses.target),
            "arrays": names,
            "learns": hasattr(synapses, "post"),
            "arrivals": f"&_arrivals{added_to}" if added_to else "0",
        }

    def array_added_to(self, name: str) -> str | None:
        """Array of the variable to which a list of synapses adds, None where it does more."""
        if name not in self.built.added_to:
            return None
        group, variable = self.built.added_to[name]
        array: str = self.get_array_name(group.variables[variable])
        return array

    def declarations(self) -> list[str]:
        """Return what the loop over slots shares with code objects, in C++."""
        return [
            *(f"static _SynapseList _list_{found['name']};" for found in self.plan["lists"]),
            *(f"static _Arrivals _arrivals{array};" for array, _ in self.plan["arrivals"]),
            *(f"static _Superposition _superposition_{name};" for name in self.built.superposed),
            *(f"static _Calendar _calendar_{group.name};" for group, _ in self.built.calendars),
        ]

    def _resized(self) -> list[tuple[str, int]]:
        """List what each lane has for itself of regular synapses: Brian made one lane's."""
        built = self.built
        return sorted(
            (self.get_array_name(variable, access_data=False), self._size(synapses, key))
            for synapses in built.net.objects
            if built.lanes > 1 and synapses.name in built.wirings
            for key, variable in synapses.variables.items()
            if key == "lastupdate" or key in built.own.get(synapses.name, ())
            if isinstance(variable, DynamicArrayVariable)
        )

    def _open(self, variable: Any) -> str | None:
        """Name the array that says which neurons take what arrives at a variable; None: all do."""
        condition = brian.condition_of_writing(variable)
        return None if condition is None else self.get_array_name(condition)

    def _place(self, name: str, group: Any, key: str) -> Place:
        built, variable = self.built, group.variables[key]
        start, whole = self._array(variable)
        length, lanes = whole, built.lanes
        if variable.scalar:
            lanes = 1
        elif group.name in built.plan.lists:
            lanes = 1 if group.name in built.added_to else lanes
            length = f"{whole}/{lanes}"
        elif lanes > 1:
            length = str(self._size(group, key))
            shared = group.name in built.wirings and key not in built.own.get(group.name, ())
            lanes = 1 if shared else lanes
        return Place(
            name=name,
            array=self.get_array_name(variable),
            start=start,
            whole=whole,
            length=length,
            lanes=lanes,
            type=c_data_type(variable.dtype),
        )

    def _size(self, group: Any, name: str) -> int:
        """Elements of a variable in one lane."""
        variable = group.variables[name]
        if isinstance(variable, DynamicArrayVariable):
            return int(self.built.wirings[group.name].n_synapses)
        return int(variable.size) // (1 if variable.scalar else self.built.lanes)

    def _array(self, variable: Any) -> tuple[str, str]:
        """C++ expressions of an array's start and of its length."""
        array = self.get_array_name(variable, access_data=False)
        if isinstance(variable, DynamicArrayVariable):
            return f"{array}.data()", f"{array}.size()"
        return array, str(variable.size)


slot_device = SlotDevice()
all_devices["bioplastic_cpp_standalone"] = slot_device
