"""One set of Brian's objects serves all networks that differ in sizes, values and lists only."""

import numpy as np
import pytest
from brian2 import ms, mV
from brian2.codegen.runtime.cython_rt.cython_rt import CythonCodeObject

from bioplastic import SpikeTrains, engine
from bioplastic.engine import runtime
from bioplastic.engine.plan import plan_of
from bioplastic.engine.runtime_objects import RuntimeObjects
from bioplastic.models import (
    LIF,
    Adam,
    DiehlCookExcitatory,
    DiehlCookSTDP,
    Network,
    NeuronModel,
    PairSTDP,
    PoissonInput,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    SignalInput,
    SpikeInput,
    SynapseModel,
    Uniform,
)
from bioplastic.models.inputs import DelayLineInput
from bioplastic.networks import diehl_cook_network, eprop_network

SCHEDULE = Schedule(presentation=40 * ms, rest=5 * ms, dt=1 * ms, min_spikes=0)
#: Numbers of inputs and of neurons; those of one are a special case in Brian.
SIZES = [(6, 4), (1, 1), (9, 7)]


def network_of(n_inputs, n, entrance, *projections, neuron=None):
    populations = (
        Population(name="input", n=n_inputs, neuron=entrance),
        Population(name="out", n=n, neuron=LIF() if neuron is None else neuron),
    )
    return Network(
        populations=populations, projections=projections, watch=("input", "out"), schedule=SCHEDULE
    )


def diehl_cook(n_inputs, n, value, *, pooled):
    return diehl_cook_network(
        n_features=n_inputs,
        n_neurons=n,
        rule=DiehlCookSTDP(eta_plus=0.1 * value, eta_minus=0.01),
        norm=8.0 * value,
        pooled_inhibition=pooled,
        excitatory=DiehlCookExcitatory(theta_plus=value * mV),
        schedule=SCHEDULE,
    )


def noisy(n_inputs, n, value):
    """Neurons and synapses that draw, beside a sum of synapses."""
    synapse = SynapseModel(equations="f : 1\nI_post = f : 1 (summed)", at_slot_start="f = rand()")
    neuron = NeuronModel(
        equations="dv/dt = (I - v)/tau + 0.1*xi*tau**-0.5 : 1\nI : 1",
        threshold="v > 1", reset="v = 0.1*rand()", refractory="tau/2", method="euler",
        constants={"tau": 10 * ms * value},
    )  # fmt: skip
    projection = Projection(
        pre="input", post="out", on_pre="f += 0.1*w + 0.01*i/N_pre", synapse=synapse, weight=value
    )
    return network_of(n_inputs, n, PoissonInput(), projection, neuron=neuron)


def listed(n_inputs, n, value):
    into = Projection(pre="input", post="out", on_pre="i_syn_post += w*mV", weight=40.0 * value)
    within = Projection(
        pre="out", post="out", on_pre="i_syn_post += w*mV", rule=PairSTDP(w_max=value),
        wiring=RandomWiring(p=0.4), weight=Uniform(0.2, high=0.6),
        delay=Uniform(1 * ms, high=6 * ms),
    )  # fmt: skip
    return network_of(n_inputs, n, PoissonInput(), into, within)


def shown(n_inputs, n, value, *, entrance):
    on_pre = "i_syn_post += w*mV" + ("*value_pre" if entrance.takes == "signals" else "")
    into = Projection(pre="input", post="out", on_pre=on_pre, weight=40.0 * value)
    return network_of(n_inputs, n, entrance, into)


def eprop(n_inputs, n, value):
    return eprop_network(
        n_inputs=n_inputs, n_lif=n, n_alif=0, n_outputs=n, schedule=Schedule(
            presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0, batch_size=4
        ), optimizer=Adam(learning_rate=0.1 * value),
    )  # fmt: skip


KINDS = {
    "pooled": lambda *sizes: diehl_cook(*sizes, pooled=True),
    "not pooled": lambda *sizes: diehl_cook(*sizes, pooled=False),
    "noisy": noisy,
    "listed": listed,
    "spikes": lambda *sizes: shown(*sizes, entrance=SpikeInput()),
    "signals": lambda *sizes: shown(*sizes, entrance=SignalInput()),
    "lines": lambda n_inputs, *sizes: shown(
        2 * n_inputs, *sizes, entrance=DelayLineInput(n_channels=n_inputs, delay=3 * ms)
    ),
    "eprop": eprop,
}
of_every_kind = pytest.mark.parametrize("kind", KINDS)


