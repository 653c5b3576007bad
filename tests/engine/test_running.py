"""Running: what is asked for and refused, what Ctrl-C does, and programs that fail."""

import contextlib
import dataclasses
import os
import resource
import signal
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
from brian2 import ms

from bioplastic import engine
from bioplastic.errors import (
    DataError,
    ParameterError,
    SimulationError,
    StorageError,
)
from bioplastic.models import (
    LIF,
    DiehlCookExcitatory,
    Network,
    NeuronModel,
    PairSTDP,
    PoissonInput,
    Population,
    Projection,
    Schedule,
)

ENGINES = ["numpy", "cpp_standalone"]
W = "input_to_excitatory.w"


def run(network, stimulus, name="numpy", **kwargs):
    return engine.run(network, stimulus, seed=1, engine=name, **kwargs)


def tiny(neuron=None, *, n=2, **kwargs):
    return Network(
        populations=(
            Population(name="input", n=2, neuron=PoissonInput()),
            Population(name="output", n=n, neuron=neuron or LIF()),
        ),
        projections=(Projection(pre="input", post="output", on_pre="v_post += w*mV", **kwargs),),
        watch="input",
        schedule=Schedule(presentation=5 * ms, rest=0 * ms, dt=1 * ms, min_spikes=0),
    )


ONE = engine.RateStimulus(values=np.ones((1, 2)))


class TestRefused:
    def test_an_unknown_engine(self, network):
        with pytest.raises(ParameterError, match="one of auto, numpy, cython.*got 'fast'"):
            engine.open_program(network, engine="fast")

    @pytest.mark.parametrize(
        ("state", "message"),
        [
            ({"excitatory.u": np.zeros(6)}, "has no excitatory.u; it has .*excitatory.v"),
            ({"excitatory.v": np.zeros(5)}, r"state\['excitatory.v'\]: must have 6 values, got 5"),
            ({W: np.zeros((6, 19))}, "must have 120 values, got 114"),
        ],
    )
    def test_a_state_that_does_not_fit(self, network, stimulus, state, message):
        with pytest.raises(ParameterError, match=message):
            run(network, stimulus, state=state)

    @pytest.mark.parametrize("shape", [(3, 19), (3, 1), (20,), (3, 20, 1)])
    @pytest.mark.parametrize("name", ENGINES)
    def test_samples_of_another_width(self, network, name, shape):
        with pytest.raises(DataError, match="must have shape \\(n_samples, 20\\)"):
            run(network, engine.RateStimulus(values=np.ones(shape)), name)

    @pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
    @pytest.mark.parametrize("name", ENGINES)
    def test_samples_that_are_no_rates(self, network, weights, name, value):
        values = np.ones((3, 20))
        values[2, 7] = value
        with pytest.raises(DataError, match="finite numbers >= 0"):
            run(network, engine.RateStimulus(values=values), name, state=weights)

    @pytest.mark.parametrize(
        ("equations", "said"),
        [
            ("dv/dt = -v**2/(10*ms*mV) : volt", "linear in their own variable"),
            ("dv/dt = -v/(10*ms) + xi*mV/(10*ms)**0.5 : volt", "stochastic"),
        ],
    )
    def test_equations_that_brian_cannot_use(self, equations, said):
        with pytest.raises(ParameterError, match=f"(?is)cannot be built.*{said}"):
            engine.open_program(tiny(NeuronModel(equations=equations)), engine="numpy")

    def test_initial_values_of_what_is_not_there(self):
        neuron = NeuronModel(equations="v : volt", initial={"u": 1.0})
        with pytest.raises(ParameterError, match="output has no variable 'u'"):
            tiny(neuron)

    @pytest.mark.parametrize("name", ENGINES)
    def test_values_that_are_not_finite_never_reach_a_checkpoint(
        self, network, stimulus, weights, name
    ):
        heard = []
        with pytest.raises(SimulationError, match="not finite in .*a smaller dt"):
            run(
                network,
                stimulus,
                name,
                state=weights | {"excitatory.tau_membrane": np.array([np.nan])},
                on_chunk=lambda *chunk: heard.append(chunk),
            )
        assert heard == []


