"""What a network answers: confusions of classes, and one sample on its way to a decision."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from sklearn.utils.multiclass import unique_labels

from bioplastic._quantities import base_units
from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect._style import (
    COLORS,
    INK,
    color_bar,
    declutter,
    label,
    new_axes,
    panels_of,
)
from bioplastic.inspect.raster import plot_raster
from bioplastic.spikes import SpikeTrains

# Names longer than this stand upright below their columns, or they would overlap.
_MAX_LEVEL = 3


def plot_confusion(
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    *,
    classes: Sequence[Any] | npt.NDArray[Any] | None = None,
    names: Sequence[str] | None = None,
    title: str | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw how often each class was taken for each.

    Parameters
    ----------
    y_true, y_pred : array_like of shape (n_samples,)
        What the samples are, and what they were taken for.
    classes : sequence of length n_classes, default=None
        All labels, in the order of rows and columns; None takes those that occur, sorted.
    names : sequence of str of length n_classes, default=None
        What to write beside rows and columns; None writes the labels.
    title : str, default=None
        Text above the picture; None tells the accuracy.
    axes : matplotlib.axes.Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    axes : matplotlib.axes.Axes
        The Axes. Colours are shares of a row, so that classes of unequal size compare and the
        diagonal is the recall of each; the numbers in the tiles are counts.

    Raises
    ------
    ParameterError
        If `names` is not as long as `classes`.
    DataError
        If there are no samples, the labels differ in number or kind, or some are not in `classes`.

    Examples
    --------
    >>> from bioplastic.inspect import plot_confusion
    >>> axes = plot_confusion(["yes", "no", "no"], ["yes", "no", "yes"])
    >>> axes.get_title(loc="left")
    '2 of 3 samples right (66.7 %)'
    """
    true, predicted, known = _checked(y_true, y_pred, classes)
    written = [str(one) for one in known] if names is None else [str(name) for name in names]
    if len(written) != len(known):
        raise ParameterError(
            f"plot_confusion.names: must be one for each of {len(known)} classes, got "
            f"{len(written)}"
        )
    order = np.argsort(known, kind="stable")
    rows, columns = (order[np.searchsorted(known, y, sorter=order)] for y in (true, predicted))
    counts = np.zeros((len(known), len(known)), dtype=np.int64)
    np.add.at(counts, (rows, columns), 1)
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(3.6 + 0.2 * len(known), 9.0)
    axes = new_axes(axes, (side + 0.6, side))
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    ticks = np.arange(len(known))
    upright = max(len(name) for name in written) > _MAX_LEVEL
    axes.set_xticks(ticks, written, rotation=90 if upright else 0)
    axes.set_yticks(ticks, written)
    for row, column in np.argwhere(counts):
        axes.text(
            column, row, f"{counts[row, column]:,}", ha="center", va="center",
            fontsize=8 if len(known) <= 12 else 7,
            color="white" if shares[row, column] > 55 else INK,
        )  # fmt: skip
    n_right = int(np.trace(counts))
    if title is None:
        title = f"{n_right:,} of {len(true):,} samples right ({100 * n_right / len(true):.1f} %)"
    label(axes, "predicted", "true", title)
    declutter(axes, keep=())
    axes.tick_params(length=0)
    bar = color_bar(axes, image, "share of the true class (%)", inset=None, shrink=0.8, pad=0.02)
    bar.ax.tick_params(length=0)
    return axes


def _checked(
    y_true: npt.ArrayLike, y_pred: npt.ArrayLike, classes: Any
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    true, predicted = np.asarray(y_true), np.asarray(y_pred)
    if true.ndim != 1 or true.shape != predicted.shape or not true.size:
        raise DataError(
            "plot_confusion: y_true and y_pred must be one-dimensional, of one length and not "
            f"empty, got shapes {true.shape} and {predicted.shape}"
        )
    try:
        found = unique_labels(true, predicted)
    except ValueError as error:
        raise DataError(f"plot_confusion: y_true and y_pred must be labels: {error}") from error
    known = found if classes is None else np.asarray(classes)
    unknown = np.setdiff1d(found, known)
    if unknown.size:
        raise DataError(
            f"plot_confusion.classes: must name every label, got {known.tolist()!r}; missing: "
            f"{unknown.tolist()!r}"
        )
    return true, predicted, known


_WRONG: Final = COLORS[2]
_HEIGHTS: Final = (1.5, 2.0, 1.4)
# Frequencies worth a tick, in hertz.
_ROUND: Final = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000)
# The least room between two of them, as a share of the axis.
_ROOM: Final = 0.06


