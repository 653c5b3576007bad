"""Networks that train, as scikit-learn estimators."""

from bioplastic.networks.diehl_cook import DiehlCook, diehl_cook_network

__all__ = ["DiehlCook", "diehl_cook_network"]
