"""Random numbers of a training: independent streams, one for each purpose."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_random_state

__all__ = ["draw_entropy", "shuffled", "stream"]


def draw_entropy(random_state: Any) -> list[int]:
    """Draw what all streams of a training follow from."""
    words = check_random_state(random_state).randint(0, 2**31 - 1, size=4)
    return [int(word) for word in words]


def stream(entropy: Sequence[int], purposes: Sequence[str], name: str) -> np.random.SeedSequence:
    """Return the stream of one of the purposes, whose order is part of the result."""
    return np.random.SeedSequence(entropy).spawn(len(purposes))[purposes.index(name)]


def shuffled(
    order: np.random.SeedSequence, number: int, rows: int | npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Shuffle rows, or so many of them, by a number that tells one order from the next."""
    seed = int(order.generate_state(1)[0])
    return np.random.default_rng([seed, number]).permutation(rows)
