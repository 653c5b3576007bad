"""What a network does, as data: who acts when, on whose spikes, what it reads and what it writes.

An engine turns a declaration into this plan first. What it then asks (which variables do lanes have
for themselves? who looks at a neuron that is refractory? what outlasts a sample?) are questions
about reads and writes, and no list of a declaration's fields stands anywhere but in
`bioplastic.models.hooks`.
"""

import functools
from collections import deque

from bioplastic.engine.actions import Action, NetworkActions
from bioplastic.engine.brian_internals import codes_of
from bioplastic.engine.inputs import kind_of
from bioplastic.models import Network, Projection, TimeTable
from bioplastic.models.declaration import key_of
from bioplastic.models.hooks import (
    AT_BATCH_END,
    AT_SLOT_START,
    Phase,
)
from bioplastic.models.values import is_distribution, one_number
from bioplastic.models.wiring import n_regular


class Plan(NetworkActions):
    """What a network does, and what engines ask of it; see :class:`NetworkActions`."""

    def method(self, projection: Projection) -> str:
        """Name what integrates synapses: what integrates the neurons whose traces stand there."""
        side, model = self._learning[projection.name].clocked, projection.synapse
        whose = getattr(projection, side) if side else ""
        methods = (p.neuron.method for p in self.network.populations if p.name == whose)
        return next(methods, "euler" if model is None else model.method)

    def waiting(self, projection: str) -> frozenset[str]:
        """Name traces of synapses that are the same for one presynaptic neuron and one delay."""
        return self._learning[projection].waiting

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
                sizes[projection.name] = n_regular(str(projection.wiring), n_pre, n_post)
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
