"""``bioplastic demo``: a network is trained and measured, then methods are compared."""

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from bioplastic.cli.answers import save_answers
from bioplastic.cli.compare import tell
from bioplastic.cli.folder import MODEL, make_folder, save_model, save_pictures
from bioplastic.cli.measuring import measure
from bioplastic.cli.options import Debug, Quiet, Seed, with_settings
from bioplastic.cli.reporting import reporting, show_progress
from bioplastic.cli.settings import DiehlCookSettings, choose_settings
from bioplastic.cli.tasks import TASKS
from bioplastic.cli.training import train_network
from bioplastic.study import METHODS
from bioplastic.study import compare as run_study

__all__ = ["demo"]

#: Of each method, in the comparison.
_SEEDS = 2


@with_settings("engine", after="seed")
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("out/demo"),
    seed: Seed = 0,
    quiet: Quiet = False,
    debug: Debug = False,
    **given: Any,
) -> None:
    """Train, measure and draw a network, then compare methods of training.

    It is Diehl & Cook's, on handwritten digits that come along with scikit-learn. A fifth of
    them is held out: nothing sees it before the last measurement, neither the training, nor the
    labelling, nor the choice of the constants (benchmarks/demo_settings.py). Then every method of
    ``bioplastic compare`` learns digits and spoken words, at small sizes: minutes, the first time.
    """
    with reporting(debug=debug):
        begun = time.perf_counter()
        settings = choose_settings("digits", None, given)
        assert isinstance(settings, DiehlCookSettings)
        task = TASKS["digits"](None)
        make_folder(out)
        typer.echo(
            f"{task.description}: {len(task.X_train):,} to learn from, {len(task.X_test):,} held "
            f"out\n{settings.neurons} neurons, {settings.epochs} passes without labels; the first "
            f"time, two programs are compiled, which takes up to half a minute"
        )
        training = train_network(
            task.X_train,
            task.y_train,
            settings,
            seed=seed,
            checkpoint=None,
            progress=show_progress(quiet=quiet),
        )
        accuracy, _ = measure(
            training.model, task.X_test, task.y_test, progress=show_progress(quiet=quiet)
        )
        pictures = save_pictures(out, training.model, task.image_shape)
        pictures.append(save_answers(out, training.model, task))
        record = training.record(task, settings, seed=seed, n_train=len(task.X_train))
        save_model(out, training.model, record | {"held_out": accuracy.as_json()})
        typer.echo(f"\nHeld-out accuracy {accuracy}\n")
        typer.echo(training.report())
        typer.echo(f"  in all    {time.perf_counter() - begun:.1f} s, pictures included\n")
        for path in (*pictures, out / MODEL):
            typer.echo(f"Wrote {path}")
        able = [method for method in METHODS.values() if not method.missing]
        typer.echo(
            f"\nNow {len(able)} methods learn digits and spoken words, {_SEEDS} seeds each, at "
            f"small sizes; most of the time goes into compiling them once"
        )
        study = run_study(
            ["digits", "spoken"],
            seeds=_SEEDS,
            size="demo",
            folder=out / "compare",
            n_jobs=-1,
            progress=show_progress(quiet=quiet),
        )
        tell(study, out / "compare")
