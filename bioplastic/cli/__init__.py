"""Command line: ``bioplastic train``, ``evaluate``, ``recognize``, ``compare`` and others."""

import importlib
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from bioplastic import __version__

__all__ = ["app", "main"]

#: The commands, each the function of its name in the module of its name, and what they do: the
#: first line of what a command tells of itself.
_COMMANDS = {
    "train": "Train a network on images or on spoken words.",
    "evaluate": "Measure held-out accuracy on the test data.",
    "recognize": "Classify sound files with a trained model.",
    "compare": "Compare methods of training on the same data, and write a report.",
    "demo": "Train, measure and draw a network, then compare methods of training.",
    "doctor": "Tell what works here, and what to install.",
}
# Plain text in place of boxes: it can be piped, searched and read in the log of a CI run.
_PLAIN: dict[str, Any] = {
    "add_completion": False,
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
}


class _Commands(TyperGroup):
    """Commands whose modules, and Brian with them, are loaded when one is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the command that is called, with its options."""
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None:
            from bioplastic import _uncaught  # noqa: F401  # before anything imports Brian

            alone = typer.Typer(**_PLAIN)
            alone.command(name)(getattr(importlib.import_module(f"{__name__}.{name}"), str(name)))
            command = typer.main.get_command(alone)
        return name, command, rest


app = typer.Typer(cls=_Commands, no_args_is_help=True, **_PLAIN)


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


for _name, _does in _COMMANDS.items():
    app.command(_name, help=_does)(lambda: None)


def main() -> None:
    """Run the command line of ``sys.argv``; ends the process with its exit code."""
    app(prog_name="bioplastic")
