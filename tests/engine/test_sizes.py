"""Sizes are data: one text, and one program, for every number of neurons, channels and classes.

Models alone are asked in `tests/models/test_key.py`.
"""

import dataclasses
import functools

import numpy as np
import pytest
from brian2 import ms

from bioplastic import SpikeTrains, engine, networks, readout
from bioplastic.engine import cache, standalone_program
from bioplastic.engine.cache import MANIFESTS
from bioplastic.engine.plan import plan_of
from bioplastic.engine.standalone import SlotDevice, slot_device
from bioplastic.engine.standalone_program import generate
from bioplastic.models import (
    LIF,
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
    TsodyksMarkram,
)
from bioplastic.models.eprop import EPropALIF
from bioplastic.models.plasticity.eprop import EProp

# --- the networks of all estimators

N = 6  # samples
CPP = {"engine": "cpp_standalone"}
QUICK = {**CPP, "random_state": 0}
EPROP = {**QUICK, "n_epochs": 1, "batch_size": 3, "presentation": 5 * ms}
LEAKY = readout.SpikeTimeRegressor(kernel="exponential")
LIQUIDS = {
    "random": networks.RandomLiquid(), "column": networks.MaassColumn(),
    "tonotopic": networks.TonotopicLiquid(),
}  # fmt: skip


def spikes(n_units):
    rng = np.random.default_rng(0)
    times, units = np.sort(rng.uniform(0, 0.02, (N, 30))), rng.integers(0, n_units, 30 * N)
    offsets = 30 * np.arange(N + 1)
    return SpikeTrains(times.ravel(), units, offsets, n_units=n_units, duration=0.02)


def numbers(n_units):
    return np.random.default_rng(0).integers(1, 9, (N, n_units)).astype(float)


def labels(n_classes):
    return np.arange(N) % n_classes


def curves(n_outputs):
    return [np.ones((20, n_outputs))] * N


def liquid(n, name, **options):
    return networks.LiquidStateMachine(18 * n, liquid=LIQUIDS[name], **QUICK, **options)


#: Estimator of a number of neurons, samples of a number of channels, targets of a number of kinds.
ESTIMATORS = {
    "DiehlCook": (lambda n: networks.DiehlCook(n, **QUICK), numbers, labels),
    "DiehlCook, spikes": (lambda n: networks.DiehlCook(n, **QUICK), spikes, labels),
    "DiehlCook, batches": (
        lambda n: networks.DiehlCook(n, batch_size=3, min_spikes=0, **QUICK), numbers, labels,
    ),
    "DiehlCookClassifier": (lambda n: networks.DiehlCookClassifier(n, **QUICK), numbers, labels),
    "EPropClassifier": (lambda n: networks.EPropClassifier(n, 2 * n, **EPROP), spikes, labels),
    "EPropClassifier, numbers": (
        lambda n: networks.EPropClassifier(n, n, **EPROP), numbers, labels,
    ),
    "EPropRegressor": (lambda n: networks.EPropRegressor(n, 2 * n, **EPROP), spikes, curves),
    "EPropRegressor, delay lines": (
        lambda n: networks.EPropRegressor(n, n, n_lines=n + 1, **EPROP), spikes, curves,
    ),
    "RewardSTDPClassifier": (
        lambda n: networks.RewardSTDPClassifier(n, n_epochs=1, **QUICK), numbers, labels,
    ),
    **{
        f"LiquidStateMachine, {name}": (functools.partial(liquid, name=name), spikes, labels)
        for name in LIQUIDS
    },
    "LiquidStateMachine, plastic": (
        functools.partial(liquid, name="random", plasticity=PairSTDP()), spikes, labels,
    ),
    "SpikingClassifier": (
        lambda n: networks.SpikingClassifier(readout.SpikeTimeClassifier(), **CPP), spikes, labels,
    ),
    "SpikingRegressor": (
        lambda n: networks.SpikingRegressor(LEAKY, **CPP), spikes, spikes,
    ),
}  # fmt: skip
#: Those whose programs the others of the same kind resemble.
FIRST = ("DiehlCook", "EPropClassifier", "RewardSTDPClassifier", "LiquidStateMachine, random")
#: Those that show one sample after the other.
ALONE = ("RewardSTDPClassifier",)


