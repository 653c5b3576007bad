"""What a report says of its tests, its protocol, and what is not there."""

from collections.abc import Sequence
from typing import Any

from bioplastic.study import _report_format as words

__all__ = ["facts", "gaps", "missing", "of_tests", "protocol", "status"]


def of_tests(found: dict[str, Any]) -> list[str]:
    """Say what a test is over, and whether it can decide anything."""
    unit = found["unit"]
    idea = (
        f"Two methods are compared on the same {unit}s. If they were alike, each {unit}'s "
        f"difference could as well have the other sign: p is the share of combinations of signs "
        f"with a mean difference at least as large."
    )
    texts = [idea]
    floors = [test["p_floor"] for test in found["tests"] if test["p_floor"] is not None]
    undecided = sum(not test["decides"] for test in found["tests"])
    if floors and undecided:
        n = len(found["tests"])
        which = (
            f"None of the {n} tests could" if undecided == n else f"{undecided} of {n} could not"
        )
        texts.append(
            f"A test of few {unit}s cannot give a small p, whatever the accuracies. {which} reach "
            f"0.05 after correction (smallest possible: {min(floors):.2g}); that they are not "
            f"significant says nothing of the methods. Read the intervals, or test more {unit}s."
        )
    if not found["grouped"]:
        texts.append(
            "The tests generalise over test samples, not over seeds: see the standard deviation "
            "over seeds beside them."
        )
    return texts


def protocol(found: dict[str, Any]) -> list[str]:
    """Say exactly what was held out, how often, and what the numbers are means of."""
    unit, classes = found["unit"], found["classes"]
    seeds, folds = (", ".join(map(str, found[key])) for key in ("seeds", "folds"))
    train, test = (_span(found[key]) for key in ("n_train", "n_test"))
    tasks = (
        f"Size {found['size']}: {train} training and {test} test samples a task. Seeds: {seeds}."
    )
    if found["n_folds"] > 1:
        tasks += f" Folds held out: {folds}, of {found['n_folds']}."
    if len(found["folds"]) > 1:
        tasks += (
            " The standard deviation over seeds contains differences between folds where seeds "
            "hold out different ones."
        )
    means = (
        f"Accuracy is the mean over {unit}s, of each the mean over the trainings that held it out. "
    )
    if found["grouped"]:
        means += (
            f"Intervals are Student's over {unit}s (Wilson's over samples where all {unit}s "
            f"agree). "
        )
    else:
        means += "Intervals are Wilson's; a sample counts once, however many seeds tested it. "
    means += (
        "Trainings share samples, so intervals are rather too narrow than too wide. Test samples "
        "had no part in training or in choosing settings."
    )
    return [
        f"{found['protocol']} {len(classes)} classes: {', '.join(classes)}.",
        tasks,
        means,
    ]


def _span(ends: Sequence[int]) -> str:
    low, high = ends
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def status(numbers: dict[str, Any]) -> str:
    n = len(numbers["tasks"])
    text = f"{n:,} task{'' if n == 1 else 's'} finished"
    if n:
        taken = words.duration(numbers["seconds"])
        text += f": choosing settings, training and naming took {taken} in all, on one thread"
        if numbers["seconds_build"]:
            text += f"; compiling their programs, {words.duration(numbers['seconds_build'])}"
    return f"{text}. Seeds, versions and the command to repeat it stand at the end."


def gaps(numbers: dict[str, Any]) -> str:
    """Say how much is not there."""
    parts = []
    if numbers["failures"]:
        n = len(numbers["failures"])
        parts.append(f"{n} task{'' if n == 1 else 's'} failed")
    if numbers["n_missing"]:
        n = numbers["n_missing"]
        parts.append(f"{n} {'has' if n == 1 else 'have'} no result")
    return f"{words.listed(parts)}." if parts else ""


def missing(numbers: dict[str, Any]) -> list[str]:
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


def facts(numbers: dict[str, Any]) -> dict[str, str]:
    seeds = sorted({seed for problem in numbers["problems"] for seed in problem["seeds"]})
    return {
        "Seeds": ", ".join(map(str, seeds)) or "none",
        "Versions": ", ".join(
            f"{package} {' and '.join(found)}" for package, found in numbers["versions"].items()
        ) or "unknown",
        "Numbers": "results.json holds every number of this page, results.csv a row a task, "
        "tests.csv a row a pair of methods.",
    }  # fmt: skip
