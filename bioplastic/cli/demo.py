"""``bioplastic demo``: a network learns digits; then other methods learn the same digits."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from bioplastic.cli.options import Debug, Quiet, Seed, with_settings
from bioplastic.cli.reporting import reporting
from bioplastic.cli.settings import DiehlCookSettings, choose_settings

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
    of them is held out: nothing uses it before the last measurement, neither the training, nor the
    labels of the neurons. Then the same network, e-prop, a liquid state machine and a support
    vector machine learn the same digits, with three seeds each, each of which holds out another
    fifth.
    """
    with reporting(debug=debug):
        from bioplastic.cli.compare import tell
        from bioplastic.cli.data import cut
        from bioplastic.cli.demo_network import ThisNetwork, save_answers
        from bioplastic.cli.folder import MODEL, make_folder, save_model, save_pictures
        from bioplastic.cli.measuring import measure
        from bioplastic.cli.training import tell_written
        from bioplastic.cli.training_images import train_network
        from bioplastic.study import PROBLEMS
        from bioplastic.study import compare as run_study

        begun = time.perf_counter()
        settings = choose_settings("digits", None, given)
        assert isinstance(settings, DiehlCookSettings)
        # As it is cut in the comparison, with all samples.
        problem = replace(PROBLEMS["digits"], limits={})
        task = cut(problem, problem.read(), fold=seed % problem.n_folds)
        make_folder(out)
        typer.echo(
            f"{problem.title}: {len(task.train):,} to learn from, {len(task.test):,} held out\n"
            f"Diehl & Cook's network of {settings.neurons} neurons, trained without labels; the "
            f"first time, it is compiled before"
        )
        trained = train_network(
            task,
            settings,
            n_train=len(task.train),
            seed=seed,
            checkpoint=None,
            progress=not quiet,
        )
        accuracy, _ = measure(
            trained.model, task.samples[task.test], task.y[task.test], progress=not quiet
        )
        typer.echo(f"\nHeld-out accuracy {accuracy}\n\nDrawing what it has learned")
        pictures = save_pictures(out, trained.model, task)
        pictures.append(save_answers(out, trained.model, task))
        record = trained.record(task, seed=seed) | {"held_out": accuracy.as_json()}
        save_model(out, trained.model, record)
        tell_written(*pictures, out / MODEL)
        typer.echo(f"\n{trained.report()}")
        typer.echo(f"  in all    {time.perf_counter() - begun:.1f} s, pictures included")
        typer.echo(
            f"\nNow methods are compared on these digits: this network again and {len(_OTHERS)} "
            f"others, {_SEEDS} seeds each; the first time, what is new is compiled before"
        )
        study = run_study(
            problem,
            [ThisNetwork(settings, x_max=float(task.samples.X.max())), *_OTHERS],
            seeds=range(seed, seed + _SEEDS),
            size="demo",
            folder=out / "compare",
            n_jobs=-1,
            progress=not quiet,
        )
        study.command = f"bioplastic demo --seed {seed}"
        for outcome in study.outcomes:
            if (outcome.method, outcome.seed) == (ThisNetwork.name, seed):
                typer.echo(
                    f"\n{ThisNetwork.title} with seed {seed} is the network above, and answers "
                    f"alike: {100 * outcome.accuracy:.2f} %"
                )
        tell(study, out / "compare")
