"""Declarations: they print so that ``eval`` reads them, and refuse what cannot work, by name."""

import dataclasses
import pickle

import brian2
import brian2.units.allunits
import numpy as np
import pytest
from brian2 import Hz, ms, mV, second

from bioplastic.errors import ParameterError
from bioplastic.models import (
    LIF,
    AdaptiveLIF,
    Constant,
    DiehlCookExcitatory,
    DiehlCookInhibitory,
    DiehlCookSTDP,
    InhibitorySTDP,
    LogUniform,
    MultiplicativeSTDP,
    NearestTripletSTDP,
    Network,
    NeuronModel,
    Normal,
    PairSTDP,
    PlasticityRule,
    PoissonInput,
    Population,
    PowerLawSTDP,
    Projection,
    RandomWiring,
    Schedule,
    SpikeInput,
    SynapseModel,
    TonotopicWiring,
    TripletSTDP,
    TsodyksMarkram,
    Uniform,
)
from bioplastic.models.declaration import EquationString
from bioplastic.models.distributions import Gamma, LogNormal
from bioplastic.models.plasticity.diehl_cook import (
    DiehlCookExponential,
    DiehlCookPowerLaw,
    DiehlCookPreAndPost,
)
from bioplastic.models.summary import declared_names
from bioplastic.models.wiring import DistanceWiring, FixedInDegree
from bioplastic.networks import diehl_cook_network

NAMES = vars(brian2.units.allunits) | declared_names()

INPUT = Population(name="input", n=4, neuron=PoissonInput())
OUTPUT = Population(name="output", n=2, neuron=LIF())

HEBB = PlasticityRule(
    pre_traces="dx/dt = -x/tau_x : 1",
    on_pre_trace="x = 1",
    on_post="w = clip(w + eta*x_pre, 0, 1)",
    constants={"tau_x": 20 * ms, "eta": 0.01},
)
LEAKY = NeuronModel(
    equations="dv/dt = (drive - v)/tau : volt",
    threshold="v > 1*mV",
    reset="v = 0*mV",
    constants={"tau": 10 * ms, "drive": 1.2 * mV},
    initial={"v": -0.3 * mV},
)
DISTRIBUTIONS = [
    Constant(value=1e-3 / 3 * mV),
    Uniform(low=-1.0, high=2.5),
    LogUniform(low=5 * ms, high=0.1 * second + 0.2 * second),
    LogNormal(median=18 * ms, sigma=0.5),
    Normal(mean=1.1 * second, sd=0.55 * second, low=0 * second),
    Gamma(mean=-19.0, sd=19.0),
]
WIRINGS = [
    RandomWiring(p=0.1),
    FixedInDegree(n=7),
    DistanceWiring(c=0.3, length=2.0),
    TonotopicWiring(n=20, width=0.02, offset=-0.1),
]
DEPRESSING = TsodyksMarkram(
    utilisation=Normal(mean=0.5, sd=0.25, low=0.0), tau_recovery=LogNormal(median=1 * ms, sigma=1.0)
)
LIQUID = Network(
    populations=(
        Population(name="input", n=4, neuron=SpikeInput()),
        Population(
            name="liquid",
            n=3,
            neuron=AdaptiveLIF(tau_membrane=LogUniform(low=5 * ms, high=200 * ms)),
            grid=(2, 2),
            places=(3, 0, 1),
        ),
    ),
    projections=(
        Projection(
            pre="liquid",
            post="liquid",
            wiring=DistanceWiring(c=0.3, length=2.0),
            on_pre="i_exc_post += w*u*x*mV",
            weight=Gamma(mean=30.0, sd=30.0),
            delay=Uniform(low=0 * ms, high=10 * ms),
            synapse=DEPRESSING,
        ),
        Projection(
            pre="input",
            post="liquid",
            on_pre="i_exc_post += w*mV",
            delay=1.5 * ms,
            weight=18.0,
            label="excitation",
        ),
        Projection(
            pre="input",
            post="liquid",
            wiring=FixedInDegree(n=1),
            on_pre="i_inh_post += w*mV",
            weight=-9.0,
            label="two",
        ),
    ),
    watch=("liquid", "input"),
    schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
)
DECLARATIONS = [
    *DISTRIBUTIONS,
    *WIRINGS,
    AdaptiveLIF(adaptation=0.5 * mV, v_initial=Uniform(low=13.5 * mV, high=15 * mV)),
    SpikeInput(),
    SynapseModel(equations="y : 1", after_pre="y += step", constants={"step": Constant(value=0.1)}),
    DEPRESSING,
    LIQUID,
    LEAKY,
    LIF(),
    # 0.1 + 0.2 has no short form, and no unit of Brian's is a farad per second
    LIF(tau_membrane=0.1 * ms + 0.2 * ms, v_rest=-1e-3 / 3 * mV),
    NeuronModel(equations="v : 1", constants={"g": 1e-9 / 7 * brian2.farad / second}),
    DiehlCookExcitatory(theta_plus=0.07 * mV),
    DiehlCookInhibitory(tau_gi=3 * ms),
    PoissonInput(boost=0.25),
    HEBB,
    PairSTDP(tau_plus=16.8 * ms, a_plus=0.005),
    DiehlCookSTDP(eta_plus=0.02),
    MultiplicativeSTDP(tau_plus=17 * ms),
    PowerLawSTDP(mu=0.4),
    TripletSTDP.published("hippocampus", "minimal"),
    NearestTripletSTDP.published("visual_cortex", "full", w_max=2.0),
    DiehlCookPowerLaw(mu=0.5),
    DiehlCookExponential(beta=2.0),
    DiehlCookPreAndPost(eta_minus=0.001),
    InhibitorySTDP(rate_target=5 * Hz),
    Schedule(presentation=100 * ms, dt=0.1 * ms, min_spikes=3),
    INPUT,
    Projection(pre="input", post="output", rule=HEBB, norm=78.0),
    diehl_cook_network(n_features=4, n_neurons=3, rule=DiehlCookSTDP(), norm=0.4),
]


