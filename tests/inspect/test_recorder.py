"""The recorder: which moments it keeps, within which budget, and that they are true."""

import os
import signal
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from brian2 import ms, mV

from bioplastic import engine
from bioplastic.engine.program import ChunkResult, Probed
from bioplastic.errors import ParameterError, StorageError
from bioplastic.inspect import PlasticityRecorder, PlasticityRecording
from bioplastic.models import DiehlCookSTDP, Schedule
from bioplastic.networks import diehl_cook_network

N_INPUT, N = 9, 3
WEIGHTS, THETA = "input_to_excitatory.w", "excitatory.theta"
NETWORK = diehl_cook_network(
    n_features=N_INPUT,
    n_neurons=N,
    rule=DiehlCookSTDP(),
    norm=4.0,
    schedule=Schedule(presentation=20 * ms, rest=5 * ms, dt=1 * ms, min_spikes=3, max_repeats=2),
)
SIZES = {WEIGHTS: N_INPUT * N, THETA: N, "input.r1": N_INPUT, "excitatory.o1": N,
         "excitatory.o2": N, "excitatory.v": N, "excitatory.theta_plus": 1}  # fmt: skip
STEPS = 25


class FakeEngine:
    """Runs nothing: every variable tells which sample, step and repetition was looked at."""

    def __init__(self, n_repeats=lambda sample: 0, chunk_size=10):
        self.n_repeats, self.chunk_size = n_repeats, chunk_size
        self.plans = []

    @staticmethod
    def value(position, step, repeat):
        return 1000.0 * position + step + 0.25 * repeat

    def run(self, recorder, start, stop, *, until=None, network=NETWORK):
        """End after `until` samples, within the repetitions of the next one."""
        recorder.begin(
            network, SIZES, {k: np.full(n, -1.0) for k, n in SIZES.items()}, start=start, stop=stop
        )
        until = stop if until is None else until
        for low in range(start, until, self.chunk_size):
            n_rows = min(self.chunk_size, stop - low)
            plan = recorder.plan(low, np.full(n_rows, STEPS))
            self.plans.append(plan)
            recorder.record(low, self.chunk(plan, low, n_rows, min(until - low, n_rows)))

    def chunk(self, plan, low, n_rows, n_done):
        log, met = [], []
        for row in range(n_rows if n_done == n_rows else n_done + 1):
            n_slots = self.n_repeats(low + row) + 1 if row < n_done else 1
            for repeat in range(n_slots):
                log.append((row, repeat, 2.0))
                if plan is not None:
                    steps = plan.steps[plan.rows == row]
                    met += [(row, step, repeat) for step in steps]
        rows, steps, repeats = np.array(met, dtype=np.int64).reshape(-1, 3).T
        values = {} if plan is None else {
            name: np.repeat(self.value(low + rows, steps, repeats)[:, None], len(chosen), axis=1)
            for name, chosen in plan.variables.items()
        }  # fmt: skip
        probed = Probed(rows=rows, steps=steps, repeats=repeats, values=values)
        # In every slot neuron 0 and the last one spike once.
        return ChunkResult(
            state={"schedule.cursor": np.array([float(n_done)])},
            times=np.zeros(2 * len(log)),
            units=np.tile(np.array([0, N - 1], dtype=np.int32), len(log)),
            offsets=2 * np.arange(len(log) + 1),
            log=np.array(log, dtype=float).reshape(-1, 3),
            seconds=0.0,
            probed=None if plan is None else probed,
        )


@pytest.fixture(params=["memory", "file"])
def where(request, tmp_path):
    """Options of a recorder that records to memory, and to a file."""
    return {} if request.param == "memory" else {"path": tmp_path / "run.h5"}


# ---------------------------------------------------------------------------- which moments


def test_the_start_every_so_many_and_the_last(where):
    recorder = PlasticityRecorder(every=4, **where)
    FakeEngine().run(recorder, 0, 30)
    recording = recorder.recording
    np.testing.assert_array_equal(recording.samples, [-1, 3, 7, 11, 15, 19, 23, 27, 29])
    np.testing.assert_allclose(recording.times, [0.0] + 8 * [0.025])
    theta = recording.thresholds()
    np.testing.assert_array_equal(theta[0], [-1, -1, -1])  # the state that was given
    np.testing.assert_array_equal(theta[1:, 0], 1000 * recording.samples[1:] + STEPS - 1)


