"""What a run records of every sample: spikes, state, memory and files; and what it does not."""

import os
import shutil
from dataclasses import replace

import brian2
import h5py
import numpy as np
import psutil
import pytest
from brian2 import ms, mV

from bioplastic import SpikeTrains, engine
from bioplastic.engine import chunks as chunking
from bioplastic.engine import compiled_program, every
from bioplastic.engine.record import Looked
from bioplastic.engine.states import StateRecorder
from bioplastic.errors import DataError, ParameterError, StorageError
from bioplastic.models import (
    Network,
    NeuronModel,
    Normal,
    Population,
    Projection,
    RandomWiring,
    Regularly,
    Schedule,
    SpikeInput,
    SynapseModel,
    TimeTable,
)
from bioplastic.networks import diehl_cook_network

#: Names that differ in nothing but upper and lower case, wherever a variable may stand.
CELL = NeuronModel(
    equations="dv/dt = -v/(5*ms) : 1\ndV/dt = -V/(9*ms) : 1",
    threshold="v > 1",
    reset="v = 0\nV += 1",
    at_slot_start="v = 0\nV = 0",
)
SYNAPSE = SynapseModel(
    equations="u : 1\nU : 1", on_pre="u += 1\nU += 0.5", at_slot_start="u = 0\nU = 0"
)
NETWORK = Network(
    populations=(
        Population(name="input", n=4, neuron=SpikeInput()),
        Population(name="cell", n=5, neuron=CELL),
    ),
    projections=(
        Projection(
            pre="input", post="cell", wiring=RandomWiring(p=0.7), on_pre="v_post += w*u",
            weight=Normal(mean=0.6, sd=0.1), delay=2 * ms, synapse=SYNAPSE,
        ),
    ),
    watch="cell",
    schedule=Schedule(presentation=None, rest=2 * ms, dt=1 * ms, min_spikes=0),
)  # fmt: skip
VARIABLES = ("cell.v", "cell.V", "input_to_cell.u", "input_to_cell.U")
ENGINES = ["numpy", "cpp_standalone"]
DURATIONS = np.array([12, 9, 0, 15, 10, 7]) * 1e-3


@pytest.fixture(scope="module")
def stimulus():
    rng = np.random.default_rng(0)
    n = [24, 9, 0, 30, 12, 8]
    times = np.concatenate(
        [np.sort(rng.uniform(0, d, k)) for d, k in zip(DURATIONS, n, strict=True)]
    )
    trains = SpikeTrains(
        times, rng.integers(0, 4, len(times)), np.cumsum([0, *n]), n_units=4, duration=DURATIONS
    )
    return engine.SpikeStimulus(trains=trains)


def run(stimulus, name, **options):
    return engine.run(NETWORK, stimulus, seed=0, engine=name, **options)


def present(stimulus, name, **options):
    return engine.present(NETWORK, stimulus, seed=0, engine=name, **options)


def values_of(result):
    return {name: [its.values for its in states] for name, states in result.states.items()}


@pytest.fixture(scope="module")
def every_step(stimulus):
    """All elements of all variables in every step."""
    return values_of(run(stimulus, "numpy", record=dict.fromkeys(VARIABLES, every(1))))


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for variable, samples in expected.items():
        assert len(found[variable]) == len(samples)
        for one, other in zip(found[variable], samples, strict=True):
            assert one.shape == other.shape
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14, err_msg=variable)


def test_there_is_something_to_compare(every_step):
    steps = [len(values) for values in every_step["cell.v"]]
    assert steps == [14, 11, 3, 17, 12, 9]
    assert all(np.abs(np.concatenate(every_step[name])).sum() > 1 for name in VARIABLES)


