"""The network of the demo: as a method of the study, and a picture of it at work."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from bioplastic.cli.data import Task
from bioplastic.cli.folder import save_figure
from bioplastic.cli.settings import DiehlCookSettings
from bioplastic.inspect import plot_raster
from bioplastic.networks import DiehlCookClassifier
from bioplastic.spikes import SpikeTrains
from bioplastic.study.methods.stdp import DiehlCookMethod

_INK, _WRONG, _GRID = "#333333", "#bd1f01", "#e4e4e4"


def save_answers(folder: Path, model: DiehlCookClassifier, task: Task) -> Path:
    """Draw the spikes that the first test sample of each class evokes.

    Parameters
    ----------
    folder : Path
        Where the picture goes.
    model : DiehlCookClassifier
        The trained network.
    task : Task
        Gives the samples.

    Returns
    -------
    path : Path
        ``raster.png``: the samples in a row, and below each what the network took it for and the
        spikes of its presentation; the neurons are sorted by their labels.

    Raises
    ------
    StorageError
        If the picture cannot be written.
    """
    # The first of each class, so that nobody can have chosen the good ones.
    _, first = np.unique(task.y[task.test], return_index=True)
    rows = task.test[first]
    spikes = model.transform_spikes(task.samples[rows])
    predicted = model.readout_.predict(spikes.counts())
    labels = np.array(
        ["none" if k < 0 else str(model.classes_[k]) for k in model.readout_.assignments_]
    )
    order = np.argsort(labels, kind="stable")
    slot, n = float(spikes.duration[0]), len(rows)
    starts = np.repeat(slot * np.arange(n), np.diff(spikes.offsets))

    figure, axes = plt.subplots(figsize=(8.6, 5.2))
    figure.subplots_adjust(left=0.08, right=0.98, bottom=0.09, top=0.72)
    # One long sample: a tuple of times and units would not tell of neurons that stay silent.
    row = SpikeTrains(
        spikes.times + starts,
        spikes.units,
        [0, len(spikes.times)],
        n_units=spikes.n_units,
        duration=n * slot,
    )
    plot_raster(row, units=order, labels=labels, axes=axes)
    _enlarge(axes)
    axes.set_xlim(0, n * slot)
    _name_rows(axes, labels[order])
    for k, sample in enumerate(rows):
        axes.axvline((k + 1) * slot, color=_GRID, linewidth=0.8, zorder=0)
        image = axes.inset_axes((k / n + 0.01, 1.1, 1 / n - 0.02, 0.17))
        image.imshow(task.samples.X[sample].reshape(task.samples.image_shape), cmap="Greys")
        image.set_axis_off()
        axes.text(
            (k + 0.5) / n,
            1.02,
            f"→ {predicted[k]}",
            transform=axes.transAxes,
            ha="center",
            fontsize=10,
            color=_INK if predicted[k] == task.y[sample] else _WRONG,
        )
    title = f"How {len(labels):,} neurons answer to {n} held-out samples"
    figure.suptitle(title, x=0.08, y=0.97, ha="left", fontsize=11, color=_INK)
    path = folder / "raster.png"
    save_figure(figure, path)
    return path


def _enlarge(axes: Axes) -> None:
    """Draw few spikes so that they are seen; the rows tell what the legend would."""
    axes.set_title("", loc="left")
    legend = axes.get_legend()
    if legend is not None:
        legend.remove()
    for line in axes.lines:
        line.set(markersize=6, markeredgewidth=1.6, alpha=1.0, clip_on=False)


def _name_rows(axes: Axes, labels: npt.NDArray[Any]) -> None:
    """Put the name of each class beside its rows."""
    names, first, size = np.unique(labels, return_index=True, return_counts=True)
    axes.set_yticks(first + (size - 1) / 2, list(names))
    axes.tick_params(axis="y", length=0)
    axes.set_ylabel("neurons, by their label", fontsize=9, color=_INK)
    for border in first[1:]:
        axes.axhline(border - 0.5, color=_GRID, linewidth=0.8, zorder=0)


class ThisNetwork(DiehlCookMethod):
    """The network of the first part: with its seed, the same weights and the same answers."""

    def __init__(self, settings: DiehlCookSettings, *, x_max: float) -> None:
        self.settings, self.x_max = settings, x_max

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.settings!r}, x_max={self.x_max!r})"

    def candidates(self, X: Any, size: str) -> Sequence[Mapping[str, Any]]:
        """There is nothing to choose."""
        return [{}]

    def make(
        self, X: Any, size: str, settings: Mapping[str, Any], seed: int, *, trial: bool
    ) -> Pipeline:
        """Build it. Noise follows from a sample's numbers, which a study divides by the largest."""
        numbers = FunctionTransformer(partial(np.multiply, self.x_max))
        network = self.settings.estimator(random_state=seed)
        return Pipeline([("numbers", numbers), ("network", network)])
