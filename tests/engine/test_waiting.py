"""Who waits for a program is told that it is compiled, and for how long that usually takes."""

import io
import json
import os
import sys
import time

import numpy as np
import pytest

from bioplastic import engine
from bioplastic.engine import cache
from bioplastic.engine.cache import telling
from bioplastic.engine.engines import unregister

pytestmark = pytest.mark.usefixtures("tmp_cache")


def small(folder):
    (folder / "main").write_text("program")
    (folder / cache.MANIFEST).write_text("{}")


def build(key, kind="c++"):
    cache.get_or_build(key, small, kind=kind)


def took(key, seconds):
    """Let a build have taken so long."""
    path = cache.programs_dir() / key / cache.MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | {"seconds": seconds}))


class Terminal(io.StringIO):
    def isatty(self):
        return True


class TestSaying:
    def test_before_any_build_it_is_a_guess(self, capfd):
        with telling(True):
            build("a")
        assert capfd.readouterr() == ("", "compiling (usually about 3 s)\n")

    def test_then_it_is_the_median_of_the_same_kind(self, capfd):
        for key, seconds in (("a", 2.0), ("b", 7.2), ("c", 60.0)):
            build(key)
            took(key, seconds)
        build("other", kind="cuda")
        took("other", 1000.0)
        with telling(True):
            build("d")
        assert capfd.readouterr().err == "compiling (usually 7 s)\n"

    def test_only_the_programs_last_in_use_count(self, capfd):
        for k in range(12):
            build(f"{k}")
            took(f"{k}", 100.0 if k < 3 else 4.0 + k)  # those of 7 to 15 s are the later ones
            age(f"{k}", 1000 - k)
        with telling(True):
            build("next")
        assert capfd.readouterr().err == "compiling (usually 11 s)\n"

    def test_nothing_where_nobody_asks_or_nothing_is_built(self, capfd):
        build("a")
        with telling(False):
            build("b")
        with telling(True):
            build("b")
            with telling(False):
                build("c")
        build("d")
        assert capfd.readouterr() == ("", "")

    def test_on_a_terminal_the_line_gives_way(self, monkeypatch):
        monkeypatch.setattr(sys, "stderr", terminal := Terminal())
        seen = []

        def look(folder):
            seen.append(terminal.getvalue())
            small(folder)

        with telling(True):
            cache.get_or_build("a", look)
        assert seen == ["\rcompiling (usually about 3 s)"]
        assert terminal.getvalue().endswith("\r")
        assert not terminal.getvalue().split("\r")[-2].strip()
        assert "\n" not in terminal.getvalue()


def age(key, seconds):
    then = time.time() - seconds
    os.utime(cache.programs_dir() / key, (then, then))


class TestRuns:
    @pytest.fixture
    def slow(self):
        """An engine whose programs come from the cache of programs."""
        opened = []

        def open_(network, lanes):
            opened.append(network)
            build(f"{len(opened)}")
            return engine.open_program(network, engine="numpy", lanes=lanes)

        engine.register(engine.Engine(name="slow", open=open_))
        yield "slow"
        unregister("slow")

    @pytest.mark.parametrize("progress", [True, False])
    def test_run_and_present_say_it_before_their_bar(
        self, slow, network, stimulus, weights, capfd, progress
    ):
        show = {"seed": 1, "state": weights, "engine": slow, "progress": progress}
        engine.run(network, stimulus, description="learning", **show)
        engine.present(network.frozen(), stimulus, description="answering", **show)
        said = capfd.readouterr().err
        assert said.count("compiling") == 2 * progress
        words = [w for w in ("learning", "compiling", "answering") if w in said]
        assert words == (["learning", "compiling", "answering"] if progress else [])
        if progress:
            assert said.startswith("compiling (usually about 3 s)\n")
            assert said.index("learning") < said.rindex("compiling") < said.index("answering")

    def test_a_training_says_it(self, slow, capfd):
        from bioplastic.networks import DiehlCook

        X = np.random.default_rng(0).uniform(0.0, 1.0, (3, 4))
        options = {"engine": slow, "min_spikes": 0, "random_state": 0}
        DiehlCook(2, verbose=1, **options).fit(X)
        assert capfd.readouterr().err.startswith("compiling (usually about 3 s)\n")
        DiehlCook(2, **options).fit(X)
        assert capfd.readouterr().err == ""
