"""One program learns and answers: what is built together, and what each finds of it."""

import dataclasses
import json
import os
import re
import shutil

import numpy as np
import pytest
from brian2 import Hz, ms
from sklearn.base import clone

from bioplastic import SpikeTrains, engine
from bioplastic.engine import cache, engines, standalone_program
from bioplastic.engine.engines import unregister
from bioplastic.engine.plan import plan_of
from bioplastic.engine.standalone import slot_device
from bioplastic.engine.standalone_program import generate
from bioplastic.models import Adam, PairSTDP, Schedule
from bioplastic.networks import (
    DiehlCookClassifier,
    EPropClassifier,
    LiquidStateMachine,
    RewardSTDPClassifier,
    eprop_network,
)

needs_compiler = pytest.mark.skipif(
    bool(engines.find_engine("cpp_standalone").trouble()), reason="needs a C++ compiler"
)


def of_eprop(learning):
    schedule = Schedule(
        presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0, max_repeats=0, batch_size=2
    )
    sizes = {"n_inputs": 4, "n_lif": 3, "n_alif": 3, "n_outputs": 2}
    return eprop_network(**sizes, optimizer=Adam(), schedule=schedule, learning=learning)


def open_(network, **options):
    return engine.open_program(network, engine="cpp_standalone", **options)


def programs():
    return [p for p in cache.programs_dir().iterdir() if p.is_dir()]


@pytest.fixture
def compiler(tmp_cache, fake_compiler):
    return fake_compiler()


class TestBuilding:
    def test_who_answers_is_built_with_who_learns(self, compiler, network):
        learns, answers = open_(network, answers=network.frozen()), open_(network.frozen())
        assert compiler.n_calls == 1
        assert learns.build_seconds > 0
        assert answers.build_seconds == 0.0
        assert "input_to_excitatory.w" in answers.sizes
        assert {"excitatory.o1", "excitatory.theta"} <= learns.sizes.keys()
        assert "excitatory.o1" not in answers.sizes

    def test_so_is_one_with_other_projections(self, compiler):
        learns, answers = open_(of_eprop(True), answers=of_eprop(False)), open_(of_eprop(False))
        assert compiler.n_calls == 1
        assert answers.sizes.keys() < learns.sizes.keys()
        assert "error_to_lif.w" in learns.sizes.keys() - answers.sizes.keys()

    def test_each_is_built_alone_where_nobody_asks_for_both(self, compiler, network):
        open_(network)
        assert len(programs()) == 1
        assert open_(network.frozen()).build_seconds > 0
        assert compiler.n_calls == 2

    def test_with_the_same_network_there_is_one(self, compiler, network):
        open_(network, answers=network)
        assert compiler.n_calls == len(programs()) == 1

    def test_samples_side_by_side_have_a_program_of_their_own(self, compiler, network):
        open_(network, lanes=2, answers=network.frozen())
        assert len(programs()) == 1
        assert open_(network.frozen()).build_seconds > 0

    def test_functions_of_the_same_text_stand_once(self, tmp_path):
        texts = {}
        for name, networks in {
            "learns": (of_eprop(True), None),
            "answers": (of_eprop(False), None),
            "both": (of_eprop(True), of_eprop(False)),
        }.items():
            folder = tmp_path / name
            folder.mkdir()
            first, answers = networks
            generate(first, folder, slot_device, superpose=True, answers=answers)
            text = (folder / "unit.cpp").read_text()
            texts[name] = re.findall(r"static _HOT void _run_\d+(\(.*?\n\})\n\}", text, re.DOTALL)
        assert len(set(texts["both"])) == len(texts["both"])
        assert set(texts["both"]) == set(texts["learns"]) | set(texts["answers"])
        assert set(texts["learns"]) & set(texts["answers"])

    def test_what_is_written_of_the_first_does_not_depend_on_the_second(self, tmp_path):
        manifests, units = [], []
        for k, answers in enumerate((None, of_eprop(False))):
            folder = tmp_path / str(k)
            folder.mkdir()
            generate(of_eprop(True), folder, slot_device, superpose=True, answers=answers)
            manifests.append(json.loads((folder / cache.MANIFEST).read_text()))
            units.append((folder / "unit.cpp").read_text().split("namespace _part_")[1])
        assert manifests[0] == manifests[1]
        assert units[0].partition("int main")[0] == units[1]

    def test_an_engine_that_cannot_is_asked_as_before(self, network):
        asked = []

        def open_numpy(network, lanes):
            asked.append((network, lanes))
            return engine.open_program(network, engine="numpy", lanes=lanes)

        engine.register(engine.Engine(name="plain", open=open_numpy))
        try:
            engine.open_program(network, engine="plain", answers=network.frozen())
        finally:
            unregister("plain")
        assert [lanes for _, lanes in asked] == [1]
        assert asked[0][0].projections[0].rule is not None


