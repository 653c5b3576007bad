"""What is wrong with a declaration is found when it is made, with the place and the remedy."""

import dataclasses
import inspect as python_inspect

import brian2
import numpy as np
import pytest
from brian2 import ms, mV, second

from bioplastic import models
from bioplastic.engine.schedule import SCHEDULE_EQUATIONS, tables_of
from bioplastic.errors import ParameterError, UnknownArgumentError
from bioplastic.models import (
    LIF,
    SGD,
    AdaptiveLIF,
    Constant,
    DiehlCookSTDP,
    Network,
    NeuronModel,
    PairSTDP,
    PairWiring,
    PlasticityRule,
    PoissonInput,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    SpikeInput,
    SynapseModel,
    TonotopicWiring,
    TsodyksMarkram,
    Uniform,
    strings,
)
from bioplastic.models.distributions import Distribution, Gamma, LogNormal, PerTarget, Values
from bioplastic.models.plasticity.eprop import EProp
from bioplastic.models.strings import FUNCTIONS, LINKED, NEURON_WORDS
from bioplastic.models.summary import declared_names
from bioplastic.models.wiring import DistanceWiring, FixedInDegree, StoredWiring, Wiring
from bioplastic.networks import diehl_cook_network

DRIVE = {"pre": "input", "post": "output", "on_pre": "v_post += w*mV"}
HEBB = {
    "pre_traces": "dapre/dt = -apre/tau : 1",
    "on_pre_trace": "apre += 1",
    "on_post": "w = clip(w + eta*apre_pre, 0, 1)",
    "constants": {"tau": 20 * ms, "eta": 0.01},
}


def declare(neuron=None, *, entrance=None, **projection):
    return Network(
        populations=(
            Population(name="input", n=4, neuron=entrance or SpikeInput()),
            Population(name="output", n=2, neuron=neuron or LIF()),
        ),
        projections=(
            Projection(**(DRIVE | projection)),
        ),
        watch="output",
    )  # fmt: skip


def hebb(**changes):
    return PlasticityRule(**(HEBB | changes))


