"""The input weights of each neuron, drawn as the image that the neuron waits for."""

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.patheffects import withStroke

from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect._mosaic import draw_mosaic, mosaic_of, tile_shape
from bioplastic.inspect._style import INK, declutter

__all__ = ["plot_receptive_fields"]


def plot_receptive_fields(
    weights: Any,
    *,
    image_shape: tuple[int, int] | None = None,
    n_columns: int | None = None,
    labels: Sequence[Any] | npt.NDArray[Any] | None = None,
    max_neurons: int | None = 400,
    w_max: float | None = None,
    cmap: str | Colormap = "magma",
    axes: Axes | None = None,
) -> Axes:
    """Draw the weights onto each neuron as one tile of a mosaic.

    Parameters
    ----------
    weights : array-like of shape (n_features, n_neurons), or fitted estimator, without unit
        The weights, one column a neuron, or an estimator that has them as `weights_`.
    image_shape : tuple of (height, width), in pixels, default=None
        Shape of a tile; None takes a square of n_features pixels.
    n_columns : int, default=None
        Tiles in a row; None makes the mosaic about square.
    labels : sequence of length n_neurons, default=None
        A short text for each tile, such as the class of the neuron. None and the number -1 (no
        class) are left out.
    max_neurons : int, default=400
        Draw the first `max_neurons` neurons only; None draws all.
    w_max : float, without unit, default=None
        Weight at the upper end of the colour scale, which starts at 0; None takes the largest of
        all weights, drawn or not.
    cmap : str or matplotlib.colors.Colormap, default="magma"
        Colours of the weights.
    axes : matplotlib.axes.Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    axes : matplotlib.axes.Axes
        The Axes with the mosaic as its only image; the colour bar is an inset of it.

    Raises
    ------
    ParameterError
        If n_features is no square and `image_shape` is missing, if `image_shape` has another number
        of pixels, if `labels` has another length than n_neurons, if a number is not positive, or if
        the estimator is not fitted.
    DataError
        If the weights are not two-dimensional, empty, not numbers, NaN or infinite.

    See Also
    --------
    plot_weight_history : How the weights came to be as they are.

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic.inspect import plot_receptive_fields
    >>> axes = plot_receptive_fields(np.random.default_rng(0).random((64, 30)))
    >>> axes.get_title(loc="left")
    'Receptive fields of 30 neurons'
    """
    matrix = _weight_matrix(weights)
    n_features, n_neurons = matrix.shape
    height, width = tile_shape("plot_receptive_fields.image_shape", image_shape, n_features)
    if labels is not None and len(labels) != n_neurons:
        raise ParameterError(
            "plot_receptive_fields.labels: must hold one label a neuron, "
            f"got {len(labels)} labels for {n_neurons} neurons"
        )
    n_shown = n_neurons
    if max_neurons is not None:
        n_shown = min(n_neurons, _at_least_one("max_neurons", max_neurons))
    if n_columns is None:
        n_columns = math.ceil(math.sqrt(n_shown * height / width))
    n_columns = min(_at_least_one("n_columns", n_columns), n_shown)
    if w_max is None:
        w_max = float(matrix.max()) if matrix.max() > 0 else 1.0
    elif not (np.isfinite(w_max) and w_max > 0):
        raise ParameterError(f"plot_receptive_fields.w_max: must be finite and > 0, got {w_max!r}")

    n_rows = math.ceil(n_shown / n_columns)
    mosaic = mosaic_of(matrix[:, :n_shown], (n_rows, n_columns), (height, width))
    axes, points = draw_mosaic(mosaic, (height, width), w_max=w_max, cmap=cmap, axes=axes)
    _number_tiles(axes, (n_rows, n_columns), (height, width))
    if labels is not None:
        size = min(max(0.32 * points, 3.5), 9.0)
        _label_tiles(axes, labels[:n_shown], n_columns, (height, width), size)

    shown = f"{n_neurons:,}" if n_shown == n_neurons else f"the first {n_shown:,} of {n_neurons:,}"
    plural = "s" if n_neurons > 1 else ""
    title = f"Receptive fields of {shown} neuron{plural}"
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    return axes


def _weight_matrix(weights: Any) -> npt.NDArray[np.float64]:
    if hasattr(weights, "fit") and not hasattr(weights, "weights_"):
        raise ParameterError(
            f"plot_receptive_fields.weights: {type(weights).__name__} has no weights_; call fit "
            "first, or pass an array of shape (n_features, n_neurons)"
        )
    try:
        matrix = np.asarray(getattr(weights, "weights_", weights), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            "plot_receptive_fields.weights: must be an array of numbers of shape (n_features, "
            f"n_neurons) or an estimator with weights_, got {type(weights).__name__}: {error}"
        ) from error
    if matrix.ndim != 2 or matrix.size == 0:
        raise DataError(
            "plot_receptive_fields.weights: must have shape (n_features, n_neurons), got "
            f"{matrix.shape}; one neuron is weights[:, np.newaxis]"
        )
    if not np.isfinite(matrix).all():
        raise DataError(
            "plot_receptive_fields.weights: must be finite, got "
            f"{(~np.isfinite(matrix)).sum()} NaN or infinite weights"
        )
    return matrix


def _number_tiles(axes: Axes, grid: tuple[int, int], tile: tuple[int, int]) -> None:
    """Let a reader find a neuron: its number is the row's plus the column's."""
    (n_rows, n_columns), (height, width) = grid, tile
    rows = np.arange(0, n_rows, math.ceil(n_rows / 10))
    columns = np.arange(0, n_columns, math.ceil(n_columns / 10))
    axes.set_yticks((rows + 0.5) * height, [str(n_columns * row) for row in rows])
    axes.set_xticks((columns + 0.5) * width, [f"+{column}" for column in columns])
    axes.set_ylabel("neuron", fontsize=9, color=INK)
    declutter(axes, keep=())
    axes.tick_params(length=0)


def _label_tiles(
    axes: Axes,
    labels: Sequence[Any] | npt.NDArray[Any],
    n_columns: int,
    tile: tuple[int, int],
    size: float,
) -> None:
    height, width = tile
    for index, label in enumerate(labels):
        if label is None or (not isinstance(label, str) and label == -1):
            continue
        row, column = divmod(index, n_columns)
        axes.text(
            (column + 0.06) * width,
            (row + 0.05) * height,
            str(label),
            fontsize=size,
            color="white",
            ha="left",
            va="top",
            # The outline keeps the text readable on bright weights.
            path_effects=[withStroke(linewidth=0.2 * size, foreground="black")],
        )


def _at_least_one(name: str, value: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise ParameterError(
            f"plot_receptive_fields.{name}: must be a whole number >= 1, got {value!r}"
        )
    return number