def test_listed_samples_and_no_other(where):
    recorder = PlasticityRecorder(samples=[0, 5, 17, 40], **where)
    FakeEngine().run(recorder, 0, 30)
    np.testing.assert_array_equal(recorder.recording.samples, [0, 5, 17])
    recorder = PlasticityRecorder(samples=[-1, 17])
    FakeEngine().run(recorder, 0, 30)
    np.testing.assert_array_equal(recorder.recording.samples, [-1, 17])


def test_several_times_of_a_sample(where):
    recorder = PlasticityRecorder(every=10, times=[2 * ms, 0.010, 25 * ms], **where)
    FakeEngine().run(recorder, 0, 20)
    recording = recorder.recording
    np.testing.assert_array_equal(recording.samples, [-1, 9, 9, 9, 19, 19, 19])
    np.testing.assert_allclose(recording.times[1:4], [0.002, 0.010, 0.025])
    # the state after all steps before that time: 2 ms is after step 1
    np.testing.assert_array_equal(recording.thresholds()[1:4, 0], [9001, 9009, 9024])
    np.testing.assert_array_equal(recording.last_points(), [0, 3, 6])


def test_samples_of_different_lengths_leave_out_what_lies_beyond_them():
    recorder = PlasticityRecorder(every=1, times=[0.005, 0.020])
    schedule = Schedule(presentation=None, rest=0 * ms, dt=1 * ms)
    network = SimpleNamespace(populations=NETWORK.populations, projections=NETWORK.projections,
                              watched=NETWORK.watched, schedule=schedule)  # fmt: skip
    state = {k: np.zeros(n) for k, n in SIZES.items()}
    recorder.begin(network, SIZES, state, start=0, stop=3)
    plan = recorder.plan(0, np.array([30, 10, 3]))
    np.testing.assert_array_equal(plan.rows, [0, 0, 1, 2])
    np.testing.assert_array_equal(plan.steps, [4, 19, 4, 2])  # the end of the one that is shorter


def test_a_repeated_sample_counts_with_its_last_presentation(where):
    recorder = PlasticityRecorder(every=1, times=[0.010, 0.025], **where)
    fake = FakeEngine(n_repeats=lambda sample: sample % 3)
    fake.run(recorder, 0, 6)
    recording = recorder.recording
    np.testing.assert_array_equal(recording.samples[1:], np.repeat(np.arange(6), 2))
    expected = [fake.value(s, step, s % 3) for s in range(6) for step in (9, 24)]
    np.testing.assert_array_equal(recording.thresholds()[1:, 0], expected)


def test_runs_are_counted_on(where):
    recorder = PlasticityRecorder(every=4, **where)
    for _ in range(3):
        FakeEngine().run(recorder, 0, 10)
    recording = recorder.recording
    # the last sample of a run that goes on is none of the grid
    np.testing.assert_array_equal(recording.samples, [-1, 3, 7, 11, 15, 19, 23, 27, 29])
    np.testing.assert_array_equal(
        recording.thresholds()[1:, 0] // 1000, [3, 7, 1, 5, 9, 3, 7, 9]
    )  # positions within their runs
    np.testing.assert_allclose(recording.seconds, 0.025 * np.array([0, 4, 4, 4, 4, 4, 4, 4, 2]))


