from .confusion import plot_confusion
from .decoding import plot_selected_spikes
from .distance import plot_separation
from .eligibility import plot_eligibility
from .error_reduction import plot_error_reduction
from .experiments import (
    SJOESTROEM_2001,
    WANG_2005,
    FrequencyExperiment,
    TripletExperiment,
)
from .exploring import explore
from .field_development import plot_receptive_fields_over_training
from .homeostasis import plot_homeostasis
from .jitter import jitter_accuracy, plot_jitter
from .neuron_numbers import neuron_curve, plot_neuron_curve
from .page import write_plasticity_page
from .poisson_protocol import rate_protocol
from .protocol_plots import (
    plot_frequency_dependence,
    plot_stdp_window,
    plot_triplets,
)
from .protocol_results import (
    FrequencyDependence,
    Measurement,
    RateDependence,
    STDPWindow,
    TripletChanges,
)
from .protocols import pairing_protocol, stdp_window, triplet_protocol
from .raster import SpikeEvents, plot_raster
from .receptive_fields import plot_receptive_fields
from .recorder import PlasticityRecorder
from .recording import PlasticityRecording
from .separation import (
    pairs_at_distance,
    spike_train_distance,
    state_separation,
)
from .state_plot import plot_state
from .trace_plot import plot_traces
from .weight_change import plot_weight_change
from .weight_distribution import plot_weight_distribution
from .weight_history import plot_weight_history
from .word import plot_word

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
    "explore",
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
    "plot_state",
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
