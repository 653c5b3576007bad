"""Pictures of what a network has learned and how it spikes, and instruments that measure it.

A :class:`PlasticityRecorder` watches a training, protocols put any plasticity rule through the
classical experiments, and the rest is pictures. Every function that draws takes ``axes=None``,
draws into the given Axes or into those of a new figure, and returns them. None shows a figure,
picks a backend or changes matplotlib's settings.
"""

import lazy_loader

from bioplastic import _uncaught  # noqa: F401  # before anything imports Brian

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