def test_an_interrupted_run_goes_on(where):
    recorder = PlasticityRecorder(every=5, **where)
    fake = FakeEngine()
    fake.run(recorder, 0, 30, until=14)  # cut short in the repetitions of sample 14
    np.testing.assert_array_equal(recorder.recording.samples, [-1, 4, 9])
    fake.run(recorder, 14, 30)
    recording = recorder.recording
    np.testing.assert_array_equal(recording.samples, [-1, 4, 9, 14, 19, 24, 29])
    np.testing.assert_array_equal(recording.thresholds()[1:, 0] // 1000, recording.samples[1:])
    slots = [0, 5, 5, 6, 5, 5, 5]  # the presentation that did not count took its time
    np.testing.assert_allclose(recording.seconds, 0.025 * np.array(slots))
    np.testing.assert_allclose(recording.rates[1:, 0], 1 / 0.025)


def test_a_training_that_began_without_the_recorder_keeps_its_numbers():
    recorder = PlasticityRecorder(every=10)
    FakeEngine().run(recorder, 25, 45)
    np.testing.assert_array_equal(recorder.recording.samples, [24, 29, 39, 44])


# ---------------------------------------------------------------------------- what is recorded


def test_roles_and_names():
    recorder = PlasticityRecorder(every=10)
    FakeEngine().run(recorder, 0, 10)
    recording = recorder.recording
    assert list(recording.variables) == [
        WEIGHTS, "input.r1", "excitatory.o1", "excitatory.o2", THETA
    ]  # fmt: skip
    assert list(recording.traces()) == ["input.r1", "excitatory.o1", "excitatory.o2"]
    assert recording.weights().shape == (2, N_INPUT, N)
    assert recording.rates.shape == (2, N)
    recorder = PlasticityRecorder(every=10, variables=("excitatory.v", THETA))
    FakeEngine().run(recorder, 0, 10)
    recording = recorder.recording
    assert list(recording.variables) == ["excitatory.v", THETA]
    assert recording.rates is None
    assert recording.thresholds().shape == (2, N)  # theta, whoever named it
    assert recording.traces() == {}


def test_rates_alone(where):
    recorder = PlasticityRecorder(every=4, variables=("rates",), **where)
    FakeEngine(n_repeats=lambda sample: 1).run(recorder, 0, 10)
    rates = recorder.recording.rates[:]
    assert np.isnan(rates[0]).all()
    np.testing.assert_allclose(rates[1:], np.tile([40.0, 0.0, 40.0], (3, 1)))
    np.testing.assert_allclose(recorder.recording.seconds, [0.0, 0.2, 0.2, 0.1])


def test_weights_of_some_neurons(where):
    recorder = PlasticityRecorder(every=10, neurons=[0, 2], **where)
    fake = FakeEngine()
    fake.run(recorder, 0, 10)
    np.testing.assert_array_equal(
        fake.plans[0].variables[WEIGHTS], [i * N + j for i in range(N_INPUT) for j in (0, 2)]
    )
    recording = recorder.recording
    assert recording.weights().shape == (2, N_INPUT, 2)
    np.testing.assert_array_equal(recording.neurons, [0, 2])
    assert recording.thresholds().shape == (2, N)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"variables": ("weights", "excitatory.x")}, "no variable 'excitatory.x' .* excitatory.v"),
        ({"variables": ("excitatory.theta_plus",)}, "that changes"),
        ({"neurons": [0, 3]}, "neurons of 'excitatory', 0 to 2, got 3"),
        ({"times": [0.026]}, r"within a sample's 0.025 s, got 0.026 s"),
        ({"max_bytes": 1000}, r"max_bytes: .* 8 snapshots of 216 bytes, got 1,000; .* neurons"),
    ],
)
def test_what_a_network_cannot_give_is_refused(arguments, message):
    recorder = PlasticityRecorder(every=10, **arguments)
    with pytest.raises(ParameterError, match=message):
        FakeEngine().run(recorder, 0, 10)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"every": 0}, "every: must be a whole number at least 1, got 0"),
        ({"every": 2.5}, "every"),
        ({"samples": []}, "samples"),
        ({"samples": [3, 3]}, "samples: .* increase"),
        ({"samples": [-2]}, "samples: must be whole numbers >= -1"),
        ({"neurons": [2, 1]}, "neurons"),
        ({"times": 3 * mV}, "times: must be finite times in seconds"),
        ({"times": "soon"}, "times"),
        ({"times": [0.0, 0.1]}, "times: .*, above 0"),
        ({"times": [0.2, 0.1]}, "times: .*, rising"),
        ({"variables": "weights"}, "variables: must be a sequence"),
        ({"max_bytes": -1}, "max_bytes"),
    ],
)
def test_wrong_parameters_are_refused(arguments, message):
    with pytest.raises(ParameterError, match=message):
        PlasticityRecorder(**arguments)


