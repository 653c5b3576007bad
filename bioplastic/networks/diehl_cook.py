"""Diehl & Cook (2015): digits learned without labels, as a scikit-learn transformer."""

import dataclasses
import hashlib
import logging
import os
import time
from collections.abc import Callable
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from brian2 import Hz, ms, mV
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from bioplastic import engine as engines
from bioplastic._checks import check_intensities, check_quantity, check_whole
from bioplastic.engine.program import ChunkResult
from bioplastic.errors import CheckpointError, ParameterError
from bioplastic.models import (
    DiehlCookExcitatory,
    DiehlCookExponential,
    DiehlCookInhibitory,
    DiehlCookPowerLaw,
    DiehlCookPreAndPost,
    DiehlCookSTDP,
    EpisodicRewardSTDP,
    Network,
    PairSTDP,
    PlasticityRule,
    Schedule,
    ThreeFactorSTDP,
    VoltageSTDP,
)
from bioplastic.networks._streams import draw_entropy, shuffled, stream
from bioplastic.networks.declarations import diehl_cook_network
from bioplastic.networks.history import HistoryRecorder

__all__ = ["DiehlCook"]

logger = logging.getLogger(__name__)

RULES: dict[str, Callable[[], PlasticityRule]] = {
    "triplet": DiehlCookSTDP,
    "pair": PairSTDP,
    "power_law": DiehlCookPowerLaw,
    "exponential": DiehlCookExponential,
    "pre_and_post": DiehlCookPreAndPost,
}
WEIGHTS, THETA = "input_to_excitatory.w", "excitatory.theta"
#: Incoming weights of a neuron sum to 78 over 784 pixels in the authors' script.
NORM_PER_FEATURE = 78.0 / 784.0


