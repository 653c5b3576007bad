"""A model that is kept open answers as it does otherwise; its process ends, whatever happens."""

import errno
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref

import numpy as np
import psutil
import pytest
from brian2 import ms, second
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from bioplastic import SpikeTrains
from bioplastic.encoding import Cochlea
from bioplastic.engine import staying
from bioplastic.engine.cuda_program import CudaProgram
from bioplastic.errors import DataError, ParameterError, SimulationError, StorageError
from bioplastic.models import Network, NeuronModel, Population, Projection, Schedule, SpikeInput
from bioplastic.networks import (
    DiehlCookClassifier,
    EPropClassifier,
    EPropRegressor,
    LiquidStateMachine,
    Listener,
    RewardSTDPClassifier,
    SpikingClassifier,
    TonotopicLiquid,
)
from bioplastic.readout import FilteredState, SpikeTimeClassifier, TimeBinnedCount

N, CHANNELS = 8, 30
LIQUID = {"n_neurons": 24, "liquid": TonotopicLiquid(n_inputs=15, w_input=60.0), "random_state": 0}


def words():
    """Samples of two classes and of different lengths; one is silent, one without length."""
    rng = np.random.default_rng(0)
    parts = []
    for k in range(N):
        duration = 0.0 if k == 5 else rng.uniform(0.04, 0.09)
        n = 0 if k in (3, 5) else rng.poisson(60 * CHANNELS * duration)
        times = np.sort(rng.uniform(0, duration, n))
        units = rng.integers(CHANNELS // 2, size=n) + (k % 2) * CHANNELS // 2
        parts.append(SpikeTrains(times, units, [0, n], n_units=CHANNELS, duration=duration))
    return SpikeTrains.concatenate(parts)


X, Y = words(), np.array(["low", "high"] * (N // 2))


def liquid(readout=None, **more):
    states = TimeBinnedCount(n_bins=3) if readout is None else readout
    network = LiquidStateMachine(**LIQUID | more)
    return make_pipeline(network, states, RidgeClassifier()).fit(X, Y)


def numbers():
    return np.random.default_rng(0).uniform(0, 1, (N, 12))


EPROP = {"n_lif": 6, "n_alif": 4, "n_epochs": 1, "random_state": 0}
DECODER = SpikeTimeClassifier(tau=20 * ms, n_references=2, max_neurons=4)
MODELS = {
    "liquid": (liquid, X),
    "liquid with rest": (lambda: liquid(FilteredState(tau=20 * ms), rest=20 * ms), X),
    "e-prop": (lambda: EPropClassifier(**EPROP).fit(X, Y), X),
    "e-prop, counted": (lambda: EPropClassifier(**EPROP, pool=5, n_lines=2).fit(X, Y), X),
    "e-prop, window": (lambda: EPropClassifier(**EPROP, decision_window=0.5).fit(X, Y), X),
    "e-prop, curves": (lambda: EPropRegressor(**EPROP).fit(X, np.arange(N)), X),
    "decoder": (lambda: SpikingClassifier(DECODER, dt=1 * ms).fit(X, Y), X),
    "diehl & cook": (lambda: DiehlCookClassifier(6, dt=1 * ms, random_state=0).fit(X, Y), X),
    "diehl & cook, numbers": (
        lambda: DiehlCookClassifier(
            6, presentation=40 * ms, rest=0 * ms, dt=1 * ms, random_state=0
        ).fit(numbers(), Y),
        numbers(),
    ),
    "reward": (
        lambda: RewardSTDPClassifier(2, n_epochs=1, dt=1 * ms, random_state=0).fit(X, Y),
        X,
    ),
}
METHODS = ("predict", "predict_proba", "decision_function", "transform")
STREAMED = [name for name, (_, samples) in MODELS.items() if samples is X]


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    make, samples = MODELS[request.param]
    return make(), samples


@pytest.fixture(scope="module")
def lsm():
    return liquid()


def process_of(listener):
    (network,) = listener._networks
    return network._run.program._process


def is_gone(process):
    return process.poll() is not None and not psutil.pid_exists(process.pid)


def in_blocks(stream, sample, length=0.02):
    """Send a sample; what was answered after each block."""
    answers, times = [], sample.times
    while stream.time < sample.duration[0]:
        begin, end = stream.time, min(stream.time + length, float(sample.duration[0]))
        its = (times >= begin) & (times < end)
        answers.append(stream.send(times[its], sample.units[its], until=end))
    return answers


# -------------------------------------------------------------------------------------- answers


def test_answers_are_those_of_the_model(model):
    estimator, samples = model
    asked = [method for method in METHODS if hasattr(estimator, method)]
    with Listener(estimator) as listener:
        for method in asked:
            for chosen in (samples[:1], samples[3:4], samples[5:6], samples, samples[:1]):
                found, wanted = (getattr(of, method)(chosen) for of in (listener, estimator))
                assert np.all(found == wanted), method
        assert listener.timings["call"] > listener.timings["simulate"] > 0
    assert len(asked) > 0


def test_engines_without_a_program_are_open_too(lsm):
    slow = liquid(engine="numpy")
    with slow[0].open() as listener, Listener(slow) as whole:
        assert listener.transform(X[:3]) == lsm[0].transform(X[:3])
        np.testing.assert_array_equal(whole.predict(X[:3]), slow.predict(X[:3]))
    with pytest.raises(SimulationError, match="it was closed"):
        listener.transform(X[:1])


def test_values_that_are_not_finite_are_named_as_the_model_names_them():
    growing = NeuronModel(
        equations="dv/dt = v**3/ms : 1", threshold="v < -1", reset="v = 0", at_slot_start="v = 0",
        method="euler",
    )  # fmt: skip
    network = Network(
        populations=(
            Population(name="input", n=CHANNELS, neuron=SpikeInput()),
            Population(name="out", n=1, neuron=growing),
        ),
        projections=(Projection(pre="input", post="out", on_pre="v_post += w", weight=10.0),),
        watch="out",
        schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
    )
    model = LiquidStateMachine(1, liquid=network).fit(X)
    with model.open() as listener:
        for of in (model, listener):
            with pytest.raises(SimulationError, match="values that are not finite in out.v:"):
                of.transform(X[:1])
        assert listener.transform(X[3:4]) == model.transform(X[3:4])

    with model.open() as listener:
        with listener.stream() as stream:
            at = X[0].times < 0.02
            stream.send(X[0].times[at], X[0].units[at])
            with pytest.raises(SimulationError, match="values that are not finite in out.v:"):
                stream.end()
        assert listener.transform(X[3:4]) == model.transform(X[3:4])


def test_nothing_is_built_anew(lsm):
    lsm.predict(X[:1])
    with Listener(lsm) as listener:
        assert listener._networks[0].build_seconds == 0


def test_what_is_trained_afterwards_is_not_known():
    estimator = liquid()
    before = estimator.decision_function(X)
    with Listener(estimator) as listener:
        estimator.set_params(liquidstatemachine__random_state=1).fit(X, Y[::-1])
        np.testing.assert_array_equal(listener.decision_function(X), before)
    assert not np.array_equal(estimator.decision_function(X), before)


def test_threads_and_several_listeners(lsm):
    whole = np.concatenate([lsm.decision_function(X[k]) for k in range(N)])
    found = {}

    def ask(listener, k):
        found[k] = np.concatenate([listener.decision_function(X[i : i + 1]) for i in range(N)])

    with Listener(lsm) as first, Listener(lsm) as second:
        threads = [threading.Thread(target=ask, args=((first, second)[k % 2], k)) for k in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert process_of(first).pid != process_of(second).pid
    for k in range(6):
        np.testing.assert_array_equal(found[k], whole)


# ------------------------------------------------------------------------------------- blocks


@pytest.mark.parametrize("name", STREAMED)
def test_a_stream_ends_with_the_answer_to_the_whole(name):
    estimator = MODELS[name][0]()
    asked = [method for method in METHODS if hasattr(estimator, method)]
    with estimator.open() if hasattr(estimator, "open") else Listener(estimator) as listener:
        for k in (0, 1, 3):
            with listener.stream() as stream:
                assert np.isnan(stream.latency)
                answers = in_blocks(stream, X[k])
                assert len(answers) == len(stream.latencies) > 1
                assert 0 < stream.latency == stream.latencies[-1]
                last = stream.end()
                for method in asked:
                    whole, found = getattr(estimator, method)(X[k]), getattr(stream, method)()
                    assert np.all(found == (whole if method == "transform" else whole[0])), method
            if hasattr(estimator, "predict"):
                assert last == estimator.predict(X[k])[0]
        np.testing.assert_array_equal(
            listener.predict(X) if hasattr(estimator, "predict") else 0,
            estimator.predict(X) if hasattr(estimator, "predict") else 0,
        )


@pytest.mark.parametrize("engine", ["auto", "numpy"])
@pytest.mark.parametrize("rest", [0, 20])
def test_spikes_so_far_are_the_first_of_the_whole(engine, rest):
    estimator = liquid(rest=rest * ms, engine=engine)[0]
    whole = estimator.transform(X[0])
    with estimator.open() as listener, listener.stream(20 * ms) as stream:
        for end in (0.02, 0.04):
            its = (X[0].times >= end - 0.02) & (X[0].times < end)
            so_far = stream.send(X[0].times[its], X[0].units[its])
            n = int(np.searchsorted(whole.times, end - 1e-6))
            assert 0 < n < len(whole.times)
            np.testing.assert_array_equal(so_far.times, whole.times[:n])
            np.testing.assert_array_equal(so_far.units, whole.units[:n])
            assert so_far.duration == [pytest.approx(end)]


def test_answers_so_far_do_not_depend_on_the_engine():
    """Where spikes are counted, those of the rest, 150 ms, are none of a sample that goes on."""
    found = []
    for engine in ("auto", "numpy"):
        model = DiehlCookClassifier(6, dt=1 * ms, engine=engine, random_state=0).fit(X[:4], Y[:4])
        with model.open() as listener, listener.stream() as stream:
            found.append([])
            for k in range(2):
                stream.send(np.repeat([0.02 * k + 0.001, 0.02 * k + 0.011], 15), np.arange(30))
                found[-1].append(stream.decision_function())
            found[-1].append((stream.end(), stream.decision_function())[1])
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("length", [0.0004, 0.0137, 1.0])
def test_blocks_of_any_length(lsm, length):
    """Shorter than a step; beside the steps; longer than the sample."""
    with Listener(lsm) as listener, listener.stream() as stream:
        in_blocks(stream, X[1], length)
        stream.end()
        np.testing.assert_array_equal(stream.decision_function(), lsm.decision_function(X[1])[0])
        assert stream._model[0].transform(X[1]) == lsm[0].transform(X[1])


def test_spikes_beside_the_edge_of_a_block():
    """One that rounding puts into the next step waits; a channel's second one in a step does."""
    times = [0.0199999999999, 0.02, 0.02, 0.0399999999999]
    sample = SpikeTrains(times, [3, 3, 3, 4], [0, 4], n_units=CHANNELS, duration=0.05)
    estimator = LiquidStateMachine(**LIQUID | {"liquid": TonotopicLiquid(w_input=400.0)}).fit(X)
    with estimator.open() as listener, listener.stream() as stream:
        in_blocks(stream, sample)
        assert stream.end() == estimator.transform(sample)
    assert len(estimator.transform(sample).times) > 0


def test_late_blocks_and_spikes_outside_of_theirs(lsm):
    with Listener(lsm) as listener, listener.stream(block=20 * ms) as stream:
        stream.send([0.001, 0.019], [0, 1])
        with pytest.raises(DataError, match=r"the block is late, it ends at 0.02 s.*until > 0.02"):
            stream.send([], [], until=20 * ms)
        with pytest.raises(
            DataError, match="spike 0 at 0.019 s.*times count from the begin of the sample"
        ):
            stream.send([0.019, 0.021], [0, 1])
        with pytest.raises(DataError, match="spike 1 at 0.04 s.*belongs to a later block"):
            stream.send([0.021, 0.04], [0, 1])
        with pytest.raises(DataError, match="must be sorted"):
            stream.send([0.03, 0.025], [0, 1])
        with pytest.raises(DataError, match="units must be below 30.*got 30"):
            stream.send([0.03], [CHANNELS])
        with pytest.raises(DataError):
            stream.send([np.nan], [0])
        for until in (1e12, 1e300):  # a block of so many steps would never end
            with pytest.raises(ParameterError, match=r"steps of the longest sample"):
                stream.send([], [], until=until)
        with pytest.raises(DataError, match=r"until must be one time, got shape \(2,\)"):
            stream.send([], [], until=[0.03, 0.04])
        with pytest.raises(DataError, match=r"times must be a list, got shape \(\)"):
            stream.send(0.03, 0)
        assert stream.time == 0.02
        assert len(stream.latencies) == 1
        stream.send([0.021 * 1000] * ms, [0])
        assert stream.end() in Y
        with pytest.raises(SimulationError, match="has ended"):
            stream.send([], [])
    for block in (0 * ms, [10, 20] * ms):
        with Listener(lsm) as listener, pytest.raises(ParameterError, match="one time above 0 s"):
            listener.stream(block)


def test_one_stream_at_a_time_and_none_for_ever(lsm):
    with Listener(lsm) as listener:
        stream = listener.stream()
        stream.send([0.001], [0])
        with pytest.raises(SimulationError, match="end its stream first"):
            listener.stream()
        with pytest.raises(SimulationError, match="end its stream first"):
            listener.predict(X[:1])
        stream.close()
        stream.close()
        np.testing.assert_array_equal(listener.predict(X), lsm.predict(X))
        with listener.stream() as other:
            in_blocks(other, X[0])
            other.end()
            np.testing.assert_array_equal(other.decision_function(), lsm.decision_function(X[0])[0])
        lost = listener.stream()
    with pytest.raises(SimulationError, match="was closed"):
        lost.send([], [])


def test_what_has_no_stream():
    estimator = MODELS["diehl & cook, numbers"][0]()
    with estimator.open() as listener, pytest.raises(ParameterError, match="that takes spikes"):
        listener.stream()
    fixed = DiehlCookClassifier(6, presentation=50 * ms, dt=1 * ms, random_state=0).fit(X, Y)
    with fixed.open() as listener, pytest.raises(ParameterError, match="presentation=None"):
        listener.stream()
    sounds = np.random.default_rng(0).normal(size=(4, 800))
    heard = make_pipeline(
        Cochlea(n_channels=CHANNELS), LiquidStateMachine(**LIQUID), TimeBinnedCount(n_bins=2),
        RidgeClassifier(),
    ).fit(sounds, Y[:4])  # fmt: skip
    with Listener(heard) as listener:
        np.testing.assert_array_equal(
            listener.decision_function(sounds), heard.decision_function(sounds)
        )
        with pytest.raises(ParameterError, match=r"only the whole sound has: give .* model\[1:\]"):
            listener.stream()


def test_a_stream_of_minutes_warns_of_nothing(lsm):
    with Listener(lsm) as listener, listener.stream(block=60_000 * ms) as stream:
        for k in range(3):
            stream.send([60 * k + 1.0], [k])
        assert stream.end() in Y


# ------------------------------------------------------------------------------------- the end


def test_closing_ends_the_process(lsm):
    with Listener(lsm) as listener:
        process, folder = process_of(listener), listener._networks[0]._folder
        assert process.poll() is None
        assert folder.is_dir()
    assert is_gone(process)
    assert not folder.exists()
    listener.close()
    with pytest.raises(SimulationError, match="open the model once more"):
        listener.predict(X[:1])


def test_who_loses_a_listener_ends_it(lsm):
    listener = Listener(lsm)
    process, lost = process_of(listener), weakref.ref(listener)
    del listener
    gc.collect()
    assert lost() is None
    assert is_gone(process)


def test_an_error_ends_it(lsm):
    def fail():
        with Listener(lsm) as listener:
            found.append(process_of(listener))
            raise ZeroDivisionError

    found = []
    with pytest.raises(ZeroDivisionError):
        fail()
    assert is_gone(found[0])


def test_another_thread_closes_it(lsm):
    long = SpikeTrains([0.01], [0], [0, 1], n_units=CHANNELS, duration=[3600] * second)
    with Listener(lsm) as listener:
        threading.Timer(0.2, listener.close).start()
        with pytest.raises(SimulationError, match="was closed, or has failed"):
            listener.predict(long)
        assert is_gone(process_of(listener))


def test_a_killed_program_says_so(lsm):
    with Listener(lsm) as listener:
        process_of(listener).kill()
        with pytest.raises(SimulationError, match="stopped with code -9"):
            listener.predict(X[:1])
        with pytest.raises(SimulationError, match="was closed, or has failed; open the model once"):
            listener.predict(X[:1])
    with Listener(lsm) as listener, listener.stream() as stream:
        process_of(listener).kill()
        with pytest.raises(SimulationError, match="stopped with code -9"):
            stream.send([0.001], [0])


def test_a_block_that_found_no_room_may_come_again(lsm, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    word, whole = X[1], lsm.decision_function(X[1])
    with Listener(lsm) as listener, listener.stream() as stream:
        for end in (0.01, 0.02, float(word.duration[0])):
            now = (word.times >= stream.time) & (word.times < end)
            block = word.times[now], word.units[now]
            with monkeypatch.context() as patch:
                patch.setattr(staying, "write_arrays", full)
                with pytest.raises(StorageError, match="free some space"):
                    stream.send(*block, until=end)
            stream.send(*block, until=end)
        with monkeypatch.context() as patch:
            patch.setattr(staying, "write_arrays", full)
            with pytest.raises(StorageError, match="free some space"):
                stream.end()
        stream.end()
        np.testing.assert_array_equal(stream.decision_function(), whole[0])


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_neither_asks_it_nor_ends_it(lsm):
    with Listener(lsm) as listener:
        child = os.fork()
        if not child:
            try:
                listener.predict(X[:1])
            except SimulationError as error:
                said = "is a fork of it; open the model once more" in str(error)
                listener.close()
                os._exit(0 if said else 1)
            os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
        np.testing.assert_array_equal(listener.predict(X), lsm.predict(X))


def test_ctrl_c_leaves_no_process(lsm, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    with Listener(lsm) as listener:
        process = process_of(listener)
        monkeypatch.setattr(staying, "follow", interrupted)
        with pytest.raises(KeyboardInterrupt):
            listener.predict(X[:1])
        assert is_gone(process)
        monkeypatch.undo()
        with pytest.raises(SimulationError, match="open the model once more"):
            listener.predict(X[:1])


KILLED = """
import numpy as np, os, signal
from bioplastic import SpikeTrains
from bioplastic.networks import LiquidStateMachine
X = SpikeTrains([0.01], [0], [0, 1], n_units=2, duration=0.05)
listener = LiquidStateMachine(24, random_state=0).fit(X).open()
print(listener._networks[0]._run.program._process.pid, listener._networks[0]._folder, flush=True)
os.kill(os.getpid(), signal.{})
"""


@pytest.mark.parametrize("how", ["SIGKILL", "SIGINT"])
def test_it_ends_with_python(lsm, how, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", KILLED.format(how)], capture_output=True, text=True, timeout=120,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    pid, folder = done.stdout.split()
    assert done.returncode == (-signal.SIGKILL if how == "SIGKILL" else -signal.SIGINT)
    for _ in range(100):
        if not psutil.pid_exists(int(pid)) or psutil.Process(int(pid)).status() == "zombie":
            break
        time.sleep(0.05)
    else:
        pytest.fail(f"{pid} goes on")
    assert how == "SIGKILL" or not os.path.exists(folder)


# ------------------------------------------------------------------------------- what is refused


def test_models_that_cannot_be_opened(lsm):
    with pytest.raises(ParameterError, match="best_estimator_"):
        Listener(GridSearchCV(lsm, {}))
    with pytest.raises(ParameterError, match="must be a trained estimator of bioplastic.networks"):
        Listener(RidgeClassifier())
    with pytest.raises(NotFittedError):
        LiquidStateMachine().open()
    with pytest.raises(ParameterError, match="set_params.engine='cpp_standalone'"):
        CudaProgram.stay(object.__new__(CudaProgram), None)


def test_methods_that_a_model_lacks(lsm):
    with Listener(lsm) as listener:
        with pytest.raises(ParameterError, match="Listener.predict_proba: the model has no"):
            listener.predict_proba(X[:1])
        with pytest.raises(DataError, match="must have the 30 units of fit"):
            listener.predict(SpikeTrains([], [], [0, 0], n_units=3, duration=0.1))
        np.testing.assert_array_equal(listener.predict(X), lsm.predict(X))
