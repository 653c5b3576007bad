"""Temporal codes: one spike a feature, the earlier the larger its value."""

from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import ms
from scipy import stats

from bioplastic._checks import check_choice, check_number, check_positive
from bioplastic.encoding._array_encoder import ArrayEncoder
from bioplastic.errors import ParameterError
from bioplastic.spikes import SpikeTrains


class LatencyEncoder(ArrayEncoder):
    """Encode values as the time to the first and only spike.

    With x the value divided by `x_max` and θ the `threshold`, features with x <= θ are silent, and
    the others spike at

    - ``"log"``: ``t = tau * log(x / (x - θ))``, when a leaky integrator with time constant `tau`,
      driven by a constant current x, reaches θ; spikes later than `duration` are left out.
    - ``"linear"``: ``t = duration * (1 - x) / (1 - θ)``, from `duration` at the threshold down to 0
      at `x_max`.

    Parameters
    ----------
    duration : Quantity, in seconds, optional
        Length of every sample (350 ms).
    mode : {"log", "linear"}
        How latency follows from the value.
    tau : Quantity, in seconds, optional
        Time constant of the integrator (20 ms); used in mode ``"log"``.
    threshold : float
        Fraction of `x_max` up to which a feature is silent, below 1; in mode ``"log"`` above 0.
    x_max : float or None
        Value that counts as 1; the largest of the training data where None. In mode ``"linear"``
        larger values spike at 0, as it does.

    Attributes
    ----------
    x_max_ : float
        Value that counts as 1.
    n_features_in_ : int
        Number of features, and of units.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X, where X had names.

    See Also
    --------
    RankOrderEncoder : Uses the order of the values only.

    Notes
    -----
    In mode ``"log"`` the membrane starts at 0 and obeys ``tau * dv/dt = x - v``, so that
    ``v(t) = x * (1 - exp(-t / tau))``; the latency is the time at which v reaches θ [1]_.

    References
    ----------
    .. [1] W. Gerstner, W. M. Kistler, R. Naud, L. Paninski (2014). Neuronal Dynamics, section 1.3.
       Cambridge University Press. https://doi.org/10.1017/CBO9781107447615

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.encoding import LatencyEncoder
    >>> encoder = LatencyEncoder(duration=100 * ms, mode="linear", threshold=0.0)
    >>> spikes = encoder.fit_transform([[0.0, 1.0, 4.0]])
    >>> spikes.times, spikes.units
    (array([0.   , 0.075]), array([2, 1], dtype=int32))
    """

    def __init__(
        self,
        *,
        duration: Any = None,
        mode: str = "log",
        tau: Any = None,
        threshold: float = 0.2,
        x_max: float | None = None,
    ) -> None:
        self.duration = duration
        self.mode = mode
        self.tau = tau
        self.threshold = threshold
        self.x_max = x_max

    def _check_parameters(self) -> None:
        super()._check_parameters()
        mode = check_choice(self, "mode", ("log", "linear"))
        check_positive(self, "tau", 20 * ms)
        threshold = check_number(self, "threshold", low=0, high=1)
        if threshold == 1 or (mode == "log" and threshold == 0):
            raise ParameterError(
                f"LatencyEncoder.threshold: must be below 1, and above 0 in mode 'log', got "
                f"{self.threshold!r}"
            )

    def _encode(self, values: npt.NDArray[np.float64], keys: npt.NDArray[np.uint64]) -> SpikeTrains:
        threshold, duration = float(self.threshold), self._duration()
        values = values * self._scale()
        fires = values > threshold
        latencies = np.zeros_like(values)
        if self.mode == "log":
            # log(x / (x - θ)), without the loss of digits where x is much larger than θ
            latencies[fires] = -np.log1p(-threshold / values[fires])
            latencies *= check_positive(self, "tau", 20 * ms)
            return self._one_each(latencies, fires & (latencies <= duration))
        latencies[fires] = np.maximum(1 - values[fires], 0) / (1 - threshold) * duration
        return self._one_each(latencies, fires)


class RankOrderEncoder(ArrayEncoder):
    """Encode values as the order in which the features spike, the largest first.

    The feature that n others of its sample exceed spikes at n times `interval`. Equal values spike
    together, and as many places in the order stay empty after them as they are too many. Features
    of value 0 are silent. Nothing but the order of the values counts, so contrast and
    brightness of an image do not [1]_.

    Parameters
    ----------
    duration : Quantity, in seconds, optional
        Length of every sample (350 ms).
    interval : Quantity, in seconds, optional
        Time from one rank to the next; ``duration / n_features`` where None, so that every
        feature has its turn. Spikes later than `duration` are left out: with a longer interval
        only the first ranks spike.

    Attributes
    ----------
    n_features_in_ : int
        Number of features, and of units.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X, where X had names.

    References
    ----------
    .. [1] S. Thorpe, J. Gautrais (1998). Rank order coding. In: J. M. Bower (ed.), Computational
       Neuroscience: Trends in Research. https://doi.org/10.1007/978-1-4615-4831-7_19

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.encoding import RankOrderEncoder
    >>> spikes = RankOrderEncoder(interval=1 * ms).fit_transform([[0.1, 0.9, 0.0, 0.5, 0.5]])
    >>> spikes.units
    array([1, 3, 4, 0], dtype=int32)
    >>> spikes.times
    array([0.   , 0.001, 0.001, 0.003])
    """

    def __init__(self, *, duration: Any = None, interval: Any = None) -> None:
        self.duration = duration
        self.interval = interval

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if self.interval is not None:
            check_positive(self, "interval", 1 * ms)

    def _learn(self, data: npt.NDArray[Any]) -> None:
        """Learn nothing: the order of values has no scale."""

    def _encode(self, values: npt.NDArray[np.float64], keys: npt.NDArray[np.uint64]) -> SpikeTrains:
        duration = self._duration()
        interval = check_positive(self, "interval", duration / self.n_features_in_ * 1000 * ms)
        ranks = stats.rankdata(-values, method="min", axis=1) - 1
        latencies = ranks * interval
        return self._one_each(latencies, (values > 0) & (latencies <= duration))
