"""Distributions: a parameter that differs from neuron to neuron, or from synapse to synapse."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic._quantities import same_unit
from bioplastic.errors import ParameterError
from bioplastic.models.declaration import Declaration, check_kind, is_one_number

__all__ = [
    "Constant",
    "Distribution",
    "Gamma",
    "LogNormal",
    "LogUniform",
    "Normal",
    "PerTarget",
    "Uniform",
]


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Distribution(Declaration):
    """Parent of what can stand in the place of a single value.

    The values are drawn once, with the weights and the wiring, when a network is made.
    """

    @property
    def unit(self) -> Any:
        """A value with the unit of all that is drawn."""
        raise NotImplementedError

    def sample(self, rng: np.random.Generator, size: int) -> npt.NDArray[np.float64]:
        """Draw `size` values, in base units."""
        raise NotImplementedError


def _number(value: Any) -> float:
    return float(np.asarray(value, dtype=float))


def _check_numbers(distribution: Distribution, *names: str) -> None:
    for name in names:
        value = getattr(distribution, name)
        if not is_one_number(value):
            raise ParameterError(
                f"{type(distribution).__name__}.{name}: must be one number or quantity, "
                f"got {value!r}"
            )


def _check(where: str, first: Any, second: Any) -> None:
    if not same_unit(first, second):
        raise ParameterError(f"{where}: must have the same unit, got {first!r} and {second!r}")
    if not np.isfinite([_number(first), _number(second)]).all():
        raise ParameterError(f"{where}: must be finite, got {first} and {second}")


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Constant(Distribution):
    """The same value for everybody, held one by one.

    Parameters
    ----------
    value : Quantity or float
        The value.

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic.models import Constant
    >>> Constant(value=2.0).sample(np.random.default_rng(0), 2)
    array([2., 2.])
    """

    value: Any = field(kw_only=False)

    def __post_init__(self) -> None:
        _check_numbers(self, "value")

    @property
    def unit(self) -> Any:
        """The value itself."""
        return self.value

    def sample(self, rng: np.random.Generator, size: int) -> npt.NDArray[np.float64]:
        """Repeat the value `size` times, in base units."""
        return np.full(size, _number(self.value))


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class PerTarget(Distribution):
    """One value for all synapses of a postsynaptic neuron in a projection.

    Parameters
    ----------
    values : Distribution
        Drawn once for each postsynaptic neuron.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.models import PerTarget, Projection, RandomWiring, Uniform
    >>> delay = PerTarget(values=Uniform(low=0 * ms, high=40 * ms))
    >>> Projection(pre="input", post="liquid", wiring=RandomWiring(p=0.1), delay=delay).delayed
    True
    """

    values: Distribution = field(kw_only=False)

    def __post_init__(self) -> None:
        check_kind(self, "values", Distribution, "a Distribution")

    @property
    def unit(self) -> Any:
        """A value with the unit of all that is drawn."""
        return self.values.unit

    def sample(self, rng: np.random.Generator, size: int) -> npt.NDArray[np.float64]:
        """Draw `size` values, one for each postsynaptic neuron, in base units."""
        return self.values.sample(rng, size)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Uniform(Distribution):
    """Uniform between two bounds.

    Parameters
    ----------
    low, high : Quantity or float
        Bounds, of the same unit.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import ms
    >>> from bioplastic.models import Uniform
    >>> drawn = Uniform(low=5 * ms, high=20 * ms).sample(np.random.default_rng(0), 1000)
    >>> bool(0.005 <= drawn.min() and drawn.max() <= 0.02)
    True
    """

    low: Any = field(kw_only=False)
    high: Any

    def __post_init__(self) -> None:
        _check_numbers(self, "low", "high")
        _check("Uniform.low, Uniform.high", self.low, self.high)
        if _number(self.low) > _number(self.high):
            raise ParameterError(f"Uniform.high: must be >= {self.low}, got {self.high}")

    @property
    def unit(self) -> Any:
        """The lower bound."""
        return self.low

    def sample(self, rng: np.random.Generator, size: int) -> npt.NDArray[np.float64]:
        """Draw `size` values, in base units."""
        return rng.uniform(_number(self.low), _number(self.high), size)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class LogUniform(Distribution):
    """Uniform in the logarithm: as many between 5 and 10 ms as between 50 and 100 ms.

    Parameters
    ----------
    low, high : Quantity or float
        Bounds > 0, of the same unit.

    Examples
    --------
    >>> import numpy as np
    >>> from brian2 import ms
    >>> from bioplastic.models import LogUniform
    >>> drawn = LogUniform(low=1 * ms, high=100 * ms).sample(np.random.default_rng(0), 10000)
    >>> round(float(np.median(drawn)) * 1000)
    10
    """

    low: Any = field(kw_only=False)
    high: Any

    def __post_init__(self) -> None:
        _check_numbers(self, "low", "high")
        _check("LogUniform.low, LogUniform.high", self.low, self.high)
        if not 0 < _number(self.low) <= _number(self.high):
            raise ParameterError(
                f"LogUniform: must have 0 < low <= high, got {self.low} and {self.high}"
            )

    @property
    def unit(self) -> Any:
        """The lower bound."""
        return self.low

    def sample(self, rng: np.random.Generator, size: int) -> npt.NDArray[np.float64]:
        """Draw `size` values, in base units."""
        return np.exp(rng.uniform(np.log(_number(self.low)), np.log(_number(self.high)), size))


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class LogNormal(Distribution):
    """Log-normal, by its median.

    Parameters
    ----------
    median : Quantity or float
        Median > 0.
    sigma : float
        Standard deviation of the logarithm.

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic.models import LogNormal
    >>> drawn = LogNormal(median=2.0, sigma=0.5).sample(np.random.default_rng(0), 10000)
    >>> round(float(np.median(drawn)), 1)
    2.0
    """

    median: Any = field(kw_only=False)
    sigma: float

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        _check_numbers(self, "median")
        if not _number(self.median) > 0 or not self.sigma >= 0:
            raise ParameterError(
                f"LogNormal: must have median > 0 and sigma >= 0, got {self.median} and "
                f"{self.sigma}"
            )

    @property
    def unit(self) -> Any:
        """The median."""
        return self.median

    def sample(self, rng: np.random.Generator, size: int) -> npt.NDArray[np.float64]:
        """Draw `size` values, in base units."""
        return _number(self.median) * np.exp(rng.normal(0.0, self.sigma, size))


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Normal(Distribution):
    """Normal; values at or beyond the bounds are drawn again.

    Parameters
    ----------
    mean, sd : Quantity or float
        Mean and standard deviation before the bounds act.
    low, high : Quantity, float or None
        Bounds, on both sides of the mean.

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic.models import Normal
    >>> drawn = Normal(mean=1.0, sd=0.5, low=0.0).sample(np.random.default_rng(0), 1000)
    >>> bool((drawn > 0).all())
    True
    """

    mean: Any = field(kw_only=False)
    sd: Any
    low: Any = None
    high: Any = None

    def __post_init__(self) -> None:
        bounds = [name for name in ("low", "high") if getattr(self, name) is not None]
        _check_numbers(self, "mean", "sd", *bounds)
        _check("Normal.mean, Normal.sd", self.mean, self.sd)
        if not _number(self.sd) >= 0:
            raise ParameterError(f"Normal.sd: must be >= 0, got {self.sd}")
        if self.low is not None:
            _check("Normal.mean, Normal.low", self.mean, self.low)
            if not _number(self.low) < _number(self.mean):
                raise ParameterError(f"Normal.low: must be < {self.mean}, got {self.low}")
        if self.high is not None:
            _check("Normal.mean, Normal.high", self.mean, self.high)
            if not _number(self.high) > _number(self.mean):
                raise ParameterError(f"Normal.high: must be > {self.mean}, got {self.high}")

    @property
    def unit(self) -> Any:
        """The mean."""
        return self.mean

    def sample(self, rng: np.random.Generator, size: int) -> npt.NDArray[np.float64]:
        """Draw `size` values, in base units."""
        mean, sd = _number(self.mean), _number(self.sd)
        low = -np.inf if self.low is None else _number(self.low)
        high = np.inf if self.high is None else _number(self.high)
        drawn = rng.normal(mean, sd, size)
        while (again := (drawn <= low) | (drawn >= high)).any():
            drawn[again] = rng.normal(mean, sd, int(again.sum()))
        return drawn


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Gamma(Distribution):
    """Gamma distribution, by mean and standard deviation; all values have the mean's sign.

    Parameters
    ----------
    mean, sd : Quantity or float
        Mean, not 0, and standard deviation > 0.

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic.models import Gamma
    >>> drawn = Gamma(mean=-19.0, sd=19.0).sample(np.random.default_rng(0), 10000)
    >>> bool((drawn < 0).all()), round(float(drawn.mean()))
    (True, -19)
    """

    mean: Any = field(kw_only=False)
    sd: Any

    def __post_init__(self) -> None:
        _check_numbers(self, "mean", "sd")
        _check("Gamma.mean, Gamma.sd", self.mean, self.sd)
        if _number(self.mean) == 0 or not _number(self.sd) > 0:
            raise ParameterError(
                f"Gamma: must have a mean other than 0 and sd > 0, got {self.mean} and {self.sd}"
            )

    @property
    def unit(self) -> Any:
        """The mean."""
        return self.mean

    def sample(self, rng: np.random.Generator, size: int) -> npt.NDArray[np.float64]:
        """Draw `size` values, in base units."""
        mean, sd = _number(self.mean), _number(self.sd)
        shape = (mean / sd) ** 2
        drawn: npt.NDArray[np.float64] = rng.gamma(shape, abs(mean) / shape, size)
        return drawn if mean > 0 else -drawn
