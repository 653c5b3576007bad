"""Train Diehl & Cook's network on images, and label its neurons by them."""

import shlex
import time
from pathlib import Path

import typer

from bioplastic.cli.data import Task
from bioplastic.cli.folder import MODEL, make_folder, save_model, save_pictures
from bioplastic.cli.measuring import measure
from bioplastic.cli.settings import DiehlCookSettings
from bioplastic.cli.training import Trained, tell_written
from bioplastic.errors import ParameterError
from bioplastic.networks._checkpoints import checkpoints_kept

_MAX_VALIDATION = 1000


def train_on_images(
    task: Task,
    settings: DiehlCookSettings,
    *,
    sizes: tuple[int | None, int | None],
    seed: int,
    checkpoint: Path,
    folder: Path,
    progress: bool,
) -> None:
    """Train on images, measure on those kept for validation, and leave model and pictures.

    Raises
    ------
    BioplasticError
        Whatever options, network or folder refuse.
    """
    n_train, n_validation = _sizes(task, *sizes)
    make_folder(folder)
    typer.echo(f"{task.problem.title}: training on {n_train:,} of {len(task.train):,}")
    with checkpoints_kept():
        trained = train_network(
            task, settings, n_train=n_train, seed=seed, checkpoint=checkpoint, progress=progress
        )
        typer.echo(trained.report())
        record = trained.record(task, seed=seed) | {"validation": None}
        if n_validation:
            rows = task.train[n_train : n_train + n_validation]
            accuracy, _ = measure(
                trained.model, task.samples[rows], task.y[rows], progress=progress
            )
            record["validation"] = accuracy.as_json()
            typer.echo(f"Validation accuracy {accuracy}, of the training part, not trained on")
        else:
            typer.echo("Accuracy was not measured: no training samples were kept for validation")
        save_model(folder, trained.model, record)
    pictures = save_pictures(folder, trained.model, task)
    tell_written(folder / MODEL, *pictures)
    typer.echo(f"Held-out accuracy: {shlex.join(['bioplastic', 'evaluate', str(folder)])}")


def _sizes(task: Task, samples: int | None, validation: int | None) -> tuple[int, int]:
    """Numbers of samples for training and for validation, both of the training part."""
    available = len(task.train)
    if samples is None:
        samples = available - (validation or 0)
    if validation is None:
        validation = min(max(available - samples, 0), _MAX_VALIDATION)
    if samples < 1 or samples + validation > available:
        raise ParameterError(
            f"--samples, --validation-samples: must together be at most {available:,}, the size of "
            f"the training part of {task.problem.name}, and leave some to train on; got "
            f"{samples:,} and {validation:,}"
        )
    return samples, validation


def train_network(
    task: Task,
    settings: DiehlCookSettings,
    *,
    n_train: int,
    seed: int,
    checkpoint: Path | None,
    progress: bool,
) -> Trained:
    """Train Diehl & Cook's network on images, and label its neurons by them.

    Parameters
    ----------
    task : Task
        The images.
    settings : DiehlCookSettings
        Hyperparameters.
    n_train : int
        Take so many of the training images.
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
    rows, begun = task.train[:n_train], time.perf_counter()
    model.fit(task.samples[rows], task.y[rows])
    timings = dict(model.timings_)
    timings["label"] = max(time.perf_counter() - begun - sum(timings.values()), 0.0)
    # What a reader of the model does later shall neither save nor write to a terminal.
    model.set_params(checkpoint=None, verbose=0)
    n, n_epochs, n_label = model.n_presentations_, model.n_epochs_, settings.label_samples
    each = f"{1e3 * timings['simulate'] / n:.2f} ms each" if n else ""
    return Trained(
        model=model,
        settings=settings,
        timings=timings,
        remarks={
            "simulate": f" ({n:,} presentations, "
            f"{'went on from a checkpoint, times are of the rest' if resumed else each})",
            "label": " (build of the frozen network, and the samples once more)",
        },
        notes={
            "protocol": {
                "training": f"{_share(n_train, len(task.train))} training samples, without "
                f"labels, {n_epochs} epoch{'' if n_epochs == 1 else 's'}",
                "labels": f"neurons labeled by {_share(min(n_label or n_train, n_train), n_train)} "
                f"of these samples",
                "test": f"{task.test_part}; used by nothing but `bioplastic evaluate` and `demo`",
            },
            "n_presentations": n,
            "resumed": resumed,
        },
    )


def _share(n: int, total: int) -> str:
    return f"all {total:,}" if n == total else f"the first {n:,} of {total:,}"
