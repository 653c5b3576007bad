"""Nothing global is changed by a run: not by a good one, a failed one, or one that is stopped."""

import gc
import importlib
import logging
import os
import signal
import threading

import brian2
import numpy as np
import pytest
from brian2 import Hz, ms

from bioplastic import engine
from bioplastic.engine.brian_internals import active_device, put_back_device
from bioplastic.engine.context import brian_context
from bioplastic.engine.noise import noise_device
from bioplastic.engine.runtime import RuntimeProgram
from bioplastic.errors import BuildError, ParameterError, SimulationError
from bioplastic.models import Network, NeuronModel, Population

device_module = importlib.import_module("brian2.devices.device")
ENGINES = ["numpy", "cpp_standalone"]


def snapshot():
    """Everything that a script of Brian's could notice."""
    active = device_module.active_device
    randoms = device_module.runtime_device.get_random_state()
    return {
        "device": active,
        "previous devices": list(device_module.previous_devices),
        "build on run": (active.build_on_run, dict(active.build_options)),
        "preferences": {name: repr(value) for name, value in brian2.prefs.items()},
        "default dt": float(brian2.defaultclock.dt),
        "random state": repr(randoms),
        "directory": os.getcwd(),
        "environment": dict(os.environ),
        "log level": logging.getLogger("brian2").level,
        "Ctrl-C": signal.getsignal(signal.SIGINT),
    }


