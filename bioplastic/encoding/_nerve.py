"""From the motion of the basilar membrane to spikes: hair cells, nerve fibers and bushy cells.

Each stage takes blocks of one sound, one after the other, and keeps its state between them.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

type Block = npt.NDArray[np.float32]

# Meddis, Hewitt & Shackleton (1990), table II, fiber of medium spontaneous rate: A and B in units
# of the membrane's motion, all else in 1/s; the free transmitter is at most 1.
_A: Final = 5.0
_B: Final = 300.0
_RELEASE: Final = 2000.0  # g
_REPLENISH: Final = 5.05  # y
_LOSS: Final = 2500.0  # l
_REUPTAKE: Final = 6580.0  # r
_REPROCESS: Final = 66.31  # x
_FIRING: Final = 50_000.0  # h, spikes/s of a fiber by transmitter in the cleft


def hair_cells(
    motions: Iterable[Block], *, n_channels: int, dt: float, n_sub: int
) -> Iterator[Block]:
    """Transmitter pools of Meddis (1986), one hair cell a channel.

    The membrane's motion s opens the cell to transmitter::

        k     = g (s + A) / (s + A + B)    where s + A > 0, else 0
        dq/dt = y (1 - q) + x w - k q      free transmitter
        dc/dt = k q - (l + r) c            in the cleft
        dw/dt = r c - x w                  in reprocessing

    and the afferent fibers fire at the rate h c [1]_ [2]_. Rectification and compression are in k,
    the loss of phase locking above a few kilohertz in c; q empties in some milliseconds and
    fills in some tens of them, which is adaptation.

    Parameters
    ----------
    motions : iterable of ndarray of shape (n_channels, n_steps * n_sub)
        In units of A and B; they are overwritten.
    n_channels : int
        Number of hair cells.
    dt : float, in seconds
        Time step.
    n_sub : int
        Samples of motion a step.

    Yields
    ------
    drive : ndarray of shape (n_steps, n_channels)
        Expected spikes of a fiber in each step, were it never refractory.

    References
    ----------
    .. [1] R. Meddis (1986). Simulation of mechanical to neural transduction in the auditory
       receptor. J. Acoust. Soc. Am. 79, 702-711. https://doi.org/10.1121/1.393460
    .. [2] R. Meddis, M. J. Hewitt, T. M. Shackleton (1990). Implementation details of a computation
       model of the inner hair-cell/auditory-nerve synapse. J. Acoust. Soc. Am. 87, 1813-1816.
       https://doi.org/10.1121/1.399379
    """
    # Rest: the equations with s = 0 and all derivatives 0.
    k, away = _RELEASE * _A / (_A + _B), _LOSS + _REUPTAKE
    cleft = _REPLENISH * k / (_LOSS * k + _REPLENISH * away)
    pools = (cleft * away / k, cleft, cleft * _REUPTAKE / _REPROCESS)
    q, c, w = (np.full(n_channels, x, dtype=np.float32) for x in pools)
    # The cleft empties faster than a step: exact for a constant release during the step.
    keep = np.float32(np.exp(-away * dt))
    enter = np.float32(-np.expm1(-away * dt) / (away * dt))
    fill, reprocess = np.float32(_REPLENISH * dt), np.float32(_REPROCESS * dt)
    reused = np.float32(_REUPTAKE / away)
    for motion in motions:
        released = _released_fraction(motion, dt, n_sub)
        cleared = np.empty_like(released)
        for fraction, gone in zip(released, cleared, strict=True):
            eject = q * fraction
            q -= eject
            q -= q * fill
            q += fill
            restored = w * reprocess
            q += restored
            w -= restored
            np.add(c, eject, out=gone)
            c *= keep
            c += eject * enter
            gone -= c
            w += gone * reused
        # What left the cleft in a step is its mean content times (l + r) dt.
        cleared *= np.float32(_FIRING / away)
        yield cleared


def _released_fraction(motion: Block, dt: float, n_sub: int) -> Block:
    """Return which part of the free transmitter leaves in each step, steps first."""
    motion += np.float32(_A)
    np.maximum(motion, 0, out=motion)
    motion /= motion + np.float32(_B)
    # A sum of strided views: `mean` over so short an axis is ten times slower.
    total = sum(motion[:, k::n_sub] for k in range(1, n_sub)) + motion[:, ::n_sub]
    released = np.ascontiguousarray(total.T)
    released *= np.float32(-_RELEASE * dt / n_sub)
    np.expm1(released, out=released)
    return np.negative(released, out=released)


def bushy_cells(
    drives: Iterable[Block],
    *,
    n_channels: int,
    dt: float,
    n_fibres: int,
    weight: float,
    tau_membrane: float,
    tau_synapse: float,
    tau_refractory: float,
    rng: np.random.Generator,
) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
    """Leaky integrate-and-fire cells, each driven by a bundle of auditory nerve fibers.

    Each channel has `n_fibres` fibers that fire at random at the hair cell's rate, with a
    refractory period, and one cell that needs several of them at nearly the same time [1]_::

        di/dt = -i / tau_synapse        i += weight / tau_synapse with each spike of the bundle
        dv/dt = -v / tau_membrane + i   spike where v >= 1, then v = 0

    so that a fiber's spike adds `weight` to v in all.

    Parameters
    ----------
    drives : iterable of ndarray of shape (n_steps, n_channels)
        Of :func:`hair_cells`; they are overwritten.
    n_channels : int
        Number of cells.
    dt : float, in seconds
        Time step.
    n_fibres : int
        Fibers that converge on a cell.
    weight : float
        What a fiber's spike adds to v, in units of the threshold.
    tau_membrane, tau_synapse : float, in seconds
        Time constants.
    tau_refractory : float, in seconds
        Refractory period of fibers and of cells.
    rng : numpy.random.Generator
        Source of one number a channel and a step.

    Yields
    ------
    step : int
        Number of a step in which cells spike.
    channels : ndarray of int64
        Which they are.

    References
    ----------
    .. [1] B. Cramer, Y. Stradmann, J. Schemmel, F. Zenke (2022). The Heidelberg spiking data sets
       for the systematic evaluation of spiking neural networks. IEEE Trans. Neural Netw. Learn.
       Syst. 33, 2744-2757. https://doi.org/10.1109/TNNLS.2020.3044364
    """
    keep_v, keep_i = (np.float32(np.exp(-dt / tau)) for tau in (tau_membrane, tau_synapse))
    charge = np.float32(-np.expm1(-dt / tau_synapse) * weight)
    recover = np.float32(-np.expm1(-dt / tau_refractory) if tau_refractory else 1)
    n_refractory = round(tau_refractory / dt)
    ready = np.ones(n_channels, dtype=np.float32)
    v, current = np.zeros((2, n_channels), dtype=np.float32)
    free = np.zeros(n_channels, dtype=np.int64)
    step = 0
    for drive in drives:
        # A fiber fires at most once a step, and only where it has recovered.
        fired = -np.expm1(-drive)
        for now in fired:
            now *= ready
            ready -= now
            ready += (1 - ready) * recover
        fired *= np.float32(n_fibres)
        u = rng.random(fired.shape, dtype=np.float32)
        charges = poisson_counts(fired, u, highest=n_fibres)
        charges *= charge
        for arriving in charges:
            current *= keep_i
            current += arriving
            v *= keep_v
            v += current
            v *= free <= step
            (over,) = (v >= 1).nonzero()
            if len(over):
                v[over] = 0
                free[over] = step + 1 + n_refractory
                yield step, over
            step += 1


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
    >>> from bioplastic.encoding._nerve import poisson_counts
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
