"""Tests by flipped signs, their correction, and the interval of a share."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats

__all__ = ["MAX_EXACT", "ROUNDING", "holm", "sign_flip", "smallest_p", "wilson"]

#: Up to so many units every combination of signs is tried, of more units random ones.
MAX_EXACT: Final = 16
_N_FLIPS: Final = 10_000
#: Sums of accuracies that differ by less than this share are the same but for rounding.
ROUNDING: Final = 1e-12


def holm(p: Sequence[float]) -> list[float]:
    """Correct p values for their number, by Holm's step-down method.

    Examples
    --------
    >>> [round(value, 3) for value in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in corrected]


def wilson(share: float, n: int) -> tuple[float, float]:
    """Return the ends of Wilson's 95 % interval of a share of `n` independent samples."""
    z = float(stats.norm.ppf(0.975))
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    return max(centre - half, 0.0), min(centre + half, 1.0)


def sign_flip(differences: npt.NDArray[np.float64]) -> float:
    """Return the two-sided p of a mean difference if each sign were as likely as the other."""
    sizes = np.abs(differences[differences != 0])  # a unit without a difference has no sign
    found = abs(float(differences.sum())) - ROUNDING * float(sizes.sum())
    if len(sizes) <= MAX_EXACT:
        sums = np.zeros(1)
        for size in sizes:
            sums = np.concatenate([sums + size, sums - size])
        return float(np.mean(np.abs(sums) >= found))
    # Of units that differ alike only the number of flipped ones counts: quick with 10,000 samples.
    size, many = np.unique(np.round(sizes, 12), return_counts=True)
    kept = np.random.default_rng(0).binomial(many, 0.5, size=(_N_FLIPS, len(many)))
    sums = (2 * kept - many) @ size
    return float((np.count_nonzero(np.abs(sums) >= found) + 1) / (_N_FLIPS + 1))


def smallest_p(n_units: int) -> float:
    """Return the smallest p that `sign_flip` can give of so many differences."""
    exact = min(1.0, 2.0 ** (1 - n_units))
    return exact if n_units <= MAX_EXACT else max(exact, 1 / (_N_FLIPS + 1))
