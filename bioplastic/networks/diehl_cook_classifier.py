"""Diehl & Cook as a classifier: a network learns without labels, then its neurons get some."""

import os
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from bioplastic._checks import check_whole
from bioplastic.engine.program import Recorder
from bioplastic.engine.result import Result
from bioplastic.models import DiehlCookExcitatory, DiehlCookInhibitory, Network, PlasticityRule
from bioplastic.networks._samples import Samples
from bioplastic.networks._trained_network import Points, State
from bioplastic.networks.diehl_cook import DiehlCook
from bioplastic.networks.training import ClassTrainer
from bioplastic.readout import NeuronLabelClassifier
from bioplastic.spikes import SpikeTrains

#: Responses to training samples that label the neurons while they learn, as in the authors' script.
N_RESPONSES = 10_000


class DiehlCookClassifier(ClassTrainer, DiehlCook):
    """Diehl & Cook's network with its neurons labeled by the training samples.

    `fit` trains the network without looking at the labels, then presents training samples with
    weights and thresholds held fixed, and labels each neuron with the class that it answers most.

    Parameters
    ----------
    n_neurons : int
        Excitatory neurons.
    n_label : int or None
        Number of training samples used to label the neurons, the first ones of the training
        data; all where None. Labels never come from anything but the data given to `fit`.
    n_epochs, presentation, rest, dt, rate_max, x_max, rule, constants, theta_plus : optional
        See :class:`DiehlCook`: constants that are None follow data and size.
    inhibition, excitation, norm, delay, min_spikes, max_repeats, shuffle : optional
        See :class:`DiehlCook`.
    batch_size, batch_update : optional
        See :class:`DiehlCook`.
    excitatory, inhibitory, n_jobs, engine : optional
        See :class:`DiehlCook`.
    validation_fraction : float, int or None
        Share, or number, of the samples that `fit` holds out. Their accuracy is noted at every
        point of the history, with neurons labeled by their responses to the last 10,000 training
        samples; held-out samples label no neuron, afterwards neither.
    warm_start, random_state, checkpoint, verbose : optional
        See :class:`DiehlCook`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    readout_ : NeuronLabelClassifier
        The labeled neurons.
    n_features_in_, feature_names_in_
        See :class:`DiehlCook`.
    norm_, inhibition_, excitation_, rate_max_, theta_plus_
        See :class:`DiehlCook`.
    weights_, theta_, history_, timings_, n_epochs_, n_presentations_, network_, engine_
        See :class:`DiehlCook`.

    Raises
    ------
    ParameterError, DataError
        See :class:`DiehlCook`; DataError also for labels of another length.

    Notes
    -----
    doi 10.3389/fncom.2015.00099. The original script took the labels from the test images; this
    class cannot.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.datasets import load_digits
    >>> from bioplastic.networks import DiehlCookClassifier
    >>> digits = load_digits()
    >>> model = DiehlCookClassifier(
    ...     n_neurons=5, n_epochs=1, presentation=20 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0,
    ...     engine="numpy", random_state=0,
    ... )
    >>> model.fit(digits.data[:4], digits.target[:4]).predict(digits.data[:2]).shape
    (2,)
    """

    def __init__(
        self,
        n_neurons: int = 100,
        *,
        n_label: int | None = None,
        n_epochs: int | None = None,
        presentation: Any = None,
        rest: Any = None,
        dt: Any = None,
        rate_max: Any = None,
        x_max: float | None = None,
        rule: str | PlasticityRule | None = None,
        constants: str = "published",
        theta_plus: Any = None,
        inhibition: float | None = None,
        excitation: float | None = None,
        norm: float | None = None,
        delay: Any = None,
        min_spikes: int | None = None,
        max_repeats: int = 8,
        shuffle: bool = True,
        excitatory: DiehlCookExcitatory | None = None,
        inhibitory: DiehlCookInhibitory | None = None,
        batch_size: int = 1,
        batch_update: str = "sum",
        validation_fraction: float | None = None,
        warm_start: bool = False,
        n_jobs: int | None = None,
        engine: str = "auto",
        random_state: Any = None,
        checkpoint: str | os.PathLike[str] | None = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            n_neurons,
            n_epochs=n_epochs,
            presentation=presentation,
            rest=rest,
            dt=dt,
            rate_max=rate_max,
            x_max=x_max,
            rule=rule,
            constants=constants,
            theta_plus=theta_plus,
            inhibition=inhibition,
            excitation=excitation,
            norm=norm,
            delay=delay,
            min_spikes=min_spikes,
            max_repeats=max_repeats,
            shuffle=shuffle,
            excitatory=excitatory,
            inhibitory=inhibitory,
            batch_size=batch_size,
            batch_update=batch_update,
            validation_fraction=validation_fraction,
            warm_start=warm_start,
            n_jobs=n_jobs,
            engine=engine,
            random_state=random_state,
            checkpoint=checkpoint,
            verbose=verbose,
        )
        self.n_label = n_label

    def predict(self, X: npt.ArrayLike | SpikeTrains) -> npt.NDArray[Any]:
        """Classify samples by the neurons that answer most, on average over those of a class.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features), or SpikeTrains
            As in :meth:`DiehlCook.fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        return self.readout_.predict(self.transform(X))

    def decision_function(self, X: npt.ArrayLike | SpikeTrains) -> npt.NDArray[np.float64]:
        """Mean spike count of each class's neurons.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features), or SpikeTrains
            As in :meth:`DiehlCook.fit`.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
        """
        check_is_fitted(self)
        return self.readout_.decision_function(self.transform(X))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "readout_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # A neuron stands for one class: the common checks' two features are too few.
        tags.classifier_tags.poor_score = True
        tags.target_tags.required = True
        return tags

    # ------------------------------------------------------------------ labels

    def _targets(self, samples: Samples, y: Any, classes: Any, *, fit: bool, first: bool) -> Any:
        if self.n_label is not None:
            check_whole(self, "n_label", low=1)
        return super()._targets(samples, y, classes, fit=fit, first=first)

    def _learned_from(self, targets: Any) -> tuple[Any, ...]:
        return () if self.validation_fraction is None else (targets,)

    def _learning(self, recorder: Recorder | None) -> tuple[Network, dict[str, Any]]:
        network, options = super()._learning(recorder)
        return network, options | {"record": "counts"}

    def _note(self, result: Result, before: State, targets: Any) -> Points:
        counts, known = getattr(self, "_responses", (result.counts[:0], targets[:0]))
        self._responses = (
            np.concatenate([counts, result.counts])[-N_RESPONSES:],
            np.concatenate([known, targets])[-N_RESPONSES:],
        )
        return super()._note(result, before, targets)

    def _finish(self) -> None:
        # Weights have changed: no neuron keeps a label of earlier ones.
        self._labelled = self.__dict__.pop("readout_", None)
        super()._finish()

    def _label(self) -> None:
        if hasattr(self, "_responses"):
            counts, known = self._responses
            self.readout_ = NeuronLabelClassifier().fit(counts, self.classes_[known])

    def _conclude(self, samples: Samples, targets: Any, *, fit: bool) -> None:
        self.__dict__.pop("_responses", None)
        n = self.n_label if fit else None
        counts, labels = (
            self._answer(self._presentation(samples[:n])).counts,
            self.classes_[targets],
        )
        readout = NeuronLabelClassifier()
        if fit:
            self.readout_ = readout.fit(counts, labels[:n])
        elif self._labelled is None:
            self.readout_ = readout.partial_fit(counts, labels, classes=self.classes_)
        else:
            self.readout_ = self._labelled.partial_fit(counts, labels)