@pytest.mark.parametrize("declaration", DECLARATIONS, ids=lambda d: type(d).__name__)
class TestEveryDeclaration:
    def test_its_print_is_read_back_as_an_equal_one(self, declaration):
        again = eval(repr(declaration), dict(NAMES))
        assert again == declaration
        assert type(again) is type(declaration)
        assert repr(again) == repr(declaration)

    def test_a_copy_is_equal_and_pickle_keeps_it(self, declaration):
        assert dataclasses.replace(declaration) == declaration
        assert pickle.loads(pickle.dumps(declaration)) == declaration

    def test_it_cannot_be_changed(self, declaration):
        name = dataclasses.fields(declaration)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(declaration, name, None)


class TestParameters:
    @pytest.mark.parametrize(
        ("declaration", "name"),
        [
            (LIF(), "tau_syn"),
            (DiehlCookExcitatory(), "theta_plus"),
            (DiehlCookSTDP(), "eta_plus"),
            (Schedule(), "presentation"),
        ],
    )
    def test_another_value_makes_another_declaration(self, declaration, name):
        changed = dataclasses.replace(declaration, **{name: getattr(declaration, name) * 2})
        assert changed != declaration
        assert changed == eval(repr(changed), dict(NAMES))

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: LIF(tau_membrane=-1 * ms), "LIF.tau_membrane: must be > 0, got -1. ms"),
            (lambda: LIF(tau_membrane=0 * ms), "LIF.tau_membrane: must be > 0, got 0. s"),
            (lambda: LIF(tau_refractory=-1 * ms), "LIF.tau_refractory: must be >= 0, got -1. ms"),
            (lambda: LIF(v_rest=3 * ms), r"LIF.v_rest: must have the unit of -65. \* mvolt, got 3"),
            (lambda: LIF(tau_membrane=10), "LIF.tau_membrane: must have the unit of .*, got 10"),
            (lambda: LIF(tau_syn="5 ms"), "LIF.tau_syn: must have the unit of .*, got '5 ms'"),
            (lambda: LIF(tau_syn=np.nan * ms), "LIF.tau_syn: must be one finite number, got nan"),
            (lambda: LIF(tau_syn=[1, 2] * ms), "LIF.tau_syn: must be one finite number"),
            (lambda: PoissonInput(boost=-1), "PoissonInput.boost: must be >= 0, got -1"),
            (lambda: DiehlCookSTDP(eta_plus=-0.1), "DiehlCookSTDP.eta_plus: must be >= 0"),
            (lambda: DiehlCookSTDP(tau_y=1 * mV), "DiehlCookSTDP.tau_y: must have the unit"),
            (lambda: PairSTDP(w_max=0.0), "PairSTDP.w_max: must be > 0, got 0.0"),
            (lambda: PowerLawSTDP(mu=-0.1), "PowerLawSTDP.mu: must be >= 0, got -0.1"),
            (lambda: TripletSTDP(tau_x=0 * ms), "TripletSTDP.tau_x: must be > 0, got 0. s"),
            (lambda: NearestTripletSTDP(a3_plus=1 * ms), "NearestTripletSTDP.a3_plus: must have"),
            (lambda: DiehlCookPowerLaw(r1_target=-1), "DiehlCookPowerLaw.r1_target: must be >= 0"),
            (lambda: DiehlCookExponential(beta=-1), "DiehlCookExponential.beta: must be >= 0"),
            (lambda: InhibitorySTDP(rate_target=3), "InhibitorySTDP.rate_target: must have the un"),
            (lambda: Schedule(dt=0 * ms), "Schedule.dt: must be > 0"),
            (lambda: Schedule(presentation=60 * Hz), "Schedule.presentation: must have the unit"),
            (lambda: Schedule(dt=None), "Schedule.dt: must have the unit"),
            (lambda: Schedule(rest=None), "Schedule.rest: must have the unit"),
            (
                lambda: AdaptiveLIF(tau_membrane=Uniform(low=1 * mV, high=2 * mV)),
                "AdaptiveLIF.tau_membrane: must have the unit of .*, got Uniform",
            ),
            (lambda: AdaptiveLIF(adaptation=-1 * mV), "AdaptiveLIF.adaptation: must be >= 0"),
            (lambda: TsodyksMarkram(utilisation=0.0), "TsodyksMarkram.utilisation: must be > 0"),
            (
                lambda: TsodyksMarkram(tau_recovery=Constant(value=1.0)),
                "TsodyksMarkram.tau_recovery: must have the unit of .*, got Constant",
            ),
        ],
    )
    def test_unit_and_range_errors_name_class_field_and_value(self, make, message):
        with pytest.raises(ParameterError, match=message):
            make()

    def test_bounds_that_are_allowed_are_taken(self):
        assert LIF(tau_refractory=0 * ms).tau_refractory == 0 * ms
        assert Schedule(rest=0 * ms, min_spikes=0).min_spikes == 0

    def test_parameters_are_fields_and_constants_together(self):
        more = LIF(constants={"gain": 2.0}, tau_syn=3 * ms).parameters
        assert set(more) == {
            "tau_membrane", "tau_syn", "tau_refractory", "v_rest", "v_reset", "v_threshold", "gain",
        }  # fmt: skip
        assert more["tau_syn"] == 3 * ms
        assert more["gain"] == 2.0


