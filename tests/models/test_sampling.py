"""What a network leaves to chance: reproducible, one stream each, checked when it is drawn."""

import dataclasses

import numpy as np
import pytest
from brian2 import ms, mV

from bioplastic.errors import ParameterError
from bioplastic.models import (
    AdaptiveLIF,
    Constant,
    DiehlCookExcitatory,
    LogUniform,
    Network,
    Normal,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    SpikeInput,
    SynapseModel,
    TsodyksMarkram,
    Uniform,
)
from bioplastic.models.distributions import Gamma
from bioplastic.models.wiring import FixedInDegree

TAU = LogUniform(low=5 * ms, high=100 * ms)
POPULATIONS = (
    Population(name="input", n=12, neuron=SpikeInput()),
    Population(name="exc", n=20, neuron=AdaptiveLIF(tau_membrane=TAU, adaptation=0.5 * mV)),
    Population(name="inh", n=8, neuron=AdaptiveLIF(tau_membrane=TAU, tau_adaptation=TAU)),
)
EXCITES, INHIBITS = "i_exc_post += w*mV", "i_inh_post += w*mV"
DRIVE = Projection(
    pre="input", post="exc", wiring=FixedInDegree(n=4), on_pre=EXCITES,
    weight=Gamma(mean=4.0, sd=4.0),
)  # fmt: skip
RECURRENT = Projection(
    pre="exc",
    post="exc",
    wiring=RandomWiring(p=0.3),
    on_pre="i_exc_post += w*u*x*mV",
    delay=Uniform(low=0 * ms, high=10 * ms),
    synapse=TsodyksMarkram(utilisation=Normal(mean=0.5, sd=0.25, low=0.0)),
    weight=Gamma(mean=1.0, sd=1.0),
)
DELAYED = Projection(pre="exc", post="inh", on_pre=EXCITES, delay=2 * ms, weight=3.0)
REGULAR = Projection(pre="inh", post="exc", on_pre=INHIBITS, weight=Gamma(mean=-3.0, sd=1.0))
PLAIN = Projection(pre="inh", post="inh", on_pre=INHIBITS, weight=-1.0)


def declare(*projections, populations=POPULATIONS):
    return Network(
        populations=populations,
        projections=projections or (DRIVE, RECURRENT, DELAYED, REGULAR, PLAIN),
        watch=("exc", "inh"),
        schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
    )


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(other[name], values, err_msg=name)


def test_it_holds_what_is_left_to_chance_and_nothing_else():
    drawn = declare().sample(0)
    assert set(drawn) == {
        "exc.tau_membrane", "inh.tau_membrane", "inh.tau_adaptation",
        "input_to_exc.i", "input_to_exc.j", "input_to_exc.delay", "input_to_exc.w",
        "exc_to_exc.i", "exc_to_exc.j", "exc_to_exc.delay", "exc_to_exc.w",
        "exc_to_exc.utilisation",
        "exc_to_inh.i", "exc_to_inh.j", "exc_to_inh.delay",
        "inh_to_exc.w",
    }  # fmt: skip
    n = len(drawn["exc_to_exc.i"])
    assert all(len(v) == n for k, v in drawn.items() if k.startswith("exc_to_exc."))
    assert len(drawn["input_to_exc.i"]) == 80
    assert len(drawn["inh_to_exc.w"]) == 160
    assert (drawn["inh_to_exc.w"] < 0).all()
    assert (drawn["exc_to_exc.utilisation"] > 0).all()
    np.testing.assert_array_equal(drawn["exc_to_inh.delay"], np.full(160, 0.002))
    assert len(drawn["exc.tau_membrane"]) == 20
    assert ((drawn["exc.tau_membrane"] >= 0.005) & (drawn["exc.tau_membrane"] <= 0.1)).all()


@pytest.mark.parametrize("name", ["input_to_exc", "exc_to_exc", "exc_to_inh"])
def test_synapses_are_ordered_by_neuron_delay_and_target(name):
    drawn = declare().sample(3)
    rows = np.stack([drawn[f"{name}.{k}"] for k in ("i", "delay", "j")], axis=1).tolist()
    assert rows == sorted(rows)
    assert len(rows) > 20


