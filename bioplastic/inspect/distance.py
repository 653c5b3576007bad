"""How far the states of a liquid part, by how far its inputs were apart."""

from collections.abc import Mapping
from typing import Any, Final

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from bioplastic._quantities import base_units
from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect._style import INK, declutter

__all__ = ["plot_separation"]

_KEYS: Final = ("times", "distances", "labels")


def plot_separation(
    separation: Any,
    *,
    title: str | None = None,
    legend: str = "input distance",
    axes: Axes | None = None,
) -> Axes:
    """Draw the mean distance between states over time, one curve for each input distance.

    Figure 2 of Maass, Natschlaeger and Markram [1]_.

    Parameters
    ----------
    separation : mapping, or object with attributes
        It has

        - ``times`` : (n_times,), in seconds, increasing
        - ``distances`` : (n_curves, n_times), mean distance of the states of pairs of inputs
        - ``labels`` : n_curves, the input distance of each curve, or another text
    title : str, default=None
        Text above the picture; None says what is drawn.
    legend : str, default="input distance"
        What the labels are.
    axes : matplotlib.axes.Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    axes : matplotlib.axes.Axes
        The Axes, with one line a curve; x in seconds. The darker a line, the later in `labels`;
        the legend lists them from the last to the first, as small distances lie below large ones.

    Raises
    ------
    ParameterError
        If one of the three is missing.
    DataError
        If their shapes do not fit, there is no curve, a time is not finite or does not increase, or
        a distance is infinite or negative. A NaN is a gap in its curve.

    References
    ----------
    .. [1] W. Maass, T. Natschläger, H. Markram (2002). Real-time computing without stable states.
       Neural Computation 14(11), 2531-2560. https://doi.org/10.1162/089976602760407955

    Examples
    --------
    >>> from bioplastic.inspect import plot_separation
    >>> curves = {"times": [0.0, 0.1], "distances": [[0.0, 0.1], [0.0, 0.9]], "labels": [0.1, 0.4]}
    >>> [line.get_label() for line in plot_separation(curves).lines]
    ['0.1', '0.4']
    """
    times, distances, labels = _checked(separation)
    if axes is None:
        _, axes = plt.subplots(figsize=(7.0, 3.6), layout="constrained")
    shades = mpl.colormaps["viridis_r"](np.linspace(0.15, 0.95, len(labels)))
    for k in range(len(labels)):
        axes.plot(times, distances[k], color=shades[k], linewidth=1.6, label=labels[k])
    axes.set_xlim(times[0], max(times[-1], times[0] + 1e-9))
    top = np.nan_to_num(distances).max()
    axes.set_ylim(0.0, 1.05 * top if top > 0 else 1.0)
    axes.set_xlabel("time (s)", fontsize=9, color=INK)
    axes.set_ylabel("mean distance of states", fontsize=9, color=INK)
    shown = "How far states part, by how far inputs differ" if title is None else title
    axes.set_title(shown, loc="left", fontsize=11, color=INK)
    declutter(axes)
    handles, texts = axes.get_legend_handles_labels()
    box = axes.legend(
        handles[::-1],
        texts[::-1],
        title=legend,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        fontsize=8,
        title_fontsize=8,
        labelcolor=INK,
        alignment="left",
    )
    box.get_title().set_color(INK)
    return axes


def _checked(
    separation: Any,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], list[str]]:
    found = (
        separation
        if isinstance(separation, Mapping)
        else {key: getattr(separation, key) for key in _KEYS if hasattr(separation, key)}
    )
    missing = [key for key in _KEYS if key not in found]
    if missing:
        raise ParameterError(
            f"plot_separation.separation: must have {', '.join(_KEYS)}; missing: "
            f"{', '.join(missing)}"
        )
    try:
        times = base_units("plot_separation.separation: times", found["times"])
        distances = np.asarray(found["distances"], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"plot_separation.separation: must hold numbers, {error}") from error
    labels = [f"{x:g}" if isinstance(x, float) else str(x) for x in found["labels"]]
    if times.ndim != 1 or distances.shape != (len(labels), times.size) or not distances.size:
        raise DataError(
            "plot_separation.separation: distances must have shape (n_curves, n_times) and not be "
            f"empty, got {distances.shape} with {len(labels)} labels and times of shape "
            f"{times.shape}"
        )
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        raise DataError("plot_separation.separation: times must be finite and increase")
    if np.isinf(distances).any() or (distances < 0).any():
        raise DataError("plot_separation.separation: distances must be finite and not negative")
    return times, distances, labels
