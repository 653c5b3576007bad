"""Which neurons a decoder chose, and what each of them adds."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from bioplastic._quantities import whole
from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect._style import COLORS, INK, color_bar, declutter, label, new_axes

# More names than this below the bars would overlap.
_MAX_NAMED: Final = 40
# Names longer than this, or more of them, stand upright below their bars.
_MAX_LEVEL: Final = (3, 16)
# Tiles with more columns than this are too narrow for a name inside.
_MAX_WRITTEN: Final = 12

Array = npt.NDArray[np.float64]


def plot_error_reduction(
    decoder: Any,
    *,
    names: Sequence[Any] | npt.NDArray[Any] | None = None,
    max_neurons: int | None = 30,
    title: str | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw how much of the targets each chosen neuron explains, in the order of choice.

    Parameters
    ----------
    decoder : SpikeTimeClassifier or SpikeTimeRegressor
        A fitted one, or another fitted estimator with the attributes ``selected_``,
        ``error_reduction_ratio_`` and ``residual_``. With ``selected_lags_`` too, of one lag in
        seconds for each choice, lags are written beside neurons.
    names : sequence of length n_units, default=None
        What to write for each neuron; None writes its number.
    max_neurons : int, default=30
        Draw the first so many only; None draws all.
    title : str, default=None
        Text above the picture; None tells how much the drawn neurons explain.
    axes : matplotlib.axes.Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    axes : matplotlib.axes.Axes
        The Axes. Bars are error-reduction ratios, and a line with a scale of its own at the right
        is the share of the power that is still unexplained. Where each class chose its own
        neurons, each is a row instead: colors are the ratios, on a logarithmic scale, and the
        number behind a row is the share left after the last tile drawn.

    Raises
    ------
    ParameterError
        If `max_neurons` is no whole number above 0, or `names` are too few.
    DataError
        If `decoder` is none or not fitted, or its attributes do not fit each other.

    Notes
    -----
    A ratio belongs to an order of choice: a neuron that comes late may know much that those before
    it told already. Power is that of the targets around their mean.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.inspect import plot_error_reduction
    >>> from bioplastic.readout import SpikeTimeClassifier
    >>> spikes = SpikeTrains(
    ...     [0.02, 0.05, 0.05, 0.08], [1, 0, 0, 1], [0, 2, 4], n_units=2, duration=0.1
    ... )
    >>> decoder = SpikeTimeClassifier(tau=10 * ms, n_references=2, max_neurons=1)
    >>> axes = plot_error_reduction(decoder.fit(spikes, ["early", "late"]))
    >>> [tick.get_text() for tick in axes.get_xticklabels()]
    ['1']
    """
    check_decoder("plot_error_reduction", decoder)
    chosen, ratios, left = _choices(decoder)
    n_all = max(len(part) for part in chosen)
    n_shown = check_most("plot_error_reduction", max_neurons, n_all)
    written = [_names(part[:n_shown], names) for part in chosen]
    lags = getattr(decoder, "selected_lags_", None)
    if lags is not None and len(chosen) == 1:
        written = [atom_names(written[0], np.asarray(lags)[:n_shown])]
    height = 3.6 if len(chosen) == 1 else min(1.6 + 0.24 * len(chosen), 9.0)
    axes = new_axes(axes, (7.4, height))
    if len(chosen) == 1:
        thing = "neuron" if lags is None else "neuron and lag"
        _draw_bars(axes, ratios[0][:n_shown], left[0][:n_shown], written[0], thing)
    else:
        classes = [str(name) for name in getattr(decoder, "classes_", range(len(chosen)))]
        _draw_rows(axes, [x[:n_shown] for x in ratios], [x[:n_shown] for x in left], written)
        axes.set_yticks(np.arange(len(chosen)), classes)
    label(axes, title=_title(left, n_shown, n_all, lags) if title is None else title)
    return axes


def _choices(decoder: Any) -> tuple[list[npt.NDArray[np.intp]], list[Array], list[Array]]:
    """Neurons, ratios and residuals of each part, where all or each class chose."""
    apart = isinstance(decoder.selected_, list)
    found = []
    kinds = {"selected_": np.intp, "error_reduction_ratio_": float, "residual_": float}
    for name, kind in kinds.items():
        value = getattr(decoder, name)
        found.append([np.asarray(part, dtype=kind) for part in (value if apart else [value])])
    for parts in zip(*found, strict=True):
        if any(part.ndim != 1 or len(part) != len(parts[0]) for part in parts):
            raise DataError(
                "plot_error_reduction.decoder: selected_, error_reduction_ratio_ and residual_ "
                f"must have one length, got {[part.shape for part in parts]}"
            )
    return found[0], found[1], found[2]


def _names(neurons: npt.NDArray[np.intp], names: Any) -> list[str]:
    if names is None:
        return [str(neuron) for neuron in neurons]
    if len(names) <= neurons.max(initial=-1):
        raise ParameterError(
            f"plot_error_reduction.names: must hold one name for each unit, got {len(names)} names "
            f"and unit {neurons.max()}"
        )
    return [str(names[neuron]) for neuron in neurons]


