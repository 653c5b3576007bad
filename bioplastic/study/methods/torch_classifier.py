"""A module of PyTorch as an estimator of scikit-learn. Needs torch."""

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import BaseEstimator, ClassifierMixin

from bioplastic.errors import ParameterError
from bioplastic.spikes import SpikeTrains
from bioplastic.study.methods._torch_training import answers, train

__all__ = ["TorchClassifier"]


class TorchClassifier(ClassifierMixin, BaseEstimator):
    """Train a module by cross-entropy and Adam, with gradients clipped to a norm of 1.

    Parameters
    ----------
    module_factory : callable
        Called with the numbers of inputs and of classes, and with `settings` by name. Its module is
        called with counts of shape (n_samples, n_steps, n_inputs) and the steps of each sample,
        (n_samples,), behind which counts are 0; where samples are numbers, with these alone, of
        shape (n_samples, n_features). It returns a score for each class, (n_samples, n_classes).
    settings : mapping
        What the factory is given beside.
    n_epochs, batch_size : int
        Passes over the samples, samples of a batch.
    learning_rate : float
        Step size, which falls to 0 as half a cosine.
    pool : int
        Neighbouring channels that make one input.
    dt : float, in seconds
        Time step.
    augmenter : SpikeAugmenter or None
        Changes every training sample anew in each epoch.
    random_state : int
        Of everything.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    module_ : torch.nn.Module
        What was trained.
    history_ : dict of list
        ``"loss"`` and ``"score"`` of each epoch.
    """

    def __init__(
        self,
        module_factory: Callable[..., torch.nn.Module],
        *,
        settings: Mapping[str, Any] | None = None,
        n_epochs: int = 20,
        batch_size: int = 32,
        learning_rate: float = 1e-3,
        pool: int = 1,
        dt: float = 0.010,
        augmenter: Any = None,
        random_state: int = 0,
    ) -> None:
        self.module_factory = module_factory
        self.settings = settings
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.pool = pool
        self.dt = dt
        self.augmenter = augmenter
        self.random_state = random_state

    def fit(self, X: Any, y: npt.ArrayLike) -> Self:
        """Train.

        Parameters
        ----------
        X : SpikeTrains, or array_like of shape (n_samples, n_features)
            Samples.
        y : array_like of shape (n_samples,)
            Labels.

        Raises
        ------
        ParameterError
            If the factory's module is none, or its scores have another shape.
        """
        torch.set_num_threads(1)
        rng = np.random.default_rng(self.random_state)
        self.classes_, labels = np.unique(np.asarray(y), return_inverse=True)
        words = isinstance(X, SpikeTrains)
        n_inputs = -(-X.n_units // self.pool) if words else np.shape(X)[1]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.random_state)
            self.module_ = self.module_factory(
                n_inputs, len(self.classes_), **dict(self.settings or {})
            )
            if not isinstance(self.module_, torch.nn.Module):
                raise ParameterError(
                    f"TorchMethod.module_factory: must return a torch.nn.Module, got "
                    f"{type(self.module_).__name__}"
                )
            self.module_.train()
            self.history_ = train(
                self, X, labels, rng,
                scores=self._scores,
                loss_of=torch.nn.functional.cross_entropy,
                augmenter=self.augmenter if words else None,
            )  # fmt: skip
        return self

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Class with the largest score.

        Parameters
        ----------
        X : SpikeTrains, or array_like of shape (n_samples, n_features)
            Samples.
        """
        self.module_.eval()
        return answers(self.classes_, X, self._scores)

    def _scores(self, X: Any) -> torch.Tensor:
        if isinstance(X, SpikeTrains):
            scores = self.module_(*self._batch(X))
        else:
            scores = self.module_(torch.as_tensor(np.asarray(X, dtype=np.float32)))
        wanted = (len(X), len(self.classes_))
        if not isinstance(scores, torch.Tensor) or tuple(scores.shape) != wanted:
            got = tuple(scores.shape) if isinstance(scores, torch.Tensor) else type(scores).__name__
            raise ParameterError(
                f"TorchMethod.module_factory: its module must return scores of shape (n_samples, "
                f"n_classes) = {wanted}, got {got}"
            )
        return scores

    def _batch(self, spikes: SpikeTrains) -> tuple[torch.Tensor, torch.Tensor]:
        """Count spikes by step, (n_samples, n_steps, n_inputs), and each sample's steps."""
        n_steps = np.maximum(np.ceil(spikes.duration / self.dt - 1e-9), 1).astype(np.int64)
        n_groups = -(-spikes.n_units // self.pool)
        x = np.zeros((len(spikes), n_steps.max(), n_groups), dtype=np.float32)
        sample = np.repeat(np.arange(len(spikes)), np.diff(spikes.offsets))
        step = np.minimum((spikes.times / self.dt + 1e-9).astype(np.int64), n_steps[sample] - 1)
        np.add.at(x, (sample, step, spikes.units // self.pool), 1.0)
        return torch.from_numpy(x), torch.from_numpy(n_steps)
