"""What became of weights while a network learned: receptive fields, distributions, changes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LogNorm

from bioplastic._quantities import whole
from bioplastic.errors import ParameterError
from bioplastic.inspect._style import (
    COLORS,
    INK,
    color_bar,
    declutter,
    label,
    label_training,
    new_axes,
    panels_of,
    some,
)
from bioplastic.inspect.receptive_fields import (
    draw_mosaic,
    mosaic_of,
    neurons_of,
    tile_shape,
    top_of,
)

if TYPE_CHECKING:
    from bioplastic.inspect.recording import PlasticityRecording

#: Neurons that are drawn where nobody says which.
MAX_NEURONS = 6


def plot_receptive_fields(
    recording: "PlasticityRecording",
    *,
    neurons: Sequence[int] | npt.NDArray[Any] | None = None,
    shape: tuple[int, int] | None = None,
    n_moments: int = 8,
    projection: str | None = None,
    w_max: float | None = None,
    cmap: str | Colormap = "magma",
    axes: Axes | None = None,
) -> Axes:
    """Draw the weights onto some neurons at some moments, a row a neuron and a column a moment.

    Parameters
    ----------
    neurons : sequence of int, optional
        Postsynaptic neurons, of those that the recording kept; the first 6 of them where None.
    shape : tuple of (height, width), in pixels, optional
        Shape of a tile; None takes a square of n_pre pixels.
    n_moments : int
        Recorded samples to draw at most: the first, the last, and others evenly between them.
    projection : str, optional
        Whose weights; of the only projection with recorded weights where None.
    w_max : float, without unit, optional
        Weight at the upper end of the color scale, which starts at 0; None takes the largest
        weight that is drawn.
    cmap : str or matplotlib.colors.Colormap, default="magma"
        Colors of the weights.
    axes : matplotlib.axes.Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    axes : matplotlib.axes.Axes
        The Axes with the tiles as its only image; the color bar is an inset of it.

    Raises
    ------
    ParameterError
        If the recording holds no such weights or not those of a neuron, n_pre is no square and
        `shape` is missing, or a number is not positive.

    See Also
    --------
    bioplastic.inspect.plot_receptive_fields : The weights of all neurons at the end.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.datasets import load_digits
    >>> from bioplastic.inspect import PlasticityRecorder
    >>> from bioplastic.networks import DiehlCook
    >>> recorder = PlasticityRecorder(every=2)
    >>> net = DiehlCook(5, n_epochs=1, presentation=20 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0,
    ...                 engine="numpy", random_state=0)
    >>> net = net.fit(load_digits().data[:4], recorder=recorder)
    >>> axes = recorder.recording.plot_receptive_fields()
    >>> [tick.get_text() for tick in axes.get_xticklabels()]
    ['0', '2', '4']
    """
    where = "PlasticityRecording.plot_receptive_fields"
    points = recording.last_points(whole(f"{where}.n_moments", n_moments, 1))
    matrices = [recording.weight_matrix(point, projection) for point in points]
    kept = recording.neurons if projection is None else recording.projections[projection].neurons
    drawn = neurons_of(where, kept, neurons, MAX_NEURONS)
    tile = tile_shape(f"{where}.shape", shape, matrices[0].shape[0])
    columns = np.searchsorted(kept, drawn)
    # A row of tiles is a neuron: of each moment its column, one moment after the other.
    stacked = np.stack([matrix[:, columns] for matrix in matrices], axis=2)
    grid = (len(drawn), len(points))
    mosaic = mosaic_of(stacked.reshape(len(stacked), -1).astype(np.float64), grid, tile)
    w_max = top_of(f"{where}.w_max", w_max, mosaic)
    axes, _ = draw_mosaic(mosaic, tile, w_max=w_max, cmap=cmap, axes=axes)
    done = recording.samples[points] + 1
    axes.set_xticks((np.arange(len(points)) + 0.5) * tile[1], [f"{n:,}" for n in done])
    axes.set_yticks((np.arange(len(drawn)) + 0.5) * tile[0], [str(n) for n in drawn])
    label(axes, "samples presented", "neuron", "Receptive fields over the training")
    declutter(axes, keep=())
    axes.tick_params(length=0)
    return axes


def plot_weight_distribution(
    recording: "PlasticityRecording",
    *,
    projection: str | None = None,
    n_bins: int = 50,
    axes: Axes | None = None,
) -> Axes:
    """Draw the distribution of weights over the training as a heat map.

    Parameters
    ----------
    projection : str, optional
        Whose weights; of the only projection with recorded weights where None.
    n_bins : int
        Bins of the weights, from 0 or the smallest to the largest that occurs.
    axes : matplotlib.axes.Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    axes : matplotlib.axes.Axes
        Samples presented from left to right, weights upwards, the share of the synapses as
        colors on a logarithmic scale. White is where no synapse is.

    Raises
    ------
    ParameterError
        If the recording holds no such weights, or `n_bins` is below 1.

    See Also
    --------
    plot_weight_change : What became of each synapse.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.datasets import load_digits
    >>> from bioplastic.inspect import PlasticityRecorder
    >>> from bioplastic.networks import DiehlCook
    >>> recorder = PlasticityRecorder(every=2)
    >>> net = DiehlCook(5, n_epochs=1, presentation=20 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0,
    ...                 engine="numpy", random_state=0)
    >>> net = net.fit(load_digits().data[:4], recorder=recorder)
    >>> recorder.recording.plot_weight_distribution().get_xlabel()
    'samples presented'
    """
    where = "PlasticityRecording.plot_weight_distribution"
    n_bins = whole(f"{where}.n_bins", n_bins, 1)
    points = recording.last_points()
    done = recording.samples[points] + 1
    low, high = 0.0, 0.0
    for point in points:  # one after the other, since all may be more than the memory holds
        weights = recording.weights(projection, points=point)
        low = min(low, float(weights.min(initial=0.0)))
        high = max(high, float(weights.max(initial=0.0)))
    bins = np.linspace(low, high if high > low else low + 1.0, n_bins + 1)
    share = np.zeros((len(points), n_bins))
    for row, point in enumerate(points):
        weights = recording.weights(projection, points=point)
        share[row] = np.histogram(weights, bins)[0] / max(weights.size, 1)
    axes = new_axes(axes, (7.0, 3.4))
    edges = edges_between(done)
    draw_weight_distribution(axes, edges, bins, share)
    label_training(axes, edges)
    label(axes, title=f"Weights over {done[-1]:,} samples")
    return axes


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
    """Draw a column of colors for each record, with its color bar at the right.

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
    # Four decades show the tail of strong synapses without giving the rarest bins all the colors.
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
    label(panel, y="synaptic weight")
    declutter(panel)
    color_bar(panel, mesh, "share of synapses")


