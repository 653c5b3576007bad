"""Gram matrices of spike trains: every unit with every unit, summed over samples."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic.algebra.arguments import check_tau, check_trains, groups
from bioplastic.spikes import SpikeTrains

type Floats = npt.NDArray[np.float64]
type Integers = npt.NDArray[np.int64]

#: Numbers in an array that is worked on at once.
_CELLS = 1 << 19
#: A block has at least so many spikes.
_SHORTEST = 16
#: Arrays of a group by spikes, for each that is by blocks and units.
_BY_SPIKE = 8


def gram_matrix(u: SpikeTrains, v: SpikeTrains | None = None, *, tau: Any) -> Floats:
    r"""Inner products of every unit with every unit, summed over samples.

    Parameters
    ----------
    u : SpikeTrains of shape (n_samples, n_units_u)
        The trains.
    v : SpikeTrains of shape (n_samples, n_units_v), default=None
        What they meet, sample by sample. By default `u` itself.
    tau : Quantity of time
        Time constant, above 0. ``inf * second`` gives the products of the spike counts.

    Returns
    -------
    gram : ndarray of shape (n_units_u, n_units_v)
        Without a unit. Symmetric to the last bit where `v` is None.

    Raises
    ------
    DataError
        If `u` and `v` do not have the same number of samples.
    ParameterError
        If `tau` is no time above 0.

    See Also
    --------
    inner_product : Sample by sample and unit by unit.

    Notes
    -----
    The sums over pairs of spikes are exact. Spikes are taken in blocks: all spikes before a block
    meet it through the units' decaying traces [1]_, for many blocks in one product of matrices;
    inside a block each spike meets each. Time is in proportion to spikes times units, memory is the
    result's and a bounded rest, whatever the number of samples.

    References
    ----------
    .. [1] Houghton & Kreuz, Network 23(1-2):48-58, 2012, doi 10.3109/0954898X.2012.673048.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.algebra import gram_matrix
    >>> spikes = SpikeTrains([0.01, 0.03, 0.02], [0, 1, 1], [0, 2, 3], n_units=2, duration=0.1)
    >>> gram_matrix(spikes, tau=20 * ms).round(3)
    array([[1.   , 0.368],
           [0.368, 2.   ]])
    """
    scale = check_tau("gram_matrix", tau)
    check_trains("gram_matrix", u=u, v=u if v is None else v)
    return _gram(u, v, scale)


def _gram(u: SpikeTrains, v: SpikeTrains | None, tau: float, *, block: int | None = None) -> Floats:
    """Return the matrix; blocks have up to `block` spikes."""
    n_u, n_v = u.n_units, u.n_units if v is None else v.n_units
    shape = (n_u, n_v)
    # Long blocks are few traces and small products, short ones few pairs. Near this length, found
    # by measurement, the sum is least; it is no sharp minimum.
    traces = n_u if v is None else n_u + n_v
    longest = block or max(_SHORTEST, int(np.sqrt(n_u * n_v / 64 + 3 * traces)))
    total, counts = np.zeros(shape), np.zeros(traces)
    for times, units, offsets in _batches(u, v, longest):
        counts += np.bincount(units, minlength=traces)
        total += _of_batch(times, units, offsets, shape, tau, longest, crossed=v is not None)
    if v is not None:
        return total
    # Each pair was met once, the later spike by the earlier; and each spike meets itself.
    total = total + total.T
    total[np.diag_indices(n_u)] += counts
    return total


def _batches(
    u: SpikeTrains, v: SpikeTrains | None, longest: int
) -> Iterator[tuple[Floats, Integers, Integers]]:
    """Yield times, units and offsets of samples of about the same number of spikes.

    The units of `v` come behind those of `u`.
    """
    sizes = np.diff(u.offsets)
    n_units = u.n_units
    if v is not None:
        sizes = sizes + np.diff(v.offsets)
        n_units += v.n_units
    order = np.argsort(sizes, kind="stable")
    order = order[sizes[order] > 0]
    costs = -(-sizes[order] // longest) * max(n_units, _BY_SPIKE * longest)
    for part in groups(costs, _CELLS):
        samples = order[part]
        one = u[samples]
        if v is None:
            yield one.times, one.units.astype(np.int64), one.offsets
            continue
        other = v[samples]
        owner = [np.repeat(np.arange(len(x)), np.diff(x.offsets)) for x in (one, other)]
        times = np.concatenate([one.times, other.times])
        units = np.concatenate([one.units.astype(np.int64), other.units + np.int64(u.n_units)])
        sort = np.lexsort((times, np.concatenate(owner)))
        yield times[sort], units[sort], one.offsets + other.offsets


def _of_batch(
    times: Floats,
    units: Integers,
    offsets: Integers,
    shape: tuple[int, int],
    tau: float,
    longest: int,
    *,
    crossed: bool,
) -> Floats:
    """Sum over all pairs of spikes, an earlier and a later one; where `crossed`, of u and of v."""
    sizes = np.diff(offsets)
    n_blocks = -(-int(sizes.max()) // longest)
    n_rows = -(-int(sizes.max()) // n_blocks)
    n_units = sum(shape) if crossed else shape[0]
    step = max(1, _CELLS // (len(sizes) * max(n_units, _BY_SPIKE * n_rows)))
    total = np.zeros(shape)
    # What is left of past spikes at the time of the last one.
    trace, last = np.zeros((len(sizes), n_units)), times[offsets[:-1]]
    for first in range(0, n_blocks, step):
        # Spikes by row in the block, block and sample. Blocks that are not full, and those behind a
        # sample's last spike, repeat that spike with the weight 0.
        blocks = np.arange(first, min(first + step, n_blocks))
        place = np.arange(n_rows)[:, np.newaxis, np.newaxis] + n_rows * blocks[:, np.newaxis]
        real = place < sizes
        index = offsets[:-1] + np.minimum(place, sizes - 1)
        t, unit = times[index], units[index]
        later, earlier, trace = _met(t, unit, real, trace, last, tau)
        last = t[-1, -1]
        if first == 0:
            # Nothing comes before a sample's first block.
            later, earlier = later[len(sizes) :], earlier[len(sizes) :]
        if crossed:
            n_u = shape[0]
            total += later[:, :n_u].T @ earlier[:, n_u:]
            total += earlier[:, :n_u].T @ later[:, n_u:]
        else:
            total += later.T @ earlier
        _add_inside(total, t, unit, real, tau, crossed=crossed)
    return total


def _met(
    t: Floats,
    unit: Integers,
    real: npt.NDArray[np.bool_],
    trace: Floats,
    last: Floats,
    tau: float,
) -> tuple[Floats, Floats, Floats]:
    """Return what meets at the begin of each block, and the trace at the end of the last one.

    What meets are the block's own spikes, discounted, and the traces of all spikes before, both by
    block and sample, and by unit. Every exponent is at most 0: nothing overflows.
    """
    _, n_blocks, n_samples = t.shape
    n_units = trace.shape[1]
    begin, end = t[0], t[-1]
    code = unit + n_units * np.arange(n_blocks * n_samples).reshape(n_blocks, n_samples)
    size = n_blocks * n_samples * n_units
    with np.errstate(over="ignore"):
        to_begin, to_end = (np.exp(-np.abs(t - edge) / tau) * real for edge in (begin, end))
        gap = np.exp((np.concatenate([last[np.newaxis], end[:-1]]) - begin) / tau)
        hold = np.exp((begin - end) / tau)
    own = np.bincount(code.ravel(), to_begin.ravel(), minlength=size).reshape(-1, n_units)
    past = np.bincount(code.ravel(), to_end.ravel(), minlength=size)
    past = past.reshape(n_blocks, n_samples, n_units)
    for k in range(n_blocks):
        trace = trace * gap[k][:, np.newaxis]
        # A silent unit's trace must not linger among the subnormal numbers, which are slow.
        trace[trace < np.finfo(np.float64).tiny] = 0.0
        after = trace * hold[k][:, np.newaxis] + past[k]
        past[k] = trace
        trace = after
    return own, past.reshape(-1, n_units), trace


def _add_inside(
    total: Floats,
    t: Floats,
    unit: Integers,
    real: npt.NDArray[np.bool_],
    tau: float,
    *,
    crossed: bool,
) -> None:
    """Add the pairs inside blocks: neighbors, next but one, and so on."""
    n_rows, n_columns = len(t), t[0].size
    n_u, n_v = total.shape
    unit = unit.reshape(n_rows, n_columns)
    with np.errstate(over="ignore"):
        decay = np.exp((t[:-1] - t[1:]) / tau) * real[1:]
    decay = decay.reshape(n_rows - 1, n_columns)
    # Where two units meet in the matrix: at the row of the one plus the column of the other.
    row, column, of_u = unit * n_v, unit, unit < n_u
    if crossed:
        row = column = np.where(of_u, row, unit - n_u)
    weight = decay.copy()
    flat = total.reshape(-1)
    for lag in range(1, n_rows):
        weight = weight[: n_rows - lag]
        if lag > 1:
            # One more step from neighbor to neighbor: no exponential for each pair.
            weight *= decay[lag - 1 :]
        index = row[:-lag] + column[lag:]
        if crossed:
            met = of_u[:-lag] != of_u[lag:]
            np.add.at(flat, index[met], weight[met])
        else:
            np.add.at(flat, index.reshape(-1), weight.reshape(-1))
