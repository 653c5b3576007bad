"""The spoken digits that come along: whole, balanced, and speakers apart."""

import importlib.util
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

import bioplastic
from bioplastic.datasets import load_hd, load_spoken
from bioplastic.datasets import spoken as module
from bioplastic.encoding import Cochlea
from bioplastic.errors import DataError, DataNotFoundError

FILE = Path(bioplastic.__file__).parent / "datasets" / "data" / "spoken.h5"
SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "make_spoken.py"


@pytest.fixture(scope="module")
def spoken():
    return load_spoken()


def relative_bins(spikes):
    """Square roots of counts in 8 parts of each word by 16 bands; words differ in length."""
    word = np.repeat(np.arange(len(spikes)), np.diff(spikes.offsets))
    part = np.minimum((spikes.times / spikes.duration[word] * 8).astype(int), 7)
    bins = np.zeros((len(spikes), 8, 16))
    np.add.at(bins, (word, part, spikes.units * 16 // spikes.n_units), 1)
    return np.sqrt(bins.reshape(len(spikes), -1))


def test_it_is_what_it_says(spoken):
    assert spoken.data.shape == (720, 64)
    assert spoken.target.shape == spoken.groups.shape == (720,)
    assert spoken.target_names[0] == "zero"
    assert len(spoken.target_names) == 10
    assert "espeak-ng" in spoken.DESCR
    assert 0.2 < spoken.data.duration.min() <= spoken.data.duration.max() < 1.5


def test_it_is_small():
    assert FILE.stat().st_size <= 3e6


def test_classes_are_balanced_in_every_voice(spoken):
    voices, number = np.unique(spoken.groups, return_inverse=True)
    assert len(voices) == 12
    table = np.zeros((12, 10), dtype=int)
    np.add.at(table, (number, spoken.target), 1)
    assert (table == 6).all()


def test_no_word_is_silent_and_no_two_are_the_same(spoken):
    assert np.diff(spoken.data.offsets).min() > 100
    assert len({word.times.tobytes() + word.units.tobytes() for word in spoken.data}) == 720


def test_channels_are_those_of_the_cochlea(spoken):
    frequencies = Cochlea(n_channels=64).fit([np.zeros(1000)]).center_frequencies_
    assert spoken.center_frequencies == pytest.approx(frequencies)
    assert spoken.feature_names[0] == "50 Hz"
    assert len(set(spoken.feature_names)) == 64


def test_digits_of_voices_never_heard_are_named(spoken):
    model = make_pipeline(FunctionTransformer(relative_bins), StandardScaler(), SVC(C=10))
    scores = cross_val_score(
        model, spoken.data, spoken.target, groups=spoken.groups, cv=GroupKFold(6)
    )
    # Measured: 99 %; chance is 10 %.
    assert scores.mean() > 0.97


def test_it_is_in_the_layout_of_shd(spoken):
    assert load_hd(FILE).data == spoken.data


@pytest.mark.parametrize("content", [None, "empty", "layout"])
def test_a_missing_or_damaged_file_is_named(content, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "spoken.h5"
    if content == "empty":
        path.touch()
    elif content == "layout":
        path.write_bytes(FILE.read_bytes())
        with h5py.File(path, "r+") as file:
            del file["extra/center_frequencies"]
    monkeypatch.setattr(module.resources, "files", lambda package: tmp_path)
    error = DataNotFoundError if content is None else DataError
    with pytest.raises(error, match="spoken.h5"):
        load_spoken()


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs the program espeak-ng")
def test_the_script_makes_the_same_words_again(spoken):
    spec = importlib.util.spec_from_file_location("make_spoken", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    with h5py.File(FILE) as file:
        if file.attrs["espeak_ng"] != script.espeak_version():
            pytest.skip("another version of espeak-ng made the file")
    chosen = list(script.takes(0))
    for k in (7, 421):
        again = script.cochlea().transform([script.speak(chosen[k])])
        assert (spoken.target[k], spoken.groups[k]) == (
            chosen[k].word, script.VOICES[chosen[k].speaker][0],
        )  # fmt: skip
        assert again.duration == pytest.approx(spoken.data[k].duration)
        # Other processors round otherwise, which may cost or give a spike.
        difference = np.abs(again.counts() - spoken.data[k].counts()).sum()
        assert difference <= 0.01 * len(again.times)
