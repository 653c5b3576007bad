"""From arrays and sound to spikes, and more spikes from spikes."""

from bioplastic.encoding.augmentation import SpikeAugmenter
from bioplastic.encoding.cochlea import Cochlea
from bioplastic.encoding.latency import LatencyEncoder, RankOrderEncoder
from bioplastic.encoding.poisson import BernoulliEncoder, PoissonEncoder

__all__ = [
    "BernoulliEncoder",
    "Cochlea",
    "LatencyEncoder",
    "PoissonEncoder",
    "RankOrderEncoder",
    "SpikeAugmenter",
]
