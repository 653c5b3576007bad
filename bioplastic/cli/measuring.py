"""Accuracy that knows how uncertain it is, and the picture of the confusions behind it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest
from sklearn.pipeline import Pipeline

from bioplastic.cli.data import Task
from bioplastic.cli.folder import save_figure
from bioplastic.encoding import Cochlea
from bioplastic.inspect import plot_confusion
from bioplastic.networks import DiehlCookClassifier, LiquidStateMachine
from bioplastic.study.problems import Rows

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


def begins_with_cochlea(model: Any) -> bool:
    """Whether a model takes sounds."""
    return isinstance(model, Pipeline) and isinstance(model[0], Cochlea)


def measure(
    model: Any, X: Any, y: npt.NDArray[Any], *, progress: bool
) -> tuple[Accuracy, npt.NDArray[Any]]:
    """Classify samples.

    Parameters
    ----------
    model : DiehlCookClassifier or Pipeline
        A trained model.
    X : ndarray of shape (n_samples, n_features), SpikeTrains, or list of sounds
    y : ndarray of shape (n_samples,)
        What the samples are.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    accuracy : Accuracy
    predicted : ndarray of shape (n_samples,)
    """
    steps = [step for _, step in model.steps] if isinstance(model, Pipeline) else [model]
    networks = [
        step for step in steps if isinstance(step, DiehlCookClassifier | LiquidStateMachine)
    ]
    for network in networks:
        network.set_params(verbose=int(progress))
    predicted = model.predict(X)
    for network in networks:
        network.set_params(verbose=0)
    return Accuracy.of(predicted, np.asarray(y)), predicted


def save_confusion(path: Path, task: Task, rows: Rows, predicted: npt.NDArray[Any]) -> None:
    """Draw which class was taken for which.

    Parameters
    ----------
    path : Path
        The PNG file.
    task : Task
        What was classified.
    rows : ndarray of int
        Its samples.
    predicted : ndarray of shape (n_rows,)
        What they were taken for.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    labels = task.y[rows]
    classes = np.union1d(task.y[task.test], predicted)
    accuracy = Accuracy.of(predicted, labels)
    axes = plot_confusion(
        labels,
        predicted,
        classes=classes,
        names=task.names(classes),
        title=f"{task.problem.name}: {100 * accuracy.value:.1f} % of {len(labels):,} test samples",
    )
    save_figure(axes.figure.get_figure(root=True), path)
