"""A classifier that learns by e-prop: eligibility traces and learning signals."""

from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic.models.eprop import SoftmaxError
from bioplastic.networks._eprop import EPropNetwork
from bioplastic.networks._eprop_training import Ends, EPropTraining
from bioplastic.networks._inheriting import with_sections_of
from bioplastic.networks.training import ClassTrainer


@with_sections_of(EPropNetwork)
class EPropClassifier(ClassTrainer, EPropTraining):
    r"""Recurrent spiking network that learns classes by e-prop.

    LIF and adaptive LIF neurons receive spikes of the input and of each other. A leaky readout for
    each class sums up their spikes, and the softmax of the readouts is the answer. Every synapse
    keeps an eligibility trace, what its weight has to do with recent spikes of its neuron. The
    readouts' errors reach each neuron as a learning signal, and signal times trace, summed over
    time, is the gradient that changes the weight. All of it happens as time goes forward, with what
    is at hand at the synapse. An epoch is one compiled run.

    `set_params` and searches reach constants of declarations by two underscores, such as
    ``optimizer__learning_rate`` or ``readout__tau_out``. Where a declaration is None they begin
    with that for numbers, ``EPropALIF()`` and so on, not with what fits spikes: give the
    declaration to change one constant of it.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    history_ : dict of str to ndarray of shape (n_epochs,)
        ``"loss"`` and ``"score"`` (accuracy, not known where a recorder watches) of the samples
        while they were learned, ``"spikes"`` a sample, and ``"validation_loss"`` and
        ``"validation_score"`` of those held out.

    Notes
    -----
    With eligibility :math:`e_{ji}`, filtered as the readout is, and learning signal
    :math:`L_j = \sum_k B_{jk}(\pi_k - \pi^*_k)` the gradient is
    :math:`\sum_t L_j^t \bar e_{ji}^t`: Bellec et al., Nature Communications 11:3625, 2020,
    doi 10.1038/s41467-020-17236-y. It is that of backpropagation through time without the paths
    through other neurons' spikes. ``docs/eprop.md`` has all equations.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.datasets import load_spoken
    >>> from bioplastic.networks import EPropClassifier
    >>> words = load_spoken()
    >>> model = EPropClassifier(
    ...     8, 0, n_epochs=1, pool=8, engine="numpy", random_state=0
    ... )
    >>> model.fit(words.data[:6], words.target[:6]).predict(words.data[:2]).shape
    (2,)
    """

    _error = SoftmaxError
    _classifies = True
    _ends = ("error.score",)

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Mean probability of each class within the decision window.

        Parameters
        ----------
        X : SpikeTrains or array_like
            As in `fit`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
        """
        return self._recorded(X, "predict_proba", "error.score", "end").values[:, 0]

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the class with the largest mean probability.

        Parameters
        ----------
        X : SpikeTrains or array_like
            As in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        best = self.predict_proba(X).argmax(axis=1)
        labels: npt.NDArray[Any] = self.classes_[best]
        return labels

    def predict_course(self, X: Any) -> list[npt.NDArray[np.float64]]:
        """Probability of each class as time goes by.

        Parameters
        ----------
        X : SpikeTrains or array_like
            As in `fit`.

        Returns
        -------
        probabilities : list of ndarray of shape (n_steps, n_classes)
            One array for each sample.
        """
        return self._course(X, "error.p")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags

    # ------------------------------------------------------------------ for the training

    @property
    def _n_outputs(self) -> int:
        return len(self.classes_)

    def _shown_targets(self, targets: Any) -> dict[str, Any]:
        return {"targets": targets.astype(np.float64)}

    def _score(self, ends: Ends, targets: Any) -> float:
        probabilities = ends["error.score"].values[:, 0]
        return float(np.mean(probabilities.argmax(axis=1) == targets))
