"""Data sets as scikit-learn Bunches: arrays of samples, and where they come from."""

from bioplastic.datasets.digits import load_digits
from bioplastic.datasets.mnist import load_mnist

__all__ = ["load_digits", "load_mnist"]
