r"""Spike trains as vectors: inner products, distances, Gram matrices and projections.

A spike train is the sum of a delta at each of its spikes. Two trains have the inner product

.. math:: \langle s, u\rangle_\tau = \sum_m \sum_n \exp(-|t_m - t_n| / \tau),

which is 2/tau times the integral of the product of the trains filtered with the causal
:math:`\exp(-t/\tau)`. With ``tau = inf * second`` it is the product of the spike counts; as tau
goes to 0 it counts coincidences. The trains of different samples are orthogonal: where samples are
stacked, inner products add up. No function here makes a matrix of spikes by spikes.

After Carnell & Richardson, "Linear algebra for time series of spikes", ESANN 2005, and Paiva, Park
& Principe, Neural Computation 21(2):424-449, 2009, doi 10.1162/neco.2008.09-07-614.
"""

from bioplastic.algebra.evaluation import evaluate
from bioplastic.algebra.gram import gram_matrix
from bioplastic.algebra.projection import SpanProjection, project
from bioplastic.algebra.vectors import inner_product, norm, van_rossum_distance

__all__ = [
    "SpanProjection",
    "evaluate",
    "gram_matrix",
    "inner_product",
    "norm",
    "project",
    "van_rossum_distance",
]
