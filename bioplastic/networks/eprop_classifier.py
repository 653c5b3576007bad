"""A classifier that learns by e-prop: eligibility traces and learning signals."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from bioplastic._checks import check_known_classes, check_labels
from bioplastic.engine.program import Recorder
from bioplastic.models import SoftmaxError
from bioplastic.networks._eprop import EPropNetwork
from bioplastic.networks.eprop_samples import Samples
from bioplastic.networks.eprop_settings import answer_window

__all__ = ["EPropClassifier"]


class EPropClassifier(ClassifierMixin, EPropNetwork):
    r"""Recurrent spiking network that learns classes by e-prop.

    LIF and adaptive LIF neurons hear the input and each other; a leaky readout for each class sums
    up their spikes, and the softmax of the readouts is the answer. Every synapse keeps an
    eligibility trace, what its weight has to do with recent spikes of its neuron. The readouts'
    errors reach each neuron as a learning signal, and signal times trace, summed over time, is the
    gradient that changes the weight. All of it happens as time goes forward, with what is at hand
    at the synapse. An epoch is one compiled run.

    Parameters
    ----------
    n_lif, n_alif : int
        Neurons without and with adaptation; one of them may be 0.
    n_epochs : int
        How often `fit` presents the training samples.
    batch_size : int
        Samples whose gradients are averaged for an update.
    optimizer : {"adam", "sgd"}
        How gradients change weights.
    learning_rate : float
        Step size.
    schedule : {"constant", "cosine"}
        Whether the step size stays, or falls to 0 as half a cosine over `n_epochs`.
    weight_decay : float
        Share of a weight that goes with each update, times the step size.
    feedback : {"symmetric", "random", "adaptive"}
        Weights that carry errors to the neurons: the readout's, fixed random ones, or such that
        begin random and change as the readout's do.
    feedback_decay : float
        Weight decay of readout and feedback where feedback is adaptive.
    recurrent : bool
        Whether neurons reach each other.
    tau_membrane, tau_adaptation : Quantity in seconds, or Distribution, optional
        Time constants of membrane (20 ms) and adaptation (200 ms), one for all or drawn.
    tau_out, tau_refractory : Quantity, in seconds, optional
        Time constant of the readouts (20 ms); refractory period (0 ms).
    v_threshold, beta : float
        Threshold; what a spike adds to an adaptive one, in units of `v_threshold`.
    gamma, psi_width : float
        Height and reach of the pseudo-derivative, in units of the threshold.
    decision_window : Quantity in seconds, float or None
        Last part of a sample in which the answer counts, in seconds or as a share; all where None.
    rate_target : Quantity, in hertz, optional
        Rate to which neurons are drawn (10 Hz).
    rate_cost : float
        Weight of squared relative deviations from it in the loss; 0 for none.
    tau_rate : Quantity, in seconds, optional
        Time over which rates are averaged, across samples (100 s).
    input_gain, recurrent_gain, readout_gain, feedback_gain : float
        Standard deviation of initial weights, times the root of the number of presynaptic neurons.
    pool : int
        Neighbouring channels of SpikeTrains that make one input, whose spikes are counted in every
        step; 1 for spikes as they are.
    n_lines : int
        How often each input comes: at once, and again after each `line_delay`; spikes are then
        counted in every step, as by `pool`.
    line_delay : Quantity, in seconds, optional
        From one to the next (30 ms).
    presentation, rest, dt : Quantity, in seconds, optional
        How long numbers that stay are presented (100 ms), rest after each sample (0 ms), time step
        (1 ms).
    augmenter : SpikeAugmenter or None
        Changes every training sample anew in each epoch.
    shuffle : bool
        Whether each epoch presents the samples in an order of its own.
    early_stopping : bool
        Whether to hold samples out, whole groups where `fit` knows groups, to stop when their
        accuracy has not grown for `n_iter_no_change` epochs, and to keep the best weights.
    validation_fraction : float
        Share of samples, or of groups, that is held out.
    n_iter_no_change : int
        Epochs to wait.
    n_jobs : int or None
        Processors for predictions; -1 takes all. The answer does not depend on it.
    engine : {"auto", "numpy", "cython", "cpp_standalone", "cuda_standalone"}
        ``"auto"`` takes C++ where a compiler is found.
    random_state : int, RandomState or None
        Initial weights, drawn constants, order, augmentation and held-out samples come from
        independent streams of it.
    checkpoint : path-like or None
        File in which each epoch is noted, and from which a later `fit` goes on.
    verbose : int
        1 tells the loss of each epoch, 2 shows a progress bar as well.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    weights_ : dict of str to ndarray
        Weights by projection, for example ``"input_to_lif"`` of shape (n_inputs, n_lif).
    history_ : dict of str to ndarray of shape (n_epochs,)
        ``"loss"`` and ``"score"`` (accuracy, not known where a recorder watches) of the samples
        while they were learned, ``"spikes"`` a sample, and ``"validation_loss"`` and
        ``"validation_score"`` of those held out.
    n_epochs_ : int
        Epochs so far.
    n_features_in_ : int
        Input channels.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X, where X had names.
    network_ : Network
        The declaration that was trained.
    timings_ : dict of float, in seconds
        ``"build"`` and ``"simulate"`` of the last training.
    engine_ : dict of str
        Engine and time step of the last training.

    Raises
    ------
    ParameterError
        If a parameter has a wrong unit, type or range.
    DataError
        If X or y is not as described, or not of the kind and width that `fit` has seen.
    CheckpointError
        If the checkpoint belongs to another training.

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
    ...     8, 0, n_epochs=1, dt=10 * ms, pool=8, engine="numpy", random_state=0
    ... )
    >>> model.fit(words.data[:6], words.target[:6]).predict(words.data[:2]).shape
    (2,)
    """

    def __init__(
        self,
        n_lif: int = 128,
        n_alif: int = 128,
        *,
        n_epochs: int = 20,
        batch_size: int = 32,
        optimizer: str = "adam",
        learning_rate: float = 0.005,
        schedule: str = "constant",
        weight_decay: float = 0.0,
        feedback: str = "symmetric",
        feedback_decay: float = 0.5,
        recurrent: bool = True,
        tau_membrane: Any = None,
        tau_adaptation: Any = None,
        tau_out: Any = None,
        tau_refractory: Any = None,
        v_threshold: float = 1.0,
        beta: float = 0.5,
        gamma: float = 0.3,
        psi_width: float = 1.0,
        decision_window: Any = None,
        rate_target: Any = None,
        rate_cost: float = 0.0,
        tau_rate: Any = None,
        input_gain: float = 1.0,
        recurrent_gain: float = 1.0,
        readout_gain: float = 1.0,
        feedback_gain: float = 1.0,
        pool: int = 1,
        n_lines: int = 1,
        line_delay: Any = None,
        presentation: Any = None,
        rest: Any = None,
        dt: Any = None,
        augmenter: Any = None,
        shuffle: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.2,
        n_iter_no_change: int = 5,
        n_jobs: int | None = None,
        engine: str = "auto",
        random_state: Any = None,
        checkpoint: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_lif = n_lif
        self.n_alif = n_alif
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.feedback = feedback
        self.feedback_decay = feedback_decay
        self.recurrent = recurrent
        self.tau_membrane = tau_membrane
        self.tau_adaptation = tau_adaptation
        self.tau_out = tau_out
        self.tau_refractory = tau_refractory
        self.v_threshold = v_threshold
        self.beta = beta
        self.gamma = gamma
        self.psi_width = psi_width
        self.decision_window = decision_window
        self.rate_target = rate_target
        self.rate_cost = rate_cost
        self.tau_rate = tau_rate
        self.input_gain = input_gain
        self.recurrent_gain = recurrent_gain
        self.readout_gain = readout_gain
        self.feedback_gain = feedback_gain
        self.pool = pool
        self.n_lines = n_lines
        self.line_delay = line_delay
        self.presentation = presentation
        self.rest = rest
        self.dt = dt
        self.augmenter = augmenter
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.n_jobs = n_jobs
        self.engine = engine
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.verbose = verbose

    def fit(
        self,
        X: Any,
        y: Any = None,
        groups: npt.ArrayLike | None = None,
        *,
        recorder: Recorder | None = None,
    ) -> Self:
        """Learn classes.

        Parameters
        ----------
        X : SpikeTrains, array_like of shape (n_samples, n_steps, n_features), sequence of arrays \
