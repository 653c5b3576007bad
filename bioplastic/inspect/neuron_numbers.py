"""How well a readout does with few neurons."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from bioplastic.errors import DataError
from bioplastic.inspect._curves import check_curve, check_mapping, draw_curves, finish, new_axes
from bioplastic.inspect._decoder import check_decoder
from bioplastic.inspect._style import INK
from bioplastic.spikes import SpikeTrains

__all__ = ["neuron_curve", "plot_neuron_curve"]

Array = npt.NDArray[np.float64]


def neuron_curve(
    decoder: Any, X: SpikeTrains, y: npt.ArrayLike
) -> tuple[npt.NDArray[np.int64], Array]:
    """Accuracy of a classifier with the first neuron chosen, with the first two, and so on.

    Parameters
    ----------
    decoder : SpikeTimeClassifier
        A fitted one.
    X : SpikeTrains of shape (n_samples, n_units)
        Samples that it was not fitted to.
    y : array_like of shape (n_samples,)
        Their classes.

    Returns
    -------
    n_neurons : ndarray of shape (n_stages,)
        Numbers of different neurons in use. Where each class chose its own, these are those of all
        classes, and rise by more than 1 at a time.
    accuracy : ndarray of shape (n_stages,)
        Shares of samples taken for what they are.

    Raises
    ------
    DataError
        If `decoder` is no fitted classifier that chose neurons, or X and y do not fit.

    Notes
    -----
    Choosing a number of neurons by the best accuracy on these samples makes them training samples.
    The `validation` of the decoder chooses it without.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.inspect import neuron_curve
    >>> from bioplastic.readout import SpikeTimeClassifier
    >>> spikes = SpikeTrains(
    ...     [0.02, 0.05, 0.05, 0.08], [1, 0, 0, 1], [0, 2, 4], n_units=2, duration=0.1
    ... )
    >>> decoder = SpikeTimeClassifier(tau=10 * ms, n_references=2, max_neurons=1)
    >>> neuron_curve(decoder.fit(spikes, ["early", "late"]), spikes, ["early", "late"])
    (array([1]), array([1.]))
    """
    check_decoder("neuron_curve", decoder)
    if not hasattr(decoder, "staged_predict") or not hasattr(decoder, "classes_"):
        raise DataError(
            f"neuron_curve.decoder: must be a classifier with staged_predict, got "
            f"{type(decoder).__name__}"
        )
    labels = np.asarray(y)
    if not hasattr(X, "__len__") or labels.shape != (len(X),):
        raise DataError(
            f"neuron_curve.y: must hold one class for each sample of X, got the shape "
            f"{labels.shape} for {X!r}"
        )
    right = [float((found == labels).mean()) for found in decoder.staged_predict(X)]
    parts = decoder.selected_ if isinstance(decoder.selected_, list) else [decoder.selected_]
    n_neurons = [
        len(np.unique(np.concatenate([part[:n] for part in parts])))
        for n in range(1, len(right) + 1)
    ]
    return np.array(n_neurons, dtype=np.int64), np.array(right)


def plot_neuron_curve(
    curves: Mapping[Any, tuple[npt.ArrayLike, npt.ArrayLike]],
    *,
    chance: float | None = None,
    ylabel: str = "accuracy",
    title: str | None = None,
    axes: Axes | None = None,
) -> Axes:
    """Draw accuracy against the number of neurons that a readout listens to.

    Parameters
    ----------
    curves : mapping from str to tuple
        For each method its number of neurons, ``(n_points,)``, rising and above 0, and its scores,
        as shares from 0 to 1, ``(n_repeats, n_points)`` or ``(n_points,)``. NaN is for what a
        repeat lacks. A method of one point, such as a readout of all neurons, is a marker with a
        line across, at which others draw level.
    chance : float, default=None
        Score of guessing, drawn as a dotted line.
    ylabel : str, default="accuracy"
        What the scores are.
    title : str, default=None
        Text above the picture; None says what is drawn.
    axes : matplotlib.axes.Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    axes : matplotlib.axes.Axes
        The Axes, with one line a method: means over repeats, and a band, or bar, of one standard
        deviation (with n - 1) to either side. Neurons are on a logarithmic scale.

    Raises
    ------
    DataError
        If there is no curve, or one has a wrong shape, is not finite or does not rise.

    Examples
    --------
    >>> from bioplastic.inspect import plot_neuron_curve
    >>> curves = {
    ...     "timing": ([1, 10, 100], [[0.5, 0.8, 0.9], [0.6, 0.8, 1.0]]),
    ...     "standard readout": ([1000], [[0.85], [0.83]]),
    ... }
    >>> plot_neuron_curve(curves).lines[0].get_ydata()
    array([0.55, 0.8 , 0.95])
    """
    known = {
        str(label): check_curve(
            "plot_neuron_curve", label, *_pair("plot_neuron_curve", label, pair)
        )
        for label, pair in check_mapping("plot_neuron_curve", curves).items()
    }
    for label, (n_neurons, _) in known.items():
        if n_neurons[0] <= 0:
            raise DataError(
                f"plot_neuron_curve.curves: {label!r} must have numbers of neurons above 0, got "
                f"{n_neurons[0]:g}"
            )
    axes = new_axes(axes)
    axes.set_xscale("log")
    draw_curves(axes, known)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=20))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("neurons", fontsize=9, color=INK)
    shown = "How many neurons it takes" if title is None else title
    finish(axes, chance=chance, ylabel=ylabel, title=shown)
    axes.tick_params(axis="x", which="minor", length=0)
    return axes


def _pair(where: str, label: Any, pair: Any) -> tuple[Any, Any]:
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise DataError(
            f"{where}.curves: {label!r} must be a tuple (n_neurons, scores), got {pair!r}"
        )
    return pair[0], pair[1]
