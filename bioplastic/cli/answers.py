"""A picture of the network at work: ten digits one after the other, and the spikes they evoke."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from bioplastic.cli.folder import save_figure
from bioplastic.cli.tasks import Task
from bioplastic.inspect import plot_raster
from bioplastic.networks import DiehlCookClassifier

__all__ = ["save_answers"]

_INK = "#333333"


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
        ``raster.png``: the samples in a row, below each the spikes of its presentation, in colours
        of the classes by which the neurons were labelled.

    Raises
    ------
    StorageError
        If the picture cannot be written.
    """
    # The first of each class, so that nobody can have chosen the good ones.
    rows = [int(np.flatnonzero(task.y_test == c)[0]) for c in model.classes_]
    spikes = model.transform_spikes(task.X_test[rows])
    assigned = model.readout_.assignments_
    labels = np.array(["none" if k < 0 else str(model.classes_[k]) for k in assigned])
    order = np.argsort(labels, kind="stable")
    slot, n = float(spikes.duration[0]), len(rows)
    starts = np.repeat(slot * np.arange(n), np.diff(spikes.offsets))

    figure, axes = plt.subplots(figsize=(8.6, 4.6))
    figure.subplots_adjust(left=0.07, right=0.9, bottom=0.11, top=0.79)
    plot_raster(
        (np.append(spikes.times + starts, []), spikes.units),
        units=order,
        labels=labels,
        axes=axes,
    )
    axes.set_xlim(0, n * slot)
    for k, row in enumerate(rows):
        if k:
            axes.axvline(k * slot, color="#dddddd", linewidth=0.8, zorder=0)
        image = axes.inset_axes((k / n + 0.008, 1.03, 1 / n - 0.016, 0.16))
        image.imshow(task.X_test[row].reshape(task.image_shape), cmap="Greys")
        image.set_axis_off()
    path = folder / "raster.png"
    save_figure(figure, path)
    return path
