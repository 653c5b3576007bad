"""From decisions to classes, for all classifiers that have one output for each class."""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["to_classes"]


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
