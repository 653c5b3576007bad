"""A trained model that stays ready: it answers at once, sample by sample or bit by bit."""

import time
from typing import Any

import numpy as np
from brian2 import ms
from sklearn.pipeline import Pipeline

from bioplastic._quantities import base_units
from bioplastic.engine.listening import OpenNetwork
from bioplastic.errors import ParameterError, SimulationError
from bioplastic.networks._opening import Opens
from bioplastic.networks.stream import Closes, Stream, ask, with_networks


class Listener(Closes):
    """A trained model, kept ready to answer.

    The compiled program of its network runs on between calls, with synapses, parameters and state
    in its memory, so that a call costs little more than the simulation. Answers are those of the
    model, bit for bit. On engines numpy and cython checks and state are prepared, and no program
    stays. Threads take turns.

    Parameters
    ----------
    model : estimator or Pipeline
        A trained :class:`LiquidStateMachine`, :class:`EPropClassifier`,
        :class:`SpikingClassifier`, :class:`DiehlCookClassifier` or other estimator of this
        module, or a pipeline with such steps. ``model.open()`` is the same.

    Attributes
    ----------
    timings : dict of float, in seconds
        ``"call"`` and ``"simulate"`` of the last call, wall time.

    Raises
    ------
    NotFittedError
        If the model was not trained.
    ParameterError
        If there is no network in it, the network remembers earlier samples, or its engine keeps no
        program.

    Notes
    -----
    The process ends with :meth:`close`, at the end of a ``with`` block, when nobody has the
    listener any more, and with Python, however that ends. Ctrl-C during a call closes the listener.

    Examples
    --------
    >>> from bioplastic.datasets import load_spoken
    >>> from bioplastic.networks import LiquidStateMachine, Listener
    >>> from bioplastic.readout import NeuronLabelClassifier, SpikeCount
    >>> from sklearn.pipeline import make_pipeline
    >>> words = load_spoken()
    >>> X, y = words.data[[0, 6, 12]], words.target[[0, 6, 12]]
    >>> liquid = LiquidStateMachine(30, engine="numpy", random_state=0)
    >>> model = make_pipeline(liquid, SpikeCount(), NeuronLabelClassifier()).fit(X, y)
    >>> with Listener(model) as listener:
    ...     print((listener.predict(X[:1]) == model.predict(X[:1])).all())
    True
    """

    def __init__(self, model: Any) -> None:
        self._closed = False
        self.timings = {"call": 0.0, "simulate": 0.0}
        self._networks: list[OpenNetwork] = []
        try:
            self._model = with_networks(model, self._open)
        except BaseException:
            self.close()
            raise
        if not self._networks:
            raise ParameterError(
                f"Listener: model must be a trained estimator of bioplastic.networks or a Pipeline "
                f"with one among its steps, got {model!r}; of a search give its best_estimator_"
            )

    def _open(self, network: Opens) -> OpenNetwork:
        self._networks.append(network._open_network())
        return self._networks[-1]

    def predict(self, X: Any) -> Any:
        """Return the model's `predict` of samples.

        Parameters
        ----------
        X : SpikeTrains, or what else the model takes
            One sample or several.

        Returns
        -------
        y : ndarray of shape (n_samples,)

        Raises
        ------
        SimulationError
            If the listener was closed, or its program has ended or is within a stream.
        """
        return self._ask("predict", X)

    def predict_proba(self, X: Any) -> Any:
        """Return the model's `predict_proba` of samples, see :meth:`predict`."""
        return self._ask("predict_proba", X)

    def decision_function(self, X: Any) -> Any:
        """Return the model's `decision_function` of samples, see :meth:`predict`."""
        return self._ask("decision_function", X)

    def transform(self, X: Any) -> Any:
        """Return the model's `transform` of samples, see :meth:`predict`."""
        return self._ask("transform", X)

    def _ask(self, method: str, X: Any) -> Any:
        self._check_open()
        called = time.perf_counter()
        answer = ask(self._model, method, X)
        self.timings = {
            "call": time.perf_counter() - called,
            "simulate": sum(network.seconds for network in self._networks),
        }
        return answer

    def _check_open(self) -> None:
        if self._closed:
            raise SimulationError("Listener: it was closed; open the model once more")

    def stream(self, block: Any = 20 * ms) -> Stream:
        """Begin a sample whose spikes come in blocks.

        Parameters
        ----------
        block : Quantity, in seconds
            Length of a block that does not tell its own.

        Returns
        -------
        stream : Stream

        Raises
        ------
        ParameterError
            If the model takes no spikes, or samples of one length only.
        SimulationError
            If the listener was closed, or its program is within another stream.
        """
        self._check_open()
        first = self._model[0] if isinstance(self._model, Pipeline) else self._model
        if not isinstance(first, Opens) or not first._takes_spikes:
            raise ParameterError(
                f"Listener.stream: the model must begin with a network that takes spikes, got "
                f"{first!r}; the cochlea brings a sound to its level, which only the whole sound "
                f"has: give what follows it, model[1:], spikes"
            )
        length = base_units("Listener.stream: block", block, error=ParameterError)
        if length.ndim or not 0 < length < np.inf:
            raise ParameterError(f"Listener.stream: block must be one time above 0 s, got {block}")
        return Stream(self._model, self._networks[0].begin(), float(length))

    def close(self) -> None:
        """End the program; a listener that is closed already stays so."""
        self._closed = True
        for network in self._networks:
            network.close()
