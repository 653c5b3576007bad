"""Triplet STDP (Pfister & Gerstner 2006): pairs of spikes, and pairs that a third one boosts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from brian2 import ms

from bioplastic.errors import ParameterError
from bioplastic.models.declaration import parameter
from bioplastic.models.plasticity.rule import PlasticityRule

TRIPLET_PRE_TRACES = """
dr1/dt = -r1/tau_plus  : 1   # Pfister & Gerstner 2006
dr2/dt = -r2/tau_x     : 1
"""
TRIPLET_POST_TRACES = """
do1/dt = -o1/tau_minus : 1
do2/dt = -o2/tau_y     : 1
"""

#: What was fitted, in the order of the tables; what a minimal form does not use has no value.
FITTED = ("a2_plus", "a3_plus", "a2_minus", "a3_minus", "tau_x", "tau_y")
#: By preparation and form.
ALL_TO_ALL = {
    ("visual_cortex", "minimal"): (0.0, 6.5e-3, 7.1e-3, 0.0, None, 114 * ms),
    ("visual_cortex", "full"): (5e-10, 6.2e-3, 7e-3, 2.3e-4, 101 * ms, 125 * ms),
    ("hippocampus", "minimal"): (5.3e-3, 8e-3, 3.5e-3, 0.0, None, 40 * ms),
    ("hippocampus", "full"): (6.1e-3, 6.7e-3, 1.6e-3, 1.4e-3, 946 * ms, 27 * ms),
}
NEAREST = {
    ("visual_cortex", "minimal"): (0.0, 5e-2, 8e-3, 0.0, None, 40 * ms),
    ("visual_cortex", "full"): (8.8e-11, 5.3e-2, 6.6e-3, 3.1e-3, 714 * ms, 40 * ms),
    ("hippocampus", "full"): (4.6e-3, 9.1e-3, 3e-3, 7.5e-9, 575 * ms, 47 * ms),
}


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class TripletSTDP(PlasticityRule):
    """Triplet STDP, all spikes.

    A presynaptic spike lowers the weight by ``o1*(a2_minus + a3_minus*r2)``, a postsynaptic one
    raises it by ``r1*(a2_plus + a3_plus*o2)``. The slow traces `r2` and `o2` are read before the
    spike adds to them: they trace earlier spikes of the same neuron, so that change depends on
    the rate of pairings as experiments say.

    Parameters
    ----------
    tau_plus, tau_minus : Quantity, in seconds
        Time constants of the fast traces, `r1` of pre and `o1` of post.
    tau_x, tau_y : Quantity, in seconds
        Time constants of the slow traces, `r2` of pre and `o2` of post.
    a2_plus, a2_minus : float
        Amplitudes of pairs.
    a3_plus, a3_minus : float
        Amplitudes of triplets; ``a3_minus=0`` is a minimal form.
    w_max : float
        Upper bound of the weight; the lower one is 0.

    Notes
    -----
    Pfister & Gerstner, Journal of Neuroscience 26:9673, 2006, doi
    10.1523/JNEUROSCI.1425-06.2006. The defaults are the full form for visual cortex. In the
    experiments that were fitted, amplitudes are shares of the initial weight.

    Examples
    --------
    >>> from bioplastic.models import TripletSTDP
    >>> print(TripletSTDP().on_post)
    w = clip(w + r1_pre*(a2_plus + a3_plus*o2_post), 0, w_max)
    >>> TripletSTDP.published("hippocampus", "minimal").a3_plus
    0.008
    """

    pre_traces: str = TRIPLET_PRE_TRACES
    post_traces: str = TRIPLET_POST_TRACES
    on_pre: str = "w = clip(w - o1_post*(a2_minus + a3_minus*r2_pre), 0, w_max)"
    on_post: str = "w = clip(w + r1_pre*(a2_plus + a3_plus*o2_post), 0, w_max)"
    on_pre_trace: str = "r1 += 1; r2 += 1"
    on_post_trace: str = "o1 += 1; o2 += 1"
    at_slot_start_pre: str = "r1 = 0; r2 = 0"
    at_slot_start_post: str = "o1 = 0; o2 = 0"
    tau_plus: Any = parameter(16.8 * ms, low=0)
    tau_minus: Any = parameter(33.7 * ms, low=0)
    tau_x: Any = parameter(101 * ms, low=0)
    tau_y: Any = parameter(125 * ms, low=0)
    a2_plus: Any = parameter(5e-10, low=0, strict=False)
    a3_plus: Any = parameter(6.2e-3, low=0, strict=False)
    a2_minus: Any = parameter(7e-3, low=0, strict=False)
    a3_minus: Any = parameter(2.3e-4, low=0, strict=False)
    w_max: Any = parameter(1.0, low=0)

    _PUBLISHED: ClassVar[Mapping[tuple[str, str], tuple[Any, ...]]] = ALL_TO_ALL

    @classmethod
    def published(cls, preparation: str, form: str = "full", **changes: Any) -> Self:
        """Return the rule with parameters that the paper fitted to an experiment.

        Parameters
        ----------
        preparation : {"visual_cortex", "hippocampus"}
            Data of Sjoestroem et al. 2001, or of Wang et al. 2005.
        form : {"full", "minimal"}
            Four amplitudes, or the fewest that explain the data.
        **changes
            Parameters in place of the fitted ones, such as `w_max`.

        Raises
        ------
        ParameterError
            If there is no such set for this rule.
        """
        if (preparation, form) not in cls._PUBLISHED:
            known = ", ".join(str(key) for key in cls._PUBLISHED)
            raise ParameterError(
                f"{cls.__name__}.published: must be called with one of {known}, "
                f"got {(preparation, form)!r}"
            )
        values = zip(FITTED, cls._PUBLISHED[preparation, form], strict=True)
        fitted = {name: value for name, value in values if value is not None}
        return cls(**{**fitted, **changes})


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class NearestTripletSTDP(TripletSTDP):
    """Triplet STDP, nearest spikes: a spike sets its traces to 1 in place of adding 1.

    Parameters
    ----------
    tau_plus, tau_minus : Quantity, in seconds
        Time constants of the fast traces, `r1` of pre and `o1` of post.
    tau_x, tau_y : Quantity, in seconds
        Time constants of the slow traces, `r2` of pre and `o2` of post.
    a2_plus, a2_minus : float
        Amplitudes of pairs.
    a3_plus, a3_minus : float
        Amplitudes of triplets; ``a3_minus=0`` is a minimal form.
    w_max : float
        Upper bound of the weight; the lower one is 0.

    Notes
    -----
    Pfister & Gerstner 2006, doi 10.1523/JNEUROSCI.1425-06.2006; the defaults are the full form
    for visual cortex.

    Examples
    --------
    >>> from bioplastic.models import NearestTripletSTDP
    >>> NearestTripletSTDP.published("visual_cortex", "minimal", w_max=2.0).a3_plus
    0.05
    """

    on_pre_trace: str = "r1 = 1; r2 = 1"
    on_post_trace: str = "o1 = 1; o2 = 1"
    tau_x: Any = parameter(714 * ms, low=0)
    tau_y: Any = parameter(40 * ms, low=0)
    a2_plus: Any = parameter(8.8e-11, low=0, strict=False)
    a3_plus: Any = parameter(5.3e-2, low=0, strict=False)
    a2_minus: Any = parameter(6.6e-3, low=0, strict=False)
    a3_minus: Any = parameter(3.1e-3, low=0, strict=False)

    _PUBLISHED: ClassVar[Mapping[tuple[str, str], tuple[Any, ...]]] = NEAREST
