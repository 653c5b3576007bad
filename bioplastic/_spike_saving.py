"""How SpikeTrains go to files and come back."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, overload

import numpy as np
import numpy.typing as npt

from bioplastic._spike_checks import up_to_last_spikes
from bioplastic.errors import DataError, ParameterError

if TYPE_CHECKING:
    from sklearn.utils import Bunch

__all__ = ["SpikeSaving"]


class SpikeSaving:
    """Parent of SpikeTrains: saving and loading."""

    __slots__ = ()

    if TYPE_CHECKING:
        times: npt.NDArray[np.float64]
        units: npt.NDArray[np.int32]
        offsets: npt.NDArray[np.int64]
        n_units: int
        duration: npt.NDArray[np.float64]

        def __init__(
            self,
            times: npt.ArrayLike,
            units: npt.ArrayLike,
            offsets: npt.ArrayLike,
            *,
            n_units: int,
            duration: npt.ArrayLike,
        ) -> None: ...
        def __len__(self) -> int: ...
        def __iter__(self) -> Iterator["SpikeSaving"]: ...
        def _places(
            self, dt: Any, where: str
        ) -> tuple[npt.NDArray[np.int64], tuple[int, int, int]]: ...

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        labels: npt.ArrayLike | None = None,
        groups: npt.ArrayLike | None = None,
        label_names: npt.ArrayLike | None = None,
        times_dtype: npt.DTypeLike = np.float64,
    ) -> None:
        """Write an HDF5 file in the layout of the Spiking Heidelberg Digits (SHD).

        ``spikes/times`` and ``spikes/units`` hold one ragged row a sample, ``labels`` the classes,
        ``extra/keys`` their names and ``extra/speaker`` the groups. What SHD leaves open is written
        beside them: ``extra/duration`` (seconds) and ``extra/n_units``.

        Parameters
        ----------
        path : path-like
            The file; its folder is made where it is missing, and an older file stays until the new
            one is whole.
        labels : array_like of shape (n_samples,), optional
            Class of each sample: whole numbers, or strings, which are stored as numbers that count
            into `label_names`.
        groups : array_like of shape (n_samples,), optional
            Speaker of each sample: whole numbers or strings.
        label_names : array_like of shape (n_classes,), optional
            Names of the classes; the sorted labels where labels are strings.
        times_dtype : dtype, default=numpy.float64
            Type of the times in the file. The default keeps them bit for bit. ``"float32"`` halves
            the size and rounds to 0.06 µs within the first second; SHD's own float16 rounds to
            0.24 ms.

        Raises
        ------
        DataError
            If labels, groups or names do not fit.
        ParameterError
            If `times_dtype` is not a floating-point type of NumPy.
        StorageError
            If the file cannot be written.

        Notes
        -----
        The file is made in memory and then written at once.
        """
        try:
            dtype = np.dtype(times_dtype)
        except TypeError:
            dtype = np.dtype(object)
        if dtype not in (np.float16, np.float32, np.float64):
            raise ParameterError(
                f"SpikeTrains.save: times_dtype must be float64, float32 or float16, got "
                f"{times_dtype!r}"
            )
        # HDF5, which few programs need.
        from bioplastic._spike_files import SpikeFile, write_spike_file

        content = SpikeFile(
            times=self.times,
            units=self.units,
            offsets=self.offsets,
            n_units=self.n_units,
            duration=self.duration,
            labels=None if labels is None else np.asarray(labels),
            groups=None if groups is None else np.asarray(groups),
            label_names=None if label_names is None else np.asarray(label_names).astype(np.str_),
        )
        write_spike_file(Path(path).expanduser(), content, times_dtype=dtype)

    @overload
    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        n_units: int | None = None,
        duration: npt.ArrayLike | None = None,
        return_bunch: Literal[False] = False,
    ) -> Self: ...
    @overload
    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        n_units: int | None = None,
        duration: npt.ArrayLike | None = None,
        return_bunch: Literal[True],
    ) -> "Bunch": ...
    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        n_units: int | None = None,
        duration: npt.ArrayLike | None = None,
        return_bunch: bool = False,
    ) -> "Self | Bunch":
        """Read an HDF5 file in the layout of the Spiking Heidelberg Digits (SHD).

        Parameters
        ----------
        path : path-like
            A file of :meth:`save`, of SHD or of SSC.
        n_units : int, optional
            Number of units. By default what the file says in ``extra/n_units``, else the largest
            unit that spiked and those below it; SHD has 700.
        duration : float, array_like or Quantity of shape (n_samples,), in seconds, optional
            Length of each sample. By default what the file says in ``extra/duration``, else the
            time of the sample's last spike rounded up to a whole millisecond, and 0 for a silent
            sample.
        return_bunch : bool, default=False
            Also return what belongs to the spikes.

        Returns
        -------
        spikes : SpikeTrains or Bunch
            The spikes, or with `return_bunch` a Bunch with ``data`` (the spikes), ``target``
            (``labels``), ``groups`` (``extra/speaker``) and ``target_names`` (``extra/keys``);
            None where the file has none.

        Raises
        ------
        DataNotFoundError
            If there is no such file.
        DataError
            If it is truncated, no HDF5, of another layout, or its events do not fit.
        """
        from bioplastic._spike_files import read_spike_file

        place = Path(path).expanduser()
        content = read_spike_file(place)
        if n_units is None:
            n_units = content.n_units
        if n_units is None:
            n_units = int(content.units.max()) + 1 if len(content.units) else 0
        if duration is None:
            duration = content.duration
        if duration is None:
            duration = up_to_last_spikes(content.times, content.offsets)
        try:
            spikes = cls(
                content.times, content.units, content.offsets, n_units=n_units, duration=duration
            )
        except DataError as error:
            raise DataError(f"SpikeTrains.load: {place}: {error}") from error
        if not return_bunch:
            return spikes
        return content.beside(spikes)
