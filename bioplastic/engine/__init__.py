"""How a network is computed: the only room that touches Brian's devices and preferences."""

from bioplastic import _uncaught  # noqa: F401  # before anything imports Brian
from bioplastic.engine.cuda_program import CUDA
from bioplastic.engine.engines import Engine, open_program, register
from bioplastic.engine.inputs import (
    RateStimulus,
    SignalStimulus,
    SpikeStimulus,
    SpontaneousActivity,
)
from bioplastic.engine.presenting import present
from bioplastic.engine.running import run
from bioplastic.engine.runtime import CYTHON, NUMPY
from bioplastic.engine.standalone_program import CPP
from bioplastic.models.timing import every

__all__ = [
    "Engine",
    "RateStimulus",
    "SignalStimulus",
    "SpikeStimulus",
    "SpontaneousActivity",
    "every",
    "open_program",
    "present",
    "register",
    "run",
]

# In this order they are listed.
for _engine in (NUMPY, CYTHON, CPP, CUDA):
    register(_engine)
