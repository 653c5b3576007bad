"""What an e-prop network is shown: spikes, numbers over time, or numbers that stay."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import validate_data

from bioplastic import engine as engines
from bioplastic.engine.inputs import steps_of
from bioplastic.engine.stimulus import MadeSignals
from bioplastic.errors import DataError
from bioplastic.readout._trains import check_trains, n_steps
from bioplastic.spikes import SpikeTrains

type Samples = SpikeTrains | Sequence[npt.NDArray[Any]]


class _PooledCounts(MadeSignals):
    """Spikes of neighboring channels, counted in every step."""

    def __init__(self, trains: SpikeTrains, *, pool: int, dt: float) -> None:
        self._trains, self._pool, self._dt = trains, pool, dt
        self.n_columns = -(-trains.n_units // pool)
        self.n_steps = n_steps(trains, dt)

    def made(self, rows: npt.NDArray[np.int64]) -> list[npt.NDArray[np.float64]]:
        """Count the spikes of some samples."""
        trains = self._trains[rows].to_memory()
        return [self._counted(one, n) for one, n in zip(trains, self.n_steps[rows], strict=True)]

    def _counted(self, one: SpikeTrains, n: Any) -> npt.NDArray[np.float64]:
        steps = np.minimum(steps_of(one.times, self._dt), n - 1)
        cells = steps * self.n_columns + one.units // self._pool
        counts = np.bincount(cells, minlength=n * self.n_columns)
        return counts.reshape(n, -1).astype(np.float64)


def check_samples(estimator: Any, X: Any, method: str, *, reset: bool, n_steps: int) -> Samples:
    """Return samples as spikes, or as one array of numbers for each, a row a step.

    Parameters
    ----------
    estimator : estimator
        Its ``n_features_in_`` is set, or compared with.
    X : SpikeTrains, array_like of shape (n_samples, n_steps, n_features), sequence of arrays of \
shape (n_steps, n_features), or array_like of shape (n_samples, n_features)
        The last one stands for numbers that stay for the whole presentation.
    method : str
        Who asks.
    reset : bool
        Whether the number of features is new.
    n_steps : int
        Steps of a presentation, for numbers that stay.

    Raises
    ------
    DataError
        If they are none of these, not finite, or of another width than in `fit`.
    """
    if isinstance(X, SpikeTrains):
        check_trains(estimator, method, X, reset=reset)
        return X
    if _is_list_of_signals(X):
        return _check_signals(estimator, X, method, reset=reset)
    try:
        data = validate_data(estimator, X, reset=reset, dtype=np.float64)
    except ValueError as error:
        raise DataError(
            f"{type(estimator).__name__}.{method}: {error} X must be SpikeTrains, numbers over "
            f"time (n_samples, n_steps, n_features), or numbers that stay (n_samples, n_features)."
        ) from error
    return [np.broadcast_to(sample, (n_steps, len(sample))) for sample in data]


def _is_list_of_signals(X: Any) -> bool:
    if isinstance(X, np.ndarray) and X.dtype != object:
        return X.ndim == 3
    if isinstance(X, (list, tuple)) or (isinstance(X, np.ndarray) and X.ndim == 1):
        try:
            return len(X) > 0 and all(np.ndim(sample) == 2 for sample in X)
        except ValueError:  # rows of different lengths
            return False
    return False


def _check_signals(
    estimator: Any, X: Any, method: str, *, reset: bool
) -> list[npt.NDArray[np.float64]]:
    name = f"{type(estimator).__name__}.{method}"
    try:
        signals = [np.asarray(sample, dtype=np.float64) for sample in X]
    except (TypeError, ValueError) as error:
        raise DataError(f"{name}: X must be numbers: {error}") from error
    widths = sorted({sample.shape[1] for sample in signals})
    if len(widths) != 1 or not min(sample.size for sample in signals):
        raise DataError(
            f"{name}: X must hold at least one sample, and each the same features for at least one "
            f"step, got {len(signals)} samples with {widths[:5]} features"
        )
    if not all(np.isfinite(sample).all() for sample in signals):
        bad = next(k for k, sample in enumerate(signals) if not np.isfinite(sample).all())
        raise DataError(f"{name}: X must be finite, sample {bad} is not")
    if reset:
        estimator.n_features_in_ = widths[0]
    elif widths[0] != estimator.n_features_in_:
        raise DataError(
            f"{name}: X must have the {estimator.n_features_in_} features of fit, got {widths[0]}"
        )
    return signals


def n_steps_of(samples: Samples, dt: float) -> npt.NDArray[np.int64]:
    """Count the steps of each sample."""
    if isinstance(samples, SpikeTrains):
        return n_steps(samples, dt)
    return np.array([len(sample) for sample in samples], dtype=np.int64)


def make_stimulus(
    samples: Samples,
    *,
    dt: float,
    pool: int | None = None,
    order: npt.NDArray[np.int64] | None = None,
    targets: npt.NDArray[Any] | None = None,
    target_signals: Sequence[npt.NDArray[Any]] | None = None,
) -> engines.SpikeStimulus | engines.SignalStimulus:
    """Make a stimulus of samples: spikes as they are, or numbers of every step."""
    labels = {"order": order, "targets": targets, "target_signals": target_signals}
    if isinstance(samples, SpikeTrains) and pool is None:
        return engines.SpikeStimulus(trains=samples, **labels)  # type: ignore[arg-type]
    values: Any = samples
    if isinstance(samples, SpikeTrains):
        values = _PooledCounts(samples, pool=pool or 1, dt=dt)
    return engines.SignalStimulus(values=values, dt=dt, **labels)  # type: ignore[arg-type]
