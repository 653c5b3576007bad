"""What a network does, as data: who acts when, on whose spikes, what it reads and what it writes.

An engine turns a declaration into this plan first. What it then asks (which variables do lanes have
for themselves? who looks at a neuron that is refractory? what outlasts a sample?) are questions
about reads and writes, and no list of a declaration's fields stands anywhere but in
`bioplastic.models.hooks`.
"""

import functools
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from brian2 import Equations
from brian2.equations.equations import DIFFERENTIAL_EQUATION

from bioplastic.engine.actions import Action, Change, spikes_of
from bioplastic.engine.brian_internals import codes_of
from bioplastic.engine.inputs import kind_of
from bioplastic.engine.traces import learning_of, traces_of, with_names_of_their_own
from bioplastic.errors import ParameterError
from bioplastic.models import Event, Network, Population, Projection, TimeTable
from bioplastic.models.declaration import is_distribution, key_of, one_number
from bioplastic.models.hooks import (
    AT_BATCH_END,
    AT_SLOT_START,
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
from bioplastic.models.strings import equations_of, statements_of

__all__ = ["Plan", "plan_of"]

#: Brian's own variables of neurons that may be refractory, and of synapses advanced at spikes.
_OF_REFRACTORY = ("not_refractory", "lastspike")
LAST_UPDATE = "lastupdate"
#: Turns of a pool: to collect, to spike, to hand on, to take back.
_POOL_TURNS = 4


class Plan:
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
        for added in traces:
            parameters |= added.parameters
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
            of = projection.pre if pathway.spike == "pre" else projection.post
            on = spikes_of(of, pathway.event)
            yield Action(
                name=f"{name}_{pathway.name}",
                owner=name,
                phase=phase,
                order=phase.order + place,
                parts=(("pathway", pathway.code),),
                changes=tuple(self._statements(name, pathway.code, on)),
            )
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
                yield Action(
                    name=f"{name}_norm_{k}",
                    owner=owner,
                    phase=NORMALIZATION,
                    order=NORMALIZATION.order + k,
                    parts=(("projection", code),),
                    changes=tuple(self._statements(owner, code)),
                )

    def _by_phase(
        self, who: Any, parts: list[tuple[Hook, str]], spikes: Mapping[str, str], turn: int
    ) -> Iterator[Action]:
        """Make one action of all that a population or projection does at the same moment."""
        owner = who.name
        for phase in PHASES:
            own = tuple((hook.of, code) for hook, code in parts if hook.phase == phase and code)
            if not own:
                continue
            on = spikes.get(phase.spike, "")
            yield Action(
                name=f"{owner}_{phase.name}",
                owner=owner,
                phase=phase,
                order=phase.order + (self._turn(who, turn, phase) if phase.turns else 0),
                parts=own,
                changes=tuple(self._statements(owner, "\n".join(code for _, code in own), on)),
                **(_interval(who, self.network.schedule.dt) if phase == EVERY_STEP else {}),
            )

    def _regular(self, owner: str, model: Any) -> Iterator[Action]:
        """Make actions of what a model does at times of its own."""
        for k, part in enumerate(model.regularly):
            name = "run_regularly" + (f"_{k}" if k else "")  # as Brian counts them
            yield Action(
                name=f"{owner}_{name}",
                owner=owner,
                phase=Phase(name, "step", part.when),
                order=part.order,
                parts=(("regularly", part.code),),
                changes=tuple(self._statements(owner, part.code)),
                every=part.n_steps(self.network.schedule.dt),
            )

    def _event(self, owner: str, event: Event) -> Iterator[Action]:
        """Make actions of an event: when it happens, and what it leads to."""
        on, name = spikes_of(owner, event.name), f"{owner}_{event.name}"
        happens = Change(on, "", event.condition, self._names[owner])
        phase = Phase(f"{event.name}_thresholder", "step", event.checked, spike="event")
        yield Action(name=f"{name}_thresholder", owner=owner, phase=phase, changes=(happens,))
        if event.code:
            phase = Phase(f"{event.name}_resetter", "step", event.when, spike="event")
            changes = tuple(self._statements(owner, event.code, on))
            parts = (("event", event.code),)
            yield Action(
                name=f"{name}_resetter", owner=owner, phase=phase, parts=parts, changes=changes
            )

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

    def method(self, projection: Projection) -> str:
        """Name what integrates synapses: what integrates the neurons whose traces stand there."""
        side, model = self._learning[projection.name].clocked, projection.synapse
        whose = getattr(projection, side) if side else ""
        methods = (p.neuron.method for p in self.network.populations if p.name == whose)
        return next(methods, "euler" if model is None else model.method)

    def waiting(self, projection: str) -> frozenset[str]:
        """Name traces of synapses that are the same for one presynaptic neuron and one delay."""
        return self._learning[projection].waiting

    def sums(self, population: str) -> list[str]:
        """Name the sums of incoming weights that the neurons of a population keep."""
        return [
            f"sum_{p.name}"
            for p in self.network.projections
            if p.norm is not None and p.post == population
        ]

    def of(self, owner: str, *phases: Phase) -> tuple[Action, ...]:
        """Return the actions of an owner, those of some phases where these are given."""
        return tuple(
            a for a in self.actions if a.owner == owner and (not phases or a.phase in phases)
        )

    def writers(self, variable: str) -> tuple[Action, ...]:
        """Return the actions that set or change a variable."""
        return tuple(a for a in self.actions if variable in a.writes)

    def set_anew(self, variable: str) -> bool:
        """Whether its owner sets a variable when a slot begins, whatever it was."""
        return any(
            c.variable == variable and c.how == "=" and variable not in c.reads
            for a in self.of(variable.partition(".")[0], AT_SLOT_START)
            for c in a.changes
        )

    @functools.cached_property
    def has_batches(self) -> bool:
        """Whether anything happens when a batch is full."""
        return any(action.phase == AT_BATCH_END for action in self.actions)

    @functools.cached_property
    def _computed(self) -> dict[str, frozenset[str]]:
        """What expressions are computed from, by their names."""
        return {c.variable: c.reads for a in self.actions for c in a.changes if not c.how}

    def reads(self, action: Action) -> frozenset[str]:
        """Return what an action reads, and what the expressions among it are computed from."""
        found, more = frozenset[str](), action.reads
        while not more <= found:
            found |= more
            more = found.union(*(self._computed.get(variable, ()) for variable in found))
        return found

    def words(self, owner: str) -> frozenset[str]:
        """Return variables, and words that stand for themselves, that actions of an owner read."""
        return frozenset().union(*(a.reads for a in self.of(owner)))

    @functools.cached_property
    def key(self) -> str:
        """What a program's text follows from: the declaration without values, and what it becomes.

        Classes of one's own may say by code what no field of them does.
        """
        neurons = [
            (p.neuron.takes, p.neuron.spikes, p.neuron.refractory_string)
            for p in self.network.populations
        ]
        rows = [kind_of(p).row for p in self.network.inputs]
        actions = [(a.name, a.order, a.parts, a.every, a.first) for a in self.actions]
        codes = [
            (owner, name, codes_of(function))
            for owner, functions in self.functions.items()
            for name, function in functions.items()
            if not isinstance(function, TimeTable)
        ]
        return repr((key_of(self.network), self.texts, neurons, rows, actions, codes))

    @functools.cached_property
    def sizes(self) -> dict[str, int]:
        """Count neurons by population, and synapses by projection where their wiring is regular.

        A program reads them at its start.
        """
        sizes = {p.name: p.n for p in self.network.populations}
        for projection in self.network.projections:
            if not projection.listed:
                n_pre, n_post = sizes[projection.pre], sizes[projection.post]
                n_row = {"all_to_all": n_post, "one_to_one": 1}
                sizes[projection.name] = n_pre * n_row.get(str(projection.wiring), n_post - 1)
        return sizes | {"schedule": 1}

    @property
    def columns(self) -> list[int]:
        """Count the columns of the tables that have some: of inputs, and of target signals."""
        shown = [p.n_features for p in self.network.inputs if kind_of(p).row]
        return [*shown, self.n_target_signals]

    @functools.cached_property
    def values(self) -> dict[str, float]:
        """Value of each parameter that is one number, in base units, by its name in the program."""
        values: dict[str, float] = {}
        for projection in self.network.projections:
            if projection.one_weight:
                parts = ("_collect", "_take_back") if projection.pools else ("",)
                names = (f"{projection.name}{part}.w" for part in parts)
                values |= dict.fromkeys(names, one_number(projection.weight))
        for owner, parameters in self.parameters.items():
            values |= {
                f"{owner}.{n}": one_number(v)
                for n, v in parameters.items()
                if not is_distribution(v)
            }
        for name in ("min_spikes", "max_repeats", "batch_size"):
            values[f"schedule.{name}"] = float(getattr(self.network.schedule, name))
        return values

    def variables(self, owner: str) -> dict[str, frozenset[str]]:
        """Name what changes of an owner's members, its weight excepted, with the flags of each."""
        equations = self.equations[owner]
        return {
            n: frozenset(equations[n].flags)
            for n in sorted(equations.diff_eq_names | equations.parameter_names)
        }

    @functools.cached_property
    def lists(self) -> dict[str, tuple[list[str], list[str]]]:
        """Variables of every list of synapses: those that a run reads, and those it changes.

        Their number is not known before a run: it is the length of ``"projection.i"``.
        """
        found = {}
        for projection in self.network.projections:
            if not projection.listed:
                continue
            parameters = self.parameters[projection.name]
            read = ["i", "j", *projection.delays]
            read += [n for n, v in parameters.items() if is_distribution(v)]
            changed: list[str] = []
            if projection.has_weight and not projection.one_weight:
                learns = projection.rule is not None or projection.norm is not None
                (changed if learns else read).append("w")
            for name, flags in self.variables(projection.name).items():
                if name in self.waiting(projection.name):
                    continue  # begins anew with every sample
                if "constant" in flags or "shared" not in flags:
                    (read if "constant" in flags else changed).append(name)
            found[projection.name] = (read, changed)
        return found

    @functools.cached_property
    def wired(self) -> dict[str, frozenset[str]]:
        """Name what says of each list of synapses which there are, and how late each is."""
        return {p.name: frozenset({"i", "j", *p.delays}) for p in self.network.projections}

    @functools.cached_property
    def n_target_signals(self) -> int:
        """Columns of the table of target signals: as many as the population has that reads it."""
        sizes = [p.n for p in self.network.populations if "target_signal" in self.words(p.name)]
        return max(sizes, default=0)


_plans: deque[tuple[Network, Plan]] = deque(maxlen=16)


def plan_of(network: Network) -> Plan:
    """Return the plan of a network, made once for each declaration."""
    for known, plan in tuple(_plans):
        if network is known or network is plan.network:
            return plan
    plan = Plan(network)
    _plans.append((network, plan))
    return plan


def _interval(projection: Projection, dt: Any) -> dict[str, int]:
    """Count the steps from one update of a projection's rule to the next, at whose end it comes."""
    if (interval := getattr(projection.rule, "update_interval", None)) is None:
        return {}
    steps = float(interval / dt)
    if round(steps) < 1 or abs(steps - round(steps)) > 1e-6:
        raise ParameterError(
            f"{type(projection.rule).__name__}.update_interval: must be a whole multiple of the "
            f"schedule's dt={dt}, got {interval} ({projection.name})"
        )
    return {"every": round(steps), "first": round(steps) - 1}
