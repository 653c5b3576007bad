"""Neurons through which samples enter a network."""

from dataclasses import dataclass
from typing import Any, ClassVar

from brian2 import ms

from bioplastic.models.declaration import parameter, require
from bioplastic.models.neurons import NeuronModel

# A Bernoulli process of probability rate*dt a step, drawn by its gaps: one random number a spike
# in place of one a step, with the same law as Brian's PoissonGroup. `sample_key`, `cursor` and
# `repeats` come from the schedule, `stimulus` and `uniform` from the engine.
POISSON_EQUATIONS = """
rate        : Hz                                              # in this slot
log_silence : 1                                               # log(1 - rate*dt)
t_next      : second                                          # half a step before the next spike
n_drawn     : 1                                               # random numbers used in this slot
"""
# Clipped for silent inputs: Brian's floor has 32 bits under NumPy, and their gap would overflow.
_GAP = "floor(clip(log(uniform(sample_key, repeats, i, n_drawn))/log_silence, 0, 1e9))"
_NOT_IN_REST = "t_next = t_next + 1e9*second*int(t_next > presentation - dt)"
POISSON_SLOT_START = f"""
rate = stimulus(cursor, i)*(1 + repeats*boost)*Hz
log_silence = log(1 - clip(rate*dt, 0, 0.999999)) - 1e-30
n_drawn = 0
t_next = ({_GAP} - 0.5)*dt
{_NOT_IN_REST}
"""
POISSON_RESET = f"""
n_drawn += 1
t_next = t_next + (1 + {_GAP})*dt
{_NOT_IN_REST}
"""

DELAY_LINE_EQUATIONS = """
value   : 1
channel : 1                                                   # feature of the sample
lag     : 1                                                   # steps
heard = int(t > (lag - 0.5)*dt) : 1                           # whether the sample had begun then
"""
DELAY_LINE_START = """
lag = floor(floor(i/n_channels)*delay/dt + 0.5)
channel = i - n_channels*floor(i/n_channels)
"""


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class PoissonInput(NeuronModel):
    """Input neurons that fire at the rates of the present sample, then rest.

    In every step of the presentation a neuron spikes with probability ``rate*dt``. The random
    numbers are a pure function of seed, sample, repetition, neuron and draw, so that the noise of
    a sample does not depend on the engine, nor on what was presented before it.

    Parameters
    ----------
    boost : float
        How much the rates of a repeated presentation grow with each repetition, as a share of
        the original rates; 0.5 is the original script's step of its `intensity` from 2 to 3.

    Examples
    --------
    >>> from bioplastic.models import PoissonInput
    >>> PoissonInput().boost
    0.5
    """

    equations: str = POISSON_EQUATIONS
    threshold: str = "t > t_next"
    reset: str = POISSON_RESET
    at_slot_start: str = POISSON_SLOT_START
    takes: ClassVar[str] = "rates"
    boost: Any = parameter(0.5, low=0, strict=False)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class SpikeInput(NeuronModel):
    """Input neurons that fire the spikes of the present sample.

    A spike acts in the step in which it falls. A channel fires once in a step, as a neuron does:
    a second spike of the same step follows in the next one, and so on.

    Examples
    --------
    >>> from bioplastic.models import Population, SpikeInput
    >>> Population(name="input", n=700, neuron=SpikeInput()).neuron.spikes
    True
    """

    equations: str = ""
    takes: ClassVar[str] = "spikes"

    def __post_init__(self) -> None:
        NeuronModel.__post_init__(self)
        what = "be '', since the sample says when it spikes"
        require(self, "refractory", not self.refractory_string, what)

    @property
    def spikes(self) -> bool:
        """Always: the sample says when."""
        return True


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class SignalInput(NeuronModel):
    """Input neurons that hand on the numbers of the present sample, one in every step.

    A number other than 0 is an event, which synapses read as ``value_pre``; a 0 costs nothing.

    Examples
    --------
    >>> from bioplastic.models import Projection, SignalInput
    >>> SignalInput().threshold
    'value != 0'
    >>> link = Projection(pre="input", post="hidden", on_pre="v_post += w*value_pre")
    """

    equations: str = "value : 1"
    threshold: str = "value != 0"
    before_spikes: str = "value = stimulus(row, i)"
    takes: ClassVar[str] = "signals"


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class DelayLineInput(SignalInput):
    """Input neurons that hand on the numbers of the present sample, now and again later.

    The first `n_channels` neurons are those of :class:`SignalInput`; the next as many follow them
    by `delay`, the next by twice that, as axons of growing length do.

    Parameters
    ----------
    n_channels : int
        Features of the samples, of which the number of neurons is a multiple.
    delay : Quantity, in seconds
        From one line to the next, rounded to steps.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.models import Population
    >>> from bioplastic.models.inputs import DelayLineInput
    >>> lines = Population(name="input", n=3*70, neuron=DelayLineInput(n_channels=70, delay=30*ms))
    """

    equations: str = DELAY_LINE_EQUATIONS
    before_spikes: str = "value = stimulus(row - lag*heard, channel)*heard"
    at_slot_start: str = DELAY_LINE_START
    n_channels: Any = parameter(1, low=1, strict=False)
    delay: Any = parameter(30 * ms, low=0)

    def n_features(self, n: int) -> int:
        """Return the number of channels, of which `n` is a multiple."""
        n_channels: int = round(self.n_channels)
        return n_channels
