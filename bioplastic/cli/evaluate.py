"""``bioplastic evaluate``: measure a trained network on the test part of its data set."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from bioplastic.cli.options import Data, Debug, Quiet
from bioplastic.cli.reporting import reporting
from bioplastic.errors import DataError, ParameterError


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
        from bioplastic.cli.folder import load_model, make_folder, save_json
        from bioplastic.cli.measuring import begins_with_cochlea, measure, save_confusion
        from bioplastic.cli.training import tell_written
        from bioplastic.study.task import versions

        model, record = load_model(model_dir)
        task = _task(model_dir, record, data)
        if not begins_with_cochlea(model):
            task = replace(task, samples=task.samples.encoded())
        folder = make_folder(out or model_dir)
        rows = task.test[:samples]
        accuracy, predicted = measure(model, task.samples[rows], task.y[rows], progress=not quiet)
        typer.echo(f"Held-out accuracy {accuracy}")
        protocol = record["protocol"] | {"measured": f"{len(rows):,} samples of the test part"}
        typer.echo("Protocol")
        for key, text in protocol.items():
            typer.echo(f"  {key:<9} {text}")
        picture = folder / "confusion_matrix.png"
        save_confusion(picture, task, rows, predicted)
        result = folder / "evaluation.json"
        save_json(
            result,
            {
                "data_set": task.problem.name,
                "held_out": accuracy.as_json(),
                "protocol": protocol,
                "versions": versions(),
            },
        )
        tell_written(result, picture)


def _task(folder: Path, record: dict[str, Any], data: Path | None) -> Any:
    """Return the data set that a model was trained on, cut as it was then."""
    from bioplastic.cli.data import cut
    from bioplastic.cli.folder import RECORD
    from bioplastic.study.catalogue import PROBLEMS, recordings

    name, pattern = record.get("data_set"), record.get("pattern")
    if name not in {*PROBLEMS, "audio"}:
        raise DataError(
            f"{folder / RECORD}: data_set must be one of {', '.join([*PROBLEMS, 'audio'])}, got "
            f"{name!r}"
        )
    if name == "audio" and data is None:
        raise ParameterError("--data: must name the folder with the sounds that --audio named")
    problem = PROBLEMS[name] if name != "audio" else recordings(str(pattern))
    samples = problem.read(*([] if data is None else [data]))
    try:
        return cut(problem, samples, **record["split"])
    except TypeError as error:
        raise DataError(f"{folder / RECORD} is damaged (split: {error}); train again") from error
