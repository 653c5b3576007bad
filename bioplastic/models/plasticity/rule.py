"""The parent of all rules: traces on neurons, and what a spike on either side does to a weight."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bioplastic.models.declaration import (
    Declaration,
    EquationString,
    field_values,
    refuse_distributions,
)

__all__ = ["PlasticityRule"]


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class PlasticityRule(Declaration):
    """A plasticity rule as strings: the form for a rule of your own.

    Parameters
    ----------
    pre_traces, post_traces : str
        Brian equations added to the presynaptic and the postsynaptic population.
    on_pre, on_post : str
        What a spike does to `w`; traces are read as ``r1_pre`` or ``o1_post``, that is
        with the suffix of the population that carries them, and so are constants of the traces.
    on_pre_trace, on_post_trace : str
        What a spike does to the traces of its own neuron: a presynaptic trace changes after
        `on_pre` and before `on_post`, a postsynaptic one after both.
    at_slot_start_pre, at_slot_start_post : str
        What happens to the traces when a slot begins.
    constants : mapping of str to Quantity or float
        Shared constants of traces and synapses; a changed value needs no new build.

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
    on_pre: str = ""
    on_post: str = ""
    on_pre_trace: str = ""
    on_post_trace: str = ""
    at_slot_start_pre: str = ""
    at_slot_start_post: str = ""
    constants: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pre_traces", EquationString(self.pre_traces))
        object.__setattr__(self, "post_traces", EquationString(self.post_traces))
        Declaration.__post_init__(self)
        refuse_distributions(self)

    @property
    def parameters(self) -> dict[str, Any]:
        """Name and value of every shared constant."""
        return {**field_values(self), **self.constants}

    @property
    def equations(self) -> EquationString:
        """All trace equations and what spikes do, to be printed."""
        return EquationString("\n".join(s for s in (self.pre_traces, self.post_traces) if s))
