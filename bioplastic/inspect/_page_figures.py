"""The charts of a page, as Bokeh figures; its script fills in what belongs to a moment."""

from typing import Any, Final

import numpy as np
from bokeh.models import (
    BasicTicker,
    ColumnDataSource,
    FixedTicker,
    HoverTool,
    LinearColorMapper,
    NumeralTickFormatter,
    Range1d,
)
from bokeh.models.annotations import ColorBar, Span, Title
from bokeh.palettes import Magma256
from bokeh.plotting import figure

from bioplastic.inspect._page_contents import Contents, Course
from bioplastic.inspect._style import COLORS, INK

#: Of the neuron that a reader chose, in every chart.
CHOSEN: Final = COLORS[2]
#: Of each quantity its color, and its name and digits where a reader points at a neuron.
QUANTITIES: Final = {
    "weight": (COLORS[0], "median weight", "{0.0000}"),
    "change": (COLORS[0], "mean |Δw| per sample", "{0.00000}"),
    "threshold": (COLORS[4], "threshold", "{0.00} mV"),
    "rate": (COLORS[8], "rate", "{0.00} Hz"),
}
#: Longest sides of a mosaic of fields and of a single field.
MOSAIC_PIXELS: Final = 520
FIELD_PIXELS: Final = 210
#: Room for the widest labels of a y axis, so that charts of one x axis are flush.
BORDER: Final = 92


def charts(contents: Contents) -> dict[str, Any]:
    """Make the charts.

    Parameters
    ----------
    contents : Contents
        What they show.

    Returns
    -------
    charts : dict of str to bokeh.plotting.figure
        By the place in the page where each belongs. What changes with the moment has a name:
        sources ``<place>-source``, and ``cursor`` and ``own`` in the courses.
    """
    made = {
        "fields": _mosaic(contents),
        "field": _image("field", contents, contents.tile, FIELD_PIXELS),
        "histogram": _histogram(contents),
    }
    for course in contents.courses:
        if course.key in ("threshold", "rate"):
            made[f"{course.key}-now"] = _dots(course, len(contents.neurons))
    for course in contents.courses:
        last = course is contents.courses[-1]
        made[f"{course.key}-course"] = _course(course, contents, last=last)
    if contents.traces:
        made["traces"] = _traces(contents)
    return made


def _plain(name: str, *, frame: tuple[int, int] | None = None, **options: Any) -> Any:
    """Make an empty figure in the style of all."""
    if frame is not None:
        options |= {"frame_width": frame[0], "frame_height": frame[1]}
    chart = figure(
        name=name, tools="tap", toolbar_location=None, outline_line_color=None, **options
    )
    chart.axis.axis_line_color = chart.axis.major_tick_line_color = INK
    chart.axis.minor_tick_line_color = None
    chart.axis.major_label_text_color = chart.axis.axis_label_text_color = INK
    chart.axis.axis_label_text_font_style = "normal"
    chart.axis.axis_label_text_font_size = "12px"
    chart.grid.grid_line_color = "#ececec"
    return chart


