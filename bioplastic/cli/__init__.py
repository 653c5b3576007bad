"""Command line: ``bioplastic train``, ``evaluate``, ``recognize``, ``compare`` and others."""

import functools
import importlib
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from bioplastic import __version__
from bioplastic.cli.remembered import help_of, options_of

__all__ = ["main"]

#: The commands, each the function of its name in the module of its name, and what they do: the
#: first line of what a command tells of itself.
_COMMANDS = {
    "train": "Train a network on images or on spoken words.",
    "evaluate": "Measure held-out accuracy on the test data.",
    "recognize": "Classify sound files with a trained model.",
    "compare": "Compare methods on the same data, and write a report.",
    "demo": "Train, measure and draw a network, then compare methods.",
    "doctor": "Tell what works here, and what to install.",
}
# Plain text in place of boxes: it can be piped, searched and read in the log of a CI run.
_PLAIN: dict[str, Any] = {"rich_markup_mode": None, "pretty_exceptions_enable": False}


class _Commands(TyperGroup):
    """Commands whose modules, and Brian with them, are loaded when one is called.

    Help and the completion of options are noted when they are first wanted.
    """

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the command that is called, with its options."""
        name, command, rest = super().resolve_command(ctx, args)
        if command is None:
            return name, command, rest
        load = functools.partial(_load, str(name))
        if ctx.resilient_parsing:  # a shell asks what could follow
            return name, _made(str(name), options_of(str(name), load)), rest
        if rest[-1:] == ["--help"] and not any(word.startswith("-") for word in rest[:-1]):
            write = functools.partial(_help, str(name), load, ctx)
            typer.echo(help_of(str(name), write))
            raise typer.Exit
        return name, _made(str(name), load()), rest


def _load(name: str) -> Any:
    """Return a command's function, with all that it needs."""
    from bioplastic import _uncaught  # noqa: F401  # before anything imports Brian

    return getattr(importlib.import_module(f"{__name__}.{name}"), name)


def _made(name: str, function: Any) -> Any:
    alone = typer.Typer(add_completion=False, **_PLAIN)
    alone.command(name)(function)
    return typer.main.get_command(alone)


def _help(name: str, load: Callable[[], Any], above: Any) -> str:
    command = _made(name, load())
    text: str = command.get_help(typer.Context(command, info_name=name, parent=above))
    return text


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
