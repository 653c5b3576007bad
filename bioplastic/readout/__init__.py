"""Readouts: from the spikes of a network to labels, as scikit-learn estimators."""

from bioplastic.readout.augmented import AugmentedClassifier
from bioplastic.readout.kernel_ridge import KernelRidgeClassifier
from bioplastic.readout.labelling import NeuronLabelClassifier
from bioplastic.readout.spike_time_classifier import SpikeTimeClassifier
from bioplastic.readout.spike_time_regressor import SpikeTimeRegressor
from bioplastic.readout.states import FilteredState, FirstSpikeTime, SpikeCount, TimeBinnedCount

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
