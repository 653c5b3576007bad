"""Spikes of a grasshopper's ear and the loudness of the sound, from local text files."""

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch

from bioplastic._quantities import whole
from bioplastic.datasets._official import find_files, unpacked
from bioplastic.errors import DataError, ParameterError
from bioplastic.spikes import SpikeTrains

_HOME = "https://github.com/nipy/nitime"
_NUMBER = {200: 1, 800: 2}
_MICROSECOND = 1e-6

_DESCR = f"""\
Auditory receptor of a grasshopper
----------------------------------
Spikes of one auditory receptor neuron of Locusta migratoria, and the amplitude of the sound that
it heard: a tone whose level, in decibels, is Gaussian noise up to a cut-off frequency, with a
standard deviation of 6 dB, clipped at 3 of them. One recording for each cut-off, 200 and 800 Hz,
of 10 s, which repeat nothing; headers of the spike files tell the rest. Spikes are given in
microseconds but lie on a grid of 100 microseconds. The amplitude is relative to the loudest.

The files come along with nitime, {_HOME}, folder nitime/data, under its license, BSD with three
clauses.

A. Rokem, S. Watzl, T. Gollisch, M. Stemmler, A. V. M. Herz, I. Samengo (2006). Spike-timing
precision underlies the coding efficiency of auditory receptor neurons. J Neurophysiol 95(4),
2541-2552. https://doi.org/10.1152/jn.00891.2005
"""


def load_grasshopper(
    path: str | os.PathLike[str] | None = None, *, cutoff: int = 200, n_blocks: int = 1
) -> Bunch:
    """Load spikes of a grasshopper's auditory receptor and the amplitude of the sound.

    Nothing is downloaded.

    Parameters
    ----------
    path : str or os.PathLike, optional
        Folder with ``grasshopper_spike_times1.txt``, ``grasshopper_stimulus1.txt`` and the same
        with 2, as they are or with ``.gz``, itself or in its subfolder ``grasshopper``. Where it
        is None: that subfolder of the folder that the environment variable ``BIOPLASTIC_DATA``
        names, then of the cache.
    cutoff : {200, 800}, default=200
        Highest frequency of the sound's level, in hertz; it says which recording.
    n_blocks : int, default=1
        Parts of equal length, one after the other, into which the recording is cut. Each is a
        sample: cross-validation over samples holds out contiguous time then.

    Returns
    -------
    sklearn.utils.Bunch
        data : SpikeTrains of shape (n_blocks, 1)
            Spike times, counted from the begin of each block.
        target : ndarray of shape (n_blocks, n_times), float64
            Amplitude of the sound, above 0 and at most 1. Value `k` was measured ``k * dt`` after
            the begin of the block. ``20 * np.log10(target)`` is the level in decibels, and normally
            distributed.
        dt : float, in seconds
            Step of `target`.
        feature_names : list of str
            ``["receptor"]``.
        DESCR : str
            Origin, license and description.

    Raises
    ------
    ParameterError
        If there is no such cut-off, or `n_blocks` is no whole number from 1 on that divides the
        number of values.
    DataNotFoundError
        If a file is nowhere.
    DataError
        If a file is damaged or holds something else.

    References
    ----------
    .. [1] A. Rokem and others (2006). Spike-timing precision underlies the coding efficiency of
       auditory receptor neurons. J Neurophysiol 95(4), 2541-2552.
       https://doi.org/10.1152/jn.00891.2005

    Examples
    --------
    >>> from bioplastic.datasets import load_grasshopper
    >>> heard = load_grasshopper(cutoff=800, n_blocks=10)  # doctest: +SKIP
    >>> heard.data, heard.target.shape  # doctest: +SKIP
    (SpikeTrains(10 samples, 1 units, 868 spikes, 1 s), (10, 20000))
    """
    if cutoff not in _NUMBER:
        raise ParameterError(f"load_grasshopper.cutoff: must be 200 or 800 (Hz), got {cutoff!r}")
    number = _NUMBER[cutoff]
    spike_file = _find(path, f"grasshopper_spike_times{number}.txt")
    sound_file = _find(path, f"grasshopper_stimulus{number}.txt")
    amplitude, step = _read_sound(sound_file)
    times = _read(spike_file, n_columns=1)[:, 0]
    length = step * len(amplitude)
    if (np.diff(times) < 0).any() or not ((times >= 0) & (times <= length)).all():
        raise DataError(
            f"{spike_file}: times must rise and lie within the sound's {length:g} microseconds; "
            f"put the published file in its place"
        )
    if len(amplitude) % whole("load_grasshopper.n_blocks", n_blocks, 1):
        raise ParameterError(
            f"load_grasshopper.n_blocks: must divide the {len(amplitude)} values of the sound, got "
            f"{n_blocks!r}; give e.g. 10"
        )
    return Bunch(
        data=_cut(times, length / n_blocks, int(n_blocks)),
        target=amplitude.reshape(n_blocks, -1),
        dt=step * _MICROSECOND,
        feature_names=["receptor"],
        DESCR=_DESCR,
    )


def _find(path: str | os.PathLike[str] | None, name: str) -> Path:
    return find_files(
        [name, f"{name}.gz"], path,
        caller="load_grasshopper", folders=["grasshopper"], what=f"{name} (or {name}.gz)",
        home=f"{_HOME}, folder nitime/data",
    )[0]  # fmt: skip


def _read(file: Path, *, n_columns: int) -> npt.NDArray[np.float64]:
    """Return the numbers of a text file without its header, at least one row."""
    content = unpacked(file)
    try:
        lines = [line for line in content.splitlines() if line.strip() and line[:1] != b"#"]
        table = np.loadtxt(lines, ndmin=2) if lines else np.empty((0, 0))
    except ValueError as error:
        raise DataError(
            f"{file}: cannot be read as numbers: {error}. Put the published file in its place."
        ) from error
    if table.ndim != 2 or table.shape[1] != n_columns or not np.isfinite(table).all():
        raise DataError(
            f"{file}: must hold {n_columns} finite number(s) a line; put the published file in "
            f"its place"
        )
    return table


def _read_sound(file: Path) -> tuple[npt.NDArray[np.float64], float]:
    """Return the amplitude and its step in microseconds."""
    times, amplitude = _read(file, n_columns=2).T
    steps = np.diff(times)
    if not len(steps) or times[0] != 0 or (steps != steps[0]).any() or steps[0] <= 0:
        raise DataError(
            f"{file}: times must rise from 0 in equal steps; put the published file in its place"
        )
    if not ((amplitude > 0) & (amplitude <= 1)).all():
        raise DataError(
            f"{file}: amplitudes must be above 0 and at most 1; put the published file in its place"
        )
    return amplitude.copy(), float(steps[0])


def _cut(times: npt.NDArray[np.float64], length: float, n_blocks: int) -> SpikeTrains:
    """Return blocks of a recording; `times` and `length` in microseconds."""
    # A spike on an edge belongs to the block that begins there; at the very end, to the last one.
    block = np.minimum((times // length).astype(np.int64), n_blocks - 1)
    return SpikeTrains(
        (times - block * length) * _MICROSECOND,
        np.zeros(len(times), dtype=np.int32),
        np.searchsorted(block, np.arange(n_blocks + 1)),
        n_units=1,
        duration=length * _MICROSECOND,
    )
