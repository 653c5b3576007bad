"""What neurons sum up of their synapses, and numbers of neurons and synapses in strings."""

import numpy as np
import pytest
from brian2 import ms

from bioplastic import SpikeTrains, engine
from bioplastic.models import (
    Network,
    NeuronModel,
    PairWiring,
    PlasticityRule,
    Population,
    Projection,
    Schedule,
    SpikeInput,
    SynapseModel,
)

N_INPUT, N = 5, 7
#: Sums of one neuron: name -> presynaptic population, postsynaptic one, and whose sum it is.
SUMS = {
    "all_to_all": ("input", "one", "post"),
    "listed": ("input", "other", "post"),
    "all_but_one": ("one", "other", "post"),
    "one_to_one": ("one", "other", "post"),
    "backwards": ("other", "one", "pre"),  # all to all
}
#: Synapses of the list: some neurons have none, others several.
PAIRS = np.array([[0, 0, 0, 1, 2, 2, 4], [0, 3, 6, 3, 1, 3, 6]])
#: What a synapse notes of its neurons when a slot begins.
NOTED = {"incoming": "N_incoming", "outgoing": "N_outgoing", "all": "N", "pre": "i", "post": "j"}

CELL = NeuronModel(
    equations="\n".join(
        [f"dv/dt = ({' + '.join(SUMS)} - v)/(5*ms) : 1", "place : 1"]
        + [f"{name} : 1" for name in SUMS]
    ),
    threshold="v > 1", reset="v = 0", at_slot_start="v = 0; place = i + 100*N",
)  # fmt: skip


def projection(name):
    """Synapses that count spikes, of which neurons sum up what they say."""
    pre, post, side = SUMS[name]
    equations = [f"{noted} : 1" for noted in ("s", *NOTED)]
    equations.append(f"{name}_{side} = s*(1 + 0.1*i + 0.01*j) : 1 (summed)")
    text = "\n".join(equations)
    does = {
        "on_pre": "s += w",
        "at_slot_start": "\n".join(f"{n} = {what}" for n, what in {"s": 0, **NOTED}.items()),
    }
    models = {
        "wiring": {"backwards": "all_to_all"}.get(name, name),
        "rule": PlasticityRule(synapse=text, **does),
    }
    if name == "listed":
        i, j = PAIRS.tolist()
        models = {"wiring": PairWiring(i, j=j), "synapse": SynapseModel(equations=text, **does)}
    return Projection(pre=pre, post=post, label=name, on_pre="", **models)


NETWORK = Network(
    populations=(
        Population(name="input", n=N_INPUT, neuron=SpikeInput()),
        Population(name="one", n=N, neuron=CELL),
        Population(name="other", n=N, neuron=CELL),
    ),
    projections=tuple(projection(name) for name in SUMS),
    watch=("input", "one", "other"),
    schedule=Schedule(presentation=None, rest=5 * ms, dt=1 * ms, min_spikes=0),
)  # fmt: skip
SIZES = {"input": N_INPUT, "one": N, "other": N}
#: Lanes and threads.
NUMBERS = ((1, 1), (3, 1), (2, 2))
STEPS = np.array([30, 20, 40, 10, 25])  # of a sample


def pairs(name):
    """Pre- and postsynaptic neurons of a projection's synapses."""
    i, j = np.indices([SIZES[side] for side in SUMS[name][:2]]).reshape(2, -1)
    kept = {"all_but_one": i != j, "one_to_one": i == j}.get(name, np.full(len(i), True))
    return PAIRS if name == "listed" else np.array([i[kept], j[kept]])


@pytest.fixture(scope="module")
def weights():
    rng = np.random.default_rng(5)
    drawn = {f"{name}.w": rng.uniform(0.02, 0.2, pairs(name).shape[1]) for name in SUMS}
    return NETWORK.sample(0) | drawn


@pytest.fixture(
    scope="module",
    params=[("numpy", 1, 1), ("numpy", 3, 1), *(("cpp_standalone", *n) for n in NUMBERS)],
    ids=lambda of: "{}, {} lanes, {} threads".format(*of),
)
def result(request, weights):
    name, lanes, n_threads = request.param
    rng = np.random.default_rng(3)
    shown = [
        SpikeTrains(np.sort(rng.integers(0, n, n)) * 1e-3, rng.integers(0, N_INPUT, n),
                    [0, n], n_units=N_INPUT, duration=n * 1e-3)
        for n in STEPS
    ]  # fmt: skip
    stimulus = engine.SpikeStimulus(trains=SpikeTrains.concatenate(shown))
    outputs = [
        f"{population}.{what}" for population in ("one", "other") for what in (*SUMS, "place")
    ]
    return engine.run(
        NETWORK, stimulus, seed=0, engine=name, lanes=lanes, n_threads=n_threads,
        combine="sum" if lanes*n_threads > 1 else None,
        state=weights,
        record={"spikes": NETWORK.watched, **dict.fromkeys(outputs, "end")},
    )  # fmt: skip


def test_all_fire(result):
    assert (result.counts.sum(axis=0) > 0).all()


@pytest.mark.parametrize("name", SUMS)
def test_a_sum(result, weights, name):
    pre, post, side = SUMS[name]
    i, j = pairs(name)
    of = {"pre": pre, "post": post}[side]
    for k, spikes in enumerate(result.spikes[pre]):
        # The last step's spikes come after its sums.
        earlier = spikes.units[spikes.times < (STEPS[k] + 5 - 1.5) * 1e-3]
        fired = np.bincount(earlier, minlength=SIZES[pre])
        said = weights[f"{name}.w"] * fired[i] * (1 + 0.1 * i + 0.01 * j)
        summed = np.bincount({"pre": i, "post": j}[side], said, minlength=SIZES[of])
        (found,) = result.states[f"{of}.{name}"][k].values
        np.testing.assert_allclose(found, summed, rtol=1e-12, atol=1e-14)
        assert summed.any()


@pytest.mark.parametrize("name", SUMS)
def test_numbers_of_synapses(result, name):
    i, j = pairs(name)
    expected = {
        "incoming": np.bincount(j)[j], "outgoing": np.bincount(i)[i], "all": len(i), "pre": i,
        "post": j,
    }  # fmt: skip
    for noted, number in expected.items():
        found = result.state[f"{name}.{noted}"]
        np.testing.assert_array_equal(found, np.broadcast_to(number, len(i)), err_msg=noted)


def test_numbers_of_neurons(result):
    for population in ("one", "other"):
        for (found,) in result.states[f"{population}.place"].values:
            np.testing.assert_array_equal(found, np.arange(N) + 100 * N)
