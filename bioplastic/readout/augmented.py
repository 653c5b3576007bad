"""A classifier that trains on augmented samples and is tested on those as they are."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import check_consistent_length, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from bioplastic.errors import DataError, ParameterError


def _if_estimator_has[F: Callable[..., Any]](method: str) -> Callable[[F], F]:
    def check(self: "AugmentedClassifier") -> bool:
        # Where it is missing, the estimator's own AttributeError says so.
        getattr(getattr(self, "estimator_", self.estimator), method)
        return True

    decorate: Callable[[F], F] = available_if(check)
    return decorate


def _handed_on(name: str, doc: str) -> Any:
    """Return a method that the fitted estimator answers."""

    def method(self: "AugmentedClassifier", X: Any) -> Any:
        check_is_fitted(self, "estimator_")
        return getattr(self.estimator_, name)(X)

    method.__name__, method.__doc__ = name, doc
    method.__qualname__ = f"AugmentedClassifier.{name}"
    return _if_estimator_has(name)(method)


class AugmentedClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Fit a classifier on augmented training samples.

    `fit` hands the training samples to ``augmenter.fit_resample`` and fits the estimator on what
    comes back; all that follows sees samples as they are. So the copies of a word never leave the
    training folds of `cross_val_score` or `GridSearchCV`, as they do when a data set is augmented
    before it is split.

    Parameters
    ----------
    estimator : estimator
        Classifier or pipeline to fit.
    augmenter : object with a method ``fit_resample(X, y)``
        What makes the augmented samples, such as :class:`bioplastic.encoding.SpikeAugmenter` or a
        sampler of imbalanced-learn. The first two values that it returns are taken.

    Attributes
    ----------
    estimator_ : estimator
        The estimator fitted on the augmented samples.
    augmenter_ : object
        The augmenter that made them.
    classes_ : ndarray of shape (n_classes,)
        The classes that `estimator_` knows.
    n_features_in_ : int
        Number of features, or of units, seen during `fit`, where `estimator_` tells it.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X, where X had names and the augmenter kept them.

    Notes
    -----
    `predict_proba`, `predict_log_proba`, `decision_function`, `transform` and `score` exist where
    the estimator has them.

    Examples
    --------
    >>> from sklearn.base import BaseEstimator
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from bioplastic.readout import AugmentedClassifier
    >>> class Mirror(BaseEstimator):
    ...     def fit_resample(self, X, y):
    ...         return X + [[-x for x in row] for row in X], y + [-label for label in y]
    >>> model = AugmentedClassifier(RidgeClassifier(), Mirror()).fit([[2.0], [1.0]], [1, 1])
    >>> model.predict([[3.0], [-3.0]])
    array([ 1, -1])
    """

    def __init__(self, estimator: Any, augmenter: Any) -> None:
        self.estimator = estimator
        self.augmenter = augmenter

    def fit(self, X: Any, y: npt.ArrayLike) -> Self:
        """Augment the training samples and fit the estimator on them.

        Parameters
        ----------
        X : SpikeTrains or array-like of shape (n_samples, n_features)
            Training samples, as the augmenter takes them.
        y : array-like of shape (n_samples,)
            Their labels.

        Returns
        -------
        self : AugmentedClassifier
            The fitted classifier.

        Raises
        ------
        ParameterError
            If the augmenter has no method ``fit_resample``.
        DataError
            If y is None.
        ValueError
            If X and y have different lengths.
        """
        if not hasattr(self.augmenter, "fit_resample"):
            raise ParameterError(
                f"AugmentedClassifier.augmenter: must have a method fit_resample(X, y), got "
                f"{self.augmenter!r}; give e.g. bioplastic.encoding.SpikeAugmenter()"
            )
        if y is None:
            raise DataError(
                "AugmentedClassifier.fit: requires y to be passed, but the target y is None"
            )
        check_consistent_length(X, y)
        self.augmenter_ = clone(self.augmenter)
        augmented, labels, *_ = self.augmenter_.fit_resample(X, y)
        self.estimator_ = clone(self.estimator).fit(augmented, labels)
        return self

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """The classes that the fitted estimator knows."""
        return np.asarray(self._fitted("classes_"))

    @property
    def n_features_in_(self) -> int:
        """Number of features, or of units, seen during `fit`."""
        return int(self._fitted("n_features_in_"))

    @property
    def feature_names_in_(self) -> npt.NDArray[Any]:
        """Names of the columns seen during `fit`, where X had names."""
        return np.asarray(self._fitted("feature_names_in_"))

    @_if_estimator_has("predict")
    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Predict the class of each sample, which is not augmented.

        Parameters
        ----------
        X : SpikeTrains or array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            A class for each sample.
        """
        check_is_fitted(self, "estimator_")
        return np.asarray(self.estimator_.predict(X))

    predict_proba = _handed_on(
        "predict_proba", "Estimate the probability of each class, of shape (n_samples, n_classes)."
    )
    predict_log_proba = _handed_on(
        "predict_log_proba",
        "Estimate the logarithm of the probabilities, of shape (n_samples, n_classes).",
    )
    decision_function = _handed_on(
        "decision_function", "Compute the score of each class, of the estimator's shape."
    )
    transform = _handed_on("transform", "Transform samples as the fitted estimator does.")

    @_if_estimator_has("score")
    def score(self, X: Any, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Score the fitted estimator on samples as they are, by its own measure.

        Parameters
        ----------
        X : SpikeTrains or array-like of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Their labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each sample.

        Returns
        -------
        score : float
            Accuracy, for classifiers of scikit-learn.
        """
        check_is_fitted(self, "estimator_")
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return float(self.estimator_.score(X, y, **weights))

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what the estimator takes."""
        tags = super().__sklearn_tags__()
        own = get_tags(self.estimator)
        tags.input_tags, tags.classifier_tags = own.input_tags, own.classifier_tags
        return tags

    def _fitted(self, name: str) -> Any:
        try:
            return getattr(self.estimator_, name)
        except AttributeError as error:
            raise AttributeError(
                f"AugmentedClassifier has no {name}: it is not fitted, or its estimator has none"
            ) from error
