"""The sentences of a report: its answer, tests, protocol, and what is not there."""

from collections.abc import Sequence
from typing import Any

from bioplastic.study._report_format import (
    NBSP,
    duration,
    energy_text,
    listed,
    number,
    p_text,
    percent,
    points,
)


def answer(found: dict[str, Any]) -> list[dict[str, str]]:
    """Say what was found on a problem: the first sentence names the best plausible method.

    Parameters
    ----------
    found : dict
        Of one problem, as `_report_numbers.findings` makes it, with its ``"answer"``.

    Returns
    -------
    said : list of dict of str
        What a sentence is about, under ``"about"``, and the sentence, under ``"text"``.
    """
    methods, chosen = found["methods"], found["answer"]
    if not methods:
        return [_said("", "No task has finished, so nothing can be said yet.")]
    if chosen["best"] is None:
        reference = methods[chosen["reference"]]
        text = (
            "No biologically plausible method has finished. "
            f"The best reference is {reference['title']}: {_right(reference, found)}."
        )
        return [_said("", text)]
    best, n_plausible = methods[chosen["best"]], chosen["n_plausible"]
    lead = (
        "the most accurate biologically plausible method"
        if n_plausible > 1
        else "the only biologically plausible method in this study"
    )
    guess = best["low"] is not None and best["low"] <= found["chance"]
    name = _begun(best["title"])
    said = [_said("", f"{name} is {lead}: {_right(best, found)}.")]
    if guess:
        said.append(_said("Guessing", "Its interval includes what guessing would give."))
    said.append(_said("References", _distance(found, chosen["reference"])))
    if n_plausible > 1:
        said.append(_said("Other plausible", _runners_up(found)))
    costs = [best[key] for key in ("inference_J", "training_J")]
    spent = f"{duration(best['seconds'].get('fit'))} of wall time to train"
    energy = (
        f"About {energy_text(costs[0])} to classify a sample and {energy_text(costs[1])} to train "
        f"(45{NBSP}nm CMOS, arithmetic alone)"
    )
    if costs == [None, None]:
        energy = "Its operations were not counted, so its energy is not known"
    said.append(_said("Cost", f"{energy}; {spent}."))
    if n_plausible > 1:
        said.append(_said("Cheapest", _cheapest(found)))
    if found["n_seeds"] == 1:
        text = "Only one seed was run, so how much trainings differ is not known."
        said.append(_said("One seed", text))
    return said


def overall(problems: Sequence[dict[str, Any]]) -> str | None:
    """Say in one sentence which method leads, where there are several problems."""
    leads = [p["methods"][p["answer"]["best"]]["title"] for p in problems if p["answer"]["best"]]
    if len(leads) < 2:
        return None
    ranked = sorted(set(leads), key=lambda title: (-leads.count(title), title))
    if len(ranked) == 1:
        every = "both" if len(leads) == 2 else f"all {len(leads)}"
        return (
            f"{_begun(ranked[0])} has the highest mean accuracy of the plausible methods on "
            f"{every} data sets."
        )
    each = [f"{title} on {leads.count(title)}" for title in ranked]
    return (
        f"No plausible method leads everywhere: of {len(leads)} data sets, "
        f"{listed(each)} {'have' if len(each) > 1 else 'has'} the highest mean accuracy."
    )


def _right(method: dict[str, Any], found: dict[str, Any]) -> str:
    return (
        f"{percent(method['accuracy'])} of test samples correct ({_interval(method, found)}; "
        f"guessing would give {percent(found['chance'])})"
    )


def _begun(title: str) -> str:
    return title[:1].upper() + title[1:]


def _said(about: str, text: str) -> dict[str, str]:
    return {"about": about, "text": text}


def _interval(method: dict[str, Any], found: dict[str, Any]) -> str:
    units = number(method["n_units"], found["unit"])
    if method["low"] is None:
        return f"{units} only, so without an interval"
    return f"95{NBSP}% interval {100 * method['low']:.1f} to {percent(method['high'])} over {units}"


def _between(test: dict[str, Any]) -> str:
    if test["low"] is None:
        return ""
    return f"uncorrected 95{NBSP}% interval {points(test['low'])} to {points(test['high'])}"


def _distance(found: dict[str, Any], name: str | None) -> str:
    if name is None:
        return "None has finished, so the distance to one is not known."
    test, reference = found["answer"]["against"][name], found["methods"][name]
    if test["difference"] is None:
        return f"The best reference, {reference['title']}, was tested on other {found['unit']}s."
    side = "below" if test["difference"] < 0 else "above"
    where = (
        f"{points(test['difference'], sign=False)} points {side}"
        if abs(test["difference"]) >= 0.0005
        else "level with"
    )
    text = (
        f"{where[0].upper()}{where[1:]} the best, {reference['title']} "
        f"({percent(reference['accuracy'])})"
    )
    if not test["decides"]:
        details = [_between(test), _too_few(test, found)]
    else:
        details = [_between(test), f"corrected {p_text(test['p_corrected'])}"]
        if not test["significant"]:
            details[-1] += ", so they cannot be told apart"
    return f"{text}: {'; '.join(filter(None, details))}."


