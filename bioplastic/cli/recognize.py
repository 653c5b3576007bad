"""``bioplastic recognize``: classify sound files with a model that `bioplastic train` made."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bioplastic.cli.options import Debug
from bioplastic.cli.reporting import reporting
from bioplastic.errors import DataError

#: Classes whose scores are printed, the largest first.
_FEW = 5


def recognize(
    model: Annotated[
        Path,
        typer.Argument(
            help="Folder that `bioplastic train` made of sounds, or its model.skops; also a "
            "stranger's, since it is data and cannot run code.",
            show_default=False,
        ),
    ],
    sounds: Annotated[
        list[Path], typer.Argument(help="wav files, or flac, one word each.", show_default=False)
    ],
    debug: Debug = False,
) -> None:
    """Classify sound files with a trained model.

    Prints for each file its class, the classes with the largest scores, and the time from file to
    answer; the compiled network stays ready between files.
    """
    with reporting(debug=debug):
        from sklearn.exceptions import NotFittedError

        from bioplastic.cli.folder import load_model, load_model_file
        from bioplastic.cli.measuring import begins_with_cochlea
        from bioplastic.networks import Listener

        trained = load_model(model)[0] if model.is_dir() else load_model_file(model)
        if not begins_with_cochlea(trained):
            raise DataError(
                f"{model}: must be a model that begins with a cochlea, got "
                f"{type(trained).__name__}; train on sounds: bioplastic train --audio FOLDER"
            )
        try:
            listener = Listener(trained)
        except NotFittedError as error:
            raise DataError(f"{model}: holds a model that was not trained: {error}") from error
        with listener:
            for sound in sounds:
                _recognize(listener, trained.classes_, sound)


def _recognize(listener: Any, classes: Any, sound: Path) -> None:
    (word,) = listener.predict([str(sound)])
    taken = listener.timings
    scores = listener.decision_function([str(sound)]).ravel().tolist()
    if len(scores) == 1:  # of the second of two classes
        scores = [-scores[0], scores[0]]
    best = sorted(zip(scores, classes, strict=True), key=lambda scored: -scored[0])
    told = ", ".join(f"{name} {score:.2f}" for score, name in best[:_FEW])
    typer.echo(
        f"{word}\t{sound}\t{told}\t{1e3 * taken['call']:.0f} ms, of which the network "
        f"{1e3 * taken['simulate']:.1f} ms"
    )
