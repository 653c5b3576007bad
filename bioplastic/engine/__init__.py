"""How a network is computed: the only room that touches Brian's devices and preferences."""

from bioplastic.engine.checkpoint import describe, load_checkpoint, save_checkpoint
from bioplastic.engine.inputs import (
    RateStimulus,
    SignalStimulus,
    SpikeStimulus,
    SpontaneousActivity,
)
from bioplastic.engine.integrators import rational_exponential_euler
from bioplastic.engine.presenting import Presentation, present
from bioplastic.engine.program import Probed, ProbePlan, Recorder
from bioplastic.engine.result import Result
from bioplastic.engine.running import (
    ENGINES,
    open_program,
    resolve_engine,
    run,
)
from bioplastic.engine.stimulus import Stimulus, content_keys

__all__ = [
    "ENGINES",
    "Presentation",
    "ProbePlan",
    "Probed",
    "RateStimulus",
    "Recorder",
    "Result",
    "SignalStimulus",
    "SpikeStimulus",
    "SpontaneousActivity",
    "Stimulus",
    "content_keys",
    "describe",
    "load_checkpoint",
    "open_program",
    "present",
    "rational_exponential_euler",
    "resolve_engine",
    "run",
    "save_checkpoint",
]
