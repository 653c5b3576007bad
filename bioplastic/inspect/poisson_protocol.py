"""Drift of a weight between neurons that spike at random."""

from typing import Any, Unpack

import numpy as np
import numpy.typing as npt
from brian2 import Hz, ms, second
from sklearn.utils import check_random_state

from bioplastic._quantities import amounts, whole
from bioplastic.errors import ParameterError
from bioplastic.inspect._laboratory import Laboratory, Pair
from bioplastic.inspect.measurements import RateDependence
from bioplastic.models import PlasticityRule


def rate_protocol(
    rule: PlasticityRule,
    rates: Any = None,
    *,
    pre_rate: Any = 20 * Hz,
    duration: Any = 10 * second,
    n_repeats: int = 10,
    random_state: Any = None,
    **pair: Unpack[Pair],
) -> RateDependence:
    """Measure how a rule changes a weight between neurons that spike at random, by their rate.

    Parameters
    ----------
    rule : PlasticityRule
        Any rule, also one of your own.
    rates : Quantity in hertz of shape (n_rates,), default=0, 5, ..., 50 Hz
        Of the postsynaptic neuron.
    pre_rate : Quantity in hertz, default=20 Hz
        Of the presynaptic neuron.
    duration : Quantity of time, default=10 s
        How long both spike.
    n_repeats : int, default=10
        Pairs of neurons at each rate. In one repeat all of them get the same presynaptic spikes.
    random_state : int, RandomState or None
        Where spikes come from.
    variable, w, wait, post, drive, dt, engine
        As in :func:`.stdp_window`. In each step a neuron spikes with probability ``rate*dt``.

    Returns
    -------
    changes : RateDependence
        ``drift``, the change a second, has the shape (n_rates, n_repeats).

    Raises
    ------
    ParameterError
        As :func:`.stdp_window`.

    Warns
    -----
    RuntimeWarning
        If a weight has ended on a bound of the rule.

    Notes
    -----
    What this shows is the rule of Bienenstock, Cooper & Munro where a rule has it: a drift that
    is negative below a rate and positive above (Pfister & Gerstner 2006, figure 6, doi
    10.1523/JNEUROSCI.1425-06.2006).

    Examples
    --------
    >>> from brian2 import Hz, second
    >>> from bioplastic.inspect import rate_protocol
    >>> from bioplastic.models import TripletSTDP
    >>> rule = TripletSTDP.published("visual_cortex", "minimal", w_max=10.0)
    >>> found = rate_protocol(rule, [5, 50] * Hz, duration=2 * second, random_state=0)
    >>> (found.drift.mean(axis=1) > 0).tolist()
    [False, True]
    """
    where = "rate_protocol"
    laboratory = Laboratory(where, rule, **{"dt": 1 * ms, **pair})
    hertz = np.arange(0.0, 51.0, 5.0) * Hz if rates is None else rates
    numbers = np.atleast_1d(_rates(f"{where}.rates", hertz, laboratory.dt))
    before = _rates(f"{where}.pre_rate", pre_rate, laboratory.dt)
    if numbers.ndim != 1 or before.ndim:
        raise ParameterError(
            f"{where}: rates must be in a row and pre_rate be one, got {rates!r} and {pre_rate!r}"
        )
    n = whole(f"{where}.n_repeats", n_repeats, 1)
    n_steps = laboratory.length("duration", duration)
    random = check_random_state(random_state)

    def draw(rate: float) -> npt.NDArray[np.int64]:
        return np.flatnonzero(random.random_sample(n_steps) < rate * laboratory.dt)

    first = [draw(float(before)) for _ in range(n)] * len(numbers)
    later = [draw(rate) for rate in numbers for _ in range(n)]
    found = laboratory.measure(first, later, (len(numbers), n))
    return RateDependence(
        **found, rates=numbers, pre_rate=float(before), duration=n_steps * laboratory.dt
    )


def _rates(where: str, value: Any, dt: float) -> npt.NDArray[np.float64]:
    rates = amounts(where, value, Hz, row=False)
    if (rates < 0).any() or (rates * dt >= 1).any():
        raise ParameterError(
            f"{where}: must be rates from 0 to less than one spike in dt={1e3 * dt:g} ms, got "
            f"{value!r}"
        )
    return rates
