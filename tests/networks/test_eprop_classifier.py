"""EPropClassifier: what it learns, from what kinds of samples, and what it refuses."""

import pickle
import signal

import numpy as np
import pytest
from brian2 import Hz, ms, second
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import parametrize_with_checks
from tqdm.auto import tqdm

from bioplastic.datasets import make_jittered_templates
from bioplastic.encoding import SpikeAugmenter
from bioplastic.engine.presenting import Presentation
from bioplastic.errors import CheckpointError, DataError, ParameterError
from bioplastic.inspect import PlasticityRecorder
from bioplastic.models import SGD, Adam, Normal, Uniform
from bioplastic.models.eprop import EPropALIF, EPropLIF, LeakyReadout, RateRegularization
from bioplastic.networks import EPropClassifier, LiquidStateMachine, RandomLiquid
from bioplastic.networks._samples import hold_out

#: One build for learning and one for answering serve all tests that have this.
FAST = {
    "n_lif": 10,
    "n_alif": 10,
    "n_epochs": 6,
    "batch_size": 10,
    "optimizer__learning_rate": 0.01,
    "engine": "cpp_standalone",
    "random_state": 0,
}
#: A quick look at anything else.
SMALL = {
    "n_lif": 3,
    "n_alif": 2,
    "n_epochs": 2,
    "batch_size": 3,
    "dt": 2 * ms,
    "engine": "auto",
    "random_state": 0,
}


#: What does not follow the samples.
PLAIN = {
    "neuron": EPropALIF(),
    "readout": LeakyReadout(),
    "feedback": "symmetric",
    "optimizer": Adam(learning_rate=0.005),
    "schedule": "constant",
    "regularization": RateRegularization(rate_cost=0.0),
    "gains": {},
    "decision_window": 1.0,
    "pool": 1,
    "n_lines": 1,
    "dt": 1 * ms,
    "batch_size": 32,
}


def made(**options):
    """Estimator with parameters, those of its declarations included."""
    return EPropClassifier(**PLAIN).set_params(**options)


def same(one, other):
    assert one.weights_.keys() == other.weights_.keys()
    for name, w in one.weights_.items():
        np.testing.assert_array_equal(w, other.weights_[name], err_msg=name)


def differ(one, other):
    return any(not np.array_equal(w, other.weights_[name]) for name, w in one.weights_.items())


@pytest.fixture(scope="session")
def words():
    """Two classes of two templates each, which differ in nothing but times."""
    task = make_jittered_templates(
        140, n_templates=4, n_channels=10, rate=50 * Hz, duration=60 * ms, jitter=2 * ms,
        random_state=0,
    )  # fmt: skip
    return task.data, np.array(["high", "low"])[task.target]


@pytest.fixture(scope="session")
def training(words):
    return words[0][:100], words[1][:100]


@pytest.fixture(scope="session")
def held_out(words):
    return words[0][100:], words[1][100:]


@pytest.fixture(scope="session")
def few(words):
    """A few short samples."""
    task = make_jittered_templates(
        8, n_channels=4, rate=100 * Hz, duration=30 * ms, jitter=1 * ms, random_state=1
    )
    return task.data, np.array(["yes", "no"])[task.target]


@pytest.fixture(scope="session")
def learned(training):
    return made(**FAST).fit(*training)


