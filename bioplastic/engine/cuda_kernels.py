"""What the threads of a GPU may do side by side, found in the code that Brian generates.

Threads must not write to the same place. Code of neurons writes to its own neuron. Code of
synapses also writes to neurons, on which many synapses converge: then one thread does all that
concerns a neuron, spike after spike, so that sums are made in the order in which a CPU makes them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from brian2.codegen.generators.cpp_generator import c_data_type
from brian2.core.variables import ArrayVariable, Constant
from brian2.utils.stringtools import get_identifiers

from bioplastic.engine.brian_code import (
    POST,
    PRE,
    SYNAPSE,
    accesses,
    adds_to,
    array_behind,
    at_element,
    is_read_into,
    written_place,
)
from bioplastic.engine.built import RegularWiring
from bioplastic.engine.noise import LANES

_SIDES: Mapping[str, "Side"] = {SYNAPSE: "synapse", "_shared": "synapse", PRE: "pre", POST: "post"}

Side = Literal["synapse", "pre", "post", "serial"]


@dataclass(frozen=True, slots=True)
class Layout(RegularWiring):
    """Where synapses lie in memory: lane by lane, row by row.

    Parameters
    ----------
    name : str
        Name of the Synapses object.
    kind : {"all_to_all", "one_to_one", "all_but_one", "listed"}
        Its wiring; a list says itself how many synapses it has.
    n_pre, n_post : str
        Neurons of a lane on both sides, as a kernel names their number.
    lanes : str
        Lanes on whose synapses code acts, in C++.
    """

    lanes: str = "1"

    def lane(self, neuron: str, n: str) -> str:
        """Lane of a neuron, in C++."""
        return "0" if self.lanes == "1" else f"{neuron}/{n}"

    @property
    def place(self) -> str:
        """Place of the synapse from neuron ``_i`` to neuron ``_j`` of ``_lane``, in C++.

        ``_idx`` is its place where every lane has its own, ``_shared`` that where it has not.
        """
        column = "" if self.kind == "one_to_one" else " + _column"
        column += " - (_column > _row)" if self.kind == "all_but_one" else ""
        return (
            f"const int64_t _row = _i - _lane*{self.n_pre}, _column = _j - _lane*{self.n_post};\n"
            f"const int64_t _shared = _row*{self.n_row}{column};\n"
            f"const int64_t _idx = (int64_t)_lane*{self.n_synapses} + _shared;"
        )

    @property
    def neurons(self) -> str:
        """Neurons ``_i`` and ``_j`` of the synapse at ``_shared`` of ``_lane``, in C++.

        A GPU divides numbers of 32 bits in a few instructions, others in many.
        """
        past = " + (_k >= _row)" if self.kind == "all_but_one" else ""
        post = "_i" if self.kind == "one_to_one" else f"_lane*{self.n_post} + _k{past}"
        return (
            f"const int64_t _idx = _lane*{self.n_synapses} + _shared;\n"
            f"const uint32_t _row = (uint32_t)_shared/(uint32_t){self.n_row};\n"
            f"const uint32_t _k = (uint32_t)_shared - _row*{self.n_row};\n"
            f"const int32_t _i = _lane*{self.n_pre} + _row, _j = {post};"
        )


@dataclass(frozen=True, slots=True)
class Sum:
    """A variable of a neuron to which synapses add, and do nothing else.

    Parameters
    ----------
    pointer : str
        C++ name of the variable's array in the kernel.
    name : str
        C++ name of what a synapse adds.
    """

    pointer: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Kernel:
    """Code of a kernel, and what it needs.

    Parameters
    ----------
    arrays : dict of str to Variable
        Arrays by their names in the kernel.
    written : set of str
        Those of them that it writes to.
    head : list of str
        What comes before the loop over neurons, synapses or spikes.
    body : list of str
        What stands in the loop.
    shared : list of str
        What one thread does when all are done: it sets what all neurons or synapses share.
    side : {"synapse", "pre", "post", "serial"}
        What a thread has for its own: its synapse (or neuron), all synapses of a neuron on one
        side, or everything, where threads would get in each other's way.
    sums : list of Sum
        What `body` adds to neurons, where that is all that it does to them.
    """

    arrays: dict[str, Any]
    written: set[str]
    head: list[str]
    body: list[str]
    shared: list[str] = field(default_factory=list)
    side: Side = "synapse"
    sums: list[Sum] = field(default_factory=list)

    @property
    def parameters(self) -> str:
        """Parameters of the kernel for its arrays, each behind a comma."""
        types = {
            p: ("" if p in self.written else "const ") + c_data_type(v.dtype)
            for p, v in self.arrays.items()
        }
        return "".join(f",\n    {kind}* __restrict__ {p}" for p, kind in types.items())

    @property
    def arguments(self) -> str:
        """What a launch gives for `parameters`."""
        return "".join(f", _dev{array_behind(pointer)}" for pointer in self.arrays)

    def adding(self) -> list[str]:
        """Return the body with every sum begun at 0 and kept by the synapse."""
        lines = []
        for line in self.body:
            if not any(at_element(s.pointer, POST) in line for s in self.sums):
                lines.append(line)
            elif written_place(line) is None:
                lines.append(f"{line.partition('=')[0]}= 0.0;")
        return lines


def kernel_of(
    scalar_code: Sequence[str],
    vector_code: Sequence[str],
    variables: Mapping[str, Any],
    get_array_name: Any,
    constant: Any,
) -> Kernel:
    """Find out how threads can share out the code of a Brian code object.

    Parameters
    ----------
    scalar_code, vector_code : sequence of str
        Its lines: what is the same for all elements, and what is not.
    variables : mapping of str to Variable
        What it names.
    get_array_name : callable
        Gives the name of a variable's array in the kernel.
    constant : callable
        Gives the C++ expression of a constant.

    Returns
    -------
    kernel : Kernel
    """
    scalar, vector = list(scalar_code), list(vector_code)
    code = "\n".join(scalar + vector)
    words = get_identifiers(code)
    found = {get_array_name(v): v for v in variables.values() if isinstance(v, ArrayVariable)}
    arrays = {pointer: variable for pointer, variable in found.items() if pointer in words}
    written = {place[0] for line in scalar + vector if (place := written_place(line))}
    head = [
        f"const {c_data_type(v.dtype)} {n} = {constant(v)};"
        for n, v in variables.items()
        if isinstance(v, Constant) and n in words and n != LANES
    ]
    head.append("const int64_t _vectorisation_idx = -1;")
    keeps = [line for line in scalar if written_place(line) is None]
    return Kernel(
        arrays=arrays,
        written=written,
        head=head + keeps,
        body=vector,
        shared=[*head, *scalar] if keeps != scalar else [],
        side=_side(vector),
        sums=_sums(vector),
    )


def _side(lines: Sequence[str]) -> Side:
    """Say which neurons, if any, code writes to, and whether others look at these meanwhile."""
    access: dict[str, set[str]] = {}
    for line in lines:
        for pointer, index in accesses(line):
            access.setdefault(pointer, set()).add(index)
    writes = {place for line in lines if (place := written_place(line))}
    sides = {_SIDES.get(index, "serial") for _, index in writes}
    if any(access[pointer] != {index} for pointer, index in writes) or "serial" in sides:
        return "serial"
    on_neurons = sides - {"synapse"}
    if not on_neurons:
        return "synapse"
    return on_neurons.pop() if len(on_neurons) == 1 else "serial"


def _sums(lines: Sequence[str]) -> list[Sum]:
    """Find variables of the postsynaptic neuron to which code adds; none where it does more."""
    writes = {place for line in lines if (place := written_place(line))}
    pointers = sorted(p for p, index in writes if index == POST)
    found = []
    for pointer in pointers:
        element = at_element(pointer, POST)
        read = [name for line in lines if (name := is_read_into(line, element))]
        if len(read) != 1:
            return []
        word = re.compile(rf"\b{read[0]}\b")
        others = [line for line in lines if element not in line and word.search(line)]
        if not all(adds_to(line, read[0]) for line in others):
            return []
        found.append(Sum(pointer, read[0]))
    return found
