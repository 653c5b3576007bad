"""The file from which an interrupted `fit` goes on."""

import contextlib
import glob
import hashlib
import json
import logging
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np

from bioplastic.engine.checkpoint import describe, load_checkpoint, save_checkpoint
from bioplastic.engine.engines import resolve_engine
from bioplastic.errors import CheckpointError
from bioplastic.models.declaration import written_out
from bioplastic.networks._samples import digest
from bioplastic.networks._trained_network import TrainedNetwork

logger = logging.getLogger(__name__)

#: Parameters that change nothing of what is learned, and those that have an entry of their own.
_FREE = frozenset({"checkpoint", "engine", "n_jobs", "random_state", "verbose", "warm_start"})
#: Attributes of an estimator by groups of the file.
_GROUPS = {"state": "_state", "history": "_points", "best": "_best"}
_COUNTERS = ("_n_learned", "n_epochs_", "n_presentations_", "_n_rows")


#: Checkpoints whose training is done, but not what it is for.
_kept: ContextVar[list[Path] | None] = ContextVar("kept", default=None)


@contextlib.contextmanager
def checkpoints_kept() -> Iterator[None]:
    """Keep checkpoints beyond their `fit`, until the block ends without an error."""
    kept: list[Path] = []
    token = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(token)
    for path in kept:
        _remove(path)


def _remove(path: Path) -> None:
    """Remove a checkpoint, and what was being written when a process was killed."""
    for file in (path, *path.parent.glob(f".{glob.escape(path.name)}.*")):
        file.unlink(missing_ok=True)


class TrainingFile:
    """A checkpoint, with what its training follows from: the defaults of this release, too.

    Parameters
    ----------
    model : TrainedNetwork
        What trains, after `_begin`.
    samples, targets, groups : object
        What it learns from.
    """

    #: how many samples it holds
    saved = 0

    def __init__(self, model: TrainedNetwork, samples: Any, targets: Any, groups: Any) -> None:
        grouped = groups is not None and model.validation_fraction is not None
        named = repr(np.asarray(groups).tolist()).encode() if grouped else b""
        of_groups = np.frombuffer(named, dtype=np.uint8)  # they decide what is held out
        seed, free = model.random_state, _FREE | model._extends
        self._configuration = {
            **{k: written_out(v) for k, v in model.get_params(deep=False).items() if k not in free},
            **describe(model._learning(None)[0]),
            **model._constants(),
            "random_state": seed if seed is None else repr(seed),
            "engine": resolve_engine(model.engine),
            "data": digest(samples, *model._learned_from(targets), of_groups),
        }
        self.path = Path(model.checkpoint)
        if self.path.is_dir():  # a file for each training
            text = json.dumps(self._configuration, sort_keys=True).encode()
            self.path /= f"{hashlib.blake2b(text, digest_size=8).hexdigest()}.npz"

    def save(self, model: TrainedNetwork) -> None:
        """Write what was learned so far."""
        arrays = {
            f"{group}.{name}": np.asarray(value)
            for group, attribute in _GROUPS.items()
            for name, value in getattr(model, attribute).items()
        }
        counters = np.array([getattr(model, name) for name in _COUNTERS])
        arrays |= {"entropy": np.array(model._entropy), "counters": counters}
        save_checkpoint(self.path, arrays=arrays, configuration=self._configuration)
        self.saved = model._n_learned

    def resume(self, model: TrainedNetwork) -> None:
        """Go on from the file, if there is one that holds more than the model has learned."""
        arrays = load_checkpoint(self.path, configuration=self._configuration)
        if arrays is None or arrays["counters"][0] <= model._n_learned:
            return
        groups: dict[str, dict[str, Any]] = {group: {} for group in _GROUPS}
        for key, values in arrays.items():
            group, _, name = key.partition(".")
            if name:
                groups[group][name] = values
        for name, number in zip(_COUNTERS, arrays["counters"], strict=True):
            setattr(model, name, int(number))
        if model._n_learned > model._n_rows * (n_epochs := model._n_epochs_wanted()) > 0:
            raise CheckpointError(
                f"checkpoint: {self.path} holds {model.n_epochs_} epochs, this training has "
                f"{n_epochs}; raise n_epochs or choose another file"
            )
        model._entropy = [int(word) for word in arrays["entropy"]]
        model._state, model._best = groups["state"], groups["best"]
        model._points = {name: list(values) for name, values in groups["history"].items()}
        self.saved = model._n_learned
        logger.info("resumed from %s after %d samples", self.path, self.saved)

    def done(self) -> None:
        """Delete the file of a training that is done, or where it is kept, leave it to who does."""
        kept = _kept.get()
        _remove(self.path) if kept is None else kept.append(self.path)
