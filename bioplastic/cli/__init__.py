"""Command line: ``bioplastic train``, ``evaluate``, ``recognize``, ``compare`` and others."""

from typing import Annotated, Any

import typer

from bioplastic import __version__
from bioplastic.cli.compare import compare
from bioplastic.cli.demo import demo
from bioplastic.cli.doctor import doctor
from bioplastic.cli.evaluate import evaluate
from bioplastic.cli.recognize import recognize
from bioplastic.cli.train import train

__all__ = ["main"]

# Plain text in place of boxes: it can be piped, searched and read in the log of a CI run.
_PLAIN: dict[str, Any] = {"rich_markup_mode": None, "pretty_exceptions_enable": False}

app = typer.Typer(no_args_is_help=True, **_PLAIN)
# Their modules load Brian when a command is called: help and completion do without.
for _command in (train, evaluate, recognize, compare, demo, doctor):
    app.command()(_command)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"bioplastic {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Train, measure and look at biologically plausible spiking networks."""


def main() -> None:
    """Run the command line of ``sys.argv``; ends the process with its exit code."""
    app(prog_name="bioplastic")
