"""What every public estimator promises: one answer a sample, tables and names of columns."""

import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from brian2 import ms
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_dataframe_column_names_consistency

from bioplastic import SpikeTrains, encoding, networks, readout
from bioplastic.models import Schedule

N, UNITS = 7, 9
SHORT = {"engine": "auto", "random_state": 0}
DIEHL_COOK = {**SHORT, "n_epochs": 1, "rest": 0 * ms, "dt": 1 * ms, "min_spikes": 0}
REWARD = {**SHORT, "n_epochs": 1, "dt": 1 * ms}
READ_OUT = {"engine": "auto", "dt": 1 * ms}
AUGMENTER = encoding.SpikeAugmenter(n_copies=1, random_state=0)
LEAKY = readout.SpikeTimeRegressor(kernel="exponential")
EPROP = {**SHORT, "n_epochs": 1, "batch_size": 2, "presentation": 5 * ms}


def spikes(silent=()):
    """Samples of spikes; of those in `silent`, which have none, every other one has no length."""
    rng = np.random.default_rng(0)
    parts = []
    for k in range(N):
        times, units = np.sort(rng.uniform(0, 0.02, 12)), rng.integers(0, UNITS, 12)
        n, duration = (0, 0.02 * (k % 2)) if k in silent else (12, 0.02)
        parts.append(SpikeTrains(times[:n], units[:n], [0, n], n_units=UNITS, duration=duration))
    return SpikeTrains.concatenate(parts)


def numbers(silent=()):
    X = np.random.default_rng(0).integers(1, 9, (N, UNITS)).astype(float)
    X[list(silent)] = 0
    return X


def sounds(silent=()):
    X = np.random.default_rng(0).standard_normal((N, 400))
    X[list(silent)] = 0
    return X


def signals(X):
    n_steps = np.maximum(np.rint(X.duration * 1000), 1).astype(int)
    return [np.linspace(0, 1, n)[:, np.newaxis] for n in n_steps]


def labels(X):
    return np.arange(N) % 2


def themselves(X):
    return X


#: (estimator, its samples, its targets): at least one for each public estimator
ESTIMATORS = [
    (encoding.BernoulliEncoder(duration=20 * ms, random_state=0), numbers, labels),
    (encoding.Cochlea(n_channels=4, random_state=0), sounds, labels),
    (encoding.LatencyEncoder(), numbers, labels),
    (encoding.PoissonEncoder(duration=20 * ms, random_state=0), numbers, labels),
    (encoding.RankOrderEncoder(), numbers, labels),
    (AUGMENTER, spikes, labels),
    (readout.AugmentedClassifier(readout.SpikeTimeClassifier(), AUGMENTER), spikes, labels),
    (readout.FilteredState(), spikes, labels),
    (readout.FirstSpikeTime(), spikes, labels),
    (readout.KernelRidgeClassifier(), numbers, labels),
    (readout.NeuronLabelClassifier(), numbers, labels),
    (readout.SpikeCount(), spikes, labels),
    (readout.SpikeTimeClassifier(), spikes, labels),
    (readout.SpikeTimeClassifier(relative=True), spikes, labels),
    (readout.SpikeTimeRegressor(dt=1 * ms), spikes, signals),
    (LEAKY, spikes, themselves),
    (readout.TimeBinnedCount(), spikes, labels),
    (networks.DiehlCook(4, presentation=5 * ms, **DIEHL_COOK), numbers, labels),
    (networks.DiehlCook(4, **DIEHL_COOK), spikes, labels),
    (networks.DiehlCookClassifier(4, presentation=5 * ms, **DIEHL_COOK), numbers, labels),
    (networks.DiehlCookClassifier(4, **DIEHL_COOK), spikes, labels),
    (networks.EPropClassifier(3, 2, **EPROP), spikes, labels),
    (networks.EPropClassifier(3, 2, decision_window=0.1, pool=3, **EPROP), spikes, labels),
    (networks.EPropClassifier(3, 2, **EPROP), numbers, labels),
    (networks.EPropRegressor(3, 2, **EPROP), spikes, signals),
    (networks.EPropRegressor(3, 2, n_lines=2, **EPROP), spikes, labels),
    (networks.LiquidStateMachine(20, liquid="random", **SHORT), spikes, labels),
    (networks.RewardSTDPClassifier(2, presentation=5 * ms, **REWARD), numbers, labels),
    (networks.RewardSTDPClassifier(2, **REWARD), spikes, labels),
    (networks.SpikingClassifier(readout.SpikeTimeClassifier(), **READ_OUT), spikes, labels),
    (networks.SpikingRegressor(LEAKY, **READ_OUT), spikes, themselves),
]
METHODS = (
    "predict", "predict_proba", "decision_function", "staged_predict", "predict_course",
    "transform", "transform_spikes",
)  # fmt: skip


