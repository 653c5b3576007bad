"""Equations of Brian as lines that Brian reads; what it prints itself it cannot always read."""

from collections.abc import Iterable
from typing import Any

from brian2.equations.equations import BOOLEAN, DIFFERENTIAL_EQUATION, FLOAT

from bioplastic.models.values import unit_name


def unit_text(equation: Any) -> str:
    """Write the unit of a variable as equations do; Brian prints some that it cannot read."""
    if equation.var_type != FLOAT:
        return "boolean" if equation.var_type == BOOLEAN else "integer"
    short = repr(equation.unit)
    short = short if short.isidentifier() else unit_name(equation.unit)
    return "1" if equation.dim.is_dimensionless else short


def equation_line(
    equation: Any, *, code: str | None = None, without: Iterable[str] = (), more: Iterable[str] = ()
) -> str:
    """Write an equation of Brian as a line of ours, with another right side where it is given."""
    name = equation.varname
    if code is None and equation.expr is not None:
        code = equation.expr.code
    left = f"d{name}/dt" if equation.type == DIFFERENTIAL_EQUATION else name
    flags = [f for f in dict.fromkeys([*equation.flags, *more]) if f not in without]
    right = "" if code is None else f" = {' '.join(code.split())}"
    return f"{left}{right} : {unit_text(equation)}" + (f" ({', '.join(flags)})" if flags else "")
