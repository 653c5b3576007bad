"""``bioplastic compare``: methods of training on the same data, and a report of it."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from bioplastic.cli.options import Debug, Quiet
from bioplastic.cli.reporting import FAILED, reporting
from bioplastic.errors import DataNotFoundError, ParameterError
from bioplastic.study import METHODS, PROBLEMS, Method, Problem
from bioplastic.study import compare as run_study
from bioplastic.study.compare import Study
from bioplastic.study.modules import load_module

__all__ = ["compare", "tell"]

_DEFAULTS: dict[str, Any] = {
    "data": ["hd"],
    "methods": ["all"],
    "seeds": 5,
    "size": "default",
    "all_folds": False,
    "budget": None,
    "jobs": 1,
    "cluster": None,
}
#: What a file may give for them: in words, and as type and whether it is a list.
_TYPES: dict[str, tuple[str, set[tuple[type, bool]]]] = {
    "data": ("one name or a list of names", {(str, False), (str, True)}),
    "methods": ("one name or a list of names", {(str, False), (str, True)}),
    "seeds": ("a whole number or a list of them", {(int, False), (int, True), (str, False)}),
    "size": ("a word", {(str, False)}),
    "all_folds": ("true or false", {(bool, False)}),
    "budget": ("a whole number", {(int, False)}),
    "jobs": ("a whole number", {(int, False)}),
    "cluster": ("a text", {(str, False)}),
}
#: Bytes, and dots in a line: an option's file has far fewer.
_MAX_CONFIG, _MAX_DOTS = 2**16, 20


def compare(
    data: Annotated[
        str | None,
        typer.Option(help=f"Data sets, with commas: {', '.join(PROBLEMS)}. [default: hd]"),
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(help=f"Methods, with commas: {', '.join(METHODS)}; or all. [default: all]"),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(help="How many seeds, or which, with commas, as in 0,2,4. [default: 5]"),
    ] = None,
    size: Annotated[
        Literal["demo", "default", "full"] | None,
        typer.Option(help="How many samples, and how large the networks are. [default: default]"),
    ] = None,
    all_folds: Annotated[
        bool | None,
        typer.Option("--all-folds", help="Test every part of the data with every seed."),
    ] = None,
    budget: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Hyperparameter settings that each method may try. [default: 1, 3, 4 by size]",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for outcomes and report.")] = Path(
        "out/compare"
    ),
    jobs: Annotated[
        int | None, typer.Option(help="Tasks at a time; -1 takes all processors. [default: 1]")
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            help="Where tasks run: local, local:4 (processes), or a Dask scheduler's address "
            "or file."
        ),
    ] = None,
    module: Annotated[
        list[Path] | None,
        typer.Option(
            help="Python file with methods or data sets of your own, which is run; may be given "
            "several times."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="TOML file with these options in a table [study]; flags win."),
    ] = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Compare methods on the same data, and write a report.

    Hyperparameters are chosen within the training data, test data are used once. Each finished task
    is stored in the folder; after an interruption of any kind the same command goes on.

    What files of --module declare is compared with all methods, on their data sets where they have
    some, unless --methods and --data choose others.
    """
    with reporting(debug=debug):
        given = {
            "data": data,
            "methods": methods,
            "seeds": seeds,
            "size": size,
            "all_folds": all_folds,
            "budget": budget,
            "jobs": jobs,
            "cluster": cluster,
        }
        own_methods, own_data = _own(module or [])
        options = _DEFAULTS | ({"data": [*own_data]} if own_data else {}) | _from_file(config)
        options |= {name: value for name, value in given.items() if value is not None}
        chosen = _names(options["methods"])
        if "all" in chosen:
            chosen = list(dict.fromkeys([*chosen, *own_methods]))
        study = run_study(
            _found("data", _names(options["data"]), PROBLEMS, own_data),
            _found("methods", chosen, METHODS, own_methods, "all"),
            seeds=_seeds(options["seeds"]),
            size=options["size"],
            all_folds=options["all_folds"],
            budget=options["budget"],
            folder=out,
            n_jobs=options["jobs"],
            cluster=options["cluster"],
            progress=not quiet,
        )
        tell(study, out)