class TestOwnModels:
    def test_strings_that_replace_those_of_a_model_need_not_keep_its_variables(self):
        plain = DiehlCookExcitatory(
            equations="dv/dt = (v_rest - v)/tau_membrane : volt",
            threshold="v > 1*mV",
            reset="v = v_reset",
            at_slot_start="v = 0*mV",
        )
        result = run(tiny(plain, weight=0.0), ONE)
        # five steps of 1 ms from 0 mV towards rest
        np.testing.assert_allclose(
            result.state["output.v"], -65e-3 * (1 - np.exp(-5 / 100)), rtol=1e-12
        )

    def test_a_rule_without_an_action_of_its_own_on_a_spike(self):
        rule = PairSTDP(on_pre="")
        network = dataclasses.replace(
            tiny(rule=rule),
            projections=(Projection(pre="input", post="output", on_pre="", rule=rule),),
        )
        assert run(network, ONE).n_done == 1


class TestResult:
    def test_it_names_engine_step_methods_and_precision(self, network, stimulus, weights):
        result = run(network, stimulus, state=weights)
        assert result.engine["name"] == "numpy"
        assert result.engine["dt"] == "1. ms"
        assert "rational_exponential_euler" in result.engine["methods"]
        assert result.engine["precision"] == "float64"
        assert result.timings["simulate"] > 0
        assert not result.interrupted

    @pytest.mark.parametrize("name", ENGINES)
    def test_spikes_are_those_that_are_counted(self, network, stimulus, weights, name):
        result = run(network, stimulus, name, state=weights, record="spikes")
        np.testing.assert_array_equal(result.spikes.counts(), result.counts)
        assert result.spikes.shape == (len(stimulus), 6)
        assert (result.spikes.duration == 60e-3).all()
        # spikes of presentations that were repeated do not count
        final = np.append(np.diff(result.repeats) <= 0, True)
        np.testing.assert_array_equal(result.spikes_per_slot[final], result.counts.sum(axis=1))
        assert (result.spikes_per_slot[~final] < 4).all()

    def test_spikes_are_not_kept_unasked(self, network, stimulus, weights):
        assert run(network, stimulus, state=weights).spikes is None

    def test_no_samples(self, network):
        result = run(network, engine.RateStimulus(values=np.ones((0, 20))))
        assert result.counts.shape == (0, 6)
        assert result.n_done == 0

    def test_parameters_are_no_part_of_the_state(self, network, stimulus, weights):
        state = run(network, stimulus, state=weights).state
        assert W in state
        assert "excitatory.theta" in state
        assert "excitatory.tau_membrane" not in state
        assert "input_to_excitatory.norm" not in state


class TestCtrlC:
    @pytest.mark.parametrize("name", ENGINES)
    def test_between_chunks_it_ends_the_run_and_nothing_is_lost(
        self, network, stimulus, weights, name
    ):
        whole = run(network, stimulus, name, state=weights)

        def press(done, result):
            if done >= 6:
                signal.raise_signal(signal.SIGINT)

        first = run(network, stimulus, name, state=weights, chunk_size=3, on_chunk=press)
        assert first.interrupted
        assert 6 <= first.n_done < len(stimulus)
        assert len(first.counts) == first.n_done
        second = run(network, stimulus, name, state=first.state, start=first.n_done)
        assert not second.interrupted
        np.testing.assert_array_equal(np.concatenate([first.counts, second.counts]), whole.counts)
        for key, value in whole.state.items():
            np.testing.assert_array_equal(second.state[key], value, err_msg=key)

    def test_within_a_chunk_it_waits_for_the_slots_edge(self, network, stimulus, weights):
        pressed = []

        def press_once(self_, *args, **kwargs):
            if not pressed:
                pressed.append(True)
                signal.raise_signal(signal.SIGINT)

        program = engine.open_program(network, engine="numpy")
        steps = program._objects.steps[0]
        original = steps.run
        steps.run = lambda: (press_once(None), original())[1]
        try:
            result = run(network, stimulus, state=weights, program=program)
        finally:
            del steps.run
        assert result.interrupted
        assert result.n_done <= 1
        assert len(result.repeats) == 1

    def test_a_compiled_program_is_told_to_stop(self, network, stimulus, weights):
        many = dataclasses.replace(
            stimulus, order=np.zeros(400_000, dtype=np.int64), keys=np.zeros(400_000)
        )
        timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
        handler = signal.getsignal(signal.SIGINT)
        # warm: the build must not be what is interrupted
        program = engine.open_program(network, engine="cpp_standalone")
        timer.start()
        result = run(
            network,
            many,
            "cpp_standalone",
            state=weights,
            program=program,
            chunk_size=400_000,
        )
        timer.join()
        assert result.interrupted
        assert 0 < result.n_done < 400_000
        assert len(result.counts) == result.n_done
        assert signal.getsignal(signal.SIGINT) is handler