class Asked(BaseException):
    """A program is asked for."""


def networks_of(name, monkeypatch, n_neurons, n_channels, n_targets):
    """Return the first network of an estimator for which it wants a program, and what answers."""

    def ask(network, answers=None, **_):
        raise Asked(network, answers)

    def use(estimator, X, y):
        fitted = estimator.fit(X, y)
        fitted.transform(X) if hasattr(fitted, "transform") else fitted.predict(X)

    make, samples, targets = ESTIMATORS[name]
    monkeypatch.setattr(standalone_program, "StandaloneProgram", ask)
    with pytest.raises(Asked) as asked:
        use(make(n_neurons), samples(n_channels), targets(n_targets))
    return asked.value.args


def text_of(network, folder, lanes=1, answers=None):
    """Return the source of a network's program, and what is noted of it."""
    network, options = plan_of(network).network, {"lanes": lanes, "superpose": lanes == 1}
    generate(network, folder, slot_device, answers=answers, **options)
    names = MANIFESTS if answers else MANIFESTS[:1]
    return [(folder / name).read_text() for name in (slot_device.unit, *names)]


def test_every_estimator_with_a_network_is_here():
    kinds = {getattr(networks, name) for name in networks.__all__}
    fitted = {kind.__name__ for kind in kinds if hasattr(kind, "fit")}
    assert {name.partition(",")[0] for name in ESTIMATORS} == fitted


@pytest.mark.parametrize(
    ("name", "lanes"),
    [
        pytest.param(
            name, lanes, id=f"{name}, {lanes[0]} lanes",
            marks=[] if name in FIRST and lanes == (1, 1) else pytest.mark.slow,
        )
        for name in ESTIMATORS
        for lanes in ((1, 1), (2, 5))
        if lanes == (1, 1) or name not in ALONE
    ],
)  # fmt: skip
def test_estimators_of_all_sizes_have_one_text(name, lanes, monkeypatch, tmp_path):
    sizes = (1, 1, 2), (3, 7, 3)
    both = [networks_of(name, monkeypatch, *numbers) for numbers in sizes]
    (one, _), (other, _) = both
    assert plan_of(one).sizes != plan_of(other).sizes
    assert plan_of(one).key == plan_of(other).key
    texts = [
        text_of(network, tmp_path, n, answers if n == 1 else None)
        for (network, answers), n in zip(both, lanes, strict=True)
    ]
    assert texts[0] == texts[1]


# --- one program of much that networks have

NOISY = NeuronModel(
    equations="dv/dt = (drive*(1 + i/N) - v)/tau + sigma*xi*tau**-0.5 : 1 (unless refractory)",
    threshold="v > 1", reset="v = 0", refractory="2*ms", at_slot_start="v = rand()", method="euler",
    constants={"tau": 10 * ms, "sigma": 0.1, "drive": 1.0},
)  # fmt: skip


def everything(n_input, n):
    """Network of inputs, neurons and synapses of many kinds."""
    act = {"on_pre": "i_syn_post += w*mV"}
    return Network(
        populations=(
            Population(name="light", n=n_input, neuron=PoissonInput()),
            Population(name="touch", n=n_input + 2, neuron=SpikeInput()),
            Population(name="tone", n=2 * n_input, neuron=SignalInput()),
            Population(name="cell", n=n, neuron=LIF()),
            Population(name="again", n=n, neuron=LIF()),
            Population(name="noisy", n=2 * n + 1, neuron=NOISY),
        ),
        projections=(
            Projection(pre="light", post="cell", rule=PairSTDP(), norm=20.0, **act),
            Projection(pre="touch", post="again", weight=12.0, **act),
            Projection(pre="tone", post="cell", on_pre="i_syn_post += w*value_pre*mV", weight=5.0),
            Projection(pre="cell", post="again", wiring="one_to_one", weight=15.0, **act),
            Projection(pre="noisy", post="cell", delay=3 * ms, weight=2.0, **act,
                       wiring=RandomWiring(p=0.5)),
            Projection(pre="cell", post="noisy", on_pre="v_post += 0.02*w*u*x", weight=1.0,
                       synapse=TsodyksMarkram(), wiring=RandomWiring(p=0.7)),
            Projection(pre="cell", post="cell", label="pooled", wiring="all_but_one", weight=-3.0,
                       **act),
            Projection(pre="again", post="again", label="single", wiring="all_but_one",
                       weight=-3.0, pooled=False, **act),
        ),
        watch=("light", "cell", "again", "noisy"),
        schedule=Schedule(presentation=30 * ms, rest=5 * ms, dt=1 * ms, min_spikes=0),
    )  # fmt: skip


