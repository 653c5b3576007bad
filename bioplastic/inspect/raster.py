"""Which unit spiked when."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from brian2 import second
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from bioplastic._quantities import base_units, whole
from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect._style import COLORS, INK, declutter, label, new_axes
from bioplastic.spikes import SpikeTrains

# More rows than this have no tick each, but the usual round numbers.
_MAX_NAMED_ROWS: Final = 25
# The least height of a population's band, as a share of all rows.
_LEAST_BAND: Final = 0.12


def plot_raster(
    spikes: Any,
    *,
    sample: int = 0,
    units: Iterable[int] | None = None,
    labels: Sequence[Any] | npt.NDArray[Any] | None = None,
    colors: Sequence[Any] | str | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw the spikes of one sample as a raster, one row a unit.

    Parameters
    ----------
    spikes : SpikeTrains, tuple of (times, units), mapping of str to SpikeTrains, or Result
        The spikes: times in seconds and the unit of each; or those of several populations by name,
        such as the ``spikes`` of a result of :func:`bioplastic.engine.run`. Each population is a
        band of rows, the first at the bottom, with room for small ones beside large ones.
    sample : int, default=0
        Which sample to draw; negative numbers count from the last. A tuple is one sample.
    units : iterable of int, default=None
        The units to draw, from the bottom row up; None draws all in their order. Not for several
        populations, nor are `labels`.
        ``np.argsort(labels, kind="stable")`` puts units of one label together.
    labels : sequence of length n_units, default=None
        Group of each unit, such as its class or population: one color and legend entry each.
    colors : matplotlib color or sequence of them, default=None
        A color for each group, in the order of the sorted labels, or for each population; or one
        for all spikes.
    axes : matplotlib.axes.Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    axes : matplotlib.axes.Axes
        The Axes; x in seconds, one line of markers for each group.

    Raises
    ------
    ParameterError
        If `sample`, `units`, `labels` or `colors` do not fit the spikes.
    DataError
        If the spikes are none of these, or a tuple does not make SpikeTrains.

    Notes
    -----
    The marks are a bitmap in vector files (PDF, SVG), which stay small and quick to open.

    Examples
    --------
    >>> from bioplastic.inspect import plot_raster
    >>> axes = plot_raster(([0.010, 0.020, 0.025], [0, 1, 0]))
    >>> axes.get_title(loc="left")
    '3 spikes of 2 units'
    """
    spikes = getattr(spikes, "spikes", spikes)  # of a Result
    several = isinstance(spikes, Mapping)
    if several and (units is not None or labels is not None):
        raise ParameterError(
            "plot_raster.units, labels: must be None where there are several populations; draw "
            "spikes[name] to choose units of one"
        )
    if several and not spikes:
        raise DataError("plot_raster.spikes: must hold the spikes of a population, got none")
    found = {
        name: _one_sample(trains, sample)
        for name, trains in (spikes if several else {"": spikes}).items()
    }
    draw = _draw_populations if several else _draw_units
    axes, counted = draw(found, units, labels, colors, axes)
    duration = max(float(one.duration[0]) for one, _ in found.values())
    if duration > 0:
        axes.set_xlim(0.0, duration)
    label(axes, "time (s)", title=next(iter(found.values()))[1] + counted)
    return axes


def _draw_units(
    found: Mapping[str, tuple[SpikeTrains, str]], units: Any, labels: Any, colors: Any, axes: Any
) -> tuple[Axes, str]:
    """Draw a row for each unit."""
    ((one, _),) = found.values()
    times, sources, n_units = one.times, one.units, one.n_units
    rows = _rows(units, n_units)
    groups, group_of = _groups(labels, n_units)
    palette = _palette(colors, len(groups))
    axes = new_axes(axes, (7.0, 3.6))
    row_of = np.full(n_units, -1)
    row_of[rows] = np.arange(len(rows))
    drawn = row_of[sources] >= 0
    times, sources = times[drawn], sources[drawn]
    for k, group in enumerate(groups):
        own = group_of[sources] == k
        _draw(
            axes, times[own], row_of[sources[own]], palette[k], n_rows=len(rows),
            n_spikes=len(times), label=str(group),
        )  # fmt: skip
    # The lowest row must not lie on the scale.
    margin = 0.5 + 0.01 * len(rows)
    axes.set_ylim(-margin, max(len(rows), 1) - 1 + margin)
    if len(rows) <= _MAX_NAMED_ROWS:
        axes.set_yticks(np.arange(len(rows)), [str(unit) for unit in rows])
    in_order = len(rows) > _MAX_NAMED_ROWS and units is not None
    label(axes, y="unit, in the order given" if in_order else "unit")
    declutter(axes)
    if labels is not None:
        legend = axes.legend(
            loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8, labelcolor=INK
        )
        for handle in legend.legend_handles:
            # A tick as thin as a spike has no color to tell.
            handle.set(markersize=8.0, markeredgewidth=3.0, alpha=1.0)
    counted = f"{len(times):,} spike{'' if len(times) == 1 else 's'}"
    whole_of = "" if len(rows) == n_units else f" of {n_units:,}"
    units_of = f"{len(rows):,}{whole_of} unit{'' if len(rows) == n_units == 1 else 's'}"
    return axes, f"{counted} of {units_of}"