@pytest.mark.parametrize("name", ENGINES)
class TestChoice:
    def test_each_variable_at_times_of_its_own(self, stimulus, every_step, name):
        record = {
            "cell.v": [3, 0], "cell.V": every(3 * ms, range(1, 4)), "input_to_cell.u": "end",
            "input_to_cell.U": every(4), "input_to_cell.w": [],
        }  # fmt: skip
        result = run(stimulus, name, record=record, chunk_size=4)
        expected = {
            "cell.v": [v[:, [3, 0]] for v in every_step["cell.v"]],
            "cell.V": [v[2::3, 1:4] for v in every_step["cell.V"]],
            "input_to_cell.u": [v[-1:] for v in every_step["input_to_cell.u"]],
            "input_to_cell.U": [v[3::4] for v in every_step["input_to_cell.U"]],
            "input_to_cell.w": [v[:, :0] for v in every_step["cell.v"]],
        }
        assert_same(values_of(result), expected)
        states = result.states
        assert states["cell.V"].elements.tolist() == [1, 2, 3]
        for k, n in enumerate([14, 11, 3, 17, 12, 9]):
            np.testing.assert_allclose(states["cell.v"][k].times, np.arange(1, n + 1) * 1e-3)
            np.testing.assert_allclose(states["cell.V"][k].times, np.arange(3, n + 1, 3) * 1e-3)
            np.testing.assert_allclose(states["input_to_cell.u"][k].times, [n * 1e-3])
        assert_same({"v": states["input_to_cell.u"].values},
                    {"v": expected["input_to_cell.u"]})  # fmt: skip

    def test_names_that_differ_in_case_only(self, stimulus, every_step, name):
        result = run(stimulus, name, record=dict.fromkeys(VARIABLES, every(1)))
        assert_same(values_of(result), every_step)

    def test_little_room_for_a_chunk(self, stimulus, every_step, name, monkeypatch):
        monkeypatch.setattr(chunking, "MAX_NUMBERS", 1)
        chunks = []
        result = run(
            stimulus, name, record={"cell.v": range(5)}, on_chunk=lambda n, _: chunks.append(n)
        )
        assert chunks == [1, 2, 3, 4, 5, 6]
        assert_same(values_of(result), {"cell.v": every_step["cell.v"]})

    def test_a_sample_that_is_presented_again(self, stimulus, name):
        """Its last presentation counts, whoever shows it and whatever the chunk."""
        schedule = replace(NETWORK.schedule, min_spikes=6, max_repeats=2)
        network = replace(NETWORK, schedule=schedule)
        record = {"cell.v": range(5), "cell.V": "end", "spikes": ["input", "cell"]}
        whole, *others = (
            engine.run(network, stimulus, seed=0, engine=name, record=record, **options)
            for options in ({}, {"chunk_size": 1}, {"lanes": 2})
        )
        again = np.bincount(np.cumsum(whole.repeats == 0) - 1) - 1
        assert 0 < np.count_nonzero(again) < 6
        for other in others:
            assert_same(values_of(other), values_of(whole))
            assert other.spikes == whole.spikes
        for k, spikes in enumerate(whole.spikes["cell"]):
            last = spikes.times[spikes.units == 0][-1:]
            if len(last):  # set to 0 in the step of the spike
                assert whole.states["cell.v"][k].values[np.round(last * 1e3).astype(int), 0] == 0


@pytest.mark.parametrize("name", ENGINES)
class TestSpikes:
    def test_of_populations_by_name(self, stimulus, name):
        counted, whole = (run(stimulus, name, record=what) for what in ("counts", "spikes"))
        result = run(stimulus, name, record={"spikes": ["input", "cell"]}, chunk_size=4)
        assert list(result.spikes) == ["input", "cell"]
        assert result.spikes["cell"] == whole.spikes
        np.testing.assert_array_equal(result.counts, counted.counts)
        shown = stimulus.trains.counts()
        np.testing.assert_array_equal(result.spikes["input"].counts(), shown)
        inputs = run(stimulus, name, record={"spikes": ["input"]})
        assert inputs.spikes == {"input": result.spikes["input"]}
        np.testing.assert_array_equal(inputs.counts, counted.counts)
        assert not inputs.states

    def test_of_many_processors_and_lanes(self, stimulus, name):
        record = {"spikes": ["input", "cell"], "cell.v": [1]}
        one = run(stimulus, name, record=record)
        for options in ({"n_jobs": 2}, {"lanes": 2}, {"lanes": 2, "n_jobs": 2}):
            other = present(stimulus, name, record=record, **options)
            assert other.spikes == one.spikes
            np.testing.assert_array_equal(other.counts, one.counts)
            assert_same(values_of(other), values_of(one))

    def test_a_choice_needs_no_build(self, stimulus, name):
        run(stimulus, name)
        for record in ({"spikes": ["input"]}, {"spikes": ["cell"], "cell.v": [0]}, "nothing"):
            assert run(stimulus, name, record=record).timings["build"] == 0


