"""Rate codes: values as the rates of Poisson or Bernoulli spike trains."""

from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import Hz, ms
from sklearn.utils import check_random_state

from bioplastic._checks import check_positive
from bioplastic.encoding._array_encoder import ArrayEncoder
from bioplastic.encoding._noise import draw_events, sample_keys
from bioplastic.errors import ParameterError
from bioplastic.spikes import SpikeTrains

# A probability of 1 would need infinitely many events; this one is 1 to the last bit.
_ALMOST_ONE = np.nextafter(1.0, 0.0)


class _RateEncoder(ArrayEncoder):
    """Parent of the encoders whose noise is keyed by the content of a sample."""

    rate_max: Any
    random_state: Any

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_positive(self, "rate_max", 63.75 * Hz)

    def _keys(self, data: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
        return sample_keys(data, int(check_random_state(self.random_state).randint(2**31 - 1)))


class PoissonEncoder(_RateEncoder):
    """Encode values as Poisson spike trains whose rate is proportional to the value.

    A value of `x_max` fires at `rate_max` for the whole `duration`, at times that are not bound to
    a grid. A value above `x_max`, which `transform` may meet, fires faster in proportion.

    Parameters
    ----------
    duration : Quantity, in seconds, optional
        Length of every sample (350 ms).
    rate_max : Quantity, in hertz, optional
        Rate of a value of `x_max` (63.75 Hz).
    x_max : float or None
        Value that fires at `rate_max`; the largest of the training data where None.
    random_state : int, RandomState or None
        Seed of the noise. With an int, `transform` always gives the same spikes; with None or a
        RandomState each call draws new ones.

    Attributes
    ----------
    x_max_ : float
        Value that fires at `rate_max`.
    n_features_in_ : int
        Number of features, and of units.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X, where X had names.

    See Also
    --------
    BernoulliEncoder : The same on a time grid.

    Notes
    -----
    The noise of a sample follows from the seed and from the sample's own values. A sample is
    encoded alike whatever stands beside it and in whatever order, and different samples have
    independent noise. Equal samples of one call are trials of their own: the first one of them, the
    second one and so on each have their noise.

    A network that draws its Poisson input inside the compiled program, as
    :class:`~bioplastic.networks.DiehlCook` does, takes the array itself and needs no encoder.

    Examples
    --------
    >>> from brian2 import Hz, second
    >>> from bioplastic.encoding import PoissonEncoder
    >>> encoder = PoissonEncoder(duration=10 * second, rate_max=50 * Hz, random_state=0)
    >>> spikes = encoder.fit_transform([[0.0, 0.5, 1.0]])
    >>> spikes.shape
    (1, 3)
    >>> spikes.counts()
    array([[  0, 264, 556]])
    """

    def __init__(
        self,
        *,
        duration: Any = None,
        rate_max: Any = None,
        x_max: float | None = None,
        random_state: Any = None,
    ) -> None:
        self.duration = duration
        self.rate_max = rate_max
        self.x_max = x_max
        self.random_state = random_state

    def _encode(self, values: npt.NDArray[np.float64], keys: npt.NDArray[np.uint64]) -> SpikeTrains:
        duration = self._duration()
        per_sample = check_positive(self, "rate_max", 63.75 * Hz) * duration
        sample, unit, phase = draw_events(values * (self._scale() * per_sample), keys)
        return self._trains(sample, unit, phase * duration, len(values))


class BernoulliEncoder(_RateEncoder):
    """Encode values as the probability of a spike in each step of a time grid.

    In every step a unit spikes at most once, with probability ``rate_max * dt * x / x_max``,
    independently of all other steps. Spikes stand at the begin of their step. A probability above
    1, which a value above `x_max` may lead to, counts as 1.

    Parameters
    ----------
    duration : Quantity, in seconds, optional
        Length of every sample, a whole number of steps (350 ms).
    rate_max : Quantity, in hertz, optional
        Mean rate of a value of `x_max`, at most one spike a step (63.75 Hz).
    x_max : float or None
        Value that fires at `rate_max`; the largest of the training data where None.
    dt : Quantity, in seconds, optional
        Time step (1 ms).
    random_state : int, RandomState or None
        Seed of the noise. With an int, `transform` always gives the same spikes; with None or a
        RandomState each call draws new ones.

    Attributes
    ----------
    x_max_ : float
        Value that fires at `rate_max`.
    n_features_in_ : int
        Number of features, and of units.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X, where X had names.

    See Also
    --------
    PoissonEncoder : The same in continuous time; its notes on noise hold here, too.

    Examples
    --------
    >>> from brian2 import Hz, ms
    >>> from bioplastic.encoding import BernoulliEncoder
    >>> encoder = BernoulliEncoder(duration=4 * ms, rate_max=1000 * Hz, random_state=0)
    >>> encoder.fit_transform([[0.0, 1.0]]).times
    array([0.   , 0.001, 0.002, 0.003])
    """

    def __init__(
        self,
        *,
        duration: Any = None,
        rate_max: Any = None,
        x_max: float | None = None,
        dt: Any = None,
        random_state: Any = None,
    ) -> None:
        self.duration = duration
        self.rate_max = rate_max
        self.x_max = x_max
        self.dt = dt
        self.random_state = random_state

    def _check_parameters(self) -> None:
        super()._check_parameters()
        duration, dt = self._duration(), check_positive(self, "dt", 1 * ms)
        steps = duration / dt
        if round(steps) < 1 or abs(steps - round(steps)) > 1e-6 * steps:
            raise ParameterError(
                f"BernoulliEncoder.dt: must divide the duration of {duration * 1e3:g} ms into "
                f"whole steps, got {dt * 1e3:g} ms"
            )
        rate = check_positive(self, "rate_max", 63.75 * Hz)
        if rate * dt > 1 + 1e-9:
            raise ParameterError(
                f"BernoulliEncoder.rate_max: must be at most one spike a step, {1 / dt:g} Hz, got "
                f"{rate:g} Hz; lower it or take a smaller dt"
            )

    def _encode(self, values: npt.NDArray[np.float64], keys: npt.NDArray[np.uint64]) -> SpikeTrains:
        dt = check_positive(self, "dt", 1 * ms)
        n_steps = round(self._duration() / dt)
        probability = values * (self._scale() * check_positive(self, "rate_max", 63.75 * Hz) * dt)
        # A step has a spike where a Poisson process of mean -log(1 - p) has at least one event:
        # work goes with the spikes, not with the steps.
        means = -np.log1p(-np.minimum(probability, _ALMOST_ONE)) * n_steps
        sample, unit, phase = draw_events(means, keys)
        step = (phase * n_steps).astype(np.int64)
        # One number for sample, step and unit: finds doubles and sorts at the same time.
        cells = np.sort((sample * n_steps + step) * self.n_features_in_ + unit)
        cells = cells[np.diff(cells, prepend=-1) > 0]
        first, unit = np.divmod(cells, self.n_features_in_)
        sample, step = np.divmod(first, n_steps)
        return self._trains(sample, unit, step * dt, len(values))
