"""Checkpoints: whole or absent, and never taken for another training's."""

import errno
import json
import os
import resource
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bioplastic.engine.checkpoint import load_checkpoint, save_checkpoint
from bioplastic.errors import BioplasticError, CheckpointError, StorageError

CONFIGURATION = {"n_neurons": "100", "engine": "numpy", "random_state": None, "rates": (1.5, 2)}


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {
        "state.input_to_excitatory.w": rng.random(500),
        "history.presentation": np.arange(3),
        "history.spikes": np.zeros((0, 4)),
        "entropy": np.array([2**31 - 1, 0]),
        "flag": np.array(True),
    }


@pytest.fixture
def path(tmp_path):
    return tmp_path / "training.npz"


def save(path, arrays, configuration=CONFIGURATION):
    save_checkpoint(path, arrays=arrays, configuration=configuration)


def load(path, configuration=CONFIGURATION):
    return load_checkpoint(path, configuration=configuration)


def assert_equal(found, arrays):
    assert found.keys() == arrays.keys()
    for name, value in arrays.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)
        assert found[name].dtype == value.dtype
        assert found[name].shape == value.shape


class TestRoundTrip:
    def test_to_the_last_bit(self, path, arrays):
        arrays["tiny"] = np.array([5e-324, np.nextafter(1, 2), -0.0, np.inf])
        save(path, arrays)
        assert_equal(load(path), arrays)

    def test_a_later_one_replaces_it_and_leaves_nothing_beside(self, path, arrays):
        save(path, arrays)
        arrays["entropy"] = np.array([1])
        save(path, arrays)
        assert_equal(load(path), arrays)
        assert os.listdir(path.parent) == [path.name]

    def test_its_folder_is_made(self, tmp_path, arrays):
        path = tmp_path / "deep" / "er" / "training.npz"
        save(path, arrays)
        assert_equal(load(path), arrays)

    def test_the_name_is_kept_as_given(self, tmp_path, arrays):
        save(tmp_path / "training", arrays)  # NumPy would add .npz
        assert os.listdir(tmp_path) == ["training"]
        assert_equal(load(str(tmp_path / "training")), arrays)

    def test_none_where_there_is_no_file(self, path):
        assert load(path) is None


class TestOtherConfiguration:
    @pytest.mark.parametrize(
        ("change", "shown"),
        [
            ({"n_neurons": "400"}, r"n_neurons: '100' there, '400' here"),
            ({"random_state": "3"}, r"random_state: None there, '3' here"),
            ({"rule": "pair"}, r"rule: None there, 'pair' here"),
        ],
    )
    def test_it_is_refused_and_what_differs_is_named(self, path, arrays, change, shown):
        save(path, arrays)
        with pytest.raises(CheckpointError, match=f"{shown}.*delete it or choose another file"):
            load(path, CONFIGURATION | change)
        assert_equal(load(path), arrays)

    def test_a_format_of_the_future_is_refused(self, path, arrays):
        configuration = json.loads(json.dumps(CONFIGURATION))
        meta = {"format": 99, "configuration": configuration, "arrays": sorted(arrays)}
        with path.open("wb") as file:
            np.savez(file, meta=np.array(json.dumps(meta)), **arrays)
        with pytest.raises(CheckpointError, match=f"{path} was written by format 99, this is 2"):
            load(path)


