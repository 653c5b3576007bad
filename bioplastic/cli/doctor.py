"""``bioplastic doctor``: what works on this machine, and what to install for the rest."""

import functools
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from sklearn.utils import Bunch

from bioplastic._paths import cache_dir
from bioplastic.cli.folder import versions
from bioplastic.cli.reporting import FAILED, reporting
from bioplastic.datasets import load_fsdd, load_hd, load_mnist, load_shd
from bioplastic.engine import cache
from bioplastic.engine.cuda_program import (
    INSTALL_BRIAN2CUDA,
    INSTALL_CUDA,
    INSTALL_DRIVER,
    compile_command,
    find_nvcc,
    gpu_capabilities,
)
from bioplastic.engine.standalone_program import compiler_version, find_compiler
from bioplastic.errors import BioplasticError, DataNotFoundError

__all__ = ["EngineCheck", "check_engines", "doctor"]

#: Words that must be on this machine already.
_WORDS: dict[str, Callable[[], Bunch]] = {
    "hd": load_hd,
    "shd": functools.partial(load_shd, subset="all"),
    "fsdd": load_fsdd,
}
_PROBE = "#include <vector>\nint main() { return int(std::vector<double>(1)[0]); }\n"
_CUDA_PROBE = (
    "#include <cuda_runtime.h>\n"
    "__global__ void kernel(int* x) { if constexpr (true) *x = 1; }\n"
    "int main() { kernel<<<1, 1>>>(0); return 0; }\n"
)
_GET_COMPILER = (
    "install a C++ compiler (Debian/Ubuntu: apt install g++; Fedora: dnf install gcc-c++; "
    "macOS: xcode-select --install), or set CXX to yours"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineCheck:
    """Whether an engine can be used here.

    Parameters
    ----------
    name : str
        Name of the engine.
    works : bool
        Whether it does.
    remark : str
        What it needs, where it does not work, or what to know of it.
    """

    name: str
    works: bool
    remark: str


def doctor(
    clear_cache: Annotated[
        bool, typer.Option("--clear-cache", help="Remove the compiled programs first.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Tell what works here, and what to install.

    Shows versions, compilers, cache, data sets and engines. Ends with code 0 if at least one
    engine works.
    """
    with reporting(debug=debug):
        if clear_cache:
            n, size = cache.usage()
            cache.clear()
            typer.echo(f"Removed {_programs(n, size)}\n")
        engines = check_engines()
        sections = {
            "Versions": versions() | {"brian2cuda": _version("brian2cuda") or "not installed"},
            "Compilers": _compilers(),
            "Cache": {
                "folder": f"{cache.programs_dir()}",
                "programs": _programs(*cache.usage()),
            },
            "Data sets": _data_sets(),
            "Engines": {
                check.name: f"{'works' if check.works else 'no   '}  {check.remark}".rstrip()
                for check in engines
            },
        }
        for title, lines in sections.items():
            typer.echo(title)
            for name, text in lines.items():
                typer.echo(f"  {name:<16} {text}")
        if not any(check.works for check in engines):
            raise typer.Exit(FAILED)


def check_engines() -> list[EngineCheck]:
    """Find out which engines work, without building a network.

    Examples
    --------
    >>> from bioplastic.cli.doctor import check_engines
    >>> [check.name for check in check_engines()]
    ['numpy', 'cython', 'cpp_standalone', 'cuda_standalone']
    """
    trouble = _compiler_trouble()
    return [
        EngineCheck(name="numpy", works=True, remark="slow, needs no compiler"),
        _check_cython(trouble),
        EngineCheck(
            name="cpp_standalone",
            works=trouble is None,
            remark=trouble or "fast; what engine='auto' takes",
        ),
        _check_cuda(trouble),
    ]


def _compiler_trouble() -> str | None:
    """Compile a few lines: a compiler that is found may lack its standard library."""
    compiler = find_compiler()
    if compiler is None:
        return _GET_COMPILER
    with tempfile.TemporaryDirectory(prefix="bioplastic-") as folder:
        source = Path(folder) / "probe.cpp"
        source.write_text(_PROBE)
        command = [compiler, "-std=c++17", str(source), "-o", str(source.with_suffix(""))]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{compiler} does not run ({error}): {_GET_COMPILER}"
    if done.returncode:
        said = (done.stderr.strip() or "nothing").splitlines()[-1]
        return f"{compiler} compiles no C++17 program (it said: {said}): {_GET_COMPILER}"
    return None


def _check_cuda(trouble: str | None) -> EngineCheck:
    needed = [] if _version("brian2cuda") else [INSTALL_BRIAN2CUDA]
    capabilities, nvcc = gpu_capabilities(), find_nvcc()
    if nvcc is None:
        needed.append(INSTALL_CUDA)
    elif trouble:
        needed.append(trouble)
    elif nvcc_trouble := _nvcc_trouble(nvcc, capabilities or ["9.0"]):
        needed.append(nvcc_trouble)
    if not capabilities:
        needed.append(INSTALL_DRIVER)
    remark = "for networks of thousands of neurons; small ones are faster with cpp_standalone"
    return EngineCheck(name="cuda_standalone", works=not needed, remark="; ".join(needed) or remark)


def _nvcc_trouble(nvcc: str, capabilities: list[str]) -> str | None:
    """Compile a few lines of C++17: nvcc may not know the GPU, or the C++ compiler."""
    with tempfile.TemporaryDirectory(prefix="bioplastic-") as folder:
        source = Path(folder) / "probe.cu"
        source.write_text(_CUDA_PROBE)
        command = compile_command(nvcc, capabilities, str(source), str(source.with_suffix("")))
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{nvcc} does not run ({error}): {INSTALL_CUDA}"
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        return (
            f"{nvcc} compiles no C++17 program (it said: {said}): {INSTALL_CUDA}; where it does "
            f"not support your C++ compiler, name one that it supports: "
            f"export NVCC_PREPEND_FLAGS='-ccbin g++-13'"
        )
    return None


def _check_cython(trouble: str | None) -> EngineCheck:
    # Brian compiles through setuptools, which takes headers and settings from Python.
    needed = []
    for module in ("Cython", "setuptools"):
        if importlib.util.find_spec(module) is None:
            needed.append(f"pip install {module.lower()}")
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        needed.append(
            "install Python's headers (Debian/Ubuntu: apt install python3-dev; Fedora: dnf install "
            "python3-devel)"
        )
    if trouble:
        needed.append(trouble)
    remark = "; ".join(needed) or "slow, compiled piece by piece at its first use"
    return EngineCheck(name="cython", works=not needed, remark=remark)


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _compilers() -> dict[str, str]:
    compiler = find_compiler()
    found = "none found" if compiler is None else f"{compiler_version(compiler)} ({compiler})"
    return {
        "C++": found,
        "CUDA (nvcc)": _said(find_nvcc() or "nvcc", "--version") or "none found",
        "NVIDIA driver": _said(
            "nvidia-smi", "--query-gpu=driver_version,name", "--format=csv,noheader"
        )
        or "none found",
    }


def _said(program: str, *arguments: str) -> str | None:
    """Return what a program says of its version, None where it is missing or fails."""
    path = shutil.which(program)
    if path is None:
        return None
    try:
        done = subprocess.run(
            [path, *arguments], capture_output=True, text=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        return None
    return next((line for line in lines if "release" in line), lines[0])


def _programs(n: int, size: int) -> str:
    return f"{n} compiled program{'' if n == 1 else 's'}, {size / 1e6:.1f} MB"


def _data_sets() -> dict[str, str]:
    """Look for data without fetching any; files that are there are checked."""
    named = os.environ.get("BIOPLASTIC_DATA")
    places = [Path(named).expanduser()] if named else []
    mnist = (
        "not on this machine: load_mnist() fetches it (11 MB), or BIOPLASTIC_DATA names its folder"
    )
    for place in (*places, cache_dir() / "mnist"):
        try:
            load_mnist(place)
        except DataNotFoundError:
            continue
        except BioplasticError as error:
            mnist = f"damaged: {error}"
            break
        else:
            mnist = f"in {place}"
            break
    return {
        "digits": "comes along with scikit-learn",
        "mnist": mnist,
        "spoken": "comes along with bioplastic",
        **{name: _words(load) for name, load in _WORDS.items()},
    }


def _words(load: Callable[[], Bunch]) -> str:
    try:
        return f"found, {len(load().target):,} words"
    except DataNotFoundError:
        return "not on this machine: BIOPLASTIC_DATA names the folder that has it in a subfolder"
    except BioplasticError as error:
        return f"damaged: {error}"
