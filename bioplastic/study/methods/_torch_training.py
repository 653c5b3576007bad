"""How modules of PyTorch are trained, and how they answer. Needs torch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import clone

__all__ = ["AT_ONCE", "answers", "train"]

#: Samples that are named at a time.
AT_ONCE = 64


def train(
    estimator: Any,
    X: Any,
    labels: npt.NDArray[np.int64],
    rng: np.random.Generator,
    *,
    scores: Callable[[Any], torch.Tensor],
    loss_of: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    augmenter: Any,
) -> dict[str, list[float]]:
    """Train by Adam, with gradients clipped to a norm of 1 and steps that fall as half a cosine.

    Parameters
    ----------
    estimator : estimator
        Has ``module_``, `n_epochs`, `batch_size` and `learning_rate`.
    X, labels : samples, ndarray of shape (n_samples,)
        What is learned.
    rng : Generator
        Of the order, and of the augmenter.
    scores : callable
        Scores of samples, of shape (n_samples, n_classes).
    loss_of : callable
        Mean loss of scores and labels.
    augmenter : SpikeAugmenter or None
        Changes every training sample anew in each epoch.

    Returns
    -------
    history : dict of list
        ``"loss"`` and ``"score"`` of each epoch.
    """
    module = estimator.module_
    optimizer = torch.optim.Adam(module.parameters(), lr=estimator.learning_rate)
    n_batches = -(-len(labels) // estimator.batch_size) * estimator.n_epochs
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_batches)
    history: dict[str, list[float]] = {"loss": [], "score": []}
    for _ in range(estimator.n_epochs):
        heard = X
        if augmenter is not None:
            anew = clone(augmenter).set_params(
                n_copies=1, include_original=False, random_state=int(rng.integers(2**31))
            )
            heard, _ = anew.fit_resample(X, labels)
        loss_sum, right = 0.0, 0
        order = rng.permutation(len(labels))
        for begin in range(0, len(order), estimator.batch_size):
            rows = order[begin : begin + estimator.batch_size]
            target = torch.as_tensor(labels[rows])
            found = scores(heard[rows])
            loss = loss_of(found, target)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimizer.step()
            fall.step()
            loss_sum += float(loss.detach()) * len(rows)
            right += int((found.argmax(dim=1) == target).sum())
        history["loss"].append(loss_sum / len(order))
        history["score"].append(right / len(order))
    return history


def answers(
    classes: npt.NDArray[Any], X: Any, scores: Callable[[Any], torch.Tensor]
) -> npt.NDArray[Any]:
    """Return the class with the largest score of each sample."""
    said = []
    for begin in range(0, len(X), AT_ONCE):
        with torch.no_grad():
            said.append(scores(X[begin : begin + AT_ONCE]).argmax(dim=1).numpy())
    named: npt.NDArray[Any] = classes[np.concatenate(said)]
    return named
