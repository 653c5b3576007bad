"""Additive STDP parts the weights of one neuron into two groups (Song, Miller & Abbott 2000)."""

import numpy as np
from brian2 import ms, mV, second

from bioplastic import engine
from bioplastic.models import (
    MultiplicativeSTDP,
    Network,
    NeuronModel,
    PairSTDP,
    PoissonInput,
    Population,
    Projection,
    Schedule,
)

N = 1000
NEURON = NeuronModel(
    equations="""
    dv/dt  = (v_leak - v + ge*(e_exc - v))/tau_membrane : volt
    dge/dt = -ge/tau_ge                                 : 1
    """,
    threshold="v > v_threshold",
    reset="v = v_reset",
    at_slot_start="v = v_reset; ge = 0",
    constants={
        "v_leak": -74 * mV, "v_threshold": -54 * mV, "v_reset": -60 * mV, "e_exc": 0 * mV,
        "tau_membrane": 10 * ms, "tau_ge": 5 * ms,
    },
)  # fmt: skip
W = "input_to_neuron.w"


def learn(rule, *, name, seconds, dt=0.1):
    """Weights, as shares of the largest conductance 0.01, after inputs of 15 Hz."""
    network = Network(
        populations=(
            Population(name="input", n=N, neuron=PoissonInput()),
            Population(name="neuron", n=1, neuron=NEURON),
        ),
        projections=(
            Projection(pre="input", post="neuron", on_pre="ge_post += 0.01*w", rule=rule),
        ),
        watch="neuron",
        schedule=Schedule(
            presentation=seconds * second, rest=0 * ms, dt=dt * ms, min_spikes=0, max_repeats=0
        ),
    )
    result = engine.run(
        network,
        engine.RateStimulus(values=np.full((1, N), 15.0)),
        seed=1,
        state={W: np.random.default_rng(0).random(N)},
        engine=name,
    )
    return result.state[W], result.counts[0, 0] / seconds


def has_two_modes_at_the_bounds(weights):
    """Both outer bins hold more than twice as many as the emptiest of those between them.

    No histogram with one mode does: between its ends it is nowhere below the lower one.
    """
    counts, _ = np.histogram(weights, bins=10, range=(0, 1))
    ends, between = counts[[0, -1]], counts[1:-1]
    return bool(ends.min() > 2 * between.min() and (ends > between.max()).all())


def test_the_criterion_refuses_one_mode():
    rng = np.random.default_rng(0)
    for a, b in ((1, 1), (2, 2), (5, 2), (0.3, 2), (2, 0.3), (1, 0.3), (0.3, 1)):
        assert not has_two_modes_at_the_bounds(rng.beta(a, b, N)), (a, b)
    assert has_two_modes_at_the_bounds(rng.beta(0.3, 0.3, N))


def test_100_seconds_of_input_make_weights_bimodal():
    weights, rate = learn(PairSTDP(), name="cpp_standalone", seconds=100)
    assert has_two_modes_at_the_bounds(weights)
    assert 5 < rate < 40


def test_soft_bounds_keep_them_together():
    weights, _ = learn(
        MultiplicativeSTDP(a_plus=0.01, a_minus=0.0105), name="cpp_standalone", seconds=100
    )
    assert not has_two_modes_at_the_bounds(weights)
    assert np.histogram(weights, bins=10, range=(0, 1))[0][[0, -1]].max() < 0.01 * N