class TestEquations:
    @pytest.mark.parametrize(
        "model",
        [LIF(), DiehlCookExcitatory(), DiehlCookInhibitory(), PairSTDP(), DiehlCookSTDP(), HEBB],
        ids=lambda m: type(m).__name__,
    )
    def test_they_print_as_written_and_give_latex(self, model):
        shown = str(model.equations)
        latex = model.equations._repr_latex_()
        names = brian2.Equations(shown).diff_eq_names
        assert names
        for name in names:
            assert f"d{name}/dt" in shown
        assert latex.count(r"\frac{\mathrm{d}") == len(names)
        # one line a variable, a unit on every line
        lines = [line.partition("#")[0].strip() for line in shown.splitlines()]
        assert all(line.count(":") == 1 for line in lines if line)

    def test_strings_of_ones_own_replace_the_equations(self):
        own = "dv/dt = (v_rest - v)/tau_membrane : volt"
        model = LIF(equations=own, threshold="v > 0*mV", reset="v = v_rest", at_slot_start="")
        assert model.equations == own
        assert isinstance(model.equations, EquationString)
        assert model.reset == "v = v_rest"
        assert model.tau_membrane == LIF().tau_membrane
        assert PairSTDP(on_pre="").on_pre == ""

    def test_a_rule_shows_the_traces_of_both_sides(self):
        assert str(DiehlCookSTDP().pre_traces) in DiehlCookSTDP().equations
        assert str(DiehlCookSTDP().post_traces) in DiehlCookSTDP().equations
        assert HEBB.equations == HEBB.pre_traces