def small(folder):
    (folder / "main").write_text("program")
    for name, k in zip(cache.MANIFESTS, (1, 2), strict=True):
        (folder / name).write_text(json.dumps({"number": k}))


@pytest.mark.usefixtures("tmp_cache")
class TestCache:
    def found(self, key):
        folder, manifest, seconds = cache.get_or_build(key, lambda folder: pytest.fail("builds"))
        assert seconds == 0.0
        return folder, manifest["number"]

    def test_both_are_found_by_their_keys(self):
        folder, manifest, seconds = cache.get_or_build("a", small, "b")
        assert (manifest["number"], seconds > 0) == (1, True)
        assert self.found("a") == (folder, 1)
        other, number = self.found("b")
        assert number == 2
        assert other != folder
        assert (other / "main").read_text() == "program"

    def test_they_take_the_room_of_one(self):
        cache.get_or_build("a", small)
        _, one = cache.usage()
        cache.clear()
        cache.get_or_build("a", small, "b")
        n_programs, both = cache.usage()
        assert n_programs == 2
        assert both < one + 200  # a manifest more
        big = (cache.programs_dir() / "a" / "main").stat()
        assert big.st_ino == (cache.programs_dir() / "b" / "main").stat().st_ino

    def test_a_disk_without_links_has_copies(self, monkeypatch):
        def refuse(*_):
            raise OSError("no links here")

        monkeypatch.setattr(os, "link", refuse)
        cache.get_or_build("a", small, "b")
        assert self.found("b")[1] == 2

    @pytest.mark.parametrize(("lost", "left"), [("a", "b"), ("b", "a")])
    def test_each_outlives_the_other(self, lost, left):
        cache.get_or_build("a", small, "b")
        shutil.rmtree(cache.programs_dir() / lost)
        folder, _ = self.found(left)
        assert (folder / "main").read_text() == "program"

    def test_what_was_there_before_stays(self):
        def before(folder):
            (folder / "main").write_text("earlier")
            (folder / cache.MANIFEST).write_text('{"number": 3}')

        cache.get_or_build("b", before)
        cache.get_or_build("a", small, "b")
        folder, number = self.found("b")
        assert ((folder / "main").read_text(), number) == ("earlier", 3)

    def test_what_was_damaged_does_not(self):
        cache.get_or_build("b", small)
        (cache.programs_dir() / "b" / "main").unlink()
        cache.get_or_build("a", small, "b")
        assert self.found("b")[1] == 2

    def test_what_somebody_is_building_is_left_to_him(self):
        with cache._lock("b"):
            cache.get_or_build("a", small, "b")
        assert self.found("a")[1] == 1
        assert not (cache.programs_dir() / "b").exists()

    def test_clearing_removes_both(self):
        cache.get_or_build("a", small, "b")
        cache.clear()
        assert programs() == []


def samples(n=8, n_channels=5):
    rng = np.random.default_rng(0)
    each = 40
    times = np.sort(rng.uniform(0.0, 0.05, (n, each)), axis=1).ravel()
    units = rng.integers(0, n_channels, n * each)
    offsets = np.arange(n + 1) * each
    return SpikeTrains(times, units, offsets, n_units=n_channels, duration=0.05)


