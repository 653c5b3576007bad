"""``bioplastic evaluate``: measure a trained network on the test part of its data set."""

from pathlib import Path
from typing import Annotated, Any

import typer
from sklearn.pipeline import Pipeline

from bioplastic.cli.folder import RECORD, load_model, make_folder, save_json, versions
from bioplastic.cli.measuring import measure, save_confusion
from bioplastic.cli.options import Data, Debug, Quiet
from bioplastic.cli.reporting import reporting
from bioplastic.cli.tasks import TASKS, Task
from bioplastic.cli.words import WORDS
from bioplastic.encoding import Cochlea
from bioplastic.errors import DataError

__all__ = ["evaluate"]


def evaluate(
    model_dir: Annotated[
        Path,
        typer.Argument(
            help="Folder that `bioplastic train` made; also a stranger's, since its model is data "
            "and cannot run code.",
            show_default=False,
        ),
    ],
    samples: Annotated[
        int | None, typer.Option(min=1, help="Only the first so many. [default: all]")
    ] = None,
    data: Data = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results. [default: MODEL_DIR]")
    ] = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Measure held-out accuracy on the test data.

    The network is one that `bioplastic train` made, which does not learn from them: the test part
    of images, or the words that were held out. Leaves evaluation.json and confusion_matrix.png.
    """
    with reporting(debug=debug):
        model, record = load_model(model_dir)
        hears = isinstance(model, Pipeline) and isinstance(model[0], Cochlea)
        task = _task(model_dir, record, data, sounds=hears)
        folder = make_folder(out or model_dir)
        X, y = task.X_test[:samples], task.y_test[:samples]
        accuracy, predicted = measure(model, X, y, progress=not quiet)
        typer.echo(f"Held-out accuracy {accuracy}")
        protocol = record["protocol"] | {"measured": f"{len(X):,} samples of the test part"}
        typer.echo("Protocol")
        for key, text in protocol.items():
            typer.echo(f"  {key:<9} {text}")
        picture = folder / "confusion_matrix.png"
        save_confusion(picture, task, y, predicted)
        result = folder / "evaluation.json"
        save_json(
            result,
            {
                "data_set": task.name,
                "held_out": accuracy.as_json(),
                "protocol": protocol,
                "versions": versions(),
            },
        )
        for path in (result, picture):
            typer.echo(f"Wrote {path}")


def _task(folder: Path, record: dict[str, Any], data: Path | None, *, sounds: bool) -> Task:
    """Return the data set that a model was trained on, cut as it was then."""
    name = record.get("data_set")
    if name in TASKS:
        return TASKS[name](data)
    if name in WORDS:
        try:
            named = {"pattern": record["pattern"]} if record.get("pattern") else {}
            words = WORDS[name](data, **named)
            return words.cut(**record["split"], train=False, sounds=sounds)
        except TypeError as error:
            raise DataError(
                f"{folder / RECORD} is damaged (split: {error}); train again"
            ) from error
    raise DataError(
        f"{folder / RECORD}: data_set must be one of {', '.join([*TASKS, *WORDS])}, got {name!r}"
    )