class DiehlCook(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Spiking network that learns prototypes of its input by STDP, without labels.

    Every sample is presented as Poisson spike trains. Excitatory neurons learn by STDP, inhibit
    each other through their inhibitory partners, and adapt their thresholds. `fit` presents all
    training samples in one compiled program, normalisation and repeated presentations included.

    Parameters
    ----------
    n_neurons : int
        Excitatory neurons, with one inhibitory partner each.
    n_epochs : int
        How often the training samples are presented.
    presentation, rest, dt : Quantity, in seconds, optional
        Length of a presentation (350 ms), of the rest after it (150 ms), time step (0.5 ms).
    rate_max : Quantity, in hertz, optional
        Rate of an input of `x_max` (63.75 Hz).
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
        feature for other sizes, where None.
    min_spikes, max_repeats : int
        A sample with fewer excitatory spikes is presented again with rates higher by one half of
        `rate_max`, up to so many times.
    shuffle : bool
        Whether each epoch presents the samples in an order of its own.
    excitatory, inhibitory : optional
        Neuron models in place of the published ones, see :mod:`bioplastic.models`.
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
    network_ : Network
        The declaration that was trained.
    engine_ : dict of str
        Engine, time step, integration method and precision of the last run.

    Raises
    ------
    ParameterError
        If a parameter has a wrong unit, type or range.
    DataError
        If X holds NaN, infinite or negative values or has the wrong shape.

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
        excitatory: DiehlCookExcitatory | None = None,
        inhibitory: DiehlCookInhibitory | None = None,
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
        self.excitatory = excitatory
        self.inhibitory = inhibitory
        self.engine = engine
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.verbose = verbose

    def fit(
        self, X: npt.ArrayLike, y: Any = None, *, recorder: engines.Recorder | None = None
    ) -> Self:
        """Learn without labels.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
            Non-negative; scaled by `x_max`.
        y : ignored
        recorder : Recorder, optional
            Watches the training, see :class:`bioplastic.inspect.PlasticityRecorder`.

        Returns
        -------
        self : DiehlCook
        """
        data = check_intensities(self, X, reset=True)
        self._begin(data)
        self._train(data, n_epochs=int(self.n_epochs), resume=True, recorder=recorder)
        return self

    def partial_fit(
        self, X: npt.ArrayLike, y: Any = None, *, recorder: engines.Recorder | None = None
    ) -> Self:
        """Present the samples once more, going on from what was learned before.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
            Non-negative; scaled like the data of the first call.
        y : ignored
        recorder : Recorder, optional
            Watches the training, as in `fit`.

        Returns
        -------
        self : DiehlCook
        """
        first = not hasattr(self, "weights_")
        data = check_intensities(self, X, reset=first)
        if first:
            self._begin(data)
        self._train(data, n_epochs=1, resume=False, recorder=recorder)
        return self

    def transform(self, X: npt.ArrayLike) -> npt.NDArray[np.int32]:
        """Count the spikes that each sample evokes, with weights and thresholds held fixed.

        The noise of a sample follows from its own values, so a sample has one answer, whatever
        is presented with it.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
            Non-negative.

        Returns
        -------
        counts : ndarray of shape (n_samples, n_neurons)
        """
        return self._present(X).counts

    def transform_spikes(self, X: npt.ArrayLike) -> Any:
        """Like `transform`, but return the spikes themselves.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
            Non-negative.

        Returns
        -------
        spikes : SpikeTrains of shape (n_samples, n_neurons)
        """
        return self._present(X, record="spikes").spikes

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

    def _begin(self, data: npt.NDArray[Any]) -> None:
        """Set everything that is learned to its initial value."""
        self.network_ = self._declare(data.shape[1])
        self.x_max_ = float(data.max()) if self.x_max is None else float(self.x_max)
        self._entropy = draw_entropy(self.random_state)
        size = data.shape[1] * int(self.n_neurons)
        # (rand + 0.01)*0.3, as in the authors' script
        weights = (np.random.default_rng(self._stream("weights")).random(size) + 0.01) * 0.3
        self._state = {WEIGHTS: weights}
        self._history = HistoryRecorder(weights)
        self._n_learned = self.n_presentations_ = 0

    def _stream(self, name: str) -> np.random.SeedSequence:
        """Independent stream of random numbers for one purpose."""
        purposes = ("weights", "noise", "order", "transform")
        return stream(self._entropy, purposes, name)

    def _train(
        self,
        data: npt.NDArray[Any],
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
        stimulus = engines.RateStimulus(
            values=data,
            scale=self._rate_scale(),
            order=np.concatenate([self._order(first + e * len(data), len(data))
                                  for e in range(n_epochs)]),
            keys=np.arange(first, first + total, dtype=np.float64),
        )  # fmt: skip

        def on_chunk(n_done: int, result: ChunkResult) -> None:
            self._learn(first + n_done, result)
            if self.checkpoint is not None:
                self._save(n_done, configuration)

        program = engines.open_program(self.network_, engine=self.engine)
        begun = time.perf_counter()
        result = engines.run(
            self.network_,
            stimulus,
            seed=self._stream("noise"),
            state=self._state,
            engine=self.engine,
            program=program,
            start=done,
            # some thirty points of history, a checkpoint every few seconds to a minute
            chunk_size=int(np.clip(total // 30, 100, 1000)),
            record="nothing",
            on_chunk=on_chunk,
            recorder=recorder,
            description="training",
            progress=bool(self.verbose),
        )
        simulated = result.timings["simulate"]
        self.timings_ = {
            "build": program.build_seconds,
            "simulate": simulated,
            "read": max(time.perf_counter() - begun - simulated, 0.0),
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
        self, X: npt.ArrayLike, *, record: Literal["counts", "spikes"] = "counts"
    ) -> engines.Result:
        check_is_fitted(self, "weights_")
        data = check_intensities(self, X, reset=False)
        state = {WEIGHTS: self.weights_.ravel()}
        if THETA in self._state:
            state[THETA] = self.theta_
        result = engines.run(
            self.network_.frozen(),
            engines.RateStimulus(
                values=data, scale=self._rate_scale(), keys=engines.content_keys(data)
            ),
            seed=self._stream("transform"),
            state=state,
            engine=self.engine,
            record=record,
            description="presenting",
            progress=bool(self.verbose),
        )
        if result.interrupted:
            raise KeyboardInterrupt(f"stopped after {result.n_done} of {len(data)} samples")
        return result

    # ------------------------------------------------------------------ checkpoint

    def _configuration(self, data: npt.NDArray[Any]) -> dict[str, Any]:
        # `n_epochs` is no part of it: a longer training goes on where a shorter one ended.
        left_out = {"checkpoint", "verbose", "n_epochs", "random_state", "engine"}
        parameters = {k: repr(v) for k, v in self.get_params().items() if k not in left_out}
        seed = self.random_state
        return parameters | {
            "random_state": seed if seed is None else repr(seed),
            "engine": engines.resolve_engine(self.engine),
            "data": hashlib.blake2b(np.ascontiguousarray(data).data, digest_size=16).hexdigest(),
        }

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

    # ------------------------------------------------------------------ parameters

    def _declare(self, n_features: int) -> Network:
        """Check the parameters and declare the network."""
        for name, low, high in (
            ("n_neurons", 1, None),
            ("n_epochs", 1, None),
            ("min_spikes", 0, None),
            ("max_repeats", 0, 255),
        ):
            check_whole(self, name, low=low, high=high)
        schedule = Schedule(
            presentation=check_quantity(self, "presentation", 350 * ms),
            rest=check_quantity(self, "rest", 150 * ms),
            dt=check_quantity(self, "dt", 0.5 * ms),
            min_spikes=int(self.min_spikes),
            max_repeats=int(self.max_repeats),
        )
        rate, dt = check_quantity(self, "rate_max", 63.75 * Hz), schedule.dt
        if not 0 < float(rate * dt) < 1:
            raise ParameterError(
                f"DiehlCook.rate_max: must be > 0 Hz and below 1/dt = {1 / dt}, got {rate}; "
                f"lower it or take a smaller dt"
            )
        if self.x_max is not None and not 0 < self.x_max < np.inf:
            raise ParameterError(f"DiehlCook.x_max: must be > 0, got {self.x_max}")
        excitatory = self.excitatory or DiehlCookExcitatory()
        if self.theta_plus is not None:
            excitatory = dataclasses.replace(
                excitatory, theta_plus=check_quantity(self, "theta_plus", 0.05 * mV)
            )
        return diehl_cook_network(
            n_features=n_features,
            n_neurons=int(self.n_neurons),
            rule=self._rule(),
            norm=NORM_PER_FEATURE * n_features if self.norm is None else float(self.norm),
            inhibition=float(self.inhibition),
            excitatory=excitatory,
            inhibitory=self.inhibitory,
            schedule=schedule,
        )

    def _rule(self) -> PlasticityRule:
        if isinstance(self.rule, ThreeFactorSTDP | EpisodicRewardSTDP | VoltageSTDP):
            what = "reads spikes in the potential, which these neurons do not show"
            if not isinstance(self.rule, VoltageSTDP):
                what = "waits for a modulator, of which nobody tells this network"
            raise ParameterError(
                f"DiehlCook.rule: must be a rule of spikes alone, {type(self.rule).__name__} {what}"
            )
        if isinstance(self.rule, PlasticityRule):
            return self.rule
        if self.rule not in RULES:
            raise ParameterError(
                f"DiehlCook.rule: must be one of {', '.join(RULES)} or a PlasticityRule, "
                f"got {self.rule!r}"
            )
        return RULES[self.rule]()

    def _rate_scale(self) -> float:
        """Rate in hertz of an input of 1."""
        rate = float(check_quantity(self, "rate_max", 63.75 * Hz))
        return rate / self.x_max_ if self.x_max_ > 0 else 0.0
