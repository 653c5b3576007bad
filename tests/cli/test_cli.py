"""The command line: what it prints and leaves, and how it ends where something is wrong."""

import importlib.util
import json
import os
import pickle
import re
import shutil
import signal
import stat
import subprocess
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skops.io
import typer
from brian2 import Hz, ms
from sklearn.datasets import load_digits
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch

import bioplastic
from bioplastic.cli import main
from bioplastic.cli.data import cut
from bioplastic.cli.demo_network import save_answers
from bioplastic.cli.folder import load_model
from bioplastic.cli.measuring import Accuracy
from bioplastic.cli.model_file import read_model_file
from bioplastic.cli.reporting import reporting
from bioplastic.cli.settings import SETTINGS, DiehlCookSettings
from bioplastic.engine import cuda_program, engines
from bioplastic.engine.checkpoint import save_checkpoint
from bioplastic.engine.engines import ENGINES, find_engine
from bioplastic.networks import DiehlCookClassifier, _checkpoints
from bioplastic.study import PROBLEMS

TINY = [
    *("--engine", "numpy"),
    *("--neurons", "5"),
    *("--epochs", "1"),
    *("--presentation-ms", "20"),
    *("--rest-ms", "0"),
    *("--dt-ms", "1"),
    *("--min-spikes", "0"),
]
PNG = b"\x89PNG\r\n\x1a\n"


def task_of(name, *path):
    return cut(PROBLEMS[name], PROBLEMS[name].read(*path))


# ----------------------------------------------------------------------------------- the whole


def test_help_names_every_command(run):
    said = run("--help").output
    assert all(command in said for command in ("train", "evaluate", "compare", "demo", "doctor"))
    said = " ".join(run("train", "--help").output.split())
    assert "excitatory ones. [default: 100 for digits; 400 for mnist; 1000 for spoken" in said
    assert "[default: all for digits; 10000 for mnist]" in said
    assert "How the network is computed. [default: auto]" in said
    assert "tonotopic for spoken, hd, shd, ssc, ntidigits, fsdd" in said


