"""What a population is to NIR: a leaky membrane in numbers, or the reason why it is none."""

import re
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic.errors import ParameterError
from bioplastic.models import LIF, AdaptiveLIF, Network, Population, Projection
from bioplastic.models.eprop import EPropALIF, EPropLIF, LeakyReadout
from bioplastic.networks.spiking_decoder import READOUT_EQUATIONS

type Numbers = npt.NDArray[np.float64]
type State = dict[str, Numbers]

#: Currents of neurons: variable, its time constant.
_CURRENTS: dict[type[Any], dict[str, str]] = {
    LIF: {"i_syn": "tau_syn"},
    AdaptiveLIF: {"i_exc": "tau_exc", "i_inh": "tau_inh"},
}
_ON_PRE = re.compile(r"(\w+)_post ([+-])= (?:w|value_pre)(?:\*(?:w|mV|value_pre))*")


@dataclass(frozen=True, kw_only=True)
class Membrane:
    """Leaky neurons in base units, with their resting potential at 0.

    Parameters
    ----------
    name : str
        Of the population.
    leave : ndarray of shape (n,)
        Share of `v` that a step leaves, as the engine computes it.
    threshold, reset : ndarray of shape (n,)
        Potentials; a threshold of infinity where neurons never fire.
    subtracts : bool
        Whether a spike takes the threshold off, in place of setting `v`.
    more : float
        What a spike takes off beyond the threshold.
    currents : dict of str to ndarray of shape (n,)
        Share that a step leaves of each synaptic current; none where spikes reach `v` itself.
    lost : str
        What the export leaves out.
    """

    name: str
    leave: Numbers
    threshold: Numbers
    reset: Numbers
    subtracts: bool
    more: float = 0.0
    currents: dict[str, Numbers] = field(default_factory=dict)
    lost: str = ""


@dataclass(frozen=True, kw_only=True)
class Synapses:
    """A projection as weights by delay, in steps, of shape (n_pre, n_post)."""

    pre: str
    post: str
    variable: str
    weights: dict[int, Numbers]


