"""How well a decoder does with spikes that come at the wrong time."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from brian2 import Quantity, have_same_dimensions, second
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter
from sklearn.utils import Bunch, check_random_state

from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect._curves import check_curve, check_mapping, draw_curves, finish, new_axes
from bioplastic.inspect._style import INK
from bioplastic.spikes import SpikeTrains

__all__ = ["jitter_accuracy", "plot_jitter"]

# Jitters that span more than this are drawn on a logarithmic axis.
_WIDE: Final = 12.0

Array = npt.NDArray[np.float64]


def jitter_accuracy(
    decoder: Any,
    X: SpikeTrains,
    y: Any,
    sigmas: Any,
    *,
    n_repeats: int = 5,
    random_state: Any = None,
) -> Bunch:
    """Accuracy of a fitted decoder on spikes that are moved at random.

    Each spike moves by a normally distributed time. One that would leave its sample is reflected
    at the edge, so that none is lost and counts stay what they were.

    Parameters
    ----------
    decoder : estimator
        A fitted one with the method ``score(X, y)``, such as SpikeTimeClassifier, or a pipeline of
        a transformer of spikes and a classifier.
    X : SpikeTrains of shape (n_samples, n_units)
        Samples that it was not fitted to.
    y : array_like of shape (n_samples, ...)
        Their targets.
    sigmas : Quantity of time of shape (n_sigmas,)
        Standard deviations, from 0.
    n_repeats : int, default=5
        How often spikes are moved. In one repeat, larger jitters move each spike further in the
        same direction, so that what differs along `sigmas` is not the draw.
    random_state : int, RandomState or None
        Where the moves come from.

    Returns
    -------
    curve : Bunch
        ``sigmas``: ndarray of shape (n_sigmas,), in seconds. ``accuracies``: ndarray of shape
        (n_sigmas, n_repeats), what ``decoder.score`` returned, which is the accuracy for
        classifiers.

    Raises
    ------
    ParameterError
        If `sigmas` are no times from 0, or `n_repeats` is no whole number above 0.
    DataError
        If X is no SpikeTrains, or `decoder` has no ``score``.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.inspect import jitter_accuracy
    >>> from bioplastic.readout import SpikeTimeClassifier
    >>> spikes = SpikeTrains(
    ...     [0.02, 0.05, 0.05, 0.08], [1, 0, 0, 1], [0, 2, 4], n_units=2, duration=0.1
    ... )
    >>> decoder = SpikeTimeClassifier(tau=10 * ms, n_references=2, max_neurons=1)
    >>> decoder = decoder.fit(spikes, ["early", "late"])
    >>> curve = jitter_accuracy(
    ...     decoder, spikes, ["early", "late"], [0, 1] * ms, n_repeats=2, random_state=0
    ... )
    >>> curve.accuracies
    array([[1., 1.],
           [1., 1.]])
    """
    right = isinstance(sigmas, Quantity) and have_same_dimensions(sigmas, second)
    widths = np.atleast_1d(np.asarray(sigmas, dtype=np.float64)) if right else np.zeros(0)
    if widths.ndim != 1 or not widths.size or not np.isfinite(widths).all() or widths.min() < 0:
        raise ParameterError(
            f"jitter_accuracy.sigmas: must be times from 0, got {sigmas!r}; give e.g. "
            f"[0, 1, 10] * ms"
        )
    whole = isinstance(n_repeats, (int, np.integer)) and not isinstance(n_repeats, bool)
    if not whole or n_repeats < 1:
        raise ParameterError(
            f"jitter_accuracy.n_repeats: must be a whole number above 0, got {n_repeats!r}"
        )
    if not isinstance(X, SpikeTrains):
        raise DataError(f"jitter_accuracy.X: must be SpikeTrains, got {type(X).__name__}")
    if not hasattr(decoder, "score"):
        raise DataError(
            f"jitter_accuracy.decoder: must be an estimator with score(X, y), got "
            f"{type(decoder).__name__}"
        )
    rng = np.random.default_rng(check_random_state(random_state).randint(2**31, size=4))
    X = X.to_memory()
    accuracies = np.empty((len(widths), n_repeats))
    for repeat in range(n_repeats):
        moves = rng.standard_normal(len(X.times))
        for k, width in enumerate(widths):
            accuracies[k, repeat] = decoder.score(_jittered(X, width * moves), y)
    return Bunch(sigmas=widths, accuracies=accuracies)


def plot_jitter(
    curves: Mapping[Any, Any],
    *,
    tau: Any = None,
    chance: float | None = None,
    ylabel: str = "accuracy",
    title: str | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw accuracy against the jitter of spikes.

    Parameters
    ----------
    curves : mapping from str to Bunch
        For each decoder what :func:`jitter_accuracy` returned, or another mapping or object with
        ``sigmas``, rising, of shape (n_sigmas,), in seconds, and ``accuracies``, as shares from 0
        to 1, of shape (n_sigmas, n_repeats) or (n_sigmas,). NaN is for what a repeat lacks.
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
        The Axes, with one line a curve: means over repeats, and a band of one standard deviation
        (with n - 1) to either side. The scale is logarithmic where jitters span much, and linear
        below the smallest one above 0, so that 0 has a place.

    Raises
    ------
    ParameterError
        If `tau` is no finite time above 0, or lacks a curve.
    DataError
        If there is no curve, or one has a wrong shape, is not finite or does not rise.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.inspect import plot_jitter
    >>> curves = {"timing": {"sigmas": [0, 0.01], "accuracies": [[1.0, 1.0], [0.6, 0.8]]}}
    >>> axes = plot_jitter(curves, tau=20 * ms)
    >>> axes.lines[0].get_xdata(), axes.lines[0].get_ydata()
    (array([0. , 0.5]), array([1. , 0.7]))
    """
    known = {}
    for label, curve in check_mapping("plot_jitter", curves).items():
        unit = 1e-3 if tau is None else _tau(tau.get(label) if isinstance(tau, Mapping) else tau)
        sigmas, accuracies = _fields(label, curve)
        widths, scores = check_curve("plot_jitter", label, sigmas, np.transpose(accuracies))
        if widths[0] < 0:
            raise DataError(f"plot_jitter.curves: {label!r} must have sigmas from 0")
        known[str(label)] = widths / unit, scores
    axes = new_axes(axes)
    positive = np.concatenate([widths[widths > 0] for widths, _ in known.values()])
    if len(positive) and positive.max() > _WIDE * positive.min():
        axes.set_xscale("symlog", linthresh=positive.min(), linscale=0.6)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda sigma, _: f"{sigma:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    draw_curves(axes, known)
    axes.set_xlim(min(widths[0] for widths, _ in known.values()), None)
    if tau is not None:
        axes.axvline(1.0, color=INK, linewidth=0.8, linestyle="--", zorder=0)
    shown = "jitter σ (ms)" if tau is None else "jitter σ / τ"
    if tau is not None and not isinstance(tau, Mapping):
        shown += f", τ = {1e3 * unit:g} ms"
    axes.set_xlabel(shown, fontsize=9, color=INK)
    text = "What is left when spikes move" if title is None else title
    finish(axes, chance=chance, ylabel=ylabel, title=text)
    return axes


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


def _fields(label: Any, curve: Any) -> tuple[Any, Any]:
    try:
        if isinstance(curve, Mapping):
            return curve["sigmas"], curve["accuracies"]
        return curve.sigmas, curve.accuracies
    except (KeyError, AttributeError) as error:
        raise DataError(
            f"plot_jitter.curves: {label!r} must have sigmas and accuracies, got "
            f"{type(curve).__name__}; jitter_accuracy makes both"
        ) from error


def _tau(tau: Any) -> float:
    right = isinstance(tau, Quantity) and have_same_dimensions(tau, second)
    number = np.asarray(tau, dtype=np.float64) if right else np.array(np.nan)
    if number.ndim or not np.isfinite(number) or number <= 0:
        raise ParameterError(
            f"plot_jitter.tau: must be one finite time above 0, got {tau!r}; give e.g. 30 * ms"
        )
    return float(number)
