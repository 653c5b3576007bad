"""The pictures of a report."""

import io
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, MaxNLocator, NullFormatter

from bioplastic.inspect._style import COLORS, INK, declutter
from bioplastic.inspect.raster import plot_raster
from bioplastic.inspect.receptive_fields import plot_receptive_fields
from bioplastic.study._report_format import NOT_COUNTED
from bioplastic.study.outcome import Outcome

_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")
#: Width of a page, in inches of a picture: text of 9 points is then as large as the page's.
_WIDTH: Final = 10.4
_MAX_FIELDS: Final = 100
#: More classes than this have no names beside small matrices.
_MAX_NAMED: Final = 20
#: Ratio of the largest energy to the smallest one below which powers of ten are too few ticks.
_NARROW: Final = 30


#: Alternative text and caption of each picture, by the name of its file.
ALT: Final = {
    "accuracy-energy": "Accuracy against energy a sample",
    "curves": "Learning curves",
    "confusion": "Confusion matrices",
    "rasters": "Spikes of a test sample",
    "fields": "Receptive fields",
}
CAPTIONS: Final = {
    "accuracy-energy": "Accuracy against energy a sample: up and to the left is better. Filled: "
    "biologically plausible; hollow: reference. Bars: 95 % intervals.",
    "curves": "Accuracy on the samples that are learned from. Thin: each training; thick: their "
    "mean. Methods that learn in one go, or without labels, have no curve.",
    "confusion": "Which class (row) was taken for which (column), over all tasks of a method.",
    "rasters": "Spikes in the network of each method while a test sample is presented.",
    "fields": "Each tile is a neuron, of large networks some are shown: bright are the inputs that "
    "it receives. Of words: time to the right, channels upwards.",
}


