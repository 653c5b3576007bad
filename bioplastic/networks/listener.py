"""A trained model that stays ready: it answers at once, sample by sample or bit by bit."""

import copy
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from brian2 import ms, second
from sklearn.pipeline import Pipeline

from bioplastic._quantities import base_units
from bioplastic.engine.listening import OpenNetwork, OpenSample
from bioplastic.errors import DataError, ParameterError, SimulationError
from bioplastic.networks._opening import Opens
from bioplastic.spikes import SpikeTrains

__all__ = ["Listener", "Stream"]


class _Closes(ABC):
    """What a ``with`` block closes at its end."""

    @abstractmethod
    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Listener(_Closes):
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
            self._model = _with_networks(model, self._open)
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
        answer = _ask(self._model, method, X)
        self.timings = {
            "call": time.perf_counter() - called,
            "simulate": sum(network.seconds for network in self._networks),
        }
        return answer

    def _check_open(self) -> None:
        if self._closed:
            raise SimulationError("Listener: it was closed; open the model once more")

    def stream(self, block: Any = 20 * ms) -> "Stream":
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


class Stream(_Closes):
    """A sample whose spikes come in blocks, with an answer after each.

    :meth:`Listener.stream` makes it. The network goes on from where the last block left it. A
    network that asks for the length of its sample, as e-prop's mean over a decision window does, is
    presented with the spikes so far from the begin; so is any network on an engine without a
    program that stays.

    Attributes
    ----------
    time : float, in seconds
        Where the next block begins.
    latency : float, in seconds
        From the call of the last :meth:`send` to its answer, wall time.
    latencies : list of float, in seconds
        Of all blocks.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.networks import LiquidStateMachine
    >>> X = SpikeTrains([0.01, 0.02, 0.01], [0, 1, 1], [0, 2, 3], n_units=2, duration=0.05)
    >>> lsm = LiquidStateMachine(20, liquid="random", engine="numpy", random_state=0).fit(X)
    >>> with lsm.open() as listener, listener.stream(block=25 * ms) as stream:
    ...     _ = stream.send([0.01, 0.02], [0, 1])
    ...     _ = stream.send([], [])
    ...     stream.end() == lsm.transform(X[:1])
    True
    """

    def __init__(self, model: Any, sample: OpenSample, block: float) -> None:
        places = iter([sample])
        # Networks behind the first are presented with its spikes so far, each time anew.
        self._model = _with_networks(model, lambda own: next(places, own._opened))
        self._sample, self._block, self._ended = sample, block, False
        first = model[0] if isinstance(model, Pipeline) else model
        self._n_units: int = first.n_features_in_
        self.latencies: list[float] = []

    @property
    def time(self) -> float:
        """Where the next block begins, in seconds."""
        return self._sample.time

    @property
    def latency(self) -> float:
        """Seconds from the call of the last `send` to its answer; NaN before the first."""
        return self.latencies[-1] if self.latencies else np.nan

    def send(self, times: npt.ArrayLike, units: npt.ArrayLike, *, until: Any = None) -> Any:
        """Take the spikes of a block, and answer.

        Parameters
        ----------
        times : array_like or Quantity of shape (n_spikes,), in seconds
            Counted from the begin of the sample, sorted, from `time` on and before the block's end.
        units : array_like of shape (n_spikes,)
            Channels.
        until : float or Quantity, in seconds, optional
            The block's end; a `block` after its begin where absent.

        Returns
        -------
        answer : object
            The label so far; the network's spikes so far, where the model does not predict.

        Raises
        ------
        DataError
            If the block is late, a spike does not lie within it, or is none.
        ParameterError
            If the sample has more steps than can be counted.
        SimulationError
            If the stream has ended.
        """
        called = time.perf_counter()
        self._check_open()
        begin = self.time
        given = begin + self._block if until is None else until
        moment = base_units("Stream.send: until", given)
        if moment.ndim:
            raise DataError(f"Stream.send: until must be one time, got shape {moment.shape}")
        end = float(moment)
        if not begin < end < np.inf:
            raise DataError(
                f"Stream.send: the block is late, it ends at {end:g} s, and what came before "
                f"{begin:g} s was answered; give until > {begin:g} s"
            )
        checked = self._checked(times, units, begin, end)
        self._sample.add(checked.times, checked.units, end)
        answer = self._answer()
        self.latencies.append(time.perf_counter() - called)
        return answer

    def _checked(
        self, times: npt.ArrayLike, units: npt.ArrayLike, begin: float, end: float
    ) -> SpikeTrains:
        when = base_units("Stream.send: times", times)
        if when.ndim != 1:
            raise DataError(f"Stream.send: times must be a list, got shape {when.shape}")
        where = np.asarray(units) if np.size(units) else np.zeros(0, dtype=np.int32)
        for k in np.flatnonzero(~((when >= begin) & (when < end)))[:1]:
            early = when[k] < begin
            raise DataError(
                f"Stream.send: spike {k} at {when[k]:g} s must lie within its block, from "
                f"{begin:g} s on and before {end:g} s; "
                + (
                    "times count from the begin of the sample, not of the block"
                    if early
                    else "it belongs to a later block"
                )
            )
        for unit in np.asarray(where)[np.asarray(where) >= self._n_units][:1]:
            raise DataError(
                f"Stream.send: units must be below {self._n_units}, the channels that the model "
                f"was trained on, got {unit}"
            )
        offsets, duration = [0, len(when)], [end] * second
        return SpikeTrains(when, where, offsets, n_units=self._n_units, duration=duration)

    def predict(self) -> Any:
        """Return the label so far."""
        return self._ask("predict")[0]

    def predict_proba(self) -> Any:
        """Return the probability of each class so far, of shape (n_classes,)."""
        return self._ask("predict_proba")[0]

    def decision_function(self) -> Any:
        """Return the score of each class so far, of shape (n_classes,); a number for two."""
        return self._ask("decision_function")[0]

    def transform(self) -> Any:
        """Return what the model's `transform` gives of the sample so far."""
        return self._ask("transform")

    def end(self) -> Any:
        """End the sample where its last block ended, and answer.

        Returns
        -------
        answer : object
            That of the model to the whole sample, bit for bit. Methods go on to tell of it.
        """
        self._check_open()
        self._sample.end()
        self._ended = True
        return self._answer()

    def close(self) -> None:
        """Leave the sample, so that the listener can take another."""
        self._ended = True
        self._sample.close()

    def _answer(self) -> Any:
        return self.predict() if hasattr(self._model, "predict") else self.transform()

    def _ask(self, method: str) -> Any:
        return _ask(self._model, method, self._sample.trains(self._n_units))

    def _check_open(self) -> None:
        if self._ended:
            raise SimulationError("Stream: it has ended; begin another by Listener.stream()")


def _ask(model: Any, method: str, X: Any) -> Any:
    if not hasattr(model, method):
        raise ParameterError(f"Listener.{method}: the model has no {method}, it is {model!r}")
    return getattr(model, method)(X)


def _with_networks(model: Any, opened: Callable[[Opens], Any]) -> Any:
    """Copy a model, which may be trained anew, and let its networks present to what is open."""
    made = copy.copy(model)
    if isinstance(model, Pipeline):
        made.steps = [(name, _with_networks(step, opened)) for name, step in model.steps]
    elif isinstance(model, Opens):
        made._opened = opened(model)
    return made
