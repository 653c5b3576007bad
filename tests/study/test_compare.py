"""A comparison from data to report, and what it promises of its numbers."""

import importlib.util
import json
import linecache
import sys
from typing import ClassVar

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from typer.testing import CliRunner

from bioplastic.cli import app
from bioplastic.errors import ParameterError
from bioplastic.study import METHODS, PROBLEMS, Method, Theory, Workload, compare
from bioplastic.study.compare import plan
from bioplastic.study.store import Store

QUICK = ["svm", "mlp"]


class Own(Method):
    """A method of a user's own, which notes what it was shown."""

    name = "own"
    title = "ridge"
    plausible = False
    theory = Theory(
        idea="Ridge.", strengths="-", weaknesses="-", local="-", not_local="-", history="-",
        sources=[],
    )  # fmt: skip
    shown: ClassVar = []

    def candidates(self, X, size):
        return [{"alpha": 1e6}, {"alpha": 1.0}, {"alpha": 1e5}, {"alpha": 1e4}]

    def make(self, X, size, settings, seed, *, trial):
        self.shown.append((len(X), settings["alpha"], trial))
        return RidgeClassifier(**settings)

    def workloads(self, model, X_train, X_test):
        return Workload(n_samples=len(X_train)), Workload(n_samples=len(X_test))

    def describe(self, model):
        return "ridge"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    return compare("digits", QUICK, seeds=2, size="demo", folder=folder), folder


def test_every_method_names_the_same_test_samples(study):
    found, _ = study
    tested = {(o.seed, o.fold): [] for o in found.outcomes}
    for outcome in found.outcomes:
        tested[outcome.seed, outcome.fold].append(outcome.samples.tolist())
    assert set(tested) == {(0, 0), (1, 1)}
    assert all(len(rows) == 2 and rows[0] == rows[1] for rows in tested.values())
    y = PROBLEMS["digits"].load().y
    assert all((o.truth == y[o.samples]).all() for o in found.outcomes)


def test_again_it_takes_what_is_stored_and_says_the_same(study):
    found, folder = study
    before = {path: path.stat().st_mtime_ns for path in (folder / "outcomes").iterdir()}
    again = compare("digits", QUICK, seeds=2, size="demo", folder=folder)
    assert {path: path.stat().st_mtime_ns for path in (folder / "outcomes").iterdir()} == before
    for one, two in zip(found.outcomes, again.outcomes, strict=True):
        assert one.as_json() == two.as_json()


@pytest.mark.slow  # the demo compares from nothing, too
def test_from_nothing_it_finds_the_same_numbers(study, tmp_path):
    found, _ = study
    anew = compare("digits", QUICK, seeds=2, size="demo", folder=tmp_path, n_jobs=2)
    for one, two in zip(found.outcomes, anew.outcomes, strict=True):
        assert one.answers.tolist() == two.answers.tolist()
        assert (one.learning, one.inference) == (two.learning, two.inference)


def test_settings_are_chosen_by_validation_and_trained_on_everything(tmp_path):
    Own.shown.clear()
    found = compare("digits", Own(), seeds=1, size="demo", budget=3, folder=tmp_path)
    (outcome,) = found.outcomes
    # Three may be tried on 480 of the 600 training samples; the best of these is trained on all.
    assert Own.shown == [(480, 1e6, True), (480, 1.0, True), (480, 1e5, True), (600, 1.0, False)]
    assert outcome.chosen == 1
    scores = [candidate["score"] for candidate in outcome.candidates]
    assert scores[1] == max(scores) > scores[0]
    assert outcome.n_train == 600
    assert len(outcome.answers) == 200


class Compiled(RidgeClassifier):
    """What waited for a compiler while it was fitted, longer than the test takes."""

    def fit(self, X, y):
        self.timings_ = {"build": 1000.0, "simulate": 0.05}
        return super().fit(X, y)


class OwnCompiled(Own):
    def make(self, X, size, settings, seed, *, trial):
        return Pipeline([("scale", StandardScaler()), ("network", Compiled(**settings))])


