"""Fixtures of all tests: real data where there are some, and a cache that is nobody's."""

import contextlib
import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import brian2
import pytest
from hypothesis import settings

# Machines differ, and so does what else they do: an example may take its time.
settings.register_profile("bioplastic", deadline=None)
settings.load_profile("bioplastic")


def pytest_collection_finish() -> None:
    """Let collections of garbage, of which builds ask for many, pass over all that stays."""
    gc.collect()
    gc.freeze()


#: Where optimised code of each kind of loop is compared with references.
OPTIMISED = {
    "test_closed_forms.py", "test_equivalence.py", "test_gradients.py", "test_promises.py",
    "test_superposition.py", "test_threads.py",
}  # fmt: skip


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Elsewhere compile quickly: a program of a few neurons takes no time to run."""
    from bioplastic.engine import standalone_program

    flags = standalone_program.FLAGS
    if item.path.name not in OPTIMISED:
        flags = tuple("-O1" if flag == "-O3" else flag for flag in flags)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(standalone_program, "FLAGS", flags)
        return (yield)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder with real data that BIOPLASTIC_DATA names; skip without it."""
    name = os.environ.get("BIOPLASTIC_DATA")
    if not name:
        pytest.skip("BIOPLASTIC_DATA names no folder with real data")
    folder = Path(name).expanduser()
    # A typing error must not pass as a skipped test.
    assert folder.is_dir(), f"BIOPLASTIC_DATA={name} is not a folder"
    return folder


@pytest.fixture(scope="session", autouse=True)
def session_cache(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Path]:
    """Root of bioplastic's caches in all tests: what one test has built, the others find.

    So do other workers, and the next call of pytest: compiled programs are known by all that they
    follow from, and builders lock. Nothing else is kept; `make clean` removes them.
    """
    from bioplastic.engine import cache

    folder = tmp_path_factory.getbasetemp()
    folder = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "bioplastic-cache"
    folder.mkdir(exist_ok=True)
    kept = pytestconfig.rootpath / "out" / "test-programs"
    kept.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):  # another worker was faster
        (folder / "programs").symlink_to(kept, target_is_directory=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIOPLASTIC_CACHE", str(folder))
        patch.setattr(cache, "MAX_PROGRAMS", 500)  # of all tests
        yield folder


@pytest.fixture
def tmp_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that is the root of bioplastic's caches during the test."""
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setenv("BIOPLASTIC_CACHE", str(folder))
    return folder


@pytest.fixture
def only_methods() -> Iterator[Callable[..., None]]:
    """Return what leaves these methods alone in `METHODS`; all come back, in their order."""
    from bioplastic.study import METHODS  # rooms are imported by those tests that need them

    before = dict(METHODS)

    def keep(*names: str) -> None:
        for name in before.keys() - set(names):
            del METHODS[name]

    yield keep
    METHODS.clear()
    METHODS.update(before)


@pytest.fixture(scope="module")
def cython_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tests of one file have most of their modules in common: they are compiled once."""
    return tmp_path_factory.mktemp("cython")


@pytest.fixture
def quick_cython(cython_cache: Path) -> Iterator[None]:
    """Cython's modules are compiled without optimisation, and nobody's cache is touched."""
    prefs = {
        "codegen.cpp.extra_compile_args": ["-w", "-O0"],
        "codegen.runtime.cython.cache_dir": str(cython_cache),
    }
    before = {name: brian2.prefs[name] for name in prefs}
    for name, value in prefs.items():
        brian2.prefs[name] = value
    yield
    for name, value in before.items():
        brian2.prefs[name] = value


#: Runs each script whose path it reads in a fork of itself, and says how that ended.
INTERPRETER = """
import json, os, runpy, sys, traceback, warnings
import bioplastic, matplotlib.pyplot

warnings.filterwarnings("error", category=DeprecationWarning, module="bioplastic")
for line in sys.stdin:
    script = json.loads(line)
    if not (child := os.fork()):
        os.chdir(os.path.dirname(script))
        for place, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(name, os.O_CREAT | os.O_TRUNC | os.O_WRONLY), place)
        code = 1
        try:
            runpy.run_path(script, run_name="__main__")
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(scope="session")
def run_script() -> Iterator[Callable[[str, Path], tuple[str, str]]]:
    """Return what runs a text as a user's script in a folder: what it prints and complains of.

    The interpreter has imported what every script waits for: bioplastic and pyplot.
    """
    paths = [str(Path(__file__).resolve().parent.parent), os.environ.get("PYTHONPATH", "")]
    with subprocess.Popen(
        [sys.executable, "-c", INTERPRETER],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "MPLBACKEND": "Agg"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as interpreter:

        def run(text: str, folder: Path) -> tuple[str, str]:
            script = folder / "script.py"
            script.write_text(text, encoding="utf-8")
            print(json.dumps(str(script)), file=interpreter.stdin, flush=True)
            code = interpreter.stdout.readline()
            said, complained = ((folder / name).read_text() for name in ("stdout", "stderr"))
            assert code == "0\n", complained
            return said, complained

        yield run
