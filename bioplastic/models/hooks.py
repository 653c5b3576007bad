"""Every hook by which a model says what happens, declared once: whose it is, and when it runs.

Checks, the plan of a program, its key in the cache and the accounting all follow from this list. A
new hook is a line here and a field of the model.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bioplastic.errors import ParameterError

#: Brian's words for the moments within a step, in their order.
WHENS = tuple(
    f"{side}{slot}"
    for slot in ("start", "groups", "thresholds", "synapses", "resets", "end")
    for side in ("before_", "", "after_")
)
#: Clocks, with Brian's words for what comes when.
MOMENTS = (("slot", "start"), *(("step", when) for when in WHENS), ("slot", "end"))


@dataclass(frozen=True, slots=True)
class Phase:
    """A moment at which statements run.

    Parameters
    ----------
    name : str
        What runs then is called by its owner's name and this.
    clock : {"step", "slot"}
        Whether it comes in every step, or once a slot.
    when : str
        Brian's word for the moment; of a slot ``"start"`` or ``"end"``.
    order : int
        Place among all that has the same `clock` and `when`.
    spike : {"", "pre", "post", "own", "event"}
        Whose spike it takes: of a synapse's neurons, or of the neuron itself; or an event of it.
    turns : bool
        Whether owners take turns in their order in the network.
    """

    name: str
    clock: str
    when: str
    order: int = 0
    spike: str = ""
    turns: bool = False

    def __post_init__(self) -> None:
        if (self.clock, self.when) not in MOMENTS:
            raise ParameterError(
                f"Phase {self.name!r}.clock, when: must be one of "
                f"{', '.join(map(str, MOMENTS))}, got {(self.clock, self.when)}"
            )

    @property
    def ends_slot(self) -> bool:
        """Whether the sample is over."""
        return self.clock == "slot" and self.when == "end"


#: Steps between two populations' turns at the end of a step, with room for what each hands on.
TURN = 10_000

AT_SLOT_START = Phase("at_slot_start", "slot", "start")
NORMALIZATION = Phase("norm", "slot", "start", 1)
INTEGRATION = Phase("integration", "step", "groups")
BEFORE_THRESHOLD = Phase("before_spikes", "step", "before_thresholds")
THRESHOLD = Phase("threshold", "step", "thresholds")
BEFORE_SYNAPSES = Phase("before_spikes", "step", "before_synapses", turns=True)
ON_PRE = Phase("pre", "step", "synapses", spike="pre", turns=True)
ON_SPIKE = Phase("on_spike", "step", "synapses", 500, spike="own")
ON_POST = Phase("post", "step", "synapses", 1000, spike="post", turns=True)
RESET = Phase("reset", "step", "resets", spike="own")
AFTER_SPIKES = Phase("after_spikes", "step", "end", TURN, turns=True)
GRADED = Phase("graded", "step", "end", TURN + 1, turns=True)
EVERY_STEP = Phase("every_step", "step", "end", 1000 * TURN, turns=True)
SYNAPSE_AT_SLOT_END = Phase("synapse_at_slot_end", "slot", "end", 0, turns=True)
AT_SLOT_END = Phase("at_slot_end", "slot", "end", 1000)
RULE_AT_SLOT_END = Phase("at_slot_end", "slot", "end", 2000, turns=True)
AT_BATCH_END = Phase("at_batch_end", "slot", "end", 3000, turns=True)

#: All moments of a slot, in their order.
PHASES = (
    AT_SLOT_START, NORMALIZATION, INTEGRATION, BEFORE_THRESHOLD, THRESHOLD, BEFORE_SYNAPSES, ON_PRE,
    ON_SPIKE, ON_POST, RESET, AFTER_SPIKES, GRADED, EVERY_STEP, SYNAPSE_AT_SLOT_END, AT_SLOT_END,
    RULE_AT_SLOT_END, AT_BATCH_END,
)  # fmt: skip


_KINDS = ("neuron", "synapse", "projection", "rule")
#: Phases in which Brian's pathways and resets run.
_ON_SPIKES = (ON_PRE, ON_SPIKE, ON_POST, RESET)


@dataclass(frozen=True, slots=True)
class Hook:
    """A field of a model that holds statements.

    Parameters
    ----------
    name : str
        Name of the field.
    of : {"neuron", "synapse", "projection", "rule"}
        The kind of model that has it.
    phase : Phase
        When the statements run; what has the same owner and phase runs in the order of this list.
    side : {"", "pre", "post"}
        Neurons that run what a rule says of its traces; synapses run what is left.

    Raises
    ------
    ParameterError
        If there is no such kind of model, or the phase is none in which an engine would run it.
    """

    name: str
    of: str
    phase: Phase
    side: str = ""

    def __post_init__(self) -> None:
        where = f"Hook {self.name!r}"
        if self.of not in _KINDS:
            raise ParameterError(f"{where}.of: must be one of {', '.join(_KINDS)}, got {self.of!r}")
        if self.phase not in PHASES:
            raise ParameterError(f"{where}.phase: must stand in PHASES, got {self.phase}")
        if self.phase.spike and self.phase not in _ON_SPIKES:
            raise ParameterError(
                f"{where}.phase: must be ON_PRE, ON_SPIKE, ON_POST or RESET where it takes a "
                f"spike, got {self.phase}"
            )


HOOKS = (
    Hook("at_slot_start", "neuron", AT_SLOT_START),
    Hook("before_spikes", "neuron", BEFORE_THRESHOLD),
    Hook("reset", "neuron", RESET),
    Hook("after_spikes", "neuron", AFTER_SPIKES),
    Hook("at_slot_end", "neuron", AT_SLOT_END),
    Hook("on_pre", "synapse", ON_PRE),
    Hook("on_pre", "projection", ON_PRE),
    Hook("graded", "projection", GRADED),
    Hook("after_pre", "synapse", ON_PRE),
    Hook("at_slot_start", "synapse", AT_SLOT_START),
    Hook("at_slot_end", "synapse", SYNAPSE_AT_SLOT_END),
    Hook("on_pre_trace", "rule", ON_SPIKE, "pre"),
    Hook("on_post_trace", "rule", RESET, "post"),
    Hook("at_slot_start_pre", "rule", AT_SLOT_START, "pre"),
    Hook("at_slot_start_post", "rule", AT_SLOT_START, "post"),
    Hook("on_pre", "rule", ON_PRE),
    Hook("on_post", "rule", ON_POST),
    Hook("at_slot_start", "rule", AT_SLOT_START),
    Hook("at_slot_end", "rule", RULE_AT_SLOT_END),
    Hook("at_batch_end", "rule", AT_BATCH_END),
    Hook("before_spikes", "rule", BEFORE_SYNAPSES),
    Hook("every_step", "rule", EVERY_STEP),
)


#: What else models say: whose it is, with the side as of hooks, the field, and for equations whose
#: they are; "period" is a condition in whose place a time can stand.
STRINGS = (
    ("neuron", "", "equations", "neuron"),
    ("neuron", "", "threshold", "condition"),
    ("neuron", "", "refractory", "period"),
    ("synapse", "", "equations", "synapse"),
    ("rule", "pre", "pre_traces", "neuron"),
    ("rule", "post", "post_traces", "neuron"),
    ("rule", "", "synapse", "synapse"),
)


def hooks_of(of: str, side: str = "") -> Iterator[Hook]:
    """Give the hooks of a kind of model, those whose statements neurons of a side run or none."""
    return (hook for hook in HOOKS if hook.of == of and hook.side == side)


def strings_of(model: Any, of: str, side: str = "") -> dict[str, str]:
    """Return what a model says by its hooks, by their names."""
    return {h.name: text for h in hooks_of(of, side) if (text := getattr(model, h.name, ""))}
