"""What layers of weights take: matrices and activities in, sums out."""

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bioplastic.errors import DataError
from bioplastic.study.workload import Workload

__all__ = ["dense_workload", "layer_workload"]

#: Bytes of a number.
_BYTES = 8


def layer_workload(
    pre_activity: npt.ArrayLike,
    weights: npt.ArrayLike,
    steps: float,
    *,
    n_samples: int,
    spiking: bool = True,
) -> Workload:
    """Workload of one matrix of weights, from how active its inputs were.

    Workloads of several matrices add up (``+``).

    Parameters
    ----------
    pre_activity : array_like of shape (n_pre,)
        How often each input was not 0, summed over all samples: spikes, of spiking neurons.
    weights : array_like of shape (n_pre, n_post)
        Weights.
    steps : float
        Time steps, summed over all samples; `n_samples` for a layer without time.
    n_samples : int
        Samples.
    spiking : bool
        Whether inputs are spikes, that is 0, 1 or -1, or any numbers.

    Raises
    ------
    DataError
        If shapes do not fit.

    Examples
    --------
    Two inputs fire 3 times and once in 10 steps; one weight of the first is 0:

    >>> from bioplastic.study.layers import layer_workload
    >>> found = layer_workload([3, 1], [[0.5, 0.0], [1.0, -1.0]], 10, n_samples=1)
    >>> found.effective_acs, found.dense, found.connection_sparsity
    (5.0, 40.0, 0.25)
    """
    active = np.asarray(pre_activity, dtype=np.float64)
    matrix = np.asarray(weights)
    if matrix.ndim != 2 or active.shape != matrix.shape[:1]:
        raise DataError(
            f"layer_workload.pre_activity: must have one number for each row of weights, whose "
            f"shape is {matrix.shape}, got shape {active.shape}"
        )
    n_pre, n_post = matrix.shape
    operations = float(active @ np.count_nonzero(matrix, axis=1))
    return Workload(
        n_samples=n_samples,
        dense=float(n_pre * n_post * steps),
        effective_acs=operations if spiking else 0.0,
        effective_macs=0.0 if spiking else operations,
        footprint=float(_BYTES * matrix.size),
        n_weights=matrix.size,
        n_zero_weights=matrix.size - int(np.count_nonzero(matrix)),
    )


def dense_workload(
    n_samples: int,
    layers: Sequence[int],
    *,
    weights: Sequence[npt.ArrayLike] | None = None,
    activations: Sequence[npt.ArrayLike] | None = None,
    n_updates: float | None = None,
    numbers_per_weight: int = 1,
) -> Workload:
    """Workload of layers without time, each connected to all of the next, as in an MLP.

    Parameters
    ----------
    n_samples : int
        Samples.
    layers : sequence of int
        Widths, that of the input first.
    weights : sequence of array_like of shape (n_pre, n_post), optional
        Weights of each layer, as scikit-learn's ``coefs_``; where absent, none is 0.
    activations : sequence of array_like of shape (n_samples, n_pre), optional
        Inputs of each layer, those of the first first; where absent, none is 0, 1 or -1.
    n_updates : float, optional
        How often the weights change while the samples are presented once. With it, the workload is
        that of a pass of training by back-propagation: beside the forward pass a multiplication
        for the gradient of each weight whose input is not 0, and for each weight of all layers but
        the first one to hand errors back, if it is not 0.
    numbers_per_weight : int
        Numbers kept for each weight and bias, for `footprint`: 4 in a training with Adam, which
        are the weight, its gradient and two moments.

    Raises
    ------
    DataError
        If shapes do not fit.

    Examples
    --------
    >>> from bioplastic.study.layers import dense_workload
    >>> found = dense_workload(100, [64, 50, 10])
    >>> found.per_sample.effective_macs
    3700.0
    >>> learning = dense_workload(100, [64, 50, 10], n_updates=10)
    >>> learning.per_sample.effective_macs, learning.weight_updates
    (7900.0, 37600.0)
    """
    total = Workload(n_samples=n_samples)
    for k, (n_pre, n_post) in enumerate(itertools.pairwise(layers)):
        matrix = np.ones((n_pre, n_post)) if weights is None else np.asarray(weights[k])
        if matrix.shape != (n_pre, n_post):
            raise DataError(
                f"dense_workload.weights: those of layer {k} must have shape ({n_pre}, {n_post}), "
                f"got {matrix.shape}"
            )
        ones, others = _active(n_samples, n_pre, k, activations)
        for active, spiking in ((ones, True), (others, False)):
            part = layer_workload(active, matrix, n_samples, n_samples=n_samples, spiking=spiking)
            total += Workload(
                n_samples=n_samples,
                effective_acs=part.effective_acs,
                effective_macs=part.effective_macs,
            )
        n_active = float((ones + others).sum())
        hidden = k > 0
        back = n_active * n_post + hidden * float(np.count_nonzero(matrix)) * n_samples
        learns = n_updates is not None
        n_parameters = matrix.size + n_post
        total += Workload(
            n_samples=n_samples,
            dense=float(matrix.size * n_samples * (1 + learns * (1 + hidden))),
            effective_macs=back * learns,
            weight_updates=n_parameters * (n_updates or 0.0),
            activations=n_active * hidden,
            activation_sites=float(n_pre * n_samples * hidden),
            footprint=float(_BYTES * numbers_per_weight * n_parameters),
            n_weights=matrix.size,
            n_zero_weights=matrix.size - int(np.count_nonzero(matrix)),
        )
    return total


def _active(
    n_samples: int, n_pre: int, k: int, activations: Sequence[npt.ArrayLike] | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """How often each input of a layer was 1 or -1, and how often another number but 0."""
    if activations is None:
        return np.zeros(n_pre), np.full(n_pre, float(n_samples))
    values = np.abs(np.asarray(activations[k], dtype=np.float64))
    if values.shape != (n_samples, n_pre):
        raise DataError(
            f"dense_workload.activations: those of layer {k} must have shape ({n_samples}, "
            f"{n_pre}), got {values.shape}"
        )
    ones = (values == 1).sum(axis=0).astype(np.float64)
    return ones, np.count_nonzero(values, axis=0) - ones
