"""What a network takes, against numbers computed by hand and against recorded spikes."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from brian2 import Hz, ms

from bioplastic import SpikeTrains, engine
from bioplastic.datasets import load_digits
from bioplastic.errors import DataError, ParameterError
from bioplastic.models import (
    LIF,
    Network,
    NeuronModel,
    PairSTDP,
    PairWiring,
    PlasticityRule,
    PoissonInput,
    Population,
    Projection,
    Schedule,
    SignalInput,
    SpikeInput,
    TsodyksMarkram,
)
from bioplastic.networks import (
    DiehlCook,
    EPropClassifier,
    LiquidStateMachine,
    MaassColumn,
    RewardSTDPClassifier,
)
from bioplastic.study.accounting import learning_workload, network_workload
from bioplastic.study.layers import dense_workload
from bioplastic.study.workload import Workload

#: What is compiled takes a while to build; one network of it is enough where time is short.
ENGINES = ("numpy", pytest.param("cpp_standalone", marks=pytest.mark.slow))

# A weight of 2 makes a neuron at rest fire in the next step; 0.5 does not.
NEURON = NeuronModel(
    equations="dv/dt = -v/tau : 1",
    threshold="v > 1",
    reset="v = 0",
    at_slot_start="v = 0",
    constants={"tau": 20 * ms},
)
READOUT = NeuronModel(
    equations="dy/dt = -y/tau : 1", at_slot_start="y = 0", constants={"tau": 20 * ms}
)
W_IN = np.array([[2, 0, 0.5, 0], [0, 2, 0, 0], [0.5, 0.5, 0.5, 0.5]])
W_REC = np.array([[0, 2, 0, 0.5], [0, 0, 2, 0], [0, 0, 0, 0], [2, 2, 2, 0]])
W_OUT = np.array([[1.0, -1.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
SCHEDULE = Schedule(presentation=None, rest=2 * ms, dt=1 * ms, min_spikes=0)

# Step by step, with exp(-1/20) = 0.951 a step; spikes are looked for before synapses act, and a
# neuron that fires is at 0 when its step ends, whatever has reached it in that step.
#
# First sample, 10 steps and 2 of rest; input 0 in steps 0 and 7, input 2 in step 1:
#   0  input 0: v0 = 2, v2 = 0.5
#   1  v0 = 1.90 fires: v1 = 2, v3 = 0.5.  Input 2: v1 = 2.5, v2 = 0.98, v3 = 1; v0 = 0
#   2  v1 = 2.38 fires: v2 = 0.93 + 2.  v3 = 0.95
#   3  v2 = 2.79 fires
#   7  input 0: v0 = 2, v2 = 0.5.  v3 = 0.74
#   8  v0 = 1.90 fires: v1 = 2, v3 = 0.70 + 0.5
#   9  v1 = 1.90 fires: v2 = 0.45 + 2.  v3 = 1.15 fires: v0 = 2, v2 = 4.45; v1 = v3 = 0
#  10  v0 = 1.90 fires: v1 = 2, v3 = 0.5.  v2 = 4.2 fires
#  11  v1 = 1.90 fires: v2 = 2, for a step that does not come
# Neurons 0 to 3 fire 3, 3, 2 and 1 times; inputs 2, 0 and 1 times.
#
# Second sample, 6 steps and 2 of rest; input 1 in step 2:
#   2  input 1: v1 = 2;   3  v1 fires: v2 = 2;   4  v2 fires
# Neurons 1 and 2 and input 1 fire once.
#
# It is shown twice. So inputs fire 2, 2 and 1 times, neurons 3, 5, 4 and 1 times, in
# 12 + 8 + 8 = 28 steps.
SAMPLES = SpikeTrains(
    np.array([0.5, 1.5, 7.5, 2.5]) * 1e-3,
    [0, 2, 0, 1],
    [0, 3, 4],
    n_units=3,
    duration=[0.010, 0.006],
)
SHOWN = engine.SpikeStimulus(trains=SAMPLES, order=np.array([1, 0, 1]))
STEPS = 28
# Weights that are not 0: 2, 1 and 4 of the inputs, 2, 1, 0 and 3 to neurons, 2, 1, 1 and 2 out.
ACS = (2 * 2 + 2 * 1 + 1 * 4) + (3 * 2 + 5 * 1 + 4 * 0 + 1 * 3) + (3 * 2 + 5 * 1 + 4 * 1 + 1 * 2)


def by_hand(*, listed=False, **learning):
    """Declare the network of the comment above, and its weights."""
    i, j = np.nonzero(W_REC)
    # A synapse whose weight is 0 is there, too.
    i, j = np.append(i, 2), np.append(j, 0)
    recurrent = PairWiring(i=i, j=j) if listed else "all_to_all"
    network = Network(
        populations=(
            Population(name="input", n=3, neuron=SpikeInput()),
            Population(name="hidden", n=4, neuron=NEURON),
            Population(name="readout", n=2, neuron=READOUT),
        ),
        projections=(
            Projection(pre="input", post="hidden", on_pre="v_post += w", **learning),
            Projection(pre="hidden", post="hidden", wiring=recurrent, on_pre="v_post += w"),
            Projection(pre="hidden", post="readout", on_pre="y_post += w"),
        ),
        watch="hidden",
        schedule=SCHEDULE,
    )
    state = {
        "input_to_hidden.w": W_IN.ravel(),
        "hidden_to_hidden.w": W_REC.ravel(),
        "hidden_to_readout.w": W_OUT.ravel(),
    }
    if listed:
        order = np.lexsort((j, i))
        i, j = i[order], j[order]
        state |= {f"hidden_to_hidden.{k}": v.astype(float) for k, v in (("i", i), ("j", j))}
        state |= {"hidden_to_hidden.delay": np.zeros(7), "hidden_to_hidden.w": W_REC[i, j]}
    return network, state


@pytest.mark.parametrize(
    ("name", "listed"), [("numpy", False), ("numpy", True), ("cpp_standalone", True)]
)
def test_network_by_hand(name, listed):
    network, state = by_hand(listed=listed)
    found = network_workload(network, state, SHOWN, seed=0, engine=name)
    # 12, 16 and 8 pairs; a list has 7 synapses with weight, two indices and delay. Neurons have
    # one variable.
    synapses = 12 + 8 + (7 * 4 if listed else 16)
    assert found == Workload(
        n_samples=3,
        dense=(12 + 16 + 8) * STEPS,
        effective_acs=ACS,
        membrane_updates=(4 + 2) * STEPS,
        activations=3 + 5 + 4 + 1,
        activation_sites=4 * STEPS,
        footprint=8 * (synapses + 4 + 2),
        n_weights=36,
        n_zero_weights=(12 - 7) + (16 - 6) + (8 - 6),
    )
    assert ACS == 41
    told = found.neurobench()
    assert told["SynapticOperations"]["Effective_ACs"] == pytest.approx(41 / 3)
    assert told["ActivationSparsity"] == pytest.approx(1 - 13 / 112)
    assert Workload(**json.loads(json.dumps(asdict(found)))) == found


@pytest.mark.parametrize("name", ENGINES)
def test_updates_by_hand(name):
    # Every string of a rule, without changing a weight.
    rule = PlasticityRule(
        pre_traces="dx/dt = -x/tau_x : 1",
        synapse="c : 1",
        on_pre="c += 1",
        on_post="c += 1",
        on_pre_trace="x += 1",
        before_spikes="c = 0.5*c",
        every_step="c = 0.5*c",
        update_interval=2 * ms,
        at_slot_start="c = 0",
        at_slot_end="c = 1",
        at_batch_end="c = 2",
        constants={"tau_x": 20 * ms},
    )
    network, state = by_hand(rule=rule)
    network = replace(network, schedule=replace(SCHEDULE, batch_size=2))
    frozen = network_workload(network.frozen(), state, SHOWN, seed=0, engine=name)
    found = learning_workload(network, state, SHOWN, seed=0, engine=name, learns=True)
    # 12 synapses, 4 of each input and 3 of each neuron; 5 and 13 spikes; 3 slots, one full batch.
    updates = 5 * 4 + 13 * 3 + 12 * (STEPS + STEPS / 2 + 3 + 3 + 1)
    # A variable more of each synapse and of each input.
    assert found == replace(frozen, weight_updates=updates, footprint=frozen.footprint + 8 * 15)
    assert learning_workload(network, state, SHOWN, seed=0, engine=name) == found
    half = {**state, "schedule.in_batch": np.ones(1)}
    assert learning_workload(
        network, half, SHOWN, seed=0, engine=name, learns=True
    ).weight_updates == (updates + 12)


def test_normalised_weights_count_as_updates():
    network, state = by_hand(norm=3.0)
    found = learning_workload(network, state, SHOWN, seed=0, engine="numpy")
    assert found.weight_updates == 12 * 3
    assert found.effective_acs == ACS


def test_passes_and_parts_add_up():
    network, state = by_hand(rule=PairSTDP())
    once = learning_workload(network, state, SHOWN, seed=0, engine="numpy")
    named = network_workload(network.frozen(), state, SHOWN, seed=0, engine="numpy")
    whole = (once * 4).then(named)
    assert whole.n_samples == 15
    assert whole.effective_acs == 5 * ACS
    assert whole.weight_updates == 4 * once.weight_updates
    assert whole.footprint == once.footprint > named.footprint
    assert whole.n_weights == once.n_weights


@pytest.mark.parametrize("name", ENGINES)
def test_inputs_of_numbers_multiply(name):
    # Two channels reach three neurons; one weight of the first is 0. A neuron sends its number
    # on to a readout in every step, by a weight, and by a copy that does not count.
    neuron = NeuronModel(
        equations="dv/dt = -v/tau : 1\nheard : 1",
        after_spikes="heard = int(v > 0.4)",
        at_slot_start="v = 0",
        constants={"tau": 20 * ms},
    )
    network = Network(
        populations=(
            Population(name="input", n=2, neuron=SignalInput()),
            Population(name="hidden", n=3, neuron=neuron),
            Population(name="readout", n=2, neuron=NeuronModel(equations="y : 1\nz : 1")),
            Population(name="copy", n=3, neuron=NeuronModel(equations="y : 1")),
        ),
        projections=(
            Projection(pre="input", post="hidden", on_pre="v_post += w*value_pre"),
            Projection(pre="hidden", post="readout", on_pre="", graded="y_post += w*heard_pre"),
            Projection(
                pre="hidden",
                post="copy",
                wiring="one_to_one",
                on_pre="",
                graded="y_post = heard_pre",
                weight=1.0,
            ),
        ),
        watch="input",
        schedule=Schedule(presentation=None, rest=1 * ms, dt=1 * ms, min_spikes=0),
    )
    state = {
        "input_to_hidden.w": np.array([1.0, 1.0, 0.0, 1.0, 1.0, 1.0]),
        "hidden_to_readout.w": np.array([1.0, 1.0, 0.0, 1.0, 1.0, 1.0]),
    }
    # Channel 0: a 1, a -1, a 0.5; channel 1: a 3.
    sample = np.array([[1.0, 0.0], [-1.0, 0.0], [0.5, 0.0], [0.0, 3.0]])
    shown = engine.SignalStimulus(values=[sample], dt=1e-3)
    found = network_workload(network, state, shown, seed=0, engine=name)
    # Neurons 0 and 1: v = 1, -0.05, 0.45, 3.43 and 3.26 when steps end; neuron 2: 3 and 2.85.
    # So they are heard in 4, 4 and 2 of 5 steps.
    assert found.effective_acs == 2 * 2
    assert found.effective_macs == (1 * 2 + 1 * 3) + (4 * 2 + 4 * 1 + 2 * 2)
    assert found.dense == (6 + 6) * 5
    assert (found.n_weights, found.n_zero_weights) == (12, 2)
    # Input channels, and what has no differential equation, are no membranes.
    assert found.membrane_updates == 3 * 5
    assert found.activation_sites == 0


def test_synapses_that_keep_a_number_multiply():
    network = Network(
        populations=(
            Population(name="input", n=2, neuron=SpikeInput()),
            Population(name="hidden", n=3, neuron=NEURON),
        ),
        projections=(
            Projection(
                pre="input",
                post="hidden",
                wiring=PairWiring(i=[0, 0, 1], j=[0, 2, 2]),
                weight=1.0,
                synapse=TsodyksMarkram(),
                on_pre="v_post += w*u*x",
            ),
        ),
        watch="hidden",
        schedule=SCHEDULE,
    )
    sample = SpikeTrains([1e-3, 2e-3, 5e-3], [0, 1, 0], [0, 3], n_units=2, duration=0.01)
    found = network_workload(
        network, {}, engine.SpikeStimulus(trains=sample), seed=0, engine="numpy"
    )
    assert (found.effective_acs, found.effective_macs) == (0, 2 * 2 + 1)


@pytest.mark.parametrize("name", ENGINES)
def test_repeated_presentations_and_rest_count(name):
    # Nobody fires often enough: each sample comes three times, with more input.
    network = Network(
        populations=(
            Population(name="input", n=5, neuron=PoissonInput()),
            Population(name="output", n=4, neuron=LIF()),
        ),
        projections=(Projection(pre="input", post="output", on_pre="i_syn_post += w*mV"),),
        watch="output",
        schedule=Schedule(
            presentation=20 * ms, rest=5 * ms, dt=1 * ms, min_spikes=10_000, max_repeats=2
        ),
    )
    state = {"input_to_output.w": np.full(20, 30.0)}
    shown = engine.RateStimulus(values=np.arange(10.0).reshape(2, 5), scale=20.0)
    found = network_workload(network, state, shown, seed=3, engine=name)
    spikes = {
        watched: engine.run(
            replace(network, watch=watched), shown, seed=3, state=state, engine=name
        ).spikes_per_slot
        for watched in ("input", "output")
    }
    assert [len(s) for s in spikes.values()] == [6, 6]
    assert found.n_samples == 2
    assert found.effective_acs == spikes["input"].sum() * 4 > 0
    assert found.activations == spikes["output"].sum() > 0
    assert found.membrane_updates == 4 * 25 * 6
    if name == "cpp_standalone":
        options = {"seed": 3, "engine": name, "n_jobs": 2}
        assert found == network_workload(network, state, shown, **options)


# ------------------------------------------------------------------ NeuroBench's own package


def neurobench_of(net, samples, *, spiking):
    """Let NeuroBench measure a network of PyTorch, one sample a batch."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("neurobench")
    from neurobench.benchmarks import Benchmark
    from neurobench.metrics.static import ConnectionSparsity, Footprint
    from neurobench.metrics.workload import (
        ActivationSparsity,
        MembraneUpdates,
        SynapticOperations,
    )
    from neurobench.models import SNNTorchModel, TorchModel

    class Loader(list):
        dataset = samples

    batches = Loader((torch.tensor(s[None], dtype=torch.float32), torch.zeros(1)) for s in samples)
    model = SNNTorchModel(net) if spiking else TorchModel(net)
    dynamic = [ActivationSparsity, SynapticOperations] + [MembraneUpdates] * spiking
    metrics = [[ConnectionSparsity, Footprint], dynamic]
    with torch.no_grad():
        return Benchmark(model, batches, [], [], metrics).run(quiet=True)