def stimulus_of(network):
    """Four samples for the network's only input."""
    (population,) = network.inputs
    rng, n, lengths = np.random.default_rng(0), population.n_features, (20, 35, 28, 20)
    if population.neuron.takes == "rates":
        return engine.RateStimulus(values=rng.uniform(0, 400, (4, n)))
    values = [rng.uniform(size=(length, n)) * (rng.random((length, n)) < 0.2) for length in lengths]
    if population.neuron.takes == "signals":
        return engine.SignalStimulus(values=values, dt=1 * ms)
    trains = []
    for value, length in zip(values, lengths, strict=True):
        steps, units = np.nonzero(value)
        trains.append(
            SpikeTrains(steps * ms, units, [0, len(units)], n_units=n, duration=length * ms)
        )
    return engine.SpikeStimulus(trains=SpikeTrains.concatenate(trains), targets=np.zeros(4))


def run(network, *, lanes=1, **options):
    rng = np.random.default_rng(1)
    weights = {
        f"{p.name}.w": rng.uniform(0.2, 1.0, plan_of(network).sizes[p.name])
        for p in network.projections
        if p.weight is None
    }
    return engine.run(
        network, stimulus_of(network), seed=3, state=weights, lanes=lanes, record="spikes",
        combine="sum" if lanes > 1 else None, chunk_size=3, **{"engine": "numpy"} | options,
    )  # fmt: skip


def assert_same(one, other):
    assert one.spikes == other.spikes
    assert one.state.keys() == other.state.keys()
    for name, values in one.state.items():
        np.testing.assert_array_equal(values, other.state[name], name)


@pytest.fixture
def made(monkeypatch):
    """Networks for which Brian's objects are made."""
    networks = []

    class Objects(RuntimeObjects):
        def __init__(self, network, **kwargs):
            networks.append(network)
            super().__init__(network, **kwargs)

    monkeypatch.setattr(runtime, "RuntimeObjects", Objects)
    monkeypatch.setattr(runtime, "_kept", {})
    return networks


def networks_of(kind):
    """Networks of all sizes, and of different values."""
    return [KINDS[kind](*sizes, 1.0 + 0.2 * k) for k, sizes in enumerate(SIZES)]


@of_every_kind
@pytest.mark.parametrize("lanes", [(1, 1), (2, 4)])
def test_other_sizes_and_values_are_served_by_the_same_objects(kind, lanes, made, monkeypatch):
    networks = networks_of(kind)
    tasks = list(zip([*networks, networks[0]], lanes * 2, strict=True))
    shared = [run(network, lanes=n) for network, n in tasks]
    assert len(made) == 1
    assert sum(len(result.spikes.units) for result in shared) > 50
    for result, (network, n) in zip(shared[1:], tasks[1:], strict=True):
        monkeypatch.setattr(runtime, "_kept", {})
        assert_same(result, run(network, lanes=n))
    assert len(made) == len(tasks)


def test_programs_that_share_objects_take_turns(made):
    networks = [diehl_cook(*sizes, 1.0, pooled=True) for sizes in SIZES[:2]]
    alone = [run(network) for network in networks]
    programs = [engine.open_program(network, engine="numpy") for network in networks]
    assert len(made) == 1
    assert [program.build_seconds for program in programs] == [0.0, 0.0]
    for _ in range(2):
        for network, program, result in zip(networks, programs, alone, strict=True):
            assert_same(result, run(network, program=program))


def test_another_kind_of_lanes_is_another_program(made):
    network = diehl_cook(*SIZES[0], 1.0, pooled=True)
    for lanes in (1, 2, 4, 1):
        engine.open_program(network, engine="numpy", lanes=lanes)
    assert len(made) == 2


def test_the_last_programs_in_use_are_kept(made):
    kinds = [*KINDS][: runtime.MAX_PROGRAMS + 1]
    networks = [KINDS[kind](*SIZES[0], 1.0) for kind in kinds]
    for network in (*networks[:-1], networks[0], networks[-1], networks[0], networks[1]):
        engine.open_program(network, engine="numpy")
    assert len(runtime._kept) == runtime.MAX_PROGRAMS
    assert made == [*networks, networks[1]]


@of_every_kind
@pytest.mark.parametrize("lanes", [(1, 1), (2, 4)])
def test_code_says_nothing_of_sizes_and_values(kind, lanes, monkeypatch):
    """Brian finds what it has compiled of Cython by this text, also in another process."""
    monkeypatch.setattr(CythonCodeObject, "compile_block", lambda self, block: None)
    texts = []
    for network, n in zip(networks_of(kind)[:2], lanes, strict=True):
        net = RuntimeObjects(network, target="cython", lanes=n).built.net
        codes = [code for obj in net.sorted_objects for code in obj.code_objects]
        texts.append({code.name: str(code.code) for code in codes})
        del net, codes  # names of objects that are alive are counted
    assert len(texts[0]) > 5
    assert texts[0] == texts[1]