class TestLearning:
    def test_learns_words_that_it_has_not_heard(self, learned, held_out):
        X, y = held_out
        assert learned.score(X, y) > 0.9  # half is chance
        loss = learned.history_["loss"]
        assert loss.shape == (6,)
        assert loss[-1] < 0.7 * loss[0]
        assert learned.history_["score"][-1] > 0.9
        assert (learned.history_["spikes"] > 0).all()
        assert "validation_loss" not in learned.history_

    def test_labels_in_a_wrong_order_teach_nothing(self, learned, training, held_out):
        X, y = training
        shuffled = np.random.default_rng(0).permutation(y)
        model = made(**FAST).fit(X, shuffled)
        assert model.score(*held_out) < 0.75
        assert model.timings_["build"] == 0.0  # other weights, the same program

    def test_attributes(self, learned):
        assert learned.classes_.tolist() == ["high", "low"]
        assert learned.n_epochs_ == 6
        assert learned.n_features_in_ == 10
        shapes = {name: w.shape for name, w in learned.weights_.items()}
        assert shapes == {
            "input_to_lif": (10, 10), "input_to_alif": (10, 10), "lif_to_lif": (10, 10),
            "lif_to_alif": (10, 10), "alif_to_lif": (10, 10), "alif_to_alif": (10, 10),
            "lif_to_readout": (10, 2), "alif_to_readout": (10, 2), "readout_to_output": (2,),
            "error_to_lif": (2, 10), "error_to_alif": (2, 10),
        }  # fmt: skip
        assert learned.engine_["name"] == "cpp_standalone"
        assert learned.timings_["simulate"] > 0

    def test_no_neuron_learns_to_reach_itself(self, learned):
        for name in ("lif_to_lif", "alif_to_alif"):
            w = learned.weights_[name]
            assert not np.diag(w).any()
            assert np.count_nonzero(w) == w.size - len(w)

    def test_engines_agree(self, training):
        X, y = training[0][:10], training[1][:10]
        settings = {**FAST, "n_epochs": 2, "batch_size": 3, "regularization__rate_cost": 0.1}
        one, other = (
            made(**{**settings, "engine": name}).fit(X, y) for name in ("numpy", "cpp_standalone")
        )
        for name, w in one.weights_.items():
            np.testing.assert_allclose(w, other.weights_[name], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(one.history_["loss"], other.history_["loss"], rtol=1e-9)
        np.testing.assert_array_equal(one.history_["spikes"], other.history_["spikes"])
        np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), atol=1e-9)

    def test_repeats_itself_and_depends_on_the_seed(self, learned, training):
        again = made(**FAST).fit(*training)
        same(learned, again)
        assert again.timings_["build"] == 0.0
        np.testing.assert_array_equal(learned.history_["loss"], again.history_["loss"])
        assert differ(learned, made(**{**FAST, "random_state": 1}).fit(*training))

    def test_changed_numbers_need_no_build(self, learned, training):
        changed = {
            "batch_size": 7, "schedule": "cosine", "feedback": "adaptive", "feedback_decay": 0.1,
            "optimizer": Adam(learning_rate=0.02, weight_decay=0.1),
            "neuron": EPropALIF(
                tau_membrane=10 * ms, tau_adaptation=50 * ms, tau_refractory=3 * ms, beta=0.2,
                v_threshold=0.8, gamma=0.5, psi_width=2.0,
            ),
            "readout": LeakyReadout(tau_out=10 * ms), "decision_window": 0.5, "n_epochs": 1,
            "regularization": RateRegularization(rate_cost=0.1, rate_target=20 * Hz),
            "gains": {"input": 2.0},
        }  # fmt: skip
        model = made(**FAST).set_params(**changed).fit(*training)
        assert model.timings_["build"] == 0.0

    @pytest.mark.parametrize(
        "change",
        [
            {"optimizer": SGD(learning_rate=0.1)},
            {"n_alif": 0},
            {"n_lif": 0},
            {"recurrent": False},
            {"feedback": "random"},
            {"feedback": "adaptive"},
            {"neuron__tau_membrane": Normal(mean=10 * ms, sd=2 * ms, low=5 * ms), "n_alif": 0},
            {"neuron__tau_membrane": Uniform(low=5 * ms, high=30 * ms),
             "neuron__tau_adaptation": Uniform(low=50 * ms, high=400 * ms)},
        ],
        ids=lambda change: ",".join(change),
    )  # fmt: skip
    def test_every_kind_of_network_comes_nearer(self, few, change):
        # Each is another program: numpy's are sooner made.
        settings = {
            **SMALL,
            "engine": "numpy",
            "optimizer__learning_rate": 0.03,
            "gains": {"input": 2.0},
        }
        model = made(**{**settings, "n_epochs": 6, **change}).fit(*few)
        loss = model.history_["loss"]
        assert loss[-1] < 0.95 * loss[0]
        names = set(model.weights_)
        assert any(n.startswith("lif") for n in names) == (change.get("n_lif") != 0)
        assert any(n.startswith("alif") for n in names) == (change.get("n_alif") != 0)
        assert ("lif_to_alif" in names) == (not {"recurrent", "n_lif", "n_alif"} & set(change))

    def test_drawn_time_constants_are_kept_for_answers(self, few):
        X, y = few
        settings = {**SMALL, "neuron__tau_membrane": Uniform(low=5 * ms, high=30 * ms)}
        model = made(**settings).fit(X, y)
        drawn = model._state["lif.tau_membrane"]
        assert len(np.unique(drawn)) == 3
        proba = model.predict_proba(X)
        copy = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(copy.predict_proba(X), proba)
        copy._state["lif.tau_membrane"] = drawn[::-1].copy()
        assert not np.array_equal(copy.predict_proba(X), proba)


class TestFeedback:
    def fit(self, few, **changes):
        settings = {**SMALL, "n_epochs": 3, "optimizer__learning_rate": 0.02, **changes}
        model = made(**settings)
        start = clone(model).set_params(optimizer__learning_rate=0.0, n_epochs=1).fit(*few).weights_
        return start, model.fit(*few).weights_

    def test_symmetric_stays_the_transpose(self, few):
        start, end = self.fit(few)
        for post in ("lif", "alif"):
            outward = end[f"{post}_to_readout"]
            np.testing.assert_allclose(end[f"error_to_{post}"], outward.T, rtol=1e-12)
            assert np.abs(outward - start[f"{post}_to_readout"]).max() > 1e-3

    def test_random_stays(self, few):
        start, end = self.fit(few, feedback="random")
        np.testing.assert_array_equal(start["error_to_lif"], end["error_to_lif"])
        assert not np.allclose(end["error_to_lif"], end["lif_to_readout"].T)

    def test_adaptive_follows_the_readout_and_draws_near_as_both_decay(self, few):
        rate, decay, n_updates = 0.02, 5.0, 3 * 8 // 3
        start, end = self.fit(
            few, feedback="adaptive", feedback_decay=decay, optimizer__learning_rate=rate
        )
        for post in ("lif", "alif"):
            apart = start[f"error_to_{post}"] - start[f"{post}_to_readout"].T
            left = end[f"error_to_{post}"] - end[f"{post}_to_readout"].T
            shrunk = (1 - rate * decay) ** n_updates
            np.testing.assert_allclose(left, shrunk * apart, rtol=1e-9)
            assert np.abs(apart).max() > 0.1