def test_console_script(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["bioplastic", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"bioplastic {bioplastic.__version__}\n"


@pytest.mark.filterwarnings("always")
def test_warning_is_one_line(capsys):
    with reporting(debug=False):
        warnings.warn("no compiler found", RuntimeWarning, stacklevel=1)
    assert capsys.readouterr().err == "warning: no compiler found\n"


def test_errors_that_are_not_ours_pass():
    with pytest.raises(ZeroDivisionError), reporting(debug=False):
        raise ZeroDivisionError


def test_interrupt_without_checkpoint_promises_none(tmp_path, capsys):
    with pytest.raises(typer.Exit) as ended, reporting(debug=False, checkpoint=tmp_path / "no"):
        raise KeyboardInterrupt
    assert ended.value.exit_code == 130
    assert capsys.readouterr().err == "\nStopped.\n"


# --------------------------------------------------------------------------- data and settings


def test_digits_are_cut_into_parts_that_do_not_overlap():
    task = task_of("digits")
    assert (len(task.train), len(task.test)) == (1437, 360)
    rows = [{row.tobytes() for row in task.samples[part]} for part in (task.train, task.test)]
    assert rows[0].isdisjoint(rows[1])
    assert np.bincount(task.y[task.test]).min() >= 34
    np.testing.assert_array_equal(task_of("digits").test, task.test)
    # One cut for commands and studies.
    np.testing.assert_array_equal(
        PROBLEMS["digits"].split(PROBLEMS["digits"].load(), 0)[1], task.test
    )


@pytest.mark.real_data
def test_mnist_is_cut_as_published(real_data):
    task = task_of("mnist", real_data)
    assert task.samples[task.train].shape == (60000, 784)
    assert task.samples[task.test].shape == (10000, 784)
    np.testing.assert_array_equal(task.y[task.test[:5]], [7, 2, 1, 0, 4])


@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_images_are_learned_with_the_defaults_of_the_estimator(name):
    assert isinstance(SETTINGS[name], DiehlCookSettings)
    model, default = SETTINGS[name].estimator(), DiehlCookClassifier()
    free = {"n_neurons", "n_label", "rule"}
    mine, theirs = (
        {k: v for k, v in m.get_params().items() if k not in free} for m in (model, default)
    )
    assert mine == theirs
    # For MNIST and 400 neurons the rule of the estimator gives what was published.
    assert (model.constants, model.rule) == ("published", "triplet")


@pytest.mark.parametrize(
    ("n_correct", "low", "high"), [(0, 0.0, 0.0370), (50, 0.4038, 0.5962), (100, 0.9630, 1.0)]
)
def test_wilson_interval(n_correct, low, high):
    accuracy = Accuracy(n_correct=n_correct, n_samples=100)
    np.testing.assert_allclose(accuracy.interval, (low, high), atol=5e-5)
    assert accuracy.value == n_correct / 100


# ------------------------------------------------------------------------------ train, evaluate


def test_train_then_evaluate(run, tmp_path):
    out = tmp_path / "a first run"
    said = run(
        "train", "digits", *TINY, "--samples", 40, "--validation-samples", 20, "--out", out
    ).stdout
    assert "training on 40 of 1,437" in said
    assert re.search(
        r"Validation accuracy [\d.]+ % \(95 % Wilson interval .* 20 samples\), of the", said
    )
    assert all(re.search(rf"^  {part} ", said, re.M) for part in ("build", "simulate", "read"))
    assert f"bioplastic evaluate '{out}'" in said, "a shell takes it for one word"
    assert {path.name for path in out.iterdir()} == {
        "model.skops",
        "training.json",
        "receptive_fields.png",
        "weight_history.png",
    }
    assert (out / "receptive_fields.png").read_bytes().startswith(PNG)
    assert (out / "weight_history.png").read_bytes().startswith(PNG)
    record = json.loads((out / "training.json").read_text())
    assert record["settings"]["presentation_ms"] == 20
    assert record["engine"]["name"] == "numpy"
    assert record["seed"] == 0
    assert record["validation"]["n_samples"] == 20
    assert record["timings_s"].keys() == {"build", "simulate", "read", "label"}
    assert record["versions"]["bioplastic"] == bioplastic.__version__
    assert "first 40 of 1,437" in record["protocol"]["training"]
    assert "held_out" not in record

    said = run("evaluate", out, "--samples", 30, "--out", tmp_path / "measured").stdout
    assert "Held-out accuracy" in said
    assert "a stratified fifth of the digits" in said
    assert "30 samples of the test part" in said
    result = json.loads((tmp_path / "measured" / "evaluation.json").read_text())
    assert (tmp_path / "measured" / "confusion_matrix.png").read_bytes().startswith(PNG)
    model, task = load_model(out)[0], task_of("digits")
    rows = task.test[:30]
    assert result["held_out"]["accuracy"] == model.score(task.samples[rows], task.y[rows])
    assert result["held_out"]["n_samples"] == 30


def few_digits():
    digits = load_digits()
    return Bunch(data=digits.data[:60], target=digits.target[:60] % 4, image_shape=(8, 8))


def test_accuracy_is_not_claimed_where_nothing_was_kept_apart(run, monkeypatch):
    monkeypatch.setitem(PROBLEMS, "digits", replace(PROBLEMS["digits"], loader=few_digits))
    result = run("train", "digits", *TINY)
    assert "Accuracy was not measured" in result.stdout
    assert "%|" not in result.stderr, "no progress bar without a terminal"
    with open("out/digits/training.json") as file:
        record = json.load(file)
    assert record["validation"] is None
    assert record["protocol"]["labels"] == "neurons labeled by all 48 of these samples"


def test_interrupted_training_goes_on_to_the_same_weights(run, tmp_path, monkeypatch):
    command = ["train", "digits", *TINY, "--samples", "120", "--validation-samples", "0", "--out"]
    run(*command, tmp_path / "undisturbed")
    save = save_checkpoint

    def save_and_interrupt(*args, **kwargs):
        save(*args, **kwargs)
        signal.raise_signal(signal.SIGINT)

    out = tmp_path / "interrupted"
    with monkeypatch.context() as patch:
        patch.setattr(_checkpoints, "save_checkpoint", save_and_interrupt)
        patch.setattr("sys.argv", ["bioplastic", *command, str(out)])
        said = run(*command, out, code=130).stderr
    assert re.search(r"Stopped: training stopped after \d+ of 120 samples", said)
    assert f"To go on from {out / 'checkpoint.npz'}, give the same command again:" in said
    assert f"\n  bioplastic {' '.join(command)} {out}\n" in said
    assert "Traceback" not in said
    assert [path.name for path in out.iterdir()] == ["checkpoint.npz"]

    assert "Going on from" in run(*command, out).stdout
    assert not (out / "checkpoint.npz").exists()
    assert json.loads((out / "training.json").read_text())["resumed"] is True
    models = [load_model(folder)[0] for folder in (out, tmp_path / "undisturbed")]
    np.testing.assert_array_equal(models[0].weights_, models[1].weights_)
    np.testing.assert_array_equal(models[0].theta_, models[1].theta_)
    assert models[0].checkpoint is None


def test_a_checkpoint_of_another_training_is_refused(run, failure, tmp_path, monkeypatch):
    path = tmp_path / "mine.npz"
    command = "train", "digits", *TINY, "--samples", 10, "--validation-samples", 0
    command = *command, "--checkpoint", path
    save = save_checkpoint

    def save_and_interrupt(*args, **kwargs):
        save(*args, **kwargs)
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(_checkpoints, "save_checkpoint", save_and_interrupt)
        run(*command, code=130)
    assert path.exists()
    said = failure(*command, "--norm", 5)
    assert "belongs to another training" in said
    assert "delete it or choose another file" in said
    run(*command)
    assert not path.exists()


# --------------------------------------------------------------------------------------- faults


def test_library_error_is_a_line_and_not_a_traceback(run, failure):
    command = "train", "digits", "--presentation-ms", 20.3, "--engine", "numpy"
    said = failure(*command)
    assert said.startswith("error: Schedule.presentation: must be a whole multiple of dt")
    assert said.count("\n") == 1
    debug = run(*command, "--debug", code=2).stderr
    assert "Traceback" in debug
    assert debug.endswith(said)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "digits", "--samples", "1430", "--validation-samples", "8"], "at most 1,437"),
        (["train", "digits", "--validation-samples", "1437"], "leave some to train on"),
        (["train", "digits", "--data", "somewhere"], "leave it out"),
        (["train", "mnist", "--data", "nowhere"], "is not in nowhere"),
        (["evaluate", "nowhere"], "nowhere holds no model.skops"),
        (["train", "letters"], "letters"),
        (["train", "digits", "--neurons", "0"], "--neurons"),
    ],
)
def test_bad_arguments(failure, arguments, message, empty_folder):
    assert message in failure(*arguments)
    assert not list(empty_folder.iterdir()), "nothing half-written"