def test_sorting_keeps_what_belongs_to_a_synapse_together():
    @dataclasses.dataclass(frozen=True, kw_only=True, slots=True, repr=False)
    class Numbered(Uniform):
        def sample(self, rng, size):
            return np.arange(size, dtype=float) + self.low

    projection = dataclasses.replace(
        RECURRENT,
        on_pre=EXCITES,
        synapse=SynapseModel(equations="", constants={"number": Numbered(low=1000.0, high=2e3)}),
        weight=Numbered(low=0.0, high=1.0),
    )
    drawn = declare(projection).sample(3)
    number = drawn["exc_to_exc.number"]
    np.testing.assert_array_equal(number - 1000, drawn["exc_to_exc.w"])
    # RandomWiring draws pairs row by row, and the numbers were given in that order
    back = np.argsort(number)
    pairs = drawn["exc_to_exc.i"][back] * 20 + drawn["exc_to_exc.j"][back]
    assert (np.diff(pairs) > 0).all()
    assert (np.diff(number) < 0).any(), "nothing was out of order"


class TestSeeds:
    def test_the_seed_decides(self):
        assert_same(declare().sample(7), declare().sample(7))
        one, other = declare().sample(7), declare().sample(8)
        for name in ("exc.tau_membrane", "exc_to_exc.i", "input_to_exc.w", "inh_to_exc.w"):
            assert not np.array_equal(one[name], other[name]), name

    def test_a_seed_sequence_is_not_used_up(self):
        parent = np.random.SeedSequence(7)
        assert_same(declare().sample(parent), declare().sample(parent))
        assert_same(declare().sample(parent), declare().sample(7))
        child = parent.spawn(3)[2]
        assert_same(declare().sample(child), declare().sample(child))
        assert parent.n_children_spawned == 3
        assert child.n_children_spawned == 0

    def test_a_generator_goes_on(self):
        rng = np.random.default_rng(7)
        first, second = declare().sample(rng), declare().sample(rng)
        assert_same(first, declare().sample(7))
        assert not np.array_equal(first["exc_to_exc.w"], second["exc_to_exc.w"])

    def test_every_population_and_projection_has_its_own_stream(self):
        before = declare().sample(7)
        # more is drawn for one population and one projection, which moves nobody else
        populations = (
            POPULATIONS[0],
            dataclasses.replace(POPULATIONS[1], neuron=AdaptiveLIF(tau_membrane=TAU, tau_exc=TAU)),
            POPULATIONS[2],
        )
        dense = dataclasses.replace(DRIVE, wiring=FixedInDegree(n=9))
        after = declare(dense, RECURRENT, DELAYED, REGULAR, PLAIN, populations=populations)
        found = after.sample(7)
        for name, values in before.items():
            if not name.startswith("input_to_exc."):
                np.testing.assert_array_equal(found[name], values, err_msg=name)
        assert len(found["input_to_exc.i"]) == 180

    def test_the_streams_differ(self):
        drawn = declare().sample(7)
        both = np.concatenate([drawn["exc.tau_membrane"], drawn["inh.tau_membrane"]])
        assert len(set(both)) == 28
        twin = dataclasses.replace(RECURRENT, label="again")
        drawn = declare(RECURRENT, twin).sample(7)
        assert not np.array_equal(drawn["exc_to_exc.w"][:20], drawn["again.w"][:20])


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Drawing(Uniform):
    """Draws what it is told to."""

    values: tuple[float, ...] = ()

    def sample(self, rng, size):
        return np.resize(self.values, size) if self.values else np.zeros(size + 1)