def tell(study: Study, folder: Path) -> None:
    """Print accuracies, what is missing, and where the report is.

    Raises
    ------
    typer.Exit
        With the code of an error, if tasks failed.
    """
    for name, problem in study.problems.items():
        own = [outcome for outcome in study.outcomes if outcome.problem == name]
        found = study.summary(name) if own else {}
        head = _row("", "accuracy", "95 % interval", "sd of seeds", "time to train")
        typer.echo(f"\n{problem.title}\n{head}")
        for method, said in sorted(found.items(), key=lambda item: -item[1].accuracy):
            spent = [outcome.seconds["fit"] for outcome in own if outcome.method == method]
            ends = [f"{100 * end:.1f}" for end in (said.low, said.high) if end is not None]
            typer.echo(
                _row(
                    study.methods[method].title,
                    f"{100 * said.accuracy:.1f} %",
                    " to ".join(ends),
                    "" if said.sd_seeds is None else f"{100 * said.sd_seeds:.1f}",
                    f"{sum(spent) / len(spent):.1f} s",
                )
            )
    for name, why in study.left_out.items():
        typer.echo(f"\n{name} is left out: {why}", err=True)
    for failure in study.failures:
        typer.echo(f"\nfailed: {failure.name}: {failure.message}", err=True)
    if study.outcomes:
        page = study.write_report(folder)
        typer.echo(f"\n{len(study.outcomes)} trainings. Open {page}")
    if study.failures:
        raise typer.Exit(FAILED)


def _row(title: str, *cells: str) -> str:
    return f"  {title:<30}" + "".join(f"{cell:>14}" for cell in cells)


def _own(paths: list[Path]) -> tuple[dict[str, Method], dict[str, Problem]]:
    """Load files of the user, whose names must be new."""
    methods: dict[str, Method] = {}
    problems: dict[str, Problem] = {}
    for path in paths:
        more_methods, more_problems = load_module(path)
        for name in (*more_methods, *more_problems):
            taken = {**METHODS, **methods} if name in more_methods else {**PROBLEMS, **problems}
            if name in taken:
                raise ParameterError(
                    f"--module: {path} declares {name!r}, which is the name of another one; "
                    f"choose a new name"
                )
        methods |= more_methods
        problems |= more_problems
    return methods, problems


def _found[T](
    option: str, names: list[str], known: Mapping[str, T], own: Mapping[str, T], *more: str
) -> list[str | T]:
    """Take the user's own by their names; others stay names."""
    for name in names:
        if name not in {*known, *own, *more}:
            raise ParameterError(
                f"{option}: must be one of {', '.join([*more, *known, *own])}, got {name!r}"
            )
    return [own.get(name, name) for name in names]


def _names(value: str | list[str]) -> list[str]:
    names = value.split(",") if isinstance(value, str) else value
    return [name.strip() for name in names]


def _seeds(value: str | int | list[int]) -> int | list[int]:
    if not isinstance(value, str):
        return value
    try:
        numbers = [int(part) for part in value.split(",")]
    except ValueError:
        raise ParameterError(
            f"--seeds: must be how many, or which, with commas, got {value!r}; for example 5, or "
            f"0,2,4"
        ) from None
    return numbers if "," in value else numbers[0]


def _from_file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        if path.stat().st_size > _MAX_CONFIG:
            raise ParameterError(f"--config: {path} is no file of options, but far larger")
        content = path.read_bytes()
    except OSError as error:
        raise DataNotFoundError(f"--config: cannot read {path}: {error.strerror}") from None
    try:
        text = content.decode()
        # A name of many parts takes memory by the square of their number.
        lines = [line for line in text.split("\n") if not line.lstrip().startswith("#")]
        if max(line.count(".") for line in lines or [""]) > _MAX_DOTS:
            raise ValueError(f"a line has more than {_MAX_DOTS} dots")
        table = tomllib.loads(text).get("study", {})
    # Other text encodings, numbers of thousands of digits, lists a thousand deep.
    except (ValueError, RecursionError) as error:
        raise ParameterError(f"--config: {path} is not TOML: {error}") from None
    if not isinstance(table, dict):
        raise ParameterError(f"--config: {path}: study must be a table, as [study], got {table!r}")
    for name, value in table.items():
        if name not in _DEFAULTS:
            raise ParameterError(
                f"--config: {path} has the option {name!r} in [study]; it must be one of "
                f"{', '.join(_DEFAULTS)}"
            )
        _check_type(path, name, value)
    return table


def _check_type(path: Path, name: str, value: Any) -> None:
    words, fits = _TYPES[name]
    # Python takes True for a number.
    values = value if isinstance(value, list) else [value]
    whole = all(type(v) is type(values[0]) for v in values) and bool(values)
    if not whole or (type(values[0]), isinstance(value, list)) not in fits:
        raise ParameterError(f"--config: {path}: {name} must be {words}, got {value!r}")