def _draw_populations(
    found: Mapping[str, tuple[SpikeTrains, str]], units: Any, labels: Any, colors: Any, axes: Any
) -> tuple[Axes, str]:
    """Draw a band of rows for each population."""
    axes = new_axes(axes, (7.0, 4.2))
    palette = _palette(colors, len(found))
    sizes = np.array([one.n_units for one, _ in found.values()], dtype=np.float64)
    heights = np.maximum(sizes, _LEAST_BAND * sizes.sum())
    bottoms = np.cumsum(heights) - heights
    total = 0
    for k, (one, _) in enumerate(found.values()):
        row = heights[k] / one.n_units
        _draw(
            axes, one.times, bottoms[k] + (one.units + 0.5) * row, palette[k],
            n_rows=int(heights.sum() / row), n_spikes=len(one.times),
        )  # fmt: skip
        if k:
            axes.axhline(bottoms[k], color=INK, linewidth=0.6, alpha=0.4)
        total += len(one.times)
    axes.set_ylim(-0.01 * heights.sum(), heights.sum())
    names = [f"{name}\n({int(n):,})" for name, n in zip(found, sizes, strict=True)]
    axes.set_yticks(bottoms + heights / 2, names)
    declutter(axes)
    axes.tick_params(axis="y", length=0)
    for text, color in zip(axes.get_yticklabels(), palette, strict=True):
        text.set_color(color)
    return axes, f"{total:,} spikes"


def _draw(
    axes: Axes, x: Any, y: Any, color: Any, *, n_rows: int, n_spikes: int, **more: Any
) -> None:
    """Draw marks of such height and opacity that few are seen and many stay apart."""
    box = axes.get_window_extent()
    points = 72 / axes.figure.dpi
    size = min(max(0.8 * box.height * points / max(n_rows, 1), 3.0), 9.0)
    area = box.width * box.height * points**2
    # Above a cover of one half, shorter marks first, then fainter ones.
    size = min(size, max(0.5 * area / max(n_spikes, 1), 1.0))
    alpha = min(1.0, max(0.5 * area / max(n_spikes * size, 1.0), 0.15))
    axes.plot(
        x, y, linestyle="none", marker="|", markersize=size, markeredgewidth=1.0, color=color,
        alpha=alpha, rasterized=True, **more,
    )  # fmt: skip


def _one_sample(spikes: Any, sample: int) -> tuple[SpikeTrains, str]:
    """Return one sample, in memory, and how the title begins."""
    title = ""
    if isinstance(spikes, tuple) and len(spikes) == 2:
        end = base_units("plot_raster.spikes: times", spikes[0]).max(initial=0.0)
        spikes = SpikeTrains.from_events([spikes], duration=np.nan_to_num(end) * second)
    elif isinstance(spikes, SpikeTrains):
        title = "Sample {}: "
    else:
        raise DataError(
            "plot_raster.spikes: must be SpikeTrains, a tuple (times, units), or a Result or "
            f"mapping with spikes of populations, got {type(spikes).__name__}; record them: "
            f'record={{"spikes": ["exc", "inh"]}}'
        )
    n = len(spikes)
    sample = whole("plot_raster.sample", sample, -n, n - 1) % n
    return spikes[sample].to_memory(), title.format(sample)


def _rows(units: Iterable[int] | None, n_units: int) -> npt.NDArray[np.intp]:
    if units is None:
        return np.arange(n_units)
    rows = np.asarray(list(units))
    if rows.ndim != 1 or rows.size == 0 or rows.dtype.kind not in "iu":
        raise ParameterError(
            f"plot_raster.units: must be unit numbers such as range(100), got {units!r}"
        )
    if rows.min() < 0 or rows.max() >= n_units or len(np.unique(rows)) < len(rows):
        raise ParameterError(
            f"plot_raster.units: must be different numbers in 0 ... {n_units - 1}, got {units!r}"
        )
    return rows.astype(np.intp)


def _groups(
    labels: Sequence[Any] | npt.NDArray[Any] | None, n_units: int
) -> tuple[npt.NDArray[Any], npt.NDArray[np.intp]]:
    if labels is None:
        return np.array(["spikes"]), np.zeros(n_units, dtype=np.intp)
    if len(labels) != n_units:
        raise ParameterError(
            f"plot_raster.labels: must hold one label a unit, got {len(labels)} labels for "
            f"{n_units} units"
        )
    groups, group_of = np.unique(np.asarray(labels), return_inverse=True)
    return groups, group_of


def _palette(colors: Sequence[Any] | str | None, n_groups: int) -> list[Any]:
    if colors is None:
        if n_groups == 1:
            return [INK]
        if n_groups <= len(COLORS):
            return list(COLORS[:n_groups])
        return [to_hex(color) for color in mpl.colormaps["viridis"](np.linspace(0, 0.9, n_groups))]
    if mpl.colors.is_color_like(colors):
        return [colors] * n_groups
    if len(colors) != n_groups:
        raise ParameterError(
            f"plot_raster.colors: must be one color or one for each of {n_groups} groups, got "
            f"{len(colors)}"
        )
    return list(colors)
