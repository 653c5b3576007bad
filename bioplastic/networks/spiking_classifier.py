"""SpikeTimeClassifier as a network of integrate-and-fire neurons."""

from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import Quantity, second
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from bioplastic import algebra
from bioplastic._checks import check_positive
from bioplastic.errors import ParameterError
from bioplastic.models import Network, Projection
from bioplastic.networks.spiking_decoder import SpikingDecoder, State, list_synapses
from bioplastic.readout import SpikeTimeClassifier
from bioplastic.readout._decisions import to_classes
from bioplastic.readout._parameters import moments
from bioplastic.readout._trains import check_trains
from bioplastic.spikes import SpikeTrains


class SpikingClassifier(ClassifierMixin, SpikingDecoder):
    r"""Spiking form of a :class:`~bioplastic.readout.SpikeTimeClassifier`.

    For every class and every reference there is an integrate-and-fire neuron that the selected
    neurons drive, with the decoder's weights. Its spikes, all of one size, encode its input. A
    second neuron with opposite weights encodes what is negative. The decision is read from the
    times of their spikes. Brian simulates the whole, on any engine.

    Parameters
    ----------
    decoder : SpikeTimeClassifier
        What to train. One that is trained already stays so in a
        :class:`sklearn.frozen.FrozenEstimator`.
    quantum : float, default=0.1
        What a spike of a readout neuron stands for, in units of the decision, whose targets are -1
        and 1. Less is more exact, and costs more spikes.
    dt : Quantity of time, default=None
        Time step (0.1 ms).
    engine : {"auto", "numpy", "cython", "cpp_standalone", "cuda_standalone"}
        ``"auto"`` takes C++ where a compiler is found.
    n_jobs : int or None
        Processors; -1 takes all. The answer does not depend on it.
    verbose : int
        1 shows a progress bar.

    Attributes
    ----------
    decoder_ : SpikeTimeClassifier
        The trained decoder.
    network_ : Network
        Populations ``"input"``, ``"positive"`` and ``"negative"``; the latter two have a neuron for
        every class and reference, class by class.
    state_ : dict of ndarray
        Synapses ``"projection.i"``, ``".j"``, ``".delay"`` and ``".w"``.
    classes_ : ndarray of shape (n_classes,)
        Labels.
    n_features_in_ : int
        Number of units seen during `fit`.
    timings_ : dict of float, in seconds
        ``"build"``, all that was waited for programs to be made since `fit`; ``"simulate"`` of the
        last samples, summed over processors.
    engine_ : dict of str
        Engine, time step, integration method and precision of the last samples.

    Raises
    ------
    ParameterError
        If a parameter has a wrong unit, type or range, or the decoder counts spikes
        (``tau=inf*second``).
    DataError
        If X is no SpikeTrains, is empty, or has another number of units than in `fit`.

    Notes
    -----
    The membrane of the neuron for class :math:`c` and reference :math:`k`, without a unit, is

    .. math:: \dot v = -v/\tau + \sum_i w_{ikc} s_i(t) - q\,(o^+ - o^-),

    with input spikes :math:`s_i`, own spikes :math:`o^+`, its opponent's :math:`o^-` and the
    quantum :math:`q`. It fires at :math:`v > q/2`, has no refractory time, and the spike takes
    :math:`q` off; its opponent's membrane is :math:`-v`. So :math:`v` is what the filtered output
    misses of the filtered input, and :math:`|v| \le q/2` if it keeps up. The decision

    .. math:: D_c = \sum_k q\,\langle o^+ - o^-, \delta_{T_k}\rangle_\tau + b_c

    differs from the decoder's by :math:`\sum_k \frac{2}{\tau}\int_{T_k}^\infty v\,
    e^{-(t - T_k)/\tau} dt`: by no more than one quantum for each reference, and by less as a rule.

    Steps of `dt` add to this, in proportion to ``dt/tau``: an input spike acts in the step in which
    it falls, a channel's second one within a step in the next; the answer comes a step later. A
    neuron fires once a step at most, so it needs time for what is more than a quantum, after a
    sample's end up to 100 steps. A small quantum needs a small `dt`: a membrane that moves faster
    than ``quantum/dt`` is not kept up with.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.networks import SpikingClassifier
    >>> from bioplastic.readout import SpikeTimeClassifier
    >>> X = SpikeTrains(
    ...     [0.02, 0.05, 0.05, 0.08, 0.02, 0.05, 0.05, 0.08], [1, 0, 0, 1, 1, 0, 0, 1],
    ...     [0, 2, 4, 6, 8], n_units=2, duration=0.1,
    ... )
    >>> decoder = SpikeTimeClassifier(tau=10 * ms, n_references=2, max_neurons=1)
    >>> spiking = SpikingClassifier(decoder, engine="numpy")
    >>> spiking.fit(X, ["early", "late", "early", "late"]).predict(X[:2])
    array(['early', 'late'], dtype='<U5')
    >>> spiking.transform(X[0]).shape
    (1, 4)
    """

    _takes = SpikeTimeClassifier

    def __init__(
        self,
        decoder: Any,
        *,
        quantum: float = 0.1,
        dt: Any = None,
        engine: str = "auto",
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(decoder, dt=dt, engine=engine, n_jobs=n_jobs, verbose=verbose)
        self.quantum = quantum

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """Labels."""
        labels: npt.NDArray[Any] = self.decoder_.classes_
        return labels

    def decision_function(self, X: SpikeTrains) -> npt.NDArray[np.float64]:
        """Return how much each sample looks like each class, by the readout neurons' spikes.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_units)

        Returns
        -------
        decision : ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
        """
        check_is_fitted(self, "network_")
        check_trains(self, "decision_function", X, reset=False)
        decoder, spikes = self.decoder_, self.transform(X)
        _, n_references, n_outputs = decoder.weights_.shape
        values = algebra.evaluate(spikes, moments(decoder, X) * second, tau=decoder.tau_ * second)
        shape = (len(X), 2, n_outputs, n_references, n_references)
        # Of each neuron its value at its own reference.
        own = np.diagonal(values.reshape(shape), axis1=3, axis2=4).sum(axis=3)
        decision: npt.NDArray[np.float64] = self._quantum * (own[:, 0] - own[:, 1])
        decision += decoder.intercept_
        return decision.ravel() if len(self.classes_) == 2 else decision

    def predict(self, X: SpikeTrains) -> npt.NDArray[Any]:
        """Return the class that each sample looks most like.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_units)

        Returns
        -------
        labels : ndarray of shape (n_samples,)
        """
        return to_classes(self.decision_function(X), self.classes_)

    def _check_quantum(self) -> float:
        return check_positive(self, "quantum", Quantity(0.1))

    def _check_trained(self, X: SpikeTrains) -> None:
        if not np.isfinite(self.decoder_.tau_):
            raise ParameterError(
                f"SpikingClassifier.decoder: must have a finite tau, since membranes leak, got "
                f"{self.decoder_!r}; a tau much longer than the samples comes close to counting"
            )

    def _network(self, n_units: int, dt: float) -> tuple[Network, State]:
        _, n_references, n_outputs = self.decoder_.weights_.shape
        weights = self.decoder_.weights_.transpose(0, 2, 1).reshape(n_units, 1, -1)
        n = n_references * n_outputs
        state: State = {}
        for name, sign in (("positive", 1.0), ("negative", -1.0)):
            synapses = list_synapses(sign * weights, np.zeros(1))
            state |= {f"input_to_{name}.{key}": values for key, values in synapses.items()}
        # A spike takes its quantum off its own membrane, and so adds it to the opposite one.
        opponents = tuple(
            Projection(
                pre=pre, post=post, wiring="one_to_one", on_pre="v_post += w", weight=self._quantum
            )
            for pre, post in (("positive", "negative"), ("negative", "positive"))
        )
        network = self._declare(n_units, {"positive": n, "negative": n}, dt, between=opponents)
        return network, state
