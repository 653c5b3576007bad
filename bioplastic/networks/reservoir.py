"""Liquid state machine: a spiking network whose states tell inputs apart."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from brian2 import ms
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin
from sklearn.utils.validation import check_is_fitted

from bioplastic import engine as engines
from bioplastic._checks import check_quantity, check_whole
from bioplastic._spike_output import SpikeOutput
from bioplastic.engine.program import Recorder
from bioplastic.errors import DataError, ParameterError
from bioplastic.models import Network, PlasticityRule, Schedule
from bioplastic.networks._opening import Opens
from bioplastic.networks._plastic_liquid import (
    learned_state,
    learns,
    with_rules,
    without_learning,
)
from bioplastic.networks._trained_network import draw_entropy
from bioplastic.networks.liquids import Liquid, MaassColumn, RandomLiquid, TonotopicLiquid
from bioplastic.spikes import SpikeTrains

__all__ = ["LiquidStateMachine"]

LIQUIDS: dict[str, type[Liquid]] = {
    "maass": MaassColumn,
    "random": RandomLiquid,
    "tonotopic": TonotopicLiquid,
}


class LiquidStateMachine(Opens, ClassNamePrefixFeaturesOutMixin, SpikeOutput, BaseEstimator):
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
    n_jobs : int or None
        Processors of `transform`; -1 takes all. The answer does not depend on it. Learning goes
        from sample to sample, on one.
    engine : {"auto", "numpy", "cython", "cpp_standalone", "cuda_standalone"}
        ``"auto"`` takes C++ where a compiler is found.
    random_state : int, RandomState or None
        Wiring, weights, delays and the differences between neurons come from it, whether the liquid
        then learns or not, and the order of the samples where it does.
    verbose : int
        1 shows a progress bar.

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
    timings_ : dict of float, in seconds
        ``"build"``, all that was waited for programs to be made since `fit` began; ``"simulate"``
        of the last `transform`, summed over processors, or of a `fit` that learned.
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
        n_jobs: int | None = None,
        engine: str = "auto",
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_neurons = n_neurons
        self.liquid = liquid
        self.plasticity = plasticity
        self.n_epochs = n_epochs
        self.shuffle = shuffle
        self.dt = dt
        self.rest = rest
        self.n_jobs = n_jobs
        self.engine = engine
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: SpikeTrains, y: Any = None, *, recorder: Recorder | None = None) -> Self:
        """Draw the liquid for the number of channels of X, and let it learn where it has rules.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_channels)
            A liquid without rules takes nothing but the number of channels from it.
        y : ignored
        recorder : Recorder or None
            Watches what a liquid with rules learns, see
            :class:`bioplastic.inspect.PlasticityRecorder`.

        Returns
        -------
        self : LiquidStateMachine

        Raises
        ------
        KeyboardInterrupt
            After Ctrl-C; the liquid then is what it was before.
        """
        _check_spikes(X)
        engines.resolve_engine(self.engine)
        n_epochs = check_whole(self, "n_epochs", low=1)
        sequence = np.random.SeedSequence(draw_entropy(self.random_state))
        first, second, seed, *learning = sequence.spawn(5)
        network = self._declare(X.n_units, np.random.default_rng(first))
        state = network.sample(second)
        timings = {"build": 0.0, "simulate": 0.0}
        if learns(network):
            order = self._order(len(X), n_epochs, np.random.default_rng(learning[0]))
            network, state, timings = self._learn(network, state, X, order, learning[1], recorder)
        elif recorder is not None:
            raise ParameterError(
                "LiquidStateMachine.fit: recorder must be None for a liquid that learns nothing; "
                "give LiquidStateMachine.plasticity"
            )
        self.network_, self.state_, self._seed = network, state, seed
        self.timings_ = timings
        self.n_features_in_ = X.n_units
        self.n_synapses_ = sum(len(v) for k, v in self.state_.items() if k.endswith(".i"))
        return self

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
        shown = self.presentation_of(X)
        result = self._present(shown, record="spikes", progress=bool(self.verbose))
        result.timings["build"] += self.timings_["build"]
        self.timings_, self.engine_ = result.timings, result.engine
        spikes: SpikeTrains = result.spikes
        return spikes

    def presentation_of(self, X: SpikeTrains) -> engines.Presentation:
        """Return what `transform` presents, for runs of your own.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_channels)
            As in `transform`.

        Returns
        -------
        presentation : Presentation
            The network, what was drawn and learned, and the samples as a stimulus.
        """
        check_is_fitted(self, "network_")
        _check_spikes(X)
        if X.n_units != self.n_features_in_:
            raise DataError(
                f"LiquidStateMachine: X must have {self.n_features_in_} channels, as in fit, got "
                f"{X.n_units}"
            )
        return engines.Presentation(
            network=self.network_,
            stimulus=engines.SpikeStimulus(trains=X),
            seed=self._seed,
            state=self.state_,
        )

    @property
    def _n_features_out(self) -> int:
        return self.network_.n_watched

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def _order(
        self, n_samples: int, n_epochs: int, rng: np.random.Generator
    ) -> npt.NDArray[np.int64]:
        epochs = [
            rng.permutation(n_samples) if self.shuffle else np.arange(n_samples)
            for _ in range(n_epochs)
        ]
        return np.concatenate(epochs)

    def _learn(
        self,
        network: Network,
        state: dict[str, npt.NDArray[np.float64]],
        X: SpikeTrains,
        order: npt.NDArray[np.int64],
        seed: np.random.SeedSequence,
        recorder: Recorder | None,
    ) -> tuple[Network, dict[str, npt.NDArray[np.float64]], dict[str, float]]:
        """Present the samples; the network without its learning, what it has learned, timings."""
        answers = without_learning(network)
        program = engines.open_program(
            network, engine=self.engine, answers=answers, progress=bool(self.verbose)
        )
        result = engines.run(
            network,
            engines.SpikeStimulus(trains=X, order=order),
            seed=seed,
            state=state,
            engine=self.engine,
            program=program,
            record="nothing",
            recorder=recorder,
            description="learning",
            progress=bool(self.verbose),
        )
        if result.interrupted:
            raise KeyboardInterrupt(
                f"learning stopped after {result.n_done} of {len(order)} samples; the liquid is "
                f"what it was before fit"
            )
        result.timings["build"] += program.build_seconds
        self.engine_ = result.engine
        return answers, learned_state(network, result.state), result.timings

    def _declare(self, n_channels: int, rng: np.random.Generator) -> Network:
        network = self._declare_liquid(n_channels, rng)
        return network if self.plasticity is None else with_rules(network, self.plasticity)

    def _declare_liquid(self, n_channels: int, rng: np.random.Generator) -> Network:
        n_neurons = check_whole(self, "n_neurons", low=1)
        liquid = self.liquid
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
        return liquid.network(
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


def _check_spikes(X: Any) -> None:
    if not isinstance(X, SpikeTrains):
        raise DataError(
            f"LiquidStateMachine: X must be SpikeTrains, got {type(X).__name__}; an encoder of "
            f"bioplastic.encoding makes them"
        )
    if len(X) == 0:
        raise DataError("LiquidStateMachine: X must have at least one sample, got none")
