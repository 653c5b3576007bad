"""Random events whose noise follows from a seed and from the sample's own values."""

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

# Weyl increment of SplitMix64: the 64 bits of the golden ratio.
_STEP = np.uint64(0x9E3779B97F4A7C15)
# Steps in which a sample's total rate is shared out; times a block of samples it fits in 64 bits.
_GRID = 2**44
_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def sample_keys(values: npt.NDArray[Any], seed: int) -> npt.NDArray[np.uint64]:
    """Name every sample to the random numbers by its content.

    Equal rows get keys of their own, the first, the second and so on, so that a hundred equal
    samples are a hundred trials.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_features)
        Samples; equal numbers give equal keys, whatever their type.
    seed : int
        Goes into every key.

    Returns
    -------
    keys : ndarray of shape (n_samples,), uint64
    """
    salt = int(seed).to_bytes(8, "little")
    digests = np.frombuffer(
        b"".join(
            # The sum turns -0.0, which is an equal number of other bytes, into 0.0.
            hashlib.blake2b((row + 0.0).tobytes(), digest_size=8, key=salt).digest()
            for row in values
        ),
        dtype="<u8",
    ).astype(np.uint64)
    order = np.argsort(digests, kind="stable")
    _, first, counts = np.unique(digests[order], return_index=True, return_counts=True)
    occurrence = np.empty(len(values), dtype=np.uint64)
    occurrence[order] = np.arange(len(values)) - np.repeat(first, counts)
    # Mixed before they are added: neighboring starts would share their stream, shifted by one.
    return digests + _mix(occurrence)


def uniform(
    keys: npt.NDArray[np.uint64], draws: npt.NDArray[np.integer[Any]]
) -> npt.NDArray[np.float64]:
    """Draw uniform numbers in [0, 1), each a pure function of a key and the number of the draw.

    The generator is SplitMix64 [1]_: a Weyl sequence that starts at the key, mixed.

    Parameters
    ----------
    keys, draws : ndarray
        Two arrays that broadcast against each other.

    Returns
    -------
    numbers : ndarray of the common shape, float64

    References
    ----------
    .. [1] G. L. Steele, D. Lea, C. H. Flood (2014). Fast splittable pseudorandom number
       generators. OOPSLA '14. https://doi.org/10.1145/2660193.2660195

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic.encoding._noise import uniform
    >>> keys, draws = np.zeros(100, dtype=np.uint64), np.arange(100)
    >>> numbers = uniform(keys, draws)
    >>> bool(numbers[7] == uniform(keys[:1], np.array([7]))[0])
    True
    """
    state = keys + (draws.astype(np.uint64) + np.uint64(1)) * _STEP
    # The upper 53 bits, as many as a double holds.
    numbers: npt.NDArray[np.float64] = (_mix(state) >> np.uint64(11)) * np.float64(2.0**-53)
    return numbers


def draw_events(
    means: npt.NDArray[np.float64], keys: npt.NDArray[np.uint64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Draw independent homogeneous Poisson processes, one for each sample and unit.

    All processes of a sample are drawn as one, since their sum is a Poisson process, too: how many
    events, whose each is, and when.

    Parameters
    ----------
    means : ndarray of shape (n_samples, n_units)
        Expected number of events.
    keys : ndarray of shape (n_samples,), uint64
        Names of the samples, see `sample_keys`.

    Returns
    -------
    sample, unit : ndarray of shape (n_events,), int64
        Row and column of each event, sorted by row, then by time.
    phase : ndarray of shape (n_events,), float64
        When it happens, as a fraction of the sample's length, in [0, 1).
    """
    n_samples, n_units = means.shape
    shares = means.cumsum(axis=1)
    totals = shares[:, -1:].copy()
    # ppf is -1 at 0, where the count is 0.
    counts = np.maximum(stats.poisson.ppf(uniform(keys, np.zeros(1, np.int64)), totals[:, 0]), 0)
    lengths = counts.astype(np.int64)
    sample = np.repeat(np.arange(n_samples), lengths)
    number = np.arange(len(sample)) - np.repeat(lengths.cumsum() - lengths, lengths)
    # One search through all rows, laid end to end. On a grid of whole numbers nothing is rounded,
    # so that a sample's units do not depend on its row.
    np.divide(shares, totals, out=shares, where=totals > 0)
    edges = np.rint(shares * _GRID).astype(np.int64) + _GRID * np.arange(n_samples)[:, np.newaxis]
    position = _GRID * sample + (uniform(keys[sample], 2 * number + 1) * _GRID).astype(np.int64)
    unit = np.searchsorted(edges.ravel(), position, side="right") - n_units * sample
    phase = uniform(keys[sample], 2 * number + 2)
    order = phase.argsort()
    # Numbers of 8 or 16 bits are sorted without comparisons, and keep the order of phases.
    few_bits = sample.astype(np.min_scalar_type(n_samples))
    order = order[few_bits[order].argsort(kind="stable")]
    # Whose an event is does not depend on when it is: only the times need sorting.
    return sample, unit, phase[order]


def _mix(state: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    mixed = (state ^ (state >> np.uint64(30))) * _MULTIPLIERS[0]
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _MULTIPLIERS[1]
    return mixed ^ (mixed >> np.uint64(31))