def linear(torch, weights):
    """Make a layer of PyTorch."""
    layer = torch.nn.Linear(*weights.shape, bias=False)
    layer.weight.data = torch.tensor(weights.T, dtype=torch.float32)
    return layer


def test_spiking_network_agrees_with_neurobench():
    torch = pytest.importorskip("torch")
    snntorch = pytest.importorskip("snntorch")
    decay = np.exp(-1 / 20)

    class Net(torch.nn.Module):
        """The network by hand in snnTorch, which sums what arrived before it leaks."""

        def __init__(self):
            super().__init__()
            # What reaches a membrane here leaks in the next step, and there does not.
            self.inward, self.within = linear(torch, decay * W_IN), linear(torch, decay * W_REC)
            self.outward = linear(torch, W_OUT)
            self.neurons = snntorch.Leaky(
                beta=decay, threshold=1.0, reset_mechanism="zero", init_hidden=True
            )

        def reset(self):
            self.neurons.reset_hidden()
            self.arrived = torch.zeros(1, 4)

        def forward(self, x):
            spikes = self.neurons(self.arrived)
            # A reset of ours comes last and takes with it what has just arrived.
            self.arrived = (self.inward(x) + self.within(spikes)) * (1 - spikes)
            return self.outward(spikes), None

    first, second = np.zeros((12, 3)), np.zeros((8, 3))
    first[[0, 1, 7], [0, 2, 0]] = 1
    second[2, 1] = 1
    theirs = neurobench_of(Net(), [second, first, second], spiking=True)
    network, state = by_hand()
    ours = network_workload(network, state, SHOWN, seed=0, engine="numpy").neurobench()
    assert theirs["SynapticOperations"] == pytest.approx(ours["SynapticOperations"])
    assert theirs["SynapticOperations"]["Effective_ACs"] == pytest.approx(41 / 3)
    # Theirs are rounded.
    assert theirs["ConnectionSparsity"] == pytest.approx(ours["ConnectionSparsity"], abs=1e-4)
    # Theirs is a mean over batches, here of one sample each, whatever their lengths.
    one_by_one = [replace(SHOWN, order=np.array([k])) for k in SHOWN.order]
    alone = [network_workload(network, state, s, seed=0, engine="numpy") for s in one_by_one]
    sparsity = np.mean([workload.activation_sparsity for workload in alone])
    assert theirs["ActivationSparsity"] == pytest.approx(sparsity, abs=1e-4)
    # They leave out membranes that stay at 0, and know no readouts.
    assert 0 < theirs["MembraneUpdates"] < 4 * STEPS / 3 < ours["MembraneUpdates"]