SEEN = "\ntwice = 2*v + 0.5*V : 1\nhigh = v > 0.5 : boolean"
FLAG = replace(CELL, equations=CELL.equations + SEEN)
TRIPLE = replace(SYNAPSE, equations=SYNAPSE.equations + "\nthrice = 3*u + v_post : 1")
EXPRESSIONS = replace(
    NETWORK,
    populations=(NETWORK.populations[0], Population(name="cell", n=5, neuron=FLAG)),
    projections=(replace(NETWORK.projections[0], synapse=TRIPLE),),
)


class TestSubexpressions:
    @pytest.mark.parametrize("name", ENGINES)
    def test_values(self, stimulus, every_step, name):
        record = {"cell.twice": [4, 1], "cell.high": every(2), "cell.v": [0],
                  "input_to_cell.thrice": every(1)}  # fmt: skip
        result = engine.run(EXPRESSIONS, stimulus, seed=0, engine=name, record=record)
        j = result.state["input_to_cell.j"].astype(int)
        v, big = every_step["cell.v"], every_step["cell.V"]
        expected = {
            "cell.twice": [(2 * a + 0.5 * b)[:, [4, 1]] for a, b in zip(v, big, strict=True)],
            "cell.high": [(a[1::2] > 0.5).astype(float) for a in v],
            "cell.v": [a[:, :1] for a in v],
            "input_to_cell.thrice": [
                3 * u + a[:, j] for u, a in zip(every_step["input_to_cell.u"], v, strict=True)
            ],
        }
        assert_same(values_of(result), expected)
        plain = engine.run(EXPRESSIONS, stimulus, seed=0, engine=name)
        assert result.state.keys() == plain.state.keys()
        engine.run(EXPRESSIONS, stimulus, seed=0, engine=name, state=result.state, record=record)
        shown = engine.present(EXPRESSIONS, stimulus, seed=0, engine=name, record=record)
        assert_same(values_of(shown), expected)
        assert shown.state.keys() == plain.state.keys()

    @pytest.mark.parametrize("name", ENGINES)
    def test_times_are_those_of_the_values(self, name):
        """As Brian's StateMonitor says what a current is at the time that it notes."""
        cell = NeuronModel(
            equations="v : 1\nramp = t/ms + t_in_timesteps : 1\nline = 2*(current(t) + ramp) : 1\n"
            "held = current(t) : 1 (constant over dt)\nchance = rand() + 0*t/ms : 1 "
            "(constant over dt)\nseen : 1",
            regularly=(Regularly("seen = chance", when="end"),),
            namespace={"current": TimeTable([0, 3, 1, 4, 1, 5], dt=1 * ms)},
            threshold="v > 1",
        )
        network = Network(
            populations=(Population(name="cell", n=1, neuron=cell),), watch="cell",
            schedule=Schedule(presentation=5 * ms, rest=1 * ms, dt=0.5 * ms, min_spikes=0),
        )  # fmt: skip
        names = ("line", "held", "chance", "seen")
        states = engine.run(
            network, engine.SpontaneousActivity(n_samples=2), seed=0, engine=name,
            record={f"cell.{n}": [0] for n in names},
        ).states  # fmt: skip
        line, held, chance, seen = (states[f"cell.{n}"].values[..., 0] for n in names)
        steps = np.arange(1, 13)
        table = np.array([0, 3, 1, 4, 1, 5])[np.minimum(steps // 2, 5)]
        np.testing.assert_allclose(held, [table, table])
        np.testing.assert_allclose(line, 2 * np.array([table + 1.5 * steps] * 2))
        np.testing.assert_array_equal(chance, seen)
        assert np.unique(chance).size == chance.size

    def test_a_program_that_is_open_has_none(self, stimulus):
        program = engine.open_program(EXPRESSIONS, engine="numpy")
        with pytest.raises(ParameterError, match="record: cell.twice is no variable but a subexp"):
            engine.run(EXPRESSIONS, stimulus, seed=0, engine="numpy", program=program,
                       record={"cell.twice": [0]})  # fmt: skip


@pytest.mark.parametrize("name", ["numpy", "cpp_standalone"])
def test_brians_monitor_labels_times_alike(name):
    """As StateMonitor sees it, which records at the start of a step."""
    tau = 5 * ms
    cell = NeuronModel(equations="dv/dt = (1.0 - v)/(5*ms) : 1", at_slot_start="v = 0")
    network = Network(
        populations=(Population(name="input", n=1, neuron=SpikeInput()),
                     Population(name="cell", n=1, neuron=cell)),
        watch="input", schedule=Schedule(presentation=None, rest=0 * ms, dt=0.5 * ms, min_spikes=0),
    )  # fmt: skip
    silence = SpikeTrains([], [], [0, 0], n_units=1, duration=0.01)
    result = engine.run(network, engine.SpikeStimulus(trains=silence), seed=0, engine=name,
                        record={"cell.v": every(1 * ms)})  # fmt: skip
    group = brian2.NeuronGroup(1, "dv/dt = (1.0 - v)/tau : 1", method="exact", dt=0.5 * ms,
                               namespace={"tau": tau})  # fmt: skip
    monitor = brian2.StateMonitor(group, "v", record=True, dt=1 * ms)
    brian2.Network(group, monitor).run(10.5 * ms)
    seen = result.states["cell.v"]
    np.testing.assert_allclose(seen.times, np.asarray(monitor.t)[1:], atol=1e-12)
    np.testing.assert_allclose(seen.values[0, :, 0], monitor.v[0][1:], rtol=1e-9)


class TestUnits:
    def test_are_those_of_the_equations(self):
        network = diehl_cook_network(n_features=2, n_neurons=3, rule=None, norm=1.0)
        record = {"excitatory.v": [0], "excitatory.theta": "end", "input_to_excitatory.w": "end"}
        shown = engine.RateStimulus(values=np.ones((1, 2)))
        states = engine.run(network, shown, seed=0, engine="numpy", record=record).states
        assert [str(its.unit) for its in states.values()] == ["V", "V", "1"]


class TestStates:
    def test_samples_of_different_lengths_have_no_times_in_common(self, stimulus):
        states = run(stimulus, "numpy", record={"cell.v": [0]}).states["cell.v"]
        assert len(states) == 6
        assert [len(its.times) for its in states[1:3]] == [11, 3]
        for what in ("times", "values"):
            with pytest.raises(DataError, match=r"take states\[k\].times and states\[k\].values"):
                getattr(states, what)

    def test_equal_lengths_are_stacked(self, stimulus):
        network = replace(NETWORK, schedule=replace(NETWORK.schedule, presentation=8 * ms))
        states = engine.run(network, stimulus, seed=0, engine="numpy",
                            record={"cell.v": every(2, [4, 1])}).states["cell.v"]  # fmt: skip
        assert states.values.shape == (6, 5, 2)
        np.testing.assert_allclose(states.times, [0.002, 0.004, 0.006, 0.008, 0.01])
        np.testing.assert_array_equal(states.values[3], states[3].values)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("spike", "record: must be 'counts', 'spikes', 'nothing' or a mapping"),
        ({"spikes": "cell"}, r"record\['spikes'\]: must be a sequence of populations"),
        ({"spikes": True}, r"record\['spikes'\]: must be a sequence of populations .*got True"),
        ({"v": [0]}, "record: the network has no variable 'v'; did you mean 'cell.v'"),
        ({"spikes": ["cel"]}, r"record\['spikes'\]: must name populations that spike, cell, input"),
        ({"spikes": True}, r"record\['spikes'\]: must be a sequence of populations"),
        ({3: [0]}, "record: names must be strings such as 'spikes' and 'exc.v', got 3"),
        ({"cell.v": [True, False]}, r"record\['cell.v'\]: must be a sequence of elements"),
        ({"cell.v": "steps"}, r"record\['cell.v'\]: must be a sequence of elements .*got 'steps'"),
        ({"cell.v": None}, r"record\['cell.v'\]: must be a sequence of elements .*got None"),
        ({"cell.v": [5]}, r"record\['cell.v'\]: elements must be in 0..4, got \[5\]"),
        ({"cell.v": [-1]}, r"record\['cell.v'\]: elements must be in 0..4"),
        ({"cell.v": 3}, r"record\['cell.v'\]: must be a sequence of elements"),
        ({"cell.v": [0.5]}, r"record\['cell.v'\]: must be a sequence of elements"),
        ({"cell.v": every(1.5 * ms)}, r"record\['cell.v'\]: every.* whole multiple of dt"),
        ({"cell.u": [0]}, "record: the network has no variable 'cell.u'; did you mean"),
        ({"input_to_cell.delay": [0]}, "record: input_to_cell.delay says which synapses there are"),
        ({"elsewhere": [0]}, "record: the network has no variable 'elsewhere'; it has"),
    ],
)
def test_what_cannot_be_recorded(stimulus, record, said):
    for shown in (run, present):
        with pytest.raises(ParameterError, match=said):
            shown(stimulus, "numpy", record=record)


