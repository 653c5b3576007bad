"""Code objects of the C++ device: what their templates call, and the functions they become."""

import re
from typing import Any

from brian2.codegen.generators.cpp_generator import c_data_type
from brian2.core.variables import Constant
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
from brian2.devices.device import get_device
from brian2.parsing.rendering import CPPNodeRenderer
from brian2.utils.stringtools import get_identifiers

from bioplastic.engine import brian_code
from bioplastic.engine import brian_internals as brian
from bioplastic.engine.built import Built, RegularWiring
from bioplastic.engine.noise import IN_LANE, LANES
from bioplastic.engine.refractory import AWAKE
from bioplastic.engine.standalone_arrays import ArrayDevice

#: What code objects share with the loop over slots, beside arrays, and of which type that is.
_OBJECTS = {
    "list": "_SynapseList", "pathway": "_Pathway", "arrivals": "_Arrivals",
    "superposition": "_Superposition",
}  # fmt: skip
_KINDS = "|".join((brian_code.POINTER, "_n_of", *(f"_{kind}" for kind in _OBJECTS)))
#: Names in a code object's body that are another's in another's: arrays, numbers, and the above.
_OF_ITS_OWN = re.compile(rf"\b({_KINDS})(_\w+)")


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
    return brian_code.at_element(brian_code.pointer(get_device().get_array_name(variable)), "0")


def spikes_of(pathway: Any) -> str:
    """Name the array of the spikes, or other events, that a pathway takes, as code objects do."""
    spikes = brian.array_of_spikes(pathway.source, pathway.event)
    return brian_code.pointer(get_device().get_array_name(spikes))


def queue_of(pathway: Any) -> str:
    """Name the index of synapses by which a pathway finds those whose spikes are due."""
    return f"_pathway_{pathway.synapses.name}_{pathway.objname}"


def arrivals_of(pathway: Any) -> str | None:
    """Array to which the spikes of a pathway add numbers, None where they do something else."""
    array: str | None = get_device().array_added_to(pathway.synapses.name)
    return array if pathway.objname == "pre" else None


def to_arrivals(lines: list[str], array: str) -> list[str]:
    """Let a synapse add to what arrives later, in place of the array itself."""
    element = brian_code.at_element(brian_code.pointer(array), brian_code.POST)
    return [line.replace(element, "_arriving[_at]") for line in lines]


def superposition(code_object: str) -> str | None:
    """Projection whose synapses a code object computes by superposition."""
    runner = brian_code.name_of_runner(code_object)
    name = re.sub(r"_(before_spikes|at_slot_end)$", "", runner)
    return name if name != runner and name in get_device().built.superposed else None


def by_source(lines: list[str], name: str) -> list[str]:
    """Let code of synapses act on those of which the others are superpositions."""
    for variable in get_device().built.superposed[name].variables:
        element = brian_code.at_own_index(name, variable)
        source = brian_code.at_element(f"_of_{variable}", brian_code.SYNAPSE)
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
        return found[0].replace(f"[{brian_code.SYNAPSE}]", "[_shared]") if shared else found[0]

    look_up = brian_code.look_up_at_own_index(regular.name)
    return [look_up.sub(place, line) for line in lines]


def waiting(pathway: Any) -> list[str]:
    """Name what waits at synapses and is the same for all of one neuron and one delay."""
    names = get_device().built.plan.waiting(pathway.synapses.name)
    return [*sorted(names), "lastupdate"] if names else []


def at_first(variable: str, pathway: Any) -> str:
    """Write what waits, which the first synapse of a neuron and a delay keeps for all of them."""
    array = brian_code.pointer(brian_code.array_name(pathway.synapses.name, variable))
    return brian_code.at_element(array, "_first")


def by_first(lines: list[str], pathway: Any) -> list[str]:
    """Let synapses read what waits where it is kept, and say what becomes of it."""
    for variable in waiting(pathway):
        own = brian_code.at_own_index(pathway.synapses.name, variable)
        first = at_first(variable, pathway)
        lines = [
            line.replace(own, f"_then_{variable}" if line.startswith(f"{own} =") else first)
            for line in lines
        ]
    return lines


def of_anybody(lines: list[str]) -> list[str]:
    """Let a threshold ask also those who are refractory: a first look at many neurons at once."""
    return [brian_code.without_condition(line, f"{AWAKE} > 0.5") for line in lines]


def remembered(lines: list[str]) -> list[str]:
    """Let what is the same for all elements, and in every step, be computed once: decays."""
    return [re.sub(r"\bexp\(", "_EXP(", line) for line in lines]


def lanes_of(code_object: str) -> str:
    """Count the lanes on whose synapses a code object acts."""
    built: Built = get_device().built
    once = built.lanes == 1 or brian_code.name_of_runner(code_object) in built.once
    return "1" if once else LANES


def by_name(*functions: Any) -> dict[str, Any]:
    """Return functions by their names."""
    return {function.__name__: function for function in functions}


class SlotCodeObject(CPPStandaloneCodeObject):
    """Code object that takes our templates before Brian's."""

    generator_class = brian_code.code_generator()
    templater = brian_code.templates_of(
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


class FunctionDevice(ArrayDevice):
    """Brian's C++ device whose code objects become functions, one for all of the same text."""

    def __init__(self) -> None:
        super().__init__()
        #: Names of functions by their text, those included that an earlier network has written.
        self.known: dict[tuple[str, ...], str] = {}

    def arithmetic(self) -> str:
        """Return what equations need of C++, whatever they say."""
        return brian_code.arithmetic()

    def code_object_class(self, codeobj_class: Any = None, fallback_pref: Any = None) -> Any:
        """Return our code objects, whatever the preferences say."""
        return SlotCodeObject

    def _write_functions(self) -> None:
        """Write functions of all code objects, and of what is computed by superposition."""
        #: Lines of C++, and how each code object is called.
        self.functions: list[str] = []
        self.calls = {
            name: self._function(
                self._body_of(code), brian_code.part_of(code, "support").strip(), name
            )
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
        arguments = ", ".join(brian_code.array_behind(word) for word in own)
        return f"{self.known[text]}({arguments});"

    def _body_of(self, code: Any) -> str:
        """Body of a code object's function, with the constants that it names."""
        body = brian_code.part_of(code, "body")
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

    def _type_of(self, word: str) -> str:
        """C++ type of what a function is given by a name."""
        if word.startswith(brian_code.POINTER):
            variable = self.variable_of(brian_code.array_behind(word))
            return f"{c_data_type(variable.dtype)}* __restrict"
        kind = word[1:].partition("_")[0]
        return "const int64_t" if kind == "n" else f"{_OBJECTS[kind]}&"

    def _reads(self, array: str) -> bool:
        """Whether a code object reads what a function looks up."""
        read = re.compile(rf"\b{array}\b")
        return any(read.search(brian_code.text_of(code)) for code in self.code_objects.values())
