"""Images of one shape, drawn side by side with one scale of colours."""

import math
import operator

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Colormap

from bioplastic.errors import ParameterError
from bioplastic.inspect._style import INK, declutter

__all__ = ["draw_mosaic", "mosaic_of", "tile_shape"]


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
    """Draw a mosaic of weights from 0 to `w_max`, and its colour bar as an inset.

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
        _, axes = plt.subplots(figsize=(wide + 1.4, tall + 0.8), layout="compressed")
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
    # An inset takes no room from the Axes of the user's own layout, and is as tall as the mosaic.
    bar_axes = axes.inset_axes((1.02, 0.0, 0.03, 1.0))
    extend = {(0, 0): "neither", (0, 1): "max", (1, 0): "min", (1, 1): "both"}[
        int(np.nanmin(mosaic) < 0), int(np.nanmax(mosaic) > w_max)
    ]
    bar = axes.figure.colorbar(image, cax=bar_axes, extend=extend)
    bar.set_label("synaptic weight", fontsize=9, color=INK)
    declutter(bar_axes, keep=())
    bar.outline.set_visible(False)
    return axes, points


def _points_per_pixel(axes: Axes) -> float:
    """Tell how large a pixel of the mosaic comes out, so that lines and letters fit its tiles."""
    box, mosaic = axes.get_window_extent(), axes.dataLim
    dots = min(box.height / mosaic.height, box.width / mosaic.width)
    return float(dots * 72 / axes.figure.dpi)
