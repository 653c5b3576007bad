"""What the classical experiments find of a rule."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic.errors import ParameterError
from bioplastic.models import PlasticityRule

__all__ = [
    "FrequencyDependence",
    "Measurement",
    "RateDependence",
    "STDPWindow",
    "TripletChanges",
]

Array = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Measurement:
    """What all protocols find.

    Parameters
    ----------
    rule : PlasticityRule
        What was measured.
    variable : str
        Variable of the synapse that was read.
    w : float
        Weight before.
    change : ndarray
        Variable after the protocol, less that before it; the shape is that of the protocol.
    latencies : ndarray of the shape of `change`, in seconds
        How much later than told the postsynaptic neuron spiked, on average; 0 where it is a relay.
    at_bound : ndarray of bool, of the shape of `change`
        Whether the weight ended on a bound of the rule, and would have gone on without it.
    """

    rule: PlasticityRule
    variable: str
    w: float
    change: Array
    latencies: Array
    at_bound: npt.NDArray[np.bool_]

    @property
    def relative(self) -> Array:
        """Change as a share of the weight before.

        Raises
        ------
        ParameterError
            If the weight was 0.
        """
        if self.w == 0:
            raise ParameterError(
                f"{type(self).__name__}.relative: the weight before was 0, of which there is no "
                f"share; read change, or give w"
            )
        return self.change / self.w


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class STDPWindow(Measurement):
    """Change by the delay from a presynaptic to a postsynaptic spike; see :func:`stdp_window`.

    Parameters
    ----------
    rule, variable, w, change, latencies, at_bound
        As of :class:`Measurement`; arrays have the shape (n_delays,).
    delays : ndarray of shape (n_delays,), in seconds
        Time of the postsynaptic spike less that of the presynaptic one.
    n_pairs : int
        Pairs of spikes.
    """

    delays: Array
    n_pairs: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FrequencyDependence(Measurement):
    """Change by the frequency of pairings; see :func:`pairing_protocol`.

    Parameters
    ----------
    rule, variable, w, change, latencies, at_bound
        As of :class:`Measurement`; arrays have the shape (n_delays, n_frequencies).
    frequencies : ndarray of shape (n_frequencies,), in hertz
        Pairings a second.
    delays : ndarray of shape (n_delays,), in seconds
        Time of the postsynaptic spike less that of the presynaptic one.
    """

    frequencies: Array
    delays: Array


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TripletChanges(Measurement):
    """Change by the intervals of triplets of spikes; see :func:`triplet_protocol`.

    Parameters
    ----------
    rule, variable, w, change, latencies, at_bound
        As of :class:`Measurement`; arrays have the shape (n_intervals,).
    kind : {"pre_post_pre", "post_pre_post"}
        Whose spikes come in which order.
    intervals : ndarray of shape (n_intervals, 2), in seconds
        From the first spike to the second, and from the second to the third.
    """

    kind: str
    intervals: Array


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RateDependence(Measurement):
    """Change by the rate of Poisson spikes; see :func:`rate_protocol`.

    Parameters
    ----------
    rule, variable, w, change, latencies, at_bound
        As of :class:`Measurement`; arrays have the shape (n_rates, n_repeats).
    rates : ndarray of shape (n_rates,), in hertz
        Of the postsynaptic neuron.
    pre_rate : float, in hertz
        Of the presynaptic neuron.
    duration : float, in seconds
        How long they spiked.
    """

    rates: Array
    pre_rate: float
    duration: float

    @property
    def drift(self) -> Array:
        """Change a second, of shape (n_rates, n_repeats)."""
        return self.change / self.duration
