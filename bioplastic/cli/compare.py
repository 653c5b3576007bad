"""``bioplastic compare``: methods of training on the same data, and a report of it."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bioplastic.cli.options import Debug, Quiet
from bioplastic.cli.reporting import FAILED, reporting
from bioplastic.cli.settings import DATA_SETS
from bioplastic.errors import DataNotFoundError, ParameterError

if TYPE_CHECKING:
    from bioplastic.study.compare import Study

#: Options that a file may give, which runs nothing.
_IN_FILES = ("data", "methods", "seeds", "size", "all_folds", "budget", "jobs", "cluster")
#: Bytes, and dots in a line: an option's file has far fewer.
_MAX_CONFIG, _MAX_DOTS = 2**16, 20


def _from_file(context: typer.Context, path: Path | None) -> Path | None:
    """Take options of a file for defaults."""
    if path is not None:
        with reporting(debug=False):
            context.default_map = options_in(path)
    return path


def compare(
    data: Annotated[
        str | None,
        typer.Option(help=f"Data sets, with commas: {', '.join(DATA_SETS)}. [default: hd]"),
    ] = None,
    methods: Annotated[
        str,
        typer.Option(
            help="Methods, with commas: stdp, liquid, timing, eprop, rstdp, svm, mlp, bptt; or all."
        ),
    ] = "all",
    seeds: Annotated[
        str, typer.Option(help="How many seeds, or which, with commas, as in 0,2,4.")
    ] = "5",
    size: Annotated[
        Literal["demo", "default", "full"],
        typer.Option(help="How many samples, and how large the networks are."),
    ] = "default",
    all_folds: Annotated[
        bool, typer.Option("--all-folds", help="Test every part of the data with every seed.")
    ] = False,
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
    jobs: Annotated[int, typer.Option(help="Tasks at a time; -1 takes all processors.")] = 1,
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
        typer.Option(
            callback=_from_file,
            is_eager=True,
            help="TOML file with these options in a table [study]; flags win.",
        ),
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
        from bioplastic._quantities import choice
        from bioplastic.study import METHODS, PROBLEMS
        from bioplastic.study import compare as run_study

        own_methods, own_data = _own(module or [])
        chosen = _names(methods)
        if "all" in chosen:
            chosen = list(dict.fromkeys([*chosen, *own_methods]))
        names = _names(data or ",".join(own_data) or "hd")
        known_data, known_methods = (*PROBLEMS, *own_data), ("all", *METHODS, *own_methods)
        study = run_study(
            [own_data.get(choice("data", name, known_data), name) for name in names],
            [own_methods.get(choice("methods", name, known_methods), name) for name in chosen],
            seeds=_seeds(seeds),
            size=size,
            all_folds=all_folds,
            budget=budget,
            folder=out,
            n_jobs=jobs,
            cluster=cluster,
            progress=not quiet,
        )
        tell(study, out)


def tell(study: "Study", folder: Path) -> None:
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


def _own(paths: list[Path]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Load methods and problems of the user's files, whose names must be new."""
    from bioplastic.study import METHODS, PROBLEMS
    from bioplastic.study.modules import load_module

    own: tuple[dict[str, Any], dict[str, Any]] = {}, {}
    ours: tuple[Mapping[str, Any], ...] = METHODS, PROBLEMS
    for path in paths:
        declared: tuple[dict[str, Any], ...] = load_module(path)
        for found, known, more in zip(own, ours, declared, strict=True):
            for name in more.keys() & {*known, *found}:
                raise ParameterError(
                    f"--module: {path} declares {name!r}, which is the name of another one; "
                    f"choose a new name"
                )
            found |= more
    return own


def _names(value: str) -> list[str]:
    return [name.strip() for name in value.split(",")]


def _seeds(value: str) -> int | list[int]:
    try:
        numbers = [int(part) for part in value.split(",")]
    except ValueError:
        raise ParameterError(
            f"--seeds: must be how many, or which, with commas, got {value!r}; for example 5, or "
            f"0,2,4"
        ) from None
    return numbers if "," in value else numbers[0]


def options_in(path: Path) -> dict[str, str]:
    """Return the options of a file as texts, as a command line has them.

    Raises
    ------
    DataNotFoundError
        If it cannot be read.
    ParameterError
        If it is not TOML, or has other options.
    """
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
    for name in table.keys() - {*_IN_FILES}:
        raise ParameterError(
            f"--config: {path} has the option {name!r} in [study]; it must be one of "
            f"{', '.join(_IN_FILES)}"
        )
    return {
        name: ",".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in table.items()
    }
