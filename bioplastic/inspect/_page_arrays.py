"""Arrays as short texts that a page holds and a browser unpacks."""

import base64
import zlib
from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["LEVELS", "pack", "pack_levels"]

#: Bytes that stand for a number, 0 for the lowest and 254 for the highest; 255 is none.
LEVELS: Final = 255


def pack(array: npt.NDArray[Any]) -> dict[str, Any]:
    """Write an array as float32, zlib and base64.

    Parameters
    ----------
    array : ndarray
        Numbers; NaN where there is none.

    Returns
    -------
    packed : dict
        Its ``type``, ``shape`` and ``data``.
    """
    numbers = np.ascontiguousarray(array, dtype="<f4")
    return {"type": "float32", "shape": list(numbers.shape), "data": _text(numbers)}


def pack_levels(array: npt.NDArray[Any], low: float, high: float) -> dict[str, Any]:
    """Write an array as bytes that count 254 steps from `low` to `high`.

    A number is off by half a step at most. Along the first axis each byte holds the difference
    from the one before, modulo 256, since what changes slowly is short then.

    Parameters
    ----------
    array : ndarray
        Numbers from `low` to `high`; NaN where there is none.
    low, high : float
        The range.

    Returns
    -------
    packed : dict
        Its ``type``, ``shape``, ``low``, ``high`` and ``data``.

    Examples
    --------
    >>> import numpy as np
    >>> from bioplastic.inspect._page_arrays import pack_levels
    >>> packed = pack_levels(np.array([[0.0, 1.0], [0.5, np.nan]]), 0.0, 1.0)
    >>> packed["shape"], packed["type"]
    ([2, 2], 'levels')
    """
    steps = (np.asarray(array, dtype=np.float64) - low) * ((LEVELS - 1) / (high - low))
    levels = np.where(np.isnan(steps), LEVELS, np.rint(steps)).astype(np.uint8)
    changes = levels.copy()
    changes[1:] = levels[1:] - levels[:-1]
    return {
        "type": "levels",
        "shape": list(levels.shape),
        "low": low,
        "high": high,
        "data": _text(changes),
    }


def _text(array: npt.NDArray[Any]) -> str:
    return base64.b64encode(zlib.compress(array.tobytes(), 9)).decode("ascii")
