"""Diehl & Cook as a classifier: the network learns without labels, its neurons are named after."""

import os
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from bioplastic.errors import DataError, ParameterError
from bioplastic.models import DiehlCookExcitatory, DiehlCookInhibitory, PlasticityRule
from bioplastic.networks.diehl_cook import DiehlCook
from bioplastic.readout import NeuronLabelClassifier

__all__ = ["DiehlCookClassifier"]
