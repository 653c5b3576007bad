"""What acts at one moment of a slot, what it reads and what it writes."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from brian2 import Equations
from brian2.equations.equations import DIFFERENTIAL_EQUATION

from bioplastic.engine.traces import learning_of, traces_of, with_names_of_their_own
from bioplastic.models import Event, Network, Population, Projection
from bioplastic.models.hooks import (
    EVERY_STEP,
    GRADED,
    HOOKS,
    INTEGRATION,
    MOMENTS,
    NORMALIZATION,
    ON_POST,
    ON_PRE,
    PHASES,
    THRESHOLD,
    TURN,
    Hook,
    Phase,
    hooks_of,
)
from bioplastic.models.strings import equations_of, statements_of, words_of
from bioplastic.models.timing import whole_steps

#: Brian's own variables of neurons that may be refractory, and of synapses advanced at spikes.
_OF_REFRACTORY = ("not_refractory", "lastspike")
LAST_UPDATE = "lastupdate"
#: Turns of a pool: to collect, to spike, to hand on, to take back.
_POOL_TURNS = 4


#: Statements, each behind the kind of model that says them.
type Parts = tuple[tuple[str, str], ...]


def spikes_of(population: str, event: str = "spike") -> str:
    """Name of a population's spikes, or of its other events, among the variables."""
    return f"{population} {event}s"


@dataclass(frozen=True)
class Change:
    """What a variable follows from: a statement, an equation or a condition.

    Parameters
    ----------
    variable : str
        ``"population.variable"``, ``"projection.variable"``, or a population's spikes.
    how : str
        The statement's operator, ``"d"`` for a derivative, empty for what nobody keeps.
    expression : str
        Right-hand side.
    names : mapping of str to str
        Words of the expression, by the variables for which they stand.
    on : str
        Spikes without which nothing happens; empty where it always does.
    """

    variable: str
    how: str
    expression: str
    names: Mapping[str, str]
    on: str = ""

    @functools.cached_property
    def reads(self) -> frozenset[str]:
        """Variables of the right-hand side, and words that stand for themselves, as ``t`` does."""
        return frozenset(self.names.get(word, word) for word in words_of(self.expression))

    @property
    def adds(self) -> bool:
        """Whether it only adds to the variable."""
        return self.how in ("+=", "-=")


@dataclass(frozen=True, kw_only=True)
class Action:
    """What acts at one moment on the neurons of a population, or the synapses of a projection.

    Parameters
    ----------
    name : str
        Name of the object that acts.
    owner : str
        The population or projection.
    phase : Phase
        When.
    order : int
        Place among all that acts at the same moment.
    parts : tuple of (str, str)
        Statements, each behind the kind of model that says them; none of equations and thresholds.
    changes : tuple of Change
        What all of it does, in order.
    every, first : int
        Steps from one time to the next, and the step of a sample that is the first.
    """

    name: str
    owner: str
    phase: Phase
    order: int = 0
    parts: Parts = ()
    changes: tuple[Change, ...] = ()
    every: int = 1
    first: int = 0

    def code(self, *without: str) -> str:
        """Return the statements, without those of some kinds of models."""
        return "\n".join(code for kind, code in self.parts if kind not in without)

    @functools.cached_property
    def reads(self) -> frozenset[str]:
        """Variables and words that are read; one that is changed and not set is read, too."""
        changed = {c.variable for c in self.changes if c.how not in ("", "=")}
        return frozenset(changed.union(*(c.reads for c in self.changes)))

    @functools.cached_property
    def writes(self) -> frozenset[str]:
        """Variables that statements set or change."""
        return frozenset(c.variable for c in self.changes if c.how not in ("", "d"))


