"""Draw a liquid, and fit its readout to spoken words."""

import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import typer
from sklearn.pipeline import Pipeline

from bioplastic.cli.data import Task, cut, n_folds, speakers_of
from bioplastic.cli.folder import MODEL, RECORD, make_folder, save_json, save_model
from bioplastic.cli.listening import save_listening
from bioplastic.cli.measuring import Accuracy, measure
from bioplastic.cli.settings import LiquidSettings
from bioplastic.cli.training import Trained, tell_written
from bioplastic.study.methods._parts import augmenter
from bioplastic.study.problems import Problem, Samples


def train_on_words(
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
    """Train on words, measure on those held out, and leave model, answers and pictures.

    Raises
    ------
    BioplasticError
        Whatever options, model or folder refuse.
    """
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
    tell_written(folder / MODEL, *save_listening(folder, trained.model, task, predicted, seed=seed))
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


def train_liquid(
    task: Task, settings: LiquidSettings, *, seed: int, jobs: int, progress: bool
) -> Trained:
    """Draw a liquid, and fit its readout to the training words.

    Parameters
    ----------
    task : Task
        The words, as spikes.
    settings : LiquidSettings
        Hyperparameters of liquid, readout and copies.
    seed : int
        Of the liquid and the copies.
    jobs : int
        Processors.
    progress : bool
        Whether to show a progress bar.

    Raises
    ------
    BioplasticError
        Whatever the steps of the model refuse.
    """
    liquid = settings.network(random_state=seed, n_jobs=jobs, verbose=int(progress))
    times = [time.perf_counter()]
    # The steps are fitted one by one, as a pipeline would, to tell their times apart.
    X, y = task.samples[task.train], task.y[task.train]
    if settings.copies:
        X, y = augmenter(X, seed, n_copies=settings.copies).fit_resample(X, y)
    times.append(time.perf_counter())
    answers = liquid.fit_transform(X)
    times.append(time.perf_counter())
    readout = Pipeline(settings.readout_steps()).fit(answers, y)
    times.append(time.perf_counter())
    # What a reader of the model does later shall not write to a terminal.
    liquid.set_params(verbose=0)
    augment, answer, fit = np.diff(times).tolist()
    build = float(liquid.timings_["build"])
    n_speakers = len(np.unique(task.speakers[task.train]))
    return Trained(
        model=Pipeline([("liquid", liquid), *readout.steps]),
        settings=settings,
        timings={
            "augment": augment,
            "build": build,
            "simulate": answer - build,
            "readout": fit,
        },
        remarks={
            "simulate": f" ({len(y):,} words, {1e3 * (answer - build) / len(y):.2f} ms each)",
            "measure": " (the held-out words)",
        },
        notes={
            "protocol": {
                "training": f"{len(task.train):,} words of {n_speakers} speakers, "
                f"{settings.copies} changed copies of each; the liquid learns nothing",
                "test": f"{task.test_part}; chosen before the training",
            },
            "n_synapses": liquid.n_synapses_,
        },
    )


def described(model: Pipeline, settings: LiquidSettings) -> str:
    """Say in lines what was trained."""
    liquid = model[0]
    copies = f"{settings.copies or 'no'} changed copies of each training word"
    if settings.readout == "spike_times":
        seen = f"{model[-1].n_neurons_} neurons seen from {settings.bins} references"
    else:
        seen = f"of spike counts in {settings.bins} bins over {settings.span_ms:g} ms"
    return (
        f"Liquid    {settings.liquid}, {liquid.n_neurons:,} neurons, "
        f"{liquid.n_synapses_:,} synapses\n"
        f"Readout   {settings.readout}, {seen}; {copies}"
    )
