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

from bioplastic._checks import check_choice, check_known_classes
from bioplastic.errors import DataError

# Counts are cast to float in blocks: a float copy of 60,000 x 6400 counts would take 3 GB.
_BLOCK = 512
# Below every mean count, yet finite: metrics that rank scores refuse -inf.
_NO_NEURONS = -1.0
# Breaks the tie of a sample without evidence, and weighs less than any spike.
_NO_EVIDENCE = float(np.finfo(np.float64).eps)


class NeuronLabelClassifier(ClassifierMixin, BaseEstimator):
    """Give each neuron the class it responds to most, then predict by a vote of the neurons.

    `fit` labels every neuron with the class for which its mean response is largest; of equal
    classes the first in sorted order is taken, and a neuron that never spiked gets no label. A
    sample is then predicted as the class whose neurons responded most on average [1]_. Nothing else
    is learned, so the accuracy is that of the features which the network found without labels.

    Labels must come from **training** data. The original script assigned them from the test set,
    as do most of its ports; an accuracy measured that way is not an accuracy on unseen data.

    Parameters
    ----------
    vote : {"counts", "proportions", "first_spikes"}
        What a neuron's vote is. ``"counts"``: its spike count [1]_, BindsNET's *all activity*.
        ``"proportions"``: its spike count times the share of its label's class in its mean
        responses to all classes, so that neurons that respond to many classes count for less,
        BindsNET's *proportion weighting* [2]_. ``"first_spikes"``: how long before the latest time
        in the training samples its first spike came; X then holds the times of
        :class:`FirstSpikeTime` in place of counts.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    assignments_ : ndarray of shape (n_neurons,), int
        Index into `classes_` of each neuron's class, or -1 for a neuron that never spiked.
    mean_responses_ : ndarray of shape (n_classes, n_neurons), in spikes per sample, or seconds
        Mean response of each neuron over the training samples of each class; 0 for a class
        of which no sample came yet. With ``vote="first_spikes"``, how long before `latest_` the
        first spike came.
    latest_ : float, in seconds
        Largest time of the first call; with ``vote="first_spikes"``.
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
    A sample in which no labeled neuron spiked carries no evidence: it is predicted as the most
    frequent training class (the first in sorted order of equally frequent ones). All other ties go
    to the first class in sorted order.

    References
    ----------
    .. [1] P. U. Diehl and M. Cook, "Unsupervised learning of digit recognition using
       spike-timing-dependent plasticity", Front. Comput. Neurosci. 9:99, 2015,
       doi:10.3389/fncom.2015.00099.
    .. [2] H. Hazan et al., "BindsNET: a machine learning-oriented spiking neural networks library
       in Python", Front. Neuroinform. 12:89, 2018, doi:10.3389/fninf.2018.00089.

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

    def __init__(self, *, vote: str = "counts") -> None:
        self.vote = vote

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """Label the neurons from training samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_neurons), in spikes or seconds
            Spike counts of the training samples, >= 0; times with ``vote="first_spikes"``.
        y : array-like of shape (n_samples,)
            Class of each sample: numbers, strings or booleans.

        Returns
        -------
        self : NeuronLabelClassifier
            The fitted classifier.

        Raises
        ------
        ParameterError
            If `vote` is none of the three.
        DataError
            If X holds NaN, infinity or a negative number, is not two-dimensional, or y has another
            length than X or holds no class labels; if X looks like times where counts vote, or
            like counts where first spikes do.
        """
        data, labels = self._validate(X, y, caller="fit", reset=True)
        self._start(np.unique(labels), data)
        return self._accumulate(data, labels)

    def partial_fit(
        self, X: npt.ArrayLike, y: npt.ArrayLike, classes: npt.ArrayLike | None = None
    ) -> Self:
        """Add training samples and label the neurons from all samples so far.

        Samples given in parts lead to the same labels as all of them given to `fit` at once.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_neurons), in spikes or seconds
            As in `fit`, of the additional samples.
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
        data, labels = self._validate(X, y, caller="partial_fit", reset=first)
        known = check_known_classes(self, labels, classes, first=first)
        if first:
            self._start(known, data)
        return self._accumulate(data, labels)

    def decision_function(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Compute the mean vote of the neurons of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_neurons), in spikes or seconds
            As in `fit`.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_classes), or (n_samples,), as X a neuron
            Mean vote over the neurons of each class; -1, less than any vote, for a class that
            has no neuron. In a sample in which no labeled neuron spiked, the most frequent
            training class scores 2.2e-16 above 0. With two classes: score of the second less that
            of the first, as is scikit-learn's convention.

        Raises
        ------
        DataError
            If X holds NaN, infinity or a negative number, or has another number of neurons than in
            `fit`.
        sklearn.exceptions.NotFittedError
            If the classifier has not been fitted.
        """
        scores = self._scores(X, caller="decision_function")
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """Predict the class whose neurons have the largest mean vote.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_neurons), in spikes or seconds
            As in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            A label from `classes_` for each sample; the most frequent training class where no
            labeled neuron spiked.

        Raises
        ------
        DataError
            If X holds NaN, infinity or a negative number, or has another number of neurons than in
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
        vote = check_choice(self, "vote", ("counts", "proportions", "first_spikes"))
        what = "times of first spikes" if vote == "first_spikes" else "spike counts"
        try:
            # dtype "numeric" keeps integers as they are, see _BLOCK.
            validated = validate_data(self, X, *y, reset=reset, dtype="numeric")
            data = validated[0] if y else validated
            if data.min() < 0:
                raise ValueError(f"Negative values in data, the smallest is {data.min()}.")
            _refuse_others(data, vote)
            if y:
                check_classification_targets(validated[1])
        except ValueError as error:
            labels = ", and y one class label a sample" if y else ""
            raise DataError(
                f"NeuronLabelClassifier.{caller}: X must hold {what} of shape (n_samples, "
                f"n_neurons), finite and >= 0{labels}: {error}"
            ) from error
        return validated

    def _start(self, classes: npt.NDArray[Any], data: npt.NDArray[Any]) -> None:
        if self.vote == "first_spikes":
            self.latest_ = float(data.max())
        self.classes_ = classes
        self.class_count_ = np.zeros(len(classes), dtype=np.int64)
        # Sums rather than means: sums of counts are exact, so the order of parts cannot matter.
        self._response_sums = np.zeros((len(classes), self.n_features_in_))

    def _accumulate(self, data: npt.NDArray[Any], labels: npt.NDArray[Any]) -> Self:
        codes = np.searchsorted(self.classes_, labels)
        indicator = np.eye(len(self.classes_))
        for rows, block in self._responses(data):
            self._response_sums += indicator[:, codes[rows]] @ block
        self.class_count_ += np.bincount(codes, minlength=len(self.classes_))
        self.mean_responses_ = self._response_sums / np.maximum(self.class_count_, 1)[:, np.newaxis]
        self.assignments_ = np.where(
            self.mean_responses_.any(axis=0), self.mean_responses_.argmax(axis=0), -1
        )
        return self

    def _scores(self, X: npt.ArrayLike, *, caller: str) -> npt.NDArray[np.float64]:
        check_is_fitted(self)
        data = self._validate(X, caller=caller, reset=False)
        members = self.assignments_[:, np.newaxis] == np.arange(len(self.classes_))
        weights = members * self._shares() if self.vote == "proportions" else members.astype(float)
        sums = np.empty((len(data), len(self.classes_)))
        for rows, block in self._responses(data):
            sums[rows] = block @ weights
        sizes = members.sum(axis=0)
        scores = np.where(sizes > 0, sums / np.maximum(sizes, 1), _NO_NEURONS)
        scores[~sums.any(axis=1), self.class_count_.argmax()] = _NO_EVIDENCE
        return scores

    def _shares(self) -> npt.NDArray[np.float64]:
        """Shares of the classes in each neuron's mean responses, (n_neurons, n_classes)."""
        responses = self.mean_responses_.T
        sums = responses.sum(axis=1, keepdims=True)
        return np.divide(responses, sums, out=np.zeros_like(responses), where=sums > 0)

    def _responses(self, data: npt.NDArray[Any]) -> Iterator[tuple[slice, npt.NDArray[np.float64]]]:
        """Yield blocks of rows as float64, since only float matrices are multiplied fast."""
        for rows in gen_batches(len(data), _BLOCK):
            block = data[rows].astype(np.float64, copy=False)
            if self.vote == "first_spikes":
                block = np.clip(self.latest_ - block, 0, None)
            yield rows, block


def _refuse_others(data: npt.NDArray[Any], vote: str) -> None:
    """Refuse times where counts vote, and counts where first spikes do, by their ties.

    Neurons that did not spike share the largest of a sample's times, and 0 among its counts.
    """
    largest = data.max(axis=1, keepdims=True)
    times = (np.count_nonzero(data == largest, axis=1) > 1) & data.all(axis=1)
    counts = np.count_nonzero(data == 0, axis=1) > 1
    if vote == "first_spikes":
        if counts.mean() > 0.5:
            raise ValueError("These look like counts: several neurons of most samples have 0.")
    elif data.dtype.kind == "f" and times.mean() > 0.5 and (data % 1).any():
        raise ValueError(
            "These look like times of first spikes, several neurons of most samples have the "
            "latest: count spikes, or say vote='first_spikes'."
        )