def assert_unchanged(before):
    after = snapshot()
    for name, value in before.items():
        assert after[name] == value, name


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    """A user with settings of his own, of which nothing is a default."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OWN_SETTING", "mine")
    names = {"codegen.target": "numpy", "codegen.cpp.extra_compile_args": ["-O1"]}
    before = {name: brian2.prefs[name] for name in names}
    dt, state = brian2.defaultclock.dt, np.random.get_state()  # noqa: NPY002
    for name, value in names.items():
        brian2.prefs[name] = value
    brian2.defaultclock.dt = 0.2 * ms
    brian2.seed(42)
    np.random.random(3)  # noqa: NPY002
    device_module.runtime_device.rand_buffer_index[:] = 17
    yield
    device_module.runtime_device.rand_buffer_index[:] = 0
    np.random.set_state(state)  # noqa: NPY002
    brian2.defaultclock.dt = dt
    for name, value in before.items():
        brian2.prefs[name] = value


def run(network, stimulus, name, **kwargs):
    return engine.run(network, stimulus, seed=1, engine=name, **kwargs)


def broken(network):
    """The network with an equation that Brian cannot resolve."""
    bad = NeuronModel(equations="dv/dt = -v/tau_that_is_not_there : 1")
    return Network(
        populations=(*network.populations, Population(name="bad", n=1, neuron=bad)),
        projections=network.projections,
        watch=network.watch,
        schedule=network.schedule,
    )


class TestNothingChanges:
    @pytest.mark.parametrize("name", ENGINES)
    def test_after_success(self, network, stimulus, weights, name):
        before = snapshot()
        assert run(network, stimulus, name, state=weights).counts.sum() > 0
        assert_unchanged(before)

    def test_after_a_build(self, network, tmp_cache, fake_compiler):
        compiler, before = fake_compiler(), snapshot()
        engine.open_program(network, engine="cpp_standalone")
        assert compiler.n_calls == 1
        assert_unchanged(before)

    @pytest.mark.parametrize("name", ENGINES)
    def test_after_equations_that_brian_refuses(self, network, name):
        before = snapshot()
        with pytest.raises(ParameterError, match="tau_that_is_not_there"):
            engine.open_program(broken(network), engine=name)
        assert_unchanged(before)

    def test_after_a_failed_compilation(self, network, tmp_cache, fake_compiler):
        fake_compiler("echo no such luck >&2; exit 1")
        before = snapshot()
        with pytest.raises(BuildError):
            engine.open_program(network, engine="cpp_standalone")
        assert_unchanged(before)

    @pytest.mark.parametrize("name", ENGINES)
    def test_after_a_run_whose_values_explode(self, network, stimulus, weights, name):
        before = snapshot()
        with pytest.raises(SimulationError, match="not finite in .*excitatory.v"):
            run(network, stimulus, name, state=weights | {"excitatory.v_rest": np.array([np.nan])})
        assert_unchanged(before)

    @pytest.mark.parametrize("name", ENGINES)
    def test_after_an_error_in_a_callback(self, network, stimulus, weights, name):
        def fails(done, result):
            raise ZeroDivisionError

        before = snapshot()
        with pytest.raises(ZeroDivisionError):
            run(network, stimulus, name, state=weights, on_chunk=fails)
        assert_unchanged(before)

    def test_after_ctrl_c_in_the_middle_of_a_slot(self, network, stimulus, weights, monkeypatch):
        slot, calls = RuntimeProgram._slot, []

        def stubborn(self, row, n_steps):
            calls.append(None)
            if len(calls) == 3:  # the second press does not wait for the slot's edge
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)
            slot(self, row, n_steps)

        monkeypatch.setattr(RuntimeProgram, "_slot", stubborn)
        before = snapshot()
        with pytest.raises(KeyboardInterrupt):
            run(network, stimulus, "numpy", state=weights)
        assert len(calls) == 3
        assert_unchanged(before)
        monkeypatch.undo()
        assert_unchanged(before | {"environment": dict(os.environ), "directory": os.getcwd()})

    def test_after_ctrl_c_in_a_compilation(self, network, tmp_cache, monkeypatch):
        def pressed(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr("bioplastic.engine.standalone_program.compile_unit", pressed)
        before = snapshot()
        with pytest.raises(KeyboardInterrupt):
            engine.open_program(network, engine="cpp_standalone")
        assert_unchanged(before)

    def test_after_an_error_inside(self):
        def fail():
            assert brian2.prefs["codegen.target"] == "cython"
            raise ZeroDivisionError

        before = snapshot()
        context = brian_context(noise_device, {"codegen.target": "cython"})
        with pytest.raises(ZeroDivisionError), context:
            fail()
        assert_unchanged(before)

    def test_the_runtime_device_of_a_user_of_another(self, network, stimulus, weights, tmp_path):
        runtime = device_module.runtime_device

        def settings():
            return float(runtime.defaultclock.dt), runtime.build_on_run, runtime.build_options

        before = settings()
        brian2.set_device("cpp_standalone", build_on_run=False, directory=str(tmp_path / "his"))
        try:
            brian2.defaultclock.dt = 0.7 * ms
            run(network, stimulus, "numpy", state=weights)
            assert settings() == before
        finally:
            brian2.get_device().reinit()
            device_module.reset_device()


class TestOtherThreads:
    """What they change while ours has Brian is theirs to keep."""

    @pytest.fixture
    def meanwhile(self):
        def act(change):
            with brian_context(noise_device, {"codegen.target": "cython"}):
                thread = threading.Thread(target=change)
                thread.start()
                thread.join()

        return act

    def test_the_environment(self, meanwhile, monkeypatch):
        monkeypatch.setenv("ANOTHER", "old")
        meanwhile(lambda: os.environ.update(OWN_SETTING="yours", ANOTHER="new"))
        assert (os.environ["OWN_SETTING"], os.environ["ANOTHER"]) == ("yours", "new")

    def test_the_working_directory(self, meanwhile, tmp_path):
        (tmp_path / "elsewhere").mkdir()
        meanwhile(lambda: os.chdir(tmp_path / "elsewhere"))
        assert os.getcwd() == str(tmp_path / "elsewhere")

    def test_numpys_random_numbers(self, meanwhile):
        meanwhile(lambda: np.random.seed(7))  # noqa: NPY002
        assert np.random.random() == np.random.RandomState(7).random()  # noqa: NPY002

    def test_brians_settings(self, meanwhile):
        def change():
            brian2.prefs["codegen.target"] = "auto"
            brian2.prefs["codegen.cpp.extra_compile_args"] = ["-O3"]
            device_module.previous_devices.append("his")

        try:
            meanwhile(change)
            assert brian2.prefs["codegen.target"] == "auto"
            assert brian2.prefs["codegen.cpp.extra_compile_args"] == ["-O3"]
            assert device_module.previous_devices[-1] == "his"
        finally:
            device_module.previous_devices.remove("his")

    def test_brians_device(self, meanwhile, tmp_path):
        own = device_module.all_devices["cpp_standalone"]
        before, previous = active_device(), list(device_module.previous_devices)
        try:
            meanwhile(lambda: brian2.set_device(own, directory=str(tmp_path)))
            assert brian2.get_device() is own
        finally:
            own.reinit()
            put_back_device(before)
            device_module.previous_devices[:] = previous


class TestMissedObjects:
    """Brian warns of objects that came into no network: of the user's, not of ours."""

    @pytest.fixture
    def said(self):
        logger, records = logging.getLogger("brian2"), []

        class Ear(logging.Handler):
            def emit(self, record):
                records.append(record.getMessage())

        gc.collect()  # nothing of earlier tests
        ear = Ear(logging.WARNING)
        logger.addHandler(ear)
        yield records
        logger.removeHandler(ear)

    @pytest.mark.parametrize("name", ENGINES)
    def test_a_failed_build_says_what_is_wrong_and_nothing_else(self, network, said, name):
        with pytest.raises(ParameterError, match="tau_that_is_not_there"):
            engine.open_program(broken(network), engine=name)
        gc.collect()
        assert said == []

    def test_the_user_still_hears_of_his_own(self, network, said):
        brian2.NeuronGroup(1, "dv/dt = -v/(10*ms) : 1", name="forgotten")
        gc.collect()
        assert len(said) == 1
        assert "'forgotten' is getting deleted" in said[0]


