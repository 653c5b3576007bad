"""Liquids as frozen declarations: recurrent networks that turn spikes into states.

A liquid says how many neurons of which kind there are and how they are wired; the draw itself is
made by :class:`~bioplastic.networks.LiquidStateMachine` with its random state.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from brian2 import ms, mV

from bioplastic.errors import ParameterError
from bioplastic.models import (
    AdaptiveLIF,
    Constant,
    LogUniform,
    Network,
    Normal,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    SpikeInput,
    TonotopicWiring,
    TsodyksMarkram,
    Uniform,
)
from bioplastic.models.declaration import Declaration, parameter
from bioplastic.models.distributions import Gamma, PerTarget
from bioplastic.models.wiring import DistanceWiring, Wiring

__all__ = ["Liquid", "MaassColumn", "RandomLiquid", "TonotopicLiquid"]

EXCITE, INHIBIT = "i_exc_post += w*mV", "i_inh_post -= w*mV"


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Liquid(Declaration):
    """Parent of the liquids; one of your own overrides `Liquid.network`."""

    def network(
        self, *, n_channels: int, n_neurons: int, schedule: Schedule, rng: np.random.Generator
    ) -> Network:
        """Declare the network.

        Parameters
        ----------
        n_channels, n_neurons : int
            Input channels, neurons of the liquid.
        schedule : Schedule
            Time step, rest after each sample.
        rng : numpy.random.Generator
            For what a declaration must know, such as which places are inhibitory; wiring, weights
            and delays are drawn later.

        Returns
        -------
        network : Network
            With a population ``"input"`` of :class:`~bioplastic.models.SpikeInput` neurons.
        """
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class RandomLiquid(Liquid):
    """Excitatory and inhibitory neurons, 80 to 20, wired at random.

    Parameters
    ----------
    excitatory, inhibitory : AdaptiveLIF
        Neurons; the default's membranes have time constants from 5 to 100 ms.
    share_inhibitory : float
        Share of inhibitory neurons.
    p_input, p : float
        Probability of a synapse from a channel to a neuron, and between neurons.
    w_input, w_exc, w_inh : float, in millivolts of current times resistance
        Mean weights, gamma distributed with a standard deviation of the same size.
    delay : Quantity in seconds, or Distribution
        Between neurons of the liquid.

    Examples
    --------
    >>> from bioplastic.networks import LiquidStateMachine, RandomLiquid
    >>> LiquidStateMachine(200, liquid=RandomLiquid(p=0.05)).n_neurons
    200
    """

    excitatory: AdaptiveLIF = field(
        default_factory=lambda: AdaptiveLIF(tau_membrane=LogUniform(low=5 * ms, high=100 * ms))
    )
    inhibitory: AdaptiveLIF = field(
        default_factory=lambda: AdaptiveLIF(tau_membrane=LogUniform(low=5 * ms, high=100 * ms))
    )
    share_inhibitory: float = 0.2
    p_input: Any = parameter(0.1, low=0, strict=False)
    p: Any = parameter(0.1, low=0, strict=False)
    w_input: Any = parameter(6.0, low=0)
    w_exc: Any = parameter(1.0, low=0)
    w_inh: Any = parameter(3.0, low=0)
    delay: Any = parameter(Uniform(low=1 * ms, high=10 * ms))

    def network(
        self, *, n_channels: int, n_neurons: int, schedule: Schedule, rng: np.random.Generator
    ) -> Network:
        """Declare the network, see :meth:`Liquid.network`."""
        n_inhibitory = _n_inhibitory(self, n_neurons)
        return Network(
            populations=(
                Population(name="input", n=n_channels, neuron=SpikeInput()),
                Population(name="exc", n=n_neurons - n_inhibitory, neuron=self.excitatory),
                Population(name="inh", n=n_inhibitory, neuron=self.inhibitory),
            ),
            projections=tuple(
                Projection(
                    pre=pre,
                    post=post,
                    wiring=RandomWiring(p=self.p_input if pre == "input" else self.p),
                    weight=Gamma(mean=weight, sd=weight),
                    delay=0 * ms if pre == "input" else self.delay,
                    on_pre=INHIBIT if pre == "inh" else EXCITE,
                )
                for pre, weight in (
                    ("input", self.w_input), ("exc", self.w_exc), ("inh", self.w_inh),
                )
                for post in ("exc", "inh")
            ),
            watch=("exc", "inh"),
            schedule=schedule,
        )  # fmt: skip


def _n_inhibitory(liquid: Any, n_neurons: int) -> int:
    if not 0 < liquid.share_inhibitory < 1:
        raise ParameterError(
            f"{type(liquid).__name__}.share_inhibitory: must lie between 0 and 1, "
            f"got {liquid.share_inhibitory}"
        )
    number = round(n_neurons * float(liquid.share_inhibitory))
    if not 1 <= number < n_neurons:
        raise ParameterError(
            f"{type(liquid).__name__}: n_neurons must leave room for both kinds of neurons, "
            f"got {n_neurons}"
        )
    return number


#: Maass et al. 2002: probability at distance 0, weight (nA), U, D (s), F (s), delay (ms)
MAASS = {
    ("exc", "exc"): (0.3, 30.0, 0.5, 1.1, 0.05, 1.5),
    ("exc", "inh"): (0.2, 60.0, 0.05, 0.125, 1.2, 0.8),
    ("inh", "exc"): (0.4, 19.0, 0.25, 0.7, 0.02, 0.8),
    ("inh", "inh"): (0.1, 19.0, 0.32, 0.144, 0.06, 0.8),
}


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class MaassColumn(Liquid):
    """The column of Maass, Natschlaeger & Markram (2002), with its published constants.

    Neurons stand on a grid of 3 x 3 x n/9 points, a fifth of them, drawn at random, inhibitory.
    The probability of a synapse falls with distance, and synapses depress and facilitate.

    Parameters
    ----------
    length : float
        Space constant of the wiring, in steps of the grid.
    scale : float
        Factor of all recurrent weights.
    p_input : float
        Probability of a synapse from a channel to a neuron; 1 in the paper, which has one channel.
    scale_input : float
        Factor of the input weights, 18 mV to excitatory and 9 mV to inhibitory neurons.

    Notes
    -----
    Neural Computation 14(11):2531-2560, doi 10.1162/089976602760407955. Currents are given times
    the membrane's resistance of 1 MOhm, so that the paper's nA are mV here. U, D and F are drawn
    for each synapse from normal distributions whose standard deviation is half their mean, and
    drawn again where they are not positive, or where U, which is a share, is not below 1.

    Examples
    --------
    >>> from bioplastic.networks import LiquidStateMachine, MaassColumn
    >>> LiquidStateMachine(135, liquid=MaassColumn()).n_neurons
    135
    """

    length: Any = parameter(2.0, low=0)
    scale: Any = parameter(1.0, low=0)
    p_input: Any = parameter(1.0, low=0, strict=False)
    scale_input: Any = parameter(1.0, low=0)

    def network(
        self, *, n_channels: int, n_neurons: int, schedule: Schedule, rng: np.random.Generator
    ) -> Network:
        """Declare the network, see :meth:`Liquid.network`."""
        if n_neurons % 9 or n_neurons < 18:
            raise ParameterError(
                f"MaassColumn: n_neurons must be a multiple of 9, since the column's section has "
                f"3 x 3 neurons, and at least 18, got {n_neurons}"
            )
        grid, places = (3, 3, n_neurons // 9), rng.permutation(n_neurons)
        n_inhibitory = round(0.2 * n_neurons)
        populations = [Population(name="input", n=n_channels, neuron=SpikeInput())]
        for name, chosen, refractory in (
            ("exc", places[n_inhibitory:], 3 * ms),
            ("inh", places[:n_inhibitory], 2 * ms),
        ):
            neuron = AdaptiveLIF(
                v_reset=13.5 * mV,
                v_initial=Uniform(low=13.5 * mV, high=15 * mV),
                i_background=13.5 * mV,
                tau_refractory=refractory,
            )
            where = tuple(sorted(int(place) for place in chosen))
            populations.append(
                Population(name=name, n=len(where), neuron=neuron, grid=grid, places=where)
            )
        projections = [
            Projection(
                pre="input",
                post=post,
                wiring=RandomWiring(p=self.p_input),
                weight=Constant(value=weight * self.scale_input),
                on_pre=EXCITE,
            )
            for post, weight in (("exc", 18.0), ("inh", 9.0))
        ]
        for (pre, post), (c, weight, u, d, f, delay) in MAASS.items():
            projections.append(
                Projection(
                    pre=pre,
                    post=post,
                    wiring=DistanceWiring(c=c, length=self.length),
                    weight=Gamma(mean=weight * self.scale, sd=weight * self.scale),
                    delay=delay * ms,
                    synapse=TsodyksMarkram(
                        utilisation=Normal(mean=u, sd=u / 2, low=0.0, high=1.0),
                        tau_recovery=Normal(mean=d * 1e3 * ms, sd=d * 500 * ms, low=0 * ms),
                        tau_facilitation=Normal(mean=f * 1e3 * ms, sd=f * 500 * ms, low=0 * ms),
                    ),
                    on_pre=(INHIBIT if pre == "inh" else EXCITE).replace("w*", "w*u*x*"),
                )
            )
        return Network(
            populations=tuple(populations),
            projections=tuple(projections),
            watch=("exc", "inh"),
            schedule=schedule,
        )


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class TonotopicLiquid(Liquid):
    """Neurons in a row along the axis of frequency, each with receptive fields of its own.

    Every neuron is excited by a patch of neighbouring channels and, through relay interneurons
    that are not modelled, inhibited by another patch at an offset of its own. Both patches reach
    it with delays of its own, so that a neuron answers to a certain contrast or movement along
    the axis, an onset, a formant that rises. Neurons excite and inhibit their neighbours.

    Parameters
    ----------
    neuron : AdaptiveLIF
        The default's membranes have time constants from 5 to 40 ms, and its spikes adapt.
    share_inhibitory : float
        Share of neurons that inhibit their neighbours.
    n_inputs : int
        Channels, drawn with repetition, that excite a neuron, and as many that inhibit it.
    width, width_inhibition : float
        Standard deviation of the two patches, as a share of the axis.
    offset : float
        Standard deviation of the offset between them, as a share of the axis.
    w_input, w_inhibition : float, in millivolts of current times resistance
        Weight of one channel in the two patches.
    delay_max : Quantity, in seconds
        Delays of the patches are uniform from 0 to this.
    n_recurrent : int
        Excitatory, and as many inhibitory, neighbours that a neuron hears; 0 for none.
    width_recurrent : float
        Standard deviation of the distance to them, as a share of the axis.
    w_exc, w_inh : float, in millivolts of current times resistance
        Weights between neurons.
    delay : Quantity in seconds, or Distribution
        Between neurons.

    Examples
    --------
    >>> from bioplastic.networks import LiquidStateMachine, TonotopicLiquid
    >>> LiquidStateMachine(500, liquid=TonotopicLiquid(w_inhibition=0.1)).liquid.n_inputs
    30
    """

    neuron: AdaptiveLIF = field(
        default_factory=lambda: AdaptiveLIF(
            tau_membrane=LogUniform(low=5 * ms, high=40 * ms),
            tau_exc=5 * ms,
            tau_inh=10 * ms,
            adaptation=6 * mV,
        )
    )
    share_inhibitory: float = 0.2
    n_inputs: int = 30
    width: Any = parameter(0.043, low=0)
    width_inhibition: Any = parameter(0.064, low=0)
    offset: Any = parameter(0.114, low=0)
    w_input: Any = parameter(20.0, low=0)
    w_inhibition: Any = parameter(25.0, low=0, strict=False)
    delay_max: Any = parameter(60 * ms, low=0, strict=False)
    n_recurrent: int = 15
    width_recurrent: Any = parameter(0.05, low=0)
    w_exc: Any = parameter(1.0, low=0, strict=False)
    w_inh: Any = parameter(2.0, low=0, strict=False)
    delay: Any = parameter(Uniform(low=1 * ms, high=10 * ms))

    def network(
        self, *, n_channels: int, n_neurons: int, schedule: Schedule, rng: np.random.Generator
    ) -> Network:
        """Declare the network, see :meth:`Liquid.network`."""
        n_inhibitory = _n_inhibitory(self, n_neurons)
        patch = PerTarget(values=Uniform(low=0 * ms, high=self.delay_max))
        away = Normal(mean=0.0, sd=float(self.offset))
        excited = TonotopicWiring(n=self.n_inputs, width=float(self.width))
        inhibited = TonotopicWiring(
            n=self.n_inputs, width=float(self.width_inhibition), offset=away
        )
        near = TonotopicWiring(n=self.n_recurrent, width=float(self.width_recurrent))
        rows: list[tuple[str, Wiring, Any, Any, str]] = [
            ("input", excited, self.w_input, patch, EXCITE),
            ("input", inhibited, self.w_inhibition, patch, INHIBIT),
            ("exc", near, self.w_exc, self.delay, EXCITE),
            ("inh", near, self.w_inh, self.delay, INHIBIT),
        ]
        if self.n_recurrent == 0:
            rows = rows[:2]
        return Network(
            populations=(
                Population(name="input", n=n_channels, neuron=SpikeInput()),
                Population(name="exc", n=n_neurons - n_inhibitory, neuron=self.neuron),
                Population(name="inh", n=n_inhibitory, neuron=self.neuron),
            ),
            projections=tuple(
                Projection(
                    pre=pre,
                    post=post,
                    wiring=wiring,
                    weight=float(weight),
                    delay=delay,
                    on_pre=on_pre,
                    label=f"{pre}_{'inhibits' if on_pre == INHIBIT else 'excites'}_{post}",
                )
                for pre, wiring, weight, delay, on_pre in rows
                for post in ("exc", "inh")
            ),
            watch=("exc", "inh"),
            schedule=schedule,
        )
