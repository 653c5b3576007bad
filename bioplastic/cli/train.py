"""``bioplastic train``: train a network on the training part of a data set."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from bioplastic.cli.options import Data, Debug, Quiet, Seed, with_settings
from bioplastic.cli.reporting import reporting
from bioplastic.cli.settings import (
    DATA_SETS,
    DiehlCookSettings,
    LiquidSettings,
    choose_settings,
    refuse,
)
from bioplastic.errors import ParameterError

_PATTERN = "{label}/*.wav"
_DataSet: Any = Literal[DATA_SETS]


@with_settings(after="model")
def train(
    data_set: Annotated[
        _DataSet | None,
        typer.Argument(help="What to train on; or --audio.", show_default=False),
    ] = None,
    audio: Annotated[
        Path | None,
        typer.Option(
            help="Train on the wav files of this folder, in place of a data set; each class has a "
            "subfolder, or --pattern says where its name stands.",
            show_default=False,
        ),
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option(
            help="What the names of the files tell: {label} the class, {group} the speaker, "
            "{index} and * nothing. [--audio; default: {label}/*.wav]",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        Literal["diehl_cook", "lsm"] | None,
        typer.Option(
            help="What to train. [default: diehl_cook for digits, mnist; lsm, a liquid state "
            "machine, for words and --audio]"
        ),
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(
            min=1, help="Train on so many of the training samples. [digits, mnist; default: all]"
        ),
    ] = None,
    validation_samples: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Training samples kept apart, on which accuracy is printed. [digits, mnist; "
            "default: what --samples leaves, at most 1000]",
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="File to which training is saved as it goes, and from which it goes on; removed "
            "when training is done. [digits, mnist; default: checkpoint.npz in the folder of "
            "--out]",
        ),
    ] = None,
    fold: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Hold out the speakers of this fold. [0 to 3 for spoken, 4 for hd, 5 for fsdd, 4 "
            "or less for --audio; default: 0, and for fsdd its official split]",
        ),
    ] = None,
    held_out: Annotated[
        str | None,
        typer.Option(
            help="Hold out these speakers, named with commas. [spoken, hd, fsdd, --audio]"
        ),
    ] = None,
    all_folds: Annotated[
        bool,
        typer.Option(
            "--all-folds",
            help="Afterwards train anew for every fold of speakers, and print mean and spread. "
            "[spoken, hd, fsdd, --audio]",
        ),
    ] = False,
    jobs: Annotated[
        int | None, typer.Option(help="Processors; -1 takes all. [spoken, ...; default: 1]")
    ] = None,
    seed: Seed = 0,
    data: Data = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the results. [default: out/<data set>, or out/audio]"),
    ] = None,
    quiet: Quiet = False,
    debug: Debug = False,
    **given: Any,
) -> None:
    """Train a network on images or on spoken words.

    Images (digits, mnist): Diehl & Cook's network. The test part of the data is never touched.
    Leaves model.skops, training.json, receptive_fields.png and weight_history.png. After Ctrl-C,
    the same command goes on where it stopped, to the same weights.

    Words (spoken, hd, shd, ssc, ntidigits, fsdd, --audio): a liquid state machine. What is held out
    is chosen first, and measured once, at the end. Leaves model.skops, training.json, answers.csv,
    confusion_matrix.png, word.png and separation.png. Models of sounds begin with a cochlea:
    `bioplastic recognize` gives them wav files.
    """
    name = "audio" if audio is not None else str(data_set)
    folder = out or Path("out") / name
    saved = checkpoint or folder / "checkpoint.npz"
    with reporting(debug=debug, checkpoint=saved):
        from bioplastic.cli.data import cut
        from bioplastic.cli.training_images import train_on_images
        from bioplastic.cli.training_words import train_on_words
        from bioplastic.study.catalogue import PROBLEMS, recordings

        _check_source(data_set, audio, pattern, data)
        settings = choose_settings(name, model, given)
        of_images = {
            "samples": samples,
            "validation_samples": validation_samples,
            "checkpoint": checkpoint,
        }
        of_words = {
            "fold": fold,
            "held_out": held_out,
            "all_folds": all_folds or None,
            "jobs": jobs,
        }
        foreign = of_words if isinstance(settings, DiehlCookSettings) else of_images
        refuse(name, [option for option, value in foreign.items() if value is not None])
        place = [path for path in (audio, data) if path is not None]
        problem = PROBLEMS[name] if audio is None else recordings(pattern or _PATTERN)
        samples_read = problem.read(*place)
        common: dict[str, Any] = {"seed": seed, "folder": folder, "progress": not quiet}
        if isinstance(settings, DiehlCookSettings):
            sizes = samples, validation_samples
            task = cut(problem, samples_read)
            train_on_images(task, settings, sizes=sizes, checkpoint=saved, **common)
        elif isinstance(settings, LiquidSettings):
            train_on_words(
                problem,
                samples_read,
                settings,
                split={"fold": fold, "held_out": _named(held_out)},
                all_folds=all_folds,
                pattern=pattern or _PATTERN if audio else None,
                jobs=jobs or 1,
                **common,
            )


def _check_source(
    data_set: str | None, audio: Path | None, pattern: str | None, data: Path | None
) -> None:
    if (data_set is None) == (audio is None):
        got = "neither" if audio is None else "both"
        raise ParameterError(
            f"name a data set ({', '.join(DATA_SETS)}), or give --audio FOLDER; got {got}"
        )
    if audio is None and pattern is not None:
        raise ParameterError(f"--pattern: is for --audio, got {pattern}; leave it out")
    if audio is not None and data is not None:
        raise ParameterError(f"--data: is for data sets, got {data}; --audio names the folder")


def _named(speakers: str | None) -> list[str] | None:
    return None if speakers is None else [n for n in re.split(r"[,\s]+", speakers) if n]
