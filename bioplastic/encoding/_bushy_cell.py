"""From the synapse to spikes: a bundle of nerve fibres and the bushy cell that it drives."""

import numpy as np
import numpy.typing as npt

__all__ = ["BushyCell", "poisson_counts"]


class BushyCell:
    """Leaky integrate-and-fire cells, each driven by a bundle of auditory nerve fibres.

    Each channel has `n_fibres` fibres that fire at random at the hair cell's rate, with a
    refractory period, and one cell that needs several of them at nearly the same time [1]_::

        di/dt = -i / tau_synapse        i += weight / tau_synapse with each spike of the bundle
        dv/dt = -v / tau_membrane + i   spike where v >= 1, then v = 0

    so that a fibre's spike adds `weight` to v in all.

    Parameters
    ----------
    n_channels : int
        Number of cells.
    dt : float, in seconds
        Time step.
    n_fibres : int
        Fibres that converge on a cell.
    weight : float
        What a fibre's spike adds to v, in units of the threshold.
    tau_membrane, tau_synapse : float, in seconds
        Time constants.
    tau_refractory : float, in seconds
        Refractory period of fibres and of cells.
    rng : numpy.random.Generator
        Source of one number a channel and a step.

    References
    ----------
    .. [1] B. Cramer, Y. Stradmann, J. Schemmel, F. Zenke (2022). The Heidelberg spiking data sets
       for the systematic evaluation of spiking neural networks. IEEE Trans. Neural Netw. Learn.
       Syst. 33, 2744-2757. https://doi.org/10.1109/TNNLS.2020.3044364
    """

    def __init__(
        self,
        n_channels: int,
        *,
        dt: float,
        n_fibres: int,
        weight: float,
        tau_membrane: float,
        tau_synapse: float,
        tau_refractory: float,
        rng: np.random.Generator,
    ) -> None:
        self._n_fibres, self._rng = n_fibres, rng
        self._keep_v = np.float32(np.exp(-dt / tau_membrane))
        self._keep_i = np.float32(np.exp(-dt / tau_synapse))
        self._charge = np.float32(-np.expm1(-dt / tau_synapse) * weight)
        self._recover = np.float32(-np.expm1(-dt / tau_refractory) if tau_refractory else 1)
        self._n_refractory = round(tau_refractory / dt)
        self._ready = np.ones(n_channels, dtype=np.float32)
        self._current = np.zeros(n_channels, dtype=np.float32)
        self._v = np.zeros(n_channels, dtype=np.float32)
        self._free = np.zeros(n_channels, dtype=np.int64)
        self._step = 0

    def __call__(
        self, drive: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Advance by a block.

        Parameters
        ----------
        drive : ndarray of shape (n_steps, n_channels)
            Expected spikes of a fibre in each step, were it never refractory; it is overwritten.

        Returns
        -------
        steps, channels : ndarray of shape (n_spikes,)
            When, counted from the first block's begin, and where; sorted by step.
        """
        self._bundle(drive)
        drive *= np.float32(self._n_fibres)
        u = self._rng.random(drive.shape, dtype=np.float32)
        counts = poisson_counts(drive, u, highest=self._n_fibres)
        counts *= self._charge
        return self._fire(counts)

    def _bundle(self, drive: npt.NDArray[np.float32]) -> None:
        """Turn the drive into spikes a fibre: those that fired a moment ago cannot."""
        np.negative(drive, out=drive)
        np.expm1(drive, out=drive)
        np.negative(drive, out=drive)
        ready, temp, recover = self._ready, np.empty_like(self._ready), self._recover
        for fired in drive:
            np.multiply(ready, fired, out=fired)
            ready -= fired
            np.subtract(1, ready, out=temp)
            temp *= recover
            ready += temp

    def _fire(
        self, charges: npt.NDArray[np.float32]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        v, current, free = self._v, self._current, self._free
        steps, channels = [], []
        for now, charge in enumerate(charges, start=self._step):
            current *= self._keep_i
            current += charge
            v *= self._keep_v
            v += current
            v *= free <= now
            (over,) = (v >= 1).nonzero()
            if len(over):
                v[over] = 0
                free[over] = now + 1 + self._n_refractory
                steps.append(np.full(len(over), now))
                channels.append(over)
        self._step += len(charges)
        if not steps:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        return np.concatenate(steps), np.concatenate(channels)


def poisson_counts(
    mean: npt.NDArray[np.float32], u: npt.NDArray[np.float32], *, highest: int
) -> npt.NDArray[np.float32]:
    """Draw Poisson counts by inversion: one uniform number each, whatever the mean.

    A generator that takes as many numbers as it needs would, after a difference in the last digit
    of one mean, differ everywhere; this one differs there at most.

    Parameters
    ----------
    mean : ndarray of float32
        Expected counts, small: the work grows with them.
    u : ndarray of the same shape, float32
        Uniform numbers in [0, 1).
    highest : int
        Larger counts are cut.

    Returns
    -------
    counts : ndarray of the same shape, float32

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic.encoding._bushy_cell import poisson_counts
    >>> mean, u = np.full(3, 1, dtype=np.float32), np.float32([0.3, 0.5, 0.8])
    >>> poisson_counts(mean, u, highest=40)
    array([0., 1., 2.], dtype=float32)
    """
    shape, mean, u = mean.shape, mean.ravel(), u.ravel()
    term = np.exp(-mean)
    above = np.flatnonzero(u >= term)
    counts = np.zeros(len(mean), dtype=np.float32)
    mean, u, term = mean[above], u[above], term[above]
    cumulative = term.copy()
    for count in range(1, highest + 1):
        counts[above] = count
        term = term * mean / np.float32(count)
        cumulative += term
        more = u >= cumulative
        if not more.any():
            break
        above, mean, u = above[more], mean[more], u[more]
        term, cumulative = term[more], cumulative[more]
    return counts.reshape(shape)