class TestKinds:
    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (
                lambda: Population(name="a", n=2, neuron=brian2.NeuronGroup(2, "v : 1")),
                "Population.neuron: must be a NeuronModel.*a NeuronGroup",
            ),
            (lambda: Population(name="a", n=2, neuron="LIF"), "got 'LIF', a str"),
            (lambda: Population(name="a", n=2, neuron=LIF), r"got the class LIF: write LIF\(...\)"),
            (lambda: Population(name="a", n=2, neuron=PairSTDP), "got the class PairSTDP$"),
            (lambda: Population(name=3, n=2, neuron=LIF()), "Population.name: must be a string"),
            (lambda: Population(name="a", n="2", neuron=LIF()), "n: must be a whole number, got "),
            (lambda: Population(name="a", n=2.5, neuron=LIF()), "n: must be a whole number"),
            (lambda: Population(name="a", n=True, neuron=LIF()), "n: must be a whole number"),
            (
                lambda: Population(name="a", n=2, neuron=LIF(), grid=3),
                "Population.grid: must be a sequence of whole numbers, got 3",
            ),
            (
                lambda: Population(name="a", n=2, neuron=LIF(), grid=(2, 2), places=(0, 1.5)),
                "Population.places: must be a sequence of whole numbers",
            ),
            (
                lambda: Projection(pre="a", post="b", rule=PairSTDP),
                r"Projection.rule: must be a PlasticityRule.*write PairSTDP\(...\)",
            ),
            (lambda: Projection(pre="a", post="b", rule="PairSTDP"), "Projection.rule: .*a str"),
            (
                lambda: Projection(pre="a", post="b", wiring=RandomWiring),
                r"Projection.wiring: must be a Wiring or one of .*write RandomWiring\(...\)",
            ),
            (lambda: Projection(pre="a", post="b", synapse=TsodyksMarkram), "Projection.synapse: "),
            (lambda: Projection(pre="a", post="b", weight="1"), "Projection.weight: must be a num"),
            (lambda: Projection(pre="a", post="b", norm="1"), "Projection.norm: must be a number"),
            (
                lambda: Projection(pre=Population(name="a", n=1, neuron=LIF()), post="b"),
                "Projection.pre: must be a string",
            ),
            (lambda: Projection(pre="a", post="b", on_pre=None), "on_pre: must be a string, got N"),
            (
                lambda: Network(populations=LIF(), watch="a"),
                "Network.populations: must be a tuple of Populations",
            ),
            (
                lambda: Network(populations=(LIF(),), watch="a"),
                "Network.populations: must be a tuple of Populations",
            ),
            (lambda: declare(pre=3), "Projection.pre: must be a string"),
            (
                lambda: dataclasses.replace(declare(), projections=[LIF()]),
                "Network.projections: must be a tuple of Projections",
            ),
            (lambda: dataclasses.replace(declare(), watch=3), "Network.watch: must be the name"),
            (
                lambda: dataclasses.replace(declare(), schedule=Schedule),
                r"Network.schedule: .*write Schedule\(...\)",
            ),
            (lambda: LIF(threshold=None), "LIF.threshold: must be a string, got None"),
            (lambda: PairSTDP(on_pre=1), "PairSTDP.on_pre: must be a string"),
            (lambda: SynapseModel(equations=1), "SynapseModel.equations: must be a string"),
            (lambda: LIF(constants=[1]), "LIF.constants: must be a mapping"),
            (lambda: LIF(constants={"a b": 1}), "must have identifiers as keys, got 'a b'"),
            (lambda: LIF(constants={"a": "1 ms"}), r"LIF.constants\['a'\]: must be one number"),
            (lambda: LIF(constants={"v": 1}), "LIF.constants: v is a variable of the equations"),
            (lambda: EProp(optimizer=SGD), r"EProp.optimizer: .*write SGD\(...\)"),
            (lambda: RandomWiring("0.1"), "RandomWiring.p: must be a number, got '0.1'"),
            (lambda: FixedInDegree(1.5), "FixedInDegree.n: must be a whole number, got 1.5"),
            (lambda: PairWiring([0.5], j=[1]), "PairWiring.i: must be a sequence of whole numbers"),
            (lambda: Constant("1 ms"), "Constant.value: must be one number or quantity"),
            (lambda: Uniform(0, high=[1, 2]), "Uniform.high: must be one number or quantity"),
            (lambda: PerTarget(3), "PerTarget.values: must be a Distribution, got 3"),
        ],
    )  # fmt: skip
    def test_another_one_is_refused_at_once(self, make, message):
        with pytest.raises(ParameterError, match=message):
            make()

    def test_lists_become_tuples(self):
        network = declare()
        lists = Network(
            populations=list(network.populations),
            projections=list(network.projections),
            watch=["output"],
        )
        assert lists == dataclasses.replace(network, watch=("output",))
        placed = Population(name="a", n=2, neuron=LIF(), grid=[2, 2], places=np.array([0, 3]))
        assert placed == Population(name="a", n=2, neuron=LIF(), grid=(2, 2), places=(0, 3))
        assert isinstance(hash(placed.places), int)

    def test_numbers_of_numpy_print_as_pythons(self):
        assert repr(Population(name="a", n=np.int64(2), neuron=SpikeInput())).count("n=2,") == 1
        assert repr(RandomWiring(np.float64(0.25))) == "RandomWiring(p=0.25)"


class TestSyntax:
    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: LIF(reset="v = (v_reset"), r"LIF.reset: 'v = \(v_reset': '\(' was never"),
            (lambda: LIF(threshold="v > (v_rest"), "LIF.threshold: .*never closed"),
            (lambda: LIF(at_slot_start="v == v_rest"), "at_slot_start: .*write `name = expr"),
            (lambda: LIF(after_spikes="v"), "LIF.after_spikes: 'v': is no statement"),
            (lambda: LIF(reset="v = v_rest; v = 3 mV"), "LIF.reset: 'v = 3 mV': invalid syntax"),
            (lambda: NeuronModel(equations="v : 1\ndu/dt = -u/(ms : 1"), "'du/dt.*never closed"),
            (lambda: NeuronModel(equations="dv/dt = -v/ms"), "is no equation; write .* : unit"),
            (lambda: NeuronModel(equations="v : vollt"), "equations: 'v : vollt'.*not a base unit"),
            (lambda: NeuronModel(equations="i : 1"), "'i' has a special meaning"),
            (lambda: NeuronModel(equations="v : 1 (shard)"), "flag 'shard'"),
            (lambda: SynapseModel(equations="x : 1", on_pre="x = )"), "SynapseModel.on_pre: 'x = "),
            (lambda: hebb(on_post="w = w +"), r"Rule.on_post: 'w = w \+': invalid syntax"),
            (lambda: hebb(post_traces="do/dt = -o/tau"), "PlasticityRule.post_traces: .* : unit"),
            (lambda: declare(on_pre="v_post + w"), "Projection.on_pre of projection 'input_to"),
        ],
    )  # fmt: skip
    def test_it_is_refused_where_the_string_is_given(self, make, message):
        with pytest.raises(ParameterError, match=message):
            make()


