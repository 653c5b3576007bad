"""The cache of programs: what needs a build and what does not, and what a failed build leaves.

The compiler is a script here, which takes no time and counts its calls.
"""

import os
import re
import resource
import shutil
import threading
import time
import warnings
from pathlib import Path

import brian2
import numpy
import pytest
import sympy
from brian2 import ms, mV

from bioplastic import engine
from bioplastic.engine import cache, engines
from bioplastic.engine.engines import resolve_engine
from bioplastic.engine.standalone_program import compile_unit
from bioplastic.errors import BuildError, StorageError
from bioplastic.models import DiehlCookExcitatory, DiehlCookSTDP, PairSTDP, Schedule
from bioplastic.models.declaration import key_of
from bioplastic.networks import diehl_cook_network

pytestmark = pytest.mark.usefixtures("tmp_cache")

PLAIN = {
    "n_features": 5,
    "n_neurons": 3,
    "rule": DiehlCookSTDP(),
    "norm": 1.0,
    "schedule": Schedule(presentation=10 * ms, rest=5 * ms),
}


def declare(**changes):
    return diehl_cook_network(**PLAIN | changes)


def build(**changes):
    return engine.open_program(declare(**changes), engine="cpp_standalone")


def programs():
    return sorted(p.name for p in cache.programs_dir().iterdir() if p.is_dir())


@pytest.fixture
def compiler(fake_compiler):
    return fake_compiler()


class TestWhatNeedsABuild:
    def test_the_second_opening_does_not(self, compiler):
        first, second = build(), build()
        assert compiler.n_calls == 1
        assert first.build_seconds > 0
        assert second.build_seconds == 0.0
        assert first.sizes == second.sizes

    def test_changed_parameters_do_not(self, compiler):
        build()
        for changes in (
            {"rule": DiehlCookSTDP(eta_plus=0.5, tau_plus=3 * ms)},
            {"norm": 2.0},
            {"inhibition": 1.0, "excitation": 2.0},
            {"excitatory": DiehlCookExcitatory(theta_plus=1 * mV, theta_initial=5 * mV)},
            {"schedule": Schedule(presentation=12 * ms, rest=3 * ms, min_spikes=0)},
            {"schedule": Schedule(presentation=10 * ms, rest=60 * ms)},
        ):
            assert build(**changes).build_seconds == 0.0, changes
        assert compiler.n_calls == 1

    def test_other_sizes_do_not(self, compiler):
        first = build()
        for changes in ({"n_neurons": 4}, {"n_features": 6}, {"n_neurons": 1, "n_features": 1}):
            other, size = build(**changes), PLAIN | changes
            assert other.build_seconds == 0.0, changes
            assert other.sizes["input_to_excitatory.w"] == size["n_features"] * size["n_neurons"]
            assert other.sizes["excitatory.v"] == size["n_neurons"]
        assert first.sizes["input_to_excitatory.w"] == 15
        assert compiler.n_calls == len(programs()) == 1

    def test_nor_does_another_number_of_lanes_beyond_one(self, compiler):
        network = declare().frozen()
        for lanes, n_calls in ((1, 1), (2, 2), (5, 2), (1, 2)):
            engine.open_program(network, engine="cpp_standalone", lanes=lanes)
            assert compiler.n_calls == n_calls, lanes
        assert len(programs()) == 2

    def test_changed_equations_do(self, compiler):
        build()
        assert build(rule=PairSTDP()).build_seconds > 0
        assert compiler.n_calls == 2
        assert len(programs()) == 2

    def test_whatever_changes_the_source_has_a_key_of_its_own(self):
        changes = (
            {},
            {"rule": PairSTDP()},
            {"rule": DiehlCookSTDP(on_pre="w = w - eta_minus*o1_post")},
            {"rule": DiehlCookSTDP(on_post_trace="o1 += 1; o2 = 1")},
            {"rule": DiehlCookSTDP(at_slot_start_pre="")},
            {"rule": DiehlCookSTDP(post_traces=str(DiehlCookSTDP().post_traces) + "spare : 1")},
            {"rule": None},
            {"pooled_inhibition": False},
            {"schedule": Schedule(presentation=10 * ms, rest=5 * ms, dt=1 * ms)},
            {"excitatory": DiehlCookExcitatory(threshold="v > v_threshold")},
            {"excitatory": DiehlCookExcitatory(reset="v = v_reset")},
            {"excitatory": DiehlCookExcitatory(at_slot_start="v = v_rest")},
            {"excitatory": DiehlCookExcitatory(method="exponential_euler")},
            {"excitatory": DiehlCookExcitatory(constants={"spare": 1.0})},
            {"excitatory": DiehlCookExcitatory(constants={"spare": 1.0 * mV})},
        )
        assert len({key_of(declare(**c)) for c in changes}) == len(changes)

    def test_lengths_of_slots_are_read_by_a_run(self):
        lengths = ({}, {"presentation": 20 * ms}, {"rest": 0 * ms}, {"max_repeats": 1})
        schedules = (Schedule(**{"presentation": 10 * ms, "rest": 6 * ms} | c) for c in lengths)
        assert len({key_of(declare(schedule=s)) for s in schedules}) == 1

    def test_so_are_sizes(self):
        sizes = ({}, {"n_neurons": 4}, {"n_features": 6}, {"n_neurons": 1})
        assert len({key_of(declare(**s)) for s in sizes}) == 1

    def test_another_compiler_does(self, compiler, tmp_path, monkeypatch):
        build()
        other = tmp_path / "other-c++"
        other.write_text(compiler.path.read_text().replace("compiler 1.0", "compiler 2.0"))
        other.chmod(0o755)
        monkeypatch.setenv("CXX", str(other))
        build()
        assert compiler.n_calls == 2

    @pytest.mark.parametrize("package", [brian2, numpy, sympy])
    def test_another_version_of_a_package_does(self, compiler, monkeypatch, package):
        build()
        monkeypatch.setattr(package, "__version__", "0.0")
        build()
        assert compiler.n_calls == 2

    def test_so_does_every_changed_file_of_the_engine_and_of_the_models(
        self, tmp_path, monkeypatch
    ):
        package = tmp_path / "package"
        for room in ("engine", "models"):
            source = Path(cache.__file__).parent.parent / room
            shutil.copytree(
                source, package / room, ignore=shutil.ignore_patterns("__pycache__", "*.py[co]")
            )
        monkeypatch.setattr(cache, "__file__", str(package / "engine" / "cache.py"))
        anew = cache._of_our_files.__wrapped__  # as in a new process
        monkeypatch.setattr(cache, "_of_our_files", anew)
        keys = {cache.fingerprint("a")}
        files = [p for p in package.rglob("*") if p.is_file()]
        assert len(files) > 20
        for n, path in enumerate(files, start=1):
            path.write_text(path.read_text() + "\n")
            keys.add(cache.fingerprint("a"))
            assert len(keys) == n + 1, path.name

    def test_parts_of_a_key_are_not_run_together(self):
        assert cache.fingerprint("ab", "c") != cache.fingerprint("a", "bc")
        assert cache.fingerprint("ab", "c") == cache.fingerprint("ab", "c")


