"""Parameters and targets of decoders, checked."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import check_cv

from bioplastic._checks import check_whole
from bioplastic._quantities import amounts
from bioplastic.errors import DataError, ParameterError
from bioplastic.readout._trains import n_steps
from bioplastic.spikes import SpikeTrains


def check_lags(estimator: Any, y: Any) -> npt.NDArray[np.float64]:
    """Return lags in seconds; where `y` is spike trains, check what those ask for.

    Raises
    ------
    ParameterError
        If lags are no times, or not all different, or do not fit the target; or `kernel` or `dt`
        do not fit it.
    """
    name = type(estimator).__name__
    where, given = f"{name}.lags", estimator.lags
    lags = np.zeros(1) if given is None else amounts(where, given)
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


def reference_times(estimator: Any, X: SpikeTrains) -> npt.NDArray[np.float64]:
    """Return references in seconds, or in shares of each sample where they are relative.

    Raises
    ------
    ParameterError
        If the references are no times, do not rise, or are given in two ways.
    DataError
        If all samples have the length 0.
    """
    name = type(estimator).__name__
    where = f"{name}.references"
    given = estimator.references
    if given is None:
        n = check_whole(estimator, "n_references", low=1)
        span = 1.0 if estimator.relative else float(X.duration.max())
        if not span:
            raise DataError(f"{name}.fit: X must hold a sample longer than 0 s")
        return span * (np.arange(n) + 0.5) / n
    if estimator.relative:
        raise ParameterError(
            f"{where}: must be None where relative is True, got {given!r}; give n_references"
        )
    return amounts(where, given, rising=True)


def moments(decoder: Any, X: SpikeTrains) -> npt.NDArray[np.float64]:
    """Return the fitted references in seconds, for all samples or, where relative, for each."""
    times: npt.NDArray[np.float64] = decoder.references_
    return X.duration[:, np.newaxis] * times if decoder.relative else times


def check_most(estimator: Any, name: str, n_candidates: int) -> int:
    """Return the most candidates to choose: a whole number, or a share of all, at least one.

    Raises
    ------
    ParameterError
        If the parameter is neither.
    """
    value = getattr(estimator, name)
    if not isinstance(value, (float, np.floating)):
        return min(n_candidates, check_whole(estimator, name, low=1))
    if not 0 < value <= 1:
        raise ParameterError(
            f"{type(estimator).__name__}.{name}: must be a share above 0 and up to 1, got "
            f"{value!r}; give a whole number for so many"
        )
    return max(1, round(float(value) * n_candidates))


def check_splitter(estimator: Any, labels: Any = None) -> Any:
    """Return the splitter that `validation` asks for, stratified where there are labels.

    Raises
    ------
    ParameterError
        If scikit-learn makes none of it.
    """
    try:
        return check_cv(estimator.validation, labels, classifier=labels is not None)
    except ValueError as error:
        raise ParameterError(
            f"{type(estimator).__name__}.validation: must be a number of folds from 2, a splitter "
            f"of scikit-learn or None, got {estimator.validation!r}"
        ) from error


def best_number(estimator: Any, scores: list[list[float]], most: int) -> int:
    """Return the number, from 1 on, whose mean score over the folds is best; note the means."""
    # A search that stopped early has nothing to add.
    padded = [np.pad(one, (0, max(0, most - len(one))), mode="edge") for one in scores]
    estimator.validation_scores_ = np.mean(padded, axis=0)
    return int(np.argmax(estimator.validation_scores_)) + 1


def check_target(
    estimator: Any, method: str, X: SpikeTrains, y: Any, dt: float
) -> tuple[SpikeTrains | list[npt.NDArray[np.float64]], bool]:
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