class TestUnits:
    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: NeuronModel(equations="dv/dt = -v : volt"), "`dv/dt` has unit .*unit V"),
            (lambda: LIF(reset="v = 3"), "LIF.reset: 'v = 3': `v` has unit V.*has no unit"),
            (lambda: LIF(reset="v += 3*ms"), "LIF.reset: .*inconsistent units"),
            (lambda: LIF(threshold="v > tau_syn"), "LIF.threshold: .*different units"),
            (lambda: LIF(threshold="v"), "LIF.threshold: 'v': must be a condition"),
            (
                lambda: NeuronModel(equations="x = 2*t : second", reset="x = 0*ms"),
                "NeuronModel.reset: .*`x` is given by an equation",
            ),
            (lambda: LIF(reset="t = 0*ms"), "`t` is given by an equation or by the engine"),
            (lambda: LIF(at_slot_start="v = uniform(i)*mV"), "'uniform' was called with 1"),
            (lambda: PairSTDP(on_pre="w = w - tau_plus"), "PairSTDP.on_pre: .*inconsistent units"),
            (lambda: declare(on_pre="v_post += w"), "Projection.on_pre of .*inconsistent units"),
            (lambda: declare(graded="v_post = w"), "Projection.graded of .*`v_post` has unit V"),
            (lambda: declare(rule=hebb(on_post="w += v_post")), "on_post of .*inconsistent"),
            (
                lambda: declare(synapse=SynapseModel(equations="x : 1", on_pre="x = v_post")),
                "SynapseModel.on_pre of projection 'input_to_output'.*`x` has no unit",
            ),
            (
                lambda: declare(LIF(initial={"v": 3 * ms})),
                "LIF.initial of population 'output': 'v' must have the unit V, got 3. ",
            ),
        ],
    )  # fmt: skip
    def test_wrong_ones_are_refused_with_the_string(self, make, message):
        with pytest.raises(ParameterError, match=message):
            make()

    def test_refractoriness_is_a_condition_or_a_time(self):
        neuron = NeuronModel(equations="v : volt", threshold="v > 1*mV")
        for good in ("2*ms", "v > 0*mV and not_refractory", "t - lastspike < 3*ms", 2 * ms):
            declare(dataclasses.replace(neuron, refractory=good))
        with pytest.raises(ParameterError, match="refractory: 'v': must be a condition or a time"):
            dataclasses.replace(neuron, refractory="v")
        with pytest.raises(ParameterError, match="LIF.refractory: .*mean `tau_refractory`"):
            LIF(refractory="tau_refactory")


