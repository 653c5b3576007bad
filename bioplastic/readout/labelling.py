"""Label the neurons of a network that learned without labels, and predict by their vote.

Protocol of P. U. Diehl and M. Cook, "Unsupervised learning of digit recognition using
spike-timing-dependent plasticity", Frontiers in Computational Neuroscience 9:99, 2015,
doi:10.3389/fncom.2015.00099.
"""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import gen_batches
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from bioplastic.errors import DataError, ParameterError

__all__ = ["NeuronLabelClassifier"]

# Counts are cast to float in blocks: a float copy of 60,000 x 6400 counts would take 3 GB.
_BLOCK = 512
# Below every mean count, yet finite: metrics that rank scores refuse -inf.
_NO_NEURONS = -1.0
# Breaks the tie of a sample without evidence, and weighs less than any spike.
_NO_EVIDENCE = float(np.finfo(np.float64).eps)


class NeuronLabelClassifier(ClassifierMixin, BaseEstimator):
    """Give each neuron the class it responds to most, then predict by the mean spike count.

    `fit` labels every neuron with the class for which its mean spike count is largest; of equal
    classes the first in sorted order is taken, and a neuron that never spiked gets no label. A
    sample is then predicted as the class whose neurons spiked most on average [1]_. Nothing else
    is learned, so the accuracy is that of the features which the network found without labels.

    Labels must come from **training** data. The original script assigned them from the test set,
    as do most of its ports; an accuracy measured that way is not an accuracy on unseen data.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    assignments_ : ndarray of shape (n_neurons,), int
        Index into `classes_` of each neuron's class, or -1 for a neuron that never spiked.
    mean_responses_ : ndarray of shape (n_classes, n_neurons), in spikes per sample
        Mean spike count of each neuron over the training samples of each class; 0 for a class
        of which no sample came yet.
    class_count_ : ndarray of shape (n_classes,), int
        Number of training samples of each class.
    n_features_in_ : int
        Number of neurons seen during `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X, where X had names.

    See Also
    --------
    sklearn.linear_model.LogisticRegression : A readout that weighs every neuron.

    Notes
    -----
    A sample in which no labelled neuron spiked carries no evidence: it is predicted as the most
    frequent training class (the first in sorted order of equally frequent ones). All other ties go
    to the first class in sorted order.

    References
    ----------
    .. [1] P. U. Diehl and M. Cook, "Unsupervised learning of digit recognition using
       spike-timing-dependent plasticity", Front. Comput. Neurosci. 9:99, 2015,
       doi:10.3389/fncom.2015.00099.

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic.readout import NeuronLabelClassifier
    >>> counts = np.array([[9, 1, 0], [7, 0, 0], [1, 6, 0], [0, 8, 0]])
    >>> readout = NeuronLabelClassifier().fit(counts, ["one", "one", "two", "two"])
    >>> readout.assignments_
    array([ 0,  1, -1])
    >>> readout.predict([[5, 2, 0], [1, 3, 0]])
    array(['one', 'two'], dtype='<U3')
    """

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Label the neurons from training samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_neurons), in spikes
            Spike counts of the training samples, >= 0.
        y : array-like of shape (n_samples,)
            Class of each sample: numbers, strings or booleans.

        Returns
        -------
        self : NeuronLabelClassifier
            The fitted classifier.

        Raises
        ------
        DataError
            If X holds NaN, infinity or a negative count, is not two-dimensional, or y has another
            length than X or holds no class labels.
        """
        counts, labels = self._validate(X, y, caller="fit", reset=True)
        self._start(np.unique(labels))
        return self._accumulate(counts, labels)

    def partial_fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike, classes: npt.ArrayLike | None = None
    ) -> Self:
        """Add training samples and label the neurons from all samples so far.

        Samples given in parts lead to the same labels as all of them given to `fit` at once.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_neurons), in spikes
            Spike counts of the additional samples, >= 0.
        y : array-like of shape (n_samples,)
            Class of each sample.
        classes : array-like of shape (n_classes,), default=None
            Every class that will ever occur in y; needed by the first call only.

        Returns
        -------
        self : NeuronLabelClassifier
            The fitted classifier.

        Raises
        ------
        ParameterError
            If `classes` is missing from the first call or differs from the earlier ones.
        DataError
            If X or y is as `fit` refuses it, X has another number of neurons than before, or y
            holds a label that is not in `classes`.
        """
        first = not hasattr(self, "classes_")
        if first and classes is None:
            raise ParameterError(
                "NeuronLabelClassifier.partial_fit: classes must be given in the first call, got "
                "None; pass every label that will occur, e.g. classes=np.unique(y_train)"
            )
        if not first and classes is not None and not _same_labels(classes, self.classes_):
            raise ParameterError(
                "NeuronLabelClassifier.partial_fit: classes must be the same in every call, got "
                f"{np.unique(np.asarray(classes))!r} after {self.classes_!r}; leave it out, or "
                "call fit to start anew"
            )
        counts, labels = self._validate(X, y, caller="partial_fit", reset=first)
        known = np.unique(np.asarray(classes)) if first else self.classes_
        unknown = np.setdiff1d(labels, known)
        if unknown.size:
            raise DataError(
                "NeuronLabelClassifier.partial_fit: y must hold labels from classes only, got "
                f"{unknown!r}, which are not in {known!r}; name every label in the first call"
            )
        if first:
            self._start(known)
        return self._accumulate(counts, labels)

    def decision_function(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Compute the mean spike count over the neurons of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_neurons), in spikes
            Spike counts, >= 0.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_classes), in spikes per neuron, or (n_samples,)
            Mean count over the neurons of each class; -1, less than any count, for a class that
            has no neuron. In a sample in which no labelled neuron spiked, the most frequent
            training class scores 2.2e-16 above 0. With two classes: score of the second less that
            of the first, as is scikit-learn's convention.

        Raises
        ------
        DataError
            If X holds NaN, infinity or a negative count, or has another number of neurons than in
            `fit`.
        sklearn.exceptions.NotFittedError
            If the classifier has not been fitted.
        """
        scores = self._scores(X, caller="decision_function")
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """Predict the class whose neurons spiked most on average.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_neurons), in spikes
            Spike counts, >= 0.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            A label from `classes_` for each sample; the most frequent training class where no
            labelled neuron spiked.

        Raises
        ------
        DataError
            If X holds NaN, infinity or a negative count, or has another number of neurons than in
            `fit`.
        sklearn.exceptions.NotFittedError
            If the classifier has not been fitted.
        """
        predicted: npt.NDArray[Any] = self._scores(X, caller="predict").argmax(axis=1)
        return np.asarray(self.classes_[predicted])

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what the classifier takes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        # A neuron stands for one class only, so the two features of the common checks' data
        # cannot tell their three classes apart.
        tags.classifier_tags.poor_score = True
        return tags

    def _validate(self, X: npt.ArrayLike, *y: npt.ArrayLike, caller: str, reset: bool) -> Any:
        try:
            # dtype "numeric" keeps integers as they are, see _BLOCK.
            validated = validate_data(self, X, *y, reset=reset, dtype="numeric")
            smallest = (validated[0] if y else validated).min()
            if smallest < 0:
                raise ValueError(f"Negative values in data, the smallest is {smallest}.")
            if y:
                check_classification_targets(validated[1])
        except ValueError as error:
            labels = ", and y one class label a sample" if y else ""
            raise DataError(
                f"NeuronLabelClassifier.{caller}: X must hold spike counts of shape (n_samples, "
                f"n_neurons), finite and >= 0{labels}: {error}"
            ) from error
        return validated

    def _start(self, classes: npt.NDArray[Any]) -> None:
        self.classes_ = classes
        self.class_count_ = np.zeros(len(classes), dtype=np.int64)
        # Sums rather than means: sums of counts are exact, so the order of parts cannot matter.
        self._response_sums = np.zeros((len(classes), self.n_features_in_))

    def _accumulate(self, counts: npt.NDArray[Any], labels: npt.NDArray[Any]) -> Self:
        codes = np.searchsorted(self.classes_, labels)
        indicator = np.eye(len(self.classes_))
        for rows, block in _float_blocks(counts):
            self._response_sums += indicator[:, codes[rows]] @ block
        self.class_count_ += np.bincount(codes, minlength=len(self.classes_))
        self.mean_responses_ = self._response_sums / np.maximum(self.class_count_, 1)[:, np.newaxis]
        self.assignments_ = np.where(
            self.mean_responses_.any(axis=0), self.mean_responses_.argmax(axis=0), -1
        )
        return self

    def _scores(self, X: npt.ArrayLike, *, caller: str) -> npt.NDArray[np.float64]:
        check_is_fitted(self)
        counts = self._validate(X, caller=caller, reset=False)
        members = self.assignments_[:, np.newaxis] == np.arange(len(self.classes_))
        one_hot = members.astype(np.float64)
        sums = np.empty((len(counts), len(self.classes_)))
        for rows, block in _float_blocks(counts):
            sums[rows] = block @ one_hot
        sizes = members.sum(axis=0)
        scores = np.where(sizes > 0, sums / np.maximum(sizes, 1), _NO_NEURONS)
        scores[~sums.any(axis=1), self.class_count_.argmax()] = _NO_EVIDENCE
        return scores


def _float_blocks(
    counts: npt.NDArray[Any],
) -> Iterator[tuple[slice, npt.NDArray[np.float64]]]:
    """Yield blocks of rows as float64, since only float matrices are multiplied fast."""
    for rows in gen_batches(len(counts), _BLOCK):
        yield rows, counts[rows].astype(np.float64, copy=False)


def _same_labels(classes: npt.ArrayLike, known: npt.NDArray[Any]) -> bool:
    return np.array_equal(np.unique(np.asarray(classes)), known)
