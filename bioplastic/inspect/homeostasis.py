"""How rates and thresholds of neurons even out while a network learns."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from bioplastic.errors import ParameterError
from bioplastic.inspect._recording_panels import (
    check_recording,
    label_training,
    lacks,
    panels_of,
)
from bioplastic.inspect._style import COLORS, INK, declutter
from bioplastic.inspect.recording import PlasticityRecording

__all__ = ["plot_homeostasis"]

#: Neurons that are drawn one by one where nobody says which.
N_NEURONS: Final = 3


def plot_homeostasis(
    recording: PlasticityRecording,
    *,
    population: str | None = None,
    neurons: Sequence[int] | npt.NDArray[Any] | None = None,
    axes: npt.NDArray[Any] | Sequence[Axes] | None = None,
) -> npt.NDArray[Any]:
    """Draw firing rates and adaptive thresholds over the training.

    Parameters
    ----------
    recording : PlasticityRecording
        With rates and thresholds.
    population : str, optional
        Whose; of the only watched population with recorded thresholds where None.
    neurons : sequence of int, optional
        Neurons to draw one by one; where None those that end with the lowest, the middle and the
        highest threshold.
    axes : sequence of 2 matplotlib.axes.Axes, default=None
        Where to draw, from top to bottom; None makes a new figure whose panels share their x axis.

    Returns
    -------
    axes : ndarray of 2 matplotlib.axes.Axes
        Rates, in hertz, each over the time since the recorded sample before; and thresholds, in
        mV. The median over the population, the band from the 10th to the 90th percentile, and
        single neurons.

    Raises
    ------
    ParameterError
        If the recording holds no rates or no thresholds of the population, or there is no such
        neuron.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.datasets import load_digits
    >>> from bioplastic.inspect import PlasticityRecorder, plot_homeostasis
    >>> from bioplastic.networks import DiehlCook
    >>> recorder = PlasticityRecorder(every=2)
    >>> net = DiehlCook(5, n_epochs=1, presentation=20 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0,
    ...                 engine="numpy", random_state=0)
    >>> net = net.fit(load_digits().data[:4], recorder=recorder)
    >>> [panel.get_ylabel() for panel in plot_homeostasis(recorder.recording)]
    ['firing rate (Hz)', 'threshold θ (mV)']
    """
    where = "plot_homeostasis"
    check_recording(where, recording)
    if recording.rates is None:
        raise lacks(where, "rates")
    thresholds = recording.thresholds(population)
    if thresholds is None:
        raise lacks(where, "thresholds")
    name = population or next(
        variable.partition(".")[0] for variable in recording.with_role("thresholds")
    )
    if name not in recording.watched:
        raise ParameterError(
            f"{where}.population: must be a watched population, "
            f"{', '.join(map(repr, recording.watched))}, got {name!r}"
        )
    first = sum(
        recording.populations[n] for n in recording.watched[: recording.watched.index(name)]
    )
    points = recording.last_points()
    rates = recording.rates[:][points, first : first + recording.populations[name]]
    theta = 1e3 * thresholds[points].astype(np.float64)
    drawn = _neurons(theta[-1], neurons)
    panels = panels_of(where, axes, 2, figsize=(7.0, 5.0))
    done = recording.samples[points] + 1
    _draw(panels[0], done, rates.astype(np.float64), drawn, COLORS[0])
    _draw(panels[1], done, theta, drawn, COLORS[4])
    panels[0].set_ylabel("firing rate (Hz)", fontsize=9, color=INK)
    panels[0].set_ylim(0.0, None)
    panels[1].set_ylabel("threshold θ (mV)", fontsize=9, color=INK)
    label_training(panels[1], done)
    panels[0].set_title(
        f"Homeostasis of {recording.populations[name]:,} neurons ({name})",
        loc="left",
        fontsize=11,
        color=INK,
    )
    panels[0].legend(frameon=False, fontsize=8, labelcolor=INK, ncols=2, loc="upper right")
    panels[0].figure.align_ylabels(list(panels))
    return panels


def _neurons(
    final: npt.NDArray[np.float64], neurons: Sequence[int] | npt.NDArray[Any] | None
) -> npt.NDArray[np.int64]:
    if neurons is None:
        ranks = np.linspace(0, len(final) - 1, min(N_NEURONS, len(final))).round().astype(int)
        return np.asarray(np.argsort(final, kind="stable")[ranks])
    chosen = np.asarray(neurons, dtype=np.int64).ravel()
    if len(chosen) and not 0 <= chosen.min() <= chosen.max() < len(final):
        raise ParameterError(
            f"plot_homeostasis.neurons: must be from 0 to {len(final) - 1}, got {neurons!r}"
        )
    return chosen


def _draw(
    panel: Axes,
    done: npt.NDArray[np.int64],
    values: npt.NDArray[np.float64],
    drawn: npt.NDArray[np.int64],
    color: str,
) -> None:
    marker = "o" if len(done) <= 30 else None
    # The state before training has no rate.
    known = np.isfinite(values).all(axis=1)
    done, values = done[known], values[known]
    if len(done):
        low, middle, high = np.percentile(values, (10, 50, 90), axis=1)
        panel.fill_between(done, low, high, color=color, alpha=0.2, linewidth=0, label="10 to 90 %")
        panel.plot(
            done, middle, color=color, linewidth=1.8, marker=marker, markersize=3, label="median"
        )
    for k, neuron in enumerate(drawn):
        style = ("-", "--", ":", "-.")[k % 4]
        panel.plot(
            done, values[:, neuron], color=INK, alpha=0.7, linewidth=0.9, linestyle=style,
            label=f"neuron {neuron}",
        )  # fmt: skip
    declutter(panel)
