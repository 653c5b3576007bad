"""What all pictures share: colors that color-blind readers tell apart, plain axes, panels."""

from collections.abc import Sequence
from typing import Any, Final

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from bioplastic.errors import ParameterError

INK: Final = "#333333"

# Ten colors found by a survey for color-blind readers: M. A. Petroff, "Accessible color sequences
# for data visualization", 2021, arXiv:2107.02270.
COLORS: Final = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)


def new_axes(axes: Axes | None, size: tuple[float, float], layout: Any = "constrained") -> Axes:
    """Return the given Axes, or those of a new figure of that size in inches."""
    if axes is None:
        _, axes = plt.subplots(figsize=size, layout=layout)
    return axes


def panels_of(
    where: str,
    axes: npt.NDArray[Any] | Sequence[Axes] | None,
    n: int,
    *,
    side_by_side: bool = False,
    **figure: Any,
) -> npt.NDArray[Any]:
    """Return the given Axes, or those of a new figure, one above the other or side by side.

    Raises
    ------
    ParameterError
        If there are not `n` of them.
    """
    if axes is None:
        if not side_by_side:
            figure = {"sharex": True} | figure
        rows, columns = (1, n) if side_by_side else (n, 1)
        _, new = plt.subplots(rows, columns, layout="constrained", squeeze=False, **figure)
        return np.ravel(new)
    panels = np.asarray(axes, dtype=object).ravel()
    if len(panels) != n or not all(isinstance(panel, Axes) for panel in panels):
        shape = f"1, {n}" if side_by_side else f"{n}, 1, sharex=True"
        raise ParameterError(
            f"{where}.axes: must hold {n} Axes, got {len(panels)} objects; make them with "
            f"plt.subplots({shape})"
        )
    return panels


def label(axes: Axes, x: str | None = None, y: str | None = None, title: str | None = None) -> None:
    """Write what there is to write beside the axes and, at the left, above them."""
    if x is not None:
        axes.set_xlabel(x, fontsize=9, color=INK)
    if y is not None:
        axes.set_ylabel(y, fontsize=9, color=INK)
    if title is not None:
        axes.set_title(title, loc="left", fontsize=11, color=INK)


def label_training(panel: Axes, done: npt.NDArray[Any]) -> None:
    """Let an x axis count the samples presented."""
    if done[-1] > done[0]:
        panel.set_xlim(done[0], done[-1])
    label(panel, "samples presented")
    panel.xaxis.set_major_formatter("{x:,.0f}")


def declutter(axes: Axes, *, keep: tuple[str, ...] = ("left", "bottom")) -> None:
    """Hide the spines that carry no scale, and draw the others thin."""
    for side, spine in axes.spines.items():
        spine.set_visible(side in keep)
        spine.set_linewidth(0.8)
        spine.set_color(INK)
    axes.tick_params(labelsize=9, width=0.8, length=3, color=INK, labelcolor=INK)


def color_bar(
    axes: Axes, drawn: Any, text: str, *, inset: float | None = 0.02, **options: Any
) -> Any:
    """Draw the scale of colors at the right.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        What was drawn into.
    drawn : matplotlib.cm.ScalarMappable
        What has the colors.
    text : str
        What they stand for.
    inset : float, optional
        Width of an inset, which takes no room from the Axes of the user's own layout; None
        takes room from `axes`.
    **options
        Of :meth:`matplotlib.figure.Figure.colorbar`.

    Returns
    -------
    bar : matplotlib.colorbar.Colorbar
    """
    if inset is None:
        options["ax"] = axes
    else:
        options["cax"] = axes.inset_axes((1.02, 0.0, inset, 1.0))
    bar = axes.figure.colorbar(drawn, **options)
    bar.set_label(text, fontsize=9, color=INK)
    declutter(bar.ax, keep=())
    bar.outline.set_visible(False)
    return bar


def some(values: Sequence[Any] | npt.NDArray[Any]) -> str:
    """List values for a message, the first 20 of them."""
    listed = ", ".join(map(str, values[:20])) or "(none)"
    return f"{listed}, ..." if len(values) > 20 else listed
