"""Which unit spiked when."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol, runtime_checkable

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from bioplastic._quantities import base_units, whole
from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect._style import COLORS, INK, declutter, label, new_axes
from bioplastic.spikes import SpikeTrains

__all__ = ["SpikeEvents", "events_of", "plot_raster"]

# More rows than this have no tick each, but the usual round numbers.
_MAX_NAMED_ROWS: Final = 25
# The least height of a population's band, as a share of all rows.
_LEAST_BAND: Final = 0.12


@runtime_checkable
class SpikeEvents(Protocol):
    """Ragged spike events of many samples, such as :class:`bioplastic.spikes.SpikeTrains`.

    Attributes
    ----------
    times : ndarray of shape (n_spikes,), in seconds
        Time of each spike from the start of its sample.
    units : ndarray of shape (n_spikes,), int
        Unit of each spike.
    offsets : ndarray of shape (n_samples + 1,), int
        Sample k holds the spikes from ``offsets[k]`` to ``offsets[k + 1]``.
    n_units : int
        Number of units.
    duration : ndarray of shape (n_samples,), in seconds
        Duration of each sample.
    """

    @property
    def times(self) -> npt.NDArray[Any]: ...  # noqa: D102
    @property
    def units(self) -> npt.NDArray[Any]: ...  # noqa: D102
    @property
    def offsets(self) -> npt.NDArray[Any]: ...  # noqa: D102
    @property
    def n_units(self) -> int: ...  # noqa: D102
    @property
    def duration(self) -> npt.NDArray[Any]: ...  # noqa: D102


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
        If the spikes are not as SpikeEvents says, times are NaN, infinite, or of another length
        than the units, or a unit is negative or not below n_units.

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
    if isinstance(spikes, Mapping):
        return _plot_populations(spikes, sample, units, labels, colors, axes)
    times, sources, n_units, duration, title = _one_sample(spikes, sample)
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
    if duration > 0:
        axes.set_xlim(0.0, duration)
    # The lowest row must not lie on the scale.
    margin = 0.5 + 0.01 * len(rows)
    axes.set_ylim(-margin, max(len(rows), 1) - 1 + margin)
    if len(rows) <= _MAX_NAMED_ROWS:
        axes.set_yticks(np.arange(len(rows)), [str(unit) for unit in rows])
    in_order = len(rows) > _MAX_NAMED_ROWS and units is not None
    counted = f"{len(times):,} spike{'' if len(times) == 1 else 's'}"
    whole_of = "" if len(rows) == n_units else f" of {n_units:,}"
    units_of = f"{len(rows):,}{whole_of} unit{'' if len(rows) == n_units == 1 else 's'}"
    y = "unit, in the order given" if in_order else "unit"
    label(axes, "time (s)", y, f"{title}{counted} of {units_of}")
    declutter(axes)
    if labels is not None:
        legend = axes.legend(
            loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8, labelcolor=INK
        )
        for handle in legend.legend_handles:
            # A tick as thin as a spike has no color to tell.
            handle.set(markersize=8.0, markeredgewidth=3.0, alpha=1.0)  # type: ignore[union-attr]
    return axes


def _plot_populations(
    spikes: Mapping[str, Any],
    sample: int,
    units: Any,
    labels: Any,
    colors: Any,
    axes: Axes | None,
) -> Axes:
    """Draw a band of rows for each population."""
    if units is not None or labels is not None:
        raise ParameterError(
            "plot_raster.units, labels: must be None where there are several populations; draw "
            "spikes[name] to choose units of one"
        )
    if not spikes:
        raise DataError("plot_raster.spikes: must hold the spikes of a population, got none")
    found = {name: _one_sample(trains, sample) for name, trains in spikes.items()}
    axes = new_axes(axes, (7.0, 4.2))
    palette = _palette(colors, len(found))
    sizes = np.array([n_units for _, _, n_units, _, _ in found.values()], dtype=np.float64)
    heights = np.maximum(sizes, _LEAST_BAND * sizes.sum())
    bottoms = np.cumsum(heights) - heights
    total = 0
    for k, (times, sources, n_units, _, _) in enumerate(found.values()):
        row = heights[k] / n_units
        _draw(
            axes, times, bottoms[k] + (sources + 0.5) * row, palette[k],
            n_rows=int(heights.sum() / row), n_spikes=len(times),
        )  # fmt: skip
        if k:
            axes.axhline(bottoms[k], color=INK, linewidth=0.6, alpha=0.4)
        total += len(times)
    axes.set_xlim(0.0, max(duration for *_, duration, _ in found.values()) or None)
    axes.set_ylim(-0.01 * heights.sum(), heights.sum())
    names = [f"{name}\n({int(n):,})" for name, n in zip(found, sizes, strict=True)]
    axes.set_yticks(bottoms + heights / 2, names)
    title = next(iter(found.values()))[4]
    label(axes, "time (s)", title=f"{title}{total:,} spikes")
    declutter(axes)
    axes.tick_params(axis="y", length=0)
    for text, color in zip(axes.get_yticklabels(), palette, strict=True):
        text.set_color(color)
    return axes


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


def events_of(spikes: SpikeEvents, sample: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return times and units of one sample."""
    if isinstance(spikes, SpikeTrains):  # those in a file are read
        spikes, sample = spikes[sample], 0
    own = slice(int(spikes.offsets[sample]), int(spikes.offsets[sample + 1]))
    return spikes.times[own], spikes.units[own]


def _one_sample(
    spikes: Any, sample: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp], int, float, str]:
    """Cut one sample out: times, units, n_units, duration, and how the title begins."""
    if isinstance(spikes, tuple) and len(spikes) == 2:
        times, units = _checked(*spikes)
        n_units, n_samples = int(units.max(initial=-1)) + 1, 1
        duration, title = float(times.max(initial=0.0)), ""
        sample = _sample_index(sample, n_samples)
    elif isinstance(spikes, SpikeEvents):
        sample = _sample_index(sample, len(spikes.offsets) - 1)
        times, units = _checked(*events_of(spikes, sample))
        n_units = spikes.n_units
        duration, title = float(spikes.duration[sample]), f"Sample {sample}: "
    else:
        raise DataError(
            "plot_raster.spikes: must be SpikeTrains, a tuple (times, units), or a Result or "
            f"mapping with spikes of populations, got {type(spikes).__name__}; record them: "
            f'record={{"spikes": ["exc", "inh"]}}'
        )
    if units.size and (units.min() < 0 or units.max() >= n_units):
        raise DataError(
            f"plot_raster.spikes: units must lie in 0 ... {n_units - 1}, got "
            f"{units.min()} ... {units.max()}"
        )
    return times, units, n_units, duration, title


def _checked(
    times: npt.ArrayLike, units: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp]]:
    times_, units_ = base_units("plot_raster.spikes: times", times), np.asarray(units)
    if times_.ndim != 1 or times_.shape != units_.shape:
        raise DataError(
            "plot_raster.spikes: times and units must be one-dimensional and of one length, got "
            f"shapes {times_.shape} and {units_.shape}"
        )
    if not np.isfinite(times_).all():
        raise DataError("plot_raster.spikes: times must be finite seconds, got NaN or infinity")
    if units_.size and units_.dtype.kind not in "iu":
        raise DataError(f"plot_raster.spikes: units must be whole numbers, got {units_.dtype}")
    return times_, units_.astype(np.intp)


def _sample_index(sample: int, n_samples: int) -> int:
    return whole("plot_raster.sample", sample, -n_samples, n_samples - 1) % n_samples


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
