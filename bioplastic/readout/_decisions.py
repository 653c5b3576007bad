"""From decisions to classes, for all classifiers that have one output for each class."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.preprocessing import LabelBinarizer

from bioplastic.errors import DataError


def to_classes(
    decision: npt.NDArray[np.floating[Any]], classes: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """Return the class that each sample looks most like.

    Parameters
    ----------
    decision : ndarray of shape (n_samples, n_classes), or (n_samples,) or (n_samples, 1) for two
        How much a sample looks like each class, or like the second of two.
    classes : ndarray of shape (n_classes,)
        Labels.

    Returns
    -------
    labels : ndarray of shape (n_samples,)
    """
    decision = decision.reshape(len(decision), -1)
    one = decision.shape[1] == 1
    index = (decision[:, 0] > 0).astype(int) if one else decision.argmax(axis=1)
    labels: npt.NDArray[Any] = classes[index]
    return labels


def signed_targets(
    estimator: Any, labels: npt.NDArray[Any], dtype: npt.DTypeLike = np.float64
) -> npt.NDArray[Any]:
    """Return targets of -1 and 1, one column for each class or one of two; note the classes.

    Raises
    ------
    DataError
        If there is only one class.
    """
    binarizer = LabelBinarizer(neg_label=-1, pos_label=1)
    targets = np.asarray(binarizer.fit_transform(labels), dtype=dtype)
    estimator.classes_ = binarizer.classes_
    if len(estimator.classes_) < 2:
        raise DataError(
            f"{type(estimator).__name__}: y must hold at least two classes, got 1 class: "
            f"{estimator.classes_[0]!r}"
        )
    return targets