def test_time_of_training_is_without_compiling(tmp_path):
    found = compare("digits", OwnCompiled(), seeds=1, size="demo", budget=1, folder=tmp_path)
    (outcome,) = found.outcomes
    assert outcome.seconds["build"] == 1000.0
    assert -1000.0 < outcome.seconds["fit"] < 0.0
    assert outcome.seconds["choose"] >= 0.0


def test_budgets_and_seeds_make_other_tasks():
    tasks = [
        *plan("digits", "svm", seeds=1, size="demo"),
        *plan("digits", "svm", seeds=1, size="demo", budget=2),
        *plan("digits", "svm", seeds=[1], size="demo"),
        *plan("digits", "svm", seeds=1, size="default"),
        *plan("spoken", "svm", seeds=1, size="demo"),
    ]
    assert len({task.key for task in tasks}) == len(tasks)
    (same,) = plan("digits", ["svm"], seeds=[0], size="demo")
    assert same.key == tasks[0].key


def test_all_folds_are_every_fold_with_every_seed():
    tasks = plan("digits", "svm", seeds=[3, 7], all_folds=True)
    assert sorted((task.seed, task.fold) for task in tasks) == [
        (seed, fold) for seed in (3, 7) for fold in range(5)
    ]


def test_other_data_are_refused():
    (task,) = plan("digits", "svm", seeds=1, size="demo")
    object.__setattr__(task, "digest", "0" * 32)
    with pytest.raises(ParameterError, match="the data on this machine are not those of the study"):
        task.run()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"data": "hdd"}, "data: must be one of 'hd', 'fsdd'"),
        ({"methods": "svn"}, "methods: must be one of 'stdp', 'liquid', 'timing'"),
        ({"size": "big"}, "size: must be one of 'demo', 'default', 'full', got 'big'"),
        ({"seeds": 0}, "seeds: must be how many"),
        ({"seeds": [-1]}, "seeds: must be how many"),
        ({"budget": 0}, "budget: must be a whole number at least 1, got 0"),
        ({"methods": []}, "methods: must name at least one of stdp"),
    ],
)
def test_what_there_is_not(given, message):
    with pytest.raises(ParameterError, match=message):
        plan(**({"data": "digits", "methods": "svm"} | given))


def test_a_method_without_its_package_says_what_to_install(monkeypatch, tmp_path, only_methods):
    monkeypatch.setattr(type(METHODS["bptt"]), "missing", ["torch"])
    with pytest.raises(ParameterError, match=r"needs torch.*pip install 'bioplastic\[bptt\]'"):
        plan("digits", "bptt")
    only_methods("svm", "bptt")
    found = compare("digits", "all", seeds=1, size="demo", folder=tmp_path)
    assert [o.method for o in found.outcomes] == ["svm"]
    assert "pip install" in found.left_out["bptt"]


def test_a_task_that_fails_costs_no_other(monkeypatch, tmp_path):
    def broken(*args, **options):
        raise ParameterError("svm: something to mend")

    monkeypatch.setattr(type(METHODS["svm"]), "make", broken)
    found = compare("digits", QUICK, seeds=1, size="demo", folder=tmp_path)
    assert [o.method for o in found.outcomes] == ["mlp"]
    assert [f.message for f in found.failures] == ["svm: something to mend"]
    monkeypatch.undo()
    mended = compare("digits", QUICK, seeds=1, size="demo", folder=tmp_path)
    assert sorted(o.method for o in mended.outcomes) == ["mlp", "svm"]


