"""Classifier that learns with precise spike times and chooses the neurons that it listens to."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from brian2 import ms, second
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from bioplastic import algebra
from bioplastic._checks import check_choice, check_labels, check_number
from bioplastic.algebra.arguments import check_tau
from bioplastic.readout._decisions import signed_targets, to_classes
from bioplastic.readout._parameters import (
    best_number,
    check_most,
    check_splitter,
    moments,
    reference_times,
)
from bioplastic.readout._trains import TakesTrains, check_trains
from bioplastic.readout.selection import Selection, select_neurons
from bioplastic.spikes import SpikeTrains

Array = npt.NDArray[np.float64]


class SpikeTimeClassifier(TakesTrains, ClassifierMixin, BaseEstimator):
    r"""Readout that is trained on the times of spikes and selects its neurons by them.

    Spike trains are vectors, with the inner product of :mod:`bioplastic.algebra`. A neuron is seen
    through its inner products with *reference trains*, one spike each at times that are fixed
    before training. Forward orthogonal regression chooses neurons one by one, each time the one
    that explains most of what those before it leave unexplained.

    Parameters
    ----------
    tau : Quantity of time, default=None
        Time constant of the inner product (30 ms): how far from a reference a spike still counts.
        ``inf*second`` makes it a decoder of spike counts.
    n_references : int, default=10
        References at the middles of so many equal parts of the longest training sample.
    references : Quantity of time of shape (n_references,), default=None
        Times of your own instead.
    relative : bool, default=False
        Whether the `n_references` are spread over each sample's own duration.
    max_neurons : int or float, default=0.25
        Most neurons to choose, by number or as a share of all.
    tol : float, default=1e-3
        Stop when this share of the targets' power is left unexplained.
    validation : int, cross-validation generator or None, default=None
        Choose the number of neurons, up to `max_neurons`, by the accuracy on parts of the training
        samples that are held out in turn: folds, stratified by class, or a splitter of
        scikit-learn, which is handed the groups.
    alpha : float, default=0.1
        Ridge, in units of the mean squared norm of the regressors.
    residual : {"decision", "train"}, default="decision"
        What the squared error is taken of, see Notes.
    selection : {"shared", "one_vs_rest"}, default="shared"
        Whether all classes share their neurons, or each chooses its own.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    selected_ : ndarray of shape (n_selected,), or list of such arrays
        Neurons in the order of their choice; one array for each class with ``"one_vs_rest"`` and
        more than two classes.
    error_reduction_ratio_ : ndarray of shape (n_selected,), or list of such arrays
        Share of the targets' power that each of them explains beyond those before it.
    residual_ : ndarray of shape (n_selected,), or list of such arrays
        Share that is left after each of them.
    weights_ : ndarray of shape (n_units, n_references, n_outputs)
        Weights, 0 for neurons that were not chosen; one output for each class, one for two classes.
    intercept_ : ndarray of shape (n_outputs,)
        Decision in the absence of spikes.
    tau_ : float, in seconds
        Time constant in use.
    references_ : ndarray of shape (n_references,), in seconds, or in shares of each sample
        References in use.
    validation_scores_ : ndarray of shape (n_neurons_at_most,)
        Mean accuracy by number of neurons, where `validation` is given.
    n_neurons_ : int
        Number of different neurons chosen.
    n_features_in_ : int
        Number of units seen during `fit`.

    Raises
    ------
    ParameterError
        If a parameter is out of range.
    DataError
        If X is no SpikeTrains, is empty, or has another number of units than in `fit`, or y holds
        one class only.

    Notes
    -----
    This is a *reconstruction*. Florescu & Coca, Neural Computation 31(9):1825-1852, 2019,
    doi 10.1162/neco_a_01218, say that spike trains are elements of a vector space, and that a
    forward orthogonal regression on precise spike times selects the presynaptic neurons; their
    equations, constants and code were not to be had. What is made of it here rests on the inner
    product of Carnell & Richardson (2005) and on the regression of Chen, Billings & Luo (1989).

    Let :math:`x_{ik} = \langle s_i, \delta_{T_k}\rangle_\tau` be neuron `i` seen from reference
    `k`, and :math:`D_c = \sum_{ik} w_{ikc} x_{ik}` the decision for class `c`, with target
    :math:`y_c` of 1 in samples of the class and -1 in others.

    - ``residual="decision"`` minimizes :math:`\sum_r (D_c - y_c)^2`: what a neuron does far from
      the references is free.
    - ``residual="train"`` minimizes :math:`\sum_r \sum_k \| \sum_i w_{ikc} s_i - y_c \delta_{T_k}
      \|^2`: the readout shall be silent at all other times. It needs the Gram matrix of whole
      trains. With ``x`` at several references it is no joint fit: each is fitted by itself.

    With ``"decision"`` memory holds samples x units x references twice, and three times with
    `validation`: 530 and 800 MB for 3300, 1000, 10. To choose 250 neurons of those adds 250 MB.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.readout import SpikeTimeClassifier
    >>> early_or_late = SpikeTrains(
    ...     [0.02, 0.05, 0.05, 0.08, 0.02, 0.05, 0.05, 0.08], [1, 0, 0, 1, 1, 0, 0, 1],
    ...     [0, 2, 4, 6, 8], n_units=2, duration=0.1,
    ... )
    >>> decoder = SpikeTimeClassifier(tau=10 * ms, n_references=2, max_neurons=1)
    >>> decoder.fit(early_or_late, ["early", "late", "early", "late"]).selected_
    array([1])
    >>> decoder.predict(early_or_late[:2])
    array(['early', 'late'], dtype='<U5')
    """

    def __init__(
        self,
        *,
        tau: Any = None,
        n_references: int = 10,
        references: Any = None,
        relative: bool = False,
        max_neurons: int | float = 0.25,
        tol: float = 1e-3,
        validation: Any = None,
        alpha: float = 0.1,
        residual: str = "decision",
        selection: str = "shared",
    ) -> None:
        self.tau = tau
        self.n_references = n_references
        self.references = references
        self.relative = relative
        self.max_neurons = max_neurons
        self.tol = tol
        self.validation = validation
        self.alpha = alpha
        self.residual = residual
        self.selection = selection

    def fit(self, X: SpikeTrains, y: npt.ArrayLike, groups: npt.ArrayLike | None = None) -> Self:
        """Choose neurons and find their weights.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_units)
            Training samples.
        y : array_like of shape (n_samples,)
            Their labels.
        groups : array_like of shape (n_samples,), default=None
            Groups that `validation` keeps together, such as speakers.

        Returns
        -------
        self : SpikeTimeClassifier
        """
        check_trains(self, "fit", X, reset=True)
        most = self._check_parameters(X)
        labels = check_labels(self, X, y)
        wanted = signed_targets(self, labels)
        values = self._values(X)
        if self.validation is not None:
            most = self._validated(X, values, wanted, labels, groups, most)
        self._selection = self._select(X, values, wanted, most)
        self.weights_ = self._selection.weights()
        self.intercept_ = self._selection.intercept(self.weights_)
        parts = self._selection.parts
        self.selected_ = _one_or_all([part.selected for part in parts])
        ratios = [part.error_reduction_ratio for part in parts]
        self.error_reduction_ratio_ = _one_or_all(ratios)
        self.residual_ = _one_or_all([np.maximum(1 - np.cumsum(ratio), 0.0) for ratio in ratios])
        self.n_neurons_ = len(np.unique(np.concatenate([part.selected for part in parts])))
        return self

    def decision_function(self, X: SpikeTrains) -> Array:
        """Return how much each sample looks like each class.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_units)

        Returns
        -------
        decision : ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
        """
        check_is_fitted(self, "weights_")
        check_trains(self, "decision_function", X, reset=False)
        chosen = np.flatnonzero(self.weights_.any(axis=(1, 2)))
        values = self._values(X)[:, chosen]
        decision = np.tensordot(values, self.weights_[chosen], axes=2) + self.intercept_
        return decision.ravel() if len(self.classes_) == 2 else decision

    def predict(self, X: SpikeTrains) -> npt.NDArray[Any]:
        """Return the class that each sample looks most like.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_units)

        Returns
        -------
        labels : ndarray of shape (n_samples,)
        """
        return to_classes(self.decision_function(X), self.classes_)

    def staged_predict(self, X: SpikeTrains) -> Iterator[npt.NDArray[Any]]:
        """Predict with the first neuron alone, with the first two, and so on.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_units)

        Yields
        ------
        labels : ndarray of shape (n_samples,)
            With ``"one_vs_rest"``, each class has that many neurons.
        """
        check_is_fitted(self, "weights_")
        check_trains(self, "staged_predict", X, reset=False)
        for decision in self._selection.decisions(self._values(X)):
            yield to_classes(decision, self.classes_)

    def _check_parameters(self, X: SpikeTrains) -> int:
        """Check all parameters but `validation`; return the most neurons to choose."""
        self.tau_ = check_tau("SpikeTimeClassifier", 30 * ms if self.tau is None else self.tau)
        self.references_ = reference_times(self, X)
        check_number(self, "tol", low=0.0, high=1.0)
        check_number(self, "alpha", low=0.0)
        check_choice(self, "residual", ("decision", "train"))
        check_choice(self, "selection", ("shared", "one_vs_rest"))
        return check_most(self, "max_neurons", X.n_units)

    def _values(self, X: SpikeTrains) -> Array:
        """Inner products with the references, of shape (n_samples, n_units, n_references)."""
        return algebra.evaluate(X, moments(self, X) * second, tau=self.tau_ * second)

    def _select(self, X: SpikeTrains, values: Array, wanted: Array, most: int) -> Selection:
        whole = self.residual == "train"
        return select_neurons(
            values,
            wanted,
            n_neurons=most,
            tol=self.tol,
            alpha=self.alpha,
            gram=algebra.gram_matrix(X, tau=self.tau_ * second) if whole else None,
            apart=self.selection == "one_vs_rest",
        )

    def _validated(
        self, X: SpikeTrains, values: Array, wanted: Array, labels: Any, groups: Any, most: int
    ) -> int:
        """Choose the number of neurons by accuracy on training samples that are held out."""
        splitter = check_splitter(self, labels)
        scores = []
        for train, held_out in splitter.split(values, labels, groups):
            found = self._select(X[train], values[train], wanted[train], most)
            # Where no neuron explains anything, the mean target decides.
            stages = list(found.decisions(values[held_out])) or [found.offset[np.newaxis]]
            named = [to_classes(decision, self.classes_) for decision in stages]
            scores.append([(classes == labels[held_out]).mean() for classes in named])
        return best_number(self, scores, most)


def _one_or_all(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else parts
