"""Methods and data sets of a user's own file: here, in processes, on a cluster, in PyTorch."""

import csv
import importlib.util
import json
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bioplastic.cli import app
from bioplastic.errors import DataNotFoundError, ParameterError
from bioplastic.study import TorchMethod, compare
from bioplastic.study.compare import _methods, plan
from bioplastic.study.modules import load_module

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "own_methods.md"
MINE, LSTM = re.findall(
    r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
)

BLOBS = """
import numpy as np
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils import Bunch
from bioplastic.study import METHODS, PROBLEMS, Method, Problem

svm = METHODS["svm"]  # the library's, not declared here


class Nearest(Method):
    name, title = "nearest", "Nearest neighbours"

    def candidates(self, X, size):
        return [{"n_neighbors": 1}, {"n_neighbors": 5}]

    def make(self, X, size, settings, seed, *, trial):
        return KNeighborsClassifier(**settings)


def blobs():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    return Bunch(data=np.abs(rng.normal(size=(60, 4)) + 3 * np.eye(4)[y]), target=y)


BLOBS = Problem(name="blobs", title="Three blobs", loader=blobs, n_folds=3)
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(BLOBS)
    return path


def run(*arguments):
    return CliRunner().invoke(app, ["compare", *map(str, arguments), "--size", "demo", "--quiet"])


def outcomes(folder):
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


# ------------------------------------------------------------------ loading


def test_a_file_declares_methods_and_problems(mine):
    methods, problems = load_module(mine)
    assert list(methods) == ["nearest"]
    assert list(problems) == ["blobs"]
    again, _ = load_module(mine)
    assert type(again["nearest"]) is type(methods["nearest"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "declares no Method and no Problem"),
        ("import numpy\n1/0", r"own\.py, line 2 cannot be run: ZeroDivisionError: division by"),
        ("x = (", r"own\.py, line 1 cannot be run: SyntaxError"),
        ("from nowhere_at_all import x", "cannot be run: ModuleNotFoundError: No module named"),
        (
            BLOBS.replace(
                "def candidates", "def __init__(self, k):\n        pass\n\n    def candidates"
            ),
            "Nearest cannot be made without arguments",
        ),
        (
            BLOBS.replace(
                "def candidates", "def __init__(self):\n        {}[0]\n\n    def candidates"
            ),
            "Nearest cannot be made without arguments",
        ),
        ("import sys\nsys.exit(3)", r"own\.py, line 2 cannot be run: SystemExit: 3"),
        (BLOBS.replace('"nearest"', '"a,b"'), "must have a name without commas"),
        (
            BLOBS + "\nOTHER = Problem(name='blobs', title='', loader=blobs, n_folds=3)",
            "two things",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, text, message):
    path = tmp_path / "own.py"
    path.write_text(text)
    with pytest.raises(ParameterError, match=message):
        load_module(path)


def test_a_mark_of_an_editor_is_passed_over(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(BLOBS, encoding="utf-8-sig")
    assert list(load_module(path)[0]) == ["nearest"]


def test_files_of_the_same_text_know_where_they_lie(tmp_path):
    text = BLOBS.replace('title="Three blobs"', "title=__file__")
    for folder in ("one", "other"):
        path = tmp_path / folder / "mine.py"
        path.parent.mkdir()
        path.write_text(text)
        _, problems = load_module(path)
        assert problems["blobs"].title == str(path)


def test_a_file_that_was_interrupted_is_run_anew(tmp_path):
    path, flag = tmp_path / "mine.py", tmp_path / "flag"
    path.write_text(
        f"import pathlib\nif not pathlib.Path({str(flag)!r}).exists():\n"
        "    raise KeyboardInterrupt\n" + BLOBS
    )
    with pytest.raises(KeyboardInterrupt):
        load_module(path)
    flag.touch()
    assert list(load_module(path)[0]) == ["nearest"]


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(DataNotFoundError, match="module: cannot read .*none.py"):
        load_module(tmp_path / "none.py")
    (tmp_path / "bytes.py").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ParameterError, match="is no text"):
        load_module(tmp_path / "bytes.py")


# ------------------------------------------------------------------ tasks


def test_the_text_of_the_file_is_in_the_key_of_its_tasks_alone(mine):
    def keys():
        methods, problems = load_module(mine)
        own = [*methods.values(), "svm"]
        on_own = plan(problems["blobs"], own, seeds=1, size="demo")
        on_ours = plan("digits", own, seeds=1, size="demo")
        return {(t.problem.name, t.method.name): t.key for t in (*on_own, *on_ours)}

    before = keys()
    assert keys() == before
    mine.write_text(BLOBS + "\n# changed\n")
    after = keys()
    assert {name for name in before if before[name] != after[name]} == {
        ("blobs", "nearest"), ("blobs", "svm"), ("digits", "nearest"),
    }  # fmt: skip


def test_a_task_is_run_by_a_process_that_has_never_seen_the_file(mine, tmp_path):
    methods, problems = load_module(mine)
    (task,) = plan(problems["blobs"], methods["nearest"], seeds=1, size="demo")
    sent = tmp_path / "task"
    sent.write_bytes(pickle.dumps(task))
    script = f"""