class TestSamples:
    def numbers(self, X):
        """Counts of every step."""
        counts = np.zeros((len(X), 15, 4))
        for k in range(len(X)):
            of = slice(X.offsets[k], X.offsets[k + 1])
            steps = np.floor(X.times[of] / 2e-3 + 1e-6).astype(int)
            np.add.at(counts[k], (np.minimum(steps, 14), X.units[of]), 1)
        return counts

    def test_counts_as_numbers_are_what_pooled_spikes_are(self, few):
        X, y = few
        counts = self.numbers(X)
        pooled = counts.reshape(8, 15, 2, 2).sum(axis=3)
        assert pooled.max() > 1
        one = made(**SMALL, pool=2).fit(X, y)
        other = made(**SMALL).fit(pooled, y)
        same(one, other)
        np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(pooled))
        assert (one.n_features_in_, other.n_features_in_) == (4, 2)
        same(other, made(**SMALL).fit(list(pooled), y))

    def test_one_spike_a_step_is_a_number_of_one(self, few):
        X, y = few
        ones = np.minimum(self.numbers(X), 1)
        sample, step, unit = np.nonzero(ones)
        trains = type(X)(
            step * 2e-3, unit, np.searchsorted(sample, np.arange(9)), n_units=4, duration=0.03
        )
        one = made(**SMALL).fit(trains, y)
        other = made(**SMALL).fit(ones, y)
        for name, w in one.weights_.items():
            np.testing.assert_allclose(w, other.weights_[name], rtol=1e-9, err_msg=name)

    def test_numbers_of_different_lengths(self, few):
        X, y = few
        lengths = np.arange(8, 16)
        ragged = [a[:n] for a, n in zip(self.numbers(X), lengths, strict=True)]
        model = made(**SMALL).fit(ragged, y)
        course = model.predict_course(ragged)
        assert [one.shape for one in course] == [(n, 2) for n in lengths]
        for one, mean in zip(course, model.predict_proba(ragged), strict=True):
            np.testing.assert_allclose(one.sum(axis=1), 1.0, rtol=1e-12)
            np.testing.assert_allclose(one.mean(axis=0), mean, rtol=1e-9)

    def test_numbers_that_stay(self):
        X = np.array([[2.0, 0.0], [0.0, 2.0]] * 4)
        y = np.array([7, -3] * 4)
        settings = {
            **SMALL,
            "presentation": 20 * ms,
            "optimizer__learning_rate": 0.05,
            "n_epochs": 8,
        }
        model = made(**settings).fit(X, y)
        assert model.predict(X).tolist() == y.tolist()
        assert model.predict_course(X[:1])[0].shape == (10, 2)
        repeated = np.repeat(X[:, None], 10, axis=1)
        same(model, made(**settings).fit(repeated, y))

    @pytest.mark.parametrize("kind", [list, np.array, lambda y: np.array(y, dtype=object)])
    def test_labels_of_any_kind(self, few, kind):
        X, _ = few
        labels = ["b", "a", "c", "a", "b", "c", "a", "b"]
        model = made(**{**SMALL, "n_epochs": 1}).fit(X, kind(labels))
        assert model.classes_.tolist() == ["a", "b", "c"]
        assert set(model.predict(X)) <= {"a", "b", "c"}
        assert model.predict_proba(X).shape == (8, 3)

    def test_rest_lies_between_samples(self, few):
        X, y = few
        model = made(**SMALL, rest=4 * ms).fit(X, y)
        assert [len(one) for one in model.predict_course(X)] == [17] * 8


class TestDecisionWindow:
    @pytest.mark.parametrize(
        ("window", "n_counted"), [(None, 9), (10 * ms, 5), (0.2, 3), (1.0, 15), (5 * second, 15)]
    )
    def test_the_answer_is_the_mean_of_the_last_steps(self, few, window, n_counted):
        X, y = few
        model = made(**{**SMALL, "n_epochs": 1}, decision_window=window).fit(X, y)
        course = np.array(model.predict_course(X))
        expected = course[:, -n_counted:].mean(axis=1)
        np.testing.assert_allclose(model.predict_proba(X), expected, rtol=1e-9)

    def test_the_loss_is_the_mean_cross_entropy_in_it(self, few):
        X, y = few
        model = made(
            **{**SMALL, "n_epochs": 1, "optimizer__learning_rate": 0.0, "decision_window": 10 * ms}
        ).fit(X, y)
        course = np.array(model.predict_course(X))[:, -5:]
        truth = np.searchsorted(model.classes_, y)
        loss = -np.log(course[np.arange(8), :, truth]).mean()
        np.testing.assert_allclose(model.history_["loss"], [loss], rtol=1e-9)
        assert model.history_["score"][0] == model.score(X, y)


