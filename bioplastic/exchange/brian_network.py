"""A declaration as objects of Brian2, for who goes on by hand; see Network.to_brian2."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import brian2 as b2
import numpy as np
import numpy.typing as npt
from brian2.utils.stringtools import word_substitute

from bioplastic.engine import integrators
from bioplastic.engine.actions import Action
from bioplastic.engine.connections import equations_of_synapses, run_on_events, ways_of
from bioplastic.engine.plan import Plan, plan_of
from bioplastic.errors import ParameterError
from bioplastic.models import Network, Population, Projection, TimeTable
from bioplastic.models.hooks import (
    AT_SLOT_START,
    INTEGRATION,
    NORMALIZATION,
    ON_SPIKE,
    RESET,
    THRESHOLD,
)
from bioplastic.models.strings import FUNCTIONS, LINKED, statements_of
from bioplastic.models.suggesting import closest
from bioplastic.models.values import parameter_equations

Values = dict[str, npt.NDArray[np.float64]]
_WORDS = frozenset({*FUNCTIONS, *LINKED})


def to_brian2(network: Network, state: Mapping[str, Any] | None, seed: Any) -> b2.Network:
    """Make Brian's objects; see Network.to_brian2."""
    plan = plan_of(network)
    _check(plan)
    drawn = network.drawn <= {*(state or {})}
    values: Values = {} if drawn else dict(network.sample(seed))
    values |= plan_values(plan)
    values |= {k: np.ravel(np.asarray(v, dtype=np.float64)) for k, v in (state or {}).items()}
    made = _Making(plan, values, b2.Clock(dt=network.schedule.dt))
    for population in plan.network.populations:
        made.groups[population.name] = made.neurons(population)
    for projection in plan.network.projections:
        made.synapses(projection)
    _check_state(made.net, state or {})
    for owner, action in made.starts:
        _set_now(owner, action.code())
    return made.net


@dataclass
class _Making:
    """Brian's objects in the making, and what is to be set when all are there."""

    plan: Plan
    values: Values
    clock: Any
    net: b2.Network = field(default_factory=b2.Network)
    groups: dict[str, Any] = field(default_factory=dict)
    starts: list[tuple[Any, Action]] = field(default_factory=list)

    def neurons(self, population: Population) -> Any:
        """Make the group of a population."""
        plan, net, clock = self.plan, self.net, self.clock
        name, neuron = population.name, population.neuron
        if neuron.takes == "spikes":
            if plan.texts[name].strip():
                raise ParameterError(
                    f"Network.to_brian2: population {name!r} has traces of a rule, which a "
                    f"SpikeGeneratorGroup cannot have; give it a PoissonInput"
                )
            group = b2.SpikeGeneratorGroup(population.n, [], [] * b2.ms, clock=clock, name=name)
            net.add(group)
            return group
        if neuron.takes == "rates":
            learned = [added for added in plan.of(name, ON_SPIKE, RESET) if _of_rule(added)]
            if not learned:
                group = b2.PoissonGroup(
                    population.n, np.zeros(population.n) * b2.Hz, clock=clock, name=name
                )
                net.add(group)
                return group
        elif neuron.takes:
            raise ParameterError(
                f"Network.to_brian2: population {name!r} takes {neuron.takes}, which Brian's "
                f"groups do not; give its neurons a TimedArray"
            )
        text, threshold, method = plan.texts[name], neuron.threshold, neuron.method
        if neuron.takes == "rates":
            own = str(neuron.equations)
            text = "rates : Hz\n" + text.removeprefix(own)
            threshold, method = "rand() < rates*dt", "euler"
        constants = {n: v for n, v in plan.parameters[name].items() if n != "presentation"}
        equations = "\n".join([text, parameter_equations(constants)])
        resets = [part for action in plan.of(name, RESET) for part in action.parts]
        reset = "\n".join(code for kind, code in resets if not neuron.takes or kind == "rule")
        group = b2.NeuronGroup(
            population.n,
            equations,
            threshold=threshold or None,
            reset=reset if threshold else None,
            refractory=neuron.refractory_string or False,
            events={event.name: event.condition for event in neuron.events},
            method=integrators.resolve(method),
            namespace=self._namespace(name),
            clock=clock,
            name=name,
        )
        run_on_events(group, neuron.events)
        net.add(group)
        self._fill(group, name)
        for action in plan.of(name):
            if neuron.takes == "rates" and not _of_rule(action):
                continue
            if action.phase == ON_SPIKE:
                # Names without a side are those of the target, which is the neuron itself.
                own_spikes = b2.Synapses(
                    group, group, on_pre=action.code(), namespace={}, clock=clock,
                    delay=0 * b2.ms, name=action.name,
                )  # fmt: skip
                own_spikes.connect(j="i")
                own_spikes.pre.order = action.order
                net.add(own_spikes)
            else:
                self._act(group, action)
        return group

    def synapses(self, projection: Projection) -> None:
        """Make the synapses of a projection."""
        plan, values, groups = self.plan, self.values, self.groups
        name, pre, post = projection.name, groups[projection.pre], groups[projection.post]
        ways = ways_of(plan, projection)
        synapses = b2.Synapses(
            pre,
            post,
            equations_of_synapses(plan, projection),
            on_pre={way.name: way.action.code() for way in ways if way.side == "pre"} or None,
            on_post={way.name: way.action.code() for way in ways if way.side == "post"} or None,
            on_event={way.name: way.event for way in ways},
            delay={way.name: 0 * b2.ms for way in ways if not way.delay},
            method=integrators.resolve(plan.method(projection)),
            namespace=self._namespace(name),
            clock=self.clock,
            name=name,
        )
        i, j = projection.pairs(len(pre), len(post), values)
        synapses.connect(i=i, j=j)
        self.net.add(synapses)
        self._fill(synapses, name)
        for way in ways:
            pathway = getattr(synapses, way.name)
            pathway.order = way.action.order
            if way.delay:
                pathway.delay = values[f"{name}.{way.delay}"] * b2.second
        for summed in synapses.summed_updaters.values():
            summed.order = projection.synapse.summed_order if projection.synapse else -1
        if projection.norm is not None:
            total = np.bincount(j, synapses.w_[:], len(post))
            synapses.w_[:] *= projection.norm / np.where(total == 0, 1, total)[j]
        for action in plan.of(name):
            self._act(synapses, action)

    def _act(self, made: Any, action: Action) -> None:
        phase = action.phase
        if phase == AT_SLOT_START:
            self.starts.append((made, action))
        elif phase == NORMALIZATION or phase.spike or phase in (INTEGRATION, THRESHOLD):
            return
        else:
            own = (
                {"clock": self.clock} if action.every == 1 else {"dt": action.every * self.clock.dt}
            )
            made.run_regularly(
                action.code(), when=phase.when, order=action.order, name=action.name, **own
            )

    def _fill(self, made: Any, owner: str) -> None:
        """Set what a state holds of an owner, but for times of a sample that is over."""
        for key, value in self.values.items():
            of, _, name = key.partition(".")
            if name == "lastspike":
                continue
            if of == owner and name in made.variables and not made.variables[name].read_only:
                given = value.astype(made.variables[name].dtype)
                setattr(made, f"{name}_", given[0] if given.size == 1 else given)

    def _namespace(self, owner: str) -> dict[str, Any]:
        return {
            name: b2.TimedArray(given.values, dt=given.dt)
            if isinstance(given, TimeTable)
            else given
            for name, given in self.plan.functions[owner].items()
        }


