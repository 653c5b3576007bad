"""An instrument that watches plasticity while a network learns."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic._quantities import amounts, whole
from bioplastic.engine.program import ChunkResult, ProbePlan
from bioplastic.errors import ParameterError
from bioplastic.inspect._recording_file import Store, existing
from bioplastic.inspect._recording_intervals import (
    Activity,
    SampleGrid,
    increasing,
    last_presentations,
    merged,
    moments_within,
    steps_of,
)
from bioplastic.inspect._recording_layout import Layout, choose
from bioplastic.inspect.recording import PlasticityRecording
from bioplastic.models import Network

#: Fewer snapshots than these tell nothing of how a training went.
MIN_SNAPSHOTS = 8


class PlasticityRecorder:
    """Record weights, traces, thresholds and rates while a network learns.

    Give it to a run: ``DiehlCook().fit(X, recorder=recorder)`` or
    ``engine.run(..., recorder=recorder)``, on any engine. It records the state in which training
    begins (as sample -1, before the first normalisation), the state after every `every`-th sample,
    and after the last. A sample that is presented again counts with its last presentation. Further
    runs with the same recorder are counted on; the last sample of a run stays in the recording
    only if nothing follows.

    Parameters
    ----------
    every : int
        Samples from one snapshot to the next.
    samples : sequence of int, increasing, optional
        Exactly these presentations, counted from 0 over all of the training, in place of `every`;
        -1 is the state in which training begins.
    times : Quantity or sequence of float, in seconds, increasing, optional
        When within each of these samples, rounded to steps; several make several moments of a
        snapshot. None is the end of the sample's slot, its rest included. In a network whose
        samples differ in length, moments beyond a sample's end are left out.
    variables : sequence of str
        ``"weights"`` of all projections with a plasticity rule, ``"traces"`` of their rules,
        ``"thresholds"`` (variables of the name theta), ``"rates"`` of the watched neurons; and
        names of single variables, such as ``"input_to_excitatory.w"`` or ``"excitatory.v"``.
        What a network does not have of the four words is left out.
    neurons : sequence of int, increasing, optional
        Postsynaptic neurons whose synapses are kept; all where None.
    max_bytes : int
        Largest size of the recording, in memory or in the file. Where a run has more than that to
        record, every other snapshot is left out, and again, until the rest fits: a recording always
        spans all of the training evenly.
    path : path-like, optional
        HDF5 file to which the recording is written as it goes; memory then holds what one chunk of
        samples gave. :meth:`PlasticityRecording.load` reads it, also after a crash or during the
        run.
    overwrite : bool
        Whether to replace an existing file.

    Attributes
    ----------
    recording : PlasticityRecording
        What was recorded so far.

    Raises
    ------
    ParameterError
        If a parameter has a wrong type or range, the file exists, and, when a run begins, if there
        is no variable or neuron of a name, a time lies beyond the end of a sample, `max_bytes` has
        no room for 8 snapshots, or a second run has another network than the first.
    StorageError
        If the file cannot be written.

    Notes
    -----
    An engine hands over the moments of one chunk of samples (1,000 at most) together, in double
    precision. For a small `every` that comes on top of `max_bytes` while a chunk is taken in.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.datasets import load_digits
    >>> from bioplastic.inspect import PlasticityRecorder
    >>> from bioplastic.networks import DiehlCook
    >>> recorder = PlasticityRecorder(every=2, variables=("weights", "thresholds"), neurons=[0, 3])
    >>> net = DiehlCook(5, n_epochs=1, presentation=20 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0,
    ...                 engine="numpy", random_state=0)
    >>> net = net.fit(load_digits().data[:4], recorder=recorder)
    >>> recorder.recording
    <PlasticityRecording: 3 moments of samples -1 to 3; input_to_excitatory.w (128),
     excitatory.theta (5); 0.00167 MB>
    """

    def __init__(
        self,
        every: int = 1000,
        *,
        samples: Sequence[int] | npt.NDArray[Any] | None = None,
        times: Any = None,
        variables: Sequence[str] = ("weights", "traces", "thresholds", "rates"),
        neurons: Sequence[int] | npt.NDArray[Any] | None = None,
        max_bytes: int = 256 * 2**20,
        path: str | os.PathLike[str] | None = None,
        overwrite: bool = False,
    ) -> None:
        self._samples = None if samples is None else increasing("samples", samples, low=-1)
        self._grid = SampleGrid(whole("PlasticityRecorder.every", every, 1), self._samples)
        self._times = None
        if times is not None:
            where = "PlasticityRecorder.times"
            self._times = amounts(where, times, plain=True, positive=True, rising=True)
        self._variables = _names(variables)
        self._neurons = None if neurons is None else increasing("neurons", neurons, low=0)
        self._max_bytes = whole("PlasticityRecorder.max_bytes", max_bytes, 1)
        self._path, self._overwrite = None if path is None else Path(path), overwrite
        if self._path is not None and self._path.exists() and not overwrite:
            raise ParameterError(f"PlasticityRecorder.{existing(self._path)}")
        self._layout: Layout | None = None
        self._n_seen = self._shift = 0
        self._handed_out: PlasticityRecording | None = None

    def __repr__(self) -> str:
        state = "nothing yet" if self._layout is None else f"{self._store.n_points} moments"
        return f"<PlasticityRecorder: {state}, {self._n_seen:,} samples seen>"

    @property
    def recording(self) -> PlasticityRecording:
        """What was recorded so far; of a file it is closed when a further run begins.

        Raises
        ------
        ParameterError
            If no run began yet.
        """
        if self._layout is None:
            raise ParameterError(
                "PlasticityRecorder.recording: nothing was recorded yet; give the recorder to a "
                "run first, e.g. DiehlCook().fit(X, recorder=recorder)"
            )
        self._close()
        if self._path is not None:
            self._handed_out = PlasticityRecording.load(self._path)
            return self._handed_out
        columns = {name: self._store.read(name) for name in self._layout.columns}
        return PlasticityRecording(self._layout, columns)

    def begin(
        self,
        network: Network,
        sizes: Mapping[str, int],
        state: Mapping[str, npt.NDArray[Any]],
        *,
        start: int,
        stop: int,
    ) -> None:
        """Prepare for a run; an engine calls it.

        Parameters
        ----------
        network : Network
            What runs.
        sizes : mapping of str to int
            Number of elements of every variable.
        state : mapping of str to ndarray, in base units
            Their values.
        start, stop : int
            Presentations of the run.
        """
        self._close()
        layout, kept = choose(
            network, sizes, state, variables=self._variables, neurons=self._neurons
        )
        dt = float(network.schedule.dt)
        self._steps = None if self._times is None else steps_of(self._times, network)
        moments = 1 if self._steps is None else len(self._steps)
        self._check_room(layout, moments)
        is_new = self._layout is None
        if self._layout is None:
            self._store = Store(layout, self._path, overwrite=self._overwrite)
            self._n_seen = start
        elif not layout.same_as(self._layout):
            raise ParameterError(
                "PlasticityRecorder: the network of this run differs from that of the last in what "
                "is recorded; make a new recorder"
            )
        self._layout, self._kept, self._dt = layout, kept, dt
        if is_new:
            self._activity = Activity(layout.n_watched)
        # A training that goes on where it was cut short has counted some samples before.
        self._shift = self._n_seen - start
        first, end = start + self._shift, stop + self._shift
        # After sample -1 nothing was learned yet, which is worth a moment wherever `every` lies.
        begins = self._samples is None or bool(self._grid.holds(np.array([first - 1]))[0])
        n_initial = int(is_new and begins)
        self._reserve(first, end, n_initial, moments)
        if n_initial:
            rows = {f"variables/{name}": np.asarray(state[name])[kept[name]][None] for name in kept}
            rows |= {"samples": np.array([first - 1]), "times": np.zeros(1), "seconds": np.zeros(1)}
            rows["rates"] = np.full((1, layout.n_watched), np.nan)
            self._store.write(rows, np.zeros(1, dtype=np.int64))

    def plan(self, start: int, n_steps: npt.NDArray[np.int64]) -> ProbePlan | None:
        """Say what to look at in a chunk; an engine calls it.

        Parameters
        ----------
        start : int
            First presentation of the chunk.
        n_steps : ndarray of shape (n_rows,)
            Length of its slots.

        Returns
        -------
        plan : ProbePlan or None
            None where there is nothing to look at.
        """
        self._n_steps = np.asarray(n_steps, dtype=np.int64)
        first = start + self._shift
        low, high = np.searchsorted(self._planned, [first, first + len(n_steps)])
        rows = self._planned[low:high] - first
        if not len(rows):
            return None
        rows, steps = moments_within(rows, self._n_steps[rows], self._steps)
        return ProbePlan(rows=rows, steps=steps, variables=self._kept)

    def record(self, start: int, result: ChunkResult) -> None:
        """Take what a chunk gave; an engine calls it.

        Parameters
        ----------
        start : int
            First presentation of the chunk.
        result : ChunkResult
            What the engine hands back.

        Raises
        ------
        StorageError
            If the file cannot be written.
        """
        # After Ctrl-C the last sample may be one that would have been presented again.
        n_done = int(result.state["schedule.cursor"][0])
        first = start + self._shift
        self._n_seen = first + n_done
        durations = self._n_steps * self._dt
        probed = result.probed
        if probed is None:
            self._activity.add(result, durations, np.zeros(0, dtype=np.int64))
            return
        chosen = last_presentations(probed, n_done)
        recorded = np.unique(probed.rows[chosen])
        rates, seconds = self._activity.add(result, durations, recorded)
        if not len(chosen):
            return
        interval = np.minimum(np.searchsorted(recorded, probed.rows), len(recorded) - 1)
        rows: dict[str, npt.NDArray[Any]] = {
            f"variables/{name}": values for name, values in probed.values.items()
        }
        rows |= {
            "samples": probed.rows + first,
            "times": (probed.steps + 1) * self._dt,
            "seconds": seconds[interval],
            "rates": rates[interval],
        }
        self._store.write(rows, chosen)

    # ------------------------------------------------------------------ budget

    def _check_room(self, layout: Layout, moments: int) -> None:
        snapshot = layout.point_bytes * moments
        least = MIN_SNAPSHOTS
        if self._samples is not None:
            least = max(min(least, len(self._samples)), 1)
        if self._max_bytes < least * snapshot:
            raise ParameterError(
                f"PlasticityRecorder.max_bytes: must have room for {least} snapshots of "
                f"{snapshot:,} bytes, got {self._max_bytes:,}; allow more, or choose fewer "
                f"neurons, variables or times"
            )

    def _reserve(self, first: int, end: int, n_initial: int, moments: int) -> None:
        """Choose the samples of a run, and thin what there is, so that all of it fits."""
        assert self._layout is not None
        capacity = self._max_bytes // self._layout.point_bytes
        samples = self._store.read("samples")
        while True:
            kept = self._grid.holds(samples) | (samples == samples[:1])
            self._planned = self._grid.between(first, end)
            n_points = int(kept.sum()) + n_initial + len(self._planned) * moments
            if n_points <= capacity:
                break
            self._grid.halve()
        if not kept.all():
            seconds = self._store.read("seconds")
            rates = np.zeros((len(seconds), 0))
            if self._layout.watched:
                rates = self._store.read("rates").astype(np.float64)
            rates, seconds = merged(samples, rates, seconds, kept, self._activity)
            self._store.keep(np.flatnonzero(kept), {"seconds": seconds, "rates": rates})
        self._store.reserve(n_points)

    def _close(self) -> None:
        if self._handed_out is not None:
            self._handed_out.close()


def _names(variables: Sequence[str]) -> tuple[str, ...]:
    """Return names of variables."""
    if isinstance(variables, str) or not all(isinstance(name, str) for name in variables):
        raise ParameterError(
            f"PlasticityRecorder.variables: must be a sequence of names, got {variables!r}; give "
            'e.g. ("weights", "rates")'
        )
    return tuple(variables)
