"""Distributions: a parameter that differs from neuron to neuron, or from synapse to synapse."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import Quantity, get_dimensions

from bioplastic._quantities import same_unit
from bioplastic.models.declaration import Declaration, check_kind, require
from bioplastic.models.values import fixed_array, is_one_number, one_number, same_array


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


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class _OfOneUnit(Distribution):
    """Parent of those that follow from quantities, all of the first one's unit."""

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        kind, first, unit = type(self).__name__, fields(self)[0].name, self.unit
        for f in fields(self):
            value = getattr(self, f.name)
            if f.type is not Any or (value is None and f.default is None):
                continue
            require(self, f.name, is_one_number(value), "be one number or quantity", repr(value))
            if f.name != first:
                both, got = f"{first}, {kind}.{f.name}", f"{unit!r} and {value!r}"
                require(self, both, same_unit(unit, value), "have the same unit", got)
                finite = bool(np.isfinite([one_number(unit), one_number(value)]).all())
                require(self, both, finite, "be finite", f"{unit} and {value}")

    @property
    def unit(self) -> Any:
        """The first parameter, whose unit all that is drawn has."""
        return getattr(self, fields(self)[0].name)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Constant(_OfOneUnit):
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

    def sample(self, rng: np.random.Generator, size: int) -> npt.NDArray[np.float64]:
        """Repeat the value `size` times, in base units."""
        return np.full(size, one_number(self.value))


@dataclass(frozen=True, kw_only=True, slots=True, repr=False, eq=False)
class Values(Distribution):
    """Values that are given one by one: an array in the place of a constant becomes one.

    Parameters
    ----------
    values : array_like of shape (n,)
        One for each neuron, or synapse in the order of the wiring.

    Examples
    --------
    >>> from brian2 import mV
    >>> from bioplastic.models import NeuronModel
    >>> NeuronModel(equations="v : volt", constants={"v_0": [1, 2] * mV}).constants["v_0"]
    Values(values=[0.001, 0.002] * metre**2*kilogram*second**-3*amp**-1)
    """

    values: Any = field(kw_only=False)

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        object.__setattr__(self, "values", fixed_array(self.values))
        array = np.asarray(self.values)
        numbers = array.ndim == 1 and array.dtype.kind in "iuf"
        require(self, "values", numbers, "be numbers of shape (n,)")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Values) and same_array(self.values, other.values)

    @property
    def unit(self) -> Any:
        """A value with the unit of all."""
        return Quantity(1.0, dim=get_dimensions(self.values))

    def sample(self, rng: np.random.Generator, size: int) -> npt.NDArray[np.float64]:
        """Return the values, in base units."""
        values = np.asarray(self.values, dtype=np.float64)
        what = f"have a value for each of {size}"
        require(self, "values", len(values) == size, what, f"{len(values)}")
        return values.copy()


def with_values(given: Any) -> Any:
    """Take arrays among constants for values that are given one by one."""
    if not isinstance(given, Mapping):
        return given
    arrays = {n: Values(v) for n, v in given.items() if isinstance(v, np.ndarray) and v.ndim == 1}
    return {**given, **arrays}


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
    >>> from bioplastic.models import Projection, RandomWiring, Uniform
    >>> from bioplastic.models.distributions import PerTarget
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
class Uniform(_OfOneUnit):
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
    high: Any = field(kw_only=False)

    def __post_init__(self) -> None:
        _OfOneUnit.__post_init__(self)
        require(self, "high", self.low <= self.high, f"be >= {self.low}", str(self.high))

    def sample(self, rng: np.random.Generator, size: int) -> npt.NDArray[np.float64]:
        """Draw `size` values, in base units."""
        return rng.uniform(one_number(self.low), one_number(self.high), size)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class LogUniform(_OfOneUnit):
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
    high: Any = field(kw_only=False)

    def __post_init__(self) -> None:
        _OfOneUnit.__post_init__(self)
        holds = 0 < self.low <= self.high
        require(self, "", holds, "have 0 < low <= high", f"{self.low} and {self.high}")

    def sample(self, rng: np.random.Generator, size: int) -> npt.NDArray[np.float64]:
        """Draw `size` values, in base units."""
        low, high = (np.log(one_number(value)) for value in (self.low, self.high))
        return np.exp(rng.uniform(low, high, size))


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class LogNormal(_OfOneUnit):
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
    >>> from bioplastic.models.distributions import LogNormal
    >>> drawn = LogNormal(median=2.0, sigma=0.5).sample(np.random.default_rng(0), 10000)
    >>> round(float(np.median(drawn)), 1)
    2.0
    """

    median: Any = field(kw_only=False)
    sigma: float = field(kw_only=False)

    def __post_init__(self) -> None:
        _OfOneUnit.__post_init__(self)
        holds, got = self.median > 0 and self.sigma >= 0, f"{self.median} and {self.sigma}"
        require(self, "", holds, "have median > 0 and sigma >= 0", got)

    def sample(self, rng: np.random.Generator, size: int) -> npt.NDArray[np.float64]:
        """Draw `size` values, in base units."""
        return one_number(self.median) * np.exp(rng.normal(0.0, self.sigma, size))


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Normal(_OfOneUnit):
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
    sd: Any = field(kw_only=False)
    low: Any = None
    high: Any = None

    def __post_init__(self) -> None:
        _OfOneUnit.__post_init__(self)
        require(self, "sd", self.sd >= 0, "be >= 0", str(self.sd))
        if self.low is not None:
            require(self, "low", self.low < self.mean, f"be < {self.mean}", str(self.low))
        if self.high is not None:
            require(self, "high", self.high > self.mean, f"be > {self.mean}", str(self.high))

    def sample(self, rng: np.random.Generator, size: int) -> npt.NDArray[np.float64]:
        """Draw `size` values, in base units."""
        mean, sd = one_number(self.mean), one_number(self.sd)
        low = -np.inf if self.low is None else one_number(self.low)
        high = np.inf if self.high is None else one_number(self.high)
        drawn = rng.normal(mean, sd, size)
        while (again := (drawn <= low) | (drawn >= high)).any():
            drawn[again] = rng.normal(mean, sd, int(again.sum()))
        return drawn


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Gamma(_OfOneUnit):
    """Gamma distribution, by mean and standard deviation; all values have the mean's sign.

    Parameters
    ----------
    mean, sd : Quantity or float
        Mean, not 0, and standard deviation > 0.

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic.models.distributions import Gamma
    >>> drawn = Gamma(mean=-19.0, sd=19.0).sample(np.random.default_rng(0), 10000)
    >>> bool((drawn < 0).all()), round(float(drawn.mean()))
    (True, -19)
    """

    mean: Any = field(kw_only=False)
    sd: Any = field(kw_only=False)

    def __post_init__(self) -> None:
        _OfOneUnit.__post_init__(self)
        holds, got = self.mean != 0 and self.sd > 0, f"{self.mean} and {self.sd}"
        require(self, "", holds, "have a mean other than 0 and sd > 0", got)

    def sample(self, rng: np.random.Generator, size: int) -> npt.NDArray[np.float64]:
        """Draw `size` values, in base units."""
        mean, sd = one_number(self.mean), one_number(self.sd)
        shape = (mean / sd) ** 2
        drawn: npt.NDArray[np.float64] = rng.gamma(shape, abs(mean) / shape, size)
        return drawn if mean > 0 else -drawn
