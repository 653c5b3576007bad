"""Traces stand on neurons where that is the same, on synapses where it is not."""

import dataclasses

import numpy as np
import pytest
from brian2 import ms

from bioplastic import SpikeTrains, engine
from bioplastic.engine.traces import learning_of, sides_on_synapses
from bioplastic.errors import ParameterError
from bioplastic.models import (
    LIF,
    Constant,
    DiehlCookSTDP,
    InhibitorySTDP,
    NearestTripletSTDP,
    Network,
    NeuronModel,
    PairSTDP,
    PairWiring,
    PlasticityRule,
    Population,
    Projection,
    Schedule,
    SpikeInput,
    TripletSTDP,
    Uniform,
)
from bioplastic.models.plasticity.reward import EpisodicRewardSTDP, ThreeFactorSTDP

N_PRE, N_POST, ENGINES = 8, 5, ["numpy", "cpp_standalone"]
FAST = {"w_max": 60.0, "a_plus": 0.4, "a_minus": 0.3}
RULES = {
    "pair": PairSTDP(**FAST),
    "triplet": TripletSTDP(w_max=60.0, a2_plus=0.2, a2_minus=0.3, a3_plus=0.1, a3_minus=0.1),
    "nearest_triplet": NearestTripletSTDP(w_max=60.0, a2_plus=0.2, a2_minus=0.3),
    "script": DiehlCookSTDP(w_max=60.0, eta_plus=0.5, eta_minus=0.3),
    "inhibitory": InhibitorySTDP(eta=0.2),
    "three_factor": ThreeFactorSTDP(**FAST, m_tonic=1.0),
    "episodic": EpisodicRewardSTDP(**FAST),
}


def declare(rule, *, delay=0 * ms, wiring="all_to_all", entrance=None):
    return Network(
        populations=(
            Population(name="input", n=N_PRE, neuron=entrance or SpikeInput()),
            Population(name="output", n=N_POST, neuron=LIF()),
        ),
        projections=(
            Projection(
                pre="input", post="output", wiring=wiring, on_pre="i_syn_post += w*mV",
                weight=Uniform(low=10.0, high=40.0), rule=rule, delay=delay,
            ),
        ),
        watch="output",
        schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
    )  # fmt: skip


def on_synapses(rule):
    """Return the rule with a constant that could differ from synapse to synapse, but does not."""
    name = "tau" if "tau" in rule.parameters else "tau_plus"
    return dataclasses.replace(rule, **{name: Constant(value=getattr(rule, name))})


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(3)
    parts = [
        SpikeTrains(np.sort(rng.uniform(0, 0.3, 150)), rng.integers(0, N_PRE, 150), [0, 150],
                    n_units=N_PRE, duration=0.3)
        for _ in range(3)
    ]  # fmt: skip
    return engine.SpikeStimulus(trains=SpikeTrains.concatenate(parts))


def learned(network, samples, *, name, w):
    state = {"input_to_output.w": w}
    result = engine.run(network, samples, seed=1, engine=name, state=state, record="spikes")
    weights = result.state["input_to_output.w"]
    if "input_to_output.i" not in result.state:
        return weights.reshape(N_PRE, N_POST), result.spikes
    matrix = np.full((N_PRE, N_POST), np.nan)
    i, j = (result.state[f"input_to_output.{k}"].astype(int) for k in "ij")
    matrix[i, j] = weights
    return matrix, result.spikes


@pytest.mark.parametrize("rule", RULES)
def test_it_is_the_same_on_synapses(rule, samples):
    w = np.linspace(10, 40, N_PRE * N_POST)
    plain, moved = RULES[rule], on_synapses(RULES[rule])
    assert not sides_on_synapses(declare(plain).projections[0])
    assert sides_on_synapses(declare(moved).projections[0])
    found, spikes = learned(declare(plain), samples, name="numpy", w=w)
    state = {
        f"input_to_output.{k}": v
        for k, v in zip("ij", np.indices((N_PRE, N_POST)).reshape(2, -1).astype(float), strict=True)
    }
    network = declare(moved)
    state |= {k: v for k, v in network.sample(0).items() if k not in state}
    state["input_to_output.w"] = w
    result = engine.run(
        network, samples, seed=1, engine="numpy", state=state, record="spikes"
    )  # fmt: skip
    other = np.zeros((N_PRE, N_POST))
    i, j = (result.state[f"input_to_output.{k}"].astype(int) for k in "ij")
    other[i, j] = result.state["input_to_output.w"]
    np.testing.assert_array_equal(result.spikes.times, spikes.times)
    np.testing.assert_allclose(other, found, rtol=0, atol=1e-11)
    if rule != "episodic":  # which nobody tells of a reward here
        assert (np.abs(found.ravel() - w) > 0.1).mean() > 0.5


