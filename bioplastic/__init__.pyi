from . import (
    algebra,
    datasets,
    encoding,
    engine,
    errors,
    inspect,
    models,
    networks,
    readout,
    study,
)
from .spikes import SpikeTrains

__version__: str

__all__ = [
    "SpikeTrains",
    "algebra",
    "datasets",
    "encoding",
    "engine",
    "errors",
    "inspect",
    "models",
    "networks",
    "readout",
    "study",
]
