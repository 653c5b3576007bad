"""Projections: synapses from one population to another."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from types import NoneType
from typing import Any

import numpy as np

from bioplastic.models.checking import words_in
from bioplastic.models.declaration import Declaration, check_kind, read_at_start, require
from bioplastic.models.plasticity.rule import PlasticityRule
from bioplastic.models.population import RESERVED
from bioplastic.models.strings import variables_of, words_of
from bioplastic.models.synapses import SynapseModel
from bioplastic.models.timing import Pathway, delay_parameter, is_delay
from bioplastic.models.values import is_distribution, is_one_number, parameter_equations
from bioplastic.models.wiring import Pairs, Wiring, regular_pairs

WIRINGS = ("all_to_all", "one_to_one", "all_but_one")


def _kind_of_wiring(wiring: Any) -> str:
    return wiring if isinstance(wiring, str) else "listed"  # a program reads lists


def _is_one(weight: Any) -> bool:
    return weight is not None and not is_distribution(weight)


def _kind_of_weight(weight: Any) -> str:
    return parameter_equations({"w": weight}) if _is_one(weight) else "of each synapse"


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Projection(Declaration):
    """Synapses from one population to another.

    Parameters
    ----------
    pre, post : str
        Names of the populations.
    wiring : {"all_to_all", "one_to_one", "all_but_one"} or Wiring
        Who is connected; ``"all_but_one"`` leaves out the partner of the same index.
    on_pre : str
        What a presynaptic spike does. The default is ``"ge_post += w"``, also where a `synapse` has
        statements of its own; ``""`` where these say all.
    graded : str
        What a synapse does in every step, spike or no spike, for example
        ``"signal_post += w*error_pre"``, when the presynaptic population's `after_spikes` is done.
    weight : float, Distribution or None
        One weight for all synapses, or one for each, drawn or, for None, set from the state.
    delay : Quantity in seconds, or Distribution
        From a spike to its effect, rounded to steps.
    post_delay : Quantity in seconds, or Distribution
        From a postsynaptic spike to what the rule's `on_post` makes of it.
    synapse : SynapseModel or None
        State of a synapse beside its weight, for example :class:`TsodyksMarkram`.
    rule : PlasticityRule or None
        How `w` changes; it needs a weight for each synapse.
    norm : float or None
        Incoming weights of each neuron are scaled to this sum when a slot begins.
    pooled : bool
        ``"all_but_one"`` with one weight: sum the spikes once and hand the sum on, at a cost of
        O(n) in place of O(n**2) synapses. Same mathematics; `on_pre` must add ``weight``.
    label : str
        Name where two populations are connected more than once; ``"pre_to_post"`` where empty.

    Examples
    --------
    >>> from bioplastic.models import Projection
    >>> Projection(pre="a", post="b", wiring="one_to_one", on_pre="ge_post += w", weight=10.4).name
    'a_to_b'
    """

    pre: str
    post: str
    wiring: str | Wiring = read_at_start(_kind_of_wiring, default="all_to_all")
    on_pre: str = "ge_post += w"
    graded: str = ""
    weight: Any = read_at_start(_kind_of_weight, default=None)
    delay: Any = delay_parameter()
    post_delay: Any = delay_parameter()
    synapse: SynapseModel | None = None
    rule: PlasticityRule | None = None
    norm: float | None = read_at_start(lambda value: str(value is None), default=None)
    pooled: bool = True
    label: str = ""

    def __post_init__(self) -> None:
        Declaration.__post_init__(self)
        if self.wiring not in WIRINGS:
            check_kind(self, "wiring", Wiring, f"a Wiring or one of {', '.join(WIRINGS)}")
        check_kind(self, "synapse", (SynapseModel, NoneType), "a SynapseModel or None")
        check_kind(self, "rule", (PlasticityRule, NoneType), "a PlasticityRule or None")
        check_kind(self, "norm", (Real, NoneType), "a number or None")
        known = self.name.isidentifier() and self.name not in RESERVED
        require(self, "label", known, "be an identifier")
        if self.rule is not None and any(pathway.name == "post" for pathway in self.pathways):
            what = f"be named otherwise than 'post', which is that of its rule ({self.name})"
            require(self.synapse, "pathways", False, what, "'post'")
        if self.weight is not None and not self.has_weight:
            what = (
                f"be None where the equations of its synapses declare w ({self.name}): take w out "
                f"of them, or give the weights in state[{self.name + '.w'!r}]"
            )
            require(self, "weight", False, what)
        if self.one_weight:
            number = is_one_number(self.weight)
            require(self, "weight", number, "be a number, a Distribution or None")
            fixed = self.rule is None and self.norm is None
            what = "be None or a Distribution where a rule or a norm changes the weights"
            require(self, "weight", fixed, f"{what} ({self.name})")
            got = f"{self.weight} ({self.name})"
            require(self, "weight", math.isfinite(self.weight), "be finite", got)
        norm = 1 if self.norm is None else self.norm
        require(self, "norm", 0 < norm < math.inf, "be > 0", f"{self.norm} ({self.name})")

    @property
    def name(self) -> str:
        """Name under which weights, wiring and delays stand in the state."""
        return self.label or f"{self.pre}_to_{self.post}"

    @property
    def delayed(self) -> bool:
        """Whether a spike acts later than in its own step."""
        return is_delay(self.delay)

    @property
    def listed(self) -> bool:
        """Whether the synapses are a list in the state, with ``i``, ``j`` and ``delay``.

        Other wirings are regular, which is what makes them fast.
        """
        varies = self.rule is not None and self.rule.varies
        late = self.delayed or is_delay(self.post_delay)
        return isinstance(self.wiring, Wiring) or late or bool(self.synapse) or varies

    def pairs(self, n_pre: int, n_post: int, state: Mapping[str, Any]) -> Pairs:
        """Presynaptic and postsynaptic neuron of each synapse, as the state or the wiring says."""
        if f"{self.name}.i" not in state and isinstance(self.wiring, str):
            return regular_pairs(self.wiring, n_pre, n_post)
        i, j = (np.asarray(state[f"{self.name}.{key}"], dtype=np.int64) for key in "ij")
        return i, j

    @property
    def pathways(self) -> tuple[Pathway, ...]:
        """Ways by which spikes reach its synapses, beside its own."""
        return () if self.synapse is None else self.synapse.pathways

    @property
    def delays(self) -> dict[str, Any]:
        """Delays that stand in the state with a list of synapses, by their names there."""
        late = {"post_delay": self.post_delay} if is_delay(self.post_delay) else {}
        return {
            "delay": self.delay,
            **late,
            **{p.delay_name: p.delay for p in self.pathways if p.delayed},
        }

    @property
    def has_weight(self) -> bool:
        """Whether there is a `w` beside what the equations of its synapses declare."""
        if self.synapse is None:
            return True
        own = variables_of(self.synapse.equations).keys() | self.synapse.parameters.keys()
        named = self.rule is not None or "w" in words_in(self.synapse, "synapse")
        named = named or "w" in words_of(f"{self.on_pre}\n{self.graded}")
        return "w" not in own and (self.weight is not None or self.norm is not None or named)

    @property
    def one_weight(self) -> bool:
        """Whether one number is the weight of all synapses."""
        return _is_one(self.weight)

    @property
    def pools(self) -> bool:
        """Whether all-but-one synapses are summed once, and the sum is handed on."""
        regular = self.wiring == "all_but_one" and not self.listed and not self.graded
        return regular and self.one_weight and self.pooled
