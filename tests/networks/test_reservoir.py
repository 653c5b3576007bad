"""LiquidStateMachine: one answer a sample, whatever surrounds it; scikit-learn; what is refused."""

import os
import pickle
import signal
import tempfile
import threading

import numpy as np
import pytest
from brian2 import ms, mV
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold, LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.utils import estimator_checks

from bioplastic import SpikeTrains
from bioplastic.engine import presenting
from bioplastic.errors import DataError, ParameterError
from bioplastic.models import (
    LIF,
    Network,
    PairSTDP,
    PoissonInput,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    SpikeInput,
    Uniform,
)
from bioplastic.networks import LiquidStateMachine, MaassColumn, RandomLiquid, TonotopicLiquid
from bioplastic.readout import FilteredState, SpikeCount

N_CHANNELS = 30
#: Small, and driven well enough to make spikes. One more: test_processes_of_python.
LIQUIDS = {
    "maass": (135, MaassColumn(p_input=0.2)),
    "tonotopic": (24, TonotopicLiquid(n_inputs=15, w_input=60.0)),
}
SMALL = {"n_neurons": 135, "liquid": LIQUIDS["maass"][1], "random_state": 0}


def words(n=12, *, n_channels=N_CHANNELS, seed=0, rate=60.0, shortest=0.03):
    """Poisson samples of different lengths; the third is silent, the fifth as short as can be."""
    rng = np.random.default_rng(seed)
    duration = rng.uniform(shortest, 2 * shortest, n)
    counts = rng.poisson(rate * n_channels * duration)
    if n > 4:
        counts[2], counts[4], duration[4] = 0, 0, 0.0
    times = np.concatenate(
        [np.sort(rng.uniform(0, d, k)) for d, k in zip(duration, counts, strict=True)]
    )
    return SpikeTrains(
        times, rng.integers(n_channels, size=len(times)), np.cumsum([0, *counts]),
        n_units=n_channels, duration=duration,
    )  # fmt: skip


@pytest.fixture(scope="module")
def X():
    return words()


