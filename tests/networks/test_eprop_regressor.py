"""EPropRegressor: signals and numbers that it learns, and what it refuses."""

import pickle

import numpy as np
import pytest
from brian2 import Hz, ms
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import r2_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from bioplastic import SpikeTrains
from bioplastic.datasets import make_patterns
from bioplastic.encoding import SpikeAugmenter
from bioplastic.errors import CheckpointError, DataError, ParameterError
from bioplastic.models import SGD
from bioplastic.networks import EPropRegressor
from bioplastic.networks._samples import hold_out

#: One build for learning and one for answering serve all tests that have this.
FAST = {
    "n_lif": 30,
    "n_epochs": 50,
    "optimizer__learning_rate": 0.02,
    "readout__tau_out": 10 * ms,
    "engine": "cpp_standalone",
    "random_state": 0,
}
#: A quick look at anything else.
SMALL = {"n_lif": 4, "n_epochs": 2, "batch_size": 2, "engine": "auto", "random_state": 0}


def made(**options):
    """Estimator with parameters, those of its declarations included."""
    return EPropRegressor().set_params(**options)


def same(one, other):
    for name, w in one.weights_.items():
        np.testing.assert_array_equal(w, other.weights_[name], err_msg=name)


@pytest.fixture(scope="session")
def pattern():
    """Frozen noise of 200 ms, and two curves."""
    task = make_patterns(
        2, n_channels=20, duration=200 * ms, frequencies=(5, 10) * Hz, random_state=0
    )
    return task.data, task.target


@pytest.fixture(scope="session")
def learned(pattern):
    return made(**FAST).fit(*pattern)


@pytest.fixture(scope="session")
def few():
    """Numbers over time of different lengths, and two curves for each."""
    rng = np.random.default_rng(0)
    X = [rng.poisson(0.3, (n, 3)).astype(float) for n in (12, 9, 15, 12)]
    return X, [np.cumsum(x[:, :2] - 0.3, axis=0) for x in X]


