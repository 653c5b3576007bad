"""A regressor that learns by e-prop: signals out of spikes or signals."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from bioplastic.engine.program import Recorder
from bioplastic.errors import DataError
from bioplastic.models import SquaredError
from bioplastic.networks._eprop import EPropNetwork
from bioplastic.networks.eprop_samples import Samples
from bioplastic.networks.eprop_settings import answer_window
from bioplastic.spikes import SpikeTrains

__all__ = ["EPropRegressor"]


class EPropRegressor(RegressorMixin, EPropNetwork):
    r"""Recurrent spiking network that learns signals, or numbers, by e-prop.

    The network of :class:`EPropClassifier`, with a leaky readout for each output, whose deviation
    from the target is the error.

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
        Last part of a sample in which the error counts, in seconds or as a share; all where None.
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
        Changes every training sample anew in each epoch; targets must be numbers that stay.
    shuffle : bool
        Whether each epoch presents the samples in an order of its own.
    early_stopping : bool
        Whether to hold samples out, whole groups where `fit` knows groups, to stop when their
        score has not grown for `n_iter_no_change` epochs, and to keep the best weights.
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
    weights_ : dict of str to ndarray
        Weights by projection, for example ``"input_to_lif"`` of shape (n_inputs, n_lif).
    history_ : dict of str to ndarray of shape (n_epochs,)
        ``"loss"``, half the mean squared error, of the samples while they were learned,
        ``"spikes"`` a sample, and ``"validation_loss"`` and ``"validation_score"`` (less the mean
        squared error) of those held out.
    n_outputs_ : int
        Signals, or numbers, that are learned.
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
    Bellec et al., Nature Communications 11:3625, 2020, doi 10.1038/s41467-020-17236-y.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.networks import EPropRegressor
    >>> spikes = SpikeTrains([0.01, 0.02], [0, 1], [0, 2], n_units=2, duration=0.04)
    >>> wave = np.sin(np.linspace(0, 6, 40))[None, :, None]
    >>> model = EPropRegressor(5, 0, n_epochs=1, batch_size=1, engine="numpy", random_state=0)
    >>> model.fit(spikes, wave).predict(spikes)[0].shape
    (40, 1)
    """

    #: set by `fit`
    n_outputs_: int
    _learns_signals: bool
    _flat: bool

    def __init__(
        self,
        n_lif: int = 100,
        n_alif: int = 0,
        *,
        n_epochs: int = 100,
        batch_size: int = 1,
        optimizer: str = "adam",
        learning_rate: float = 0.003,
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
        """Learn signals or numbers.

        Parameters
        ----------
        X : SpikeTrains, array_like of shape (n_samples, n_steps, n_features), sequence of arrays \
of shape (n_steps, n_features), or array_like of shape (n_samples, n_features)
            Spikes; numbers of every time step; or numbers that stay for a `presentation`.
        y : array_like of shape (n_samples, n_steps, n_outputs), sequence of arrays of shape \
(n_steps, n_outputs), or array_like of shape (n_samples,) or (n_samples, n_outputs)
            Signals, a row for each step of a sample; or numbers that stay.
        groups : array_like of shape (n_samples,), optional
            Of which `early_stopping` holds some out.
        recorder : Recorder, optional
            Watches the training, see :class:`bioplastic.inspect.PlasticityRecorder`.

        Returns
        -------
        self : EPropRegressor
        """
        samples = self._samples(X, "fit", reset=True)
        self._set_targets(samples, y, reset=True)
        self._begin(samples, self.n_outputs_)
        n_epochs = int(self.n_epochs)
        self._fit(samples, groups, n_epochs=n_epochs, resume=True, recorder=recorder)
        return self

    def partial_fit(self, X: Any, y: Any = None, *, recorder: Recorder | None = None) -> Self:
        """Present the samples once, going on from what was learned before.

        Parameters
        ----------
        X : SpikeTrains or array_like
            As in `fit`.
        y : array_like
            As in `fit`.
        recorder : Recorder, optional
            Watches the training, as in `fit`.

        Returns
        -------
        self : EPropRegressor
        """
        first = not hasattr(self, "weights_")
        samples = self._samples(X, "partial_fit", reset=first)
        self._set_targets(samples, y, reset=first)
        if first:
            self._begin(samples, self.n_outputs_)
        self._fit(samples, None, n_epochs=1, resume=False, recorder=recorder)
        return self

    def predict(self, X: Any) -> Any:
        """Return what the readouts say.

        Parameters
        ----------
        X : SpikeTrains or array_like
            As in `fit`.

        Returns
        -------
        y : list of ndarray of shape (n_steps, n_outputs), or ndarray of shape (n_samples,) or \
