"""Brian's C++ device with a loop over slots, and with loops that vectorise."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.codegen.generators.cpp_generator import c_data_type
from brian2.core.variables import Constant
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import all_devices, get_device
from brian2.parsing.rendering import CPPNodeRenderer
from brian2.utils.stringtools import get_identifiers

from bioplastic.engine import brian_internals as brian
from bioplastic.engine.built import Built, Place, RegularWiring
from bioplastic.engine.lanes import learned_variables, upper_bounds
from bioplastic.engine.noise import IN_LANE, LANES, NoiseDevice
from bioplastic.engine.refractory import AWAKE
from bioplastic.engine.schedule import SLOT_LOG
from bioplastic.models.hooks import AT_BATCH_END, ON_PRE, WHENS

__all__ = ["SlotCodeObject", "SlotDevice", "slot_device"]

#: What code objects share with the loop over slots, beside arrays, and of which type that is.
_OBJECTS = {
    "list": "_SynapseList", "pathway": "_Pathway", "arrivals": "_Arrivals",
    "superposition": "_Superposition",
}  # fmt: skip
_KINDS = "|".join((brian.POINTER, "_n_of", *(f"_{kind}" for kind in _OBJECTS)))
#: Names in a code object's body that are another's in another's: arrays, numbers, and the above.
_OF_ITS_OWN = re.compile(rf"\b({_KINDS})(_\w+)")
#: GCC takes half of the widest vectors unless told: right for liquids, wrong for rows that learn.
_WIDE = """#if defined(__AVX512F__) && !defined(__clang__) && !defined(__CUDACC__)
#pragma GCC target("prefer-vector-width=512")
#endif"""


def wiring(owner: Any) -> RegularWiring | None:
    """Return the layout of the synapses behind a code object's owner, None where irregular."""
    name = getattr(owner, "synapses", owner).name
    found: RegularWiring | None = get_device().built.wirings.get(name)
    return found


def is_listed(owner: Any) -> bool:
    """Whether the synapses behind a code object's owner are read from a list."""
    return getattr(owner, "synapses", owner).name in get_device().built.plan.lists


def in_lane(group: Any) -> str:
    """Name the number of a group's neurons in a lane."""
    return str(get_device().built.numbers[group.name])


def constant_or_scalar(name: str, variable: Any) -> str:
    """Write a constant, or the only number of an array, as code objects know it."""
    if not variable.array:
        return name
    return brian.at_element(brian.pointer(get_device().get_array_name(variable)), "0")


def spikes_of(pathway: Any) -> str:
    """Name the array of the spikes, or other events, that a pathway takes, as code objects do."""
    spikes = brian.array_of_spikes(pathway.source, pathway.event)
    return brian.pointer(get_device().get_array_name(spikes))


def queue_of(pathway: Any) -> str:
    """Name the index of synapses by which a pathway finds those whose spikes are due."""
    return f"_pathway_{pathway.synapses.name}_{pathway.objname}"


def arrivals_of(pathway: Any) -> str | None:
    """Array to which the spikes of a pathway add numbers, None where they do something else."""
    array: str | None = get_device().array_added_to(pathway.synapses.name)
    return array if pathway.objname == "pre" else None


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


def waiting(pathway: Any) -> list[str]:
    """Name what waits at synapses and is the same for all of one neuron and one delay."""
    names = get_device().built.plan.waiting(pathway.synapses.name)
    return [*sorted(names), "lastupdate"] if names else []


def at_first(variable: str, pathway: Any) -> str:
    """Write what waits, which the first synapse of a neuron and a delay keeps for all of them."""
    array = brian.pointer(brian.array_name(pathway.synapses.name, variable))
    return brian.at_element(array, "_first")


def by_first(lines: list[str], pathway: Any) -> list[str]:
    """Let synapses read what waits where it is kept, and say what becomes of it."""
    for variable in waiting(pathway):
        own = brian.at_own_index(pathway.synapses.name, variable)
        first = at_first(variable, pathway)
        lines = [
            line.replace(own, f"_then_{variable}" if line.startswith(f"{own} =") else first)
            for line in lines
        ]
    return lines


