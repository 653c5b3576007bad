"""What a run keeps of every sample: elements, strides, memory and files; and what it does not."""

import os
import shutil

import h5py
import numpy as np
import psutil
import pytest
from brian2 import ms

from bioplastic import SpikeTrains, engine
from bioplastic.engine import chunks as chunking
from bioplastic.engine import standalone_program
from bioplastic.errors import ParameterError, StorageError
from bioplastic.models import (
    Network,
    NeuronModel,
    Normal,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    SpikeInput,
    SynapseModel,
)

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


@pytest.fixture(scope="module")
def every_step(stimulus):
    """All elements of all variables in every step."""
    return run(stimulus, "numpy", outputs=VARIABLES, outputs_at="steps").outputs


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
    def test_elements_of_every_third_step(self, stimulus, every_step, name):
        chosen = {"cell.v": [3, 0], "input_to_cell.U": range(1, 4), "cell.V": []}
        result = run(stimulus, name, outputs=chosen, outputs_at=3, chunk_size=4)
        expected = {
            variable: [values[2::3][:, list(elements)] for values in every_step[variable]]
            for variable, elements in chosen.items()
        }
        assert_same(result.outputs, expected)

    def test_names_that_differ_in_case_only(self, stimulus, every_step, name):
        assert_same(run(stimulus, name, outputs=VARIABLES, outputs_at=1).outputs, every_step)

    def test_little_room_for_a_chunk(self, stimulus, every_step, name, monkeypatch):
        monkeypatch.setattr(chunking, "MAX_NUMBERS", 1)
        chunks = []
        result = run(
            stimulus, name, outputs=["cell.v"], outputs_at="steps",
            on_chunk=lambda n, _: chunks.append(n),
        )  # fmt: skip
        assert chunks == [1, 2, 3, 4, 5, 6]
        assert_same(result.outputs, {"cell.v": every_step["cell.v"]})


@pytest.mark.parametrize("at", [0, -1, 1.5, True, "step", None])
def test_when_must_be_known(stimulus, at):
    with pytest.raises(ParameterError, match="outputs_at: must be 'end', 'steps' or a whole"):
        run(stimulus, "numpy", outputs=["cell.v"], outputs_at=at)


@pytest.mark.parametrize("elements", [[5], [-1], [0.5], 3, ["a"]])
def test_elements_that_are_not_there(stimulus, elements):
    with pytest.raises(ParameterError, match=r"outputs\['cell.v'\]: must be whole numbers in 0..4"):
        run(stimulus, "numpy", outputs={"cell.v": elements})


class TestMemory:
    def test_more_than_there_is_is_refused_before_the_run(self, stimulus, monkeypatch):
        memory = psutil.virtual_memory()._replace(total=8 * 5 * 65 - 1)
        monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)

        def on_chunk(*_):
            raise AssertionError("it has begun")

        for shown in (run, present):  # 66 steps of 5 neurons
            with pytest.raises(ParameterError, match="5 numbers in 66 steps would take 0.0 GB of"):
                shown(stimulus, "numpy", outputs=["cell.v"], outputs_at="steps")
        with pytest.raises(ParameterError, match="outputs_at=10, or write them to a file"):
            run(stimulus, "numpy", outputs=["cell.v"], outputs_at="steps", on_chunk=on_chunk)
        run(stimulus, "numpy", outputs={"cell.v": [0, 1, 2, 3]}, outputs_at="steps")

    def test_what_it_would_take_is_told(self, monkeypatch):
        memory = psutil.virtual_memory()._replace(total=16 * 10**9)
        monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
        outputs = engine.outputs.Outputs(["v"], "steps", np.full(60_000, 1000))
        with pytest.raises(
            ParameterError, match="60,000,000 steps would take 192.0 GB .* 16.0 GB;"
        ):
            outputs.begin(None, {"v": 400}, {}, start=0, stop=60_000)


