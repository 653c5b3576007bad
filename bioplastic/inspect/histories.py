"""Weights, thresholds and rates over the training."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect._style import COLORS, INK, declutter, label, label_training, panels_of
from bioplastic.inspect.weights import draw_weight_distribution, edges_between

if TYPE_CHECKING:
    from bioplastic.inspect.recording import PlasticityRecording

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
    label(panels[-1], "presentations")
    panels[-1].xaxis.set_major_formatter("{x:,.0f}")
    label(panels[0], title=f"Learning over {done[-1]:,.0f} presentations")
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
    label(panel, y="mean |Δw| per\npresentation")
    _start_at_zero(panel, rate)
    panel.ticklabel_format(axis="y", scilimits=(-2, 3), useMathText=True)
    panel.yaxis.get_offset_text().set(fontsize=8, color=INK)
    declutter(panel)


def _draw_threshold(
    panel: Axes, done: npt.NDArray[np.float64], theta: npt.NDArray[np.float64]
) -> None:
    panel.fill_between(
        done, theta.min(axis=1), theta.max(axis=1), color=COLORS[4], alpha=0.2, linewidth=0,
        label="range",
    )  # fmt: skip
    _draw_line(panel, done, theta.mean(axis=1), color=COLORS[4], label="mean")
    label(panel, y="threshold θ (mV)")
    panel.legend(frameon=False, fontsize=8, labelcolor=INK, ncols=2, loc="upper left")
    declutter(panel)


def _draw_activity(
    panel: Axes,
    done: npt.NDArray[np.float64],
    spikes: npt.NDArray[np.float64],
    repeated: npt.NDArray[np.float64],
) -> None:
    _draw_line(panel, done, spikes, color=COLORS[2])
    panel.set_ylabel("spikes per\npresentation", fontsize=9, color=COLORS[2])
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


#: Neurons that are drawn one by one where nobody says which.
N_NEURONS: Final = 3


def plot_homeostasis(
    recording: "PlasticityRecording",
    *,
    population: str | None = None,
    neurons: Sequence[int] | npt.NDArray[Any] | None = None,
    axes: npt.NDArray[Any] | Sequence[Axes] | None = None,
) -> npt.NDArray[Any]:
    """Draw firing rates and adaptive thresholds over the training.

    Parameters
    ----------
    population : str, optional
        Whose; of the only watched population with recorded thresholds where None.
    neurons : sequence of int, optional
        Neurons to draw one by one; where None those that end with the lowest, the middle and the
        highest threshold.
    axes : sequence of 2 matplotlib.axes.Axes, default=None
        Where to draw, from top to bottom; None makes a new figure whose panels share their x axis.

    Returns
    -------
    axes : ndarray of 2 matplotlib.axes.Axes
        Rates, in hertz, each over the time since the recorded sample before; and thresholds, in
        mV. The median over the population, the band from the 10th to the 90th percentile, and
        single neurons.

    Raises
    ------
    ParameterError
        If the recording holds no rates or no thresholds of the population, or there is no such
        neuron.

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
    >>> [panel.get_ylabel() for panel in recorder.recording.plot_homeostasis()]
    ['firing rate (Hz)', 'threshold θ (mV)']
    """
    where = "PlasticityRecording.plot_homeostasis"
    points = recording.last_points()
    thresholds = recording.thresholds(population)
    for what, recorded in (("rates", recording.rates), ("thresholds", thresholds)):
        if recorded is None:
            raise ParameterError(
                f"{where}: the recording holds no {what}; record them with "
                f'PlasticityRecorder(variables=("{what}", ...))'
            )
    assert thresholds is not None
    name = population or next(
        variable.partition(".")[0] for variable in recording.with_role("thresholds")
    )
    if name not in recording.watched:
        raise ParameterError(
            f"{where}.population: must be a watched population, "
            f"{', '.join(map(repr, recording.watched))}, got {name!r}"
        )
    rates = recording.rates[:][points, recording.watched_columns(name)]
    theta = 1e3 * thresholds[points].astype(np.float64)
    drawn = _neurons(theta[-1], neurons)
    panels = panels_of(where, axes, 2, figsize=(7.0, 5.0))
    done = recording.samples[points] + 1
    _draw(panels[0], done, rates.astype(np.float64), drawn, COLORS[0])
    _draw(panels[1], done, theta, drawn, COLORS[4])
    title = f"Homeostasis of {recording.populations[name]:,} neurons ({name})"
    label(panels[0], y="firing rate (Hz)", title=title)
    panels[0].set_ylim(0.0, None)
    label(panels[1], y="threshold θ (mV)")
    label_training(panels[1], done)
    panels[0].legend(frameon=False, fontsize=8, labelcolor=INK, ncols=2, loc="upper right")
    panels[0].figure.align_ylabels(list(panels))
    return panels


def _neurons(
    final: npt.NDArray[np.float64], neurons: Sequence[int] | npt.NDArray[Any] | None
) -> npt.NDArray[np.int64]:
    if neurons is None:
        ranks = np.linspace(0, len(final) - 1, min(N_NEURONS, len(final))).round().astype(int)
        return np.asarray(np.argsort(final, kind="stable")[ranks])
    chosen = np.asarray(neurons, dtype=np.int64).ravel()
    if len(chosen) and not 0 <= chosen.min() <= chosen.max() < len(final):
        raise ParameterError(
            f"PlasticityRecording.plot_homeostasis.neurons: must be from 0 to {len(final) - 1}, "
            f"got {neurons!r}"
        )
    return chosen


def _draw(
    panel: Axes,
    done: npt.NDArray[np.int64],
    values: npt.NDArray[np.float64],
    drawn: npt.NDArray[np.int64],
    color: str,
) -> None:
    marker = "o" if len(done) <= 30 else None
    # The state before training has no rate.
    known = np.isfinite(values).all(axis=1)
    done, values = done[known], values[known]
    if len(done):
        low, middle, high = np.percentile(values, (10, 50, 90), axis=1)
        panel.fill_between(done, low, high, color=color, alpha=0.2, linewidth=0, label="10 to 90 %")
        panel.plot(
            done, middle, color=color, linewidth=1.8, marker=marker, markersize=3, label="median"
        )
    for k, neuron in enumerate(drawn):
        style = ("-", "--", ":", "-.")[k % 4]
        panel.plot(
            done, values[:, neuron], color=INK, alpha=0.7, linewidth=0.9, linestyle=style,
            label=f"neuron {neuron}",
        )  # fmt: skip
    declutter(panel)
