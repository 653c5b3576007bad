"""What linear readouts and kernel machines take, from their sizes."""

from bioplastic.study.workload import Workload

__all__ = [
    "kernel_learning_workload",
    "kernel_workload",
    "linear_learning_workload",
    "selection_workload",
]

#: Bytes of a number.
_BYTES = 8


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
    >>> from bioplastic.study.readouts import linear_learning_workload
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
    >>> from bioplastic.study.readouts import selection_workload
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
    >>> from bioplastic.study.readouts import kernel_workload
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
    >>> from bioplastic.study.readouts import kernel_learning_workload
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
