"""One word on its way: what the ear says, what the liquid answers, what the readout decides."""

from collections.abc import Sequence
from typing import Any, Final

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from bioplastic._quantities import base_units
from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect._style import COLORS, INK, declutter
from bioplastic.inspect.raster import SpikeEvents, plot_raster

__all__ = ["plot_word"]

_WRONG: Final = COLORS[2]
_HEIGHTS: Final = (1.5, 2.0, 1.4)
# Frequencies worth a tick, in hertz.
_ROUND: Final = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000)
# The least room between two of them, as a share of the axis.
_ROOM: Final = 0.06


def plot_word(
    heard: SpikeEvents,
    answered: SpikeEvents,
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
    heard : SpikeTrains
        The input; channels are rows.
    answered : SpikeTrains
        The network's answer to it, with as many samples; neurons are rows.
    times : array_like of shape (n_times,), in seconds, increasing
        When the readout was asked.
    scores : array_like of shape (n_times, n_classes)
        What it then thought of each class, such as a `decision_function` of the spikes so far.
    classes : sequence of length n_classes
        Name of each class.
    sample : int, default=0
        Which sample of `heard` and `answered` to draw.
    truth : object, default=None
        The true class, one of `classes`; its name is set in bold.
    frequencies : array_like of shape (n_channels,), in hertz, default=None
        Centre frequency of each channel, rising; None counts channels.
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
        If the spikes are not as SpikeEvents says, `times` does not increase, or `scores` has
        another shape or is not finite.

    Examples
    --------
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.inspect import plot_word
    >>> heard = SpikeTrains([0.1, 0.2], [0, 1], [0, 2], n_units=2, duration=0.4)
    >>> answered = SpikeTrains([0.2, 0.3], [4, 1], [0, 2], n_units=5, duration=0.4)
    >>> panels = plot_word(
    ...     heard,
    ...     answered,
    ...     times=[0.2, 0.4],
    ...     scores=[[0.0, 0.1], [0.2, 0.9]],
    ...     classes=["no", "yes"],
    ... )
    >>> panels[2].get_title(loc="left")
    'Readout: "yes"'
    """
    moments, values, names = _decision(times, scores, classes)
    true = _index(names, truth)
    rates = None if frequencies is None else _frequencies(frequencies, heard)
    panels = _panels(axes)

    _, window = plot_raster(heard, sample=sample, axes=panels[0]), panels[0].get_xlim()
    if rates is not None:
        _frequency_axis(panels[0], rates)
    else:
        panels[0].set_ylabel("channel", fontsize=9, color=INK)
    plot_raster(answered, sample=sample, labels=populations, axes=panels[1])
    panels[1].set_ylabel("neuron", fontsize=9, color=INK)
    for panel, what, n_units in (
        (panels[0], "Ear", f"{heard.n_units:,} channels"),
        (panels[1], "Liquid", f"{answered.n_units:,} neurons"),
    ):
        n_spikes = sum(len(line.get_xdata()) for line in panel.lines)
        title = f"{what}: {n_spikes:,} spikes of {n_units}"
        panel.set_title(title, loc="left", fontsize=11, color=INK)
    _draw_decision(panels[2], moments, values, names, true)

    end = max(window[1], panels[1].get_xlim()[1], moments[-1])
    for panel in panels:
        panel.set_xlim(0.0, end)
    for panel in panels[:2]:
        panel.set_xlabel("")
        panel.tick_params(labelbottom=False)
    panels[2].set_xlabel("time (s)", fontsize=9, color=INK)
    panels[0].figure.align_ylabels(list(panels))
    return panels


def _panels(axes: Any) -> npt.NDArray[Any]:
    if axes is None:
        _, new = plt.subplots(
            3, 1, sharex=True, figsize=(7.4, 7.6), height_ratios=_HEIGHTS, layout="constrained"
        )
        return np.asarray(new)
    panels = np.asarray(axes, dtype=object).ravel()
    if len(panels) != 3 or not all(isinstance(panel, Axes) for panel in panels):
        raise ParameterError(
            f"plot_word.axes: must hold 3 Axes, got {len(panels)} objects; make them with "
            f"plt.subplots(3, 1, sharex=True)"
        )
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


def _index(names: list[str], truth: Any) -> int | None:
    if truth is None:
        return None
    if str(truth) not in names:
        raise ParameterError(f"plot_word.truth: must be one of {names}, got {truth!r}")
    return names.index(str(truth))


def _frequencies(frequencies: npt.ArrayLike, heard: SpikeEvents) -> npt.NDArray[np.float64]:
    rates = np.asarray(frequencies, dtype=np.float64)
    if rates.shape != (heard.n_units,) or (np.diff(rates) <= 0).any() or not (rates > 0).all():
        raise ParameterError(
            f"plot_word.frequencies: must be {heard.n_units} rising numbers above 0, one a "
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
    panel.set_ylabel("frequency (Hz)", fontsize=9, color=INK)


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
    panel.set_ylabel("class", fontsize=9, color=INK)
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
    bar_axes = panel.inset_axes((1.02, 0.0, 0.02, 1.0))
    bar = panel.figure.colorbar(mesh, cax=bar_axes)
    bar.set_label("score (line: best)", fontsize=9, color=INK)
    declutter(bar_axes, keep=())
    bar.outline.set_visible(False)