class TestEpochs:
    def test_without_a_rate_nothing_is_learned_and_every_epoch_is_the_same(self, few):
        model = made(**{**SMALL, "optimizer__learning_rate": 0.0, "n_epochs": 3}).fit(*few)
        np.testing.assert_allclose(model.history_["loss"], model.history_["loss"][0], rtol=1e-12)
        same(model, made(**{**SMALL, "optimizer__learning_rate": 0.0, "n_epochs": 1}).fit(*few))

    def test_every_epoch_has_an_order_of_its_own(self, few):
        shuffled = made(**SMALL).fit(*few)
        assert differ(shuffled, made(**SMALL, shuffle=False).fit(*few))
        orders = [tuple(shuffled._order(8, k)) for k in range(3)]
        assert len(set(orders)) == 3
        assert {tuple(sorted(order)) for order in orders} == {tuple(range(8))}

    def test_a_cosine_ends_with_small_steps(self, few):
        model = made(**{**SMALL, "schedule": "cosine", "n_epochs": 4}).fit(*few)
        rates = [model._given(k)["lif_to_readout.learning_rate"][0] for k in range(5)]
        np.testing.assert_allclose(
            rates, 0.005 * 0.5 * (1 + np.cos(np.pi * np.arange(5) / 4)), atol=1e-15
        )
        assert differ(model, made(**{**SMALL, "n_epochs": 4}).fit(*few))

    @pytest.mark.parametrize("schedule", ["constant", "cosine"])
    def test_partial_fit_twice_is_fit_with_two_epochs(self, few, schedule):
        X, y = few
        whole = made(**SMALL, schedule=schedule).fit(X, y)
        parts = made(**SMALL, schedule=schedule).partial_fit(X, y, classes=np.unique(y))
        copy = pickle.loads(pickle.dumps(parts)).partial_fit(X, y)
        same(whole, copy)
        np.testing.assert_array_equal(whole.history_["loss"], copy.history_["loss"])
        assert copy.n_epochs_ == 2

    def test_partial_fit_learns_what_comes(self, few):
        X, y = few
        model = made(**SMALL).partial_fit(X[:3], y[:3], classes=["no", "other", "yes"])
        before = model.weights_
        model.partial_fit(X[3:], y[3:])
        assert not np.array_equal(before["input_to_lif"], model.weights_["input_to_lif"])
        assert model.predict_proba(X).shape == (8, 3)

    def test_fit_begins_anew(self, few):
        model = made(**SMALL).fit(*few)
        before = pickle.loads(pickle.dumps(model))
        same(before, model.fit(*few))
        assert len(model.history_["loss"]) == 2


class TestAugmentation:
    def test_changes_that_change_nothing(self, few):
        nothing = SpikeAugmenter(channel_shift=0, time_stretch=0, jitter=0 * ms, deletion=0)
        model = made(**SMALL, augmenter=nothing).fit(*few)
        same(model, made(**SMALL).fit(*few))

    def test_every_epoch_hears_other_changes_and_answers_hear_none(self, few):
        X, y = few
        augmenter = SpikeAugmenter(channel_shift=1.0, time_stretch=0.2, jitter=5 * ms)
        settings = {**SMALL, "optimizer__learning_rate": 0.0, "n_epochs": 3}
        model = made(**settings, augmenter=augmenter).fit(X, y)
        assert len(np.unique(model.history_["loss"])) == 3
        plain = made(**settings).fit(X, y)
        np.testing.assert_array_equal(model.predict_proba(X), plain.predict_proba(X))
        again = made(**settings, augmenter=augmenter).fit(X, y)
        np.testing.assert_array_equal(model.history_["loss"], again.history_["loss"])


class TestEarlyStopping:
    def test_stops_and_keeps_the_best_weights(self, training):
        X, y = training
        settings = {**FAST, "n_epochs": 40, "validation_fraction": 0.2, "n_iter_no_change": 3}
        model = made(**settings).fit(X, y)
        score = model.history_["validation_score"]
        assert model.n_epochs_ == len(score) < 40
        best = int(score.argmax())
        assert len(score) == best + 1 + 3
        _, rows = hold_out(model, np.searchsorted(model.classes_, y), None, n=len(X))
        assert len(rows) == 20
        assert model.score(X[rows], y[rows]) == score[best] > 0.8

    def test_groups_are_held_out_whole(self, training):
        X, y = training
        groups = np.repeat(np.arange(10), 10)
        settings = {**FAST, "n_epochs": 2, "validation_fraction": 0.3}
        model = made(**settings).fit(X, y, groups)
        learned, rows = hold_out(model, y, groups, n=len(X))
        assert sorted([*learned, *rows]) == list(range(100))
        assert len(np.unique(groups[rows])) == 3
        assert not set(groups[rows]) & set(groups[learned])
        # Labels of what is held out have no part in the weights.
        spoiled = y.copy()
        spoiled[rows] = np.where(y[rows] == "low", "high", "low")
        other = made(**settings).fit(X, spoiled, groups)
        np.testing.assert_array_equal(other.history_["loss"], model.history_["loss"])
        flipped = 1 - other.history_["validation_score"]
        np.testing.assert_allclose(flipped, model.history_["validation_score"])

    def test_classes_are_held_out_in_proportion(self, few):
        X, y = few
        model = made(
            **{**SMALL, "validation_fraction": 0.5}
        ).fit(X, y)  # fmt: skip
        _, rows = hold_out(model, np.searchsorted(model.classes_, y), None, n=8)
        assert sorted(y[rows]) == ["no", "no", "yes", "yes"]
        assert np.isfinite(model.history_["validation_loss"]).all()

    def test_without_progress_it_waits_as_told(self, few):
        settings = {**SMALL, "n_epochs": 9, "optimizer__learning_rate": 0.0}
        model = made(**settings, n_iter_no_change=2, validation_fraction=0.5).fit(*few)
        assert model.n_epochs_ == 3

    def test_what_cannot_be_split_is_refused(self, few):
        X, y = few
        model = made(**SMALL, validation_fraction=0.2)
        with pytest.raises(DataError, match="validation_fraction: .* cannot be split"):
            model.fit(X, y, groups=np.zeros(8))
        with pytest.raises(DataError, match="cannot be split"):
            model.fit(X, y, groups=[1, 2])


