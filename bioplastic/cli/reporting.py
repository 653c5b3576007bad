"""How a command ends that did not succeed: one line on stderr and an exit code of its own."""

import contextlib
import shlex
import sys
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from bioplastic.errors import BioplasticError

__all__ = ["FAILED", "INTERRUPTED", "reporting", "show_progress"]

FAILED = 2
#: 128 + SIGINT, what a shell reports of a program that Ctrl-C ended.
INTERRUPTED = 130


@contextlib.contextmanager
def reporting(*, debug: bool, checkpoint: Path | None = None) -> Iterator[None]:
    """Turn errors of bioplastic and Ctrl-C inside the block into messages and exit codes.

    Parameters
    ----------
    debug : bool
        Whether to show the traceback of an error, too.
    checkpoint : Path, optional
        Where training saves itself; named after Ctrl-C with the command that goes on from there.

    Raises
    ------
    typer.Exit
        With code 2 after an error of bioplastic, 130 after Ctrl-C. Other errors are bugs and pass.
    """
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            yield
        except BioplasticError as error:
            if debug:
                traceback.print_exc()
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(FAILED) from None
        except KeyboardInterrupt as interrupt:
            # The terminal wrote ^C, and no end of line.
            typer.echo(f"\nStopped: {interrupt}" if interrupt.args else "\nStopped.", err=True)
            if checkpoint is not None and checkpoint.exists():
                command = shlex.join(["bioplastic", *sys.argv[1:]])
                typer.echo(
                    f"To go on from {checkpoint}, give the same command again:\n  {command}",
                    err=True,
                )
            raise typer.Exit(INTERRUPTED) from None


def show_progress(*, quiet: bool) -> bool:
    """Tell whether to draw progress bars: they would fill a log file with their redrawings."""
    return not quiet and sys.stderr.isatty()


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    typer.echo(f"warning: {message}", err=True)
