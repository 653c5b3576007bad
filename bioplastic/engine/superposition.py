"""Synapses that obey the same linear equations, computed as superpositions of a few of them.

What e-prop does to a synapse before spikes act is linear in the synapse's variables, with
factors that belong to the postsynaptic neuron. So all synapses onto a neuron follow from few: one
that began the block with each variable at 1, and one that a spike reached in each of its steps. A
block of steps then costs a synapse one visit, and one addition for each spike that reached it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp
from brian2 import Equations
from brian2.parsing.sympytools import str_to_sympy
from brian2.utils.stringtools import get_identifiers

from bioplastic.engine.structure import learning_of
from bioplastic.models import Projection

__all__ = ["Superposition", "superposition_of"]

_STATEMENT = re.compile(r"\s*(\w+)\s*([-+*/]?=)\s*(.+?)\s*")
_ZERO = re.compile(r"\s*(\w+)\s*=\s*0(?:\.0*)?\s*")
_JUMP = re.compile(r"\s*(\w+)\s*\+=\s*(?:(\d+(?:\.\d*)?)|(\w+)_pre)\s*")


@dataclass(frozen=True, slots=True)
class Superposition:
    """How variables of a synapse follow from each other.

    Parameters
    ----------
    variables : tuple of str
        What changes, other than by spikes.
    sums : tuple of str
        Those of them that are added to and decide nothing.
    sources : dict of str to tuple of str
        Variables on which one depends some steps later; a sum adds them to what it is.
    jumps : str
        Variable to which a presynaptic spike adds.
    amount : str
        A number, or the variable of the presynaptic neuron, that it adds.
    """

    variables: tuple[str, ...]
    sums: tuple[str, ...]
    sources: dict[str, tuple[str, ...]]
    jumps: str
    amount: str

    @property
    def states(self) -> tuple[str, ...]:
        """Variables that are no sums."""
        return tuple(name for name in self.variables if name not in self.sums)

    @property
    def reached(self) -> tuple[str, ...]:
        """Variables that a spike changes, sooner or later."""
        return tuple(v for v in self.variables if v == self.jumps or self.jumps in self.sources[v])


def superposition_of(projection: Projection) -> Superposition | None:
    """Tell how the synapses of a projection superpose, None where they do not.

    Parameters
    ----------
    projection : Projection
        Of regular wiring, whose rule has `before_spikes`.

    Returns
    -------
    superposition : Superposition or None
    """
    rule = projection.rule
    if rule is None or not rule.before_spikes or projection.listed:
        return None
    learning = learning_of(projection)
    own = set(Equations(str(rule.synapse)).parameter_names)
    jump = _JUMP.fullmatch(learning.on_pre)
    others = learning.on_post + learning.every_step
    if projection.wiring != "all_to_all" or jump is None or others:
        return None
    changes = _changes(learning.before_spikes, own)
    if changes is None or jump[1] not in changes:
        return None
    names = tuple(changes)
    factors = _factors(changes, own)
    others = get_identifiers(f"{projection.on_pre}\n{projection.graded}") & own
    if (
        factors is None
        or others
        or any(factors[v, k] != 0 for v in names for k in own - set(names))
    ):
        return None
    depends = {v: {k for k in names if factors[v, k] != 0} for v in names}
    sums = tuple(
        v for v in names if factors[v, v] == 1 and all(v not in depends[k] for k in names if k != v)
    )
    for _ in names:  # what follows in some steps
        depends = {v: depends[v].union(*(depends[k] for k in depends[v])) for v in names}
    ends = _changes(learning.at_slot_end, own) if learning.at_slot_end else {}
    if ends is None or set(ends) - set(sums) or _factors(ends, names) is None:
        return None
    begins = re.split(r"[\n;]", learning.at_slot_start.strip())
    zeros = {m[1] for m in map(_ZERO.fullmatch, begins) if m}
    if zeros != set(names) - set(sums) or len(zeros) != len(begins) or jump[1] in sums:
        return None
    sources = {v: tuple(k for k in names if k in depends[v] and k not in sums) for v in names}
    return Superposition(names, sums, sources, jump[1], jump[2] or jump[3])


def _changes(code: str, own: set[str]) -> dict[str, sp.Expr] | None:
    """Variables of the synapse after the code, by what they and others were before it."""
    now: dict[str, sp.Expr] = {}
    for line in filter(str.strip, re.split(r"[\n;]", code)):
        found = _STATEMENT.fullmatch(line)
        if found is None:
            return None
        name, sign, text = found.groups()
        value = str_to_sympy(text)
        value = value.subs({s: now[s.name] for s in value.free_symbols if s.name in now})
        before = now.get(name, sp.Symbol(name, real=True))
        now[name] = {"=": value, "+=": before + value, "-=": before - value,
                     "*=": before * value, "/=": before / value}[sign]  # fmt: skip
    changed = {name: sp.expand(value) for name, value in now.items() if name in own}
    read = {s.name for value in changed.values() for s in value.free_symbols}
    of_pre = {name for name in read if name.endswith("_pre")} | read & {"w", "i"}
    return changed if changed and not of_pre else None


def _factors(
    changes: dict[str, sp.Expr], names: Iterable[str]
) -> dict[tuple[str, str], sp.Expr] | None:
    """By which factor each variable enters each other, None where that is not linear."""
    symbols = {name: sp.Symbol(name, real=True) for name in names}
    factors = {}
    for name, value in changes.items():
        rest = value
        for other, symbol in symbols.items():
            factor = sp.diff(value, symbol)
            if factor.free_symbols & set(symbols.values()):
                return None
            factors[name, other] = sp.simplify(factor)
            rest = rest - factor * symbol
        if sp.expand(rest) != 0:
            return None
    return factors