X, y = samples(), np.arange(8) % 2
QUICK = {"engine": "cpp_standalone", "random_state": 0}
ESTIMATORS = {
    "DiehlCookClassifier": (
        DiehlCookClassifier(
            4,
            n_epochs=1,
            dt=1 * ms,
            norm=20.0,
            rate_max=64 * Hz,
            inhibition=17.0,
            min_spikes=0,
            **QUICK,
        ),
        "transform",
    ),
    "RewardSTDPClassifier": (RewardSTDPClassifier(2, dt=1 * ms, **QUICK), "decision_function"),
    "EPropClassifier": (EPropClassifier(3, 3, n_epochs=2, **QUICK), "predict_proba"),
    "LiquidStateMachine": (
        LiquidStateMachine(20, plasticity=PairSTDP(), liquid="random", **QUICK),
        "transform",
    ),
}
FIRST = next(iter(ESTIMATORS))


class TestEstimators:
    @pytest.mark.parametrize(("model", "answer"), ESTIMATORS.values(), ids=ESTIMATORS)
    def test_a_training_opens_what_answers_later(self, model, answer):
        both, alone = [], []

        def open_(network, lanes=1):
            alone.append(network)
            return engine.open_program(network, engine="numpy", lanes=lanes)

        def open_both(network, answers):
            both.append((network, answers))
            return engine.open_program(network, engine="numpy")

        engine.register(engine.Engine(name="both", open=open_, open_both=open_both))
        try:
            fitted = clone(model).set_params(engine="both").fit(X, y)
            getattr(fitted, answer)(X)
        finally:
            unregister("both")
        ((learns, answers),) = both
        assert any(p.rule is not None for p in learns.projections)
        assert alone
        assert {plan_of(network).key for network in alone} == {plan_of(answers).key}

    @needs_compiler
    @pytest.mark.parametrize(
        ("model", "answer"),
        [
            pytest.param(*each, id=name, marks=() if name == FIRST else pytest.mark.slow)
            for name, each in ESTIMATORS.items()
        ],
    )
    def test_one_build_is_enough_and_changes_no_bit(self, model, answer, tmp_cache, monkeypatch):
        compiled, compile_unit = [], standalone_program.compile_unit

        def counted(*arguments):
            compiled.append(arguments)
            return compile_unit(*arguments)

        monkeypatch.setattr(standalone_program, "compile_unit", counted)
        fitted = clone(model).fit(X, y)
        together = getattr(fitted, answer)(X)
        assert len(compiled) == 1
        built = fitted.timings_["build"]
        assert built > 0
        again = clone(model).fit(X, y)
        getattr(again, answer)(X)
        assert again.timings_["build"] == 0.0
        assert len(compiled) == 1

        alone = dataclasses.replace(engines.find_engine("cpp_standalone"), open_both=None)
        monkeypatch.setitem(engines._engines, "cpp_standalone", alone)
        cache.clear()
        apart = clone(model).fit(X, y)
        answers = getattr(apart, answer)(X)
        assert len(compiled) == 3
        if isinstance(together, SpikeTrains):
            assert together == answers
            assert len(together.times)
        else:
            np.testing.assert_array_equal(together, answers)
            assert np.ptp(together) > 0

    @pytest.mark.parametrize(("model", "answer"), ESTIMATORS.values(), ids=ESTIMATORS)
    def test_time_counts_all_builds_that_were_waited_for(self, model, answer):
        opened = []

        class Slow:
            """NumPy's program, of which opening took a second, and each chunk a quarter."""

            def __init__(self, network, lanes):
                self._program = engine.open_program(network, engine="numpy", lanes=lanes)
                self.build_seconds, self.sizes = 1.0, self._program.sizes
                self.n_chunks = 0
                opened.append(self)

            def run(self, chunk, **options):
                self.n_chunks += 1
                done = self._program.run(chunk, **options)
                return dataclasses.replace(done, build_seconds=0.25)

        def waited():
            return len(opened) + 0.25 * sum(program.n_chunks for program in opened)

        engine.register(engine.Engine(name="slow", open=Slow))
        try:
            model = clone(model).set_params(engine="slow").fit(X, y)
            learned = waited()
            assert model.timings_["build"] == pytest.approx(learned)
            getattr(model, answer)(X)
            assert model.timings_["build"] == pytest.approx(waited())
        finally:
            unregister("slow")
        assert waited() > learned >= 1.25
