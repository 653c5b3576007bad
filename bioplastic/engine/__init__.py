"""How a network is computed: the only room that touches Brian's devices and preferences."""

from bioplastic import _uncaught  # noqa: F401  # before anything imports Brian
from bioplastic.engine.checkpoint import describe, load_checkpoint, save_checkpoint
from bioplastic.engine.cuda_program import CUDA
from bioplastic.engine.engines import (
    ENGINES,
    Engine,
    open_program,
    register,
    resolve_engine,
    unregister,
)
from bioplastic.engine.inputs import (
    RateStimulus,
    SignalStimulus,
    SpikeStimulus,
    SpontaneousActivity,
)
from bioplastic.engine.integrators import rational_exponential_euler
from bioplastic.engine.presenting import Presentation, present
from bioplastic.engine.program import Chunk, ChunkResult, Probed, ProbePlan, Program, Recorder
from bioplastic.engine.record import every
from bioplastic.engine.result import Result
from bioplastic.engine.running import run
from bioplastic.engine.runtime_engines import CYTHON, NUMPY
from bioplastic.engine.standalone_program import CPP
from bioplastic.engine.states import SampleStates, States
from bioplastic.engine.stimulus import Stimulus, content_keys

__all__ = [
    "ENGINES",
    "Chunk",
    "ChunkResult",
    "Engine",
    "Presentation",
    "ProbePlan",
    "Probed",
    "Program",
    "RateStimulus",
    "Recorder",
    "Result",
    "SampleStates",
    "SignalStimulus",
    "SpikeStimulus",
    "SpontaneousActivity",
    "States",
    "Stimulus",
    "content_keys",
    "describe",
    "every",
    "load_checkpoint",
    "open_program",
    "present",
    "rational_exponential_euler",
    "register",
    "resolve_engine",
    "run",
    "save_checkpoint",
    "unregister",
]

# In this order they are listed.
for _engine in (NUMPY, CYTHON, CPP, CUDA):
    register(_engine)