def plot_word(
    inputs: SpikeTrains,
    outputs: SpikeTrains,
    *,
    times: npt.ArrayLike,
    scores: npt.ArrayLike,
    classes: Sequence[Any] | npt.NDArray[Any],
    sample: int = 0,
    truth: Any = None,
    frequencies: npt.ArrayLike | None = None,
    populations: Sequence[Any] | npt.NDArray[Any] | None = None,
    axes: npt.NDArray[Any] | list[Axes] | None = None,
) -> npt.NDArray[Any]:
    """Draw one sample through input, network and readout.

    Parameters
    ----------
    inputs : SpikeTrains
        The input; channels are rows.
    outputs : SpikeTrains
        The network's spikes in response, with as many samples; neurons are rows.
    times : array_like of shape (n_times,), in seconds, increasing
        When the readout was evaluated.
    scores : array_like of shape (n_times, n_classes)
        Its score of each class then, such as a `decision_function` of the spikes so far.
    classes : sequence of length n_classes
        Name of each class.
    sample : int, default=0
        Which sample of `inputs` and `outputs` to draw.
    truth : object, default=None
        The true class, one of `classes`; its name is set in bold.
    frequencies : array_like of shape (n_channels,), in hertz, default=None
        Center frequency of each channel, rising; None counts channels.
    populations : sequence of length n_neurons, default=None
        Population of each neuron: one colour and legend entry each.
    axes : sequence of 3 matplotlib.axes.Axes, default=None
        Where to draw, from top to bottom; None makes a new figure whose panels share their x axis.

    Returns
    -------
    axes : ndarray of 3 matplotlib.axes.Axes
        The raster of the input, that of the network, and the scores as a heat map, one row a
        class, with a line along the best class of each time.

    Raises
    ------
    ParameterError
        If `sample`, `truth`, `frequencies`, `populations` or `axes` do not fit.
    DataError
        If the spikes are not as SpikeTrains says, `times` does not increase, or `scores` has
        another shape or is not finite.

    Examples
    --------
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.inspect import plot_word
    >>> inputs = SpikeTrains([0.1, 0.2], [0, 1], [0, 2], n_units=2, duration=0.4)
    >>> outputs = SpikeTrains([0.2, 0.3], [4, 1], [0, 2], n_units=5, duration=0.4)
    >>> panels = plot_word(
    ...     inputs,
    ...     outputs,
    ...     times=[0.2, 0.4],
    ...     scores=[[0.0, 0.1], [0.2, 0.9]],
    ...     classes=["no", "yes"],
    ... )
    >>> panels[2].get_title(loc="left")
    'Readout: "yes"'
    """
    moments, values, names = _decision(times, scores, classes)
    if truth is not None and str(truth) not in names:
        raise ParameterError(f"plot_word.truth: must be one of {names}, got {truth!r}")
    rates = None if frequencies is None else _frequencies(frequencies, inputs)
    panels = panels_of("plot_word", axes, 3, figsize=(7.4, 7.6), height_ratios=_HEIGHTS)

    _, window = plot_raster(inputs, sample=sample, axes=panels[0]), panels[0].get_xlim()
    plot_raster(outputs, sample=sample, labels=populations, axes=panels[1])
    for panel, what, y, units in (
        (panels[0], "Ear", "channel", f"{inputs.n_units:,} channels"),
        (panels[1], "Liquid", "neuron", f"{outputs.n_units:,} neurons"),
    ):
        n_spikes = sum(len(line.get_xdata()) for line in panel.lines)
        label(panel, y=y, title=f"{what}: {n_spikes:,} spikes of {units}")
    if rates is not None:
        _frequency_axis(panels[0], rates)
    true = None if truth is None else names.index(str(truth))
    _draw_decision(panels[2], moments, values, names, true)

    end = max(window[1], panels[1].get_xlim()[1], moments[-1])
    for panel in panels:
        panel.set_xlim(0.0, end)
    for panel in panels[:2]:
        panel.set_xlabel("")
        panel.tick_params(labelbottom=False)
    label(panels[2], "time (s)")
    panels[0].figure.align_ylabels(list(panels))
    return panels


