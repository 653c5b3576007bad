"""What happens when a slot ends, in which order, and what equations know of the sample."""

import numpy as np
import pytest
from brian2 import ms

from bioplastic import engine
from bioplastic.errors import DataError, ParameterError
from bioplastic.models import (
    Network,
    NeuronModel,
    PlasticityRule,
    PoissonInput,
    Population,
    Projection,
    Schedule,
    SynapseModel,
)

ENGINES = ["numpy", "cpp_standalone"]
# At each slot's end: synapses hand `x` on, then the neuron adds what its sample's target says,
# then the rule reads both.
NETWORK = Network(
    populations=(
        Population(name="input", n=1, neuron=PoissonInput()),
        Population(
            name="teller", n=2,
            neuron=NeuronModel(equations="x : 1", threshold="False", reset="",
                               at_slot_end="x = 10*target(cursor) + i"),
        ),
        Population(
            name="hearer", n=3,
            neuron=NeuronModel(equations="heard : 1\ntotal : 1", threshold="False", reset="",
                               at_slot_end="total += heard + 100*target(cursor)"),
        ),
    ),
    projections=(
        Projection(
            pre="teller", post="hearer", on_pre="", weight=1.0,
            synapse=SynapseModel(at_slot_end="heard_post += x_pre"),
        ),
        Projection(
            pre="teller", post="hearer", on_pre="", label="learns",
            rule=PlasticityRule(at_slot_end="w = w + total_post"),
        ),
    ),
    watch="input",
    schedule=Schedule(presentation=5 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0),
)  # fmt: skip
TARGETS = np.array([3.0, 1.0, 2.0])


def simulate(name, **options):
    samples = engine.RateStimulus(
        values=np.zeros((3, 1)), order=np.array([2, 0, 1, 1]), targets=TARGETS, **options
    )
    return engine.run(NETWORK, samples, seed=0, engine=name).state


@pytest.mark.parametrize("name", ENGINES)
def test_synapses_then_neurons_then_rules(name):
    state = simulate(name)
    x, heard, total, w = np.zeros(2), 0.0, 0.0, 0.0
    for target in TARGETS[[2, 0, 1, 1]]:
        heard += x.sum()
        x = 10 * target + np.arange(2)
        total += heard + 100 * target
        w += total
    np.testing.assert_array_equal(state["teller.x"], x)
    np.testing.assert_array_equal(state["hearer.total"], np.full(3, total))
    np.testing.assert_array_equal(state["learns.w"], np.full(6, w))


def test_without_targets_they_are_0():
    samples = engine.RateStimulus(values=np.zeros((2, 1)))
    state = engine.run(NETWORK, samples, seed=0, engine="numpy").state
    assert state["hearer.total"].tolist() == [1, 1, 1]  # x of the first sample, heard in the second


@pytest.mark.parametrize(
    "targets", [np.zeros(2), np.zeros((3, 1)), np.array([0, 1, np.nan])], ids=["few", "2-d", "nan"]
)
def test_targets_that_do_not_fit(targets):
    samples = engine.RateStimulus(values=np.zeros((3, 1)), targets=targets)
    with pytest.raises(DataError, match=r"stimulus.targets: must hold 3 finite numbers"):
        engine.run(NETWORK, samples, seed=0, engine="numpy")


def test_an_interval_is_a_time():
    with pytest.raises(ParameterError, match="PlasticityRule.update_interval: must be a time > 0"):
        PlasticityRule(every_step="w = 0", update_interval=-1 * ms)
