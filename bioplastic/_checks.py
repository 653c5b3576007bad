"""Checks of parameters and samples: each error names estimator, parameter, value and remedy."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import sklearn
from brian2 import Quantity
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, column_or_1d, validate_data

from bioplastic._quantities import amount, choice, number, same_unit, whole
from bioplastic.errors import DataError, ParameterError

#: The largest value of X and of the training data differ by more than this factor only where
#: their scales do, such as 0..1 and 0..255; few samples may all be dark.
_SAME_SCALE, _ENOUGH = 10.0, 10


def check_whole(estimator: Any, name: str, *, low: int, high: int | None = None) -> int:
    """Return a parameter that must be a whole number from `low` to `high`.

    Raises
    ------
    ParameterError
        If it is no whole number or out of range.
    """
    return whole(f"{type(estimator).__name__}.{name}", getattr(estimator, name), low, high)


def check_number(estimator: Any, name: str, *, low: float, high: float = np.inf) -> float:
    """Return a parameter that must be a finite number from `low` to `high`.

    Raises
    ------
    ParameterError
        If it is no such number.
    """
    return number(f"{type(estimator).__name__}.{name}", getattr(estimator, name), low, high)


def check_choice(estimator: Any, name: str, choices: tuple[str, ...]) -> str:
    """Return a parameter that must be one of a few words.

    Raises
    ------
    ParameterError
        If it is not.
    """
    return choice(f"{type(estimator).__name__}.{name}", getattr(estimator, name), choices)


def check_quantity(estimator: Any, name: str, default: Quantity) -> Quantity:
    """Return a parameter that must have the unit of `default`; `default` where it is None.

    Raises
    ------
    ParameterError
        If it has another unit.
    """
    value = getattr(estimator, name)
    if value is None:
        return default
    if not same_unit(value, default):
        raise ParameterError(
            f"{type(estimator).__name__}.{name}: must have the unit of {default!r}, got {value!r}"
        )
    return value


def check_positive(estimator: Any, name: str, default: Quantity, *, zero: bool = False) -> float:
    """Return a parameter in base units: one finite quantity above 0, or from 0 where `zero`.

    Raises
    ------
    ParameterError
        If it has another unit, is not one number, or is out of range.
    """
    value = check_quantity(estimator, name, default)
    return amount(f"{type(estimator).__name__}.{name}", value, default, zero=zero)


def check_intensities(estimator: Any, X: npt.ArrayLike, *, reset: bool) -> npt.NDArray[Any]:
    """Return samples as an array of finite numbers >= 0, of the number type that they have.

    Estimators with an `x_max`, to whom the scale matters, remember the largest of them.

    Raises
    ------
    DataError
        If they are none, or have another number of features than in `fit`.

    Warns
    -----
    UserWarning
        If they look as if they were on another scale than those of `fit`.
    """
    try:
        # A number type of one byte stays one: MNIST as float64 would be half a gigabyte.
        data: npt.NDArray[Any] = validate_data(
            estimator, X, reset=reset, dtype="numeric", ensure_non_negative=True
        )
    except ValueError as error:
        raise DataError(
            f"{type(estimator).__name__}: {error} X must be an array (n_samples, n_features) of "
            f"finite numbers >= 0."
        ) from error
    if "x_max" in vars(estimator):
        largest = float(data.max())
        if reset:
            estimator._largest = largest
        else:
            _warn_of_another_scale(estimator, largest, len(data))
    return data


def _warn_of_another_scale(estimator: Any, largest: float, n_samples: int) -> None:
    fitted = estimator._largest
    dark = n_samples >= _ENOUGH and 0 < largest < fitted / _SAME_SCALE
    if largest > fitted * _SAME_SCALE or dark:
        warnings.warn(
            f"{type(estimator).__name__}: X has values up to {largest:g}, the training data had "
            f"values up to {fitted:g}, as if one were on another scale, such as 0..1 and 0..255; "
            f"scale X as the training data were",
            skip_file_prefixes=(str(Path(__file__).parent), str(Path(sklearn.__file__).parent)),
        )


def check_labels(estimator: Any, data: Any, y: Any) -> npt.NDArray[Any]:
    """Return labels as an array, one for each sample.

    Raises
    ------
    DataError
        If there are none, or they do not fit.
    """
    name = type(estimator).__name__
    if y is None:
        raise DataError(f"{name} requires y to be passed, but the target y is None")
    try:
        labels: npt.NDArray[Any] = column_or_1d(y, warn=True)
        check_consistent_length(data, labels)
        check_classification_targets(labels)
    except ValueError as error:
        raise DataError(
            f"{name}: y must hold one label for each of the {len(data)} samples: {error}"
        ) from error
    return labels


def check_known_classes(
    estimator: Any, labels: npt.NDArray[Any], classes: npt.ArrayLike | None, *, first: bool
) -> npt.NDArray[Any]:
    """Return the classes of a training that may go on: all are known from its first call on.

    Raises
    ------
    ParameterError
        If the first call does not name them, or a later one names others.
    DataError
        If a label is none of them.
    """
    name = type(estimator).__name__
    if first and classes is None:
        raise ParameterError(
            f"{name}.partial_fit: the first call needs classes, every label that will occur, such "
            f"as classes=np.unique(y_train)"
        )
    given = None if classes is None else np.unique(np.asarray(classes))
    known: Any = given if first else estimator.classes_
    if given is not None and not np.array_equal(given, known):
        raise ParameterError(
            f"{name}.partial_fit: classes must be the same in every call, got {given!r} after "
            f"{known!r}; leave it out, or call fit to begin anew"
        )
    new = np.setdiff1d(labels, known)
    if len(new):
        raise DataError(
            f"{name}: y must hold labels from classes only, got {new[:5]!r}, which are not in "
            f"{known!r}; name every label in the first call"
        )
    return known  # type: ignore[no-any-return]
