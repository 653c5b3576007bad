"""Engines are registered, those of other packages too, and everything follows the register."""

import dataclasses
import importlib
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from brian2 import ms
from typer.testing import CliRunner

from bioplastic import SpikeTrains, engine
from bioplastic.cli import app
from bioplastic.engine.engines import ENGINES, find_engine, resolve_engine, unregister
from bioplastic.engine.plan import plan_of
from bioplastic.engine.program import ChunkResult
from bioplastic.errors import ParameterError, SimulationError
from bioplastic.models import LIF, Network, Population, Projection, Schedule, SpikeInput
from bioplastic.networks import DiehlCook, EPropClassifier, LiquidStateMachine

OURS = ("auto", "numpy", "cython", "cpp_standalone", "cuda_standalone")
N = 3
WORDS = SpikeTrains(
    [0.002, 0.004, 0.004, 0.001, 0.003], [0, 1, 2, 2, 0], [0, 3, 5], n_units=N, duration=0.006
)
WIRE = Network(
    populations=(
        Population(name="input", n=N, neuron=SpikeInput()),
        Population(name="output", n=N, neuron=LIF()),
    ),
    projections=(
        Projection(
            pre="input", post="output", wiring="one_to_one", on_pre="v_post += w*mV", weight=1.0
        ),
    ),
    watch="output",
    schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
)


class Wire:
    """A program of its own: outputs spike when their inputs do, and nothing else happens."""

    build_seconds = 0.0

    def __init__(self, network, lanes):
        self.sizes = dict.fromkeys([*plan_of(network).values, "schedule.cursor"], 1)

    def run(self, chunk, *, report, stop):
        n_rows, spikes = len(chunk.keys), chunk.samples["input"]
        report(n_rows)
        n_spikes = np.diff(spikes["offsets"])
        return ChunkResult(
            state={"schedule.cursor": np.array([float(n_rows)])},
            times=spikes["steps"] * 1e-3,
            units=spikes["units"],
            offsets=spikes["offsets"],
            log=np.stack([np.arange(n_rows), np.zeros(n_rows), n_spikes], axis=1),
            seconds=0.0,
        )


class Wrapped:
    """The program of the engine numpy, which notes how it was opened."""

    opened: list[int]

    def __init__(self, network, lanes):
        self.opened.append(lanes)
        self.program = engine.open_program(network, engine="numpy", lanes=lanes)
        self.build_seconds, self.sizes = self.program.build_seconds, self.program.sizes
        self.n_rows = self.program.n_rows

    def run(self, chunk, *, report, stop):
        return self.program.run(chunk, report=report, stop=stop)


@pytest.fixture
def toy():
    """``toy(**fields)`` registers an engine of that name; it is forgotten afterwards."""
    Wrapped.opened = []

    def make(**fields):
        engine.register(engine.Engine(**{"name": "toy", "open": Wrapped} | fields))

    yield make
    if "toy" in ENGINES:
        unregister("toy")
    assert tuple(ENGINES) == OURS


class TestRegister:
    def test_the_names_follow(self, toy):
        names = ENGINES
        assert repr(names) == repr(OURS)
        toy()
        assert tuple(names) == (*OURS, "toy")
        assert (names[1], names[-1], len(names)) == ("numpy", "toy", 6)
        assert resolve_engine("toy") == "toy"
        unregister("toy")
        assert "toy" not in names

    def test_a_name_is_given_once(self, toy):
        toy()
        with pytest.raises(ParameterError, match="Engine.name: .*got 'toy'; .*unregister"):
            toy()
        for name in OURS:
            with pytest.raises(ParameterError, match=f"differ from auto, numpy.*got '{name}'"):
                toy(name=name)

    def test_an_engine_that_is_registered_stays_as_it_is(self):
        """A module that is read again, as by a reload, does no harm."""
        importlib.reload(engine)
        assert tuple(ENGINES) == OURS

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"name": "my engine"}, r"Engine\.name: must be letters.*got 'my engine'"),
            ({"name": None}, r"Engine\.name: must be letters.*got None"),
            ({"batches": True}, r"Engine\.lanes: must be True .*got False .*batches=True"),
            ({"n_busy": 8}, r"Engine\.lanes: must be True .*got False with n_busy=8"),
        ],
    )
    def test_what_is_no_engine(self, toy, fields, said):
        with pytest.raises(ParameterError, match=said):
            toy(**fields)

    def test_what_is_none_at_all(self):
        with pytest.raises(ParameterError, match="engine: must be an Engine, got 'numpy'"):
            engine.register("numpy")

    def test_unknown_names(self, toy):
        toy()
        with pytest.raises(ParameterError, match="auto, .*, toy, got 'tiny'; .*engine.register"):
            engine.run(WIRE, engine.SpikeStimulus(trains=WORDS), seed=0, engine="tiny")
        with pytest.raises(ParameterError, match="name: must be one of numpy, .*got 'tiny'"):
            unregister("tiny")


