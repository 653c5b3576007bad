"""Pictures of what protocols measure of rules, beside what was measured in neurons."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from bioplastic.errors import DataError
from bioplastic.inspect._style import COLORS, INK, declutter, label, new_axes
from bioplastic.inspect.measurements import (
    SJOESTROEM_2001,
    WANG_2005,
    FrequencyDependence,
    FrequencyExperiment,
    Measurement,
    STDPWindow,
    TripletChanges,
    TripletExperiment,
)

_WHERE: Final = "plot_protocol"
#: Up to this many points a curve shows each of them.
_FEW: Final = 40
_STYLES: Final[tuple[Any, ...]] = ("-", (0, (4, 2)), (0, (1, 1.5)), "-.")
_MARKERS: Final = ("s", "D", "^", "v")
_KINDS: Final = {"pre_post_pre": "pre, post, pre", "post_pre_post": "post, pre, post"}

type Results = Mapping[str, list[Any]]


def plot_protocol(
    results: Measurement | Sequence[Measurement] | Mapping[str, Any],
    *,
    data: bool | FrequencyExperiment | Mapping[str, TripletExperiment] = False,
    relative: bool = False,
    title: str | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw how rules change a weight: by the delay, the frequency or triplets of spikes.

    Parameters
    ----------
    results : result, list of results, or mapping from str to such
        What :func:`.stdp_window`, :func:`.pairing_protocol` or :func:`.triplet_protocol` returned,
        all of one protocol. Several rules stand under the names of the legend; the two kinds of
        triplets of one rule are a list.
    data : bool, FrequencyExperiment, or mapping from str to TripletExperiment, default=False
        What was measured in neurons, drawn as points. True takes the experiment from which the
        protocol is: Sjöström et al. 2001 for frequencies, Wang et al. 2005 for triplets. Both
        stand in :mod:`bioplastic.inspect.measurements`, as `SJOESTROEM_2001` and `WANG_2005`.
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
        The Axes.

        - Windows: two lines each, one at each side of 0; the side of pre before post includes 0.
        - Frequencies: a line for each result and delay. One result has a color for each delay; of
          several each has a color, and delays differ by the kind of line.
        - Triplets: a group of bars for each pair of intervals, and a bar in it for each rule.

    Raises
    ------
    DataError
        If `results` or `data` hold something else, or nothing, or do not fit each other.
    ParameterError
        If shares are asked for of a weight that was 0.

    Examples
    --------
    >>> from brian2 import Hz, ms
    >>> from bioplastic.inspect import pairing_protocol, plot_protocol, stdp_window
    >>> from bioplastic.models import PairSTDP, TripletSTDP
    >>> window = stdp_window(PairSTDP(), [-20, -10, 10, 20] * ms)
    >>> [len(line.get_xdata()) for line in plot_protocol(window).lines[-2:]]
    [2, 2]
    >>> found = pairing_protocol(TripletSTDP(w_max=10), [20, 50] * Hz, n_pairs=5, dt=1 * ms)
    >>> [text.get_text() for text in plot_protocol(found, data=True).get_legend().get_texts()]
    ['+10 ms', '−10 ms', 'measured, +10 ms', 'measured, −10 ms']
    """
    groups = results if isinstance(results, Mapping) else {"": results}
    known = {
        str(name): list(part) if isinstance(part, list | tuple) else [part]
        for name, part in groups.items()
    }
    flat: list[Any] = [result for part in known.values() for result in part]
    kind: type = type(flat[0]) if flat else type(None)
    several = kind is not TripletChanges and any(len(part) > 1 for part in known.values())
    if kind not in _DRAW or several or any(type(result) is not kind for result in flat):
        got = ", ".join(type(result).__name__ for result in flat) or "nothing"
        raise DataError(
            f"{_WHERE}.results: must be results of one of stdp_window, pairing_protocol and "
            f"triplet_protocol, or map names to such, got {got}"
        )
    measured = _checked_data(kind, data)
    axes = new_axes(axes, (7.0, 4.0))
    axes.axhline(0.0, color=INK, linewidth=0.8, zorder=1)
    x, said = _DRAW[kind](axes, known, measured, relative)
    if relative:
        axes.yaxis.set_major_formatter(FuncFormatter(_percent))
    names = ", ".join(sorted({str(result.variable) for result in flat}))
    label(axes, x, f"change of {names}" + (", share of w before" if relative else ""))
    # Above the names of the kinds of triplets.
    pad = 18 if kind is TripletChanges else None
    axes.set_title(title or said, loc="left", fontsize=11, color=INK, pad=pad)
    declutter(axes)
    n_entries = len(axes.get_legend_handles_labels()[1])
    if n_entries > 1 or kind is FrequencyDependence:
        axes.legend(
            facecolor="white", edgecolor="none", fontsize=9, labelcolor=INK, loc="best",
            ncols=1 if n_entries <= 6 else 2,
        )  # fmt: skip
    return axes