class TestInitialValues:
    def test_theta_begins_at_its_parameter(self):
        assert DiehlCookExcitatory(theta_initial=15 * mV).initial_values["theta"] == 15 * mV

    def test_a_copy_with_another_theta_begins_there(self):
        changed = dataclasses.replace(DiehlCookExcitatory(), theta_initial=30 * mV)
        assert changed.initial_values["theta"] == 30 * mV


class TestFrozen:
    def test_it_takes_all_learning_away_and_nothing_else(self):
        network = diehl_cook_network(n_features=4, n_neurons=3, rule=DiehlCookSTDP(), norm=0.4)
        frozen = network.frozen()
        assert any(p.rule is not None for p in network.projections)
        assert all(p.rule is None and p.norm is None for p in frozen.projections)
        before, after = (n.population("excitatory").neuron for n in (network, frozen))
        assert after.theta_plus == 0 * mV
        # over a hundred years a threshold stays what it is
        assert np.exp(-100 * 3.2e7 * second / after.tau_theta) == 1.0
        unchanged = {"theta_plus", "tau_theta"}
        assert {k: v for k, v in before.parameters.items() if k not in unchanged} == {
            k: v for k, v in after.parameters.items() if k not in unchanged
        }
        assert frozen.schedule == network.schedule
        assert [p.on_pre for p in frozen.projections] == [p.on_pre for p in network.projections]

    def test_frozen_twice_is_frozen_once(self):
        network = diehl_cook_network(n_features=4, n_neurons=3, rule=DiehlCookSTDP(), norm=0.4)
        assert network.frozen().frozen() == network.frozen()

    def test_a_neuron_without_adaptation_is_its_own(self):
        assert LEAKY.frozen() is LEAKY


