"""How well a decoder does with few neurons, and with spikes that come at the wrong time."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from brian2 import second
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter
from sklearn.utils import Bunch, check_random_state

from bioplastic._quantities import amount, amounts, whole
from bioplastic.errors import DataError
from bioplastic.inspect._style import COLORS, INK, declutter, label, new_axes
from bioplastic.inspect.error_reduction import check_decoder
from bioplastic.spikes import SpikeTrains

#: Jitters that span more than this are drawn on a logarithmic axis.
_WIDE: Final = 12.0
_PLACES: Final = ("n_neurons", "sigmas")

Array = npt.NDArray[np.float64]


def accuracy_curve(
    decoder: Any,
    X: SpikeTrains,
    y: Any,
    sigmas: Any = None,
    *,
    n_repeats: int = 5,
    random_state: Any = None,
) -> Bunch:
    """Accuracy of a fitted decoder with its first neurons only, or with spikes moved at random.

    Parameters
    ----------
    decoder : estimator
        A fitted one. Without `sigmas` a SpikeTimeClassifier: it classifies with the first neuron
        chosen, with the first two, and so on. With `sigmas` any that has ``score(X, y)``, such as
        SpikeTimeClassifier, or a pipeline of a transformer of spikes and a classifier.
    X : SpikeTrains of shape (n_samples, n_units)
        Samples that it was not fitted to.
    y : array_like of shape (n_samples, ...)
        Their targets.
    sigmas : Quantity of time of shape (n_sigmas,), optional
        Standard deviations, from 0, of normally distributed times by which spikes move. A spike
        that would leave its sample is reflected at the edge, so that none is lost and counts stay
        what they were.
    n_repeats : int, default=5
        How often spikes are moved. In one repeat, larger jitters move each spike further in the
        same direction, so that what differs along `sigmas` is not the draw.
    random_state : int, RandomState or None
        Where the moves come from.

    Returns
    -------
    curve : Bunch
        ``accuracies``: ndarray of shape (n_points, n_repeats), what ``decoder.score`` returned,
        which is the accuracy for classifiers; without `sigmas` there is one repeat. And
        ``sigmas``: ndarray of shape (n_points,), in seconds; or ``n_neurons``: the numbers of
        different neurons in use. Where each class chose its own, these are those of all classes,
        and rise by more than 1 at a time.

    Raises
    ------
    ParameterError
        If `sigmas` are no times from 0, or `n_repeats` is no whole number above 0.
    DataError
        If `decoder` is not as above, X is no SpikeTrains, or X and y do not fit.

    Notes
    -----
    Choosing a number of neurons by the best accuracy on these samples makes them training samples.
    The `validation` of the decoder chooses it without.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.inspect import accuracy_curve
    >>> from bioplastic.readout import SpikeTimeClassifier
    >>> X = SpikeTrains(
    ...     [0.02, 0.05, 0.05, 0.08], [1, 0, 0, 1], [0, 2, 4], n_units=2, duration=0.1
    ... )
    >>> y = ["early", "late"]
    >>> decoder = SpikeTimeClassifier(tau=10 * ms, n_references=2, max_neurons=1).fit(X, y)
    >>> accuracy_curve(decoder, X, y)
    {'n_neurons': array([1]), 'accuracies': array([[1.]])}
    >>> accuracy_curve(decoder, X, y, [0, 1] * ms, n_repeats=2, random_state=0).accuracies
    array([[1., 1.],
           [1., 1.]])
    """
    where = "accuracy_curve"
    if not isinstance(X, SpikeTrains):
        raise DataError(f"{where}.X: must be SpikeTrains, got {type(X).__name__}")
    if sigmas is None:
        return _by_neurons(where, decoder, X, np.asarray(y))
    widths = amounts(f"{where}.sigmas", sigmas, zero=True)
    n_repeats = whole(f"{where}.n_repeats", n_repeats, 1)
    if not hasattr(decoder, "score"):
        raise DataError(
            f"{where}.decoder: must be an estimator with score(X, y), got {type(decoder).__name__}"
        )
    rng = np.random.default_rng(check_random_state(random_state).randint(2**31, size=4))
    X = X.to_memory()
    accuracies = np.empty((len(widths), n_repeats))
    for repeat in range(n_repeats):
        moves = rng.standard_normal(len(X.times))
        for k, width in enumerate(widths):
            accuracies[k, repeat] = decoder.score(_jittered(X, width * moves), y)
    return Bunch(sigmas=widths, accuracies=accuracies)


def _by_neurons(where: str, decoder: Any, X: SpikeTrains, labels: npt.NDArray[Any]) -> Bunch:
    check_decoder(where, decoder)
    if not hasattr(decoder, "staged_predict") or not hasattr(decoder, "classes_"):
        raise DataError(
            f"{where}.decoder: must be a classifier with staged_predict, got "
            f"{type(decoder).__name__}; or give sigmas"
        )
    if labels.shape != (len(X),):
        raise DataError(
            f"{where}.y: must hold one class for each sample of X, got the shape "
            f"{labels.shape} for {X!r}"
        )
    right = [float((found == labels).mean()) for found in decoder.staged_predict(X)]
    parts = decoder.selected_ if isinstance(decoder.selected_, list) else [decoder.selected_]
    n_neurons = [
        len(np.unique(np.concatenate([part[:n] for part in parts])))
        for n in range(1, len(right) + 1)
    ]
    return Bunch(n_neurons=np.array(n_neurons, dtype=np.int64), accuracies=np.array([right]).T)


def _jittered(X: SpikeTrains, moves: Array) -> SpikeTrains:
    """Move spikes; reflect them at the edges of their samples."""
    lengths = np.diff(X.offsets)
    ends = np.repeat(X.duration, lengths)
    times = X.times + moves
    out = (times < 0) | (times > ends)
    # There and back is one period; a sample without duration has all its spikes at 0.
    period = np.where(ends > 0, 2 * ends, 1.0)
    times = np.where(out, np.clip(ends - np.abs(times % period - ends), 0.0, ends), times)
    order = np.lexsort((times, np.repeat(np.arange(len(X)), lengths)))
    return SpikeTrains(
        times[order], X.units[order], X.offsets, n_units=X.n_units, duration=X.duration * second
    )


def plot_accuracy(
    curves: Mapping[Any, Any],
    *,
    tau: Any = None,
    chance: float | None = None,
    ylabel: str = "accuracy",
    title: str | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw accuracy against the number of neurons in use, or against the jitter of spikes.

    Parameters
    ----------
    curves : mapping from str to Bunch
        For each method what :func:`accuracy_curve` returned, or another mapping or object with
        ``accuracies``, as shares from 0 to 1, of shape (n_points, n_repeats) or (n_points,), and
        ``n_neurons``, rising and above 0, or ``sigmas``, rising, in seconds, of shape (n_points,).
        NaN is for what a repeat lacks. A method of one point, such as a readout of all neurons, is
        a marker with a line across, at which others draw level.
    tau : Quantity of time, or mapping from str to such, default=None
        Time constant of the decoders, or of each: jitter is drawn as a multiple of it. None draws
        milliseconds.
    chance : float, default=None
        Accuracy of guessing, drawn as a dotted line.
    ylabel : str, default="accuracy"
        What the accuracies are.
    title : str, default=None
        Text above the picture; None says what is drawn.
    axes : matplotlib.axes.Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    axes : matplotlib.axes.Axes
        The Axes, with one line a method: means over repeats, and a band, or bar, of one standard
        deviation (with n - 1) to either side. Numbers of neurons are on a logarithmic scale. So
        are jitters that span much; their scale is linear below the smallest one above 0, so that
        0 has a place.

    Raises
    ------
    ParameterError
        If `tau` is no finite time above 0, or lacks a curve.
    DataError
        If there is no curve, or one has a wrong shape, is not finite or does not rise.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.inspect import plot_accuracy
    >>> curves = {
    ...     "timing": {"n_neurons": [1, 10], "accuracies": [[0.5, 0.6], [0.8, 0.8]]},
    ...     "standard readout": {"n_neurons": [1000], "accuracies": [[0.85, 0.83]]},
    ... }
    >>> plot_accuracy(curves).lines[0].get_ydata()
    array([0.55, 0.8 ])
    >>> jitter = {"timing": {"sigmas": [0, 0.01], "accuracies": [[1.0, 1.0], [0.6, 0.8]]}}
    >>> plot_accuracy(jitter, tau=20 * ms).lines[0].get_xdata()
    array([0. , 0.5])
    """
    if not isinstance(curves, Mapping) or not curves:
        raise DataError(
            f"plot_accuracy.curves: must map labels to curves, got {type(curves).__name__}; give "
            f'e.g. {{"timing": curve}}'
        )
    found = {str(name): _curve(str(name), curve) for name, curve in curves.items()}
    kinds = {kind for kind, _, _ in found.values()}
    if len(kinds) > 1:
        raise DataError("plot_accuracy.curves: must be all over n_neurons or all over sigmas")
    axes = new_axes(axes, (7.0, 4.0))
    if "n_neurons" in kinds:
        known = {name: (places, scores) for name, (_, places, scores) in found.items()}
        axes.set_xscale("log")
        _draw_curves(axes, known)
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=20))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:,g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        x, said = "neurons", "How many neurons it takes"
    else:
        taus = tau if isinstance(tau, Mapping) else dict.fromkeys(found, tau)
        units = {
            name: 1e-3 if tau is None else amount("plot_accuracy.tau", taus.get(name), second)
            for name in found
        }
        known = {name: (sigma / units[name], y) for name, (_, sigma, y) in found.items()}
        positive = np.concatenate([widths[widths > 0] for widths, _ in known.values()])
        if len(positive) and positive.max() > _WIDE * positive.min():
            axes.set_xscale("symlog", linthresh=positive.min(), linscale=0.6)
            axes.xaxis.set_major_formatter(FuncFormatter(lambda sigma, _: f"{sigma:g}"))
            axes.xaxis.set_minor_formatter(NullFormatter())
        _draw_curves(axes, known)
        axes.set_xlim(min(widths[0] for widths, _ in known.values()), None)
        x, said = "jitter σ (ms)", "What is left when spikes move"
        if tau is not None:
            axes.axvline(1.0, color=INK, linewidth=0.8, linestyle="--", zorder=0)
            x = "jitter σ / τ"
            if not isinstance(tau, Mapping):
                x += f", τ = {1e3 * float(tau):g} ms"
    if chance is not None:
        _draw_chance(axes, chance)
    axes.set_ylim(None, min(axes.get_ylim()[1], 1.02) if axes.get_ylim()[0] < 1.0 else None)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    label(axes, x, ylabel, said if title is None else title)
    declutter(axes)
    # White behind it, so that lines of chance and of readouts do not run through the words.
    axes.legend(facecolor="white", edgecolor="none", fontsize=9, labelcolor=INK, loc="best")
    if "n_neurons" in kinds:
        axes.tick_params(axis="x", which="minor", length=0)
    return axes


