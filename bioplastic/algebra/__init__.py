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

import lazy_loader

from bioplastic import _uncaught  # noqa: F401  # before anything imports Brian

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
