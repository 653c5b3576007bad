"""What the commands train and measure on: data sets with their parts kept apart."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

from bioplastic.datasets import load_digits, load_mnist
from bioplastic.errors import ParameterError

__all__ = ["TASKS", "ImageTask", "Task", "digits_task", "mnist_task"]

#: Where the digits are cut. Fixed, whatever the seed of a network: the constants of the demo were
#: chosen on the training part of this cut, and another one would let them have seen its test part.
_CUT = 0
_TEST_SHARE = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A data set in two parts.

    Parameters
    ----------
    name : str
        Name on the command line.
    description : str
        What the data are, for a reader.
    X_train, X_test : ndarray of shape (n_samples, n_features), or SpikeTrains
        Samples.
    y_train, y_test : ndarray of shape (n_samples,)
        Labels.
    class_names : tuple of str or None
        What the labels 0, 1, 2 ... stand for, where they do not speak for themselves.
    test_part : str
        How the test part came about.
    """

    name: str
    description: str
    X_train: Any
    y_train: npt.NDArray[Any]
    X_test: Any
    y_test: npt.NDArray[Any]
    class_names: tuple[str, ...] | None = None
    test_part: str

    def names(self, labels: npt.NDArray[Any]) -> list[str]:
        """Return the name of each label."""
        known = self.class_names
        return [str(label) if known is None else known[label] for label in labels]


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageTask(Task):
    """Images as rows of non-negative intensities.

    Parameters
    ----------
    image_shape : tuple of int
        Height and width of a sample, in pixels.
    """

    image_shape: tuple[int, int]


def digits_task(path: Path | None = None) -> ImageTask:
    """Return scikit-learn's handwritten digits, a stratified fifth of them as test part.

    Parameters
    ----------
    path : None
        There is none to give.

    Raises
    ------
    ParameterError
        If a path is given: the digits come along with scikit-learn.

    Examples
    --------
    >>> from bioplastic.cli.tasks import digits_task
    >>> task = digits_task()
    >>> len(task.X_train), len(task.X_test)
    (1437, 360)
    """
    if path is not None:
        raise ParameterError(
            f"--data: the digits come along with scikit-learn, got {path}; leave it out"
        )
    digits = load_digits()
    X_train, X_test, y_train, y_test = train_test_split(
        digits.data,
        digits.target,
        test_size=_TEST_SHARE,
        stratify=digits.target,
        random_state=_CUT,
    )
    return ImageTask(
        name="digits",
        description=f"{len(digits.data):,} handwritten digits of scikit-learn, 8 x 8 pixels",
        X_train=X_train,
        y_train=y_train,
        X_test=X_test,
        y_test=y_test,
        image_shape=digits.image_shape,
        test_part=f"a stratified fifth of the digits (cut {_CUT})",
    )


def mnist_task(path: Path | None = None) -> ImageTask:
    """Return MNIST, cut as its authors cut it.

    Parameters
    ----------
    path : Path, optional
        Folder with the four files; see :func:`bioplastic.datasets.load_mnist`.

    Raises
    ------
    DataError, DataNotFoundError, StorageError
        See :func:`bioplastic.datasets.load_mnist`.
    """
    mnist = load_mnist(path)
    train, test = np.split(mnist.data, [mnist.n_train])
    y_train, y_test = np.split(mnist.target, [mnist.n_train])
    return ImageTask(
        name="mnist",
        description=f"MNIST, {len(mnist.data):,} handwritten digits of 28 x 28 pixels",
        X_train=train,
        y_train=y_train,
        X_test=test,
        y_test=y_test,
        image_shape=mnist.image_shape,
        test_part=f"the {len(test):,} test images of MNIST, written by other people",
    )


TASKS: dict[str, Callable[[Path | None], ImageTask]] = {"digits": digits_task, "mnist": mnist_task}
