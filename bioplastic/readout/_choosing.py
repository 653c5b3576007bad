"""Checks of the parameters by which decoders choose how much to listen to."""

from typing import Any

import numpy as np
from sklearn.model_selection import check_cv

from bioplastic._checks import check_whole
from bioplastic.errors import ParameterError

__all__ = ["check_most", "check_splitter"]


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
