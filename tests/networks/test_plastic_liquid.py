"""A liquid that learns without labels: which synapses, what stays fixed, and what it then says."""

import pickle
import signal
from dataclasses import replace

import numpy as np
import pytest
from brian2 import Hz, ms, mV, second
from sklearn.base import clone

from bioplastic import SpikeTrains, engine
from bioplastic.engine.engines import resolve_engine
from bioplastic.errors import ParameterError
from bioplastic.models import (
    LIF,
    Constant,
    HomeostaticLIF,
    InhibitorySTDP,
    Network,
    PairSTDP,
    PlasticityRule,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    SpikeInput,
    TripletSTDP,
    Uniform,
)
from bioplastic.models.intrinsic import AdaptiveThresholdLIF
from bioplastic.networks import (
    LiquidStateMachine,
    MaassColumn,
    RandomLiquid,
    TonotopicLiquid,
    training,
)
from bioplastic.networks._plastic_liquid import learns, with_rules, without_learning

N_CHANNELS = 12
RULES = {
    "inh_to_exc": InhibitorySTDP(eta=0.5, rate_target=20 * Hz, w_max=60.0),
    "exc_to_exc": TripletSTDP(a2_minus=0.05, a3_plus=0.08, w_max=8.0),
}
SMALL = {
    "n_neurons": 20,
    "liquid": RandomLiquid(p_input=0.5, w_input=15.0, p=0.3),
    "engine": "auto",
    "random_state": 0,
}


def words(n=7, *, seed=0, rate=60.0):
    """Poisson samples of different lengths; the third is silent."""
    rng = np.random.default_rng(seed)
    duration = rng.uniform(0.04, 0.08, n)
    counts = rng.poisson(rate * N_CHANNELS * duration)
    counts[2] = 0
    times = np.concatenate(
        [np.sort(rng.uniform(0, d, k)) for d, k in zip(duration, counts, strict=True)]
    )
    return SpikeTrains(
        times, rng.integers(N_CHANNELS, size=len(times)), np.cumsum([0, *counts]),
        n_units=N_CHANNELS, duration=duration,
    )  # fmt: skip


def own_network(rule=None, *, neuron=None, wiring=None, delay=3 * ms):
    return Network(
        populations=(
            Population(name="ear", n=N_CHANNELS, neuron=SpikeInput()),
            Population(name="cells", n=6, neuron=neuron or LIF()),
        ),
        projections=(
            Projection(
                pre="ear", post="cells", wiring=wiring or RandomWiring(p=0.6), rule=rule,
                on_pre="i_syn_post += w*mV", weight=Uniform(low=8.0, high=30.0), delay=delay,
            ),
        ),
        watch="cells",
        schedule=Schedule(presentation=None, rest=3 * ms, dt=1 * ms, min_spikes=0, max_repeats=0),
    )  # fmt: skip


OWN = {"n_neurons": 6, "engine": "auto", "random_state": 0}
PAIR = PairSTDP(a_plus=0.5, a_minus=0.4, w_max=40.0)


@pytest.fixture(scope="module")
def X():
    return words()


@pytest.fixture(scope="module")
def fixed(X):
    return LiquidStateMachine(**SMALL).fit(X)


@pytest.fixture(scope="module")
def plastic(X):
    return LiquidStateMachine(**SMALL, plasticity=RULES, n_epochs=2).fit(X)