def _draw_bars(axes: Axes, ratio: Array, left: Array, written: list[str], thing: str) -> None:
    place = np.arange(len(ratio))
    few = len(place) <= _MAX_NAMED
    axes.bar(place, ratio, width=0.75 if few else 1.0, color=COLORS[0], linewidth=0)
    step = -(-len(written) // _MAX_NAMED)
    upright = len(written) > _MAX_LEVEL[1] or max(map(len, written)) > _MAX_LEVEL[0]
    axes.set_xticks(place[::step], written[::step], rotation=90 if upright else 0)
    axes.set_xlim(-0.7, len(ratio) - 0.3)
    axes.set_ylim(0.0, 1.1 * ratio.max() if ratio.max() > 0 else 1.0)
    each = "" if step == 1 else f" (1 in {step} is named)"
    label(axes, f"{thing}, in the order of choice{each}")
    axes.set_ylabel("error-reduction ratio", fontsize=9, color=COLORS[0])
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    declutter(axes)
    twin = axes.twinx()
    twin.plot(
        place, left, color=COLORS[2], linewidth=1.6, marker="o" if few else None, markersize=3
    )
    # Bars and line both start at 0, so that a line near the bottom means that little is left.
    twin.set_ylim(0.0, 1.0)
    twin.set_ylabel("power left unexplained", fontsize=9, color=COLORS[2])
    twin.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    declutter(twin, keep=("right",))


def _draw_rows(
    axes: Axes, ratios: list[Array], left: list[Array], written: list[list[str]]
) -> None:
    longest = max(map(len, ratios))
    tiles = np.ma.masked_all((len(ratios), longest))
    for row, ratio in enumerate(ratios):
        tiles[row, : len(ratio)] = ratio
    top = max(float(tiles.max()), 1e-12)
    # The first neurons explain a hundred times what the last ones do.
    norm = LogNorm(max(float(tiles.min()), top / 1e3), top, clip=True)
    image = axes.imshow(tiles, cmap="Blues", norm=norm, aspect="auto", interpolation="none")
    if longest <= _MAX_WRITTEN:
        for row, names in enumerate(written):
            for column, name in enumerate(names):
                dark = norm(tiles[row, column]) > 0.6
                axes.text(
                    column, row, name, ha="center", va="center", fontsize=7,
                    color="white" if dark else INK,
                )  # fmt: skip
    for row, share in enumerate(left):
        shown = f"{100 * share[-1]:.0f} %" if len(share) else "100 %"
        axes.text(longest - 0.4, row, shown, va="center", fontsize=8, color=INK)
    axes.text(longest - 0.4, -0.75, "left", va="bottom", fontsize=8, color=INK)
    label(axes, "order of choice", "class")
    step = max(1, 5 * round(longest / 50)) if longest > _MAX_WRITTEN else 1
    first = [0, *range(max(step, 5) - 1, longest, max(step, 5))] if longest > 5 else range(longest)
    axes.set_xticks(list(first), [str(k + 1) for k in first])
    declutter(axes, keep=())
    axes.tick_params(length=0)
    bar = color_bar(axes, image, "error-reduction ratio", inset=None, shrink=0.8, pad=0.1)
    bar.ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:g} %"))
    bar.ax.yaxis.set_minor_formatter(NullFormatter())
    bar.ax.minorticks_off()


def _title(left: list[Array], n_shown: int, n_all: int, lags: Any) -> str:
    thing = "neuron" if lags is None else "atom"
    many = "" if n_shown == 1 else "s"
    if len(left) > 1:
        of = "" if n_shown == n_all else f", the first {n_shown} of up to {n_all}"
        return f"What each class's own neurons explain{of}"
    explained = 100 * (1 - left[0][n_shown - 1])
    verb = "explains" if n_shown == 1 else "explain"
    of = f"{n_shown} {thing}{many}"
    if n_shown != n_all:
        of = f"The first {n_shown} of {n_all} {thing}s"
    return f"{of} {verb} {explained:.1f} % of the targets' power"


def check_decoder(where: str, decoder: Any, *more: str) -> None:
    """Refuse what is not a fitted decoder that chose neurons, with the attributes `more` too.

    Raises
    ------
    DataError
        If it is not.
    """
    needed = ["selected_", "error_reduction_ratio_", "residual_", *more]
    try:
        check_is_fitted(decoder, needed)
    except (NotFittedError, TypeError) as error:
        lacking = next((name for name in needed if not hasattr(decoder, name)), "fit")
        raise DataError(
            f"{where}.decoder: must be a fitted SpikeTimeClassifier or SpikeTimeRegressor, got "
            f"{type(decoder).__name__} without {lacking}; call fit first, and of a pipeline pass "
            f"the last step"
        ) from error
    parts = decoder.selected_ if isinstance(decoder.selected_, list) else [decoder.selected_]
    if not any(len(part) for part in parts):
        raise DataError(
            f"{where}.decoder: chose no neuron; look whether any spikes near its references, or "
            f"lower its tol"
        )


def check_most(where: str, max_neurons: int | None, n_neurons: int) -> int:
    """Return how many of `n_neurons` to draw; None draws all.

    Raises
    ------
    ParameterError
        If `max_neurons` is neither None nor a whole number above 0.
    """
    if max_neurons is None:
        return n_neurons
    whole(f"{where}.max_neurons", max_neurons, 1)
    return min(int(max_neurons), n_neurons)


def atom_names(names: list[str], lags: npt.ArrayLike) -> list[str]:
    """Names of neurons with their lags, which are in seconds."""
    shown = [f"{1e3 * lag:g}".replace("-", "\N{MINUS SIGN}") for lag in np.asarray(lags)]
    return [f"{name}, {lag} ms" for name, lag in zip(names, shown, strict=True)]
