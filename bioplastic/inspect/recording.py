"""What a network went through while it learned, in memory or in a file."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, SupportsIndex

import numpy as np
import numpy.typing as npt

from bioplastic.errors import ParameterError
from bioplastic.inspect import eligibility, histories, page, states, weights
from bioplastic.inspect._recording_file import Store, WrittenRows, open_recording
from bioplastic.inspect._recording_intervals import evenly
from bioplastic.inspect._recording_layout import Layout, RecordedProjection

Points = SupportsIndex | slice | npt.NDArray[Any] | list[int] | None


class PlasticityRecording:
    """Weights, traces, thresholds and rates of a network at moments of its training.

    A :class:`PlasticityRecorder` makes it as its `recording`; :meth:`load` opens one from a file,
    from which only what is asked for is read.

    Attributes
    ----------
    samples : ndarray of int64 of shape (n_moments,)
        The presentation of each moment, counted from 0 over all of the training; -1 is the state
        in which training began. Several moments may lie within one presentation.
    times : ndarray of shape (n_moments,), in seconds
        When within the presentation: 10 ms is the state after all steps before 10 ms.
    seconds : ndarray of shape (n_moments,), in seconds
        Simulated time, rests and repeated presentations included, from the end of the recorded
        sample before this one to the end of this one.
    rates : array of float32 of shape (n_moments, n_watched), in hertz, or None
        Mean rate of each watched neuron over `seconds`, NaN where those are 0; None where no rates
        were recorded.
    variables : mapping of str to array of float32 of shape (n_moments, n_kept), in base units
        What was recorded, by ``"population.variable"`` or ``"projection.variable"``; arrays, or
        what reads from the file when it is indexed.
    populations : dict of str to int
        Number of neurons of each population of the network.
    projections : dict of str to RecordedProjection
        Of each projection ``pre``, ``post``, ``wiring``, ``n_pre``, ``n_post``, the postsynaptic
        ``neurons`` whose synapses are kept, and where the wiring is not all-to-all ``i`` and ``j``,
        the neurons on either side of each synapse that is kept.
    watched : tuple of str
        Populations to which the columns of `rates` belong, one after the other.

    Notes
    -----
    A file is HDF5 of this layout, version 1. Rows beyond ``n_points`` are reserved and not written.

    - attributes ``format`` = ``"bioplastic.PlasticityRecording"``, ``version``, ``n_points``,
      ``watched``
    - ``/samples`` (int64), ``/times``, ``/seconds`` (float64): (n_rows,)
    - ``/rates`` (float32): (n_rows, n_watched), where recorded
    - ``/variables/<name>`` (float32): (n_rows, n_kept), attribute ``role``: ``"weights"``,
      ``"traces"``, ``"thresholds"`` or ``"other"``; all-to-all weights are ordered by presynaptic,
      then postsynaptic neuron
    - ``/populations/<name>``: attribute ``n``
    - ``/projections/<name>``: attributes ``pre``, ``post``, ``wiring``, ``n_pre``, ``n_post``,
      datasets ``neurons``, ``i``, ``j``

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.datasets import load_digits
    >>> from bioplastic.inspect import PlasticityRecorder
    >>> from bioplastic.networks import DiehlCook
    >>> recorder = PlasticityRecorder(every=2)
    >>> net = DiehlCook(5, n_epochs=1, presentation=20 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0,
    ...                 engine="numpy", random_state=0)
    >>> net = net.fit(load_digits().data[:4], recorder=recorder)
    >>> recorder.recording.samples
    array([-1,  1,  3])
    >>> recorder.recording.weights().shape
    (3, 64, 5)
    """

    samples: npt.NDArray[np.int64]
    times: npt.NDArray[np.float64]
    seconds: npt.NDArray[np.float64]
    variables: Mapping[str, Any]

    plot_receptive_fields = weights.plot_receptive_fields
    plot_weight_distribution = weights.plot_weight_distribution
    plot_weight_change = weights.plot_weight_change
    plot_homeostasis = histories.plot_homeostasis
    plot_traces = states.plot_traces
    plot_eligibility = eligibility.plot_eligibility
    write_page = page.write_page

    def __init__(self, layout: Layout, columns: Mapping[str, Any], *, file: Any = None) -> None:
        self._layout, self._file = layout, file
        self.samples, self.times, self.seconds = (
            np.asarray(columns[name][:]) for name in ("samples", "times", "seconds")
        )
        self.rates: Any = columns.get("rates")
        self.variables = {name: columns[f"variables/{name}"] for name in layout.widths}
        self.populations: dict[str, int] = dict(layout.populations)
        self.projections: dict[str, RecordedProjection] = dict(layout.projections)
        self.watched = layout.watched

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Open a file that a recorder or :meth:`save` wrote, also while it is being written.

        Parameters
        ----------
        path : path-like
            The file.

        Returns
        -------
        recording : PlasticityRecording
            It reads from the file until it is closed.

        Raises
        ------
        DataNotFoundError
            If there is no such file.
        DataError
            If it is no recording, damaged, or of a later version.
        """
        file, layout = open_recording(Path(path))
        n_points = int(file.attrs["n_points"])
        columns = {name: WrittenRows(file[name], n_points) for name in layout.columns}
        return cls(layout, columns, file=file)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write all moments to an HDF5 file.

        Parameters
        ----------
        path : path-like
            The file.
        overwrite : bool
            Whether to replace an existing file.

        Raises
        ------
        ParameterError
            If the file exists.
        StorageError
            If it cannot be written.
        """
        store = Store(self._layout, Path(path), overwrite=overwrite)
        store.reserve(len(self))
        columns = {name: getattr(self, name) for name in ("samples", "times", "seconds", "rates")}
        columns |= {f"variables/{name}": column for name, column in self.variables.items()}
        for row in range(len(self)):
            rows = {name: columns[name][row : row + 1] for name in self._layout.columns}
            store.write(rows, np.zeros(1, dtype=np.int64))

    def close(self) -> None:
        """Close the file; what was read from it stays."""
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self.samples)

    def __repr__(self) -> str:
        parts = [f"{name} ({width:,})" for name, width in self._layout.widths.items()]
        if self.watched:
            parts.append(f"rates ({self._layout.n_watched:,})")
        span = f" of samples {self.samples[0]:,} to {self.samples[-1]:,}" if len(self) else ""
        megabytes = len(self) * self._layout.point_bytes / 1e6
        where = f" in {self._file.filename}" if self._file else ""
        return (
            f"<PlasticityRecording: {len(self)} moments{span}; {', '.join(parts)}; "
            f"{megabytes:.3g} MB{where}>"
        )

    def with_role(self, role: str) -> list[str]:
        """Name the recorded variables of a role.

        Parameters
        ----------
        role : {"weights", "traces", "thresholds", "other"}
            What they are.

        Returns
        -------
        names : list of str
        """
        return [name for name, its in self._layout.roles.items() if its == role]

    def last_points(self, most: int | None = None) -> npt.NDArray[np.int64]:
        """Find the last moment of each recorded sample.

        Parameters
        ----------
        most : int, optional
            Of more samples choose so many evenly, the first and the last among them.

        Returns
        -------
        points : ndarray of shape (n_samples,)
            Where these moments stand in the recording.

        Raises
        ------
        ParameterError
            If nothing was recorded.
        """
        if not len(self):
            raise ParameterError("PlasticityRecording: holds no moment; train a network first")
        points = np.flatnonzero(np.append(np.diff(self.samples) != 0, True))
        return points if most is None else evenly(points, most)

    def watched_columns(self, population: str) -> slice:
        """Find the columns of `rates` that belong to a watched population."""
        before = self.watched[: self.watched.index(population)]
        first = sum(self.populations[name] for name in before)
        return slice(first, first + self.populations[population])

    @property
    def neurons(self) -> npt.NDArray[np.int64]:
        """Postsynaptic neurons whose weights are kept, of the projection that has some recorded.

        Raises
        ------
        ParameterError
            If there are several, each with other neurons; `projections` has them all.
        """
        names = self.with_role("weights")
        kept = [self.projections[name.partition(".")[0]].neurons for name in names]
        if any(not np.array_equal(kept[0], other) for other in kept[1:]):
            raise ParameterError(
                "PlasticityRecording.neurons: the projections keep different neurons; read "
                "projections[name].neurons"
            )
        return kept[0] if kept else np.zeros(0, dtype=np.int64)

    def weights(
        self, projection: str | None = None, *, points: Points = None
    ) -> npt.NDArray[np.float32]:
        """Return the recorded weights of a projection.

        Parameters
        ----------
        projection : str, optional
            Its name; the only one with recorded weights where None.
        points : int, slice or array of int, increasing, optional
            Moments to read; all where None.

        Returns
        -------
        weights : ndarray of shape (n_moments, n_pre, n_kept) or (n_moments, n_synapses)
            The former of an all-to-all projection. Without the first axis where `points` is a
            number.

        Raises
        ------
        ParameterError
            If no weights were recorded, none of that projection, or those of several and
            `projection` does not say which.
        """
        name, found = self._weights(projection)
        chosen = slice(None) if points is None else points
        values: npt.NDArray[np.float32] = self.variables[name][chosen]
        if found.wiring != "all_to_all":
            return values
        return values.reshape(*values.shape[:-1], found.n_pre, len(found.neurons))

    def weight_matrix(self, point: int, projection: str | None = None) -> npt.NDArray[np.float32]:
        """Return the weights of one moment as a matrix, whatever the wiring.

        Parameters
        ----------
        point : int
            The moment.
        projection : str, optional
            As in :meth:`weights`.

        Returns
        -------
        weights : ndarray of shape (n_pre, n_kept)
            NaN where there is no synapse.
        """
        name, found = self._weights(projection)
        values = self.weights(name.partition(".")[0], points=point)
        if values.ndim == 2:
            return values
        matrix = np.full((found.n_pre, len(found.neurons)), np.nan, dtype=np.float32)
        matrix[found.i, np.searchsorted(found.neurons, found.j)] = values
        return matrix

    def thresholds(self, population: str | None = None) -> npt.NDArray[np.float32] | None:
        """Return the recorded thresholds of a population.

        Parameters
        ----------
        population : str, optional
            Its name; the only one with recorded thresholds where None.

        Returns
        -------
        thresholds : ndarray of shape (n_moments, n_neurons), in volts, or None
            The adaptive part; None where none were recorded.

        Raises
        ------
        ParameterError
            If none of that population were recorded, or those of several and `population` does not
            say which.
        """
        name = self._only("thresholds", population, "population")
        return None if name is None else self.variables[name][:]

    def traces(self) -> dict[str, npt.NDArray[np.float32]]:
        """Return the recorded traces.

        Returns
        -------
        traces : dict of str to ndarray of shape (n_moments, n_neurons)
            By ``"population.trace"``, or ``"projection.trace"`` where a synapse has its own.
        """
        return {name: self.variables[name][:] for name in self.with_role("traces")}

    def _weights(self, projection: str | None) -> tuple[str, RecordedProjection]:
        name = self._only("weights", projection, "projection")
        if name is None:
            raise ParameterError(
                "PlasticityRecording.weights: none were recorded; give the recorder "
                'variables=("weights", ...) and the network a plasticity rule'
            )
        return name, self.projections[name.partition(".")[0]]

    def _only(self, role: str, owner: str | None, kind: str) -> str | None:
        names = {name.partition(".")[0]: name for name in self.with_role(role)}
        if owner is None and len(names) <= 1:
            return next(iter(names.values()), None)
        if owner not in names:
            raise ParameterError(
                f"PlasticityRecording.{role}.{kind}: must be one of "
                f"{', '.join(map(repr, names)) or '(none recorded)'}, got {owner!r}"
            )
        return names[owner]
