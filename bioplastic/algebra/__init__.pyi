from .evaluation import evaluate
from .gram import gram_matrix
from .projection import SpanProjection, project
from .vectors import inner_product, norm, van_rossum_distance

__all__ = [
    "SpanProjection",
    "evaluate",
    "gram_matrix",
    "inner_product",
    "norm",
    "project",
    "van_rossum_distance",
]