@pytest.mark.parametrize("interval", [0, -1, 1.5, True, "1 ms", 0 * ms, 1 * mV, [1, 2] * ms, None])
def test_intervals_that_are_none(interval):
    with pytest.raises(ParameterError, match="every.interval: must be a time > 0 ms or a whole"):
        every(interval)


def test_every_prints_so_that_eval_reads_it():
    from brian2 import msecond

    for its in (every(10 * ms, [0, 5]), every(3)):
        assert eval(repr(its), {"every": every, "msecond": msecond}) == its
    with pytest.raises(ParameterError, match="every.elements: must be a sequence of whole numbers"):
        every(1, "end")


class TestMemory:
    def test_more_than_there_is_is_refused_before_the_run(self, stimulus, monkeypatch):
        memory = psutil.virtual_memory()._replace(total=8 * 5 * 65 - 1)
        record = {"cell.v": range(5)}
        monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)

        def on_chunk(*_):
            raise AssertionError("it has begun")

        for shown in (run, present):  # 66 steps of 5 neurons
            with pytest.raises(ParameterError, match="330 numbers of cell.v would take 0.0 GB of"):
                shown(stimulus, "numpy", record=record)
        with pytest.raises(ParameterError, match=r"every\(10\*ms\), or write them to a file"):
            run(stimulus, "numpy", record=record, on_chunk=on_chunk)
        run(stimulus, "numpy", record={"cell.v": [0, 1, 2, 3]})

    def test_what_it_would_take_is_told(self, monkeypatch):
        memory = psutil.virtual_memory()._replace(total=16 * 10**9)
        monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
        looked = {"v": Looked(variable="v", every=1, elements=None, unit=1)}
        recorder = StateRecorder(looked, np.full(60_000, 1000), dt=0.001)
        with pytest.raises(ParameterError, match="24,000,000,000 numbers .* 192.0 GB .* 16.0 GB;"):
            recorder.begin(None, {"v": 400}, {}, start=0, stop=60_000)