def test_mlp_agrees_with_neurobench():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 6)) * (rng.random((20, 6)) < 0.5)
    weights = [rng.normal(size=(6, 5)), rng.normal(size=(5, 3))]
    weights[0][rng.random((6, 5)) < 0.3] = 0
    net = torch.nn.Sequential(linear(torch, weights[0]), torch.nn.ReLU(), linear(torch, weights[1]))
    theirs = neurobench_of(net, list(X), spiking=False)
    hidden = np.maximum(X @ weights[0], 0)
    ours = dense_workload(20, [6, 5, 3], weights=weights, activations=[X, hidden]).neurobench()
    operations = theirs["SynapticOperations"]
    # A sample of zeros only would be one of spikes.
    assert operations["Dense"] == ours["SynapticOperations"]["Dense"]
    assert operations == pytest.approx(ours["SynapticOperations"])
    assert theirs["ActivationSparsity"] == pytest.approx(ours["ActivationSparsity"], abs=1e-4)
    assert theirs["ConnectionSparsity"] == pytest.approx(ours["ConnectionSparsity"], abs=1e-4)
    # They have numbers of 4 bytes, and no biases here.
    assert theirs["Footprint"] * 2 == ours["Footprint"] - 8 * (5 + 3)


# ------------------------------------------------------------------ estimators


