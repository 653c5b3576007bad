"""Forward orthogonal regression: choose regressors one by one, by how much error each removes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

# What must be left of a regressor's squared norm, relative to what it was, when those chosen before
# are taken off it. What others span is rounding below it, and must not be chosen for its rounding.
_RANK_TOLERANCE = 1e-10


@dataclass(frozen=True, kw_only=True)
class OrthogonalRegression:
    """Terms in the order of their choice, and what each of them adds.

    Attributes
    ----------
    selected : ndarray of shape (n_selected,)
        Chosen terms.
    error_reduction_ratio : ndarray of shape (n_selected,)
        Share of the targets' power that each of them explains beyond those before it.
    basis : ndarray of shape (n_directions, n_selected * size)
        Turns the regressors of the chosen terms into orthonormal ones.
    directions : ndarray of shape (n_selected,)
        How many rows of `basis` belong to a term and those before it.
    coefficients : ndarray of shape (n_directions, n_targets)
        Of the orthonormal regressors.
    """

    selected: npt.NDArray[np.intp]
    error_reduction_ratio: Array
    basis: Array
    directions: npt.NDArray[np.intp]
    coefficients: Array

    def weights(self, n_terms: int | None = None) -> Array:
        """Weights of the first terms alone.

        Parameters
        ----------
        n_terms : int, default=None
            How many terms, up to those that were chosen; all of them by default.

        Returns
        -------
        weights : ndarray of shape (n_terms, size, n_targets)
        """
        n_terms = len(self.selected) if n_terms is None else n_terms
        size = self.basis.shape[1] // max(len(self.selected), 1)
        rows = self.directions[n_terms - 1] if n_terms else 0
        found = self.basis[:rows, : n_terms * size].T @ self.coefficients[:rows]
        return found.reshape(n_terms, size, self.coefficients.shape[1])


def forward_orthogonal_regression(
    rows: Callable[[int], Array],
    blocks: Array,
    projections: Array,
    power: float,
    *,
    n_terms: int,
    tol: float = 0.0,
    ridge: float = 0.0,
) -> OrthogonalRegression:
    r"""Choose terms greedily by their error-reduction ratio.

    A term is a group of regressors that are chosen together, such as one neuron seen at several
    times; all targets share the choice. It is a Cholesky factorisation of the Gram matrix, pivoted
    by what explains the targets, and asks for those rows of that matrix only that it chooses.

    Parameters
    ----------
    rows : callable
        ``rows(j)`` returns inner products of the regressors of term `j` with all, of shape
        (size, n_candidates * size).
    blocks : ndarray of shape (n_candidates, size, size)
        Inner products of each term's regressors with each other.
    projections : ndarray of shape (n_candidates, size, n_targets)
        Inner products of regressors and targets.
    power : float
        Squared norm of all targets together.
    n_terms : int
        Most terms to choose.
    tol : float
        Stop when the share of the power that is left falls to it.
    ridge : float
        Added to every regressor's squared norm.

    Returns
    -------
    OrthogonalRegression
        Fewer terms than `n_terms` where no other explains anything.

    Notes
    -----
    Chen, Billings & Luo, International Journal of Control 50(5):1873-1896, 1989,
    doi 10.1080/00207178908953472. With orthogonalised regressors :math:`q_i` and a target
    :math:`y`, :math:`ERR_i = \langle q_i, y\rangle^2 / (\langle q_i, q_i\rangle
    \langle y, y\rangle)`. With a ridge, the share that is left is that of the penalised error.
    """
    n_candidates, size, n_targets = projections.shape
    most = min(n_terms, n_candidates)
    penalty = ridge * np.eye(size)
    # Regressors of norm 1, so that one tolerance is right for all; silent ones stay 0.
    squares = np.diagonal(blocks + penalty, axis1=1, axis2=2)
    scale = np.zeros_like(squares)
    scale[squares > 0] = 1 / np.sqrt(squares[squares > 0])
    left = (blocks + penalty) * scale[:, :, np.newaxis] * scale[:, np.newaxis]
    toward = projections * scale[:, :, np.newaxis]
    free = np.ones(n_candidates, dtype=bool)
    factor = np.zeros((most * size, n_candidates * size))
    basis = np.zeros((most * size, most * size))
    coefficients = np.zeros((most * size, n_targets))
    selected: list[int] = []
    ratios: list[float] = []
    directions: list[int] = []
    known, remaining = 0, 1.0
    while len(selected) < most and remaining > tol and power > 0:
        gain = np.where(free, _gains(left, toward), 0.0)
        j = int(np.argmax(gain))
        # Below it, sums of squares are rounding.
        if gain[j] <= 1e-14 * power:
            break
        values, vectors = np.linalg.eigh(left[j])
        alive = values > _RANK_TOLERANCE
        free[j] = False
        if not alive.any():
            continue
        turn = (vectors[:, alive] / np.sqrt(values[alive])).T
        own, fresh = slice(j * size, (j + 1) * size), slice(known, known + len(turn))
        row = rows(j) * scale.ravel()
        row[:, own] += penalty * scale[j]
        row *= scale[j, :, np.newaxis]
        factor[fresh] = turn @ (row - factor[:known, own].T @ factor[:known])
        start = len(selected) * size
        basis[fresh, :start] = -(turn @ factor[:known, own].T) @ basis[:known, :start]
        basis[fresh, start : start + size] = turn * scale[j]
        coefficients[fresh] = turn @ toward[j]
        by_term = factor[fresh].reshape(len(turn), n_candidates, size).transpose(1, 2, 0)
        left -= by_term @ by_term.transpose(0, 2, 1)
        toward -= by_term @ coefficients[fresh]
        known = fresh.stop
        selected.append(j)
        directions.append(known)
        # Of a term that others nearly span, rounding may claim more than there is.
        ratios.append(min(float((coefficients[fresh] ** 2).sum() / power), remaining))
        remaining -= ratios[-1]
    return OrthogonalRegression(
        selected=np.array(selected, dtype=np.intp),
        error_reduction_ratio=np.array(ratios),
        basis=basis[:known, : len(selected) * size].copy(),
        directions=np.array(directions, dtype=np.intp),
        coefficients=coefficients[:known].copy(),
    )


def _gains(left: Array, toward: Array) -> Array:
    """How much of the targets each term would explain, of shape (n_candidates,)."""
    if left.shape[1] == 1:
        return (toward[:, 0] ** 2).sum(axis=1) / (left[:, 0, 0] + _RANK_TOLERANCE)
    lifted = left + _RANK_TOLERANCE * np.eye(left.shape[1])
    gains: Array = (toward * np.linalg.solve(lifted, toward)).sum(axis=(1, 2))
    return gains
