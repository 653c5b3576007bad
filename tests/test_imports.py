"""What is loaded, and when: modules are named here, seconds are in benchmarks/imports.py."""

import importlib
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import bioplastic

PACKAGE = Path(bioplastic.__file__).parent
ROOMS = sorted({path.parent.name for path in PACKAGE.glob("*/__init__.py")} - {"cli"})
LAZY = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.pyi"))
#: What takes long to load, and what of it Brian does not load either.
SLOW = {"brian2", "h5py", "matplotlib", "numpy", "pandas", "scipy", "sklearn"}
NOT_BRIANS = {"h5py", "joblib", "pandas", "scipy.stats", "sklearn", "tqdm"}


def fresh(code, *arguments):
    """Run code in a new interpreter: what it printed, and the modules that it loaded."""
    tell = "import atexit, sys; atexit.register(lambda: print(*sys.modules))\n"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", tell + code, *arguments],
        capture_output=True, text=True, check=False, cwd=PACKAGE.parent, timeout=120,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    *said, modules = done.stdout.splitlines()
    return "\n".join(said), set(modules.split())


class TestRooms:
    def test_the_package_loads_nothing_that_takes_long(self):
        _, loaded = fresh("import bioplastic")
        assert "bioplastic" in loaded
        assert not loaded & SLOW
        assert not loaded & {f"bioplastic.{room}" for room in ROOMS}

    def test_rooms_load_brian_and_nothing_beside(self):
        """Nor do spike trains, models and engines: what only some names need comes with these."""
        rooms = ", ".join(f"bioplastic.{room}" for room in ROOMS)
        _, loaded = fresh(f"import {rooms}; bioplastic.SpikeTrains")
        assert {"brian2", "bioplastic.study", "bioplastic.engine.cuda_program"} <= loaded
        assert not loaded & NOT_BRIANS

    def test_names_are_offered_before_they_are_loaded(self):
        rooms = [importlib.import_module(f"bioplastic.{room}") for room in LAZY]
        tell = "".join(f"import {room.__name__} as room; print(*dir(room))\n" for room in rooms)
        said, loaded = fresh(tell)
        assert [line.split() for line in said.splitlines()] == [room.__all__ for room in rooms]
        assert "bioplastic.inspect.raster" not in loaded

    def test_a_name_loads_what_it_needs(self):
        _, loaded = fresh("from bioplastic.inspect import plot_raster")
        assert "bioplastic.inspect.raster" in loaded
        assert not loaded & {*NOT_BRIANS, "bioplastic.inspect.page", "bioplastic.engine"}

    def test_so_does_a_pickle(self):
        network = bioplastic.networks.DiehlCook(5)
        said, loaded = fresh(f"import pickle; print(pickle.loads({pickle.dumps(network)!r}))")
        assert said == repr(network)
        assert {"sklearn", "bioplastic.networks.diehl_cook"} <= loaded
        assert not loaded & {"h5py", "sklearn.svm", "bioplastic.networks.eprop_classifier"}

    def test_what_is_not_there_is_said(self):
        with pytest.raises(AttributeError, match=r"bioplastic\.networks .*DiehlCok"):
            _ = bioplastic.networks.DiehlCok
        with pytest.raises(ImportError, match="cannot import name 'DiehlCok'"):
            from bioplastic.networks import DiehlCok  # noqa: F401

    def test_a_function_is_not_taken_for_the_module_of_its_name(self):
        said, _ = fresh(
            "from bioplastic.study.compare import plan\n"
            "from bioplastic.study import compare\nprint(type(compare).__name__)"
        )
        assert said == "function"


BEFORE_BRIAN = """
import importlib, sys

class NoBrian:
    def find_spec(self, name, path=None, target=None):
        if name == "brian2":
            print(asked, "bioplastic._uncaught" in sys.modules)
            raise ImportError("no Brian here")

sys.meta_path.insert(0, NoBrian())
for asked in sys.argv[1:]:
    try:
        importlib.import_module(f"bioplastic.{asked}")
        if asked == "cli":
            sys.argv = ["bioplastic", "doctor"]
            sys.modules["bioplastic.cli"].main()
    except ImportError as error:
        assert str(error) == "no Brian here", error
    for name in [name for name in sys.modules if name.startswith("bioplastic.")]:
        del sys.modules[name]
"""


def test_whoever_imports_brian_notes_first_what_was_there():
    """By `_uncaught`: the module that knows how errors were shown before Brian."""
    asked = [*ROOMS, "spikes", "cli"]
    said, _ = fresh(BEFORE_BRIAN, *asked)
    assert said.splitlines() == [f"{name} True" for name in asked]


class TestCommandLine:
    MAIN = "from bioplastic.cli import main; main()"

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [(["--help"], "Commands:\n  train "), (["--version"], bioplastic.__version__)],
    )
    def test_it_tells_of_itself_without_brian(self, arguments, told):
        said, loaded = fresh(self.MAIN, *arguments)
        assert told in said
        assert "bioplastic.cli" in loaded
        assert not loaded & SLOW

    def test_so_it_does_where_a_command_is_misspelt(self):
        _, loaded = fresh(self.MAIN, "trains")
        assert "bioplastic.cli" in loaded
        assert not loaded & SLOW

    @pytest.mark.parametrize(
        "name", ["train", "evaluate", "recognize", "compare", "demo", "doctor"]
    )
    def test_a_command_tells_of_itself_without_brian(self, name):
        said, loaded = fresh(self.MAIN, name, "--help")
        assert f"Usage: bioplastic {name} " in said
        assert not loaded & SLOW
