"""Doors to other libraries, one file a partner, opened by methods of SpikeTrains."""

from bioplastic import _uncaught  # noqa: F401  # before anything imports Brian

__all__ = ()
