"""How weights are spread over training, as a heat map that several pictures share."""

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from bioplastic.inspect._style import INK, declutter

__all__ = ["draw_weight_distribution", "edges_between"]


def edges_between(done: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Find the border between every two records, and the outermost ones."""
    if len(done) == 1:
        return np.array([done[0] - 0.5, done[0] + 0.5])
    middles = (done[1:] + done[:-1]) / 2
    return np.concatenate((done[:1], middles, done[-1:]))


def draw_weight_distribution(
    panel: Axes,
    edges: npt.NDArray[np.float64],
    bins: npt.NDArray[np.float64],
    share: npt.NDArray[np.float64],
) -> None:
    """Draw a column of colours for each record, with its colour bar at the right.

    Parameters
    ----------
    panel : matplotlib.axes.Axes
        Where to draw.
    edges : ndarray of shape (n_records + 1,)
        From where to where a record is drawn.
    bins : ndarray of shape (n_bins + 1,), without unit
        Edges of the bins of weights.
    share : ndarray of shape (n_records, n_bins)
        Share of the synapses in each bin.
    """
    positive = share[share > 0]
    # Four decades show the tail of strong synapses without giving the rarest bins all the colours.
    top = positive.max() if positive.size else 1.0
    mesh = panel.pcolormesh(
        edges,
        bins,
        np.ma.masked_where(~(share > 0), share).T,
        norm=LogNorm(max(positive.min(initial=top / 10), top / 1e4), top),
        cmap="magma_r",
        rasterized=True,
    )
    populated = np.flatnonzero((share > 0).any(axis=0))
    if populated.size and populated[-1] + 1 < 0.7 * share.shape[1]:
        # Most of the range is empty: small weights would share a third of the panel.
        panel.set_ylim(bins[0], bins[round(1.2 * (populated[-1] + 1))])
    panel.set_ylabel("synaptic weight", color=INK)
    declutter(panel)
    bar_axes = panel.inset_axes((1.02, 0.0, 0.02, 1.0))
    bar = panel.figure.colorbar(mesh, cax=bar_axes)
    bar.set_label("share of synapses", fontsize=9, color=INK)
    declutter(bar_axes, keep=())
    bar.outline.set_visible(False)
