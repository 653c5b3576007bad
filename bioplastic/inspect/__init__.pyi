from .accuracy import accuracy_curve, plot_accuracy
from .answers import plot_confusion, plot_word
from .decoding import plot_selected_spikes
from .error_reduction import plot_error_reduction
from .exploring import explore
from .histories import plot_weight_history
from .poisson_protocol import rate_protocol
from .protocol_plots import plot_protocol
from .protocols import pairing_protocol, stdp_window, triplet_protocol
from .raster import plot_raster
from .receptive_fields import plot_receptive_fields
from .recorder import PlasticityRecorder
from .recording import PlasticityRecording
from .states import plot_state

__all__ = [
    "PlasticityRecorder",
    "PlasticityRecording",
    "accuracy_curve",
    "explore",
    "pairing_protocol",
    "plot_accuracy",
    "plot_confusion",
    "plot_error_reduction",
    "plot_protocol",
    "plot_raster",
    "plot_receptive_fields",
    "plot_selected_spikes",
    "plot_state",
    "plot_weight_history",
    "plot_word",
    "rate_protocol",
    "stdp_window",
    "triplet_protocol",
]
