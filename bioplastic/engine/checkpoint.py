"""Checkpoints: everything that a training needs to go on, in one file that is whole or absent."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import brian2
import numpy as np
import numpy.typing as npt

from bioplastic._archives import check_archive
from bioplastic._whole_files import whole_file
from bioplastic.engine.plan import plan_of
from bioplastic.errors import CheckpointError
from bioplastic.models import Network
from bioplastic.models.declaration import written_out

FORMAT = 2
#: Raised whenever the same declaration, data and seed give other numbers than before; versions of
#: Brian and NumPy do not. Files that say nothing are of the first.
MATHEMATICS = 2
#: What is said of hashes.
_SAYING = {"network": "the network's declaration differs", "data": "the data differ"}


def describe(network: Network) -> dict[str, Any]:
    """Return what the numbers of a network follow from, for the configuration of a checkpoint.

    Parameters
    ----------
    network : Network
        The declaration, with the defaults that this release gives it.

    Returns
    -------
    description : dict
        The value of each parameter by its name, and as ``"network"`` a hash of all else: strings,
        sizes, wirings, distributions, initial values.
    """
    plan = plan_of(network)
    initial = [population.neuron.initial_values for population in plan.network.populations]
    text = repr((plan.key, written_out(plan.network), initial))
    digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return {**plan.values, "network": digest}


def save_checkpoint(
    path: str | os.PathLike[str],
    *,
    arrays: Mapping[str, npt.NDArray[Any]],
    configuration: Mapping[str, Any],
) -> None:
    """Write a checkpoint beside its place, then move it there in one step.

    Parameters
    ----------
    path : path-like
        The file; its folder is made where it is missing.
    arrays : mapping of str to ndarray
        State and history.
    configuration : mapping
        What the arrays belong to, of JSON types: parameters, :func:`describe` of the network, and
        as ``"data"`` a hash of the samples. It is compared on resuming.

    Raises
    ------
    StorageError
        If it cannot be written; an older checkpoint at `path` stays as it was.
    """
    target = Path(path)
    meta = {
        "format": FORMAT,
        "mathematics": MATHEMATICS,
        "configuration": dict(configuration),
        "arrays": sorted(arrays),
        "versions": {"brian2": brian2.__version__, "numpy": np.__version__},
    }
    with whole_file(target, "checkpoint") as scratch, scratch.open("xb") as file:
        np.savez(file, meta=np.array(json.dumps(meta)), **arrays)  # type: ignore[arg-type]


def load_checkpoint(
    path: str | os.PathLike[str], *, configuration: Mapping[str, Any]
) -> dict[str, npt.NDArray[Any]] | None:
    """Read a checkpoint that belongs to `configuration`.

    Returns
    -------
    arrays : dict of str to ndarray, or None
        None where there is no file.

    Raises
    ------
    CheckpointError
        If the file is damaged, was written by another configuration (names what differs), or by a
        release that computed other numbers.
    """
    try:
        with open(path, "rb") as source:
            check_archive(source, os.fstat(source.fileno()).st_size)
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        meta = json.loads(str(arrays.pop("meta")))
        found = meta["configuration"]
        # A zip's directory has no checksum of its own, so an array can be lost unnoticed.
        if sorted(arrays) != meta["arrays"]:
            raise ValueError("arrays are missing")
        if not isinstance(found, dict):
            raise TypeError("its configuration is none")
    except FileNotFoundError:
        return None
    except Exception as error:  # a damaged file fails anywhere in zip, NPY header, JSON
        raise CheckpointError(
            f"checkpoint: {path} is damaged or no checkpoint ({error}); delete it to start anew"
        ) from error
    for what, written, ours in (
        ("format", meta.get("format"), FORMAT),
        ("mathematics", meta.get("mathematics", 1), MATHEMATICS),
    ):
        if written != ours:
            raise CheckpointError(
                f"checkpoint: {path} was written by {what} {written}, this is {ours}: another "
                f"release, whose numbers are others; delete it to start anew, or go on with that "
                f"release"
            )
    # What is compared went through JSON once, the other must too.
    wanted = json.loads(json.dumps(dict(configuration)))
    different = sorted(k for k in {*found, *wanted} if found.get(k) != wanted.get(k))
    if different:
        shown = "; ".join(
            _SAYING.get(k, f"{k}: {found.get(k)!r} there, {wanted.get(k)!r} here")
            for k in different
        )
        raise CheckpointError(
            f"checkpoint: {path} belongs to another training ({shown}); "
            f"delete it or choose another file"
        )
    return arrays