class TestLearning:
    def test_weights_with_a_rule_change_and_nothing_else(self, fixed, plastic):
        assert set(plastic.state_) == set(fixed.state_)
        changed = {
            name
            for name, values in fixed.state_.items()
            if not np.array_equal(plastic.state_[name], values)
        }
        assert changed == {"inh_to_exc.w", "exc_to_exc.w"}
        for name, rule in RULES.items():
            weights = plastic.state_[f"{name}.w"]
            assert 0 <= weights.min() < weights.max() <= rule.w_max
        assert plastic.n_synapses_ == fixed.n_synapses_

    def test_then_it_is_fixed(self, fixed, plastic, X):
        assert plastic.network_ == fixed.network_
        before = {name: values.copy() for name, values in plastic.state_.items()}
        answers = plastic.transform(X)
        assert answers != fixed.transform(X)
        assert plastic.transform(X) == answers
        for name, values in before.items():
            np.testing.assert_array_equal(plastic.state_[name], values)

    def test_an_answer_does_not_depend_on_its_company(self, plastic, X):
        answers = plastic.transform(X)
        turned = np.random.default_rng(0).permutation(len(X))
        assert plastic.transform(X[turned]) == answers[turned]
        assert plastic.transform(X[5]) == answers[5]
        assert pickle.loads(pickle.dumps(plastic)).transform(X) == answers

    def test_labels_are_not_looked_at(self, plastic, X):
        other = clone(plastic).fit(X, np.arange(len(X)))
        for name, values in plastic.state_.items():
            np.testing.assert_array_equal(other.state_[name], values)

    def test_it_does_not_depend_on_the_size_of_chunks(self, plastic, X, monkeypatch):
        monkeypatch.setattr(training, "SIZES", (3, 3))
        other = clone(plastic).fit(X)
        for name, values in plastic.state_.items():
            np.testing.assert_array_equal(other.state_[name], values)

    def test_each_epoch_has_its_own_order(self, plastic, X, monkeypatch):
        orders = []

        def run(network, stimulus, **kwargs):
            orders.append(stimulus.order.reshape(2, -1))
            return engine.run(network, stimulus, **kwargs)

        monkeypatch.setattr(training, "engines", _Engines(run))
        for changed in ({}, {"random_state": 1}, {"shuffle": False}):
            clone(plastic).set_params(**changed).fit(X)
        for order in orders:
            np.testing.assert_array_equal(np.sort(order, axis=1), [np.arange(len(X))] * 2)
        assert (orders[0][0] != orders[0][1]).any()
        assert (orders[0] != orders[1]).any()
        np.testing.assert_array_equal(orders[2], [np.arange(len(X))] * 2)

    def test_inhibition_brings_neurons_to_their_rate(self):
        rules = {  # a triplet rule without amplitudes: the same program as above
            "inh_to_exc": InhibitorySTDP(eta=10.0, rate_target=25 * Hz, w_max=1e3),
            "exc_to_exc": TripletSTDP(a2_plus=0, a3_plus=0, a2_minus=0, a3_minus=0, w_max=1e3),
        }
        loud = words(10, seed=3, rate=120.0)
        options = SMALL | {"liquid": replace(SMALL["liquid"], p=0.7)}

        def counts(**more):
            lsm = LiquidStateMachine(**options, **more).fit(loud)
            return lsm.transform(loud).counts()[:, :16].sum(axis=0)

        wanted = 25 * loud.duration.sum()
        before, after = counts(), counts(plasticity=rules, n_epochs=3)
        assert before.mean() > 1.5 * wanted
        assert np.abs(after - wanted).mean() < 0.6 * np.abs(before - wanted).mean()

    def test_what_is_told_after_fit(self, X):
        lsm = LiquidStateMachine(**SMALL, plasticity=RULES).fit(X)
        assert set(lsm.timings_) == {"build", "simulate", "read"}
        assert lsm.timings_["simulate"] > 0
        assert lsm.engine_["name"] == resolve_engine("auto")
        resting = LiquidStateMachine(**SMALL).fit(X)
        assert resting.timings_ == {"build": 0.0, "simulate": 0.0}
        assert not hasattr(resting, "engine_")


class _Engines:
    """The engines with another `run`."""

    def __init__(self, run):
        self.run = run

    def __getattr__(self, name):
        return getattr(engine, name)


class TestWhichSynapses:
    @pytest.mark.parametrize(
        ("liquid", "name"),
        [
            (RandomLiquid(), "exc_to_exc"),
            (MaassColumn(), "exc_to_exc"),
            (TonotopicLiquid(), "exc_excites_exc"),
        ],
    )
    def test_one_rule_is_for_excitation_within_the_liquid(self, liquid, name):
        network = declared(liquid)
        ruled = with_rules(network, PAIR)
        assert [p.name for p in ruled.projections if p.rule == PAIR] == [name]
        assert [p.name for p in ruled.projections] == [p.name for p in network.projections]
        assert not learns(network)
        assert learns(ruled)
        assert not learns(without_learning(ruled))

    def test_one_weight_becomes_one_for_each_synapse(self):
        network = declared(TonotopicLiquid(w_exc=1.5))
        ruled = with_rules(network, PAIR)
        assert ruled.projections[4].weight == Constant(value=1.5)
        drawn, more = network.sample(0), ruled.sample(0)
        np.testing.assert_array_equal(more["exc_excites_exc.w"], 1.5)
        for name, values in drawn.items():  # the same liquid as without a rule
            np.testing.assert_array_equal(more[name], values)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"exc_to_ex": PAIR}, "which are input_to_exc, .*inh_to_inh, got 'exc_to_ex'"),
            ({}, "must be a PlasticityRule, a mapping .* or None, got {}"),
            ({"exc_to_exc": "triplet"}, "must be a PlasticityRule, a mapping"),
            ("triplet", "must be a PlasticityRule, a mapping .* got 'triplet'"),
            (PairSTDP, "must be a PlasticityRule, a mapping"),
        ],
    )
    def test_what_is_no_rule_or_has_no_place(self, X, wrong, message):
        lsm = LiquidStateMachine(**SMALL, plasticity=wrong)
        with pytest.raises(ParameterError, match=f"LiquidStateMachine.plasticity: .*{message}"):
            lsm.fit(X)
        assert not hasattr(lsm, "network_")


