"""Values of filtered spike trains at given times."""

from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import second

from bioplastic._quantities import same_unit
from bioplastic.algebra.arguments import check_tau, check_trains, groups
from bioplastic.errors import ParameterError
from bioplastic.spikes import SpikeTrains

type Floats = npt.NDArray[np.float64]

#: Numbers in an array that is worked on at once.
_CELLS = 1 << 20


def evaluate(u: SpikeTrains, times: Any, *, tau: Any, causal: bool = False) -> Floats:
    r"""Values of filtered spike trains at given times.

    Parameters
    ----------
    u : SpikeTrains of shape (n_samples, n_units)
        The trains.
    times : Quantity of time of shape (n_times,) or (n_samples, n_times)
        When, for all samples or for each one; in any order, also before or after a sample.
    tau : Quantity of time
        Time constant, above 0. ``inf * second`` counts spikes.
    causal : bool, default=False
        False: every spike at :math:`t` adds :math:`\exp(-|T - t|/\tau)` to the value at :math:`T`,
        which is the inner product of the train with one spike at :math:`T`. True: only spikes
        :math:`t \le T` do, as in a leaky membrane.

    Returns
    -------
    values : ndarray of shape (n_samples, n_units, n_times)
        Without a unit.

    Raises
    ------
    DataError
        If `u` is no SpikeTrains.
    ParameterError
        If `tau` is no time above 0, or `times` are none or of a wrong shape.

    Notes
    -----
    Of the inner product of Carnell & Richardson, "Linear algebra for time series of spikes", ESANN
    2005. Time is in proportion to the spikes and to the values.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.algebra import evaluate
    >>> spikes = SpikeTrains([0.01, 0.03], [0, 1], [0, 2], n_units=2, duration=0.1)
    >>> evaluate(spikes, [10, 30] * ms, tau=20 * ms).round(3)
    array([[[1.   , 0.368],
            [0.368, 1.   ]]])
    >>> evaluate(spikes, [10, 30] * ms, tau=20 * ms, causal=True).round(3)
    array([[[1.   , 0.368],
            [0.   , 1.   ]]])
    """
    scale = check_tau("evaluate", tau)
    check_trains("evaluate", u=u)
    moments = _check_times(times, len(u))
    n_times = moments.shape[1]
    values = np.zeros((*u.shape, n_times))
    if not values.size:
        return values
    order = np.argsort(moments, axis=1, kind="stable")
    rank = np.argsort(order, axis=1)[:, np.newaxis]
    moments = np.take_along_axis(moments, order, axis=1)
    costs = np.full(len(u), u.n_units * n_times)
    for part in groups(costs, _CELLS):
        found = _values(u[part], moments[part], scale, causal=causal)
        values[part] = np.take_along_axis(found.transpose(1, 2, 0), rank[part], axis=2)
    return values


def _values(u: SpikeTrains, moments: Floats, tau: float, *, causal: bool) -> Floats:
    """Return values of shape (n_times, n_samples, n_units) at rising moments."""
    u = u.to_memory()
    shape = (moments.shape[1], *u.shape)
    sample = np.repeat(np.arange(len(u)), np.diff(u.offsets))
    train = sample * u.n_units + u.units
    # The first moment that is not before the spike.
    seen = [np.searchsorted(moments[k], x.times) for k, x in enumerate(u)]
    after = np.concatenate([np.zeros(0, np.int64), *seen])
    with np.errstate(over="ignore"):
        fade = np.exp((moments[:, :-1] - moments[:, 1:]) / tau).T[:, :, np.newaxis]

    def arriving(at: npt.NDArray[np.int64], kept: npt.NDArray[np.bool_]) -> Floats:
        """Discount spikes to the moments `at` and sum them there."""
        gaps = np.abs(moments[sample[kept], at[kept]] - u.times[kept])
        with np.errstate(over="ignore"):
            weights = np.exp(-gaps / tau)
        code = at[kept] * (shape[1] * shape[2]) + train[kept]
        # Of no spikes at all bincount makes whole numbers.
        flat = np.bincount(code, weights, minlength=int(np.prod(shape)))
        return flat.reshape(shape).astype(np.float64, copy=False)

    # Spikes travel from moment to moment, those of the past onwards, those to come backwards.
    values = arriving(after, after < shape[0])
    for m in range(1, shape[0]):
        values[m] += values[m - 1] * fade[m - 1]
    if not causal:
        ahead = arriving(after - 1, after > 0)
        for m in range(shape[0] - 2, -1, -1):
            ahead[m] += ahead[m + 1] * fade[m]
        values += ahead
    return values


def _check_times(times: Any, n_samples: int) -> Floats:
    """Return times in seconds, of shape (n_samples, n_times)."""
    if not same_unit(times, second):
        raise ParameterError(
            f"evaluate.times: must be times with a unit, got {times!r}; give e.g. [10, 20] * ms"
        )
    moments = np.asarray(times, dtype=np.float64)
    if moments.ndim not in (1, 2) or (moments.ndim == 2 and len(moments) != n_samples):
        raise ParameterError(
            f"evaluate.times: must have the shape (n_times,) or ({n_samples}, n_times), got "
            f"{moments.shape}"
        )
    if not np.isfinite(moments).all():
        raise ParameterError(
            "evaluate.times: must be finite, got nan or inf; leave those times out"
        )
    return np.broadcast_to(moments, (n_samples, moments.shape[-1]))
