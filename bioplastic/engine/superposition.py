"""Synapses that obey the same linear equations, computed as superpositions of a few of them.

What e-prop does to a synapse before spikes act is linear in the synapse's variables, with
factors that belong to the postsynaptic neuron. So all synapses onto a neuron follow from few: one
that began the block with each variable at 1, and one that a spike reached in each of its steps. A
block of steps then costs a synapse one visit, and one addition for each spike that reached it.
"""

import re
from dataclasses import dataclass

import sympy as sp
from brian2.parsing.sympytools import str_to_sympy

from bioplastic.engine.traces import learning_of
from bioplastic.models import Projection
from bioplastic.models.hooks import strings_of
from bioplastic.models.strings import equations_of, statements_of, words_of

#: What makes two synapses onto a neuron obey different equations.
_OF_EACH_SYNAPSE = frozenset({"w", "i", "rand", "randn", "poisson"})
#: Hooks of a rule whose synapses may superpose.
_SUPERPOSED = {"on_pre", "before_spikes", "at_slot_start", "at_slot_end", "at_batch_end"}
_SIGNS = ("=", "+=", "-=", "*=", "/=")
_ZERO = re.compile(r"0(?:\.0*)?")
_AMOUNT = re.compile(r"(\d+(?:\.\d*)?)|(\w+)_pre")


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
    """Return how the synapses of a projection superpose, None where they do not.

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
    codes, equations = learning_of(projection).codes, equations_of(str(rule.synapse))
    own = {name for name in equations.parameter_names if not equations[name].flags}
    jumps = statements_of(codes.get("on_pre", ""))
    amount = _AMOUNT.fullmatch(jumps[0].expression) if len(jumps) == 1 else None
    others = words_of("\n".join(strings_of(projection, "projection").values()))
    if (
        projection.wiring != "all_to_all"
        or equations.parameter_names != set(equations)
        or words_of(codes["before_spikes"]) & set(equations) - own
        or amount is None
        or jumps[0].how != "+="
        or amount[2] in equations_of(str(rule.pre_traces))
        or others & own
        or not codes.keys() <= _SUPERPOSED
    ):
        return None
    jump = jumps[0].name
    try:
        factors = _factors(codes["before_spikes"], own)
        at_end = _factors(codes.get("at_slot_end", ""), own)
    except sp.PolynomialError:
        return None
    names, ends = (tuple(dict.fromkeys(v for v, _ in found)) for found in (factors, at_end))
    depends = {v: {k for k in own if not factors[v, k].is_zero} for v in names}
    sums = tuple(
        v
        for v in names
        if (factors[v, v] - 1).is_zero and all(v not in depends[k] for k in names if k != v)
    )
    states = set(names) - set(sums)
    begins = statements_of(codes.get("at_slot_start", ""))
    if (
        jump not in states
        or set().union(*depends.values()) - set(names)
        or set(ends) - set(sums)
        or not all((at_end[v, v] - 1).is_zero for v in ends)
        or not all(at_end[v, k].is_zero for v in ends for k in sums if k != v)
        or not all(s.how == "=" and _ZERO.fullmatch(s.expression) for s in begins)
        or {s.name for s in begins} != states
    ):
        return None
    for _ in names:  # what follows in some steps
        depends = {v: depends[v].union(*(depends[k] for k in depends[v])) for v in names}
    sources = {v: tuple(k for k in names if k in depends[v] and k in states) for v in names}
    return Superposition(names, sums, sources, jump, amount[1] or amount[2])


def _factors(code: str, own: set[str]) -> dict[tuple[str, str], sp.Expr]:
    """By which factor each variable of a synapse enters each that the code changes.

    Raises
    ------
    sympy.PolynomialError
        If that is not linear, or not the same for all synapses onto a neuron.
    """
    symbols = {name: sp.Symbol(name, real=True) for name in own}
    now: dict[str, sp.Expr] = {}
    if words_of(code) & _OF_EACH_SYNAPSE:
        raise sp.PolynomialError(code)
    for name, sign, text in statements_of(code):
        if name.endswith(("_pre", "_post")) or sign not in _SIGNS:
            raise sp.PolynomialError(name)
        value = str_to_sympy(text)
        value = value.subs({s: now[s.name] for s in value.free_symbols if s.name in now})
        before = now.get(name, sp.Symbol(name, real=True))
        now[name] = {"=": value, "+=": before + value, "-=": before - value,
                     "*=": before * value, "/=": before / value}[sign]  # fmt: skip
    factors = {}
    for name, value in ((name, sp.expand(value)) for name, value in now.items() if name in own):
        if any(s.name.endswith("_pre") for s in value.free_symbols):
            raise sp.PolynomialError(name)
        # Functions of other things are numbers here; polynomials know no conditions.
        known = value.replace(
            lambda part: part.is_Function and not part.free_symbols & set(symbols.values()),
            lambda part: sp.Symbol(f"{part}", real=True),
        )
        form = sp.Poly(known, *symbols.values())
        if form.total_degree() > 1 or not form.coeff_monomial(1).is_zero:
            raise sp.PolynomialError(name)
        for other, symbol in symbols.items():
            factors[name, other] = sp.simplify(form.coeff_monomial(symbol))
    return factors
