"""Neurons of networks that learn by e-prop: LIF and ALIF, leaky readouts, their errors."""

from dataclasses import dataclass
from typing import Any

from brian2 import Hz, ms, second

from bioplastic.models.declaration import Declaration, parameter
from bioplastic.models.neurons import NeuronModel

EPROP_LIF_EQUATIONS = """
dv/dt    = -v/tau_membrane : 1           # Bellec et al. 2020: a spike adds its weight
drate/dt = -rate/tau_rate  : Hz          # mean rate, which goes on from sample to sample
psi      : 1                             # pseudo-derivative of the spike
signal   : 1                             # learning signal L
push     : 1                             # towards the target rate
leak     : 1                             # share of v that a step leaves
"""
EPROP_ALIF_EQUATIONS = f"""{EPROP_LIF_EQUATIONS.rstrip()}
da/dt    = -a/tau_adaptation : 1         # the threshold is v_threshold + beta*a
leak_a   : 1                             # share of a that a step leaves
"""
_LIF_START = """
v = 0
psi = 0
signal = 0
push = 0
leak = exp(-dt/tau_membrane)
"""
_PSI = """
psi = gamma/v_threshold*clip(1 - abs({above})/(psi_width*v_threshold), 0, 1)
psi = psi*int(not_refractory)
"""
# Signals gather anew in every step. A long sample pushes the rate no more than a short one.
_LIF_AFTER = """
signal = 0
push = rate_cost*(rate - rate_target)/rate_target**2/slot_duration
"""
_LIF_RESET = "v -= v_threshold; rate += 1/tau_rate"


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class EPropLIF(NeuronModel):
    """Leaky integrate-and-fire neuron with what e-prop asks of it.

    A presynaptic spike adds its weight to `v`, a spike of its own takes `v_threshold` away. Beside
    that the neuron knows the pseudo-derivative `psi` of its spike, receives a learning `signal`,
    and remembers its mean `rate`. Potentials are numbers.

    Parameters
    ----------
    tau_membrane, tau_refractory : Quantity, in seconds
        Time constant of the membrane, which may be a distribution; absolute refractory period.
    v_threshold : float
        Threshold.
    gamma, psi_width : float
        Height of the pseudo-derivative at the threshold, times `v_threshold`, and how far from the
        threshold it reaches, in units of `v_threshold`.
    tau_rate : Quantity, in seconds
        Time over which the rate is averaged, across samples.
    rate_target : Quantity, in hertz
        Rate to which regularization draws the neuron.
    rate_cost : float
        Weight of ``((rate - rate_target)/rate_target)**2/2`` in the loss; 0 for none.

    Notes
    -----
    Bellec et al., Nature Communications 11:3625, 2020, doi 10.1038/s41467-020-17236-y. There a
    weight acts on the membrane after the step's leak, here before it, as Brian's spikes do: weights
    are larger by the inverse of the leak, and nothing else differs.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.models.eprop import EPropLIF
    >>> EPropLIF(tau_membrane=30 * ms).threshold
    'v > v_threshold'
    """

    equations: str = EPROP_LIF_EQUATIONS
    threshold: str = "v > v_threshold"
    refractory: Any = "tau_refractory"
    reset: str = _LIF_RESET
    before_spikes: str = _PSI.format(above="v - v_threshold")
    after_spikes: str = _LIF_AFTER
    at_slot_start: str = _LIF_START
    tau_membrane: Any = parameter(20 * ms, low=0)
    tau_refractory: Any = parameter(0 * ms, low=0, strict=False)
    v_threshold: Any = parameter(1.0, low=0)
    gamma: Any = parameter(0.3, low=0)
    psi_width: Any = parameter(1.0, low=0)
    tau_rate: Any = parameter(100 * second, low=0)
    rate_target: Any = parameter(10 * Hz, low=0)
    rate_cost: Any = parameter(0.0, low=0, strict=False)
    # Exact where time constants differ, too: eligibilities must decay as membranes do.
    method: str = "exponential_euler"

    @property
    def initial_values(self) -> dict[str, Any]:
        """Value before the first slot, by variable: `rate` begins at `rate_target`."""
        return {"rate": self.rate_target, **self.initial}


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class EPropALIF(EPropLIF):
    """Adaptive leaky integrate-and-fire neuron with what e-prop asks of it.

    Each spike adds 1 to `a`, which decays slowly and raises the threshold by ``beta*a``: a memory
    beyond the membrane's. For the other parameters see :class:`.EPropLIF`.

    Parameters
    ----------
    tau_adaptation : Quantity, in seconds
        Time constant of `a`, which may be a distribution.
    beta : float
        What a spike adds to the threshold.

    Notes
    -----
    Bellec et al. 2020, doi 10.1038/s41467-020-17236-y.

    Examples
    --------
    >>> from bioplastic.models.eprop import EPropALIF
    >>> EPropALIF().tau_adaptation
    200. * msecond
    """

    equations: str = EPROP_ALIF_EQUATIONS
    threshold: str = "v > v_threshold + beta*a"
    reset: str = f"{_LIF_RESET}; a += 1"
    before_spikes: str = _PSI.format(above="v - v_threshold - beta*a")
    at_slot_start: str = f"{_LIF_START}a = 0\nleak_a = exp(-dt/tau_adaptation)\n"
    tau_adaptation: Any = parameter(200 * ms, low=0)
    beta: Any = parameter(0.5, low=0, strict=False)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class RateRegularization(Declaration):
    """Rate to which neurons that learn by e-prop are drawn, and how much.

    Parameters
    ----------
    rate_target : Quantity, in hertz
        The rate.
    rate_cost : float
        Weight of squared relative deviations from it in the loss; 0 for none.
    tau_rate : Quantity, in seconds
        Time over which rates are averaged, across samples.

    Notes
    -----
    Bellec et al. 2020, doi 10.1038/s41467-020-17236-y; see :class:`.EPropLIF`.

    Examples
    --------
    >>> from bioplastic.models import RateRegularization
    >>> RateRegularization(rate_cost=0.01).rate_target
    10. * hertz
    """

    rate_target: Any = parameter(10 * Hz, low=0)
    rate_cost: Any = parameter(0.003, low=0, strict=False)
    tau_rate: Any = parameter(100 * second, low=0)


