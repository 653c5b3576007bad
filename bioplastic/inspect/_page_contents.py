"""What a page shows of a recording: chosen moments and neurons, and what is drawn of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from bioplastic.inspect._recording_intervals import evenly
from bioplastic.inspect.receptive_fields import neurons_of, tile_shape

if TYPE_CHECKING:
    from bioplastic.inspect.recording import PlasticityRecording

__all__ = ["Contents", "Course", "collect"]

N_BINS: Final = 50
#: More times within a sample than these give no better picture of a trace.
MAX_TIMES: Final = 100
#: Lower end of a band, middle, upper end.
PERCENTS: Final = (10, 50, 90)
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
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
    band : ndarray of shape (2, n_moments), optional
        From the 10th to the 90th percentile of all that was recorded.
    own : ndarray of shape (n_moments, n_shown)
        Of each neuron that is shown.
    """

    key: str
    label: str
    middle: Numbers
    band: Numbers | None = None
    own: Numbers


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
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


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Contents:
    """What a page shows.

    Parameters
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
    """

    projection: str
    done: npt.NDArray[np.int64]
    neurons: npt.NDArray[np.int64]
    tile: tuple[int, int]
    grid: tuple[int, int]
    fields: npt.NDArray[np.float32]
    low: float
    high: float
    share: Numbers
    courses: tuple[Course, ...]
    times: Numbers
    traces: tuple[Trace, ...]


def collect(
    where: str,
    recording: "PlasticityRecording",
    *,
    projection: str | None,
    shape: tuple[int, int] | None,
    neurons: Sequence[int] | npt.NDArray[Any] | None,
    max_neurons: int,
    max_moments: int,
) -> Contents:
    """Read from a recording what a page shows, one moment after the other.

    Raises
    ------
    ParameterError
        If there are no weights, no such projection or neuron, or the shape does not fit.
    """
    recording.weights(projection, points=slice(0, 0))  # says what is wrong with `projection`
    name = projection or recording.with_role("weights")[0].partition(".")[0]
    found = recording.projections[name]
    shown = neurons_of(where, found.neurons, neurons, max_neurons)
    columns = np.searchsorted(found.neurons, shown)
    tile = _tile(where, shape, found.n_pre, len(shown))
    points = recording.last_points(max_moments)
    done = recording.samples[points] + 1

    fields = np.empty((len(points), len(shown), found.n_pre), dtype=np.float32)
    weights, change = np.full((3, len(points)), np.nan), np.full(len(points), np.nan)
    own_weights, own_change = (np.full(fields.shape[:2], np.nan) for _ in range(2))
    low = high = 0.0
    before: Any = None
    for row, point in enumerate(points):  # all may be more than the memory holds
        matrix = recording.weight_matrix(int(point), name)
        # A neuron without synapses has a column without numbers.
        part = np.ma.masked_invalid(matrix.astype(np.float64))
        fields[row] = part[:, columns].filled(np.nan).T
        values = part.compressed()
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
            weights[:, row] = np.percentile(values, PERCENTS)
        own_weights[row] = np.ma.median(part[:, columns], axis=0).filled(np.nan)
        if before is not None:
            moved = np.abs(part - before) / (done[row] - done[row - 1])
            change[row] = moved.mean() if moved.count() else np.nan
            own_change[row] = moved[:, columns].mean(axis=0).filled(np.nan)
        before = part
    high = high if high > low else low + 1.0
    courses = [
        Course(
            key="weight",
            label="median weight",
            middle=weights[1],
            band=weights[::2],
            own=own_weights,
        ),
        Course(key="change", label="mean |Δw| per sample", middle=change, own=own_change),
        *_activity(recording, found.post, points, shown),
    ]
    times, traces = _traces_within(recording, found.post, points, shown)
    n_columns = min(len(shown), max(1, math.ceil(math.sqrt(len(shown) * tile[0] / tile[1]))))
    if tile[1] == 1:
        n_columns = len(shown)
    return Contents(
        projection=name,
        done=done,
        neurons=shown,
        tile=tile,
        grid=(math.ceil(len(shown) / n_columns), n_columns),
        fields=fields,
        low=low,
        high=high,
        share=_share(recording, name, points, np.linspace(low, high, N_BINS + 1)),
        courses=tuple(courses),
        times=times,
        traces=traces,
    )


