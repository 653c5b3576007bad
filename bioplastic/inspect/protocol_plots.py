"""Pictures of what the classical experiments find of rules, beside what biologists have found."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bioplastic.errors import DataError
from bioplastic.inspect._curves import new_axes
from bioplastic.inspect._protocol_panels import (
    finish,
    legend,
    milliseconds,
    named,
    values,
    zero_lines,
)
from bioplastic.inspect._style import COLORS, INK
from bioplastic.inspect.experiments import FrequencyExperiment, TripletExperiment
from bioplastic.inspect.protocol_results import (
    FrequencyDependence,
    STDPWindow,
    TripletChanges,
)

__all__ = ["plot_frequency_dependence", "plot_stdp_window", "plot_triplets"]

#: Up to this many points a curve shows each of them.
_FEW: Final = 40
_STYLES: Final[tuple[Any, ...]] = ("-", (0, (4, 2)), (0, (1, 1.5)), "-.")
_MARKERS: Final = ("s", "D", "^", "v")
_KINDS: Final = {"pre_post_pre": "pre, post, pre", "post_pre_post": "post, pre, post"}


def plot_stdp_window(
    windows: STDPWindow | Mapping[str, STDPWindow],
    *,
    relative: bool = False,
    title: str | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw how rules change a weight by the delay between two spikes.

    Parameters
    ----------
    windows : STDPWindow, or mapping from str to STDPWindow
        What :func:`stdp_window` returned, under the names of the legend.
    relative : bool, default=False
        Draw shares of the weight before, in percent, in place of the change itself.
    title : str, default=None
        Text above the picture; None says what is drawn.
    axes : matplotlib.axes.Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    axes : matplotlib.axes.Axes
        The Axes, with two lines a window, one at each side of 0; the side of pre before post
        includes 0.

    Raises
    ------
    DataError
        If `windows` holds something else, or nothing.
    ParameterError
        If shares are asked for of a weight that was 0.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.inspect import plot_stdp_window, stdp_window
    >>> from bioplastic.models import PairSTDP
    >>> window = stdp_window(PairSTDP(), [-20, -10, 10, 20] * ms)
    >>> [len(line.get_xdata()) for line in plot_stdp_window(window).lines[-2:]]
    [2, 2]
    """
    known = named("plot_stdp_window.windows", windows, STDPWindow)
    axes = new_axes(axes)
    zero_lines(axes, vertical=True)
    for k, (label, window) in enumerate(known.items()):
        order = np.argsort(window.delays, kind="stable")
        change = values(window, relative)
        for side, name in ((window.delays[order] < 0, "_"), (window.delays[order] >= 0, label)):
            chosen = order[side]
            axes.plot(
                1e3 * window.delays[chosen], change[chosen], color=COLORS[k % len(COLORS)],
                linewidth=1.8, marker="o" if len(order) <= _FEW else None, markersize=4,
                label=name, solid_capstyle="round",
            )  # fmt: skip
    axes.set_xlabel("delay from the presynaptic to the postsynaptic spike (ms)", fontsize=9)
    finish(axes, known, relative, title or _window_title(known))
    if len(known) > 1:
        legend(axes)
    return axes


