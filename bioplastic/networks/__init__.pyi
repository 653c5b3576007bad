from .declarations import diehl_cook_network
from .diehl_cook import DiehlCook
from .diehl_cook_classifier import DiehlCookClassifier
from .eprop_classifier import EPropClassifier
from .eprop_network import eprop_network
from .eprop_regressor import EPropRegressor
from .liquids import RandomLiquid, TonotopicLiquid
from .listener import Listener
from .maass_column import MaassColumn
from .reservoir import LiquidStateMachine
from .reward_classifier import RewardSTDPClassifier
from .spiking_classifier import SpikingClassifier
from .spiking_regressor import SpikingRegressor

__all__ = [
    "DiehlCook",
    "DiehlCookClassifier",
    "EPropClassifier",
    "EPropRegressor",
    "LiquidStateMachine",
    "Listener",
    "MaassColumn",
    "RandomLiquid",
    "RewardSTDPClassifier",
    "SpikingClassifier",
    "SpikingRegressor",
    "TonotopicLiquid",
    "diehl_cook_network",
    "eprop_network",
]
