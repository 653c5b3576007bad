"""Train a liquid state machine on words: draw the liquid, fit the readout."""

import dataclasses
import time
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from bioplastic.cli.folder import versions
from bioplastic.cli.measuring import Accuracy
from bioplastic.cli.settings import LiquidSettings
from bioplastic.cli.words import WordTask

__all__ = ["Hearing", "by_speaker", "train_hearing"]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Hearing:
    """A trained model, and how long that took.

    Parameters
    ----------
    model : Pipeline
        The liquid, and what follows it.
    n_words : int
        Words that the readout was fitted on, copies included.
    timings : dict of str to float
        Seconds of ``"augment"``, ``"build"``, ``"simulate"`` and ``"readout"``.
    """

    model: Pipeline
    n_words: int
    timings: dict[str, float]

    def report(self) -> str:
        """Say in lines where the time went."""
        seconds = dict.fromkeys(("encode", "augment", "build", "simulate", "readout", "measure"))
        seconds |= self.timings
        remarks = {
            "build": "" if self.timings["build"] else " (from the cache)",
            "simulate": f" ({self.n_words:,} words, "
            f"{1e3 * self.timings['simulate'] / self.n_words:.2f} ms each)",
            "measure": " (the held-out words)",
        }
        return "\n".join(
            [
                "Time",
                *(
                    f"  {phase:<9} {value:.1f} s{remarks.get(phase, '')}"
                    for phase, value in seconds.items()
                    if value is not None
                ),
            ]
        )

    def describe(self, settings: LiquidSettings) -> str:
        """Say in lines what was trained."""
        liquid = self.model[0]
        copies = (
            f"{settings.copies} changed copies of each training word"
            if settings.copies
            else "no changed copies of training words"
        )
        if settings.readout == "spike_times":
            seen = f"{self.model[-1].n_neurons_} neurons seen from {settings.bins} references"
        else:
            seen = f"of spike counts in {settings.bins} bins over {settings.span_ms:g} ms"
        return (
            f"Liquid    {settings.liquid}, {liquid.n_neurons:,} neurons, "
            f"{liquid.n_synapses_:,} synapses\n"
            f"Readout   {settings.readout}, {seen}; {copies}"
        )

    def record(self, task: WordTask, settings: LiquidSettings, *, seed: int) -> dict[str, Any]:
        """Return everything that a reader needs to judge or repeat the training, for JSON."""
        n_speakers = len(np.unique(task.train_speakers))
        n_train = len(task.y_train)
        return {
            "data_set": task.name,
            "model": settings.model,
            "split": task.split,
            "protocol": {
                "training": f"{n_train:,} words of {n_speakers} speakers, "
                f"{settings.copies} changed copies of each; the liquid learns nothing",
                "test": f"{task.test_part}; chosen before the training",
            },
            "settings": dataclasses.asdict(settings),
            "parameters": {name: repr(step) for name, step in self.model.steps},
            "seed": seed,
            "engine": dict(self.model[0].engine_),
            "n_synapses": self.model[0].n_synapses_,
            "timings_s": self.timings,
            "versions": versions(),
        }


def train_hearing(
    task: WordTask, settings: LiquidSettings, *, seed: int, jobs: int, progress: bool
) -> Hearing:
    """Train on the training words of a task.

    Parameters
    ----------
    task : WordTask
        The words.
    settings : LiquidSettings
        Liquid, readout and copies.
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
    begun = time.perf_counter()
    # The steps are fitted one by one, as a pipeline would, to tell their times apart.
    X, y = task.X_train, task.y_train
    if settings.copies:
        X, y = settings.augmenter(X.n_units, seed).fit_resample(X, y)
    augmented = time.perf_counter()
    answers = liquid.fit_transform(X)
    answered = time.perf_counter()
    readout = Pipeline(settings.readout_steps()).fit(answers, y)
    done = time.perf_counter()
    # What a reader of the model does later shall not write to a terminal.
    liquid.set_params(verbose=0)
    build = float(liquid.timings_["build"])
    timings = {
        "augment": augmented - begun,
        "build": build,
        "simulate": answered - augmented - build,
        "readout": done - answered,
    }
    model = Pipeline([("liquid", liquid), *readout.steps])
    return Hearing(model=model, n_words=len(y), timings=timings)


def by_speaker(task: WordTask, predicted: Any) -> dict[str, Accuracy]:
    """Return the accuracy on the test words of each speaker."""
    found = {}
    for speaker in np.unique(task.test_speakers[task.test_speakers != ""]):
        own = task.test_speakers == speaker
        found[str(speaker)] = Accuracy.of(predicted[own], task.y_test[own])
    return found
