"""load_fsdd on small wav files, and on the published ones where there are some."""

import numpy as np
import pytest
import soundfile

from bioplastic import SpikeTrains
from bioplastic.datasets import load_fsdd
from bioplastic.errors import DataError, DataNotFoundError


@pytest.fixture(autouse=True)
def no_data(monkeypatch, tmp_cache):
    """Start without BIOPLASTIC_DATA and with an empty cache."""
    monkeypatch.delenv("BIOPLASTIC_DATA", raising=False)


def write(folder, names, *, rate=8000, n=80, channels=None):
    folder.mkdir(parents=True, exist_ok=True)
    sounds = {}
    for k, name in enumerate(names):
        shape = n + k if channels is None else (n + k, channels)
        sounds[name] = np.random.default_rng(k).uniform(-0.5, 0.5, shape)
        soundfile.write(folder / name, sounds[name], rate, subtype="PCM_16")
    return sounds


NAMES = [
    f"{digit}_{speaker}_{index}.wav"
    for digit in (0, 9)
    for speaker in ("theo", "george")
    for index in (0, 4, 5, 10, 49)
]


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "recordings", NAMES)
    return tmp_path / "recordings"


def test_a_recording_that_claims_far_more_than_it_holds(tmp_path):
    write(tmp_path, NAMES)
    soundfile.write(tmp_path / "x.flac", np.zeros(3 * 10**7), 8000)
    (tmp_path / "x.flac").rename(tmp_path / NAMES[0])
    with pytest.raises(DataError, match="claims 30,000,000 frames"):
        load_fsdd(tmp_path)


def test_bunch(tmp_path):
    sounds = write(tmp_path, NAMES)
    loaded = load_fsdd(tmp_path)
    assert len(loaded.data) == len(loaded.target) == 20
    for k in range(20):
        name = f"{loaded.target[k]}_{loaded.groups[k]}_{loaded.index[k]}.wav"
        assert loaded.data[k].dtype == np.float32
        np.testing.assert_allclose(loaded.data[k], sounds.pop(name), atol=2**-15)
    assert not sounds, "each recording once"
    np.testing.assert_array_equal(loaded.train, loaded.index >= 5)
    assert loaded.n_train == 12
    assert loaded.train[:12].all()
    assert not loaded.train[12:].any()
    assert loaded.target.dtype == loaded.index.dtype == np.int64
    assert loaded.sample_rate == 8000
    assert loaded.feature_names == []
    assert loaded.target_names[9] == "nine"
    assert "CC BY-SA 4.0" in loaded.DESCR


@pytest.mark.parametrize("subfolder", ["", "recordings", "fsdd", "fsdd/recordings"])
def test_found_in(subfolder, tmp_path):
    write(tmp_path / "data" / subfolder, NAMES)
    assert len(load_fsdd(str(tmp_path / "data")).data) == 20


def test_environment_variable_before_cache(tmp_path, tmp_cache, monkeypatch):
    write(tmp_cache / "fsdd", NAMES[:2])
    assert len(load_fsdd().data) == 2
    write(tmp_path / "fsdd" / "recordings", NAMES[:3])
    monkeypatch.setenv("BIOPLASTIC_DATA", str(tmp_path))
    assert len(load_fsdd().data) == 3


def test_encoder(folder):
    class Ear:
        def transform(self, paths):
            lengths = np.array([len(soundfile.read(path)[0]) for path in paths])
            return SpikeTrains([], [], [0] * 21, n_units=7, duration=lengths / 8000)

    loaded = load_fsdd(folder, encoder=Ear())
    assert loaded.data.shape == (20, 7)
    lengths = [len(sound) / 8000 for sound in load_fsdd(folder).data]
    np.testing.assert_allclose(loaded.data.duration, lengths)
    assert loaded.feature_names[6] == "channel_6"


def test_absent(tmp_path, tmp_cache):
    with pytest.raises(DataNotFoundError, match=r"not set\).*free-spoken-digit-dataset") as caught:
        load_fsdd()
    assert str(tmp_cache / "fsdd") in str(caught.value)
    with pytest.raises(DataNotFoundError, match="nowhere"):
        load_fsdd(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["zero_theo_1.wav", "1_theo.wav", "11_theo_1.wav", "other.wav"])
def test_another_name(name, folder):
    write(folder, [name])
    with pytest.raises(DataError, match=f"{name}: must be named <digit>_<speaker>_<index>.wav"):
        load_fsdd(folder)


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"rate": 16000}, "got 16000 Hz, 1 channels, 80 frames"),
        ({"channels": 2}, "got 8000 Hz, 2 channels, 80 frames"),
        ({"n": 0}, "got 8000 Hz, 1 channels, 0 frames"),
    ],
)
def test_another_sound(settings, found, folder):
    write(folder, ["3_theo_7.wav"], **settings)
    with pytest.raises(DataError, match=rf"3_theo_7\.wav: must be 8000 Hz.*{found}"):
        load_fsdd(folder)


def test_damaged(folder):
    (folder / "3_theo_7.wav").write_bytes(b"RIFF, but no sound")
    with pytest.raises(DataError, match=r"3_theo_7\.wav: cannot be read as sound"):
        load_fsdd(folder)


@pytest.mark.real_data
def test_published_recordings(real_data):
    loaded = load_fsdd(real_data)
    assert len(loaded.data) == 3000
    assert loaded.n_train == 2700
    assert np.bincount(loaded.target).tolist() == [300] * 10
    speakers, counts = np.unique(loaded.groups, return_counts=True)
    assert speakers.tolist() == ["george", "jackson", "lucas", "nicolas", "theo", "yweweler"]
    assert set(counts) == {500}
    test = ~loaded.train
    assert set(loaded.index[test]) == set(range(5))
    assert np.unique(loaded.target[test], return_counts=True)[1].tolist() == [30] * 10
    assert max(abs(sound).max() for sound in loaded.data) <= 1
