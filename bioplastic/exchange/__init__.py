"""To other packages and back: what was trained here runs there, what was made there runs here."""

import lazy_loader

from bioplastic import _uncaught  # noqa: F401  # before anything imports Brian

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
