from . import algebra, datasets, encoding, engine, errors, models, networks, readout
from .spikes import SpikeTrains

__version__: str

__all__ = [
    "SpikeTrains",
    "algebra",
    "datasets",
    "encoding",
    "engine",
    "errors",
    "models",
    "networks",
    "readout",
]
