"""Which spikes a decoder uses, when, and what they speak for."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from bioplastic._quantities import whole
from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect._decoding_panels import (
    draw_decision,
    draw_raster,
    draw_signals,
    draw_trains,
    mark_references,
)
from bioplastic.inspect._style import COLORS, INK, label, panels_of
from bioplastic.inspect.error_reduction import atom_names, check_decoder, check_most
from bioplastic.spikes import SpikeTrains

_WHERE: Final = "plot_selected_spikes"

Array = npt.NDArray[np.float64]


def plot_selected_spikes(
    decoder: Any,
    spikes: SpikeTrains,
    y: Any = None,
    *,
    sample: int = 0,
    target: Any = None,
    max_neurons: int | None = 30,
    axes: npt.NDArray[Any] | list[Axes] | None = None,
) -> npt.NDArray[Any]:
    r"""Draw the spikes of the neurons that a decoder chose, and what it makes of them.

    The decision of a classifier is a sum over spikes: one of neuron `i` at time `t` adds
    :math:`\sum_k w_{ikc} \exp(-|t - T_k| / \tau)` to the decision for class `c`, with references
    :math:`T_k`. That is the color of the spike, and what the lines below climb.

    Parameters
    ----------
    decoder : SpikeTimeClassifier or SpikeTimeRegressor
        A fitted one.
    spikes : SpikeTrains of shape (n_samples, n_units)
        Samples such as it was fitted to.
    y : array_like, list of array_like, or SpikeTrains, of length n_samples, default=None
        Their true classes, signals or spike trains, as in ``fit``.
    sample : int, default=0
        Which sample to draw; negative numbers count from the last.
    target : object or int, default=None
        The class that spikes speak for or against; None takes the true one, or, without `y`, the
        one decided for. Of a regressor, the number of the output; None takes the first.
    max_neurons : int, default=30
        Rows, of the neurons or atoms chosen first; None draws all. The lines are of all.
    axes : sequence of 2 matplotlib.axes.Axes, default=None
        Where to draw, from top to bottom; None makes a new figure whose panels share their x axis.

    Returns
    -------
    axes : ndarray of 2 matplotlib.axes.Axes
        The raster, first choice on top, and what follows from all spikes.

        - Classifier: spikes for the class are blue, those against it red. Below, the decision for
          the target, for its strongest rival and, in grey, for all others, from the intercept to
          their final values; with two classes one line, which decides for the target above 0.
          References are vertical lines, with bands of tau to either side where these do not
          overlap.
        - Regressor: each row is a neuron with a lag, by which its spikes are drawn later; blue is a
          weight above 0, red one below. Below, what is decoded, over what `y` wants.

    Raises
    ------
    ParameterError
        If `sample`, `target`, `max_neurons` or `axes` do not fit.
    DataError
        If `decoder` is no fitted decoder that chose neurons, or `spikes` or `y` do not fit.

    Notes
    -----
    The lines of a classifier are no decision of the past only: a spike counts for the references
    after it and for those before it.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.inspect import plot_selected_spikes
    >>> from bioplastic.readout import SpikeTimeClassifier
    >>> spikes = SpikeTrains(
    ...     [0.02, 0.05, 0.05, 0.08], [1, 0, 0, 1], [0, 2, 4], n_units=2, duration=0.1
    ... )
    >>> decoder = SpikeTimeClassifier(tau=10 * ms, n_references=2, max_neurons=1)
    >>> decoder = decoder.fit(spikes, ["early", "late"])
    >>> panels = plot_selected_spikes(decoder, spikes, ["early", "late"])
    >>> panels[1].get_title(loc="left")
    'Decision: "early"'
    """
    classifies = hasattr(decoder, "classes_")
    own = ("references_",) if classifies else ("selected_lags_", "lags_")
    check_decoder(_WHERE, decoder, "weights_", "tau_", *own)
    one = _sample(decoder, spikes, sample)
    if y is not None and len(y) != len(spikes):
        raise DataError(
            f"{_WHERE}.y: must have one entry for each of {len(spikes)} samples, got {len(y)}"
        )
    wanted = None if y is None else y[sample]
    panels = panels_of(_WHERE, axes, 2, figsize=(7.4, 6.4), height_ratios=(2.2, 1.0))
    draw = _draw_classifier if classifies else _draw_regressor
    text = draw(panels, decoder, one, wanted, target, max_neurons)
    label(panels[0], title=f"Sample {sample}: {text}")
    for panel in panels:
        panel.set_xlim(0.0, one.duration[0])
    panels[0].tick_params(labelbottom=False)
    panels[0].figure.align_ylabels(list(panels))
    return panels


def _draw_classifier(
    panels: npt.NDArray[Any],
    decoder: Any,
    one: SpikeTrains,
    wanted: Any,
    target: Any,
    max_neurons: int | None,
) -> str:
    """Draw both panels; return what the first one shows."""
    weights, intercept = np.asarray(decoder.weights_), np.asarray(decoder.intercept_)
    if weights.shape[2] == 1:  # an output for each class, also where there are two
        weights = np.concatenate((-weights, weights), axis=2)
        intercept = np.concatenate((-intercept, intercept))
    decision = np.asarray(decoder.decision_function(one), dtype=np.float64).ravel()
    decided = int(decision[0] > 0) if len(decision) == 1 else int(decision.argmax())
    names = [str(one) for one in decoder.classes_]
    true = None if wanted is None else _index(names, wanted)
    shown = decided if true is None else true
    if target is not None:
        shown = _index(names, target)
    references = np.asarray(decoder.references_, dtype=np.float64)
    if decoder.relative:
        references = references * one.duration[0]
    added = _evidence(one, weights, references, decoder.tau_)
    chosen = decoder.selected_
    chosen = np.asarray(chosen[shown] if isinstance(chosen, list) else chosen)
    rows = chosen[: check_most(_WHERE, max_neurons, len(chosen))]
    row_of = np.full(one.n_units, -1)
    row_of[rows] = np.arange(len(rows))
    drawn = row_of[one.units] >= 0
    draw_raster(
        panels[0], one.times[drawn], row_of[one.units[drawn]], added[drawn, shown],
        [str(unit) for unit in rows], f'adds to the decision for "{names[shown]}"',
    )  # fmt: skip
    steps = np.vstack((intercept, intercept + np.cumsum(added, axis=0)))
    draw_decision(panels[1], one, steps, names, shown)
    text, color = f'Decision: "{names[decided]}"', INK
    if true is not None and decided != true:
        text, color = f'{text}, but it was "{names[true]}"', COLORS[2]
    panels[1].set_title(text, loc="left", fontsize=11, color=color)
    for panel in panels:
        mark_references(panel, references, decoder.tau_)
    reach = f", τ = {1e3 * decoder.tau_:g} ms" if np.isfinite(decoder.tau_) else ""
    label(panels[1], f"time (s), dashed: references{reach}")
    return f'{_counted(len(rows), len(chosen), "neuron")}; blue spikes speak for "{names[shown]}"'


def _draw_regressor(
    panels: npt.NDArray[Any],
    decoder: Any,
    one: SpikeTrains,
    wanted: Any,
    target: Any,
    max_neurons: int | None,
) -> str:
    """Draw both panels; return what the first one shows."""
    n_outputs = np.asarray(decoder.weights_).shape[2]
    output = whole(f"{_WHERE}.target", 0 if target is None else target, 0, n_outputs - 1)
    units, lags = np.asarray(decoder.selected_), np.asarray(decoder.selected_lags_)
    n_rows = check_most(_WHERE, max_neurons, len(units))
    place = [int(np.flatnonzero(decoder.lags_ == lag)[0]) for lag in lags[:n_rows]]
    weight = np.asarray(decoder.weights_)[units[:n_rows], place, output]
    own = [one.times[one.units == unit] for unit in units[:n_rows]]
    row = np.repeat(np.arange(n_rows), [len(times) for times in own])
    names = atom_names([str(unit) for unit in units[:n_rows]], lags[:n_rows])
    draw_raster(panels[0], np.concatenate(own) + lags[row], row, weight[row], names, "weight")
    label(panels[0], y="neuron and lag, first choice on top")
    text, found = "Reconstruction", decoder.predict(one)
    if isinstance(found, SpikeTrains):
        if wanted is not None:
            text = f"{text}, score {decoder.score(one, wanted):.2f}"
            wanted = wanted.times[wanted.units == output]
        draw_trains(panels[1], found.times[found.units == output], wanted)
    else:
        if wanted is not None:
            text = f"{text}, R² = {decoder.score(one, [wanted]):.2f}"
            wanted = _column(np.asarray(wanted), output)
        draw_signals(panels[1], float(decoder.dt), _column(found[0], output), wanted)
    label(panels[1], f"time (s), τ = {1e3 * decoder.tau_:g} ms", title=text)
    return f"{_counted(n_rows, len(units), 'atom')}, later by their lags; blue: weights above 0"


def _counted(n_rows: int, n_all: int, thing: str) -> str:
    many = "" if n_all == 1 else "s"
    return f"{n_rows if n_rows == n_all else f'first {n_rows} of {n_all:,}'} chosen {thing}{many}"


def _column(signal: Array, output: int) -> Array:
    return signal if signal.ndim == 1 else signal[:, output]


def _sample(decoder: Any, spikes: Any, sample: int) -> SpikeTrains:
    if not isinstance(spikes, SpikeTrains) or spikes.n_units != len(decoder.weights_):
        got = f"{spikes.n_units} units" if hasattr(spikes, "n_units") else type(spikes).__name__
        raise DataError(
            f"{_WHERE}.spikes: must be SpikeTrains of the {len(decoder.weights_)} units of fit, "
            f"got {got}"
        )
    whole(f"{_WHERE}.sample", sample, -len(spikes), len(spikes) - 1)
    return spikes[sample]


def _index(names: list[str], label: Any) -> int:
    if str(label) not in names:
        raise ParameterError(
            f"{_WHERE}.target: must be one of {names}, as must be y, got {label!r}"
        )
    return names.index(str(label))


def _evidence(one: SpikeTrains, weights: Array, references: Array, tau: float) -> Array:
    """Return what each spike adds to the decision for each class."""
    seen = np.exp(-np.abs(one.times[:, np.newaxis] - references) / tau)
    added = np.zeros((len(one.times), weights.shape[2]))
    used = np.flatnonzero(weights.any(axis=(1, 2))[one.units])
    added[used] = np.einsum("sk,skc->sc", seen[used], weights[one.units[used]])
    return added
