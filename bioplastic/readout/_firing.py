"""An integrate-and-fire neuron that a decoder's atoms drive, from event to event."""

import numpy as np
import numpy.typing as npt
from brian2 import second

from bioplastic import algebra
from bioplastic.spikes import SpikeTrains

type Floats = npt.NDArray[np.float64]


def fire(trains: SpikeTrains, lags: Floats, weights: Floats, tau: float) -> SpikeTrains:
    """Spikes of one neuron for each output.

    Parameters
    ----------
    trains : SpikeTrains of shape (n_samples, n_units)
        Input.
    lags : ndarray of shape (n_lags,), in seconds
        Delays of synapses.
    weights : ndarray of shape (n_units, n_lags, n_outputs)
        What an input spike adds to the membrane, in units of what an output spike takes from it.
    tau : float, in seconds
        Time constant of the membrane.

    Returns
    -------
    spikes : SpikeTrains of shape (n_samples, n_outputs)
        Those within the samples.
    """
    n_outputs = weights.shape[2]
    times, units, sizes = [], [], []
    for sample in trains:
        arrivals = sample.times[:, np.newaxis] + lags
        inside = (arrivals >= 0) & (arrivals <= sample.duration[0])
        found = [
            _fire_one(arrivals[use], drive[use], tau)
            for drive in np.moveaxis(weights[sample.units], 2, 0)
            for use in [inside & (drive != 0)]
        ]
        joined = np.concatenate(found)
        order = np.argsort(joined, kind="stable")
        times.append(joined[order])
        units.append(np.repeat(np.arange(n_outputs), [len(spikes) for spikes in found])[order])
        sizes.append(len(joined))
    return SpikeTrains(
        np.concatenate(times),
        np.concatenate(units),
        np.concatenate([[0], np.cumsum(sizes)]),
        n_units=n_outputs,
        duration=trains.duration * second,
    )


def _fire_one(arrivals: Floats, drive: Floats, tau: float) -> Floats:
    # Inputs of the same moment add up before the threshold is asked.
    moments, place = np.unique(arrivals, return_inverse=True)
    jumps = np.bincount(place, drive, minlength=len(moments))
    fades = np.exp(-np.diff(moments, prepend=moments[:1]) / tau)
    v, counts = 0.0, []
    for jump, fade in zip(jumps.tolist(), fades.tolist(), strict=True):
        v = v * fade + jump
        # A spike at v >= 1/2 brings |v| down; rounding of a weight of 1/2 shall not lose one.
        n = max(0, int(np.floor(v + 0.5 + 1e-9)))
        v -= n
        counts.append(n)
    return np.repeat(moments, np.array(counts, dtype=np.int64))


def score_of_trains(y: SpikeTrains, predicted: SpikeTrains, tau: float) -> float:
    """Return 1 less the sum of squared van Rossum distances, divided by that of squared norms."""
    power = (algebra.norm(y, tau=tau * second) ** 2).sum()
    missed = (algebra.van_rossum_distance(y, predicted, tau=tau * second) ** 2).sum()
    # As R^2 of scikit-learn: without any power, 1 for what is right and 0 for the rest.
    return float(1 - missed / power) if power else float(missed == 0)