class TestFile:
    @pytest.fixture
    def path(self, tmp_path):
        return tmp_path / "deep" / "states.h5"

    @pytest.mark.parametrize("name", ENGINES)
    def test_as_in_memory(self, stimulus, name, path):
        record = dict(zip(VARIABLES, ([], [0, 1], "end", every(4)), strict=True))
        options = {"record": record, "chunk_size": 4}
        result = run(stimulus, name, record_path=path, **options)
        expected = run(stimulus, name, **options)
        assert_same(values_of(result), values_of(expected))
        for key, states in expected.states.items():
            found = result.states[key]
            for one, other in zip(found[1:3], states[1:3], strict=True):
                np.testing.assert_array_equal(one.values, other.values)
                np.testing.assert_array_equal(one.times, other.times)
            np.testing.assert_array_equal(found[-1].values, states[-1].values)

    @pytest.mark.parametrize(("name", "lanes"), [("numpy", 1), ("cpp_standalone", 1), ("numpy", 2)])
    def test_presented_by_several(self, stimulus, every_step, name, lanes, path):
        result = present(
            stimulus, name, n_jobs=2, lanes=lanes, record=dict.fromkeys(VARIABLES, every(1)),
            record_path=path,
        )  # fmt: skip
        assert_same(values_of(result), every_step)
        assert [len(its.times) for its in result.states["cell.v"]] == [14, 11, 3, 17, 12, 9]

    def test_a_part_of_the_presentations(self, stimulus, every_step, path):
        for where in (None, path):
            result = run(
                stimulus, "numpy", start=1, stop=5, record={"cell.V": every(1)}, record_path=where
            )
            assert_same(values_of(result), {"cell.V": every_step["cell.V"][1:5]})
            assert [len(its.times) for its in result.states["cell.V"]] == [11, 3, 17, 12]

    def test_what_lies_in_it_after_an_interruption(self, stimulus, every_step, path):
        done = []
        result = run(
            stimulus, "numpy", chunk_size=2, record={"cell.v": [1, 4]}, record_path=path,
            on_chunk=lambda n, _: done.append(n), interrupted=lambda: bool(done),
        )  # fmt: skip
        expected = [values[:, [1, 4]] for values in every_step["cell.v"][:2]]
        assert_same(values_of(result), {"cell.v": expected})
        with h5py.File(path) as file:
            assert file["done"][:].tolist() == [1, 1, 0, 0, 0, 0]
            assert file["offsets/cell.v"][:].tolist() == [0, 14, 25, 28, 45, 57, 66]
            assert file["cell.v"].attrs["every"] == 1
            assert file["elements/cell.v"][:].tolist() == [1, 4]
            np.testing.assert_array_equal(file["cell.v"][:25], np.concatenate(expected))
        assert path.stat().st_blocks * 512 >= 66 * 2 * 8, "no room was taken for the rest"

    def test_it_is_not_replaced(self, stimulus, path):
        path.parent.mkdir()
        path.write_text("somebody's")
        with pytest.raises(ParameterError, match="record_path: must not exist, got"):
            run(stimulus, "numpy", record={"cell.v": "end"}, record_path=path)
        assert path.read_text() == "somebody's"

    def test_a_file_for_nothing(self, stimulus, path):
        with pytest.raises(ParameterError, match="record: must name variables for record_path"):
            present(stimulus, "numpy", record_path=path)

    @pytest.mark.parametrize("full", ["disk_usage", "posix_fallocate"])
    def test_a_full_disk(self, stimulus, path, full, monkeypatch):
        def nothing_free(*_):
            raise OSError("No space left on device")

        monkeypatch.setattr(shutil if full == "disk_usage" else os, full, nothing_free)
        with pytest.raises(StorageError, match="record_path: cannot write .*No space left"):
            run(stimulus, "numpy", record={"cell.v": [0]}, record_path=path)
        assert list(path.parent.iterdir()) == []


