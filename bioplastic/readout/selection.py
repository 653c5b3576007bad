"""Neurons chosen by their inner products with references: the search behind SpikeTimeClassifier."""

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bioplastic.readout.orthogonal import OrthogonalRegression, forward_orthogonal_regression

Array = npt.NDArray[np.float64]

#: Rows of a Gram matrix that are kept for the next class that asks for them.
_ROWS = 256

# What differs less between samples, relative to what it is, differs by rounding.
_CONSTANT = 1e-12


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Neurons in the order of their choice, and decisions with any number of them.

    Attributes
    ----------
    parts : list of OrthogonalRegression
        One for all outputs, or one for each.
    outputs : list of ndarray
        Outputs of each part.
    mean : ndarray of shape (n_units, n_references)
        Mean inner products of the training samples.
    offset : ndarray of shape (n_outputs,)
        Mean targets.
    """

    parts: list[OrthogonalRegression]
    outputs: list[npt.NDArray[np.intp]]
    mean: Array
    offset: Array

    def __len__(self) -> int:
        return max(len(part.selected) for part in self.parts)

    def weights(self) -> Array:
        """Weights of all neurons, of shape (n_units, n_references, n_outputs)."""
        dense = np.zeros((*self.mean.shape, len(self.offset)))
        for part, own in zip(self.parts, self.outputs, strict=True):
            found = part.weights().reshape(len(part.selected), self.mean.shape[1], len(own))
            found = found.transpose(0, 2, 1) / _n_fits(part, own)
            dense[part.selected[:, np.newaxis], :, own] = found
        return dense

    def intercept(self, weights: Array) -> Array:
        """Decision without any spike, of shape (n_outputs,)."""
        found: Array = self.offset - np.tensordot(self.mean, weights, axes=2)
        return found

    def decisions(self, values: Array) -> Iterator[Array]:
        """Yield decisions with the first neuron of each part, the first two, and so on.

        Parameters
        ----------
        values : ndarray of shape (n_samples, n_units, n_references)

        Yields
        ------
        decisions : ndarray of shape (n_samples, n_outputs)
        """
        parts = zip(self.parts, self.outputs, strict=True)
        steps = [self._steps(part, own, values) for part, own in parts]
        decisions = np.tile(self.offset, (len(values), 1))
        for added in itertools.zip_longest(*steps, fillvalue=np.zeros(1)):
            for own, step in zip(self.outputs, added, strict=True):
                decisions[:, own] += step
            yield decisions.copy()

    def _steps(
        self, part: OrthogonalRegression, own: npt.NDArray[np.intp], values: Array
    ) -> Iterator[Array]:
        """Yield what each neuron of a part adds to its outputs: what is orthogonal adds up."""
        n_samples, n_fits = len(values), _n_fits(part, own)
        seen = values[:, part.selected] - self.mean[part.selected]
        seen = seen.reshape(n_samples, len(part.selected), n_fits, seen.shape[2] // n_fits)
        along = seen.transpose(0, 2, 1, 3).reshape(n_samples, n_fits, -1) @ part.basis.T
        coefficients = part.coefficients.reshape(-1, n_fits, len(own)) / n_fits
        first = 0
        for last in part.directions:
            new = slice(first, last)
            yield np.einsum("rfd,dfo->ro", along[:, :, new], coefficients[new])
            first = last


def _n_fits(part: OrthogonalRegression, own: npt.NDArray[np.intp]) -> int:
    """How many targets an output has: the decision is the mean over them."""
    return int(part.coefficients.shape[1] // len(own))


def select_neurons(
    values: Array,
    wanted: Array,
    *,
    n_neurons: int,
    tol: float,
    alpha: float,
    gram: Array | None = None,
    apart: bool = False,
) -> Selection:
    """Choose neurons for targets.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_units, n_references)
        Inner products of neurons and references.
    wanted : ndarray of shape (n_samples, n_outputs)
        Targets.
    n_neurons : int
        Most neurons.
    tol : float
        Share of the power at which to stop.
    alpha : float
        Ridge, in units of the regressors' mean squared norm.
    gram : ndarray of shape (n_units, n_units), default=None
        Gram matrix of the whole trains, where these shall be near the references' trains; without
        it, sums of the inner products shall be near the targets.
    apart : bool
        Whether each output chooses its own neurons.

    Returns
    -------
    Selection
    """
    _, n_units, n_references = values.shape
    offset = wanted.mean(axis=0)
    targets = wanted - offset
    mean = values.mean(axis=0)
    if gram is None:
        centred = values - mean
        variance = np.einsum("ruk,ruk->uk", centred, centred) / len(centred)
        centred[:, variance <= (_CONSTANT * mean) ** 2] = 0
        rows, blocks = _of_values(centred, n_kept=_ROWS if apart else 1)
        projections = np.tensordot(centred, targets, axes=(0, 0))
    else:
        rows, blocks = functools.partial(_row, gram), np.diag(gram)[:, np.newaxis, np.newaxis]
        projections = np.tensordot(values, targets, axes=(0, 0))
    ridge = alpha * float(np.trace(blocks, axis1=1, axis2=2).mean()) / blocks.shape[1]
    power = (targets**2).sum(axis=0) * (1 if gram is None else n_references)
    outputs = [np.arange(len(offset))]
    if apart:
        outputs = [np.array([c]) for c in range(len(offset))]
    parts = [
        forward_orthogonal_regression(
            rows,
            blocks,
            projections[:, :, own].reshape(n_units, blocks.shape[1], -1),
            float(power[own].sum()),
            n_terms=n_neurons,
            tol=tol,
            ridge=ridge,
        )
        for own in outputs
    ]
    return Selection(parts=parts, outputs=outputs, mean=mean, offset=offset)


def _row(gram: Array, j: int) -> Array:
    return gram[j : j + 1]


def _of_values(values: Array, *, n_kept: int) -> tuple[Callable[[int], Array], Array]:
    """Rows and diagonal blocks of the Gram matrix of all units seen from all references."""
    flat = values.reshape(len(values), -1)
    by_unit = values.transpose(1, 2, 0)

    def row(j: int) -> Array:
        found: Array = by_unit[j] @ flat
        return found

    return functools.lru_cache(maxsize=n_kept)(row), by_unit @ by_unit.transpose(0, 2, 1)