def of_everything(n_input, n):
    """Samples for it, and its state."""
    rng = np.random.default_rng([n_input, n])
    network = everything(n_input, n)
    touched = rng.integers(0, n_input + 2, (N, 60))
    times = np.sort(rng.integers(0, 30, (N, 60)) * 1e-3)
    trains = SpikeTrains(times.ravel(), touched.ravel(), 60 * np.arange(N + 1),
                         n_units=n_input + 2, duration=0.03)  # fmt: skip
    values = rng.normal(1, 1, (N, 30, 2 * n_input)) * (rng.random((N, 30, 2 * n_input)) < 0.3)
    shown = [
        engine.RateStimulus(values=rng.uniform(50, 200, (N, n_input)), population="light"),
        engine.SpikeStimulus(trains=trains, population="touch"),
        engine.SignalStimulus(values=list(values), dt=1 * ms, population="tone"),
    ]
    weights = {"light_to_cell.w": rng.uniform(0, 1, n_input * n)}
    return network, shown, network.sample(1) | weights


def run(network, shown, state, **options):
    options = {"engine": "cpp_standalone", "record": "spikes"} | options
    return engine.run(network, shown, seed=3, state=state, **options)


def assert_same_bits(one, other):
    assert one.spikes == other.spikes
    assert one.state.keys() == other.state.keys()
    for name, values in one.state.items():
        np.testing.assert_array_equal(values, other.state[name], err_msg=name)


def n_programs():
    return sum(path.is_dir() for path in cache.programs_dir().iterdir())


SIZES = ((6, 5), (1, 1), (3, 20), (17, 2), (6, 5))


