"""A module of PyTorch as an estimator of scikit-learn. Needs torch."""

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from bioplastic.errors import ParameterError
from bioplastic.spikes import SpikeTrains

#: Samples that are classified at a time.
AT_ONCE = 64
#: Time from a delay line to the next one, in seconds.
_LINE_DELAY = 0.050


class TorchClassifier(ClassifierMixin, BaseEstimator):
    """Train a module by cross-entropy, or by the module's own `loss`.

    Training is by Adam, with gradients clipped to a norm of 1 and steps that fall as half a cosine.

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
    pool, n_lines : int
        Neighboring channels that make one input, and how often each comes, 50 ms later each time.
    dt : float, in seconds
        Time step.
    encoder : transformer or None
        Makes spikes of arrays.
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
        n_lines: int = 1,
        dt: float = 0.010,
        encoder: Any = None,
        augmenter: Any = None,
        random_state: int = 0,
    ) -> None:
        self.module_factory = module_factory
        self.settings = settings
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.pool = pool
        self.n_lines = n_lines
        self.dt = dt
        self.encoder = encoder
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
            If the module is none, or its scores have another shape.
        """
        torch.set_num_threads(1)
        rng = np.random.default_rng(self.random_state)
        self.classes_, labels = np.unique(np.asarray(y), return_inverse=True)
        X = self.encoded(X)
        words = isinstance(X, SpikeTrains)
        n_inputs = -(-X.n_units // self.pool) * self.n_lines if words else np.shape(X)[1]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.random_state)
            self.module_ = self._make(n_inputs, len(self.classes_))
            self.module_.train()
            self.history_ = self._train(X, labels, rng)
        return self

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Class with the largest score.

        Parameters
        ----------
        X : SpikeTrains, or array_like of shape (n_samples, n_features)
            Samples.
        """
        self.module_.eval()
        X, found = self.encoded(X), []
        for begin in range(0, len(X), AT_ONCE):
            with torch.no_grad():
                found.append(self._scores(X[begin : begin + AT_ONCE]).argmax(dim=1).numpy())
        answers: npt.NDArray[Any] = self.classes_[np.concatenate(found)]
        return answers

    def _make(self, n_inputs: int, n_classes: int) -> torch.nn.Module:
        module = self.module_factory(n_inputs, n_classes, **dict(self.settings or {}))
        if not isinstance(module, torch.nn.Module):
            raise ParameterError(
                f"TorchMethod.module_factory: must return a torch.nn.Module, got "
                f"{type(module).__name__}"
            )
        return module

    def _scores(self, X: Any) -> torch.Tensor:
        if isinstance(X, SpikeTrains):
            scores = self.module_(*self.batch(X))
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

    def _train(
        self, X: Any, labels: npt.NDArray[np.int64], rng: np.random.Generator
    ) -> dict[str, list[float]]:
        """Train the module; return loss and accuracy of each epoch."""
        optimizer = torch.optim.Adam(self.module_.parameters(), lr=self.learning_rate)
        n_batches = -(-len(labels) // self.batch_size) * self.n_epochs
        fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_batches)
        loss_of = getattr(self.module_, "loss", torch.nn.functional.cross_entropy)
        history: dict[str, list[float]] = {"loss": [], "score": []}
        for _ in range(self.n_epochs):
            presented = X
            if self.augmenter is not None and isinstance(X, SpikeTrains):
                anew = clone(self.augmenter).set_params(
                    n_copies=1, include_original=False, random_state=int(rng.integers(2**31))
                )
                presented, _ = anew.fit_resample(X, labels)
            loss_sum, n_correct = 0.0, 0
            order = rng.permutation(len(labels))
            for begin in range(0, len(order), self.batch_size):
                rows = order[begin : begin + self.batch_size]
                target = torch.as_tensor(labels[rows])
                scores = self._scores(presented[rows])
                loss = loss_of(scores, target)
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(self.module_.parameters(), 1.0)
                optimizer.step()
                fall.step()
                loss_sum += float(loss.detach()) * len(rows)
                n_correct += int((scores.argmax(dim=1) == target).sum())
            history["loss"].append(loss_sum / len(order))
            history["score"].append(n_correct / len(order))
        return history

    def encoded(self, X: Any) -> Any:
        """Return spikes of arrays, where there is an encoder."""
        if self.encoder is None:
            return X
        return clone(self.encoder).fit(np.asarray(X)).transform(np.asarray(X))

    def batch(self, spikes: SpikeTrains) -> tuple[torch.Tensor, torch.Tensor]:
        """Count spikes by step, (n_samples, n_steps, n_inputs), and each sample's steps."""
        spikes = spikes.to_memory()
        n_steps = np.maximum(np.ceil(spikes.duration / self.dt - 1e-9), 1).astype(np.int64)
        n_groups = -(-spikes.n_units // self.pool)
        x = np.zeros((len(spikes), n_steps.max(), n_groups), dtype=np.float32)
        sample = np.repeat(np.arange(len(spikes)), np.diff(spikes.offsets))
        step = np.minimum((spikes.times / self.dt + 1e-9).astype(np.int64), n_steps[sample] - 1)
        np.add.at(x, (sample, step, spikes.units // self.pool), 1.0)
        lines, lag = [x], round(_LINE_DELAY / self.dt)
        for line in range(1, self.n_lines):
            later = np.zeros_like(x)
            later[:, line * lag :] = x[:, : max(x.shape[1] - line * lag, 0)]
            lines.append(later)
        return torch.from_numpy(np.concatenate(lines, axis=2)), torch.from_numpy(n_steps)
