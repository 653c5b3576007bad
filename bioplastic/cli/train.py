"""``bioplastic train``: train a network on the training part of a data set."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from bioplastic.cli.folder import MODEL, make_folder, save_model, save_pictures
from bioplastic.cli.reporting import reporting, show_progress
from bioplastic.cli.settings import SETTINGS
from bioplastic.cli.tasks import TASKS, Task
from bioplastic.cli.training import measure, train_network
from bioplastic.errors import ParameterError

__all__ = ["Engine", "train"]

_MAX_VALIDATION = 1000

DataSet = Literal["digits", "mnist"]
Engine = Literal["auto", "numpy", "cython", "cpp_standalone", "cuda_standalone"]
Rule = Literal["triplet", "pair"]


def _default(name: str) -> str:
    """Say the default of a setting, for every data set where they differ."""
    values = {task: getattr(settings, name) for task, settings in SETTINGS.items()}
    shown = {task: "all" if value is None else f"{value:g}" for task, value in values.items()}
    if len(set(shown.values())) == 1:
        return f"[default: {next(iter(shown.values()))}]"
    return f"[default: {', '.join(f'{value} for {task}' for task, value in shown.items())}]"


def train(
    data_set: Annotated[DataSet, typer.Argument(help="What to train on.", show_default=False)],
    neurons: Annotated[
        int | None, typer.Option(min=1, help=f"Excitatory neurons. {_default('neurons')}")
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help=f"Passes over the training samples. {_default('epochs')}"),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(min=1, help="Train on so many of the training samples. [default: all]"),
    ] = None,
    label_samples: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=f"Training samples that label the neurons. {_default('label_samples')}",
        ),
    ] = None,
    validation_samples: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Training samples kept apart, on which accuracy is printed. "
            f"[default: what --samples leaves, at most {_MAX_VALIDATION}]",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of weights, noise and order.")] = 0,
    engine: Annotated[Engine, typer.Option(help="How the network is computed.")] = "auto",
    rule: Annotated[Rule, typer.Option(help="Learning rule.")] = "triplet",
    presentation_ms: Annotated[
        float | None,
        typer.Option(help=f"Length of a presentation. {_default('presentation_ms')}"),
    ] = None,
    rest_ms: Annotated[
        float | None, typer.Option(help=f"Rest after a presentation. {_default('rest_ms')}")
    ] = None,
    dt_ms: Annotated[float | None, typer.Option(help=f"Time step. {_default('dt_ms')}")] = None,
    rate_max_hz: Annotated[
        float | None,
        typer.Option(help=f"Rate of the brightest pixel. {_default('rate_max_hz')}"),
    ] = None,
    theta_plus_mv: Annotated[
        float | None,
        typer.Option(help=f"Growth of the threshold at a spike. {_default('theta_plus_mv')}"),
    ] = None,
    inhibition: Annotated[
        float | None, typer.Option(help=f"Weight of the inhibition. {_default('inhibition')}")
    ] = None,
    norm: Annotated[
        float | None,
        typer.Option(help=f"Sum of the incoming weights of a neuron. {_default('norm')}"),
    ] = None,
    min_spikes: Annotated[
        int | None,
        typer.Option(
            min=0, help=f"With fewer spikes, a sample is shown again. {_default('min_spikes')}"
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="File to which training is saved as it goes, and from which it goes on; kept when "
            "training ends. [default: checkpoint.npz in the folder of --out, removed at the end]",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with the files of MNIST. [default: found or fetched]"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results. [default: out/<data set>]")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress bar.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Train a network on digits or MNIST.

    It is Diehl & Cook's network; the test part of the data is never touched. Leaves model.joblib,
    training.json, receptive_fields.png and weight_history.png. After Ctrl-C, the same command goes
    on where it stopped, to the same weights.
    """
    given: dict[str, Any] = {
        "neurons": neurons,
        "epochs": epochs,
        "label_samples": label_samples,
        "presentation_ms": presentation_ms,
        "rest_ms": rest_ms,
        "dt_ms": dt_ms,
        "rate_max_hz": rate_max_hz,
        "theta_plus_mv": theta_plus_mv,
        "inhibition": inhibition,
        "norm": norm,
        "min_spikes": min_spikes,
        "engine": engine,
        "rule": rule,
    }
    settings = dataclasses.replace(
        SETTINGS[data_set], **{k: v for k, v in given.items() if v is not None}
    )
    folder = out or Path("out") / data_set
    saved = checkpoint or folder / "checkpoint.npz"
    with reporting(debug=debug, checkpoint=saved):
        task = TASKS[data_set](data)
        n_train, n_validation = _sizes(task, samples, validation_samples)
        make_folder(folder)
        typer.echo(f"{task.description}: training on {n_train:,} of {len(task.X_train):,}")
        training = train_network(
            task.X_train[:n_train],
            task.y_train[:n_train],
            settings,
            seed=seed,
            checkpoint=saved,
            progress=show_progress(quiet=quiet),
        )
        record = training.record(task, settings, seed=seed, n_train=n_train)
        typer.echo(training.report())
        record["validation"] = None
        if n_validation:
            rows = slice(n_train, n_train + n_validation)
            accuracy, _ = measure(
                training.model,
                task.X_train[rows],
                task.y_train[rows],
                progress=show_progress(quiet=quiet),
            )
            record["validation"] = accuracy.as_json()
            typer.echo(f"Validation accuracy {accuracy}, of the training part, not trained on")
        else:
            typer.echo("Accuracy was not measured: no training samples were kept for validation")
        save_model(folder, training.model, record)
        pictures = save_pictures(folder, training.model, task.image_shape)
        for path in (folder / MODEL, *pictures):
            typer.echo(f"Wrote {path}")
        typer.echo(f"Held-out accuracy: bioplastic evaluate {folder}")
        if checkpoint is None:
            saved.unlink(missing_ok=True)


def _sizes(task: Task, samples: int | None, validation: int | None) -> tuple[int, int]:
    """Numbers of samples for training and for validation, both of the training part."""
    available = len(task.X_train)
    if samples is None:
        samples = available - (validation or 0)
    if validation is None:
        validation = min(max(available - samples, 0), _MAX_VALIDATION)
    if samples < 1 or samples + validation > available:
        raise ParameterError(
            f"--samples, --validation-samples: must together be at most {available:,}, the size of "
            f"the training part of {task.name}, and leave some to train on; got {samples:,} and "
            f"{validation:,}"
        )
    return samples, validation
