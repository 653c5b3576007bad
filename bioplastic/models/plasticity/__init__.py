"""Plasticity rules as frozen declarations.

With all-to-all wiring every synapse of one neuron sees the same trace, so a trace belongs to the
neuron, and a synapse stores its weight alone. A rule therefore says which traces it adds to the
presynaptic and to the postsynaptic population, and what a spike on either side does to the weight.
"""

__all__ = ()