def test_every_public_estimator_is_here():
    public = {
        getattr(room, name) for room in (encoding, networks, readout) for name in room.__all__
    }
    fitted = {one for one in public if hasattr(one, "fit") or hasattr(one, "fit_resample")}
    assert {type(estimator) for estimator, *_ in ESTIMATORS} == fitted


def answers(model, X):
    for method in METHODS:
        if hasattr(model, method):
            found = getattr(model, method)(X)
            yield method, list(found) if method == "staged_predict" else found


def assert_one_answer_a_sample(model, X):
    """The answers are as many as the samples, and go with them where these are reversed."""
    for method, found in answers(model, X):
        if method == "staged_predict":  # no stage where nothing was chosen
            assert all(len(stage) == len(X) for stage in found)
            continue
        assert len(found) == len(X), method
        reverse = getattr(model, method)(X[::-1])
        for k in range(len(X)):
            if not isinstance(X, SpikeTrains) and (X[k] == X).all(axis=1).sum() > 1:
                continue  # equal samples are trials, each with its own noise
            answer, again = found[k], reverse[len(X) - 1 - k]
            if isinstance(answer, SpikeTrains):
                assert answer == again, (method, k)
            else:
                np.testing.assert_allclose(answer, again, atol=1e-12, err_msg=f"{method}, {k}")


def every(suits):
    """Parametrise by all estimators that suit."""
    chosen = [(k, *one) for k, one in enumerate(ESTIMATORS) if suits(*one)]
    return pytest.mark.parametrize(
        ("estimator", "samples", "targets"),
        [one for _, *one in chosen],
        ids=[f"{k}-{type(estimator).__name__}" for k, estimator, *_ in chosen],
    )


@pytest.mark.filterwarnings("ignore")
@every(lambda *_: True)
def test_one_answer_a_sample(estimator, samples, targets):
    some, all_ = samples((0, 1, 2, N - 1)), samples(range(N))
    if isinstance(estimator, encoding.SpikeAugmenter):
        for X in (some, all_):
            found, y = estimator.fit_resample(X, np.arange(N))
            assert len(found) == len(y) == 2 * N
            assert found[:N] == X
        return
    model = clone(estimator).fit(samples(), targets(samples()))
    for X in (some, all_):
        assert_one_answer_a_sample(model, X)
    assert_one_answer_a_sample(clone(estimator).fit(some, targets(some)), some)


def test_a_presentation_has_a_step():
    for rest in (0, 7):
        schedule = Schedule(presentation=None, rest=rest * ms, dt=1 * ms)
        steps = schedule.n_steps([0.0, 1e-9, 0.001, 0.003])
        assert (steps - rest).tolist() == [1, 1, 1, 3]


