"""Inner products, norms and distances of spike trains, sample by sample and unit by unit."""

from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic.algebra.arguments import check_tau, check_trains, groups
from bioplastic.errors import DataError
from bioplastic.spikes import SpikeTrains

type Floats = npt.NDArray[np.float64]
type Integers = npt.NDArray[np.int64]

#: Spikes that are worked on at once.
_SPIKES = 1 << 20


def inner_product(u: SpikeTrains, v: SpikeTrains, *, tau: Any) -> Floats:
    r"""Inner product of spike trains, sample by sample and unit by unit.

    .. math:: \langle s, u\rangle_\tau = \sum_m \sum_n \exp(-|t_m - t_n| / \tau)

    Parameters
    ----------
    u, v : SpikeTrains of shape (n_samples, n_units)
        Unit `i` of sample `k` of one meets unit `i` of sample `k` of the other. One of them may
        have a single unit, which then meets every unit of the other.
    tau : Quantity of time
        Time constant, above 0. ``inf * second`` gives the product of the spike counts.

    Returns
    -------
    products : ndarray of shape (n_samples, n_units)
        Without a unit. Two trains of one spike each, at the same time, have the product 1.

    Raises
    ------
    DataError
        If `u` and `v` do not fit each other.
    ParameterError
        If `tau` is no time above 0.

    See Also
    --------
    gram_matrix : Every unit with every unit.

    Notes
    -----
    2/tau times the integral over all times of the product of both trains, filtered with the
    causal :math:`\exp(-t/\tau)`. The sum is exact and takes time in proportion to the spikes: each
    spike meets the decaying trace that earlier spikes have left. [1]_ has the inner product, [2]_
    the relation to other measures, [3]_ the traces.

    References
    ----------
    .. [1] Carnell & Richardson, "Linear algebra for time series of spikes", ESANN 2005.
    .. [2] Paiva, Park & Principe, Neural Computation 21(2):424-449, 2009,
       doi 10.1162/neco.2008.09-07-614.
    .. [3] Houghton & Kreuz, Network 23(1-2):48-58, 2012, doi 10.3109/0954898X.2012.673048.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.algebra import inner_product
    >>> u = SpikeTrains([0.01, 0.03], [0, 1], [0, 2], n_units=2, duration=0.1)
    >>> v = SpikeTrains([0.01], [0], [0, 1], n_units=1, duration=0.1)
    >>> inner_product(u, v, tau=20 * ms).round(3)
    array([[1.   , 0.368]])
    """
    scale = check_tau("inner_product", tau)
    n_units = _check_pair("inner_product", u, v)
    products = np.zeros((len(u), n_units))
    for part in _parts(n_units, u, v):
        keys, times, sides = _merged(u[part], v[part], n_units)
        jumps = np.stack([sides < 0, sides > 0]).astype(np.float64)
        # What is left, just before a spike, of the spikes of v and of those of u.
        traces = np.zeros_like(jumps)
        traces[:, 1:] = _accumulated(keys, times, jumps, scale)[:, :-1]
        traces[:, 1:] *= _decays(keys, times, scale, 1)
        met = np.where(sides > 0, traces[0], traces[1])
        flat = np.bincount(keys, met, minlength=products[part].size)
        products[part] = flat.reshape(-1, n_units)
    return products


def norm(u: SpikeTrains, *, tau: Any) -> Floats:
    """Norm of spike trains, sample by sample and unit by unit.

    Parameters
    ----------
    u : SpikeTrains of shape (n_samples, n_units)
        The trains.
    tau : Quantity of time
        Time constant, above 0. ``inf * second`` gives the spike counts.

    Returns
    -------
    norms : ndarray of shape (n_samples, n_units)
        Root of :func:`inner_product` of each train with itself: 1 for a single spike, 0 for a
        silent unit.

    Raises
    ------
    DataError
        If `u` is no SpikeTrains.
    ParameterError
        If `tau` is no time above 0.

    Notes
    -----
    Of Carnell & Richardson, "Linear algebra for time series of spikes", ESANN 2005.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.algebra import norm
    >>> spikes = SpikeTrains([0.01, 0.01, 0.03], [0, 1, 1], [0, 3], n_units=3, duration=0.1)
    >>> norm(spikes, tau=20 * ms).round(3)
    array([[1.   , 1.654, 0.   ]])
    """
    scale = check_tau("norm", tau)
    check_trains("norm", u=u)
    norms = np.zeros(u.shape)
    for part in _parts(u.n_units, u):
        keys, times = _events(u[part], u.n_units)
        order = np.lexsort((times, keys))
        signs = np.ones(len(keys))
        norms[part] = _norms(keys[order], times[order], signs, scale, norms[part].shape)
    return norms


