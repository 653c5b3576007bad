"""Quantities over the training, and traces within a sample, that a page shows."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from bioplastic.inspect.recording import PlasticityRecording

__all__ = ["PERCENTS", "Course", "Numbers", "Trace", "activity", "evenly", "traces_within"]

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


def evenly[Number: np.generic](numbers: npt.NDArray[Number], most: int) -> npt.NDArray[Number]:
    """Choose that many at most, the first and the last among them."""
    chosen = np.linspace(len(numbers) - 1, 0, min(most, len(numbers))).round().astype(np.int64)
    return numbers[chosen[::-1]]


def activity(
    recording: PlasticityRecording,
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
        names = recording.watched[: recording.watched.index(population)]
        first = sum(recording.populations[name] for name in names)
        columns = slice(first, first + recording.populations[population])
        rates = _rates_between(recording, points, columns)
        courses.append(_course("rate", "firing rate (Hz)", rates, shown))
    return courses


def _course(key: str, label: str, values: Numbers, shown: npt.NDArray[np.int64]) -> Course:
    summary = np.full((3, len(values)), np.nan)
    known = np.isfinite(values).all(axis=1)
    summary[:, known] = np.percentile(values[known], PERCENTS, axis=1)
    return Course(key=key, label=label, middle=summary[1], band=summary[::2], own=values[:, shown])


def _rates_between(
    recording: PlasticityRecording, points: npt.NDArray[np.int64], columns: slice
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


def traces_within(
    recording: PlasticityRecording,
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
