"""Train a network of Diehl & Cook: what ``train`` and ``demo`` share."""

import dataclasses
import time
from pathlib import Path
from typing import Any

import numpy.typing as npt
import typer

from bioplastic.cli.folder import versions
from bioplastic.cli.settings import DiehlCookSettings
from bioplastic.cli.tasks import Task
from bioplastic.networks import DiehlCookClassifier

__all__ = ["Training", "train_network"]

_LABELLING = "build of the frozen network, and the samples once more"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """A trained model, and how long that took.

    Parameters
    ----------
    model : DiehlCookClassifier
        The model.
    timings : dict of str to float
        Seconds of ``"build"``, ``"simulate"``, ``"read"`` and ``"label"``.
    resumed : bool
        Whether a checkpoint held the first part of the training.
    """

    model: DiehlCookClassifier
    timings: dict[str, float]
    resumed: bool

    def report(self) -> str:
        """Say in lines where the time went."""
        seconds, n = self.timings, self.model.n_presentations_
        built = f"{seconds['build']:.1f} s" if seconds["build"] else "0 s (from the cache)"
        each = f", {1e3 * seconds['simulate'] / n:.2f} ms each" if not self.resumed else ""
        resumed = "; went on from a checkpoint, times are of the rest" if self.resumed else ""
        return "\n".join(
            [
                "Time",
                f"  build     {built}",
                f"  simulate  {seconds['simulate']:.1f} s ({n:,} presentations{each}{resumed})",
                f"  read      {seconds['read']:.1f} s",
                f"  label     {seconds['label']:.1f} s ({_LABELLING})",
            ]
        )

    def record(
        self, task: Task, settings: DiehlCookSettings, *, seed: int, n_train: int
    ) -> dict[str, Any]:
        """Return everything that a reader needs to judge or repeat the training, for JSON."""
        n_label = n_train if settings.label_samples is None else settings.label_samples
        n_label = min(n_label, n_train)
        shown = _share(n_train, len(task.X_train))
        epochs = f"{settings.epochs} epoch{'' if settings.epochs == 1 else 's'}"
        return {
            "data_set": task.name,
            "model": settings.model,
            "protocol": {
                "training": f"{shown} training samples, without labels, {epochs}",
                "labels": f"neurons labelled by {_share(n_label, n_train)} of these samples",
                "test": f"{task.test_part}; seen by nothing but `bioplastic evaluate` and `demo`",
            },
            "settings": dataclasses.asdict(settings),
            "parameters": {k: repr(v) for k, v in self.model.get_params().items()},
            "seed": seed,
            "engine": dict(self.model.engine_),
            "n_presentations": self.model.n_presentations_,
            "timings_s": self.timings,
            "resumed": self.resumed,
            "versions": versions(),
        }


def train_network(
    X: npt.NDArray[Any],
    y: npt.NDArray[Any],
    settings: DiehlCookSettings,
    *,
    seed: int,
    checkpoint: Path | None,
    progress: bool,
) -> Training:
    """Train on samples and label the neurons by them.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Training samples.
    y : ndarray of shape (n_samples,)
        Their labels.
    settings : DiehlCookSettings
        Parameters of the network.
    seed : int
        Of weights, noise and order.
    checkpoint : Path or None
        Where training saves itself, and from where it goes on.
    progress : bool
        Whether to show a progress bar.

    Raises
    ------
    BioplasticError
        Whatever :class:`~bioplastic.networks.DiehlCookClassifier` refuses.
    """
    resumed = checkpoint is not None and checkpoint.exists()
    if resumed:
        typer.echo(f"Going on from {checkpoint}")
    model = settings.estimator(random_state=seed, checkpoint=checkpoint, verbose=int(progress))
    begun = time.perf_counter()
    model.fit(X, y)
    trained = dict(model.timings_)
    label = max(time.perf_counter() - begun - sum(trained.values()), 0.0)
    # What a reader of the model does later shall neither save nor write to a terminal.
    model.set_params(checkpoint=None, verbose=0)
    return Training(model=model, timings=trained | {"label": label}, resumed=resumed)


def _share(n: int, total: int) -> str:
    return f"all {total:,}" if n == total else f"the first {n:,} of {total:,}"