class Careless(Wire):
    """A program that hands back something else than it should."""

    changes = None

    def run(self, chunk, *, report, stop):
        found = super().run(chunk, report=report, stop=stop)
        return dataclasses.replace(found, **self.changes) if self.changes else None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "a NoneType in place of a ChunkResult"),
        ({"state": {}}, r"lacks, .* schedule\.cursor"),
        ({"state": {"schedule.cursor": np.ones(1), "b.v": np.ones(1)}}, r"beside .* b\.v"),
        ({"state": {"schedule.cursor": np.ones(2)}}, r"another number of values of schedule"),
        ({"log": np.zeros((1, 3))}, r"a log of shape \(1, 3\) for 2 slots"),
        ({"state": {"schedule.cursor": np.zeros(1)}}, "without some of .*, 0 by schedule.cursor"),
        ({"state": {"schedule.cursor": np.full(1, 9.0)}}, r"schedule\.cursor 9\.0 for 2 samples"),
        ({"state": {"schedule.cursor": np.full(1, 1.5)}}, r"schedule\.cursor 1\.5 for 2 samples"),
        ({"log": np.zeros((2, 3))}, "a log without some of the samples that are done, 2"),
    ],
)
def test_what_an_engine_hands_back_is_checked(toy, monkeypatch, changes, said):
    monkeypatch.setattr(Careless, "changes", changes)
    toy(open=Careless)
    with pytest.raises(SimulationError, match=f"engine 'toy' has handed back .*{said}"):
        engine.run(WIRE, engine.SpikeStimulus(trains=WORDS), seed=0, engine="toy")


class TestAuto:
    @pytest.fixture
    def no_compiler(self, tmp_path, monkeypatch):
        monkeypatch.delenv("CXX", raising=False)
        monkeypatch.setenv("PATH", str(tmp_path))

    def test_is_not_what_nobody_marked(self, toy, no_compiler):
        toy()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert resolve_engine("auto") == "numpy"

    def test_is_the_first_that_works(self, toy, no_compiler, monkeypatch, recwarn):
        toy(auto=lambda: "")
        assert resolve_engine("auto") == "toy"
        monkeypatch.setenv("CXX", sys.executable)  # seems to be there
        assert resolve_engine("auto") == "cpp_standalone"
        assert not recwarn

    def test_says_what_each_lacks(self, toy, no_compiler):
        toy(auto=lambda: "no toys found")
        with pytest.warns(RuntimeWarning, match=r"no C\+\+ compiler found; no toys found, .*numpy"):
            assert resolve_engine("auto") == "numpy"


