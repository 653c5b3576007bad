"""``bioplastic demo``: a network learns digits; then other methods learn the same digits."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import Bunch

from bioplastic.cli.answers import save_answers
from bioplastic.cli.compare import tell
from bioplastic.cli.folder import MODEL, make_folder, save_model, save_pictures
from bioplastic.cli.measuring import measure
from bioplastic.cli.options import Debug, Quiet, Seed, with_settings
from bioplastic.cli.reporting import reporting
from bioplastic.cli.settings import DiehlCookSettings, choose_settings
from bioplastic.cli.tasks import TASKS, ImageTask
from bioplastic.cli.training import train_network
from bioplastic.study import Problem
from bioplastic.study import compare as run_study
from bioplastic.study.methods.stdp import DiehlCookMethod

__all__ = ["demo"]

#: What is compared with the network of the first part, and how often each is trained.
_OTHERS, _SEEDS = ("eprop", "liquid", "svm"), 3


@with_settings("engine", after="seed")
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("out/demo"),
    seed: Seed = 0,
    quiet: Quiet = False,
    debug: Debug = False,
    **given: Any,
) -> None:
    """Train, measure and draw a network, then compare methods.

    The network is Diehl & Cook's, on handwritten digits that come along with scikit-learn. A fifth
    of them is held out: nothing sees it before the last measurement, neither the training, nor the
    labelling, nor the choice of the constants (benchmarks/demo_settings.py). Then the same network,
    e-prop, a liquid state machine and a support vector machine learn the same digits, with three
    seeds each.
    """
    with reporting(debug=debug):
        begun = time.perf_counter()
        settings = choose_settings("digits", None, given)
        assert isinstance(settings, DiehlCookSettings)
        task = TASKS["digits"](None)
        make_folder(out)
        typer.echo(
            f"{task.description}: {len(task.X_train):,} to learn from, {len(task.X_test):,} held "
            f"out\nDiehl & Cook's network of {settings.neurons} neurons, {settings.epochs} passes "
            f"without labels; the first time, it is compiled before"
        )
        training = train_network(
            task.X_train, task.y_train, settings, seed=seed, checkpoint=None, progress=not quiet
        )
        accuracy, _ = measure(training.model, task.X_test, task.y_test, progress=not quiet)
        typer.echo(f"\nHeld-out accuracy {accuracy}\n\nDrawing what it has learned")
        pictures = save_pictures(out, training.model, task.image_shape)
        pictures.append(save_answers(out, training.model, task))
        record = training.record(task, settings, seed=seed, n_train=len(task.X_train))
        save_model(out, training.model, record | {"held_out": accuracy.as_json()})
        for path in (*pictures, out / MODEL):
            typer.echo(f"Wrote {path}")
        typer.echo(f"\n{training.report()}")
        typer.echo(f"  in all    {time.perf_counter() - begun:.1f} s, pictures included")
        typer.echo(
            f"\nNow methods are compared on these digits: this network again and {len(_OTHERS)} "
            f"others, {_SEEDS} seeds each; the first time, what is new is compiled before"
        )
        study = run_study(
            _problem(task),
            [_ThisNetwork(settings, x_max=float(task.X_train.max())), *_OTHERS],
            seeds=range(seed, seed + _SEEDS),
            size="demo",
            folder=out / "compare",
            n_jobs=-1,
            progress=not quiet,
        )
        study.command = f"bioplastic demo --seed {seed}"
        for outcome in study.outcomes:
            if (outcome.method, outcome.seed) == (_ThisNetwork.name, seed):
                typer.echo(
                    f"\n{_ThisNetwork.title} with seed {seed} is the network above, and answers "
                    f"alike: {100 * outcome.accuracy:.2f} %"
                )
        tell(study, out / "compare")


class _ThisNetwork(DiehlCookMethod):
    """The network of the first part: with its seed, the same weights and the same answers."""

    def __init__(self, settings: DiehlCookSettings, *, x_max: float) -> None:
        self.settings, self.x_max = settings, x_max

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.settings!r}, x_max={self.x_max!r})"

    def candidates(self, X: Any, size: str) -> Sequence[Mapping[str, Any]]:
        """There is nothing to choose."""
        names = "theta_plus_mv", "inhibition"
        return [{name: getattr(self.settings, name) for name in names}]

    def make(
        self, X: Any, size: str, settings: Mapping[str, Any], seed: int, *, trial: bool
    ) -> Pipeline:
        """Build it. Noise follows from a sample's numbers, which a study divides by the largest."""
        numbers = FunctionTransformer(partial(np.multiply, self.x_max))
        network = self.settings.estimator(random_state=seed)
        return Pipeline([("numbers", numbers), ("network", network)])


def _problem(task: ImageTask) -> Problem:
    """Give a data set to a study: the same samples in the same order, cut at the same place."""
    return Problem(
        name=task.name,
        title=task.description,
        loader=partial(_samples, task),
        n_folds=1,
        test_part=task.test_part,
    )


def _samples(task: ImageTask) -> Bunch:
    n_train, n_test = len(task.X_train), len(task.X_test)
    return Bunch(
        data=np.concatenate([task.X_train, task.X_test]),
        target=np.concatenate([task.y_train, task.y_test]),
        train=np.arange(n_train + n_test) < n_train,
        image_shape=task.image_shape,
    )