class TestBounds:
    def neuron(self, **parameters):
        odd = dataclasses.replace(POPULATIONS[1], neuron=AdaptiveLIF(**parameters))
        return declare(DRIVE, populations=(POPULATIONS[0], odd, POPULATIONS[2]))

    def test_a_time_constant_below_0(self):
        network = self.neuron(tau_membrane=Normal(mean=1 * ms, sd=5 * ms))
        with pytest.raises(
            ParameterError,
            match="AdaptiveLIF.tau_membrane: must be > 0, Normal.* has drawn -0.0",
        ):
            network.sample(0)

    def test_0_is_allowed_where_it_is_allowed(self):
        drawn = self.neuron(tau_refractory=Constant(value=0 * ms)).sample(0)
        np.testing.assert_array_equal(drawn["exc.tau_refractory"], np.zeros(20))
        with pytest.raises(ParameterError, match="AdaptiveLIF.tau_exc: must be > 0"):
            self.neuron(tau_exc=Constant(value=0 * ms)).sample(0)

    def test_what_has_no_bound_may_be_negative(self):
        drawn = self.neuron(v_rest=Normal(mean=0 * mV, sd=1 * mV)).sample(0)
        assert (drawn["exc.v_rest"] < 0).any()

    @pytest.mark.parametrize("values", [(0.01, np.nan), (0.01, np.inf), ()])
    def test_what_is_not_one_finite_number_each(self, values):
        bad = Drawing(low=1 * ms, high=2 * ms, values=values)
        with pytest.raises(ParameterError, match="tau_membrane: .* must draw 20 finite numbers"):
            self.neuron(tau_membrane=bad).sample(0)

    def test_a_negative_delay(self):
        network = declare(dataclasses.replace(RECURRENT, delay=Normal(mean=1 * ms, sd=5 * ms)))
        with pytest.raises(ParameterError, match="Projection.delay: must be >= 0, Normal.*drawn"):
            network.sample(0)

    def test_a_parameter_of_a_synapse(self):
        odd = TsodyksMarkram(tau_recovery=Normal(mean=1 * ms, sd=5 * ms))
        with pytest.raises(ParameterError, match="TsodyksMarkram.tau_recovery: must be > 0"):
            declare(dataclasses.replace(RECURRENT, synapse=odd)).sample(0)

    def test_a_weight_that_is_not_finite(self):
        bad = Drawing(low=0.0, high=1.0, values=(1.0, np.inf))
        with pytest.raises(ParameterError, match="Projection.weight: .* finite numbers"):
            declare(dataclasses.replace(RECURRENT, weight=bad)).sample(0)

    def test_nothing_is_drawn_for_no_synapses(self):
        none = dataclasses.replace(RECURRENT, wiring=RandomWiring(p=0.0))
        drawn = declare(none).sample(0)
        assert all(len(v) == 0 for k, v in drawn.items() if k.startswith("exc_to_exc."))


class TestWhatDiffersBetweenNeurons:
    def test_initial_values_may_be_drawn(self):
        neuron = DiehlCookExcitatory(theta_initial=Uniform(low=10 * mV, high=30 * mV))
        network = Network(
            populations=(
                Population(name="input", n=2, neuron=SpikeInput()),
                Population(name="exc", n=50, neuron=neuron),
            ),
            watch="exc",
            schedule=Schedule(presentation=None),
        )
        assert network.drawn == {"exc.theta", "exc.theta_initial"}
        drawn = network.sample(0)["exc.theta"]
        assert drawn.shape == (50,)
        assert 0.01 <= drawn.min() < drawn.max() <= 0.03

    def test_what_all_share_may_not(self):
        with pytest.raises(ParameterError, match=r"Schedule.dt: must be one value"):
            Schedule(dt=Uniform(low=1 * ms, high=2 * ms))

    def test_a_normal_between_two_bounds(self):
        drawn = Normal(mean=0.5, sd=0.5, low=0.0, high=1.0).sample(np.random.default_rng(0), 10_000)
        assert 0 < drawn.min() < 0.01
        assert 0.99 < drawn.max() < 1
        with pytest.raises(ParameterError, match=r"Normal.high: must be > 0.5, got 0.2"):
            Normal(mean=0.5, sd=0.5, high=0.2)
        with pytest.raises(ParameterError, match="must be finite"):
            Uniform(low=0.0, high=np.inf)
