"""Train a model of the command line, and note what that took."""

import dataclasses
import time
from pathlib import Path
from typing import Any

import numpy as np
import typer
from sklearn.pipeline import Pipeline

from bioplastic.cli.data import Task
from bioplastic.cli.settings import DiehlCookSettings, LiquidSettings, Settings
from bioplastic.study.methods._parts import augmenter
from bioplastic.study.task import versions

__all__ = ["Trained", "described", "train_liquid", "train_network"]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """A trained model, and how long that took.

    Parameters
    ----------
    model : DiehlCookClassifier or Pipeline
        The model.
    settings : Settings
        Its hyperparameters.
    timings : dict of str to float
        Seconds of each phase, ``"build"`` and ``"simulate"`` among them.
    remarks : dict of str to str
        What stands beside them.
    notes : dict
        What a record of the training has beside all that.
    """

    model: Any
    settings: Settings
    timings: dict[str, float]
    remarks: dict[str, str]
    notes: dict[str, Any]

    def report(self) -> str:
        """Say in lines where the time went."""
        remarks = self.remarks | ({} if self.timings["build"] else {"build": " (from the cache)"})
        lines = [f"  {k:<9} {s:.1f} s{remarks.get(k, '')}" for k, s in self.timings.items()]
        return "\n".join(["Time", *lines])

    def record(self, task: Task, *, seed: int) -> dict[str, Any]:
        """Return everything that a reader needs to judge or repeat the training, for JSON."""
        steps = getattr(self.model, "steps", None)
        parameters = self.model.get_params() if steps is None else dict(steps)
        network = self.model if steps is None else self.model[0]
        return {
            "data_set": task.problem.name,
            "model": self.settings.model,
            "split": task.split,
            "settings": dataclasses.asdict(self.settings),
            "parameters": {name: repr(value) for name, value in parameters.items()},
            "seed": seed,
            "engine": dict(network.engine_),
            "timings_s": self.timings,
            "versions": versions(),
            **self.notes,
        }


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
