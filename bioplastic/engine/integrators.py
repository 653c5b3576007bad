"""Integration method for conditionally linear equations that compilers can vectorize.

Brian's ``exponential_euler`` is stable where plain Euler runs away (many inhibitory spikes in one
step), but needs one exponential a neuron and a step. Here a rate that is the same for all neurons
keeps its exact exponential, taken once a step, and a rate that depends on the state uses the
L-stable Pade(0,2) approximation ``exp(a) ~ 1/(1 - a + a**2/2)``, which is one division.
"""

import re
from collections.abc import Mapping
from typing import Any

import sympy as sp
from brian2.equations.equations import Equations
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
from brian2.stateupdaters.base import StateUpdateMethod, UnsupportedEquationsException

from bioplastic.engine.brian_internals import linear_system


def _linear_system(
    equations: Equations, variables: Mapping[str, Any] | None
) -> dict[str, tuple[Any, Any]]:
    """Split every right-hand side into ``A*x + B``; ValueError where that is not all of it."""
    system = linear_system(equations, variables)
    for name, expression in equations.get_substituted_expressions(variables):
        (a, b), x = system[name], sp.Symbol(name, real=True)
        # Brian's split takes x - x**3 for linear and drops the cube.
        if (str_to_sympy(expression.code, variables) - a * x - b).expand() != 0:
            raise ValueError(name)
    return system


class RationalExponentialEuler(StateUpdateMethod):
    """Integrate ``dx/dt = A*x + B``: exact where `A` is a scalar, Pade(0,2) where it is not.

    For ``dx/dt = A*x + B`` with `A` and `B` held over one step `h`, ``a = A*h``::

        A scalar:           x' = exp(a)*x + B/A*(exp(a) - 1)
        A not a scalar:     x' = (x + h*B*(1 - a/2)) / (1 - a + a**2/2)

    Where the fixed point ``f = -B/A`` does not depend on what `A` is divided by, the second is
    written as ``x' = f + (x - f)/(1 - a + a**2/2)``, the same with fewer divisions. It is exact
    to second order in `h` for constant `A` and `B`, keeps the fixed point
    ``-B/A``, and damps every ``a < 0``, however large (L-stability).

    Notes
    -----
    Pade approximations and L-stability: Hairer & Wanner, Solving Ordinary Differential Equations
    II, 1996, section IV.3 (doi 10.1007/978-3-642-05221-7).
    """

    #: By which declarations name it.
    name = "rational_exponential_euler"

    def __call__(
        self,
        equations: Equations,
        variables: Mapping[str, Any] | None = None,
        method_options: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the abstract code of one step."""
        if method_options:
            raise ValueError("rational_exponential_euler has no options")
        if equations.is_stochastic:
            raise UnsupportedEquationsException(
                "rational_exponential_euler cannot solve stochastic equations; "
                "choose another method"
            )
        try:
            system = _linear_system(equations, variables)
        except ValueError as error:
            raise UnsupportedEquationsException(
                "rational_exponential_euler needs equations that are linear in their own variable; "
                "choose another method"
            ) from error
        known = variables or {}
        h, code = sp.Symbol("dt"), []
        for name, (a, b) in system.items():
            x, rate = sp.Symbol(name), sp.sympify(a)
            used = {str(s) for s in rate.free_symbols}
            scalar = all(n not in system and (n not in known or known[n].scalar) for n in used)
            if rate == 0:
                code.append(f"_{name} = {sympy_to_str(x + h * b)}")
            elif scalar and b == 0:
                code.append(f"_{name} = {sympy_to_str(x * sp.exp(rate * h))}")
            elif scalar:
                fixed = sp.sympify(b) / rate
                code.append(f"_fixed_{name} = {sympy_to_str(fixed)}")
                grown = (x + sp.Symbol(f"_fixed_{name}")) * sp.exp(rate * h)
                code.append(f"_{name} = {sympy_to_str(grown - sp.Symbol(f'_fixed_{name}'))}")
            elif (fixed := sp.cancel(-sp.sympify(b) / rate)).is_polynomial(*fixed.free_symbols):
                # One division, whatever the rate is divided by.
                top, below = sp.fraction(sp.together(rate * h))
                n, d = f"_n_{name}", f"_d_{name}"
                code.append(f"_fixed_{name} = {sympy_to_str(fixed)}")
                code.append(f"{n} = {sympy_to_str(top)}")
                code.append(f"{d} = {sympy_to_str(below)}")
                code.append(f"_growth_{name} = {d}*{d}/({d}*({d} - {n}) + 0.5*{n}*{n})")
                code.append(f"_{name} = _fixed_{name} + ({name} - _fixed_{name})*_growth_{name}")
            else:
                step = f"_a_{name}"
                code.append(f"{step} = {sympy_to_str(rate * h)}")
                code.append(
                    f"_{name} = ({name} + ({sympy_to_str(sp.sympify(b) * h)})*(1 - 0.5*{step}))"
                    f"/(1 - {step} + 0.5*{step}*{step})"
                )
        return "\n".join(code + [f"{name} = _{name}" for name in system])


rational_exponential_euler = RationalExponentialEuler()


#: Brian's methods that take exponentials of rates, which are one for all where rates are.
EXPONENTIAL = ("exact", "linear", "independent", "exponential_euler")


class Holding(StateUpdateMethod):
    """One of Brian's methods, with variables that stay as they are where a factor is 0.

    Within the equations the factor would make every rate, and so every exponential, one of a
    neuron's own. A step as if it were 1 gives the same where nobody else reads these variables.

    Parameters
    ----------
    method : str
        One of `EXPONENTIAL`.
    factor : str
        Name of the variable that is 0 or 1.
    held : frozenset of str
        Names of the variables.
    """

    def __init__(self, method: str, factor: str, held: frozenset[str]) -> None:
        self._method, self._factor, self._held = method, factor, held

    def __call__(
        self,
        equations: Equations,
        variables: Mapping[str, Any] | None = None,
        method_options: Mapping[str, Any] | None = None,
    ) -> str:
        """Return the abstract code of one step."""
        code = self.stateupdaters[self._method](equations, variables, method_options)
        for name in self._held:
            kept = f"{name} = {self._factor}*_{name} + (1 - {self._factor})*{name}"
            code = re.sub(rf"^{name} = _{name}$", kept, code, flags=re.MULTILINE)
        return str(code)


def holds(method: str, equations: Equations, held: frozenset[str]) -> bool:
    """Whether :class:`Holding` is the same as a factor of the rates."""
    others = equations.diff_eq_names - held
    read: frozenset[str] = frozenset().union(
        *(expression.identifiers for name, expression in equations.get_substituted_expressions()
          if name in others)
    )  # fmt: skip
    return method in EXPONENTIAL and not read & held


def resolve(method: str, factor: str = "", held: frozenset[str] = frozenset()) -> Any:
    """Return what Brian takes as `method`: our integrator by its name, else the name itself.

    Variables that are `held` stay as they are where a factor is 0.
    """
    if held:
        return Holding(method, factor, held)
    return rational_exponential_euler if method == "rational_exponential_euler" else method
