"""What all transformers from SpikeTrains to arrays share."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from bioplastic.errors import DataError
from bioplastic.readout._trains import TakesTrains, check_trains
from bioplastic.spikes import SpikeTrains

# Samples at a time: what is computed for each spike is held for one block only.
_BLOCK = 256


class SpikeTransformer(TakesTrains, TransformerMixin, BaseEstimator):
    """Parent of the transformers: checks, blocks of samples, names of features.

    A child learns in `_learn`, computes the features of a few samples in `_features`, and names
    the columns that belong to one unit in `_names`.
    """

    def fit(self, X: SpikeTrains, y: Any = None) -> Self:
        """Learn what the training samples have in common.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_units)
            Training samples.
        y : object, default=None
            Ignored; here so that pipelines can hand it on.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        DataError
            If X is no SpikeTrains or holds no sample.
        ParameterError
            If a parameter has a value that cannot work.
        """
        check_trains(self, "fit", X, reset=True)
        self._learn(X)
        return self

    def transform(self, X: SpikeTrains) -> npt.NDArray[np.float64]:
        """Compute the features of each sample.

        Parameters
        ----------
        X : SpikeTrains of shape (n_samples, n_units)
            Samples with as many units as in `fit`.

        Returns
        -------
        features : ndarray of shape (n_samples, n_features)
            One row a sample, in the order of `get_feature_names_out`.

        Raises
        ------
        DataError
            If X is no SpikeTrains, holds no sample or has another number of units than in `fit`.
        sklearn.exceptions.NotFittedError
            If the transformer has not been fitted.
        """
        check_is_fitted(self)
        check_trains(self, "transform", X, reset=False)
        blocks = (part[k : k + _BLOCK] for part in X.blocks() for k in range(0, len(part), _BLOCK))
        first = self._features(next(blocks))
        if len(first) == len(X):
            return first
        features = np.empty((len(X), first.shape[1]))
        end = len(first)
        features[:end] = first
        for block in blocks:
            begin, end = end, end + len(block)
            features[begin:end] = self._features(block)
        return features

    def get_feature_names_out(self, input_features: npt.ArrayLike | None = None) -> Any:
        """Name the features.

        Parameters
        ----------
        input_features : array_like of str of shape (n_units,), default=None
            Names of the units; ``unit0``, ``unit1`` and so on by default.

        Returns
        -------
        names : ndarray of str of shape (n_features,)
            Name of each column.

        Raises
        ------
        DataError
            If there are not as many names as units.
        sklearn.exceptions.NotFittedError
            If the transformer has not been fitted.
        """
        check_is_fitted(self)
        n_units = self.n_features_in_
        if input_features is None:
            units = [f"unit{k}" for k in range(n_units)]
        else:
            units = [str(name) for name in np.asarray(input_features).ravel()]
        if len(units) != n_units:
            raise DataError(
                f"{type(self).__name__}.get_feature_names_out: input_features must name the "
                f"{n_units} units, got {len(units)} names"
            )
        return np.asarray(self._names(units), dtype=object)

    def _learn(self, X: SpikeTrains) -> None:
        """Check parameters and learn; nothing by default."""

    def _features(self, X: SpikeTrains) -> npt.NDArray[np.float64]:
        raise NotImplementedError

    def _names(self, units: list[str]) -> list[str]:
        """Return names of the features; of one a unit, those of the units."""
        return units