of shape (n_steps, n_features), or array_like of shape (n_samples, n_features)
            Spikes; numbers of every time step; or numbers that stay for a `presentation`.
        y : array_like of shape (n_samples,)
            Labels of any kind.
        groups : array_like of shape (n_samples,), optional
            For example speakers, of which `early_stopping` holds some out.
        recorder : Recorder, optional
            Watches the training, see :class:`bioplastic.inspect.PlasticityRecorder`.

        Returns
        -------
        self : EPropClassifier
        """
        samples = self._samples(X, "fit", reset=True)
        labels = check_labels(self, samples, y)
        self.classes_ = np.unique(labels)
        self._labels = np.searchsorted(self.classes_, labels)
        self._begin(samples, len(self.classes_))
        n_epochs = int(self.n_epochs)
        self._fit(samples, groups, n_epochs=n_epochs, resume=True, recorder=recorder)
        return self

    def partial_fit(
        self,
        X: Any,
        y: Any = None,
        classes: npt.ArrayLike | None = None,
        *,
        recorder: Recorder | None = None,
    ) -> Self:
        """Present the samples once, going on from what was learned before.

        Parameters
        ----------
        X : SpikeTrains or array_like
            As in `fit`.
        y : array_like of shape (n_samples,)
            Labels.
        classes : array_like of shape (n_classes,), optional
            All labels that will ever come; needed in the first call.
        recorder : Recorder, optional
            Watches the training, as in `fit`.

        Returns
        -------
        self : EPropClassifier
        """
        first = not hasattr(self, "weights_")
        samples = self._samples(X, "partial_fit", reset=first)
        labels = check_labels(self, samples, y)
        self.classes_ = check_known_classes(self, labels, classes, first=first)
        if first:
            self._begin(samples, len(self.classes_))
        self._labels = np.searchsorted(self.classes_, labels)
        self._fit(samples, None, n_epochs=1, resume=False, recorder=recorder)
        return self

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
        check_is_fitted(self, "weights_")
        samples = self._samples(X, "predict_proba", reset=False)
        result = self._present(samples, ("error.score",))
        return np.concatenate(result.outputs["error.score"])

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Name the class with the largest mean probability.

        Parameters
        ----------
        X : SpikeTrains or array_like
            As in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,)
        """
        check_is_fitted(self, "weights_")
        labels: npt.NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
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
        check_is_fitted(self, "weights_")
        samples = self._samples(X, "predict_course", reset=False)
        return list(self._present(samples, ("error.p",), at="steps").outputs["error.p"])

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "weights_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.classifier_tags.poor_score = True
        return tags

    # ------------------------------------------------------------------ for the training

    _outputs = ("error.score",)

    def _error_neuron(self) -> SoftmaxError:
        return SoftmaxError(**answer_window(self))

    def _targets(self, rows: npt.NDArray[np.int64] | None = None) -> dict[str, Any]:
        labels = self._labels if rows is None else self._labels[rows]
        return {"targets": labels.astype(np.float64)}

    def _forget_targets(self) -> None:
        self.__dict__.pop("_labels", None)

    def _strata(self) -> npt.NDArray[Any]:
        return self._labels

    def _measure(self, samples: Samples, rows: npt.NDArray[np.int64]) -> tuple[float, float]:
        names = ("error.score", "error.sample_loss")
        outputs = self._present(samples, names, targets=self._targets(rows)).outputs
        loss = float(np.concatenate(outputs["error.sample_loss"]).sum(axis=1).mean())
        return loss, self._score(outputs, rows)

    def _score(
        self, outputs: Mapping[str, Sequence[npt.NDArray[np.float64]]], rows: npt.NDArray[np.int64]
    ) -> float:
        probabilities = np.concatenate(outputs["error.score"])
        return float(np.mean(probabilities.argmax(axis=1) == self._labels[rows]))