def plot_frequency_dependence(
    results: FrequencyDependence | Mapping[str, FrequencyDependence],
    *,
    data: FrequencyExperiment | None = None,
    relative: bool = False,
    title: str | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw how rules change a weight by the frequency of pairings.

    Parameters
    ----------
    results : FrequencyDependence, or mapping from str to FrequencyDependence
        What :func:`pairing_protocol` returned, under the names of the legend.
    data : FrequencyExperiment, default=None
        What was measured in neurons, for example :data:`SJOESTROEM_2001`; drawn as points.
    relative : bool, default=False
        Draw the results as shares of the weight before, in percent. The data are such shares, and
        so are the results of rules whose amplitudes are shares of a weight of 1.
    title : str, default=None
        Text above the picture; None says what is drawn.
    axes : matplotlib.axes.Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    axes : matplotlib.axes.Axes
        The Axes, with one line for each result and delay. One result has a colour for each delay;
        of several each has a colour, and delays differ by the kind of line.

    Raises
    ------
    DataError
        If `results` or `data` hold something else, or nothing.
    ParameterError
        If shares are asked for of a weight that was 0.

    Examples
    --------
    >>> from brian2 import Hz, ms
    >>> from bioplastic.inspect import pairing_protocol, plot_frequency_dependence
    >>> from bioplastic.models import TripletSTDP
    >>> found = pairing_protocol(TripletSTDP(w_max=10), [20, 50] * Hz, n_pairs=5, dt=1 * ms)
    >>> axes = plot_frequency_dependence(found)
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['+10 ms', '−10 ms']
    """
    known = named("plot_frequency_dependence.results", results, FrequencyDependence)
    if data is not None and not isinstance(data, FrequencyExperiment):
        raise DataError(
            f"plot_frequency_dependence.data: must be a FrequencyExperiment, such as "
            f"SJOESTROEM_2001, got {type(data).__name__}"
        )
    axes = new_axes(axes)
    zero_lines(axes)
    delays = list(dict.fromkeys(round(d, 9) for r in known.values() for d in r.delays))
    one = len(known) == 1
    for k, (label, result) in enumerate(known.items()):
        order = np.argsort(result.frequencies)
        for delay, change in zip(result.delays, values(result, relative), strict=True):
            d = delays.index(round(delay, 9))
            axes.plot(
                result.frequencies[order], change[order], markersize=4, linewidth=1.8, marker="o",
                color=COLORS[(d if one else k) % len(COLORS)],
                linestyle="-" if one else _STYLES[d % len(_STYLES)],
                label=milliseconds(delay) if one else f"_{label}",
            )  # fmt: skip
    for k, label in enumerate(() if one else known):
        axes.add_line(Line2D([], [], color=COLORS[k % len(COLORS)], linewidth=1.8, label=label))
    for d, delay in enumerate(() if one else delays):
        style = _STYLES[d % len(_STYLES)]
        axes.add_line(Line2D([], [], color=INK, linestyle=style, label=milliseconds(delay)))
    if data is not None:
        _draw_measured(axes, data, delays, coloured=one)
    axes.set_xlabel("frequency of pairings (Hz)", fontsize=9)
    finish(axes, known, relative, title or "Change by the frequency of pairings")
    legend(axes)
    return axes


def plot_triplets(
    results: TripletChanges | list[TripletChanges] | Mapping[str, Any],
    *,
    data: Mapping[str, TripletExperiment] | None = None,
    relative: bool = False,
    title: str | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw how rules change a weight by triplets of spikes.

    Parameters
    ----------
    results : TripletChanges, list of such, or mapping from str to one or the other
        What :func:`triplet_protocol` returned: the two kinds of one rule as a list, several rules
        under the names of the legend.
    data : mapping from str to TripletExperiment, default=None
        What was measured in neurons, by kind, for example :data:`WANG_2005`; drawn as points.
    relative : bool, default=False
        Draw the results as shares of the weight before, in percent, as in
        :func:`plot_frequency_dependence`.
    title : str, default=None
        Text above the picture; None says what is drawn.
    axes : matplotlib.axes.Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    axes : matplotlib.axes.Axes
        The Axes, with a group of bars for each pair of intervals, and a bar in it for each rule.

    Raises
    ------
    DataError
        If `results` or `data` hold something else, or nothing.
    ParameterError
        If shares are asked for of a weight that was 0.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.inspect import WANG_2005, plot_triplets, triplet_protocol
    >>> from bioplastic.models import TripletSTDP
    >>> rule = TripletSTDP.published("hippocampus", "minimal", w_max=10.0)
    >>> found = triplet_protocol(rule, n_triplets=5, dt=1 * ms)
    >>> axes = plot_triplets(found, data=WANG_2005)
    >>> [tick.get_text() for tick in axes.get_xticklabels()]
    ['5, 5', '10, 10', '15, 5', '5, 15']
    """
    where = "plot_triplets"
    groups = results if isinstance(results, Mapping) else {"": results}
    known = {
        str(label): list(part) if isinstance(part, (list, tuple)) else [part]
        for label, part in groups.items()
    }
    flat = [result for part in known.values() for result in part]
    named(f"{where}.results", dict(enumerate(flat)), TripletChanges)
    measured = _experiments(f"{where}.data", data)
    bars = [_bars(part, relative) for part in known.values()]
    kinds = [kind for kind in _KINDS if any(key[0] == kind for found in bars for key in found)]
    keys = [
        key for kind in kinds for key in dict.fromkeys(k for b in bars for k in b) if key[0] == kind
    ]
    # A gap between the kinds, as wide as one group.
    places = {key: n + kinds.index(key[0]) for n, key in enumerate(keys)}
    axes = new_axes(axes)
    zero_lines(axes)
    width = 0.8 / len(bars)
    for k, (label, found) in enumerate(zip(known, bars, strict=True)):
        offset = (k - (len(bars) - 1) / 2) * width
        axes.bar(
            [places[key] + offset for key in found], list(found.values()), width=0.92 * width,
            color=COLORS[k % len(COLORS)], label=label or "model", zorder=2,
        )  # fmt: skip
    seen = {key: value for key, value in measured.items() if key in places}
    if seen:
        changes, spreads = zip(*seen.values(), strict=True)
        axes.errorbar(
            [places[key] for key in seen], changes, yerr=spreads, linestyle="none", marker="D",
            markersize=5, capsize=3, elinewidth=1.2, color=INK, markerfacecolor="white", zorder=4,
            label="measured",
        )  # fmt: skip
    axes.set_xticks(list(places.values()), [_interval(key) for key in places])
    for kind in kinds:
        inside = [place for key, place in places.items() if key[0] == kind]
        axes.annotate(
            _KINDS[kind], (float(np.mean(inside)), 1.0), xycoords=("data", "axes fraction"),
            xytext=(0, 2), textcoords="offset points", ha="center", va="bottom", fontsize=9,
            color=INK,
        )  # fmt: skip
    axes.set_xlabel("intervals between the three spikes (ms)", fontsize=9)
    finish(axes, dict(enumerate(flat)), relative, title or "Change by triplets of spikes")
    axes.title.set_position((0.0, 1.0))
    axes.set_title(axes.get_title(loc="left"), loc="left", fontsize=11, color=INK, pad=18)
    if len(known) > 1 or seen:
        legend(axes)
    return axes


def _draw_measured(
    axes: Axes, data: FrequencyExperiment, delays: list[float], *, coloured: bool
) -> None:
    """Draw points in the colours of the delays, or with markers of their own."""
    for row, delay in enumerate(data.delays):
        d = delays.index(round(delay, 9)) if round(delay, 9) in delays else len(delays) + row
        axes.errorbar(
            data.frequencies, data.change[row], yerr=data.spread[row], linestyle="none",
            marker=_MARKERS[d % len(_MARKERS)], markersize=5, capsize=3, elinewidth=1.2, zorder=4,
            color=COLORS[d % len(COLORS)] if coloured else INK,
            markerfacecolor="white" if d or coloured else None,
            label=f"measured, {milliseconds(delay)}",
        )  # fmt: skip


def _window_title(windows: Mapping[Any, STDPWindow]) -> str:
    numbers = {window.n_pairs for window in windows.values()}
    if numbers == {1}:
        return "Change by one pair of spikes"
    return (
        f"Change by {numbers.pop()} pairs of spikes"
        if len(numbers) == 1
        else "Change by pairs of spikes"
    )


def _experiments(where: str, data: Any) -> dict[Any, tuple[float, float]]:
    """Value and spread by kind and intervals."""
    if data is None:
        return {}
    if not isinstance(data, Mapping) or not all(
        isinstance(part, TripletExperiment) for part in data.values()
    ):
        raise DataError(
            f"{where}: must map kinds to TripletExperiment, such as WANG_2005, got "
            f"{type(data).__name__}"
        )
    found = {}
    for kind, part in data.items():
        spreads = part.spread if part.spread is not None else (0.0,) * len(part.change)
        for intervals, change, spread in zip(part.intervals, part.change, spreads, strict=True):
            found[kind, *_rounded(intervals)] = change, spread
    return found


def _bars(results: list[TripletChanges], relative: bool) -> dict[Any, float]:
    return {
        (result.kind, *_rounded(intervals)): float(change)
        for result in results
        for intervals, change in zip(result.intervals, values(result, relative), strict=True)
    }


def _rounded(intervals: Any) -> tuple[float, float]:
    first, second = (round(1e3 * float(t), 6) for t in intervals)
    return first, second


def _interval(key: tuple[str, float, float]) -> str:
    return f"{key[1]:g}, {key[2]:g}"
