"""What a page shows of a recording: chosen moments and neurons, and what is drawn of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from bioplastic.errors import ParameterError
from bioplastic.inspect._mosaic import tile_shape
from bioplastic.inspect._page_courses import (
    PERCENTS,
    Course,
    Numbers,
    Trace,
    activity,
    evenly,
    traces_within,
)
from bioplastic.inspect.recording import PlasticityRecording

__all__ = ["Contents", "collect"]

N_BINS: Final = 50


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
    recording: PlasticityRecording,
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
    shown = _shown(where, found.neurons, neurons, max_neurons)
    columns = np.searchsorted(found.neurons, shown)
    tile = _tile(where, shape, found.n_pre, len(shown))
    points = evenly(recording.last_points(), max_moments)
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
        *activity(recording, found.post, points, shown),
    ]
    times, traces = traces_within(recording, found.post, points, shown)
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


def _shown(
    where: str,
    kept: npt.NDArray[np.int64],
    neurons: Sequence[int] | npt.NDArray[Any] | None,
    max_neurons: int,
) -> npt.NDArray[np.int64]:
    if neurons is None:
        return kept[:max_neurons]
    chosen = np.asarray(neurons).ravel()
    if not len(chosen) or not np.isin(chosen, kept).all():
        raise ParameterError(
            f"{where}.neurons: must be neurons whose weights were recorded, "
            f"{', '.join(map(str, kept[:20]))}{', ...' if len(kept) > 20 else ''}; got {neurons!r}"
        )
    return chosen.astype(np.int64)


def _tile(where: str, shape: tuple[int, int] | None, n_pre: int, n_shown: int) -> tuple[int, int]:
    if shape is None and (math.isqrt(n_pre) ** 2 != n_pre or n_pre < 4):
        return n_pre, 1  # no image: each neuron is a column of the weight matrix
    return tile_shape(f"{where}.shape", shape, n_pre)


def _share(
    recording: PlasticityRecording, projection: str, points: npt.NDArray[np.int64], bins: Numbers
) -> Numbers:
    share = np.zeros((len(points), len(bins) - 1))
    for row, point in enumerate(points):
        weights = recording.weights(projection, points=int(point)).ravel()
        weights = weights[np.isfinite(weights)].astype(np.float64)
        share[row] = 100 * np.histogram(weights, bins)[0] / max(weights.size, 1)
    return share