def small(folder):
    """A build that takes no time."""
    (folder / "main").write_text("program")
    (folder / cache.MANIFEST).write_text("{}")


class TestDamage:
    @pytest.mark.parametrize(
        "damage",
        [
            lambda folder: (folder / "main").write_bytes((folder / "main").read_bytes()[:-1]),
            lambda folder: (folder / "main").unlink(),
            lambda folder: (folder / cache.MANIFEST).unlink(),
            lambda folder: (folder / cache.MANIFEST).write_text('{"layout": '),
            lambda folder: (folder / cache.MANIFEST).write_text("{}"),
            lambda folder: (folder / cache.MANIFEST).write_text("[]"),
        ],
        ids=["truncated", "no program", "no manifest", "half a manifest", "empty", "a list"],
    )
    def test_a_damaged_program_is_built_again(self, damage):
        folder, *_ = cache.get_or_build("key", small)
        damage(folder)
        again, _, seconds = cache.get_or_build("key", small)
        assert again == folder
        assert seconds > 0
        assert programs() == ["key"]
        assert (folder / "main").read_text() == "program"
        assert cache.get_or_build("key", small)[::2] == (folder, 0.0)

    def test_so_is_a_truncated_program_of_a_network(self, compiler):
        build()
        (name,) = programs()
        program = cache.programs_dir() / name / "main"
        program.write_bytes(program.read_bytes()[:-1])
        build()
        assert compiler.n_calls == 2
        assert program.read_text() == "program\n"

    def test_an_interrupted_build_leaves_nothing_and_the_next_succeeds(self, compiler, monkeypatch):
        def pressed(*_):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("bioplastic.engine.standalone_program.compile_unit", pressed)
            with pytest.raises(KeyboardInterrupt):
                build()
        assert programs() == []
        build()
        assert len(programs()) == 1


class TestStorage:
    def test_a_cache_that_cannot_be_written(self, compiler, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("in the way")
        monkeypatch.setenv("BIOPLASTIC_CACHE", str(tmp_path / "file" / "cache"))
        with pytest.raises(StorageError, match="cannot keep.*set BIOPLASTIC_CACHE"):
            build()

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_cache_without_the_right_to_write(self, compiler, tmp_cache):
        tmp_cache.chmod(0o555)
        try:
            with pytest.raises(StorageError, match="set BIOPLASTIC_CACHE"):
                build()
        finally:
            tmp_cache.chmod(0o755)

    def test_a_full_disk(self, compiler):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))  # write() fails beyond it
        try:
            with pytest.raises(StorageError, match="free some space"):
                build()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert programs() == []

    def test_a_program_in_a_cache_that_can_only_be_read_is_used(self, compiler, monkeypatch):
        build()

        def refused(*_, **__):
            raise PermissionError

        monkeypatch.setattr(os, "utime", refused)
        assert build().build_seconds == 0.0


