"""``bioplastic doctor``: what works on this machine, and what to install for the rest."""

import functools
import importlib.metadata
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from bioplastic._paths import cache_dir
from bioplastic.cli.options import Debug
from bioplastic.cli.reporting import FAILED, reporting
from bioplastic.errors import BioplasticError, DataNotFoundError


def doctor(
    clear_cache: Annotated[
        bool, typer.Option("--clear-cache", help="Remove the compiled programs first.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Tell what works here, and what to install.

    Shows versions, compilers, cache, data sets and engines. Ends with code 0 if at least one
    engine works.
    """
    with reporting(debug=debug):
        from bioplastic.engine import cache
        from bioplastic.engine.engines import ENGINES, find_engine
        from bioplastic.study.task import versions

        if clear_cache:
            n, size = cache.usage()
            cache.clear()
            typer.echo(f"Removed {_programs(n, size)}\n")
        engines = [find_engine(name) for name in ENGINES if name != "auto"]
        troubles = [engine.trouble() for engine in engines]
        sections = {
            "Versions": versions() | {"brian2cuda": _brian2cuda()},
            "Compilers": _compilers(),
            "Cache": {
                "folder": f"{cache.programs_dir()}",
                "programs": _programs(*cache.usage()),
            },
            "Data sets": _data_sets(),
            "Engines": {
                engine.name: f"no     {trouble}" if trouble else f"works  {engine.remark}".rstrip()
                for engine, trouble in zip(engines, troubles, strict=True)
            },
        }
        for title, lines in sections.items():
            typer.echo(title)
            for name, text in lines.items():
                typer.echo(f"  {name:<16} {text}")
        if all(troubles):
            raise typer.Exit(FAILED)


def _brian2cuda() -> str:
    try:
        return importlib.metadata.version("brian2cuda")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _compilers() -> dict[str, str]:
    from bioplastic.engine.compiler import compiler_version, find_compiler
    from bioplastic.engine.cuda_program import find_nvcc

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
    from bioplastic import datasets

    named = os.environ.get("BIOPLASTIC_DATA")
    places = [Path(named).expanduser()] if named else []
    mnist = (
        "not on this machine: load_mnist() fetches it (11 MB), or BIOPLASTIC_DATA names its folder"
    )
    for place in (*places, cache_dir() / "mnist"):
        try:
            datasets.load_mnist(place)
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
        "hd": _words(datasets.load_hd),
        "shd": _words(functools.partial(datasets.load_shd, subset="all")),
        "fsdd": _words(datasets.load_fsdd),
    }


def _words(load: Callable[[], Any]) -> str:
    try:
        return f"found, {len(load().target):,} words"
    except DataNotFoundError:
        return "not on this machine: BIOPLASTIC_DATA names the folder that has it in a subfolder"
    except BioplasticError as error:
        return f"damaged: {error}"
