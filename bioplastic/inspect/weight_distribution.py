"""How weights spread while a network learns."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from bioplastic.errors import ParameterError
from bioplastic.inspect._recording_panels import check_recording, label_training
from bioplastic.inspect._style import INK
from bioplastic.inspect._weight_distribution import draw_weight_distribution, edges_between
from bioplastic.inspect.recording import PlasticityRecording

__all__ = ["plot_weight_distribution"]


def plot_weight_distribution(
    recording: PlasticityRecording,
    *,
    projection: str | None = None,
    n_bins: int = 50,
    axes: Axes | None = None,
) -> Axes:
    """Draw the distribution of weights over the training as a heat map.

    Parameters
    ----------
    recording : PlasticityRecording
        With weights; of every recorded sample its last moment is drawn.
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
        colours on a logarithmic scale. White is where no synapse is.

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
    >>> from bioplastic.inspect import PlasticityRecorder, plot_weight_distribution
    >>> from bioplastic.networks import DiehlCook
    >>> recorder = PlasticityRecorder(every=2)
    >>> net = DiehlCook(5, n_epochs=1, presentation=20 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0,
    ...                 engine="numpy", random_state=0)
    >>> net = net.fit(load_digits().data[:4], recorder=recorder)
    >>> plot_weight_distribution(recorder.recording).get_xlabel()
    'samples presented'
    """
    where = "plot_weight_distribution"
    check_recording(where, recording)
    if n_bins < 1:
        raise ParameterError(f"{where}.n_bins: must be at least 1, got {n_bins!r}")
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
    if axes is None:
        _, axes = plt.subplots(figsize=(7.0, 3.4), layout="constrained")
    edges = edges_between(done)
    draw_weight_distribution(axes, edges, bins, share)
    label_training(axes, edges)
    axes.yaxis.label.set_fontsize(9)
    axes.set_title(f"Weights over {done[-1]:,} samples", loc="left", fontsize=11, color=INK)
    return axes
