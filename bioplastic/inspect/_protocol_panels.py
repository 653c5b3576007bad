"""What pictures of protocols share: names of results, axes with a zero, labels."""

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from bioplastic.errors import DataError
from bioplastic.inspect._style import INK, declutter
from bioplastic.inspect.protocol_results import Measurement

__all__ = ["finish", "legend", "milliseconds", "named", "values", "zero_lines"]


def named(where: str, results: Any, kind: type) -> dict[Any, Any]:
    """Return results under their names, of which a single one needs none."""
    known = dict(results) if isinstance(results, Mapping) else {"": results}
    if not known or not all(isinstance(result, kind) for result in known.values()):
        got = ", ".join(type(result).__name__ for result in known.values()) or "nothing"
        raise DataError(
            f"{where}: must be {kind.__name__} or map names to such, got {got}; the protocols "
            f"make them"
        )
    return known


def milliseconds(delay: float) -> str:
    """Write a delay with its sign."""
    return f"{1e3 * delay:+g} ms".replace("-", "\N{MINUS SIGN}")


def values(result: Measurement, relative: bool) -> npt.NDArray[Any]:
    """Return what is drawn."""
    return result.relative if relative else result.change


def zero_lines(axes: Axes, *, vertical: bool = False) -> None:
    """Draw where nothing changes, and where both spikes come at once."""
    axes.axhline(0.0, color=INK, linewidth=0.8, zorder=1)
    if vertical:
        axes.axvline(0.0, color=INK, linewidth=0.8, zorder=1)


def finish(axes: Axes, known: Mapping[Any, Any], relative: bool, title: str) -> None:
    """Write all labels."""
    names = sorted({str(result.variable) for result in known.values()})
    if relative:
        axes.yaxis.set_major_formatter(FuncFormatter(_percent))
    what = f"change of {', '.join(names)}" + (", share of w before" if relative else "")
    axes.set_ylabel(what, fontsize=9, color=INK)
    axes.xaxis.label.set_color(INK)
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    declutter(axes)


def legend(axes: Axes) -> None:
    """Say what is what, side by side where there is much of it."""
    columns = 1 if len(axes.get_legend_handles_labels()[1]) <= 6 else 2
    axes.legend(
        facecolor="white", edgecolor="none", fontsize=9, labelcolor=INK, loc="best", ncols=columns
    )


def _percent(share: float, place: int | None = None) -> str:
    del place
    return f"{100 * share:.3g} %".replace("-", "\N{MINUS SIGN}")