(n_samples, n_outputs)
            Signals, one array for each sample; or means over the decision window, where numbers
            were learned.
        """
        check_is_fitted(self, "weights_")
        if self._learns_signals:
            return self.predict_course(X)
        samples = self._samples(X, "predict", reset=False)
        result = self._present(samples, ("error.answer",), targets=self._no_targets(samples))
        answers = np.concatenate(result.outputs["error.answer"])
        return answers[:, 0] if self._flat else answers

    def predict_course(self, X: Any) -> list[npt.NDArray[np.float64]]:
        """Return what the readouts say as time goes by.

        Parameters
        ----------
        X : SpikeTrains or array_like
            As in `fit`.

        Returns
        -------
        y : list of ndarray of shape (n_steps, n_outputs)
            One array for each sample.
        """
        check_is_fitted(self, "weights_")
        samples = self._samples(X, "predict_course", reset=False)
        targets = self._no_targets(samples)
        shown = self._present(samples, ("error.y",), at="steps", targets=targets)
        return list(shown.outputs["error.y"])

    def score(self, X: Any, y: Any, sample_weight: npt.ArrayLike | None = None) -> float:
        """Coefficient of determination, of signals over all steps of all samples.

        Parameters
        ----------
        X : SpikeTrains or array_like
            As in `fit`.
        y : array_like
            As in `fit`.
        sample_weight : array_like of shape (n_samples,), optional
            Weights of samples; not for signals.

        Returns
        -------
        score : float
        """
        answer = self.predict(X)
        if not self._learns_signals:
            return float(r2_score(y, answer, sample_weight=sample_weight))
        if sample_weight is not None:
            raise DataError("EPropRegressor.score: signals take no sample_weight; leave it out")
        try:
            truth = [
                np.asarray(one, dtype=float)[: len(a)] for one, a in zip(y, answer, strict=True)
            ]
            return float(r2_score(np.concatenate(truth), np.concatenate(answer)))
        except (TypeError, ValueError) as error:
            raise DataError(
                f"EPropRegressor.score: y must hold a signal (n_steps, n_outputs) for each of the "
                f"{len(answer)} samples: {error}"
            ) from error

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "weights_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = True
        return tags

    # ------------------------------------------------------------------ for the training

    _outputs = ()

    def _error_neuron(self) -> SquaredError:
        return SquaredError(**answer_window(self))

    def _set_targets(self, samples: Samples, y: Any, *, reset: bool) -> None:
        """Check the targets, and make numbers that stay signals, too."""
        name = type(self).__name__
        if y is None:
            raise DataError(f"{name} requires y to be passed, but the target y is None")
        try:
            y = y if isinstance(y, (list, tuple)) else np.asarray(y)
            signals = np.ndim(y[0]) == 2
            found = [np.asarray(one, dtype=np.float64) for one in y]
            lengths = _n_steps(samples, self._dt)
            if len(found) != len(lengths):
                raise ValueError(f"there are {len(lengths)} samples and {len(found)} targets")
            if not all(np.isfinite(one).all() for one in found):
                raise ValueError("some are not finite")
            rows = found if signals else [np.atleast_1d(one)[None, :] for one in found]
            widths = {row.shape[1] for row in rows}
            if len(widths) != 1 or any(row.ndim != 2 for row in rows):
                raise ValueError("all must have the same outputs")
            bad = [k for k, row in enumerate(rows) if signals and len(row) < lengths[k]]
            if bad:
                raise ValueError(
                    f"target {bad[0]} has {len(rows[bad[0]])} steps, its sample {lengths[bad[0]]}"
                )
        except (TypeError, ValueError, IndexError) as error:
            raise DataError(
                f"{name}: y must hold a signal (n_steps, n_outputs), a number or (n_outputs,) for "
                f"each sample: {error}"
            ) from error
        if signals and self.augmenter is not None:
            raise DataError(
                f"{name}.augmenter: stretches samples, whose target signals would no longer fit; "
                f"leave it out"
            )
        width = widths.pop()
        if not reset and (width != self.n_outputs_ or signals != self._learns_signals):
            raise DataError(f"{name}: y must be of the kind and width of the first call")
        self.n_outputs_, self._learns_signals = width, signals
        self._flat = not signals and np.ndim(found[0]) == 0
        room = 2 * int(lengths.max(initial=1))  # an augmented sample may be longer
        self._target_signals: Sequence[npt.NDArray[np.float64]] = (
            rows if signals else [np.broadcast_to(row, (room, width)) for row in rows]
        )

    def _targets(self, rows: npt.NDArray[np.int64] | None = None) -> dict[str, Any]:
        signals = self._target_signals
        return {"target_signals": signals if rows is None else [signals[k] for k in rows]}

    def _no_targets(self, samples: Samples) -> dict[str, Any]:
        nothing = np.zeros((1, self.n_outputs_))
        return {"target_signals": [nothing] * len(samples)}

    def _forget_targets(self) -> None:
        self.__dict__.pop("_target_signals", None)

    def _strata(self) -> None:
        return None

    def _measure(self, samples: Samples, rows: npt.NDArray[np.int64]) -> tuple[float, float]:
        outputs = self._present(
            samples, ("error.sample_loss",), targets=self._targets(rows)
        ).outputs
        loss = float(np.concatenate(outputs["error.sample_loss"]).sum(axis=1).mean())
        return loss, -2.0 * loss


def _n_steps(samples: Samples, dt: float) -> npt.NDArray[np.int64]:
    if isinstance(samples, SpikeTrains):
        return np.maximum(np.ceil(samples.duration / dt - 1e-6), 1).astype(np.int64)
    return np.array([len(sample) for sample in samples], dtype=np.int64)
