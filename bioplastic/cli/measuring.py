"""Accuracy that knows how uncertain it is, and the picture of the confusions behind it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix

from bioplastic.cli.folder import save_figure

__all__ = ["Accuracy", "save_confusion"]

_LEVEL = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class Accuracy:
    """Share of samples that were classified correctly.

    Parameters
    ----------
    n_correct, n_samples : int
        Of how many.

    Examples
    --------
    >>> from bioplastic.cli.measuring import Accuracy
    >>> print(Accuracy(n_correct=90, n_samples=100))
    90.00 % (95 % Wilson interval 82.56 to 94.48 %, 100 samples)
    """

    n_correct: int
    n_samples: int

    @classmethod
    def of(cls, predicted: npt.NDArray[Any], labels: npt.NDArray[Any]) -> "Accuracy":
        """Compare predictions with labels."""
        return cls(n_correct=int((predicted == labels).sum()), n_samples=len(labels))

    @property
    def value(self) -> float:
        """The share."""
        return self.n_correct / self.n_samples

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval at 95 %: the uncertainty from the number of samples alone."""
        test = binomtest(self.n_correct, self.n_samples)
        low, high = test.proportion_ci(_LEVEL, method="wilson")
        return float(low), float(high)

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"{100 * self.value:.2f} % (95 % Wilson interval {100 * low:.2f} to "
            f"{100 * high:.2f} %, {self.n_samples:,} samples)"
        )

    def as_json(self) -> dict[str, Any]:
        """Return numbers for a JSON file."""
        return {
            "accuracy": self.value,
            "wilson_interval_95": list(self.interval),
            "n_correct": self.n_correct,
            "n_samples": self.n_samples,
        }


def save_confusion(
    path: Path,
    labels: npt.NDArray[Any],
    predicted: npt.NDArray[Any],
    classes: npt.NDArray[Any],
    title: str,
) -> None:
    """Draw which class was taken for which.

    Parameters
    ----------
    path : Path
        The PNG file.
    labels, predicted : ndarray of shape (n_samples,)
        What the samples are, and what they were taken for.
    classes : ndarray of shape (n_classes,)
        All labels, in the order of rows and columns.
    title : str
        Text above the picture.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    counts = confusion_matrix(labels, predicted, labels=classes)
    # Shares of a row: classes of unequal size compare, and the diagonal is each one's recall.
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ink = "#333333"
    figure, axes = plt.subplots(figsize=(5.6, 5.2), layout="constrained")
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    ticks = np.arange(len(classes))
    axes.set_xticks(ticks, [str(c) for c in classes])
    axes.set_yticks(ticks, [str(c) for c in classes])
    axes.tick_params(length=0, labelsize=9, labelcolor=ink)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("predicted", fontsize=9, color=ink)
    axes.set_ylabel("true", fontsize=9, color=ink)
    axes.set_title(title, loc="left", fontsize=11, color=ink)
    for row, column in np.argwhere(counts):
        axes.text(
            column,
            row,
            f"{counts[row, column]:,}",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if shares[row, column] > 55 else ink,
        )
    bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02)
    bar.set_label("share of the true class (%)", fontsize=9, color=ink)
    bar.ax.tick_params(labelsize=9, labelcolor=ink, length=0)
    bar.outline.set_visible(False)
    save_figure(figure, path)
