"""Commands on spoken words: what is cut, printed and left, and how they end where it is wrong."""

import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from brian2 import Hz
from sklearn.pipeline import Pipeline

from bioplastic import SpikeTrains
from bioplastic.cli import words as words_module
from bioplastic.cli.folder import load_model
from bioplastic.cli.settings import SETTINGS, DiehlCookSettings, LiquidSettings, choose_settings
from bioplastic.cli.words import WORDS, Words, spoken_words
from bioplastic.encoding import Cochlea
from bioplastic.errors import ParameterError
from bioplastic.networks import LiquidStateMachine

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
    words = spoken_words()
    rows = []
    for voice in VOICES:
        for digit in (0, 1, 6):
            rows += list(np.flatnonzero((words.speakers == voice) & (words.target == digit))[:2])
    whole = words.data[rows]
    short = whole.times < 0.2
    sizes = [int(short[a:b].sum()) for a, b in zip(whole.offsets, whole.offsets[1:], strict=False)]
    data = SpikeTrains(
        whole.times[short],
        whole.units[short],
        np.concatenate([[0], np.cumsum(sizes)]),
        n_units=whole.n_units,
        duration=0.2,
    )
    return replace(
        words, data=data, target=words.target[rows], speakers=words.speakers[rows], n_folds=2
    )


@pytest.fixture(autouse=True)
def few_are_spoken(few, monkeypatch):
    monkeypatch.setitem(WORDS, "spoken", lambda *_, **__: few)


@pytest.fixture(scope="module")
def trained(few, run, tmp_path_factory):
    """A folder that a training left, and what it said."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(WORDS, "spoken", lambda *_, **__: few)
        said = run("train", "spoken", *TINY, "--all-folds", "--out", folder).stdout
    return folder, said


# -------------------------------------------------------------------------------- cuts, settings


def test_a_cut_keeps_speakers_apart():
    words = spoken_words()
    tested = []
    for fold in range(words.n_folds):
        task = words.cut(fold=fold)
        assert set(task.test_speakers).isdisjoint(task.train_speakers)
        assert len(task.X_train) + len(task.X_test) == len(words.target) == 720
        assert task.split == {"held_out": sorted(set(task.test_speakers))}
        again = words.cut(**task.split, train=False)
        assert again.X_test == task.X_test
        assert len(again.X_train) == 0
        tested += task.split["held_out"]
    assert sorted(tested) == sorted(set(words.speakers))
    assert words.cut().split == words.cut(fold=0).split
    named = words.cut(held_out=["en+f4", "en-us+m1"])
    assert set(named.test_speakers) == {"en+f4", "en-us+m1"}


def test_folds_of_hd_hold_out_two_speakers_each():
    """The folds of benchmarks/hd.py: of speakers 0 to 11 without 4 and 5, 0 and 7 are the first."""
    speakers = np.repeat([0, 1, 2, 3, 6, 7, 8, 9, 10, 11], 2)
    n = len(speakers)
    words = Words(
        name="hd",
        description="",
        data=SpikeTrains([], [], np.zeros(n + 1), n_units=3, duration=np.ones(n)),
        target=np.arange(n) % 2,
        speakers=speakers,
        class_names=("a", "b"),
        n_folds=5,
    )
    assert [words.cut(fold=k).split["held_out"] for k in (0, 4)] == [["0", "7"], ["6", "11"]]


def sounds(*, official):
    rng = np.random.default_rng(0)
    speakers = np.repeat(["ann", "bob", "eve"], 4)
    return Words(
        name="fsdd",
        description="noises",
        data=[rng.normal(size=800).astype(np.float32) for _ in speakers],
        ear=Cochlea(n_channels=8, sample_rate=8000 * Hz).fit([np.zeros(8, np.float32)]),
        target=np.arange(12) % 2,
        speakers=speakers,
        class_names=("a", "b"),
        n_folds=3,
        official=official,
    )


def test_sounds_become_spikes_once_and_the_same():
    words = sounds(official=np.arange(12) % 4 > 0)
    task, again = words.cut(), words.encoded().cut()
    assert task.X_train.shape == (9, 8)
    assert task.X_train == again.X_train
    assert task.X_test == again.X_test
    assert len(task.X_test.times)
    np.testing.assert_array_equal(task.frequencies, again.frequencies)
    assert (
        task.test_part == "the official test words of fsdd, of the speakers of the training words"
    )
    assert words.cut(fold=1).split == {"held_out": ["bob"]}
    assert len(words.cut(train=False).X_train) == 0


def test_official_test_speakers_who_are_strangers_are_named():
    words = sounds(official=np.arange(12) < 6)
    assert words.cut().test_part.endswith("in part of speakers who are not in training: eve")


def test_official_split_is_the_only_one_where_there_are_no_folds():
    words = replace(sounds(official=np.arange(12) < 6), n_folds=0)
    with pytest.raises(ParameterError, match="has a split of its own"):
        words.cut(fold=0)


def test_hd_and_shd_files_are_read(few, tmp_path):
    few.data.save(tmp_path / "shd_train.h5", labels=few.target, groups=np.arange(24) % 4)
    few.data.save(tmp_path / "shd_test.h5", labels=few.target, groups=np.arange(24) % 4 + 1)
    hd = WORDS["hd"](tmp_path / "shd_train.h5")
    assert hd.n_folds == 4
    assert hd.cut(fold=1).split == {"held_out": ["1"]}
    task = WORDS["shd"](tmp_path).cut()
    assert (len(task.X_train), len(task.X_test), task.split) == (24, 24, {})
    assert task.test_part.endswith("who are not in training: 4")


@pytest.mark.real_data
def test_fsdd_is_cut_as_published(real_data):
    words = WORDS["fsdd"](real_data)
    assert words.official.sum() == 2700
    assert words.n_folds == 6
    assert words.ear.center_frequencies_[-1] < 4000


def test_every_data_set_has_one_model():
    kinds = {"diehl_cook": DiehlCookSettings, "lsm": LiquidSettings}
    for settings in SETTINGS.values():
        assert type(settings) is kinds[settings.model]
    assert choose_settings("hd", "lsm", {"copies": 0, "bins": None}).copies == 0
    assert {name for name, s in SETTINGS.items() if s.model == "lsm"} == set(WORDS)


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
    assert set(model.predict(few.data[:3])) <= {0, 1, 6}


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
        (["hd", "--data", "nowhere"], "there is no HDF5 file"),
        (["shd", "--data", "nowhere"], "shd_train.h5"),
        (["fsdd", "--data", "nowhere"], "there are no wav files"),
    ],
)
def test_bad_arguments(arguments, message, failure):
    assert message in failure("train", *arguments)


def test_spoken_digits_come_along(monkeypatch, failure):
    monkeypatch.setitem(WORDS, "spoken", words_module.spoken_words)
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
