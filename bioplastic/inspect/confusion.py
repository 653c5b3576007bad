"""Which class was taken for which."""

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from sklearn.utils.multiclass import unique_labels

from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect._style import INK, declutter

__all__ = ["plot_confusion"]

# Names longer than this stand upright below their columns, or they would overlap.
_MAX_LEVEL = 3


def plot_confusion(
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    *,
    classes: Sequence[Any] | npt.NDArray[Any] | None = None,
    names: Sequence[str] | None = None,
    title: str | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw how often each class was taken for each.

    Parameters
    ----------
    y_true, y_pred : array_like of shape (n_samples,)
        What the samples are, and what they were taken for.
    classes : sequence of length n_classes, default=None
        All labels, in the order of rows and columns; None takes those that occur, sorted.
    names : sequence of str of length n_classes, default=None
        What to write beside rows and columns; None writes the labels.
    title : str, default=None
        Text above the picture; None tells the accuracy.
    axes : matplotlib.axes.Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    axes : matplotlib.axes.Axes
        The Axes. Colours are shares of a row, so that classes of unequal size compare and the
        diagonal is the recall of each; the numbers in the tiles are counts.

    Raises
    ------
    ParameterError
        If `names` is not as long as `classes`.
    DataError
        If there are no samples, the labels differ in number or kind, or some are not in `classes`.

    Examples
    --------
    >>> from bioplastic.inspect import plot_confusion
    >>> axes = plot_confusion(["yes", "no", "no"], ["yes", "no", "yes"])
    >>> axes.get_title(loc="left")
    '2 of 3 samples right (66.7 %)'
    """
    true, predicted, known = _checked(y_true, y_pred, classes)
    written = [str(label) for label in known] if names is None else [str(name) for name in names]
    if len(written) != len(known):
        raise ParameterError(
            f"plot_confusion.names: must be one for each of {len(known)} classes, got "
            f"{len(written)}"
        )
    order = np.argsort(known, kind="stable")
    rows, columns = (order[np.searchsorted(known, y, sorter=order)] for y in (true, predicted))
    counts = np.zeros((len(known), len(known)), dtype=np.int64)
    np.add.at(counts, (rows, columns), 1)
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    if axes is None:
        side = min(3.6 + 0.2 * len(known), 9.0)
        _, axes = plt.subplots(figsize=(side + 0.6, side), layout="constrained")
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    ticks = np.arange(len(known))
    upright = max(len(name) for name in written) > _MAX_LEVEL
    axes.set_xticks(ticks, written, rotation=90 if upright else 0)
    axes.set_yticks(ticks, written)
    for row, column in np.argwhere(counts):
        axes.text(
            column,
            row,
            f"{counts[row, column]:,}",
            ha="center",
            va="center",
            fontsize=8 if len(known) <= 12 else 7,
            color="white" if shares[row, column] > 55 else INK,
        )
    n_right = int(np.trace(counts))
    if title is None:
        title = f"{n_right:,} of {len(true):,} samples right ({100 * n_right / len(true):.1f} %)"
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    axes.set_xlabel("predicted", fontsize=9, color=INK)
    axes.set_ylabel("true", fontsize=9, color=INK)
    declutter(axes, keep=())
    axes.tick_params(length=0)
    bar = axes.figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02)
    bar.set_label("share of the true class (%)", fontsize=9, color=INK)
    bar.ax.tick_params(labelsize=9, labelcolor=INK, length=0)
    bar.outline.set_visible(False)
    return axes


def _checked(
    y_true: npt.ArrayLike, y_pred: npt.ArrayLike, classes: Any
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    true, predicted = np.asarray(y_true), np.asarray(y_pred)
    if true.ndim != 1 or true.shape != predicted.shape or not true.size:
        raise DataError(
            "plot_confusion: y_true and y_pred must be one-dimensional, of one length and not "
            f"empty, got shapes {true.shape} and {predicted.shape}"
        )
    try:
        found = unique_labels(true, predicted)
    except ValueError as error:
        raise DataError(f"plot_confusion: y_true and y_pred must be labels: {error}") from error
    known = found if classes is None else np.asarray(classes)
    unknown = np.setdiff1d(found, known)
    if unknown.size:
        raise DataError(
            f"plot_confusion.classes: must name every label, got {known.tolist()!r}; missing: "
            f"{unknown.tolist()!r}"
        )
    return true, predicted, known
