"""What a shell asks, and help: both come without Brian."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args

import pytest

import bioplastic
from bioplastic.cli.options import _fields
from bioplastic.cli.settings import DATA_SETS
from bioplastic.engine.engines import ENGINES
from bioplastic.study import METHODS, PROBLEMS
from bioplastic.study.methods.liquid import READOUTS

ROOT = Path(bioplastic.__file__).parents[1]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def command_line(cache, *arguments, asked=None):
    """Return what the command line prints in a process of its own, which does not load Brian."""
    tell = "import atexit, sys; atexit.register(lambda: print('brian2' in sys.modules))\n"
    environment = os.environ | {
        "BIOPLASTIC_CACHE": str(cache), "PYTHONPATH": str(ROOT), "COLUMNS": "90",
    }  # fmt: skip
    if asked is not None:
        environment |= {
            "_BIOPLASTIC_COMPLETE": "complete_bash",
            "COMP_WORDS": f"bioplastic {asked}",
            "COMP_CWORD": str(len(asked.split(" "))),
        }
    done = subprocess.run(
        [sys.executable, "-c", f"{tell}from bioplastic.cli import main; main()", *arguments],
        capture_output=True, text=True, check=False, env=environment, timeout=120,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    *said, brian = done.stdout.splitlines()
    assert brian == "False"
    return said


def test_commands_and_help_need_no_brian(cache):
    begun = time.perf_counter()
    said = command_line(cache, "--help")
    assert time.perf_counter() - begun < 5  # 0.3 s on an idle machine
    assert any("--install-completion" in line for line in said)
    assert command_line(cache, asked="comp") == ["compare"]
    assert {"--version", "--help"} <= set(command_line(cache, asked="--"))


def test_completion_is_installed_for_the_shell(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    # As Typer's own tests: a test has no shell above it.
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "True")
    said = command_line(cache, "--install-completion", "bash")
    assert any("completion installed" in line for line in said)
    assert "bioplastic" in (tmp_path / ".bashrc").read_text()


def test_options_and_choices_are_completed_without_brian(cache):
    assert {"--neurons", "--norm"} <= set(command_line(cache, asked="train --n"))
    assert command_line(cache, asked="train --liquid ") == ["tonotopic", "random", "maass"]
    assert "cpp_standalone" in command_line(cache, asked="train --engine c")
    assert command_line(cache, asked="train di") == ["digits"]
    assert "--module" in command_line(cache, asked="compare --mod")


def test_names_that_help_knows_without_brian_are_those_of_the_library(run):
    assert {*DATA_SETS} == {*PROBLEMS}
    assert f"{', '.join(METHODS)}; or all" in " ".join(run("compare", "--help").output.split())
    hints = {name: hint.__origin__ for name, hint in _fields().items()}
    assert set(get_args(hints["engine"])) == set(ENGINES)
    assert get_args(hints["readout"]) == (*READOUTS, "spike_times")
