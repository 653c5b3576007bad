"""The report of a study: what it says, that its numbers agree, and that it loads nothing."""

import base64
import csv
import json
import math
import os
import re
import shutil
import signal
import subprocess
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from bioplastic.errors import DataError, ParameterError, StorageError
from bioplastic.study import _report_figures
from bioplastic.study._report_format import duration, energy_text, memory, p_text, points
from bioplastic.study.methods.base import Theory
from bioplastic.study.outcome import Outcome
from bioplastic.study.report import write_report
from bioplastic.study.statistics import paired_tests, summary
from bioplastic.study.workload import Workload

THEORY = Theory(
    idea="It learns from <what> happens & when.",
    strengths="Strong.",
    weaknesses="Weak.",
    local="Spikes on both sides of the synapse.",
    not_local="The label of the sample.",
    history="Settings found on spoken digits.",
    sources=["Somebody, 2020, doi 10.1000/1"],
)

#: Title, plausible, skill, additions a sample in inference and in learning.
METHODS = {
    "eprop": ("e-prop", True, 0.82, 3e4, 4e6),
    "timing": ("Liquid, spike times", True, 0.79, 2e4, 9e4),
    "liquid": ("Liquid, standard readout", True, 0.74, 2e4, 5e4),
    "rstdp": ("Reward-modulated STDP", True, 0.55, 8e3, 3e5),
    "stdp": ("Diehl & Cook STDP", True, 0.48, 9e4, 8e5),
    "svm": ("RBF-SVM", False, 0.90, 5e6, 9e6),
    "mlp": ("MLP", False, 0.88, 7e5, 3e6),
    "bptt": ("BPTT (surrogate gradient)", False, 0.91, 4e4, 6e6),
}


def method(name):
    title, plausible, *_ = METHODS[name]
    return SimpleNamespace(name=name, title=title, plausible=plausible, theory=THEORY)


def problem(name, *, groups_are="speaker", n_folds=5):
    return SimpleNamespace(
        name=name,
        title=f"Problem {name}",
        groups_are=groups_are,
        n_folds=n_folds,
        protocol=lambda size, **_: f"Speakers are held out, size {size}.",
    )


def outcome_of(name, *, seed=0, problem="hd", n_classes=10, n_groups=10, per_group=40, **changes):
    """Make an outcome without any training; answers are right as often as the method is skilled."""
    _, _, skill, acs, learning_acs = METHODS[name]
    rng = np.random.default_rng([seed, *name.encode()])
    fold = seed % 5
    groups = [g for g in range(n_groups) if g % 5 == fold] if n_groups else [fold]
    truth = np.tile(np.arange(per_group) % n_classes, len(groups))
    own = np.repeat(groups, per_group)
    hard = 0.05 * np.cos(own) if n_groups else 0.0
    wrong = rng.random(len(truth)) > skill + hard
    answers = np.where(wrong, (truth + rng.integers(1, n_classes, len(truth))) % n_classes, truth)
    n = len(truth)
    workload = Workload(
        n_samples=n, dense=1e6 * n, effective_acs=acs * n, membrane_updates=2e4 * n,
        activations=900 * n, activation_sites=5e4 * n, footprint=2e6, n_weights=50_000,
        n_zero_weights=12_000,
    )  # fmt: skip
    learning = Workload(
        n_samples=400 * 3, effective_acs=learning_acs * 1200, weight_updates=1e4 * 1200,
        membrane_updates=2e4 * 1200, n_weights=50_000, footprint=4e6,
    )  # fmt: skip
    exhibits = {}
    if name in {"eprop", "liquid", "timing"}:
        units = rng.integers(0, 80, 500)
        exhibits = {
            "raster_times": np.sort(rng.random(500)), "raster_units": units,
            "raster_population": np.array("recurrent neurons"),
        }  # fmt: skip
    if name == "stdp":
        exhibits = {"fields": rng.random((16, 8, 8))}
    curve = {"x": [], "train": []}
    if name in {"eprop", "rstdp", "bptt"}:
        x = list(range(1, 13))
        curve = {"x": x, "train": [skill * (1 - math.exp(-k / 3)) for k in x]}
    values = {
        "problem": problem,
        "method": name,
        "size": "default",
        "seed": seed,
        "fold": fold,
        "classes": [str(k) for k in range(n_classes)],
        "answers": answers,
        "truth": truth,
        "samples": np.arange(n) + 1000 * fold,
        "groups": [f"speaker {k}" for k in own] if n_groups else None,
        "n_train": 400,
        "candidates": [
            {"settings": {"rate": 0.1, "kind": "a"}, "score": 0.5, "seconds": 2.0},
            {"settings": {"rate": 0.3, "kind": "b"}, "score": skill, "seconds": 3.0},
        ],
        "chosen": 1,
        "curve": curve,
        "seconds": {"choose": 5.0, "build": 1.5, "fit": 75.0 + seed, "predict": 0.5},
        "peak_mb": 512.0,
        "learning": learning,
        "inference": workload,
        "description": f"{METHODS[name][0]} has 100 neurons.\n  dv/dt = -v/tau : 1",
        "versions": {"bioplastic": "0.7", "numpy": "2.5.5"},
        "exhibits": exhibits,
    }
    return Outcome(**values | changes)