class TestDamaged:
    def test_a_file_cut_short_anywhere_is_refused(self, path, arrays):
        save(path, arrays)
        whole = path.read_bytes()
        for length in [*range(0, len(whole), max(len(whole) // 40, 1)), len(whole) - 1]:
            path.write_bytes(whole[:length])
            with pytest.raises(CheckpointError, match=f"{path} is damaged.*delete it"):
                load(path)

    def test_no_flipped_byte_gives_wrong_values_or_a_foreign_error(self, path, arrays):
        save(path, arrays)
        whole, refused = path.read_bytes(), 0
        rng = np.random.default_rng(1)
        # the whole of the headers and of the directory at the end, and samples of what is between
        places = {*range(400), *range(len(whole) - 400, len(whole))}
        places |= set(rng.integers(0, len(whole), 200).tolist())
        for place in sorted(places):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << int(rng.integers(8))
            path.write_bytes(damaged)
            try:
                found = load(path)
            except CheckpointError:
                refused += 1
            else:  # a byte without meaning, such as a date
                assert_equal(found, arrays)
        assert refused > len(places) / 2

    @pytest.mark.parametrize(
        "content",
        [b"", b"not a checkpoint", b"\x80\x04N.", b"PK\x05\x06" + 18 * b"\0", b"\0" * 4096],
        ids=["empty", "text", "pickle", "empty zip", "zeros"],
    )
    def test_other_content_is_refused(self, path, content):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match="damaged or no checkpoint"):
            load(path)

    def test_a_single_array_is_refused(self, path):
        with path.open("wb") as file:
            np.save(file, np.arange(3))
        with pytest.raises(CheckpointError, match="damaged or no checkpoint"):
            load(path)

    @pytest.mark.parametrize("meta", ['["a", "list"]', "no json", '{"format": 1}', "3"])
    def test_other_archives_are_refused(self, path, arrays, meta):
        with path.open("wb") as file:
            np.savez(file, meta=np.array(meta), **arrays)
        with pytest.raises(CheckpointError, match="damaged or no checkpoint"):
            load(path)

    def test_a_configuration_that_is_none_is_refused(self, path, arrays):
        meta = {"format": 1, "configuration": ["n_neurons"], "arrays": sorted(arrays)}
        with path.open("wb") as file:
            np.savez(file, meta=np.array(json.dumps(meta)), **arrays)
        with pytest.raises(CheckpointError, match="damaged or no checkpoint"):
            load(path)

    @pytest.mark.parametrize("number", [0xFF0067, 0xD800])
    def test_text_that_is_none_is_refused(self, path, number):
        meta = {"format": 1, "configuration": {"x": "?"}, "arrays": []}
        text = np.array([json.dumps(meta)])
        codes = text.view(np.uint32)
        codes[codes == ord("?")] = number
        with path.open("wb") as file:
            np.savez(file, meta=text[0:1].reshape(()))
        with pytest.raises(CheckpointError, match="damaged or no checkpoint"):
            load(path)

    def test_an_archive_that_unpacks_to_far_more_is_refused(self, path, arrays):
        with path.open("wb") as file:
            np.savez_compressed(file, meta=np.array("{}"), zeros=np.zeros(10**6))
        with pytest.raises(CheckpointError, match="it unpacks to 8,000,"):
            load(path)

    @pytest.mark.parametrize("shape", [(10**12,), (-1,), (9,), (10**20,), (2**32, 2**32)])
    def test_an_array_that_claims_another_size_is_refused(self, path, arrays, shape):
        claim = {"descr": "<f8", "fortran_order": False, "shape": shape}
        with zipfile.ZipFile(path, "w") as archive, archive.open("w.npy", "w") as member:
            np.lib.format.write_array_header_1_0(member, claim)
            member.write(bytes(4000))
        with pytest.raises(CheckpointError, match=r"w\.npy claims float64 of shape"):
            load(path)

    def test_a_folder_is_refused(self, tmp_path):
        with pytest.raises(CheckpointError, match="damaged or no checkpoint"):
            load(tmp_path)


class TestFaultsOfTheDisk:
    """The old checkpoint stays, nothing half-written stays beside it, the error is ours."""

    @pytest.fixture(autouse=True)
    def old_checkpoint(self, path, arrays):
        save(path, arrays)
        yield
        assert_equal(load(path), arrays)
        assert os.listdir(path.parent) == [path.name]

    def fails(self, path, arrays):
        newer = {name: np.zeros(100_000) for name in arrays}
        with pytest.raises(StorageError, match=f"cannot write {path}.*free some space") as caught:
            save(path, newer)
        assert isinstance(caught.value, OSError)
        assert isinstance(caught.value, BioplasticError)
        return str(caught.value)

    def test_a_file_that_outgrows_its_room(self, path, arrays):
        # As good as a full disk, and needs no disk of one's own: write() fails half-way.
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
        try:
            self.fails(path, arrays)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    @pytest.mark.parametrize("call", ["fsync", "replace"])
    def test_no_space_at_the_last_moment(self, path, arrays, monkeypatch, call):
        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        if call == "fsync":
            monkeypatch.setattr(os, "fsync", full)
        else:
            monkeypatch.setattr(Path, "replace", full)
        assert "No space left on device" in self.fails(path, arrays)
        monkeypatch.undo()

    def test_ctrl_c_while_writing(self, path, arrays, monkeypatch):
        def pressed(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "fsync", pressed)
        with pytest.raises(KeyboardInterrupt):
            save(path, {"entropy": np.zeros(9)})
        monkeypatch.undo()


def test_a_folder_that_cannot_be_written(tmp_path, arrays):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="choose another folder"):
        save(tmp_path / "file" / "training.npz", arrays)
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_in_the_files_place(tmp_path, arrays):
    (tmp_path / "training.npz").mkdir()
    with pytest.raises(StorageError, match="training.npz"):
        save(tmp_path / "training.npz", arrays)
    assert os.listdir(tmp_path) == ["training.npz"]
