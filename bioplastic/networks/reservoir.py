"""Liquid state machine: a fixed spiking network whose states tell inputs apart."""

from typing import Any, Self

import numpy as np
from brian2 import ms
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from bioplastic import engine as engines
from bioplastic._checks import check_quantity, check_whole
from bioplastic.errors import DataError, ParameterError
from bioplastic.models import Network, Schedule, SpikeInput
from bioplastic.networks.liquids import Liquid, MaassColumn, RandomLiquid, TonotopicLiquid
from bioplastic.spikes import SpikeTrains

__all__ = ["LiquidStateMachine"]

LIQUIDS: dict[str, type[Liquid]] = {
    "maass": MaassColumn,
    "random": RandomLiquid,
    "tonotopic": TonotopicLiquid,
}


class LiquidStateMachine(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Recurrent spiking network that is drawn once, learns nothing, and answers spikes with spikes.

    A readout of :mod:`bioplastic.readout` turns its spike trains into states, and any classifier of
    scikit-learn follows. The whole set runs in one compiled program; every sample begins with a
    network at rest, so that an answer does not depend on what was presented before.

    Parameters
    ----------
    n_neurons : int
        Neurons of the liquid.
    liquid : {"tonotopic", "random", "maass"}, Liquid or Network
        :class:`~bioplastic.networks.TonotopicLiquid`, :class:`~bioplastic.networks.RandomLiquid`
        or :class:`~bioplastic.networks.MaassColumn`, with other constants where an object is
        given; or a network of your own whose input is a
        :class:`~bioplastic.models.SpikeInput` and whose watched populations have `n_neurons`.
    dt : Quantity, in seconds, optional
        Time step (1 ms); a Network brings its own.
    rest : Quantity, in seconds, optional
        How long the liquid goes on after a sample's end (0 ms); a Network brings its own.
    n_jobs : int or None
        Processors; -1 takes all. The answer does not depend on it.
    engine : {"auto", "numpy", "cython", "cpp_standalone", "cuda_standalone"}
        ``"auto"`` takes C++ where a compiler is found.
    random_state : int, RandomState or None
        Wiring, weights, delays and the differences between neurons come from it.
    verbose : int
        1 shows a progress bar.

    Attributes
    ----------
    network_ : Network
        The declaration that runs.
    state_ : dict of ndarray
        What was drawn: ``"projection.i"``, ``".j"``, ``".w"``, ``".delay"`` of every projection and
        ``"population.parameter"`` of every parameter that differs between neurons.
    n_features_in_ : int
        Input channels.
    n_synapses_ : int
        Synapses, those of the input included.
    timings_ : dict of float, in seconds
        ``"build"`` and ``"simulate"`` of the last `transform`, summed over processors.
    engine_ : dict of str
        Engine, time step, integration method and precision of the last `transform`.

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
    """

    def __init__(
        self,
        n_neurons: int = 1000,
        *,
        liquid: str | Liquid | Network = "tonotopic",
        dt: Any = None,
        rest: Any = None,
        n_jobs: int | None = None,
        engine: str = "auto",
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_neurons = n_neurons
        self.liquid = liquid
        self.dt = dt
        self.rest = rest
        self.n_jobs = n_jobs
        self.engine = engine
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: SpikeTrains, y: Any = None) -> Self:
        """Draw the liquid for the number of channels of X.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_channels)
        y : ignored

        Returns
        -------
        self : LiquidStateMachine
        """
        _check_spikes(X)
        engines.resolve_engine(self.engine)
        words = check_random_state(self.random_state).randint(0, 2**31 - 1, size=4)
        sequence = np.random.SeedSequence([int(word) for word in words])
        first, second, self._seed = sequence.spawn(3)
        self.network_ = self._declare(X.n_units, np.random.default_rng(first))
        self.state_ = self.network_.sample(second)
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
            Each as long as its sample, rounded up to a step, and `rest`.
        """
        check_is_fitted(self, "network_")
        _check_spikes(X)
        if X.n_units != self.n_features_in_:
            raise DataError(
                f"LiquidStateMachine: X must have {self.n_features_in_} channels, as in fit, got "
                f"{X.n_units}"
            )
        result = engines.present(
            self.network_,
            engines.SpikeStimulus(trains=X),
            seed=self._seed,
            state=self.state_,
            engine=self.engine,
            record="spikes",
            n_jobs=self.n_jobs,
            description="presenting",
            progress=bool(self.verbose),
        )
        self.timings_, self.engine_ = result.timings, result.engine
        assert result.spikes is not None
        return result.spikes

    @property
    def _n_features_out(self) -> int:
        return self.network_.n_watched

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")

    def _declare(self, n_channels: int, rng: np.random.Generator) -> Network:
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
        if not isinstance(network.input.neuron, SpikeInput) or network.input.n != n_channels:
            raise ParameterError(
                f"LiquidStateMachine.liquid: the network's input must be a SpikeInput of "
                f"{n_channels} neurons, as X has channels, got {network.input!r}"
            )
        if network.n_watched != n_neurons:
            raise ParameterError(
                f"LiquidStateMachine.n_neurons: must be {network.n_watched}, the neurons that the "
                f"network watches, got {n_neurons}"
            )
        if any(p.rule is not None for p in network.projections):
            raise ParameterError(
                "LiquidStateMachine.liquid: must have no rule, since it presents and does not "
                "train; give network.frozen()"
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