def declared(liquid):
    return liquid.network(
        n_channels=N_CHANNELS,
        n_neurons=27,
        schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
        rng=np.random.default_rng(0),
    )


class TestOwnNetwork:
    def test_its_rules_are_learned_by(self, X):
        network = own_network(PAIR)
        lsm = LiquidStateMachine(**OWN, liquid=network, n_epochs=2, shuffle=False).fit(X)
        assert lsm.network_ == own_network()
        drawn = LiquidStateMachine(**OWN, liquid=own_network()).fit(X).state_
        by_hand = engine.run(
            network,
            engine.SpikeStimulus(trains=X, order=np.tile(np.arange(len(X)), 2)),
            seed=0,
            state=drawn,
            engine="auto",
        )
        weights = lsm.state_["ear_to_cells.w"]
        np.testing.assert_array_equal(weights, by_hand.state["ear_to_cells.w"])
        assert np.abs(weights - drawn["ear_to_cells.w"]).max() > 1

    def test_or_those_given_for_it(self, X):
        inside = LiquidStateMachine(**OWN, liquid=own_network(PAIR)).fit(X)
        options = {"liquid": own_network(), "plasticity": {"ear_to_cells": PAIR}}
        beside = LiquidStateMachine(**OWN, **options).fit(X)
        np.testing.assert_array_equal(
            beside.state_["ear_to_cells.w"], inside.state_["ear_to_cells.w"]
        )
        for options, message in (
            ({"liquid": own_network(PAIR), "plasticity": PAIR}, "must be None, since the liquid"),
            ({"liquid": own_network(), "plasticity": PAIR}, "projections are ear_to_cells"),
        ):
            with pytest.raises(ParameterError, match=f"LiquidStateMachine.plasticity.*{message}"):
                LiquidStateMachine(**OWN, **options).fit(X)

    def test_a_list_only_while_it_learns(self, X):
        hebb = PlasticityRule(
            pre_traces="dx/dt = -x/tau_x : 1",
            on_pre_trace="x = 1",
            on_post="w = clip(w + eta*x_pre, 0, 60)",
            constants={"tau_x": 20 * ms, "eta": Uniform(low=0.1, high=3.0)},
        )
        network = own_network(hebb, wiring="all_to_all", delay=0 * ms)
        lsm = LiquidStateMachine(**OWN, liquid=network).fit(X)
        assert list(lsm.state_) == ["ear_to_cells.w"]
        drawn = network.sample(0)
        before = LiquidStateMachine(
            **OWN, liquid=own_network(wiring="all_to_all", delay=0 * ms)
        ).fit(X)
        assert len(lsm.state_["ear_to_cells.w"]) == len(drawn["ear_to_cells.w"])
        growth = lsm.state_["ear_to_cells.w"] - before.state_["ear_to_cells.w"]
        assert growth.min() >= 0
        assert growth.max() > 1
        assert len(lsm.transform(X).times) > len(before.transform(X).times)


class TestThresholds:
    def test_they_adapt_and_are_then_fixed(self):
        X = words(40, seed=1)
        neuron = HomeostaticLIF(rate_target=30 * Hz, theta_plus=1 * mV)
        network = own_network(neuron=neuron)
        lsm = LiquidStateMachine(**OWN, liquid=network).fit(X)
        assert lsm.network_.population("cells").neuron == neuron.frozen()
        theta = lsm.state_["cells.theta"]
        assert theta.std() > 1e-3
        answers = lsm.transform(X)
        np.testing.assert_array_equal(lsm.state_["cells.theta"], theta)
        turned = np.random.default_rng(0).permutation(len(X))
        assert lsm.transform(X[turned]) == answers[turned]
        adapted = answers.counts().sum(axis=0) / answers.duration.sum()
        fixed = LiquidStateMachine(**OWN, liquid=own_network()).fit_transform(X)
        rates = fixed.counts().sum(axis=0) / fixed.duration.sum()
        assert np.abs(adapted - 30).max() < 0.5 * np.abs(rates - 30).max()

    def test_those_that_begin_anew_in_each_sample_go_on(self, X):
        start = AdaptiveThresholdLIF().at_slot_start
        memory = AdaptiveThresholdLIF(at_slot_start=f"{start}; theta = 0*mV")
        network = own_network(neuron=memory)
        lsm = LiquidStateMachine(**OWN, liquid=network).fit(X)
        assert lsm.network_ == network
        answers = lsm.transform(X)
        assert lsm.transform(X[4]) == answers[4]
        # ... also beside a rule; one that only bounds its threshold remembers
        assert without_learning(own_network(PAIR, neuron=memory)) == network
        bounded = replace(memory, at_slot_start=f"{start}; theta = clip(theta, 0*mV, 9*mV)")
        frozen = without_learning(own_network(neuron=bounded)).population("cells").neuron
        assert frozen.theta_plus == 0 * mV
        assert frozen.tau_theta > 1e9 * second


