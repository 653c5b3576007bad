"""What all encoders of arrays share: checks of X, and the value that counts as the largest."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from brian2 import ms
from sklearn.base import BaseEstimator, OneToOneFeatureMixin
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted

from bioplastic._checks import check_intensities, check_number, check_positive
from bioplastic._spike_output import SpikeOutput
from bioplastic.errors import ParameterError
from bioplastic.spikes import SpikeTrains

# Samples that are encoded at a time: bounds the memory beyond the spikes themselves.
_BLOCK = 128


class ArrayEncoder(OneToOneFeatureMixin, SpikeOutput, BaseEstimator):
    """Parent of the transformers array -> SpikeTrains; one unit a feature.

    A child adds to `_check_parameters`, called by `fit` and by `transform`, and defines `_encode`,
    which turns a block of rows into spikes.
    """

    duration: Any
    x_max: float | None = None

    def fit(self, X: npt.ArrayLike, y: Any = None) -> Self:
        """Learn how many features there are and, where `x_max` is None, the largest value.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers >= 0.
        y : ignored

        Returns
        -------
        self : object
            The fitted encoder.

        Raises
        ------
        ParameterError
            If a parameter has a wrong unit, type or range.
        DataError
            If X is empty, not two-dimensional, or holds NaN, infinity or a negative value.
        """
        self._check_parameters()
        data = check_intensities(self, X, reset=True)
        self._learn(data)
        return self

    def transform(self, X: npt.ArrayLike) -> SpikeTrains:
        """Encode samples as spikes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers >= 0.

        Returns
        -------
        spikes : SpikeTrains of shape (n_samples, n_features)
            One unit a feature; every sample lasts `duration`.

        Raises
        ------
        ParameterError
            If a parameter has a wrong unit, type or range.
        DataError
            If X is empty, holds NaN, infinity or a negative value, or has another number of
            features than in `fit`.
        sklearn.exceptions.NotFittedError
            If the encoder has not been fitted.
        """
        check_is_fitted(self, "n_features_in_")
        self._check_parameters()
        data = check_intensities(self, X, reset=False)
        keys = self._keys(data)
        parts = [
            self._encode(data[rows].astype(np.float64), keys[rows])
            for rows in gen_batches(len(data), _BLOCK)
        ]
        return SpikeTrains.concatenate(parts) if len(parts) > 1 else parts[0]

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what the encoder takes and gives."""
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _check_parameters(self) -> None:
        check_positive(self, "duration", 350 * ms)
        if self.x_max is not None and not check_number(self, "x_max", low=0) > 0:
            raise ParameterError(
                f"{type(self).__name__}.x_max: must be > 0, or None to learn it in fit, "
                f"got {self.x_max!r}"
            )

    def _learn(self, data: npt.NDArray[Any]) -> None:
        self.x_max_ = float(data.max()) if self.x_max is None else float(self.x_max)

    def _keys(self, data: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
        """Names of the samples to the random numbers; encoders without noise need none."""
        return np.zeros(len(data), dtype=np.uint64)

    def _encode(self, values: npt.NDArray[np.float64], keys: npt.NDArray[np.uint64]) -> SpikeTrains:
        raise NotImplementedError

    def _duration(self) -> float:
        return check_positive(self, "duration", 350 * ms)

    def _scale(self) -> float:
        # Training data that are zero everywhere say nothing about the scale: no spikes then.
        return 1 / self.x_max_ if self.x_max_ > 0 else 0.0

    def _trains(
        self,
        sample: npt.NDArray[np.int64],
        unit: npt.NDArray[np.int64],
        times: npt.NDArray[np.float64],
        n_samples: int,
    ) -> SpikeTrains:
        return SpikeTrains(
            times,
            unit,
            np.searchsorted(sample, np.arange(n_samples + 1)),
            n_units=self.n_features_in_,
            duration=self._duration(),
        )

    def _one_each(
        self, latencies: npt.NDArray[np.float64], fires: npt.NDArray[np.bool_]
    ) -> SpikeTrains:
        """Make one spike of each feature that fires, at its latency."""
        sample, unit = np.nonzero(fires)
        times = latencies[sample, unit]
        order = np.lexsort((unit, times, sample))
        return self._trains(sample, unit[order], times[order], len(latencies))
