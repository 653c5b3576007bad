"""What the spiking forms of decoders share: their neuron, their synapses, how samples are shown."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from brian2 import ms, second
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    clone,
)
from sklearn.utils.validation import check_is_fitted

from bioplastic import engine as engines
from bioplastic._checks import check_positive
from bioplastic._spike_output import SpikeOutput
from bioplastic.engine.engines import resolve_engine
from bioplastic.engine.presenting import Presentation
from bioplastic.errors import DataError, ParameterError
from bioplastic.models import (
    Network,
    NeuronModel,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    SpikeInput,
)
from bioplastic.networks._opening import Opens
from bioplastic.readout._trains import TakesTrains, check_trains
from bioplastic.spikes import SpikeTrains

State = dict[str, npt.NDArray[np.float64]]

# The membrane is what the filtered input asks for less what the fired spikes, filtered alike, have
# given; so they stay close to each other as long as it stays near 0.
READOUT_EQUATIONS = """
dv/dt = -v/tau : 1   # weighted sum of filtered input spikes, less quantum times the filtered output
"""

#: Steps after each sample, in which a neuron fires what it still owes: at most one spike a step.
REST_STEPS = 100


class SpikingDecoder(
    TakesTrains, Opens, ClassNamePrefixFeaturesOutMixin, SpikeOutput, BaseEstimator
):
    """Parent of the estimators that make a network of a trained decoder.

    A child names the decoders that it takes, says what a spike stands for, and makes the network.
    """

    _takes: type[Any]

    def __init__(
        self,
        decoder: Any,
        *,
        dt: Any = None,
        engine: str = "auto",
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.decoder = decoder
        self.dt = dt
        self.engine = engine
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X: SpikeTrains, y: Any, groups: npt.ArrayLike | None = None) -> Self:
        """Train the decoder and make a network of it.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_units)
            Training samples.
        y : array_like of shape (n_samples,), or SpikeTrains
            Their targets, as the decoder takes them.
        groups : array_like of shape (n_samples,), default=None
            Groups that the decoder's `validation` keeps together, such as speakers.

        Returns
        -------
        self : SpikingDecoder
        """
        name = type(self).__name__
        check_trains(self, "fit", X, reset=True)
        self._quantum = self._check_quantum()
        dt = check_positive(self, "dt", 0.1 * ms)
        resolve_engine(self.engine)
        # One that FrozenEstimator keeps from being trained again looks like the one inside.
        if not isinstance(getattr(self.decoder, "estimator", self.decoder), self._takes):
            raise ParameterError(
                f"{name}.decoder: must be a {self._takes.__name__}, got {self.decoder!r}"
            )
        self.decoder_ = clone(self.decoder).fit(X, y, groups=groups)
        if self.decoder_.n_features_in_ != X.n_units:
            raise DataError(
                f"{name}.fit: X must have the {self.decoder_.n_features_in_} units that the "
                f"decoder was trained on, got {X.n_units}"
            )
        self._check_trained(X)
        self.network_, self.state_ = self._network(X.n_units, dt)
        self.timings_ = {"build": 0.0, "simulate": 0.0}
        return self

    def transform(self, X: SpikeTrains) -> SpikeTrains:
        """Present every sample to the readout neurons at rest.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_units)

        Returns
        -------
        spikes : SpikeTrains of shape (n_samples, n_readout_neurons)
            Each as long as its sample, rounded up to a step, and a rest of 100 steps.
        """
        return self._spikes_of(self.presentation_of(X), progress=bool(self.verbose))

    def presentation_of(self, X: SpikeTrains) -> Presentation:
        """Return what `transform` presents, for runs of your own.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_units)

        Returns
        -------
        presentation : Presentation
            The network, its synapses, and the samples as a stimulus.
        """
        check_is_fitted(self, "network_")
        check_trains(self, "transform", X, reset=False)
        return Presentation(
            network=self.network_,
            stimulus=engines.SpikeStimulus(trains=X),
            seed=0,  # nothing is left to chance
            state=self.state_,
        )

    def _check_quantum(self) -> float:
        """Return what a spike of a readout neuron stands for."""
        raise NotImplementedError

    def _check_trained(self, X: SpikeTrains) -> None:
        """Refuse a decoder that no such network can stand for."""

    def _network(self, n_units: int, dt: float) -> tuple[Network, State]:
        """Declare the network of the trained decoder, and say what its synapses are."""
        raise NotImplementedError

    def _declare(
        self,
        n_units: int,
        readout: dict[str, int],
        dt: float,
        between: tuple[Projection, ...] = (),
    ) -> Network:
        """Declare an input, populations of readout neurons, and the trained synapses to each."""
        neuron = NeuronModel(
            equations=READOUT_EQUATIONS,
            threshold="v > quantum/2",
            reset="v -= quantum",
            at_slot_start="v = 0",
            constants={"tau": self.decoder_.tau_ * second, "quantum": self._quantum},
        )
        # Training made the synapses: the state lists them, and none is drawn.
        trained = RandomWiring(p=0.0)
        rest = REST_STEPS * dt * second
        return Network(
            populations=(
                Population(name="input", n=n_units, neuron=SpikeInput()),
                *(Population(name=name, n=n, neuron=neuron) for name, n in readout.items()),
            ),
            projections=(
                *(
                    Projection(pre="input", post=name, wiring=trained, on_pre="v_post += w")
                    for name in readout
                ),
                *between,
            ),
            watch=tuple(readout),
            schedule=Schedule(
                presentation=None, rest=rest, dt=dt * second, min_spikes=0, max_repeats=0
            ),
        )

    @property
    def _n_features_out(self) -> int:
        return self.network_.n_watched

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "network_")


def list_synapses(weights: npt.NDArray[np.float64], delays: npt.NDArray[np.float64]) -> State:
    """List the synapses whose weight is not 0.

    Parameters
    ----------
    weights : ndarray of shape (n_pre, n_delays, n_post)
    delays : ndarray of shape (n_delays,), in seconds

    Returns
    -------
    synapses : dict of str to ndarray of shape (n_synapses,)
        ``"i"``, ``"j"``, ``"delay"`` and ``"w"``.
    """
    i, d, j = np.nonzero(weights)
    return {
        "i": i.astype(np.float64),
        "j": j.astype(np.float64),
        "delay": delays[d],
        "w": weights[i, d, j],
    }
