"""Equations, conditions and statements, read by Brian's own parser without building anything."""

import ast
import functools
import re
from collections import ChainMap
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from brian2 import Equations, second
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS, Function
from brian2.core.namespace import DEFAULT_UNITS
from brian2.equations.equations import BOOLEAN, DIFFERENTIAL_EQUATION, PARAMETER, SUBEXPRESSION
from brian2.parsing.expressions import is_boolean_expression, parse_expression_dimensions
from brian2.units.fundamentalunits import DIMENSIONLESS, get_unit_for_display
from brian2.utils.stringtools import get_identifiers
from pyparsing import ParseBaseException


class Known(NamedTuple):
    """What is known of a name."""

    #: its dimensions; None where they follow from what is not known
    dim: Any
    is_boolean: bool = False
    #: by an equation, so that no statement can set it
    computed: bool = False


#: What stands behind the names that a string may use.
Names = Mapping[str, Any]

#: Variables of the schedule that are linked to every population whose strings name them.
LINKED = {"cursor": "1", "sample_key": "1", "repeats": "1", "row": "1", "slot_duration": "second"}
#: Number of arguments of the functions that strings of neurons may call.
FUNCTIONS = {"uniform": 4, "stimulus": 2, "target": 1, "target_signal": 2}

_TIME, _NUMBER = Known(second.dim, computed=True), Known(DIMENSIONLESS, computed=True)
_CLOCK = {"t": _TIME, "dt": _TIME, "t_in_timesteps": _NUMBER, "i": _NUMBER, "N": _NUMBER}

NEURON_WORDS: dict[str, Any] = {
    **_CLOCK,
    "lastspike": Known(second.dim),
    "not_refractory": Known(DIMENSIONLESS, is_boolean=True),
    **{name: Known(second.dim if unit == "second" else DIMENSIONLESS)
       for name, unit in LINKED.items()},
    **{name: Function(None, arg_units=[1] * n, return_unit=1) for name, n in FUNCTIONS.items()},
}  # fmt: skip
SYNAPSE_WORDS: dict[str, Any] = {
    **_CLOCK,
    **dict.fromkeys(("j", "N_incoming", "N_outgoing"), _NUMBER),
    "lastupdate": Known(second.dim),
    "delay": Known(second.dim),
}

#: Flags that equations may have, by whose they are.
FLAGS = {
    "neuron": {
        DIFFERENTIAL_EQUATION: ("unless refractory",),
        SUBEXPRESSION: ("shared", "constant over dt"),
        PARAMETER: ("constant", "shared"),
    },
    "synapse": {
        DIFFERENTIAL_EQUATION: ("event-driven", "clock-driven"),
        SUBEXPRESSION: ("summed", "shared", "constant over dt"),
        PARAMETER: ("constant", "shared"),
    },
}

_STATEMENT = re.compile(r"([A-Za-z_]\w*)\s*((?:\*\*|//|[-+*/%])?)=(?!=)(.+)")
#: Operators of which no compiler, or not Brian, knows a form that assigns.
_NOT_ASSIGNING = ("%", "**", "//")
_TRUTH = Known(DIMENSIONLESS, is_boolean=True)
_FIXED: dict[str, Any] = dict.fromkeys(("True", "False"), _TRUTH)
_FIXED |= DEFAULT_CONSTANTS | DEFAULT_UNITS | DEFAULT_FUNCTIONS
_NOISE = Known((second**-0.5).dim)


class Finding(NamedTuple):
    """One thing that is wrong with a string: the part, and a name that nothing gives, or what."""

    part: str
    unknown: str
    what: str = ""


class Statement(NamedTuple):
    """One statement: ``name how expression``, for example ``v += w``."""

    name: str
    how: str
    expression: str

    @property
    def read(self) -> frozenset[str]:
        """Words of the expression, and the variable itself where it is changed and not set."""
        return words_of(self.expression) | ({self.name} if self.how != "=" else frozenset())


