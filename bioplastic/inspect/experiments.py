"""Measurements that rules are compared with: what biologists found, with their sources."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ["SJOESTROEM_2001", "WANG_2005", "FrequencyExperiment", "TripletExperiment"]


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
