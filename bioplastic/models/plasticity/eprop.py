"""E-prop: eligibility traces of synapses, and learning signals that turn them into gradients."""

from dataclasses import dataclass, field, fields
from typing import Any

from brian2 import ms

from bioplastic.errors import ParameterError
from bioplastic.models.declaration import EquationString, check_kind, parameter
from bioplastic.models.optimizers import Adam, Optimizer
from bioplastic.models.plasticity.rule import PlasticityRule

# Strings of `before_spikes` act one step after the error that they use: `e_bar` still is that of
# the step before, when they add to the gradient. The last step's part follows when the slot ends.
EPROP_SYNAPSE = """
eps_v    : 1                             # dv/dw: filtered presynaptic spikes
e_bar    : 1                             # eligibility trace e, filtered as the readout is
gradient : 1                             # summed over the batch
"""
EPROP_STEP = """
gradient += signal_post*e_bar
eps_v = leak_post*eps_v
e_now = psi_post*eps_v
e_bar = exp(-dt/tau_filter)*e_bar + e_now
gradient += push_post*e_now
"""
ADAPTIVE_SYNAPSE = f"""
eps_a    : 1                             # da/dw of the adaptation{EPROP_SYNAPSE}"""
ADAPTIVE_STEP = """
gradient += signal_post*e_bar
eps_v = leak_post*eps_v
e_now = psi_post*(eps_v - beta_post*eps_a)
eps_a = leak_a_post*(eps_a + e_now)
e_bar = exp(-dt/tau_filter)*e_bar + e_now
gradient += push_post*e_now
"""
READOUT_SYNAPSE = """
z_bar    : 1                             # presynaptic spikes, filtered as the readout is
gradient : 1                             # summed over the batch
"""
READOUT_STEP = """
gradient += error_post*z_bar
z_bar = exp(-dt/tau_filter)*z_bar
"""
_MEAN = "gradient = gradient/batch\n"
_NO_AUTAPSES = "gradient = gradient*int(i != j)\n"


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class _GradientRule(PlasticityRule):
    """Parent of the rules that sum a gradient over a batch and hand it to an optimizer.

    `batch` must be the schedule's `batch_size`. Strings of the optimizer follow those of the rule.
    """

    synapse: str = "gradient : 1"
    self_connections: bool = True
    optimizer: Optimizer = field(default_factory=Adam)
    batch: Any = parameter(1.0, low=1, strict=False)

    def __post_init__(self) -> None:
        check_kind(self, "optimizer", Optimizer, "an Optimizer, for example Adam()")
        if not self.at_batch_end:
            parts = [self.optimizer.count.lstrip(), _MEAN]
            parts += [] if self.self_connections else [_NO_AUTAPSES]
            parts += [self.optimizer.update.lstrip(), "gradient = 0\n"]
            object.__setattr__(self, "at_batch_end", "".join(parts))
            synapse = f"{str(self.synapse).rstrip()}{self.optimizer.synapse}"
            object.__setattr__(self, "synapse", EquationString(synapse))
        elif self.optimizer.update.strip() not in self.at_batch_end:
            raise ParameterError(
                f"{type(self).__name__}.optimizer: its strings are part of at_batch_end already; "
                f"make a new rule in place of replacing its optimizer by {self.optimizer!r}"
            )
        object.__setattr__(self, "constants", {**self.constants, **self.optimizer.parameters})
        PlasticityRule.__post_init__(self)

    def shown_fields(self) -> list[tuple[str, str]]:
        """Names and prints of fields, without those that follow from the optimizer."""
        shown = PlasticityRule.shown_fields(self)
        follow = ("synapse", "at_batch_end", "constants")
        given = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in follow}
        same = type(self)(**given) == self
        return [(name, text) for name, text in shown if not (same and name in follow)]


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class EProp(_GradientRule):
    """E-prop of synapses onto LIF neurons.

    A synapse notes how the postsynaptic membrane hangs on its weight, times the neuron's
    pseudo-derivative: its eligibility. The learning signal that the neuron receives, times the
    eligibility, is summed over time; when a batch is full, an optimizer changes the weight.

    Parameters
    ----------
    tau_filter : Quantity, in seconds
        That of the readout, `tau_out`, with which the eligibility is filtered.
    self_connections : bool
        Whether a weight of a neuron to itself may change.
    optimizer : Adam or SGD
        What changes the weight.
    batch : int
        Samples in a batch, that is the schedule's `batch_size`.

    Notes
    -----
    Bellec et al., Nature Communications 11:3625, 2020, doi 10.1038/s41467-020-17236-y. The
    postsynaptic neuron is an :class:`~bioplastic.models.eprop.EPropLIF`, or any that has
    `leak`, `psi`, `signal` and `push`.

    Examples
    --------
    >>> from bioplastic.models import SGD
    >>> from bioplastic.models.plasticity.eprop import EProp
    >>> print(EProp(optimizer=SGD()).before_spikes.strip())
    gradient += signal_post*e_bar
    eps_v = leak_post*eps_v
    e_now = psi_post*eps_v
    e_bar = exp(-dt/tau_filter)*e_bar + e_now
    gradient += push_post*e_now
    """

    synapse: str = EPROP_SYNAPSE
    on_pre: str = "eps_v += 1"
    before_spikes: str = EPROP_STEP
    at_slot_start: str = "eps_v = 0; e_bar = 0"
    at_slot_end: str = "gradient += signal_post*e_bar"
    tau_filter: Any = parameter(20 * ms, low=0)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class AdaptiveEProp(EProp):
    """E-prop of synapses onto ALIF neurons, whose adaptation has an eligibility, too.

    Parameters
    ----------
    tau_filter : Quantity, in seconds
        That of the readout, `tau_out`, with which the eligibility is filtered.
    self_connections : bool
        Whether a weight of a neuron to itself may change.
    optimizer : Adam or SGD
        What changes the weight.
    batch : int
        Samples in a batch, that is the schedule's `batch_size`.

    Notes
    -----
    Bellec et al. 2020, doi 10.1038/s41467-020-17236-y. The postsynaptic neuron is
    an :class:`~bioplastic.models.eprop.EPropALIF`.

    Examples
    --------
    >>> from bioplastic.models.plasticity.eprop import AdaptiveEProp
    >>> "eps_a" in AdaptiveEProp().equations
    True
    """

    synapse: str = ADAPTIVE_SYNAPSE
    before_spikes: str = ADAPTIVE_STEP
    at_slot_start: str = "eps_v = 0; eps_a = 0; e_bar = 0"


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class EPropReadout(_GradientRule):
    """Gradient of the weights of a leaky readout: its error, times filtered spikes.

    Parameters
    ----------
    tau_filter : Quantity, in seconds
        That of the readout, `tau_out`.
    optimizer : Adam or SGD
        What changes the weight.
    batch : int
        Samples in a batch, that is the schedule's `batch_size`.

    Notes
    -----
    Bellec et al. 2020, doi 10.1038/s41467-020-17236-y; no approximation here.

    Examples
    --------
    >>> from bioplastic.models.plasticity.eprop import EPropReadout
    >>> EPropReadout().on_pre
    'z_bar += 1'
    """

    synapse: str = READOUT_SYNAPSE
    on_pre: str = "z_bar += 1"
    before_spikes: str = READOUT_STEP
    at_slot_start: str = "z_bar = 0"
    at_slot_end: str = "gradient += error_post*z_bar"
    tau_filter: Any = parameter(20 * ms, low=0)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class EPropFeedback(_GradientRule):
    """Feedback weights that change as the readout's do, from what stands at their own ends.

    From the same initial weights they stay the readout's transpose, which is symmetric feedback;
    from others they come near it as both decay.

    Parameters
    ----------
    tau_spikes : Quantity, in seconds
        That of the readout, `tau_out`.
    optimizer : Adam or SGD
        What changes the weight: that of the readout.
    batch : int
        Samples in a batch, that is the schedule's `batch_size`.

    Notes
    -----
    Kolen & Pollack 1994, doi 10.1109/ICNN.1994.374486; adaptive e-prop: Bellec et al. 2020,
    doi 10.1038/s41467-020-17236-y.

    Examples
    --------
    >>> from bioplastic.models.plasticity.eprop import EPropFeedback
    >>> EPropFeedback().every_step
    'gradient += error_pre*z_out_post'
    """

    post_traces: str = "dz_out/dt = -z_out/tau_spikes : 1"
    on_post_trace: str = "z_out += 1"
    at_slot_start_post: str = "z_out = 0"
    every_step: str = "gradient += error_pre*z_out_post"
    tau_spikes: Any = parameter(20 * ms, low=0)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class EPropBias(_GradientRule):
    """Gradient of a readout's bias, which is the weight from it to its output.

    Parameters
    ----------
    optimizer : Adam or SGD
        What changes the bias.
    batch : int
        Samples in a batch, that is the schedule's `batch_size`.

    Examples
    --------
    >>> from bioplastic.models.plasticity.eprop import EPropBias
    >>> EPropBias().every_step
    'gradient += error_pre'
    """

    every_step: str = "gradient += error_pre"