class Reading(NamedTuple):
    """What a string says."""

    findings: tuple[Finding, ...] = ()
    #: variables that statements make for themselves, with the line that does
    made: tuple[tuple[str, Known, str], ...] = ()
    read: frozenset[str] = frozenset()


def read(kind: str, text: str, names: Names) -> Reading:
    """Check a string: syntax, names and units.

    Parameters
    ----------
    kind : {"neuron", "synapse", "condition", "period", "statements"}
        Whose equations it is, whose own variables need not be in `names`; a condition; one that a
        time can stand for; or statements.
    text : str
        The string.
    names : mapping
        What it may name.
    """
    # It depends on the names in it alone, so that a network of known strings costs little.
    used = tuple((word, names[word]) for word in sorted(words_of(text)) if word in names)
    return _read(kind, text, used)


@functools.lru_cache(maxsize=8192)
def _read(kind: str, text: str, used: tuple[tuple[str, Any], ...]) -> Reading:
    if kind in FLAGS:
        return _read_equations(text, dict(used), FLAGS[kind])
    if kind == "statements":
        return _read_statements(text, dict(used))
    return _read_condition(text, dict(used), or_time=kind == "period")


def variables_of(text: str) -> dict[str, Known]:
    """Name the variables of equations; none where these cannot be read."""
    equations = _parsed(text)
    if isinstance(equations, Finding):
        return {}
    return {
        name: Known(e.dim, e.var_type == BOOLEAN, e.type == SUBEXPRESSION)
        for name, e in equations.items()
    }


@functools.lru_cache(maxsize=4096)
def words_of(text: str) -> frozenset[str]:
    """Words of a string that may be names, not those of remarks, which a `;` ends in statements."""
    return frozenset(get_identifiers(re.sub(r"#[^;\n]*", "", text)))


@functools.lru_cache(maxsize=4096)
def equations_of(text: str) -> Equations:
    """Parse equations, each text once."""
    return Equations(text)


@functools.lru_cache(maxsize=4096)
def statements_of(text: str) -> tuple[Statement, ...]:
    """Part statements; what is none is left out."""
    found = (_STATEMENT.fullmatch(line) for line in _lines(text))
    return tuple(Statement(m[1], f"{m[2]}=", m[3].strip()) for m in found if m is not None)


def _lines(text: str) -> Iterator[str]:
    """Give one statement after the other, without remarks; Brian, too, ends these at a `;`."""
    parts = (part.partition("#")[0].strip() for part in re.split(r"[;\n]", text))
    yield from filter(None, parts)


def _dimensions(part: str, code: str, names: Names, read: set[str]) -> Any:
    """Return dimensions of an expression, None where they cannot be known; note names in it.

    Where it is wrong, return what is wrong with this part of a string.
    """
    try:
        tree = ast.parse(code.strip(), mode="eval").body
        used = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
        read.update(used)
        for name in used:
            if name not in names:
                return Finding(part, name)
        if any(isinstance(names[n], Known) and names[n].dim is None for n in used):
            return None
        return parse_expression_dimensions(tree, names, orig_expr=code)
    # The parsers let errors of many kinds through.
    except Exception as error:
        return Finding(part, "", _said(error))


def _said(error: Exception) -> str:
    """Put into one line what a parser says of a string."""
    if isinstance(error, SyntaxError):
        return str(error.msg)
    if isinstance(error.__cause__, ParseBaseException):
        return "is no equation; write `dx/dt = ... : unit`, `x = ... : unit` or `x : unit`"
    errors = (error, error.__cause__) if error.__cause__ is not None else (error,)
    return " ".join(str(e).strip().removesuffix(".") for e in errors)


@functools.lru_cache(maxsize=4096)
def _parsed(text: str) -> Equations | Finding:
    try:
        return equations_of(text)
    # Brian's parser lets errors of many kinds through: its own, pyparsing's, SymPy's.
    except Exception as error:
        lines = [line for line in text.splitlines() if line.partition("#")[0].strip()]
        one = len(lines) < 2
        found = (_parsed(line) for line in lines if not one)
        line = next((f for f in found if isinstance(f, Finding)), None)
        return line or Finding(text.strip(), "", _said(error))