def _tile(where: str, shape: tuple[int, int] | None, n_pre: int, n_shown: int) -> tuple[int, int]:
    if shape is None and (math.isqrt(n_pre) ** 2 != n_pre or n_pre < 4):
        return n_pre, 1  # no image: each neuron is a column of the weight matrix
    return tile_shape(f"{where}.shape", shape, n_pre)


def _share(
    recording: "PlasticityRecording", projection: str, points: npt.NDArray[np.int64], bins: Numbers
) -> Numbers:
    share = np.zeros((len(points), len(bins) - 1))
    for row, point in enumerate(points):
        weights = recording.weights(projection, points=int(point)).ravel()
        weights = weights[np.isfinite(weights)].astype(np.float64)
        share[row] = 100 * np.histogram(weights, bins)[0] / max(weights.size, 1)
    return share


def _activity(
    recording: "PlasticityRecording",
    population: str,
    points: npt.NDArray[np.int64],
    shown: npt.NDArray[np.int64],
) -> list[Course]:
    """Thresholds and rates of the postsynaptic neurons."""
    courses = []
    theta = next(
        (n for n in recording.with_role("thresholds") if n.partition(".")[0] == population), None
    )
    if theta is not None:
        values = 1e3 * np.asarray(recording.variables[theta][points], dtype=np.float64)
        courses.append(_course("threshold", "threshold θ (mV)", values, shown))
    if recording.rates is not None and population in recording.watched:
        rates = _rates_between(recording, points, recording.watched_columns(population))
        courses.append(_course("rate", "firing rate (Hz)", rates, shown))
    return courses


def _course(key: str, label: str, values: Numbers, shown: npt.NDArray[np.int64]) -> Course:
    summary = np.full((3, len(values)), np.nan)
    known = np.isfinite(values).all(axis=1)
    summary[:, known] = np.percentile(values[known], PERCENTS, axis=1)
    return Course(key=key, label=label, middle=summary[1], band=summary[::2], own=values[:, shown])


def _rates_between(
    recording: "PlasticityRecording", points: npt.NDArray[np.int64], columns: slice
) -> Numbers:
    """Rates since the chosen moment before, so that what lies between counts too."""
    every = recording.last_points()
    seconds = recording.seconds[every]
    spikes = np.nan_to_num(recording.rates[:, columns][every].astype(np.float64))
    spikes *= seconds[:, None]
    chosen = np.searchsorted(every, points)
    total, elapsed = (
        np.diff(np.cumsum(counts, axis=0)[chosen], axis=0, prepend=0 * counts[:1])
        for counts in (spikes, seconds)
    )
    known = elapsed > 0
    rates = np.full(total.shape, np.nan)
    rates[known] = total[known] / elapsed[known, None]
    return rates


def _traces_within(
    recording: "PlasticityRecording",
    population: str,
    points: npt.NDArray[np.int64],
    shown: npt.NDArray[np.int64],
) -> tuple[Numbers, tuple[Trace, ...]]:
    """Traces over the time within the sample of each chosen moment; none where it has one time."""
    names = recording.with_role("traces")
    samples = recording.samples[points]
    inside = np.isin(recording.samples, samples)
    times = evenly(np.unique(recording.times[inside]), MAX_TIMES)
    if not names or len(points) == len(inside.nonzero()[0]) or len(times) < 2:
        return times[:0], ()
    chosen = np.flatnonzero(inside & np.isin(recording.times, times))
    rows = np.searchsorted(samples, recording.samples[chosen])
    columns = np.searchsorted(times, recording.times[chosen])
    traces = []
    for name in names:
        is_theirs = name.partition(".")[0] == population
        mean = np.full((len(points), len(times)), np.nan)
        own = np.full((*mean.shape, len(shown)), np.nan) if is_theirs else None
        for row in range(len(points)):
            here = rows == row
            values = np.asarray(recording.variables[name][chosen[here]], dtype=np.float64)
            mean[row, columns[here]] = values.mean(axis=1)
            if own is not None:
                own[row, columns[here]] = values[:, shown]
        traces.append(Trace(name=name, mean=mean, own=own))
    return times, tuple(traces)
