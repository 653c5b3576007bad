"""Plasticity rules as frozen declarations.

With all-to-all wiring every synapse of one neuron sees the same trace, so a trace belongs to the
neuron, and a synapse stores its weight alone. A rule therefore says which traces it adds to the
presynaptic and to the postsynaptic population, and what a spike on either side does to the weight.
"""

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

__all__ = [
    "AdaptiveEProp",
    "CovarianceRewardSTDP",
    "DiehlCookExponential",
    "DiehlCookPowerLaw",
    "DiehlCookPreAndPost",
    "DiehlCookSTDP",
    "EProp",
    "EPropBias",
    "EPropFeedback",
    "EPropReadout",
    "EpisodicRewardSTDP",
    "HomeostaticVoltageSTDP",
    "InhibitorySTDP",
    "MultiplicativeSTDP",
    "NearestTripletSTDP",
    "PairSTDP",
    "PlasticityRule",
    "PowerLawSTDP",
    "RewardSTDP",
    "SynapticScaling",
    "ThreeFactorSTDP",
    "TripletSTDP",
    "VoltageSTDP",
    "combine_rules",
]
