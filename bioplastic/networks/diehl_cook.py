"""Diehl & Cook (2015): digits learned without labels, as a scikit-learn transformer."""

import itertools
import logging
import os
import time
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from bioplastic import engine as engines
from bioplastic.engine.program import ChunkResult
from bioplastic.errors import CheckpointError
from bioplastic.models import DiehlCookExcitatory, DiehlCookInhibitory, PlasticityRule
from bioplastic.networks._checkpoints import configuration_of
from bioplastic.networks._samples import (
    Samples,
    check_samples,
    digest,
    make_stimulus,
    mean_rate,
    rate_scale,
)
from bioplastic.networks._streams import draw_entropy, shuffled, stream
from bioplastic.networks.diehl_cook_settings import RATE_MAX, batched, declare
from bioplastic.networks.history import HistoryRecorder
from bioplastic.spikes import SpikeTrains

__all__ = ["DiehlCook"]

logger = logging.getLogger(__name__)

WEIGHTS, THETA = "input_to_excitatory.w", "excitatory.theta"


class DiehlCook(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
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
        Processors for `transform` and predictions; -1 takes all. The answer does not depend on it.
    engine : {"auto", "numpy", "cython", "cpp_standalone", "cuda_standalone"}
        ``"auto"`` takes C++ where a compiler is found.
    random_state : int, RandomState or None
        Initial weights, input noise and order come from independent streams of it.
    checkpoint : path-like or None
        File to which training is saved as it goes; an interrupted `fit` with the same
        configuration and data goes on from there, to the same weights bit for bit.
    verbose : int
        1 shows a progress bar.

    Attributes
    ----------
    weights_ : ndarray of shape (n_features, n_neurons)
        Input weights.
    theta_ : ndarray of shape (n_neurons,), in volts
        Adaptive part of the thresholds.
    history_ : dict of ndarray
        What :func:`bioplastic.inspect.plot_weight_history` shows.
    timings_ : dict of float, in seconds
        ``"build"``, ``"simulate"`` and ``"read"`` of the last `fit`.
    n_presentations_ : int
        Presentations so far, repeated ones included.
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
    script. Where this class departs from it is said in the documentation: no synaptic delays,
    membrane and traces are reset between samples, repetition stops after `max_repeats`.

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
        self._fit(self._samples(X, "fit", reset=True), recorder)
        return self

    def partial_fit(
        self,
        X: npt.ArrayLike | SpikeTrains,
        y: Any = None,
        *,
        recorder: engines.Recorder | None = None,
    ) -> Self:
        """Present the samples once more, going on from what was learned before.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features), or SpikeTrains
            As in `fit`; scaled like the data of the first call.
        y : ignored
        recorder : Recorder, optional
            Watches the training, as in `fit`.

        Returns
        -------
        self : DiehlCook
        """
        first = not hasattr(self, "weights_")
        self._partial_fit(self._samples(X, "partial_fit", reset=first), recorder)
        return self

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
        return self._present(self._checked(X, "transform")).counts

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
        return self._present(self._checked(X, "transform_spikes"), record="spikes").spikes

    def presentation_of(self, X: npt.ArrayLike | SpikeTrains) -> engines.Presentation:
        """Tell what `transform` presents, for runs of your own.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features), or SpikeTrains
            As in `fit`.

        Returns
        -------
        presentation : Presentation
            The network, what was learned, and the samples as a stimulus.
        """
        return self._presentation(self._checked(X, "presentation_of"))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "weights_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    @property
    def _n_features_out(self) -> int:
        return int(self.weights_.shape[1])

    # ------------------------------------------------------------------ training

    def _fit(self, data: Samples, recorder: engines.Recorder | None) -> None:
        self._begin(data)
        self._train(data, n_epochs=int(self.n_epochs), resume=True, recorder=recorder)

    def _partial_fit(self, data: Samples, recorder: engines.Recorder | None) -> None:
        if not hasattr(self, "weights_"):
            self._begin(data)
        self._train(data, n_epochs=1, resume=False, recorder=recorder)

    def _checked(self, X: Any, method: str) -> Samples:
        check_is_fitted(self, "weights_")
        return self._samples(X, method, reset=False)

    def _samples(self, X: Any, method: str, *, reset: bool) -> Samples:
        if reset:
            return check_samples(self, X, method, reset=True)
        return check_samples(self, X, method, reset=False, takes_spikes=self._takes_spikes)

    def _begin(self, data: Samples) -> None:
        """Set everything that is learned to its initial value."""
        spikes = isinstance(data, SpikeTrains)
        rate = {"mean_rate": mean_rate(data, 1.0)} if spikes else {}
        n_features = data.shape[1]
        self.network_ = declare(self, n_features=n_features, takes_spikes=spikes, **rate)
        self._takes_spikes = spikes
        if not isinstance(data, SpikeTrains):
            self.x_max_ = float(data.max()) if self.x_max is None else float(self.x_max)
        self._entropy = draw_entropy(self.random_state)
        size = n_features * int(self.n_neurons)
        # (rand + 0.01)*0.3, as in the authors' script
        weights = (np.random.default_rng(self._stream("weights")).random(size) + 0.01) * 0.3
        self._state = {WEIGHTS: weights}
        self._history = HistoryRecorder(weights)
        self._n_learned = self.n_presentations_ = 0

    def _stream(self, name: str) -> np.random.SeedSequence:
        """Independent stream of random numbers for one purpose."""
        purposes = ("weights", "noise", "order", "transform")
        return stream(self._entropy, purposes, name)

    def _rate_scale(self) -> float:
        """Rate in hertz of an input of 1, for numbers."""
        return 1.0 if self._takes_spikes else rate_scale(self, RATE_MAX)

    def _train(
        self,
        data: Samples,
        *,
        n_epochs: int,
        resume: bool,
        recorder: engines.Recorder | None,
    ) -> None:
        total, done = n_epochs * len(data), 0
        configuration: dict[str, Any] = {}
        if self.checkpoint is not None:
            configuration = self._configuration(data)
            if resume:
                done = self._resume(configuration, total)
        # Order and noise of a sample follow from how many samples came before it, not from how
        # training was cut into calls, chunks or resumptions.
        first = self._n_learned - done
        stimulus = make_stimulus(
            data,
            scale=self._rate_scale(),
            order=np.concatenate([self._order(first + e * len(data), len(data))
                                  for e in range(n_epochs)]),
            keys=np.arange(first, first + total, dtype=np.float64),
        )  # fmt: skip

        def on_chunk(n_done: int, result: ChunkResult) -> None:
            self._learn(first + n_done, result)
            if self.checkpoint is not None:
                self._save(n_done, configuration)

        network, lanes = batched(self, self.network_)
        program = engines.open_program(network, engine=self.engine, lanes=lanes["lanes"])
        began, simulated = time.perf_counter(), 0.0
        # Batches do not reach from one epoch into the next, which another call may present.
        epochs = range(0, total, len(data)) if lanes["lanes"] > 1 else ()
        edges = [done, *(edge for edge in epochs if edge > done), total]
        for begin, end in itertools.pairwise(edges):
            result = engines.run(
                network,
                stimulus,
                seed=self._stream("noise"),
                state=self._state,
                engine=self.engine,
                program=program,
                start=begin,
                stop=end,
                # some thirty points of history, a checkpoint every few seconds to a minute
                chunk_size=int(np.clip(total // 30, 100, 1000)),
                record="nothing",
                on_chunk=on_chunk,
                recorder=recorder,
                description="training",
                progress=bool(self.verbose),
                **lanes,
            )
            simulated += result.timings["simulate"]
            if result.interrupted:
                break
        self.timings_ = {
            "build": program.build_seconds,
            "simulate": simulated,
            "read": max(time.perf_counter() - began - simulated, 0.0),
        }
        self.engine_ = result.engine
        self.weights_ = self._state[WEIGHTS].reshape(data.shape[1], -1).copy()
        self.theta_ = self._state.get(THETA, np.zeros(int(self.n_neurons))).copy()
        self.history_ = self._history.arrays()
        if result.interrupted:
            kept = f"; {self.checkpoint} holds them" if self.checkpoint is not None else ""
            raise KeyboardInterrupt(
                f"training stopped after {result.n_done} of {total} samples{kept}"
            )

    def _learn(self, n_learned: int, result: ChunkResult) -> None:
        self._state = dict(result.state)
        self._n_learned = n_learned
        self.n_presentations_ += len(result.log)
        self._history.record(
            self.n_presentations_,
            weights=result.state[WEIGHTS],
            theta=result.state.get(THETA, np.zeros(int(self.n_neurons))),
            spikes=result.log[:, 2],
            repeats=result.log[:, 1],
        )

    def _order(self, n_before: int, n: int) -> npt.NDArray[np.int64]:
        if not self.shuffle:
            return np.arange(n)
        return shuffled(self._stream("order"), n_before, n)

    def _present(
        self, data: Samples, *, record: Literal["counts", "spikes"] = "counts"
    ) -> engines.Result:
        shown = self._presentation(data)
        return shown.present(
            engine=self.engine,
            record=record,
            n_jobs=self.n_jobs,
            description="presenting",
            progress=bool(self.verbose),
        )

    def _presentation(self, data: Samples) -> engines.Presentation:
        state = {WEIGHTS: self.weights_.ravel()}
        if THETA in self._state:
            state[THETA] = self.theta_
        return engines.Presentation(
            network=self.network_.frozen(),
            stimulus=make_stimulus(data, scale=self._rate_scale()),
            seed=self._stream("transform"),
            state=state,
        )

    # ------------------------------------------------------------------ checkpoint

    def _configuration(self, data: Samples) -> dict[str, Any]:
        return configuration_of(
            self,
            self.network_,
            data=digest(data),
            # A longer training goes on where a shorter one ended.
            left_out=frozenset({"n_epochs"}),
            rate_of_an_input_of_1=self._rate_scale(),
        )

    def _save(self, done: int, configuration: dict[str, Any]) -> None:
        assert self.checkpoint is not None
        history = {f"history.{k}": v for k, v in self._history.arrays().items()}
        engines.save_checkpoint(
            self.checkpoint,
            arrays={
                **{f"state.{name}": value for name, value in self._state.items()},
                **history,
                "entropy": np.array(self._entropy),
                "counters": np.array([done, self._n_learned, self.n_presentations_]),
            },
            configuration=configuration,
        )

    def _resume(self, configuration: dict[str, Any], total: int) -> int:
        assert self.checkpoint is not None
        arrays = engines.load_checkpoint(self.checkpoint, configuration=configuration)
        if arrays is None:
            return 0
        done, self._n_learned, self.n_presentations_ = (int(n) for n in arrays["counters"])
        if done > total:
            raise CheckpointError(
                f"checkpoint: {self.checkpoint} holds {done} samples, this training has {total}; "
                f"raise n_epochs or choose another file"
            )
        self._entropy = [int(word) for word in arrays["entropy"]]
        self._state = {k[6:]: v for k, v in arrays.items() if k.startswith("state.")}
        self._history.restore({k[8:]: v for k, v in arrays.items() if k.startswith("history.")},
                              self._state[WEIGHTS])  # fmt: skip
        logger.info("resumed from %s after %d of %d samples", self.checkpoint, done, total)
        return done
