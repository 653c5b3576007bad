"""What a training of the command line has found, and what it says of that."""

import dataclasses
from pathlib import Path
from typing import Any

import typer

from bioplastic.cli.data import Task
from bioplastic.cli.settings import Settings
from bioplastic.study.task import versions


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


def tell_written(*paths: Path) -> None:
    """Say which files there are now."""
    for path in paths:
        typer.echo(f"Wrote {path}")
