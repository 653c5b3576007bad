"""Atoms of a decoder: trains of single neurons, each delayed by a lag; how they are chosen."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from brian2 import second

from bioplastic import algebra
from bioplastic.readout._signals import ACROSS, chunks, inner_products, overlap
from bioplastic.readout.orthogonal import OrthogonalRegression, forward_orthogonal_regression
from bioplastic.spikes import SpikeTrains

type Floats = npt.NDArray[np.float64]
type Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Atoms:
    r"""Every neuron at every lag, and the inner products of these atoms.

    With :math:`x = |D|/\tau`, two spikes at the distance :math:`D` have the product
    :math:`e^{-x}`, which belongs to the causal exponential; or, `smooth`, :math:`(1 + x) e^{-x}`,
    which belongs to the two-sided exponential and to the alpha function alike.

    Attributes
    ----------
    trains : SpikeTrains of shape (n_samples, n_units)
        Spikes of the neurons.
    lags : ndarray of shape (n_lags,), in seconds
        How much later than its spike an atom has its own.
    tau : float, in seconds
        Time constant.
    smooth : bool
        Which of the two products.
    """

    trains: SpikeTrains
    lags: Floats
    tau: float
    smooth: bool
    # Products of a chosen neuron with all, by difference of lags: its other lags need them too.
    _known: dict[int, Floats] = field(default_factory=dict, repr=False)

    def squared_norms(self) -> Floats:
        """Product of each neuron with itself, of shape (n_units,); a lag changes nothing."""
        owner = np.repeat(np.arange(len(self.trains)), np.diff(self.trains.offsets))
        keys = owner * self.trains.n_units + self.trains.units
        order = np.lexsort((self.trains.times, keys))
        counts, ages = _traces(keys[order], self.trains.times[order], self.tau)
        # Each spike meets the earlier ones; these pairs count twice, and itself once.
        met = 2 * counts - 1 + (2 * ages if self.smooth else 0.0)
        units = self.trains.units[order]
        return np.bincount(units, met, minlength=self.trains.n_units).astype(np.float64)

    def row(self, j: int) -> Floats:
        """Products of atom `j` with all atoms, of shape (n_units * n_lags,), lag by lag."""
        unit, lag = divmod(j, len(self.lags))
        differences = self.lags - self.lags[:, np.newaxis]
        # Lags on a grid have few different differences, but for rounding.
        rounded = np.round(differences / self.tau, 9)
        _, first, place = np.unique(rounded, return_index=True, return_inverse=True)
        if unit not in self._known:
            own = self.trains.units == unit
            times = self.trains.times[own]
            offsets = np.concatenate([[0], np.cumsum(own)])[self.trains.offsets]
            self._known[unit] = self._products(times, offsets, differences.ravel()[first])
        return self._known[unit][:, place.reshape(differences.shape)[lag]].ravel()

    def products(self, other: SpikeTrains) -> Floats:
        """Products with every unit of `other`, of shape (n_units * n_lags, n_units_other)."""
        columns = []
        for unit in range(other.n_units):
            own = other.units == unit
            offsets = np.concatenate([[0], np.cumsum(own)])[other.offsets]
            columns.append(self._products(other.times[own], offsets, self.lags).ravel())
        return np.stack(columns, axis=1)

    def _products(self, times: Floats, offsets: Integers, shifts: Floats) -> Floats:
        """Products of one train with all neurons shifted, of shape (n_units, n_shifts)."""
        owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        past = _traces(owner, times, self.tau)
        ahead = [trace[::-1] for trace in _traces(owner[::-1], -times[::-1], self.tau)]
        shape = (self.trains.n_units, len(shifts))
        total = np.zeros(shape[0] * shape[1])
        for k, sample in enumerate(self.trains):
            begin, end = offsets[k], offsets[k + 1]
            if begin == end:
                continue
            for part in chunks(len(sample.times), len(shifts)):
                moments = sample.times[part, np.newaxis] + shifts
                after = begin + np.searchsorted(times[begin:end], moments, side="right")
                values = self._faded(past, after - 1, moments, times, after > begin)
                values += self._faded(ahead, after, moments, times, after < end)
                code = sample.units[part, np.newaxis] * shape[1] + np.arange(shape[1])
                total += np.bincount(code.ravel(), values.ravel(), minlength=len(total))
        return total.reshape(shape)

    def _faded(
        self,
        traces: tuple[Floats, Floats] | list[Floats],
        at: Integers,
        moments: Floats,
        times: Floats,
        real: npt.NDArray[np.bool_],
    ) -> Floats:
        """Return what is left, at the moments, of the spikes up to the one with the index `at`."""
        at = np.where(real, at, 0)
        counts, ages = traces
        gap = np.abs(moments - times[at]) / self.tau
        found = counts[at]
        if self.smooth:
            found = found * (1 + gap) + ages[at]
        faded: Floats = np.where(real, np.exp(-gap) * found, 0.0)
        return faded


def _traces(keys: Integers, times: Floats, tau: float) -> tuple[Floats, Floats]:
    """Return sums over the spikes of the same key so far, at each spike, itself included.

    Of exp(-x) and of x exp(-x), where x is the age in units of `tau`.
    """
    counts, ages, span = np.ones(len(times)), np.zeros(len(times)), 1
    # Each pass sees twice as many spikes, so that no loop runs over the spikes.
    while span < len(times):
        same = keys[span:] == keys[:-span]
        gap = np.where(same, (times[span:] - times[:-span]) / tau, 0.0)
        left = np.where(same, np.exp(-gap), 0.0)
        if not left.any():
            break
        ages[span:] += left * (ages[:-span] + gap * counts[:-span])
        counts[span:] += left * counts[:-span]
        span *= 2
    return counts, ages


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
