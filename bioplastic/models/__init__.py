"""What a network is: frozen declarations that hold equation strings."""

from bioplastic.models.declaration import EquationString
from bioplastic.models.distributions import (
    Constant,
    Distribution,
    Gamma,
    LogNormal,
    LogUniform,
    Normal,
    PerTarget,
    Uniform,
)
from bioplastic.models.network import Network, Population, Projection, Schedule
from bioplastic.models.neurons import (
    LIF,
    AdaptiveLIF,
    DiehlCookExcitatory,
    DiehlCookInhibitory,
    NeuronModel,
    PoissonInput,
    SpikeInput,
)
from bioplastic.models.plasticity import DiehlCookSTDP, PairSTDP, PlasticityRule
from bioplastic.models.synapses import SynapseModel, TsodyksMarkram
from bioplastic.models.wiring import (
    DistanceWiring,
    FixedInDegree,
    RandomWiring,
    TonotopicWiring,
    Wiring,
)

__all__ = [
    "LIF",
    "AdaptiveLIF",
    "Constant",
    "DiehlCookExcitatory",
    "DiehlCookInhibitory",
    "DiehlCookSTDP",
    "DistanceWiring",
    "Distribution",
    "EquationString",
    "FixedInDegree",
    "Gamma",
    "LogNormal",
    "LogUniform",
    "Network",
    "NeuronModel",
    "Normal",
    "PairSTDP",
    "PerTarget",
    "PlasticityRule",
    "PoissonInput",
    "Population",
    "Projection",
    "RandomWiring",
    "Schedule",
    "SpikeInput",
    "SynapseModel",
    "TonotopicWiring",
    "TsodyksMarkram",
    "Uniform",
    "Wiring",
]
