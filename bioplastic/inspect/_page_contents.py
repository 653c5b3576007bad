"""What a page shows of a recording: chosen moments and neurons, and what is drawn of them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from bioplastic.inspect._recording_intervals import evenly
from bioplastic.inspect.receptive_fields import neurons_of, tile_shape

if TYPE_CHECKING:
    from bioplastic.inspect.recording import PlasticityRecording

N_BINS: Final = 50
#: More times within a sample than these give no better picture of a trace.
MAX_TIMES: Final = 100
#: Lower end of a band, middle, upper end.
PERCENTS: Final = (10, 50, 90)
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Course:
    """A quantity over the training.

    Parameters
    ----------
    key : str
        One word for it.
    label : str
        Its name and unit.
    middle : ndarray of shape (n_moments,)
        Over all that was recorded.
    own : ndarray of shape (n_moments, n_shown)
        Of each neuron that is shown.
    band : ndarray of shape (2, n_moments), optional
        From the 10th to the 90th percentile of all that was recorded.
    """

    key: str
    label: str
    middle: Numbers
    own: Numbers
    band: Numbers | None = None


@dataclass(frozen=True, eq=False)
class Trace:
    """A trace within the sample of each moment.

    Parameters
    ----------
    name : str
        As in the recording.
    mean : ndarray of shape (n_moments, n_times)
        Over all of its neurons or synapses.
    own : ndarray of shape (n_moments, n_times, n_shown), optional
        Of the neurons that are shown, where it is theirs.
    """

    name: str
    mean: Numbers
    own: Numbers | None


class Contents:
    """What a page shows, read from a recording one moment after the other.

    Parameters
    ----------
    where : str
        Who asks, for messages.
    recording : PlasticityRecording
        The training.
    projection, shape, neurons, max_neurons, max_moments
        As in :func:`write_page`.

    Attributes
    ----------
    projection : str
        Whose weights.
    done : ndarray of shape (n_moments,)
        Samples presented at each moment.
    neurons : ndarray of shape (n_shown,)
        Postsynaptic neurons that are shown.
    tile, grid : tuple of int
        Height and width of a field in pixels; rows and columns of fields.
    fields : ndarray of shape (n_moments, n_shown, n_pre)
        Their weights, NaN where there is no synapse.
    low, high : float
        Smallest weight or 0, and the largest, of all that were recorded.
    share : ndarray of shape (n_moments, n_bins)
        Share of all recorded synapses, in percent, with a weight in each of the bins.
    courses : tuple of Course
        Of weights, their change, thresholds and rates, as far as they were recorded.
    times : ndarray of shape (n_times,), in seconds
        Within a sample, of the traces.
    traces : tuple of Trace
        Empty where fewer than two times of a sample were recorded.

    Raises
    ------
    ParameterError
        If there are no weights, no such projection or neuron, or the shape does not fit.
    """

    def __init__(
        self,
        where: str,
        recording: "PlasticityRecording",
        *,
        projection: str | None,
        shape: tuple[int, int] | None,
        neurons: Sequence[int] | npt.NDArray[Any] | None,
        max_neurons: int,
        max_moments: int,
    ) -> None:
        recording.weights(projection, points=slice(0, 0))  # says what is wrong with `projection`
        self.projection = projection or recording.with_role("weights")[0].partition(".")[0]
        self._recording = recording
        found = recording.projections[self.projection]
        self._post = found.post
        self.neurons = neurons_of(where, found.neurons, neurons, max_neurons)
        self.tile = self._tile(where, shape, found.n_pre)
        n, (height, width) = len(self.neurons), self.tile
        n_columns = min(n, max(1, math.ceil(math.sqrt(n * height / width)))) if width > 1 else n
        self.grid = math.ceil(n / n_columns), n_columns
        self._points = recording.last_points(max_moments)
        self.done = recording.samples[self._points] + 1
        weights = self._weights(np.searchsorted(found.neurons, self.neurons))
        self.courses = (*weights, *self._activity())
        self.share = self._share(np.linspace(self.low, self.high, N_BINS + 1))
        self.times, self.traces = self._traces_within()

    def _tile(self, where: str, shape: tuple[int, int] | None, n_pre: int) -> tuple[int, int]:
        if shape is None and (math.isqrt(n_pre) ** 2 != n_pre or n_pre < 4):
            return n_pre, 1  # no image: each neuron is a column of the weight matrix
        return tile_shape(f"{where}.shape", shape, n_pre)

    def _weights(self, columns: npt.NDArray[np.intp]) -> tuple[Course, Course]:
        n, shown = len(self._points), len(columns)
        n_pre = self._recording.projections[self.projection].n_pre
        self.fields = np.empty((n, shown, n_pre), dtype=np.float32)
        weights, change = np.full((3, n), np.nan), np.full(n, np.nan)
        own_weights, own_change = np.full((2, n, shown), np.nan)
        self.low = self.high = 0.0
        before: Any = None
        for row, point in enumerate(self._points):  # all may be more than the memory holds
            matrix = self._recording.weight_matrix(int(point), self.projection)
            # A neuron without synapses has a column without numbers.
            part = np.ma.masked_invalid(matrix.astype(np.float64))
            self.fields[row] = part[:, columns].filled(np.nan).T
            values = part.compressed()
            if values.size:
                self.low = min(self.low, float(values.min()))
                self.high = max(self.high, float(values.max()))
                weights[:, row] = np.percentile(values, PERCENTS)
            own_weights[row] = np.ma.median(part[:, columns], axis=0).filled(np.nan)
            if before is not None:
                moved = np.abs(part - before) / (self.done[row] - self.done[row - 1])
                change[row] = moved.mean() if moved.count() else np.nan
                own_change[row] = moved[:, columns].mean(axis=0).filled(np.nan)
            before = part
        self.high = self.high if self.high > self.low else self.low + 1.0
        return (
            Course("weight", "median weight", weights[1], own_weights, weights[::2]),
            Course("change", "mean |Δw| per sample", change, own_change),
        )

    def _share(self, bins: Numbers) -> Numbers:
        share = np.zeros((len(self._points), len(bins) - 1))
        for row, point in enumerate(self._points):
            weights = self._recording.weights(self.projection, points=int(point)).ravel()
            weights = weights[np.isfinite(weights)].astype(np.float64)
            share[row] = 100 * np.histogram(weights, bins)[0] / max(weights.size, 1)
        return share

    def _activity(self) -> Iterator[Course]:
        recording, names = self._recording, self._recording.with_role("thresholds")
        theta = next((name for name in names if name.partition(".")[0] == self._post), None)
        if theta is not None:
            values = recording.variables[theta][self._points].astype(np.float64)
            yield self._course("threshold", "threshold θ (mV)", 1e3 * values)
        if recording.rates is not None and self._post in recording.watched:
            rates = self._rates_between(recording.watched_columns(self._post))
            yield self._course("rate", "firing rate (Hz)", rates)

    def _course(self, key: str, label: str, values: Numbers) -> Course:
        summary = np.full((3, len(values)), np.nan)
        known = np.isfinite(values).all(axis=1)
        summary[:, known] = np.percentile(values[known], PERCENTS, axis=1)
        return Course(key, label, summary[1], values[:, self.neurons], summary[::2])

    def _rates_between(self, columns: slice) -> Numbers:
        """Return rates over all that came since the moment before; moments may be few of many."""
        recording = self._recording
        every = recording.last_points()
        seconds = recording.seconds[every]
        spikes = np.nan_to_num(recording.rates[:, columns][every].astype(np.float64))
        spikes *= seconds[:, None]
        chosen = np.searchsorted(every, self._points)
        total, elapsed = (
            np.diff(np.cumsum(counts, axis=0)[chosen], axis=0, prepend=0 * counts[:1])
            for counts in (spikes, seconds)
        )
        known = elapsed > 0
        rates = np.full(total.shape, np.nan)
        rates[known] = total[known] / elapsed[known, None]
        return rates

    def _traces_within(self) -> tuple[Numbers, tuple[Trace, ...]]:
        recording, n = self._recording, len(self._points)
        names = recording.with_role("traces")
        samples = recording.samples[self._points]
        inside = np.isin(recording.samples, samples)
        times = evenly(np.unique(recording.times[inside]), MAX_TIMES)
        if not names or n == np.count_nonzero(inside) or len(times) < 2:
            return times[:0], ()
        chosen = np.flatnonzero(inside & np.isin(recording.times, times))
        rows = np.searchsorted(samples, recording.samples[chosen])
        columns = np.searchsorted(times, recording.times[chosen])
        traces = []
        for name in names:
            mean, own = np.full((n, len(times)), np.nan), None
            if name.partition(".")[0] == self._post:
                own = np.full((*mean.shape, len(self.neurons)), np.nan)
            for row in range(n):
                here = rows == row
                values = np.asarray(recording.variables[name][chosen[here]], dtype=np.float64)
                mean[row, columns[here]] = values.mean(axis=1)
                if own is not None:
                    own[row, columns[here]] = values[:, self.neurons]
            traces.append(Trace(name=name, mean=mean, own=own))
        return times, tuple(traces)