def _decision(
    times: npt.ArrayLike, scores: npt.ArrayLike, classes: Any
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], list[str]]:
    moments = base_units("plot_word.times", times)
    values = np.asarray(scores, dtype=np.float64)
    names = [str(name) for name in classes]
    if moments.ndim != 1 or values.shape != (moments.size, len(names)) or not values.size:
        raise DataError(
            "plot_word.scores: must have shape (n_times, n_classes) and not be empty, got "
            f"{values.shape} with times of shape {moments.shape} and {len(names)} classes"
        )
    if not np.isfinite(values).all():
        raise DataError("plot_word.scores: must be finite, got NaN or infinity")
    if not np.isfinite(moments).all() or (np.diff(moments) <= 0).any() or moments[0] < 0:
        raise DataError("plot_word.times: must be finite, not negative, and increase")
    return moments, values, names


def _frequencies(frequencies: npt.ArrayLike, inputs: SpikeTrains) -> npt.NDArray[np.float64]:
    rates = np.asarray(frequencies, dtype=np.float64)
    if rates.shape != (inputs.n_units,) or (np.diff(rates) <= 0).any() or not (rates > 0).all():
        raise ParameterError(
            f"plot_word.frequencies: must be {inputs.n_units} rising numbers above 0, one a "
            f"channel, got {rates.shape} of them"
        )
    return rates


def _frequency_axis(panel: Axes, rates: npt.NDArray[np.float64]) -> None:
    """Put round frequencies where they lie between the channels."""
    inside = [f for f in _ROUND if rates[0] <= f <= rates[-1]]
    rows = np.interp(inside, rates, np.arange(len(rates)))
    ticks: list[tuple[float, str]] = []
    for row, f in zip(rows, inside, strict=True):
        if not ticks or row - ticks[-1][0] > _ROOM * len(rates):
            ticks.append((float(row), f"{f:g}" if f < 1000 else f"{f / 1000:g}k"))
    panel.set_yticks([row for row, _ in ticks], [text for _, text in ticks])
    label(panel, y="frequency (Hz)")


def _draw_decision(
    panel: Axes,
    moments: npt.NDArray[np.float64],
    values: npt.NDArray[np.float64],
    names: list[str],
    true: int | None,
) -> None:
    edges = np.concatenate(([0.0], moments)) if moments[0] > 0 else np.append(moments, moments[-1])
    rows = np.arange(len(names))
    mesh = panel.pcolormesh(
        edges, np.arange(len(names) + 1) - 0.5, values.T, cmap="Blues", rasterized=True
    )
    best = values.argmax(axis=1)
    path = np.concatenate((best[:1], best))
    panel.plot(edges, path, color=COLORS[1], linewidth=2.0, drawstyle="steps-pre")
    panel.set_yticks(rows, names)
    panel.set_ylim(len(names) - 0.5, -0.5)
    label(panel, y="class")
    right = true is None or best[-1] == true
    title = f'Readout: "{names[best[-1]]}"'
    if true is not None and not right:
        title += f', but it was "{names[true]}"'
    panel.set_title(title, loc="left", fontsize=11, color=INK if right else _WRONG)
    declutter(panel, keep=("bottom",))
    size = 9 if len(names) <= 12 else 6
    panel.tick_params(axis="y", length=0, labelsize=size)
    if true is not None:
        panel.get_yticklabels()[true].set_fontweight("bold")
    color_bar(panel, mesh, "score (line: best)")
