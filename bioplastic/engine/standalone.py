"""Brian's C++ device with a loop over slots, and with loops that vectorize."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.codegen.generators.cpp_generator import c_data_type
from brian2.devices.device import all_devices
from brian2.utils.stringtools import get_identifiers

from bioplastic.engine import brian_code
from bioplastic.engine import brian_internals as brian
from bioplastic.engine.built import Built
from bioplastic.engine.lanes import learned_variables, upper_bounds
from bioplastic.engine.noise import LANES
from bioplastic.engine.schedule import SLOT_LOG
from bioplastic.engine.standalone_code import FunctionDevice, queue_of
from bioplastic.models.hooks import AT_BATCH_END, ON_PRE, WHENS

#: GCC takes half of the widest vectors unless asked: right for liquids, wrong for rows that learn.
_WIDE = """#if defined(__AVX512F__) && !defined(__clang__) && !defined(__CUDACC__)
#pragma GCC target("prefer-vector-width=512")
#endif"""


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


class SlotDevice(FunctionDevice):
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

    #: Whether traces of late spikes are kept once for each neuron and delay.
    keeps_once = True

    def __init__(self) -> None:
        super().__init__()
        #: What the template of the main program fills in.
        self.plan: dict[str, Any] = {}

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

    def _calls(self, *, learns: bool) -> dict[str, list[str]]:
        """List calls of all that acts, in its order, by the parts of a slot."""
        built = self.built
        parts = "start", "step", "arrive", "end", "batch", "after"
        calls: dict[str, list[str]] = {part: [] for part in parts}
        when = {n: f"step % {every} == {first}" for n, (every, first) in built.intervals.items()}
        batch_ends = self.number_now(brian_code.array_name("schedule", "batch_ends"))
        when |= dict.fromkeys(built.at_batch_end, batch_ends)
        # Before whoever reads its spikes.
        before = {name: f"_fire_input_{name}(step);" for name in built.spike_inputs}
        after, opens, in_place = {}, [], set()
        for group, variable in built.calendars:
            spikes, n = self._spikes(group)
            n, times = self._all(n), self.get_array_name(group.variables[variable])
            calendar, dt = (
                f"_calendar_{group.name}",
                f"{brian_code.array_name('step_clock', 'dt')}[0]",
            )
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
            names = () if obj.name in in_place else brian_code.codes_in_a_step(obj)
            part += [before[obj.name]] if obj.name in before else []
            part += [condition + self.calls[name] for name in names]
            part += [after[obj.name]] if obj.name in after else []
            ends.pop(obj.name, None)
        side_by_side = learns and built.lanes > 1
        calls["start"] += [*opens, *(["_begin_round();"] if side_by_side else [])]
        calls["after"] += ["_spread_shared();"] if built.lanes > 1 else []
        calls["end"] = [*ends.values(), *calls["end"]]
        return calls

    def number_now(self, array: str) -> str:
        """C++ expression of the first number of an array, as the loop over slots sees it."""
        return f"{array}[0]"

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
        bodies = brian_code.render(self.code_object_class().templater, "superposed", all=known)
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
            "dt": f"{brian_code.array_name('step_clock', 'dt')}[0]",
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

    def part(self) -> Part:
        """Return what the network needs in the source of its program."""
        main = str(brian_code.render(self.code_object_class().templater, "main"))
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


slot_device = SlotDevice()
all_devices["bioplastic_cpp_standalone"] = slot_device