#: More synapses than these are drawn as a density, since points would hide each other.
MAX_POINTS: Final = 3000


def plot_weight_change(
    recording: "PlasticityRecording",
    *,
    first: int | None = None,
    last: int | None = None,
    projection: str | None = None,
    axes: npt.NDArray[Any] | Sequence[Axes] | None = None,
) -> npt.NDArray[Any]:
    """Draw the weight of each synapse late against early, and how much they changed.

    Parameters
    ----------
    first, last : int, optional
        Recorded samples to compare; the first and the last one where None.
    projection : str, optional
        Whose weights; of the only projection with recorded weights where None.
    axes : sequence of 2 matplotlib.axes.Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    axes : ndarray of 2 matplotlib.axes.Axes
        The late weight of each synapse against its early one, as points or, for many synapses, as
        their density; and a histogram of the changes, its counts on a logarithmic scale.

    Raises
    ------
    ParameterError
        If the recording holds no such weights, or a sample that was not recorded is named.

    See Also
    --------
    plot_weight_distribution : How all weights spread over the training.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.datasets import load_digits
    >>> from bioplastic.inspect import PlasticityRecorder
    >>> from bioplastic.networks import DiehlCook
    >>> recorder = PlasticityRecorder(every=2)
    >>> net = DiehlCook(5, n_epochs=1, presentation=20 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0,
    ...                 engine="numpy", random_state=0)
    >>> net = net.fit(load_digits().data[:4], recorder=recorder)
    >>> [panel.get_xlabel() for panel in recorder.recording.plot_weight_change()]
    ['weight at the start', 'change of weight']
    """
    where = "PlasticityRecording.plot_weight_change"
    points = recording.last_points()
    samples = recording.samples[points]
    names, weights = [], []
    for name, sample, place in (("first", first, 0), ("last", last, -1)):
        wanted = samples[place] if sample is None else sample
        found = points[samples == wanted]
        if not len(found):
            raise ParameterError(
                f"{where}.{name}: must be a recorded sample, {some(samples)}; got {sample!r}"
            )
        names.append(f"after {wanted + 1:,} samples" if wanted >= 0 else "at the start")
        values = recording.weights(projection, points=int(found[0]))
        weights.append(values.ravel().astype(np.float64))
    before, after = weights
    panels = panels_of(where, axes, 2, side_by_side=True, figsize=(7.6, 3.6))
    _draw_pairs(panels[0], before, after, names)
    _draw_changes(panels[1], after - before)
    label(panels[0], title=f"{before.size:,} synapses, {names[0]} and {names[1]}")
    return panels


def _draw_pairs(
    panel: Axes, before: npt.NDArray[Any], after: npt.NDArray[Any], names: list[str]
) -> None:
    low = min(0.0, before.min(initial=0.0), after.min(initial=0.0))
    high = max(before.max(initial=0.0), after.max(initial=0.0))
    high = high if high > low else low + 1.0
    margin = 0.02 * (high - low)
    span = (low - margin, high + margin)
    if before.size > MAX_POINTS:
        _, _, _, mesh = panel.hist2d(
            before, after, bins=80, range=(span, span), norm=LogNorm(), cmap="magma_r",
            rasterized=True,
        )  # fmt: skip
        color_bar(panel, mesh, "synapses", inset=0.03)
    else:
        panel.scatter(before, after, s=9, alpha=0.5, color=COLORS[0], linewidths=0)
    panel.plot(span, span, color=INK, linewidth=0.8, linestyle=(0, (5, 3)))
    panel.set(xlim=span, ylim=span, aspect="equal")
    label(panel, f"weight {names[0]}", f"weight {names[1]}")
    declutter(panel)


def _draw_changes(panel: Axes, change: npt.NDArray[Any]) -> None:
    panel.hist(change, bins=60, color=COLORS[0], log=True)
    panel.axvline(0.0, color=INK, linewidth=0.8, linestyle=(0, (5, 3)))
    label(panel, "change of weight", "synapses")
    grew, shrank = (100 * float(np.mean(part)) for part in (change > 0, change < 0))
    panel.set_title(f"{grew:.0f} % grew, {shrank:.0f} % shrank", loc="right", fontsize=9, color=INK)
    declutter(panel)