class TestLearning:
    def test_draws_the_curves(self, learned, pattern):
        X, y = pattern
        assert learned.score(X, y) > 0.7
        loss = learned.history_["loss"]
        assert loss.shape == (50,)
        assert loss[-1] < 0.3 * loss[0]
        drawn = learned.predict(X)
        assert [one.shape for one in drawn] == [(200, 2)]
        assert learned.score(X, y) == pytest.approx(r2_score(y[0], drawn[0]))
        assert learned.n_outputs_ == 2
        assert learned.weights_["readout_to_error"].shape == (2,)

    def test_engines_agree(self, pattern):
        X, y = pattern
        one, other = (
            made(**{**FAST, "n_epochs": 2, "engine": name}).fit(X, y)
            for name in ("numpy", "cpp_standalone")
        )
        for name, w in one.weights_.items():
            np.testing.assert_allclose(w, other.weights_[name], rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(one.predict(X)[0], other.predict(X)[0], atol=1e-9)

    def test_the_loss_is_half_the_mean_squared_error_in_the_window(self, few):
        X, y = few
        settings = {**SMALL, "optimizer__learning_rate": 0.0, "n_epochs": 1}
        for window, of in ((None, slice(None)), (4 * ms, slice(-4, None))):
            model = made(**settings, decision_window=window).fit(X, y)
            losses = [
                0.5 * ((a[of] - b[of]) ** 2).mean(axis=0).sum()
                for a, b in zip(model.predict(X), y, strict=True)
            ]
            np.testing.assert_allclose(model.history_["loss"], [np.mean(losses)], rtol=1e-9)

    @pytest.mark.parametrize(
        "change",
        [
            {"n_lif": 2, "n_alif": 3},
            {"n_lif": 0, "n_alif": 4},
            {"optimizer": SGD(learning_rate=0.03)},
            {"feedback": "random"},
        ],
        ids=lambda change: ",".join(change),
    )
    def test_every_kind_of_network_comes_nearer(self, few, change):
        # Each is another program: numpy's are sooner made.
        settings = {
            **SMALL,
            "engine": "numpy",
            "optimizer__learning_rate": 0.03,
            "gains": {"input": 2.0},
        }
        loss = made(**{**settings, "n_epochs": 10, **change}).fit(*few).history_["loss"]
        assert loss[-1] < 0.95 * loss[0]

    def test_goes_on_bit_for_bit(self, few, tmp_path, interrupted):
        X, y = few
        settings = {**SMALL, "batch_size": 3}
        path = tmp_path / "checkpoint"
        interrupted(lambda: made(**settings, checkpoint=path).fit(X, y))
        with pytest.raises(CheckpointError, match="data"):
            made(**settings, checkpoint=path).fit(X, [one + 1 for one in y])
        resumed = made(**{**settings, "n_epochs": 4}, checkpoint=path).fit(X, y)
        whole = made(**{**settings, "n_epochs": 4}).fit(X, y)
        same(resumed, whole)
        np.testing.assert_array_equal(resumed.history_["loss"], whole.history_["loss"])

    def test_partial_fit_twice_is_fit_with_two_epochs(self, few):
        whole = made(**SMALL).fit(*few)
        parts = made(**SMALL).partial_fit(*few)
        same(whole, pickle.loads(pickle.dumps(parts)).partial_fit(*few))

    def test_early_stopping_keeps_the_best_weights(self, few):
        X, y = few[0] * 3, few[1] * 3
        groups = np.repeat(np.arange(4), 3)
        settings = {**SMALL, "n_epochs": 8, "optimizer__learning_rate": 0.05, "n_iter_no_change": 2}
        model = made(**settings, validation_fraction=0.25)
        model.fit(X, y, groups)
        _, rows = hold_out(model, y, groups, n=12)
        assert len(set(groups[rows])) == 1
        errors = [
            ((a - y[k]) ** 2).mean(axis=0).sum()
            for a, k in zip(model.predict([X[k] for k in rows]), rows, strict=True)
        ]
        score = model.history_["validation_score"]
        assert score.max() == pytest.approx(-np.mean(errors), rel=1e-9)
        np.testing.assert_allclose(score, -2 * model.history_["validation_loss"])

    def test_one_line_an_epoch_where_asked(self, few, capfd):
        made(**SMALL).fit(*few).predict(few[0])
        assert capfd.readouterr() == ("", "")
        made(**SMALL, verbose=2).fit(*few)
        lines = capfd.readouterr().out.splitlines()
        assert [line.partition(", loss")[0] for line in lines] == ["epoch 1", "epoch 2"]
        assert not [line for line in lines if "nan" in line]


class TestTargets:
    def test_signals_in_every_form(self, few):
        X, y = [x[:9] for x in few[0]], [one[:9] for one in few[1]]
        model = made(**SMALL).fit(X, y)
        same(model, made(**SMALL).fit(np.array(X), np.array(y)))
        longer = [np.vstack([one, np.full((3, 2), 9.0)]) for one in y]
        same(model, made(**SMALL).fit(X, longer))  # nobody sees the end
        assert model.score(X, longer) == model.score(X, y)

    @pytest.mark.parametrize("width", [None, 1, 3])
    def test_numbers_that_stay(self, width):
        X = np.array([[2.0, 0.0], [0.0, 2.0]] * 3)
        y = np.array([1.0, -1.0] * 3)
        y = y if width is None else y[:, None] * np.arange(1, width + 1)
        settings = {
            **SMALL,
            "presentation": 15 * ms,
            "optimizer__learning_rate": 0.1,
            "n_epochs": 15,
        }
        model = made(**settings).fit(X, y)
        answer = model.predict(X)
        assert answer.shape == y.shape
        assert model.score(X, y) > 0.3
        course = np.array(model.predict_course(X))
        assert course.shape == (6, 15, width or 1)
        np.testing.assert_allclose(course.mean(axis=1), answer.reshape(6, -1), rtol=1e-9)

    def test_numbers_of_spikes_augmented(self, pattern):
        X, _ = pattern
        X = SpikeTrains.concatenate([X, X])
        model = made(
            **{**SMALL, "dt": 5 * ms}, pool=5, augmenter=SpikeAugmenter(time_stretch=0.3)
        ).fit(X, [0.5, -0.5])
        assert model.predict(X).shape == (2,)
        assert model.weights_["input_to_lif"].shape == (4, 4)


class TestPrediction:
    def test_a_sample_has_one_answer(self, few):
        X, y = few
        model = made(**SMALL).fit(X, y)
        together = model.predict(X)
        assert [len(one) for one in together] == [12, 9, 15, 12]
        for k in (0, 2):
            np.testing.assert_array_equal(model.predict(X[k : k + 1])[0], together[k])
        for one, other in zip(model.predict(X[::-1]), together[::-1], strict=True):
            np.testing.assert_array_equal(one, other)

    def test_processors_do_not_matter(self, learned, pattern):
        X = SpikeTrains.concatenate([pattern[0]] * 3)
        other = pickle.loads(pickle.dumps(learned)).set_params(n_jobs=2)
        for one, two in zip(other.predict(X), learned.predict(X), strict=True):
            np.testing.assert_array_equal(one, two)

    def test_clone_and_seed(self, few):
        model = made(**SMALL).fit(*few)
        again = clone(model)
        assert not hasattr(again, "weights_")
        same(model, again.fit(*few))
        other = again.set_params(random_state=1).fit(*few)
        assert not np.array_equal(other.weights_["input_to_lif"], model.weights_["input_to_lif"])

    def test_nothing_learned_nothing_told(self, few):
        for method in ("predict", "predict_course", "transform_spikes"):
            with pytest.raises(NotFittedError):
                getattr(made(**SMALL), method)(few[0])


class TestRefused:
    @pytest.mark.parametrize(
        ("y", "says"),
        [
            (None, "requires y"),
            (3.0, "for each sample"),
            ([1.0, 2.0], "4 samples and 2 targets"),
            ([1.0, np.nan, 2.0, 3.0], "not finite"),
            (["a", "b", "c", "d"], "could not convert"),
            ([[1.0], [1.0, 2.0], [1.0], [1.0]], "same outputs"),
            ([np.ones((15, 1)), 1.0, 2.0, 3.0], "for each sample"),
            ([np.ones((15, 1)), np.ones((15, 2))] * 2, "same outputs"),
            ([np.ones((12, 1))] * 4, "target 2 has 12 steps, its sample 15"),
            ({"a": 1}, "for each sample"),
        ],
    )
    def test_bad_targets(self, few, y, says):
        model = made(**SMALL)
        with pytest.raises(DataError, match=says) as caught:
            model.fit(few[0], y)
        assert "EPropRegressor" in str(caught.value)
        assert not hasattr(model, "weights_")

    def test_targets_of_another_kind_than_at_first(self, few):
        X, y = few
        model = made(**SMALL).partial_fit(X, y)
        for other in ([1.0, 2.0, 3.0, 4.0], [one[:, :1] for one in y]):
            with pytest.raises(DataError, match="kind and width of the first call"):
                model.partial_fit(X, other)

    def test_scores_of_signals_that_do_not_fit(self, few):
        X, y = few
        model = made(**SMALL).fit(X, y)
        for bad in (y[:2], [one[:3] for one in y], [one[:, :1] for one in y]):
            with pytest.raises(DataError, match="EPropRegressor.score: y must hold a signal"):
                model.score(X, bad)
        with pytest.raises(DataError, match="no sample_weight"):
            model.score(X, y, sample_weight=np.ones(4))

    def test_signals_cannot_be_stretched(self, pattern):
        with pytest.raises(DataError, match="EPropRegressor.augmenter: .* leave it out"):
            made(**SMALL, augmenter=SpikeAugmenter()).fit(*pattern)

    def test_bad_parameters_are_named(self, few):
        for change, names in (
            ({"n_lif": 0}, ["EPropRegressor.n_lif", "n_alif=0"]),
            ({"batch_size": 2.0}, ["EPropRegressor.batch_size", "2.0"]),
            ({"readout": 20 * ms}, ["EPropRegressor.readout", "20. * msecond"]),
            ({"feedback": "back"}, ["EPropRegressor.feedback", "back", "'random'"]),
        ):
            with pytest.raises(ParameterError) as caught:
                made(**{**SMALL, **change}).fit(*few)
            assert all(name in str(caught.value) for name in names)


@parametrize_with_checks(
    [
        EPropRegressor(
            2, n_epochs=1, batch_size=16, recurrent=False, presentation=1 * ms, engine="auto",
            random_state=0,
        )
    ]
)  # fmt: skip
def test_scikit_learn_checks(estimator, check):
    check(estimator)
