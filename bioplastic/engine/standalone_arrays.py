"""Arrays of a program: their names, how long they are, who shares them, what they begin with."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from brian2.codegen.generators.cpp_generator import c_data_type
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.parsing.rendering import CPPNodeRenderer

from bioplastic.engine import brian_code
from bioplastic.engine import brian_internals as brian
from bioplastic.engine.built import Place
from bioplastic.engine.noise import LANES, NoiseDevice


class ArrayDevice(NoiseDevice, CPPStandaloneDevice):
    """What Brian's C++ device knows of the arrays of a network."""

    #: Whether threads may share a program's samples.
    has_threads = True

    def __init__(self) -> None:
        super().__init__()
        #: Brian objects of the network, when all are made.
        self.built: Any = None
        #: Arrays that begin with other numbers than 0, by variable.
        self.filled: dict[Any, Any] = {}

    def get_array_name(self, var: Any, access_data: bool = True) -> str:
        """Name of an array; none of them grows."""
        return str(super().get_array_name(var))

    def fill_with_array(self, var: Any, arr: Any) -> None:
        """Note what an array begins with."""
        super().fill_with_array(var, arr)
        self.filled[var] = arr

    def _all(self, number: str) -> str:
        """C++ expression of what all lanes have, of which one has so many."""
        return f"{number}*{LANES}" if self.built.lanes > 1 else number

    def variable_of(self, array: str) -> Any:
        """Return the variable of an array."""
        return next(v for v, name in self.arrays.items() if name == array)

    def _spikes(self, group: Any) -> tuple[str, str]:
        """C++ names of a group's spikes, and of the number of its neurons in a lane."""
        return self.get_array_name(brian.array_of_spikes(group)), self.built.numbers[group.name]

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
            brian_code.array_behind(place[0])
            for name, code in self.code_objects.items()
            if brian_code.name_of_runner(name) not in built.at_batch_end
            for line in brian_code.part_of(code, "body").splitlines()
            if (place := brian_code.written_place(line))
        }
        for name, found in built.superposed.items():
            written |= {brian_code.array_name(name, variable) for variable in found.variables}
        synapses = {*built.wirings, *built.plan.lists}
        return {
            array
            for variable, array in self.arrays.items()
            if self.has_threads and variable.owner.name in synapses and not variable.scalar
        } - written

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
