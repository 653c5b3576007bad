"""Trained models in files that cannot run code: skops, and what it does not know of ours.

A pickle is a program. A file of skops is data: it names types, and only those that are trusted are
made. Declarations come through their constructors, which check them anew.
"""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import skops.io
from brian2 import Quantity, get_or_create_dimension
from skops.io._utils import _get_state, get_state

import bioplastic.networks
from bioplastic._archives import check_archive
from bioplastic._quantities import powers_of_units
from bioplastic.encoding import Cochlea
from bioplastic.models.declaration import Declaration, EquationString
from bioplastic.models.summary import declared_names
from bioplastic.networks import DiehlCookClassifier, LiquidStateMachine
from bioplastic.readout import (
    KernelRidgeClassifier,
    NeuronLabelClassifier,
    SpikeTimeClassifier,
    TimeBinnedCount,
)
from bioplastic.readout.orthogonal import OrthogonalRegression
from bioplastic.readout.selection import Selection

#: What a file may name, beside what skops trusts of NumPy and scikit-learn: data go into these as
#: they are, and the functions below make the rest.
_TYPES: tuple[type, ...] = (
    Cochlea,
    DiehlCookClassifier,
    KernelRidgeClassifier,
    LiquidStateMachine,
    NeuronLabelClassifier,
    OrthogonalRegression,
    Selection,
    SpikeTimeClassifier,
    TimeBinnedCount,
)


def write_model_file(file: Path | BinaryIO, model: Any) -> None:
    """Write a model that `bioplastic train` has made.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    skops.io.dump(model, file)


def read_model_file(path: Path) -> Any:
    """Read what :func:`write_model_file` wrote.

    Raises
    ------
    Exception
        Of any type, if the file is damaged or names a type that is not trusted.
    """
    with path.open("rb") as file:
        check_archive(file, os.fstat(file.fileno()).st_size)
    makers = [f"{make.__module__}.{make.__name__}" for make in (quantity, declaration, seed)]
    return skops.io.load(path, trusted=[*_TYPES, EquationString, *makers])


def quantity(value: Any, dimensions: Any) -> Quantity:
    """Make a quantity of its value in base units and the exponents of these."""
    return Quantity(value, dim=get_or_create_dimension(dimensions))


def declaration(name: str, fields: Mapping[str, Any]) -> Declaration:
    """Make a declaration of its fields."""
    kind = declared_names().get(name) or getattr(bioplastic.networks, name, None)
    if not isinstance(kind, type) or not issubclass(kind, Declaration):
        raise ValueError(f"{name} is no declaration")
    made: Declaration = kind(**fields)
    return made


def seed(entropy: Any, spawn_key: Any, pool_size: int, n_spawned: int) -> np.random.SeedSequence:
    """Make a seed as it was."""
    return np.random.SeedSequence(
        entropy, spawn_key=spawn_key, pool_size=pool_size, n_children_spawned=n_spawned
    )


def _call(make: Any, *arguments: Any, context: Any) -> dict[str, Any]:
    """Describe a call, as skops does for what a constructor makes."""
    return {
        "__class__": make.__name__,
        "__module__": make.__module__,
        "__loader__": "ConstructorFromReduceNode",
        "content": get_state(arguments, context),
    }


def _describe_quantity(value: Quantity, context: Any) -> dict[str, Any]:
    plain = float(value) if value.ndim == 0 else np.array(value)
    return _call(quantity, plain, list(powers_of_units(value).values()), context=context)


def _describe_equations(value: EquationString, context: Any) -> dict[str, Any]:
    return _call(EquationString, str(value), context=context)


def _describe_declaration(value: Any, context: Any) -> dict[str, Any]:
    fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.init}
    return _call(declaration, type(value).__name__, fields, context=context)


def _describe_seed(value: np.random.SeedSequence, context: Any) -> dict[str, Any]:
    parts = (value.entropy, value.spawn_key, value.pool_size, value.n_children_spawned)
    return _call(seed, *parts, context=context)


# skops would keep a quantity without its unit, and has no public place to tell it better. Files are
# read through public functions alone.
_get_state.register(Quantity)(_describe_quantity)
_get_state.register(EquationString)(_describe_equations)
_get_state.register(Declaration)(_describe_declaration)
_get_state.register(np.random.SeedSequence)(_describe_seed)
