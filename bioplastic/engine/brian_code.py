"""What we know of Brian's code: templates, code objects, and the shape of its C++ and CUDA.

As in `brian_internals`, each assumption stands in a function or a constant whose docstring says
what is assumed, and ``tests/engine/test_brian_cpp.py`` asks Brian itself whether it holds.
"""

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from brian2.codegen.generators.cpp_generator import CPPCodeGenerator
from brian2.codegen.templates import LazyTemplateLoader
from brian2.synapses import synapses as synapses_module
from brian2.synapses.synapses import SynapticPathway

from bioplastic.engine.brian_internals import replaced

__all__ = [
    "POINTER", "POST", "PRE", "SYNAPSE", "accesses", "adds_to", "arithmetic", "array_behind",
    "array_name", "at_element", "at_own_index", "code_generator", "codes_in_a_step",
    "cuda_arithmetic", "cuda_code_generator", "is_read_into", "look_up_at_own_index",
    "name_of_runner", "part_of", "pointer", "render", "templates_of", "text_of",
    "without_condition", "written_place",
]  # fmt: skip


def codes_in_a_step(obj: Any) -> list[str]:
    """Name the code objects by which an object acts; the first of a pathway fills its queue."""
    names = [code.name for code in obj.code_objects] if obj.active else []
    return names[1:] if isinstance(obj, SynapticPathway) else names


def name_of_runner(code_object: str) -> str:
    """Name the object that a code object belongs to: Brian appends a word, and a count or a star.

    The star stands for a count that is still to be chosen.
    """
    return re.sub(r"_codeobject(_\d+|\*)?$", "", code_object)


def text_of(code_object: Any) -> str:
    """Return all C++ of a code object: what Brian keeps of it prints as that."""
    return str(code_object.code)


def part_of(code_object: Any, macro: str) -> str:
    """Return what one macro of a code object's template gave."""
    return str(getattr(code_object.code, macro))


class _Templates(LazyTemplateLoader):
    """Templates with the first of some endings that there is; a loader raises KeyError."""

    def __init__(self, environment: Any, endings: Sequence[str]) -> None:
        super().__init__(environment, "")
        self._endings, self._there = endings, set(environment.list_templates())

    def get_template(self, name: str) -> Any:
        self.extension = next((e for e in self._endings if name + e in self._there), "")
        return super().get_template(name)


def templates_of(
    parent: Any,
    functions: Mapping[str, Callable[..., Any]],
    filters: Mapping[str, Callable[..., Any]] | None = None,
    endings: Sequence[str] = (),
) -> Any:
    """Templates of ours in front of those of a class of code objects.

    A templater has an environment of Jinja, and looks up templates by their names in `templates`.
    """
    templater = parent.templater.derive("bioplastic.engine", env_globals=dict(functions))
    templater.env.filters.update(filters or {})
    if endings:
        templater.templates = _Templates(templater.env, endings)
    return templater


def arithmetic() -> str:
    """C++ of the operators of Brian's equations, and of ``int()``, which Cython shares."""
    integers = Path(synapses_module.__file__).with_name("stdint_compat.h")
    return f"{integers.read_text()}\n{CPPCodeGenerator.universal_support_code}"


def code_generator() -> Any:
    """Make a generator of C++ that repeats in no code object what all have in common."""

    class Generator(CPPCodeGenerator):
        universal_support_code = ""

    return Generator


def cuda_arithmetic() -> str:
    """CUDA of these operators, without atomic operations, which ask for a GPU's version.

    brian2cuda makes it of parts, strings of a module.
    """
    module = importlib.import_module("brian2cuda.cuda_generator")  # need not be installed
    parts = ("hightype", "mod", "floordiv", "pow")
    return "".join(getattr(module, f"_{part}_support_code") for part in parts)


def cuda_code_generator() -> Any:
    """Make a generator of CUDA that repeats in no kernel what all have in common.

    That of brian2cuda keeps this in a variable of its class.
    """
    brians: Any = importlib.import_module("brian2cuda.cuda_generator").CUDACodeGenerator

    class Generator(brians):
        def determine_keywords(self) -> Any:
            with replaced(brians, "universal_support_code", ""):
                return super().determine_keywords()

    return Generator


def render(templater: Any, name: str, **given: Any) -> Any:
    """Fill in a template that belongs to no code object: its text, or texts by macro."""
    return getattr(templater, name)(None, None, **given)


# Lines of C++: arrays are read into variables of the same name, these change, and go back.

#: By which Brian finds the values of a synapse (or neuron), and of its neurons.
SYNAPSE, PRE, POST = "_idx", "_presynaptic_idx", "_postsynaptic_idx"
#: By which the name of an array begins where a code object has it.
POINTER = "_ptr"
_ACCESS = re.compile(rf"({POINTER}\w+)\[(\w+)\]")
_WRITE = re.compile(rf"\s*({POINTER}\w+)\[(\w+)\]\s*=(?!=)")


def array_name(owner: str, variable: str) -> str:
    """Name of the array of a variable in a standalone program."""
    return f"_array_{owner}_{variable}"


def pointer(array: str) -> str:
    """Name by which a code object knows an array."""
    return f"{POINTER}{array}"


def array_behind(pointer: str) -> str:
    """Name of the array that a code object knows by a pointer."""
    return pointer.removeprefix(POINTER)


def at_element(pointer: str, index: str) -> str:
    """Write an element of an array as Brian does."""
    return f"{pointer}[{index}]"


def at_own_index(owner: str, variable: str) -> str:
    """Write a synapse's own value of a variable as Brian does."""
    return at_element(pointer(array_name(owner, variable)), SYNAPSE)


def look_up_at_own_index(owner: str) -> re.Pattern[str]:
    """Pattern of a synapse's own values, whose group is the variable."""
    return re.compile(re.escape(at_own_index(owner, "@")).replace("@", r"(\w+)"))


def accesses(line: str) -> list[tuple[str, str]]:
    """Pointers and indices of the elements that a line names."""
    return _ACCESS.findall(line)


def written_place(line: str) -> tuple[str, str] | None:
    """Pointer and index of the element that a line sets."""
    found = _WRITE.match(line)
    return None if found is None else (found[1], found[2])


def is_read_into(line: str, element: str) -> str | None:
    """Name the variable, not a constant, into which a line reads an element; None for others."""
    found = re.fullmatch(rf"\w+ (\w+) = {re.escape(element)};", line)
    return None if found is None else found[1]


def adds_to(line: str, variable: str) -> bool:
    """Whether a line adds to a variable what does not depend on it."""
    return re.fullmatch(rf"\s*{variable} [-+]= (?!.*\b{variable}\b).*", line) is not None


def without_condition(line: str, condition: str) -> str:
    """Drop the last condition that holds beside others: Brian puts brackets around each."""
    return line.replace(f" && ({condition})", "")
