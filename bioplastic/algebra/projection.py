"""Orthogonal projection of spike trains onto the span of others."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh

from bioplastic._quantities import number
from bioplastic.algebra.arguments import check_tau, check_trains
from bioplastic.algebra.gram import gram_matrix
from bioplastic.algebra.vectors import norm
from bioplastic.spikes import SpikeTrains

type Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SpanProjection:
    """What :func:`project` finds.

    Parameters
    ----------
    coefficients : ndarray of shape (n_units_onto, n_units_y)
        Column `i` weighs the units that span so that they come nearest to unit `i` of `y`.
    residual : ndarray of shape (n_units_y,)
        Squared norm of what is left of each unit of `y`, summed over samples.
    power : ndarray of shape (n_units_y,)
        Squared norm of each unit of `y`, summed over samples.
    """

    coefficients: Floats
    residual: Floats
    power: Floats


def project(y: SpikeTrains, onto: SpikeTrains, *, tau: Any, ridge: float = 0.0) -> SpanProjection:
    """Project spike trains onto the span of others, the samples stacked.

    Parameters
    ----------
    y : SpikeTrains of shape (n_samples, n_units_y)
        What is projected, unit by unit.
    onto : SpikeTrains of shape (n_samples, n_units_onto)
        The units that span. They may depend on each other.
    tau : Quantity of time
        Time constant, above 0.
    ridge : float, default=0.0
        Added to the diagonal of the Gram matrix of `onto`. Above 0, coefficients shrink, and the
        result is no projection any more.

    Returns
    -------
    projection : SpanProjection
        Coefficients, residual and power. Where units of `onto` depend on each other, the
        coefficients are those with the smallest sum of squares.

    Raises
    ------
    DataError
        If `y` and `onto` do not have the same number of samples.
    ParameterError
        If `tau` is no time above 0 or `ridge` no finite number from 0.

    Notes
    -----
    Least squares in the space of Carnell & Richardson, "Linear algebra for time series of spikes",
    ESANN 2005. Directions whose share of the largest eigenvalue is within rounding are left out.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.algebra.projection import project
    >>> y = SpikeTrains([0.01, 0.03], [0, 0], [0, 2], n_units=1, duration=0.1)
    >>> onto = SpikeTrains([0.01, 0.03, 0.05], [0, 1, 2], [0, 3], n_units=3, duration=0.1)
    >>> found = project(y, onto, tau=20 * ms)
    >>> abs(found.coefficients[:, 0]).round(3)
    array([1., 1., 0.])
    >>> found.residual.round(12), found.power.round(3)
    (array([0.]), array([2.736]))
    """
    check_tau("project", tau)
    check_trains("project", y=y, onto=onto)
    number("project.ridge", ridge, 0)
    power: Floats = (norm(y, tau=tau) ** 2).sum(axis=0)
    values, axes = eigh(gram_matrix(onto, tau=tau))
    # Components of y along orthogonal axes of the span; an axis has the squared norm `values`.
    along = axes.T @ gram_matrix(onto, y, tau=tau)
    kept = values > max(values[-1], 0.0) * len(values) * np.finfo(np.float64).eps
    values, axes, along = values[kept, np.newaxis], axes[:, kept], along[kept]
    weights = along / (values + ridge)
    explained = (weights * (2 * along - values * weights)).sum(axis=0)
    return SpanProjection(
        coefficients=axes @ weights, residual=np.maximum(power - explained, 0.0), power=power
    )
