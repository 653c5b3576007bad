"""Pictures of what a network has learned and how it spikes, and instruments that measure it.

A :class:`PlasticityRecorder` watches a training, protocols put any plasticity rule through the
classical experiments, and the rest is pictures. Every function that draws takes ``axes=None``,
draws into the given Axes or into those of a new figure, and returns them. None shows a figure,
picks a backend or changes matplotlib's settings.
"""

from bioplastic.inspect.confusion import plot_confusion
from bioplastic.inspect.decoding import plot_selected_spikes
from bioplastic.inspect.distance import plot_separation
from bioplastic.inspect.eligibility import plot_eligibility
from bioplastic.inspect.error_reduction import plot_error_reduction
from bioplastic.inspect.experiments import (
    SJOESTROEM_2001,
    WANG_2005,
    FrequencyExperiment,
    TripletExperiment,
)
from bioplastic.inspect.field_development import plot_receptive_fields_over_training
from bioplastic.inspect.homeostasis import plot_homeostasis
from bioplastic.inspect.jitter import jitter_accuracy, plot_jitter
from bioplastic.inspect.neuron_numbers import neuron_curve, plot_neuron_curve
from bioplastic.inspect.page import write_plasticity_page
from bioplastic.inspect.poisson_protocol import rate_protocol
from bioplastic.inspect.protocol_plots import (
    plot_frequency_dependence,
    plot_stdp_window,
    plot_triplets,
)
from bioplastic.inspect.protocol_results import (
    FrequencyDependence,
    Measurement,
    RateDependence,
    STDPWindow,
    TripletChanges,
)
from bioplastic.inspect.protocols import pairing_protocol, stdp_window, triplet_protocol
from bioplastic.inspect.raster import SpikeEvents, plot_raster
from bioplastic.inspect.receptive_fields import plot_receptive_fields
from bioplastic.inspect.recorder import PlasticityRecorder
from bioplastic.inspect.recording import PlasticityRecording
from bioplastic.inspect.separation import (
    pairs_at_distance,
    spike_train_distance,
    state_separation,
)
from bioplastic.inspect.trace_plot import plot_traces
from bioplastic.inspect.weight_change import plot_weight_change
from bioplastic.inspect.weight_distribution import plot_weight_distribution
from bioplastic.inspect.weight_history import plot_weight_history
from bioplastic.inspect.word import plot_word

__all__ = [
    "SJOESTROEM_2001",
    "WANG_2005",
    "FrequencyDependence",
    "FrequencyExperiment",
    "Measurement",
    "PlasticityRecorder",
    "PlasticityRecording",
    "RateDependence",
    "STDPWindow",
    "SpikeEvents",
    "TripletChanges",
    "TripletExperiment",
    "jitter_accuracy",
    "neuron_curve",
    "pairing_protocol",
    "pairs_at_distance",
    "plot_confusion",
    "plot_eligibility",
    "plot_error_reduction",
    "plot_frequency_dependence",
    "plot_homeostasis",
    "plot_jitter",
    "plot_neuron_curve",
    "plot_raster",
    "plot_receptive_fields",
    "plot_receptive_fields_over_training",
    "plot_selected_spikes",
    "plot_separation",
    "plot_stdp_window",
    "plot_traces",
    "plot_triplets",
    "plot_weight_change",
    "plot_weight_distribution",
    "plot_weight_history",
    "plot_word",
    "rate_protocol",
    "spike_train_distance",
    "state_separation",
    "stdp_window",
    "triplet_protocol",
    "write_plasticity_page",
]
