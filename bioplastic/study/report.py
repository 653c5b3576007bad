"""The report of a study: a page, its text, its pictures and every number."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bioplastic.study import _report_figures as figures
from bioplastic.study import _report_tables as tables
from bioplastic.study import _report_texts as texts
from bioplastic.study._report_costs import with_gaps_named
from bioplastic.study._report_figures import Picture
from bioplastic.study._report_files import TEMPLATES, as_csv, render, write
from bioplastic.study._report_numbers import check, findings
from bioplastic.study._report_tables import Table
from bioplastic.study.methods.base import Method
from bioplastic.study.outcome import Outcome

if TYPE_CHECKING:
    from bioplastic.study.problems import Problem
    from bioplastic.study.runner import Failure

__all__ = ["write_report"]

#: Sections that are not of one problem, by their names in the page.
_COMMON: Final = {
    "theory": "The methods: how they learn",
    "models": "The models in words",
    "devices": "Energies: devices, sources and caveats",
    "repeat": "How to repeat this study",
    "failures": "Tasks failed and missing",
}

_THEORY_TERMS: Final = {
    "strengths": "Strengths",
    "weaknesses": "Weaknesses",
    "local": "Local",
    "not_local": "Not local",
    "history": "Settings",
}


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A part of what is said of a problem."""

    name: str
    title: str = ""
    texts: Sequence[str] = ()
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()


@dataclass(frozen=True, kw_only=True)
class _View:
    """What is said of a problem, and the numbers behind it."""

    found: dict[str, Any]
    parts: list[_Part] = field(default_factory=list)


def write_report(
    outcomes: Sequence[Outcome],
    folder: str | os.PathLike[str],
    *,
    methods: Mapping[str, Method],
    problems: Mapping[str, "Problem"],
    command: str,
    failures: Sequence["Failure"] = (),
) -> Path:
    """Write the report of a study: a page that says which plausible method has a future.

    The page answers in its first screen; then come all comparisons, costs, pictures, the protocol
    and how to repeat it. It is one file that loads nothing and prints on A4.

    Parameters
    ----------
    outcomes : sequence of Outcome
        What the tasks found, of one size for each problem; in any order, and some may be missing.
    folder : path-like
        Where to write; made where missing, files of an earlier report are replaced.
    methods : mapping of str to Method
        The methods of the study by name, in the order of colours and theory notes.
    problems : mapping of str to Problem
        Its problems by name, in the order of sections.
    command : str
        What to type to repeat the study.
    failures : sequence of Failure
        Tasks that failed.

    Returns
    -------
    page : Path
        ``report.html``. Beside it lie ``report.md`` with its pictures in ``figures``,
        ``results.json`` with every number, ``results.csv`` with a row a task and ``tests.csv``
        with a row a pair of methods. Costs that nobody has counted are ``"not counted"``.

    Raises
    ------
    ParameterError
        If an outcome's method or problem is not in `methods` or `problems`.
    DataError
        If a task has several outcomes, or the sizes of a problem differ.
    StorageError
        If a file cannot be written.

    See Also
    --------
    bioplastic.study.summary : The intervals.
    bioplastic.study.paired_tests : The tests.
    """
    check(outcomes, methods, problems)
    order = list(methods)
    outcomes = sorted(outcomes, key=lambda o: (order.index(o.method), o.seed, o.fold))
    numbers = findings(
        outcomes, methods=methods, problems=problems, command=command, failures=failures
    )
    views = [_view(found, numbers, outcomes) for found in numbers["problems"]]
    known = {
        "numbers": numbers,
        "views": views,
        "common": _COMMON,
        "theory_terms": list(_THEORY_TERMS.items()),
        "status": texts.status(numbers),
        "gaps": texts.gaps(numbers),
        "missing": texts.missing(numbers),
        "facts": texts.facts(numbers),
        "style": (TEMPLATES / "report.css").read_text(encoding="utf-8"),
    }
    named = with_gaps_named(numbers)
    files = {
        "report.html": render("report.html.j2", known, escape=True),
        "report.md": render("report.md.j2", known, escape=False),
        "results.json": json.dumps(named, indent=1, allow_nan=False, ensure_ascii=False) + "\n",
        "results.csv": as_csv(named["tasks"]),
        "tests.csv": as_csv(
            [{"problem": p["name"], **test} for p in numbers["problems"] for test in p["tests"]]
        ),
    }
    for view in views:
        for part in view.parts:
            files |= {f"figures/{picture.name}.svg": picture.svg for picture in part.pictures}
    return write(Path(folder), files)["report.html"]


def _view(found: dict[str, Any], numbers: dict[str, Any], outcomes: Sequence[Outcome]) -> _View:
    """Put tables and pictures of a problem in their order; what there is nothing of is left out."""
    if not found["methods"]:
        return _View(found=found)
    own = [outcome for outcome in outcomes if outcome.problem == found["name"]]
    methods = numbers["methods"]

    def part(key: str, title: str, *things: Any, texts: Sequence[str] = ()) -> _Part:
        return _Part(
            name=f"{found['name']}-{key}",
            title=title,
            texts=texts,
            tables=[thing for thing in things if isinstance(thing, Table)],
            pictures=[thing for thing in things if isinstance(thing, Picture)],
        )

    parts = [
        part("summary", "", tables.summary(found), figures.accuracy_against_energy(found, methods)),
        part(
            "tests",
            "Are the differences real?",
            tables.tests(found),
            texts=texts.of_tests(found),
        ),
        part("curves", "Learning curves", figures.curves(own, found, methods)),
        part("confusion", "What is taken for what", figures.confusions(found)),
        part("rasters", "Spikes", figures.rasters(own, found)),
        part("fields", "Receptive fields", figures.fields(own, found)),
        part("neurobench", "Operations and size (NeuroBench)", *tables.network(found)),
        part("energy", "Energy by device", *tables.energies(found, numbers["devices"])),
        part("units", f"Accuracy by {found['unit']}", tables.units(found)),
        part("candidates", "Settings tried and taken", tables.candidates(found)),
    ]
    parts = [one for one in parts if one.tables or one.pictures]
    return _View(
        found=found, parts=[*parts, part("protocol", "Protocol", texts=texts.protocol(found))]
    )