class TestNetwork:
    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (
                lambda: Network(populations=(INPUT, INPUT), watch="input"),
                "names must differ, input repeat",
            ),
            (
                lambda: Network(populations=(INPUT, OUTPUT), watch="outputs"),
                "there is no population 'outputs'; there are input, output",
            ),
            (
                lambda: Network(
                    populations=(INPUT, OUTPUT),
                    projections=(Projection(pre="in", post="output"),),
                    watch="output",
                ),
                "there is no population 'in'",
            ),
            (
                lambda: Network(
                    populations=(INPUT, OUTPUT),
                    projections=(Projection(pre="input", post="output", wiring="one_to_one"),),
                    watch="output",
                ),
                "input_to_output: one_to_one needs populations of the same size, got 4 and 2",
            ),
            (
                lambda: Network(
                    populations=(INPUT, OUTPUT),
                    projections=(Projection(pre="input", post="output"),) * 2,
                    watch="output",
                ),
                "names must differ, input_to_output repeat",
            ),
            (
                lambda: Network(populations=(OUTPUT,), watch="output").input,
                "Network.input: must be one population, the network has none",
            ),
            (
                lambda: (
                    Network(
                        populations=(INPUT, Population(name="second", n=4, neuron=PoissonInput())),
                        watch="input",
                    ).n_features
                ),
                "must be one population, the network has input, second; its inputs are",
            ),
            (
                lambda: Network(
                    populations=(
                        Population(
                            name="reader",
                            n=4,
                            neuron=NeuronModel(
                                equations="x : 1", at_slot_start="x = stimulus(0, i)"
                            ),
                        ),
                    ),
                    watch=(),
                ),
                "Population reader: its NeuronModel reads stimulus\\(\\) and takes no samples",
            ),
            (lambda: Population(name="two words", n=1, neuron=LIF()), "identifier.*'two words'"),
            (lambda: Population(name="a", n=0, neuron=LIF()), "Population.n: .*got 0 \\(a\\)"),
            (lambda: Projection(pre="a", post="b", wiring="random"), "wiring.*got 'random'"),
            (
                lambda: Projection(pre="a", post="b", weight=1.0, rule=PairSTDP()),
                "Projection.weight: must be None.*\\(a_to_b\\), got 1.0",
            ),
            (lambda: Projection(pre="a", post="b", weight=1.0, norm=2.0), "must be None"),
            (lambda: Projection(pre="a", post="b", norm=0.0), "norm: must be > 0, got 0.0"),
            (lambda: Projection(pre="a", post="b", norm=np.nan), "norm: must be > 0, got nan"),
            (
                lambda: Projection(pre="a", post="b", weight=np.inf),
                "weight: must be finite, got inf \\(a_to_b\\)",
            ),
            (lambda: Projection(pre="a", post="b", delay=-1 * ms), "delay: must be >= 0, got -1"),
            (lambda: Projection(pre="a", post="b", delay=1.0), "delay: must have the unit"),
            (lambda: Projection(pre="a", post="b", label="two words"), "label.*'two words'"),
            (
                lambda: Network(
                    populations=(INPUT, OUTPUT),
                    projections=(Projection(pre="input", post="output", label="output"),),
                    watch="output",
                ),
                "names must differ, output repeat",
            ),
            (
                lambda: Network(
                    populations=(INPUT, OUTPUT),
                    watch="output",
                    schedule=Schedule(presentation=None),
                ),
                "Schedule.presentation: must be given for a PoissonInput",
            ),
            (
                lambda: Network(populations=(INPUT, OUTPUT), watch=("output", "outputs")),
                "there is no population 'outputs'",
            ),
            (
                lambda: Population(name="a", n=3, neuron=LIF(), grid=(2, 1)),
                "grid: must have a point for every neuron, \\(2, 1\\) has 2 \\(a\\)",
            ),
            (
                lambda: Population(name="a", n=2, neuron=LIF(), grid=(2, 2), places=(0, 4)),
                "grid: must have a point for every neuron",
            ),
            (
                lambda: Population(name="a", n=2, neuron=LIF(), grid=(2, 2), places=(-1, 3)),
                "grid: must have a point for every neuron",
            ),
            (
                lambda: Population(name="a", n=2, neuron=LIF(), grid=(2, 2), places=(1, 2, 3)),
                "places: must have n=2 entries, got 3 \\(a\\)",
            ),
        ],
    )
    def test_what_cannot_work_is_refused(self, make, message):
        with pytest.raises(ParameterError, match=message):
            make()

    @pytest.mark.parametrize("name", ["schedule", "step_clock", "slot_clock"])
    def test_names_that_the_engine_uses_itself_are_refused(self, name):
        with pytest.raises(ParameterError, match=f"Population.name.*got '{name}'"):
            Network(populations=(INPUT, Population(name=name, n=2, neuron=LIF())), watch=name)
        with pytest.raises(ParameterError, match=f"Projection.label.*got '{name}'"):
            Projection(pre="input", post="output", label=name)

    @pytest.mark.parametrize("name", ["watch", "spikes", "stimulus", "uniform"])
    def test_other_names_are_free(self, name):
        named = Population(name=name, n=2, neuron=LIF())
        assert Network(populations=(INPUT, named), watch=name).watched == (name,)

    def test_what_never_spikes_cannot_be_watched_or_project(self):
        silent = Population(name="silent", n=2, neuron=NeuronModel(equations="v : volt"))
        with pytest.raises(ParameterError, match="silent.*threshold"):
            Network(populations=(INPUT, silent), watch="silent")
        with pytest.raises(ParameterError, match="silent.*threshold"):
            Network(
                populations=(INPUT, OUTPUT, silent),
                projections=(Projection(pre="silent", post="output"),),
                watch="output",
            )

    def test_units_of_all_that_is_watched_are_counted(self):
        assert LIQUID.watched == ("liquid", "input")
        assert LIQUID.n_watched == 7
        assert dataclasses.replace(LIQUID, watch="input").n_watched == 4

    def test_a_projection_is_listed_where_it_is_not_regular(self):
        plain = {"pre": "a", "post": "b"}
        for changes in ({}, {"weight": 1.0}, {"weight": Uniform(low=0.0, high=1.0)}):
            assert not Projection(**plain | changes).listed, changes
        for changes in (
            {"wiring": RandomWiring(p=1.0)},
            {"delay": 1 * ms},
            {"delay": Uniform(low=0 * ms, high=1 * ms)},
            {"synapse": TsodyksMarkram()},
        ):
            assert Projection(**plain | changes).listed, changes

    def test_it_finds_its_populations(self):
        network = Network(populations=(OUTPUT, INPUT), watch="output")
        assert network.input is INPUT
        assert network.population("output") is OUTPUT