def membrane_of(
    population: Population, state: State, dt: float, adaptation: str
) -> Membrane | None:
    """Describe leaky neurons; None for a population that is none.

    Raises
    ------
    ParameterError
        If the neurons do what NIR has no node for.
    """
    neuron, name, n = population.neuron, population.name, population.n
    kind = type(neuron)
    if not neuron.spikes and not isinstance(neuron, LeakyReadout):
        return None

    def value(parameter: str) -> Numbers:
        drawn = state.get(f"{name}.{parameter}")
        given = getattr(neuron, parameter, None) if drawn is None else drawn
        given = neuron.parameters[parameter] if given is None else given
        return np.broadcast_to(np.asarray(given, dtype=float), (n,))

    def leave(parameter: str, *, stands_still: bool = False) -> Numbers:
        steps = dt / value(parameter)
        scalar = f"{name}.{parameter}" not in state and not stands_still
        scalar = scalar and neuron.method == "rational_exponential_euler"
        if scalar or neuron.method == "exponential_euler":
            return np.exp(-steps)
        if neuron.method != "rational_exponential_euler":
            raise refuse(
                "method", f"its steps are not known, got {neuron.method!r}", "leave it out"
            )
        # As rational_exponential_euler takes it where neurons differ, or may be refractory.
        return np.asarray(1 / (1 + steps + 0.5 * steps**2))

    def refuse(parameter: str, what: str, remedy: str) -> ParameterError:
        return ParameterError(
            f"export_nir: {kind.__name__}.{parameter} of population {name}: {what}; {remedy}"
        )

    infinite, zero = np.full(n, np.inf), np.zeros(n)
    if kind is LeakyReadout:
        return Membrane(
            name=name, leave=leave("tau_out"), threshold=infinite, reset=zero, subtracts=False
        )
    if not isinstance(neuron, EPropLIF | LIF | AdaptiveLIF):
        if neuron.equations != READOUT_EQUATIONS:
            raise ParameterError(
                f"export_nir: population {name} is of {kind.__name__}, and NIR has leaky "
                f"integrate-and-fire neurons alone; take LIF, AdaptiveLIF or EPropLIF"
            )
        half = value("quantum") / 2  # the threshold; a spike takes all of it
        return Membrane(
            name=name, leave=leave("tau"), threshold=half, reset=zero, subtracts=True,
            more=float(half[0]),
        )  # fmt: skip
    if kind not in (EPropLIF, EPropALIF, LIF, AdaptiveLIF) or neuron != kind(
        **{f: getattr(neuron, f) for f in kind.__dataclass_fields__ if not _is_string(neuron, f)}
    ):
        raise refuse("equations", "they are not those of the class", "take the class as it is")
    if (value("tau_refractory") > 0).any():
        raise refuse(
            "tau_refractory",
            f"NIR has no refractory period, got {neuron.tau_refractory}",
            "train with tau_refractory=0*ms",
        )
    adapts = kind is EPropALIF or (kind is AdaptiveLIF and bool((value("adaptation") != 0).any()))
    lost = ""
    if adapts:
        where = "beta" if kind is EPropALIF else "adaptation"
        if adaptation != "drop":
            raise refuse(
                where,
                "NIR has no adaptive neuron",
                "train without adaptation (n_alif=0, adaptation=0*mV), or give adaptation='drop', "
                "which exports the neurons without it",
            )
        lost = f"adaptation of {name}"
        warnings.warn(
            f"export_nir: the {lost} is lost, so that spikes differ from the model's",
            stacklevel=3,
        )
    if isinstance(neuron, EPropLIF):
        return Membrane(
            name=name, leave=leave("tau_membrane"), threshold=value("v_threshold"), reset=zero,
            subtracts=True, lost=lost,
        )  # fmt: skip
    rest, start = value("v_rest"), value("v_rest")
    if kind is AdaptiveLIF:
        rest = rest + value("i_background")
        start = value("v_initial")
    if not np.allclose(start, rest, rtol=0, atol=1e-12):
        raise refuse(
            "v_initial",
            "readers of NIR begin at the resting potential, which is v_rest + i_background",
            "set v_initial to it",
        )
    return Membrane(
        name=name,
        leave=leave("tau_membrane", stands_still=True),
        threshold=value("v_threshold") - rest,
        reset=value("v_reset") - rest,
        subtracts=False,
        currents={variable: leave(tau) for variable, tau in _CURRENTS[kind].items()},
        lost=lost,
    )


def _is_string(neuron: Any, name: str) -> bool:
    return isinstance(getattr(neuron, name), str)


def synapses_of(projection: Projection, network: Network, state: State, dt: float) -> Synapses:
    """Weights of a projection whose spikes add to a variable.

    Raises
    ------
    ParameterError
        If synapses do anything else.
    """
    said = ParameterError(
        f"export_nir: projection {projection.name}: NIR's synapses add their weight to one "
        f"variable, got on_pre={projection.on_pre!r}"
        f"{' and ' + type(projection.synapse).__name__ if projection.synapse else ''}; "
        f"take synapses of the form 'v_post += w'"
    )
    found = _ON_PRE.fullmatch(re.sub(r"\s*([+-]=)\s*", r" \1 ", projection.on_pre.strip()))
    if found is None or projection.synapse is not None or projection.graded:
        raise said
    pre, post = network.population(projection.pre), network.population(projection.post)
    name = projection.name
    i, j = projection.pairs(pre.n, post.n, state)
    w = state.get(f"{name}.w")
    if w is None and projection.weight is None:
        raise ParameterError(f"export_nir: state must have {name!r}.w, the weights of {name}")
    w = np.broadcast_to(np.asarray(projection.weight if w is None else w, dtype=float), i.shape)
    w = w * (-1.0 if found[2] == "-" else 1.0) * (1e-3 if "mV" in projection.on_pre else 1.0)
    given = state.get(f"{name}.delay", np.asarray(0.0))
    steps = np.broadcast_to(np.rint(given / dt).astype(np.int64), i.shape)
    weights = {}
    for d in np.unique(steps):
        own = steps == d
        weights[int(d)] = np.zeros((pre.n, post.n))
        np.add.at(weights[int(d)], (i[own], j[own]), w[own])
    return Synapses(pre=pre.name, post=post.name, variable=found[1], weights=weights)
