"""Errors of bioplastic: each names the parameter, the value and the remedy.

Every class has two parents, :class:`BioplasticError` and the builtin error it refines, so that both
``except BioplasticError`` and ``except ValueError`` do what a reader expects.
"""

__all__ = [
    "BioplasticError",
    "BuildError",
    "CheckpointError",
    "DataError",
    "DataNotFoundError",
    "ParameterError",
    "SimulationError",
    "StorageError",
]


class BioplasticError(Exception):
    """Parent of every error that bioplastic raises on purpose."""


class ParameterError(BioplasticError, ValueError):
    """A parameter has a value, unit or type that cannot work."""


class UnknownArgumentError(ParameterError, TypeError):
    """A constructor has no argument of that name."""


class DataError(BioplasticError, ValueError):
    """Data are damaged, mis-shaped or outside their valid range."""


class DataNotFoundError(BioplasticError, FileNotFoundError):
    """A data set is neither on this machine nor can it be fetched."""


class BuildError(BioplasticError, RuntimeError):
    """A program could not be compiled, or the machine lacks the compiler that the engine needs."""


class SimulationError(BioplasticError, RuntimeError):
    """A program, or the cluster that runs programs, stopped or does not answer."""


class CheckpointError(BioplasticError, RuntimeError):
    """A checkpoint is damaged or belongs to another configuration."""


class StorageError(BioplasticError, OSError):
    """A file could not be written, for example because the disk is full."""