class TestCheckpoint:
    @pytest.mark.parametrize("name", ["numpy", "cpp_standalone"])
    def test_goes_on_bit_for_bit(self, few, training, tmp_path, name, interrupted):
        (X, y), settings = (few, SMALL) if name == "numpy" else (training, FAST)
        settings = {**settings, "batch_size": 7, "n_epochs": 4}  # batches reach across epochs
        path = tmp_path / "checkpoint"
        half = made(**{**settings, "n_epochs": 2}, checkpoint=path)
        interrupted(lambda: half.fit(X, y), after=2)
        resumed = made(**settings, checkpoint=path).fit(X, y)
        whole = made(**settings).fit(X, y)
        same(whole, resumed)
        assert differ(half, whole)
        assert resumed.n_epochs_ == 4
        for key, values in whole.history_.items():
            np.testing.assert_array_equal(values, resumed.history_[key], err_msg=key)
        for key, values in whole._state.items():
            np.testing.assert_array_equal(values, resumed._state[key], err_msg=key)
        again = made(**settings, checkpoint=path)
        interrupted(lambda: again.fit(X, y), after=4)
        same(whole, again.fit(X, y))
        assert again.timings_["simulate"] == 0.0
        assert not path.exists()
        np.testing.assert_array_equal(again.predict_proba(X), whole.predict_proba(X))

    def test_early_stopping_goes_on_and_keeps_the_best(self, few, tmp_path, interrupted):
        settings = {**SMALL, "validation_fraction": 0.5, "random_state": 2}
        settings |= {"optimizer__learning_rate": 0.05, "n_iter_no_change": 4}
        path = tmp_path / "checkpoint"
        interrupted(lambda: made(**settings, checkpoint=path).fit(*few), after=2)
        longer = {**settings, "n_epochs": 6}
        resumed = made(**longer, checkpoint=path).fit(*few)
        whole = made(**longer).fit(*few)
        same(whole, resumed)
        np.testing.assert_array_equal(
            whole.history_["validation_score"], resumed.history_["validation_score"]
        )

    def test_without_a_seed_the_streams_are_kept(self, few, tmp_path, interrupted):
        settings = {**SMALL, "random_state": None, "checkpoint": tmp_path / "checkpoint"}
        one = made(**settings)
        interrupted(lambda: one.fit(*few), after=2)
        same(one, made(**settings).fit(*few))

    def test_without_a_seed_the_same_samples_are_held_out(self, few, tmp_path, interrupted):
        path = tmp_path / "checkpoint"
        settings = {**SMALL, "random_state": None}
        model = made(**settings, validation_fraction=0.5, checkpoint=path)
        interrupted(lambda: model.fit(*few))
        labels = np.arange(8) % 2
        resumed = clone(model).fit(*few)
        for one, other in zip(
            hold_out(model, labels, None, n=8),
            hold_out(resumed, labels, None, n=8),
            strict=True,
        ):
            np.testing.assert_array_equal(one, other)

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"optimizer__learning_rate": 0.5}, "learning_rate"),
            ({"readout__tau_out": 5 * ms}, "tau_out"),
            ({"random_state": 1}, "random_state"),
            ({"n_epochs": 1}, "holds 2 epochs, this training has 1; raise n_epochs"),
            ({"schedule": "cosine"}, "schedule"),
        ],
    )
    def test_another_training_is_refused(self, few, tmp_path, change, says, interrupted):
        path = tmp_path / "checkpoint"
        interrupted(lambda: made(**SMALL, checkpoint=path).fit(*few), after=2)
        with pytest.raises(CheckpointError, match=says):
            made(**{**SMALL, **change}, checkpoint=path).fit(*few)

    def test_other_data_are_refused(self, few, tmp_path, interrupted):
        X, y = few
        path = tmp_path / "checkpoint"
        interrupted(lambda: made(**SMALL, checkpoint=path).fit(X, y))
        with pytest.raises(CheckpointError, match="data"):
            made(**SMALL, checkpoint=path).fit(X[:7], y[:7])
        with pytest.raises(CheckpointError, match="data"):
            made(**SMALL, checkpoint=path).fit(X, y[::-1])

    def test_other_groups_are_refused(self, few, tmp_path, interrupted):
        path = tmp_path / "checkpoint"
        model = made(**SMALL, validation_fraction=0.2, checkpoint=path)
        interrupted(lambda: model.fit(*few, groups=[0, 0, 1, 1, 2, 2, 3, 3]))
        with pytest.raises(CheckpointError, match="data"):
            model.fit(*few, groups=[0, 0, 0, 1, 2, 2, 3, 3])

    def test_a_cosine_has_an_end_of_its_own(self, few, tmp_path, interrupted):
        settings = {**SMALL, "schedule": "cosine", "checkpoint": tmp_path / "checkpoint"}
        interrupted(lambda: made(**settings).fit(*few))
        with pytest.raises(CheckpointError, match="n_epochs: '2' there, '4' here"):
            made(**{**settings, "n_epochs": 4}).fit(*few)

    def test_a_damaged_file_is_refused(self, few, tmp_path, interrupted):
        path = tmp_path / "checkpoint"
        interrupted(lambda: made(**SMALL, checkpoint=path).fit(*few))
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(CheckpointError, match="damaged or no checkpoint .* delete it"):
            made(**SMALL, checkpoint=path).fit(*few)


class Interrupt:
    """A recorder that presses Ctrl-C when a run begins."""

    def __init__(self, at):
        self.at, self.n_runs = at, 0

    def begin(self, network, sizes, state, *, start, stop):
        self.n_runs += 1

    def plan(self, start, n_steps):
        if self.n_runs == self.at:
            signal.raise_signal(signal.SIGINT)

    def record(self, start, result):
        pass


