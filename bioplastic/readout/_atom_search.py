"""Atoms chosen for a target: the least squares behind SpikeTimeRegressor."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from brian2 import second

from bioplastic import algebra
from bioplastic.readout._atoms import Atoms
from bioplastic.readout._signals import ACROSS, inner_products, overlap
from bioplastic.readout.orthogonal import OrthogonalRegression, forward_orthogonal_regression
from bioplastic.spikes import SpikeTrains

__all__ = ["AtomSearch", "search_for_signals", "search_for_trains"]

type Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class AtomSearch:
    """Inner products of atoms with targets, and with the constant that an intercept needs.

    Attributes
    ----------
    atoms : Atoms
        The candidates.
    scale : float
        What one spike's squared norm is.
    projections : ndarray of shape (n_units * n_lags, n_outputs)
        Products with the targets.
    power : float
        Squared norm of all targets.
    constant : ndarray of shape (n_units * n_lags,)
        Products with a constant of norm 1; zeros where there is no intercept.
    level : ndarray of shape (n_outputs,)
        Products of that constant with the targets.
    per_one : float
        What an intercept of 1 is, in units of that constant.
    offset : ndarray of shape (n_outputs,)
        What was taken off the targets before.
    """

    atoms: Atoms
    scale: float
    projections: Floats
    power: float
    constant: Floats
    level: Floats
    per_one: float
    offset: Floats

    def run(self, n_atoms: int, *, tol: float, alpha: float) -> OrthogonalRegression:
        """Choose atoms; the constant is taken off them and off the targets."""
        n_lags = len(self.atoms.lags)
        norms = self.scale * np.repeat(self.atoms.squared_norms(), n_lags) - self.constant**2

        def rows(j: int) -> Floats:
            row: Floats = self.scale * self.atoms.row(j) - self.constant[j] * self.constant
            return row[np.newaxis]

        projections = self.projections - np.outer(self.constant, self.level)
        return forward_orthogonal_regression(
            rows,
            norms[:, np.newaxis, np.newaxis],
            projections[:, np.newaxis],
            max(self.power - float((self.level**2).sum()), 0.0),
            n_terms=n_atoms,
            tol=tol,
            ridge=alpha * float(norms.mean()),
        )

    def weights(self, found: OrthogonalRegression, n_atoms: int) -> tuple[Floats, Floats]:
        """Weights of the first atoms, of shape (n_atoms, n_outputs), and intercepts."""
        weights = found.weights(n_atoms)[:, 0] if n_atoms else np.zeros((0, len(self.offset)))
        level = self.level - self.constant[found.selected[:n_atoms]] @ weights
        return weights, self.offset + level / self.per_one


def search_for_signals(
    trains: SpikeTrains, signals: list[Floats], lags: Floats, *, dt: float, tau: float, kernel: str
) -> AtomSearch:
    """Return the search for atoms whose filtered spikes are near sampled signals."""
    trains = trains.to_memory()  # each atom meets all spikes
    offset = np.concatenate(signals).mean(axis=0)
    # One more output, the constant.
    extended = [np.column_stack([y - offset, np.ones(len(y))]) for y in signals]
    products = inner_products(extended, trains, lags, dt=dt, tau=tau, kernel=kernel)
    crossed = overlap(extended, dt)
    length = np.sqrt(crossed[-1, -1])
    return AtomSearch(
        atoms=Atoms(trains=trains, lags=lags, tau=tau, smooth=kernel != "exponential"),
        scale=ACROSS[kernel] * tau,
        projections=products[:, :-1],
        power=float(np.trace(crossed[:-1, :-1])),
        constant=products[:, -1] / length,
        level=crossed[-1, :-1] / length,
        per_one=float(length),
        offset=offset,
    )


def search_for_trains(
    trains: SpikeTrains, targets: SpikeTrains, lags: Floats, *, tau: float
) -> AtomSearch:
    """Return the search for atoms that are near other spike trains."""
    trains, targets = trains.to_memory(), targets.to_memory()
    atoms = Atoms(trains=trains, lags=lags, tau=tau, smooth=False)
    return AtomSearch(
        atoms=atoms,
        scale=1.0,
        projections=atoms.products(targets),
        power=float((algebra.norm(targets, tau=tau * second) ** 2).sum()),
        constant=np.zeros(trains.n_units * len(lags)),
        level=np.zeros(targets.n_units),
        per_one=1.0,
        offset=np.zeros(targets.n_units),
    )