class TestFilesOfTheProgram:
    """What a compiled program reads and writes."""

    @pytest.fixture
    def written(self, monkeypatch):
        """Paths and arrays of the files that were written for the program, in their order."""
        files, write = [], compiled_program.write_arrays

        def note(path, arrays):
            files.append((path, arrays))
            write(path, arrays)

        monkeypatch.setattr(compiled_program, "write_arrays", note)
        return files

    @pytest.fixture
    def left(self, monkeypatch):
        """Arrays that each chunk leaves, and their sizes in bytes."""
        found, read = [], compiled_program.read_arrays

        def note(path):
            arrays = read(path)
            found.append({name: len(array) for name, array in arrays.items()})
            return arrays

        monkeypatch.setattr(compiled_program, "read_arrays", note)
        return found

    def test_names_are_short_whatever_those_of_variables_are(self, stimulus, written, left):
        run(stimulus, "cpp_standalone", record=dict.fromkeys(VARIABLES, "end"))
        names = [*left[0], *(name for _, arrays in written for name in arrays)]
        assert len(names) > 30
        assert max(map(len, names)) < 24

    def test_wiring_and_constants_of_a_list_are_written_once(self, stimulus, written):
        whole = run(stimulus, "cpp_standalone")
        del written[:]
        cut = run(stimulus, "cpp_standalone", chunk_size=1)
        (shared, once), *chunks = written
        assert len(once) == 4  # i, j, delay, w
        assert len(chunks) == len({path for path, _ in chunks}) == len(DURATIONS)
        assert all(path.parent.parent == shared.parent for path, _ in chunks)
        assert not any(once.keys() & arrays.keys() for _, arrays in chunks)
        np.testing.assert_array_equal(cut.counts, whole.counts)
        assert not any(path.exists() for path, _ in written)

    def test_spikes_that_nobody_wants(self, stimulus, left):
        counted = run(stimulus, "cpp_standalone")
        assert left[-1]["0.spikes.i"] == 4 * counted.counts.sum() > 0
        for name in ENGINES:
            seen = []
            result = run(
                stimulus, name, record="nothing", chunk_size=4,
                on_chunk=lambda _, chunk, seen=seen: seen.append(len(chunk.units)),
            )  # fmt: skip
            assert seen == [0, 0]
            np.testing.assert_array_equal(result.spikes_per_slot, counted.spikes_per_slot)
            for variable, values in counted.state.items():
                np.testing.assert_allclose(result.state[variable], values, rtol=1e-12)
        assert left[-1]["0.spikes.i"] == left[-1]["0.spikes.t"] == 0
        assert left[-1]["0.log"] > 0

    def test_a_recorder_gets_them(self, stimulus):
        class Watcher:
            n = 0

            def begin(self, *_, **__): ...

            def plan(self, *_): ...

            def record(self, start, result):
                self.n += len(result.units)

        watcher = Watcher()
        result = run(stimulus, "cpp_standalone", record="nothing", recorder=watcher)
        assert watcher.n == result.spikes_per_slot.sum() > 0
