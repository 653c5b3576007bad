"""Models whose learned variables are held as they are."""

from dataclasses import fields, replace
from typing import Any

from brian2.equations.equations import DIFFERENTIAL_EQUATION

from bioplastic.errors import ParameterError
from bioplastic.models.declaration import EquationString
from bioplastic.models.equation_lines import equation_line, unit_text
from bioplastic.models.hooks import hooks_of
from bioplastic.models.strings import equations_of, statements_of
from bioplastic.models.timing import Event, Pathway, Regularly


def held[M](model: M, of: str) -> M:
    """Return a neuron or a synapse without what changes its `learned` variables.

    Statements that set these are left out, and their differential equations.
    """
    learned = frozenset(getattr(model, "learned", ()))
    if not learned:
        return model
    given: dict[str, Any] = {
        h.name: _without(getattr(model, h.name), learned) for h in hooks_of(of)
    }
    given["equations"] = _constant(model, learned)
    for f in fields(model):  # type: ignore[arg-type]
        value = getattr(model, f.name)
        if isinstance(value, tuple) and value and isinstance(value[0], Event | Pathway | Regularly):
            given[f.name] = tuple(replace(p, code=_without(p.code, learned)) for p in value)
    return replace(model, **given)  # type: ignore[type-var]


def _without(code: str, learned: frozenset[str]) -> str:
    """Drop statements that set a learned variable."""
    statements = statements_of(code)
    if not any(s.name in learned for s in statements):
        return code
    return "\n".join(
        f"{s.name} {s.how} {s.expression}" for s in statements if s.name not in learned
    )


def _constant(model: Any, learned: frozenset[str]) -> str:
    """Write the equations of a model with learned variables that do not move by themselves."""
    equations = equations_of(str(model.equations))
    if unknown := sorted(learned - equations.keys()):
        raise ParameterError(
            f"{type(model).__name__}.learned: must name variables of the equations, got "
            f"{', '.join(unknown)}"
        )
    moving = {n for n in learned if equations[n].type == DIFFERENTIAL_EQUATION}
    if not moving:
        return str(model.equations)
    lines = [
        f"{name} : {unit_text(e)}" if name in moving else equation_line(e)
        for name, e in equations.items()
    ]
    return EquationString("\n".join(lines))
