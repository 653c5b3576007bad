"""How SpikeTrains go to files, come back, or stay there."""

import os
from pathlib import Path
from typing import Any, Self, overload

import numpy as np
import numpy.typing as npt

type Where = str | os.PathLike[str]


class SpikeSaving:
    """Parent of SpikeTrains: saving, loading, opening."""

    __slots__ = ()

    def save(
        self,
        path: Where,
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
        # HDF5, which few programs need.
        from bioplastic._spike_writing import write_spike_file

        write_spike_file(
            Path(path).expanduser(),
            self,
            labels=labels,
            groups=groups,
            label_names=label_names,
            times_dtype=times_dtype,
        )

    @overload
    @classmethod
    def load(
        cls, path: Where, *, n_units: int | None = None, duration: npt.ArrayLike | None = None
    ) -> Self: ...
    @overload
    @classmethod
    def load(
        cls, path: Where, *, n_units: int | None = None, duration: Any = None, return_bunch: bool
    ) -> Any: ...
    @classmethod
    def load(
        cls,
        path: Where,
        *,
        n_units: int | None = None,
        duration: npt.ArrayLike | None = None,
        return_bunch: bool = False,
    ) -> Any:
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
        return cls._from_file("load", path, n_units, duration, return_bunch=return_bunch)

    @overload
    @classmethod
    def open(
        cls, path: Where, *, n_units: int | None = None, duration: npt.ArrayLike | None = None
    ) -> Self: ...
    @overload
    @classmethod
    def open(
        cls, path: Where, *, n_units: int | None = None, duration: Any = None, return_bunch: bool
    ) -> Any: ...
    @classmethod
    def open(
        cls,
        path: Where,
        *,
        n_units: int | None = None,
        duration: npt.ArrayLike | None = None,
        return_bunch: bool = False,
    ) -> Any:
        """Take spikes from an HDF5 file as they are needed, for data larger than memory.

        The file is read once, to check it, and the spikes stay in it, of the types that they have
        there. Slices and index arrays of the samples are views of the file; `times` and `units` are
        read when somebody asks for them. Estimators, augmenters, and scikit-learn's splitters and
        searches take it as they take what is in memory, give the same results, and read some
        thousand samples at a time.

        Parameters
        ----------
        path : path-like
            A file of :meth:`save`, of SHD or of SSC, as for :meth:`load`. It must stay as it is.
        n_units : int, optional
            Number of units. By default what the file says in ``extra/n_units``, else the largest
            unit that spiked and those below it.
        duration : float, array_like or Quantity of shape (n_samples,), in seconds, optional
            Length of each sample. By default what the file says in ``extra/duration``, else the
            time of the sample's last spike rounded up to a whole millisecond.
        return_bunch : bool, default=False
            Also return what belongs to the spikes.

        Returns
        -------
        spikes : SpikeTrains or Bunch
            As :meth:`load` returns it.

        Raises
        ------
        DataNotFoundError
            If there is no such file; later, if it has vanished.
        DataError
            If it is truncated, no HDF5, of another layout, or its events do not fit; later, if it
            has changed.

        Notes
        -----
        A pickle of it holds the path and which samples are meant. Spike trains that are made of it
        and are as large (of a liquid, of an augmenter, and of others through
        :func:`bioplastic.engine.present`) are written to a temporary folder, which goes with them;
        the environment variable TMPDIR says where.

        Examples
        --------
        >>> import tempfile
        >>> from bioplastic import SpikeTrains
        >>> spikes = SpikeTrains([0.1, 0.2, 0.1], [0, 1, 1], [0, 2, 3], n_units=2, duration=0.5)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     spikes.save(f"{folder}/spikes.h5")
        ...     opened = SpikeTrains.open(f"{folder}/spikes.h5")
        ...     opened[1:].times, opened == spikes
        (array([0.1]), True)
        """
        return cls._from_file("open", path, n_units, duration, return_bunch=return_bunch)

    @classmethod
    def _from_file(cls, method: str, path: Where, *how: Any, return_bunch: bool) -> Any:
        from bioplastic._stored_spikes import read_spikes

        return read_spikes(cls, method, Path(path).expanduser(), *how, return_bunch=return_bunch)
