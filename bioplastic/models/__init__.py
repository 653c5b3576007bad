"""What a network is: frozen declarations that hold equation strings."""

from bioplastic import _uncaught  # noqa: F401  # before anything imports Brian
from bioplastic.models.adaptive_exponential import AdaptiveExponential
from bioplastic.models.brian_import import FromBrian2, from_brian2
from bioplastic.models.declaration import EquationString
from bioplastic.models.diehl_cook import DiehlCookExcitatory, DiehlCookInhibitory
from bioplastic.models.distributions import (
    Constant,
    Distribution,
    Gamma,
    LogNormal,
    LogUniform,
    Normal,
    PerTarget,
    Uniform,
    Values,
)
from bioplastic.models.eprop import (
    EPropALIF,
    EPropLIF,
    LeakyReadout,
    RateRegularization,
    SoftmaxError,
    SoftmaxOutput,
    SquaredError,
)
from bioplastic.models.inputs import DelayLineInput, PoissonInput, SignalInput, SpikeInput
from bioplastic.models.intrinsic import AdaptiveThresholdLIF, HomeostaticLIF
from bioplastic.models.network import Network
from bioplastic.models.neurons import LIF, AdaptiveLIF, NeuronModel
from bioplastic.models.optimizers import SGD, Adam, Optimizer
from bioplastic.models.plasticity.combining import combine_rules
from bioplastic.models.plasticity.diehl_cook import (
    DiehlCookExponential,
    DiehlCookPowerLaw,
    DiehlCookPreAndPost,
    DiehlCookSTDP,
)
from bioplastic.models.plasticity.eprop import (
    AdaptiveEProp,
    EProp,
    EPropBias,
    EPropFeedback,
    EPropReadout,
)
from bioplastic.models.plasticity.homeostatic import SynapticScaling
from bioplastic.models.plasticity.inhibitory import InhibitorySTDP
from bioplastic.models.plasticity.pair import MultiplicativeSTDP, PairSTDP, PowerLawSTDP
from bioplastic.models.plasticity.reward import (
    CovarianceRewardSTDP,
    EpisodicRewardSTDP,
    RewardSTDP,
    ThreeFactorSTDP,
)
from bioplastic.models.plasticity.rule import PlasticityRule
from bioplastic.models.plasticity.triplet import NearestTripletSTDP, TripletSTDP
from bioplastic.models.plasticity.voltage import HomeostaticVoltageSTDP, VoltageSTDP
from bioplastic.models.population import Population
from bioplastic.models.projection import Projection
from bioplastic.models.schedule import Schedule
from bioplastic.models.synapses import SynapseModel, TsodyksMarkram
from bioplastic.models.time_table import TimeTable
from bioplastic.models.timing import Event, Pathway, Regularly
from bioplastic.models.wiring import (
    DistanceWiring,
    FixedInDegree,
    PairWiring,
    RandomWiring,
    StoredWiring,
    TonotopicWiring,
    Wiring,
)

__all__ = [
    "LIF",
    "SGD",
    "Adam",
    "AdaptiveEProp",
    "AdaptiveExponential",
    "AdaptiveLIF",
    "AdaptiveThresholdLIF",
    "Constant",
    "CovarianceRewardSTDP",
    "DelayLineInput",
    "DiehlCookExcitatory",
    "DiehlCookExponential",
    "DiehlCookInhibitory",
    "DiehlCookPowerLaw",
    "DiehlCookPreAndPost",
    "DiehlCookSTDP",
    "DistanceWiring",
    "Distribution",
    "EProp",
    "EPropALIF",
    "EPropBias",
    "EPropFeedback",
    "EPropLIF",
    "EPropReadout",
    "EpisodicRewardSTDP",
    "EquationString",
    "Event",
    "FixedInDegree",
    "FromBrian2",
    "Gamma",
    "HomeostaticLIF",
    "HomeostaticVoltageSTDP",
    "InhibitorySTDP",
    "LeakyReadout",
    "LogNormal",
    "LogUniform",
    "MultiplicativeSTDP",
    "NearestTripletSTDP",
    "Network",
    "NeuronModel",
    "Normal",
    "Optimizer",
    "PairSTDP",
    "PairWiring",
    "Pathway",
    "PerTarget",
    "PlasticityRule",
    "PoissonInput",
    "Population",
    "PowerLawSTDP",
    "Projection",
    "RandomWiring",
    "RateRegularization",
    "Regularly",
    "RewardSTDP",
    "Schedule",
    "SignalInput",
    "SoftmaxError",
    "SoftmaxOutput",
    "SpikeInput",
    "SquaredError",
    "StoredWiring",
    "SynapseModel",
    "SynapticScaling",
    "ThreeFactorSTDP",
    "TimeTable",
    "TonotopicWiring",
    "TripletSTDP",
    "TsodyksMarkram",
    "Uniform",
    "Values",
    "VoltageSTDP",
    "Wiring",
    "combine_rules",
    "from_brian2",
]
