from .augmentation import SpikeAugmenter
from .cochlea import Cochlea
from .latency import LatencyEncoder, RankOrderEncoder
from .poisson import BernoulliEncoder, PoissonEncoder

__all__ = [
    "BernoulliEncoder",
    "Cochlea",
    "LatencyEncoder",
    "PoissonEncoder",
    "RankOrderEncoder",
    "SpikeAugmenter",
]
