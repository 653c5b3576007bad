"""``bioplastic train``: train a network on the training part of a data set."""

import re
import shlex
import statistics
import time
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
import typer
from sklearn.pipeline import Pipeline

from bioplastic.cli.data import Task, cut, n_folds, speakers_of
from bioplastic.cli.folder import MODEL, RECORD, make_folder, save_json, save_model, save_pictures
from bioplastic.cli.listening import save_listening
from bioplastic.cli.measuring import Accuracy, measure
from bioplastic.cli.options import Data, Debug, Quiet, Seed, with_settings
from bioplastic.cli.reporting import reporting
from bioplastic.cli.settings import DiehlCookSettings, LiquidSettings, choose_settings, refuse
from bioplastic.cli.training import described, train_liquid, train_network
from bioplastic.errors import ParameterError
from bioplastic.networks._checkpoints import checkpoints_kept
from bioplastic.study.catalogue import PROBLEMS, recordings
from bioplastic.study.problems import Problem, Samples

__all__ = ["train"]

_MAX_VALIDATION, _PATTERN = 1000, "{label}/*.wav"

DataSet = Literal["digits", "mnist", "spoken", "hd", "shd", "ssc", "ntidigits", "fsdd"]
Model = Literal["diehl_cook", "lsm"]


@with_settings(after="model")
def train(
    data_set: Annotated[
        DataSet | None,
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
        Model | None,
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
            f"default: what --samples leaves, at most {_MAX_VALIDATION}]",
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
        progress = not quiet
        if isinstance(settings, DiehlCookSettings):
            _train_on_images(
                cut(problem, samples_read),
                settings,
                sizes=(samples, validation_samples),
                seed=seed,
                checkpoint=saved,
                folder=folder,
                progress=progress,
            )
        elif isinstance(settings, LiquidSettings):
            _train_on_words(
                problem,
                samples_read,
                settings,
                split={"fold": fold, "held_out": _named(held_out)},
                all_folds=all_folds,
                pattern=pattern or _PATTERN if audio else None,
                seed=seed,
                jobs=jobs or 1,
                folder=folder,
                progress=progress,
            )


def _check_source(
    data_set: str | None, audio: Path | None, pattern: str | None, data: Path | None
) -> None:
    if (data_set is None) == (audio is None):
        got = "neither" if audio is None else "both"
        raise ParameterError(
            f"name a data set ({', '.join(get_args(DataSet))}), or give --audio FOLDER; got {got}"
        )
    if audio is None and pattern is not None:
        raise ParameterError(f"--pattern: is for --audio, got {pattern}; leave it out")
    if audio is not None and data is not None:
        raise ParameterError(f"--data: is for data sets, got {data}; --audio names the folder")


def _train_on_images(
    task: Task,
    settings: DiehlCookSettings,
    *,
    sizes: tuple[int | None, int | None],
    seed: int,
    checkpoint: Path,
    folder: Path,
    progress: bool,
) -> None:
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
    _tell(folder / MODEL, *pictures)
    typer.echo(f"Held-out accuracy: {shlex.join(['bioplastic', 'evaluate', str(folder)])}")


def _train_on_words(
    problem: Problem,
    samples: Samples,
    settings: LiquidSettings,
    *,
    split: dict[str, Any],
    all_folds: bool,
    pattern: str | None,
    seed: int,
    jobs: int,
    folder: Path,
    progress: bool,
) -> None:
    # What is not offered is refused before the first minute of work.
    cut(problem, samples, **split)
    if all_folds:
        speakers_of(problem, samples)
    make_folder(folder)
    times, ear = [time.perf_counter()], samples.ear
    if ear is not None:
        typer.echo(f"Making spikes of {len(samples.y):,} sounds")
        samples = samples.encoded(n_jobs=jobs)
        times.append(time.perf_counter())
    task = cut(problem, samples, **split)
    typer.echo(
        f"{problem.title}: training on {len(task.train):,}, {len(task.test):,} held out\n"
        f"Held out  {task.test_part}"
    )
    trained = train_liquid(task, settings, seed=seed, jobs=jobs, progress=progress)
    model = trained.model
    typer.echo(described(model, settings))
    begun = time.perf_counter()
    accuracy, predicted = measure(model, samples[task.test], task.y[task.test], progress=progress)
    trained.timings["measure"] = time.perf_counter() - begun
    if ear is not None:
        trained.timings["encode"] = times[1] - times[0]
    typer.echo(f"{trained.report()}\nHeld-out accuracy {accuracy}")
    speakers = _by_speaker(task, predicted)
    for speaker, own in speakers.items():
        typer.echo(f"  {speaker:<16} {100 * own.value:6.2f} % of {own.n_samples:,} words")
    record = trained.record(task, seed=seed) | {
        "held_out": accuracy.as_json(),
        "held_out_by_speaker": {name: own.as_json() for name, own in speakers.items()},
        "pattern": pattern,
    }
    if ear is not None:  # whoever has the model has sounds
        model = Pipeline([("cochlea", ear.fit(["any"])), *model.steps])
    save_model(folder, model, record)
    _tell(folder / MODEL, *save_listening(folder, trained.model, task, predicted, seed=seed))
    if all_folds:
        record["folds"] = _measure_folds(
            problem, samples, settings, seed=seed, jobs=jobs, progress=progress
        )
        save_json(folder / RECORD, record)


def _by_speaker(task: Task, predicted: Any) -> dict[str, Accuracy]:
    """Return the accuracy on the test words of each speaker."""
    speakers, y = task.speakers[task.test], task.y[task.test]
    known = np.unique(speakers[speakers != ""])
    return {str(one): Accuracy.of(predicted[speakers == one], y[speakers == one]) for one in known}


def _measure_folds(
    problem: Problem,
    samples: Samples,
    settings: LiquidSettings,
    *,
    seed: int,
    jobs: int,
    progress: bool,
) -> list[dict[str, Any]]:
    """Train anew for every fold of speakers, and tell how well each time."""
    typer.echo("Every fold of speakers held out in turn")
    found: list[dict[str, Any]] = []
    for fold in range(n_folds(problem, samples)):
        task = cut(problem, samples, fold=fold)
        model = train_liquid(task, settings, seed=seed, jobs=jobs, progress=progress).model
        accuracy, _ = measure(model, samples[task.test], task.y[task.test], progress=progress)
        names = task.split["held_out"]
        typer.echo(f"  fold {fold}    {accuracy}: {', '.join(names)}")
        found.append({"fold": fold, "held_out": names} | accuracy.as_json())
    shares = [100 * fold["accuracy"] for fold in found]
    typer.echo(
        f"  mean      {statistics.mean(shares):.2f} %, standard deviation "
        f"{statistics.stdev(shares):.2f} %"
    )
    return found


def _named(speakers: str | None) -> list[str] | None:
    return None if speakers is None else [n for n in re.split(r"[,\s]+", speakers) if n]


def _tell(*paths: Path) -> None:
    for path in paths:
        typer.echo(f"Wrote {path}")


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
