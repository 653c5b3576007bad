"""Networks that train, as scikit-learn estimators."""

from bioplastic.networks.declarations import diehl_cook_network
from bioplastic.networks.diehl_cook import DiehlCook
from bioplastic.networks.diehl_cook_classifier import DiehlCookClassifier

__all__ = ["DiehlCook", "DiehlCookClassifier", "diehl_cook_network"]
