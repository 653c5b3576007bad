"""The CUDA engine computes what the others compute.

Its programs are tested in three places: compiled by nvcc and not run, which needs no GPU; compiled
for the CPU, where `launch.cuh` of this folder lets threads take turns; and on a GPU.
"""

import dataclasses
import importlib
import importlib.util
import itertools
import shutil
import subprocess
from pathlib import Path
from typing import Any

import brian2
import numpy as np
import pytest
from brian2 import ms, second

from bioplastic import SpikeTrains, engine
from bioplastic.engine import cuda_program, engines
from bioplastic.engine.compiled_program import CompiledProgram
from bioplastic.engine.program import ProbePlan
from bioplastic.engine.standalone_program import compile_unit, generate
from bioplastic.engine.traces import with_names_of_their_own
from bioplastic.errors import SimulationError
from bioplastic.models import (
    LIF,
    Adam,
    Event,
    Network,
    NeuronModel,
    Pathway,
    PlasticityRule,
    Population,
    Projection,
    RandomWiring,
    Regularly,
    Schedule,
    SpikeInput,
    SynapseModel,
    TimeTable,
    TripletSTDP,
    Uniform,
)
from bioplastic.networks import (
    EPropClassifier,
    MaassColumn,
    RandomLiquid,
    diehl_cook_network,
    eprop_network,
)
from bioplastic.networks.eprop_network import initial_weights

HAS_BRIAN2CUDA = importlib.util.find_spec("brian2cuda") is not None
needs_brian2cuda = pytest.mark.skipif(
    not HAS_BRIAN2CUDA, reason=f"brian2cuda is not installed: {cuda_program.INSTALL_BRIAN2CUDA}"
)
needs_nvcc = pytest.mark.skipif(
    cuda_program.find_nvcc() is None, reason=f"no nvcc: {cuda_program.INSTALL_CUDA}"
)
needs_gpu = pytest.mark.skipif(
    not cuda_program.gpu_capabilities(), reason=f"no GPU: {cuda_program.INSTALL_DRIVER}"
)
ON_HOST = Path(__file__).with_name("launch.cuh")
FREE = Schedule(presentation=None, rest=10 * ms, dt=1 * ms, min_spikes=0)


class ProgramOnHost(CompiledProgram):
    """A CUDA program whose threads take turns on the CPU; wrong addresses end it."""

    def __init__(self, network, *, lanes=1):
        flags = ["-std=c++17", "-O1", "-w", "-fsanitize=undefined", "-fno-sanitize-recover"]
        command = ["g++", *flags, "-x", "c++", "-I.", "unit.cu", "-o", "main"]

        def build(folder):
            from bioplastic.engine.cuda import cuda_device

            generate(network, folder, cuda_device, lanes=lanes)
            shutil.copy(ON_HOST, folder)
            compile_unit(folder, [command])

        super().__init__(network, lanes, (*command, ON_HOST.read_text()), build)


@dataclasses.dataclass
class Case:
    network: Any
    stimulus: Any
    state: dict[str, Any]

    def run(self, *, on="cpp_standalone", seed=5, **options):
        network, lanes = with_names_of_their_own(self.network), options.get("lanes", 1)
        program = ProgramOnHost(network, lanes=lanes) if on == "host" else None
        name = {"host": "cpp_standalone", "gpu": "cuda_standalone"}.get(on, on)
        return engine.run(
            self.network,
            self.stimulus,
            seed=seed,
            state=self.state,
            engine=name,
            program=program,
            **{"record": "spikes"} | options,
        )


def trains(n_units, *, rate, n_samples=4, duration=0.15, seed=0):
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(n_samples):
        n = rng.poisson(rate * n_units * duration)
        times = np.sort(rng.uniform(0, duration, n))
        parts.append(
            SpikeTrains(times, rng.integers(0, n_units, n), [0, n], n_units=n_units,
                        duration=duration)
        )  # fmt: skip
    return SpikeTrains.concatenate(parts)


def liquid(kind):
    rng = np.random.default_rng(1)
    network = kind.network(n_channels=12, n_neurons=63, schedule=FREE, rng=rng)
    stimulus = engine.SpikeStimulus(trains=trains(12, rate=60.0))
    return Case(network, stimulus, network.sample(2))