class TestNoCompiler:
    @pytest.fixture(autouse=True)
    def no_compiler(self, tmp_path, monkeypatch):
        monkeypatch.delenv("CXX", raising=False)
        monkeypatch.setenv("PATH", str(tmp_path))
        engines._warn_slow.cache_clear()

    def test_cpp_says_what_to_install(self):
        with pytest.raises(BuildError, match="apt install g\\+\\+.*engine='numpy'"):
            build()
        assert not cache.programs_dir().exists()

    def test_auto_falls_back_to_numpy_and_says_so_once(self):
        with pytest.warns(RuntimeWarning, match="no C\\+\\+ compiler.*engine='numpy'"):
            assert resolve_engine("auto") == "numpy"
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            program = engine.open_program(declare(), engine="auto")
        assert program.sizes["input_to_excitatory.w"] == 15

    def test_a_compiler_that_cannot_be_run(self, tmp_path, monkeypatch):
        broken = tmp_path / "broken"
        broken.write_bytes(b"\x7fELF but not really")
        broken.chmod(0o755)
        monkeypatch.setenv("CXX", str(broken))
        with pytest.raises(BuildError, match=f"{broken} cannot be run"):
            build()


class TestFailedCompilation:
    def test_it_shows_the_last_lines_and_where_the_sources_lie(self, fake_compiler, tmp_path):
        compiler = fake_compiler("for i in $(seq 50); do echo line $i >&2; done; exit 3")
        with pytest.raises(BuildError) as caught:
            build()
        said = str(caught.value)
        assert f"{compiler.path} failed with code 3" in said
        assert "line 50\n" in said
        assert "line 31\n" in said
        assert "line 30\n" not in said
        (kept,) = (tmp_path / "kept").iterdir()
        assert str(kept) in said
        # the command that is shown can be typed there
        command = said.rpartition("run there:")[2]
        assert "-std=c++17 " in command
        assert "-I. unit.cpp" in command
        headers = re.findall(r'#include "(.*)"', (kept / "unit.cpp").read_text())
        assert headers
        assert all((kept / header).exists() for header in headers)

    def test_the_command_it_shows_is_quoted(self, tmp_path, monkeypatch):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        sources = tmp_path / "sources"
        sources.mkdir()
        with pytest.raises(BuildError, match="run there: false 'two words'$"):
            compile_unit(sources, [["false", "two words"]])

    def test_nothing_half_written_stays_in_the_cache(self, fake_compiler):
        fake_compiler("echo half > main; exit 1")
        for _ in range(2):
            with pytest.raises(BuildError):
                build()
        assert programs() == []
        fake_compiler()
        assert build().build_seconds > 0
        assert len(programs()) == 1

    def test_a_compiler_without_march_native_is_asked_again(self, fake_compiler):
        compiler = fake_compiler(
            'case "$*" in *-march=native*)\n'
            "  echo 'error: unknown argument -march=native' >&2; exit 1;;\n"
            "esac\n"
            "echo program > main"
        )
        build()
        assert compiler.n_calls == 2
        assert len(programs()) == 1

    def test_a_compiler_that_leaves_no_program(self, fake_compiler):
        fake_compiler("exit 0")
        with pytest.raises((BuildError, StorageError)):
            build()
        assert programs() == []


#: A program that ends at once, and all is well.
IDLE = "printf '#!/bin/sh\\n' > main; chmod +x main"


class TestRunning:
    """What happens to a program between two chunks of a long run."""

    @pytest.fixture
    def compiler(self, fake_compiler):
        return fake_compiler(IDLE)

    @pytest.fixture
    def run(self, tmp_path):
        return lambda program: program._call(tmp_path, [], lambda row: None, lambda: False)

    def test_a_run_counts_as_use(self, compiler, run):
        program = build()
        os.utime(program.folder, (1000, 1000))
        run(program)
        assert time.time() - program.folder.stat().st_mtime < 60
        assert compiler.n_calls == 1

    @pytest.mark.parametrize(
        "lose",
        [shutil.rmtree, lambda f: (f / "main").unlink(), lambda f: (f / "main").write_text("")],
        ids=["all", "the program", "half of it"],
    )
    def test_what_the_cache_has_lost_is_built_again(self, compiler, run, lose):
        program = build()
        lose(program.folder)
        assert run(program) > 0
        assert compiler.n_calls == 2
        assert run(program) == 0.0

    def test_so_is_what_vanishes_when_it_is_about_to_start(self, compiler, run, monkeypatch):
        program, found = build(), []

        def vanishing():
            found.append(of_cache())
            if len(found) == 1:
                shutil.rmtree(found[0][0])
            return found[-1]

        of_cache = program._of_cache
        monkeypatch.setattr(program, "_of_cache", vanishing)
        run(program)
        assert compiler.n_calls == 2

    def test_a_program_that_may_not_be_run(self, compiler, run):
        program = build()
        (program.folder / "main").chmod(0o644)
        with pytest.raises(StorageError, match=r"cannot be run.*set BIOPLASTIC_CACHE"):
            run(program)


