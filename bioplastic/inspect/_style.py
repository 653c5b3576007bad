"""What all pictures share: colours that colour-blind readers tell apart, and plain axes."""

from typing import Final

from matplotlib.axes import Axes

__all__ = ["COLORS", "INK", "declutter"]

INK: Final = "#333333"

# Ten colours found by a survey for colour-blind readers: M. A. Petroff, "Accessible color sequences
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


def declutter(axes: Axes, *, keep: tuple[str, ...] = ("left", "bottom")) -> None:
    """Hide the spines that carry no scale, and draw the others thin."""
    for side, spine in axes.spines.items():
        spine.set_visible(side in keep)
        spine.set_linewidth(0.8)
        spine.set_color(INK)
    axes.tick_params(labelsize=9, width=0.8, length=3, color=INK, labelcolor=INK)
