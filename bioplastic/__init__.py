"""Biologically plausible spiking networks on Brian2: declared, compiled, trained, compared."""

from bioplastic import _uncaught  # noqa: F401  # first: it notes what Brian changes on import

# isort: split
from bioplastic import algebra, datasets, encoding, engine, errors, models, networks, readout
from bioplastic.spikes import SpikeTrains

__version__ = "0.1.0"

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
