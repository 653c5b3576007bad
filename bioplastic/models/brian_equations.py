"""Variables of Brian's objects as those of a model: what begins anew, what lasts, what is fixed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import Quantity, second
from brian2.core.clocks import EventClock
from brian2.equations.equations import BOOLEAN, DIFFERENTIAL_EQUATION, FLOAT, PARAMETER
from brian2.groups.group import CodeRunner
from brian2.stateupdaters.base import StateUpdateMethod, UnsupportedEquationsException

from bioplastic.models.brian_names import External, refuse
from bioplastic.models.equation_lines import equation_line
from bioplastic.models.strings import statements_of
from bioplastic.models.timing import Regularly

State = dict[str, npt.NDArray[np.float64]]
#: Moments at which groups, thresholds and resets act with order 0.
_TAKEN_MOMENTS = ("groups", "thresholds", "resets")
#: Orders of ours for what Brian does before, between and behind pathways of `pre` and `post`.
_AMONG_PATHWAYS = {-1: -1_000_000, 0: 900, 1: 1_000_000}


@dataclass
class Variables:
    """What a group has, written as equations, constants and statements of a model.

    Parameters
    ----------
    owner : str
        Its name in the network.
    group : brian2.Group
        Whose variables hold the values.
    external : External
        Where names lead to that are not the group's own.
    """

    owner: str
    group: Any
    external: External
    lines: list[str] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)
    state: State = field(default_factory=dict)
    starts: list[str] = field(default_factory=list)
    learned: list[str] = field(default_factory=list)

    def add(
        self,
        equation: Any,
        code: str | None,
        *,
        written: bool,
        lasts: bool,
        without: Collection[str] = (),
    ) -> None:
        """Take a variable in.

        Parameters
        ----------
        equation : SingleEquation
            Brian's.
        code : str or None
            Its right side, in names of ours.
        written : bool
            Whether statements change it.
        lasts : bool
            Whether it goes on from sample to sample, in place of beginning each as it is now.
        without : collection of str
            Flags that it loses.
        """
        name, moves = equation.varname, equation.type == DIFFERENTIAL_EQUATION
        if "linked" in equation.flags:
            remedy = "give the group a variable of its own, or let a Synapses hand the value on"
            raise refuse(self.group, f"variable {name!r} is linked to another group's", remedy)
        fixed = equation.type == PARAMETER and not written
        if fixed and "shared" in equation.flags and equation.var_type == FLOAT:
            self.constants[name] = _quantity(self._values(name), equation)
            return
        more = ("constant",) if fixed else ()
        self.lines.append(equation_line(equation, code=code, without=without, more=more))
        if not (moves or equation.type == PARAMETER):
            return
        self.state[f"{self.owner}.{name}"] = self._values(name)
        if not (moves or written):
            return
        if lasts:
            self.learned.append(name)
        else:
            self._start(equation)

    def _values(self, name: str) -> npt.NDArray[np.float64]:
        return np.array(self.group.variables[name].get_value(), dtype=np.float64, ndmin=1)

    def _start(self, equation: Any) -> None:
        """Let a variable begin each sample with its present values."""
        name = equation.varname
        values, begin = self._values(name), self.external.free(f"{name}_begin")
        same, place = bool((values == values[:1]).all()), len(self.starts)
        if "shared" in equation.flags:  # which Brian wants ahead of all others
            place = 0
        if same and equation.var_type != FLOAT:
            number = int(values[0]) if len(values) else 0
            begin = str(bool(number) if equation.var_type == BOOLEAN else number)
        elif same:
            self.constants[begin] = _quantity(values, equation)
        else:
            drop = ("unless refractory", "event-driven", "clock-driven")
            line = equation_line(equation, without=drop, more=("constant",)).partition(":")[2]
            self.lines.append(f"{begin} :{line}")
            self.state[f"{self.owner}.{begin}"] = values
        self.starts.insert(place, f"{name} = {begin}")


def _quantity(values: npt.NDArray[np.float64], equation: Any) -> Any:
    number = float(values[0]) if len(values) else 0.0
    return number if equation.dim.is_dimensionless else Quantity(number, dim=equation.dim)


def is_time(equation: Any) -> bool:
    """Whether a variable is a time, which has no meaning in the next sample."""
    return equation.dim is second.dim


def made_in(code: str, variables: Collection[str]) -> set[str]:
    """Name what statements make for themselves."""
    return {s.name for s in statements_of(code) if s.how == "="} - {*variables}


def method_of(group: Any, namespace: Mapping[str, Any]) -> str:
    """Name the method by which Brian would integrate a group."""
    updater = group.state_updater
    equations = group.equations
    if updater is None or not equations.diff_eq_names:
        return "euler"
    if updater.method_options:
        raise refuse(group, f"method_options={updater.method_options!r}", "leave them out")
    choice = updater.method_choice
    if isinstance(choice, str):
        return choice
    known = StateUpdateMethod.stateupdaters
    if callable(choice):
        named = next((n for n, method in known.items() if method is choice), None)
        named = getattr(choice, "name", named)  # of ours
        if named is None:
            raise refuse(group, "its method has no name", "choose one of Brian's by its name")
        return str(named)
    words = equations.names | equations.identifiers | {"dt"}
    variables = group.resolve_all(words, namespace, user_identifiers=())
    for name in choice:
        try:
            StateUpdateMethod.apply_stateupdater(equations, variables, name)
        except UnsupportedEquationsException:
            continue
        return str(name)
    raise refuse(group, f"none of the methods {choice!r} fits its equations", "name another")


def regular_of(group: Any, dt: float) -> list[tuple[str, Regularly]]:
    """List what a group runs regularly; the code of each is still Brian's."""
    found = []
    for runner in group.contained_objects:
        if type(runner) is not CodeRunner:
            continue
        if isinstance(runner.clock, EventClock):
            remedy = "use run_regularly, or a TimedArray that is not 0 at these times"
            raise refuse(group, f"{runner.name!r} runs at times of its own (run_at)", remedy)
        if not runner.active:
            continue
        every = None if float(runner.clock.dt) == dt else runner.clock.dt
        code = str(runner.abstract_code)
        order = _order(group, runner)
        found.append((code, Regularly("", every=every, when=runner.when, order=order)))
    return found


def _order(group: Any, runner: Any) -> int:
    when, order = runner.when, runner.order
    tied = (when in _TAKEN_MOMENTS and order == 0) or (when == "synapses" and order in (-1, 1))
    if tied:
        remedy = f"give it another order, or when='before_{when}' or 'after_{when}'"
        problem = f"{runner.name!r} has the same when={when!r} and order={order} as what Brian does"
        raise refuse(group, problem, f"{remedy}: names alone would say which comes first")
    if when != "synapses":
        return int(order)
    side = 0 if order == 0 else (-1 if order < 0 else 1)
    return _AMONG_PATHWAYS[side] + int(order)
