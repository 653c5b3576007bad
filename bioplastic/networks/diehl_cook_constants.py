"""Constants of Diehl & Cook's network: three sets of them, and how they fit data and size."""

from dataclasses import dataclass, replace

import numpy as np
from brian2 import Hz, Quantity, ms, mV

from bioplastic.models import DiehlCookExcitatory, DiehlCookInhibitory, PlasticityRule
from bioplastic.networks._samples import Samples, mean_rate
from bioplastic.networks.bindsnet import bindsnet_excitatory, bindsnet_inhibitory, bindsnet_stdp
from bioplastic.spikes import SpikeTrains

#: For what the published constants were made: 60,000 images of MNIST, and 400 neurons. Of a mean
#: image, the pixels as shares of the brightest sum to so much.
N_NEURONS = 400
INPUT = 1_567_298_545 / 255 / 60_000
#: Presentations that are enough where there are fewer samples.
ENOUGH = 7_000
#: Mean rate of a pixel there, in hertz: 63.75 times 0.1307.
PIXEL_RATE = 8.33
#: Largest mean weight that `norm` gets by itself, so that there is room below a `w_max` of 1.
MEAN_WEIGHT = 0.25


@dataclass(frozen=True, kw_only=True)
class Constants:
    """Constants for MNIST, and for 400 neurons where they depend on the size.

    Parameters
    ----------
    theta_plus, inhibition, excitation, norm, rate_max, presentation, rest, dt, min_spikes, rule
        As parameters of :class:`~bioplastic.networks.DiehlCook`.
    excitatory, inhibitory
        As there; None for the published ones, as `rule`.
    fits_size : bool
        Whether `theta_plus` and `inhibition` follow the number of neurons.
    one_spike : bool
        Whether one neuron at most spikes in a step.
    """

    theta_plus: Quantity
    inhibition: float
    excitation: float
    norm: float
    rate_max: Quantity
    presentation: Quantity
    rest: Quantity
    dt: Quantity
    min_spikes: int
    rule: PlasticityRule | None = None
    excitatory: DiehlCookExcitatory | None = None
    inhibitory: DiehlCookInhibitory | None = None
    fits_size: bool = True
    one_spike: bool = False


_PUBLISHED = Constants(
    theta_plus=0.05 * mV,
    inhibition=17.0,
    excitation=10.4,
    norm=78.0,
    rate_max=63.75 * Hz,
    presentation=350 * ms,
    rest=150 * ms,
    dt=0.5 * ms,
    min_spikes=5,
)

CONSTANTS = {
    "published": _PUBLISHED,
    "tuned": replace(_PUBLISHED, theta_plus=0.04 * mV, inhibition=30.0),
    "bindsnet": Constants(
        theta_plus=0.05 * mV,
        inhibition=17.5,
        excitation=22.5,
        norm=78.4,
        rate_max=128 * Hz,
        presentation=250 * ms,
        rest=0 * ms,
        dt=1 * ms,
        min_spikes=0,
        rule=bindsnet_stdp(),
        excitatory=bindsnet_excitatory(),
        inhibitory=bindsnet_inhibitory(),
        one_spike=True,
        fits_size=False,
    ),
}


def norm_of(constants: Constants, data: Samples, x_max: float) -> float:
    """Return the sum of a neuron's weights that suits the inputs of a mean sample.

    Parameters
    ----------
    constants : Constants
        Those for MNIST.
    data : ndarray or SpikeTrains of shape (n_samples, n_features)
        Training samples.
    x_max : float
        Largest number; of spikes nothing.
    """
    if isinstance(data, SpikeTrains):  # as much input in all as the script's pixels give
        ratio = PIXEL_RATE / mean_rate(data, 1.0)
    else:
        shares = float(data.mean(dtype=np.float64)) * data.shape[1] / x_max if x_max > 0 else 0.0
        # Two digits, so that other samples of the same kind give the same.
        ratio = float(f"{shares / INPUT:.2g}") or 1.0
    return float(min(constants.norm * ratio, MEAN_WEIGHT * data.shape[1]))


def rate_of(constants: Constants, norm: float, dt: float) -> float:
    """Return the rate of the largest number, in hertz, that drives a neuron of this norm.

    Parameters
    ----------
    constants : Constants
        Those for MNIST.
    norm : float
        Sum of a neuron's weights.
    dt : float, in seconds
        Time step; there is a spike in every second one at most.
    """
    return min(float(constants.rate_max) * constants.norm / norm, 0.5 / dt)


def epochs_of(n_samples: int) -> int:
    """Return how often samples are presented: until there were enough, or 10 times."""
    return int(np.clip(round(ENOUGH / n_samples), 1, 10))


def few_of(constants: Constants, n_neurons: int) -> float:
    """Return by how much thresholds grow less, and inhibition is stronger, with few neurons."""
    return float(np.sqrt(np.clip(N_NEURONS / n_neurons, 1, 16))) if constants.fits_size else 1.0