@pytest.fixture(scope="module", params=LIQUIDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def lsm(kind, X):
    n, liquid = LIQUIDS[kind]
    return LiquidStateMachine(n, liquid=liquid, random_state=0).fit(X)


@pytest.fixture(scope="module")
def answers(lsm, X):
    return lsm.transform(X)


class TestAnswers:
    def test_each_is_as_long_as_its_sample(self, lsm, answers, X):
        assert answers.shape == (len(X), lsm.n_neurons)
        n_steps = np.maximum(np.ceil(X.duration / 1e-3 - 1e-6), 1)
        np.testing.assert_allclose(answers.duration, n_steps * 1e-3)
        assert len(answers.times) > 100
        assert answers.times.max() < answers.duration.max()

    def test_a_silent_sample_and_one_without_length_are_answered(self, answers):
        counts = answers.counts().sum(axis=1)
        assert counts[2] == counts[4] == 0
        assert (np.delete(counts, [2, 4]) > 0).all()

    def test_they_do_not_depend_on_the_company(self, lsm, answers, X):
        turned = np.random.default_rng(0).permutation(len(X))
        assert lsm.transform(X[turned]) == answers[turned]
        for k in (0, 5):
            assert lsm.transform(X[k]) == answers[k]
        assert lsm.transform(words(20, seed=1))[:3] != answers[:3]

    def test_they_do_not_depend_on_the_number_of_processors(self, lsm, answers, X):
        for n_jobs in (2, 5):
            other = clone(lsm).set_params(n_jobs=n_jobs)
            assert other.fit(X).transform(X) == answers

    def test_numpy_answers_the_same(self, lsm, answers, X):
        slow = clone(lsm).set_params(engine="numpy").fit(X)
        assert slow.transform(X) == answers
        assert slow.engine_["name"] == "numpy"

    def test_the_random_state_says_all(self, lsm, answers, X):
        again = clone(lsm).fit(X)
        assert set(again.state_) == set(lsm.state_)
        for name, values in lsm.state_.items():
            np.testing.assert_array_equal(again.state_[name], values)
        assert again.transform(X) == answers
        other = clone(lsm).set_params(random_state=1).fit(X)
        assert other.transform(X) != answers

    def test_only_the_number_of_channels_is_learned(self, lsm, answers, X):
        assert clone(lsm).fit(words(1, seed=9)).transform(X) == answers

    def test_copies_answer_the_same(self, lsm, answers, X):
        assert pickle.loads(pickle.dumps(lsm)).transform(X) == answers

    def test_the_rest_comes_after_the_sample(self, lsm, answers, X):
        longer = clone(lsm).set_params(rest=20 * ms).fit(X).transform(X)
        np.testing.assert_allclose(longer.duration, answers.duration + 0.02)
        for short, long in zip(answers, longer, strict=True):
            kept = long.times < short.duration[0] - 1e-9
            np.testing.assert_array_equal(long.times[kept], short.times)
            np.testing.assert_array_equal(long.units[kept], short.units)


def test_processes_of_python(X):
    liquid = RandomLiquid(p_input=0.4, w_input=12.0)
    lsm = LiquidStateMachine(20, liquid=liquid, engine="numpy", random_state=0).fit(X)
    X = X[:2]  # every part is built anew
    answers = lsm.transform(X)
    assert len(answers.times) > 20
    assert lsm.set_params(n_jobs=2).transform(X) == answers


def test_a_generator_of_random_numbers_goes_on(X):
    random = np.random.RandomState(0)
    first, second = (
        LiquidStateMachine(**SMALL | {"random_state": random}).fit(X).state_ for _ in range(2)
    )
    assert not np.array_equal(first["exc_to_exc.w"][:3], second["exc_to_exc.w"][:3])


def test_global_random_numbers_are_left_alone(X):
    np.random.seed(7)  # noqa: NPY002
    before = repr(np.random.get_state())  # noqa: NPY002
    LiquidStateMachine(**SMALL).fit(X)
    assert repr(np.random.get_state()) == before  # noqa: NPY002


@pytest.fixture(scope="module")
def task():
    """Three words of four speakers: low, middle or high channels, faster or slower."""
    rng = np.random.default_rng(0)
    y, speakers = np.tile([0, 1, 2], 16), np.repeat(np.arange(4), 12)
    samples = []
    for label, speaker in zip(y, speakers, strict=True):
        times = np.sort(rng.uniform(0, 0.05 + 0.005 * speaker, 40))
        own = rng.integers(10 * label, 10 * label + 10, 40)
        noise = rng.integers(N_CHANNELS, size=40)
        samples.append((times, np.where(rng.random(40) < 0.8, own, noise)))
    trains = SpikeTrains(
        np.concatenate([t for t, _ in samples]), np.concatenate([k for _, k in samples]),
        np.arange(len(y) + 1) * 40, n_units=N_CHANNELS, duration=0.07,
    )  # fmt: skip
    return trains, y, speakers


class TestScikitLearn:
    # The common checks call fit with arrays, which it takes none of; these need no data.
    @pytest.mark.parametrize(
        "check",
        [
            "check_parameters_default_constructible", "check_no_attributes_set_in_init",
            "check_get_params_invariance", "check_set_params", "check_estimator_repr",
            "check_estimator_cloneable", "check_valid_tag_types", "check_mixin_order",
            "check_do_not_raise_errors_in_init_or_set_params",
        ],
    )  # fmt: skip
    def test_common_checks(self, check):
        getattr(estimator_checks, check)("LiquidStateMachine", LiquidStateMachine(**SMALL))

    def test_parameters_and_names(self, lsm, kind):
        assert clone(lsm).get_params()["liquid"] == LIQUIDS[kind][1]
        names = lsm.get_feature_names_out()
        assert list(names[:2]) == ["liquidstatemachine0", "liquidstatemachine1"]
        assert len(names) == lsm.n_neurons
        states = SpikeCount().fit(SpikeTrains([], [], [0, 0], n_units=len(names), duration=1))
        assert list(states.get_feature_names_out(names)) == list(names)

    def test_what_is_known_after_fit(self, lsm, X):
        assert lsm.n_features_in_ == N_CHANNELS
        assert lsm.n_synapses_ == sum(
            len(lsm.state_[f"{p.name}.w"]) if f"{p.name}.w" in lsm.state_ else
            len(lsm.state_[f"{p.name}.i"])
            for p in lsm.network_.projections
        )  # fmt: skip
        lsm.transform(X)
        assert set(lsm.timings_) == {"build", "simulate"}
        assert lsm.engine_["name"] in ("cpp_standalone", "cython", "numpy")

    def test_speakers_never_heard(self, task):
        X, y, speakers = task
        model = Pipeline([
            ("lsm", LiquidStateMachine(24, liquid=LIQUIDS["tonotopic"][1], random_state=0)),
            ("state", FilteredState(n_times=2)),
            ("ridge", RidgeClassifier()),
        ])  # fmt: skip
        scores = cross_val_score(model, X, y, groups=speakers, cv=LeaveOneGroupOut())
        assert len(scores) == 4
        assert scores.mean() > 0.7  # by chance 0.33

    def test_grid_search_over_liquids(self, task):
        X, y, speakers = task
        model = Pipeline([
            ("lsm", LiquidStateMachine(24, random_state=0)),
            ("count", SpikeCount()),
            ("ridge", RidgeClassifier()),
        ])  # fmt: skip
        deaf = TonotopicLiquid(n_inputs=15, w_input=1e-6)
        grid = {"lsm__liquid": [deaf, LIQUIDS["tonotopic"][1]]}
        search = GridSearchCV(model, grid, cv=GroupKFold(2), error_score="raise")
        search.fit(X, y, groups=speakers)
        assert search.best_params_["lsm__liquid"] == LIQUIDS["tonotopic"][1]
        assert search.best_score_ > 0.6


def own_network(n=5, *, n_channels=N_CHANNELS, neuron=None, rule=None, schedule=None):
    return Network(
        populations=(
            Population(name="ear", n=n_channels, neuron=neuron or SpikeInput()),
            Population(name="cells", n=n, neuron=LIF()),
        ),
        projections=(
            Projection(
                pre="ear",
                post="cells",
                wiring=RandomWiring(p=0.5) if rule is None else "all_to_all",
                on_pre="v_post += w*mV",
                weight=Uniform(low=2.0, high=9.0),
                rule=rule,
            ),
        ),
        watch="cells",
        schedule=schedule or Schedule(presentation=None, rest=3 * ms, dt=1 * ms, min_spikes=0),
    )


class TestOwnNetwork:
    def test_it_runs(self, X):
        lsm = LiquidStateMachine(5, liquid=own_network(), engine="numpy", random_state=0)
        answers = lsm.fit_transform(X)
        assert answers.shape == (len(X), 5)
        assert len(answers.times) > 5
        np.testing.assert_allclose(
            answers.duration, np.maximum(np.ceil(X.duration / 1e-3 - 1e-6), 1) * 1e-3 + 0.003
        )
        assert lsm.network_ == own_network()

    def test_what_does_not_fit(self, X):
        poisson = own_network(
            neuron=PoissonInput(), schedule=Schedule(presentation=50 * ms, min_spikes=0)
        )
        for network, changed, message in (
            (own_network(n_channels=7), {}, "must be a SpikeInput of 30 neurons"),
            (poisson, {}, "must be a SpikeInput of 30 neurons"),
            (own_network(6), {}, "n_neurons: must be 6, the neurons that the network watches"),
            (own_network(), {"dt": 1 * ms}, "dt: must be None, since the network's schedule"),
            (own_network(), {"rest": 1 * ms}, "rest: must be None, since"),
        ):
            lsm = LiquidStateMachine(5, liquid=network, **changed)
            with pytest.raises(ParameterError, match=f"LiquidStateMachine.*{message}"):
                lsm.fit(X)
        frozen = LiquidStateMachine(5, liquid=own_network(rule=PairSTDP()).frozen())
        assert frozen.fit(X).network_.projections[0].rule is None


class TestWhatIsRefused:
    def test_data_that_are_no_spikes(self, X):
        lsm = LiquidStateMachine(**SMALL)
        for wrong, kind in ((np.zeros((3, N_CHANNELS)), "ndarray"), ([[0.1]], "list")):
            with pytest.raises(DataError, match=f"X must be SpikeTrains, got {kind}"):
                lsm.fit(wrong)
        lsm.fit(X)
        with pytest.raises(DataError, match="X must be SpikeTrains, got ndarray"):
            lsm.transform(np.zeros((3, N_CHANNELS)))

    def test_no_samples(self, X):
        lsm = LiquidStateMachine(**SMALL)
        with pytest.raises(DataError, match="at least one sample, got SpikeTrains"):
            lsm.fit(X[:0])
        with pytest.raises(DataError, match="at least one sample, got SpikeTrains"):
            lsm.fit(X).transform(X[:0])

    def test_another_number_of_channels(self, X):
        lsm = LiquidStateMachine(**SMALL).fit(X)
        with pytest.raises(DataError, match="must have the 30 units of fit, got 4"):
            lsm.transform(words(3, n_channels=4))
        assert lsm.fit(words(3, n_channels=4)).n_features_in_ == 4

    def test_before_fit(self, X):
        with pytest.raises(NotFittedError):
            LiquidStateMachine(**SMALL).transform(X)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"n_neurons": 0}, "n_neurons: must be a whole number at least 1, got 0"),
            ({"n_neurons": 18.0}, "n_neurons: must be a whole number"),
            ({"n_neurons": 20}, "n_neurons must be a multiple of 9, .* got 20"),
            ({"n_neurons": 9}, "at least 18, got 9"),
            ({"liquid": "water"}, "liquid: must be one of maass, random, tonotopic, .* 'water'"),
            ({"liquid": None}, "liquid: must be one of"),
            ({"liquid": MaassColumn}, "liquid: must be one of"),
            ({"dt": 1.0}, "dt: must have the unit of"),
            ({"dt": 1 * mV}, "dt: must have the unit of"),
            ({"dt": 0 * ms}, "dt: must be > 0"),
            ({"rest": 3}, "rest: must have the unit of"),
            ({"rest": -1 * ms}, "rest: must be >= 0"),
            ({"rest": 1.5 * ms}, "rest: must be a whole multiple of dt"),
            ({"engine": "gpu"}, "engine"),
        ],
    )
    def test_parameters(self, X, wrong, message):
        lsm = LiquidStateMachine(**SMALL | wrong)
        with pytest.raises(ParameterError, match=message):
            lsm.fit(X)
        assert not hasattr(lsm, "network_")


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_ctrl_c_leaves_nothing_behind(X, n_jobs, monkeypatch, tmp_path):
    lsm = LiquidStateMachine(**SMALL | {"n_jobs": n_jobs}).fit(X)
    expected, timings = lsm.transform(X), lsm.timings_
    handler, real = signal.getsignal(signal.SIGINT), presenting.run
    first = threading.Lock()

    def run(*args, **kwargs):
        if first.acquire(blocking=False):  # a second Ctrl-C would not wait
            os.kill(os.getpid(), signal.SIGINT)
        return real(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path))
        patch.setattr(presenting, "run", run)
        patch.setattr(presenting, "CHUNK", 1)
        with pytest.raises(KeyboardInterrupt, match=r"stopped after \d+ of 12 samples"):
            lsm.transform(X)
    assert not list(tmp_path.iterdir())
    assert signal.getsignal(signal.SIGINT) is handler
    assert lsm.timings_ is timings
    assert lsm.transform(X) == expected