def study(names=tuple(METHODS), *, seeds=5, **options):
    return [outcome_of(name, seed=seed, **options) for name in names for seed in range(seeds)]


def written(outcomes, folder, *, names=tuple(METHODS), problems=None, **options):
    return write_report(
        outcomes,
        folder,
        methods={name: method(name) for name in names},
        problems=problems or {"hd": problem("hd")},
        command="bioplastic compare --data hd --methods all",
        **options,
    )


class Elements(HTMLParser):
    """Collects start tags, texts below headings, and tables; fails where tags do not match."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.tables, self._stack = [], {}, {}, []
        self._above, self._caption, self._rows = {}, "", []
        self.feed(text)
        assert not self._stack

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        if tag in {"meta", "img", "br"}:
            return
        self._stack.append(tag)
        if tag in {"h2", "h3"}:
            self._above = {k: name for k, name in self._above.items() if k < tag}
            self._above[tag] = attrs["id"]
        elif tag == "p":
            self._caption = ""
        elif tag == "table":
            self._rows = self.tables.setdefault(" ".join(self._caption.split()[:3]), [])
        elif tag == "tr":
            self._rows.append([])
        elif tag in {"td", "th"}:
            self._rows[-1].append("")

    def handle_endtag(self, tag):
        assert self._stack.pop() == tag

    def handle_data(self, data):
        for name in self._above.values():
            self.texts[name] = self.texts.get(name, "") + data
        if "p" in self._stack:
            self._caption += data
        elif {"td", "th"} & set(self._stack):
            self._rows[-1][-1] += data


def parsed(path):
    return Elements(path.read_text(encoding="utf-8"))


def results(path):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    text = path.with_name("results.json").read_text(encoding="utf-8")
    return json.loads(text, parse_constant=refuse)


def said(path, problem="hd"):
    """Return the answer in the first screen as one line, with plain spaces."""
    text = parsed(path).texts[f"problem-{problem}"].replace("\u00a0", " ")
    return " ".join(text.split())


@pytest.fixture
def undrawn(monkeypatch):
    """Leave pictures out, which saves seconds, in tests of what is said."""
    for name in ("accuracy_against_energy", "curves", "confusions", "rasters", "fields"):
        monkeypatch.setattr(_report_figures, name, lambda *arguments: None)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return written(study(), tmp_path_factory.mktemp("report"))


@pytest.mark.parametrize("factor", [1.0, 3.0, 40.0, 1e6])
def test_axes_of_energy_have_numbers(factor):
    found = {
        "name": "hd", "title": "hd", "chance": 0.1,
        "methods": {
            name: {"inference_J": joules, "training_J": joules, "accuracy": 0.5, "low": None,
                   "high": None}
            for name, joules in (("stdp", 2.1e-7), ("svm", 2.1e-7 * factor))
        },
    }  # fmt: skip
    methods = {name: {"title": name, "plausible": True} for name in found["methods"]}
    figure = _report_figures.accuracy_against_energy(found, methods)
    figure.draw_without_rendering()
    for axes in figure.axes:
        low, high = axes.get_xlim()
        ticks = zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
        assert [label.get_text() for x, label in ticks if low <= x <= high and label.get_text()]


# -------------------------------------------------------------------------------- the page


def test_the_page_loads_nothing(page):
    elements = parsed(page)
    assert not [tag for tag, _ in elements.tags if tag in {"link", "script", "iframe", "object"}]
    ids = {attributes.get("id") for _, attributes in elements.tags}
    for _, attributes in elements.tags:
        assert attributes.get("src", "data:").startswith("data:")
        if "href" in attributes:
            assert attributes["href"][0] == "#"
            assert attributes["href"][1:] in ids
    policies = [a["content"] for _, a in elements.tags if "http-equiv" in a]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]
    style = re.search("<style>(.*?)</style>", page.read_text(encoding="utf-8"), re.DOTALL)[1]
    assert not re.search(r"@import|url\(", style)
    assert "@media print" in style
    assert len(ids - {None}) == len([a for _, a in elements.tags if "id" in a])
    assert page.stat().st_size < 3e6


def test_the_page_is_made_of_the_markdown_text(page):
    text = page.with_name("report.md").read_text(encoding="utf-8")
    headings = re.findall("^##+ (.*)$", text, re.MULTILINE)
    assert [tag for tag, _ in parsed(page).tags].count("h3") + 6 == len(headings)
    pictures = re.findall(r"!\[(.+)\]\(figures/(.*)\.svg\)", text)
    kinds = ("accuracy-energy", "curves", "confusion", "rasters", "fields")
    assert [name for _, name in pictures] == [f"hd-{kind}" for kind in kinds]
    images = [attributes for tag, attributes in parsed(page).tags if tag == "img"]
    assert [image["alt"] for image in images] == [alt for alt, _ in pictures]
    for (_, name), image in zip(pictures, images, strict=True):
        svg = page.with_name("figures").joinpath(f"{name}.svg").read_bytes()
        assert image["src"] == f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}"


def test_every_section_is_there(page):
    elements = parsed(page)
    assert len(elements.tables) == 9
    texts = elements.texts
    assert "Speakers are held out, size default." in texts["protocol"]
    repeat = texts["how-to-repeat-this-study"]
    assert "bioplastic compare --data hd --methods all" in repeat
    assert "numpy 2.5.5" in repeat
    assert "0, 1, 2, 3, 4" in repeat
    assert "Every task has finished." in texts["tasks-failed-and-missing"]
    assert "It learns from <what> happens & when." in texts["the-methods-how-they-learn"]
    assert "dv/dt = -v/tau : 1" in texts["the-models-in-words"]
    assert "Horowitz" in texts["energies-devices-sources-and-caveats"]


def test_numbers_of_the_page_are_those_of_the_json_file_and_of_the_statistics(page):
    (found,) = results(page)["problems"]
    table = parsed(page).tables["Mean accuracy over"]
    rows = {row[0]: row for row in table[1:]}
    summaries = summary(study())
    accuracies = []
    for name, method in found["methods"].items():
        row = rows[METHODS[name][0]]
        assert method["accuracy"] == summaries[name].accuracy
        assert (method["low"], method["high"]) == (summaries[name].low, summaries[name].high)
        assert row[2:] == [
            f"{100 * method['accuracy']:.1f}\u00a0%",
            f"{100 * method['low']:.1f} – {100 * method['high']:.1f}",
            f"{100 * method['sd_seeds']:.1f}",
            energy_text(method["inference_J"]),
            energy_text(method["training_J"]),
            duration(method["seconds"]["fit"]),
            memory(method["peak_mb"]),
        ]
        accuracies.append(method["accuracy"])
    assert accuracies == sorted(accuracies, reverse=True)
    assert [row[0] for row in table[1:]] == [METHODS[name][0] for name in found["methods"]]


def test_each_plausible_method_is_tested_against_all_but_references_are_not_among_themselves(page):
    (found,) = results(page)["problems"]
    assert len(found["tests"]) == 8 * 7 / 2 - 3
    references = {"svm", "mlp", "bptt"}
    pairs = [(test["first"], test["second"]) for test in found["tests"]]
    assert not [pair for pair in pairs if set(pair) <= references]
    expected = paired_tests(study(), pairs=pairs)
    table = parsed(page).tables["Difference of the"]
    column = {cell: k for k, cell in enumerate(table[0])}
    rows = {row[0]: row for row in table[1:]}
    for test, own in zip(found["tests"], expected, strict=True):
        assert (test["difference"], test["p_corrected"]) == (own.difference, own.p_corrected)
        first, second = (METHODS[test[key]][0] for key in ("first", "second"))
        note = f" ({p_text(test['p_corrected'])})"
        assert rows[first][column[second]] == points(test["difference"]) + note
        assert rows[second][column[first]] == points(-test["difference"]) + note


def test_tables_for_other_programs(page):
    with page.with_name("results.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 40
    first = next(row for row in rows if (row["method"], row["seed"]) == ("svm", "3"))
    outcome = outcome_of("svm", seed=3)
    assert float(first["accuracy"]) == outcome.accuracy
    assert json.loads(first["settings"]) == {"rate": 0.3, "kind": "b"}
    assert float(first["inference_effective_acs"]) == pytest.approx(5e6)
    assert float(first["inference_cmos45_J"]) > 0
    assert rows == [
        {key: "" if value is None else str(value) for key, value in task.items()}
        for task in results(page)["tasks"]
    ]
    with page.with_name("tests.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 25


def test_markdown_says_the_same(page):
    text = page.with_name("report.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", text)
    assert len(pictures) == 5
    for picture in pictures:
        assert page.with_name("figures").joinpath(picture.split("/")[1]).is_file()
    for sentence in results(page)["problems"][0]["sentences"]:
        assert sentence["text"].replace("_", r"\_") in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    lines = text.splitlines()
    for k, line in enumerate(lines):
        if line.startswith("| ---"):
            assert line.count("|") == lines[k - 1].count("|") == lines[k + 1].count("|")
    assert len(tables) > 60
    assert r"\<what\>" in text


def test_a_report_repeats_to_the_same_bytes(tmp_path, monkeypatch):
    for name in ("confusions", "rasters"):  # two kinds of picture are enough
        monkeypatch.setattr(_report_figures, name, lambda *arguments: None)
    outcomes = study(("eprop",), seeds=2)
    first = written(outcomes, tmp_path / "a", names=("eprop",))
    again = written(outcomes[::-1], tmp_path / "b", names=("eprop",))
    files = sorted(path.relative_to(first.parent) for path in first.parent.rglob("*.*"))
    assert len(files) == 5 + 2
    for file in files:
        assert (first.parent / file).read_bytes() == (again.parent / file).read_bytes()


# ------------------------------------------------------------------------------ the answer


def test_the_first_screen_answers_the_question(page):
    text = said(page)
    (found,) = results(page)["problems"]
    method = found["methods"]["eprop"]
    assert text.startswith(
        f"Problem hd E-prop is the most accurate biologically plausible method: "
        f"{100 * method['accuracy']:.1f} % of test samples correct (95 % interval "
        f"{100 * method['low']:.1f} to {100 * method['high']:.1f} % over 10 speakers"
    )
    against = found["answer"]["against"][found["answer"]["reference"]]
    assert f"{-100 * against['difference']:.1f} points below the best, " in text
    assert "they cannot be told apart" in text
    assert "It is ahead of Reward-modulated STDP and Diehl & Cook STDP" in text
    assert "1 min 17 s of wall time to train" in text
    assert (
        "40 tasks finished: choosing hyperparameters, training and testing took 55 min 0 s in all, "
        "on one thread; compiling their programs, 1 min 0 s."
        in page.read_text(encoding="utf-8").replace("\xa0", " ")
    )


def right_by_group(name, shares, **options):
    """Make an outcome with these accuracies of speakers, exactly."""
    outcome = outcome_of(name, n_groups=5 * len(shares), per_group=40, **options)
    n = len(shares)
    truth = np.tile(np.arange(40) % 10, n)
    right = np.concatenate([np.arange(40) < round(40 * share) for share in shares])
    groups = [f"speaker {k}" for k in range(n) for _ in range(40)]
    answers = np.where(right, truth, (truth + 1) % 10)
    values = {"answers": answers, "truth": truth, "groups": groups, "samples": np.arange(40 * n)}
    return Outcome(**{**vars(outcome), **values})


def answers_of(tmp_path, accuracies, **options):
    outcomes = [right_by_group(name, shares) for name, shares in accuracies.items()]
    path = written(outcomes, tmp_path, names=tuple(accuracies), **options)
    return said(path), results(path)["problems"][0]


def test_a_clear_lead_is_called_one(tmp_path, undrawn):
    high, low = 0.8 + np.arange(10) % 5 / 40, 0.4 + np.arange(10) % 4 / 20
    text, found = answers_of(tmp_path, {"eprop": high, "stdp": low, "svm": high + 0.1})
    assert "It is ahead of Diehl & Cook STDP (corrected p = 0.006)." in text
    assert "10.0 points below the best, RBF-SVM (95.0 %): uncorrected 95 % interval" in text
    assert "cannot be told apart" not in text
    assert found["answer"]["against"]["svm"]["significant"]


def test_a_small_lead_is_not_called_one(tmp_path, undrawn):
    rng = np.random.default_rng(0)
    a = rng.normal(0.7, 0.05, 10)
    text, _ = answers_of(tmp_path, {"eprop": a, "stdp": a[::-1] - 0.01})
    assert re.search(r"It cannot be told apart from Diehl & Cook STDP \(\+\d\.\d points\)", text)
    assert "ahead of" not in text


def test_too_few_speakers_are_not_called_a_tie(tmp_path, undrawn):
    names = ("eprop", "stdp", "liquid", "svm")
    shares = {name: np.full(6, 0.9 - 0.2 * k) for k, name in enumerate(names)}
    text, found = answers_of(tmp_path, shares)
    assert "cannot be told apart" not in text
    assert "60.0 points above the best, RBF-SVM" in text
    assert (
        "with 6 speakers and 6 pairs no corrected p can be below 0.19, so no test can tell" in text
    )
    assert (
        "Uncorrected 95 % intervals put it ahead of Diehl & Cook STDP (+20.0 points) and Liquid, "
        "standard readout (+40.0 points)."
    ) in text
    assert not any(test["decides"] for test in found["tests"])
    reading = parsed(tmp_path / "report.html").texts["are-the-differences-real"]
    none = "None of the 6 tests could reach 0.05 after correction (smallest possible: 0.19)"
    assert none in reading


def test_a_cheaper_method_within_five_points_is_named(tmp_path, undrawn):
    shares = {"eprop": np.linspace(0.75, 0.85, 10), "timing": np.linspace(0.71, 0.81, 10)}
    text, found = answers_of(tmp_path, shares)
    assert found["answer"]["cheapest_inference"] == "timing"
    assert "The cheapest plausible method within 5 points of it is Liquid, spike times: 7" in text
    shares["timing"] = shares["timing"] - 0.05
    text, _ = answers_of(tmp_path / "further", shares)
    assert "No plausible method within 5 points of it takes less energy." in text


def test_guessing_is_called_guessing(tmp_path, undrawn):
    text, _ = answers_of(tmp_path, {"stdp": np.array([0.05, 0.1, 0.15, 0.1])})
    assert "Its interval includes what guessing would give." in text
    assert "the only biologically plausible method in this study" in text


def test_several_data_sets_have_an_answer_and_a_section_each(tmp_path, undrawn):
    outcomes = study(("eprop", "stdp"), seeds=2)
    digits = {"problem": "digits", "n_groups": 0, "per_group": 60}
    outcomes += study(("eprop", "stdp"), seeds=2, **digits)
    problems = {"hd": problem("hd"), "digits": problem("digits", groups_are=None)}
    path = written(outcomes, tmp_path, names=("eprop", "stdp"), problems=problems)
    elements = parsed(path)
    assert {"problem-hd", "problem-digits", "problem-hd-results", "problem-digits-results"} <= set(
        elements.texts
    )
    assert "over 4 speakers" in said(path)
    assert "over 120 samples" in said(path, "digits")
    assert "Accuracy on each" in elements.tables
    assert "Accuracy on each" not in elements.texts["problem-digits-results"]
    assert "on both data sets" in path.read_text(encoding="utf-8")
    assert [p["name"] for p in results(path)["problems"]] == ["hd", "digits"]


# ------------------------------------------------------------------- what may be missing


def test_one_method_and_one_seed_are_enough(tmp_path, undrawn):
    path = written(study(("svm",), seeds=1, n_groups=5), tmp_path, names=("svm",))
    text = said(path)
    assert "No biologically plausible method has finished. The best reference is RBF-SVM" in text
    assert "1 speaker only, so without an interval" in text
    assert "Difference of the" not in parsed(path).tables
    path = written(study(("stdp",), seeds=1), tmp_path, names=("stdp",))
    assert "None has finished, so the distance to one is not known." in said(path)
    assert "Only one seed was run" in said(path)


def test_images_without_curves_and_exhibits(tmp_path):
    outcomes = study(("liquid", "svm"), seeds=1, n_groups=0, exhibits={})
    path = written(
        outcomes, tmp_path, names=("liquid", "svm"), problems={"hd": problem("hd", groups_are=None)}
    )
    elements = parsed(path)
    pictures = {path.name for path in tmp_path.glob("figures/*")}
    assert pictures == {"hd-accuracy-energy.svg", "hd-confusion.svg"}
    reading = " ".join(elements.texts["are-the-differences-real"].split())
    assert "generalize over test samples, not over seeds" in reading


def test_what_failed_and_what_is_missing_stands_there(tmp_path, undrawn):
    outcomes = [o for o in study(("eprop", "svm"), seeds=2) if (o.method, o.seed) != ("svm", 1)]
    failure = SimpleNamespace(
        name="hd, RBF-SVM, seed 1, fold 1", key="ab12", message="no <memory> left",
        traceback="Traceback ...",
    )  # fmt: skip
    path = written(outcomes, tmp_path, names=("eprop", "svm", "mlp"), failures=[failure])
    text = parsed(path).texts["tasks-failed-and-missing"]
    assert "no <memory> left" in text
    assert "Problem hd, RBF-SVM: seed 1, fold 1" in text
    assert "Problem hd, MLP: seed 0, fold 0; seed 1, fold 1" in text
    assert "1 task failed and 3 have no result." in path.read_text(encoding="utf-8")
    numbers = results(path)
    assert numbers["n_missing"] == 3
    assert numbers["failures"][0]["key"] == "ab12"
    assert "1 task failed and 3 have no result." in path.with_name("report.md").read_text("utf-8")


def test_a_study_of_which_nothing_finished_has_a_report_too(tmp_path):
    path = written([], tmp_path, names=("eprop",))
    assert "No task has finished" in said(path)
    assert results(path)["problems"][0]["methods"] == {}


def test_numbers_that_json_has_not_are_null(tmp_path):
    changes = {
        "candidates": [{"settings": {"w": math.nan}, "score": None, "seconds": math.inf}],
        "chosen": 0,
        "curve": {"x": [1, 2], "train": [math.nan, 0.5]},
        "peak_mb": math.nan,
    }
    path = written(study(("eprop",), seeds=2, **changes), tmp_path, names=("eprop",))
    method = results(path)["problems"][0]["methods"]["eprop"]
    assert method["candidates"][0] == {
        "settings": {"w": None}, "score": None, "seconds": None, "n_tried": 2, "n_chosen": 2,
    }  # fmt: skip
    assert method["peak_mb"] is None
    assert "NaN" not in path.with_name("results.json").read_text(encoding="utf-8")


def test_what_was_not_counted_is_said_everywhere_and_is_no_zero(tmp_path):
    nothing = Workload(n_samples=100)
    own = study(("liquid",), seeds=2, inference=nothing, learning=nothing)
    path = written([*own, *study(("svm",), seeds=2)], tmp_path, names=("liquid", "svm"))
    methods = results(path)["problems"][0]["methods"]
    costs = ("inference_J", "training_J")
    assert [methods["liquid"][key] for key in costs] == ["not counted"] * 2
    assert all(methods["svm"][key] > 0 for key in costs)
    for device in methods["liquid"]["energy"].values():
        assert set(device.values()) == {"not counted"}
    operations = methods["liquid"]["inference"]
    assert {k for k, v in operations.items() if v != "not counted"} == {"n_samples"}
    assert methods["svm"]["inference"]["weight_updates"] == 0  # counted, and there were none
    with path.with_name("results.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        counts = {k: v for k, v in row.items() if k.startswith(("inference_", "learning_"))}
        unknown = {k for k, v in counts.items() if v == "not counted"}
        mine = {k for k in counts if not k.endswith("n_samples")}
        assert unknown == mine if row["method"] == "liquid" else "inference_loihi_J" not in unknown
    assert "energy is not known; " in said(path)
    assert "Which is cheaper" not in said(path)  # of one plausible method
    for name in ("report.html", "report.md"):
        text = path.with_name(name).read_text(encoding="utf-8").replace("\u00a0", " ")
        assert not re.search(r"(?<![\d.])0 J", text)
        assert text.count("not counted") > 20


def test_the_best_may_be_one_whose_cost_is_not_known(tmp_path):
    nothing = Workload(n_samples=100)
    own = study(("eprop",), seeds=2, inference=nothing, learning=nothing)
    path = written([*own, *study(("timing",), seeds=2)], tmp_path, names=("eprop", "timing"))
    assert "Which is cheaper is not known, since its own operations were not counted" in said(path)


def test_a_picture_says_whose_energy_is_not_there(monkeypatch, tmp_path):
    titles = []
    legend = _report_figures._legend
    monkeypatch.setattr(
        _report_figures, "_legend", lambda *given: (titles.append(given[2]), legend(*given))
    )
    nothing = Workload(n_samples=100)
    own = study(("liquid",), seeds=1, inference=nothing, learning=nothing)
    written([*own, *study(("svm",), seeds=1)], tmp_path, names=("liquid", "svm"))
    assert sorted(titles[0]) == ["Liquid, standard readout\n(not counted)", "RBF-SVM"]


def test_texts_are_escaped(tmp_path, undrawn):
    evil = "</pre></div><script>alert(1)</script> | x"
    outcomes = study(("eprop",), seeds=1, description=evil)
    path = written(outcomes, tmp_path, names=("eprop",), problems={"hd": problem("hd")})
    assert "<script" not in path.read_text(encoding="utf-8")
    assert evil in parsed(path).texts["the-models-in-words"]


# --------------------------------------------------------------------------- what is refused


def test_outcomes_of_several_studies_are_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"write_report.methods: .* svm missing"):
        written(study(("svm",), seeds=1), tmp_path, names=("eprop",))
    with pytest.raises(ParameterError, match=r"write_report.problems: .* hd missing"):
        written(study(("svm",), seeds=1), tmp_path, problems={"digits": problem("digits")})
    with pytest.raises(DataError, match="each task once, several of hd, svm, 0, 0"):
        written(study(("svm",), seeds=1) * 2, tmp_path)
    mixed = [outcome_of("svm", seed=0), outcome_of("svm", seed=1, size="demo")]
    with pytest.raises(DataError, match="of one size, those of problem hd are of default and demo"):
        written(mixed, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"write_report.folder: cannot write .*file"):
        written([], tmp_path / "file", names=("eprop",))


# ------------------------------------------------------------------------- how it is written


@pytest.mark.parametrize(
    ("joules", "text"),
    [
        (1.234e-8, "12.3 nJ"), (9.996e-7, "1.00 µJ"), (5e-13, "500 fJ"), (0.0, "0 J"),
        (2.5e-17, "0.0250 fJ"), (1.0, "1.00 J"), (4.5e4, "45.0 kJ"),
        (None, "not counted"),
    ],
)  # fmt: skip
def test_energies_are_written_with_three_digits(joules, text):
    assert energy_text(joules).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.034, "0.034 s"), (4.26, "4.3 s"), (59.7, "1 min 0 s"), (200, "3 min 20 s"),
        (3599.8, "1 h 0 min"), (7265, "2 h 1 min"), (None, "–"),
    ],
)  # fmt: skip
def test_times_are_written_for_people(seconds, text):
    assert duration(seconds).replace("\u00a0", " ") == text


def test_other_numbers():
    assert p_text(0.0499).replace("\u00a0", " ") == "p = 0.0499"
    assert p_text(0.0312).replace("\u00a0", " ") == "p = 0.031"
    assert p_text(0.0002).replace("\u00a0", " ") == "p < 0.001"
    assert [points(x) for x in (0.061, -0.061, 0.0, -0.0001)] == ["+6.1", "−6.1", "0.0", "0.0"]
    assert [points(x, sign=False) for x in (0.1, -0.2, -0.0001)] == ["10.0", "20.0", "0.0"]
    assert [memory(x).replace("\u00a0", " ") for x in (512.4, 1234.0)] == ["512 MB", "1.2 GB"]


# ------------------------------------------------------------------------------ in a browser

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))),
    None,
)


def browse(*options, profile):
    # Chromium refuses its sandbox to root, the usual user of a container.
    command = [
        CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
        f"--user-data-dir={profile}", "--window-size=1280,900", *options,
    ]  # fmt: skip
    for _ in range(3):  # on a busy machine it hangs now and then, with all of its children
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            start_new_session=True,
        ) as browser:  # fmt: skip
            try:
                return browser.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(browser.pid, signal.SIGKILL)
    pytest.fail("Chromium hung three times")


#: Measures the page and says so in an attribute; scripts are let in for the test only.
RULER = """
<script>
document.body.dataset.said = [
  document.documentElement.scrollWidth,
  document.querySelector("ul").getBoundingClientRect().bottom,
  document.querySelector("table").getBoundingClientRect().bottom,
  [...document.images].every((image) => image.naturalWidth > 0), document.images.length,
].join(" ");
</script>
</body>"""


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not on PATH")
def test_the_first_screen_holds_the_answer_and_the_summary(page, tmp_path):
    text = page.read_text(encoding="utf-8")
    text = text.replace("default-src 'none';", "default-src 'none'; script-src 'unsafe-inline';")
    measured = tmp_path / "page.html"
    measured.write_text(text.replace("</body>", RULER), encoding="utf-8")
    dumped, log = browse(
        "--virtual-time-budget=5000", "--dump-dom", measured.as_uri(), profile=tmp_path / "profile"
    )
    assert "CONSOLE" not in log
    width, answer, table, drawn, n_images = re.search('data-said="([^"]*)"', dumped)[1].split()
    assert float(width) <= 1280
    assert float(answer) < 450
    assert float(table) < 800
    assert (drawn, n_images) == ("true", "5")


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not on PATH")
def test_it_prints_on_a4(page, tmp_path):
    printed = tmp_path / "page.pdf"
    browse(
        "--no-pdf-header-footer", f"--print-to-pdf={printed}", page.as_uri(),
        profile=tmp_path / "profile",
    )  # fmt: skip
    pdf = printed.read_bytes()
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert {(round(float(w)), round(float(h))) for w, h in boxes} == {(595, 842)}
    assert 6 <= len(boxes) <= 16