def recorded(shown):
    """Count spikes of every neuron by recording all of them, for networks that repeat nothing."""
    network = shown.network
    assert network.schedule.min_spikes == 0
    names = [p.name for p in network.populations if p.neuron.spikes]
    result = engine.run(
        replace(network, watch=tuple(names)),
        shown.stimulus,
        seed=shown.seed,
        state=shown.state,
        engine="numpy",
    )
    total, sizes = result.counts.sum(axis=0), [network.population(name).n for name in names]
    return dict(zip(names, np.split(total, np.cumsum(sizes)[:-1]), strict=True))


def fan_out(shown, projection):
    """Count a neuron's synapses with a weight other than 0, one by one."""
    n_pre = shown.network.population(projection.pre).n
    n_post = shown.network.population(projection.post).n
    name, state = projection.name, shown.state
    out = np.zeros(n_pre)
    if projection.listed:
        weights = np.broadcast_to(
            state.get(f"{name}.w", projection.weight), len(state[f"{name}.i"])
        )
        np.add.at(out, state[f"{name}.i"].astype(int), weights != 0)
        return out
    matrix = np.full((n_pre, n_post), projection.weight or 0.0)
    if not projection.one_weight:
        matrix = state[f"{name}.w"].reshape(n_pre, n_post)
    if projection.wiring == "all_but_one":
        matrix = matrix * (1 - np.eye(n_pre))
    elif projection.wiring == "one_to_one":
        matrix = matrix * np.eye(n_pre)
    return (matrix != 0).sum(axis=1)


