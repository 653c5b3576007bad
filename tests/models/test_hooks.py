"""A hook is declared once: checks, plan, key, frozen copies and combined rules follow."""

import dataclasses

import numpy as np
import pytest
from brian2 import ms

from bioplastic import engine
from bioplastic.engine import actions
from bioplastic.engine.plan import plan_of
from bioplastic.errors import ParameterError
from bioplastic.models import (
    Network,
    NeuronModel,
    PlasticityRule,
    PoissonInput,
    Population,
    Projection,
    Schedule,
    SynapseModel,
    checking,
    combine_rules,
    hooks,
)
from bioplastic.models.declaration import key_of
from bioplastic.models.hooks import AT_BATCH_END, HOOKS, PHASES, Hook, Phase

MODELS = {
    "neuron": NeuronModel,
    "synapse": SynapseModel,
    "projection": Projection,
    "rule": PlasticityRule,
}
#: Fields of models that hold something else than statements.
OTHERS = {
    "neuron": {
        "equations", "threshold", "refractory", "constants", "initial", "method", "namespace",
        "events", "regularly", "learned",
    },
    "synapse": {
        "equations", "constants", "namespace", "pathways", "regularly", "learned", "method",
        "summed_order",
    },
    "projection": {
        "pre", "post", "wiring", "weight", "delay", "post_delay", "synapse", "rule", "norm",
        "pooled", "label",
    },
    "rule": {"pre_traces", "post_traces", "synapse", "update_interval", "constants", "namespace"},
}  # fmt: skip


@pytest.mark.parametrize("kind", MODELS)
def test_every_field_that_holds_statements_is_a_hook(kind):
    fields = {f.name for f in dataclasses.fields(MODELS[kind])}
    assert fields - OTHERS[kind] == {hook.name for hook in HOOKS if hook.of == kind}


def test_phases_come_in_their_order():
    assert {hook.phase for hook in HOOKS} <= set(PHASES)
    moments = list(dict.fromkeys((p.clock, p.when) for p in PHASES))
    places = [(moments.index((p.clock, p.when)), p.order) for p in PHASES]
    assert places == sorted(places)


# --- a hook that does not exist yet: a line in the list, and a field

LATE = Phase("late", "step", "end", 20_000_000, turns=True)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class LateRule(PlasticityRule):
    """A rule that says what its synapses do when all else of a step is done."""

    late: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class LateNeuron(NeuronModel):
    """A neuron that says what it does when all else of a step is done."""

    late: str = ""


@pytest.fixture
def late(monkeypatch):
    """Let rules and neurons have one more hook."""
    phases = (*PHASES, LATE)
    for module in (hooks, actions):
        monkeypatch.setattr(module, "PHASES", phases)
    new = (*HOOKS, Hook("late", "rule", LATE), Hook("late", "neuron", LATE))
    for module in (hooks, actions, checking):
        monkeypatch.setattr(module, "HOOKS", new)


def declare(rule=None, neuron=None):
    return Network(
        populations=(
            Population(name="input", n=2, neuron=PoissonInput()),
            Population(name="out", n=3, neuron=neuron or NeuronModel(equations="v : 1")),
        ),
        projections=(Projection(pre="input", post="out", on_pre="v_post += w", rule=rule),),
        watch="input",
        schedule=Schedule(presentation=5 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0),
    )


def show(network, on):
    samples = engine.RateStimulus(values=np.zeros((2, 2)))
    weights = {"input_to_out.w": np.zeros(6)}
    return engine.run(network, samples, seed=0, state=weights, engine=on).state


class TestANewHook:
    @pytest.mark.parametrize("on", ["numpy", "cpp_standalone"])
    def test_runs(self, late, on):
        rule = LateRule(late="w += 0.25*v_post")
        neuron = LateNeuron(equations="v : 1", late="v += 1")
        state = show(declare(rule, neuron), on)
        np.testing.assert_array_equal(state["out.v"], 10)
        # The neurons' turn comes at the same moment, before that of synapses of the same order.
        assert state["input_to_out.w"][0] in (0.25 * sum(range(10)), 0.25 * sum(range(1, 11)))

    def test_is_part_of_the_plan(self, late):
        plan = plan_of(declare(LateRule(late="w += 0.25*v_post")))
        action = next(a for a in plan.actions if a.phase == LATE)
        assert action.name == "input_to_out_late"
        assert action.writes == {"input_to_out.w"}
        assert action.reads == {"input_to_out.w", "out.v"}

    def test_is_checked(self, late):
        with pytest.raises(ParameterError, match=r"LateRule.late.*there is no `x_post`"):
            declare(LateRule(late="w += x_post"))

    def test_changes_the_key(self, late):
        one, other = (declare(LateRule(late=f"w += {k}")) for k in (1, 2))
        assert key_of(one) != key_of(other)

    def test_is_dropped_with_the_rule(self, late):
        frozen = declare(LateRule(late="w += 1")).frozen()
        assert not [a for a in plan_of(frozen).actions if a.phase == LATE]


def test_neurons_that_act_when_a_batch_ends_are_not_cut_by_lanes(monkeypatch):
    new = (*HOOKS, Hook("late", "neuron", AT_BATCH_END))
    for module in (hooks, actions, checking):
        monkeypatch.setattr(module, "HOOKS", new)
    network = declare(neuron=LateNeuron(equations="v : 1", late="v += 1"))
    network = dataclasses.replace(
        network, schedule=dataclasses.replace(network.schedule, batch_size=3)
    )
    assert show(network, "numpy")["out.v"].max() == 0
    samples = engine.RateStimulus(values=np.zeros((6, 2)))
    weights = {"input_to_out.w": np.zeros(6)}
    given = {"seed": 0, "state": weights, "engine": "numpy"}
    np.testing.assert_array_equal(engine.run(network, samples, **given).state["out.v"], 2)
    three = engine.run(network, samples, **given, lanes=3, combine="mean").state["out.v"]
    np.testing.assert_array_equal(three, 2)
    with pytest.raises(ParameterError, match="lanes: must divide Schedule.batch_size=3, got 2"):
        engine.run(network, samples, **given, lanes=2, combine="mean")


@pytest.mark.parametrize("spike", ["own", "pre", "post"])
def test_one_that_nobody_would_run_is_refused(monkeypatch, spike):
    after = Phase("after_reset", "step", "resets", 1, spike=spike)
    monkeypatch.setattr(hooks, "PHASES", (*PHASES, after))
    with pytest.raises(ParameterError, match="ON_PRE, ON_SPIKE, ON_POST or RESET where it takes"):
        Hook("after_reset", "synapse", after)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("late", "rule", LATE), "must stand in PHASES"),
        (("late", "neurons", PHASES[0]), "of: must"),
    ],
)
def test_a_hook_that_is_none(given, said):
    with pytest.raises(ParameterError, match=said):
        Hook(*given)


@pytest.mark.parametrize(
    ("clock", "when"), [("batch", "end"), ("step", "ends"), ("slot", "groups")]
)
def test_a_moment_that_is_none(clock, when):
    with pytest.raises(ParameterError, match="clock, when: must be one of"):
        Phase("late", clock, when)


def test_what_rules_say_is_combined_field_by_field():
    every = {
        f.name: "x : 1" if f.name in ("pre_traces", "post_traces", "synapse") else "w = w"
        for f in dataclasses.fields(PlasticityRule)
        if f.type is str
    }
    for name, text in every.items():
        if name.endswith("_trace") or name.startswith("at_slot_start_"):
            continue  # which need a trace of their own
        assert getattr(combine_rules(PlasticityRule(**{name: text})), name) == text
