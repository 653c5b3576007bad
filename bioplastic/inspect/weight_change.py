"""What learning did to each synapse."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from bioplastic.errors import ParameterError
from bioplastic.inspect._recording_panels import check_recording, panels_of
from bioplastic.inspect._style import COLORS, INK, declutter
from bioplastic.inspect.recording import PlasticityRecording

__all__ = ["plot_weight_change"]

#: More synapses than these are drawn as a density, since points would hide each other.
MAX_POINTS: Final = 3000


def plot_weight_change(
    recording: PlasticityRecording,
    *,
    first: int | None = None,
    last: int | None = None,
    projection: str | None = None,
    axes: npt.NDArray[Any] | Sequence[Axes] | None = None,
) -> npt.NDArray[Any]:
    """Draw the weight of each synapse late against early, and how much they changed.

    Parameters
    ----------
    recording : PlasticityRecording
        With weights.
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
    >>> from bioplastic.inspect import PlasticityRecorder, plot_weight_change
    >>> from bioplastic.networks import DiehlCook
    >>> recorder = PlasticityRecorder(every=2)
    >>> net = DiehlCook(5, n_epochs=1, presentation=20 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0,
    ...                 engine="numpy", random_state=0)
    >>> net = net.fit(load_digits().data[:4], recorder=recorder)
    >>> [panel.get_xlabel() for panel in plot_weight_change(recorder.recording)]
    ['weight at the start', 'change of weight']
    """
    where = "plot_weight_change"
    check_recording(where, recording)
    points = recording.last_points()
    early, late = (
        _point(recording, points, name, sample, default)
        for name, sample, default in (("first", first, points[0]), ("last", last, points[-1]))
    )
    before, after = (
        recording.weights(projection, points=point).ravel().astype(np.float64)
        for point in (early, late)
    )
    panels = panels_of(where, axes, 2, side_by_side=True, figsize=(7.6, 3.6))
    names = [_moment(recording, point) for point in (early, late)]
    _draw_pairs(panels[0], before, after, names)
    _draw_changes(panels[1], after - before)
    panels[0].set_title(
        f"{before.size:,} synapses, {names[0]} and {names[1]}", loc="left", fontsize=11, color=INK
    )
    return panels


def _point(
    recording: PlasticityRecording,
    points: npt.NDArray[np.int64],
    name: str,
    sample: int | None,
    default: np.int64,
) -> int:
    if sample is None:
        return int(default)
    found = points[recording.samples[points] == sample]
    if not len(found):
        raise ParameterError(
            f"plot_weight_change.{name}: must be a recorded sample, "
            f"{', '.join(map(str, recording.samples[points][:20]))}"
            f"{', ...' if len(points) > 20 else ''}; got {sample!r}"
        )
    return int(found[0])


def _moment(recording: PlasticityRecording, point: int) -> str:
    done = int(recording.samples[point]) + 1
    return "at the start" if done == 0 else f"after {done:,} samples"


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
        bar_axes = panel.inset_axes((1.02, 0.0, 0.03, 1.0))
        bar = panel.figure.colorbar(mesh, cax=bar_axes)
        bar.set_label("synapses", fontsize=9, color=INK)
        declutter(bar_axes, keep=())
        bar.outline.set_visible(False)
    else:
        panel.scatter(before, after, s=9, alpha=0.5, color=COLORS[0], linewidths=0)
    panel.plot(span, span, color=INK, linewidth=0.8, linestyle=(0, (5, 3)))
    panel.set(xlim=span, ylim=span, aspect="equal")
    panel.set_xlabel(f"weight {names[0]}", fontsize=9, color=INK)
    panel.set_ylabel(f"weight {names[1]}", fontsize=9, color=INK)
    declutter(panel)


def _draw_changes(panel: Axes, change: npt.NDArray[Any]) -> None:
    panel.hist(change, bins=60, color=COLORS[0], log=True)
    panel.axvline(0.0, color=INK, linewidth=0.8, linestyle=(0, (5, 3)))
    panel.set_xlabel("change of weight", fontsize=9, color=INK)
    panel.set_ylabel("synapses", fontsize=9, color=INK)
    grew, shrank = (100 * float(np.mean(part)) for part in (change > 0, change < 0))
    panel.set_title(f"{grew:.0f} % grew, {shrank:.0f} % shrank", loc="right", fontsize=9, color=INK)
    declutter(panel)