class _Watcher:
    """A recorder that keeps the weights after each chunk."""

    def begin(self, network, sizes, state, *, start, stop):
        self.network, self.span = network, (start, stop)
        self.weights = [state["ear_to_cells.w"].copy()]

    def plan(self, start, n_steps):
        return None

    def record(self, start, result):
        self.weights.append(result.state["ear_to_cells.w"].copy())


class TestRecorder:
    def test_it_watches_what_learns(self, X):
        watcher = _Watcher()
        lsm = LiquidStateMachine(**OWN, liquid=own_network(PAIR), n_epochs=2)
        lsm.fit(X, recorder=watcher)
        assert watcher.network == own_network(PAIR)
        assert watcher.span == (0, 2 * len(X))
        np.testing.assert_array_equal(watcher.weights[-1], lsm.state_["ear_to_cells.w"])
        assert np.abs(watcher.weights[-1] - watcher.weights[0]).max() > 1

    def test_there_is_nothing_to_watch_in_a_fixed_liquid(self, X):
        lsm = LiquidStateMachine(**OWN, liquid=own_network())
        with pytest.raises(
            ParameterError, match="recorder must be None for a network that learns nothing"
        ):
            lsm.fit(X, recorder=_Watcher())


def test_engines_agree(X):
    """Excitation and inhibition learn, both with delays of their own."""
    liquid = own_network()
    loop = {"wiring": RandomWiring(p=0.5), "delay": Uniform(low=1 * ms, high=9 * ms)}
    cells = {"pre": "cells", "post": "cells", **loop}
    liquid = replace(
        liquid,
        projections=(
            *liquid.projections,
            Projection(**cells, on_pre="i_syn_post += w*mV", label="excite", weight=5.0),
            Projection(**cells, on_pre="i_syn_post -= w*mV", label="inhibit", weight=5.0),
        ),
    )
    rules = {
        "excite": TripletSTDP(a2_minus=0.05, a3_plus=0.08, w_max=8.0),
        "inhibit": InhibitorySTDP(eta=0.5, rate_target=20 * Hz, w_max=60.0),
    }
    options = OWN | {"liquid": liquid, "plasticity": rules}
    slow, fast = (
        LiquidStateMachine(**options | {"engine": name}).fit(X) for name in ("numpy", "auto")
    )
    assert set(slow.state_) == set(fast.state_)
    for name, values in slow.state_.items():
        np.testing.assert_allclose(fast.state_[name], values, rtol=0, atol=1e-12)
    for name in rules:
        assert np.abs(slow.state_[f"{name}.w"] - 5.0).max() > 0.1


class TestScikitLearn:
    def test_parameters(self):
        lsm = clone(LiquidStateMachine(**SMALL, plasticity=RULES, n_epochs=3, shuffle=False))
        assert lsm.get_params()["plasticity"] == RULES
        assert (lsm.n_epochs, lsm.shuffle) == (3, False)

    @pytest.mark.parametrize("wrong", [0, 1.5, True])
    def test_number_of_epochs(self, X, wrong):
        lsm = LiquidStateMachine(**SMALL, plasticity=RULES, n_epochs=wrong)
        with pytest.raises(ParameterError, match="n_epochs: must be a whole number at least 1"):
            lsm.fit(X)


def test_ctrl_c_keeps_what_was_learned(X, monkeypatch, interrupted, tmp_path):
    lsm = LiquidStateMachine(**OWN, liquid=own_network(PAIR), checkpoint=tmp_path / "c")
    handler = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patch:
        patch.setattr(training, "SIZES", (2, 2))
        said = interrupted(lambda: lsm.set_params(shuffle=False).fit(X))
    assert said.startswith("training stopped after 2 of 7 samples")
    kept = lsm.set_params(shuffle=True).state_["ear_to_cells.w"]
    first = clone(lsm).set_params(shuffle=False, checkpoint=None).fit(X[:2])
    np.testing.assert_array_equal(kept, first.state_["ear_to_cells.w"])
    assert lsm.transform(X) == first.transform(X)
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_liquid_without_rules_draws_once(X):
    lsm = LiquidStateMachine(**OWN, liquid=own_network()).partial_fit(X)
    drawn = lsm.state_
    assert lsm.partial_fit(X).state_ is drawn
