"""Training on a folder of sounds, and recognizing single ones."""

import json
import re

import numpy as np
import pytest
import soundfile
from sklearn.pipeline import Pipeline

from bioplastic.cli.folder import load_model
from bioplastic.cli.model_file import write_model_file
from bioplastic.encoding import Cochlea
from bioplastic.networks import LiquidStateMachine

TINY = [
    *("--engine", "numpy"),
    *("--neurons", "40"),
    *("--dt-ms", "5"),
    *("--rest-ms", "0"),
    *("--copies", "1"),
    *("--span-ms", "100"),
    "--quiet",
]
BY_NAME = "{label}_{group}_{index}.wav"


def write(path, *, low, seed, rate=8000):
    """A tone of 0.1 s with noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    t = np.arange(rate // 10) / rate
    sound = 0.4 * np.sin(2 * np.pi * (300 if low else 2000) * t)
    soundfile.write(path, sound + rng.uniform(-0.1, 0.1, len(t)), rate)
    return path


@pytest.fixture(scope="module")
def by_name(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    for k, speaker in enumerate(("ann", "bob", "eve")):
        for word in ("low", "high"):
            for take in range(2):
                name = f"{word}_{speaker}_{take}.wav"
                write(folder / name, low=word == "low", seed=10 * k + take)
    return folder


@pytest.fixture(scope="module")
def by_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("folders")
    for k in range(5):
        write(folder / "low" / f"{k}.wav", low=True, seed=k)
        write(folder / "high" / f"{k}.wav", low=False, seed=k)
    return folder


@pytest.fixture(scope="module")
def trained(by_name, run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    said = run("train", "--audio", by_name, "--pattern", BY_NAME, *TINY, "--out", folder).stdout
    return folder, said


def test_speakers_are_held_out_where_names_tell_them(trained):
    folder, said = trained
    assert "Making spikes of 12 sounds" in said
    assert re.search(r"Held out +all words of speakers who are not in training: ann", said)
    assert re.search(r"Held-out accuracy 100.00 % .*4 samples", said)
    model, record = load_model(folder)
    assert [name for name, _ in model.steps][:2] == ["cochlea", "liquid"]
    assert list(model.classes_) == ["high", "low"]
    assert (record["data_set"], record["pattern"]) == ("audio", BY_NAME)
    assert record["held_out"]["n_samples"] == 4
    assert list(record["held_out_by_speaker"]) == ["ann"]
    assert sorted(path.name for path in folder.iterdir()) == [
        "answers.csv", "confusion_matrix.png", "model.skops", "separation.png", "training.json",
        "word.png",
    ]  # fmt: skip


def test_evaluate_hears_the_held_out_sounds_again(trained, by_name, run):
    folder, _ = trained
    said = run("evaluate", folder, "--data", by_name, "--quiet").stdout
    assert "Held-out accuracy 100.00 %" in said
    before, after = (
        json.loads((folder / name).read_text()) for name in ("training.json", "evaluation.json")
    )
    assert after["held_out"] == before["held_out"]


def test_a_folder_says_so(trained, failure):
    assert "must name the folder with the sounds" in failure("evaluate", trained[0], "--quiet")


def test_a_stratified_fifth_where_speakers_are_not_known(by_folder, run, tmp_path):
    said = run("train", "--audio", by_folder, *TINY, "--out", tmp_path / "out").stdout
    assert "Sounds named {label}/*.wav: training on 8, 2 held out" in said
    assert "a stratified fifth of the sounds" in said
    assert "2 samples)" in said
    assert json.loads((tmp_path / "out" / "training.json").read_text())["held_out_by_speaker"] == {}
    said = run("evaluate", tmp_path / "out", "--data", by_folder, "--quiet").stdout
    assert "2 samples)" in said


def test_recognize(trained, run, tmp_path):
    folder, _ = trained
    low = write(tmp_path / "a.wav", low=True, seed=99)
    high = write(tmp_path / "b.wav", low=False, seed=98, rate=22050)
    model, _ = load_model(folder)
    for given in (folder, folder / "model.skops"):
        lines = run("recognize", given, low, high).stdout.splitlines()
        assert len(lines) == 2
        for line, path, word in zip(lines, (low, high), ("low", "high"), strict=True):
            said, name, scores, taken = line.split("\t")
            assert (said, name) == (word, str(path))
            assert [word] == list(model.predict([path]))
            (score,) = model.decision_function([path])  # of the second class, "low"
            assert f"low {score:.2f}" in scores
            assert scores.startswith(f"{word} {abs(score):.2f}, ")
            found = re.fullmatch(r"(\d+) ms, of which the network ([\d.]+) ms", taken)
            assert 0 < float(found[2]) <= float(found[1]) + 1


def test_what_is_refused(by_name, by_folder, failure, tmp_path):
    assert "or give --audio FOLDER; got neither" in failure("train")
    assert "got both" in failure("train", "spoken", "--audio", by_name)
    assert "--pattern: is for --audio" in failure("train", "spoken", "--pattern", BY_NAME)
    assert "--audio names the folder" in failure("train", "--audio", by_name, "--data", by_name)
    assert "must be named as {label}/*.wav" in failure("train", "--audio", by_name)
    assert "has no such option" in failure("train", "--audio", by_name, "--epochs", "2")
    named = ["--audio", by_name, "--pattern", BY_NAME]
    assert "must be 0 to 2 for audio" in failure("train", *named, "--fold", "3")
    assert "has a split of its own; leave" in failure("train", "--audio", by_folder, "--fold", "0")
    assert "must name some, but not all" in failure("train", *named, "--held-out", "zoe")
    write(tmp_path / "few" / "a" / "0.wav", low=True, seed=0)
    assert "sounds of two classes or more, got 'a'" in failure("train", "--audio", tmp_path / "few")
    write(tmp_path / "few" / "b" / "0.wav", low=True, seed=0)
    assert "must hold some sounds of each class" in failure("train", "--audio", tmp_path / "few")


def test_what_cannot_be_recognized(trained, by_name, failure, tmp_path):
    folder, _ = trained
    sound = next(by_name.glob("*.wav"))
    assert "not a file" in failure("recognize", folder, tmp_path / "none.wav")
    (tmp_path / "damaged.wav").write_bytes(b"RIFF")
    assert "cannot be read as sound" in failure("recognize", folder, tmp_path / "damaged.wav")
    assert "holds no model.skops" in failure("recognize", tmp_path, sound)
    (tmp_path / "model.skops").write_bytes(b"nothing")
    assert "cannot be read" in failure("recognize", tmp_path / "model.skops", sound)
    assert "there is no such file or folder" in failure("recognize", tmp_path / "none.skops", sound)


def test_models_that_hear_nothing(failure, tmp_path, by_name):
    sound, path = next(by_name.glob("*.wav")), tmp_path / "model.skops"
    write_model_file(path, Pipeline([("liquid", LiquidStateMachine())]))
    said = failure("recognize", path, sound)
    assert "must be a model that begins with a cochlea" in said
    assert "train --audio FOLDER" in said
    write_model_file(path, Pipeline([("ear", Cochlea()), ("liquid", LiquidStateMachine())]))
    assert "was not trained" in failure("recognize", path, sound)
