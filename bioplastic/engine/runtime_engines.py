"""The engines numpy and cython: programs kept for the next run, and what Cython needs."""

import functools
import importlib.util
import sysconfig
import time
from pathlib import Path

from bioplastic.engine.compiler import compiler_trouble
from bioplastic.engine.context import BRIAN
from bioplastic.engine.engines import Engine
from bioplastic.engine.plan import plan_of
from bioplastic.engine.runtime import RuntimeProgram
from bioplastic.engine.runtime_objects import RuntimeObjects
from bioplastic.models import Network

__all__ = ["CYTHON", "NUMPY"]

#: Networks that differ in more than sizes and values whose objects are kept for the next run.
MAX_PROGRAMS = 4
_kept: dict[tuple[str, str, bool, tuple[int, ...]], RuntimeObjects] = {}


def _open(target: str, network: Network, lanes: int) -> RuntimeProgram:
    plan = plan_of(network)
    functions = tuple(id(f) for own in plan.functions.values() for f in own.values() if callable(f))
    key = (plan.key, target, lanes > 1, functions)
    with BRIAN:
        begun, objects = time.perf_counter(), _kept.pop(key, None)
        made = objects is None
        if objects is None:
            objects = RuntimeObjects(network, target=target, lanes=lanes)
        seconds = time.perf_counter() - begun if made else 0.0
        _kept[key] = objects  # the last in use comes last
        if len(_kept) > MAX_PROGRAMS:
            del _kept[next(iter(_kept))]
        return RuntimeProgram(network, objects, lanes=lanes, build_seconds=seconds)


def _cython_trouble() -> str:
    # Brian compiles through setuptools, which takes headers and settings from Python.
    needed = [
        f"pip install {module.lower()}"
        for module in ("Cython", "setuptools")
        if importlib.util.find_spec(module) is None
    ]
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        needed.append(
            "install Python's headers (Debian/Ubuntu: apt install python3-dev; Fedora: dnf install "
            "python3-devel)"
        )
    return "; ".join(filter(None, [*needed, compiler_trouble()]))


NUMPY = Engine(
    name="numpy",
    open=functools.partial(_open, "numpy"),
    remark="slow, needs no compiler",
    lanes=True,
)
CYTHON = Engine(
    name="cython",
    open=functools.partial(_open, "cython"),
    remark="slow, compiled piece by piece at its first use",
    trouble=_cython_trouble,
    lanes=True,
)
