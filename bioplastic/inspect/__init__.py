"""Pictures of what a network has learned and how it spikes, drawn with matplotlib.

Every function takes ``axes=None``, draws into the given Axes or into those of a new figure, and
returns them. None of them shows a figure, picks a backend or changes matplotlib's settings.
"""

from bioplastic.inspect.raster import SpikeEvents, plot_raster
from bioplastic.inspect.receptive_fields import plot_receptive_fields
from bioplastic.inspect.weight_history import plot_weight_history

__all__ = ["SpikeEvents", "plot_raster", "plot_receptive_fields", "plot_weight_history"]
