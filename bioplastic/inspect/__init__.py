"""Pictures of what a network has learned and how it spikes, and how it separates and decodes.

Every function that draws takes ``axes=None``, draws into the given Axes or into those of a new
figure, and returns them. None shows a figure, picks a backend or changes matplotlib's settings.
"""

from bioplastic.inspect.confusion import plot_confusion
from bioplastic.inspect.decoding import plot_selected_spikes
from bioplastic.inspect.distance import plot_separation
from bioplastic.inspect.error_reduction import plot_error_reduction
from bioplastic.inspect.jitter import jitter_accuracy, plot_jitter
from bioplastic.inspect.neuron_numbers import neuron_curve, plot_neuron_curve
from bioplastic.inspect.raster import SpikeEvents, plot_raster
from bioplastic.inspect.receptive_fields import plot_receptive_fields
from bioplastic.inspect.separation import (
    pairs_at_distance,
    spike_train_distance,
    state_separation,
)
from bioplastic.inspect.weight_history import plot_weight_history
from bioplastic.inspect.word import plot_word

__all__ = [
    "SpikeEvents",
    "jitter_accuracy",
    "neuron_curve",
    "pairs_at_distance",
    "plot_confusion",
    "plot_error_reduction",
    "plot_jitter",
    "plot_neuron_curve",
    "plot_raster",
    "plot_receptive_fields",
    "plot_selected_spikes",
    "plot_separation",
    "plot_weight_history",
    "plot_word",
    "spike_train_distance",
    "state_separation",
]