class TestNames:
    @pytest.mark.parametrize(
        ("make", "message"),
        [
            # a misspelt constant, where it is given
            (lambda: LIF(threshold="v > v_treshold"), "LIF.threshold: .*mean `v_threshold`"),
            (
                lambda: hebb(on_post="w = clip(w + etta*apre_pre, 0, 1)"),
                "PlasticityRule.on_post: 'w = clip.*there is no `etta`; did you mean `eta`",
            ),
            (
                lambda: SynapseModel(equations="x : 1", on_pre="x += stepp", constants={"step": 1}),
                "SynapseModel.on_pre: .*did you mean `step`",
            ),
            # everything else in a network
            (
                lambda: declare(LIF(reset="v = v_rest + u")),
                "LIF.reset of population 'output': .*no `u`; declare it in equations or constants",
            ),
            (lambda: declare(LIF(reset="u = v_rest")), "sets `u`, which nothing reads"),
            (lambda: declare(LIF(reset="u += v_rest")), "there is no `u`"),
            (lambda: declare(LIF(initial={"vv": 1})), "has no variable 'vv'; did you mean `v`"),
            (lambda: declare(on_pre="ge_post += w"), "no `ge_post`; there are v_post, i_syn_post"),
            (lambda: declare(on_pre="i_sin_post += w*mV"), "did you mean `i_syn_post`"),
            (lambda: declare(on_pre="v += w*mV"), "no `v`; write `v_post`: synapses read neurons"),
            (lambda: declare(on_pre="v_pre += w*mV"), "no `v_pre`; did you mean `v_post`"),
            (lambda: declare(on_pre="vv_post = w*mV"), "sets `vv_post`, which.*mean `v_post`"),
            (
                lambda: declare(rule=hebb(on_post="w += eta*apre")),
                "PlasticityRule.on_post of projection 'input_to_output': .*write `apre_pre`",
            ),
            (
                lambda: declare(rule=hebb(on_pre_trace="apre_pre += 1")),
                "PlasticityRule.on_pre_trace of .*no `apre_pre`; write `apre`: only synapses",
            ),
            (lambda: declare(rule=hebb(on_post="w += eta*apre_post")), "did you mean `apre_pre`"),
            (lambda: declare(rule=hebb(pre_traces="dapre/dt = -apre/v : 1")), "pre_traces of.*`v`"),
            (lambda: declare(rule=hebb(on_pre="w = w - cursor_post")), "no `cursor_post`"),
            (lambda: declare(rule=hebb(on_pre="w = w - uniform(i)")), "there is no `uniform`"),
            (lambda: declare(LIF(at_slot_end="v = presentation*volt/second")), "`presentation`"),
        ],
    )  # fmt: skip
    def test_one_that_nothing_gives_is_refused_with_what_was_meant(self, make, message):
        with pytest.raises(ParameterError, match=message):
            make()

    @pytest.mark.parametrize(
        "network",
        [
            lambda: declare(LIF(at_slot_start="v = v_rest + rand()*mV; i_syn = randn()*mV")),
            lambda: declare(LIF(at_slot_end="v = slot_duration/second*mV*target(cursor)")),
            lambda: declare(LIF(before_spikes="gain = pi*exp(1); v = gain*v*N/(i + 1)")),
            lambda: declare(on_pre="v_post += w*u*x*mV", synapse=TsodyksMarkram()),
            # a temporary variable of a synapse's strings, which those after them read
            lambda: declare(
                on_pre="v_post += w*much*mV", synapse=SynapseModel(on_pre="much = 2"),
                rule=PlasticityRule(on_pre="w = w + 0*much"),
            ),
            # a rule that reads the synapse's model, another rule's trace, and the schedule
            lambda: declare(
                on_pre="v_post += w*u*x*mV", synapse=TsodyksMarkram(),
                rule=PlasticityRule(on_pre="w = w + 0*u"),
            ),
            lambda: declare(entrance=PoissonInput(), rule=hebb(on_pre="w = w + 0*cursor_pre")),
            lambda: declare(delay=2 * ms, rule=hebb(pre_traces="dapre/dt = -apre*w/tau : 1")),
            # a neuron that reads what a rule gives it, and a sum of weights
            lambda: declare(
                LIF(at_slot_end="o1 = o1 + sum_input_to_output"), rule=PairSTDP(), norm=1.0
            ),
            lambda: declare(
                NeuronModel(equations="dv/dt = -v/(5*ms) + mV*xi/ms**0.5 : volt",
                            threshold="v > 1*mV", method="euler"),
            ),
        ],
    )  # fmt: skip
    def test_those_that_something_gives_are_taken(self, network):
        assert network().n_watched == 2

    def test_what_the_engine_gives_is_what_strings_may_name(self):
        tables = tables_of(declare(entrance=PoissonInput(), on_pre=""))
        functions = tables.functions_of("input")
        assert {n: len(f._arg_units) for n, f in functions.items()} == FUNCTIONS
        variables = brian2.Equations(SCHEDULE_EQUATIONS)
        assert {n: variables[n].dim for n in LINKED} == {n: NEURON_WORDS[n].dim for n in LINKED}

    def test_a_network_that_was_checked_costs_little(self):
        def network():
            return diehl_cook_network(n_features=4, n_neurons=3, rule=DiehlCookSTDP(), norm=0.4)

        network()
        before = {f: f.cache_info().misses for f in CACHED}
        network()
        assert {f: f.cache_info().misses for f in CACHED} == before
        assert sum(f.cache_info().hits for f in CACHED) > 20


CACHED = [f for f in vars(strings).values() if hasattr(f, "cache_info")]


