"""How weights, thresholds and activity went while a network learned."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect._recording_panels import panels_of
from bioplastic.inspect._style import COLORS, INK, declutter
from bioplastic.inspect._weight_distribution import draw_weight_distribution, edges_between

__all__ = ["plot_weight_history"]

_KEYS: Final = (
    "presentation",
    "weight_bins",
    "weight_histogram",
    "weight_change",
    "theta",
    "spikes",
    "repeated",
)
_HEIGHTS: Final = (2.2, 1.0, 1.0, 1.0)


def plot_weight_history(
    history: Any, *, axes: npt.NDArray[Any] | list[Axes] | None = None
) -> npt.NDArray[Any]:
    r"""Draw weights, their change, thresholds and activity over the presentations.

    Parameters
    ----------
    history : mapping of str to array, or fitted estimator
        An estimator that has it as `history_`, or a mapping with

        - ``presentation`` : (n_records,), presentations done at each record, increasing
        - ``weight_bins`` : (n_bins + 1,), edges of the weight histograms, without unit
        - ``weight_histogram`` : (n_records, n_bins), share of the synapses in each bin
        - ``weight_change`` : (n_records,), mean absolute change of a weight since the last record
        - ``theta`` : (n_records, n_neurons), adaptive threshold, in volt
        - ``spikes`` : (n_records,), mean excitatory spikes a presentation
        - ``repeated`` : (n_records,), share of presentations repeated for want of spikes
    axes : sequence of 4 matplotlib.axes.Axes, default=None
        Where to draw, from top to bottom; None makes a new figure whose panels share their x axis.

    Returns
    -------
    axes : ndarray of 4 matplotlib.axes.Axes
        The distribution of the weights as a heat map, the mean change of a weight a presentation,
        the threshold (in mV; mean, and the range from the smallest to the largest), and the spikes
        a presentation. The share of repeated presentations has its own scale, in percent, at the
        right of the last panel, and is drawn only where some were repeated.

    Raises
    ------
    ParameterError
        If a key is missing, the estimator is not fitted, or `axes` does not hold four Axes.
    DataError
        If the arrays do not fit each other, hold no record, or `presentation` does not increase.

    See Also
    --------
    plot_receptive_fields : The weights at the end.

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic.inspect import plot_weight_history
    >>> history = {
    ...     "presentation": np.array([100, 200]),
    ...     "weight_bins": np.linspace(0, 1, 3),
    ...     "weight_histogram": np.array([[0.6, 0.4], [0.8, 0.2]]),
    ...     "weight_change": np.array([0.02, 0.01]),
    ...     "theta": np.array([[0.020, 0.021], [0.020, 0.022]]),
    ...     "spikes": np.array([12.0, 15.0]),
    ...     "repeated": np.array([0.1, 0.0]),
    ... }
    >>> [panel.get_ylabel() for panel in plot_weight_history(history)][2:]
    ['threshold θ (mV)', 'spikes per\npresentation']
    """
    records = _records(history)
    panels = panels_of(
        "plot_weight_history", axes, len(_HEIGHTS), figsize=(7.0, 7.2), height_ratios=_HEIGHTS
    )
    done = records["presentation"]
    edges = edges_between(done)
    draw_weight_distribution(panels[0], edges, records["weight_bins"], records["weight_histogram"])
    _draw_change(panels[1], done, records["weight_change"])
    _draw_threshold(panels[2], done, 1e3 * records["theta"])
    _draw_activity(panels[3], done, records["spikes"], 100 * records["repeated"])
    for panel in panels:
        panel.set_xlim(edges[0], edges[-1])
        panel.yaxis.label.set_fontsize(9)
    panels[-1].set_xlabel("presentations", fontsize=9, color=INK)
    panels[-1].xaxis.set_major_formatter("{x:,.0f}")
    title = f"Learning over {done[-1]:,.0f} presentations"
    panels[0].set_title(title, loc="left", fontsize=11, color=INK)
    # Labels of panels of one figure at one distance from their scales.
    panels[0].figure.align_ylabels(list(panels))
    return panels


def _records(history: Any) -> dict[str, npt.NDArray[np.float64]]:
    if not isinstance(history, Mapping):
        if not hasattr(history, "history_"):
            raise ParameterError(
                f"plot_weight_history.history: {type(history).__name__} has no history_; call fit "
                "first, or pass the mapping itself"
            )
        history = history.history_
    missing = [key for key in _KEYS if key not in history]
    if missing:
        raise ParameterError(
            f"plot_weight_history.history: must have the keys {', '.join(_KEYS)}; "
            f"missing: {', '.join(missing)}"
        )
    try:
        records = {key: np.asarray(history[key], dtype=np.float64) for key in _KEYS}
    except (TypeError, ValueError) as error:
        raise DataError(f"plot_weight_history.history: must hold numbers, {error}") from error
    n_records, n_bins = records["presentation"].size, records["weight_bins"].size - 1
    theta = records["theta"]
    expected = dict.fromkeys(_KEYS, (n_records,)) | {
        "weight_bins": (n_bins + 1,),
        "weight_histogram": (n_records, n_bins),
        "theta": (n_records, theta.shape[-1] if theta.ndim else 0),
    }
    for key, shape in expected.items():
        if records[key].shape != shape or 0 in shape:
            raise DataError(
                f"plot_weight_history.history: {key} must have shape {shape} and not be empty, got "
                f"{records[key].shape}; presentation gives n_records, weight_bins n_bins + 1"
            )
    if (np.diff(records["presentation"]) <= 0).any():
        raise DataError(
            "plot_weight_history.history: presentation must increase from record to record; "
            "concatenate the parts of a continued training in their order"
        )
    return records


def _draw_change(
    panel: Axes, done: npt.NDArray[np.float64], change: npt.NDArray[np.float64]
) -> None:
    # Nothing can have changed in a record made before the first presentation. Changes cancel in
    # part, so that the rate of a much shorter record, as at the end, is no measure beside the rest.
    between = np.diff(done, prepend=0.0)
    comparable = (between > 0) & (between >= np.median(between) / 2)
    rate = np.divide(change, between, out=np.full_like(change, np.nan), where=comparable)
    _draw_line(panel, done, rate, color=COLORS[0])
    panel.set_ylabel("mean |Δw| per\npresentation", color=INK)
    _start_at_zero(panel, rate)
    panel.ticklabel_format(axis="y", scilimits=(-2, 3), useMathText=True)
    panel.yaxis.get_offset_text().set(fontsize=8, color=INK)
    declutter(panel)


def _draw_threshold(
    panel: Axes, done: npt.NDArray[np.float64], theta: npt.NDArray[np.float64]
) -> None:
    panel.fill_between(
        done,
        theta.min(axis=1),
        theta.max(axis=1),
        color=COLORS[4],
        alpha=0.2,
        linewidth=0,
        label="range",
    )
    _draw_line(panel, done, theta.mean(axis=1), color=COLORS[4], label="mean")
    panel.set_ylabel("threshold θ (mV)", color=INK)
    panel.legend(frameon=False, fontsize=8, labelcolor=INK, ncols=2, loc="upper left")
    declutter(panel)


def _draw_activity(
    panel: Axes,
    done: npt.NDArray[np.float64],
    spikes: npt.NDArray[np.float64],
    repeated: npt.NDArray[np.float64],
) -> None:
    _draw_line(panel, done, spikes, color=COLORS[2])
    panel.set_ylabel("spikes per\npresentation", color=COLORS[2])
    _start_at_zero(panel, spikes)
    declutter(panel)
    if np.nan_to_num(repeated).max() > 0:
        twin = panel.twinx()
        _draw_line(twin, done, repeated, color=COLORS[8], linestyle="--")
        _start_at_zero(twin, repeated)
        twin.set_ylabel("repeated\npresentations (%)", fontsize=9, color=COLORS[8])
        declutter(twin, keep=("right",))


def _draw_line(panel: Axes, x: npt.NDArray[Any], y: npt.NDArray[Any], **style: Any) -> None:
    # Few records are points that a line joins, and a single one would be no line at all.
    marker = "o" if len(x) <= 30 else None
    panel.plot(x, y, linewidth=1.4, marker=marker, markersize=3, **style)


def _start_at_zero(panel: Axes, y: npt.NDArray[np.float64]) -> None:
    top = np.nan_to_num(y).max()
    panel.set_ylim(0.0, 1.1 * top if top > 0 else 1.0)
