"""The recording: what it gives of which wiring, from memory and from a file."""

import h5py
import numpy as np
import pytest
from brian2 import ms

from bioplastic import engine
from bioplastic.errors import DataError, DataNotFoundError, ParameterError
from bioplastic.inspect import PlasticityRecorder, PlasticityRecording
from bioplastic.models import (
    LIF,
    Network,
    PairSTDP,
    PoissonInput,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    Uniform,
)

PAIRS = (np.array([0, 0, 1, 3, 3, 4]), np.array([0, 2, 1, 0, 1, 2]))


@pytest.fixture(scope="module")
def recording():
    """Of two projections that learn: one all-to-all, one with a list of synapses."""
    rule = PairSTDP()
    network = Network(
        populations=(
            Population(name="input", n=5, neuron=PoissonInput()),
            Population(name="first", n=3, neuron=LIF()),
            Population(name="second", n=3, neuron=LIF()),
        ),
        projections=(
            Projection(pre="input", post="first", on_pre="i_syn_post += w*mV", rule=rule),
            Projection(
                pre="input", post="second", on_pre="i_syn_post += w*mV", rule=rule,
                wiring=RandomWiring(p=0.5), weight=Uniform(low=0.2, high=0.8),
            ),
        ),
        watch=("first", "second"),
        schedule=Schedule(presentation=20 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0),
    )  # fmt: skip
    i, j = PAIRS
    state = {
        "input_to_first.w": np.linspace(0.1, 0.9, 15),
        "input_to_second.i": i, "input_to_second.j": j, "input_to_second.delay": np.zeros(len(i)),
        "input_to_second.w": np.linspace(0.1, 0.6, 6),
    }  # fmt: skip
    recorder = PlasticityRecorder(every=2, neurons=[0, 2])
    samples = engine.RateStimulus(values=np.full((4, 5), 300.0))
    engine.run(network, samples, seed=1, state=state, engine="numpy", recorder=recorder)
    return recorder.recording


def test_weights_of_each_wiring(recording):
    dense = recording.weights("input_to_first")
    assert dense.shape == (3, 5, 2)
    np.testing.assert_allclose(dense[0], np.linspace(0.1, 0.9, 15).reshape(5, 3)[:, [0, 2]])
    listed = recording.weights("input_to_second")
    assert listed.shape == (3, 4)  # of the synapses onto neurons 0 and 2
    np.testing.assert_allclose(listed[0], np.linspace(0.1, 0.6, 6)[[0, 1, 3, 5]], rtol=1e-6)
    matrix = recording.weight_matrix(0, "input_to_second")
    found = recording.projections["input_to_second"]
    assert (found.wiring, found.n_pre, found.n_post) == ("listed", 5, 3)
    np.testing.assert_array_equal(found.i, [0, 0, 3, 4])
    np.testing.assert_array_equal(found.j, [0, 2, 0, 2])
    np.testing.assert_array_equal(np.isnan(matrix), [[0, 0], [1, 1], [1, 1], [0, 1], [1, 0]])
    np.testing.assert_allclose(matrix[[0, 0, 3, 4], [0, 1, 0, 1]], listed[0])
    np.testing.assert_array_equal(recording.weight_matrix(1, "input_to_first"), dense[1])


def test_points_choose_moments(recording):
    every = recording.weights("input_to_first")
    np.testing.assert_array_equal(recording.weights("input_to_first", points=1), every[1])
    np.testing.assert_array_equal(recording.weights("input_to_first", points=[0, 2]), every[[0, 2]])
    some = recording.weights("input_to_first", points=slice(1, None))
    np.testing.assert_array_equal(some, every[1:])


def test_where_there_are_several_one_must_be_named(recording):
    with pytest.raises(ParameterError, match="'input_to_first', 'input_to_second', got None"):
        recording.weights()
    with pytest.raises(ParameterError, match=r"weights.projection: .* got 'a_to_b'"):
        recording.weights("a_to_b")
    np.testing.assert_array_equal(recording.neurons, [0, 2])  # the same of both
    assert recording.thresholds() is None
    with pytest.raises(ParameterError, match=r"thresholds.population: .* \(none recorded\)"):
        recording.thresholds("first")
    assert recording.watched == ("first", "second")
    assert recording.rates.shape == (3, 6)
    assert recording.populations == {"input": 5, "first": 3, "second": 3}