def eprop(**changes):
    schedule = Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0, batch_size=3)
    network = eprop_network(
        **{"n_inputs": 8, "n_lif": 70, "n_alif": 9, "n_outputs": 3, "schedule": schedule,
           "optimizer": Adam(learning_rate=0.01)} | changes
    )  # fmt: skip
    shown = trains(8, rate=60.0, n_samples=7)
    stimulus = engine.SpikeStimulus(trains=shown, targets=np.arange(7) % 3)
    return Case(network, stimulus, initial_weights(network, 3, gains=(6.0, 1.0, 1.0, 1.0)))


def from_brian():
    """What declarations have from Brian: pathways, events, tables over time, regular statements."""
    late = Uniform(0 * ms, high=8 * ms)
    neuron = NeuronModel(
        equations="dv/dt = (drive(t) + each(t, i) - v)/(10*ms) : 1\nn : 1",
        threshold="v > 1", reset="v = 0", method="euler", at_slot_start="v = 0; n = 0",
        namespace={
            "drive": TimeTable([0.2, 0.9, 0.4], dt=37 * ms),
            "each": TimeTable(np.linspace(0, 0.4, 18).reshape(2, 9), dt=60 * ms),
        },
        events=(Event("crossing", condition="v > 0.6 and v < 1", code="n += 1; v += 0.05"),),
        regularly=(Regularly("v += 0.02", every=5 * ms, when="after_resets"),),
    )  # fmt: skip
    synapse = SynapseModel(
        equations="w : 1\nn_late : 1",
        on_pre="v_post += w",
        pathways=(
            Pathway("late", code="v_post += 0.5*w; n_late += 1", delay=late),
            Pathway("post", code="w += 0.001*n_late", spike="post", delay=late),
            Pathway("seen", code="w *= 0.999", spike="post", event="crossing"),
        ),
        at_slot_start="n_late = 0",
    )
    network = Network(
        populations=(
            Population(name="input", n=12, neuron=SpikeInput()),
            Population(name="out", n=9, neuron=neuron),
        ),
        projections=(
            Projection(
                pre="input", post="out", wiring=RandomWiring(0.5), on_pre="", synapse=synapse,
                delay=late,
            ),
        ),
        watch="out",
        schedule=FREE,
    )  # fmt: skip
    state = network.sample(3)
    state["input_to_out.w"] = np.full(len(state["input_to_out.i"]), 0.1)
    return Case(network, engine.SpikeStimulus(trains=trains(12, rate=40.0)), state)


def late():
    """Late spikes that are learned from: traces that wait, and one that is read between spikes."""
    drift = PlasticityRule(
        pre_traces="dr1/dt = -r1/tau : 1", on_pre_trace="r1 += 1",
        every_step="w = clip(w + 0.01*r1_pre, 0, 60)", constants={"tau": 10 * ms},
    )  # fmt: skip
    triplet = TripletSTDP(w_max=60.0, a2_plus=0.2, a2_minus=0.3, a3_plus=0.1, a3_minus=0.1)
    network = Network(
        populations=(
            Population(name="input", n=12, neuron=SpikeInput()),
            Population(name="out", n=9, neuron=LIF()),
        ),
        projections=tuple(
            Projection(
                pre="input", post="out", on_pre="i_syn_post += w*mV", label=label, rule=rule,
                norm=200.0, weight=Uniform(10.0, high=30.0), delay=Uniform(0 * ms, high=8 * ms),
            )
            for label, rule in (("triplet", triplet), ("drift", drift))
        ),
        watch="out",
        schedule=FREE,
    )  # fmt: skip
    return Case(network, engine.SpikeStimulus(trains=trains(12, rate=40.0)), network.sample(3))


@pytest.fixture(scope="module")
def cases(network, unpooled_network, stimulus, weights, all_inputs, without_input):
    return {
        "diehl_cook": lambda: Case(network, stimulus, weights),
        "without_pool": lambda: Case(unpooled_network, stimulus, weights),
        "liquid": lambda: liquid(RandomLiquid(p=0.3, p_input=0.3, w_input=25.0)),
        "column": lambda: liquid(MaassColumn()),
        "eprop": eprop,
        "inputs": lambda: Case(*all_inputs, {}),
        "no_input": lambda: Case(*without_input, {}),
        "from_brian": from_brian,
        "late": late,
    }


PLACES = [
    pytest.param("host", marks=[pytest.mark.slow, needs_brian2cuda]),
    pytest.param("gpu", marks=[pytest.mark.cuda, needs_brian2cuda, needs_nvcc, needs_gpu]),
]


