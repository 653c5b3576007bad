"""How receptive fields form while a network learns."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Colormap

from bioplastic.errors import ParameterError
from bioplastic.inspect._mosaic import draw_mosaic, mosaic_of, tile_shape
from bioplastic.inspect._recording_panels import check_recording
from bioplastic.inspect._style import INK, declutter
from bioplastic.inspect.recording import PlasticityRecording

__all__ = ["plot_receptive_fields_over_training"]

#: Neurons that are drawn where nobody says which.
MAX_NEURONS = 6


def plot_receptive_fields_over_training(
    recording: PlasticityRecording,
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
    recording : PlasticityRecording
        With weights.
    neurons : sequence of int, optional
        Postsynaptic neurons, of those that the recording kept; the first 6 of them where None.
    shape : tuple of (height, width), in pixels, optional
        Shape of a tile; None takes a square of n_pre pixels.
    n_moments : int
        Recorded samples to draw at most: the first, the last, and others evenly between them.
    projection : str, optional
        Whose weights; of the only projection with recorded weights where None.
    w_max : float, without unit, optional
        Weight at the upper end of the colour scale, which starts at 0; None takes the largest
        weight that is drawn.
    cmap : str or matplotlib.colors.Colormap, default="magma"
        Colours of the weights.
    axes : matplotlib.axes.Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    axes : matplotlib.axes.Axes
        The Axes with the tiles as its only image; the colour bar is an inset of it.

    Raises
    ------
    ParameterError
        If the recording holds no such weights or not those of a neuron, n_pre is no square and
        `shape` is missing, or a number is not positive.

    See Also
    --------
    plot_receptive_fields : The weights of all neurons at the end.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.datasets import load_digits
    >>> from bioplastic.inspect import PlasticityRecorder, plot_receptive_fields_over_training
    >>> from bioplastic.networks import DiehlCook
    >>> recorder = PlasticityRecorder(every=2)
    >>> net = DiehlCook(5, n_epochs=1, presentation=20 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0,
    ...                 engine="numpy", random_state=0)
    >>> net = net.fit(load_digits().data[:4], recorder=recorder)
    >>> axes = plot_receptive_fields_over_training(recorder.recording)
    >>> [tick.get_text() for tick in axes.get_xticklabels()]
    ['0', '2', '4']
    """
    where = "plot_receptive_fields_over_training"
    check_recording(where, recording)
    if n_moments < 1:
        raise ParameterError(f"{where}.n_moments: must be at least 1, got {n_moments!r}")
    if w_max is not None and not (np.isfinite(w_max) and w_max > 0):
        raise ParameterError(f"{where}.w_max: must be finite and > 0, got {w_max!r}")
    points = recording.last_points()
    chosen = np.linspace(len(points) - 1, 0, min(n_moments, len(points))).round().astype(int)
    points = points[chosen[::-1]]
    matrices = [recording.weight_matrix(point, projection) for point in points]
    kept = recording.neurons if projection is None else recording.projections[projection].neurons
    drawn = kept[:MAX_NEURONS] if neurons is None else np.asarray(neurons, dtype=np.int64).ravel()
    missing = drawn[~np.isin(drawn, kept)]
    if len(missing) or not len(drawn):
        raise ParameterError(
            f"{where}.neurons: must be neurons whose weights were recorded, "
            f"{', '.join(map(str, kept[:20]))}{', ...' if len(kept) > 20 else ''}; "
            f"got {neurons!r}"
        )
    tile = tile_shape(f"{where}.shape", shape, matrices[0].shape[0])
    columns = np.searchsorted(kept, drawn)
    # A row of tiles is a neuron: of each moment its column, one moment after the other.
    stacked = np.stack([matrix[:, columns] for matrix in matrices], axis=2)
    grid = (len(drawn), len(points))
    mosaic = mosaic_of(stacked.reshape(len(stacked), -1).astype(np.float64), grid, tile)
    if w_max is None:
        top = float(np.nanmax(mosaic, initial=0.0))
        w_max = top if top > 0 else 1.0
    axes, _ = draw_mosaic(mosaic, tile, w_max=w_max, cmap=cmap, axes=axes)
    done = recording.samples[points] + 1
    axes.set_xticks((np.arange(len(points)) + 0.5) * tile[1], [f"{n:,}" for n in done])
    axes.set_yticks((np.arange(len(drawn)) + 0.5) * tile[0], [str(n) for n in drawn])
    axes.set_xlabel("samples presented", fontsize=9, color=INK)
    axes.set_ylabel("neuron", fontsize=9, color=INK)
    axes.set_title("Receptive fields over the training", loc="left", fontsize=11, color=INK)
    declutter(axes, keep=())
    axes.tick_params(length=0)
    return axes