def test_a_saved_recording_is_the_same(recording, tmp_path):
    path = tmp_path / "folder" / "run.h5"
    recording.save(path)
    with pytest.raises(ParameterError, match="must not exist"):
        recording.save(path)
    recording.save(path, overwrite=True)
    with PlasticityRecording.load(path) as loaded:
        for name in ("samples", "times", "seconds", "rates"):
            np.testing.assert_array_equal(getattr(loaded, name)[:], getattr(recording, name))
        assert list(loaded.variables) == list(recording.variables)
        for name, values in recording.variables.items():
            np.testing.assert_array_equal(loaded.variables[name][:], values)
        assert list(loaded.populations) == list(recording.populations)
        for name, found in recording.projections.items():
            for key in ("pre", "post", "wiring", "n_pre", "n_post", "neurons", "i", "j"):
                np.testing.assert_array_equal(
                    getattr(loaded.projections[name], key), getattr(found, key)
                )
        assert loaded.traces().keys() == recording.traces().keys()
        assert loaded.watched == recording.watched
        assert repr(loaded) == repr(recording)[:-1] + f" in {path}>"
        loaded.save(tmp_path / "copy.h5")
    assert len(PlasticityRecording.load(tmp_path / "copy.h5")) == 3


def test_repr_says_what_was_recorded(recording):
    text = repr(recording)
    assert text.startswith("<PlasticityRecording: 3 moments of samples -1 to 3; ")
    assert "input_to_second.w (4)" in text
    assert "rates (6)" in text


def test_rows_that_are_only_reserved_are_not_there(recording, tmp_path):
    recording.save(tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5", "r+") as file:
        file.attrs.modify("n_points", 2)
    with PlasticityRecording.load(tmp_path / "run.h5") as cut:
        assert len(cut) == 2
        column, whole = cut.variables["input.r1"], recording.variables["input.r1"][:2]
        assert column.shape == whole.shape
        assert (len(column), column.ndim, column.dtype) == (2, 2, np.float32)
        for key in (
            0, -1, slice(None), slice(-1, None), slice(5, 9), ([0, 1], slice(1, 3)),
            np.array([True, False]), (slice(None), 2), ..., (-2, 0), [1],
        ):  # fmt: skip
            np.testing.assert_array_equal(column[key], whole[key])
        np.testing.assert_array_equal(np.asarray(column), whole)
        np.testing.assert_array_equal(list(column), whole)
        with pytest.raises(IndexError):
            column[2]


def test_files_that_are_no_recording_are_refused(recording, tmp_path):
    with pytest.raises(DataNotFoundError, match="there is no file"):
        PlasticityRecording.load(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("hello")
    with pytest.raises(DataError, match="no HDF5 file"):
        PlasticityRecording.load(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(DataError, match="is no recording of plasticity"):
        PlasticityRecording.load(tmp_path / "other.h5")
    path = tmp_path / "run.h5"
    for change, message in (
        (lambda file: file.attrs.modify("version", 2), "version 2, which is later than 1"),
        (lambda file: file.attrs.modify("n_points", 99), "rows are missing"),
        (lambda file: file.pop("samples"), "cannot read"),
    ):
        recording.save(path, overwrite=True)
        with h5py.File(path, "r+") as file:
            change(file)
        with pytest.raises(DataError, match=message):
            PlasticityRecording.load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda file: file.attrs.update(version="two"), "version is 'two'"),
        (lambda file: file.attrs.modify("n_points", -1), "n_points is "),
        (lambda file: file.attrs.update(watched=["nobody"]), "watched is"),
        (lambda file: file["populations/first"].attrs.modify("n", 4), "joins first, 3 neurons"),
        (lambda file: file["projections/input_to_second/i"].write_direct(np.full(4, 5)), "below 5"),
        (lambda file: file["projections/input_to_second/j"].write_direct(np.ones(4, int)), "i, j"),
        (lambda file: file["variables/input.r1"].attrs.modify("role", "king"), "role 'king'"),
        (lambda file: file.move("variables/input_to_first.w", "variables/w"), "plays the role"),
        (lambda file: file.move("times", "projections/times"), "projections is of no use"),
        (lambda file: file.move("times", "x"), "times"),
        (lambda file: file["variables"].create_dataset("a.b", data=[1.0]), "no tables"),
    ],
)
def test_what_a_damaged_file_says_of_itself_is_refused(recording, tmp_path, change, message):
    recording.save(tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5", "r+") as file:
        change(file)
    with pytest.raises(DataError, match=f"(is damaged|cannot read).*{message}"):
        PlasticityRecording.load(tmp_path / "run.h5")