def answering(shown):
    """Workload of what an estimator presents to name samples."""
    options = {"seed": shown.seed, "engine": "numpy"}
    return network_workload(shown.network, shown.state, shown.stimulus, **options)


def learning(model, shown):
    """Workload of a pass of training with the same samples."""
    options = {"seed": shown.seed, "engine": "numpy"}
    return learning_workload(model.network_, shown.state, shown.stimulus, **options)


def check(found, shown, *, n_steps):
    """Compare with recorded spikes what follows from them."""
    spikes, network = recorded(shown), shown.network
    driven = [p for p in network.projections if p.on_pre]
    operations = sum(float(spikes[p.pre] @ fan_out(shown, p)) for p in driven)
    assert found.effective_acs + found.effective_macs == pytest.approx(operations)
    assert operations > 0
    inner = [name for name in spikes if name != network.input.name]
    assert found.activations == sum(spikes[name].sum() for name in inner) > 0
    assert found.activation_sites == n_steps * sum(network.population(p).n for p in inner)
    return spikes


def words(n=3, n_units=30, seed=1):
    """Draw spike trains of different lengths."""
    rng = np.random.default_rng(seed)
    lengths = rng.uniform(0.02, 0.04, n)
    times = [np.sort(rng.uniform(0, length, 150)) for length in lengths]
    return SpikeTrains(
        np.concatenate(times),
        rng.integers(0, n_units, 150 * n),
        np.arange(n + 1) * 150,
        n_units=n_units,
        duration=lengths,
    )


