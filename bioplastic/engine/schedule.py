"""The schedule as Brian objects: which sample comes, what is known of it, when a batch is full."""

from dataclasses import dataclass
from typing import Any

import brian2 as b2
import numpy as np
from brian2.core.functions import Function

from bioplastic.engine.functions import RowTable, TimeLookup, Uniform
from bioplastic.engine.inputs import kind_of
from bioplastic.engine.plan import plan_of
from bioplastic.engine.stimuli import with_noise_of_their_own
from bioplastic.models import Network, TimeTable
from bioplastic.models.hooks import AT_BATCH_END, RULE_AT_SLOT_END

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

    #: names of the network's inputs in its order, and by name the tables of those that have one
    inputs: tuple[str, ...]
    stimuli: dict[str, RowTable]
    #: names of those whose table has a row for each step
    by_step: frozenset[str]
    #: random numbers of inputs whose noise is not that of the seed alone
    uniforms: dict[str, Uniform]
    sample_keys: RowTable
    targets: RowTable
    target_signals: RowTable
    #: where each sample begins in the tables of signals
    first_rows: RowTable
    slot_steps: RowTable
    uniform: Uniform
    #: whether anything is looked up step by step
    signals: bool
    #: functions of the network's own, by owner and name
    own: dict[str, dict[str, Function]]

    @property
    def all(self) -> tuple[RowTable, ...]:
        """Every table."""
        others = self.sample_keys, self.targets, self.first_rows, self.slot_steps
        return (*self.with_columns, *others)

    @property
    def with_columns(self) -> tuple[RowTable, ...]:
        """Tables whose number of columns is a size."""
        return (*self.stimuli.values(), self.target_signals)

    @property
    def times(self) -> dict[str, TimeLookup]:
        """Tables over time, by the names of what they are in the declaration."""
        return {
            f"{owner}.{name}": function
            for owner, functions in self.own.items()
            for name, function in functions.items()
            if isinstance(function, TimeLookup)
        }

    @property
    def all_uniforms(self) -> tuple[Uniform, ...]:
        """Functions that draw, each with a key of its own."""
        return (self.uniform, *self.uniforms.values())

    def functions_of(self, population: str) -> dict[str, Function]:
        """Return the functions that strings of a population may call, by name."""
        functions: dict[str, Function] = {
            "uniform": self.uniforms.get(population, self.uniform),
            "target": self.targets,
            "target_signal": self.target_signals,
        }
        # Others may read the samples of a network's only input.
        tables = self.stimuli if population in self.stimuli or len(self.inputs) == 1 else {}
        if tables:
            functions["stimulus"] = tables.get(population, next(iter(tables.values())))
        return functions | self.own[population]


def tables_of(network: Network) -> Tables:
    """Make the tables, which a run fills."""
    stimuli: dict[str, RowTable] = {}
    rows = {p.name: kind_of(p).row for p in network.inputs}
    for population in network.inputs:
        if rows[population.name]:
            name = f"_stimulus_of_{population.name}" if stimuli else "stimulus"
            stimuli[population.name] = RowTable(name, np.zeros((1, 1)))
    by_step = frozenset(name for name, row in rows.items() if row == "step")
    return Tables(
        inputs=tuple(rows),
        stimuli=stimuli,
        by_step=by_step,
        uniforms={n: Uniform(f"_uniform_of_{n}") for n in with_noise_of_their_own(network)},
        sample_keys=RowTable("sample_keys", np.zeros(1)),
        targets=RowTable("target", np.zeros(1)),
        target_signals=RowTable("target_signal", np.zeros((1, 1))),
        first_rows=RowTable("first_rows", np.zeros(1)),
        slot_steps=RowTable("slot_steps", np.zeros(1)),
        uniform=Uniform("uniform"),
        signals=bool(by_step) or plan_of(network).n_target_signals > 0,
        own={
            owner: {
                name: TimeLookup(f"_{owner}_{name}", given, float(network.schedule.dt))
                if isinstance(given, TimeTable)
                else given
                for name, given in functions.items()
            }
            for owner, functions in plan_of(network).functions.items()
        },
    )


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
        namespace={t.name: t for t in (tables.sample_keys, tables.first_rows, tables.slot_steps)},
    )
    start = ["sample_key = sample_keys(cursor)", "slot_duration = slot_steps(cursor)*dt"]
    if tables.signals:
        start.append("row = first_rows(cursor) - 1")
        timer.run_regularly("row = row + 1", clock=step_clock, when="start", order=-10)
    timer.run_regularly("\n".join(start), clock=slot_clock, order=-10)
    end = {"clock": slot_clock, "when": "end"}
    if plan_of(network).has_batches:
        timer.run_regularly(BATCH_END, order=RULE_AT_SLOT_END.order - 1, **end)
    timer.run_regularly(SCHEDULE_SLOT_END, order=END_OF_SLOT, **end)
    return timer
