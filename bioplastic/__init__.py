"""Biologically plausible spiking networks on Brian2: declared, compiled, trained, compared."""

import lazy_loader

from bioplastic import _before_brian  # noqa: F401  # it notes what Brian will change

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
