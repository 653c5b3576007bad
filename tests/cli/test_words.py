"""Commands on spoken words: what is cut, printed and left, and how they end where it is wrong."""

import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from brian2 import Hz
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch

from bioplastic import SpikeTrains, datasets
from bioplastic.cli.data import cut, n_folds
from bioplastic.cli.folder import load_model
from bioplastic.cli.settings import SETTINGS, DiehlCookSettings, LiquidSettings, choose_settings
from bioplastic.encoding import Cochlea
from bioplastic.errors import ParameterError
from bioplastic.networks import LiquidStateMachine
from bioplastic.study import PROBLEMS, Problem

PNG = b"\x89PNG\r\n\x1a\n"
TINY = [
    *("--engine", "numpy"),
    *("--neurons", "40"),
    *("--dt-ms", "5"),
    *("--rest-ms", "0"),
    *("--copies", "1"),
    *("--span-ms", "200"),
]
#: Two takes of three digits by four of the voices, the first 0.2 s of each.
VOICES = ["en+f2", "en+m4", "en-us+f1", "en-us+m3"]


@pytest.fixture(scope="module")
def few():
    spoken = datasets.load_spoken()
    rows = []
    for voice in VOICES:
        for digit in (0, 1, 6):
            rows += list(np.flatnonzero((spoken.groups == voice) & (spoken.target == digit))[:2])
    whole = spoken.data[rows]
    short = whole.times < 0.2
    sizes = [int(short[a:b].sum()) for a, b in zip(whole.offsets, whole.offsets[1:], strict=False)]
    spoken.data = SpikeTrains(
        whole.times[short],
        whole.units[short],
        np.concatenate([[0], np.cumsum(sizes)]),
        n_units=whole.n_units,
        duration=0.2,
    )
    spoken.update(target=spoken.target[rows], groups=spoken.groups[rows])
    return spoken


@pytest.fixture(scope="module")
def few_spoken(few):
    return replace(PROBLEMS["spoken"], loader=lambda: few, n_folds=2)


@pytest.fixture(autouse=True)
def few_are_spoken(few_spoken, monkeypatch):
    monkeypatch.setitem(PROBLEMS, "spoken", few_spoken)


