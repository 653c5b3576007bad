"""Panels of a picture of a decoder: its spikes, its decision, its reconstruction."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.ticker import FuncFormatter, MaxNLocator

from bioplastic.inspect._style import COLORS, INK, color_bar, declutter, label
from bioplastic.spikes import SpikeTrains

_FOR: Final = "#1557a8"
# Grey in the middle, not white: a spike that tells nothing is still a spike.
_AGAINST_FOR: Final = LinearSegmentedColormap.from_list(
    "against_for", [COLORS[2], "#e2a08e", "#cccccc", "#8db9e4", _FOR]
)
# Rows that get a name each; more are named every second, every third, and so on.
_MAX_NAMED: Final = 40
# Share of the spikes that may exceed the color scale, as a few would take it all otherwise.
_EXCEEDING: Final = 0.01
# Least distance of two names at the ends of lines, as a share of the axis.
_ROOM: Final = 0.11

Array = npt.NDArray[np.float64]


def draw_raster(
    panel: Axes, x: Array, row: npt.NDArray[np.intp], value: Array, names: list[str], what: str
) -> None:
    """Draw spikes colored by their values, in rows from the top down.

    Parameters
    ----------
    panel : matplotlib.axes.Axes
        Where to draw.
    x, row, value : ndarray of shape (n_spikes,)
        Time in seconds, row, and value of each spike.
    names : list of str of length n_rows
        Names of rows.
    what : str
        What the values are.
    """
    # The strongest last, on top of the others.
    order = np.argsort(np.abs(value), kind="stable")
    x, row, value = x[order], row[order], value[order]
    reach = float(np.quantile(np.abs(value), 1 - _EXCEEDING)) if len(value) else 0.0
    lines = LineCollection(
        [((t, r - 0.4), (t, r + 0.4)) for t, r in zip(x, row, strict=True)], array=value,
        cmap=_AGAINST_FOR, norm=Normalize(-(reach or 1.0), reach or 1.0), linewidths=1.4, zorder=2,
    )  # fmt: skip
    panel.add_collection(lines, autolim=False)
    panel.set_ylim(len(names) - 0.4, -0.6)
    step = max(1, -(-len(names) // _MAX_NAMED))
    panel.set_yticks(np.arange(len(names))[::step], names[::step])
    label(panel, y="neuron, first choice on top")
    declutter(panel)
    panel.tick_params(axis="y", labelsize=9 if len(names) <= 15 else 7, length=0)
    most = float(np.abs(value).max(initial=0.0))
    bar = color_bar(panel, lines, what, extend="both" if most > reach else "neither")
    bar.locator = MaxNLocator(6, symmetric=True)
    bar.formatter = FuncFormatter(lambda value, _: f"{value:g}".replace("-", "\N{MINUS SIGN}"))
    bar.update_ticks()


def draw_decision(
    panel: Axes, one: SpikeTrains, steps: Array, names: list[str], shown: int
) -> None:
    """Draw decisions from spike to spike: for one class, its strongest rival, and the others.

    Parameters
    ----------
    panel : matplotlib.axes.Axes
        Where to draw.
    one : SpikeTrains of one sample
        The spikes.
    steps : ndarray of shape (n_spikes + 1, n_classes)
        Decisions without any spike, after the first one, and so on.
    names : list of str of length n_classes
        Names of classes.
    shown : int
        Which class.
    """
    at = np.concatenate(([0.0], one.times, one.duration))
    steps = np.vstack((steps, steps[-1:]))
    others = [c for c in range(len(names)) if c != shown]
    rival = max(others, key=lambda c: steps[-1, c])
    style: dict[str, Any] = {"drawstyle": "steps-post", "solid_capstyle": "butt"}
    if len(names) > 2:
        for c in others:
            if c != rival:
                panel.plot(at, steps[:, c], color="#c8c8c8", linewidth=0.7, **style)
        panel.plot(at, steps[:, rival], color=COLORS[2], linewidth=1.6, label=names[rival], **style)
    panel.plot(at, steps[:, shown], color=_FOR, linewidth=1.8, label=names[shown], **style)
    panel.axhline(0.0, color=INK, linewidth=0.6, zorder=0)
    declutter(panel)
    label(panel, y="decision so far")
    if len(names) == 2:
        _name_line(panel, steps[-1, shown], names[shown], color=_FOR, bold=True)
        return
    low, high = panel.get_ylim()
    own, other = steps[-1, shown], steps[-1, rival]
    # Names of lines that end close together would lie on each other.
    missing = max(0.0, _ROOM * (high - low) - abs(own - other)) / 2
    away = missing if own >= other else -missing
    _name_line(panel, own + away, names[shown], color=_FOR, bold=True)
    _name_line(panel, other - away, names[rival], color=COLORS[2], bold=False)


def _name_line(panel: Axes, at: float, name: str, *, color: str, bold: bool) -> None:
    panel.annotate(
        name, (1.0, at), xycoords=("axes fraction", "data"), xytext=(4, 0),
        textcoords="offset points", va="center", fontsize=9,
        fontweight="bold" if bold else "normal", color=color, annotation_clip=False,
    )  # fmt: skip


def mark_references(panel: Axes, references: Array, tau: float) -> None:
    """Draw lines at references, with bands of tau where these do not overlap."""
    # Bands that overlap would only say that every time is near a reference.
    apart = bool((np.diff(references) > 2 * tau).all()) and np.isfinite(tau)
    for moment in references:
        panel.axvline(moment, color=COLORS[3], linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
        if apart:
            panel.axvspan(
                moment - tau, moment + tau, color=COLORS[3], alpha=0.15, linewidth=0, zorder=-1
            )


def draw_signals(panel: Axes, dt: float, found: Array, wanted: Array | None) -> None:
    """Draw a reconstruction over what it is to be, both sampled every `dt` seconds."""
    time = dt * np.arange(len(found))
    if wanted is not None:
        panel.plot(time, wanted, color=COLORS[3], linewidth=2.4, label="target")
    panel.plot(time, found, color=_FOR, linewidth=1.2, label="decoded")
    label(panel, y="signal")
    declutter(panel)
    panel.legend(
        frameon=False, fontsize=8, labelcolor=INK, ncols=2, loc="lower right",
        bbox_to_anchor=(1.0, 0.98), borderaxespad=0.0,
    )  # fmt: skip


def draw_trains(panel: Axes, found: Array, wanted: Array | None) -> None:
    """Draw decoded spikes, in seconds, below those that they are to be."""
    rows = [("decoded", found, _FOR)]
    if wanted is not None:
        rows.insert(0, ("target", wanted, INK))
    for row, (name, times, color) in enumerate(rows):
        panel.plot(
            times, np.full(len(times), row), linestyle="none", marker="|", markersize=14,
            markeredgewidth=1.4, color=color, label=name,
        )  # fmt: skip
    panel.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    panel.set_ylim(len(rows) - 0.4, -0.6)
    declutter(panel)
    panel.tick_params(axis="y", length=0)
