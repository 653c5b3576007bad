"""Checkpoints of trainings: what they belong to, and what every estimator keeps in one."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from bioplastic import engine as engines
from bioplastic.errors import CheckpointError
from bioplastic.models import Network
from bioplastic.models.declaration import written_out

__all__ = ["configuration_of", "group", "restore", "save"]

type Arrays = dict[str, npt.NDArray[Any]]

logger = logging.getLogger(__name__)

#: Parameters that change nothing of what is learned, and those that have an entry of their own.
_LEFT_OUT = frozenset({"checkpoint", "engine", "n_jobs", "random_state", "verbose"})


def configuration_of(
    estimator: Any, network: Network, *, data: str, left_out: frozenset[str], **more: Any
) -> dict[str, Any]:
    """Collect what a training follows from, for a checkpoint.

    Parameters
    ----------
    estimator : estimator
        Its parameters as they were given.
    network : Network
        What it made of them: defaults of this release are part of it.
    data : str
        From `digest`.
    left_out : frozenset of str
        Parameters that a resumed training may change.
    **more
        Numbers that stand neither in the parameters nor in the network.
    """
    seed = estimator.random_state
    return {
        **{
            k: written_out(v)
            for k, v in estimator.get_params().items()
            if k not in _LEFT_OUT | left_out
        },
        **engines.describe(network),
        **more,
        "random_state": seed if seed is None else repr(seed),
        "engine": engines.resolve_engine(estimator.engine),
        "data": data,
    }


def save(
    estimator: Any,
    configuration: dict[str, Any],
    groups: Mapping[str, Mapping[str, Any]],
    **arrays: npt.ArrayLike,
) -> None:
    """Write a checkpoint of state and random numbers, groups of arrays, and others."""
    found = {
        f"{name}.{key}": value
        for name, values in {"state": estimator._state, **groups}.items()
        for key, value in values.items()
    }
    found |= {"entropy": estimator._entropy, **arrays}
    engines.save_checkpoint(
        estimator.checkpoint,
        arrays={name: np.asarray(value) for name, value in found.items()},
        configuration=configuration,
    )


def restore(
    estimator: Any, configuration: dict[str, Any], *, counter: str, wanted: int, unit: str
) -> Arrays | None:
    """Take state and random numbers from the checkpoint, if there is one; return all it holds.

    Raises
    ------
    CheckpointError
        If it belongs to another training, or its counter is beyond what is wanted.
    """
    arrays = engines.load_checkpoint(estimator.checkpoint, configuration=configuration)
    if arrays is None:
        return None
    done = int(arrays[counter].flat[0])
    if done > wanted:
        raise CheckpointError(
            f"checkpoint: {estimator.checkpoint} holds {done} {unit}, this training has {wanted}; "
            f"raise n_epochs or choose another file"
        )
    estimator._entropy = [int(word) for word in arrays["entropy"]]
    estimator._state = group(arrays, "state")
    logger.info("resumed from %s after %d of %d %s", estimator.checkpoint, done, wanted, unit)
    return arrays


def group(arrays: Arrays, name: str) -> Arrays:
    """Return the arrays of a group, under their own names."""
    begin = f"{name}."
    return {k.removeprefix(begin): v for k, v in arrays.items() if k.startswith(begin)}
