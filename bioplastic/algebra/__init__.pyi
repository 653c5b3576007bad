from .evaluation import evaluate
from .gram import gram_matrix
from .vectors import inner_product, norm, van_rossum_distance

__all__ = [
    "evaluate",
    "gram_matrix",
    "inner_product",
    "norm",
    "van_rossum_distance",
]
