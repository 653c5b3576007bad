"""What is shown to a network, in which order, and under which names to the random numbers."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["RateStimulus", "content_keys"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RateStimulus:
    """Samples as firing rates, in the order in which they are presented.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_features)
        Non-negative intensities, of any number type.
    scale : float, in hertz
        Rate of an intensity of 1.
    order : ndarray of shape (n_presentations,), optional
        Which sample comes when; each once, as they stand, where absent.
    keys : ndarray of shape (n_presentations,), optional
        Names of the presentations to the random numbers; their position where absent.
    """

    values: npt.NDArray[Any]
    scale: float = 1.0
    order: npt.NDArray[np.int64] | None = None
    keys: npt.NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.values) if self.order is None else len(self.order)

    def rows(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Rates of the presentations `start` up to `stop`, in hertz."""
        chosen = slice(start, stop) if self.order is None else self.order[start:stop]
        return np.asarray(self.values[chosen], dtype=np.float64) * self.scale

    def row_keys(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Keys of the presentations `start` up to `stop`."""
        if self.keys is None:
            return np.arange(start, stop, dtype=np.float64)
        return np.asarray(self.keys[start:stop], dtype=np.float64)


def content_keys(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Name each sample by its content, so that its noise does not depend on its neighbours.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_features)
        Samples of any number type; equal numbers give equal keys.

    Returns
    -------
    keys : ndarray of shape (n_samples,)
        Whole numbers below 2**48.

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic.engine import content_keys
    >>> a, b = content_keys(np.array([[0, 1], [0, 1]], dtype=np.uint8))
    >>> bool(a == b)
    True
    """
    digests = (
        hashlib.blake2b(np.asarray(row, dtype=np.float64).tobytes(), digest_size=6).digest()
        for row in values
    )
    return np.array([int.from_bytes(d, "little") for d in digests], dtype=np.float64)
