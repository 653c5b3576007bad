from .augmented import AugmentedClassifier
from .kernel_ridge import KernelRidgeClassifier
from .labelling import NeuronLabelClassifier
from .spike_time_classifier import SpikeTimeClassifier
from .spike_time_regressor import SpikeTimeRegressor
from .states import FilteredState, FirstSpikeTime, SpikeCount, TimeBinnedCount

__all__ = [
    "AugmentedClassifier",
    "FilteredState",
    "FirstSpikeTime",
    "KernelRidgeClassifier",
    "NeuronLabelClassifier",
    "SpikeCount",
    "SpikeTimeClassifier",
    "SpikeTimeRegressor",
    "TimeBinnedCount",
]