def test_nothing_before_a_run():
    with pytest.raises(ParameterError, match="nothing was recorded yet"):
        _ = PlasticityRecorder().recording


def test_another_network_is_refused(where):
    recorder = PlasticityRecorder(every=10, **where)
    FakeEngine().run(recorder, 0, 10)
    other = diehl_cook_network(n_features=N_INPUT, n_neurons=N, rule=None, norm=4.0)
    with pytest.raises(ParameterError, match="make a new recorder"):
        FakeEngine().run(recorder, 0, 10, network=other)


# ---------------------------------------------------------------------------- budget and file


def test_a_recording_keeps_its_budget_and_spans_the_training(where):
    size = 24 + 4 * (N_INPUT * N + N_INPUT + 4 * N)
    recorder = PlasticityRecorder(every=1, max_bytes=20 * size, **where)
    FakeEngine().run(recorder, 0, 100)
    samples = recorder.recording.samples
    np.testing.assert_array_equal(samples, [*range(-1, 100, 8), 99])
    FakeEngine().run(recorder, 0, 100)
    recording = recorder.recording
    np.testing.assert_array_equal(recording.samples, [*range(-1, 200, 16), 199])
    assert len(recording) * size <= 20 * size
    # what was dropped is part of the interval of what follows
    np.testing.assert_allclose(recording.seconds, 0.025 * np.diff(recording.samples, prepend=-1))
    np.testing.assert_allclose(recording.rates[1:], np.tile([40, 0, 40], (13, 1)), rtol=1e-6)
    np.testing.assert_array_equal(
        recording.thresholds()[1:, 0], 1000 * (recording.samples[1:] % 100) + STEPS - 1
    )


def test_a_list_is_thinned_too():
    size = 24 + 4 * (N_INPUT * N + N_INPUT + 4 * N)
    recorder = PlasticityRecorder(samples=[*range(0, 40, 2), 45], max_bytes=11 * size)
    FakeEngine().run(recorder, 0, 50)
    np.testing.assert_array_equal(recorder.recording.samples, [*range(0, 40, 4), 45])


def test_thinning_does_not_grow_the_file(tmp_path):
    path = tmp_path / "run.h5"
    size = 24 + 4 * (N_INPUT * N + N_INPUT + 4 * N)
    recorder = PlasticityRecorder(every=1, max_bytes=100 * size, path=path)
    FakeEngine().run(recorder, 0, 99)
    full = path.stat().st_size
    for _ in range(3):
        FakeEngine().run(recorder, 0, 99)
    assert path.stat().st_size == full
    assert 50 <= len(recorder.recording) <= 100


def test_earlier_recordings_stay_as_they_were():
    recorder = PlasticityRecorder(every=4)
    FakeEngine().run(recorder, 0, 30)
    first = recorder.recording
    theta = first.thresholds().copy()
    FakeEngine().run(recorder, 0, 30)
    np.testing.assert_array_equal(first.thresholds(), theta)


def test_a_file_is_not_overwritten_unasked(tmp_path):
    path = tmp_path / "run.h5"
    path.write_text("precious")
    with pytest.raises(ParameterError, match="must not exist, .* overwrite=True"):
        PlasticityRecorder(path=path)
    assert path.read_text() == "precious"
    recorder = PlasticityRecorder(every=5, path=path, overwrite=True)
    FakeEngine().run(recorder, 0, 10)
    assert len(recorder.recording) == 3


def test_a_file_can_be_read_while_it_is_written(tmp_path):
    path, lengths = tmp_path / "run.h5", []

    class Reader(PlasticityRecorder):
        def record(self, start, result):
            super().record(start, result)
            with PlasticityRecording.load(path) as recording:
                lengths.append(len(recording))
                assert recording.weights().shape == (len(recording), N_INPUT, N)
                assert recording.weights(points=-1).max() == 1000 * recording.samples[-1] + 24
                assert np.shape(np.asarray(recording.variables[THETA])) == (len(recording), N)

    FakeEngine().run(Reader(every=5, path=path), 0, 30)
    assert lengths == [3, 5, 7]