@pytest.fixture(scope="module")
def trained(few_spoken, run, tmp_path_factory):
    """A folder that a training left, and what it said."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PROBLEMS, "spoken", few_spoken)
        said = run("train", "spoken", *TINY, "--all-folds", "--out", folder).stdout
    return folder, said


# -------------------------------------------------------------------------------- cuts, settings


SPOKEN = PROBLEMS["spoken"]


def test_a_cut_keeps_speakers_apart():
    samples, tested = SPOKEN.read(), []
    for fold in range(n_folds(SPOKEN, samples)):
        task = cut(SPOKEN, samples, fold=fold)
        assert set(task.speakers[task.test]).isdisjoint(task.speakers[task.train])
        assert len(task.train) + len(task.test) == 720
        assert task.split == {"held_out": sorted(set(task.speakers[task.test]))}
        assert cut(SPOKEN, samples, **task.split).test.tolist() == task.test.tolist()
        # One cut for commands and studies.
        assert SPOKEN.split(samples, fold)[1].tolist() == task.test.tolist()
        tested += task.split["held_out"]
    assert sorted(tested) == sorted(set(samples.groups))
    assert cut(SPOKEN, samples).split == cut(SPOKEN, samples, fold=0).split
    named = cut(SPOKEN, samples, held_out=["en+f4", "en-us+m1"])
    assert set(named.speakers[named.test]) == {"en+f4", "en-us+m1"}


def test_folds_of_hd_hold_out_two_speakers_each():
    """The folds of benchmarks/hd.py: of speakers 0 to 11 without 4 and 5, 0 and 7 are the first."""
    speakers = np.repeat([0, 1, 2, 3, 6, 7, 8, 9, 10, 11], 2)
    n = len(speakers)
    data = SpikeTrains([], [], np.zeros(n + 1), n_units=3, duration=np.ones(n))
    made = Bunch(data=data, target=np.arange(n) % 2, groups=speakers)
    problem = replace(PROBLEMS["hd"], loader=lambda: made)
    held_out = [cut(problem, problem.read(), fold=k).split["held_out"] for k in (0, 4)]
    assert held_out == [["0", "7"], ["6", "11"]]


def sounds(*, official, **changes):
    rng = np.random.default_rng(0)
    speakers = np.repeat(["ann", "bob", "eve"], 4)
    made = Bunch(
        data=[rng.normal(size=800).astype(np.float32) for _ in speakers],
        ear=Cochlea(n_channels=8, sample_rate=8000 * Hz),
        target=np.arange(12) % 2,
        target_names=["a", "b"],
        groups=speakers,
        train=official,
    )
    own = {"name": "fsdd", "title": "noises", "n_folds": 3, "groups_are": "speaker"} | changes
    return Problem(loader=lambda: made, **own)


def test_sounds_become_spikes_once_and_the_same(tmp_cache):
    problem = sounds(official=np.arange(12) % 4 > 0)
    samples = problem.read()
    spikes = samples.encoded()
    task = cut(problem, spikes)
    assert task.samples[task.train].shape == (9, 8)
    assert len(task.samples[task.test].times)
    assert len(samples[task.test]) == 3
    assert problem.load().X == problem.load().X == spikes.X
    np.testing.assert_array_equal(spikes.frequencies, problem.load().frequencies)
    assert (
        task.test_part == "the official test words of fsdd, of the speakers of the training words"
    )
    assert cut(problem, samples, fold=1).split == {"held_out": ["bob"]}


def test_official_test_speakers_who_are_strangers_are_named():
    problem = sounds(official=np.arange(12) < 6)
    task = cut(problem, problem.read())
    assert task.test_part.endswith("in part of speakers who are not in training: eve")


def test_official_split_is_the_only_one_where_there_are_no_folds():
    problem = sounds(official=np.arange(12) < 6, n_folds=1)
    with pytest.raises(ParameterError, match="has a split of its own"):
        cut(problem, problem.read(), fold=0)


def test_hd_and_shd_files_are_read(few, tmp_path):
    few.data.save(tmp_path / "shd_train.h5", labels=few.target, groups=np.arange(24) % 4)
    few.data.save(tmp_path / "shd_test.h5", labels=few.target, groups=np.arange(24) % 4 + 1)
    hd = PROBLEMS["hd"].read(tmp_path / "shd_train.h5")
    assert n_folds(PROBLEMS["hd"], hd) == 4
    assert cut(PROBLEMS["hd"], hd, fold=1).split == {"held_out": ["1"]}
    task = cut(PROBLEMS["shd"], PROBLEMS["shd"].read(tmp_path))
    assert (len(task.train), len(task.test), task.split) == (24, 24, {})
    assert task.test_part.endswith("who are not in training: 4")


@pytest.mark.real_data
def test_fsdd_is_cut_as_published(real_data):
    problem = PROBLEMS["fsdd"]
    samples = problem.read(real_data)
    assert samples.train.sum() == len(cut(problem, samples).train) == 2700
    assert n_folds(problem, samples) == 6
    assert samples.ear.fit(samples.X).center_frequencies_[-1] < 4000


def test_every_data_set_has_one_model():
    kinds = {"diehl_cook": DiehlCookSettings, "lsm": LiquidSettings}
    for settings in SETTINGS.values():
        assert type(settings) is kinds[settings.model]
    assert choose_settings("hd", "lsm", {"copies": 0, "bins": None}).copies == 0
    assert {name for name, s in SETTINGS.items() if s.model == "lsm"} == {*PROBLEMS, "audio"} - {
        "digits",
        "mnist",
    }


@pytest.mark.parametrize("readout", ["ridge", "svm", "kernel_ridge", "spike_times"])
def test_readouts_learn(few, readout):
    model = Pipeline(LiquidSettings(readout=readout, span_ms=200).readout_steps())
    assert model.fit(few.data, few.target).score(few.data, few.target) > 0.9
    assert model.decision_function(few.data[:2]).shape == (2, 3)


# ------------------------------------------------------------------------------ train, evaluate


def test_train_says_what_it_did(trained):
    folder, said = trained
    assert "training on 12, 12 held out" in said
    assert "speakers who are not in training: en+f2, en-us+f1" in said
    assert re.search(r"^Liquid +tonotopic, 40 neurons, [\d,]+ synapses", said, re.M)
    assert "1 changed copies of each training word" in said
    phases = ("augment", "build", "simulate", "readout", "measure")
    assert all(re.search(rf"^  {phase} ", said, re.M) for phase in phases)
    assert re.search(
        r"^Held-out accuracy [\d.]+ % \(95 % Wilson interval .* 12 samples\)", said, re.M
    )
    assert re.search(r"^  en\+f2 +[\d.]+ % of 6 words", said, re.M)
    for fold in (0, 1):
        assert re.search(rf"^  fold {fold} ", said, re.M)
    assert re.search(r"^  mean +[\d.]+ %, standard deviation [\d.]+ %", said, re.M)
    files = {path.name for path in folder.iterdir()}
    assert files == {
        *("model.skops", "training.json", "answers.csv"),
        *("confusion_matrix.png", "word.png", "separation.png"),
    }
    for name in files:
        assert f"Wrote {folder / name}" in said or name == "training.json"
        assert (folder / name).read_bytes().startswith(PNG) or not name.endswith(".png")


def test_record_holds_what_was_measured(trained):
    folder, _ = trained
    record = json.loads((folder / "training.json").read_text())
    assert record["model"] == "lsm"
    assert record["split"] == {"held_out": ["en+f2", "en-us+f1"]}
    assert record["settings"]["liquid"] == "tonotopic"
    assert record["engine"]["name"] == "numpy"
    assert "TimeBinnedCount" in record["parameters"]["states"]
    first, second = record["folds"]
    assert (first["held_out"], second["held_out"]) == (VOICES[::2], VOICES[1::2])
    assert first["accuracy"] == record["held_out"]["accuracy"]
    speakers = record["held_out_by_speaker"]
    assert sum(own["n_correct"] for own in speakers.values()) == record["held_out"]["n_correct"]
    with open(folder / "answers.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["said"] for row in rows} == {"zero", "one", "six"}
    right = sum(row["said"] == row["heard"] for row in rows)
    assert right == record["held_out"]["n_correct"]
    assert record["held_out"]["accuracy"] > 0.5


def test_evaluate_measures_the_same_words(trained, run, tmp_path):
    folder, _ = trained
    said = run("evaluate", folder, "--out", tmp_path / "measured").stdout
    assert "Held-out accuracy" in said
    assert "en+f2, en-us+f1; chosen before the training" in said
    result = json.loads((tmp_path / "measured" / "evaluation.json").read_text())
    record = json.loads((folder / "training.json").read_text())
    assert result["held_out"] == record["held_out"]
    assert (tmp_path / "measured" / "confusion_matrix.png").read_bytes().startswith(PNG)


def test_saved_model_predicts_without_a_word_to_the_terminal(trained, few):
    model = load_model(trained[0])[0]
    assert model[0].verbose == 0
    assert set(model.predict(few.data[:3])) <= {0, 1, 2}


def test_one_held_out_speaker_and_no_copies(run, few, tmp_path):
    """Without another held-out speaker there are no pairs of two, and so no such curve."""
    out = tmp_path / "run"
    options = *TINY, "--copies", 0, "--held-out", "en+m4", "--readout", "svm", "--out", out
    said = run("train", "spoken", "--model", "lsm", *options).stdout
    assert "no changed copies" in said
    assert "not in training: en+m4" in said
    assert (out / "separation.png").read_bytes().startswith(PNG)


def test_interrupt_leaves_no_folder_half_full(run, monkeypatch, tmp_path):
    def stop(*_, **__):
        raise KeyboardInterrupt("stopped after 3 of 24 samples")

    monkeypatch.setattr(LiquidStateMachine, "transform", stop)
    said = run("train", "spoken", *TINY, "--out", tmp_path / "run", code=130).stderr
    assert "Stopped: stopped after 3 of 24 samples" in said
    assert not list((tmp_path / "run").iterdir())


# --------------------------------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["digits", "--model", "lsm"], "for digits it must be diehl_cook, got lsm, which is for"),
        (["spoken", "--model", "diehl_cook"], "for spoken it must be lsm"),
        (["spoken", "--epochs", "2"], "--epochs: lsm, the model for spoken, has no such option"),
        (["spoken", "--samples", "2"], "--samples: lsm, the model for spoken, has no such option"),
        (["digits", "--liquid", "random"], "--liquid: diehl_cook, the model for digits"),
        (["mnist", "--all-folds"], "--all-folds: diehl_cook"),
        (["digits", "--fold", "1"], "--fold: diehl_cook"),
        (["spoken", "--fold", "2"], "--fold: must be 0 to 1 for spoken, got 2"),
        (["spoken", "--held-out", "ann"], "of the speakers en+f2, en+m4, en-us+f1, en-us+m3"),
        (["spoken", "--held-out", ","], "must name some"),
        (["spoken", "--held-out", ",".join(VOICES)], "but not all"),
        (["spoken", "--held-out", "en+m4", "--fold", "1"], "give one of them, got both"),
        (["spoken", "--liquid", "maass", "--neurons", "40"], "must be a multiple of 9"),
        (["spoken", "--liquid", "dry"], "dry"),
        (["hd", "--data", "nowhere"], "is not in nowhere"),
        (["shd", "--data", "nowhere"], "shd_train.h5"),
        (["fsdd", "--data", "nowhere"], "is not in nowhere"),
    ],
)
def test_bad_arguments(arguments, message, failure):
    assert message in failure("train", *arguments)


def test_spoken_digits_come_along(monkeypatch, failure):
    monkeypatch.setitem(PROBLEMS, "spoken", SPOKEN)
    assert "leave it out" in failure("train", "spoken", "--data", "somewhere")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("split", {"speakers": 3}, "training.json is damaged"),
        ("split", 3, "training.json is damaged"),
        ("split", {"held_out": ["ann"]}, "must name some, but not all, of the speakers"),
        ("model", "diehl_cook", "holds a Pipeline"),
        ("model", "perceptron", "holds a Pipeline"),
    ],
)
def test_damaged_record(trained, failure, tmp_path, key, value, message):
    folder, _ = trained
    record = json.loads((folder / "training.json").read_text()) | {key: value}
    (tmp_path / "training.json").write_text(json.dumps(record))
    (tmp_path / "model.skops").write_bytes((folder / "model.skops").read_bytes())
    assert message in failure("evaluate", tmp_path)
