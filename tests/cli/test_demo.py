"""The demo: what it prints and leaves, and that both of its parts say the same of one network."""

import csv
import importlib
import json
import pickle
import re
from dataclasses import replace

import pytest
from sklearn.datasets import load_digits
from sklearn.utils import Bunch

from bioplastic.cli.data import cut
from bioplastic.cli.demo_network import ThisNetwork
from bioplastic.cli.folder import load_model
from bioplastic.cli.settings import SETTINGS
from bioplastic.study import PROBLEMS
from bioplastic.study.compare import plan

# The package has the command by this name.
MODULE = importlib.import_module("bioplastic.cli.demo")
PNG = b"\x89PNG\r\n\x1a\n"


def few_digits():
    digits = load_digits()
    return Bunch(data=digits.data[:70], target=digits.target[:70], image_shape=(8, 8))


@pytest.fixture(scope="module")
def small():
    """Give a few of the demo's digits, cut as seed 1 has them."""
    problem = replace(PROBLEMS["digits"], loader=few_digits)
    return cut(problem, problem.read(), fold=1)


@pytest.fixture(scope="module")
def shown(run, small, tmp_path_factory):
    """Run the demo with few digits, a small network and one other method."""
    settings = replace(
        SETTINGS["digits"], neurons=5, epochs=1, presentation_ms=20, rest_ms=0, dt_ms=1,
        min_spikes=0,
    )  # fmt: skip
    out = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PROBLEMS, "digits", small.problem)
        patch.setitem(SETTINGS, "digits", settings)
        patch.setattr(MODULE, "_OTHERS", ("svm",))
        patch.setattr(MODULE, "_SEEDS", 2)
        # Here, and not in processes, which would import everything.
        patch.setenv("LOKY_MAX_CPU_COUNT", "1")
        yield run("demo", "--out", out, "--engine", "numpy", "--seed", 1), out


def right(out, task):
    return load_model(out)[0].score(task.samples[task.test], task.y[task.test])


def test_the_network_is_measured_and_drawn(shown, small):
    said, out = shown[0].stdout, shown[1]
    assert "56 to learn from, 14 held out" in said
    assert re.search(r"Held-out accuracy [\d.]+ % \(95 % Wilson interval .* 14 samples\)", said)
    assert all(re.search(rf"^  {part} ", said, re.M) for part in ("build", "simulate", "read"))
    for name in ("receptive_fields.png", "weight_history.png", "raster.png"):
        assert f"Wrote {out / name}" in said
        assert (out / name).read_bytes().startswith(PNG)
    record = json.loads((out / "training.json").read_text())
    assert record["held_out"]["accuracy"] == right(out, small)


def test_what_the_demo_leaves_can_be_evaluated(shown, run, small, monkeypatch):
    monkeypatch.setitem(PROBLEMS, "digits", small.problem)
    assert "Held-out accuracy" in run("evaluate", shown[1], "--quiet").stdout


def test_the_comparison_says_the_same_of_the_same_network(shown, small):
    said, out = shown[0].stdout, shown[1]
    found = {}
    for path in (out / "compare" / "outcomes").glob("*.json"):
        outcome = json.loads(path.read_text())["content"]["outcome"]
        found[outcome["method"], outcome["seed"]] = outcome
    assert set(found) == {(name, seed) for name in ("stdp", "svm") for seed in (1, 2)}
    model = load_model(out)[0]
    assert found["stdp", 1]["answers"] == model.predict(small.samples[small.test]).tolist()
    assert found["stdp", 1]["truth"] == small.y[small.test].tolist()
    assert found["stdp", 2]["answers"] != found["stdp", 1]["answers"]
    accuracy = 100 * right(out, small)
    assert f"with seed 1 is the network above, and answers alike: {accuracy:.2f} %" in said


def test_other_processes_get_the_same_tasks(small):
    method = ThisNetwork(SETTINGS["digits"], x_max=16.0)
    (task,) = plan(small.problem, method, seeds=[3], size="demo")
    there = pickle.loads(pickle.dumps(task))
    assert there.key == task.key
    model = there.method.make(None, "demo", {}, there.seed, trial=False)
    expected = SETTINGS["digits"].estimator(random_state=3)
    assert repr(model.named_steps["network"]) == repr(expected)
    assert (model[0].fit_transform(there.problem.load().X) == small.samples.X).all()


def test_the_report_states_protocol_and_command(shown):
    said, out = shown[0].stdout, shown[1]
    assert f"4 trainings. Open {out / 'compare' / 'report.html'}" in said
    page = (out / "compare" / "report.html").read_text()
    assert "5 stratified folds, one of which is held out. Each method has one" in page
    assert "bioplastic demo --seed 1" in page
    with (out / "compare" / "results.csv").open() as file:
        assert {(row["n_train"], row["n_test"]) for row in csv.DictReader(file)} == {("56", "14")}


def test_without_a_terminal_lines_tell_what_is_done(shown):
    lines = shown[0].stderr.splitlines()
    begun = [line.partition(":")[0] for line in lines]
    assert (
        begun.index("training")
        < begun.index("presenting")
        < begun.index("digits, Diehl & Cook STDP, seed 1, fold 1")
    )
    assert "\r" not in shown[0].stderr
    assert all(line.strip() for line in lines)


def test_quiet_is_quiet(run, small, monkeypatch, tmp_path):
    monkeypatch.setitem(PROBLEMS, "digits", small.problem)
    options = ("--engine", "numpy", "--neurons", 5, "--epochs", 1, "--presentation-ms", 20)
    said = run("train", "digits", *options, "--dt-ms", 1, "--out", tmp_path, "--quiet")
    assert said.stderr == ""
