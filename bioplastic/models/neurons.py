"""Neuron models as frozen declarations: equation strings, parameters, initial values.

A model says *what* a neuron is; an engine decides *how* it is computed. Time `t` starts at 0 in
every slot (one presentation and its rest), and `at_slot_start` is where a model forgets what must
not leak from one sample into the next.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from brian2 import ms, mV, second

from bioplastic.errors import ParameterError
from bioplastic.models.checking import check_model
from bioplastic.models.declaration import (
    Bound,
    Declaration,
    check_value,
    field_values,
    parameter,
    read_at_start,
    require,
)
from bioplastic.models.holding import held
from bioplastic.models.strings import equations_of, variables_of
from bioplastic.models.time_table import kind_of_namespace
from bioplastic.models.timing import Event, Regularly
from bioplastic.models.values import parameter_equations

LIF_EQUATIONS = """
dv/dt     = (v_rest - v + i_syn)/tau_membrane : volt (unless refractory)   # Gerstner & Kistler 2002
di_syn/dt = -i_syn/tau_syn                    : volt                       # eq. 4.3
"""

ADAPTIVE_LIF_EQUATIONS = """
dv/dt     = (v_rest - v + i_background + i_exc + i_inh - a)/tau_membrane : volt (unless refractory)
di_exc/dt = -i_exc/tau_exc               : volt   # synaptic currents, times membrane resistance
di_inh/dt = -i_inh/tau_inh               : volt
da/dt     = -a/tau_adaptation            : volt   # spike-frequency adaptation
"""

#: Name of a refractory period that is given as a value.
REFRACTORY_PERIOD = "refractory_period"


def _kind_of_period(period: Any) -> str:
    return period if isinstance(period, str) else parameter_equations({REFRACTORY_PERIOD: period})


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class NeuronModel(Declaration):
    """A neuron as equation strings: the form for strings of your own.

    Parameters
    ----------
    equations : str
        Brian equations; names in `constants` are declared as shared constants by the builder.
    threshold, reset : str
        Condition and statements of Brian; without a threshold a neuron never spikes.
    refractory : Quantity or Distribution in seconds, or str
        Absolute refractory period, or an expression that is one, for example a constant's name, or
        a condition: after a spike a neuron is refractory as long as it holds. It means what it
        means in Brian: derivatives marked ``(unless refractory)`` stand still, what synapses add to
        such a variable is lost, and the threshold is not looked at. Periods are whole steps,
        rounded down. Equations may read ``not_refractory`` and the time of the `lastspike`, both of
        which begin anew with each sample.
    before_spikes : str
        Statements run in every step when the equations were integrated, before the threshold is
        looked at.
    after_spikes : str
        Statements run at the end of every step, when synapses and resets have acted. Populations
        take turns in their order in the network; what each hands on by `Projection.graded` comes
        before the next one's turn.
    at_slot_start, at_slot_end : str
        Statements run when a slot begins, where `t` is 0 again, and when it ends. Strings may read
        ``target(cursor)``, the target of the present sample, ``target_signal(row, i)``, its value
        for output `i` in the present step, and `slot_duration`.
    constants : mapping of str to Quantity, float, array or Distribution
        Shared constants, or one of each neuron; a changed value needs no new build.
    initial : mapping of str to Quantity or float
        Values before the first slot, 0 where absent.
    namespace : mapping of str to TimeTable or function
        What strings may call: tables over time, brian2.TimedArray among them, and functions with
        units by ``brian2.check_units`` and, for compiled engines, code by
        ``brian2.implementation``.
    events : tuple of Event
        Events beside the spike, which a :class:`Pathway` may take.
    regularly : tuple of Regularly
        Statements at times and moments of their own.
    learned : tuple of str
        Variables that last from sample to sample, which ``Network.frozen()`` holds as they are.
    method : str
        ``"rational_exponential_euler"`` (of ``bioplastic.engine``) or any of Brian's.

    Raises
    ------
    ParameterError
        If a parameter has a wrong unit or lies outside its range, or a string cannot be read.

    Notes
    -----
    Strings may draw: ``rand()``, ``randn()``, ``poisson(mean)``, and ``xi`` in equations that one
    of Brian's methods for noise integrates. What is drawn follows from the run's seed, the sample,
    its repetition, the step, the neuron and the place in the strings; it is the same on every
    engine.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.models import NeuronModel
    >>> leaky = NeuronModel(
    ...     equations="dv/dt = (drive - v)/tau : 1",
    ...     threshold="v > 1",
    ...     reset="v = 0",
    ...     constants={"tau": 10 * ms, "drive": 1.2},
    ... )
    >>> print(leaky.equations)
    dv/dt = (drive - v)/tau : 1
    """

    equations: str
    threshold: str = ""
    reset: str = ""
    refractory: Any = read_at_start(_kind_of_period, default="")
    before_spikes: str = ""
    after_spikes: str = ""
    at_slot_start: str = ""
    at_slot_end: str = ""
    constants: Mapping[str, Any] = read_at_start(parameter_equations, default_factory=dict)
    initial: Mapping[str, Any] = read_at_start(default_factory=dict)
    namespace: Mapping[str, Any] = read_at_start(kind_of_namespace, default_factory=dict)
    events: tuple[Event, ...] = ()
    regularly: tuple[Regularly, ...] = ()
    learned: tuple[str, ...] = read_at_start(default=())
    method: str = "rational_exponential_euler"

    #: What samples are to it, where they enter through it: "rates", "spikes" or "signals".
    takes: ClassVar[str] = ""

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        if not isinstance(self.refractory, str):
            check_value(self, "refractory", Bound(0 * second, low=0, strict=False))
            if REFRACTORY_PERIOD in {*self.constants, *variables_of(self.equations)}:
                raise ParameterError(
                    f"{type(self).__name__}.constants: {REFRACTORY_PERIOD} is the name of what is "
                    f"given as refractory; choose another"
                )
        check_model(self, "neuron")
        equations = equations_of(self.equations).items()
        marked = ", ".join(n for n, e in equations if "unless refractory" in e.flags)
        what = f"be given where equations are marked (unless refractory), as that of {marked} is"
        require(self, "refractory", not marked or bool(self.refractory_string), what)

    @property
    def refractory_string(self) -> str:
        """Name of the refractory period, its expression or condition; empty where there is none."""
        return self.refractory if isinstance(self.refractory, str) else REFRACTORY_PERIOD

    @property
    def parameters(self) -> dict[str, Any]:
        """Name and value of every shared constant."""
        period = {} if isinstance(self.refractory, str) else {REFRACTORY_PERIOD: self.refractory}
        return {**field_values(self), **self.constants, **period}

    @property
    def initial_values(self) -> dict[str, Any]:
        """Value before the first slot, by variable."""
        return dict(self.initial)

    @property
    def spikes(self) -> bool:
        """Whether the neuron can spike."""
        return bool(self.threshold)

    def n_features(self, n: int) -> int:
        """Return the number of features of a sample for `n` such neurons, which take samples."""
        return n

    def frozen(self) -> Self:
        """Return the model with what it learns held fixed: itself where nothing is `learned`."""
        return held(self, "neuron")


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class LIF(NeuronModel):
    """Leaky integrate-and-fire neuron with an exponential synaptic drive.

    Parameters
    ----------
    tau_membrane, tau_syn, tau_refractory : Quantity, in seconds
        Time constants of membrane and synapse, absolute refractory period.
    v_rest, v_reset, v_threshold : Quantity, in volts
        Resting, reset and threshold potential.

    Notes
    -----
    Gerstner & Kistler, Spiking Neuron Models, 2002, eq. 4.3 (doi 10.1017/CBO9780511815706).

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.models import LIF
    >>> LIF(tau_membrane=20 * ms).v_threshold
    -50. * mvolt
    >>> LIF(tau_membrane=-1 * ms)
    Traceback (most recent call last):
    bioplastic.errors.ParameterError: LIF.tau_membrane: must be > 0, got -1. ms
    """

    equations: str = LIF_EQUATIONS
    threshold: str = "v > v_threshold"
    reset: str = "v = v_reset"
    refractory: Any = "tau_refractory"
    at_slot_start: str = "v = v_rest; i_syn = 0*mV"
    tau_membrane: Any = parameter(10 * ms, low=0)
    tau_syn: Any = parameter(5 * ms, low=0)
    tau_refractory: Any = parameter(2 * ms, low=0, strict=False)
    v_rest: Any = parameter(-65 * mV)
    v_reset: Any = parameter(-65 * mV)
    v_threshold: Any = parameter(-50 * mV)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class AdaptiveLIF(NeuronModel):
    """Leaky integrate-and-fire neuron with two synaptic currents and spike-frequency adaptation.

    Each parameter may be a distribution such as :class:`Uniform`, so that neurons differ.

    Parameters
    ----------
    tau_membrane, tau_exc, tau_inh, tau_adaptation, tau_refractory : Quantity, in seconds
        Time constants of membrane, excitatory and inhibitory current and adaptation, absolute
        refractory period.
    v_rest, v_reset, v_threshold, v_initial : Quantity, in volts
        Resting, reset and threshold potential, potential at the begin of a sample.
    i_background : Quantity, in volts
        Constant current, times the membrane's resistance.
    adaptation : Quantity, in volts
        What a spike adds to the hyperpolarizing current `a`; 0 for none.

    Notes
    -----
    Currents and the membrane constants' defaults: Maass, Natschlaeger & Markram 2002, doi
    10.1162/089976602760407955. Adaptation as a current with an increment at each spike: Gerstner
    & Kistler 2002, doi 10.1017/CBO9780511815706.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.models import AdaptiveLIF, LogUniform
    >>> AdaptiveLIF(tau_membrane=LogUniform(low=5 * ms, high=200 * ms)).tau_exc
    3. * msecond
    """

    equations: str = ADAPTIVE_LIF_EQUATIONS
    threshold: str = "v > v_threshold"
    reset: str = "v = v_reset; a += adaptation"
    refractory: Any = "tau_refractory"
    at_slot_start: str = "v = v_initial; i_exc = 0*mV; i_inh = 0*mV; a = 0*mV"
    tau_membrane: Any = parameter(30 * ms, low=0)
    tau_exc: Any = parameter(3 * ms, low=0)
    tau_inh: Any = parameter(6 * ms, low=0)
    tau_adaptation: Any = parameter(100 * ms, low=0)
    tau_refractory: Any = parameter(2 * ms, low=0, strict=False)
    v_rest: Any = parameter(0 * mV)
    v_reset: Any = parameter(0 * mV)
    v_threshold: Any = parameter(15 * mV)
    v_initial: Any = parameter(0 * mV)
    i_background: Any = parameter(0 * mV)
    adaptation: Any = parameter(0 * mV, low=0, strict=False)
