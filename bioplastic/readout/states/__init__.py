"""States: transformers from SpikeTrains to arrays of numbers, for any scikit-learn estimator."""

from bioplastic.readout.states.counts import SpikeCount, TimeBinnedCount
from bioplastic.readout.states.latency import FirstSpikeTime
from bioplastic.readout.states.traces import FilteredState

__all__ = ["FilteredState", "FirstSpikeTime", "SpikeCount", "TimeBinnedCount"]
