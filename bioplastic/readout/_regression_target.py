"""Checks of what SpikeTimeRegressor learns, and of its lags."""

from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import Quantity, have_same_dimensions, second

from bioplastic.errors import DataError, ParameterError
from bioplastic.spikes import SpikeTrains

__all__ = ["check_lags", "check_target", "n_steps"]

type Floats = npt.NDArray[np.float64]


def check_lags(estimator: Any, y: Any) -> Floats:
    """Return lags in seconds; where `y` is spike trains, check what those ask for.

    Raises
    ------
    ParameterError
        If lags are no times, or not all different, or do not fit the target; or `kernel` or `dt`
        do not fit it.
    """
    name = type(estimator).__name__
    where, given = f"{name}.lags", estimator.lags
    right = given is None or (isinstance(given, Quantity) and have_same_dimensions(given, second))
    lags = np.zeros(1) if given is None else np.zeros(0)
    if given is not None and right:
        lags = np.atleast_1d(np.asarray(given, dtype=np.float64))
    if lags.ndim != 1 or not lags.size or not np.isfinite(lags).all():
        raise ParameterError(
            f"{where}: must be finite times with a unit, got {given!r}; give e.g. [0, 5, 10] * ms"
        )
    if len(np.unique(lags)) < len(lags):
        raise ParameterError(f"{where}: must all be different, got {given!r}; leave doubles out")
    if not isinstance(y, SpikeTrains):
        if estimator.dt is None:
            raise ParameterError(
                f"{name}.dt: must be the sampling step of the signals in y, got None; "
                f"give e.g. 1 * ms"
            )
        return lags
    if estimator.kernel != "exponential":
        raise ParameterError(
            f"{name}.kernel: must be 'exponential' where y is SpikeTrains, got "
            f"{estimator.kernel!r}: a neuron that fires is a leaky integrator"
        )
    if (lags < 0).any():
        raise ParameterError(
            f"{where}: must be at least 0 s where y is SpikeTrains, got {given!r}: they are delays "
            f"of synapses"
        )
    return lags


def n_steps(X: SpikeTrains, dt: float) -> npt.NDArray[np.int64]:
    """Return the number of steps of each sample; rounding makes no further one."""
    return np.maximum(1, np.ceil(X.duration / dt - 1e-6)).astype(np.int64)


def check_target(
    estimator: Any, method: str, X: SpikeTrains, y: Any, dt: float
) -> tuple[SpikeTrains | list[Floats], bool]:
    """Return spike trains, or signals of shape (n_steps, n_outputs), and if those had one axis.

    Raises
    ------
    DataError
        If they do not fit the samples, or are not those of `fit`.
    """
    where = f"{type(estimator).__name__}.{method}: y"
    if y is None:
        raise DataError(
            f"{where} must be signals or SpikeTrains: requires y to be passed, got None"
        )
    spikes = isinstance(y, SpikeTrains)
    if spikes != (not dt):
        wanted = "signals" if dt else "SpikeTrains"
        raise DataError(f"{where} must be {wanted} as in fit, got {type(y).__name__}")
    if not isinstance(y, SpikeTrains | list | tuple):
        y = np.atleast_1d(np.asarray(y))
    if len(y) != len(X):
        raise DataError(f"{where} must have the {len(X)} samples of X, got {len(y)}")
    if spikes:
        _check_n_outputs(estimator, where, y.n_units)
        return y, False
    try:
        signals = [np.asarray(one, dtype=np.float64) for one in y]
    except (TypeError, ValueError) as error:
        raise DataError(f"{where} must hold numbers: {error}") from error
    shapes = {one.shape[1:] for one in signals}
    if len(shapes) > 1 or not all(one.ndim in (1, 2) for one in signals) or shapes == {(0,)}:
        raise DataError(
            f"{where} must have the shape (n_steps,) or (n_steps, n_outputs) in every sample, got "
            f"{sorted({one.shape for one in signals})}"
        )
    if not all(np.isfinite(one).all() for one in signals):
        raise DataError(
            f"{where} must be finite, got nan or inf; cut those times out of the samples"
        )
    wanted_steps = n_steps(X, dt)
    for k, (one, steps) in enumerate(zip(signals, wanted_steps, strict=True)):
        if len(one) != steps:
            raise DataError(
                f"{where} must hold {steps} values in sample {k}, which lasts {X.duration[k]:g} s, "
                f"for a dt of {dt:g} s, got {len(one)}"
            )
    flat = shapes == {()}
    _check_n_outputs(estimator, where, 1 if flat else signals[0].shape[1])
    return [one.reshape(len(one), -1) for one in signals], flat


def _check_n_outputs(estimator: Any, where: str, n_outputs: int) -> None:
    if where.endswith("score: y") and n_outputs != estimator.weights_.shape[2]:
        raise DataError(
            f"{where} must have the {estimator.weights_.shape[2]} outputs of fit, got {n_outputs}"
        )