class TestSchedule:
    @pytest.mark.parametrize(
        "lengths",
        [
            {"presentation": 0.7 * ms},
            {"presentation": 350.1 * ms},
            {"rest": 0.2 * ms},
            {"dt": 0.3 * ms},
        ],
    )
    def test_lengths_that_are_no_multiples_of_dt_are_refused(self, lengths):
        with pytest.raises(ParameterError, match="must be a whole multiple of dt="):
            Schedule(**lengths)

    @pytest.mark.parametrize(
        ("presentation", "rest", "dt", "n_steps"),
        [(350, 150, 0.5, 1000), (0.3, 0, 0.1, 3), (20, 0.7, 0.1, 207), (1, 0, 1, 1)],
    )
    def test_steps_are_counted_in_spite_of_rounding(self, presentation, rest, dt, n_steps):
        schedule = Schedule(presentation=presentation * ms, rest=rest * ms, dt=dt * ms)
        assert schedule.n_steps() == n_steps
        # samples of rates have no length of their own
        np.testing.assert_array_equal(schedule.n_steps(np.zeros(3)), [n_steps] * 3)
        np.testing.assert_array_equal(schedule.n_steps([0.001, 7.0]), [n_steps] * 2)

    @pytest.mark.parametrize(
        ("duration", "dt", "n_steps"),
        [
            (0.7, 1.0, 700),
            (0.1 + 0.2, 0.1, 3000),
            (0.7001, 1.0, 701),
            (0.0004, 1.0, 1),
            (0.0, 1.0, 1),
        ],
    )
    def test_a_length_of_its_own_is_rounded_up_to_a_step(self, duration, dt, n_steps):
        schedule = Schedule(presentation=None, rest=2 * dt * ms, dt=dt * ms)
        found = schedule.n_steps([duration, 2 * duration])
        assert found.dtype == np.int64
        assert found[0] == n_steps + 2

    def test_a_length_beyond_64_bits_has_more_steps_than_any_limit(self):
        assert Schedule(presentation=None, rest=0 * ms).n_steps([1e300]) > 2**31


def test_declaring_makes_no_brian_object():
    def count():
        return len(list(brian2.BrianObject.__instances__()))

    before = count()
    diehl_cook_network(n_features=4, n_neurons=3, rule=DiehlCookSTDP(), norm=0.4).frozen()
    assert count() == before