class TestDelays:
    DELAY = 5 * ms

    def test_a_delayed_spike_is_one_that_came_later(self, samples):
        """Traces wait at the synapse, so a delay is the same as later spikes."""
        w, shift = np.linspace(10, 40, N_PRE * N_POST), 0.005
        trains = samples.trains
        late = engine.SpikeStimulus(
            trains=SpikeTrains(trains.times + shift, trains.units, trains.offsets,
                               n_units=N_PRE, duration=trains.duration + shift)
        )  # fmt: skip
        longer = engine.SpikeStimulus(
            trains=SpikeTrains(trains.times, trains.units, trains.offsets, n_units=N_PRE,
                               duration=trains.duration + shift)
        )  # fmt: skip
        network = declare(RULES["triplet"], delay=self.DELAY)
        found, spikes = learned(network, longer, name="numpy", w=w)
        plain, others = learned(declare(RULES["triplet"]), late, name="numpy", w=w)
        np.testing.assert_array_equal(spikes.times, others.times)
        np.testing.assert_allclose(found, plain, rtol=0, atol=1e-11)
        assert (np.abs(found.ravel() - w) > 0.1).mean() > 0.5

    def test_a_constant_of_both_sides_stands_with_both(self, samples):
        w = np.linspace(10, 40, N_PRE * N_POST)
        rule = RULES["inhibitory"]
        (numpy, _), (cpp, _) = (
            learned(declare(rule, delay=self.DELAY), samples, name=name, w=w) for name in ENGINES
        )
        np.testing.assert_allclose(cpp, numpy, rtol=0, atol=1e-12)
        moved, _ = learned(declare(on_synapses(rule), delay=self.DELAY), samples, name="numpy", w=w)
        np.testing.assert_allclose(moved, numpy, rtol=0, atol=1e-11)
        assert (np.abs(numpy.ravel() - w) > 0.1).mean() > 0.5

    def test_engines_agree_on_delays_that_differ(self, samples):
        network = declare(RULES["triplet"], delay=Uniform(low=1 * ms, high=9 * ms))
        state = network.sample(5)
        results = [
            engine.run(network, samples, seed=1, engine=name, state=state, record="spikes")
            for name in ENGINES
        ]
        numpy, cpp = (result.state["input_to_output.w"] for result in results)
        assert len(results[0].spikes.times) > 100
        np.testing.assert_array_equal(results[0].spikes.times, results[1].spikes.times)
        np.testing.assert_allclose(cpp, numpy, rtol=0, atol=1e-12)
        assert np.ptp(state["input_to_output.delay"]) > 0.005

    def test_only_what_waits_stands_with_the_synapse(self):
        """A delay lies before the synapse: traces and modulator of its neuron stay there."""
        projection = declare(ThreeFactorSTDP(), delay=self.DELAY).projections[0]
        assert sides_on_synapses(projection) == ("pre",)
        assert learning_of(projection).codes["on_pre"] == "c -= a_minus*o1_post\nr1 += 1"
        assert "m_post" in learning_of(projection).codes["every_step"]

    def test_a_reward_reaches_a_synapse_with_a_delay(self):
        """Spikes of the input drive, are learned from, and tell of the reward."""
        rule = ThreeFactorSTDP(**FAST)

        def change(delay, first):
            plain = declare(rule, delay=delay)
            network = dataclasses.replace(
                plain,
                projections=(
                    dataclasses.replace(plain.projections[0], on_pre=""),
                    Projection(
                        pre="input", post="output", label="drive", wiring=PairWiring(i=[1], j=[0]),
                        on_pre="v_post = 0*mV", weight=1.0,
                    ),
                    Projection(
                        pre="input", post="output", label="reward", wiring=PairWiring(i=[2], j=[0]),
                        on_pre="m_post += w", weight=0.5,
                    ),
                ),
            )  # fmt: skip
            trains = SpikeTrains(
                [first, 0.025, 0.3], [0, 1, 2], [0, 3], n_units=N_PRE, duration=0.8
            )
            w = np.full(N_PRE * N_POST, 20.0)
            found, _ = learned(network, engine.SpikeStimulus(trains=trains), name="numpy", w=w)
            return found[0, 0] - 20.0

        assert change(5 * ms, 0.015) == pytest.approx(change(0 * ms, 0.020), rel=1e-9)
        assert change(5 * ms, 0.015) > 0.01


