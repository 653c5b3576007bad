"""What pictures of scores share: checks of curves, lines with their spread, labels."""

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from bioplastic.errors import DataError
from bioplastic.inspect._style import COLORS, INK, declutter

__all__ = ["check_curve", "check_mapping", "draw_curves", "finish", "new_axes"]

Array = npt.NDArray[np.float64]


def check_mapping(where: str, curves: Any) -> Mapping[Any, Any]:
    """Refuse what is no mapping of curves, or an empty one."""
    if not isinstance(curves, Mapping) or not curves:
        raise DataError(
            f"{where}.curves: must map labels to curves, got {type(curves).__name__}; give e.g. "
            f'{{"timing": curve}}'
        )
    return curves


def check_curve(
    where: str, label: Any, x: npt.ArrayLike, scores: npt.ArrayLike
) -> tuple[Array, Array]:
    """Return x, and scores of shape (n_repeats, n_points).

    Raises
    ------
    DataError
        If their shapes do not fit, x is not finite or does not rise, or scores are missing.
    """
    try:
        places = np.asarray(x, dtype=np.float64)
        values = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}.curves: {label!r} must hold numbers, {error}") from error
    if places.ndim != 1 or not places.size or values.ndim != 2 or not len(values):
        raise DataError(
            f"{where}.curves: {label!r} must have one-dimensional places and scores of all repeats"
            f", got the shapes {places.shape} and {values.shape}"
        )
    if values.shape[1] != len(places):
        raise DataError(
            f"{where}.curves: {label!r} has {len(places)} places, but scores for {values.shape[1]}"
        )
    if not np.isfinite(places).all() or (np.diff(places) <= 0).any():
        raise DataError(f"{where}.curves: {label!r} must have places that are finite and rise")
    if np.isinf(values).any() or np.isnan(values).all(axis=0).any():
        raise DataError(
            f"{where}.curves: {label!r} must have finite scores, and one at each place at least"
        )
    return places, values


def new_axes(axes: Axes | None) -> Axes:
    """Return the given Axes, or those of a new figure."""
    if axes is None:
        _, axes = plt.subplots(figsize=(7.0, 4.0), layout="constrained")
    return axes


def draw_curves(axes: Axes, curves: Mapping[str, tuple[Array, Array]]) -> None:
    """Draw means over repeats, with one standard deviation to either side."""
    for k, (label, (x, scores)) in enumerate(curves.items()):
        color = COLORS[k % len(COLORS)]
        mean = np.nanmean(scores, axis=0)
        count = np.maximum((~np.isnan(scores)).sum(axis=0) - 1, 1)
        spread = np.sqrt(np.nansum((scores - mean) ** 2, axis=0) / count)
        few = len(x) <= 20
        axes.plot(
            x, mean, color=color, linewidth=1.8, marker="o" if few else None, markersize=4,
            label=label,
        )  # fmt: skip
        if len(x) == 1:
            axes.errorbar(x, mean, yerr=spread, color=color, linewidth=1.4, capsize=3)
            axes.axhline(mean[0], color=color, linewidth=1.0, linestyle=(0, (5, 3)), zorder=1)
        elif spread.any():
            axes.fill_between(
                x, mean - spread, mean + spread, color=color, alpha=0.2, linewidth=0, zorder=1
            )


def finish(axes: Axes, *, chance: float | None, ylabel: str, title: str) -> None:
    """Draw the level of chance, and write all labels."""
    if chance is not None:
        axes.axhline(chance, color=INK, linewidth=0.8, linestyle=":", zorder=0)
        axes.annotate(
            "chance",
            (1.0, chance),
            xycoords=("axes fraction", "data"),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            annotation_clip=False,
            fontsize=8,
            color=INK,
        )
        axes.set_ylim(min(axes.get_ylim()[0], chance - 0.03), None)
    axes.set_ylim(None, min(axes.get_ylim()[1], 1.02) if axes.get_ylim()[0] < 1.0 else None)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.set_ylabel(ylabel, fontsize=9, color=INK)
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    declutter(axes)
    # White behind it, so that lines of chance and of readouts do not run through the words.
    axes.legend(facecolor="white", edgecolor="none", fontsize=9, labelcolor=INK, loc="best")
