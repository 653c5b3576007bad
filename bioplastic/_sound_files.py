"""Sound files that others made: what a header claims is compared with the size of its file."""

from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import soundfile

from bioplastic.errors import DataError

#: A sound may take ten times the size of its file in memory, and so much whatever its size is.
FLOOR: Final = 2**26


def read_sound_file(
    path: Path, dtype: Literal["float32", "float64"], *, where: str, rate: float = 0.0
) -> tuple[npt.NDArray[Any], float]:
    """Read a sound file.

    Parameters
    ----------
    path : Path
        The file.
    dtype : {"float32", "float64"}
        Type of the samples.
    where : str
        What it is, for the message.
    rate : float, in hertz
        Rate that the sound will be brought to, if higher than its own, where a copy of half as many
        bytes is kept; counts as memory.

    Returns
    -------
    samples : ndarray of shape (n_samples, n_channels)
    rate : float, in hertz

    Raises
    ------
    DataError
        If it is no sound, or would take more memory than a file of its size should.
    """
    limit = 10 * path.stat().st_size + FLOOR
    try:
        with soundfile.SoundFile(path) as file:
            values = file.frames * (file.channels + 1.5 * max(1.0, rate / file.samplerate))
            if values * np.dtype(dtype).itemsize <= limit:
                return file.read(dtype=dtype, always_2d=True), float(file.samplerate)
            problem = (
                f"It claims {file.frames:,} frames at {file.samplerate} Hz, more than a file of "
                f"its size should hold."
            )
    except (TypeError, soundfile.SoundFileError) as error:  # TypeError: a name that ends in .raw
        problem = getattr(error, "error_string", f"{error}.")
    raise DataError(
        f"{where} cannot be read as sound: {problem} Put an undamaged file in its place, or "
        f"convert it to wav or flac, cut to what is one sound."
    )
