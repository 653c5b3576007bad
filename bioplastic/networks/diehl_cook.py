"""Diehl & Cook (2015): digits learned without labels, as a scikit-learn transformer."""

import os
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin

from bioplastic import engine as engines
from bioplastic.models import DiehlCookExcitatory, DiehlCookInhibitory, PlasticityRule
from bioplastic.networks._diehl_cook_training import DiehlCookTraining
from bioplastic.spikes import SpikeTrains

__all__ = ["DiehlCook"]


class DiehlCook(ClassNamePrefixFeaturesOutMixin, TransformerMixin, DiehlCookTraining):
    """Spiking network that learns prototypes of its input by STDP, without labels.

    Numbers are presented as Poisson spike trains, spike trains as they are. Excitatory neurons
    learn by STDP, inhibit each other through their inhibitory partners, and adapt their
    thresholds. `fit` presents all training samples in one compiled program, normalisation and
    repeated presentations included.

    Parameters
    ----------
    n_neurons : int
        Excitatory neurons, with one inhibitory partner each.
    n_epochs : int
        How often the training samples are presented.
    presentation, rest, dt : Quantity, in seconds, optional
        Length of a presentation (350 ms for numbers, its own for a sample of spikes), of the rest
        after it (150 ms), time step (0.5 ms).
    rate_max : Quantity, in hertz, optional
        Rate of an input of `x_max` (63.75 Hz); for numbers.
    x_max : float or None
        Input that fires at `rate_max`; the largest of the training data where None.
    rule : {"triplet", "pair", "power_law", "exponential", "pre_and_post"} or PlasticityRule
        ``"triplet"`` is the rule of the authors' script, :class:`~bioplastic.models.DiehlCookSTDP`;
        the last three are the paper's other rules, ``"pair"`` is
        :class:`~bioplastic.models.PairSTDP`. Any other rule of spikes alone as an object, several
        by :func:`~bioplastic.models.combine_rules`.
    theta_plus : Quantity, in volts, optional
        Growth of the threshold at a spike (0.05 mV).
    inhibition : float
        Weight of the inhibition of all other neurons.
    norm : float or None
        Sum of the incoming weights of a neuron; the script's 78 for 784 features, and as much a
        feature for other sizes, where None. With spikes, None lets them bring as much in all as
        the script's pixels do, 78*8.33 Hz over the mean rate of a channel in the training
        samples, but at most a quarter of a channel's full weight on average.
    delay : Quantity in seconds, Distribution or None
        From an input spike to its effect, none where None; each synapse has its own from a
        distribution, such as the script's ``Uniform(low=0*ms, high=10*ms)``.
    min_spikes, max_repeats : int
        A sample of numbers with fewer excitatory spikes is presented again with rates higher by
        one half of `rate_max`, up to so many times. Spikes would be the same again: they are
        presented once.
    shuffle : bool
        Whether each epoch presents the samples in an order of its own.
    batch_size : int
        Samples that are presented side by side in training. All of a batch begin with the same
        weights and thresholds, and those that follow go on from what `batch_update` makes of their
        changes. Samples of batches are presented once, also where they evoke few spikes.
    batch_update : {"sum", "mean"}
        What becomes of the changes that the samples of a batch made.
    excitatory, inhibitory : optional
        Neuron models in place of the published ones, see :mod:`bioplastic.models`.
    n_jobs : int or None
        Processors; -1 takes all. In training they share out the samples of a batch, whose changes
        are added up processor by processor: weights depend on their number as sums do on their
        order. Answers do not.
    engine : {"auto", "numpy", "cython", "cpp_standalone", "cuda_standalone"}
        ``"auto"`` takes C++ where a compiler is found.
    random_state : int, RandomState or None
        Initial weights, delays, input noise and order come from independent streams of it.
    checkpoint : path-like or None
        File to which `fit` saves itself as it goes, and which goes when it is done; a folder gets
        a file for each training. After an interruption of any kind the same `fit` goes on from
        there, to the same weights bit for bit.
    verbose : int
        1 shows a progress bar, 2 also a line at every point of the history.

    Attributes
    ----------
    weights_ : ndarray of shape (n_features, n_neurons)
        Input weights.
    theta_ : ndarray of shape (n_neurons,), in volts
        Adaptive part of the thresholds.
    history_ : dict of ndarray
        What :func:`bioplastic.inspect.plot_weight_history` shows.
    timings_ : dict of float, in seconds
        ``"build"``, all that was waited for programs to be made in the last training and for
        answers since; ``"simulate"`` and ``"read"``, all else, of the training.
    n_epochs_, n_presentations_ : int
        Whole epochs, and presentations so far, repeated ones included.
    n_features_in_ : int
        Input channels.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X, where X had names.
    network_ : Network
        The declaration that was trained.
    engine_ : dict of str
        Engine, time step, integration method and precision of the last run.

    Raises
    ------
    ParameterError
        If a parameter has a wrong unit, type or range.
    DataError
        If X is neither SpikeTrains nor an array of finite numbers >= 0, or is not of the kind and
        width that `fit` has seen.

    Notes
    -----
    Diehl & Cook, Frontiers in Computational Neuroscience 9:99, 2015,
    doi 10.3389/fncom.2015.00099, with the equations and constants of the authors' published
    script. Where this class departs from it is said in the documentation: no synaptic delays
    unless `delay` says so, membrane and traces are reset between samples, repetition stops after
    `max_repeats`.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.datasets import load_digits
    >>> from bioplastic.networks import DiehlCook
    >>> X = load_digits().data[:4]
    >>> net = DiehlCook(
    ...     n_neurons=5, presentation=20 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0,
    ...     engine="numpy", random_state=0,
    ... )
    >>> net.fit_transform(X).shape
    (4, 5)
    """

    def __init__(
        self,
        n_neurons: int = 100,
        *,
        n_epochs: int = 1,
        presentation: Any = None,
        rest: Any = None,
        dt: Any = None,
        rate_max: Any = None,
        x_max: float | None = None,
        rule: str | PlasticityRule = "triplet",
        theta_plus: Any = None,
        inhibition: float = 17.0,
        norm: float | None = None,
        delay: Any = None,
        min_spikes: int = 5,
        max_repeats: int = 8,
        shuffle: bool = True,
        batch_size: int = 1,
        batch_update: str = "sum",
        excitatory: DiehlCookExcitatory | None = None,
        inhibitory: DiehlCookInhibitory | None = None,
        n_jobs: int | None = None,
        engine: str = "auto",
        random_state: Any = None,
        checkpoint: str | os.PathLike[str] | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_neurons = n_neurons
        self.n_epochs = n_epochs
        self.presentation = presentation
        self.rest = rest
        self.dt = dt
        self.rate_max = rate_max
        self.x_max = x_max
        self.rule = rule
        self.theta_plus = theta_plus
        self.inhibition = inhibition
        self.norm = norm
        self.delay = delay
        self.min_spikes = min_spikes
        self.max_repeats = max_repeats
        self.shuffle = shuffle
        self.batch_size = batch_size
        self.batch_update = batch_update
        self.excitatory = excitatory
        self.inhibitory = inhibitory
        self.n_jobs = n_jobs
        self.engine = engine
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.verbose = verbose

    def fit(
        self,
        X: npt.ArrayLike | SpikeTrains,
        y: Any = None,
        *,
        recorder: engines.Recorder | None = None,
    ) -> Self:
        """Learn without labels.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features), or SpikeTrains
            Non-negative, scaled by `x_max`; or spikes, whose samples may differ in length.
        y : ignored
        recorder : Recorder, optional
            Watches the training, see :class:`bioplastic.inspect.PlasticityRecorder`.

        Returns
        -------
        self : DiehlCook
        """
        return self._learn(X, y, "fit", recorder=recorder)

    def transform(self, X: npt.ArrayLike | SpikeTrains) -> npt.NDArray[np.int32]:
        """Count the spikes that each sample evokes, with weights and thresholds held fixed.

        The noise of a sample of numbers follows from its own values, so a sample has one answer,
        whatever is presented with it.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features), or SpikeTrains
            As in `fit`.

        Returns
        -------
        counts : ndarray of shape (n_samples, n_neurons)
        """
        return self._answer(self._shown(X, "transform")).counts

    def transform_spikes(self, X: npt.ArrayLike | SpikeTrains) -> Any:
        """Like `transform`, but return the spikes themselves.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features), or SpikeTrains
            As in `fit`.

        Returns
        -------
        spikes : SpikeTrains of shape (n_samples, n_neurons)
        """
        return self._answer(self._shown(X, "transform_spikes"), record="spikes").spikes

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    @property
    def _n_features_out(self) -> int:
        return int(self.weights_.shape[1])
