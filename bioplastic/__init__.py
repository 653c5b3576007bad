"""Biologically plausible spiking networks on Brian2: declared, compiled, trained, compared."""

__version__ = "0.1.0"
