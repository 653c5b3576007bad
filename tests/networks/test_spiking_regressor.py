"""SpikingRegressor: neurons in Brian that fire what the trained decoder predicts."""

import pickle

import numpy as np
import pytest
from brian2 import ms
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.utils import estimator_checks

from bioplastic import SpikeTrains
from bioplastic.errors import DataError, ParameterError
from bioplastic.networks import SpikingRegressor
from bioplastic.readout import SpikeTimeClassifier, SpikeTimeRegressor

N_UNITS, STEP = 6, 1e-4
#: Output 0 repeats unit 1 after 3 ms, output 1 unit 4 after 7 ms.
COPIES = ((1, 0.003), (4, 0.007))


def recordings(n=8, *, seed=0):
    """Poisson trains of different lengths, and delayed copies of two of their units."""
    rng = np.random.default_rng(seed)
    X, y = ([], [], []), ([], [], [])
    duration = rng.uniform(0.15, 0.25, n)
    for length in duration:
        size = rng.poisson(20 * N_UNITS * length)
        # Not closer than some steps, which would act as one.
        times = np.sort(rng.choice(int(length / 1e-3), size, replace=False)) * 1e-3
        units = rng.integers(N_UNITS, size=size)
        copied = np.concatenate([times[units == unit] + lag for unit, lag in COPIES])
        outputs = np.repeat([0, 1], [int((units == unit).sum()) for unit, _ in COPIES])
        order = np.argsort(copied, kind="stable")
        order = order[copied[order] <= length]
        for kept, values in zip(X, (times, units, [size]), strict=True):
            kept.append(values)
        for kept, values in zip(y, (copied[order], outputs[order], [len(order)]), strict=True):
            kept.append(values)
    return tuple(
        SpikeTrains(
            np.concatenate(times), np.concatenate(units),
            np.concatenate([[0], np.cumsum(np.concatenate(sizes))]),
            n_units=n_units, duration=duration,
        )
        for (times, units, sizes), n_units in ((X, N_UNITS), (y, 2))
    )  # fmt: skip


def decoder(**changed):
    return SpikeTimeRegressor(
        **{"kernel": "exponential", "lags": [0, 3, 7] * ms, "max_atoms": 2, "alpha": 0.0} | changed
    )


@pytest.fixture(scope="module")
def task():
    return recordings()


@pytest.fixture(scope="module")
def held_out():
    return recordings(seed=7)


@pytest.fixture(scope="module")
def spiking(task):
    return SpikingRegressor(decoder()).fit(*task)


def assert_late_by_a_step(found, expected):
    np.testing.assert_array_equal(found.offsets, expected.offsets)
    for one, other in zip(found, expected, strict=True):
        for unit in range(found.n_units):
            late = one.times[one.units == unit] - other.times[other.units == unit]
            assert (late > 0).all()
            assert (late <= 1.5 * STEP).all()


class TestPrediction:
    def test_delayed_copies_are_learnt(self, spiking, held_out):
        X, y = held_out
        assert set(zip(spiking.decoder_.selected_, spiking.decoder_.selected_lags_, strict=True)) \
            == set(COPIES)  # fmt: skip
        found = spiking.predict(X)
        assert found.shape == y.shape
        np.testing.assert_array_equal(found.duration, X.duration)
        assert len(y.times) > 50
        assert_late_by_a_step(found, y)
        assert spiking.score(X, y) > 0.95

    def test_it_fires_as_the_decoder_says(self, task, held_out):
        # Sums of several atoms, of either sign, that are no copies.
        X, _ = held_out
        mixed = SpikingRegressor(decoder(max_atoms=12), dt=0.02 * ms).fit(task[0], task[0])
        weights = np.random.default_rng(0).normal(0, 0.6, mixed.decoder_.weights_.shape)
        mixed.decoder_.weights_ = weights
        again = SpikingRegressor(FrozenEstimator(mixed.decoder_), dt=0.02 * ms).fit(*task)
        found, expected = again.predict(X), again.decoder_.predict(X)
        assert len(expected.times) > 300
        difference = found.counts() - expected.counts()
        assert np.abs(difference).sum() <= 0.02 * len(expected.times)

    def test_score(self, spiking, task, held_out):
        X, y = held_out
        silent = SpikeTrains([], [], [0] * (len(X) + 1), n_units=2, duration=X.duration)
        assert spiking.score(X, silent) == 0
        deaf = clone(spiking).fit(*task)
        deaf.state_["input_to_output.w"] *= 0
        assert deaf.score(X, y) == 0
        assert deaf.score(X, silent) == 1

    def test_spikes_after_the_end_are_no_prediction(self, spiking):
        X = SpikeTrains([0.099], [1], [0, 1], n_units=N_UNITS, duration=0.1)
        assert len(spiking.transform(X).times) == 1
        assert len(spiking.predict(X).times) == 0

    def test_engines_and_processors_agree(self, spiking, task, held_out):
        X, _ = held_out
        answers = spiking.transform(X)
        for changed in ({"engine": "numpy"}, {"n_jobs": 2}):
            other = clone(spiking).set_params(**changed).fit(*task)
            found = other.transform(X)
            np.testing.assert_array_equal(found.offsets, answers.offsets)
            np.testing.assert_array_equal(found.units, answers.units)
            np.testing.assert_allclose(found.times, answers.times, rtol=0, atol=1e-12)


class TestScikitLearn:
    @pytest.mark.parametrize(
        "check",
        [
            "check_no_attributes_set_in_init", "check_get_params_invariance", "check_set_params",
            "check_estimator_repr", "check_estimator_cloneable", "check_valid_tag_types",
            "check_mixin_order", "check_do_not_raise_errors_in_init_or_set_params",
        ],
    )  # fmt: skip
    def test_common_checks(self, check):
        getattr(estimator_checks, check)("SpikingRegressor", SpikingRegressor(decoder()))

    def test_a_trained_decoder_may_stay_as_it_is(self, task, spiking, held_out):
        frozen = FrozenEstimator(decoder().fit(*task))
        again = SpikingRegressor(frozen).fit(*recordings(2, seed=3))
        assert again.predict(held_out[0]) == spiking.predict(held_out[0])

    def test_copies_answer_the_same(self, spiking, held_out):
        copy = pickle.loads(pickle.dumps(spiking))
        assert copy.predict(held_out[0]) == spiking.predict(held_out[0])


class TestWhatIsRefused:
    def test_signals(self, task):
        X, _ = task
        with pytest.raises(DataError, match="fit: y must be SpikeTrains, got list; a signal has"):
            SpikingRegressor(decoder()).fit(X, [np.zeros(200)] * len(X))
        signals = [np.ones(int(np.ceil(length / 1e-3 - 1e-6))) for length in X.duration]
        frozen = FrozenEstimator(decoder(dt=1 * ms).fit(X, signals))
        with pytest.raises(ParameterError, match="decoder: must have learned spike trains"):
            SpikingRegressor(frozen).fit(*task)

    def test_other_decoders(self, task):
        with pytest.raises(ParameterError, match="decoder: must be a SpikeTimeRegressor, got"):
            SpikingRegressor(SpikeTimeClassifier()).fit(*task)
        with pytest.raises(ParameterError, match="kernel"):
            SpikingRegressor(decoder(kernel="alpha")).fit(*task)

    def test_before_fit(self, task):
        with pytest.raises(NotFittedError):
            SpikingRegressor(decoder()).predict(task[0])
