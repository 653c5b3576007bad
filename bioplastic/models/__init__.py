"""What a network is: frozen declarations that hold equation strings."""

from bioplastic import _uncaught  # noqa: F401  # before anything imports Brian
from bioplastic.models.adaptive_exponential import AdaptiveExponential
from bioplastic.models.brian_import import from_brian2
from bioplastic.models.diehl_cook import DiehlCookExcitatory, DiehlCookInhibitory
from bioplastic.models.distributions import Constant, LogUniform, Normal, Uniform
from bioplastic.models.eprop import EPropALIF, RateRegularization
from bioplastic.models.inputs import PoissonInput, SignalInput, SpikeInput
from bioplastic.models.intrinsic import HomeostaticLIF
from bioplastic.models.network import Network
from bioplastic.models.neurons import LIF, AdaptiveLIF, NeuronModel
from bioplastic.models.optimizers import SGD, Adam
from bioplastic.models.plasticity.diehl_cook import DiehlCookSTDP
from bioplastic.models.plasticity.homeostatic import InhibitorySTDP, SynapticScaling
from bioplastic.models.plasticity.pair import MultiplicativeSTDP, PairSTDP, PowerLawSTDP
from bioplastic.models.plasticity.reward import RewardSTDP
from bioplastic.models.plasticity.rule import PlasticityRule, combine_rules
from bioplastic.models.plasticity.triplet import NearestTripletSTDP, TripletSTDP
from bioplastic.models.plasticity.voltage import VoltageSTDP
from bioplastic.models.population import Population
from bioplastic.models.projection import Projection
from bioplastic.models.schedule import Schedule
from bioplastic.models.synapses import SynapseModel, TsodyksMarkram
from bioplastic.models.time_table import TimeTable
from bioplastic.models.timing import Event, Pathway, Regularly
from bioplastic.models.wiring import PairWiring, RandomWiring, TonotopicWiring

__all__ = [
    "LIF",
    "SGD",
    "Adam",
    "AdaptiveExponential",
    "AdaptiveLIF",
    "Constant",
    "DiehlCookExcitatory",
    "DiehlCookInhibitory",
    "DiehlCookSTDP",
    "EPropALIF",
    "Event",
    "HomeostaticLIF",
    "InhibitorySTDP",
    "LogUniform",
    "MultiplicativeSTDP",
    "NearestTripletSTDP",
    "Network",
    "NeuronModel",
    "Normal",
    "PairSTDP",
    "PairWiring",
    "Pathway",
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
    "SpikeInput",
    "SynapseModel",
    "SynapticScaling",
    "TimeTable",
    "TonotopicWiring",
    "TripletSTDP",
    "TsodyksMarkram",
    "Uniform",
    "VoltageSTDP",
    "combine_rules",
    "from_brian2",
]
