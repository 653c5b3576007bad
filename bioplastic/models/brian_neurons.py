"""Brian's groups of neurons as populations."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

import numpy as np
from brian2 import Equations, NeuronGroup, PoissonGroup, SpikeGeneratorGroup

from bioplastic.models.brian_equations import State, Variables, made_in, method_of, regular_of
from bioplastic.models.brian_names import External, refractory_of, refuse, trimmed
from bioplastic.models.equation_lines import unit_text
from bioplastic.models.inputs import PoissonInput, SpikeInput
from bioplastic.models.neurons import NeuronModel
from bioplastic.models.population import Population
from bioplastic.models.strings import LINKED, statements_of
from bioplastic.models.timing import Event, Regularly

#: When Brian looks at thresholds and resets, if nobody says otherwise.
_USUAL = {"thresholder": "thresholds", "resetter": "resets"}
#: Place of a PoissonInput among pathways: behind those of `pre`.
_BEHIND_PRE = 900


class ReadNeurons:
    """What a group of neurons says.

    Parameters
    ----------
    group : NeuronGroup, PoissonGroup or SpikeGeneratorGroup
        The group.
    inputs : sequence of brian2.PoissonInput
        What adds random spikes to it.
    namespace : mapping
        What the script around it has.
    dt : float
        The time step, in seconds.

    Attributes
    ----------
    name : str
        Of the group, and of the population.
    written : set of str
        Variables that statements set.
    """

    def __init__(
        self, group: Any, inputs: Sequence[Any], namespace: Mapping[str, Any], dt: float
    ) -> None:
        self.group, self.name, self.inputs, self.namespace = group, group.name, inputs, namespace
        self.external = External(group, namespace, "neuron")
        if getattr(group, "order", 0) != 0:
            raise refuse(group, f"it has order={group.order}", "leave it out")
        self.regularly = [] if isinstance(group, SpikeGeneratorGroup) else regular_of(group, dt)
        codes = [code for code, _ in self.regularly] + [*self._codes.values()]
        self.written = {s.name for code in codes for s in statements_of(code)}
        self.written |= {given.target_var for given in inputs}
        for part in group.contained_objects:
            usual = _USUAL.get(type(part).__name__.lower())
            of_spikes = usual and getattr(part, "event", "") == "spike"
            if of_spikes and (part.when, part.order) != (usual, 0):
                problem = f"{part.name!r} has when={part.when!r} and order={part.order}"
                raise refuse(group, problem, f"leave it at {usual!r}")
            if type(part).__name__ == "Subgroup":
                remedy = "let the whole group run it, times int(i >= first and i < last)"
                raise refuse(group, f"its part {part.name!r} runs statements of its own", remedy)

    @property
    def _codes(self) -> Mapping[str, str]:
        codes: Mapping[str, str] = getattr(self.group, "event_codes", {})
        return codes

    @property
    def equations(self) -> Mapping[str, Any]:
        """The equations as they were written."""
        if isinstance(self.group, PoissonGroup):
            rates = self.group.variables["rates"]
            right = f" = {rates.expr}" if hasattr(rates, "expr") else ""
            made: Mapping[str, Any] = Equations(f"rates{right} : Hz")
            return made
        written: Mapping[str, Any] = getattr(self.group, "user_equations", {})
        return written

    def population(
        self,
        written: Set[str],
        keep: Set[str],
        sums: Mapping[str, Sequence[str]],
        *,
        shown: bool,
    ) -> tuple[Population, State]:
        """Make the population, and what its neurons begin with.

        Parameters
        ----------
        written : set of str
            Variables that anybody sets, synapses included.
        keep : set of str
            What lasts from sample to sample, as ``"group.variable"``.
        sums : mapping of str to sequence of str
            Variables that are the sum of others, which synapses set.
        shown : bool
            Whether samples enter here.
        """
        n = len(self.group)
        if isinstance(self.group, SpikeGeneratorGroup):
            if self.group.when != "thresholds":
                raise refuse(self.group, f"it has when={self.group.when!r}", "leave it out")
            return Population(name=self.name, n=n, neuron=SpikeInput()), {}
        if shown:
            if not isinstance(self.group, PoissonGroup):
                remedy = "name PoissonGroups, or let the group read a TimedArray"
                raise refuse(self.group, "it cannot be one of inputs", remedy)
            return Population(name=self.name, n=n, neuron=PoissonInput(boost=0.0)), {}
        variables = Variables(self.name, self.group, self.external)
        refractory = refractory_of(self.group)
        for equation in self.equations.values():
            self._add(variables, equation, written, keep, sums, refractory == "")
        events = getattr(self.group, "events", {})
        integrated = isinstance(self.group, NeuronGroup)
        regularly = [replace(how, code=self._text(code)) for code, how in self.regularly]
        regularly += [self._random(given, k) for k, given in enumerate(self.inputs)]
        model = NeuronModel(
            equations="\n".join(variables.lines),
            threshold=self._text(events.get("spike") or ""),
            reset=self._text(self._codes.get("spike") or ""),
            refractory=self._text(refractory) if isinstance(refractory, str) else refractory,
            at_slot_start="\n".join(variables.starts),
            events=tuple(self._event(name) for name in events if name != "spike"),
            regularly=tuple(regularly),
            learned=tuple(variables.learned),
            method=method_of(self.group, self.namespace) if integrated else "euler",
            constants=variables.constants | self.external.constants,
            namespace=self.external.functions,
        )
        return Population(name=self.name, n=n, neuron=model), variables.state

    def _text(self, code: str) -> str:
        code = trimmed(code)
        return self.external.text(code, made_in(code, self.group.variables))

    def _add(
        self,
        variables: Variables,
        equation: Any,
        written: Set[str],
        keep: Set[str],
        sums: Mapping[str, Sequence[str]],
        never_refractory: bool,
    ) -> None:
        name = equation.varname
        if name in LINKED:
            raise refuse(self.group, f"`{name}` is a word of ours", "rename the variable")
        if name in sums:
            unit = unit_text(equation)
            variables.lines += [f"{name} = {' + '.join(sums[name])} : {unit}"]
            variables.lines += [f"{part} : {unit}" for part in sums[name]]
            return
        code = None if equation.expr is None else self._text(equation.expr.code)
        drop = ("unless refractory",) if never_refractory else ()
        lasts = f"{self.name}.{name}" in keep
        variables.add(equation, code, written=name in written, lasts=lasts, without=drop)

    def _event(self, name: str) -> Event:
        looks, acts = self.group.thresholder[name], self.group.resetter.get(name)
        for part in (looks, acts):
            if part is not None and part.order != 0:
                raise refuse(self.group, f"{part.name!r} has order={part.order}", "leave it out")
        return Event(
            name,
            condition=self._text(self.group.events[name]),
            code="" if acts is None else self._text(self._codes[name]),
            checked=looks.when,
            **({} if acts is None else {"when": acts.when}),
        )

    def _random(self, given: Any, k: int) -> Regularly:
        """Write a PoissonInput as statements: the limit of its binomial distribution."""
        if given.when != "synapses" or given.order != 0:
            problem = f"it has when={given.when!r} and order={given.order}"
            raise refuse(given, problem, "leave them out")
        mean = float(given.N * given.rate * given.group.clock.dt)
        if isinstance(given.weight, str):
            weight = f"({self._text(given.weight)})"
        else:
            weight = f"input_weight_{k}"
            self.external.constants[weight] = given.weight
        self.external.constants[f"input_mean_{k}"] = mean
        part = ""
        start, stop = (
            getattr(given.group, "start", 0),
            getattr(given.group, "stop", len(self.group)),
        )
        if (start, stop) != (0, len(self.group)):
            part = f"*int(i >= {start} and i < {stop})"
        code = f"{given.target_var} += {weight}*poisson(input_mean_{k}){part}"
        return Regularly(code, when="synapses", order=_BEHIND_PRE)

    def outside(self, name: str, ranges: Sequence[tuple[int, int]]) -> bool:
        """Whether neurons outside of some ranges have a value other than 0."""
        values = np.array(self.group.variables[name].get_value(), dtype=float, ndmin=1)
        for start, stop in ranges:
            values[start:stop] = 0
        return bool(values.any())