def _checked_data(kind: type, data: Any) -> Any:
    """Return the experiment to draw; of triplets value and spread by kind and intervals."""
    if data is False or data is None:
        return None
    if kind is FrequencyDependence:
        found = SJOESTROEM_2001 if data is True else data
        if isinstance(found, FrequencyExperiment):
            return found
        wanted = "a FrequencyExperiment, such as SJOESTROEM_2001"
    elif kind is TripletChanges:
        found = WANG_2005 if data is True else data
        parts = found.values() if isinstance(found, Mapping) else [found]
        if isinstance(found, Mapping) and all(isinstance(x, TripletExperiment) for x in parts):
            return {
                (name, *_rounded(intervals)): (change, spread)
                for name, part in found.items()
                for intervals, change, spread in zip(
                    part.intervals,
                    part.change,
                    part.spread if part.spread is not None else (0.0,) * len(part.change),
                    strict=True,
                )
            }
        wanted = "a mapping from kinds to TripletExperiment, such as WANG_2005"
    else:
        wanted = "False for windows, beside which no experiment stands"
    raise DataError(f"{_WHERE}.data: must be {wanted}, got {type(data).__name__}")


def _draw_windows(axes: Axes, known: Results, data: None, relative: bool) -> tuple[str, str]:
    axes.axvline(0.0, color=INK, linewidth=0.8, zorder=1)
    for k, (name, (window,)) in enumerate(known.items()):
        order = np.argsort(window.delays, kind="stable")
        change = _values(window, relative)
        for side, text in ((window.delays[order] < 0, "_"), (window.delays[order] >= 0, name)):
            chosen = order[side]
            axes.plot(
                1e3 * window.delays[chosen], change[chosen], color=COLORS[k % len(COLORS)],
                linewidth=1.8, marker="o" if len(order) <= _FEW else None, markersize=4,
                label=text, solid_capstyle="round",
            )  # fmt: skip
    numbers = {window.n_pairs for (window,) in known.values()}
    many = f"{numbers.pop()} pairs" if len(numbers) == 1 else "pairs"
    said = f"Change by {'one pair' if many == '1 pairs' else many} of spikes"
    return "delay from the presynaptic to the postsynaptic spike (ms)", said


