"""Checks of what SpikeTimeRegressor learns."""

from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic.errors import DataError
from bioplastic.readout._trains import n_steps
from bioplastic.spikes import SpikeTrains

__all__ = ["check_target"]

type Floats = npt.NDArray[np.float64]


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
