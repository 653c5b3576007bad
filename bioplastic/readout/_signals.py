"""Sampled signals and filtered spikes: inner products of both, and filtered spikes as signals."""

import math

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from bioplastic.spikes import SpikeTrains

type Floats = npt.NDArray[np.float64]

KERNELS = ("two_sided", "alpha", "exponential")

#: Integral of the squared kernel, in units of tau.
ACROSS = {"two_sided": 1.0, "alpha": math.e**2 / 4, "exponential": 0.5}


#: Numbers in an array that is worked on at once.
_CELLS = 1 << 20


def chunks(n_rows: int, n_columns: int) -> list[slice]:
    """Cut rows so that no array of rows by columns grows beyond bounds."""
    step = max(1, _CELLS // max(1, n_columns))
    return [slice(start, start + step) for start in range(0, n_rows, step)]


def overlap(signals: list[Floats], dt: float) -> Floats:
    """Inner products of signals, of shape (n_outputs, n_outputs), summed over samples.

    A signal is linear between its values, and 0 one step before the first and after the last.
    """
    total = np.zeros((signals[0].shape[1],) * 2)
    for y in signals:
        crossed = y[:-1].T @ y[1:]
        total += dt * (2 * y.T @ y / 3 + (crossed + crossed.T) / 6)
    return total


def inner_products(
    signals: list[Floats], trains: SpikeTrains, lags: Floats, *, dt: float, tau: float, kernel: str
) -> Floats:
    """Inner products of filtered spikes and signals, summed over samples.

    Returns
    -------
    products : ndarray of shape (n_units * n_lags, n_outputs)
        Integrals of the kernel times the signal of :func:`overlap`, without rounding of spikes to
        the signal's steps.
    """
    n_outputs = signals[0].shape[1]
    total = np.zeros((trains.n_units * len(lags), n_outputs))
    for y, sample in zip(signals, trains, strict=True):
        if not len(sample.times):
            continue
        smoothed = _Smoothed(y, dt, tau, smooth=kernel == "alpha")
        mirrored = _Smoothed(y[::-1], dt, tau, smooth=False) if kernel == "two_sided" else None
        for part in chunks(len(sample.times), len(lags) * n_outputs):
            moments = sample.times[part, np.newaxis] + lags
            values = smoothed.at(moments)
            if mirrored is not None:
                values += mirrored.at(dt * (len(y) - 1) - moments)
            code = sample.units[part, np.newaxis] * len(lags) + np.arange(len(lags))
            for output in range(n_outputs):
                weights = values[..., output].ravel()
                total[:, output] += np.bincount(code.ravel(), weights, minlength=len(total))
    return total


class _Smoothed:
    """A signal filtered backwards in time: what a kernel that begins at a moment sees of it."""

    def __init__(self, y: Floats, dt: float, tau: float, *, smooth: bool) -> None:
        zero = np.zeros((1, y.shape[1]))
        self.y, self.dt, self.tau, self.smooth = np.concatenate([zero, y, zero]), dt, tau, smooth
        keep = np.exp(-dt / tau)
        steps = np.diff(self.y, axis=0) / dt
        whole = _moments(np.array(dt), tau)
        # Values at the nodes, from the last one, where nothing is left, to the first one.
        self.plain, self.aged = np.zeros_like(self.y), np.zeros_like(self.y)
        piece = self.y[:-1] * whole[0] + steps * whole[1]
        self.plain[:-1] = lfilter([1.0], [1.0, -keep], piece[::-1], axis=0)[::-1]
        if smooth:
            piece = self.y[:-1] * whole[1] + steps * whole[2] + keep * dt * self.plain[1:]
            self.aged[:-1] = lfilter([1.0], [1.0, -keep], piece[::-1], axis=0)[::-1]

    def at(self, moments: Floats) -> Floats:
        """Integral of the kernel times the signal, of shape (*moments.shape, n_outputs)."""
        # The node at or after a moment, the first one for moments before it. Node 0 lies at -dt.
        node = np.clip(np.floor(moments / self.dt) + 2, 0, len(self.y) - 1).astype(np.int64)
        rest = (node - 1) * self.dt - moments
        beyond = (node == len(self.y) - 1) & (rest < 0)
        # Rounding may put a moment on a node just behind it.
        rest = np.maximum(rest, 0.0)
        before = np.maximum(node - 1, 0)
        slope = (self.y[node] - self.y[before]) / self.dt
        first = self.y[node] - slope * rest[..., np.newaxis]
        part = [moment[..., np.newaxis] for moment in _moments(rest, self.tau)]
        fade = np.exp(-rest / self.tau)[..., np.newaxis]
        if self.smooth:
            found = self.aged[node] + rest[..., np.newaxis] * self.plain[node]
            found = math.e / self.tau * (fade * found + first * part[1] + slope * part[2])
        else:
            found = fade * self.plain[node] + first * part[0] + slope * part[1]
        found[beyond] = 0.0
        values: Floats = found
        return values


def _moments(length: Floats, tau: float) -> tuple[Floats, Floats, Floats]:
    """Integrals of exp(-x/tau), x exp(-x/tau) and x^2 exp(-x/tau) from 0 to each length."""
    end = tau * np.exp(-length / tau)
    zeroth = -tau * np.expm1(-length / tau)
    first = tau * zeroth - length * end
    return zeroth, first, 2 * tau * first - length**2 * end


def sampled(
    times: Floats,
    columns: npt.NDArray[np.int64],
    weights: Floats,
    shape: tuple[int, int],
    *,
    dt: float,
    tau: float,
    kernel: str,
) -> Floats:
    """Return filtered spikes at the steps of a signal, exact at each of them.

    Parameters
    ----------
    times : ndarray of shape (n_spikes,), in seconds
        Spikes with their lags, in any order, also before or after the sample.
    columns, weights : ndarray of shape (n_spikes,)
        To which signal each spike adds its kernel, and how often.
    shape : (n_steps, n_columns)
    dt, tau : float, in seconds
    kernel : one of KERNELS

    Returns
    -------
    signals : ndarray of shape (n_steps, n_columns)
    """
    # The first step that is not before the spike; rounding must not move one that lies on a step.
    after = np.ceil(times / dt - 1e-6).astype(np.int64)
    keep = np.exp(-dt / tau)

    def deposit(at: npt.NDArray[np.int64], real: npt.NDArray[np.bool_], *, aged: bool) -> Floats:
        gap = np.abs(at[real] * dt - times[real]) / tau
        left = weights[real] * np.exp(-gap) * (gap if aged else 1.0)
        code = at[real] * shape[1] + columns[real]
        flat = np.bincount(code, left, minlength=shape[0] * shape[1])
        return flat.reshape(shape).astype(np.float64, copy=False)

    first = np.maximum(after, 0)
    come = first < shape[0]
    plain: Floats = lfilter([1.0], [1.0, -keep], deposit(first, come, aged=False), axis=0)
    if kernel == "exponential":
        return plain
    if kernel == "alpha":
        aged = deposit(first, come, aged=True)
        aged[1:] += keep * dt / tau * plain[:-1]
        alpha: Floats = math.e * lfilter([1.0], [1.0, -keep], aged, axis=0)
        return alpha
    last = np.minimum(after - 1, shape[0] - 1)
    ahead = deposit(last, last >= 0, aged=False)
    plain += lfilter([1.0], [1.0, -keep], ahead[::-1], axis=0)[::-1]
    return plain


def score_of_signals(target: list[Floats], predicted: list[Floats]) -> float:
    """Return R^2 of signals, all samples together, the mean over outputs."""
    pairs = list(zip(target, predicted, strict=True))
    missed = sum(((y - guess) ** 2).sum(axis=0) for y, guess in pairs)
    mean = sum(y.sum(axis=0) for y in target) / sum(map(len, target))
    spread = sum(((y - mean) ** 2).sum(axis=0) for y in target)
    share = missed / np.where(spread > 0, spread, 1.0)
    return float(np.where(spread > 0, 1 - share, missed == 0).mean())