class TestInterruption:
    def test_what_was_learned_is_kept_and_the_checkpoint_goes_on(self, few, tmp_path):
        X, y = few
        path = tmp_path / "checkpoint"
        settings = {**SMALL, "n_epochs": 3, "engine": "numpy"}
        model = made(**settings, checkpoint=path)
        with pytest.raises(KeyboardInterrupt, match=r"after [89] of 24 samples; .* holds 8"):
            model.fit(X, y, recorder=Interrupt(at=2))
        assert model.n_epochs_ == 1
        assert model.predict_proba(X).shape == (8, 2)
        assert differ(model, made(**{**settings, "optimizer__learning_rate": 0.0}).fit(X, y))
        resumed = made(**settings, checkpoint=path).fit(X, y)
        same(resumed, made(**settings).fit(X, y))

    def test_in_the_first_epoch_no_checkpoint_is_promised(self, few, tmp_path):
        path = tmp_path / "checkpoint"
        model = made(**{**SMALL, "engine": "numpy"}, checkpoint=path)
        with pytest.raises(KeyboardInterrupt, match=r"training stopped after [01] of 16 samples$"):
            model.fit(*few, recorder=Interrupt(at=1))
        assert not path.exists()

    def test_what_held_out_samples_found_is_no_end_of_what_follows(
        self, few, tmp_path, interrupted
    ):
        settings = {
            **SMALL,
            "optimizer__learning_rate": 0.0,
            "n_iter_no_change": 1,
        }
        path = tmp_path / "checkpoint"
        model = made(**settings, validation_fraction=0.5, checkpoint=path)
        interrupted(lambda: model.fit(*few))
        model.set_params(optimizer__learning_rate=0.1)
        before = {name: w.copy() for name, w in model.weights_.items()}
        model.partial_fit(*few).partial_fit(*few)
        assert model.n_epochs_ == 3
        assert not np.array_equal(model.weights_["input_to_lif"], before["input_to_lif"])

    def test_between_runs(self, few, monkeypatch):
        def present(*args, **kwargs):
            raise KeyboardInterrupt

        model = made(**SMALL, validation_fraction=0.5)
        with monkeypatch.context() as patch:
            patch.setattr(Presentation, "present", present)
            with pytest.raises(KeyboardInterrupt):
                model.fit(*few)
        assert model.predict_proba(few[0]).shape == (8, 2)

    def test_errors_leave_nothing_that_looks_learned(self, few):
        model = made(**SMALL)
        recorder = PlasticityRecorder(variables=("nothing.w",))
        with pytest.raises(ParameterError, match="nothing.w"):
            model.fit(*few, recorder=recorder)
        assert not hasattr(model, "weights_")


class TestWatching:
    def test_one_line_an_epoch_where_asked(self, few, capsys):
        made(**SMALL, verbose=2).fit(*few)
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 2
        for k, line in enumerate(lines, start=1):
            assert line.startswith(f"epoch {k}, loss 0.")
            assert ", score " in line
            assert ", spikes " in line
            assert "validation" not in line

    def test_with_what_is_held_out(self, few, capsys):
        model = made(**SMALL, verbose=2, validation_fraction=0.5)
        model.fit(*few)
        lines = capsys.readouterr().out.splitlines()
        assert all(", validation_loss 0." in line for line in lines)

    def test_else_nothing_is_printed(self, few, capfd):
        made(**SMALL).fit(*few).predict(few[0])
        assert capfd.readouterr() == ("", "")

    def test_a_progress_bar_where_asked(self, few, capfd):
        made(**SMALL, verbose=1).fit(*few)
        assert "16/16" in capfd.readouterr().err
        assert not tqdm._instances

    @pytest.mark.parametrize("settings", [SMALL, FAST], ids=["numpy", "cpp_standalone"])
    def test_a_recorder_sees_the_weights(self, few, training, settings):
        X, y = few if settings is SMALL else training
        # A recorder looks before a sample ends: the last one must not fill a batch.
        n = len(X) - (2 * len(X) % settings["batch_size"] == 0)
        X, y, settings = X[:n], y[:n], {**settings, "n_epochs": 2}
        recorder = PlasticityRecorder(every=1, variables=("weights",))
        model = made(**settings).fit(X, y, recorder=recorder)
        same(model, made(**settings).fit(X, y))
        w = recorder.recording.weights("input_to_lif")
        np.testing.assert_allclose(w[-1], model.weights_["input_to_lif"], rtol=1e-6)  # float32
        assert not np.array_equal(w[0], w[-1])
        assert np.isnan(model.history_["score"]).all()
        assert np.isfinite(model.history_["loss"]).all()


