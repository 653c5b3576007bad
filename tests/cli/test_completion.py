"""What a shell asks, and help: both come without Brian once they were noted."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import bioplastic
from bioplastic.cli import remembered
from bioplastic.cli.remembered import help_of, options_of

ROOT = Path(bioplastic.__file__).parents[1]


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def command_line(cache, *arguments, asked=None, loaded=False):
    """Return what the command line prints in a process of its own, which loads Brian or not."""
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
    assert (brian == "True") == loaded, "Brian was loaded" if brian == "True" else "it was not"
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


@pytest.mark.slow
def test_options_are_completed_without_brian_from_the_second_time_on(cache):
    first = command_line(cache, asked="train --n", loaded=True)
    assert {"--neurons", "--norm"} <= set(first)
    assert command_line(cache, asked="train --n") == first
    assert command_line(cache, asked="train --liquid ") == ["tonotopic", "random", "maass"]
    assert "cpp_standalone" in command_line(cache, asked="train --engine c")
    assert command_line(cache, asked="train di") == ["digits"]
    assert "--module" in command_line(cache, asked="compare --mod", loaded=True)


@pytest.mark.slow
def test_help_of_a_command_is_noted(cache):
    first = command_line(cache, "compare", "--help", loaded=True)
    assert any("--module" in line for line in first)
    assert command_line(cache, "compare", "--help") == first
    assert first[0] == "Usage: bioplastic compare [OPTIONS]"


def test_noted_help_is_what_the_command_says(run):
    first = run("evaluate", "--help").output
    assert run("evaluate", "--help").output == first
    assert "Usage: " in first
    assert "Folder that `bioplastic train` made" in first
    # Where --help may be the value of an option, the command itself reads it.
    assert "Usage: " in run("evaluate", "--quiet", "--help").output


@pytest.fixture
def notes(tmp_path, monkeypatch):
    monkeypatch.setenv("BIOPLASTIC_CACHE", str(tmp_path))
    return tmp_path / "command-line"


def test_what_is_noted_is_made_anew_when_the_code_changes(notes, monkeypatch):
    made = []
    write = lambda: made.append(1) or f"help {len(made)}"  # noqa: E731
    assert help_of("x", write) == help_of("x", write) == "help 1"
    monkeypatch.setattr(remembered, "_key", lambda: "another")
    assert help_of("x", write) == "help 2"


def test_damaged_notes_and_a_cache_that_cannot_be_written_cost_nothing_but_time(notes, tmp_path):
    assert help_of("x", lambda: "first") == "first"
    (path,) = notes.iterdir()
    for text in ("", "{", "[]", '{"key": 1}', json.dumps({"key": remembered._key()})):
        path.write_text(text)
        assert help_of("x", lambda: "again") == "again"
    path.unlink()
    notes.rmdir()
    notes.write_text("a file in the way")
    assert help_of("x", lambda: "anyway") == "anyway"


def test_options_are_those_of_the_function(notes):
    from bioplastic.cli.train import train

    noted = options_of("train", lambda: train)
    import inspect

    own = inspect.signature(train, eval_str=True).parameters
    assert set(inspect.signature(noted).parameters) == {
        name for name, p in own.items() if p.kind is not p.VAR_KEYWORD
    }
