"""What layers of weights, linear readouts and kernel machines take, from sizes and activities."""

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bioplastic.errors import DataError
from bioplastic.study.workload import Workload

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


def linear_learning_workload(
    n_samples: int, n_features: int, n_outputs: int, *, n_active: float | None = None
) -> Workload:
    """Workload of a linear readout's training by the normal equations, as in ridge regression.

    Half the matrix of products of features with its diagonal, products with the targets, and the
    solution by Cholesky: f**3/6 multiplications with additions, and f**2 for each output.

    Parameters
    ----------
    n_samples, n_features, n_outputs : int
        Training samples, features, outputs.
    n_active : float, optional
        Features of a mean sample that are not 0; all where absent. Pairs of them are taken to be
        the most that there can be.

    Examples
    --------
    >>> from bioplastic.study.layers import linear_learning_workload
    >>> linear_learning_workload(100, 6, 2).effective_macs
    3408.0
    """
    n, active = n_samples, float(n_features if n_active is None else n_active)
    solving = n_features**3 / 6 + n_features**2 * n_outputs
    return Workload(
        n_samples=n,
        dense=n * (n_features * (n_features + 1) / 2 + n_features * n_outputs) + solving,
        effective_macs=n * (active * (active + 1) / 2 + active * n_outputs) + solving,
        weight_updates=float(n_features * n_outputs),
        footprint=float(_BYTES * n_features * (n_features + 2 * n_outputs)),
        n_weights=n_features * n_outputs,
    )


def selection_workload(n_samples: int, n_features: int, n_chosen: int, n_outputs: int) -> Workload:
    """Workload of a forward orthogonal regression, which chooses features one by one.

    Products of features and with targets as in :func:`linear_learning_workload`; for each choice,
    the column of a Cholesky decomposition for all features, with as many products for each as were
    chosen before, and one for each feature and output; at last the weights of the chosen.

    Parameters
    ----------
    n_samples, n_features, n_chosen, n_outputs : int
        Training samples, features to choose from, chosen ones, outputs.

    Examples
    --------
    >>> from bioplastic.study.layers import selection_workload
    >>> selection_workload(100, 6, 2, 2).effective_macs
    3334.0
    """
    n, f, k, outputs = n_samples, n_features, n_chosen, n_outputs
    products = n * (f * (f + 1) / 2 + f * outputs)
    choosing = f * (k * (k - 1) / 2 + k * outputs) + k**2 / 2 * outputs
    return Workload(
        n_samples=n,
        dense=products + choosing,
        effective_macs=products + choosing,
        weight_updates=float(k * outputs),
        footprint=float(_BYTES * f * (f + k + 2 * outputs)),
        n_weights=k * outputs,
    )


def kernel_workload(
    n_samples: int,
    n_support: int,
    n_features: int,
    n_outputs: int,
    *,
    n_active: float | None = None,
) -> Workload:
    """Workload of a kernel machine's predictions: support vector machine or kernel ridge.

    Each sample is multiplied with each support vector, and the kernel's values with the dual
    weights. The kernel's own function, such as an exponential, is not counted.

    Parameters
    ----------
    n_samples, n_support, n_features : int
        Samples, support vectors (all training samples, for kernel ridge), features.
    n_outputs : int
        Dual weights of a support vector: C - 1 for scikit-learn's SVC of C classes, C for ridge.
    n_active : float, optional
        Features of a mean sample that are not 0; all where absent.

    Examples
    --------
    >>> from bioplastic.study.layers import kernel_workload
    >>> kernel_workload(10, 100, 50, 9).per_sample.effective_macs
    5900.0
    """
    active = float(n_features if n_active is None else n_active)
    n_weights = n_support * (n_features + n_outputs)
    return Workload(
        n_samples=n_samples,
        dense=float(n_samples * n_weights),
        effective_macs=n_samples * n_support * (active + n_outputs),
        footprint=float(_BYTES * (n_weights + n_outputs)),
        n_weights=n_weights,
    )


def kernel_learning_workload(
    n_samples: int,
    n_features: int,
    n_outputs: int,
    *,
    n_active: float | None = None,
    solve: bool = True,
) -> Workload:
    """Workload of a kernel machine's training.

    Half the Gram matrix with its diagonal is computed, and kernel ridge then decomposes it: n**3/6
    multiplications with additions by Cholesky, and n**2 for each output.

    Parameters
    ----------
    n_samples, n_features, n_outputs : int
        Training samples, features, dual weights of each sample.
    n_active : float, optional
        Features of a mean sample that are not 0; all where absent.
    solve : bool
        Whether to count what follows the Gram matrix. Iterations of a support vector machine are
        not known; without them the workload is a lower bound.

    Examples
    --------
    >>> from bioplastic.study.layers import kernel_learning_workload
    >>> kernel_learning_workload(60, 10, 2, solve=False).effective_macs
    18300.0
    >>> kernel_learning_workload(60, 10, 2).effective_macs
    61500.0
    """
    n, active = n_samples, float(n_features if n_active is None else n_active)
    pairs = n * (n + 1) / 2
    solving = (n**3 / 6 + n**2 * n_outputs) * solve
    return Workload(
        n_samples=n,
        dense=pairs * n_features + solving,
        effective_macs=pairs * active + solving,
        weight_updates=float(n * n_outputs),
        footprint=float(_BYTES * n * (n + n_features + n_outputs)),
        n_weights=n * (n_features + n_outputs),
    )


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