def _too_few(test: dict[str, Any], found: dict[str, Any]) -> str:
    n, n_tests = test["n_units"], len(found["tests"])
    pairs = f" and {n_tests} pairs" if n_tests > 1 else ""
    return (
        f"with {number(n, found['unit'])}{pairs} no corrected p can be below "
        f"{_floor(test['p_floor'])}, so no test can tell"
    )


def _floor(p: float | None) -> str:
    return "1" if p is None or p >= 1 else f"{p:.2g}"


def _runners_up(found: dict[str, Any]) -> str:
    methods, chosen = found["methods"], found["answer"]
    against = chosen["against"]
    rivals = {
        name: against[name]
        for name, method in methods.items()  # the most accurate first
        if method["plausible"] and name in against and against[name]["p_corrected"] is not None
    }
    if not rivals:
        return "No other plausible method was tested on the same samples."
    unclear = [name for name, test in rivals.items() if not test["decides"]]
    alike = [n for n, t in rivals.items() if t["decides"] and not t["significant"]]
    behind = [name for name, test in rivals.items() if test["significant"]]
    parts = []
    if alike:
        p = min(rivals[name]["p_corrected"] for name in alike)
        smallest = "" if len(alike) == 1 else "smallest "
        parts.append(
            f"It cannot be told apart from {_leads(alike, found)}; {smallest}corrected {p_text(p)}."
        )
    if behind:
        p = max(rivals[name]["p_corrected"] for name in behind)
        largest = "" if len(behind) == 1 else "largest "
        whose = _titles(behind, methods)
        if len(behind) == len(rivals) > 1:
            whose = "every other plausible method"
        parts.append(f"It is ahead of {whose} ({largest}corrected {p_text(p)}).")
    if unclear:
        few = min((rivals[name] for name in unclear), key=lambda test: test["n_units"])
        parts.append(f"{_begun(_too_few(few, found))}.")
        ahead = [name for name in unclear if (rivals[name]["low"] or 0) > 0]
        open_ = [name for name in unclear if name not in ahead]
        if ahead:
            parts.append(f"Uncorrected 95{NBSP}% intervals put it ahead of {_leads(ahead, found)}.")
        if open_:
            which = "They leave open" if ahead else f"Uncorrected 95{NBSP}% intervals leave open"
            parts.append(f"{which} whether it is ahead of {_leads(open_, found)}.")
    return " ".join(parts)


def _leads(names: Sequence[str], found: dict[str, Any]) -> str:
    """List methods, and how far the best is ahead of each."""
    against = found["answer"]["against"]
    return listed(
        [
            f"{found['methods'][name]['title']} ({points(against[name]['difference'])} points)"
            for name in names
        ]
    )


def _titles(names: Sequence[str], methods: dict[str, Any]) -> str:
    return listed([methods[name]["title"] for name in names])


def _cheapest(found: dict[str, Any]) -> str:
    methods, chosen = found["methods"], found["answer"]
    within = f"{100 * chosen['within']:.0f} points"
    told, best = [], chosen["best"]
    if methods[best]["inference_J"] is None:
        return "Which is cheaper is not known, since its own operations were not counted."
    for name, use, key in (
        (chosen["cheapest_inference"], "to classify a sample", "inference_J"),
        (chosen["cheapest_training"], "to train", "training_J"),
    ):
        if name is not None and name != best:
            method = methods[name]
            told.append(
                f"{use} it is {method['title']} ({energy_text(method[key])}, "
                f"{percent(method['accuracy'])} correct)"
            )
    if not told:
        return f"No plausible method within {within} of it takes less energy."
    if len(told) == 2 and chosen["cheapest_inference"] == chosen["cheapest_training"]:
        method = methods[chosen["cheapest_inference"]]
        return (
            f"The cheapest plausible method within {within} of it is {method['title']}: "
            f"{percent(method['accuracy'])} correct for {energy_text(method['inference_J'])} to "
            f"classify a sample and {energy_text(method['training_J'])} to train."
        )
    return f"Of the plausible methods within {within} of it another is cheapest: {listed(told)}."


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
            "The tests generalize over test samples, not over seeds: see the standard deviation "
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
        "had no part in training or in choosing hyperparameters."
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
    text = f"{number(n, 'task')} finished"
    if n:
        taken = duration(numbers["seconds"])
        text += (
            f": choosing hyperparameters, training and testing took {taken} in all, on one thread"
        )
        if numbers["seconds_build"]:
            text += f"; compiling their programs, {duration(numbers['seconds_build'])}"
    return f"{text}. Seeds, versions and the command to repeat it stand at the end."


def gaps(numbers: dict[str, Any]) -> str:
    """Say how much is not there."""
    parts = []
    if numbers["failures"]:
        n = len(numbers["failures"])
        parts.append(f"{number(n, 'task')} failed")
    if numbers["n_missing"]:
        n = numbers["n_missing"]
        parts.append(f"{n} {'has' if n == 1 else 'have'} no result")
    return f"{listed(parts)}." if parts else ""