class TestArguments:
    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: LIF(tau_membran=1 * ms), "LIF: .*'tau_membran'; did you mean 'tau_membrane'"),
            (lambda: AdaptiveLIF(tau_ex=1 * ms), "did you mean 'tau_exc'"),
            (lambda: Schedule(presentaton=1 * ms), "Schedule: .*mean 'presentation'"),
            (lambda: Network(population=(), watch="a"), "Network: .*mean 'populations'"),
            (lambda: RandomWiring(q=0.1), "RandomWiring: there is no argument 'q'; it has p"),
            (lambda: SynapseModel(on_post="w = 1"), "'on_post'; give Pathway.'post', spike='post'"),
            (lambda: Projection(pre="a", post="b", p=0.1), "'p'; give wiring=RandomWiring"),
            (lambda: NeuronModel(model="v : 1"), "'model'; did you mean 'equations'"),
            (lambda: Population("a", 5, LIF()), "Population: give all arguments by name: name, n"),
            (lambda: PairWiring([0], [1]), "PairWiring: give all but i by name: i, j"),
        ],
    )
    def test_a_misspelt_one_is_named_with_what_was_meant(self, make, message):
        with pytest.raises(UnknownArgumentError, match=message):
            make()

    def test_it_is_a_type_error_as_pythons_is(self):
        with pytest.raises(TypeError):
            LIF(tau_membran=1 * ms)
        with pytest.raises(TypeError, match="missing"):
            RandomWiring()

    def test_a_constructor_of_ones_own_has_its_own_arguments(self):
        class Own(Wiring):
            def __init__(self, every):
                object.__setattr__(self, "every", every)

        assert Own(every=3).every == 3

    @pytest.mark.parametrize("owner", [LIF(), declare(), RandomWiring(0.1)])
    def test_a_misspelt_attribute_is_named_with_what_was_meant(self, owner):
        name = dataclasses.fields(owner)[0].name
        with pytest.raises(AttributeError, match=f"did you mean '{name}'"):
            getattr(owner, f"{name}x")
        assert not hasattr(owner, "_repr_png_")


FIRST = [
    (RandomWiring, 0.02, {}),
    (FixedInDegree, 7, {}),
    (DistanceWiring, 0.3, {"length": 2.0}),
    (TonotopicWiring, 20, {"width": 0.02}),
    (PairWiring, [0, 1], {"j": [1, 0]}),
    (Constant, 1 * mV, {}),
    (PerTarget, Uniform(0 * ms, high=1 * ms), {}),
    (Uniform, 1 * ms, {"high": 2 * ms}),
    (models.LogUniform, 1 * ms, {"high": 2 * ms}),
    (LogNormal, 2 * second, {"sigma": 0.5}),
    (models.Normal, 1.0, {"sd": 0.5}),
    (Gamma, -1.0, {"sd": 0.5}),
    (Values, [1.0, 2.0], {}),
]


class TestRemedies:
    """What a newcomer meets who writes a synapse of their own."""

    DRIVEN = "w : 1\ndx/dt = -x/(20*ms) : 1 (event-driven)"

    def test_time_that_begins_anew_is_told(self):
        with pytest.raises(ParameterError, match="at_slot_start: must set `lastupdate = 0.second`"):
            SynapseModel(equations=self.DRIVEN, on_pre="x += 1")

    def test_a_default_that_nobody_wrote_is_named_as_one(self):
        cells = NeuronModel(
            equations="dv/dt = -v/tau : volt\nge : volt",
            constants={"tau": 10 * ms},
            threshold="v > 1*mV",
        )
        synapse = SynapseModel(on_pre="v_post += 1*mV")
        with pytest.raises(ParameterError, match="on_pre was left out, and this is its default"):
            Network(
                populations=(Population(name="a", n=2, neuron=cells),),
                projections=(Projection(pre="a", post="a", synapse=synapse),),
                watch="a",
            )

    def test_weights_of_ones_own(self):
        synapse = SynapseModel(equations="w : 1")
        with pytest.raises(ParameterError, match=r"take w out of them, .* in state\['a_to_b.w'\]"):
            Projection(pre="a", post="b", synapse=synapse, weight=Uniform(0, 1))

    def test_a_constant_is_missed_where_a_function_has_nearly_its_name(self):
        cells = NeuronModel(equations="dv/dt = -v/tau : 1", threshold="v > 1")
        with pytest.raises(ParameterError, match="declare it in equations or constants; or did"):
            Network(populations=(Population(name="a", n=1, neuron=cells),), watch="a")


class TestFirstArgument:
    @pytest.mark.parametrize(("kind", "first", "others"), FIRST)
    def test_it_may_be_given_by_position(self, kind, first, others):
        name = next(iter(python_inspect.signature(kind).parameters))
        assert kind(first, **others) == kind(**{name: first}, **others)

    def test_these_are_all_of_them(self):
        kinds = {
            kind for kind in declared_names().values() if issubclass(kind, (Wiring, Distribution))
        }
        without = {Wiring, StoredWiring, Distribution}
        assert kinds - without == {kind for kind, _, _ in FIRST}
