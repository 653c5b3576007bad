"""Liquids as frozen declarations: recurrent networks that turn spikes into states.

A liquid says how many neurons of which kind there are and how they are wired; the draw itself is
made by :class:`~bioplastic.networks.LiquidStateMachine` with its random state.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from brian2 import ms, mV

from bioplastic.errors import ParameterError
from bioplastic.models import (
    AdaptiveLIF,
    LogUniform,
    Network,
    Normal,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    SpikeInput,
    TonotopicWiring,
    Uniform,
)
from bioplastic.models.declaration import Declaration, parameter
from bioplastic.models.distributions import Gamma, PerTarget
from bioplastic.models.wiring import Wiring

EXCITE, INHIBIT = "i_exc_post += w*mV", "i_inh_post -= w*mV"
#: Input of a neuron of RandomLiquid, in millivolts and spikes a second, and its largest weight.
DRIVE, W_INPUT_MAX = 2000.0, 60.0
#: Rate of a channel, in hertz, for which input weights of TonotopicLiquid are made, and their
#: largest growth where channels are quieter.
CHANNEL_RATE, GROWTH_MAX = 8.0, 10.0


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Liquid(Declaration):
    """Parent of the liquids; one of your own overrides `Liquid.network`."""

    def fitted(self, *, n_channels: int, rate: float) -> Self:
        """Return the liquid with the weights that it leaves to the data.

        A network that is declared without data is for channels of 8 Hz.

        Parameters
        ----------
        n_channels : int
            Input channels.
        rate : float
            Mean rate of a channel of the training samples, in hertz.
        """
        return self

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
    w_input : float, in millivolts of current times resistance, or None
        Mean weight of the input. None fits it to the data: a neuron receives 2000 mV a second, on
        average over the training samples, by weights of at most 60 mV.
    w_exc, w_inh : float, in millivolts of current times resistance
        Mean weights between neurons. All weights are gamma distributed, with a standard deviation
        as large as the mean.
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
    w_input: Any = parameter(None, low=0, optional=True)
    w_exc: Any = parameter(1.0, low=0)
    w_inh: Any = parameter(3.0, low=0)
    delay: Any = parameter(Uniform(low=1 * ms, high=10 * ms))

    def fitted(self, *, n_channels: int, rate: float) -> Self:
        """Return the liquid with its input weight, see :meth:`.Liquid.fitted`."""
        if self.w_input is not None:
            return self
        arriving = float(self.p_input) * n_channels * rate
        weight = min(DRIVE / arriving, W_INPUT_MAX) if arriving > 0 else W_INPUT_MAX
        return replace(self, w_input=_two_digits(weight))

    def network(
        self, *, n_channels: int, n_neurons: int, schedule: Schedule, rng: np.random.Generator
    ) -> Network:
        """Declare the network, see :meth:`.Liquid.network`."""
        fitted = self.fitted(n_channels=n_channels, rate=CHANNEL_RATE)
        projections = [
            Projection(
                pre=pre,
                post=post,
                wiring=RandomWiring(p=self.p_input if pre == "input" else self.p),
                weight=Gamma(mean=weight, sd=weight),
                delay=0 * ms if pre == "input" else self.delay,
                on_pre=INHIBIT if pre == "inh" else EXCITE,
            )
            for pre, weight in (("input", fitted.w_input), ("exc", self.w_exc), ("inh", self.w_inh))
            for post in ("exc", "inh")
        ]
        neurons = _shared_out(self, n_neurons, self.excitatory, self.inhibitory)
        return liquid_network(n_channels, neurons, projections, schedule)


def _two_digits(weight: float) -> float:
    """Round, so that other samples of the same kind give the same weight."""
    return float(f"{weight:.2g}")


def liquid_network(
    n_channels: int, neurons: Iterable[Population], projections: Iterable[Projection], schedule: Any
) -> Network:
    """Declare a network of an input and neurons ``"exc"`` and ``"inh"``."""
    entrance = Population(name="input", n=n_channels, neuron=SpikeInput())
    return Network(
        populations=(entrance, *neurons),
        projections=tuple(projections),
        watch=("exc", "inh"),
        schedule=schedule,
    )


def _shared_out(
    liquid: Any, n_neurons: int, excitatory: AdaptiveLIF, inhibitory: AdaptiveLIF
) -> list[Population]:
    """Share neurons out to both kinds."""
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
    return [
        Population(name="exc", n=n_neurons - number, neuron=excitatory),
        Population(name="inh", n=number, neuron=inhibitory),
    ]


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class TonotopicLiquid(Liquid):
    """Neurons in a row along the axis of frequency, each with receptive fields of its own.

    Every neuron is excited by a patch of neighboring channels and, through relay interneurons
    that are not modeled, inhibited by another patch at an offset of its own. Both patches reach
    it with delays of its own, so that a neuron answers to a certain contrast or movement along
    the axis, an onset, a formant that rises. Neurons excite and inhibit their neighbors.

    Parameters
    ----------
    neuron : AdaptiveLIF
        The default's membranes have time constants from 5 to 40 ms, and its spikes adapt.
    share_inhibitory : float
        Share of neurons that inhibit their neighbors.
    n_inputs : int
        Channels, drawn with repetition, that excite a neuron, and as many that inhibit it.
    width, width_inhibition : float
        Standard deviation of the two patches, as a share of the axis.
    offset : float
        Standard deviation of the offset between them, as a share of the axis.
    w_input, w_inhibition : float, in millivolts of current times resistance, or None
        Weight of one channel in the two patches. None is 20 and 25 mV, and up to ten times that
        where the training samples have less than 8 spikes a second in a channel: then weights
        are the larger, the lower that rate.
    delay_max : Quantity, in seconds
        Delays of the patches are uniform from 0 to this.
    n_recurrent : int
        Excitatory neighbors, and as many inhibitory ones, that a neuron has; 0 for none.
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
    w_input: Any = parameter(None, low=0, optional=True)
    w_inhibition: Any = parameter(None, low=0, strict=False, optional=True)
    delay_max: Any = parameter(60 * ms, low=0, strict=False)
    n_recurrent: int = 15
    width_recurrent: Any = parameter(0.05, low=0)
    w_exc: Any = parameter(1.0, low=0, strict=False)
    w_inh: Any = parameter(2.0, low=0, strict=False)
    delay: Any = parameter(Uniform(low=1 * ms, high=10 * ms))

    def fitted(self, *, n_channels: int, rate: float) -> Self:
        """Return the liquid with its input weights, see :meth:`.Liquid.fitted`."""
        growth = min(max(CHANNEL_RATE / rate, 1.0), GROWTH_MAX) if rate > 0 else 1.0
        fitted: dict[str, Any] = {
            name: _two_digits(weight * growth)
            for name, weight in (("w_input", 20.0), ("w_inhibition", 25.0))
            if getattr(self, name) is None
        }
        return replace(self, **fitted)

    def network(
        self, *, n_channels: int, n_neurons: int, schedule: Schedule, rng: np.random.Generator
    ) -> Network:
        """Declare the network, see :meth:`.Liquid.network`."""
        fitted = self.fitted(n_channels=n_channels, rate=CHANNEL_RATE)
        patch = PerTarget(values=Uniform(low=0 * ms, high=self.delay_max))
        away = Normal(mean=0.0, sd=float(self.offset))
        excited = TonotopicWiring(n=self.n_inputs, width=float(self.width))
        inhibited = TonotopicWiring(
            n=self.n_inputs, width=float(self.width_inhibition), offset=away
        )
        near = TonotopicWiring(n=self.n_recurrent, width=float(self.width_recurrent))
        rows: list[tuple[str, Wiring, Any, Any, str]] = [
            ("input", excited, fitted.w_input, patch, EXCITE),
            ("input", inhibited, fitted.w_inhibition, patch, INHIBIT),
            ("exc", near, self.w_exc, self.delay, EXCITE),
            ("inh", near, self.w_inh, self.delay, INHIBIT),
        ]
        if self.n_recurrent == 0:
            rows = rows[:2]
        projections = [
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
        ]
        neurons = _shared_out(self, n_neurons, self.neuron, self.neuron)
        return liquid_network(n_channels, neurons, projections, schedule)
