"""What a network is: frozen declarations that hold equation strings."""

from bioplastic.models.declaration import EquationString
from bioplastic.models.network import Network, Population, Projection, Schedule
from bioplastic.models.neurons import (
    LIF,
    DiehlCookExcitatory,
    DiehlCookInhibitory,
    NeuronModel,
    PoissonInput,
)
from bioplastic.models.plasticity import DiehlCookSTDP, PairSTDP, PlasticityRule

__all__ = [
    "LIF",
    "DiehlCookExcitatory",
    "DiehlCookInhibitory",
    "DiehlCookSTDP",
    "EquationString",
    "Network",
    "NeuronModel",
    "PairSTDP",
    "PlasticityRule",
    "PoissonInput",
    "Population",
    "Projection",
    "Schedule",
]
