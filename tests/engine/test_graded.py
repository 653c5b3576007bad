"""The end of a step: populations act in their order and hand on what they are, without a spike."""

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
    RandomWiring,
    Schedule,
    SpikeInput,
)

ENGINES = ["numpy", "cpp_standalone"]
N_INPUT, N = 3, 4
TELLER = NeuronModel(
    equations="dx/dt = -x/tau : 1\nseen : 1\nn : 1\ntold : 1",
    threshold="x > 1",
    reset="x = 0.5",
    before_spikes="seen = x",
    after_spikes="x = x + n + 0.1*told; n = 0",
    at_slot_start="x = 0; n = 0; told = 0",
    constants={"tau": 10 * ms},
)
HEARER = NeuronModel(
    equations="y : 1\nheard : 1",
    after_spikes="y = heard + 0.25*y; heard = 0",
    at_slot_start="y = 0; heard = 0",
)
TO_HEARER = {"pre": "teller", "post": "hearer", "on_pre": ""}
NETWORK = Network(
    populations=(
        Population(name="input", n=N_INPUT, neuron=SpikeInput()),
        Population(name="teller", n=N, neuron=TELLER),
        Population(name="hearer", n=N, neuron=HEARER),
    ),
    projections=(
        Projection(pre="input", post="teller", on_pre="n_post += w"),
        Projection(label="all", graded="heard_post += w*x_pre", **TO_HEARER),
        Projection(
            label="others", graded="heard_post += w*x_pre", wiring="all_but_one", pooled=False,
            weight=0.2, **TO_HEARER,
        ),
        Projection(
            label="some", graded="heard_post -= w*x_pre", wiring=RandomWiring(p=0.5), weight=0.3,
            **TO_HEARER,
        ),
        Projection(
            label="twice", graded="heard_post = w*heard_post", wiring="one_to_one", weight=2.0,
            **TO_HEARER,
        ),
        Projection(
            pre="hearer", post="teller", label="back", on_pre="", graded="told_post = y_pre",
            wiring="one_to_one", weight=1.0,
        ),
        Projection(
            pre="hearer", post="teller", label="learns", on_pre="",
            rule=PlasticityRule(every_step="w += 0.01*y_pre*x_post"),
        ),
    ),
    watch="teller",
    schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
)  # fmt: skip
OUTPUTS = ("teller.x", "teller.seen", "hearer.y", "learns.w")


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(0)
    return [(rng.random((n, N_INPUT)) < 0.3).astype(float) for n in (25, 4, 40)]


@pytest.fixture(scope="module")
def stimulus(samples):
    steps, units = zip(*(np.nonzero(x) for x in samples), strict=True)
    trains = SpikeTrains(
        np.concatenate(steps) * 1e-3,
        np.concatenate(units),
        np.cumsum([0, *map(len, steps)]),
        n_units=N_INPUT,
        duration=[len(x) * 1e-3 for x in samples],
    )
    return engine.SpikeStimulus(trains=trains)


@pytest.fixture(scope="module")
def state():
    rng = np.random.default_rng(1)
    weights = {
        "input_to_teller.w": rng.uniform(0.2, 0.6, N_INPUT * N),
        "all.w": rng.normal(0.0, 0.3, N * N),
        "learns.w": rng.normal(0.0, 1.0, N * N),
    }
    return NETWORK.sample(2) | weights


def by_hand(samples, state, *, hearer_first=False):
    """What the strings say, step by step, and how often the tellers fired."""
    from_input = state["input_to_teller.w"].reshape(N_INPUT, N)
    everything = state["all.w"].reshape(N, N) + 0.2 * (1 - np.eye(N))
    np.subtract.at(everything, (state["some.i"].astype(int), state["some.j"].astype(int)), 0.3)
    w, n_spikes = state["learns.w"].reshape(N, N).copy(), 0
    outputs = {name: [] for name in OUTPUTS}
    for sample in samples:
        x, told, y, heard, seen = np.zeros((5, N))
        values = []
        for spikes in sample:
            x = x * np.exp(-0.1)
            seen = x
            fired = x > 1
            n_spikes += fired.sum()
            x = np.where(fired, 0.5, x)
            if hearer_first:
                y, heard = heard + 0.25 * y, np.zeros(N)
                told = y
            x = x + spikes @ from_input + 0.1 * told
            heard = 2 * (heard + x @ everything)
            if not hearer_first:
                y, heard = heard + 0.25 * y, np.zeros(N)
                told = y
            w = w + 0.01 * np.outer(y, x)
            values.append((x, seen, y, w.ravel()))
        for name, columns in zip(OUTPUTS, zip(*values, strict=True), strict=True):
            outputs[name].append(np.array(columns))
    return outputs, n_spikes


def assert_as_by_hand(network, stimulus, samples, state, *, name, **options):
    result = engine.run(
        network, stimulus, seed=0, state=state, engine=name,
        record=dict.fromkeys(OUTPUTS, engine.every(1)),
    )  # fmt: skip
    expected, n_spikes = by_hand(samples, state, **options)
    assert result.counts.sum() == n_spikes > 10
    for variable, of_samples in expected.items():
        for found, values in zip(result.states[variable], of_samples, strict=True):
            np.testing.assert_allclose(
                found.values, values, rtol=1e-11, atol=1e-12, err_msg=variable
            )
    return result


@pytest.mark.parametrize("name", ENGINES)
def test_each_acts_and_hands_on_before_the_next(stimulus, samples, state, name):
    assert_as_by_hand(NETWORK, stimulus, samples, state, name=name)


def test_the_order_is_that_of_the_populations(stimulus, samples, state):
    source, teller, hearer = NETWORK.populations
    swapped = dataclasses.replace(NETWORK, populations=(source, hearer, teller))
    assert_as_by_hand(swapped, stimulus, samples, state, name="numpy", hearer_first=True)


@pytest.mark.parametrize("name", ENGINES)
def test_what_is_seen_at_the_end_is_the_last_step(stimulus, state, name):
    ends, steps = (
        engine.run(
            NETWORK, stimulus, seed=0, state=state, engine=name, record={"hearer.y": when}
        ).states["hearer.y"]
        for when in ("end", engine.every(1))
    )
    assert ends.values.shape == (3, 1, N)
    for end, its in zip(ends, steps, strict=True):
        np.testing.assert_array_equal(end.values[0], its.values[-1])
        np.testing.assert_array_equal(end.times[0], its.times[-1])
