"""Strings of Brian's objects: what they name beside their own variables, and how they are written.

The only file of this room that reads what Brian keeps for itself: `Group._refractory`, which no
public name gives.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from brian2 import Quantity, Subgroup
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS, Function
from brian2.core.namespace import DEFAULT_UNITS
from brian2.utils.stringtools import word_substitute

from bioplastic.errors import ParameterError
from bioplastic.models.strings import FUNCTIONS, LINKED, words_of

#: Names that mean something else in strings of ours.
TAKEN = {
    "neuron": frozenset({*FUNCTIONS, *LINKED, "presentation", "refractory_period"}),
    "synapse": frozenset({"w", "norm"}),
}


def refuse(what: Any, problem: str, remedy: str) -> ParameterError:
    """Make the error of an object of Brian that has no counterpart."""
    name = getattr(what, "name", "")
    return ParameterError(
        f"from_brian2: {type(what).__name__}{f' {name!r}' if name else ''}: {problem}; {remedy}"
    )


def base_group(group: Any) -> Any:
    """Return the group of which a group is a part, or itself."""
    return group.source if isinstance(group, Subgroup) else group


def trimmed(code: str) -> str:
    """Return statements without the room around their lines, and without empty ones."""
    lines = (line.strip() for line in code.splitlines())
    return "\n".join(line for line in lines if line)


def refractory_of(group: Any) -> Any:
    """Return the refractory period of a group, or its condition; '' where there is none."""
    given = group._refractory
    return "" if given is False else given


class External:
    """Constants and functions that strings of a group name beside its variables.

    Parameters
    ----------
    group : brian2.Group
        It resolves names: in its own namespace, then in `namespace`.
    namespace : mapping
        What the script around it has.
    of : {"neuron", "synapse"}
        Whose strings they become.
    """

    def __init__(self, group: Any, namespace: Mapping[str, Any], of: str) -> None:
        self.group, self.namespace, self.taken = group, namespace, TAKEN[of]
        #: names that neurons of synapses have, which Brian lets synapses not have
        self.neurons: frozenset[str] = frozenset()
        self.constants: dict[str, Any] = {}
        self.functions: dict[str, Any] = {}

    def values(self, words: Iterable[str]) -> dict[str, Any]:
        """Look words up: quantities and functions, by their names."""
        found: dict[str, Any] = {}
        for word in sorted(words):  # a program is kept by its text
            known = (*self.group.variables, *DEFAULT_CONSTANTS, *DEFAULT_UNITS, *DEFAULT_FUNCTIONS)
            if word not in known:
                found[word] = self._resolved(word)
        return {n: v for n, v in found.items() if v is not None}

    def text(self, text: str, made: Iterable[str] = ()) -> str:
        """Take in what a string names, and write it with names that are free.

        `made` are variables that statements make for themselves.
        """
        renamed: dict[str, str] = {}
        for word, value in self.values(words_of(text) - {*made}).items():
            free = renamed[word] = self.free(word) if self._is_taken(word) else word
            (self.functions if isinstance(value, Function) else self.constants)[free] = value
        changed = {old: new for old, new in renamed.items() if old != new}
        return word_substitute(text, changed) if changed else text

    def free(self, name: str) -> str:
        """Make a name that nothing has."""
        while self._is_taken(name) or name in self.group.variables or name in self.constants:
            name += "_"
        return name

    def _is_taken(self, name: str) -> bool:
        """Whether a name means something else, or ends as that of a neuron of synapses."""
        return name in self.taken | self.neurons or name.endswith(("_pre", "_post"))

    def _resolved(self, word: str) -> Any:
        given = (getattr(self.group, "namespace", None) or {}).get(word, self.namespace.get(word))
        if isinstance(given, np.ndarray) and np.ndim(given):
            raise refuse(
                self.group,
                f"its strings name the array {word!r}",
                f"make it a variable of the group (`{word} : 1 (constant)`), or a TimedArray",
            )
        try:
            found = self.group.resolve_all([word], self.namespace, user_identifiers=())[word]
        except KeyError:
            raise refuse(
                self.group,
                f"nothing gives {word!r}, which its strings name",
                f"define it where from_brian2 is called, or give namespace={{{word!r}: ...}}",
            ) from None
        if isinstance(found, Function):
            return found
        value = found.get_value()
        number = int(value) if np.asarray(value).dtype.kind in "biu" else float(value)
        return number if found.dim.is_dimensionless else Quantity(float(number), dim=found.dim)