def n_steps_of(trains):
    return int(np.ceil(trains.duration / 1e-3 - 1e-6).sum())


def test_diehl_cook_counts_the_inhibition_that_a_pool_stands_for():
    X = load_digits().data[:3]
    model = DiehlCook(
        6,
        n_epochs=1,
        presentation=40 * ms,
        rest=10 * ms,
        dt=1 * ms,
        rate_max=250 * Hz,
        min_spikes=0,
        engine="numpy",
        random_state=0,
    ).fit(X)
    shown = model.presentation_of(X)
    found = answering(shown)
    spikes = check(found, shown, n_steps=3 * 50)
    n_in, n_exc, n_inh = (spikes[k].sum() for k in ("input", "excitatory", "inhibitory"))
    # For each image: input spikes x n, excitatory ones x 1, inhibitory ones x (n - 1).
    weights = np.count_nonzero(model.weights_, axis=1)
    assert found.effective_acs == spikes["input"] @ weights + n_exc + n_inh * 5
    assert n_in > 0 < n_inh
    assert found.dense == (64 * 6 + 36 + 36) * 150
    # All-but-one and one-to-one as matrices.
    assert found.n_zero_weights == 30 + 6 + np.sum(model.weights_ == 0)
    trained = learning(model, shown)
    # At each spike of either side, and when weights are normalised.
    assert trained.weight_updates == n_in * 6 + n_exc * 64 + 64 * 6 * 3
    assert trained.effective_acs == found.effective_acs


@pytest.mark.parametrize(
    "liquid", ["tonotopic", MaassColumn(p_input=0.2)], ids=["tonotopic", "maass"]
)
def test_liquid(liquid):
    X = words()
    lsm = LiquidStateMachine(45, liquid=liquid, engine="numpy", random_state=0).fit(X)
    shown = lsm.presentation_of(X)
    found = answering(shown)
    spikes = check(found, shown, n_steps=n_steps_of(X))
    assert found.membrane_updates == 45 * n_steps_of(X)
    of_input = sum(
        spikes["input"] @ fan_out(shown, p) for p in shown.network.projections if p.pre == "input"
    )
    if liquid == "tonotopic":
        assert found.effective_macs == 0
    else:  # short-term plasticity within the column
        assert found.effective_acs == of_input
        assert found.effective_macs > 0


