"""Options of the commands, each written down once."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from bioplastic.cli.settings import SETTINGS

Data = Annotated[
    Path | None,
    typer.Option(help="File or folder of the data set. [default: found, or for mnist fetched]"),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]
Seed = Annotated[int, typer.Option(min=0, help="Of everything that is drawn at random.")]


def with_settings(*names: str, after: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command options for hyperparameters of the models.

    Type, range and help are those of the field. Without the option, the value is None, as the
    default depends on the data set.

    Parameters
    ----------
    *names : str
        The settings; all of every model where there is none.
    after : str
        The parameter that they follow.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        given = inspect.signature(command, eval_str=True).parameters.values()
        own = [p for p in given if p.kind is not p.VAR_KEYWORD]
        options = [
            _option(name, hint) for name, hint in _fields().items() if name in names or not names
        ]
        place = [p.name for p in own].index(after) + 1
        # This is what Typer reads.
        command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [*own[:place], *options, *own[place:]]
        )
        return command

    return decorate


def _fields() -> dict[str, Any]:
    """Annotations of all settings, with the options in them."""
    found: dict[str, Any] = {}
    for settings in SETTINGS.values():
        for parent in type(settings).__mro__[::-1]:
            hints = get_type_hints(parent, include_extras=True)
            found |= {k: hint for k, hint in hints.items() if hasattr(hint, "__metadata__")}
    return found


def _option(name: str, hint: Any) -> inspect.Parameter:
    (option,) = hint.__metadata__
    told = typer.Option(min=option.min, help=f"{option.help} {_default(name)}")
    return inspect.Parameter(
        name,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=None,
        annotation=Annotated[hint.__origin__ | None, told],
    )


def _default(name: str) -> str:
    """Say the default of a setting, and for which data sets where they differ."""
    shown: dict[str, list[str]] = {}
    for data_set, settings in SETTINGS.items():
        if hasattr(settings, name):
            value = getattr(settings, name)
            if value is None:
                text = "all" if name == "label_samples" else "as the data need it"
            else:
                text = value if isinstance(value, str) else f"{value:g}"
            shown.setdefault(text, []).append(data_set)
    if shown == {text: [*SETTINGS] for text in shown}:
        return f"[default: {next(iter(shown))}]"
    return f"[default: {'; '.join(f'{text} for {", ".join(on)}' for text, on in shown.items())}]"