def _read_equations(text: str, used: Names, flags: dict[str, tuple[str, ...]]) -> Reading:
    equations = _parsed(text)
    if isinstance(equations, Finding):
        return Reading((equations,))
    noise = dict.fromkeys(equations.stochastic_variables, _NOISE)
    names = ChainMap(variables_of(text), dict(used), noise, _FIXED)
    findings, read = [], set[str]()
    try:
        equations.check_flags(flags)
    except ValueError as error:
        findings.append(Finding(text.strip(), "", _said(error)))
    for name, equation in equations.items():
        if equation.expr is None:
            continue
        rate = equation.type == DIFFERENTIAL_EQUATION
        left, wanted = (f"d{name}/dt", equation.dim / second.dim) if rate else (name, equation.dim)
        part = f"{left} = {equation.expr.code}"
        dim = _dimensions(part, equation.expr.code, names, read)
        if isinstance(dim, Finding):
            findings.append(dim)
        elif dim is not None and dim is not wanted:
            findings.append(Finding(part, "", _mismatch(left, wanted, dim)))
    return Reading(tuple(findings), read=frozenset(read))


def _read_condition(text: str, used: Names, *, or_time: bool) -> Reading:
    read, part = set[str](), text.strip()
    found = _dimensions(part, text, ChainMap(dict(used), _FIXED), read)
    if not (found is None or isinstance(found, Finding) or (or_time and found is second.dim)):
        what = "must be a condition or a time" if or_time else "must be a condition, as v > 1*mV is"
        try:
            # Units have no part in what is true or false.
            right = is_boolean_expression(text, {**used, **DEFAULT_FUNCTIONS})
        except Exception as error:
            right, what = False, _said(error)
        found = None if right else Finding(part, "", what)
    findings = (found,) if isinstance(found, Finding) else ()
    return Reading(findings, read=frozenset(read))


def _read_statements(text: str, used: Names) -> Reading:
    made: dict[str, Known] = {}
    lines: dict[str, str] = {}
    names = ChainMap(made, dict(used), _FIXED)
    findings, read = [], set[str]()
    for line in _lines(text):
        statement = _STATEMENT.fullmatch(line)
        if statement is None:
            findings.append(Finding(line, "", "is no statement; write `name = expression`"))
            continue
        name, operator, code = statement.groups()
        if operator in _NOT_ASSIGNING:
            what = f"cannot be used with `=`; write `{name} = {name} {operator} (...)`"
            findings.append(Finding(line, "", f"`{operator}` {what}"))
            continue
        known = made.get(name, used.get(name))
        dim = _dimensions(line, code, names, read)
        if operator and not isinstance(dim, Finding):
            # Brian puts no brackets either.
            dim = _dimensions(line, f"{name} {operator} {code.strip()}", names, set())
        if isinstance(dim, Finding):
            findings.append(dim)
            if dim.unknown and known is None and not operator:
                made[name] = Known(None)
        elif known is None:
            made[name], lines[name] = Known(dim), line
        elif not isinstance(known, Known) or known.computed:
            what = f"`{name}` is given by an equation or by the engine; a statement cannot set it"
            findings.append(Finding(line, "", what))
        elif dim is not None and known.dim is not None and dim is not known.dim:
            findings.append(Finding(line, "", _mismatch(name, known.dim, dim)))
    own = tuple((name, made[name], line) for name, line in lines.items())
    return Reading(tuple(findings), own, frozenset(read))


def _mismatch(name: str, wanted: Any, got: Any) -> str:
    units = [get_unit_for_display(dim) for dim in (wanted, got)]
    one, other = ("no unit" if str(unit) == "1" else f"unit {unit}" for unit in units)
    return f"`{name}` has {one}, what it is set to has {other}"
