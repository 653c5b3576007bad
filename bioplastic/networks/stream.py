"""A sample whose spikes come in blocks, presented to a model that a listener keeps ready."""

import copy
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from brian2 import second
from sklearn.pipeline import Pipeline

from bioplastic._quantities import base_units
from bioplastic.engine.listening import OpenSample
from bioplastic.errors import DataError, ParameterError, SimulationError
from bioplastic.networks._opening import Opens
from bioplastic.spikes import SpikeTrains


class Closes(ABC):
    """What a ``with`` block closes at its end."""

    @abstractmethod
    def close(self) -> None:
        """Close it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Stream(Closes):
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
        self._model = with_networks(model, lambda own: next(places, own._opened))
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
        return ask(self._model, method, self._sample.trains(self._n_units))

    def _check_open(self) -> None:
        if self._ended:
            raise SimulationError("Stream: it has ended; begin another by Listener.stream()")


def ask(model: Any, method: str, X: Any) -> Any:
    """Return what a method of the model answers, if it has one."""
    if not hasattr(model, method):
        raise ParameterError(f"Listener.{method}: the model has no {method}, it is {model!r}")
    return getattr(model, method)(X)


def with_networks(model: Any, opened: Callable[[Opens], Any]) -> Any:
    """Copy a model, which may be trained anew, and let its networks present to what is open."""
    made = copy.copy(model)
    if isinstance(model, Pipeline):
        made.steps = [(name, with_networks(step, opened)) for name, step in model.steps]
    elif isinstance(model, Opens):
        made._opened = opened(model)
    return made