READOUT_EQUATIONS = """
dy/dt = -y/tau_out : 1                   # a spike adds its weight
error : 1                                # slope of the loss in y
"""
OUTPUT_EQUATIONS = """
y     : 1                                # of the readout, with its bias
grown : 1                                # exp(y)
"""
_ERROR_EQUATIONS = """
error   : 1                              # slope of the loss in y
n_counted : 1                            # steps of the decision window
counted : 1                              # 1/n_counted within the window, else 0
sample_loss : 1                          # of this sample: a mean over its window
loss    : 1                              # sum over samples
"""
SOFTMAX_EQUATIONS = f"""
grown   : 1                              # exp(y) of the output
total   : 1                              # its sum over classes
p       : 1                              # softmax
wanted  : 1                              # 1 for the class of the sample, else 0
score   : 1                              # mean of p over the window{_ERROR_EQUATIONS}"""
SQUARED_EQUATIONS = f"""
y       : 1                              # of the readout, with its bias
answer  : 1                              # mean of y over the window
deviation : 1{_ERROR_EQUATIONS}"""
_COUNTED = "counted = int(t > slot_duration - (n_counted + 0.5)*dt)/n_counted"
_ERROR_START = """
error = 0
sample_loss = 0
n_counted = floor(clip(decision_window, dt, decision_share*slot_duration)/dt + 0.5)
n_counted = clip(n_counted, 1, 1e9)
"""


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class LeakyReadout(NeuronModel):
    """Output neuron that sums up spikes, leaks, and never fires.

    Parameters
    ----------
    tau_out : Quantity, in seconds
        Time constant.

    Notes
    -----
    Bellec et al. 2020, doi 10.1038/s41467-020-17236-y.

    Examples
    --------
    >>> from bioplastic.models.eprop import LeakyReadout
    >>> LeakyReadout().spikes
    False
    """

    equations: str = READOUT_EQUATIONS
    at_slot_start: str = "y = 0; error = 0"
    tau_out: Any = parameter(20 * ms, low=0)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class SoftmaxOutput(NeuronModel):
    """One neuron a class, which gives :class:`.SoftmaxError` the exponential of a readout.

    Examples
    --------
    >>> from bioplastic.models.eprop import SoftmaxOutput
    >>> print(SoftmaxOutput().after_spikes)
    grown = exp(clip(y, -100, 100))
    """

    equations: str = OUTPUT_EQUATIONS
    after_spikes: str = "grown = exp(clip(y, -100, 100))"
    at_slot_start: str = "y = 0"


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class SoftmaxError(NeuronModel):
    """One neuron a class: its probability, and by how much that is wrong.

    ``error`` is the slope of the loss, which is the mean cross-entropy over the decision window.

    Parameters
    ----------
    decision_window : Quantity, in seconds
        The last part of a sample, in which the answer counts; a longer one counts all of it.
    decision_share : float
        Largest share of a sample that it may take.

    Notes
    -----
    Bellec et al. 2020, doi 10.1038/s41467-020-17236-y.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.models.eprop import SoftmaxError
    >>> SoftmaxError(decision_window=150 * ms).decision_window
    150. * msecond
    """

    equations: str = SOFTMAX_EQUATIONS
    after_spikes: str = f"""
{_COUNTED}
p = grown/total
error = (p - wanted)*counted
sample_loss = sample_loss - wanted*counted*log(clip(p, 1e-300, 1))
score = score + p*counted
total = 0
"""
    at_slot_start: str = f"""{_ERROR_START}
total = 0
score = 0
wanted = int(target(cursor) == i)
"""
    at_slot_end: str = "loss = loss + sample_loss"
    decision_window: Any = parameter(1e9 * second, low=0)
    decision_share: Any = parameter(1.0, low=0)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class SquaredError(NeuronModel):
    """One neuron a readout: by how much it differs from the target signal.

    ``error`` is the slope of the loss, half the mean squared deviation over the decision window.

    Parameters
    ----------
    decision_window : Quantity, in seconds
        The last part of a sample, in which the answer counts; a longer one counts all of it.
    decision_share : float
        Largest share of a sample that it may take.

    Notes
    -----
    Bellec et al. 2020, doi 10.1038/s41467-020-17236-y.

    Examples
    --------
    >>> from bioplastic.models.eprop import SquaredError
    >>> "target_signal" in SquaredError().after_spikes
    True
    """

    equations: str = SQUARED_EQUATIONS
    after_spikes: str = f"""
{_COUNTED}
answer = answer + y*counted
deviation = y - target_signal(row, i)
error = deviation*counted
sample_loss = sample_loss + 0.5*deviation**2*counted
"""
    at_slot_start: str = f"{_ERROR_START}\nanswer = 0\n"
    at_slot_end: str = "loss = loss + sample_loss"
    decision_window: Any = parameter(1e9 * second, low=0)
    decision_share: Any = parameter(1.0, low=0)