def van_rossum_distance(u: SpikeTrains, v: SpikeTrains, *, tau: Any) -> Floats:
    r"""Van Rossum distance of spike trains: the norm of their difference.

    Parameters
    ----------
    u, v : SpikeTrains of shape (n_samples, n_units)
        Unit `i` of sample `k` of one is compared with unit `i` of sample `k` of the other. One of
        them may have a single unit, which is then compared with every unit of the other.
    tau : Quantity of time
        Time constant, above 0. ``inf * second`` gives the difference of the spike counts.

    Returns
    -------
    distances : ndarray of shape (n_samples, n_units)
        Without a unit: 1 for one spike that the other train lacks, exactly 0 for equal trains.

    Raises
    ------
    DataError
        If `u` and `v` do not fit each other.
    ParameterError
        If `tau` is no time above 0.

    See Also
    --------
    bioplastic.inspect.separation.spike_train_distance : The distance with a Gaussian kernel.

    Notes
    -----
    The root of ``2/tau`` times the integral of the squared difference of both trains, filtered
    with the causal :math:`\exp(-t/\tau)`. Van Rossum [1]_ integrates with ``1/tau``: divide by the
    root of 2 for that scale. ``elephant.spike_train_dissimilarity.van_rossum_distance`` has the
    scale of this function.

    The integral is summed from spike to spike. All of its terms are positive, so that small
    distances are as precise as large ones.

    References
    ----------
    .. [1] van Rossum, Neural Computation 13(4):751-763, 2001, doi 10.1162/089976601300014321.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.algebra import van_rossum_distance
    >>> u = SpikeTrains([0.01, 0.01, 0.03], [0, 1, 2], [0, 3], n_units=3, duration=0.1)
    >>> v = SpikeTrains([0.01, 0.05], [0, 2], [0, 2], n_units=3, duration=0.1)
    >>> van_rossum_distance(u, v, tau=20 * ms).round(3)
    array([[0.   , 1.   , 1.124]])
    """
    scale = check_tau("van_rossum_distance", tau)
    n_units = _check_pair("van_rossum_distance", u, v)
    distances = np.zeros((len(u), n_units))
    for part in _parts(n_units, u, v):
        keys, times, signs = _merged(u[part], v[part], n_units)
        distances[part] = _norms(keys, times, signs, scale, distances[part].shape)
    return distances


def _check_pair(where: str, u: Any, v: Any) -> int:
    """Return the number of units that both have, or that the larger one has."""
    check_trains(where, u=u, v=v)
    if u.n_units != v.n_units and 1 not in (u.n_units, v.n_units):
        raise DataError(
            f"{where}.v: must have as many units as u, which has {u.n_units}, or one unit, got "
            f"{v.n_units}; gram_matrix takes every unit with every unit"
        )
    return int(max(u.n_units, v.n_units))


def _parts(n_units: int, *trains: SpikeTrains) -> list[slice]:
    """Cut the samples so that a part's spikes, and its trains, stay within bounds."""
    costs = np.full(len(trains[0]), n_units)
    for x in trains:
        costs += np.diff(x.offsets) * (n_units if x.n_units == 1 else 1)
    return list(groups(costs, _SPIKES))


def _events(x: SpikeTrains, n_units: int) -> tuple[Integers, Floats]:
    """Return sample * n_units + unit and time of every spike; a single unit becomes all units."""
    samples = np.repeat(np.arange(len(x)), np.diff(x.offsets)) * n_units
    if x.n_units == n_units:
        return samples + x.units, x.times
    keys = samples[:, np.newaxis] + np.arange(n_units)
    return keys.ravel(), np.repeat(x.times, n_units)


def _merged(u: SpikeTrains, v: SpikeTrains, n_units: int) -> tuple[Integers, Floats, Floats]:
    """Return key, time and sign, 1 of u and -1 of v, of all spikes, train by train in time."""
    (keys_u, times_u), (keys_v, times_v) = _events(u, n_units), _events(v, n_units)
    keys, times = np.concatenate([keys_u, keys_v]), np.concatenate([times_u, times_v])
    signs = np.repeat([1.0, -1.0], [len(keys_u), len(keys_v)])
    order = np.lexsort((times, keys))
    return keys[order], times[order], signs[order]


def _decays(keys: Integers, times: Floats, tau: float, span: int) -> Floats:
    """Return what is left of a trace after the next `span` spikes; 0 from train to train."""
    same = keys[span:] == keys[:-span]
    decay = np.zeros(len(same))
    with np.errstate(over="ignore"):
        decay[same] = np.exp((times[:-span] - times[span:])[same] / tau)
    return decay


def _accumulated(keys: Integers, times: Floats, jumps: Floats, tau: float) -> Floats:
    """Return the traces just after each spike, to which each spike adds its jump."""
    # Each pass sees twice as many spikes, so that no loop runs over the spikes.
    traces, span = jumps.copy(), 1
    while (decay := _decays(keys, times, tau, span)).any():
        traces[..., span:] += decay * traces[..., :-span]
        span *= 2
    return traces


def _norms(
    keys: Integers, times: Floats, signs: Floats, tau: float, shape: tuple[int, ...]
) -> Floats:
    """Return the norms of signed trains, whose spikes come train by train in time."""
    if not len(keys):
        return np.zeros(shape)
    # Spikes at the same time become one, and vanish where they cancel: equal trains are exactly so.
    new = np.flatnonzero((np.diff(keys, prepend=-1) != 0) | (np.diff(times, prepend=np.inf) != 0))
    signs = np.add.reduceat(signs, new)
    kept = signs != 0
    keys, times, signs = keys[new][kept], times[new][kept], signs[kept]
    traces = _accumulated(keys, times, signs, tau)
    # A squared trace decays with tau/2 until the train's next spike.
    lost = np.ones(len(keys))
    same = keys[1:] == keys[:-1]
    with np.errstate(over="ignore"):
        lost[:-1][same] = -np.expm1(-2 * (np.diff(times)[same] / tau))
    squares = np.bincount(keys, traces**2 * lost, minlength=int(np.prod(shape)))
    roots: Floats = np.sqrt(squares.reshape(shape))
    return roots
