"""C++ without Python: the answers of the model, of a program that make has made."""

import os
import shutil
import subprocess

import numpy as np
import pytest
from brian2 import ms
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

from bioplastic import SpikeTrains
from bioplastic.engine.standalone_program import FLAGS
from bioplastic.errors import ParameterError
from bioplastic.exchange import export_cpp
from bioplastic.networks import (
    DiehlCookClassifier,
    EPropClassifier,
    EPropRegressor,
    LiquidStateMachine,
)
from bioplastic.readout import SpikeCount, TimeBinnedCount

NAMES = np.array(["rück", 'a "b"?\\'])

needs_make = pytest.mark.skipif(
    not (shutil.which("make") and shutil.which("g++")), reason="needs make and g++"
)


def eprop(**options):
    return EPropClassifier(
        8,
        4,
        n_epochs=3,
        batch_size=3,
        engine="numpy",
        random_state=0,
        gains={"input": 2.0},
        **options,
    )


def liquid(kind, *steps):
    lsm = LiquidStateMachine(30, liquid=kind, engine="numpy", random_state=1, rest=10 * ms)
    return make_pipeline(lsm, SpikeCount(), *steps)


def made(model, folder):
    """Export a model and compile it, quickly."""
    export_cpp(model, folder)
    flags = " ".join("-O1" if flag == "-O3" else flag for flag in FLAGS)
    subprocess.run(["make", "-s", "-C", folder, f"CXXFLAGS={flags}", "ARCH="], check=True)
    return folder / "answer"


def events(X):
    """Write words as the program reads them."""
    lines = []
    for k in range(len(X)):
        own = slice(X.offsets[k], X.offsets[k + 1])
        lines.append(repr(float(X.duration[k])))
        lines += [f"{float(t)!r} {u}" for t, u in zip(X.times[own], X.units[own], strict=True)]
        lines.append("")
    return "\n".join(lines) + "\n"


def answers(program, text):
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def unseen():
    """Words of unequal lengths, two spikes of a channel in a step, and silence."""
    rng = np.random.default_rng(5)
    lengths = np.array([0.0303, 0.06, 0.0, 0.045, 0.0601, 0.02])
    times = [
        np.sort(rng.random(n) * d) for n, d in zip((30, 60, 0, 40, 60, 12), lengths, strict=True)
    ]
    times[1][10] = times[1][11]
    units = [rng.integers(8, size=len(t)) for t in times]
    units[1][10] = units[1][11]
    offsets = np.cumsum([0, *map(len, times)])
    return SpikeTrains(
        np.concatenate(times), np.concatenate(units), offsets, n_units=8, duration=lengths
    )


@needs_make
@pytest.mark.slow
def test_eprop_answers_as_in_python(words, unseen, tmp_path):
    X, y = words
    model = eprop().fit(X, NAMES[y])
    program = made(model, tmp_path)
    both = SpikeTrains.concatenate([X, unseen])
    expected = model.predict(both)
    assert set(expected) == set(NAMES)
    assert answers(program, events(both)) == expected.tolist()
    # Without its length a word ends with the step of its last event; the last needs no empty line.
    one = X[0]
    n_steps = np.floor(one.times[-1] / 1e-3 + 1e-6) + 1
    cut = SpikeTrains(one.times, one.units, one.offsets, n_units=8, duration=n_steps * 1e-3)
    text = "# a word\n" + events(one).split("\n", 1)[1].rstrip("\n")
    assert answers(program, text) == model.predict(cut).tolist()
    assert answers(program, "") == []


@needs_make
@pytest.mark.parametrize(
    "readout",
    [LogisticRegression(), pytest.param(RidgeClassifier(), marks=pytest.mark.slow)],
    ids=["logistic", "ridge"],  # coefficients of shape (1, n) and (n,)
)
def test_a_linear_readout_of_two_classes_answers_as_in_python(words, unseen, tmp_path, readout):
    X, y = words
    model = liquid("random", StandardScaler(), readout).fit(X, y)
    expected = model.predict(SpikeTrains.concatenate([X, unseen]))
    assert len(set(expected)) == 2
    text = events(SpikeTrains.concatenate([X, unseen]))
    assert answers(made(model, tmp_path), text) == [str(label) for label in expected]


@needs_make
@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        lambda: eprop(pool=3, n_lines=2, line_delay=5 * ms),
        lambda: liquid("tonotopic", RidgeClassifier()),
        lambda: DiehlCookClassifier(12, n_epochs=2, norm=6.0, engine="numpy", random_state=0),
        lambda: DiehlCookClassifier(
            12, n_epochs=2, norm=6.0, presentation=40 * ms, engine="numpy", random_state=0
        ),
    ],
    ids=["pooled", "ridge", "diehl_cook", "diehl_cook_presentation"],
)
def test_others_answer_as_in_python(words, unseen, tmp_path, make):
    X, _ = words
    model = make().fit(X, np.arange(len(X)) % 3)
    both = SpikeTrains.concatenate([X, unseen])
    expected = [str(label) for label in model.predict(both)]
    assert len(set(expected)) > 1
    assert answers(made(model, tmp_path), events(both)) == expected


