"""Samples of numbers or spikes: how they are checked, presented to a network, and distinguished."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import Quantity, ms
from sklearn.base import is_classifier
from sklearn.utils.validation import check_consistent_length

from bioplastic import engine as engines
from bioplastic._checks import check_intensities, check_quantity, check_whole
from bioplastic.engine.stimulus import content_keys
from bioplastic.errors import DataError, ParameterError
from bioplastic.models import Schedule
from bioplastic.readout._trains import check_trains
from bioplastic.spikes import SpikeTrains

type Samples = npt.NDArray[Any] | SpikeTrains


def check_kind(estimator: Any, X: Any, method: str) -> None:
    """Refuse spikes where `fit` has seen numbers, and numbers where it has seen spikes.

    Raises
    ------
    DataError
        If X is of the other kind.
    """
    if isinstance(X, SpikeTrains) != estimator._takes_spikes:
        kind = "SpikeTrains" if estimator._takes_spikes else "numbers"
        raise DataError(
            f"{type(estimator).__name__}.{method}: X must be {kind}, as in fit, "
            f"got {type(X).__name__}"
        )


def check_samples(estimator: Any, X: Any, method: str, *, reset: bool) -> Samples:
    """Return samples of numbers or spikes, of the kind and width that `fit` has seen.

    Parameters
    ----------
    estimator : estimator
        Its ``n_features_in_`` is set, or compared with.
    X : array_like of shape (n_samples, n_features), or SpikeTrains
        Non-negative numbers; or spikes, whose samples may differ in length.
    method : str
        Who asks.
    reset : bool
        Whether kind and width are new.

    Raises
    ------
    DataError
        If they are none, or are of another kind or width.
    """
    if not reset:
        check_kind(estimator, X, method)
    if not isinstance(X, SpikeTrains):
        return check_intensities(estimator, X, reset=reset)
    check_trains(estimator, method, X, reset=reset)
    return X


def sample_schedule(
    estimator: Any,
    *,
    takes_spikes: bool,
    presentation: Quantity,
    rest: Quantity,
    dt: Quantity = 0.5 * ms,
    min_spikes: int = 5,
) -> Schedule:
    """Make the schedule of samples from an estimator's parameters and these defaults.

    Raises
    ------
    ParameterError
        If one is out of range.
    """
    given = None
    if estimator.presentation is not None or not takes_spikes:
        given = check_quantity(estimator, "presentation", presentation)
    if estimator.min_spikes is not None:
        min_spikes = check_whole(estimator, "min_spikes", low=0)
    max_repeats = check_whole(estimator, "max_repeats", low=0, high=255)
    return Schedule(
        presentation=given,
        rest=check_quantity(estimator, "rest", rest),
        dt=check_quantity(estimator, "dt", dt),
        # Spikes would be the same again.
        min_spikes=0 if takes_spikes else min_spikes,
        max_repeats=0 if takes_spikes else max_repeats,
    )


def check_rates(estimator: Any, schedule: Schedule, default: Quantity) -> None:
    """Refuse a `rate_max` or an `x_max` that no Poisson input can have.

    Raises
    ------
    ParameterError
        If one is out of range.
    """
    rate, name = check_quantity(estimator, "rate_max", default), type(estimator).__name__
    if not 0 < float(rate * schedule.dt) < 1:
        raise ParameterError(
            f"{name}.rate_max: must be > 0 Hz and below 1/dt = {1 / schedule.dt}, got {rate}; "
            f"lower it or take a smaller dt"
        )
    if estimator.x_max is not None and not 0 < estimator.x_max < np.inf:
        raise ParameterError(f"{name}.x_max: must be > 0, got {estimator.x_max}")


def mean_rate(samples: Samples, scale: float) -> float:
    """Mean rate of a channel in hertz, over all samples; 1 Hz where nothing fires."""
    if isinstance(samples, SpikeTrains):
        seconds = float(np.sum(samples.duration)) * samples.n_units
        rate = int(samples.offsets[-1]) / seconds if seconds > 0 else 0.0
    else:
        rate = float(samples.mean(dtype=np.float64)) * scale
    return rate or 1.0


def make_stimulus(
    samples: Samples,
    *,
    scale: float,
    order: npt.NDArray[np.int64] | None = None,
    keys: npt.NDArray[np.float64] | None = None,
    targets: npt.NDArray[np.float64] | None = None,
) -> engines.RateStimulus | engines.SpikeStimulus:
    """Make a stimulus of samples: rates of numbers, or spikes as they are.

    Parameters
    ----------
    samples : ndarray or SpikeTrains
        What `check_samples` returned.
    scale : float, in hertz
        Rate of an input of 1; for numbers.
    order, keys, targets : optional
        See :class:`bioplastic.engine.RateStimulus`. Where there are no keys, those of numbers
        follow from their content, and all spikes have the same, so that the answer to a sample
        does not depend on others.
    """
    if isinstance(samples, SpikeTrains):
        keys = np.zeros(len(samples)) if keys is None else keys
        return engines.SpikeStimulus(trains=samples, order=order, keys=keys, targets=targets)
    keys = content_keys(samples) if keys is None else keys
    return engines.RateStimulus(
        values=samples, scale=scale, order=order, keys=keys, targets=targets
    )


def hold_out(
    estimator: Any, targets: Any, groups: Any, *, n: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows of `n` samples to learn, and rows to hold out: whole groups, or classes in balance.

    Raises
    ------
    ParameterError
        If `validation_fraction` is out of range.
    DataError
        If the samples cannot be split.
    """
    # It takes long to import, and few need it.
    from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit, StratifiedShuffleSplit

    if isinstance(estimator.validation_fraction, int | np.integer):
        check_whole(estimator, "validation_fraction", low=1)
    else:
        share = estimator.validation_fraction
        if not isinstance(share, float | np.floating) or not 0 < share < 1:
            raise ParameterError(
                f"{type(estimator).__name__}.validation_fraction: must be a share between 0 and 1, "
                f"a whole number of samples, or None for no held-out samples, got {share!r}"
            )
    labels = targets if is_classifier(estimator) else None
    splitter: Any = ShuffleSplit if labels is None else StratifiedShuffleSplit
    seed = int(estimator._stream("validation").generate_state(1)[0] % 2**31)
    try:
        if groups is not None:
            check_consistent_length(np.zeros(n), groups)
            splitter = GroupShuffleSplit
        folds = splitter(n_splits=1, test_size=estimator.validation_fraction, random_state=seed)
        learned, held_out = next(folds.split(np.zeros(n), labels, groups))
    except ValueError as error:
        raise DataError(
            f"{type(estimator).__name__}.validation_fraction: these samples cannot be split: "
            f"{error}"
        ) from error
    return learned, held_out


def digest(*parts: SpikeTrains | npt.NDArray[Any] | Sequence[Any]) -> str:
    """Tell these data from any others: a hash of their values, shapes and types.

    Parameters
    ----------
    *parts : SpikeTrains, ndarray or sequence of ndarray
        Samples, targets, groups.
    """
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, SpikeTrains):
            found.update(b"4")
            for name, dtype in (("times", np.float64), ("units", np.int32)):
                found.update(f"{np.dtype(dtype)} {(int(part.offsets[-1]),)}".encode())
                for block in part.blocks():
                    found.update(np.ascontiguousarray(getattr(block, name)).data)
            arrays: Sequence[Any] = (part.offsets, part.duration)
        else:
            arrays = [part] if isinstance(part, np.ndarray) else part
            found.update(str(len(arrays)).encode())
        for array in map(np.ascontiguousarray, arrays):
            # Where one sample ends and the next begins is part of them.
            found.update(f"{array.dtype} {array.shape}".encode())
            found.update(array.data)
    return found.hexdigest()