def test_a_constant_may_differ_from_synapse_to_synapse(samples):
    # so small that spikes are the same, and the change is proportional to it
    rule = PairSTDP(w_max=60.0, a_plus=Uniform(low=0.0, high=1e-6), a_minus=0.0)
    network = declare(rule)
    state = network.sample(5)
    same = state | {"input_to_output.a_plus": np.full(N_PRE * N_POST, 1e-6)}
    for name in ENGINES:
        change, most = (
            engine.run(network, samples, seed=1, engine=name, state=s).state["input_to_output.w"]
            - state["input_to_output.w"]
            for s in (state, same)
        )
        share = state["input_to_output.a_plus"] / 1e-6
        assert most.min() > 1e-7
        np.testing.assert_allclose(change, share * most, rtol=0, atol=1e-3 * most.min())


def test_a_trace_that_names_the_weight_stands_with_the_synapse(samples):
    rule = PlasticityRule(
        pre_traces="dr1/dt = -r1/tau : 1",
        on_pre_trace="r1 += 0.01*w",
        on_post="w = w + 0.1*r1_pre",
        at_slot_start_pre="r1 = 0",
        constants={"tau": 20 * ms},
    )
    network = declare(rule)
    learning = learning_of(network.projections[0])
    assert learning.codes["on_pre"] == "r1 += 0.01*w"
    assert learning.codes["on_post"] == "w = w + 0.1*r1"
    assert "(event-driven)" in learning.equations
    w = np.linspace(10, 40, N_PRE * N_POST)
    (numpy, _), (cpp, _) = (learned(network, samples, name=name, w=w) for name in ENGINES)
    np.testing.assert_allclose(cpp, numpy, rtol=0, atol=1e-12)
    assert (numpy.ravel() > w).all()


def test_a_trace_of_the_membrane_cannot_be_delayed():
    rule = PlasticityRule(
        pre_traces="du/dt = (v - u)/tau : volt", on_pre="w = w - u_pre/volt",
        constants={"tau": 10 * ms},
    )  # fmt: skip
    shown = SpikeInput(equations="v : volt")
    network = declare(rule, delay=2 * ms, entrance=shown)
    with pytest.raises(ParameterError, match="input_to_output: trace 'u' of its rule reads v of"):
        engine.open_program(network, engine="numpy")


def test_nor_can_one_that_a_spike_changes_by_it():
    rule = PlasticityRule(
        pre_traces="dr1/dt = -r1/tau : 1", on_pre_trace="r1 += gain", at_slot_start_pre="r1 = 0",
        on_post="w = w + r1_pre", constants={"tau": 10 * ms},
    )  # fmt: skip
    network = declare(rule, delay=2 * ms, entrance=SpikeInput(equations="gain : 1"))
    with pytest.raises(ParameterError, match="on_pre_trace of its rule reads gain of the neuron"):
        engine.open_program(network, engine="numpy")


@pytest.mark.parametrize("begins", ["r1 = 0", ""])
def test_one_that_is_read_between_spikes_is_advanced_in_every_step(samples, begins):
    rule = PlasticityRule(
        pre_traces="dr1/dt = -r1/tau : 1", on_pre_trace="r1 += 1", at_slot_start_pre=begins,
        every_step="w = w + 0.001*r1_pre", constants={"tau": 10 * ms},
    )  # fmt: skip
    trains = SpikeTrains([0.010, 0.015], [0, 0], [0, 1, 2], n_units=N_PRE, duration=0.03)
    w = np.full(N_PRE * N_POST, 20.0)
    for name in ENGINES:
        network = declare(rule, delay=2 * ms)
        found, _ = learned(network, engine.SpikeStimulus(trains=trains), name=name, w=w)
        decays = np.exp(-np.arange(18) / 10)  # of a spike at 10 ms, to the end of its sample
        later = np.exp(-np.arange(13) / 10).sum()
        if not begins:  # what is left of it decays through the second sample
            later += (decays[-1] * np.exp(-np.arange(1, 31) / 10)).sum()
        assert found[0, 0] - 20 == pytest.approx(0.001 * (decays.sum() + later), rel=1e-9)
        assert (found[1:] == 20).all()


