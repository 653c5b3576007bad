"""``bioplastic evaluate``: measure a trained network on the test part of its data set."""

from pathlib import Path
from typing import Annotated

import typer

from bioplastic.cli.folder import RECORD, load_model, make_folder, save_json, versions
from bioplastic.cli.measuring import save_confusion
from bioplastic.cli.reporting import reporting, show_progress
from bioplastic.cli.tasks import TASKS
from bioplastic.cli.training import measure
from bioplastic.errors import DataError

__all__ = ["evaluate"]


def evaluate(
    model_dir: Annotated[
        Path,
        typer.Argument(
            help="Folder that `bioplastic train` made. Its model is a pickle, which can run code: "
            "name folders that you trust.",
            show_default=False,
        ),
    ],
    samples: Annotated[
        int | None, typer.Option(min=1, help="Only the first so many. [default: all]")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with the files of MNIST. [default: found or fetched]"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results. [default: MODEL_DIR]")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress bar.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Measure held-out accuracy on the test data.

    The network is one that `bioplastic train` made, which never touches them. Leaves
    evaluation.json and confusion_matrix.png.
    """
    with reporting(debug=debug):
        model, record = load_model(model_dir)
        name = record.get("data_set")
        if name not in TASKS:
            raise DataError(
                f"{model_dir / RECORD}: data_set must be one of {', '.join(TASKS)}, got {name!r}"
            )
        task = TASKS[name](data)
        folder = make_folder(out or model_dir)
        X, y = task.X_test[:samples], task.y_test[:samples]
        accuracy, predicted = measure(model, X, y, progress=show_progress(quiet=quiet))
        typer.echo(f"Held-out accuracy {accuracy}")
        protocol = record["protocol"] | {"measured": f"{len(X):,} samples of the test part"}
        typer.echo("Protocol")
        for key, text in protocol.items():
            typer.echo(f"  {key:<9} {text}")
        picture = folder / "confusion_matrix.png"
        title = f"{task.name}: {100 * accuracy.value:.1f} % of {len(y):,} test samples"
        save_confusion(picture, y, predicted, model.classes_, title)
        result = folder / "evaluation.json"
        save_json(
            result,
            {
                "data_set": name,
                "held_out": accuracy.as_json(),
                "protocol": protocol,
                "versions": versions(),
            },
        )
        for path in (result, picture):
            typer.echo(f"Wrote {path}")