def _curve(name: str, curve: Any) -> tuple[str, Array, Array]:
    """Return what a curve is over, its places, and scores of shape (n_repeats, n_points)."""
    where = f"plot_accuracy.curves: {name!r}"
    given = curve if isinstance(curve, Mapping) else getattr(curve, "__dict__", {})
    kind = next((key for key in _PLACES if key in given), None)
    if kind is None or "accuracies" not in given:
        raise DataError(
            f"{where} must have accuracies, and n_neurons or sigmas, got {type(curve).__name__}; "
            f"accuracy_curve makes both"
        )
    try:
        places = np.asarray(given[kind], dtype=np.float64)
        scores = np.atleast_2d(np.transpose(np.asarray(given["accuracies"], dtype=np.float64)))
    except (TypeError, ValueError) as error:
        raise DataError(f"{where} must hold numbers, {error}") from error
    if places.ndim != 1 or not places.size or scores.ndim != 2 or not len(scores):
        raise DataError(
            f"{where} must have one-dimensional {kind} and accuracies of all repeats, got the "
            f"shapes {places.shape} and {scores.T.shape}"
        )
    if scores.shape[1] != len(places):
        raise DataError(f"{where} has {len(places)} {kind}, but {scores.shape[1]} accuracies")
    if not np.isfinite(places).all() or (np.diff(places) <= 0).any():
        raise DataError(f"{where} must have {kind} that are finite and rise")
    if places[0] < 0 or (kind == "n_neurons" and places[0] == 0):
        raise DataError(f"{where} must have n_neurons above 0, or sigmas from 0")
    if np.isinf(scores).any() or np.isnan(scores).all(axis=0).any():
        raise DataError(f"{where} must have finite accuracies, and one at each place at least")
    return kind, places, scores


