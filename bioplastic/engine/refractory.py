"""Refractoriness: Brian's own, and the same as strings where nobody else looks at it.

Brian keeps a truth value of every neuron, which keeps compilers from making vector instructions of
the loops over neurons. Where a period holds back nothing but a neuron's own equations and its
threshold, a factor of 0 or 1 does the same.
"""

import re
from dataclasses import dataclass
from typing import Any

import brian2 as b2
from brian2 import Equations
from brian2.equations.equations import DIFFERENTIAL_EQUATION, Expression, SingleEquation
from brian2.parsing.expressions import parse_expression_dimensions
from brian2.utils.stringtools import get_identifiers, word_substitute

from bioplastic.engine.brian_internals import set_end_of_refractoriness
from bioplastic.engine.integrators import EXPONENTIAL, holds
from bioplastic.engine.plan import Plan
from bioplastic.models import Population
from bioplastic.models.hooks import AT_SLOT_START, BEFORE_THRESHOLD, RESET

#: Name of the factor, and what it adds to a threshold in C++.
AWAKE = "outside_refractoriness"
_BEFORE = "lastspike = -1e4*second"
_BRIANS = frozenset({"not_refractory", "lastspike"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Silence:
    """How the refractoriness of a population is expressed in Brian.

    Parameters
    ----------
    refractory : str
        What Brian's groups call so; empty where strings say it all.
    period : str
        The period, where strings say it all.
    at_slot_start : str
        Statements by which neurons are as before any spike.
    held : frozenset of str
        Variables that the integration method holds, whose slopes need no factor.
    """

    refractory: str = ""
    period: str = ""
    at_slot_start: str = ""
    held: frozenset[str] = frozenset()

    def equations(self, text: str) -> Any:
        """Equations of a group, with those that stand still multiplied by the factor."""
        if not self.period:
            return text
        held = []
        for name, e in Equations(text).items():
            if e.type == DIFFERENTIAL_EQUATION and "unless refractory" in e.flags:
                flags = [flag for flag in e.flags if flag != "unless refractory"]
                code = e.expr.code if name in self.held else f"{AWAKE}*({e.expr.code})"
                slope = Expression(code)
                e = SingleEquation(e.type, name, e.dim, e.var_type, expr=slope, flags=flags)
            held.append(e)
        factor = f"{AWAKE} = 1.0*int({_over(self.period)}) : 1 (constant over dt)"
        return Equations(held) + Equations(f"{factor}\nlastspike : second")

    def threshold(self, text: str) -> str:
        """Condition of a spike."""
        return f"({text}) and {AWAKE} > 0.5" if self.period and text else text

    def before_spikes(self, text: str) -> str:
        """Statements before the threshold, which may ask who is refractory."""
        if not self.period:
            return text
        text = re.sub(r"\bint\(\s*not_refractory\s*\)", AWAKE, text)
        return str(word_substitute(text, {"not_refractory": f"({AWAKE} > 0.5)"}))

    def reset(self, text: str) -> str:
        """Statements after a spike."""
        return f"lastspike = t\n{text}" if self.period else text


def silence_of(plan: Plan, population: Population) -> Silence:
    """Choose how the refractoriness of a population is expressed in Brian."""
    neuron = population.neuron
    refractory = neuron.refractory_string
    if not refractory:
        return Silence()
    # The name of a constant with the unit of time is a period; other strings Brian looks into.
    constant = neuron.parameters.get(refractory)
    is_period = constant is not None and b2.have_same_dimensions(
        getattr(constant, "unit", constant), b2.second
    )
    # Brian's exponentials divide by a slope, where a factor of 0 is no number.
    equations = plan.equations[population.name]
    marked = frozenset(n for n, e in equations.items() if "unless refractory" in e.flags)
    held = marked if holds(neuron.method, equations, marked) else frozenset()
    same = held == marked or neuron.method not in EXPONENTIAL
    if is_period and same and not _looked_at(plan, population):
        return Silence(period=refractory, at_slot_start=_BEFORE, held=held)
    return Silence(refractory=refractory, at_slot_start=f"not_refractory = True; {_BEFORE}")


def _looked_at(plan: Plan, population: Population) -> bool:
    """Whether anybody must know who is refractory after the threshold has been looked at."""
    name, equations = population.name, plan.equations[population.name]
    standing = {f"{name}.{n}" for n, e in equations.items() if "unless refractory" in e.flags}
    own = plan.of(name, RESET, AT_SLOT_START)  # which act on neurons that are awake
    others = [a for a in plan.actions if a not in own]
    before = plan.of(name, BEFORE_THRESHOLD)  # which strings say
    asking = [a for a in plan.actions if a not in before]
    brians = {f"{name}.{n}" for n in _BRIANS}
    return bool(
        any(a.writes & standing for a in others)
        or any((a.reads | a.writes) & brians for a in asking)
        or {AWAKE, "lastspike"} & set(equations)
    )


def _over(period: str) -> str:
    """Condition that a period is over, counted in whole steps.

    Half a step between the last refractory step and the first other one leaves no room for
    rounding. Clipped, since Brian's floor has 32 bits under NumPy.
    """
    return f"t >= lastspike + (floor(clip(({period})/dt + 1e-3, 0, 2e9)) - 0.5)*dt"


def count_steps(group: Any) -> None:
    """Let Brian compare times, in place of whole numbers of steps, to end a period."""

    def code(period: Any, run_namespace: Any, brians_own: Any) -> str:
        names = get_identifiers(period)
        variables = group.resolve_all(names, run_namespace, user_identifiers=names)
        if parse_expression_dimensions(period, variables) is not b2.second.dim:
            condition: str = brians_own(run_namespace)
            return condition
        return f"not_refractory = {_over(period)}\n"

    set_end_of_refractoriness(group, code)
