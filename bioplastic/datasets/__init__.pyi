from .audio import load_audio
from .digits import load_digits
from .evidence import make_evidence_accumulation
from .fsdd import load_fsdd
from .grasshopper import load_grasshopper
from .hd import load_hd
from .mnist import load_mnist
from .ntidigits import load_ntidigits
from .patterns import make_patterns
from .spiking_audio import load_shd, load_ssc
from .spoken import load_spoken
from .templates import make_jittered_templates

__all__ = [
    "load_audio",
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