def age(key, seconds=1e6):
    then = time.time() - seconds
    os.utime(cache.programs_dir() / key, (then, then))


class TestSharing:
    def test_two_at_once_build_once(self):
        calls, folders = [], []

        def slow(folder):
            calls.append(folder)
            time.sleep(0.2)
            small(folder)

        threads = [
            threading.Thread(target=lambda: folders.append(cache.get_or_build("key", slow)[0]))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(calls) == 1
        assert set(folders) == {cache.programs_dir() / "key"}

    def test_the_least_recently_used_go_first(self, monkeypatch):
        monkeypatch.setattr(cache, "MAX_PROGRAMS", 3)
        for k, key in enumerate("abc"):
            folder, *_ = cache.get_or_build(key, small)
            os.utime(folder, (1000 + k, 1000 + k))
        cache.get_or_build("a", small)  # used again
        cache.get_or_build("d", small)
        assert programs() == ["a", "c", "d"]
        n_programs, n_bytes = cache.usage()
        assert n_programs == 3
        assert n_bytes >= 3 * len("program")
        cache.clear()
        assert cache.usage() == (0, 0)

    def test_what_a_killed_build_left_is_swept_after_a_day(self, compiler):
        cache.programs_dir().mkdir(parents=True)
        fresh, stale = (cache.programs_dir() / f"building-{name}" for name in ("now", "then"))
        for folder in (fresh, stale):
            folder.mkdir()
        day_before = time.time() - 2 * 86400
        os.utime(stale, (day_before, day_before))
        build()
        assert fresh.exists()
        assert not stale.exists()

    def test_what_was_in_use_within_the_hour_is_kept(self, monkeypatch):
        monkeypatch.setattr(cache, "MAX_PROGRAMS", 1)
        for key in "ab":
            cache.get_or_build(key, small)
        age("a", 3000)
        cache.get_or_build("c", small)
        assert programs() == ["a", "b", "c"]
        age("a", 4000)
        cache.get_or_build("d", small)
        assert programs() == ["b", "c", "d"]

    def test_what_vanishes_during_a_sweep_is_no_error(self, monkeypatch):
        is_dir = Path.is_dir

        def vanishing(path):
            answer = is_dir(path)
            if path.name == "ghost":
                path.rmdir()
            return answer

        cache.programs_dir().mkdir(parents=True)
        (cache.programs_dir() / "ghost").mkdir()
        monkeypatch.setattr(Path, "is_dir", vanishing)
        folder, *_ = cache.get_or_build("key", small)
        assert (folder / "main").exists()
        assert programs() == ["key"]

    def test_a_cache_that_vanishes_during_a_sweep_is_none_either(self, monkeypatch):
        sweep = cache._sweep

        def late():
            shutil.rmtree(cache.programs_dir())
            sweep()

        monkeypatch.setattr(cache, "_sweep", late)
        assert cache.get_or_build("key", small)[2] > 0
        assert cache.usage() == (0, 0)

    def test_a_lock_outlives_its_program(self, monkeypatch):
        monkeypatch.setattr(cache, "MAX_PROGRAMS", 0)
        cache.get_or_build("a", small)
        lock = cache.programs_dir() / "a.lock"
        number = lock.stat().st_ino
        age("a")
        cache.get_or_build("b", small)
        assert programs() == ["b"]
        cache.clear()
        assert programs() == []
        assert lock.stat().st_ino == number

    def test_what_is_being_built_again_is_not_swept(self, monkeypatch):
        monkeypatch.setattr(cache, "MAX_PROGRAMS", 0)
        cache.get_or_build("a", small)
        age("a")
        with cache._lock("a"):
            cache.get_or_build("b", small)
            assert programs() == ["a", "b"]

    def test_a_build_survives_that_the_cache_is_cleared_meanwhile(self):
        def cleared(folder):
            small(folder)
            cache.clear()

        folder, *_ = cache.get_or_build("key", cleared)
        assert (folder / "main").exists()

    def test_what_is_being_built_is_no_program_yet(self):
        found = []

        def asking(folder):
            small(folder)
            found.append(cache.usage())

        cache.get_or_build("key", asking)
        assert found == [(0, 0)]
