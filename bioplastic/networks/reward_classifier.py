"""A classifier that learns from nothing but reward: R-STDP with a critic, in one program."""

import os
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic._checks import check_quantity
from bioplastic.engine.result import Result
from bioplastic.models import Network, PlasticityRule
from bioplastic.networks._rate_network import RateNetwork
from bioplastic.networks._samples import Samples, mean_rate
from bioplastic.networks._trained_network import Points, State
from bioplastic.networks.reward_network import RATE_MAX, declare
from bioplastic.networks.training import ClassTrainer
from bioplastic.readout._decisions import to_classes
from bioplastic.spikes import SpikeTrains

WEIGHTS, THETA, EXPECTED = "input_to_output.w", "output.theta", "classes.expected"


class RewardSTDPClassifier(ClassTrainer, RateNetwork):
    r"""Spiking network that answers with a class, and learns from being right or wrong.

    Output neurons, some for each class, compete by inhibition. The class whose neurons fired most
    is the network's answer to a sample, and brings a reward: 1 if it is right, shared with others
    that have as many spikes. A critic expects, for each class, the mean of the rewards so far.
    When the sample ends, neurons of the class that was answered change their weights by reward
    less expectation, times what STDP has noted meanwhile: a hit draws them to the sample, a miss
    drives them away. Votes, rewards and expectations are variables of neurons; `fit` presents all
    samples in one compiled program.

    Parameters
    ----------
    n_per_class : int
        Output neurons of each class.
    n_epochs : int
        How often `fit` presents the training samples.
    presentation, rest, dt : Quantity, in seconds, optional
        Length of a presentation (200 ms for numbers, its own for a sample of spikes), of the rest
        after it (0 ms), time step (0.5 ms).
    rate_max : Quantity, in hertz, optional
        Rate of an input of `x_max` (128 Hz); for numbers.
    x_max : float or None
        Input that fires at `rate_max`; the largest of the training data where None.
    eta : float
        Learning rate: the share of a neuron's weights that one of its spikes, in a sample of mean
        intensity, replaces at a reward of 1 above expectation.
    baseline : {"class", "global", "none"}
        What the critic expects: the mean reward of samples of the same class, of all, or 0.
    baseline_rate : float
        Share with which a sample enters this running mean.
    r_wrong : float
        Reward of a wrong answer, for example 0 or -1.
    dip : float
        Factor of a reward that is less than expected: misses teach less than hits.
    rule : PlasticityRule or None
        A rule of your own, that reads ``m_post`` when a slot ends; it takes the place of `eta`.
    tau_membrane, tau_trace : Quantity, in seconds, optional
        Times over which an output neuron sums up its input (100 ms), and over which STDP
        remembers an input spike (20 ms); longer ones for what spreads over a long sample.
    drive : float
        Mean excitatory conductance of an output neuron over the training samples, in units of its
        leak. The sum of a neuron's weights follows from it, and is kept.
    inhibition : float
        Weight with which an output neuron inhibits all others.
    n_spikes : float
        Spikes that a sample evokes in all output neurons, on the average; thresholds move until
        each neuron has its share of them.
    theta_plus : Quantity, in volts, optional
        Growth of a neuron's threshold at its spike (0.1 mV).
    min_spikes, max_repeats : int
        A sample of numbers with fewer output spikes is presented again with rates higher by one
        half, up to so many times; nothing is learned from presentations that are repeated.
    shuffle : bool
        Whether each epoch presents the samples in an order of its own.
    validation_fraction : float, int or None
        Share, or number, of the samples that `fit` holds out; their accuracy is noted
        at every point of the history.
    warm_start : bool
        Whether `fit` goes on from what was learned, until there were `n_epochs` in all.
    n_jobs : int or None
        Processors for predictions; -1 takes all. The answer does not depend on it.
    engine : {"auto", "numpy", "cython", "cpp_standalone", "cuda_standalone"}
        ``"auto"`` takes C++ where a compiler is found.
    random_state : int, RandomState or None
        Initial weights, input noise and order come from independent streams of it.
    checkpoint : path-like or None
        File to which `fit` saves itself as it goes, and which goes when it is done; a folder gets
        a file for each training. After an interruption of any kind the same `fit` goes on from
        there, to the same weights bit for bit.
    verbose : int
        1 shows a progress bar, 2 also a line at every point of the history.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    neuron_classes_ : ndarray of shape (n_neurons,)
        Label for which each output neuron stands.
    weights_ : ndarray of shape (n_features, n_neurons)
        Input weights.
    theta_ : ndarray of shape (n_neurons,), in volts
        Adaptive part of the thresholds.
    rate_max_ : float, in hertz
        Rate of the largest number; for numbers.
    expected_ : ndarray of shape (n_classes,)
        Rewards that the critic expects.
    history_ : dict of ndarray
        ``"n_samples"`` (n_points,) learned so far, ``"expected"`` (n_points, n_classes), their mean
        ``"reward"`` (n_points,), and ``"spikes"`` (n_points,) a presentation.
    n_epochs_, n_presentations_ : int
        Whole epochs, and presentations so far, repeated ones included.
    n_features_in_ : int
        Input channels.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X, where X had names.
    network_ : Network
        The declaration that was trained.
    timings_ : dict of float, in seconds
        ``"build"``, all that was waited for programs to be made in the last training and for
        answers since; ``"simulate"`` and ``"read"``, all else, of the training.
    engine_ : dict of str
        Engine, time step, integration method and precision of the last training.

    Raises
    ------
    ParameterError
        If a parameter has a wrong unit, type or range.
    DataError
        If X is neither SpikeTrains nor an array of finite numbers >= 0, is not of the kind and
        width that `fit` has seen, or y does not fit it.

    Notes
    -----
    With reward :math:`R`, expectation :math:`\langle R\rangle_c` of the sample's class and the
    eligibility :math:`c_{ij}` the rule is
    :math:`\Delta w_{ij} = \eta\,(R - \langle R\rangle_c)\,c_{ij}`: Fremaux, Sprekeler & Gerstner,
    Journal of Neuroscience 30:13326, 2010, doi 10.1523/JNEUROSCI.6249-09.2010, who show that the
    expectation must be that of the stimulus, or else what is learned is biased. That only those
    that answered learn is attention-gated reinforcement (Roelfsema & van Ooyen, Neural
    Computation 17:2176, 2005, doi 10.1162/0899766054615699); misses that teach less than hits are
    dopamine's dips, which are shallower than its peaks (Bayer & Glimcher, Neuron 47:129, 2005,
    doi 10.1016/j.neuron.2005.05.020). Output neurons are those of Diehl & Cook 2015,
    doi 10.3389/fncom.2015.00099.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.datasets import load_digits
    >>> from bioplastic.networks import RewardSTDPClassifier
    >>> digits = load_digits()
    >>> model = RewardSTDPClassifier(
    ...     2, n_epochs=1, presentation=20 * ms, dt=1 * ms, max_repeats=0, engine="numpy",
    ...     random_state=0,
    ... )
    >>> model.fit(digits.data[:6], digits.target[:6]).predict(digits.data[:2]).shape
    (2,)
    """

    def __init__(
        self,
        n_per_class: int = 20,
        *,
        n_epochs: int = 5,
        presentation: Any = None,
        rest: Any = None,
        dt: Any = None,
        rate_max: Any = None,
        x_max: float | None = None,
        eta: float = 0.04,
        baseline: str = "class",
        baseline_rate: float = 0.02,
        r_wrong: float = 0.0,
        dip: float = 0.2,
        rule: PlasticityRule | None = None,
        tau_membrane: Any = None,
        tau_trace: Any = None,
        drive: float = 1.3,
        inhibition: float = 17.0,
        n_spikes: float = 15.0,
        theta_plus: Any = None,
        min_spikes: int = 1,
        max_repeats: int = 4,
        shuffle: bool = True,
        validation_fraction: float | None = None,
        warm_start: bool = False,
        n_jobs: int | None = None,
        engine: str = "auto",
        random_state: Any = None,
        checkpoint: str | os.PathLike[str] | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_per_class = n_per_class
        self.n_epochs = n_epochs
        self.presentation = presentation
        self.rest = rest
        self.dt = dt
        self.rate_max = rate_max
        self.x_max = x_max
        self.eta = eta
        self.baseline = baseline
        self.baseline_rate = baseline_rate
        self.r_wrong = r_wrong
        self.dip = dip
        self.rule = rule
        self.tau_membrane = tau_membrane
        self.tau_trace = tau_trace
        self.drive = drive
        self.inhibition = inhibition
        self.n_spikes = n_spikes
        self.theta_plus = theta_plus
        self.min_spikes = min_spikes
        self.max_repeats = max_repeats
        self.shuffle = shuffle
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.engine = engine
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.verbose = verbose

    def decision_function(self, X: npt.ArrayLike | SpikeTrains) -> npt.NDArray[np.float64]:
        """Mean spike count of each class's neurons, with weights and thresholds held fixed.

        The noise of a sample of numbers follows from its own values, so a sample has one answer,
        whatever is presented with it.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features), or SpikeTrains

        Returns
        -------
        decision : ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            For two, what the second class's neurons have more.
        """
        counts = self._answer(self._shown(X, "decision_function")).counts
        votes = counts.reshape(len(counts), len(self.classes_), -1).mean(axis=2)
        decision: npt.NDArray[np.float64] = votes
        return decision[:, 1] - decision[:, 0] if len(self.classes_) == 2 else decision

    def predict(self, X: npt.ArrayLike | SpikeTrains) -> npt.NDArray[Any]:
        """Return the class whose neurons fire most.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features), or SpikeTrains

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The first of the classes that have as many spikes, as where there are none at all.
        """
        decision = self.decision_function(X)
        if len(self.classes_) == 1:
            return np.repeat(self.classes_, len(decision))
        return to_classes(decision, self.classes_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # Two features, and negative ones among them, say little in rates of spikes.
        tags.classifier_tags.poor_score = True
        return tags

    # ------------------------------------------------------------------ training

    _learned = WEIGHTS, THETA

    _beside = ("reward", "spikes")

    def _begin(self, samples: Samples) -> None:
        self._set_scale(samples)
        if not self._takes_spikes:
            self.rate_max_ = float(check_quantity(self, "rate_max", RATE_MAX))
        self._mean_rate = mean_rate(samples, self._rate_scale())
        self.network_ = declare(self, learning=True)
        norm: Any = self.network_.projections[0].norm
        self.neuron_classes_ = np.repeat(self.classes_, int(self.n_per_class))
        size = self.n_features_in_ * len(self.neuron_classes_)
        rng = np.random.default_rng(self._stream("weights"))
        self._state = {WEIGHTS: rng.uniform(0.5, 1.5, size) * norm / self.n_features_in_}

    def _learned_from(self, targets: Any) -> tuple[Any, ...]:
        return (targets,)

    def _shown_targets(self, targets: Any) -> npt.NDArray[np.float64]:
        return targets.astype(np.float64)  # type: ignore[no-any-return]

    def _note(self, result: Result, before: State, targets: Any) -> Points:
        expected = self._state[EXPECTED].copy()
        return {
            "n_samples": self._n_learned,
            "expected": expected,
            "reward": float(expected.mean()),
            "spikes": float(result.spikes_per_slot.mean()),
        }

    def _finish(self) -> None:
        super()._finish()
        weights = self._state[WEIGHTS].reshape(self.n_features_in_, -1)
        # The last sample has changed the sums, which the next one would have put right.
        total = weights.sum(axis=0)
        norm: Any = self.network_.projections[0].norm
        self.weights_ = weights * norm / np.where(total > 0, total, 1.0)
        self.theta_ = self._state[THETA].copy()
        self.expected_ = self._state[EXPECTED].copy()

    def _answering(self) -> Network:
        return declare(self, learning=False)