def in_child(work):
    """Do it in a process of its own, and return what that had to say and how it ended."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, str(work()).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as said:
        text = said.read()
    return text, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_file_outlives_a_crash(tmp_path):
    path = tmp_path / "run.h5"

    class Crashing(PlasticityRecorder):
        def record(self, start, result):
            super().record(start, result)
            if start == 20:
                os.kill(os.getpid(), signal.SIGKILL)

    _, code = in_child(lambda: FakeEngine().run(Crashing(every=1, path=path), 0, 100))
    assert code == -signal.SIGKILL
    with PlasticityRecording.load(path) as recording:
        np.testing.assert_array_equal(recording.samples, np.arange(-1, 30))
        np.testing.assert_array_equal(recording.thresholds()[1:, 0], 1000 * np.arange(30) + 24)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_full_disk_is_found_before_the_run(tmp_path):
    import resource  # of POSIX alone

    def run():
        # A file that must not grow fails like one on a full disk.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
        fake = FakeEngine()
        with pytest.raises(StorageError) as failure:
            fake.run(PlasticityRecorder(every=1, path=tmp_path / "run.h5"), 0, 20_000)
        return f"{len(fake.plans)} chunks, {failure.value}"

    text, code = in_child(run)
    assert code == 0
    assert text.startswith("0 chunks, cannot write the recording")
    assert "free some space" in text


def test_a_folder_that_cannot_be_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    recorder = PlasticityRecorder(path=tmp_path / "file" / "run.h5")
    with pytest.raises(StorageError, match="cannot write the recording"):
        FakeEngine().run(recorder, 0, 10)


def test_a_file_holds_what_the_documentation_says(tmp_path):
    FakeEngine().run(PlasticityRecorder(every=5, path=tmp_path / "run.h5"), 0, 20)
    with h5py.File(tmp_path / "run.h5") as file:
        assert file.attrs["format"] == "bioplastic.PlasticityRecording"
        assert file.attrs["version"] == 1
        assert file.attrs["n_points"] == 5
        assert list(file.attrs["watched"]) == ["excitatory"]
        assert file[f"variables/{WEIGHTS}"].shape == (5, N_INPUT * N)
        assert file[f"variables/{WEIGHTS}"].dtype == np.float32
        assert file[f"variables/{THETA}"].attrs["role"] == "thresholds"
        assert file["populations/input"].attrs["n"] == N_INPUT
        assert file["projections/input_to_excitatory"].attrs["wiring"] == "all_to_all"


# ---------------------------------------------------------------------------- with an engine


def test_what_is_recorded_is_what_the_network_held(where):
    samples = engine.RateStimulus(values=300 * np.random.default_rng(0).random((12, N_INPUT)))
    weights = 0.3 * np.random.default_rng(1).random(N_INPUT * N)
    truth, slots = [], []

    def on_chunk(n_done, result):
        truth.append(result.state)
        slots.append(len(result.log))

    options = {"seed": 1, "state": {WEIGHTS: weights}, "engine": "numpy"}
    engine.run(NETWORK, samples, chunk_size=1, on_chunk=on_chunk, **options)
    recorder = PlasticityRecorder(every=3, **where)
    result = engine.run(NETWORK, samples, chunk_size=5, recorder=recorder, **options)
    for name, values in truth[-1].items():
        if not name.startswith("schedule."):  # to be watched changes nothing
            np.testing.assert_array_equal(result.state[name], values)
    recording = recorder.recording
    np.testing.assert_array_equal(recording.samples, [-1, 2, 5, 8, 11])
    np.testing.assert_array_equal(recording.weights(points=0).ravel(), weights.astype(np.float32))
    assert sum(slots) > 12  # some were presented again
    for row, sample in enumerate(recording.samples[1:], 1):
        for name, values in recording.variables.items():
            np.testing.assert_array_equal(values[row], truth[sample][name].astype(np.float32))
    ends = np.cumsum(slots)[recording.samples[1:]]
    np.testing.assert_allclose(recording.seconds[1:], 0.025 * np.diff(ends, prepend=0))
    spikes = (recording.rates[1:] * recording.seconds[1:, None]).sum()
    assert spikes == pytest.approx(result.spikes_per_slot.sum(), rel=1e-5)
    assert spikes > 0
