"""The inner hair cell and its synapse: transmitter that is released, lost and taken up again."""

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["HairCell"]

# Meddis, Hewitt & Shackleton (1990), table II, fibre of medium spontaneous rate: A and B in units
# of the membrane's motion, all else in 1/s; the free transmitter is at most 1.
_A: Final = 5.0
_B: Final = 300.0
_RELEASE: Final = 2000.0  # g
_REPLENISH: Final = 5.05  # y
_LOSS: Final = 2500.0  # l
_REUPTAKE: Final = 6580.0  # r
_REPROCESS: Final = 66.31  # x
_FIRING: Final = 50_000.0  # h, spikes/s of a fibre by transmitter in the cleft


class HairCell:
    """Transmitter pools of Meddis (1986), one hair cell a channel.

    The membrane's motion s opens the cell to transmitter::

        k     = g (s + A) / (s + A + B)    where s + A > 0, else 0
        dq/dt = y (1 - q) + x w - k q      free transmitter
        dc/dt = k q - (l + r) c            in the cleft
        dw/dt = r c - x w                  in reprocessing

    and the afferent fibres fire at the rate h c [1]_ [2]_. Rectification and compression are in k,
    the loss of phase locking above a few kilohertz in c; q empties in some milliseconds and
    fills in some tens of them, which is adaptation.

    Parameters
    ----------
    n_channels : int
        Number of hair cells.
    dt : float, in seconds
        Time step.
    n_sub : int
        Samples of motion a step.

    References
    ----------
    .. [1] R. Meddis (1986). Simulation of mechanical to neural transduction in the auditory
       receptor. J. Acoust. Soc. Am. 79, 702-711. https://doi.org/10.1121/1.393460
    .. [2] R. Meddis, M. J. Hewitt, T. M. Shackleton (1990). Implementation details of a computation
       model of the inner hair-cell/auditory-nerve synapse. J. Acoust. Soc. Am. 87, 1813-1816.
       https://doi.org/10.1121/1.399379
    """

    def __init__(self, n_channels: int, *, dt: float, n_sub: int) -> None:
        self._dt, self._n_sub = dt, n_sub
        # Rest: the equations with s = 0 and all derivatives 0.
        k = _RELEASE * _A / (_A + _B)
        cleft = _REPLENISH * k / (_LOSS * k + _REPLENISH * (_LOSS + _REUPTAKE))
        pools = (cleft * (_LOSS + _REUPTAKE) / k, cleft, cleft * _REUPTAKE / _REPROCESS)
        self._q, self._c, self._w = (np.full(n_channels, x, dtype=np.float32) for x in pools)

    def __call__(self, motion: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Advance by a block.

        Parameters
        ----------
        motion : ndarray of shape (n_channels, n_steps * n_sub)
            In units of A and B; it is overwritten.

        Returns
        -------
        drive : ndarray of shape (n_steps, n_channels)
            Expected spikes of a fibre in each step, were it never refractory.
        """
        released = self._released_fraction(motion)
        dt, away = self._dt, _LOSS + _REUPTAKE
        # The cleft empties faster than a step: exact for a constant release during the step.
        keep = np.float32(np.exp(-away * dt))
        enter = np.float32(-np.expm1(-away * dt) / (away * dt))
        fill, reprocess = np.float32(_REPLENISH * dt), np.float32(_REPROCESS * dt)
        reused = np.float32(_REUPTAKE / away)
        q, c, w = self._q, self._c, self._w
        eject, temp = np.empty_like(q), np.empty_like(q)
        cleared = np.empty_like(released)
        # One pass a step over all channels; `out` because allocations would cost more than sums.
        for fraction, gone in zip(released, cleared, strict=True):
            np.multiply(q, fraction, out=eject)
            q -= eject
            np.multiply(q, fill, out=temp)
            q -= temp
            q += fill
            np.multiply(w, reprocess, out=temp)
            q += temp
            w -= temp
            np.add(c, eject, out=gone)
            c *= keep
            eject *= enter
            c += eject
            gone -= c
            np.multiply(gone, reused, out=temp)
            w += temp
        # What left the cleft in a step is its mean content times (l + r) dt.
        cleared *= np.float32(_FIRING / away)
        return cleared

    def _released_fraction(self, motion: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return which part of the free transmitter leaves in each step, steps first."""
        motion += np.float32(_A)
        np.maximum(motion, 0, out=motion)
        motion /= motion + np.float32(_B)
        # A sum of strided views: `mean` over so short an axis is ten times slower.
        total = (
            sum(motion[:, k :: self._n_sub] for k in range(1, self._n_sub))
            + motion[:, :: self._n_sub]
        )
        released = np.ascontiguousarray(total.T)
        released *= np.float32(-_RELEASE * self._dt / self._n_sub)
        np.expm1(released, out=released)
        return np.negative(released, out=released)