def of_anybody(lines: list[str]) -> list[str]:
    """Let a threshold ask also those who are refractory: a first look at many neurons at once."""
    return [brian.without_condition(line, f"{AWAKE} > 0.5") for line in lines]


def remembered(lines: list[str]) -> list[str]:
    """Let what is the same for all elements, and in every step, be computed once: decays."""
    return [re.sub(r"\bexp\(", "_EXP(", line) for line in lines]


def lanes_of(code_object: str) -> str:
    """Count the lanes on whose synapses a code object acts."""
    built: Built = get_device().built
    once = built.lanes == 1 or brian.name_of_runner(code_object) in built.once
    return "1" if once else LANES


def by_name(*functions: Any) -> dict[str, Any]:
    return {function.__name__: function for function in functions}


class SlotCodeObject(CPPStandaloneCodeObject):
    """Code object that takes our templates before Brian's."""

    generator_class = brian.code_generator()
    templater = brian.templates_of(
        CPPStandaloneCodeObject,
        functions={
            **by_name(
                constant_or_scalar,
                wiring,
                is_listed,
                in_lane,
                spikes_of,
                queue_of,
                waiting,
                at_first,
                arrivals_of,
                superposition,
                lanes_of,
            ),
            "superposed": lambda name: get_device().built.superposed[name],
            "slot_plan": lambda: get_device().plan,
            "lanes": lambda: get_device().built.lanes,
        },
        filters=by_name(by_row, by_source, by_first, of_anybody, to_arrivals, remembered),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What a network needs in the source of its program, in lines of C++.

    Parameters
    ----------
    sizes, shared : list of str
        What code refers to by name. Another part may have the same lines, which then stand once.
    functions : list of str
        Those that no earlier part has written.
    own : list of str
        Arrays, and the loop over slots.
    """

    sizes: list[str]
    shared: list[str]
    functions: list[str]
    own: list[str]


class SlotDevice(NoiseDevice, CPPStandaloneDevice):
    """Brian's C++ device with a main loop over slots in place of ``Network.run``.

    Sizes are read by the program at its start: text that depends on a number of neurons, synapses
    or lanes is a fault.
    """

    #: The file that is compiled, and those of our templates that it includes.
    unit = "unit.cpp"
    our_headers: tuple[str, ...] = (
        "run.h", "probe.h", "slots.h", "calendar.h",
        "philox.h", "noise.h", "superposition.h", "synapse_list.h",
    )  # fmt: skip

    #: Whether threads may share a program's samples.
    has_threads = True
    #: Whether traces of late spikes are kept once for each neuron and delay.
    keeps_once = True

    def __init__(self) -> None:
        super().__init__()
        #: Brian objects of the network, when all are made.
        self.built: Any = None
        #: What the template of the main program fills in.
        self.plan: dict[str, Any] = {}
        #: Arrays that begin with other numbers than 0, by variable.
        self.filled: dict[Any, Any] = {}
        #: Names of functions by their text, those included that an earlier network has written.
        self.known: dict[tuple[str, ...], str] = {}

    def arithmetic(self) -> str:
        """Return what equations need of C++, whatever they say."""
        return brian.arithmetic()

    def code_object_class(self, codeobj_class: Any = None, fallback_pref: Any = None) -> Any:
        """Return our code objects, whatever the preferences say."""
        return SlotCodeObject

    def get_array_name(self, var: Any, access_data: bool = True) -> str:
        """Name of an array; none of them grows."""
        return str(super().get_array_name(var))

    def fill_with_array(self, var: Any, arr: Any) -> None:
        """Note what an array begins with."""
        super().fill_with_array(var, arr)
        self.filled[var] = arr

    def add_slot_loop(self, built: Built) -> None:
        """Find the program's main part: read, prepare, run slots, write.

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
        brian.prepare(net, {built.step_clock, built.slot_clock})
        brian.add_to_program(self, net)
        self._write_functions()
        together = built.lanes > 1 or (self.has_threads and built.plan.has_batches)
        learned = learned_variables(network) if together else []
        calls = self._calls(learns=bool(learned))
        lists, bounds, tables = built.plan.lists, upper_bounds(network), built.tables
        number, variables = tables.inputs.index, dict(sorted(built.variables.items()))
        listed = {
            f"{s.name}.{k}": (s, k)
            for s in built.listed
            for keys in lists[s.name]
            for k in keys
            if k not in built.plan.wired[s.name]
        }
        fixed = {f"{name}.{key}" for name, (read, _) in lists.items() for key in read}
        places = {n: self._place(n, *v) for n, v in (variables | listed).items()}
        of_lists = (f"{n}.{key}" for n, both in lists.items() for keys in both for key in keys)
        shown = {t.name: n for n, t in tables.stimuli.items() if self._reads(f"{t.name}_values")}
        self.plan = {
            **calls,
            "sizes": [LANES, *(f"_n_of_{p.name}" for p in network.populations),
                      *(f"{t.name}_columns" for t in tables.with_columns)],
            # Files of samples go by the number of their input.
            "tables": [(t, number(name), name in tables.by_step) for t, name in shown.items()],
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
            "variables": list(places.values()),
            "read": set(variables),
            "changing": {n for n in places if n not in {*built.parameters, *fixed}},
            "learned": [(places[n], places.get(bounds.get(n, ""))) for n in learned],
            "shared": self._shared_arrays(),
            "spread": [places[n] for n in sorted(built.spread & places.keys())],
            "times": [table.name for table in tables.times.values()],
            "signals": tables.signals,
            "target_signals": self._reads("target_signal_values"),
            "draws": self._reads("uniform_key"),
            "has_targets": self._reads("target_values"),
            "spiking": [self._spikes(group) for group in built.spiking.values()],
            "lists": [self._list(s, *lists[s.name]) for s in built.listed],
            "arrivals": sorted(
                {
                    (self.array_added_to(name), self._open(group.variables[variable]))
                    for name, (group, variable) in built.added_to.items()
                },
                key=str,
            ),
            "superposed": [self._superposed(name) for name in built.superposed],
            "log": SLOT_LOG,
            "numbers": {n: k for k, n in enumerate(sorted({*variables, *of_lists}))},
            "layout": {
                n: ("" if group.variables[v].scalar else group.name,
                    str(np.dtype(group.variables[v].dtype)))
                for n, (group, v) in built.variables.items()
            },
        }  # fmt: skip

    # Functions

    def _write_functions(self) -> None:
        """Write functions of all code objects, and of what is computed by superposition."""
        #: Lines of C++, and how each code object is called.
        self.functions: list[str] = []
        self.calls = {
            name: self._function(self._body_of(code), brian.part_of(code, "support").strip(), name)
            for name, code in sorted(self.code_objects.items())
        }

    def _function(self, body: str, support: str = "", said: str = "") -> str:
        """Write a function, one for all bodies of the same text, and return a call of it."""
        own = {found[0]: found[1] for found in _OF_ITS_OWN.finditer(body)}
        given = {word: f"{kind}_{k}" for k, (word, kind) in enumerate(own.items())}
        same = _OF_ITS_OWN.sub(lambda found: given[found[0]], body)
        parameters = ", ".join(f"{self._type_of(w)} {given[w]}" for w in own)
        text = parameters, same, support
        if text not in self.known:
            function = self.known[text] = f"_run_{len(self.known)}"
            self.functions += [
                f"namespace _of{function} {{", support, f"// {said}",
                f"static _HOT void {function}({parameters})", "{", same, "}", "}",
                f"using _of{function}::{function};",
            ]  # fmt: skip
        arguments = ", ".join(brian.array_behind(word) for word in own)
        return f"{self.known[text]}({arguments});"

    def _body_of(self, code: Any) -> str:
        """Body of a code object's function, with the constants that it names."""
        body = brian.part_of(code, "body")
        words = get_identifiers(body)
        constants = [
            f"    const {c_data_type(v.dtype)} {n} = {self.constant(v)};"
            for n, v in sorted(code.variables.items())
            if isinstance(v, Constant) and n in words and n != LANES
        ]
        return "\n".join([*constants, body])

    def constant(self, variable: Any) -> str:
        """C++ expression of a constant; sizes are what the program has read."""
        built, name = self.built, getattr(variable.owner, "name", "")
        if variable.name == IN_LANE and name in built.wirings:
            return str(built.wirings[name].n_synapses)
        if variable.name == IN_LANE:
            return str(built.numbers[name])
        if variable.name == "N" and name in built.numbers:
            return self._all(built.numbers[name])
        return str(CPPNodeRenderer().render_expr(repr(variable.value)))

    def _all(self, number: str) -> str:
        """C++ expression of what all lanes have, of which one has so many."""
        return f"{number}*{LANES}" if self.built.lanes > 1 else number

    def _type_of(self, word: str) -> str:
        """C++ type of what a function is given by a name."""
        if word.startswith(brian.POINTER):
            variable = self.variable_of(brian.array_behind(word))
            return f"{c_data_type(variable.dtype)}* __restrict"
        kind = word[1:].partition("_")[0]
        return "const int64_t" if kind == "n" else f"{_OBJECTS[kind]}&"

    def variable_of(self, array: str) -> Any:
        """Return the variable of an array."""
        return next(v for v, name in self.arrays.items() if name == array)

    def _calls(self, *, learns: bool) -> dict[str, list[str]]:
        """List calls of all that acts, in its order, by the parts of a slot."""
        built = self.built
        parts = "start", "step", "arrive", "end", "batch", "after"
        calls: dict[str, list[str]] = {part: [] for part in parts}
        when = {n: f"step % {every} == {first}" for n, (every, first) in built.intervals.items()}
        batch_ends = self.number_now(brian.array_name("schedule", "batch_ends"))
        when |= dict.fromkeys(built.at_batch_end, batch_ends)
        # Before whoever reads its spikes.
        before = {name: f"_fire_input_{name}(step);" for name in built.spike_inputs}
        after, opens, in_place = {}, [], set()
        for group, variable in built.calendars:
            spikes, n = self._spikes(group)
            n, times = self._all(n), self.get_array_name(group.variables[variable])
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
        for obj in built.net.sorted_objects:
            part = calls[obj.when if obj.clock is built.slot_clock else "step"]
            late = part is calls["step"] and WHENS.index(obj.when) > WHENS.index(ON_PRE.when)
            if late and not calls["arrive"]:
                calls["arrive"] = ["_arrive();", "_note_spikes();"]
                part += calls["arrive"]
            if part is calls["end"] and obj.order >= AT_BATCH_END.order:
                part = calls["batch" if obj.name in built.at_batch_end else "after"]
            condition = f"if ({when[obj.name]}) " if obj.name in when else ""
            names = () if obj.name in in_place else brian.codes_in_a_step(obj)
            part += [before[obj.name]] if obj.name in before else []
            part += [condition + self.calls[name] for name in names]
            part += [after[obj.name]] if obj.name in after else []
            ends.pop(obj.name, None)
        side_by_side = learns and built.lanes > 1
        calls["start"] += [*opens, *(["_begin_round();"] if side_by_side else [])]
        calls["after"] += ["_spread_shared();"] if built.lanes > 1 else []
        calls["end"] = [*ends.values(), *calls["end"]]
        return calls

    def _reads(self, array: str) -> bool:
        """Whether a code object reads what a function looks up."""
        read = re.compile(rf"\b{array}\b")
        return any(read.search(brian.text_of(code)) for code in self.code_objects.values())

    def number_now(self, array: str) -> str:
        """C++ expression of the first number of an array, as the loop over slots sees it."""
        return f"{array}[0]"

    def _spikes(self, group: Any) -> tuple[str, str]:
        """C++ names of a group's spikes, and of the number of its neurons in a lane."""
        return self.get_array_name(brian.array_of_spikes(group)), self.built.numbers[group.name]

    def _superposed(self, name: str) -> dict[str, Any]:
        """Collect what the main program needs to superpose the synapses of a projection."""
        found, regular = self.built.superposed[name], self.built.wirings[name]
        synapses = next(o for o in self.built.net.objects if o.name == name)
        variables = [*found.states, *found.sums]
        amounts, amount = "0", found.amount
        if not amount.replace(".", "").isdigit():
            variable = synapses.source.variables[amount]
            array = self.get_array_name(variable)
            amounts, amount = ("0", f"{array}[0]") if variable.scalar else (array, "0")
        known = {
            "name": name,
            "n_pre": regular.n_pre,
            "n_post": regular.n_post,
            "how": found,
            "variables": variables,
            "spikes": self._spikes(synapses.source)[0],
            "amounts": amounts,
            "amount": amount,
            "arrays": {v: self.get_array_name(synapses.variables[v]) for v in variables},
        }
        bodies = brian.render(self.code_object_class().templater, "superposed", all=known)
        return known | {what: self._function(body, said=what) for what, body in bodies.items()}

    def _list(self, synapses: Any, read: list[str], changed: list[str]) -> dict[str, Any]:
        """Collect what the main program needs to make the synapses of a list."""
        name, numbers = synapses.name, self.built.numbers
        delays = {key: pathway for pathway, key in self.built.delays[name].items()}
        arrays = {
            key: getattr(synapses, delays[key]).variables["delay"]
            if key in delays
            else synapses.variables[
                {"i": brian.SYNAPTIC_PRE, "j": brian.SYNAPTIC_POST}.get(key, key)
            ]
            for key in (*read, *changed)
        }
        names = {k: self.get_array_name(v) for k, v in arrays.items()}
        added_to, shared = self.array_added_to(name), self._shared_arrays()
        others = {self.get_array_name(v): v for v in brian.variables_per_synapse(synapses)}
        return {
            "name": name,
            "lanes": "1" if added_to or self.built.lanes == 1 else LANES,
            "read": [
                (f"{name}.{k}", array, c_data_type(arrays[k].dtype), k in changed, array in shared)
                for k, array in names.items()
            ],
            "others": sorted(
                (array, c_data_type(v.dtype), array in shared)
                for array, v in others.items()
                if array not in names.values()
            ),
            "n_pre": numbers[synapses.source.name],
            "n_post": numbers[synapses.target.name],
            "arrays": names,
            "dt": f"{brian.array_name('step_clock', 'dt')}[0]",
            "pathways": [
                (queue_of(pathway), *self._taken_by(pathway))
                for pathway in brian.pathways_of(synapses)
                if pathway.objname != "pre"
            ],
            "arrivals": f"&_arrivals{added_to}" if added_to else "0",
            "waits": self.keeps_once and bool(self.built.plan.waiting(name)),
        }

    def _taken_by(self, pathway: Any) -> tuple[str, str, str]:
        """Arrays of the neurons whose spikes a pathway takes and of delays, and their number."""
        pre = pathway.prepost == "pre"
        neurons = pathway.synapses.variables[brian.SYNAPTIC_PRE if pre else brian.SYNAPTIC_POST]
        late = pathway.objname in self.built.delays[pathway.synapses.name]
        delays = self.get_array_name(pathway.variables["delay"]) if late else "0"
        number = self._all(self.built.numbers[pathway.source.name])
        return self.get_array_name(neurons), delays, number

    def array_added_to(self, name: str) -> str | None:
        """Array of the variable to which a list of synapses adds, None where it does more."""
        if name not in self.built.added_to:
            return None
        group, variable = self.built.added_to[name]
        array: str = self.get_array_name(group.variables[variable])
        return array

    def _shared_arrays(self) -> set[str]:
        """Name arrays of synapses that change between samples only: all threads have the same."""
        built = self.built
        written = {
            brian.array_behind(place[0])
            for name, code in self.code_objects.items()
            if brian.name_of_runner(name) not in built.at_batch_end
            for line in brian.part_of(code, "body").splitlines()
            if (place := brian.written_place(line))
        }
        for name, found in built.superposed.items():
            written |= {brian.array_name(name, variable) for variable in found.variables}
        synapses = {*built.wirings, *built.plan.lists}
        return {
            array
            for variable, array in self.arrays.items()
            if self.has_threads and variable.owner.name in synapses and not variable.scalar
        } - written

    # Text

    def part(self) -> Part:
        """Return what the network needs in the source of its program."""
        main = str(brian.render(self.code_object_class().templater, "main"))
        words = get_identifiers("\n".join([main, *self.calls.values()]))
        arrays = {name: v for v, name in self.arrays.items() if name in words}
        own = [f"_OWN {c_data_type(v.dtype)}* {name};" for name, v in sorted(arrays.items())]
        own += ["_COLD void _make_arrays()", "{", *self._rooms(arrays), "}", main]
        return Part(
            sizes=[f"static int64_t {name};" for name in self.plan["sizes"]],
            shared=list(self.declarations()),
            functions=self.functions,
            own=own,
        )

    def text(self, parts: Sequence[Part]) -> str:
        """Return the source of a program, as one unit: headers are read once, calls inlined.

        A program that learns and answers has two parts, which have a namespace each.
        """
        first, *headers = (f'#include "{header}"' for header in self.our_headers)

        def together(kind: str) -> list[str]:
            return list(dict.fromkeys(line for part in parts for line in getattr(part, kind)))

        lines = [first, self.arithmetic(), *together("sizes"), *headers, *together("shared")]
        for part in parts:
            lines += part.functions
        for k, part in enumerate(parts):
            lines += [f"namespace _part_{k} {{", *part.own, "}"]
        runs = ", ".join(f"_part_{k}::_run" for k in range(len(parts)))
        lines += [
            "int main(int argc, char **argv)", "{",
            f"    int (*const parts[])(int, char**) = {{{runs}}};",
            "    return parts[argc > 1 ? std::atoi(argv[1]) : 0](argc - 1, argv + 1);", "}",
        ]  # fmt: skip
        return "\n".join(lines) + "\n"

    def declarations(self) -> Iterator[str]:
        """Return what the loop over slots shares with code objects, in C++."""
        lists, tables = self.built.plan.lists, self.built.tables
        if any(p.rule is not None and not p.listed for p in self.built.plan.network.projections):
            yield _WIDE
        yield from (f"static int64_t _n_of_{name};" for name in lists)
        yield from (f"_OWN _SynapseList _list_{name};" for name in lists)
        for synapses in self.plan["lists"]:
            yield from (f"_OWN _Pathway {queue};" for queue, *_ in synapses["pathways"])
        yield from (f"_OWN _Arrivals _arrivals{array};" for array, _ in self.plan["arrivals"])
        yield from (f"_OWN _Superposition _superposition_{n};" for n in self.built.superposed)
        yield from (f"_OWN _Calendar _calendar_{group.name};" for group, _ in self.built.calendars)
        looked_up = (*tables.all, *tables.times.values())
        yield from (f"static double* {table.name}_values;" for table in looked_up)
        yield from (f"static int64_t {uniform.name}_key[2];" for uniform in tables.all_uniforms)

    def _rooms(self, arrays: dict[str, Any]) -> Iterator[str]:
        """Make room for arrays, and put into them what they begin with."""
        begins = {variable: start for variable, _, start in self.arange_arrays}
        shared = self._shared_arrays()
        for name, variable in sorted(arrays.items()):
            counts = brian.COUNTED.get(variable.name)
            if variable.owner.name in self.built.plan.lists and not (variable.scalar or counts):
                continue  # of its list
            n = self._whole(variable)
            room = "_shared" if name in shared and not counts else "_room"
            yield f"    {name} = {room}<{c_data_type(variable.dtype)}>({n});"
            if counts:
                yield f"    {self._count(name, n, variable.owner, counts)}"
            elif variable in begins:
                yield f"    for (int64_t k=0; k<{n}; k++) {name}[k] = {begins[variable]} + k;"
            elif variable.name == "N":
                listed = variable.owner.name in self.built.plan.lists
                n = f"_n_of_{variable.owner.name}" if listed else self._length(variable.owner)
                yield f"    {name}[0] = {n};"
            elif variable in self.filled:
                yield f"    {self._begin(name, n, variable)}"

    def _begin(self, name: str, n: str, variable: Any) -> str:
        values = np.unique(np.asarray(self.filled[variable]))
        if len(values) == 1:
            value = CPPNodeRenderer().render_expr(repr(values.item()))
            return f"for (int64_t k=0; k<{n}; k++) {name}[k] = {value};"
        # What links a neuron to its lane.
        return f"for (int64_t k=0; k<{n}; k++) {name}[k] = k/{self._length(variable.owner)};"

    def _count(self, name: str, n: str, synapses: Any, of_neurons: str) -> str:
        if synapses.name in self.built.wirings:
            each = f"{self._all(self._length(synapses))}/({n})"
            return f"for (int64_t k=0; k<{n}; k++) {name}[k] = {each};"
        neurons = self.get_array_name(synapses.variables[of_neurons])
        return f"for (int64_t k=0; k<_n_of_{synapses.name}; k++) {name}[{neurons}[k]]++;"

    def _open(self, variable: Any) -> str | None:
        """Name the array that says which neurons take what arrives at a variable; None: all do."""
        condition = brian.condition_of_writing(variable)
        return None if condition is None else self.get_array_name(condition)

    def _length(self, group: Any) -> str:
        """C++ expression of the elements of a lane: neurons, or synapses."""
        built, name = self.built, group.name
        if name in built.wirings:
            return str(built.wirings[name].n_synapses)
        if name not in built.plan.lists:
            return str(built.numbers[name])
        shared = built.lanes == 1 or name in built.added_to
        return f"_n_of_{name}" if shared else f"_n_of_{name}/{LANES}"

    def _has_own(self, variable: Any) -> bool:
        """Whether each lane has elements of an array for itself."""
        built, name = self.built, getattr(variable.owner, "name", "")
        if built.lanes == 1 or variable.scalar:
            return False
        if name in built.wirings:
            return variable.name == "lastupdate" or variable.name in built.own.get(name, ())
        return name not in built.added_to

    def _whole(self, variable: Any) -> str:
        """C++ expression of the elements of an array, in all lanes."""
        if variable.scalar:
            return "1"
        if variable.name in brian.COUNTED:
            pre = brian.COUNTED[variable.name] == brian.SYNAPTIC_PRE
            group = variable.owner.source if pre else variable.owner.target
            return self._all(self._length(group))
        length = self._length(variable.owner)
        whole = f"{length}*{LANES}" if self._has_own(variable) else length
        return f"{whole} + 1" if brian.holds_spikes(variable.name) else whole

    def _place(self, name: str, group: Any, key: str) -> Place:
        variable = group.variables[key]
        return Place(
            name=name,
            array=self.get_array_name(variable),
            length="1" if variable.scalar else self._length(group),
            own=self._has_own(variable),
            type=c_data_type(variable.dtype),
            code=np.dtype(variable.dtype).char.replace("l", "q").replace("?", "b"),
        )


slot_device = SlotDevice()
all_devices["bioplastic_cpp_standalone"] = slot_device
