"""Arrays of spike counts in steps, made SpikeTrains, and back."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from brian2 import second

from bioplastic._quantities import positive_time
from bioplastic.errors import DataError, ParameterError

if TYPE_CHECKING:
    from bioplastic.spikes import SpikeTrains


def from_dense(cls: type["SpikeTrains"], raster: npt.ArrayLike, dt: Any) -> "SpikeTrains":
    """Make SpikeTrains of spike counts in bins.

    Parameters
    ----------
    raster : array_like of shape (n_samples, n_bins, n_units)
        Numbers of spikes: booleans, whole numbers, or floats without a fraction.
    dt : Quantity of time, or float in seconds
        Width of a bin.

    Returns
    -------
    spikes : SpikeTrains
        A spike of bin `k` is at ``k * dt``. Where there are several they lie evenly in the
        bin: the `j`-th of `c` at ``(k + j / c) * dt``. So :meth:`to_dense` gives the same
        raster.

    Raises
    ------
    DataError
        If the raster has another shape, or something else than counts.
    ParameterError
        If `dt` is no time or not above 0.

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic import SpikeTrains
    >>> from brian2 import ms
    >>> spikes = SpikeTrains.from_dense([[[0, 1], [2, 0], [0, 0]]], 10 * ms)
    >>> spikes.times, spikes.units
    (array([0.   , 0.01 , 0.015]), array([1, 0, 0], dtype=int32))
    """
    where = "SpikeTrains.from_dense"
    width = positive_time(f"{where}: dt", dt)
    counts = np.asarray(raster)
    if counts.dtype.kind not in "biuf" or counts.ndim != 3:
        raise DataError(
            f"{where}: raster must be numbers of shape (n_samples, n_bins, n_units), got "
            f"{counts.dtype} of shape {counts.shape}; one sample is raster[np.newaxis]"
        )
    sample, step, unit = np.nonzero(counts)  # in the order of samples, then of time
    values = counts[sample, step, unit].astype(np.float64)  # 16 bits end before 2**31
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero(~((values > 0) & (values == np.floor(values)) & (values < 2**31)))
    if len(wrong):
        k = wrong[0]
        raise DataError(
            f"{where}: raster must hold spike counts, sample {sample[k]}, bin {step[k]}, unit "
            f"{unit[k]} has {values[k]}; threshold or round it first"
        )
    many = values.astype(np.int64)
    start = np.repeat(np.cumsum(many) - many, many)
    share = (np.arange(many.sum()) - start) / np.repeat(many, many)  # of the bin
    times = (np.repeat(step, many) + share) * width
    sample, unit = np.repeat(sample, many), np.repeat(unit, many)
    order = np.lexsort((times, sample))
    return cls(
        times[order],
        unit[order],
        np.searchsorted(sample, np.arange(len(counts) + 1)),
        n_units=counts.shape[2],
        duration=np.full(len(counts), counts.shape[1] * width) * second,
    )


def to_dense(
    spikes: "SpikeTrains", dt: Any, *, dtype: npt.DTypeLike = np.uint8
) -> npt.NDArray[Any]:
    """Spike counts in bins of equal width, as an array of small numbers.

    Bins are those of :meth:`binned`.

    Parameters
    ----------
    dt : Quantity of time, or float in seconds
        Width of a bin.
    dtype : dtype, default=numpy.uint8
        Type of the counts. With ``bool`` it says whether there is a spike.

    Returns
    -------
    raster : ndarray of shape (n_samples, n_bins, n_units)
        Counts; all samples together in memory.

    Raises
    ------
    ParameterError
        If `dt` is no time or not above 0, or a count is more than `dtype` holds.

    Examples
    --------
    >>> from bioplastic import SpikeTrains
    >>> from brian2 import ms
    >>> spikes = SpikeTrains([0.1, 0.2, 0.3], [0, 1, 1], [0, 3], n_units=2, duration=0.3)
    >>> spikes.to_dense(100 * ms)[0]
    array([[0, 0],
           [1, 0],
           [0, 2]], dtype=uint8)
    """
    where = "SpikeTrains.to_dense"
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = np.dtype(object)
    if kind.kind not in "biuf":
        raise ParameterError(f"{where}: dtype must be one of numbers or bool, got {dtype!r}")
    width, n_bins = spikes._bins(where, dt)
    shape = len(spikes), n_bins, spikes.n_units
    filled, counts = np.unique(spikes._places(width, n_bins), return_counts=True)
    most = _most(kind)
    over = np.flatnonzero(counts > most)
    if len(over):
        sample, step, unit = np.unravel_index(filled[over[0]], shape)
        raise ParameterError(
            f"{where}: dtype {kind} holds counts up to {most:.0f}, sample {sample}, bin {step}, "
            f"unit {unit} has {counts[over[0]]} spikes; give a wider dtype or a smaller dt"
        )
    raster = np.zeros(int(np.prod(shape)), kind)
    raster[filled] = counts
    return raster.reshape(shape)


def _most(kind: np.dtype[Any]) -> float:
    """Up to which number all counts can be told apart; bool says whether there is a spike."""
    if kind.kind == "b":
        return np.inf
    return 2.0 ** (np.finfo(kind).nmant + 1) if kind.kind == "f" else float(np.iinfo(kind).max)