class TestUse:
    def test_a_program_of_its_own(self, toy):
        toy(open=Wire)
        stimulus = engine.SpikeStimulus(trains=WORDS)
        ran = engine.run(WIRE, stimulus, seed=0, engine="toy", record="spikes")
        assert ran.spikes == WORDS
        assert ran.engine["name"] == "toy"
        shown = engine.present(WIRE, stimulus, seed=0, engine="toy", record="spikes")
        assert shown.spikes == WORDS

    def test_in_an_estimator(self, toy):
        toy()
        liquids = [
            LiquidStateMachine(10, liquid="random", engine=name, random_state=0).fit(WORDS)
            for name in ("toy", "numpy")
        ]
        answers = [liquid.transform(WORDS) for liquid in liquids]
        assert answers[0] == answers[1]
        assert Wrapped.opened == [1]
        assert liquids[0].engine_["name"] == "toy"

    def test_threads_share_a_program(self, toy):
        toy(threads=True)
        liquid = LiquidStateMachine(10, liquid="random", engine="toy", n_jobs=2, random_state=0)
        spikes = liquid.fit(WORDS).transform(WORDS)
        assert Wrapped.opened == [1]
        assert spikes == liquid.set_params(n_jobs=1).transform(WORDS)

    def test_lanes_and_batches(self, toy):
        toy(lanes=True, n_busy=100, batches=True)
        X, y = SpikeTrains.concatenate([WORDS] * 3), np.arange(6) % 2
        options = {"n_lif": 12, "n_alif": 8, "n_epochs": 1, "batch_size": 3, "random_state": 0}
        found, alone = (
            EPropClassifier(engine=name, **options).fit(X, y) for name in ("toy", "numpy")
        )
        np.testing.assert_allclose(found.predict_proba(X), alone.predict_proba(X), atol=1e-9)
        n_neurons = sum(p.n for p in found.presentation_of(X).network.populations)
        assert Wrapped.opened == [3, 100 // n_neurons]

    def test_without_lanes(self, toy):
        toy()
        stimulus = engine.SpikeStimulus(trains=WORDS)
        said = r"lanes: must be 1 on engine 'toy', .*got 2; .*numpy, cython, cpp_standalone"
        with pytest.raises(ParameterError, match=said):
            engine.run(WIRE, stimulus, seed=0, engine="toy", lanes=2)
        with pytest.raises(ParameterError, match="batch_size must be 1"):
            DiehlCook(4, engine="toy", batch_size=2, min_spikes=0).fit(np.ones((2, 4)))


class TestCommandLine:
    @pytest.mark.parametrize(
        ("trouble", "line"),
        [
            ("", "toy              works  plays"),
            ("no toys: buy some", "toy              no     no"),
        ],
    )
    def test_doctor(self, toy, tmp_cache, trouble, line):
        toy(remark="plays", trouble=lambda: trouble)
        assert line in CliRunner().invoke(app, ["doctor"]).output

    def test_entry_points(self, tmp_path, tmp_cache):
        """An installed package is known in every process; one that is broken does no harm."""
        (tmp_path / "toys.py").write_text(
            "from bioplastic import engine\n"
            "from bioplastic.engine.engines import ENGINES\n"
            "TOY = engine.Engine(name='toy', open=print, remark=f'after {len(ENGINES)}')\n"
        )
        told = tmp_path / "toys-1.0.dist-info"
        told.mkdir()
        (told / "METADATA").write_text("Metadata-Version: 2.1\nName: toys\nVersion: 1.0\n")
        (told / "entry_points.txt").write_text(
            "[bioplastic.engines]\nbroken = toys:NOTHING\ntoy = toys:TOY\n"
        )
        code = (
            "import sys\n"
            "from typer.testing import CliRunner\n"
            "from bioplastic.cli import app\n"
            "for command in (['train', '--help'], ['doctor']):\n"
            "    done = CliRunner().invoke(app, command)\n"
            "    print(done.stdout)\n"
            "    print(done.stderr, file=sys.stderr)\n"
        )
        paths = [str(tmp_path), *sys.path]
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}, cwd=tmp_path,
        )  # fmt: skip
        assert "numpy|cython|cpp_standalone|cuda_standalone|broken|toy" in "".join(
            done.stdout.split()
        )
        assert "toy              works  after 5" in done.stdout
        assert "the entry point broken = toys:NOTHING gives no engine" in done.stderr


def test_ours_say_what_they_can_do():
    fields = {name: find_engine(name) for name in OURS[1:]}
    assert [e.auto is not None for e in fields.values()] == [False, False, True, False]
    assert [e.threads for e in fields.values()] == [False, False, True, True]
    assert [e.copies for e in fields.values()] == [True, True, False, False]
    assert all(e.lanes and e.remark for e in fields.values())