def test_folder_that_cannot_be_written(failure, tmp_path):
    (tmp_path / "file").write_text("")
    said = failure("train", "digits", *TINY, "--out", tmp_path / "file")
    assert "cannot write" in said
    assert "choose another folder" in said


def test_full_disk_leaves_no_half_model_but_the_checkpoint(run, failure, tmp_path, monkeypatch):
    def dump(model, file):
        file.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(skops.io, "dump", dump)
    sizes = "--samples", 10, "--validation-samples", 0
    command = "train", "digits", *TINY, *sizes, "--out", tmp_path / "run"
    said = failure(*command)
    assert "No space left on device" in said
    assert "free some space" in said
    # The training is not lost with the model.
    kept = tmp_path / "run" / "checkpoint.npz"
    assert list(kept.parent.iterdir()) == [kept]
    assert f"To go on from {kept}, give the same command again:" in said
    monkeypatch.undo()
    assert "simulate  0.0 s (10 presentations, went on from" in run(*command).stdout
    assert not kept.exists()
    model = load_model(kept.parent)[0]
    run(*command[:-1], tmp_path / "other")
    np.testing.assert_array_equal(model.weights_, load_model(tmp_path / "other")[0].weights_)


@pytest.fixture(scope="module")
def trained(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    run("train", "digits", *TINY, "--samples", 10, "--validation-samples", 0, "--out", folder)
    return folder


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.skops", b"half", "model.skops cannot be read"),
        ("model.skops", b"", "train again"),
        ("training.json", b"{", "training.json is damaged"),
        ("training.json", b"[]", "training.json is damaged"),
        (
            "training.json",
            b'{"versions": {}, "protocol": {}, "data_set": "x"}',
            "must be one of hd, fsdd, shd, ssc, ntidigits, spoken, digits, mnist, audio",
        ),
        ("training.json", b'{"versions": {}, "data_set": "digits"}', "training.json is damaged"),
    ],
)
def test_damaged_model_folder(failure, trained, tmp_path, name, content, message):
    for path in trained.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / name).write_bytes(content)
    assert message in failure("evaluate", tmp_path)


class Evil:
    def __reduce__(self):
        return os.mkdir, ("harm",)


