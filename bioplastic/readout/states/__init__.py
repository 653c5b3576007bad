"""States: transformers from SpikeTrains to arrays of numbers, for any scikit-learn estimator."""

from bioplastic.readout.states.counts import FirstSpikeTime, SpikeCount, TimeBinnedCount
from bioplastic.readout.states.traces import FilteredState

__all__ = ["FilteredState", "FirstSpikeTime", "SpikeCount", "TimeBinnedCount"]
