"""Every number of a report, as JSON has it."""

import itertools
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from bioplastic.study import _report_words as words
from bioplastic.study._report_format import NOT_COUNTED
from bioplastic.study.energy import CAVEATS, DEVICES, energies
from bioplastic.study.outcome import Outcome
from bioplastic.study.statistics import paired_tests, summary, unit_accuracies
from bioplastic.study.workload import OPERATIONS

QUESTION: Final = "Which biologically plausible method has a future?"
#: A cheaper method is mentioned if it loses no more accuracy than this.
_WITHIN: Final = 0.05
#: The device of the summary; all are in a table of their own.
_DEVICE: Final = "cmos45"
#: How the names of costs begin that follow from counted operations.
_COSTS: Final = ("inference", "training_J", "energy", "learning")


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
        "device": _DEVICE,
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
    found["tasks"] = [_task_row(outcome) for outcome in outcomes]
    cleaned: dict[str, Any] = _plain(found)
    return cleaned


def _measured(outcome: Outcome) -> dict[str, Any]:
    """Return what a task cost: operations of a mean sample, joules on each device, and time."""
    joules = {use: energies(getattr(outcome, use)) for use in ("inference", "learning")}
    n_samples = outcome.learning.n_samples
    return {
        "energy": {
            device: {
                "inference": joules["inference"][device],
                "learning": learning,
                "training": learning * n_samples,
            }
            for device, learning in joules["learning"].items()
        },
        "seconds": outcome.seconds,
        "inference": _operations(outcome.inference),
        "learning": _operations(outcome.learning),
        "n_train": outcome.n_train,
    }


def _task_row(outcome: Outcome) -> dict[str, Any]:
    """Return the numbers of a task, flat, as a table has them."""
    row: dict[str, Any] = {
        "problem": outcome.problem,
        "method": outcome.method,
        "size": outcome.size,
        "seed": outcome.seed,
        "fold": outcome.fold,
        "accuracy": outcome.accuracy,
        "n_train": outcome.n_train,
        "n_test": len(outcome.truth),
        "settings": json.dumps(_plain(_chosen(outcome)), sort_keys=True),
        "n_candidates": len(outcome.candidates),
        "peak_mb": outcome.peak_mb,
    }
    costs = _measured(outcome)
    row |= {f"seconds_{what}": spent for what, spent in costs["seconds"].items()}
    for use in ("inference", "learning"):
        row |= {f"{use}_{name}": n for name, n in costs[use].items()}
        row |= {f"{use}_{device}_J": joules[use] for device, joules in costs["energy"].items()}
    return row


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
            **_costs([o for o in outcomes if o.method == method]),
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


def _costs(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Means over the tasks of a method on a problem; of memory the highest."""
    costs: dict[str, Any] = _means([_measured(outcome) for outcome in outcomes])
    first = costs["energy"][_DEVICE]
    return costs | {
        "inference_J": first["inference"],
        "training_J": first["training"],
        "peak_mb": max(outcome.peak_mb for outcome in outcomes),
        "confusion": np.sum([outcome.confusion for outcome in outcomes], axis=0),
        "candidates": _candidates(outcomes),
        "description": outcomes[0].description,
    }


def _candidates(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """List the hyperparameters tried, how they did in choosing, and how often they were taken."""
    tried: dict[str, list[dict[str, Any]]] = {}
    for outcome in outcomes:
        for candidate in outcome.candidates:
            written = json.dumps(_plain(candidate["settings"]), sort_keys=True)
            tried.setdefault(written, []).append(candidate)
    taken = Counter(json.dumps(_plain(_chosen(outcome)), sort_keys=True) for outcome in outcomes)
    return [
        {
            "settings": json.loads(written),
            "score": _means([candidate.get("score") for candidate in own]),
            "seconds": _means([candidate.get("seconds") for candidate in own]),
            "n_tried": len(own),
            "n_chosen": taken[written],
        }
        for written, own in tried.items()
    ]  # fmt: skip


def _chosen(outcome: Outcome) -> Any:
    known = 0 <= outcome.chosen < len(outcome.candidates)
    return outcome.candidates[outcome.chosen]["settings"] if known else {}


def _operations(workload: Any) -> dict[str, float | None]:
    """Return what a mean sample takes, and size; None for what was not counted."""
    mean = asdict(workload.per_sample)
    found: dict[str, float | None] = mean | {"n_samples": workload.n_samples}
    # No model is without bytes and weights, and not counted is not dense.
    for whole, parts in (
        (workload.counted, OPERATIONS),
        (workload.footprint, ("footprint",)),
        (workload.n_weights, ("n_weights", "n_zero_weights")),
        (workload.activation_sites, ("activations", "activation_sites")),
    ):
        if not whole:
            found |= dict.fromkeys(parts)
    return found | {
        "connection_sparsity": workload.connection_sparsity if workload.n_weights else None,
        "activation_sparsity": workload.activation_sparsity if workload.activation_sites else None,
    }


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; NaN and infinity, which JSON has not, are None."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, str | bool | None):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, Sequence | set):
        return [_plain(item) for item in value]
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)


def _means(values: Sequence[Any]) -> Any:
    """Return the mean of the numbers that are known, of dicts that of each entry."""
    known = [value for value in values if value is not None]
    if known and isinstance(known[0], Mapping):
        names = dict.fromkeys(name for value in known for name in value)
        return {name: _means([value.get(name) for value in known]) for name in names}
    known = [value for value in known if math.isfinite(value)]
    return float(np.mean(known)) if known else None


def with_gaps_named(numbers: dict[str, Any]) -> dict[str, Any]:
    """Return a report's numbers with words in place of costs that were not counted."""

    def named(value: Any, is_cost: bool) -> Any:
        if isinstance(value, dict):
            return {k: named(v, is_cost or k.startswith(_COSTS)) for k, v in value.items()}
        if isinstance(value, list):
            return [named(item, is_cost) for item in value]
        return NOT_COUNTED if is_cost and value is None else value

    found: dict[str, Any] = named(numbers, False)
    return found