@pytest.mark.parametrize(
    ("dump", "message"),
    [
        (lambda path: path.write_bytes(pickle.dumps(Evil())), "model.skops cannot be read"),
        (lambda path: skops.io.dump(np.vectorize(os.mkdir), path), "UntrustedTypesFound"),
        (lambda path: skops.io.dump(Pipeline([("a", subprocess.Popen)]), path), "UntrustedTypesF"),
    ],
    ids=["pickle", "function", "class"],
)
def test_a_model_of_a_stranger_runs_nothing(failure, trained, tmp_path, dump, message):
    (tmp_path / "training.json").write_bytes((trained / "training.json").read_bytes())
    dump(tmp_path / "model.skops")
    assert message in failure("evaluate", tmp_path)
    assert not Path("harm").exists()


def test_declarations_in_a_model_are_checked_anew(trained, tmp_path):
    with zipfile.ZipFile(trained / "model.skops") as old:
        members = {name: old.read(name) for name in old.namelist()}
    schema = members["schema.json"].decode()
    for was, now, message in (
        ("EquationString", "exec", "exec"),
        ('\\"excitatory\\"', '\\"exc; }\\"', "Population.name: must be"),
        ("DiehlCookSTDP", "BaseException", "BaseException is no declaration"),
    ):
        with zipfile.ZipFile(tmp_path / "model.skops", "w") as new:
            for name, content in members.items():
                changed = schema.replace(was, now).encode() if name == "schema.json" else content
                new.writestr(name, changed)
        with pytest.raises(Exception, match=message):
            read_model_file(tmp_path / "model.skops")


def test_folder_with_another_object(failure, trained, tmp_path):
    (tmp_path / "training.json").write_bytes((trained / "training.json").read_bytes())
    skops.io.dump([1], tmp_path / "model.skops")
    assert "holds a list" in failure("evaluate", tmp_path)


# --------------------------------------------------------------------------------------- doctor


