"""The parent of all rules: traces, what spikes and time do to a weight; several rules as one."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from brian2 import second

from bioplastic._quantities import same_unit
from bioplastic.errors import ParameterError
from bioplastic.models.checking import check_model
from bioplastic.models.declaration import (
    Declaration,
    EquationString,
    field_values,
    read_at_start,
    require,
)
from bioplastic.models.time_table import kind_of_namespace
from bioplastic.models.values import is_distribution, parameter_equations


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class PlasticityRule(Declaration):
    """A plasticity rule as strings: the form for a rule of your own.

    Parameters
    ----------
    pre_traces, post_traces : str
        Brian equations of traces of the presynaptic and of the postsynaptic neuron. They stand
        with the neurons, once for all synapses, where that is the same; with each synapse where it
        is not: if spikes are delayed, if a trace names `w` or a variable of the synapse, or if one
        of its constants is a :class:`~bioplastic.models.distributions.Distribution`.
    synapse : str
        Brian equations of what a synapse has beside `w`, for example an eligibility.
    on_pre, on_post : str
        What a spike does to `w`; traces are read as ``r1_pre`` or ``o1_post``, that is
        with the suffix of the population that carries them, and so are constants of the traces.
    on_pre_trace, on_post_trace : str
        What a spike does to the traces of its own neuron: a presynaptic trace changes after
        `on_pre` and before `on_post`, a postsynaptic one after both.
    at_slot_start_pre, at_slot_start_post : str
        What happens to the traces when a slot begins.
    at_slot_start, at_slot_end : str
        What happens to every synapse when a slot begins, and when it ends.
    at_batch_end : str
        What happens to every synapse when ``Schedule.batch_size`` samples have been presented.
    before_spikes : str
        What happens to every synapse in every step, when membranes were integrated and before
        spikes of the step act. Where it is linear in variables of the synapse, with factors of the
        postsynaptic neuron, the compiled engine computes what a spike leads to once for all
        synapses onto a neuron.
    every_step : str
        What happens to every synapse as time goes by, at the end of a step.
    update_interval : Quantity, in seconds, optional
        How often `every_step` happens, a multiple of the network's `dt`; in every step if None.
    constants : mapping of str to Quantity, float or Distribution
        Shared constants of traces and synapses, for which a changed value needs no new build; or
        one for each synapse, drawn from a distribution.
    namespace : mapping of str to TimeTable or function
        What strings may call, see :class:`NeuronModel`.

    Raises
    ------
    ParameterError
        If a parameter has a wrong unit or lies outside its range, or a string cannot be read.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.models import PlasticityRule
    >>> hebb = PlasticityRule(
    ...     pre_traces="dx/dt = -x/tau_x : 1",
    ...     on_pre_trace="x = 1",
    ...     on_post="w = clip(w + eta*(x_pre - 0.4), 0, 1)",
    ...     constants={"tau_x": 20 * ms, "eta": 0.01},
    ... )
    >>> hebb.parameters["eta"]
    0.01
    """

    pre_traces: str = ""
    post_traces: str = ""
    synapse: str = ""
    on_pre: str = ""
    on_post: str = ""
    on_pre_trace: str = ""
    on_post_trace: str = ""
    at_slot_start_pre: str = ""
    at_slot_start_post: str = ""
    at_slot_start: str = ""
    at_slot_end: str = ""
    at_batch_end: str = ""
    before_spikes: str = ""
    every_step: str = ""
    update_interval: Any = None
    constants: Mapping[str, Any] = read_at_start(parameter_equations, default_factory=dict)
    namespace: Mapping[str, Any] = read_at_start(kind_of_namespace, default_factory=dict)

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        interval = self.update_interval
        timed = interval is None or (same_unit(interval, second) and float(interval) > 0)
        require(self, "update_interval", timed, "be a time > 0")
        check_model(self, "rule")

    @property
    def parameters(self) -> dict[str, Any]:
        """Name and value of every constant."""
        interval = self.update_interval
        return {
            **({} if interval is None else {"update_interval": interval}),
            **field_values(self),
            **self.constants,
        }

    @property
    def varies(self) -> bool:
        """Whether a constant differs from synapse to synapse."""
        return any(is_distribution(value) for value in self.parameters.values())

    @property
    def equations(self) -> EquationString:
        """All equations of traces and synapses, to be printed."""
        parts = (self.pre_traces, self.post_traces, self.synapse)
        return EquationString("\n".join(s for s in parts if s))


def combine_rules(*rules: PlasticityRule) -> PlasticityRule:
    """Make one rule of several, which act one after the other.

    Parameters
    ----------
    *rules : PlasticityRule
        Where two of them have a trace or a constant of the same name, it must be the same.

    Returns
    -------
    rule : PlasticityRule
        With the strings and constants of all.

    Raises
    ------
    ParameterError
        If there is no rule, or two of them mean different things by one name.

    Examples
    --------
    >>> from bioplastic.models import PairSTDP, PlasticityRule, combine_rules
    >>> decay = PlasticityRule(on_post="w = w - loss*w", constants={"loss": 0.001})
    >>> print(combine_rules(PairSTDP(), decay).on_post)
    w = clip(w + a_plus*r1_pre, 0, w_max)
    w = w - loss*w
    """
    if not rules:
        raise ParameterError("combine_rules: must be given at least one rule, got none")
    for rule in rules:
        if not isinstance(rule, PlasticityRule):
            raise ParameterError(f"combine_rules: must be given PlasticityRules, got {rule!r}")
    constants: dict[str, Any] = {}
    for rule in rules:
        for name, value in rule.parameters.items():
            if repr(constants.setdefault(name, value)) != repr(value):
                raise ParameterError(
                    f"combine_rules: {name} must be the same in all rules that have it, got "
                    f"{constants[name]} and {value}; give both the same value or rename one"
                )
    steps = {repr(rule.update_interval) for rule in rules if rule.every_step}
    if len(steps) > 1:
        raise ParameterError(
            f"combine_rules: update_interval must be the same in all rules that act as time goes "
            f"by, got {' and '.join(sorted(steps))}"
        )
    interval = constants.pop("update_interval", None)
    strings: dict[str, Any] = {
        # What two rules share is said once, such as a trace that both read.
        f.name: "\n".join(dict.fromkeys(s for rule in rules if (s := str(getattr(rule, f.name)))))
        for f in fields(PlasticityRule)
        if f.type is str
    }
    namespace = {name: f for rule in rules for name, f in rule.namespace.items()}
    return PlasticityRule(
        **strings, update_interval=interval, constants=constants, namespace=namespace
    )
