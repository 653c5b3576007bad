"""What a script shows that stops with an error, and what it leaves behind."""

import os
import subprocess
import sys

import pytest

OURS = "from bioplastic import SpikeTrains\n"
#: The package imports Brian when it needs it, which here the user has done since.
BETWEEN = "import bioplastic\nimport brian2\n" + OURS
BAD = "SpikeTrains([.2, .1], [0, 1], [0, 2], n_units=2, duration=.5)\n"
BRIANS = "brian2.NeuronGroup(1, 'dv/dt = : 1')\n"
ANNOUNCED = "Brian 2 encountered an unexpected error"


@pytest.fixture
def stop(tmp_path):
    """Run a script; return what it said, and the names of what it left in the temporary folder."""

    def run(script):
        path, folder = tmp_path / "script.py", tmp_path / "temporary"
        path.write_text(script)
        folder.mkdir(exist_ok=True)
        # Brian looks for preferences where it is started.
        done = subprocess.run(
            [sys.executable, path],
            env={**os.environ, "TMPDIR": str(folder)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stderr, sorted(p.name for p in folder.iterdir())

    return run


@pytest.mark.parametrize(
    ("script", "last"),
    [
        (OURS + BAD, "bioplastic.errors.DataError: SpikeTrains.times: must be sorted"),
        ("import brian2\n" + OURS + BAD, "bioplastic.errors.DataError"),
        (OURS + "import brian2\n" + BAD, "bioplastic.errors.DataError"),
        (BETWEEN + "1/0", "ZeroDivisionError"),
        (OURS + "1/0", "ZeroDivisionError"),
        (OURS + "SpikeTrains()", "TypeError"),
    ],
    ids=["ours", "ours after Brian", "ours before Brian", "between", "his own", "a wrong call"],
)
def test_an_error_that_is_not_brians_is_shown_as_python_shows_it(stop, script, last):
    said, left = stop(script)
    assert said.startswith("Traceback (most recent call last):")
    assert said.splitlines()[-1].startswith(last)
    assert ANNOUNCED not in said
    assert left == []


@pytest.mark.parametrize(
    "script",
    ["import brian2\n" + OURS + BRIANS, OURS + "import brian2\n" + BRIANS, BETWEEN + BRIANS,
     "import brian2\n" + OURS + "1/0"],
    ids=["before", "after", "between", "all that is not ours, where he had it first"],
)  # fmt: skip
def test_brian_keeps_its_own_errors_where_the_user_imports_it(stop, script):
    said, left = stop(script)
    assert said.startswith(f"ERROR      {ANNOUNCED}")
    assert any(name.startswith("brian_debug") for name in left)


def test_a_hook_of_the_users_own_is_left_in_place(stop):
    hook = "import sys\nsys.excepthook = lambda kind, *_: print('his', kind, file=sys.stderr)\n"
    for script in (hook + OURS + BAD, OURS + hook + BAD):
        said, left = stop(script)
        assert said == "his <class 'bioplastic.errors.DataError'>\n"
        assert left == []


@pytest.mark.parametrize("imports", [OURS, BETWEEN], ids=["ours", "around Brian"])
def test_warnings_are_shown_as_python_shows_them(stop, imports):
    said, _ = stop(imports + "import warnings; warnings.warn('mind this')")
    assert f"script.py:{imports.count('\n') + 1}: UserWarning: mind this" in said
    assert "[py.warnings]" not in said