def _draw_curves(axes: Axes, curves: Mapping[str, tuple[Array, Array]]) -> None:
    """Draw means over repeats, with one standard deviation to either side."""
    for k, (name, (x, scores)) in enumerate(curves.items()):
        color = COLORS[k % len(COLORS)]
        mean = np.nanmean(scores, axis=0)
        count = np.maximum((~np.isnan(scores)).sum(axis=0) - 1, 1)
        spread = np.sqrt(np.nansum((scores - mean) ** 2, axis=0) / count)
        few = len(x) <= 20
        axes.plot(
            x, mean, color=color, linewidth=1.8, marker="o" if few else None, markersize=4,
            label=name,
        )  # fmt: skip
        if len(x) == 1:
            axes.errorbar(x, mean, yerr=spread, color=color, linewidth=1.4, capsize=3)
            axes.axhline(mean[0], color=color, linewidth=1.0, linestyle=(0, (5, 3)), zorder=1)
        elif spread.any():
            axes.fill_between(
                x, mean - spread, mean + spread, color=color, alpha=0.2, linewidth=0, zorder=1
            )


def _draw_chance(axes: Axes, chance: float) -> None:
    axes.axhline(chance, color=INK, linewidth=0.8, linestyle=":", zorder=0)
    axes.annotate(
        "chance", (1.0, chance), xycoords=("axes fraction", "data"), xytext=(3, 0),
        textcoords="offset points", va="center", annotation_clip=False, fontsize=8, color=INK,
    )  # fmt: skip
    axes.set_ylim(min(axes.get_ylim()[0], chance - 0.03), None)
