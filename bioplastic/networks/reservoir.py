"""Liquid state machine: a spiking network whose states tell inputs apart."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from brian2 import ms
from sklearn.base import ClassNamePrefixFeaturesOutMixin

from bioplastic import engine as engines
from bioplastic._checks import check_quantity, check_whole
from bioplastic._spike_output import SpikeOutput
from bioplastic.engine.engines import resolve_engine
from bioplastic.engine.presenting import Presentation
from bioplastic.engine.program import Recorder
from bioplastic.engine.result import Result
from bioplastic.errors import ParameterError
from bioplastic.models import Network, PlasticityRule, Schedule
from bioplastic.networks._plastic_liquid import (
    learned_state,
    learns,
    with_rules,
    without_learning,
)
from bioplastic.networks._samples import mean_rate
from bioplastic.networks._trained_network import Points, Rows, State
from bioplastic.networks.liquids import Liquid, RandomLiquid, TonotopicLiquid
from bioplastic.networks.maass_column import MaassColumn
from bioplastic.networks.training import Trainer
from bioplastic.readout._trains import check_trains
from bioplastic.spikes import SpikeTrains

LIQUIDS: dict[str, type[Liquid]] = {
    "maass": MaassColumn,
    "random": RandomLiquid,
    "tonotopic": TonotopicLiquid,
}


class LiquidStateMachine(ClassNamePrefixFeaturesOutMixin, SpikeOutput, Trainer):
    """Recurrent spiking network that is drawn once and answers spikes with spikes.

    A readout of :mod:`bioplastic.readout` turns its spike trains into states, and any classifier of
    scikit-learn follows. The whole set runs in one compiled program; every sample begins with a
    network at rest, so that an answer does not depend on what was presented before.

    A liquid learns nothing, unless it has something that learns: rules, given as `plasticity` or
    in a Network of your own, or neurons that adapt their threshold from sample to sample. Then
    `fit` presents the training samples, without their labels, and what was learned is held fixed.

    Parameters
    ----------
    n_neurons : int
        Neurons of the liquid.
    liquid : {"tonotopic", "random", "maass"}, Liquid or Network
        :class:`~bioplastic.networks.TonotopicLiquid`, :class:`~bioplastic.networks.RandomLiquid`
        or :class:`~bioplastic.networks.MaassColumn`, with other constants where an object is
        given; or a network of your own whose input is a
        :class:`~bioplastic.models.SpikeInput` and whose watched populations have `n_neurons`.
    plasticity : PlasticityRule, mapping of str to PlasticityRule, or None
        A rule is for the synapses from excitatory to excitatory neurons, those from the population
        ``"exc"`` to itself; none of the input. A mapping gives rules to projections by their names,
        such as ``{"inh_to_exc": InhibitorySTDP()}``; :class:`~bioplastic.networks.TonotopicLiquid`
        calls them ``"exc_excites_exc"``, ``"inh_inhibits_exc"`` and so on. Bounds and amplitudes
        of a rule are in the unit of the weights, which in liquids are millivolts from 1 to 60 and
        positive, those of inhibition too: choose its `w_max` accordingly. A liquid with rules of
        its own takes none here.
    n_epochs : int
        How often `fit` presents the samples to a liquid that learns.
    shuffle : bool
        Whether each epoch presents them in an order of its own.
    dt : Quantity, in seconds, optional
        Time step (1 ms); a Network brings its own.
    rest : Quantity, in seconds, optional
        How long the liquid goes on after a sample's end (0 ms); a Network brings its own.
    validation_fraction : float, int or None
        Share, or number, of the samples that `fit` holds out; at every point of the history it is
        noted how many spikes one of them evokes.
    warm_start : bool
        Whether `fit` goes on from what was learned, until there were `n_epochs` in all.
    n_jobs : int or None
        Processors of `transform`; -1 takes all. The answer does not depend on it. Learning goes
        from sample to sample, on one.
    engine : {"auto", "numpy", "cython", "cpp_standalone", "cuda_standalone"}
        ``"auto"`` takes C++ where a compiler is found.
    random_state : int, RandomState or None
        Wiring, weights, delays and the differences between neurons come from it, whether the liquid
        then learns or not, and the order of the samples where it does.
    checkpoint : path-like or None
        File to which a liquid that learns is saved as `fit` goes on, and which goes when it is
        done; a folder gets a file for each training. After an interruption of any kind the same
        `fit` goes on from there, to the same weights bit for bit.
    verbose : int
        1 shows a progress bar, 2 also a line at every point of the history.

    Attributes
    ----------
    network_ : Network
        The declaration that `transform` runs, without rules.
    state_ : dict of ndarray
        What was drawn: ``"projection.i"``, ``".j"``, ``".w"``, ``".delay"`` of every projection and
        ``"population.parameter"`` of every parameter that differs between neurons. What was
        learned stands in its place, such as ``".w"`` of a projection with a rule.
    n_features_in_ : int
        Input channels.
    n_synapses_ : int
        Synapses, those of the input included.
    history_ : dict of ndarray
        Of what a liquid with rules learned: ``"n_samples"`` (n_points,) so far, and ``"spikes"``
        (n_points,) a sample.
    n_epochs_, n_presentations_ : int
        Whole epochs, and presentations so far.
    timings_ : dict of float, in seconds
        ``"build"``, all that was waited for programs to be made since `fit` began; ``"simulate"``
        of the last `transform`, summed over processors, or of a `fit` that learned, and then
        ``"read"``, all else.
    engine_ : dict of str
        Engine, time step, integration method and precision of what was presented last.

    Raises
    ------
    ParameterError
        If a parameter has a wrong unit, type or range.
    DataError
        If X is no SpikeTrains, is empty, or has another number of channels than in `fit`.

    Notes
    -----
    Maass, Natschlaeger & Markram, Neural Computation 14(11):2531-2560, 2002,
    doi 10.1162/089976602760407955.

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.networks import LiquidStateMachine
    >>> X = SpikeTrains([0.01, 0.02, 0.01], [0, 1, 1], [0, 2, 3], n_units=2, duration=0.05)
    >>> lsm = LiquidStateMachine(20, liquid="random", engine="numpy", random_state=0)
    >>> lsm.fit_transform(X).shape
    (2, 20)

    Inhibition that learns to bring excitatory neurons to a rate:

    >>> from brian2 import Hz
    >>> from bioplastic.models import InhibitorySTDP
    >>> rule = InhibitorySTDP(eta=0.1, rate_target=10 * Hz, w_max=20.0)
    >>> lsm = lsm.set_params(plasticity={"inh_to_exc": rule}, n_epochs=2).fit(X)
    >>> lsm.transform(X).shape
    (2, 20)
    """

    def __init__(
        self,
        n_neurons: int = 1000,
        *,
        liquid: str | Liquid | Network = "tonotopic",
        plasticity: PlasticityRule | Mapping[str, PlasticityRule] | None = None,
        n_epochs: int = 1,
        shuffle: bool = True,
        dt: Any = None,
        rest: Any = None,
        validation_fraction: float | None = None,
        warm_start: bool = False,
        n_jobs: int | None = None,
        engine: str = "auto",
        random_state: Any = None,
        checkpoint: str | os.PathLike[str] | None = None,
        verbose: int = 0,
    ) -> None:
        self.n_neurons = n_neurons
        self.liquid = liquid
        self.plasticity = plasticity
        self.n_epochs = n_epochs
        self.shuffle = shuffle
        self.dt = dt
        self.rest = rest
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.engine = engine
        self.random_state = random_state
        self.checkpoint = checkpoint
        self.verbose = verbose

    def transform(self, X: SpikeTrains) -> SpikeTrains:
        """Present every sample to the liquid at rest.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_channels)
            Samples may have different lengths, and may be silent.

        Returns
        -------
        spikes : SpikeTrains of shape (n_samples, n_neurons)
            Each as long as its sample, rounded up to a step, of which it has one at least, and
            `rest`.
        """
        shown = self._shown(X, "transform")
        return self._spikes_of(shown, progress=self._shows_bar)

    @property
    def _n_features_out(self) -> int:
        return self.network_.n_watched

    # ------------------------------------------------------------------ learning

    _purposes = ("wiring", "neurons", "answers", "order", "noise", "validation")

    def _samples(self, X: Any, method: str, *, reset: bool) -> SpikeTrains:
        check_trains(self, method, X, reset=reset)
        spikes: SpikeTrains = X
        return spikes

    def _begin(self, samples: SpikeTrains) -> None:
        resolve_engine(self.engine)
        check_whole(self, "n_epochs", low=1)
        rng = np.random.default_rng(self._stream("wiring"))
        self._network = self._declare(samples, rng)
        self.network_ = without_learning(self._network) if self._learns else self._network
        self._state = self._network.sample(self._stream("neurons"))
        self.timings_ = {"build": 0.0, "simulate": 0.0}

    @property
    def _learns(self) -> bool:
        return learns(self._network)

    def _learning(self, recorder: Recorder | None) -> tuple[Network, dict[str, Any]]:
        return self._network, {}

    def _answering(self) -> Network:
        return self.network_

    def _order(self, n: int, number: int) -> Rows:
        rng, order = np.random.default_rng(self._stream("order")), np.arange(n)
        for _ in range(number + 1 if self.shuffle else 0):
            order = rng.permutation(n)
        return order

    def _stimulus(
        self, samples: SpikeTrains, targets: Any, *, first: int, epochs: range
    ) -> engines.SpikeStimulus:
        return engines.SpikeStimulus(
            trains=samples,
            order=np.concatenate([self._order(len(samples), number) for number in epochs]),
            keys=np.arange(first, first + len(epochs) * len(samples), dtype=np.float64),
        )

    def _note(self, result: Result, before: State, targets: Any) -> Points:
        return {"n_samples": self._n_learned, "spikes": float(result.spikes_per_slot.mean())}

    def _finish(self) -> None:
        super()._finish()
        self.state_ = learned_state(self._network, self._state) if self._learns else self._state
        self.n_synapses_ = sum(len(v) for k, v in self.state_.items() if k.endswith(".i"))

    def _presentation(self, data: SpikeTrains) -> Presentation:
        return Presentation(
            network=self.network_,
            stimulus=engines.SpikeStimulus(trains=data),
            seed=self._stream("answers"),
            state=self.state_,
        )

    def _declare(self, samples: SpikeTrains, rng: np.random.Generator) -> Network:
        network = self._declare_liquid(samples, rng)
        return network if self.plasticity is None else with_rules(network, self.plasticity)

    def _declare_liquid(self, samples: SpikeTrains, rng: np.random.Generator) -> Network:
        n_neurons = check_whole(self, "n_neurons", low=1)
        liquid, n_channels = self.liquid, samples.n_units
        if isinstance(liquid, Network):
            return self._check_network(liquid, n_channels, n_neurons)
        if isinstance(liquid, str) and liquid in LIQUIDS:
            liquid = LIQUIDS[liquid]()
        if not isinstance(liquid, Liquid):
            raise ParameterError(
                f"LiquidStateMachine.liquid: must be one of {', '.join(sorted(LIQUIDS))}, a Liquid "
                f"or a Network, got {self.liquid!r}"
            )
        dt = check_quantity(self, "dt", 1 * ms)
        rest = check_quantity(self, "rest", 0 * ms)
        schedule = Schedule(presentation=None, rest=rest, dt=dt, min_spikes=0, max_repeats=0)
        fitted = liquid.fitted(n_channels=n_channels, rate=mean_rate(samples, 1.0))
        return fitted.network(
            n_channels=n_channels, n_neurons=n_neurons, schedule=schedule, rng=rng
        )

    def _check_network(self, network: Network, n_channels: int, n_neurons: int) -> Network:
        if network.input.neuron.takes != "spikes" or network.input.n != n_channels:
            raise ParameterError(
                f"LiquidStateMachine.liquid: the network's input must be a SpikeInput of "
                f"{n_channels} neurons, as X has channels, got {network.input!r}"
            )
        if network.n_watched != n_neurons:
            raise ParameterError(
                f"LiquidStateMachine.n_neurons: must be {network.n_watched}, the neurons that the "
                f"network watches, got {n_neurons}"
            )
        for name in ("dt", "rest"):
            if getattr(self, name) is not None:
                raise ParameterError(
                    f"LiquidStateMachine.{name}: must be None, since the network's schedule says "
                    f"it, got {getattr(self, name)}"
                )
        return network