@every(lambda estimator, *_: hasattr(estimator, "transform"))
@pytest.mark.parametrize("globally", [True, False])
def test_pandas_output_is_a_table_or_spike_trains(estimator, samples, targets, globally):
    X = samples()
    model = clone(estimator).fit(X, targets(X))
    plain = model.transform(X)
    with sklearn.config_context(transform_output="pandas" if globally else "default"):
        if not globally:
            model.set_output(transform="pandas")
        for found in (model.transform(X), model.fit_transform(X, targets(X))):
            if isinstance(plain, SpikeTrains):
                assert found == plain
            else:
                assert isinstance(found, pd.DataFrame)
                assert found.columns.tolist() == list(model.get_feature_names_out())
                np.testing.assert_array_equal(found.to_numpy(), plain)


@pytest.mark.parametrize("globally", [True, False])
def test_pandas_output_of_pipelines(globally):
    X = pd.DataFrame(numbers()).add_prefix("pixel_")
    encoder = encoding.LatencyEncoder(duration=20 * ms)
    liquid = networks.LiquidStateMachine(20, liquid="random", **SHORT)
    named = make_pipeline(encoder, readout.SpikeCount())
    through = make_pipeline(encoder, liquid, readout.SpikeCount())
    with sklearn.config_context(transform_output="pandas" if globally else "default"):
        for pipeline in (named, through):
            pipeline.fit(X)
            if not globally:
                pipeline.set_output(transform="pandas")
            assert isinstance(pipeline.transform(X), pd.DataFrame)
            assert isinstance(pipeline[:-1].transform(X), SpikeTrains)
    # Spike trains have no names; the pipeline hands them past.
    assert named.get_feature_names_out().tolist() == X.columns.tolist()


@every(lambda estimator, samples, _: samples is numbers)
def test_names_of_columns_are_kept_and_their_order_checked(estimator, samples, targets):
    X = pd.DataFrame(samples()).add_prefix("pixel_")
    y = targets(X)
    model = clone(estimator)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*feature names")
        model.fit(X, y)
        assert model.feature_names_in_.tolist() == X.columns.tolist()
        list(answers(model, X))
        if hasattr(model, "partial_fit"):
            model.partial_fit(X, y)
            with pytest.raises(ValueError, match="feature names should match"):
                model.partial_fit(X[X.columns[::-1]], y)
            new = clone(estimator)
            new.partial_fit(X, y, **({"classes": [0, 1]} if hasattr(model, "classes_") else {}))
            assert new.feature_names_in_.tolist() == X.columns.tolist()
    for method in (*METHODS, "presentation_of"):
        if hasattr(model, method):
            with pytest.raises(ValueError, match="feature names should match"):
                getattr(model, method)(X[X.columns[::-1]])


@every(lambda estimator, samples, _: samples is numbers)
def test_scikit_learns_own_check_of_names(estimator, samples, targets):
    """It is not among those of `parametrize_with_checks`."""
    check_dataframe_column_names_consistency(type(estimator).__name__, clone(estimator))


@every(lambda estimator, samples, _: samples is numbers and "x_max" in estimator.get_params())
def test_another_scale_than_in_fit_is_warned_of_once_a_call(estimator, samples, targets):
    X = np.vstack([samples(), samples()])
    y = np.concatenate([targets(X), targets(X)])
    methods = [m for m in (*METHODS, "presentation_of") if hasattr(estimator, m)]
    assert methods
    for fitted, asked in ((255 * X, X), (X, 255 * X), (X, 255 * X[:1])):
        model = clone(estimator).fit(fitted, y)
        for method in methods:
            with pytest.warns(UserWarning, match="as if one were on another scale") as caught:
                getattr(model, method)(asked)
            assert len(caught) == 1, method
            assert caught[0].filename == __file__
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for method in methods:
                getattr(model, method)(fitted)
            for same in (fitted[:3] / 255, fitted / 9, 9 * fitted, 0 * fitted):
                getattr(model, methods[0])(same)


def test_ranks_have_no_scale():
    encoder = encoding.RankOrderEncoder().fit(numbers())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder.transform(255 * numbers())