@pytest.fixture
def no_compiler(tmp_path, monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


def line_of(said, name):
    return next(line for line in said.splitlines() if line.strip().startswith(name))


def test_doctor_names_versions_cache_data_and_engines(run, tmp_cache, monkeypatch):
    monkeypatch.delenv("BIOPLASTIC_DATA", raising=False)
    said = run("doctor").stdout
    for package in ("bioplastic", "brian2", "numpy", "scipy", "scikit-learn", "brian2cuda"):
        assert line_of(said, package)
    assert str(tmp_cache) in line_of(said, "folder")
    assert "0 compiled programs" in line_of(said, "programs")
    for name in ("mnist", "hd", "shd", "fsdd"):
        assert "not on this machine" in line_of(said, name)
    assert line_of(said, "spoken").endswith("comes along with bioplastic")
    assert "works" in line_of(said, "numpy            works")
    assert [name for name in ENGINES[1:] if re.search(rf"^  {name} ", said, re.M)] == list(
        ENGINES[1:]
    )


def test_doctor_without_compiler_says_what_to_install(run, tmp_cache, no_compiler):
    said = run("doctor").stdout
    assert "none found" in line_of(said, "C++")
    assert re.search(r"cpp_standalone +no +install a C\+\+ compiler", said)
    assert re.search(r"cython +no .*install a C\+\+ compiler", said)
    assert re.search(r"numpy +works", said)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            "#!/bin/sh\n[ $1 = --version ] && echo broken 1.0 && exit\necho no vector >&2\nexit 1",
            "",
        ),
        ("not a program", "does not run"),
    ],
)
def test_doctor_tries_the_compiler(tmp_cache, tmp_path, monkeypatch, script, said):
    compiler = tmp_path / "cxx"
    compiler.write_text(script)
    compiler.chmod(compiler.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("CXX", str(compiler))
    trouble = find_engine("cpp_standalone").trouble()
    assert str(compiler) in trouble
    assert (said or "it said: no vector") in trouble


class TestDoctorOnCuda:
    """With scripts in the place of NVIDIA's programs."""

    @pytest.fixture
    def programs(self, tmp_path, monkeypatch):
        folder = tmp_path / "bin"
        folder.mkdir()
        for name in ("CUDACXX", "CUDA_HOME", "CUDA_PATH", "NVCC_PREPEND_FLAGS"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        monkeypatch.setattr(cuda_program, "_USUAL_FOLDER", str(tmp_path / "nowhere"))
        monkeypatch.setattr(cuda_program, "compiler_trouble", str)

        def make(**scripts):
            for name, body in scripts.items():
                path = folder / name.replace("_", "-")
                path.write_text(f"#!/bin/sh\n{body}\n")
                path.chmod(0o755)

        make(nvcc="exit 1", nvidia_smi="exit 1")
        return make

    @pytest.fixture
    def installed(self, monkeypatch):
        monkeypatch.setattr(importlib.util, "find_spec", lambda package: package)

    @pytest.fixture
    def without_brian2cuda(self, monkeypatch):
        monkeypatch.setattr(importlib.util, "find_spec", lambda package: None)

    def test_all_is_there(self, tmp_cache, programs, installed):
        programs(nvcc='while [ $# -gt 0 ]; do last=$1; shift; done; echo > "$last"',
                 nvidia_smi="echo 9.0")  # fmt: skip
        assert not cuda_program.CUDA.trouble()
        assert "thousands of neurons" in cuda_program.CUDA.remark

    def test_brian2cuda_is_missing(self, tmp_cache, programs, without_brian2cuda):
        programs(nvcc="exit 0", nvidia_smi="echo 9.0")
        assert cuda_program.CUDA.trouble() == "pip install 'bioplastic[cuda]'"

    def test_nvcc_is_missing(self, tmp_cache, programs, installed, tmp_path):
        programs(nvidia_smi="echo 9.0")
        (tmp_path / "bin" / "nvcc").unlink()
        assert shutil.which("nvcc") is None
        assert cuda_program.CUDA.trouble().startswith("install the CUDA toolkit, version 12 or 13")

    def test_the_driver_is_missing(self, tmp_cache, programs, installed):
        programs(nvcc="exit 0")
        assert cuda_program.CUDA.trouble().startswith("install NVIDIA's driver")

    def test_the_c_compiler_is_too_new(self, tmp_cache, programs, installed):
        programs(nvcc="echo unsupported GNU version >&2; exit 1", nvidia_smi="echo 9.0")
        said = cuda_program.CUDA.trouble()
        assert "it said: unsupported GNU version" in said
        assert "export NVCC_PREPEND_FLAGS='-ccbin" in said

    def test_everything_is_missing(self, tmp_cache, programs, without_brian2cuda, tmp_path):
        (tmp_path / "bin" / "nvcc").unlink()
        assert cuda_program.CUDA.trouble().count("; ") >= 2


def test_doctor_finds_and_checks_mnist(run, tmp_cache, monkeypatch):
    folder = tmp_cache / "mnist"
    folder.mkdir()
    monkeypatch.delenv("BIOPLASTIC_DATA", raising=False)
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (folder / f"{name}-ubyte.gz").write_bytes(b"half a file")
    assert "damaged:" in line_of(run("doctor").stdout, "mnist")


@pytest.mark.real_data
def test_doctor_finds_real_mnist(run, tmp_cache, real_data):
    said = run("doctor").stdout
    assert line_of(said, "mnist").endswith(f"in {real_data}")
    assert line_of(said, "hd").endswith("found, 3,329 words")
    assert line_of(said, "fsdd").endswith("found, 3,000 words")


def test_doctor_clears_the_cache(run, tmp_cache):
    program = tmp_cache / "programs" / "abc"
    program.mkdir(parents=True)
    (program / "main").write_bytes(bytes(2_000_000))
    assert "1 compiled program, 2.0 MB" in line_of(run("doctor").stdout, "programs")
    said = run("doctor", "--clear-cache").stdout
    assert said.startswith("Removed 1 compiled program, 2.0 MB")
    assert "0 compiled programs" in line_of(said, "programs")
    assert not program.exists()


def test_doctor_fails_where_no_engine_works(run, tmp_cache, monkeypatch):
    broken = replace(find_engine("numpy"), trouble=lambda: "gone")
    monkeypatch.setattr(engines, "_engines", {"numpy": broken})
    assert "no     gone" in run("doctor", code=2).stdout


def test_the_raster_shows_neurons_that_stay_silent(tmp_path):
    """The last neurons may answer none of the samples shown, and have their rows all the same."""
    task = task_of("digits")
    silent = DiehlCookClassifier(
        6,
        presentation=5 * ms,
        rest=0 * ms,
        dt=1 * ms,
        min_spikes=0,
        rate_max=1 * Hz,
        engine="numpy",
        random_state=0,
    ).fit(task.samples[task.train[:10]], task.y[task.train[:10]])
    assert silent.transform(task.samples[task.test[:20]]).sum() == 0
    assert save_answers(tmp_path, silent, task).read_bytes().startswith(PNG)