def test_the_command_writes_a_report_and_goes_on(study, tmp_path):
    (tmp_path / "study.toml").write_text('[study]\ndata = ["digits"]\nseeds = 9\nsize = "demo"\n')
    command = [
        "compare", "--config", str(tmp_path / "study.toml"), "--methods", "svm,mlp", "--seeds", "2",
        "--out", str(tmp_path / "out"),
    ]  # fmt: skip
    said = CliRunner().invoke(app, command)
    assert said.exit_code == 0, said.output
    found, _ = study
    for method, summary in found.summary().items():
        assert f"{100 * summary.accuracy:.1f} %" in said.output, method
    page = (tmp_path / "out" / "report.html").read_text()
    assert "bioplastic compare --data digits --methods svm,mlp --seeds 2 --size demo" in page
    numbers = json.loads((tmp_path / "out" / "results.json").read_text())
    assert numbers
    assert len(list(Store(tmp_path / "out" / "outcomes").folder.glob("*.json"))) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--data", "nothing"], "error: data: must be one of"),
        (["--seeds", "many"], "error: --seeds: must be how many"),
        (["--config", "none.toml"], "error: --config: cannot read none.toml"),
    ],
)
def test_the_command_refuses(options, message, tmp_path):
    said = CliRunner().invoke(app, ["compare", "--out", str(tmp_path), *options])
    assert said.exit_code == 2
    assert message in said.output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"study = 3", "study must be a table"),
        (b"[study]\ndata = 5", "data: must be one of"),
        (b"[study]\nmethods = []", "methods: must be one of"),
        (b"[study]\nseeds = 1.5", "--seeds: must be how many"),
        (b"[study]\nseeds = true", "--seeds: must be how many"),
        (b"[study]\nseeds = 1000000000000000000000000", "seeds: must be how many"),
        (b"[study]\nsize = 3", "Invalid value for '--size'"),
        (b"[study]\nbudget = [1, 2]", "Invalid value for '--budget'"),
        (b"[study]\nall_folds = 2", "Invalid value for '--all-folds'"),
        (b"[study]\njobs = 1e999", "Invalid value for '--jobs'"),
        (b"[study]\ncluster = 5", "cluster: must be"),
        (b"x = " + b"[" * 5000, "is not TOML"),
        (b"x = " + b"9" * 5000, "is not TOML"),
        (b"x = '\xff'", "is not TOML"),
        (b"a." * 2000 + b"a = 1", "a line has more than 20 dots"),
        (b"#" * 10**6, "is no file of options, but far larger"),
    ],
)
def test_a_config_of_a_stranger(tmp_path, text, message):
    (tmp_path / "study.toml").write_bytes(text)
    said = CliRunner().invoke(app, ["compare", "--config", str(tmp_path / "study.toml")])
    assert said.exit_code == 2, said.exception
    assert message in said.output


def test_a_config_with_an_unknown_option(tmp_path):
    (tmp_path / "study.toml").write_text("[study]\nmethod = 3\n")
    said = CliRunner().invoke(app, ["compare", "--config", str(tmp_path / "study.toml")])
    assert said.exit_code == 2
    assert "has the option 'method'" in said.output


@pytest.mark.slow
@pytest.mark.parametrize("data", ["digits", "spoken"])
@pytest.mark.parametrize("method", METHODS)
def test_methods_learn(method, data, tmp_path):
    if METHODS[method].missing:
        pytest.skip(f"{' and '.join(METHODS[method].missing)} not installed")
    found = compare(data, method, seeds=1, size="demo", folder=tmp_path)
    assert not found.failures
    (outcome,) = found.outcomes
    assert outcome.accuracy > 0.3  # chance is 0.1
    assert outcome.learning.effective_acs + outcome.learning.effective_macs > 0
    assert outcome.inference.n_samples == len(outcome.answers)
    assert outcome.description
    assert np.isfinite(list(outcome.seconds.values())).all()


def test_a_method_that_was_changed_makes_other_tasks(tmp_path):
    def key(text):
        path = tmp_path / "own_method.py"
        path.write_text(
            "from bioplastic.study.methods import METHODS\n"
            "class Other(type(METHODS['svm'])):\n"
            "    def describe(self, model):\n"
            f"        return {text!r}\n"
        )
        linecache.checkcache()
        spec = importlib.util.spec_from_file_location("own_method", path)
        module = importlib.util.module_from_spec(spec)
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(sys.modules, "own_method", module)
            spec.loader.exec_module(module)
            (task,) = plan("digits", module.Other(), seeds=1, size="demo")
            return task.key

    assert key("some words") == key("some words") != key("others")
