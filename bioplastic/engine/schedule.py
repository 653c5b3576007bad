"""The schedule as Brian objects: which sample comes, what is known of it, when a batch is full."""

from dataclasses import dataclass
from typing import Any

import brian2 as b2
import numpy as np

from bioplastic.engine.functions import RowTable, Uniform
from bioplastic.engine.plan import plan_of
from bioplastic.models import Network, SignalInput, SpikeInput
from bioplastic.models.hooks import AT_BATCH_END, RULE_AT_SLOT_END
from bioplastic.models.strings import LINKED

__all__ = [
    "LINKED",
    "SLOT_LOG",
    "Tables",
    "has_batches",
    "make_timer",
    "tables_of",
]

#: The choice of the next sample comes when all else has acted at a slot's end.
END_OF_SLOT = AT_BATCH_END.order + 1000

#: What is noted of every slot.
SLOT_LOG = ("cursor", "repeats", "n_spikes")

SCHEDULE_EQUATIONS = """
cursor     : 1                         # row of the present sample
sample_key : 1                         # names the sample to the random numbers
repeats    : 1                         # how often it was presented again
n_spikes   : 1                         # spikes of the watched population in this slot
n_shown    : 1                         # samples side by side in this slot
in_batch   : 1                         # samples since the last batch was full
batch_ends : 1                         # whether this slot fills it
row        : 1                         # of the tables of signals, in this step
slot_duration : second
min_spikes : 1 (shared, constant)
max_repeats : 1 (shared, constant)
batch_size : 1 (shared, constant)
"""
ENOUGH = "enough = int(n_spikes >= min_spikes or repeats >= max_repeats)"
SCHEDULE_SLOT_END = f"""
{ENOUGH}
cursor = cursor + enough
repeats = (1 - enough)*(repeats + 1)
n_spikes = 0
"""
BATCH_END = f"""
{ENOUGH}
in_batch = in_batch + enough*n_shown
batch_ends = enough*int(in_batch >= batch_size)
in_batch = in_batch*(1 - batch_ends)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tables:
    """What equations look up: samples, what is known of them, and random numbers."""

    stimulus: RowTable
    sample_keys: RowTable
    targets: RowTable
    target_signals: RowTable
    #: where each sample begins in the tables of signals
    first_rows: RowTable
    slot_steps: RowTable
    uniform: Uniform
    #: whether samples are signals, and whether these, or their targets, are
    signal_input: bool
    signals: bool


def tables_of(network: Network, *, n_rows: int, n_signal_rows: int) -> Tables:
    """Make the tables, with room for so many samples and so many steps of signals."""
    neuron, n_outputs = network.input.neuron, plan_of(network).n_target_signals
    signal_input = isinstance(neuron, SignalInput)
    n_features = 0 if isinstance(neuron, SpikeInput) else network.n_features
    n_stimulus_rows = n_signal_rows if signal_input else n_rows
    return Tables(
        stimulus=RowTable("stimulus", np.zeros((n_stimulus_rows, n_features))),
        sample_keys=RowTable("sample_keys", np.zeros(n_rows)),
        targets=RowTable("target", np.zeros(n_rows)),
        target_signals=RowTable("target_signal", np.zeros((n_signal_rows, n_outputs))),
        first_rows=RowTable("first_rows", np.zeros(n_rows)),
        slot_steps=RowTable("slot_steps", np.zeros(n_rows)),
        uniform=Uniform("uniform"),
        signal_input=signal_input,
        signals=signal_input or n_outputs > 0,
    )


def has_batches(network: Network) -> bool:
    """Whether anything happens when a batch is full."""
    return any(action.phase == AT_BATCH_END for action in plan_of(network).actions)


def make_timer(
    network: Network, tables: Tables, step_clock: Any, slot_clock: Any, lanes: int
) -> Any:
    """Make the group that knows which sample is shown, one neuron for each lane."""
    timer = b2.NeuronGroup(
        lanes,
        SCHEDULE_EQUATIONS,
        clock=step_clock,
        name="schedule",
        method="euler",
        namespace={
            "sample_keys": tables.sample_keys,
            "first_rows": tables.first_rows,
            "slot_steps": tables.slot_steps,
        },
    )
    start = ["sample_key = sample_keys(cursor)", "slot_duration = slot_steps(cursor)*dt"]
    if tables.signals:
        start.append("row = first_rows(cursor) - 1")
        timer.run_regularly("row = row + 1", clock=step_clock, when="start", order=-10)
    timer.run_regularly("\n".join(start), clock=slot_clock, order=-10)
    end = {"clock": slot_clock, "when": "end"}
    if has_batches(network):
        timer.run_regularly(BATCH_END, order=RULE_AT_SLOT_END.order - 1, **end)
    timer.run_regularly(SCHEDULE_SLOT_END, order=END_OF_SLOT, **end)
    return timer