class TestProgramsThatFail:
    """The compiled program is a script that misbehaves."""

    @pytest.fixture
    def program(self, network, tmp_cache, fake_compiler, tmp_path):
        def make(script):
            source = tmp_path / "script"
            source.write_text(f"#!/bin/sh\n{script}\n")
            fake_compiler(f"cp {source} main; chmod +x main")
            return engine.open_program(network, engine="cpp_standalone")

        return make

    def start(self, network, stimulus, program):
        return run(network, stimulus, "cpp_standalone", program=program)

    def test_its_code_and_words_are_shown(self, network, stimulus, program):
        failing = program("echo no more of this >&2; exit 4")
        with pytest.raises(
            SimulationError,
            match=r"code 4 and said: no more of this; its sources lie in .*programs",
        ):
            self.start(network, stimulus, failing)

    def test_it_is_killed_from_outside(self, network, stimulus, program):
        with pytest.raises(SimulationError, match="code -9 and said: nothing"):
            self.start(network, stimulus, program("kill -9 $$"))

    def test_nothing_stays_in_the_folder_of_temporary_files(
        self, network, stimulus, program, tmp_path, monkeypatch
    ):
        failing = program("exit 4")
        folder = tmp_path / "tmp"
        folder.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        with pytest.raises(SimulationError):
            self.start(network, stimulus, failing)
        assert list(folder.iterdir()) == []

    def test_no_room_for_its_input(self, network, stimulus, program, monkeypatch, tmp_path):
        waiting = program("exit 0")
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, before[1]))  # write() fails beyond it
        try:
            with pytest.raises(StorageError, match="cannot write the input.*set TMPDIR"):
                self.start(network, stimulus, waiting)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
    def test_no_room_for_its_output(self, network, stimulus, weights, tmp_path, monkeypatch):
        program = engine.open_program(network, engine="cpp_standalone")
        chunk = tmp_path / "chunk"
        chunk.mkdir()
        (chunk / "made").symlink_to("/dev/full")
        folders = map(str, (tmp_path, chunk))  # of the run, and of its chunk
        monkeypatch.setattr(
            tempfile, "TemporaryDirectory", lambda **_: contextlib.nullcontext(next(folders))
        )
        with pytest.raises(StorageError, match="disk full"):
            run(network, stimulus, "cpp_standalone", state=weights, program=program)


def test_a_result_says_in_short_what_it_holds(network, stimulus, weights):
    result = run(network, stimulus, state=weights)
    text, page = repr(result), result._repr_html_()
    assert len(text) < 2000
    for part in (f"n_done={result.n_done}", f"n_spikes={result.counts.sum()}", "engine=numpy"):
        assert part in text
    for name, values in result.state.items():
        assert f"{name} {values.shape}" in text
        assert f">{name}</td>" in page
    with pytest.raises(AttributeError, match="did you mean 'counts'"):
        _ = result.count


class TestArguments:
    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"start": 5, "stop": 2}, "start, stop: must lie within the 12 samples"),
            ({"stop": 20}, "start, stop: must lie within the 12 samples"),
            ({"start": -2}, "start, stop: must lie within the 12 samples"),
            ({"record": "spike"}, "record: must be 'counts', .* or a mapping .*, got 'spike'"),
            ({"record": {"excitatory.v": "ends"}}, r"record\['excitatory.v'\]: must be a sequence"),
            ({"seed": -1}, "seed: must be a whole number >= 0 or a SeedSequence, got -1"),
            ({"seed": "a"}, "seed: must be a whole number"),
        ],
    )
    def test_of_a_run(self, network, stimulus, changed, said):
        with pytest.raises(ParameterError, match=said):
            engine.run(network, stimulus, **{"seed": 0, "engine": "numpy"} | changed)

    def test_a_presentation_keeps_counts_or_spikes(self, network, stimulus):
        with pytest.raises(
            ParameterError, match="record: must be 'counts', 'spikes' or a mapping where"
        ):
            engine.present(network.frozen(), stimulus, seed=0, engine="numpy", record="nothing")
