"""The engines numpy and cython: programs kept for the next run, and what Cython needs."""

import functools
import importlib.util
import sysconfig
from pathlib import Path

from bioplastic.engine.compiler import compiler_trouble
from bioplastic.engine.context import BRIAN
from bioplastic.engine.engines import Engine
from bioplastic.engine.plan import plan_of
from bioplastic.engine.runtime import RuntimeProgram
from bioplastic.models import Network

__all__ = ["CYTHON", "NUMPY"]

#: Brian objects that are kept for the next run.
MAX_PROGRAMS = 4
_programs: dict[tuple[str, str, str, int], RuntimeProgram] = {}


def _open(target: str, network: Network, lanes: int) -> RuntimeProgram:
    plan = plan_of(network)
    key = (plan.key, f"{plan.sizes}{plan.columns}", target, lanes)
    with BRIAN:
        program = _programs.pop(key, None)
        if program is None:
            program = RuntimeProgram(network, target=target, lanes=lanes)
        else:
            program.build_seconds = 0.0
        _programs[key] = program  # the last in use comes last
        if len(_programs) > MAX_PROGRAMS:
            del _programs[next(iter(_programs))]
        return program


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
