"""The report of a study: one Markdown text, the page made of it, its pictures and every number."""

import base64
import csv
import functools
import io
import itertools
import json
import os
import re
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt

from bioplastic._whole_files import whole_file
from bioplastic.errors import DataError, ParameterError
from bioplastic.study import _report_figures as figures
from bioplastic.study import _report_tables as tables
from bioplastic.study import _report_words as words
from bioplastic.study._report_format import escaped, listed
from bioplastic.study._report_numbers import findings, with_gaps_named
from bioplastic.study.methods.base import Method
from bioplastic.study.outcome import Outcome

if TYPE_CHECKING:
    from bioplastic.study._attempt import Failure
    from bioplastic.study.problems import Problem

_TEMPLATES: Final = Path(__file__).with_name("templates")
_THEORY_TERMS: Final = {
    "strengths": "Strengths",
    "weaknesses": "Weaknesses",
    "local": "Local",
    "not_local": "Not local",
    "history": "Hyperparameters",
}
_OPERATIONS: Final = {
    "inference": "NeuroBench's metrics of classifying a test sample.",
    "learning": "Operations a sample presented in training. Weight updates are not NeuroBench's.",
}
_ENERGIES: Final = {
    "inference": "Energy to classify a test sample.",
    "learning": "Energy a sample presented in training.",
    "training": "Energy of a whole training.",
}
#: Nothing is loaded, whatever the texts contain.
_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" \
content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
<nav>{links}</nav>
<main>
{body}
</main>
</body>
</html>
"""


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
        The methods of the study by name, in the order of colors and theory notes.
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
    bioplastic.study.statistics.summary : The intervals.
    bioplastic.study.statistics.paired_tests : The tests.
    """
    _check(outcomes, methods, problems)
    order = list(methods)
    outcomes = sorted(outcomes, key=lambda o: (order.index(o.method), o.seed, o.fold))
    numbers = findings(
        outcomes, methods=methods, problems=problems, command=command, failures=failures
    )
    pictures: dict[str, str] = {}
    views = [(found, _parts(found, numbers, outcomes, pictures)) for found in numbers["problems"]]
    text = _environment().get_template("report.md.j2").render(
        numbers=numbers, views=views, theory_terms=_THEORY_TERMS, words=words,
        facts=_facts(numbers), missing=_missing(numbers),
    )  # fmt: skip
    text = re.sub(r"\n{3,}", "\n\n", text)
    named = with_gaps_named(numbers)
    files = {
        "report.html": _page(text, pictures),
        "report.md": text,
        "results.json": json.dumps(named, indent=1, allow_nan=False, ensure_ascii=False) + "\n",
        "results.csv": _csv(named["tasks"]),
        "tests.csv": _csv(
            [{"problem": p["name"], **test} for p in numbers["problems"] for test in p["tests"]]
        ),
        **pictures,
    }
    for name, content in files.items():
        with whole_file(Path(folder) / name, "write_report.folder") as scratch:
            scratch.write_text(content, encoding="utf-8")
    return Path(folder) / "report.html"


def _check(
    outcomes: Sequence[Outcome], methods: Mapping[str, Any], problems: Mapping[str, Any]
) -> None:
    """Refuse outcomes that are no one study's.

    Raises
    ------
    ParameterError
        If a method or problem is not described.
    DataError
        If one task has several outcomes, or the sizes of a problem differ.
    """
    for name, known in (("method", methods), ("problem", problems)):
        missing = sorted({getattr(outcome, name) for outcome in outcomes} - set(known))
        if missing:
            raise ParameterError(
                f"write_report.{name}s: must hold every {name} of the outcomes, "
                f"{', '.join(missing)} missing"
            )
    tasks = Counter((o.problem, o.method, o.seed, o.fold) for o in outcomes)
    twice = [task for task, n in tasks.items() if n > 1]
    if twice:
        raise DataError(
            "write_report.outcomes: must hold each task once, several of "
            f"{', '.join(map(str, twice[0]))}"
        )
    for name in {outcome.problem for outcome in outcomes}:
        sizes = sorted({outcome.size for outcome in outcomes if outcome.problem == name})
        if len(sizes) > 1:
            raise DataError(
                f"write_report.outcomes: must be of one size, those of problem {name} are of "
                f"{listed(sizes)}; report each by itself"
            )


