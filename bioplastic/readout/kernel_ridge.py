"""Kernel ridge regression on classes: a nonlinear readout with one closed-form solution."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.kernel_ridge import KernelRidge
from sklearn.metrics import pairwise_distances
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from bioplastic._checks import check_number
from bioplastic.errors import ParameterError
from bioplastic.readout._decisions import signed_targets, to_classes

#: Training samples from which the median distance is taken.
_MEDIAN_OF = 2000


class KernelRidgeClassifier(ClassifierMixin, BaseEstimator):
    """Classify by kernel ridge regression with a Gaussian kernel, on targets -1 and 1.

    Also known as least-squares support vector machine. All classes share one linear system, where
    a support vector machine solves one problem for every pair of classes.

    Parameters
    ----------
    alpha : float
        Strength of the regularization, > 0.
    gamma : float or "median"
        Width ``exp(-gamma*||x - y||**2)`` of the kernel; ``"median"`` is one over the median of
        the squared distances between training samples.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    gamma_ : float
        Width in use.
    regression_ : KernelRidge
        The fitted regression, one output for each class (one for two classes).
    n_features_in_ : int
        Number of features seen during `fit`.

    Raises
    ------
    ParameterError
        If a parameter is out of range.

    Notes
    -----
    Suykens & Vandewalle, Neural Processing Letters 9:293-300, 1999,
    doi 10.1023/A:1018628609742. Memory grows with the square of the training samples.

    Examples
    --------
    >>> from bioplastic.readout import KernelRidgeClassifier
    >>> X = [[0.0], [0.1], [1.0], [1.1], [2.0], [2.1]]
    >>> KernelRidgeClassifier().fit(X, list("aabbcc")).predict([[0.05], [1.05], [2.05]])
    array(['a', 'b', 'c'], dtype='<U1')
    """

    def __init__(self, *, alpha: float = 0.1, gamma: float | str = "median") -> None:
        self.alpha = alpha
        self.gamma = gamma

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Solve for the weights of all classes.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
        y : array_like of shape (n_samples,)

        Returns
        -------
        self : KernelRidgeClassifier
        """
        samples, labels = validate_data(self, X, y, dtype=(np.float64, np.float32))
        check_classification_targets(labels)
        alpha = check_number(self, "alpha", low=0.0)
        wanted = signed_targets(self, labels, samples.dtype)
        self.gamma_ = self._width(samples)
        self._mean = wanted.mean(axis=0)
        self.regression_ = KernelRidge(alpha=alpha, kernel="rbf", gamma=self.gamma_)
        self.regression_.fit(samples, wanted - self._mean)
        return self

    def _width(self, X: npt.NDArray[Any]) -> float:
        if self.gamma != "median":
            if isinstance(self.gamma, str):
                raise ParameterError(
                    f"KernelRidgeClassifier.gamma: must be a number or 'median', got {self.gamma!r}"
                )
            return check_number(self, "gamma", low=0.0)
        some = X[:: max(1, len(X) // _MEDIAN_OF)]
        squared = pairwise_distances(some, metric="sqeuclidean")
        median = float(np.median(squared[np.triu_indices(len(some), 1)])) if len(some) > 1 else 0.0
        return 1.0 / median if median > 0 else 1.0

    def decision_function(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return how much each sample looks like each class.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)

        Returns
        -------
        decision : ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
        """
        check_is_fitted(self, "regression_")
        samples = validate_data(self, X, reset=False, dtype=(np.float64, np.float32))
        decision: npt.NDArray[np.float64] = self.regression_.predict(samples) + self._mean
        return decision.ravel() if len(self.classes_) == 2 else decision

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """Return the class that each sample looks most like.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)

        Returns
        -------
        labels : ndarray of shape (n_samples,)
        """
        return to_classes(self.decision_function(X), self.classes_)
