"""Help and options of the commands, noted once, so that they are there without loading Brian."""

import contextlib
import functools
import hashlib
import importlib.metadata
import inspect
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer

from bioplastic._paths import cache_dir, replacing

__all__ = ["help_of", "options_of"]

#: Another one where what is noted has another form.
_FORMAT = 1


def help_of(name: str, write: Callable[[], str]) -> str:
    """Return the help of a command as this terminal shows it.

    Parameters
    ----------
    name : str
        Of the command.
    write : callable
        Writes it, which loads what the command needs.
    """
    width = shutil.get_terminal_size().columns
    found: str = _remembered(f"{name}-help-{width}", write)
    return found


def options_of(name: str, load: Callable[[], Callable[..., None]]) -> Callable[..., None]:
    """Return a function with a command's arguments and options, for shells that complete them.

    Parameters
    ----------
    name : str
        Of the command.
    load : callable
        Returns the command's function, which loads what it needs.
    """
    parameters = [
        inspect.Parameter(
            each["name"],
            inspect.Parameter.KEYWORD_ONLY,
            default=False if each["kind"] == "flag" else None,
            annotation=_annotation(each),
        )
        for each in _remembered(f"{name}-options", lambda: _described(load()))
    ]

    def command(**_: Any) -> None:
        """Only its parameters count."""

    # This is what Typer reads.
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command


def _described(command: Callable[..., None]) -> list[dict[str, Any]]:
    """Note the parameters of a command, as JSON has them."""
    found = []
    for name, parameter in inspect.signature(command, eval_str=True).parameters.items():
        hint = parameter.annotation
        if not hasattr(hint, "__metadata__"):
            continue
        (told,), kind = hint.__metadata__, hint.__origin__
        several = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
        kinds = [one for one in several if one is not NoneType]
        flags = list(told.param_decls or [f"--{name.replace('_', '-')}"])
        found.append(
            {
                "name": name,
                "flags": flags if isinstance(told, typer.models.OptionInfo) else [],
                "help": told.help,
                "choices": [str(one) for kind in kinds for one in _choices(kind)],
                "kind": "flag" if bool in kinds else "path" if Path in kinds else "text",
            }
        )
    return found


def _choices(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) is Literal else ()


def _annotation(each: dict[str, Any]) -> Any:
    kind: Any = {"flag": bool, "path": Path, "text": str}[each["kind"]]
    if each["choices"]:
        kind = Literal[tuple(each["choices"])]
    kind = kind if each["kind"] == "flag" else kind | None
    if each["flags"]:
        return Annotated[kind, typer.Option(*each["flags"], help=each["help"])]
    return Annotated[kind, typer.Argument(help=each["help"])]


def _remembered(name: str, make: Callable[[], Any]) -> Any:
    """Return what was noted under a name, or make it and note it."""
    path = cache_dir() / "command-line" / f"{name}.json"
    try:
        said = json.loads(path.read_bytes())
        if said["key"] == _key():
            return said["value"]
    except (OSError, ValueError, KeyError, TypeError):  # not there, or damaged
        pass
    value = make()
    # Where there is no place to note it, it is made anew each time.
    with contextlib.suppress(OSError), replacing(path, "command line") as file:
        file.write(json.dumps({"key": _key(), "value": value}).encode())
    return value


@functools.cache
def _key() -> str:
    """Hash of all that options follow from: our files, Typer, and engines of other packages."""
    root = Path(__file__).parents[1]
    files = []
    for path in sorted(root.rglob("*.py")):
        found = path.stat()
        files.append((str(path), found.st_mtime_ns, found.st_size))
    points = importlib.metadata.entry_points(group="bioplastic.engines")
    versions = sys.version, importlib.metadata.version("typer")
    text = repr((_FORMAT, files, versions, sorted(map(str, points))))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