def eprop(pool):
    X = words(4)
    return X, EPropClassifier(
        n_lif=5,
        n_alif=4,
        n_epochs=1,
        pool=pool,
        n_lines=1,
        dt=1 * ms,
        decision_window=1.0,
        batch_size=32,
        engine="numpy",
        random_state=0,
    ).fit(X, [0, 1, 0, 1])


@pytest.mark.slow
def test_eprop_of_counts_multiplies_what_is_more_than_one():
    X, model = eprop(pool=3)
    shown = model.presentation_of(X)
    found = answering(shown)
    check(found, shown, n_steps=n_steps_of(X))
    stimulus = shown.stimulus
    counts = np.concatenate([np.ravel(v) for v in stimulus.picked(stimulus.values, 0, 4)])
    assert found.effective_macs == np.sum(counts > 1) * 9 > 0
    assert found.dense == (10 * 9 + 81 + 18) * n_steps_of(X)


def test_eprop():
    X, model = eprop(pool=1)
    shown = model.presentation_of(X)
    found = answering(shown)
    steps, n_synapses = n_steps_of(X), 30 * 9 + 81 + 18
    spikes = check(found, shown, n_steps=steps)
    assert found.effective_macs == 0
    # Neurons and readouts have membranes, the softmax has not.
    assert found.membrane_updates == (9 + 2) * steps
    assert found.dense == n_synapses * steps
    assert found.n_weights == n_synapses
    assert found.n_zero_weights == 9  # nobody reaches itself

    learned = learning(model, shown)
    assert learned.activations == found.activations
    assert learned.effective_acs == found.effective_acs
    # Errors of two classes reach nine neurons in every step.
    assert learned.effective_macs == 2 * 9 * steps
    # Eligibilities change in every step, and so do gradients of the feedback and of two biases.
    every_step = (n_synapses + 2 * 9 + 2) * steps
    # Spikes reach the eligibilities of all synapses of their neuron.
    by_spikes = spikes["input"].sum() * 9 + (spikes["lif"].sum() + spikes["alif"].sum()) * (9 + 2)
    at_edges = 2 * n_synapses * 4
    assert model.batch_size > 4  # so that no weight changes in this pass
    assert learned.weight_updates == every_step + by_spikes + at_edges


def test_reward_stdp():
    X, y = words(4), [0, 1, 0, 1]
    model = RewardSTDPClassifier(
        3, n_epochs=1, n_spikes=30.0, dt=1 * ms, engine="numpy", random_state=0
    ).fit(X, y)
    shown = model.presentation_of(X)
    found = answering(shown)
    steps = n_steps_of(X)
    spikes = check(found, shown, n_steps=steps)
    learned = learning(model, shown)
    n_out = spikes["output"].sum()
    # An eligibility is written at each output spike and set to 0 when a sample begins; weights
    # change when it ends, and are normalised.
    assert learned.weight_updates == n_out * 30 + 30 * 6 * 4 * 3
    # Each spike is a vote; what the critic does when a sample ends does not count.
    assert learned.effective_acs == found.effective_acs + n_out
    assert learned.effective_macs == 0
    assert learned.membrane_updates == found.membrane_updates == 6 * steps


# ------------------------------------------------------------------ errors


def test_a_network_that_learns_is_refused():
    network, state = by_hand(rule=PairSTDP())
    with pytest.raises(ParameterError, match=r"network: must have no rules .*input_to_hidden"):
        network_workload(network, state, SHOWN, seed=0, engine="numpy")


def test_no_samples_are_refused():
    network, state = by_hand()
    nothing = engine.SpikeStimulus(trains=SAMPLES[:0])
    for count in (network_workload, learning_workload):
        with pytest.raises(DataError, match=r"stimulus: must hold at least one sample"):
            count(network, state, nothing, seed=0, engine="numpy")
