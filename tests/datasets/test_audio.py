"""load_audio on small wav files, and on published ones where there are some."""

import numpy as np
import pytest
import soundfile
from brian2 import Hz, kHz
from sklearn.base import clone
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline

from bioplastic import SpikeTrains
from bioplastic.cli.model_file import read_model_file, write_model_file
from bioplastic.datasets import load_audio, load_fsdd
from bioplastic.encoding import Cochlea
from bioplastic.errors import DataError, DataNotFoundError, ParameterError
from bioplastic.networks import LiquidStateMachine
from bioplastic.readout import TimeBinnedCount

BY_NAME = "{label}_{group}_{index}.wav"
NAMES = [f"{w}_{s}_{k}.wav" for w in ("yes", "no") for s in ("bob", "ann") for k in range(2)]


def write(folder, names, *, rate=8000, n=800, channels=None):
    """Tones whose pitch follows from the first letter, and noise."""
    sounds = {}
    for k, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pitch = 300 if path.name.startswith("y") or path.parent.name == "yes" else 1500
        sound = 0.4 * np.sin(2 * np.pi * pitch * np.arange(n + k) / rate)
        sound += np.random.default_rng(k).uniform(-0.1, 0.1, n + k)
        if channels is not None:
            sound = np.column_stack([sound, np.zeros(n + k)])
        soundfile.write(path, sound, rate, subtype="PCM_16")
        sounds[name] = sound
    return sounds


def test_classes_by_name(tmp_path):
    sounds = write(tmp_path, NAMES)
    loaded = load_audio(str(tmp_path), pattern=BY_NAME)
    assert loaded.filenames == sorted(str(tmp_path / name) for name in NAMES)
    assert loaded.target_names == ["no", "yes"]
    assert loaded.target.dtype == np.int64
    assert loaded.sample_rate == 8000
    assert loaded.feature_names == []
    assert "8 sounds of 2 classes, 2 groups" in loaded.DESCR
    for path, sound, label, group in zip(
        loaded.filenames, loaded.data, loaded.target, loaded.groups, strict=True
    ):
        word, speaker, _ = (name := path.rpartition("/")[2]).split("_")
        assert (word, speaker) == (loaded.target_names[label], group)
        assert sound.dtype == np.float32
        np.testing.assert_allclose(sound, sounds[name], atol=2**-15)


def test_endings_in_capitals_are_no_other_files(tmp_path):
    write(tmp_path, ["yes/a.wav", "no/a.WAV", "no/b.Wav"])
    loaded = load_audio(tmp_path)
    assert loaded.target_names == ["no", "yes"]
    assert loaded.target.tolist() == [0, 0, 1]


def test_classes_by_subfolder(tmp_path):
    write(tmp_path, ["yes/a.wav", "yes/b.wav", "no/a.wav", "no/.hidden.wav"])
    (tmp_path / "readme.txt").write_text("not a sound")
    loaded = load_audio(tmp_path)
    assert [loaded.target_names[k] for k in loaded.target] == ["no", "yes", "yes"]
    assert loaded.groups is None
    loaded = load_audio(tmp_path, pattern="{group}/{label}.wav")
    assert list(loaded.groups) == ["no", "yes", "yes"]
    assert loaded.target_names == ["a", "b"]


def test_fields_end_where_their_character_comes(tmp_path):
    write(tmp_path, ["a_b.c/turn-left.take_of_2.wav"])
    loaded = load_audio(tmp_path, pattern="{group}/{label}.*_{index}.wav")
    assert loaded.target_names == ["turn-left"]
    assert loaded.groups == ["a_b.c"]
    write(tmp_path, ["turn_left_ann_0.wav"])
    (tmp_path / "a_b.c" / "turn-left.take_of_2.wav").unlink()
    with pytest.raises(DataError, match=r"turn_left_ann_0.wav: must be named as \{label\}_\{group"):
        load_audio(tmp_path, pattern=BY_NAME)