def test_names_are_their_own_where_only_some_spikes_are_late(samples):
    """Traces of one name stand with the neurons for one projection, with synapses for the other."""
    for label in ("late", "that_are_post"):
        plain = declare(RULES["triplet"])
        late = dataclasses.replace(plain.projections[0], label=label, delay=2 * ms)
        network = dataclasses.replace(plain, projections=(*plain.projections, late))
        state = network.sample(1)
        found = [
            engine.run(network, samples, seed=1, engine=name, state=state).state
            for name in (ENGINES if label == "late" else ["numpy"])
        ]
        for key in (f"{label}.w", "input_to_output.w"):
            np.testing.assert_allclose(found[-1][key], found[0][key], rtol=0, atol=1e-11)
            assert (found[0][key] != state[key]).mean() > 0.5


def test_what_waits_is_no_state(samples):
    """C++ keeps it once for each neuron and delay, and not where a synapse changes it by itself."""
    rules = {
        "kept": RULES["triplet"],
        "used_up": PlasticityRule(
            pre_traces="dr1/dt = -r1/tau : 1", on_pre_trace="r1 += 1", at_slot_start_pre="r1 = 0",
            on_post="w = w + r1_pre; r1_pre = 0.5*r1_pre", constants={"tau": 20 * ms},
        ),
        "by_weight": PlasticityRule(
            pre_traces="dr1/dt = -r1/tau : 1", on_pre_trace="r1 += 0.01*w",
            at_slot_start_pre="r1 = 0", on_post="w = w + 0.1*r1_pre", constants={"tau": 20 * ms},
        ),
    }  # fmt: skip
    for name, rule in rules.items():
        network = declare(rule, delay=Uniform(low=0 * ms, high=4 * ms))
        assert bool(learning_of(network.projections[0]).waiting) == (name == "kept")
        state = network.sample(5)
        numpy, cpp = (
            engine.run(network, samples, seed=1, engine=engine_name, state=state).state
            for engine_name in ENGINES
        )
        assert ("input_to_output.r1" in numpy) == (name != "kept")
        for key, values in numpy.items():
            np.testing.assert_allclose(cpp[key], values, rtol=1e-11, atol=1e-12, err_msg=key)
        assert (np.abs(numpy["input_to_output.w"] - state["input_to_output.w"]) > 0.1).mean() > 0.5


def test_constants_of_a_rule_may_have_names_of_the_neurons():
    """A neuron's tau is not the rule's: both keep their values."""
    neuron = NeuronModel(
        equations="dv/dt = -v/tau : 1\nr1 : 1", threshold="v > 1", reset="v = 0; r1 += 1",
        constants={"tau": 10 * ms},
    )  # fmt: skip
    plain = dataclasses.replace(
        neuron, equations="dv/dt = -v/tau_v : 1\nn : 1", reset="v = 0; n += 1",
        constants={"tau_v": 10 * ms},
    )  # fmt: skip
    states = []
    for model in (neuron, plain):
        network = Network(
            populations=(
                Population(name="a", n=3, neuron=SpikeInput()),
                Population(name="b", n=3, neuron=model),
            ),
            projections=(
                Projection(
                    pre="a", post="b", on_pre="v_post += w", weight=Constant(0.4),
                    rule=InhibitorySTDP(tau=25 * ms, eta=0.1),
                ),
            ),
            watch="b",
            schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
        )  # fmt: skip
        times = np.arange(40) * 1e-3
        trains = SpikeTrains(times, np.arange(40) % 3, [0, 40], n_units=3, duration=0.05)
        stimulus = engine.SpikeStimulus(trains=trains)
        result = engine.run(network, stimulus, seed=0, engine="numpy")
        states.append(result.state["a_to_b.w"])
        assert result.counts.sum() > 3
    np.testing.assert_array_equal(*states)
    assert np.ptp(states[0]) > 0
