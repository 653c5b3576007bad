"""What a command says on stderr: errors in one line, with an exit code of their own; progress."""

import contextlib
import re
import shlex
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import typer

from bioplastic.errors import BioplasticError, StorageError

FAILED = 2
#: 128 + SIGINT, what a shell reports of a program that Ctrl-C ended.
INTERRUPTED = 130
#: Seconds between two lines of the same bar, where there is no terminal.
_EVERY = 5.0


@contextlib.contextmanager
def reporting(*, debug: bool, checkpoint: Path | None = None) -> Iterator[None]:
    """Turn errors of bioplastic and Ctrl-C inside the block into messages and exit codes.

    Parameters
    ----------
    debug : bool
        Whether to show the traceback of an error, too.
    checkpoint : Path, optional
        Where training saves itself. After Ctrl-C, or if a file cannot be written, it is named with
        the command that goes on from there.

    Raises
    ------
    typer.Exit
        With code 2 after an error of bioplastic, 130 after Ctrl-C. Other errors are bugs and pass.
    """
    shown: Any = sys.stderr if sys.stderr.isatty() else _Lines(sys.stderr)
    with warnings.catch_warnings(), contextlib.redirect_stderr(shown):
        warnings.showwarning = _show_warning
        try:
            yield
        except BioplasticError as error:
            if debug:
                traceback.print_exc()
            typer.echo(f"error: {error}", err=True)
            if isinstance(error, StorageError):
                _tell_of(checkpoint)
            raise typer.Exit(FAILED) from None
        except KeyboardInterrupt as interrupt:
            # The terminal wrote ^C, and no end of line.
            typer.echo(f"\nStopped: {interrupt}" if interrupt.args else "\nStopped.", err=True)
            _tell_of(checkpoint)
            raise typer.Exit(INTERRUPTED) from None


def _tell_of(checkpoint: Path | None) -> None:
    """Say how to go on from a checkpoint, if there is one."""
    if checkpoint is not None and checkpoint.exists():
        command = shlex.join(["bioplastic", *sys.argv[1:]])
        typer.echo(
            f"To go on from {checkpoint}, give the same command again:\n  {command}", err=True
        )


class _Lines:
    """A stream without a terminal: of a progress bar that is redrawn, it gets a line now and then.

    Its first one, as it says what is done, one every few seconds, and its last one.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._drawn = self._label = ""
        self._open, self._told = False, 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        if text.startswith("\r"):
            # Without the bar itself.
            self._drawn = " ".join(re.sub(r"\|.*\|", "", text).split())
            named = re.match(r"(.*?): +\d", self._drawn)
            label, self._open = named[1] if named else "", True
            if label != self._label or time.monotonic() - self._told > _EVERY:
                self._tell(label)
        elif text == "\n" and self._open:
            self._tell(self._label)
            self._open = False
        else:
            self._stream.write(text)
        return len(text)

    def _tell(self, label: str) -> None:
        if self._drawn:
            self._stream.write(f"{self._drawn}\n")
            self._stream.flush()
            self._drawn, self._label, self._told = "", label, time.monotonic()


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    typer.echo(f"warning: {message}", err=True)
