"""The C++ compiler of this machine: where it is, which it is, and whether it works."""

import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from bioplastic.errors import BuildError

_PACKAGES = (
    "(Debian/Ubuntu: apt install g++; Fedora: dnf install gcc-c++; macOS: xcode-select --install)"
)
#: What to do where an engine finds none.
INSTALL = f"install one {_PACKAGES}, set CXX to yours, or choose engine='numpy', which is slower"
_REMEDY = f"install a C++ compiler {_PACKAGES}, or set CXX to yours"
_PROBE = "#include <vector>\nint main() { return int(std::vector<double>(1)[0]); }\n"


def find_compiler() -> str | None:
    """Path of the C++ compiler: ``$CXX``, else g++, else clang++; None where there is none."""
    return first_found(os.environ.get("CXX"), "g++", "clang++")


def first_found(*names: str | None) -> str | None:
    """Path of the first of some programs that there is."""
    return next(filter(None, (shutil.which(name) for name in names if name)), None)


@functools.cache
def compiler_version(compiler: str) -> str:
    """First line that the compiler says of itself."""
    return words_of_version(compiler, "cpp_standalone", INSTALL).partition("\n")[0]


def words_of_version(compiler: str, engine: str, remedy: str) -> str:
    """All that a compiler says when it is asked for its version.

    Raises
    ------
    BuildError
        If it does not run; names the engine and the remedy.
    """
    try:
        said = call([compiler, "--version"])
    except OSError as error:
        raise BuildError(
            f"engine {engine!r}: {compiler} cannot be run: {error}; {remedy}"
        ) from error
    return said.stdout or said.stderr


def call(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, and keep what it says."""
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def compiler_trouble() -> str:
    """Say what is wrong with the C++ compiler, and the remedy; nothing where it works.

    It compiles a few lines: a compiler that is found may lack its standard library.
    """
    compiler = find_compiler()
    if compiler is None:
        return _REMEDY
    said = refusal([compiler, "-std=c++17", "probe.cpp", "-o", "probe"], "probe.cpp", _PROBE)
    return f"{said}: {_REMEDY}" if said else ""


def refusal(command: list[str], source: str, text: str) -> str:
    """Try a compiler, and say how it fails; nothing where it does not.

    Parameters
    ----------
    command : list of str
        Its call, in an empty folder.
    source, text : str
        Name of the file that it is given, and what that holds.
    """
    with tempfile.TemporaryDirectory(prefix="bioplastic-") as folder:
        (Path(folder) / source).write_text(text)
        try:
            done = call(command, cwd=folder, timeout=120)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{command[0]} does not run ({error})"
    if not done.returncode:
        return ""
    said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
    return f"{command[0]} compiles no C++17 program (it said: {said})"