class NetworkActions:
    """What a network does.

    Parameters
    ----------
    network : Network
        The declaration.

    Attributes
    ----------
    network : Network
        The declaration, in which traces of different rules have different names.
    texts, equations : dict of str to str, dict of str to Equations
        Of neurons with the traces that stand with them, and of synapses, by owner.
    parameters : dict of str to dict
        Values of parameters by owner and name, distributions included.
    turns : dict of str to int
        Place of each projection among those that act on spikes.
    actions : tuple of Action
        In the order of a slot.

    Raises
    ------
    ParameterError
        If rules and neurons use one name for different things, or a trace cannot stand where it
        must.
    """

    def __init__(self, network: Network) -> None:
        self.network = network = with_names_of_their_own(network)
        self._traces = {p.name: traces_of(network, p) for p in network.populations}
        self._learning = {p.name: learning_of(p) for p in network.projections}
        #: functions that strings of an owner may call beside the engine's, by name
        self.functions: dict[str, dict[str, Any]] = {}
        self.texts: dict[str, str] = {}
        self.equations: dict[str, Equations] = {}
        self.parameters: dict[str, dict[str, Any]] = {}
        self._names: dict[str, dict[str, str]] = {}
        found: list[Action] = []
        for k, population in enumerate(network.populations):
            self._know_neurons(population)
            found += self._actions_of_neurons(population, TURN * k)
        self.turns: dict[str, int] = {}
        turn = 0
        for projection in network.projections:
            self.turns[projection.name] = turn
            self._know_synapses(projection)
            found += self._actions_of_synapses(projection, turn)
            turn += _POOL_TURNS if projection.pools else 1 + len(projection.pathways)
        self.actions = tuple(
            sorted(found, key=lambda a: (MOMENTS.index((a.phase.clock, a.phase.when)), a.order))
        )

    def _know_neurons(self, population: Population) -> None:
        name, neuron, traces = population.name, population.neuron, self._traces[population.name]
        texts = [str(neuron.equations), *(added.equations for added in traces)]
        self.texts[name] = "\n".join(texts)
        self.equations[name] = equations_of(self.texts[name])
        parameters = dict(neuron.parameters)
        parameters |= {n: v for added in traces for n, v in added.parameters.items()}
        if neuron.takes == "rates":
            parameters["presentation"] = self.network.schedule.presentation
        self.parameters[name] = parameters
        rules = [p.rule for p in self.network.projections if name in (p.pre, p.post) and p.rule]
        self.functions[name] = {n: f for r in rules for n, f in r.namespace.items()}
        self.functions[name] |= neuron.namespace
        own = {*self.equations[name], *parameters, *self.sums(name), *_OF_REFRACTORY}
        self._names[name] = {n: f"{name}.{n}" for n in own}

    def _know_synapses(self, projection: Projection) -> None:
        name, model, learning = projection.name, projection.synapse, self._learning[projection.name]
        text = "" if model is None else str(model.equations)
        self.texts[name] = f"{text}\n{learning.equations}"
        equations = self.equations[name] = equations_of(self.texts[name])
        parameters = dict(learning.parameters)
        if projection.norm is not None:
            parameters["norm"] = projection.norm
        self.parameters[name] = parameters | ({} if model is None else model.parameters)
        models = (m for m in (projection.rule, model) if m is not None)
        self.functions[name] = {n: f for m in models for n, f in m.namespace.items()}
        pre, post = self._names[projection.pre], self._names[projection.post]
        # What synapses sum up is their neuron's.
        summed = {n for n, equation in equations.items() if "summed" in equation.flags}
        own = {"w", LAST_UPDATE, *equations, *self.parameters[name]} - summed
        self._names[name] = {
            **post,
            **{f"{n}_pre": variable for n, variable in pre.items()},
            **{f"{n}_post": variable for n, variable in post.items()},
            **{n: f"{name}.{n}" for n in own},
        }

    def _actions_of_neurons(self, population: Population, turn: int) -> Iterator[Action]:
        name, neuron = population.name, population.neuron
        parts = [(h, getattr(neuron, h.name, "")) for h in hooks_of("neuron")]
        parts += [part for added in self._traces[name] for part in added.codes]
        yield from self._by_phase(population, parts, {"own": spikes_of(name)}, turn)
        yield from self._regular(name, neuron)
        for event in neuron.events:
            yield from self._event(name, event)
        yield self._integration(name, spikes_of(name))
        conditions = (neuron.threshold, neuron.refractory_string)
        fires = (Change(spikes_of(name), "", c, self._names[name]) for c in conditions if c)
        yield Action(name=f"{name}_threshold", owner=name, phase=THRESHOLD, changes=tuple(fires))

    def _actions_of_synapses(self, projection: Projection, turn: int) -> Iterator[Action]:
        name, codes = projection.name, self._learning[projection.name].codes
        models = {"synapse": projection.synapse, "projection": projection}
        parts = [
            (h, codes.get(h.name, "") if h.of == "rule" else getattr(models[h.of], h.name, ""))
            for h in HOOKS
            if h.of != "neuron" and not h.side
        ]
        spikes = {"pre": spikes_of(projection.pre), "post": spikes_of(projection.post)}
        yield from self._by_phase(projection, parts, spikes, turn)
        if projection.synapse is not None:
            yield from self._regular(name, projection.synapse)
        for place, pathway in enumerate(projection.pathways, start=turn + 1):
            phase = ON_PRE if pathway.spike == "pre" else ON_POST
            on = spikes_of(getattr(projection, pathway.spike), pathway.event)
            own = f"{name}_{pathway.name}", phase, (("pathway", pathway.code),), on
            yield self._acting(name, *own, order=phase.order + place)
        yield self._integration(name, spikes["pre"])
        if projection.norm is not None:
            total = f"sum_{name}"
            # Weights that are all 0 stay so, in place of 0/0.
            for k, (owner, code) in enumerate((
                (projection.post, f"{total} = 0"),
                (name, f"{total}_post += w"),
                (projection.post, f"{total} += int({total} == 0)"),
                (name, f"w = w*norm/{total}_post"),
            )):  # fmt: skip
                order = NORMALIZATION.order + k
                act = f"{name}_norm_{k}", NORMALIZATION, (("projection", code),)
                yield self._acting(owner, *act, order=order)

    def _by_phase(
        self, who: Any, parts: list[tuple[Hook, str]], spikes: Mapping[str, str], turn: int
    ) -> Iterator[Action]:
        """Make one action of all that a population or projection does at the same moment."""
        owner = who.name
        for phase in PHASES:
            own = tuple((hook.of, code) for hook, code in parts if hook.phase == phase and code)
            if not own:
                continue
            how = self._interval(who) if phase == EVERY_STEP else {}
            how["order"] = phase.order + (self._turn(who, turn, phase) if phase.turns else 0)
            on = spikes.get(phase.spike, "")
            yield self._acting(owner, f"{owner}_{phase.name}", phase, own, on, **how)

    def _interval(self, projection: Projection) -> dict[str, int]:
        """Count the steps from one update of a rule to the next, at whose end it comes."""
        if (interval := getattr(projection.rule, "update_interval", None)) is None:
            return {}
        rule = f"Projection {projection.name}: {type(projection.rule).__name__}"
        steps = whole_steps(f"{rule}.update_interval", interval, self.network.schedule.dt)
        return {"every": steps, "first": steps - 1}

    def _regular(self, owner: str, model: Any) -> Iterator[Action]:
        """Make actions of what a model does at times of its own."""
        for k, part in enumerate(model.regularly):
            name = "run_regularly" + (f"_{k}" if k else "")  # as Brian counts them
            own = f"{owner}_{name}", Phase(name, "step", part.when), (("regularly", part.code),)
            every = part.n_steps(self.network.schedule.dt)
            yield self._acting(owner, *own, order=part.order, every=every)

    def _event(self, owner: str, event: Event) -> Iterator[Action]:
        """Make actions of an event: when it happens, and what it leads to."""
        on, name = spikes_of(owner, event.name), f"{owner}_{event.name}"
        happens = Change(on, "", event.condition, self._names[owner])
        phase = Phase(f"{event.name}_thresholder", "step", event.checked, spike="event")
        yield Action(name=f"{name}_thresholder", owner=owner, phase=phase, changes=(happens,))
        if event.code:
            phase = Phase(f"{event.name}_resetter", "step", event.when, spike="event")
            yield self._acting(owner, f"{name}_resetter", phase, (("event", event.code),), on)

    def _acting(
        self, owner: str, name: str, phase: Phase, parts: Parts, on: str = "", **how: int
    ) -> Action:
        """Make an action of statements."""
        code = "\n".join(code for _, code in parts)
        changes, how = tuple(self._statements(owner, code, on)), {"order": phase.order} | how
        return Action(name=name, owner=owner, phase=phase, parts=parts, changes=changes, **how)

    def _turn(self, who: Any, turn: int, phase: Phase) -> int:
        """Turn of an owner: numbers are handed on in their population's turn."""
        if phase != GRADED:
            return turn
        graded = [p.name for p in self.network.projections if p.graded and p.pre == who.pre]
        return TURN * list(self._traces).index(who.pre) + graded.index(who.name)

    def _statements(self, owner: str, code: str, on: str = "") -> Iterator[Change]:
        names = self._names[owner]
        for name, how, expression in statements_of(code):
            if name not in names:  # which statements make for themselves
                names = {**names, name: f"{name} of {owner}"}
            yield Change(names[name], how, expression, names, on)

    def _integration(self, owner: str, spikes: str) -> Action:
        names, changes = self._names[owner], []
        for name, equation in self.equations[owner].items():
            if equation.expr is None:
                continue
            on = spikes if "unless refractory" in equation.flags else ""
            how = "d" if equation.type == DIFFERENTIAL_EQUATION else ""
            variable = names.get(name, f"{owner}.{name}")
            changes.append(Change(variable, how, equation.expr.code, names, on))
            if "event-driven" in equation.flags:
                changes.append(Change(variable, "", LAST_UPDATE, names))
                changes.append(Change(names[LAST_UPDATE], "=", "t", {}, spikes))
        name = f"{owner}_integration"
        return Action(name=name, owner=owner, phase=INTEGRATION, changes=tuple(changes))

    def sums(self, population: str) -> list[str]:
        """Name the sums of incoming weights that the neurons of a population keep."""
        return [
            f"sum_{p.name}"
            for p in self.network.projections
            if p.norm is not None and p.post == population
        ]
