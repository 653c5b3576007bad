"""Measured changes of weights: of rules by the protocols, and of neurons in the literature."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from bioplastic.errors import ParameterError
from bioplastic.models import PlasticityRule

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
        How much later than due the postsynaptic neuron spiked, on average; 0 where it is a relay.
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
    """Change by the delay from a presynaptic to a postsynaptic spike; see :func:`.stdp_window`.

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
    """Change by the frequency of pairings; see :func:`.pairing_protocol`.

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
    """Change by the intervals of triplets of spikes; see :func:`.triplet_protocol`.

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
    """Change by the rate of Poisson spikes; see :func:`.rate_protocol`.

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


@dataclass(frozen=True, kw_only=True, slots=True)
class FrequencyExperiment:
    """Measured change by the delay and the frequency of pairings.

    Parameters
    ----------
    frequencies : tuple of float of length n_frequencies, in hertz
        Pairings a second.
    delays : tuple of float of length n_delays, in seconds
        Time of the postsynaptic spike less that of the presynaptic one.
    change : tuple of shape (n_delays, n_frequencies)
        Mean change, as a share of the weight before.
    spread : tuple of shape (n_delays, n_frequencies)
        What the source gives behind the sign ±.
    source : str
        Where the numbers are from.
    """

    frequencies: tuple[float, ...]
    delays: tuple[float, ...]
    change: tuple[tuple[float, ...], ...]
    spread: tuple[tuple[float, ...], ...]
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TripletExperiment:
    """Measured change by the intervals of triplets of spikes.

    Parameters
    ----------
    intervals : tuple of shape (n_intervals, 2), in seconds
        From the first spike to the second, and from the second to the third.
    change : tuple of float of length n_intervals
        Mean change, as a share of the weight before.
    spread : tuple of float of length n_intervals, or None
        What the source gives behind the sign ±, where it is known.
    source : str
        Where the numbers are from.
    """

    intervals: tuple[tuple[float, float], ...]
    change: tuple[float, ...]
    spread: tuple[float, ...] | None
    source: str


#: 60 pairings in visual cortex, as Pfister & Gerstner fitted them.
SJOESTROEM_2001: Final = FrequencyExperiment(
    frequencies=(0.1, 10.0, 20.0, 40.0, 50.0),
    delays=(0.010, -0.010),
    change=((-0.04, 0.14, 0.29, 0.53, 0.56), (-0.29, -0.41, -0.34, 0.56, 0.75)),
    spread=((0.05, 0.10, 0.14, 0.11, 0.26), (0.08, 0.11, 0.10, 0.32, 0.19)),
    source=(
        "Sjöström, Turrigiano & Nelson, Neuron 32:1149, 2001, doi 10.1016/S0896-6273(01)00542-6, "
        "as in Pfister & Gerstner 2006, doi 10.1523/JNEUROSCI.1425-06.2006"
    ),
)

_WANG = (
    "Wang, Gerkin, Nauen & Bi, Nature Neuroscience 8:187, 2005, doi 10.1038/nn1387, as in Pfister "
    "& Gerstner 2006, doi 10.1523/JNEUROSCI.1425-06.2006"
)
#: 60 triplets at 1 Hz in cultures of hippocampal neurons, by kind.
WANG_2005: Final[Mapping[str, TripletExperiment]] = MappingProxyType(
    {
        "pre_post_pre": TripletExperiment(
            intervals=((0.005, 0.005), (0.010, 0.010), (0.015, 0.005), (0.005, 0.015)),
            change=(-0.01, 0.03, 0.01, 0.24),
            spread=(0.04, 0.04, 0.03, 0.06),
            source=_WANG,
        ),
        "post_pre_post": TripletExperiment(
            intervals=((0.005, 0.005), (0.010, 0.010), (0.005, 0.015), (0.015, 0.005)),
            change=(0.33, 0.34, 0.22, 0.29),
            spread=None,
            source=_WANG,
        ),
    }
)