class TestFile:
    @pytest.fixture
    def path(self, tmp_path):
        return tmp_path / "deep" / "outputs.h5"

    @pytest.mark.parametrize("name", ENGINES)
    @pytest.mark.parametrize("at", ["end", "steps", 4])
    def test_as_in_memory(self, stimulus, name, at, path):
        chosen = dict.fromkeys(VARIABLES, range(2)) | {"cell.v": []}
        options = {"outputs": chosen, "outputs_at": at, "chunk_size": 4}
        result = run(stimulus, name, outputs_path=path, **options)
        expected = run(stimulus, name, **options).outputs
        assert_same(result.outputs, expected)
        assert_same({n: v[1:3] for n, v in result.outputs.items()},
                    {n: v[1:3] for n, v in expected.items()})  # fmt: skip
        np.testing.assert_array_equal(result.outputs["cell.V"][-1], expected["cell.V"][-1])

    @pytest.mark.parametrize(("name", "lanes"), [("numpy", 1), ("cpp_standalone", 1), ("numpy", 2)])
    def test_presented_by_several(self, stimulus, every_step, name, lanes, path):
        result = present(
            stimulus, name, n_jobs=2, lanes=lanes, outputs=VARIABLES, outputs_at="steps",
            outputs_path=path,
        )  # fmt: skip
        assert_same(result.outputs, every_step)

    def test_a_part_of_the_presentations(self, stimulus, every_step, path):
        result = run(
            stimulus, "numpy", start=1, stop=5, outputs=["cell.V"], outputs_at="steps",
            outputs_path=path,
        )  # fmt: skip
        assert_same(result.outputs, {"cell.V": every_step["cell.V"][1:5]})

    def test_what_lies_in_it_after_an_interruption(self, stimulus, every_step, path):
        done = []
        result = run(
            stimulus, "numpy", chunk_size=2, outputs={"cell.v": [1, 4]}, outputs_at="steps",
            outputs_path=path, on_chunk=lambda n, _: done.append(n), interrupted=lambda: bool(done),
        )  # fmt: skip
        expected = [values[:, [1, 4]] for values in every_step["cell.v"][:2]]
        assert_same(result.outputs, {"cell.v": expected})
        with h5py.File(path) as file:
            assert file["done"][:].tolist() == [1, 1, 0, 0, 0, 0]
            assert file["offsets"][:].tolist() == [0, 14, 25, 28, 45, 57, 66]
            assert file["elements/cell.v"][:].tolist() == [1, 4]
            np.testing.assert_array_equal(file["cell.v"][:25], np.concatenate(expected))
        assert path.stat().st_blocks * 512 >= 66 * 2 * 8, "no room was taken for the rest"

    def test_it_is_not_replaced(self, stimulus, path):
        path.parent.mkdir()
        path.write_text("somebody's")
        with pytest.raises(ParameterError, match="outputs_path: must not exist, got"):
            run(stimulus, "numpy", outputs=["cell.v"], outputs_path=path)
        assert path.read_text() == "somebody's"

    def test_a_file_for_nothing(self, stimulus, path):
        with pytest.raises(ParameterError, match="outputs: must name what goes to outputs_path"):
            present(stimulus, "numpy", outputs_path=path)

    @pytest.mark.parametrize("full", ["disk_usage", "posix_fallocate"])
    def test_a_full_disk(self, stimulus, path, full, monkeypatch):
        def nothing_free(*_):
            raise OSError("No space left on device")

        monkeypatch.setattr(shutil if full == "disk_usage" else os, full, nothing_free)
        with pytest.raises(StorageError, match="outputs_path: cannot write .*No space left"):
            run(stimulus, "numpy", outputs=["cell.v"], outputs_at="steps", outputs_path=path)
        assert list(path.parent.iterdir()) == []


class TestFilesOfTheProgram:
    """What a compiled program reads and writes."""

    @pytest.fixture
    def written(self, monkeypatch):
        """Paths and arrays of the files that were written for the program, in their order."""
        files, write = [], standalone_program.write_arrays

        def note(path, arrays):
            files.append((path, arrays))
            write(path, arrays)

        monkeypatch.setattr(standalone_program, "write_arrays", note)
        return files

    @pytest.fixture
    def left(self, monkeypatch):
        """Arrays that each chunk leaves, and their sizes in bytes."""
        found, read = [], standalone_program.read_arrays

        def note(path):
            arrays = read(path)
            found.append({name: len(array) for name, array in arrays.items()})
            return arrays

        monkeypatch.setattr(standalone_program, "read_arrays", note)
        return found

    def test_names_are_short_whatever_those_of_variables_are(self, stimulus, written, left):
        run(stimulus, "cpp_standalone", outputs=VARIABLES)
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