class TestPrediction:
    def test_a_sample_has_one_answer(self, learned, held_out):
        X, _ = held_out
        before = pickle.dumps(learned.weights_)
        proba = learned.predict_proba(X)
        np.testing.assert_allclose(proba.sum(axis=1), 1.0, rtol=1e-12)
        np.testing.assert_array_equal(learned.predict_proba(X[7:8]), proba[7:8])
        back = X[np.arange(len(X))[::-1]]
        np.testing.assert_array_equal(learned.predict_proba(back), proba[::-1])
        assert pickle.dumps(learned.weights_) == before
        labels = learned.classes_[proba.argmax(axis=1)]
        np.testing.assert_array_equal(learned.predict(X), labels)

    def test_processors_do_not_matter(self, learned, held_out):
        X, _ = held_out
        other = pickle.loads(pickle.dumps(learned)).set_params(n_jobs=2)
        np.testing.assert_array_equal(other.predict_proba(X), learned.predict_proba(X))
        for one, two in zip(other.predict_course(X), learned.predict_course(X), strict=True):
            np.testing.assert_array_equal(one, two)

    def test_spikes_of_the_neurons(self, learned, held_out):
        X, _ = held_out
        spikes = learned.transform_spikes(X)
        assert spikes.shape == (40, 20)
        assert spikes.counts().sum() > 100
        np.testing.assert_array_equal(spikes.duration, X.duration)
        one = learned.transform_spikes(X[3:4])
        np.testing.assert_array_equal(one.counts()[0], spikes.counts()[3])

    def test_pickle_and_clone(self, learned, held_out):
        copy = pickle.loads(pickle.dumps(learned))
        X, y = held_out
        np.testing.assert_array_equal(copy.predict_proba(X), learned.predict_proba(X))
        again = clone(learned)
        assert not hasattr(again, "weights_")
        assert again.get_params() == learned.get_params()
        assert again.set_params(neuron__beta=0.1).neuron == EPropALIF(beta=0.1)
        same(copy.partial_fit(X, y), pickle.loads(pickle.dumps(learned)).partial_fit(X, y))

    @pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_course",
                                        "transform_spikes"])  # fmt: skip
    def test_nothing_learned_nothing_told(self, few, method):
        with pytest.raises(NotFittedError):
            getattr(made(**SMALL), method)(few[0])


class TestNestedParameters:
    def test_a_search_reaches_them(self, few):
        grid = {"optimizer__learning_rate": [0.0, 0.1], "neuron__beta": [0.7]}
        search = GridSearchCV(made(**SMALL, shuffle=False), grid, cv=2).fit(*few)
        rate = search.best_params_["optimizer__learning_rate"]
        assert search.best_estimator_.optimizer == Adam(learning_rate=rate)
        assert search.best_estimator_.neuron == EPropALIF(beta=0.7)
        same(search.best_estimator_, made(**SMALL, shuffle=False, **search.best_params_).fit(*few))

    def test_they_are_told_and_set(self):
        model = EPropClassifier()
        assert model.get_params()["optimizer__learning_rate"] == 0.005
        assert "optimizer__learning_rate" not in model.get_params(deep=False)
        model.set_params(optimizer=SGD(inertia=0.5), optimizer__learning_rate=0.2)
        assert model.optimizer == SGD(inertia=0.5, learning_rate=0.2)
        assert clone(model).get_params() == model.get_params()
        assert EPropClassifier().optimizer is None

    def test_of_any_declaration(self):
        liquid = LiquidStateMachine(liquid=RandomLiquid(p=0.3)).set_params(liquid__p_input=0.2)
        assert liquid.liquid == RandomLiquid(p=0.3, p_input=0.2)
        with pytest.raises(ParameterError, match="RandomLiquid has no parameter 'q'; it has"):
            liquid.set_params(liquid__q=1)
        with pytest.raises(ValueError, match="nothing"):
            liquid.set_params(nothing__p=1)


