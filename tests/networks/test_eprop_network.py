"""The network that e-prop trains: its parts, its initial weights, and what it is shown."""

import brian2
import numpy as np
import pytest
from brian2 import ms
from sklearn.base import BaseEstimator

from bioplastic import SpikeTrains, engine
from bioplastic.errors import DataError
from bioplastic.models import SGD, Adam, Schedule, SignalInput, SpikeInput
from bioplastic.models.eprop import SquaredError
from bioplastic.models.plasticity.eprop import (
    AdaptiveEProp,
    EProp,
    EPropBias,
    EPropFeedback,
    EPropReadout,
)
from bioplastic.models.summary import declared_names
from bioplastic.networks import eprop_network
from bioplastic.networks.eprop_network import initial_weights
from bioplastic.networks.eprop_samples import check_samples, make_stimulus
from bioplastic.readout._trains import select

SIZES = {"n_inputs": 30, "n_lif": 40, "n_alif": 60, "n_outputs": 5}


def declare(**changes):
    schedule = Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0, batch_size=7)
    return eprop_network(**{"schedule": schedule, "optimizer": Adam(), **SIZES, **changes})


def rules(network):
    return {p.name: type(p.rule) for p in network.projections if p.rule is not None}


class TestDeclaration:
    def test_every_learned_weight_has_the_rule_of_its_end(self):
        network = declare()
        assert rules(network) == {
            "input_to_lif": EProp, "lif_to_lif": EProp, "alif_to_lif": EProp,
            "input_to_alif": AdaptiveEProp, "lif_to_alif": AdaptiveEProp,
            "alif_to_alif": AdaptiveEProp,
            "lif_to_readout": EPropReadout, "alif_to_readout": EPropReadout,
            "readout_to_output": EPropBias,
            "error_to_lif": EPropFeedback, "error_to_alif": EPropFeedback,
        }  # fmt: skip
        assert {p.rule.batch for p in network.projections if p.rule is not None} == {7.0}
        assert network.watched == ("lif", "alif")
        autapses = {p.name for p in network.projections if p.pre == p.post}
        for p in network.projections:
            if p.rule is not None and isinstance(p.rule, EProp):
                assert p.rule.self_connections == (p.name not in autapses)

    @pytest.mark.parametrize("missing", ["lif", "alif"])
    def test_one_kind_of_neuron_is_enough(self, missing):
        network = declare(**{f"n_{missing}": 0})
        assert missing not in {p.name for p in network.populations}
        assert not [p for p in network.projections if missing in (p.pre, p.post)]
        assert len(rules(network)) == 5

    def test_without_recurrence_neurons_do_not_reach_each_other(self):
        hidden = {"lif", "alif"}
        network = declare(recurrent=False)
        assert not [p for p in network.projections if {p.pre, p.post} <= hidden]

    def test_random_feedback_has_no_rule_and_adaptive_decays_on_both_sides(self):
        assert "error_to_lif" not in rules(declare(feedback="random"))
        for feedback, decay in (("symmetric", 0.0), ("adaptive", 0.25)):
            network = declare(feedback=feedback, decay=0.25, optimizer=SGD())
            found = {
                p.name: p.rule.optimizer.weight_decay
                for p in network.projections
                if p.rule is not None
            }
            assert found["lif_to_readout"] == found["error_to_lif"] == decay
            assert found["input_to_lif"] == found["readout_to_output"] == 0.0

    def test_a_network_that_only_answers_has_neither_rules_nor_feedback(self):
        network = declare(learning=False)
        assert not rules(network)
        assert not [p for p in network.projections if p.pre == "error"]
        learned = {p.name for p in declare().projections if p.weight is None}
        shown = {p.name for p in network.projections if p.weight is None}
        assert shown == {name for name in learned if not name.startswith("error_to")}

    def test_the_error_says_what_is_learned(self):
        network = declare(error=SquaredError())
        assert "output" not in {p.name for p in network.populations}
        assert rules(network)["readout_to_error"] is EPropBias

    def test_numbers_and_spikes_enter_by_neurons_of_their_own(self):
        assert isinstance(declare().input.neuron, SpikeInput)
        graded = declare(spikes=False)
        assert isinstance(graded.input.neuron, SignalInput)
        entering = [p for p in graded.projections if p.pre == "input"]
        assert all("value_pre" in p.on_pre and "value_pre" in p.rule.on_pre for p in entering)

    def test_what_it_shows_is_what_it_is(self):
        network = declare(feedback="adaptive", decay=0.5)
        assert eval(repr(network), vars(brian2) | declared_names()) == network


