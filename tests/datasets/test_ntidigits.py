"""load_ntidigits on a small file of the official layout."""

import hashlib
from dataclasses import replace

import h5py
import numpy as np
import pytest

from bioplastic.datasets import load_ntidigits, ntidigits
from bioplastic.errors import DataError, DataNotFoundError, ParameterError

IDS = {
    "train": ["man-ae-a-1", "man-ae-a-z3o", "woman-bc-b-o", "woman-bc-a-z"],
    "test": ["man-fd-a-9", "woman-ka-b-95"],
}


@pytest.fixture(autouse=True)
def no_data(monkeypatch, tmp_cache):
    """Start without BIOPLASTIC_DATA and with an empty cache."""
    monkeypatch.delenv("BIOPLASTIC_DATA", raising=False)


def write(path, ids=IDS, change=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    rng, content = np.random.default_rng(0), {}
    with h5py.File(path, "w") as file:
        for subset, names in ids.items():
            file[f"{subset}_labels"] = np.array(names, dtype="S")
            for name in names:
                n = rng.integers(5, 20)
                times = np.sort(rng.uniform(0, 1, n)).astype(np.float32)
                units = rng.integers(0, 64, n).astype(np.uint8)
                file[f"{subset}_timestamps/{name}"] = times
                file[f"{subset}_addresses/{name}"] = units
                content[name] = times, units
        if change is not None:
            change(file)
    return content


@pytest.fixture
def path(tmp_path):
    return tmp_path / "files" / "n-tidigits.hdf5"


@pytest.fixture
def content(path, monkeypatch):
    """Write a small file that passes for the published one."""
    content = write(path)
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setitem(ntidigits._FILES, "train", replace(ntidigits._FILES["train"], md5=md5))
    return content


def test_single_digits(path, content):
    loaded = load_ntidigits(path)
    assert loaded.data.shape == (3, 64)
    for k, name in enumerate(("man-ae-a-1", "woman-bc-b-o", "woman-bc-a-z")):
        times, units = content[name]
        np.testing.assert_array_equal(loaded.data[k].times, times.astype(np.float64))
        np.testing.assert_array_equal(loaded.data[k].units, units)
        assert 0 <= loaded.data.duration[k] - times.max() < 1e-3
    assert loaded.target.tolist() == [1, 10, 0]
    assert loaded.target.dtype == np.int64
    assert [loaded.target_names[k] for k in loaded.target] == ["one", "oh", "zero"]
    assert loaded.groups.tolist() == ["man-ae", "woman-bc", "woman-bc"]
    assert loaded.subset.tolist() == ["train"] * 3
    assert len(loaded.feature_names) == 64
    assert "Anumula" in loaded.DESCR


def test_sequences(path, content):
    loaded = load_ntidigits(path, "all", single_digits=False)
    assert loaded.target.tolist() == ["1", "z3o", "o", "z", "9", "95"]
    assert loaded.target_names is None
    assert loaded.subset.tolist() == ["train"] * 4 + ["test"] * 2
    assert len(loaded.data.times) == sum(len(times) for times, _ in content.values())


def test_places(path, content, tmp_path, monkeypatch):
    expected = load_ntidigits(path, "test").data
    assert load_ntidigits(path.parent, "test").data == expected
    monkeypatch.setenv("BIOPLASTIC_DATA", str(tmp_path / "data"))
    with pytest.raises(DataNotFoundError, match=r"n-tidigits\.hdf5 is neither in .*ntidigits"):
        load_ntidigits()
    (tmp_path / "data").mkdir()
    path.parent.rename(tmp_path / "data" / "ntidigits")
    assert load_ntidigits(subset="test").data == expected


def test_another_checksum(path):
    write(path)
    with pytest.raises(DataError, match="expected md5 360a2d11e5429555c9197381cf6b58e0, found"):
        load_ntidigits(path)
    assert len(load_ntidigits(path, verify=False).data) == 3


def test_events_out_of_order_are_sorted(path):
    def reverse(file):
        for what in ("timestamps", "addresses"):
            file[f"train_{what}/man-ae-a-1"][:] = file[f"train_{what}/man-ae-a-1"][:][::-1]

    content = write(path, change=reverse)
    loaded = load_ntidigits(path, verify=False)
    np.testing.assert_array_equal(loaded.data[0].times, content["man-ae-a-1"][0])
    np.testing.assert_array_equal(loaded.data[0].units, content["man-ae-a-1"][1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.pop("train_labels"), "lacks /train_labels"),
        (lambda f: f.pop("train_timestamps"), "lacks /train_timestamps"),
        (lambda f: f.pop("train_addresses/man-ae-a-1"), "lacks /train_addresses/man-ae-a-1"),
    ],
)
def test_missing_parts(change, message, path):
    write(path, change=change)
    with pytest.raises(DataError, match=message) as caught:
        load_ntidigits(path, verify=False)
    assert str(path) in str(caught.value)


def test_another_channel(path):
    def change(file):
        file["train_addresses/man-ae-a-1"][0] = 64

    write(path, change=change)
    with pytest.raises(
        DataError, match=r"hdf5: train: .*units must lie in 0\.\.63, .* event 0 has 64"
    ):
        load_ntidigits(path, verify=False)


def test_unequal_lengths(path):
    def shorten(file):
        del file["train_addresses/man-ae-a-1"]
        file["train_addresses/man-ae-a-1"] = np.zeros(2, np.uint8)

    write(path, change=shorten)
    with pytest.raises(DataError, match="must have equal lengths"):
        load_ntidigits(path, verify=False)


@pytest.mark.parametrize("name", ["man-ae-1", "man-ae-a-x", "man-ae-a-", "1"])
def test_other_names(name, path):
    write(path, {"train": [name], "test": []})
    with pytest.raises(DataError, match=f"must be named <gender>.*got '{name}'"):
        load_ntidigits(path, verify=False)


def test_a_subset_without_samples(path):
    write(path, {"train": ["man-ae-a-12"], "test": []})
    loaded = load_ntidigits(path, verify=False)
    assert loaded.data.shape == (0, 64)


def test_truncated(path):
    write(path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DataError, match="truncated or no HDF5 file"):
        load_ntidigits(path, verify=False)


def test_unknown_subset(path, content):
    with pytest.raises(ParameterError, match=r"load_ntidigits\.subset: .*got 'valid'"):
        load_ntidigits(path, "valid")