@pytest.fixture(scope="module")
def in_turn(tmp_path_factory):
    """Runs of one program: by its sizes, several of them in turn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIOPLASTIC_CACHE", str(tmp_path_factory.mktemp("cache")))
        found = [run(*of_everything(*sizes)) for sizes in SIZES]
        assert n_programs() == 1
    return dict(zip(SIZES, found, strict=False)) | {"again": found[-1]}


def test_something_happens(in_turn):
    for result in in_turn.values():
        assert result.counts.sum() > 50
    assert (in_turn[6, 5].counts.sum(axis=0) > 0).all()


def test_a_size_comes_again(in_turn):
    assert_same_bits(in_turn[6, 5], in_turn["again"])


@pytest.mark.parametrize("sizes", sorted(set(SIZES)), ids=str)
def test_numpy_agrees(in_turn, sizes):
    one, other = run(*of_everything(*sizes), engine="numpy"), in_turn[sizes]
    assert one.spikes == other.spikes
    for name, values in one.state.items():
        np.testing.assert_allclose(values, other.state[name], rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.slow
def test_a_program_made_for_one_size_has_the_same_bits(in_turn, tmp_cache):
    assert_same_bits(in_turn[3, 20], run(*of_everything(3, 20)))
    assert n_programs() == 1


@pytest.mark.parametrize("sizes", [(6, 5), (1, 1)], ids=str)
def test_lanes_and_threads_agree_at_every_size(sizes):
    network, shown, state = of_everything(*sizes)
    one, *others = (
        run(network.frozen(), shown, state, lanes=lanes, n_threads=n_threads)
        for lanes, n_threads in ((1, 1), (2, 1), (5, 1), (1, 3), (2, 2))
    )
    for other in others:
        assert one.spikes == other.spikes


def superposed(n_input, n):
    return Network(
        populations=(
            Population(name="input", n=n_input, neuron=SpikeInput()),
            Population(name="cell", n=n, neuron=EPropALIF()),
        ),
        projections=(
            Projection(pre="input", post="cell", on_pre="v_post += w", rule=EProp(batch=2)),
        ),
        watch="cell",
        schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0, batch_size=2),
    )  # fmt: skip


def test_superposed_synapses_of_several_sizes(tmp_cache):
    for n_input, n in ((5, 7), (1, 1), (9, 70)):
        rng = np.random.default_rng(n)
        network, stimulus = superposed(n_input, n), engine.SpikeStimulus(trains=spikes(n_input))
        state = network.sample(0) | {"input_to_cell.w": rng.uniform(0, 1, n_input * n)}
        one, other = (run(network, stimulus, state, engine=e) for e in ("numpy", "cpp_standalone"))
        assert one.counts.sum() > 0
        assert one.spikes == other.spikes
        for name, values in one.state.items():
            np.testing.assert_allclose(values, other.state[name], rtol=1e-8, atol=1e-12)
    assert n_programs() == 1


# --- code objects of the same text are one function


@pytest.fixture
def calls(monkeypatch, tmp_path):
    """Return calls of code objects in the program of a network: function and arguments, by name."""

    def of(network, **options):
        found = []
        with monkeypatch.context() as patch:
            part = SlotDevice.part
            patch.setattr(SlotDevice, "part", lambda d: found.append(dict(d.calls)) or part(d))
            text_of(network, tmp_path, **options)
        parts = {name: call.removesuffix(");").split("(") for name, call in found[0].items()}
        return {name: (part[0], part[1].split(", ")) for name, part in parts.items()}

    return of


def leaky(tau, **changes):
    settings = {"threshold": "v > 1", "reset": "v = 0"} | changes
    return NeuronModel(equations=f"dv/dt = (1.5 - v)/({tau}*ms) : 1", **settings)


def two_of_a_kind(**changes):
    return Network(
        populations=(
            Population(name="input", n=3, neuron=SpikeInput()),
            Population(name="one", n=2, neuron=leaky(10)),
            Population(name="other", n=4, neuron=leaky(10)),
            Population(name="slow", n=4, neuron=leaky(20)),
        ),
        projections=tuple(
            Projection(pre="input", post=post, on_pre="v_post += 0.1*w", weight=1.0, **changes)
            for post in ("one", "other", "slow")
        ),
        watch=("one", "other", "slow"),
        schedule=Schedule(presentation=None, rest=5 * ms, dt=1 * ms, min_spikes=0),
    )  # fmt: skip


class TestFunctions:
    @pytest.mark.parametrize("lanes", [1, 2])
    def test_the_same_text_of_other_arrays_is_one(self, calls, lanes):
        found = calls(two_of_a_kind(), lanes=lanes)
        for of in ("stateupdater", "spike_resetter", "spike_thresholder"):
            one, other = (found[f"{name}_{of}_codeobject"] for name in ("one", "other"))
            assert one[0] == other[0]
            assert [argument.replace("_one", "_other") for argument in one[1]] == other[1]
            assert one[1] != other[1]
        assert len({found[f"input_to_{post}_pre_codeobject"][0] for post in ("one", "slow")}) == 1

    def test_another_constant_is_another(self, calls):
        found = calls(two_of_a_kind())
        one, slow = (found[f"{name}_stateupdater_codeobject"][0] for name in ("one", "slow"))
        assert one != slow

    def test_another_wiring_is_another(self, calls):
        network = two_of_a_kind()
        wirings = ("all_to_all", RandomWiring(p=0.5), RandomWiring(p=0.2))
        mixed = [
            dataclasses.replace(p, wiring=wiring)
            for p, wiring in zip(network.projections, wirings, strict=True)
        ]
        found = calls(dataclasses.replace(network, projections=tuple(mixed)))
        first, *lists = (found[f"input_to_{p}_pre_codeobject"][0] for p in ("one", "other", "slow"))
        assert len(set(lists)) == 1
        assert first != lists[0]

    def test_each_has_its_own_arguments_when_it_is_run(self):
        network = two_of_a_kind()
        shown = engine.SpikeStimulus(trains=spikes(3))
        one, other = (run(network, shown, None, engine=e) for e in ("numpy", "cpp_standalone"))
        assert one.spikes == other.spikes
        assert len({*one.counts.sum(axis=0)}) > 1
