"""Data sets as scikit-learn Bunches: arrays of samples, and where they come from."""

from bioplastic.datasets.digits import load_digits
from bioplastic.datasets.evidence import make_evidence_accumulation
from bioplastic.datasets.fsdd import load_fsdd
from bioplastic.datasets.grasshopper import load_grasshopper
from bioplastic.datasets.hd import load_hd
from bioplastic.datasets.mnist import load_mnist
from bioplastic.datasets.ntidigits import load_ntidigits
from bioplastic.datasets.patterns import make_patterns
from bioplastic.datasets.spiking_audio import load_shd, load_ssc
from bioplastic.datasets.spoken import load_spoken
from bioplastic.datasets.templates import make_jittered_templates

__all__ = [
    "load_digits",
    "load_fsdd",
    "load_grasshopper",
    "load_hd",
    "load_mnist",
    "load_ntidigits",
    "load_shd",
    "load_spoken",
    "load_ssc",
    "make_evidence_accumulation",
    "make_jittered_templates",
    "make_patterns",
]
