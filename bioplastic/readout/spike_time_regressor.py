"""Regressor from spike trains to signals or spike trains, which chooses neurons and their lags."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from brian2 import ms
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from bioplastic._checks import check_choice, check_number, check_positive
from bioplastic.readout._atoms import search_for_signals, search_for_trains
from bioplastic.readout._firing import fire, score_of_trains
from bioplastic.readout._parameters import (
    best_number,
    check_lags,
    check_most,
    check_splitter,
    check_target,
)
from bioplastic.readout._signals import KERNELS, sampled, score_of_signals
from bioplastic.readout._trains import TakesTrains, check_trains, n_steps, select
from bioplastic.spikes import SpikeTrains

type Array = npt.NDArray[np.float64]
#: Weights of the first atoms, of shape (n_atoms, n_outputs), and intercepts.
type Stage = tuple[Array, Array]


class SpikeTimeRegressor(TakesTrains, RegressorMixin, BaseEstimator):
    r"""Decoder of signals, or of spike trains, that chooses neurons and lags by spike times.

    The target is a weighted sum of *atoms*: the spikes of one neuron, each later by one lag, and
    filtered with one kernel. Forward orthogonal regression chooses atoms one by one, each time the
    one that explains most of what those before it leave unexplained.

    Parameters
    ----------
    tau : Quantity of time, default=None
        Time constant of the kernel (5 ms, about the decay of a fast excitatory synapse): how
        precise a spike is taken to be. Worth a search.
    kernel : {"two_sided", "alpha", "exponential"}, default="two_sided"
        With :math:`x` the time since the spike and its lag, in units of `tau`:
        :math:`e^{-|x|}`; :math:`x e^{1 - x}` from the spike on; :math:`e^{-x}` from the spike on.
        The last is a leaky integrator, the only one that a spiking readout neuron has, and that
        spike trains as targets take.
    lags : Quantity of time of shape (n_lags,), default=None
        How much later than a spike its kernel begins (0 ms). Negative ones show what came before
        the spike, such as the stimulus. Evenly spaced ones take the least time.
    dt : Quantity of time, default=None
        Sampling step of signals: value `k` is that at ``k * dt``. Not used for spike trains.
    max_atoms : int or float, default=0.25
        Most atoms to choose, by number, or as a share of all neurons times all lags.
    tol : float, default=1e-3
        Stop when this share of the target's power is left unexplained.
    validation : int, cross-validation generator or None, default=None
        Choose the number of atoms, up to `max_atoms`, by the score on parts of the training samples
        that are held out in turn: folds, or a splitter of scikit-learn, which is handed the groups.
    alpha : float, default=0.01
        Ridge, in units of the mean squared norm of the atoms.

    Attributes
    ----------
    selected_ : ndarray of shape (n_atoms,)
        Neuron of each atom, in the order of choice. A neuron is there once for each of its lags.
    selected_lags_ : ndarray of shape (n_atoms,), in seconds
        Lag of each.
    error_reduction_ratio_ : ndarray of shape (n_atoms,)
        Share of the target's power that each of them explains beyond those before it.
    residual_ : ndarray of shape (n_atoms,)
        Share that is left after each of them.
    weights_ : ndarray of shape (n_units, n_lags, n_outputs)
        Weights, 0 for atoms that were not chosen.
    intercept_ : ndarray of shape (n_outputs,)
        Signal in the absence of spikes; 0 for spike trains.
    tau_ : float, in seconds
        Time constant in use.
    lags_ : ndarray of shape (n_lags,), in seconds
        Lags in use.
    n_atoms_ : int
        Number of atoms chosen.
    validation_scores_ : ndarray of shape (n_atoms_at_most,)
        Mean score by number of atoms, where `validation` is given.
    n_features_in_ : int
        Number of units seen during `fit`.

    Raises
    ------
    ParameterError
        If a parameter is out of range, or does not fit the kind of target.
    DataError
        If X is no SpikeTrains, is empty, or has another number of units than in `fit`, or y does
        not fit it.

    See Also
    --------
    SpikeTimeClassifier : Labels instead.

    Notes
    -----
    This is a *reconstruction*. Florescu & Coca, Neural Computation 31(9):1825-1852, 2019,
    doi 10.1162/neco_a_01218, learn a mapping of signals with a forward orthogonal regression on
    precise spike times that selects the presynaptic neurons; their equations, constants and code
    were not to be had. What is made of it here rests on the inner product of Carnell & Richardson
    (2005) and on the regression of Chen, Billings & Luo (1989). The lags are our addition.

    *Signals.* With the kernel :math:`\varphi` and the atom :math:`a_{il}(t) = \sum_m \varphi(t -
    t^i_m - l)`, weights and intercept minimize :math:`\int (y - \sum_{il} w_{il} a_{il} - c)^2
    dt`, summed over samples, plus the ridge. All integrals are exact, no spike is moved to a step
    of the signal: products of atoms are sums over pairs of spikes, taken from trace to trace; the
    signal counts as linear between its values, and is filtered once and read at every spike and
    lag. Time is in proportion to steps of the signal, plus spikes times lags, for each neuron that
    is chosen. Integrals run over all times, and atoms may reach beyond a sample, where signal and
    intercept are 0: make samples long compared with `tau` and the lags. Between values a signal
    should not do much: let `dt` be well below `tau`.

    *Spike trains.* The same in the geometry of van Rossum's distance, without an intercept;
    outputs share their atoms. `predict` lets a neuron fire for each output: its membrane
    :math:`v = \sum_{il} w_{il} a_{il} - \sum_o \varphi(t - t_o)` is driven by the atoms, with lags
    for synaptic delays; at :math:`v \ge 1/2` it spikes, and loses 1. A spike at this moment brings
    output and drive nearer to each other just if v is above 1/2. Since v fades between inputs, it
    fires at inputs only, and is followed exactly, from event to event. An input of 3/2 makes two
    spikes at a time.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.readout import SpikeTimeRegressor
    >>> spikes = SpikeTrains(
    ...     [0.02, 0.03, 0.07, 0.08], [0, 1, 0, 1], [0, 4], n_units=2, duration=0.12
    ... )

    Unit 1 is followed, 10 ms later, by a bump of the signal.

    >>> t = np.arange(120) * 1e-3
    >>> signal = np.exp(-abs(t - 0.04) / 5e-3) + np.exp(-abs(t - 0.09) / 5e-3)
    >>> decoder = SpikeTimeRegressor(lags=[0, 5, 10] * ms, dt=1 * ms, max_atoms=1)
    >>> decoder.fit(spikes, [signal]).selected_
    array([1])
    >>> decoder.selected_lags_
    array([0.01])
    >>> decoder.predict(spikes).shape
    (1, 120)

    A spike train as the target, and a neuron that fires.

    >>> target = SpikeTrains([0.035, 0.085], [0, 0], [0, 2], n_units=1, duration=0.12)
    >>> decoder = SpikeTimeRegressor(kernel="exponential", lags=[0, 5] * ms, max_atoms=1)
    >>> decoder.fit(spikes, target).predict(spikes).times
    array([0.035, 0.085])
    """

    def __init__(
        self,
        *,
        tau: Any = None,
        kernel: str = "two_sided",
        lags: Any = None,
        dt: Any = None,
        max_atoms: int | float = 0.25,
        tol: float = 1e-3,
        validation: Any = None,
        alpha: float = 0.01,
    ) -> None:
        self.tau = tau
        self.kernel = kernel
        self.lags = lags
        self.dt = dt
        self.max_atoms = max_atoms
        self.tol = tol
        self.validation = validation
        self.alpha = alpha

    def fit(self, X: SpikeTrains, y: Any, groups: npt.ArrayLike | None = None) -> Self:
        """Choose atoms and find their weights.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_units)
            Training samples.
        y : array_like of shape (n_samples, n_steps) or (n_samples, n_steps, n_outputs), or \
                SpikeTrains of shape (n_samples, n_outputs)
            Signals, one value for each `dt` of a sample, or a list of them where samples differ in
            length; or spike trains.
        groups : array_like of shape (n_samples,), default=None
            Groups that `validation` keeps together, such as recordings.

        Returns
        -------
        self : SpikeTimeRegressor
        """
        check_trains(self, "fit", X, reset=True)
        self.tau_ = check_positive(self, "tau", 5 * ms)
        check_choice(self, "kernel", KERNELS)
        self.lags_ = check_lags(self, y)
        check_number(self, "tol", low=0.0, high=1.0)
        check_number(self, "alpha", low=0.0)
        self._step = 0.0 if isinstance(y, SpikeTrains) else check_positive(self, "dt", 1 * ms)
        target, self._flat = check_target(self, "fit", X, y, self._step)
        most = check_most(self, "max_atoms", X.n_units * len(self.lags_))
        if self.validation is not None:
            most = self._validated(X, target, groups, most)
        found, self.selected_, place, self._stages = self._chosen(X, target, most)
        self.n_atoms_ = len(found.selected)
        self.selected_lags_ = self.lags_[place]
        self.error_reduction_ratio_ = found.error_reduction_ratio
        self.residual_ = np.maximum(1 - np.cumsum(found.error_reduction_ratio), 0.0)
        weights, self.intercept_ = self._stages[-1]
        self.weights_ = np.zeros((X.n_units, len(self.lags_), weights.shape[1]))
        self.weights_[self.selected_, place] = weights
        return self

    def predict(self, X: SpikeTrains) -> Any:
        """Return signals, or the spikes of neurons that the atoms drive.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_units)

        Returns
        -------
        y : ndarray of shape (n_samples, n_steps), or (n_samples, n_steps, n_outputs)
            As y in `fit`; a list of arrays where samples differ in length; SpikeTrains of shape
            (n_samples, n_outputs) where spike trains were learned.
        """
        return self._shaped(self._decoded("predict", X))

    def staged_predict(self, X: SpikeTrains) -> Iterator[Any]:
        """Predict with the first atom alone, with the first two, and so on.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_units)

        Yields
        ------
        y : ndarray, list of ndarray, or SpikeTrains
            As by `predict`.
        """
        check_is_fitted(self, "weights_")
        check_trains(self, "staged_predict", X, reset=False)
        for stage in self._stages[1:]:
            n = len(stage[0])
            units, lags = self.selected_[:n], self.selected_lags_[:n]
            yield self._shaped(self._predicted(X, units, lags, stage))

    def score(self, X: SpikeTrains, y: Any) -> float:
        r"""Return how good the prediction is: 1 at best, 0 for a constant, or for silence.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_units)
        y : array_like, list of array_like, or SpikeTrains
            As in `fit`.

        Returns
        -------
        score : float
            For signals :math:`R^2`, all samples together, the mean over outputs. For spike trains
            1 less the sum of their squared van Rossum distances, divided by their squared norms.
        """
        predicted = self._decoded("score", X)
        target, _ = check_target(self, "score", X, y, self._step)
        return self._scored(target, predicted)

    def _decoded(self, method: str, X: SpikeTrains) -> Any:
        check_is_fitted(self, "weights_")
        check_trains(self, method, X, reset=False)
        unit, place = np.nonzero(self.weights_.any(axis=2))
        stage = self.weights_[unit, place], self.intercept_
        return self._predicted(X, unit, self.lags_[place], stage)

    def _chosen(self, X: SpikeTrains, target: Any, most: int) -> tuple[Any, ...]:
        """Choose atoms: what was found, their units, places of their lags, weights by number."""
        if isinstance(target, SpikeTrains):
            search = search_for_trains(X, target, self.lags_, tau=self.tau_)
        else:
            search = search_for_signals(
                X, target, self.lags_, dt=self._step, tau=self.tau_, kernel=self.kernel
            )
        found = search.run(most, tol=self.tol, alpha=self.alpha)
        stages = [search.weights(found, n) for n in range(len(found.selected) + 1)]
        return found, *np.divmod(found.selected, len(self.lags_)), stages

    def _validated(self, X: SpikeTrains, target: Any, groups: Any, most: int) -> int:
        """Choose the number of atoms by the score on training samples that are held out."""
        scores = []
        splitter = check_splitter(self)
        for train, held_out in splitter.split(np.zeros((len(X), 1)), None, groups):
            _, unit, place, stages = self._chosen(X[train], select(target, train), most)
            wanted = select(target, held_out)
            # Without any atom where none was found.
            predicted = (
                self._predicted(X[held_out], unit[:n], self.lags_[place[:n]], stages[n])
                for n in range(min(1, len(unit)), len(unit) + 1)
            )
            scores.append([self._scored(wanted, guess) for guess in predicted])
        return best_number(self, scores, most)

    def _predicted(self, X: SpikeTrains, units: Any, lags: Array, stage: Stage) -> Any:
        """Prediction of atoms: signals of shape (n_steps, n_outputs), or SpikeTrains."""
        weights, intercept = stage
        if not self._step:
            used, place = np.unique(lags, return_inverse=True)
            dense = np.zeros((X.n_units, len(used), weights.shape[1]))
            dense[units, place] = weights
            return fire(X, used, dense, self.tau_)
        return [
            intercept + self._signal(sample, units, lags, weights, steps)
            for sample, steps in zip(X, n_steps(X, self._step), strict=True)
        ]

    def _signal(
        self, sample: SpikeTrains, units: Any, lags: Array, weights: Array, steps: int
    ) -> Array:
        own = [sample.times[sample.units == unit] for unit in units]
        atom = np.repeat(np.arange(len(own)), [len(times) for times in own])
        times = np.concatenate([np.zeros(0), *own]) + lags[atom]
        n_outputs = weights.shape[1]
        return sampled(
            np.repeat(times, n_outputs),
            np.tile(np.arange(n_outputs), len(times)),
            weights[atom].ravel(),
            (int(steps), n_outputs),
            dt=self._step,
            tau=self.tau_,
            kernel=self.kernel,
        )

    def _scored(self, target: Any, predicted: Any) -> float:
        if isinstance(target, SpikeTrains):
            return score_of_trains(target, predicted, self.tau_)
        return score_of_signals(target, predicted)

    def _shaped(self, predicted: Any) -> Any:
        if isinstance(predicted, SpikeTrains):
            return predicted
        signals = [y[:, 0] if self._flat else y for y in predicted]
        return np.stack(signals) if len({len(y) for y in signals}) == 1 else signals

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
