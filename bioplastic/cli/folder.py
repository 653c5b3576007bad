"""The folder that a training leaves: model, record and pictures, each file whole or absent."""

import csv
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from sklearn.pipeline import Pipeline

from bioplastic._whole_files import whole_file
from bioplastic.cli.data import Task
from bioplastic.errors import DataError, DataNotFoundError, StorageError
from bioplastic.inspect import plot_receptive_fields, plot_weight_history
from bioplastic.networks import DiehlCookClassifier

MODEL, RECORD = "model.skops", "training.json"
#: What the file of each model holds.
_KINDS: dict[str, type] = {"diehl_cook": DiehlCookClassifier, "lsm": Pipeline}


def make_folder(folder: Path) -> Path:
    """Make a folder and try to write to it, before hours of work end at a full or a locked disk.

    Raises
    ------
    StorageError
        If it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StorageError(
            f"--out: cannot write to {folder}: {error}; choose another folder"
        ) from error
    return folder


def save_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file.

    Raises
    ------
    StorageError
        If it cannot be written.
    """
    with whole_file(path, "--out") as scratch:
        scratch.write_text(json.dumps(content, indent=2) + "\n")


def save_table(path: Path, columns: dict[str, Iterable[Any]]) -> None:
    """Write columns of one length as comma-separated values.

    Raises
    ------
    StorageError
        If the file cannot be written.
    """
    with whole_file(path, "--out") as scratch, scratch.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure and close it.

    Raises
    ------
    StorageError
        If it cannot be written.
    """
    try:
        with whole_file(path, "--out") as scratch:
            figure.savefig(scratch, dpi=150)
    finally:
        plt.close(figure)


def save_model(folder: Path, model: Any, record: dict[str, Any]) -> None:
    """Write a trained model, then its record: a record without a model does not occur.

    Raises
    ------
    StorageError
        If a file cannot be written.
    """
    # skops, which imports all of scikit-learn.
    from bioplastic.cli.model_file import write_model_file

    with whole_file(folder / MODEL, "--out") as scratch:
        write_model_file(scratch, model)
    save_json(folder / RECORD, record)


def load_model(folder: Path) -> tuple[Any, dict[str, Any]]:
    """Read what :func:`save_model` wrote; a model file cannot run code.

    Raises
    ------
    DataNotFoundError
        If the folder holds no model.
    DataError
        If a file is damaged, or comes from versions that this one cannot read.
    """
    for name in (MODEL, RECORD):
        if not (folder / name).is_file():
            raise DataNotFoundError(
                f"{folder} holds no {name}; name a folder that `bioplastic train` made"
            )
    try:
        record = json.loads((folder / RECORD).read_text())
        made_by = ", ".join(f"{k} {v}" for k, v in record["versions"].items())
        record["protocol"] = dict(record["protocol"])
        record["split"] = dict(record.get("split", {}))
    except (
        OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError,
    ) as error:  # fmt: skip
        raise DataError(
            f"{folder / RECORD} is damaged ({type(error).__name__}: {error}); train again"
        ) from error
    model = load_model_file(folder / MODEL, made_by=made_by)
    # Records of before there were two models name none.
    kind = _KINDS.get(record.get("model", "diehl_cook"))
    if kind is None or not isinstance(model, kind):
        raise DataError(f"{folder / MODEL} holds a {type(model).__name__}; train again")
    return model, record


def load_model_file(path: Path, *, made_by: str = "") -> Any:
    """Read the file of a model alone; it cannot run code.

    Parameters
    ----------
    path : Path
        The file.
    made_by : str
        Versions that wrote it, where they are known.

    Raises
    ------
    DataNotFoundError
        If there is no such file.
    DataError
        If it is damaged, or comes from versions that this one cannot read.
    """
    from bioplastic.cli.model_file import read_model_file

    if not path.is_file():
        raise DataNotFoundError(
            f"{path}: there is no such file or folder; name a {MODEL} of "
            "`bioplastic train`, or its folder"
        )
    try:
        return read_model_file(path)
    except Exception as error:  # a damaged file can raise anything
        raise DataError(
            f"{path} cannot be read ({type(error).__name__}: {error}): it is damaged, holds what "
            f"no training makes, or was written by versions that differ too much"
            f"{f' ({made_by})' if made_by else ''}; train again"
        ) from error


def save_pictures(folder: Path, model: DiehlCookClassifier, task: Task) -> list[Path]:
    """Draw the receptive fields, with the neurons' labels, and how the weights changed.

    Returns
    -------
    paths : list of Path
        The pictures.

    Raises
    ------
    StorageError
        If a picture cannot be written.
    """
    fields, history = folder / "receptive_fields.png", folder / "weight_history.png"
    assigned = model.readout_.assignments_
    labels = [None if k < 0 else model.classes_[k] for k in assigned]
    shape = task.samples.image_shape
    assert shape is not None
    axes = plot_receptive_fields(model, image_shape=shape, labels=labels)
    save_figure(axes.figure.get_figure(root=True), fields)
    save_figure(plot_weight_history(model)[0].figure.get_figure(root=True), history)
    return [fields, history]
