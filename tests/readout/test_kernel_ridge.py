"""KernelRidgeClassifier: scikit-learn's common checks, the closed form, errors."""

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_circles
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from bioplastic.errors import DataError, ParameterError
from bioplastic.readout import KernelRidgeClassifier


@parametrize_with_checks([KernelRidgeClassifier()])
def test_common_checks(estimator, check):
    """No check is expected to fail."""
    check(estimator)


class TestSolution:
    def test_is_that_of_the_linear_system(self):
        X, y = load_iris(return_X_y=True)
        classifier = KernelRidgeClassifier(alpha=0.3, gamma=0.5).fit(X[::2], y[::2])
        targets = 2.0 * np.eye(3)[y[::2]] - 1
        kernel = rbf_kernel(X[::2], gamma=0.5) + 0.3 * np.eye(75)
        weights = np.linalg.solve(kernel, targets - targets.mean(axis=0))
        decision = rbf_kernel(X[1::2], X[::2], gamma=0.5) @ weights + targets.mean(axis=0)
        np.testing.assert_allclose(classifier.decision_function(X[1::2]), decision, rtol=1e-8)
        np.testing.assert_array_equal(classifier.predict(X[1::2]), decision.argmax(axis=1))

    def test_the_median_does_not_depend_on_the_unit(self):
        X, y = load_iris(return_X_y=True)
        one = KernelRidgeClassifier().fit(X, y)
        thousand = KernelRidgeClassifier().fit(1000 * X, y)
        assert thousand.gamma_ == pytest.approx(one.gamma_ / 1e6)
        np.testing.assert_array_equal(one.predict(X), thousand.predict(1000 * X))

    def test_separates_what_no_line_separates(self):
        X, y = make_circles(300, noise=0.05, factor=0.4, random_state=0)
        assert cross_val_score(KernelRidgeClassifier(), X, y).mean() > 0.98

    def test_equal_samples_have_a_width_too(self):
        classifier = KernelRidgeClassifier().fit(np.ones((4, 2)), [0, 0, 0, 1])
        assert classifier.gamma_ == 1.0
        assert classifier.predict([[1.0, 1.0]]) == [0]


class TestErrors:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"alpha": -1.0}, "KernelRidgeClassifier.alpha: must be a number at least 0, got -1.0"),
            ({"gamma": "scale"}, "KernelRidgeClassifier.gamma: must be a number or 'median'"),
            ({"gamma": -0.5}, "KernelRidgeClassifier.gamma: must be a number at least 0"),
        ],
    )
    def test_parameters(self, changes, message):
        with pytest.raises(ParameterError, match=message):
            KernelRidgeClassifier(**changes).fit([[0.0], [1.0]], [0, 1])

    def test_one_class(self):
        with pytest.raises(DataError, match="at least two classes"):
            KernelRidgeClassifier().fit([[0.0], [1.0]], [3, 3])