class TestObjectsOfTheUser:
    """His own network goes on as if ours had never been there."""

    def own(self):
        # a name that our network has too, random numbers, and the default clock
        group = brian2.NeuronGroup(
            5, "dv/dt = (rand() - v)*100*Hz : 1", threshold="v > 0.4", reset="v = 0",
            name="input", method="euler", namespace={"Hz": Hz},
        )  # fmt: skip
        return group, brian2.SpikeMonitor(group, name="spikes")

    def simulate(self, between):
        brian2.seed(3)
        group, monitor = self.own()
        net = brian2.Network(group, monitor)
        net.run(20 * ms)
        between()
        net.run(20 * ms)
        assert float(group.clock.dt) == 0.2e-3
        return np.array(group.v), np.array(monitor.t), np.array(monitor.i)

    @pytest.mark.parametrize("name", ENGINES)
    def test_his_network_gives_what_it_gives_alone(self, network, stimulus, weights, name):
        alone = self.simulate(lambda: None)
        beside = self.simulate(lambda: run(network, stimulus, name, state=weights))
        assert len(alone[1]) > 0
        for one, other in zip(alone, beside, strict=True):
            np.testing.assert_array_equal(one, other)

    def test_a_magic_run_before_and_after(self, network, stimulus, weights):
        brian2.start_scope()
        group = brian2.NeuronGroup(2, "dv/dt = 1*Hz : 1", method="euler")
        brian2.run(10 * ms)
        mine = run(network, stimulus, "numpy", state=weights)
        brian2.run(10 * ms)
        np.testing.assert_allclose(np.array(group.v), 0.02)
        assert mine.n_done == len(stimulus)
        assert float(brian2.magic_network.t) == pytest.approx(20e-3)

    @pytest.mark.parametrize("name", ENGINES)
    def test_his_own_standalone_project_stays_as_it_is(
        self, network, stimulus, weights, tmp_path, name
    ):
        brian2.set_device("cpp_standalone", build_on_run=False, directory=str(tmp_path / "his"))
        try:
            device = brian2.get_device()
            group = brian2.NeuronGroup(3, "dv/dt = -v/(10*ms) : 1", method="exact")
            group.v = 1
            queue, arrays = list(device.main_queue), set(device.arrays)
            before = snapshot()
            assert run(network, stimulus, name, state=weights).n_done == len(stimulus)
            assert_unchanged(before)
            assert device.main_queue == queue
            assert set(device.arrays) == arrays
            net = brian2.Network(group)
            net.run(1 * ms, namespace={})
            device.build(directory=str(tmp_path / "his"), compile=False, run=False)
            assert (tmp_path / "his" / "main.cpp").exists()
        finally:
            brian2.get_device().reinit()
            device_module.reset_device()


def test_a_run_from_another_thread_leaves_ctrl_c_alone(network, stimulus, weights):
    results = []
    thread = threading.Thread(
        target=lambda: results.append(run(network, stimulus, "numpy", state=weights))
    )
    before = signal.getsignal(signal.SIGINT)
    thread.start()
    thread.join()
    assert results[0].n_done == len(stimulus)
    assert signal.getsignal(signal.SIGINT) is before