import pickle
task = pickle.load(open({str(sent)!r}, "rb"))
print(task.run().accuracy)
"""
    mine.unlink()
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) == task.run().accuracy > 0.6


def test_functions_without_a_name_are_refused_before_they_are_sent(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(BLOBS.replace("loader=blobs", "loader=lambda: blobs()"))
    methods, problems = load_module(path)
    (task,) = plan(problems["blobs"], methods["nearest"], seeds=1, size="demo")
    with pytest.raises(ParameterError, match="must have a name at the top level of .*mine.py"):
        pickle.dumps(task)


# ------------------------------------------------------------------ command line


@pytest.mark.slow
def test_the_command_compares_them_in_processes_too(mine, tmp_path):
    chosen = ("--module", mine, "--methods", "nearest,svm", "--seeds", "3")
    one = run(*chosen, "--out", tmp_path / "one")
    assert one.exit_code == 0, one.output
    assert "Three blobs" in one.output
    two = run(*chosen, "--out", tmp_path / "two", "--jobs", "2")
    assert two.exit_code == 0, two.output
    found = [outcomes(tmp_path / folder) for folder in ("one", "two")]
    accuracies = [
        {name: m["accuracy"] for name, m in f["problems"][0]["methods"].items()} for f in found
    ]
    assert accuracies[0] == accuracies[1]
    assert accuracies[0]["nearest"] > 0.6
    assert f"--module {mine}" in found[0]["command"]
    nearest = found[0]["problems"][0]["methods"]["nearest"]
    assert nearest["inference_J"] == "not counted"
    with (tmp_path / "one" / "results.csv").open() as file:
        rows = {row["method"]: row for row in csv.DictReader(file)}
    assert rows["nearest"]["learning_cmos45_J"] == "not counted"
    assert float(rows["svm"]["learning_cmos45_J"]) > 0
    assert "not counted" in (tmp_path / "one" / "report.html").read_text(encoding="utf-8")


def test_the_command_compares_them(mine, tmp_path):
    done = run("--module", mine, "--methods", "nearest", "--seeds", "1", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    nearest = outcomes(tmp_path / "out")["problems"][0]["methods"]["nearest"]
    assert nearest["accuracy"] > 0.6
    assert nearest["training_J"] == "not counted"


@pytest.mark.slow
def test_workers_of_a_cluster_import_them_too(mine, tmp_path):
    pytest.importorskip("distributed")
    done = run(
        "--module", mine, "--methods", "nearest", "--seeds", "2", "--cluster", "local:2",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert len(outcomes(tmp_path / "out")["tasks"]) == 2


def test_all_takes_in_ones_own_and_unknown_names_are_told(mine, tmp_path):
    said = run("--module", mine, "--methods", "nearst", "--out", tmp_path)
    assert said.exit_code == 2
    assert "methods: must be one of 'all', 'stdp'" in said.output
    assert "'nearest', got 'nearst'" in said.output.replace("\n", " ")
    said = run("--module", mine, "--data", "blub", "--out", tmp_path)
    assert "data: must be one of 'hd'" in said.output
    clash = tmp_path / "clash.py"
    clash.write_text(BLOBS.replace('"nearest"', '"svm"'))
    said = run("--module", clash, "--out", tmp_path)
    assert "declares 'svm', which is the name of another one" in said.output
    said = run("--module", mine, "--module", mine, "--out", tmp_path)
    assert "declares 'nearest', which is the name of another one" in said.output
    methods, _ = load_module(mine)

    able, _ = _methods(["all", methods["nearest"]])
    assert {"nearest", "svm", "stdp"} <= set(able)


def test_a_file_of_options_runs_no_file(mine, tmp_path):
    config = tmp_path / "study.toml"
    config.write_text(f"[study]\nmodule = {str(mine)!r}\n")
    said = run("--config", config, "--out", tmp_path)
    assert "has the option 'module' in [study]" in said.output


@pytest.mark.slow
def test_the_page_runs(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    said = run(
        "--module", path, "--methods", "nearest,svm", "--seeds", "2", "--out", tmp_path / "out"
    )
    assert said.exit_code == 0, said.output
    assert "Four spoken digits" in said.output
    found = outcomes(tmp_path / "out")["problems"][0]["methods"]
    assert found["nearest"]["accuracy"] > 0.5


# ------------------------------------------------------------------ PyTorch

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="needs torch: pip install 'bioplastic[bptt]'"
)


@needs_torch
@pytest.mark.slow
def test_the_lstm_of_the_page_meets_the_same_samples(tmp_path):
    path = tmp_path / "lstm.py"
    path.write_text(LSTM)
    methods, _ = load_module(path)
    study = compare(
        "spoken", [methods["lstm"], "svm"], seeds=2, size="demo", n_jobs=2,
        folder=tmp_path / "out",
    )  # fmt: skip
    assert not study.failures
    by = {(o.method, o.seed): o for o in study.outcomes}
    for seed in (0, 1):
        assert (by["lstm", seed].samples == by["svm", seed].samples).all()
    assert study.summary()["lstm"].accuracy > 0.4  # chance is 0.1
    one = by["lstm", 0]
    assert not one.learning.counted
    assert one.learning.n_weights > 100_000
    assert len(one.curve["train"]) == 20
    assert "LSTM(" in one.description
    assert "torch" in one.versions
    again = compare("spoken", methods["lstm"], seeds=1, size="demo", folder=tmp_path / "again")
    assert again.outcomes[0].answers.tolist() == one.answers.tolist()
    page = study.write_report(tmp_path / "report")
    assert "not counted" in page.read_text(encoding="utf-8")


@needs_torch
def test_images_and_modules_that_do_not_fit():
    import numpy as np
    import torch

    def linear(n_inputs, n_classes):
        return torch.nn.Linear(n_inputs, n_classes)

    method = TorchMethod(linear, name="linear", settings=[{"learning_rate": 1e-2}], n_epochs=60)
    rng = np.random.default_rng(0)
    y = np.array(["a", "b", "c"])[np.arange(90) % 3]
    X = np.clip(rng.normal(0.2, 0.1, (90, 6)) + np.eye(6)[np.arange(90) % 3], 0, 1)
    model = method.make(X, "demo", {"learning_rate": 1e-1}, 0, trial=False).fit(X, y)
    assert (model.predict(X) == y).mean() > 0.9
    learning, inference = method.workloads(model, X, X)
    assert (learning.n_samples, inference.n_samples, learning.n_weights) == (5400, 90, 21)
    for factory, message in [
        (
            lambda n, m: torch.nn.Linear(n, m + 1),
            r"must return scores of shape .* = \(32, 3\), got",
        ),
        (lambda n, m: "network", "must return a torch.nn.Module, got str"),
    ]:
        wrong = TorchMethod(factory, name="wrong").make(X, "demo", {}, 0, trial=True)
        with pytest.raises(ParameterError, match=message):
            wrong.fit(X, y)


def test_arguments_of_a_torch_method_are_checked(monkeypatch):
    def make(n_inputs, n_classes):
        raise NotImplementedError

    for options, message in [
        ({"module_factory": "LSTM"}, "module_factory: must be a function or class"),
        ({"settings": []}, "settings: must be a list of dicts"),
        ({"settings": [1e-3]}, "settings: must be a list of dicts"),
        ({"n_epochs": 0}, "n_epochs: must be a whole number at least 1"),
        ({"batch_size": 2.5}, "batch_size: must be a whole number at least 1"),
        ({"dt": -1.0}, "dt: must be one time above 0"),
    ]:
        given = {"module_factory": make, "name": "own"} | options
        with pytest.raises(ParameterError, match=f"TorchMethod.{message}"):
            TorchMethod(**given)
    method = TorchMethod(make, name="own", n_epochs=9)
    assert (method.name, method.title, method.plausible) == ("own", "own", False)
    assert "n_epochs=9" in repr(method)
    if importlib.util.find_spec("torch") is None:
        with pytest.raises(ParameterError, match=r"own needs torch.*bioplastic\[bptt\]"):
            plan("digits", method, seeds=1, size="demo")