def _image(name: str, contents: Contents, size: tuple[int, int], pixels: int) -> Any:
    """Make an image of weights whose first row is at the top."""
    height, width = size
    longest = max(height, width)
    # A matrix of many rows and few columns would come out as a hair.
    frame = (
        max(round(pixels * width / longest), pixels // 4),
        max(round(pixels * height / longest), pixels // 4),
    )
    chart = _plain(
        name, frame=frame, x_range=Range1d(start=0, end=width), y_range=Range1d(start=height, end=0)
    )
    chart.axis.visible = chart.grid.visible = False
    source = ColumnDataSource(
        {"image": [np.full((1, 1), np.nan, dtype=np.float32)]}, name=f"{name}-source"
    )
    # Charts share no model, since each is a document of its own in the page.
    colors = LinearColorMapper(
        palette=Magma256, low=contents.low, high=contents.high, nan_color="white"
    )
    chart.image("image", x=0, y=0, dw=width, dh=height, color_mapper=colors, source=source)
    return chart


def _mosaic(contents: Contents) -> Any:
    (height, width), (n_rows, n_columns) = contents.tile, contents.grid
    chart = _image("fields", contents, (n_rows * height, n_columns * width), MOSAIC_PIXELS)
    (image,) = chart.renderers
    rank = np.arange(len(contents.neurons))
    tiles = {
        "x": (rank % n_columns + 0.5) * width,
        "y": (rank // n_columns + 0.5) * height,
        "neuron": contents.neurons,
    } | {course.key: course.own[-1] for course in contents.courses}
    line = "white" if width > 1 else None
    rectangles = chart.rect(
        "x", "y", width, height, source=ColumnDataSource(tiles, name="tiles-source"),
        fill_alpha=0.0, line_color=line, line_width=1.0,
        nonselection_fill_alpha=0.0, nonselection_line_alpha=1.0,
    )  # fmt: skip
    chosen = ColumnDataSource({"x": [], "y": []}, name="chosen-source")
    chart.rect(
        "x", "y", width, height, source=chosen, fill_alpha=0.0, line_color=COLORS[9], line_width=3
    )
    said = [(name, f"@{key}{form}") for key, (_, name, form) in QUANTITIES.items() if key in tiles]
    chart.add_tools(HoverTool(renderers=[rectangles], tooltips=[("neuron", "@neuron"), *said]))
    bar = ColorBar(
        color_mapper=image.glyph.color_mapper, ticker=BasicTicker(desired_num_ticks=5), width=12,
        padding=6, major_label_text_color=INK, major_tick_line_color=INK,
    )  # fmt: skip
    chart.add_layout(bar, "right")
    label = Title(text="weight", align="center", text_color=INK, text_font_style="normal")
    chart.add_layout(label, "right")
    return chart


def _histogram(contents: Contents) -> Any:
    share = contents.share
    positive = share[share > 0]
    # Decades of a scale that has no 0; the rarest weights are single synapses.
    low = 10.0 ** np.floor(np.log10(positive.min())) if positive.size else 0.1
    chart = _plain(
        "histogram", frame=(360, 190), y_axis_type="log", y_range=Range1d(start=low, end=150.0),
        x_range=Range1d(start=contents.low, end=contents.high),
    )  # fmt: skip
    edges = np.linspace(contents.low, contents.high, share.shape[1] + 1)
    columns = {"left": edges[:-1], "right": edges[1:], "top": np.maximum(share[-1], low)}
    source = ColumnDataSource(columns, name="histogram-source")
    chart.quad(
        "left", "right", "top", bottom=low, source=source, fill_color=COLORS[0],
        line_color="white", line_width=0.5,
    )  # fmt: skip
    first = np.maximum(share[0], low)
    chart.step(edges, np.append(first, first[-1]), mode="after", line_color=INK, line_width=1.2)
    chart.xaxis.axis_label, chart.yaxis.axis_label = "weight", "share of synapses (%)"
    decades = 10.0 ** np.arange(np.log10(low), 3)
    chart.yaxis.ticker = FixedTicker(ticks=decades.tolist())
    chart.yaxis.major_label_overrides = {float(n): f"{n:g}" for n in decades}
    return chart


def _dots(course: Course, n_shown: int) -> Any:
    known = course.own[np.isfinite(course.own)]
    low, high = (known.min(), known.max()) if known.size else (0.0, 1.0)
    low = min(low, 0.0) if course.key == "rate" else low
    margin = 0.05 * (high - low) or 0.5
    chart = _plain(
        f"{course.key}-now", frame=(360, 130), x_range=Range1d(start=0, end=n_shown + 1),
        y_range=Range1d(start=low - margin, end=high + margin),
    )  # fmt: skip
    source = ColumnDataSource({"x": [], "y": [], "neuron": []}, name=f"{course.key}-now-source")
    color = QUANTITIES[course.key][0]
    dots = chart.scatter("x", "y", size=5, color=color, source=source, nonselection_alpha=1.0)
    chosen = ColumnDataSource({"x": [], "y": []}, name=f"{course.key}-now-chosen")
    chart.scatter("x", "y", size=11, color=CHOSEN, marker="diamond", source=chosen)
    chart.add_tools(HoverTool(renderers=[dots], tooltips=[("neuron", "@neuron"), ("", "@y")]))
    chart.xaxis.axis_label, chart.yaxis.axis_label = "neurons, from low to high", course.label
    return chart


def _course(course: Course, contents: Contents, *, last: bool) -> Any:
    color, done = QUANTITIES[course.key][0], contents.done
    span = Range1d(start=int(done[0]), end=int(max(done[-1], done[0] + 1)))
    chart = _plain(
        f"{course.key}-course", height=150 if last else 118, sizing_mode="stretch_width",
        x_range=span, min_border_left=BORDER, min_border_right=20,
        # At the beginning weights often change a thousand times as much as at the end.
        y_axis_type="log" if course.key == "change" else "linear",
    )  # fmt: skip
    if course.band is not None:
        known = np.isfinite(course.middle)
        low, high = course.band[:, known]
        chart.varea(done[known], low, high, fill_color=color, fill_alpha=0.2)
    middle = course.middle
    if course.key == "change":
        middle = np.where(middle > 0, middle, np.nan)  # a scale of magnitudes has no place for 0
    chart.line(done, middle, line_color=color, line_width=2)
    if len(done) <= 30:
        chart.scatter(done, middle, color=color, size=4)
    nothing = np.full(len(done), np.nan)
    own = ColumnDataSource({"x": done, "y": nothing}, name=f"{course.key}-course-own")
    chart.line("x", "y", source=own, line_color=CHOSEN, line_width=2)
    chart.scatter("x", "y", source=own, color=CHOSEN, size=4)
    cursor = Span(
        location=int(done[-1]), dimension="height", line_color=INK, line_width=1.5,
        line_dash="dashed", name=f"{course.key}-course-cursor",
    )  # fmt: skip
    chart.add_layout(cursor)
    chart.yaxis.axis_label = course.label.replace(" (", "\n(").replace(" per", "\nper")
    if course.key != "change":
        chart.yaxis.ticker = BasicTicker(desired_num_ticks=4)
    chart.xaxis.formatter = NumeralTickFormatter(format="0,0")
    chart.xaxis.visible = last
    chart.xaxis.axis_label = "samples presented"
    return chart


def _traces(contents: Contents) -> Any:
    milliseconds = 1e3 * contents.times
    chart = _plain(
        "traces", height=240, sizing_mode="stretch_width",
        min_border_left=BORDER, min_border_right=20,
        x_range=Range1d(start=milliseconds[0], end=milliseconds[-1]),
    )  # fmt: skip
    nothing = np.full(len(milliseconds), np.nan)
    for k, trace in enumerate(contents.traces):
        color = COLORS[(0, 1, 4, 6, 5, 9)[k % 6]]
        for kind, dash in (("mean", "dashed"), ("own", "solid")):
            if kind == "own" and trace.own is None:
                continue
            columns = {"x": milliseconds, "y": trace.mean[-1] if kind == "mean" else nothing}
            source = ColumnDataSource(columns, name=f"trace-{k}-{kind}")
            whose = "mean" if kind == "mean" else "chosen neuron"
            chart.line(
                "x", "y", source=source, line_color=color, line_width=2, line_dash=dash,
                legend_label=f"{trace.name}, {whose}",
            )  # fmt: skip
    chart.xaxis.axis_label, chart.yaxis.axis_label = "time within the sample (ms)", "trace"
    chart.legend.border_line_color = None
    chart.legend.label_text_font_size = "11px"
    chart.add_layout(chart.legend[0], "right")  # beside the curves, not over them
    return chart