class TestInitialWeights:
    def matrix(self, weights, name):
        n = {"input": 30, "lif": 40, "alif": 60, "readout": 5, "error": 5}
        pre, post = name.split("_to_")
        return weights[f"{name}.w"].reshape(n[pre], n[post])

    def test_their_size_is_the_gain_over_the_root_of_the_presynaptic_neurons(self):
        weights = initial_weights(declare(), 0, gains=(0.5, 2.0, 3.0, 4.0), feedback="random")
        expected = {
            "input_to_lif": 0.5 / np.sqrt(30), "input_to_alif": 0.5 / np.sqrt(30),
            "lif_to_alif": 2.0 / 10, "alif_to_lif": 2.0 / 10,
            "lif_to_readout": 3.0 / 10, "alif_to_readout": 3.0 / 10,
            "error_to_lif": 4.0 / 10, "error_to_alif": 4.0 / 10,
        }  # fmt: skip
        for name, sd in expected.items():
            w = weights[f"{name}.w"]
            # Four standard errors.
            assert abs(w.std() / sd - 1) < 4 / np.sqrt(2 * w.size), name
            assert abs(w.mean()) < 4 * sd / np.sqrt(w.size), name
        assert not weights["readout_to_output.w"].any()

    def test_no_neuron_reaches_itself(self):
        weights = initial_weights(declare(), 0)
        for name in ("lif_to_lif", "alif_to_alif"):
            assert not np.diag(self.matrix(weights, name)).any()
        assert np.diag(self.matrix(weights, "lif_to_alif")[:, :40]).all()

    def test_feedback_is_the_transpose_where_it_is_symmetric_and_all_else_is_the_same(self):
        drawn = {
            kind: initial_weights(declare(feedback=kind), 3, feedback=kind)
            for kind in ("symmetric", "random", "adaptive")
        }
        for post in ("lif", "alif"):
            outward = self.matrix(drawn["symmetric"], f"{post}_to_readout")
            back = self.matrix(drawn["symmetric"], f"error_to_{post}")
            np.testing.assert_array_equal(back, outward.T)
            other = self.matrix(drawn["random"], f"error_to_{post}")
            assert abs(np.corrcoef(other.ravel(), back.ravel())[0, 1]) < 0.3
        for kind in ("random", "adaptive"):
            for name, w in drawn["symmetric"].items():
                if not name.startswith("error_to"):
                    np.testing.assert_array_equal(w, drawn[kind][name])

    def test_they_are_those_of_the_network(self):
        for changes in ({}, {"n_alif": 0}, {"recurrent": False}, {"learning": False}):
            network = declare(**changes)
            names = {f"{p.name}.w" for p in network.projections if p.weight is None}
            assert set(initial_weights(network, 0)) == names


def estimator(n_features=None):
    """What `check_samples` needs of one."""
    made = type("Estimator", (BaseEstimator,), {})()
    if n_features is not None:
        made.n_features_in_ = n_features
    return made


class TestSamples:
    def check(self, X, *, of=None, n_steps=4):
        return check_samples(of or estimator(), X, "fit", reset=of is None, n_steps=n_steps)

    def test_every_kind_gives_one_array_a_sample(self):
        numbers = np.arange(12.0).reshape(2, 3, 2)
        for X in (numbers, list(numbers), numbers.tolist(), tuple(numbers)):
            np.testing.assert_array_equal(self.check(X), numbers)
        ragged = [np.ones((3, 2)), np.zeros((5, 2))]
        boxed = np.empty(2, dtype=object)
        boxed[:] = ragged
        for X in (ragged, boxed):
            assert [len(sample) for sample in self.check(X)] == [3, 5]
        staying = self.check([[1.0, 2.0, 3.0]], n_steps=4)
        np.testing.assert_array_equal(staying[0], np.tile([1.0, 2.0, 3.0], (4, 1)))

    def test_spikes_stay_spikes(self):
        trains = SpikeTrains([0.001], [2], [0, 1], n_units=3, duration=0.01)
        assert self.check(trains) is trains

    @pytest.mark.parametrize(
        ("X", "says"),
        [
            ([], "Expected 2D|at least one"),
            (np.ones((0, 3, 2)), "at least one sample"),
            (np.ones((2, 0, 2)), "at least one step"),
            (np.ones((2, 3, 0)), "features"),
            ([np.ones((3, 2)), np.ones((3, 4))], r"\[2, 4\] features"),
            ([np.ones((3, 2)), np.full((3, 2), np.nan)], "sample 1 is not"),
            ([[["a", "b"]]], "numbers"),
            ([[[1.0, 2.0], [3.0]]], "numbers"),
            (np.ones(4), "2D"),
            ([[1.0, np.inf]], "infinity"),
            ("spikes", "SpikeTrains"),
            (np.ones((1, 2, 3, 4)), "dim 4|4"),
        ],
    )
    def test_what_is_none_of_these_is_refused(self, X, says):
        with pytest.raises(DataError, match=says) as caught:
            self.check(X)
        assert "Estimator.fit" in str(caught.value)

    def test_another_width_than_in_fit_is_refused(self):
        with pytest.raises(DataError, match="2 features of fit, got 3"):
            self.check(np.ones((1, 4, 3)), of=estimator(2))
        with pytest.raises(DataError, match="3 features"):
            self.check(np.ones((1, 3)), of=estimator(2))

    def test_pooled_spikes_are_counts_of_every_step(self):
        rng = np.random.default_rng(0)
        steps = np.sort(rng.integers(20, size=(2, 60)), axis=1)
        units = rng.integers(7, size=(2, 60))
        trains = SpikeTrains(
            steps.ravel() * 1e-3, units.ravel(), [0, 60, 120], n_units=7, duration=0.02
        )
        shown = make_stimulus(trains, dt=1e-3, pool=3, order=np.array([1, 0]))
        assert isinstance(shown, engine.SignalStimulus)
        for sample, s, u in zip(shown.values.made(np.arange(2)), steps, units, strict=True):
            expected = np.zeros((20, 3))
            np.add.at(expected, (s, u // 3), 1)
            np.testing.assert_array_equal(sample, expected)
        assert isinstance(make_stimulus(trains, dt=1e-3), engine.SpikeStimulus)

    def test_a_spike_at_the_very_end_counts_in_the_last_step(self):
        trains = SpikeTrains([0.0104, 0.0105], [0, 1], [0, 2], n_units=2, duration=0.0105)
        counts = make_stimulus(trains, dt=1e-3, pool=2).values.made(np.array([0]))[0]
        assert counts.shape == (11, 1)
        assert counts[10] == 2

    def test_select(self):
        arrays = [np.full((2, 1), k) for k in range(4)]
        assert [a[0, 0] for a in select(arrays, np.array([2, 0]))] == [2, 0]
        trains = SpikeTrains([0.001, 0.002], [0, 1], [0, 1, 2], n_units=2, duration=0.01)
        assert select(trains, np.array([1])).units.tolist() == [1]