@pytest.fixture(params=PLACES)
def place(request):
    return request.param


def assert_same_spikes(one, other):
    np.testing.assert_array_equal(one.spikes.offsets, other.spikes.offsets)
    np.testing.assert_array_equal(one.spikes.units, other.spikes.units)
    np.testing.assert_allclose(one.spikes.times, other.spikes.times, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(one.repeats, other.repeats)
    np.testing.assert_array_equal(one.spikes_per_slot, other.spikes_per_slot)


def assert_agree(expected, found):
    assert_same_spikes(expected, found)
    for key, value in expected.state.items():
        scale = max(float(np.abs(value).max(initial=0.0)), 1e-6)
        np.testing.assert_allclose(
            found.state[key], value, rtol=1e-8, atol=1e-9 * scale, err_msg=key
        )


def assert_same_bits(one, other):
    assert one.state.keys() == other.state.keys()
    for key, value in one.state.items():
        np.testing.assert_array_equal(other.state[key], value, err_msg=key)
    assert one.spikes == other.spikes


@pytest.mark.parametrize(
    "name",
    [
        "diehl_cook",
        "without_pool",
        "liquid",
        "column",
        "eprop",
        "inputs",
        "no_input",
        "from_brian",
        "late",
    ],
)
class TestEngines:
    def test_agree_spike_by_spike(self, cases, name, place):
        case = cases[name]()
        expected, found = case.run(), case.run(on=place)
        assert expected.counts.sum() > 50
        assert_agree(expected, found)

    def test_chunks_do_not_matter_to_the_last_bit(self, cases, name, place):
        case = cases[name]()
        assert_same_bits(case.run(on=place), case.run(on=place, chunk_size=2))

    def test_a_run_repeats_itself_to_the_last_bit(self, cases, name, place, monkeypatch):
        case = cases[name]()
        first = case.run(on=place)
        monkeypatch.setenv("CUDA_ON_HOST", "backwards")  # the order in which threads come
        assert_same_bits(first, case.run(on=place))


class TestLanes:
    @pytest.mark.parametrize("name", ["liquid", "column"])
    def test_what_learns_nothing_gives_the_same_bits(self, cases, name, place):
        case = cases[name]()
        case.stimulus = engine.SpikeStimulus(trains=uneven(12))
        one, three = (case.run(on=place, lanes=lanes) for lanes in (1, 3))
        assert one.counts.sum() > 50
        assert one.spikes == three.spikes
        assert_same_spikes(one, case.run())

    @pytest.mark.parametrize("name", ["inputs", "no_input"])
    def test_whatever_the_inputs(self, cases, name, place):
        case = cases[name]()
        assert case.run(on=place, lanes=3).spikes == case.run(on=place).spikes

    def test_learning_together(self, cases, place):
        case = cases["diehl_cook"]()
        schedule = dataclasses.replace(case.network.schedule, min_spikes=0)
        case.network = dataclasses.replace(case.network, schedule=schedule)
        together = {"lanes": 5, "combine": "mean"}
        assert_agree(case.run(**together), case.run(on=place, **together))

    def test_batches(self, place):
        case = eprop()
        together = {"lanes": 3, "combine": "sum"}
        assert_agree(case.run(**together), case.run(on=place, **together))

    def test_estimators_use_them(self, place, monkeypatch):
        """E-prop's batches, and whatever predicts, side by side."""
        built = []

        class Program(ProgramOnHost if place == "host" else cuda_program.CudaProgram):
            def __init__(self, network, *, lanes=1):
                built.append(lanes)
                super().__init__(network, lanes=lanes)

        monkeypatch.setattr(cuda_program, "CudaProgram", Program)
        small = dataclasses.replace(cuda_program.CUDA, n_busy=100)
        monkeypatch.setitem(engines._engines, "cuda_standalone", small)
        X, y = trains(8, rate=60.0, n_samples=7), np.arange(7) % 3
        options = {"n_lif": 12, "n_alif": 8, "n_epochs": 2, "batch_size": 3, "random_state": 0}
        expected, found = (
            EPropClassifier(engine=name, **options).fit(X, y)
            for name in ("cpp_standalone", "cuda_standalone")
        )
        answers = found.predict_proba(X)
        np.testing.assert_allclose(answers, expected.predict_proba(X), atol=1e-9)
        assert np.ptp(answers, axis=0).min() > 1e-3
        n_neurons = sum(p.n for p in found.presentation_of(X).network.populations)
        assert built == [3, 100 // n_neurons]
        assert built[1] > 1


def uneven(n_units):
    lengths = (0.15, 0.04, 0.11, 0.02, 0.15)
    return SpikeTrains.concatenate(
        [trains(n_units, rate=60.0, n_samples=1, duration=length, seed=k)
         for k, length in enumerate(lengths)]
    )  # fmt: skip


def test_a_recorder_sees_the_same(cases, place):
    case, seen = cases["diehl_cook"](), {}

    class Recorder:
        def begin(self, network, sizes, state, *, start, stop):
            pass

        def plan(self, start, n_steps):
            points = np.array([[0, 3], [0, 59], [3, 7], [11, 0]])
            chosen = np.array([0, 5], dtype=np.int32)
            return ProbePlan(
                rows=points[:, 0],
                steps=points[:, 1],
                variables={"excitatory.v": chosen, "input_to_excitatory.w": chosen},
            )

        def record(self, start, result):
            seen[on] = result.probed

    plain = case.run(on=place)
    for on in ("cpp_standalone", place):
        watched = case.run(on=on, recorder=Recorder())
    assert_same_bits(plain, watched)
    expected, found = seen["cpp_standalone"], seen[place]
    for what in ("rows", "steps", "repeats"):
        np.testing.assert_array_equal(getattr(found, what), getattr(expected, what))
    for name, values in expected.values.items():
        np.testing.assert_allclose(found.values[name], values, rtol=1e-9, atol=1e-12)


def test_spikes_that_nobody_wants_stay_there(cases, place):
    case, seen = cases["liquid"](), []
    counted = case.run(on=place)
    found = case.run(on=place, record="nothing", on_chunk=lambda _, c: seen.append(len(c.units)))
    assert seen == [0]
    assert found.spikes_per_slot.tolist() == counted.spikes_per_slot.tolist()
    assert counted.counts.sum() > 0
    for key, value in counted.state.items():
        np.testing.assert_array_equal(found.state[key], value, err_msg=key)


def test_it_reports_and_stops_at_a_slots_edge(cases, place):
    case, calls = cases["diehl_cook"](), itertools.count()
    many = np.zeros(200_000, dtype=np.int64)
    case.stimulus = dataclasses.replace(case.stimulus, order=many, keys=many.astype(float))
    found = case.run(
        on=place, chunk_size=len(many), interrupted=lambda: next(calls) > 3, record="counts"
    )
    assert found.interrupted
    assert 0 < found.n_done < len(many)
    assert len(found.counts) == found.n_done
    assert found.counts.sum() > 0


def test_what_synapses_compute_is_summed(place):
    neuron = NeuronModel(
        equations="dv/dt = (I - v)/(5*ms) : 1\nI : 1", threshold="v > 1", reset="v = 0",
        at_slot_start="v = 0",
    )  # fmt: skip
    summed = [
        {"on_pre": "f += w", "weight": 4.0, "synapse": SynapseModel(
            equations=f"df/dt = -f/(5*ms) : 1\nI_post = {current} : 1 (summed)",
            at_slot_start="f = 0",
        )}
        for current in ("f", "f*(1 + v_post)")
    ]  # fmt: skip
    network = Network(
        populations=(
            Population(name="input", n=12, neuron=SpikeInput()),
            Population(name="all", n=5, neuron=neuron),
            Population(name="some", n=5, neuron=neuron),
        ),
        projections=(
            Projection(pre="input", post="all", **summed[0]),
            Projection(pre="input", post="some", wiring=RandomWiring(p=0.4), **summed[1]),
        ),
        watch=("all", "some"),
        schedule=FREE,
    )
    case = Case(network, engine.SpikeStimulus(trains=uneven(12)), network.sample(2))
    found = case.run(on=place)
    assert found.counts.sum(axis=0).min() > 0
    assert_agree(case.run(), found)
    assert case.run(on=place, lanes=3).spikes == found.spikes


def noisy(n=40):
    """Neurons that add up random numbers."""
    neuron = NeuronModel(
        equations="u : 1\nz : 1\nk : 1\nn : 1",
        before_spikes="u += rand() + rand(); z += randn(); k += poisson(20.5); n += 1",
        at_slot_start="u = 0; z = 0; k = 0; n = 0",
    )
    network = diehl_cook_network(
        n_features=2, n_neurons=2, rule=None, norm=1.0,
        schedule=Schedule(presentation=0.4 * second, rest=0 * ms, dt=1 * ms, min_spikes=0),
    )  # fmt: skip
    populations = (*network.populations, Population(name="noise", n=n, neuron=neuron))
    network = dataclasses.replace(network, populations=populations)
    return Case(network, engine.RateStimulus(values=np.ones((3, 2))), {})


def test_random_numbers_have_their_means_and_do_not_repeat(place):
    case = noisy()
    found = case.run(on=place, record=dict.fromkeys(("noise.u", "noise.z", "noise.k"), "end"))
    n = 400 * 40
    for variable, mean, sd in (("u", 1.0, 6**-0.5), ("z", 0.0, 1.0), ("k", 20.5, 20.5**0.5)):
        values = found.states[f"noise.{variable}"].values.reshape(3, 40)
        assert len(np.unique(values[:, :5])) > 10
        for sample in values:  # six standard errors
            assert abs(sample.sum() / n - mean) < 6 * sd / n**0.5
        assert np.std(values / 400**0.5) == pytest.approx(sd, rel=0.3)
    record, u = {"noise.u": "end"}, found.states["noise.u"].values
    other = case.run(on=place, record=record, seed=6)
    assert not np.array_equal(other.states["noise.u"].values, u)
    parts = case.run(on=place, record=record, chunk_size=1)
    np.testing.assert_array_equal(parts.states["noise.u"].values, u)


@pytest.mark.slow
@needs_brian2cuda
@needs_nvcc
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ["diehl_cook", "column", "eprop", "inputs", "no_input"])
def test_projects_are_generated_and_compiled(cases, name, tmp_cache, monkeypatch):
    monkeypatch.setattr(cuda_program, "gpu_capabilities", lambda: ["9.0"])
    network = cases[name]().network
    program = engine.open_program(network, engine="cuda_standalone")
    assert program.build_seconds > 0
    assert program.sizes == engine.open_program(network, engine="cpp_standalone").sizes
    assert engine.open_program(network, engine="cuda_standalone").build_seconds == 0.0
    code = subprocess.run(
        [shutil.which("cuobjdump") or "true", "--list-elf", program.folder / "main"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shutil.which("cuobjdump") is None or "sm_90" in code.stdout


@needs_brian2cuda
@pytest.mark.parametrize(
    ("name", "lanes"),
    [("diehl_cook", (1, 1)), ("without_pool", (3, 5)), ("liquid", (3, 5)), ("eprop", (3, 5)),
     *(pytest.param(*slow, marks=pytest.mark.slow)
       for slow in (("eprop", (1, 1)), ("inputs", (3, 5)), ("no_input", (1, 1))))],
)  # fmt: skip
def test_sizes_are_no_part_of_the_text(cases, name, lanes, tmp_path):
    from bioplastic.engine.cuda import cuda_device

    network, texts = with_names_of_their_own(cases[name]().network), []
    for times, n_lanes in zip((1, 2), lanes, strict=True):
        larger = [dataclasses.replace(p, n=times * p.n) for p in network.populations]
        sized = dataclasses.replace(network, populations=tuple(larger))
        generate(sized, tmp_path, cuda_device, lanes=n_lanes)
        texts.append((tmp_path / "unit.cu").read_text())
    assert texts[0] == texts[1]


@needs_brian2cuda
def test_generating_leaves_brian_as_it_was(network, tmp_path):
    from bioplastic.engine.cuda import cuda_device

    def snapshot():
        known = {name: brian2.prefs[name] for name in brian2.prefs}
        universal = CUDACodeGenerator.universal_support_code
        return known, universal, brian2.get_device(), list(tmp_path.iterdir())

    CUDACodeGenerator = importlib.import_module("brian2cuda.cuda_generator").CUDACodeGenerator
    before = snapshot()
    folder = tmp_path.parent / "project"
    folder.mkdir()
    generate(with_names_of_their_own(network), folder, cuda_device)
    assert snapshot() == before
    assert (folder / "unit.cu").is_file()


@pytest.mark.slow
@needs_brian2cuda
@needs_nvcc
@pytest.mark.skipif(
    bool(cuda_program.gpu_capabilities()), reason="the error is that of a machine without a GPU"
)
def test_without_a_gpu_a_run_says_what_to_do(cases):
    with pytest.raises(SimulationError, match=r"CUDA: .*install NVIDIA's driver.*cpp_standalone"):
        cases["diehl_cook"]().run(on="gpu")
