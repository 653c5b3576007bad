"""How far apart the answers of a network to different inputs are: its separation property."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from brian2 import Hz, ms, second
from matplotlib.axes import Axes
from sklearn.utils import check_random_state

from bioplastic._quantities import amount, amounts, base_units, number, whole
from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect._style import INK, declutter, label, new_axes
from bioplastic.spikes import SpikeTrains

#: Pairs drawn at once, and how many are drawn before a distance counts as out of reach.
_BATCH, _MOST = 4000, 2_000_000
#: Two spikes further apart than this, in units of tau, have a product below rounding.
_REACH = 9.0


def spike_train_distance(
    u: SpikeTrains, v: SpikeTrains, *, tau: Any = 5 * ms
) -> npt.NDArray[np.float64]:
    r"""Distance of spike trains, sample by sample.

    Each train is convolved with the kernel :math:`\exp(-(t/\tau)^2)`. The distance is the integral
    over all times of the squared difference, summed over the units, divided by the sample's
    duration.

    Parameters
    ----------
    u, v : SpikeTrains of shape (n_samples, n_units)
        Sample `k` of one is compared with sample `k` of the other; durations must be the same.
    tau : Quantity of time, default=5 ms
        Width of the kernel; its standard deviation is ``tau/sqrt(2)``.

    Returns
    -------
    distances : ndarray of shape (n_samples,)
        Without a unit. A spike that the other train lacks adds ``tau*sqrt(pi/2)/duration``, which
        is 0.0125 for 5 ms and 0.5 s.

    Raises
    ------
    DataError
        If `u` and `v` do not fit each other, or a sample has no duration.
    ParameterError
        If `tau` is no time above 0.

    Notes
    -----
    Maass et al. 2002 speak of the L2 norm, but no square root is taken here: two random trains of
    20 Hz and 0.5 s then have a distance of 0.25 on average, and pairs at the distances 0.1, 0.2
    and 0.4 of their figure 2 turn up by chance. With the root they would not. The integral is
    exact, in closed form.

    Examples
    --------
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.inspect.separation import spike_train_distance
    >>> u = SpikeTrains([0.1, 0.3], [0, 0], [0, 2], n_units=1, duration=0.5)
    >>> v = SpikeTrains([0.1], [0], [0, 1], n_units=1, duration=0.5)
    >>> spike_train_distance(u, v).round(4)
    array([0.0125])
    """
    _check_pair("spike_train_distance", u, v)
    width = amount("spike_train_distance.tau", tau, second)
    if (u.duration <= 0).any():
        raise DataError("spike_train_distance: every sample must have a duration above 0")
    samples, times, units, signs = _difference(u, v)
    order = np.lexsort((times, samples * u.n_units + units))
    samples, times, units, signs = (part[order] for part in (samples, times, units, signs))
    # The product of two Gaussians is one of their distance; first every spike with itself, then
    # with the next one of its unit, with the one after that, and so on while any are near.
    total = np.bincount(samples, minlength=len(u)).astype(np.float64)
    first = np.arange(len(times))
    for lag in range(1, len(times)):
        first = first[first + lag < len(times)]
        second_ = first + lag
        gap = times[second_] - times[first]
        near = (samples[first] == samples[second_]) & (units[first] == units[second_])
        first, second_, gap = (x[near & (gap < _REACH * width)] for x in (first, second_, gap))
        if not len(first):
            break
        product = 2 * signs[first] * signs[second_] * np.exp(-((gap / width) ** 2) / 2)
        total += np.bincount(samples[first], product, minlength=len(u))
    # Equal trains cancel to rounding only.
    distances: npt.NDArray[np.float64] = np.maximum(total, 0.0) * width * np.sqrt(np.pi / 2)
    return distances / u.duration


def pairs_at_distance(
    distance: float,
    n_pairs: int = 200,
    *,
    rate: Any = 20 * Hz,
    duration: Any = 0.5 * second,
    tau: Any = 5 * ms,
    tolerance: float = 0.01,
    random_state: Any = None,
) -> tuple[SpikeTrains, SpikeTrains]:
    """Draw pairs of Poisson spike trains that are a given distance apart.

    Independent pairs are drawn, and those kept whose distance lies within the tolerance. At
    distance 0 both trains of a pair are the same.

    Parameters
    ----------
    distance : float
        Distance as :func:`spike_train_distance` measures it.
    n_pairs : int, default=200
        Number of pairs.
    rate : Quantity in hertz, default=20 Hz
        Rate of the trains that are drawn. Among those that are kept, distant pairs have more
        spikes than near ones.
    duration : Quantity of time, default=0.5 s
        Length of a train.
    tau : Quantity of time, default=5 ms
        Width of the kernel.
    tolerance : float, default=0.01
        Largest difference between the distance of a pair and `distance`.
    random_state : int, RandomState or None
        Where the trains come from.

    Returns
    -------
    u, v : SpikeTrains of shape (n_pairs, 1)
        Sample `k` of one and sample `k` of the other are a pair.

    Raises
    ------
    ParameterError
        If a parameter has a wrong unit or range, or hardly any pair is at that distance.

    Examples
    --------
    >>> from bioplastic.inspect.separation import pairs_at_distance, spike_train_distance
    >>> u, v = pairs_at_distance(0.2, 3, random_state=0)
    >>> spike_train_distance(u, v).round(1)
    array([0.2, 0.2, 0.2])
    """
    where = "pairs_at_distance"
    length = amount(f"{where}.duration", duration, second)
    mean = amount(f"{where}.rate", rate, Hz) * length
    distance = number(f"{where}.distance", distance, 0.0)
    tolerance = number(f"{where}.tolerance", tolerance, 0.0)
    n_pairs = whole(f"{where}.n_pairs", n_pairs, 1)
    random = check_random_state(random_state)
    if distance == 0:
        u = _poisson(random, n_pairs, mean, length)
        return u, u
    found: list[tuple[SpikeTrains, SpikeTrains]] = []
    n_found = n_drawn = 0
    while n_found < n_pairs:
        if n_drawn >= _MOST and n_found < n_pairs * n_drawn / (100 * _MOST):
            single = float(tau) * np.sqrt(np.pi / 2) / length  # of a spike without a partner
            raise ParameterError(
                f"{where}.distance: {n_found} of {n_drawn} random pairs are {distance:g} apart; "
                f"take a distance nearer to {2 * mean * single:.2g}, the mean of all, or a larger "
                f"tolerance than {tolerance:g}"
            )
        u, v = (_poisson(random, _BATCH, mean, length) for _ in range(2))
        n_drawn += _BATCH
        kept = np.flatnonzero(np.abs(spike_train_distance(u, v, tau=tau) - distance) <= tolerance)
        if len(kept):
            found.append((u[kept], v[kept]))
            n_found += len(kept)
    us, vs = (SpikeTrains.concatenate(parts)[:n_pairs] for parts in zip(*found, strict=True))
    return us, vs


def state_separation(
    u: SpikeTrains, v: SpikeTrains, times: Any, *, tau: Any = 30 * ms
) -> npt.NDArray[np.float64]:
    r"""Euclidean distance of the states of a liquid, pair by pair, at given times.

    A unit's state at time :math:`T` is the sum of :math:`\exp(-(T - t)/\tau)` over its spikes
    :math:`t \le T`, as :class:`bioplastic.readout.FilteredState` computes it.

    Parameters
    ----------
    u, v : SpikeTrains of shape (n_pairs, n_neurons)
        A liquid's spikes in response to the two inputs of each pair.
    times : Quantity of time of shape (n_times,)
        When the states are compared, rising, counted from the begin of each sample.
    tau : Quantity of time, default=30 ms
        Time constant of the states.

    Returns
    -------
    distances : ndarray of shape (n_pairs, n_times)
        The mean over pairs is a curve of figure 2 of Maass et al. 2002. (Their scale is that of
        the mean square over neurons: ``distances**2 / n_neurons``.)

    Raises
    ------
    DataError
        If `u` and `v` do not fit each other.
    ParameterError
        If `times` do not rise or `tau` is no time above 0.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic import SpikeTrains
    >>> from bioplastic.inspect.separation import state_separation
    >>> u = SpikeTrains([0.01, 0.04], [0, 1], [0, 2], n_units=2, duration=0.1)
    >>> v = SpikeTrains([0.04], [1], [0, 1], n_units=2, duration=0.1)
    >>> state_separation(u, v, [5, 10, 40] * ms).round(3)
    array([[0.   , 1.   , 0.368]])
    """
    _check_pair("state_separation", u, v)
    decay = amount("state_separation.tau", tau, second)
    moments = amounts("state_separation.times", times, rising=True)
    fade = np.exp(-np.diff(moments, prepend=moments[:1]) / decay)
    distances = np.empty((len(u), len(moments)))
    for k in range(len(u)):
        _, events, units, signs = _difference(u[k], v[k])
        seen = np.searchsorted(moments, events)
        kept = seen < len(moments)
        seen, weight = seen[kept], signs[kept]
        weight = weight * np.exp(-(moments[seen] - events[kept]) / decay)
        state = np.zeros(u.n_units)
        fresh = np.bincount(
            seen * u.n_units + units[kept], weight, minlength=len(moments) * u.n_units
        ).reshape(len(moments), u.n_units)
        for m in range(len(moments)):
            state = state * fade[m] + fresh[m]
            distances[k, m] = np.sqrt(state @ state)
    return distances


def _difference(u: SpikeTrains, v: SpikeTrains) -> tuple[npt.NDArray[Any], ...]:
    """List sample, time, unit and sign of the spikes of `u` and, with a minus, of `v`."""
    u, v = u.to_memory(), v.to_memory()
    samples = np.concatenate([np.repeat(np.arange(len(x)), np.diff(x.offsets)) for x in (u, v)])
    units = np.concatenate([u.units, v.units]).astype(np.int64)
    signs = np.repeat([1.0, -1.0], [len(u.times), len(v.times)])
    return samples, np.concatenate([u.times, v.times]), units, signs


def _poisson(random: Any, n: int, mean: float, length: float) -> SpikeTrains:
    """Draw Poisson trains, with `mean` spikes on average."""
    counts = random.poisson(mean, n)
    sample = np.repeat(np.arange(n), counts)
    times = random.uniform(0.0, length, len(sample))
    times = times[np.lexsort((times, sample))]
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return SpikeTrains(times, np.zeros(len(times)), offsets, n_units=1, duration=length)


def _check_pair(where: str, u: SpikeTrains, v: SpikeTrains) -> None:
    for name, one in (("u", u), ("v", v)):
        if not isinstance(one, SpikeTrains):
            raise DataError(f"{where}: {name} must be SpikeTrains, got {type(one).__name__}")
    if u.shape != v.shape or not np.allclose(u.duration, v.duration, rtol=0, atol=1e-9):
        raise DataError(
            f"{where}: u and v must have the same samples, units and durations, got {u} and {v}"
        )


def plot_separation(
    times: Any,
    distances: npt.ArrayLike,
    labels: Sequence[Any] | npt.NDArray[Any],
    *,
    title: str | None = None,
    legend: str = "input distance",
    axes: Axes | None = None,
) -> Axes:
    """Draw the mean distance between states over time, one curve for each input distance.

    Figure 2 of Maass, Natschläger & Markram 2002, doi 10.1162/089976602760407955.

    Parameters
    ----------
    times : array_like of shape (n_times,), in seconds, increasing
        When the states were compared.
    distances : array_like of shape (n_curves, n_times)
        Mean distance of the states of pairs of inputs; NaN is a gap in its curve.
    labels : sequence of length n_curves
        The input distance of each curve, or another text.
    title : str, default=None
        Text above the picture; None says what is drawn.
    legend : str, default="input distance"
        What the labels are.
    axes : matplotlib.axes.Axes, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    axes : matplotlib.axes.Axes
        The Axes, with one line a curve; x in seconds. The darker a line, the later in `labels`;
        the legend lists them from the last to the first, as small distances lie below large ones.

    Raises
    ------
    DataError
        If their shapes do not fit, there is no curve, a time is not finite or does not increase, or
        a distance is infinite or negative.

    Examples
    --------
    >>> from bioplastic.inspect.separation import plot_separation
    >>> axes = plot_separation([0.0, 0.1], [[0.0, 0.1], [0.0, 0.9]], [0.1, 0.4])
    >>> [line.get_label() for line in axes.lines]
    ['0.1', '0.4']
    """
    try:
        moments = base_units("plot_separation.times", times)
        curves = np.asarray(distances, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"plot_separation.distances: must hold numbers, {error}") from error
    names = [f"{x:g}" if isinstance(x, float) else str(x) for x in labels]
    if moments.ndim != 1 or curves.shape != (len(names), moments.size) or not curves.size:
        raise DataError(
            "plot_separation.distances: must have shape (n_curves, n_times) and not be empty, got "
            f"{curves.shape} with {len(names)} labels and times of shape {moments.shape}"
        )
    if not np.isfinite(moments).all() or (np.diff(moments) <= 0).any():
        raise DataError("plot_separation.times: must be finite and increase")
    if np.isinf(curves).any() or (curves < 0).any():
        raise DataError("plot_separation.distances: must be finite and not negative")
    axes = new_axes(axes, (7.0, 3.6))
    shades = mpl.colormaps["viridis_r"](np.linspace(0.15, 0.95, len(names)))
    for curve, shade, name in zip(curves, shades, names, strict=True):
        axes.plot(moments, curve, color=shade, linewidth=1.6, label=name)
    axes.set_xlim(moments[0], max(moments[-1], moments[0] + 1e-9))
    top = np.nan_to_num(curves).max()
    axes.set_ylim(0.0, 1.05 * top if top > 0 else 1.0)
    said = "How far states part, by how far inputs differ" if title is None else title
    label(axes, "time (s)", "mean distance of states", said)
    declutter(axes)
    handles, names = axes.get_legend_handles_labels()
    box = axes.legend(
        handles[::-1], names[::-1], title=legend, loc="upper left", bbox_to_anchor=(1.0, 1.0),
        frameon=False, fontsize=8, title_fontsize=8, labelcolor=INK, alignment="left",
    )  # fmt: skip
    box.get_title().set_color(INK)
    return axes
