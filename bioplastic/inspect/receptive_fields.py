"""Input weights of each neuron as an image."""

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.patheffects import withStroke

from bioplastic._quantities import whole
from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect._style import color_bar, declutter, label, new_axes, some


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
        Weight at the upper end of the color scale, which starts at 0; None takes the largest of
        all weights, drawn or not.
    cmap : str or matplotlib.colors.Colormap, default="magma"
        Colors of the weights.
    axes : matplotlib.axes.Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    axes : matplotlib.axes.Axes
        The Axes with the mosaic as its only image; the color bar is an inset of it.

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
        n_shown = min(n_neurons, whole("plot_receptive_fields.max_neurons", max_neurons, 1))
    if n_columns is None:
        n_columns = math.ceil(math.sqrt(n_shown * height / width))
    n_columns = min(whole("plot_receptive_fields.n_columns", n_columns, 1), n_shown)
    w_max = top_of("plot_receptive_fields.w_max", w_max, matrix)
    n_rows = math.ceil(n_shown / n_columns)
    mosaic = mosaic_of(matrix[:, :n_shown], (n_rows, n_columns), (height, width))
    axes, points = draw_mosaic(mosaic, (height, width), w_max=w_max, cmap=cmap, axes=axes)
    _number_tiles(axes, (n_rows, n_columns), (height, width))
    if labels is not None:
        size = min(max(0.32 * points, 3.5), 9.0)
        _label_tiles(axes, labels[:n_shown], n_columns, (height, width), size)

    shown = f"{n_neurons:,}" if n_shown == n_neurons else f"the first {n_shown:,} of {n_neurons:,}"
    label(axes, title=f"Receptive fields of {shown} neuron{'s' if n_neurons > 1 else ''}")
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
    label(axes, y="neuron")
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
    for index, text in enumerate(labels):
        if text is None or (not isinstance(text, str) and text == -1):
            continue
        row, column = divmod(index, n_columns)
        axes.text(
            (column + 0.06) * width,
            (row + 0.05) * height,
            str(text),
            fontsize=size,
            color="white",
            ha="left",
            va="top",
            # The outline keeps the text readable on bright weights.
            path_effects=[withStroke(linewidth=0.2 * size, foreground="black")],
        )


def tile_shape(name: str, shape: tuple[int, int] | None, n_features: int) -> tuple[int, int]:
    """Return height and width of an image of that many features; of a square where None.

    Raises
    ------
    ParameterError
        If it has another number of pixels; `name` stands in the message.
    """
    if shape is None:
        side = math.isqrt(n_features)
        if side * side != n_features:
            raise ParameterError(
                f"{name}: must be given where the number of features is no square, got None for "
                f"{n_features} features; pass (height, width)"
            )
        return side, side
    try:
        height, width = map(operator.index, shape)
    except (TypeError, ValueError):
        height, width = 0, 0
    if height < 1 or width < 1 or height * width != n_features:
        raise ParameterError(
            f"{name}: must be (height, width) with height * width == n_features, got {shape!r} "
            f"for {n_features} features"
        )
    return height, width


def neurons_of(
    where: str, kept: npt.NDArray[np.int64], neurons: Any, most: int
) -> npt.NDArray[np.int64]:
    """Return the neurons to draw, of those whose weights were recorded; the first where None."""
    if neurons is None:
        return kept[:most]
    chosen = np.asarray(neurons).ravel()
    if not len(chosen) or not np.isin(chosen, kept).all():
        raise ParameterError(
            f"{where}.neurons: must be neurons whose weights were recorded, {some(kept)}; "
            f"got {neurons!r}"
        )
    return chosen.astype(np.int64)


def top_of(where: str, w_max: float | None, weights: npt.NDArray[Any]) -> float:
    """Return the weight at the upper end of the colors; of the weights, or 1, where None."""
    if w_max is None:
        top = float(np.nanmax(weights, initial=0.0))
        return top if top > 0 else 1.0
    if not (np.isfinite(w_max) and w_max > 0):
        raise ParameterError(f"{where}: must be finite and > 0, got {w_max!r}")
    return w_max


def mosaic_of(
    matrix: npt.NDArray[np.float64], grid: tuple[int, int], tile: tuple[int, int]
) -> npt.NDArray[np.float64]:
    """Lay the columns of a matrix out as tiles, row by row; where there is none it is NaN."""
    (n_rows, n_columns), (height, width) = grid, tile
    tiles = np.full((n_rows * n_columns, height, width), np.nan)
    tiles[: matrix.shape[1]] = matrix.T.reshape(-1, height, width)
    rows = tiles.reshape(n_rows, n_columns, height, width).swapaxes(1, 2)
    return rows.reshape(n_rows * height, n_columns * width)


def draw_mosaic(
    mosaic: npt.NDArray[np.float64],
    tile: tuple[int, int],
    *,
    w_max: float,
    cmap: str | Colormap,
    axes: Axes | None,
) -> tuple[Axes, float]:
    """Draw a mosaic of weights from 0 to `w_max`, and its color bar as an inset.

    Returns
    -------
    axes : matplotlib.axes.Axes
        The given Axes, or those of a new figure.
    points : float
        Length of the shorter side of a tile, so that letters can fit it.
    """
    height, width = tile
    if axes is None:
        inches = 5.4 / max(mosaic.shape)
        tall, wide = (max(pixels * inches, 1.8) for pixels in mosaic.shape)
        # "compressed" is constrained layout for axes of fixed aspect.
        axes = new_axes(None, (wide + 1.4, tall + 0.8), "compressed")
    image = axes.imshow(
        np.ma.masked_invalid(mosaic),
        cmap=cmap,
        vmin=0.0,
        vmax=w_max,
        # Pixel edges on whole numbers, so that the tile in row r starts at y = r * height.
        extent=(0.0, mosaic.shape[1], mosaic.shape[0], 0.0),
        # The user's rcParams must not blur the pixels of a small mosaic.
        interpolation="auto",
    )
    points = _points_per_pixel(axes) * min(height, width)
    line_width, paper = min(max(0.06 * points, 0.8), 2.5), axes.get_facecolor()
    for separators in (
        axes.hlines(np.arange(height, mosaic.shape[0], height), 0, mosaic.shape[1]),
        axes.vlines(np.arange(width, mosaic.shape[1], width), 0, mosaic.shape[0]),
    ):
        separators.set(linewidth=line_width, color=paper)
    extend = {(0, 0): "neither", (0, 1): "max", (1, 0): "min", (1, 1): "both"}[
        int(np.nanmin(mosaic) < 0), int(np.nanmax(mosaic) > w_max)
    ]
    color_bar(axes, image, "synaptic weight", inset=0.03, extend=extend)
    return axes, points


def _points_per_pixel(axes: Axes) -> float:
    """Tell how large a pixel of the mosaic comes out, so that lines and letters fit its tiles."""
    box, mosaic = axes.get_window_extent(), axes.dataLim
    dots = min(box.height / mosaic.height, box.width / mosaic.width)
    return float(dots * 72 / axes.figure.dpi)
