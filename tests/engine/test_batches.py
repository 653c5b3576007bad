"""`at_batch_end` happens when `batch_size` samples were presented, however the run is cut."""

import dataclasses

import numpy as np
import pytest
from brian2 import ms

from bioplastic import SpikeTrains, engine
from bioplastic.models import (
    Network,
    NeuronModel,
    PlasticityRule,
    Population,
    Projection,
    Schedule,
    SpikeInput,
)

ENGINES = ["numpy", "cpp_standalone"]
N_SAMPLES = 11
VALUES = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0, 5.0])
CELL = NeuronModel(
    equations="x : 1\nn_slots : 1", threshold="False", at_slot_start="x = target(cursor)"
)
#: What a batch was, and how many slots there were when it was full.
SUMS = PlasticityRule(
    synapse="total : 1\nlast : 1\nn_batches : 1\nat : 1",
    at_slot_end="total += x_post",
    at_batch_end="w += 0.5*total; last = total; total = 0; n_batches += 1; at = n_slots_post",
)
COUNTS = PlasticityRule(at_slot_end="n_slots_post += 1")
NETWORK = Network(
    populations=(
        Population(name="input", n=2, neuron=SpikeInput()),
        Population(name="cell", n=2, neuron=CELL),
    ),
    projections=(
        Projection(pre="input", post="cell", on_pre="", rule=SUMS),
        # Acts at the slot's end as the second, and still before any batch's end.
        Projection(
            pre="input", post="cell", label="counts", wiring="one_to_one", on_pre="", rule=COUNTS
        ),
    ),
    watch="cell",
    schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
)
STIMULUS = engine.SpikeStimulus(
    trains=SpikeTrains([], [], np.zeros(N_SAMPLES + 1, dtype=int), n_units=2, duration=2e-3),
    targets=VALUES,
)


def simulate(name, batch_size, *, state=None, **options):
    schedule = dataclasses.replace(
        NETWORK.schedule,
        batch_size=batch_size,
        **{k: options.pop(k) for k in ("min_spikes", "max_repeats") if k in options},
    )
    network = dataclasses.replace(NETWORK, schedule=schedule)
    return engine.run(network, STIMULUS, seed=0, state=state, engine=name, **options).state


def assert_batches(state, batch_size, *, n_shown=N_SAMPLES, times=1):
    """Check what is left of `n_shown` presentations, each of which took so many slots."""
    shown = np.resize(VALUES, n_shown) * times
    n_batches = n_shown // batch_size
    full = shown[: n_batches * batch_size]
    expected = {
        "n_batches": n_batches,
        "w": 0.5 * full.sum(),
        "last": full[-batch_size:].sum() if n_batches else 0,
        "total": shown[len(full) :].sum(),
        "at": n_batches * batch_size * times,
    }
    for name, value in expected.items():
        np.testing.assert_array_equal(state[f"input_to_cell.{name}"], np.full(4, value), name)
    assert state["schedule.in_batch"] == n_shown % batch_size


@pytest.mark.parametrize("chunk_size", [1000, 1, 4])
@pytest.mark.parametrize("batch_size", [1, 3, 11, 12])
@pytest.mark.parametrize("name", ENGINES)
def test_a_batch_ends_after_so_many_samples(name, batch_size, chunk_size):
    state = simulate(name, batch_size, chunk_size=chunk_size)
    assert_batches(state, batch_size)


@pytest.mark.parametrize("name", ENGINES)
def test_a_batch_goes_on_where_a_run_goes_on(name):
    state = None
    for start, stop in ((0, 2), (2, 3), (3, 10), (10, 11)):
        state = simulate(name, 4, state=state, start=start, stop=stop, chunk_size=3)
        assert_batches(state, 4, n_shown=stop)


@pytest.mark.parametrize("name", ENGINES)
def test_a_batch_goes_on_from_epoch_to_epoch(name):
    state = None
    for epoch in range(3):
        state = simulate(name, 7, state=state)
        assert_batches(state, 7, n_shown=(epoch + 1) * N_SAMPLES)


@pytest.mark.parametrize("name", ENGINES)
def test_a_sample_that_comes_again_counts_once(name):
    state = simulate(name, 3, min_spikes=1, max_repeats=2, chunk_size=5)
    assert_batches(state, 3, times=3)


def test_without_such_a_rule_nothing_is_counted():
    source, cell = NETWORK.populations
    network = dataclasses.replace(NETWORK, populations=(source, cell), projections=())
    state = engine.run(network, STIMULUS, seed=0, engine="numpy").state
    assert "schedule.in_batch" not in state