def _parts(
    found: dict[str, Any],
    numbers: dict[str, Any],
    outcomes: Sequence[Outcome],
    pictures: dict[str, str],
) -> dict[str, list[str]]:
    """Return what is said of a problem, by headings, and add its pictures, by the files' names."""
    if not found["methods"]:
        return {}
    own = [outcome for outcome in outcomes if outcome.problem == found["name"]]
    methods = numbers["methods"]

    def drawn(kind: str, figure: Any) -> list[str | None]:
        if figure is None:
            return []
        path = f"figures/{found['name']}-{kind}.svg"
        pictures[path] = figures.svg_of(figure)
        alt = escaped(f"{figures.ALT[kind]}, {found['title']}")
        return [f"![{alt}]({path})", escaped(figures.CAPTIONS[kind])]

    parts: dict[str, list[str | None]] = {
        "": [
            tables.summary(found),
            *drawn("accuracy-energy", figures.accuracy_against_energy(found, methods)),
        ],
        "Are the differences real?": [*map(escaped, words.of_tests(found)), tables.tests(found)]
        if found["tests"]
        else [],
        "Learning curves": drawn("curves", figures.curves(own, found, methods)),
        "What is taken for what": drawn("confusion", figures.confusions(found)),
        "Spikes": drawn("rasters", figures.rasters(own, found)),
        "Receptive fields": drawn("fields", figures.fields(own, found)),
        "Operations and size (NeuroBench)": [
            tables.network(found, use, caption) for use, caption in _OPERATIONS.items()
        ],
        "Energy by device": [
            tables.energies(found, numbers["devices"], use, caption)
            for use, caption in _ENERGIES.items()
        ],
        f"Accuracy by {found['unit']}": [tables.units(found)],
        "Hyperparameters tried and taken": [tables.candidates(found)],
        "Protocol": [*map(escaped, words.protocol(found))],
    }
    said = {title: [text for text in texts if text] for title, texts in parts.items()}
    return {title: texts for title, texts in said.items() if texts}


def _missing(numbers: dict[str, Any]) -> list[str]:
    """Say which tasks have no result."""
    lines = []
    for problem in numbers["problems"]:
        by_method: dict[str, list[str]] = {}
        for task in problem["missing"]:
            where = f"seed {task['seed']}, fold {task['fold']}"
            by_method.setdefault(task["method"], []).append(where)
        for method, places in by_method.items():
            lines.append(
                f"{problem['title']}, {numbers['methods'][method]['title']}: {'; '.join(places)}"
            )
    return lines


def _facts(numbers: dict[str, Any]) -> dict[str, str]:
    """Return what one has to know to repeat a study."""
    seeds = sorted({seed for problem in numbers["problems"] for seed in problem["seeds"]})
    return {
        "Seeds": ", ".join(map(str, seeds)) or "none",
        "Versions": ", ".join(
            f"{package} {' and '.join(found)}" for package, found in numbers["versions"].items()
        ) or "unknown",
        "Numbers": "results.json holds every number of this page, results.csv a row a task, "
        "tests.csv a row a pair of methods.",
    }  # fmt: skip


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), trim_blocks=True,
        lstrip_blocks=True, undefined=StrictUndefined, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters["md"] = escaped
    environment.filters["indented"] = lambda text: textwrap.indent(text, "    ")
    return environment


def _page(text: str, pictures: Mapping[str, str]) -> str:
    """Make the page of the Markdown text, with its pictures inside and links to its sections."""
    reader = MarkdownIt("commonmark", {"html": False, "xhtmlOut": False}).enable("table")
    tokens, sections = reader.parse(text), dict[str, str]()
    for before, inline in itertools.pairwise(tokens):
        if before.type == "heading_open":
            name = re.sub(r"\W+", "-", inline.content.lower()).strip("-")
            name += f"-{len(sections)}" * (name in sections)
            before.attrSet("id", name)
            sections[name] = inline.content if before.tag == "h2" else ""
        for part in inline.children or ():
            if part.type == "image":
                svg = base64.b64encode(pictures[str(part.attrGet("src"))].encode()).decode()
                part.attrSet("src", f"data:image/svg+xml;base64,{svg}")
    links = " ".join(f"[{title}](#{name})" for name, title in sections.items() if title)
    return _PAGE.format(
        title=reader.renderInline(tokens[1].content),
        style=(_TEMPLATES / "report.css").read_text(encoding="utf-8"),
        links=reader.renderInline(links),
        body=reader.renderer.render(tokens, reader.options, {}),
    )


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
