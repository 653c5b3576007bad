"""Every number of a report, as JSON has it."""

import itertools
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from bioplastic.errors import DataError, ParameterError
from bioplastic.study import _report_words as words
from bioplastic.study._report_costs import DEVICE, chosen, costs, operations, plain
from bioplastic.study._report_format import listed
from bioplastic.study.energy import CAVEATS, DEVICES, energies
from bioplastic.study.outcome import Outcome
from bioplastic.study.statistics import paired_tests, summary, unit_accuracies

__all__ = ["QUESTION", "check", "findings"]

QUESTION: Final = "Which biologically plausible method has a future?"
#: A cheaper method is worth naming if it loses no more accuracy than this.
_WITHIN: Final = 0.05


def check(
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


def findings(
    outcomes: Sequence[Outcome],
    *,
    methods: Mapping[str, Any],
    problems: Mapping[str, Any],
    command: str,
    failures: Sequence[Any] = (),
) -> dict[str, Any]:
    """Return all that a report says, ready for JSON: numbers are finite or None."""
    versions: dict[str, set[str]] = {}
    for outcome in outcomes:
        for package, version in outcome.versions.items():
            versions.setdefault(package, set()).add(version)
    seconds = [outcome.seconds for outcome in outcomes]
    found: dict[str, Any] = {
        "question": QUESTION,
        "command": command,
        "seconds": sum(sum(spent.values()) - spent["build"] for spent in seconds),
        "seconds_build": sum(spent["build"] for spent in seconds),
        "versions": {package: sorted(versions[package]) for package in sorted(versions)},
        "device": DEVICE,
        "devices": {name: asdict(device) for name, device in DEVICES.items()},
        "caveats": list(CAVEATS),
        "methods": {
            name: {
                "title": method.title,
                "plausible": bool(method.plausible),
                "theory": asdict(method.theory),
            }
            for name, method in methods.items()
        },
        "problems": [
            _problem(
                name, problem, [o for o in outcomes if o.problem == name], methods
            )
            for name, problem in problems.items()
        ],
        "failures": [
            {"task": failure.name, "key": failure.key, "error": failure.message,
             "traceback": failure.traceback}
            for failure in failures
        ],
    }  # fmt: skip
    found["n_missing"] = sum(len(problem["missing"]) for problem in found["problems"])
    found["overall"] = words.overall(found["problems"])
    found["tasks"] = _task_rows(outcomes)
    cleaned: dict[str, Any] = plain(found)
    return cleaned


def _task_rows(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Return the numbers of each task, flat, as a table has them."""
    rows = []
    for outcome in outcomes:
        row: dict[str, Any] = {
            "problem": outcome.problem,
            "method": outcome.method,
            "size": outcome.size,
            "seed": outcome.seed,
            "fold": outcome.fold,
            "accuracy": outcome.accuracy,
            "n_train": outcome.n_train,
            "n_test": len(outcome.truth),
            "settings": json.dumps(plain(chosen(outcome)), sort_keys=True),
            "n_candidates": len(outcome.candidates),
            "peak_mb": outcome.peak_mb,
        }
        row |= {f"seconds_{what}": spent for what, spent in outcome.seconds.items()}
        for use, workload in (("inference", outcome.inference), ("learning", outcome.learning)):
            row |= {f"{use}_{name}": n for name, n in operations(workload).items()}
            row |= {f"{use}_{name}_J": joules for name, joules in energies(workload).items()}
        rows.append(plain(row))
    return rows


def _problem(
    name: str, problem: Any, outcomes: Sequence[Outcome], methods: Mapping[str, Any]
) -> dict[str, Any]:
    summaries = summary(outcomes)
    units = unit_accuracies(outcomes)
    grouped = any(outcome.groups is not None for outcome in outcomes)
    found = {
        method: {
            "title": methods[method].title,
            "plausible": bool(methods[method].plausible),
            **asdict(told),
            **costs([o for o in outcomes if o.method == method]),
            "units": units[method] if grouped else None,
        }
        for method, told in summaries.items()
    }
    order = sorted(found, key=lambda method: -found[method]["accuracy"])
    tests = _tests(outcomes, [method for method in methods if method in found], methods)
    classes = outcomes[0].classes if outcomes else []
    size = outcomes[0].size if outcomes else None
    several = any(len(outcome.candidates) > 1 for outcome in outcomes)
    told = {
        "name": name,
        "title": problem.title,
        "size": size,
        "protocol": problem.protocol(size, chosen=several) if outcomes else "",
        "unit": (problem.groups_are or "group") if grouped else "sample",
        "grouped": grouped,
        "classes": classes,
        "chance": 1 / len(classes) if classes else None,
        "n_seeds": len({outcome.seed for outcome in outcomes}),
        "seeds": sorted({outcome.seed for outcome in outcomes}),
        "folds": sorted({outcome.fold for outcome in outcomes}),
        "n_folds": problem.n_folds,
        "n_train": _span([outcome.n_train for outcome in outcomes]),
        "n_test": _span([len(outcome.truth) for outcome in outcomes]),
        "methods": {method: found[method] for method in order},
        "tests": tests,
        "missing": _missing(outcomes, methods),
    }
    told["answer"] = _answer(told)
    told["sentences"] = words.answer(told)
    return told


def _tests(
    outcomes: Sequence[Outcome], order: Sequence[str], methods: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Compare each plausible method with all; pairs of references would only cost power."""
    pairs = list(itertools.combinations(order, 2))
    if any(methods[method].plausible for method in order):
        pairs = [(a, b) for a, b in pairs if methods[a].plausible or methods[b].plausible]
    return [
        asdict(test) | {"decides": test.decides(), "significant": test.significant()}
        for test in paired_tests(outcomes, pairs=pairs)
    ]


def _missing(outcomes: Sequence[Outcome], methods: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Tasks that another method has an outcome of; a method without any lacks them all."""
    done = {(o.method, o.seed, o.fold) for o in outcomes}
    cells = sorted({(o.seed, o.fold) for o in outcomes})
    return [
        {"method": method, "seed": seed, "fold": fold}
        for method in methods
        for seed, fold in cells
        if (method, seed, fold) not in done
    ]


def _answer(found: dict[str, Any]) -> dict[str, Any]:
    """Name the methods that the first screen speaks of, and the tests of the best one."""
    methods = found["methods"]
    plausible = [name for name, method in methods.items() if method["plausible"]]
    references = [name for name in methods if name not in plausible]
    best = plausible[0] if plausible else None
    near = [
        name
        for name in plausible
        if methods[name]["accuracy"] >= methods[plausible[0]]["accuracy"] - _WITHIN
    ]
    against = {}
    for test in found["tests"]:
        if best in (test["first"], test["second"]):
            turned = test["second"] == best
            other = test["first"] if turned else test["second"]
            against[other] = _turned(test) if turned else test
    return {
        "best": best,
        "reference": references[0] if references else None,
        "n_plausible": len(plausible),
        "within": _WITHIN,
        "cheapest_inference": _cheapest(near, methods, "inference_J"),
        "cheapest_training": _cheapest(near, methods, "training_J"),
        "against": against,
    }


def _turned(test: dict[str, Any]) -> dict[str, Any]:
    """Return the test of the second method against the first."""
    signs = {"difference": "difference", "low": "high", "high": "low"}
    values = {key: None if test[old] is None else -test[old] for key, old in signs.items()}
    return test | values | {"first": test["second"], "second": test["first"]}


def _cheapest(names: Sequence[str], methods: Mapping[str, Any], key: str) -> str | None:
    known = [name for name in names if methods[name][key] is not None]
    return min(known, key=lambda name: methods[name][key], default=None)


def _span(values: Sequence[int]) -> list[int] | None:
    return [min(values), max(values)] if values else None