def _looks(methods: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Give each method of the study a color and a marker; references are hollow."""
    looks = {}
    for k, (name, method) in enumerate(methods.items()):
        color = COLORS[k % len(COLORS)]
        face = color if method["plausible"] else "white"
        marker = _MARKERS[k % len(_MARKERS)]
        looks[name] = {"color": color, "marker": marker, "markerfacecolor": face}
    return looks


def accuracy_against_energy(found: dict[str, Any], methods: Mapping[str, Any]) -> Figure | None:
    """Draw accuracy over the energy of inference and of training; None without methods."""
    if not found["methods"]:
        return None
    looks = _looks(methods)
    figure = _figure(_WIDTH, 3.1)
    panels = figure.subplots(1, 2, sharey=True)
    handles, drawn = {}, dict[str, bool]()
    for axes, key, label in zip(
        panels,
        ("inference_J", "training_J"),
        ("energy to classify a sample", "energy of a whole training"),
        strict=True,
    ):
        for name, method in found["methods"].items():
            joules, mean = method[key], 100 * method["accuracy"]
            low, high = (
                (mean, mean)
                if method["low"] is None
                else (100 * method["low"], 100 * method["high"])
            )
            known = joules is not None and joules > 0
            drawn[name] = drawn.get(name, False) or known
            handles[name] = axes.errorbar(
                [joules if known else math.nan],
                [mean],
                yerr=[[max(mean - low, 0)], [max(high - mean, 0)]],
                **looks[name],
                markersize=8,
                markeredgewidth=1.6,
                elinewidth=1.1,
                capsize=0,
                linestyle="none",
                zorder=3,
            )
        axes.set_xscale("log")
        axes.margins(x=0.12)
        energies = [method[key] for method in found["methods"].values() if method[key]]
        narrow = bool(energies) and max(energies) < _NARROW * min(energies)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,), numticks=7))
        axes.xaxis.set_major_formatter(EngFormatter(unit="J"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.axhline(100 * found["chance"], color="#999999", linewidth=0.8, linestyle=(0, (4, 3)))
        axes.grid(axis="y", color="#e8e8e8", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.set_xlabel(f"{label} (45 nm CMOS)", fontsize=9, color=INK)
        declutter(axes)
    panels[0].set_ylim(0, 103)
    panels[0].set_ylabel("test accuracy (%)", fontsize=9, color=INK)
    panels[0].annotate(
        "guessing", (0, 100 * found["chance"]), (3, 2), textcoords="offset points",
        xycoords=("axes fraction", "data"), fontsize=8, color="#777777",
    )  # fmt: skip
    titles = [
        methods[name]["title"] + ("" if drawn[name] else f"\n({NOT_COUNTED})") for name in handles
    ]
    _legend(figure, list(handles.values()), titles)
    return figure


def curves(
    outcomes: Sequence[Outcome], found: dict[str, Any], methods: Mapping[str, Any]
) -> Figure | None:
    """Draw accuracy in training over passes; None where no method learned in passes."""
    drawn: dict[str, list[Outcome]] = {}
    for name in found["methods"]:
        own = [o for o in outcomes if o.method == name and o.curve.get("x")]
        if own:
            drawn[name] = own
    if not drawn:
        return None
    looks = _looks(methods)
    figure = _figure(_WIDTH, 3.2)
    axes = figure.subplots()
    handles = []
    for name, own in drawn.items():
        for outcome in own:
            axes.plot(*_curve(outcome), color=looks[name]["color"], linewidth=0.7, alpha=0.35)
        same = [_curve(o) for o in own if o.curve["x"] == own[0].curve["x"]]
        (line,) = axes.plot(
            same[0][0],
            np.mean([y for _, y in same], axis=0),
            **looks[name],
            linewidth=1.8,
            markersize=5,
            markevery=max(len(same[0][0]) // 12, 1),
        )
        handles.append(line)
    axes.set_ylim(0, 103)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color="#e8e8e8", linewidth=0.8)
    axes.set_xlabel("passes over the training samples", fontsize=9, color=INK)
    axes.set_ylabel("training accuracy (%)", fontsize=9, color=INK)
    declutter(axes)
    _legend(figure, handles, [methods[name]["title"] for name in drawn])
    return figure


def confusions(found: dict[str, Any]) -> Figure | None:
    """Draw one confusion matrix a method, over all of its tasks."""
    shown = found["methods"]
    if not shown:
        return None
    classes = found["classes"]
    ticks = list(range(len(classes))) if len(classes) <= _MAX_NAMED else []
    names = classes if ticks else []
    figure, panels = _grid(len(shown), 4, 3.4, layout="compressed")
    image: Any = None
    for axes, method in zip(panels, shown.values(), strict=False):
        counts = np.asarray(method["confusion"], dtype=float)
        shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
        axes.set_title(method["title"], fontsize=9.5, color=INK, loc="left")
        first = axes.get_subplotspec().is_first_col()  # type: ignore[union-attr]
        last = axes.get_subplotspec().is_last_row()  # type: ignore[union-attr]
        axes.set_xticks(ticks, names if last else [""] * len(ticks), rotation=90)
        axes.set_yticks(ticks, names if first else [""] * len(ticks))
        declutter(axes, keep=())
        axes.tick_params(length=0, labelsize=6 if len(classes) > 12 else 7.5)
    figure.supxlabel("answer", fontsize=9, color=INK)
    figure.supylabel("true", fontsize=9, color=INK)
    bar = figure.colorbar(image, ax=panels, shrink=0.6)
    bar.set_label("share of the true class (%)", fontsize=9, color=INK)
    bar.ax.tick_params(labelsize=8, labelcolor=INK, length=0)
    bar.outline.set_visible(False)
    return figure


def rasters(outcomes: Sequence[Outcome], found: dict[str, Any]) -> Figure | None:
    """Draw the spikes of a test sample, of each method that has some; None of none."""
    shown = _exhibited(outcomes, found, "raster_times")
    if not shown:
        return None
    figure, panels = _grid(len(shown), 2, 2.5)
    for axes, (name, exhibits) in zip(panels, shown.items(), strict=False):
        plot_raster((exhibits["raster_times"], exhibits["raster_units"].astype(int)), axes=axes)
        axes.set_xlim(left=0)
        population = str(np.asarray(exhibits.get("raster_population", "")))
        title = found["methods"][name]["title"] + f", {population}" * bool(population)
        n = len(exhibits["raster_times"])
        axes.set_title(f"{title}: {n:,} spikes", fontsize=9.5, color=INK, loc="left")
    return figure


def fields(outcomes: Sequence[Outcome], found: dict[str, Any]) -> Figure | None:
    """Draw receptive fields, of each method that has some; None of none."""
    shown = _exhibited(outcomes, found, "fields")
    if not shown:
        return None
    figure, panels = _grid(len(shown), 2, 4.4, layout="compressed")
    for axes, (name, exhibits) in zip(panels, shown.items(), strict=False):
        tiles = np.asarray(exhibits["fields"], dtype=float)
        n, height, width = tiles.shape
        plot_receptive_fields(
            tiles.reshape(n, -1).T, image_shape=(height, width), max_neurons=_MAX_FIELDS, axes=axes
        )
        title = found["methods"][name]["title"]
        axes.set_title(
            f"{title}: {min(n, _MAX_FIELDS):,} neurons", fontsize=9.5, color=INK, loc="left"
        )
        # Of a network some neurons are shown: their places are no numbers of neurons.
        axes.set(xticks=[], yticks=[], ylabel="")
    return figure


def _exhibited(
    outcomes: Sequence[Outcome], found: dict[str, Any], name: str
) -> dict[str, dict[str, Any]]:
    """Return exhibits of each method that has some, of its first task with such."""
    shown: dict[str, dict[str, Any]] = {}
    for method in found["methods"]:
        for outcome in outcomes:
            if outcome.method == method and np.size(outcome.exhibits.get(name, ())):
                shown.setdefault(method, outcome.exhibits)
    return shown


def _curve(outcome: Outcome) -> tuple[list[float], Any]:
    y = [math.nan if value is None else value for value in outcome.curve["train"]]
    return outcome.curve["x"], 100 * np.asarray(y, dtype=float)


def _figure(width: float, height: float, layout: Any = "constrained") -> Figure:
    return Figure(figsize=(width, height), layout=layout)


def _grid(
    n: int, columns: int, height: float, layout: Any = "constrained"
) -> tuple[Figure, list[Axes]]:
    columns = min(n, columns)
    rows = math.ceil(n / columns)
    figure = _figure(_WIDTH * (columns / 2) ** 0.5, height * rows, layout)
    panels = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for axes in panels[n:]:
        axes.set_visible(False)
    return figure, panels


def _legend(figure: Figure, handles: Sequence[Any], titles: Sequence[str]) -> None:
    figure.legend(
        handles, titles, loc="outside right upper", frameon=False, fontsize=9, labelcolor=INK
    )


def svg_of(figure: Figure) -> str:
    """Write a figure as SVG, the same bytes for the same figure."""
    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "bioplastic", "svg.fonttype": "path"}):
        figure.savefig(text, format="svg", dpi=150, metadata={"Date": None})
    return text.getvalue()
