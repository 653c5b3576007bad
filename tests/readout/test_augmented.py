"""AugmentedClassifier: augments what it trains on, and nothing else."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import _safe_indexing
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_X_y

from bioplastic import SpikeTrains
from bioplastic.errors import ParameterError
from bioplastic.readout import AugmentedClassifier, SpikeCount


class Repeat(BaseEstimator):
    """Each sample `n` times, as a resampler makes them."""

    def __init__(self, n=2):
        self.n = n

    def fit_resample(self, X, y):
        if not isinstance(X, SpikeTrains):
            X, y = check_X_y(X, y, accept_sparse="csr", dtype=None, multi_output=True)
        self.seen_ = len(y)
        rows = np.tile(np.arange(len(y)), self.n)
        return _safe_indexing(X, rows), _safe_indexing(y, rows)


class Shift(BaseEstimator):
    """Copies of each sample with all spikes moved by up to `far` units."""

    def __init__(self, far=1):
        self.far = far

    def fit_resample(self, X, y):
        shifts = range(-self.far, self.far + 1)
        copies = [
            SpikeTrains(
                X.times, np.clip(X.units + k, 0, X.n_units - 1), X.offsets, n_units=X.n_units,
                duration=X.duration,
            )
            for k in shifts
        ]  # fmt: skip
        return SpikeTrains.concatenate(copies), np.tile(y, len(shifts))


class Counting(RidgeClassifier):
    """Remembers how many samples it was fitted on."""

    def fit(self, X, y):
        self.fitted_on_ = len(y)
        return super().fit(X, y)

    def predict(self, X):
        self.predicted_ = len(X)
        return super().predict(X)


@parametrize_with_checks(
    [
        AugmentedClassifier(LogisticRegression(), Repeat()),
        AugmentedClassifier(make_pipeline(StandardScaler(), RidgeClassifier()), Repeat()),
    ]
)
def test_common_checks(estimator, check):
    check(estimator)


class Twice(BaseEstimator):
    """Each sample twice, in a table where it was in one, as imbalanced-learn has it."""

    def fit_resample(self, X, y):
        return pd.concat([X, X]), np.tile(y, 2)


def test_names_of_columns_are_those_of_the_estimator():
    X, y = pd.DataFrame({"a": [0.0, 1.0], "b": [1.0, 0.0]}), [0, 1]
    model = AugmentedClassifier(LogisticRegression(), Twice()).fit(X, y)
    assert model.feature_names_in_.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(X[["b", "a"]])
    nameless = AugmentedClassifier(LogisticRegression(), Repeat()).fit(X.to_numpy(), y)
    assert not hasattr(nameless, "feature_names_in_")


@pytest.fixture(scope="module")
def words():
    """Two classes of eight speakers, told apart by the unit alone, which depends on the speaker."""
    n, each = 48, 5
    y, speakers = np.arange(n) % 2, np.arange(n) // 6
    units = np.repeat(2 + 10 * y + speakers, each)
    times = np.tile(np.linspace(0.1, 0.5, each), n)
    return SpikeTrains(times, units, np.arange(n + 1) * each, n_units=22, duration=1), y, speakers


def test_it_trains_on_augmented_samples_and_predicts_samples_as_they_are():
    X, y = np.eye(4), np.array(["a", "b", "a", "b"])
    model = AugmentedClassifier(Counting(), Repeat(3)).fit(X, y)
    assert model.estimator_.fitted_on_ == 12
    assert len(model.predict(X)) == model.estimator_.predicted_ == 4
    assert model.augmenter_.seen_ == 4
    assert model.score(X, y) == 1
    assert list(model.classes_) == ["a", "b"]
    assert model.n_features_in_ == 4


def test_what_it_was_given_stays_unfitted():
    estimator, augmenter = Counting(), Repeat()
    AugmentedClassifier(estimator, augmenter).fit(np.eye(4), [0, 1, 0, 1])
    assert not hasattr(estimator, "coef_")
    assert not hasattr(augmenter, "seen_")


def test_only_what_the_estimator_has_is_there():
    ridge, logistic = (
        AugmentedClassifier(estimator, Repeat())
        for estimator in (RidgeClassifier(), LogisticRegression())
    )
    assert hasattr(logistic, "predict_proba")
    assert hasattr(logistic, "predict_log_proba")
    assert not hasattr(ridge, "predict_proba")
    assert not hasattr(ridge, "transform")
    assert hasattr(ridge, "decision_function")
    projected = AugmentedClassifier(PCA(1), Repeat()).fit(np.eye(4), [0, 1, 0, 1])
    assert projected.transform(np.eye(4)).shape == (4, 1)
    assert not hasattr(projected, "predict")
    with pytest.raises(AttributeError, match="has no classes_"):
        projected.classes_  # noqa: B018
    with pytest.raises(NotFittedError):
        logistic.predict(np.eye(4))
    with pytest.raises(AttributeError, match="not fitted"):
        logistic.classes_  # noqa: B018


def test_an_augmenter_that_is_none():
    with pytest.raises(ParameterError, match=r"augmenter: must have a method fit_resample"):
        AugmentedClassifier(RidgeClassifier(), PCA()).fit(np.eye(4), [0, 1, 0, 1])


def test_groups_that_an_augmenter_returns_are_let_go():
    class WithGroups(Repeat):
        def fit_resample(self, X, y):
            return (*super().fit_resample(X, y), np.zeros(len(y)))

    model = AugmentedClassifier(RidgeClassifier(), WithGroups()).fit(np.eye(4), [0, 1, 0, 1])
    assert model.predict(np.eye(4)).tolist() == [0, 1, 0, 1]


def test_shifted_copies_name_speakers_that_were_never_heard(words):
    X, y, speakers = words
    plain = make_pipeline(SpikeCount(), RidgeClassifier())
    folds = {"groups": speakers, "cv": GroupKFold(8)}
    scores = cross_val_score(plain, X, y, **folds)
    augmented = cross_val_score(AugmentedClassifier(plain, Shift(1)), X, y, **folds)
    assert augmented.mean() == 1 > scores.mean() + 0.2


def test_grid_search_reaches_estimator_and_augmenter(words):
    X, y, speakers = words
    model = AugmentedClassifier(make_pipeline(SpikeCount(), RidgeClassifier()), Shift())
    grid = {"augmenter__far": [0, 1], "estimator__ridgeclassifier__alpha": [0.1, 1.0]}
    search = GridSearchCV(model, grid, cv=GroupKFold(8), error_score="raise")
    search.fit(X, y, groups=speakers)
    assert search.best_params_["augmenter__far"] == 1
    assert search.best_estimator_.augmenter_.far == 1
    assert clone(search.best_estimator_).get_params()["augmenter__far"] == 1
    assert search.predict(X).shape == (48,)