@needs_make
@pytest.mark.slow
def test_a_regressor_prints_its_numbers(words, tmp_path):
    X, y = words
    model = EPropRegressor(8, 4, n_epochs=2, batch_size=3, engine="numpy", random_state=0)
    model.fit(X, np.stack([y * 1.0, 1.0 - y], axis=1))
    found = [list(map(float, line.split())) for line in answers(made(model, tmp_path), events(X))]
    assert np.allclose(found, model.predict(X), rtol=1e-9)


@needs_make
@pytest.mark.slow
def test_bad_events_are_refused_by_line(words, tmp_path):
    program = made(eprop().fit(*words), tmp_path)
    for text, message in [
        ("0.01 3\nx 2\n", "line 2: must begin with a time >= 0 in seconds, got 'x 2'"),
        ("-0.01 3\n", "line 1: must begin with a time"),
        ("nan 3\n", "line 1: must begin with a time"),
        ("0.01 8\n", "line 1: must be a time and a channel in 0..7, got '0.01 8'"),
        ("0.01 1.5\n", "line 1: must be a time and a channel"),
        ("0.01 1 2\n", "line 1: must be a time and a channel"),
        ("1e9 3\n", "line 1: has more time steps than can be counted, '1e9 3'"),
        ("1e300\n", "line 1: has more time steps than can be counted"),
        ("0.01\n0.02 1\n", "word 0: an event lies after its end"),
    ]:
        done = subprocess.run([program], input=text, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert message in done.stderr
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    shutil.move(program, moved / "answer")
    lost = subprocess.run([moved / "answer"], input="", capture_output=True, text=True, check=False)
    assert lost.returncode == 2
    assert "data has to lie beside the program" in lost.stderr
    asked = subprocess.run(
        [moved / "answer", "--help"], capture_output=True, text=True, check=False
    )
    assert "usage: answer [DATA] < EVENTS" in asked.stderr
    named = [moved / "answer", tmp_path / "data"]
    nowhere = os.environ | {"TMPDIR": str(tmp_path / "nowhere")}
    lost = subprocess.run(named, input="", capture_output=True, text=True, check=False, env=nowhere)
    assert (lost.returncode, lost.stderr) == (2, "answer: TMPDIR is no folder\n")
    found = subprocess.run(named, input="0.01 1\n", capture_output=True, text=True, check=True)
    assert found.stdout.strip() in {"0", "1"}


def test_a_folder_is_written_anew_and_what_is_there_is_kept(words, tmp_path):
    model = eprop().fit(*words)
    folder = tmp_path / "new" / "folder"
    assert export_cpp(model, folder) == folder
    assert not (folder / "manifest.json").exists()
    before = (folder / "unit.cpp").read_text()
    export_cpp(model, folder)
    assert (folder / "unit.cpp").read_text() == before
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("mine")
    with pytest.raises(ParameterError, match="folder: must be empty, .* has thesis.tex"):
        export_cpp(model, tmp_path / "other")


def test_other_models_are_refused(words, tmp_path):
    X, y = words
    for model, message in [
        (SVC(), "must be an EPropClassifier, .*, got SVC"),
        (liquid("random", MinMaxScaler(), LogisticRegression()), "a Pipeline of LiquidState"),
        (liquid("random", SVC(kernel="rbf")), "a Pipeline of LiquidStateMachine, SpikeCount, SVC"),
        (make_pipeline(*liquid("random")[:1], TimeBinnedCount(), RidgeClassifier()), "TimeBinned"),
    ]:
        fitted = model if isinstance(model, SVC) else model.fit(X, y)
        with pytest.raises(ParameterError, match=message):
            export_cpp(fitted, tmp_path)
    with pytest.raises(NotFittedError):
        export_cpp(eprop(), tmp_path)
    numbers = EPropClassifier(4, 0, n_epochs=1, engine="numpy").fit(np.eye(4), [0, 1, 0, 1])
    with pytest.raises(ParameterError, match="must be trained on SpikeTrains"):
        export_cpp(numbers, tmp_path)
    signals = EPropRegressor(4, 0, n_epochs=1, engine="numpy").fit(X, [np.zeros((60, 1))] * len(X))
    with pytest.raises(ParameterError, match="this EPropRegressor answers signals"):
        export_cpp(signals, tmp_path)
    assert not list(tmp_path.iterdir())