def _draw_frequencies(
    axes: Axes, known: Results, data: FrequencyExperiment | None, relative: bool
) -> tuple[str, str]:
    delays = list(dict.fromkeys(round(d, 9) for (its,) in known.values() for d in its.delays))
    one = len(known) == 1
    for k, (name, (result,)) in enumerate(known.items()):
        order = np.argsort(result.frequencies)
        for delay, change in zip(result.delays, _values(result, relative), strict=True):
            d = delays.index(round(delay, 9))
            axes.plot(
                result.frequencies[order], change[order], markersize=4, linewidth=1.8, marker="o",
                color=COLORS[(d if one else k) % len(COLORS)],
                linestyle="-" if one else _STYLES[d % len(_STYLES)],
                label=_milliseconds(delay) if one else f"_{name}",
            )  # fmt: skip
    for k, name in enumerate(() if one else known):
        axes.add_line(Line2D([], [], color=COLORS[k % len(COLORS)], linewidth=1.8, label=name))
    for d, delay in enumerate(() if one else delays):
        style = _STYLES[d % len(_STYLES)]
        axes.add_line(Line2D([], [], color=INK, linestyle=style, label=_milliseconds(delay)))
    for row, delay in enumerate(() if data is None else data.delays):
        assert data is not None
        # In the colors of the delays, or with markers of their own.
        d = delays.index(round(delay, 9)) if round(delay, 9) in delays else len(delays) + row
        axes.errorbar(
            data.frequencies, data.change[row], yerr=data.spread[row], linestyle="none",
            marker=_MARKERS[d % len(_MARKERS)], markersize=5, capsize=3, elinewidth=1.2, zorder=4,
            color=COLORS[d % len(COLORS)] if one else INK,
            markerfacecolor="white" if d or one else None,
            label=f"measured, {_milliseconds(delay)}",
        )  # fmt: skip
    return "frequency of pairings (Hz)", "Change by the frequency of pairings"


def _draw_triplets(
    axes: Axes,
    known: Results,
    data: Mapping[Any, tuple[float, float]] | None,
    relative: bool,
) -> tuple[str, str]:
    bars = [
        {
            (result.kind, *_rounded(intervals)): float(change)
            for result in part
            for intervals, change in zip(result.intervals, _values(result, relative), strict=True)
        }
        for part in known.values()
    ]
    kinds = [kind for kind in _KINDS if any(key[0] == kind for found in bars for key in found)]
    keys = [
        key for kind in kinds for key in dict.fromkeys(k for b in bars for k in b) if key[0] == kind
    ]
    # A gap between the kinds, as wide as one group.
    places = {key: n + kinds.index(key[0]) for n, key in enumerate(keys)}
    width = 0.8 / len(bars)
    for k, (name, found) in enumerate(zip(known, bars, strict=True)):
        offset = (k - (len(bars) - 1) / 2) * width
        axes.bar(
            [places[key] + offset for key in found], list(found.values()), width=0.92 * width,
            color=COLORS[k % len(COLORS)], label=name or "model", zorder=2,
        )  # fmt: skip
    seen = {key: value for key, value in (data or {}).items() if key in places}
    if seen:
        changes, spreads = zip(*seen.values(), strict=True)
        axes.errorbar(
            [places[key] for key in seen], changes, yerr=spreads, linestyle="none", marker="D",
            markersize=5, capsize=3, elinewidth=1.2, color=INK, markerfacecolor="white", zorder=4,
            label="measured",
        )  # fmt: skip
    axes.set_xticks(list(places.values()), [f"{first:g}, {then:g}" for _, first, then in places])
    for kind in kinds:
        inside = [place for key, place in places.items() if key[0] == kind]
        axes.annotate(
            _KINDS[kind], (float(np.mean(inside)), 1.0), xycoords=("data", "axes fraction"),
            xytext=(0, 2), textcoords="offset points", ha="center", va="bottom", fontsize=9,
            color=INK,
        )  # fmt: skip
    return "intervals between the three spikes (ms)", "Change by triplets of spikes"


_DRAW: Final[Mapping[type, Any]] = {
    STDPWindow: _draw_windows,
    FrequencyDependence: _draw_frequencies,
    TripletChanges: _draw_triplets,
}


def _values(result: Measurement, relative: bool) -> npt.NDArray[Any]:
    return result.relative if relative else result.change


def _milliseconds(delay: float) -> str:
    return f"{1e3 * delay:+g} ms".replace("-", "\N{MINUS SIGN}")


def _rounded(intervals: Any) -> tuple[float, float]:
    first, second = (round(1e3 * float(t), 6) for t in intervals)
    return first, second


def _percent(share: float, place: int | None = None) -> str:
    del place
    return f"{100 * share:.3g} %".replace("-", "\N{MINUS SIGN}")