class TestRefused:
    @pytest.mark.parametrize(
        ("change", "names"),
        [
            ({"n_lif": -1}, ["n_lif", "-1", "at least 0"]),
            ({"n_alif": 2.5}, ["n_alif", "2.5"]),
            ({"n_lif": 0, "n_alif": 0}, ["n_lif", "n_lif=0 and n_alif=0"]),
            ({"n_epochs": 0}, ["n_epochs", "0", "at least 1"]),
            ({"n_epochs": 1.5}, ["n_epochs", "1.5"]),
            ({"batch_size": 0}, ["batch_size", "0", "at least 1"]),
            ({"optimizer": "adam"}, ["optimizer", "'adam'", "Adam(learning_rate=0.005)"]),
            ({"optimizer": Adam}, ["optimizer", "Adam"]),
            ({"neuron": EPropLIF()}, ["neuron", "EPropLIF", "EPropALIF()"]),
            ({"readout": 20 * ms}, ["readout", "20. * msecond"]),
            ({"regularization": 0.1}, ["regularization", "0.1"]),
            ({"schedule": "linear"}, ["schedule", "linear", "'cosine'"]),
            ({"feedback": "none"}, ["feedback", "none", "'symmetric'"]),
            ({"feedback_decay": -1.0}, ["feedback_decay", "-1"]),
            ({"decision_window": 0.0}, ["decision_window", "0"]),
            ({"decision_window": 1.5}, ["decision_window", "1.5", "to 1"]),
            ({"decision_window": 0 * ms}, ["decision_window", "> 0"]),
            ({"decision_window": True}, ["decision_window", "True"]),
            ({"gains": {"input": -1.0}}, ["gains", "-1"]),
            ({"gains": {"recurrent": "big"}}, ["gains", "big"]),
            ({"gains": {"readout": np.inf}}, ["gains", "inf"]),
            ({"gains": {"feedback": None}}, ["gains", "None"]),
            ({"gains": {"output": 1.0}}, ["gains", "output", "input, recurrent, readout"]),
            ({"gains": 2.0}, ["gains", "2.0"]),
            ({"pool": 0}, ["pool", "0", "at least 1"]),
            ({"presentation": 10}, ["presentation", "10"]),
            ({"rest": -1 * ms}, ["rest", "-1"]),
            ({"rest": 3 * ms}, ["rest", "multiple", "dt"]),
            ({"dt": 0 * ms}, ["dt", "> 0"]),
            ({"augmenter": "jitter"}, ["augmenter", "SpikeAugmenter", "jitter"]),
            ({"validation_fraction": 1.0}, ["validation_fraction", "1.0"]),
            ({"validation_fraction": 0.2, "n_iter_no_change": 0}, ["n_iter_no_change", "0"]),
            ({"n_iter_no_change": 3}, ["n_iter_no_change", "3", "validation_fraction"]),
            ({"engine": "fortran"}, ["engine", "fortran", "cpp_standalone"]),
        ],
        ids=lambda change: ",".join(map(str, change)),
    )
    def test_bad_parameters_are_named_with_value_and_remedy(self, few, change, names):
        model = made(**{**SMALL, **change})
        with pytest.raises(ParameterError) as caught:
            model.fit(*few)
        for name in names:
            assert name in str(caught.value)
        assert not hasattr(model, "weights_")

    @pytest.mark.parametrize(
        ("change", "names"),
        [
            ({"optimizer__learning_rate": -0.1}, ["learning_rate", "-0.1"]),
            ({"optimizer__learning_rate": 1 * ms}, ["learning_rate", "ms"]),
            ({"optimizer__weight_decay": -1.0}, ["weight_decay", "-1"]),
            ({"neuron__tau_membrane": 0 * ms}, ["tau_membrane", "> 0"]),
            ({"neuron__tau_membrane": 20.0}, ["tau_membrane", "20", "s"]),
            ({"neuron__tau_membrane": [5, 10] * ms}, ["tau_membrane", "one finite number"]),
            ({"neuron__tau_adaptation": -1 * ms}, ["tau_adaptation", "> 0"]),
            ({"readout__tau_out": 1 * Hz}, ["tau_out", "unit"]),
            ({"neuron__tau_refractory": -1 * ms}, ["tau_refractory", ">= 0"]),
            ({"neuron__v_threshold": 0.0}, ["v_threshold", "0"]),
            ({"neuron__beta": -0.1}, ["beta", "-0.1"]),
            ({"neuron__gamma": 0.0}, ["gamma", "0"]),
            ({"neuron__psi_width": np.nan}, ["psi_width", "nan"]),
            ({"regularization__rate_target": 0 * Hz}, ["rate_target", "> 0"]),
            ({"regularization__rate_cost": -1.0}, ["rate_cost", "-1"]),
            ({"regularization__tau_rate": 3.0}, ["tau_rate", "3"]),
            ({"optimizer__momentum": 0.9}, ["EPropClassifier.optimizer", "momentum", "beta_1"]),
        ],
        ids=lambda change: ",".join(map(str, change)),
    )
    def test_declarations_are_checked_when_they_are_made(self, change, names):
        with pytest.raises(ParameterError) as caught:
            made(**change)
        for name in names:
            assert name in str(caught.value)

    def test_bad_samples_and_labels(self, few):
        X, y = few
        model = made(**SMALL)
        with pytest.raises(DataError, match="8 samples"):
            model.fit(X, y[:5])
        with pytest.raises(DataError, match="requires y"):
            model.fit(X)
        with pytest.raises(DataError, match="one label"):
            model.fit(X, np.linspace(0, 1, 8))
        with pytest.raises(DataError, match="at least one sample"):
            model.fit(X[:0], [])
        with pytest.raises(DataError, match="EPropClassifier.fit: .*NaN"):
            model.fit([[np.nan, 1.0]], [0])
        with pytest.raises(DataError, match="EPropClassifier.augmenter: .*ndarray.*leave it out"):
            made(**SMALL, augmenter=SpikeAugmenter()).fit(np.ones((2, 3, 4)), [0, 1])
        assert not hasattr(model, "weights_")

    def test_classes_of_partial_fit(self, few):
        X, y = few
        model = made(**SMALL)
        with pytest.raises(ParameterError, match="first call needs classes"):
            model.partial_fit(X, y)
        with pytest.raises(DataError, match="'yes'"):
            model.partial_fit(X, y, classes=["no", "other"])
        model.partial_fit(X, y, classes=["no", "yes"])
        with pytest.raises(DataError, match="perhaps"):
            model.partial_fit(X[:2], ["no", "perhaps"])

    def test_another_kind_or_width_than_in_fit(self, few):
        X, y = few
        model = made(**{**SMALL, "n_epochs": 1}).fit(X, y)
        for other in (np.ones((2, 4)), np.ones((2, 3, 4)), np.ones((2, 9))):
            with pytest.raises(DataError, match="predict_proba: X must be SpikeTrains, as in fit"):
                model.predict(other)
        with pytest.raises(DataError, match="4 units"):
            model.predict(type(X)([], [], [0, 0], n_units=3, duration=0.02))
        model = made(**{**SMALL, "n_epochs": 1}).fit(np.ones((2, 5, 3)), [0, 1])
        with pytest.raises(DataError, match="X must be numbers, as in fit, got SpikeTrains"):
            model.predict(X)
        with pytest.raises(DataError, match="3 features of fit, got 2"):
            model.predict(np.ones((2, 5, 2)))


@parametrize_with_checks(
    [
        EPropClassifier(
            2, 0, n_epochs=1, recurrent=False, presentation=1 * ms, engine="auto", random_state=0
        )
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
