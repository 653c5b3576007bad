"""Networks that train, as scikit-learn estimators."""

from bioplastic.networks.declarations import diehl_cook_network
from bioplastic.networks.diehl_cook import DiehlCook
from bioplastic.networks.diehl_cook_classifier import DiehlCookClassifier
from bioplastic.networks.eprop_classifier import EPropClassifier
from bioplastic.networks.eprop_network import eprop_network
from bioplastic.networks.eprop_regressor import EPropRegressor
from bioplastic.networks.liquids import Liquid, MaassColumn, RandomLiquid, TonotopicLiquid
from bioplastic.networks.reservoir import LiquidStateMachine
from bioplastic.networks.reward_classifier import RewardSTDPClassifier
from bioplastic.networks.spiking_classifier import SpikingClassifier
from bioplastic.networks.spiking_regressor import SpikingRegressor

__all__ = [
    "DiehlCook",
    "DiehlCookClassifier",
    "EPropClassifier",
    "EPropRegressor",
    "Liquid",
    "LiquidStateMachine",
    "MaassColumn",
    "RandomLiquid",
    "RewardSTDPClassifier",
    "SpikingClassifier",
    "SpikingRegressor",
    "TonotopicLiquid",
    "diehl_cook_network",
    "eprop_network",
]