def test_spikes_of_an_encoder(tmp_path):
    write(tmp_path, NAMES[:3])
    write(tmp_path, NAMES[3:4], rate=22050)
    ear = Cochlea(n_channels=8, sample_rate=8 * kHz)
    loaded = load_audio(tmp_path, pattern=BY_NAME, encoder=ear)
    assert isinstance(loaded.data, SpikeTrains)
    assert loaded.data == ear.transform(loaded.filenames)
    assert loaded.data.shape == (4, 8)
    assert loaded.feature_names[-1] == "channel_7"
    assert np.isnan(loaded.sample_rate)
    with pytest.raises(DataError, match=r"must have 22050 Hz as yes_ann_1.wav|must have 8000 Hz"):
        load_audio(tmp_path, pattern=BY_NAME)


def test_channels_are_averaged(tmp_path):
    sounds = write(tmp_path, NAMES[:1], channels=2)
    (sound,) = load_audio(tmp_path, pattern=BY_NAME).data
    np.testing.assert_allclose(sound, sounds[NAMES[0]].mean(axis=1), atol=2**-15)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("*.wav", "have {label} once"),
        ("{label}_{label}.wav", "have {label} once"),
        ("{label}_{speaker}.wav", "have no fields but label, group, index, not speaker"),
        ("{label}{group}.wav", "have a character between two fields"),
        ("{label}", "end with that of the files"),
        ("{label}.*", "end with that of the files"),
        (None, "have {label} once"),
    ],
)
def test_what_is_no_pattern(tmp_path, pattern, why):
    with pytest.raises(ParameterError, match=why):
        load_audio(tmp_path, pattern=pattern)


def test_what_is_not_there(tmp_path):
    with pytest.raises(DataNotFoundError, match="is not a folder"):
        load_audio(tmp_path / "none")
    (tmp_path / "a.mp3").write_text("")
    with pytest.raises(DataNotFoundError, match=r"no \.wav files in .* holds a.mp3"):
        load_audio(tmp_path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"RIFF0000WAVE", "cannot be read as sound"),
        (np.zeros(0, np.float32), "is empty"),
        (np.array([0, np.nan], np.float32), "not finite"),
    ],
)
def test_files_of_strangers(tmp_path, content, why):
    write(tmp_path, ["a/0.wav"])
    path = tmp_path / "a" / "1.wav"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        soundfile.write(path, content, 8000, subtype="FLOAT")
    with pytest.raises(DataError, match=why):
        load_audio(tmp_path)


def test_a_file_that_claims_far_more_than_it_holds(tmp_path):
    (tmp_path / "a").mkdir()
    soundfile.write(tmp_path / "a" / "0.flac", np.zeros(3 * 10**7), 8000)
    with pytest.raises(DataError, match="claims 30,000,000 frames"):
        load_audio(tmp_path, pattern="{label}/*.flac")


def test_a_pipeline_begins_with_a_cochlea(tmp_path):
    """It is trained on sounds or their files, predicts, is cloned and saved with skops."""
    write(tmp_path, NAMES)
    loaded = load_audio(tmp_path, pattern=BY_NAME)
    words = np.array(loaded.target_names)[loaded.target]
    model = make_pipeline(
        Cochlea(n_channels=16, sample_rate=8000 * Hz),
        LiquidStateMachine(40, engine="numpy", random_state=0),
        TimeBinnedCount(n_bins=2),
        RidgeClassifier(),
    )
    scores = model.fit(loaded.data, words).decision_function(loaded.data)
    assert model.score(loaded.data, words) == 1.0
    np.testing.assert_array_equal(model.decision_function(loaded.filenames), scores)
    again = clone(model).fit(loaded.filenames, words)
    np.testing.assert_array_equal(again.decision_function(loaded.data), scores)
    write_model_file(tmp_path / "model.skops", model)
    read = read_model_file(tmp_path / "model.skops")
    np.testing.assert_array_equal(read.decision_function(loaded.data), scores)
    assert list(read.predict(loaded.filenames[:1])) == ["no"]


@pytest.mark.real_data
def test_the_free_spoken_digits_are_such_a_folder(real_data):
    fsdd = load_fsdd(real_data / "fsdd")
    loaded = load_audio(real_data / "fsdd" / "recordings", pattern=BY_NAME)
    assert loaded.target_names == [str(k) for k in range(10)]
    assert sorted(set(loaded.groups)) == sorted(set(fsdd.groups))
    assert np.bincount(loaded.target).tolist() == np.bincount(fsdd.target).tolist()
    assert loaded.sample_rate == fsdd.sample_rate
    assert sum(map(len, loaded.data)) == sum(map(len, fsdd.data))
