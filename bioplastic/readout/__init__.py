"""Readouts: from the spikes of a network to labels, as scikit-learn estimators."""

from bioplastic.readout.labelling import NeuronLabelClassifier

__all__ = ["NeuronLabelClassifier"]