def plan_values(plan: Plan) -> Values:
    """Numbers of all constants, and initial values, by their names in a state."""
    found = {k: np.array([v]) for k, v in plan.values.items()}
    for projection in plan.network.projections:
        if projection.one_weight:
            found[f"{projection.name}.w"] = np.array([float(projection.weight)])
    for population in plan.network.populations:
        for name, value in population.neuron.initial_values.items():
            found[f"{population.name}.{name}"] = np.array([float(value)])
    return found


def _check(plan: Plan) -> None:
    """Refuse what belongs to a schedule of samples."""
    for action in plan.actions:
        words = {word for change in action.changes for word in change.reads} & _WORDS
        allowed = "stimulus" if action.owner in {p.name for p in plan.network.inputs} else ""
        if action.phase.ends_slot:
            what, remedy = f"{action.name} acts when a sample ends", "do it after run()"
        elif words - {allowed} and not allowed:
            what = f"{action.name} reads {', '.join(sorted(words))}"
            remedy = "a sample's number has no meaning there; give the neurons a TimedArray"
        elif action.first:
            what = f"{action.name} begins in step {action.first}"
            remedy = "give its rule no update_interval"
        else:
            continue
        raise ParameterError(f"Network.to_brian2: {what}, which Brian does not know; {remedy}")


def _of_rule(action: Action) -> bool:
    return any(kind == "rule" for kind, _ in action.parts)


def _set_now(made: Any, code: str) -> None:
    """Run statements once, at once."""
    aside: dict[str, str] = {}
    for name, how, expression in statements_of(code):
        value = word_substitute(expression, aside)
        if name == "lastupdate":
            continue
        if name not in made.variables:
            aside[name] = f"({value})"
            continue
        setattr(made, name, value if how == "=" else f"{name} {how[:-1]} ({value})")


def _check_state(net: b2.Network, state: Mapping[str, Any]) -> None:
    for key in state:
        owner = key.partition(".")[0]
        known = {o.name: o for o in net.objects}
        if owner == "schedule":
            continue
        if owner not in known:
            near = closest(owner, known)
            remedy = f"did you mean {near!r}?" if near else f"it has {', '.join(known)}"
            raise ParameterError(
                f"Network.to_brian2: state[{key!r}]: there is no {owner!r}; {remedy}"
            )
