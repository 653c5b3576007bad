"""The store: an outcome is whole or not there, whatever happens to its writer."""

import errno
import hashlib
import io
import json
import multiprocessing
import os
import signal
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from fake_tasks import outcome

from bioplastic.errors import DataError, ParameterError, StorageError
from bioplastic.study import store as store_module
from bioplastic.study.store import Store

KEY = "00c0ffee"


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def assert_same(found, expected):
    for one in fields(expected):
        a, b = getattr(found, one.name), getattr(expected, one.name)
        if one.name == "exhibits":
            assert a.keys() == b.keys()
            for name in b:
                np.testing.assert_array_equal(a[name], b[name], strict=True)
        elif isinstance(b, np.ndarray):
            np.testing.assert_array_equal(a, b)
        else:
            assert a == b, one.name


def names(store):
    return sorted(path.name for path in store.folder.iterdir())


class TestRoundTrip:
    def test_all_of_it_comes_back(self, store):
        exhibits = {
            "raster_times": np.array([0.1, np.nextafter(1, 2), 5e-324]),
            "fields": np.zeros((2, 3, 4), np.float32),
            "raster_population": np.array("excitatory"),
        }
        expected = outcome(3, exhibits=exhibits, groups=["ä"] * 20, peak_mb=0.1 + 0.2)
        store.save(KEY, expected)
        assert_same(store.load(KEY), expected)
        assert KEY in store

    def test_without_exhibits_there_is_one_file(self, store):
        store.save(KEY, outcome(exhibits={}))
        assert names(store) == [f"{KEY}.json"]
        assert store.load(KEY).exhibits == {}

    def test_nothing_is_beside_what_was_stored(self, store):
        store.save(KEY, outcome())
        assert [Path(name).suffix for name in names(store)] == [".npz", ".json"]

    def test_what_is_not_there_is_none_and_asking_makes_no_folder(self, store):
        assert store.load(KEY) is None
        assert KEY not in store
        assert not store.folder.exists()

    def test_the_last_one_stays(self, store):
        store.save(KEY, outcome(1))
        store.save(KEY, outcome(2))
        assert_same(store.load(KEY), outcome(2))

    def test_numbers_of_numpy_are_numbers(self, store):
        odd = [{"settings": {"n": np.int64(3), "x": np.float32(0.5)}, "score": np.float64(0.1)}]
        store.save(KEY, outcome(candidates=odd, curve={"x": np.arange(2), "train": [np.nan, 1]}))
        found = store.load(KEY)
        assert found.candidates == [{"settings": {"n": 3, "x": 0.5}, "score": 0.1}]
        assert found.curve["x"] == [0, 1]
        assert np.isnan(found.curve["train"][0])

    @pytest.mark.parametrize("key", ["", "../x", "ABC", "5eed.json", 5])
    def test_a_key_is_no_path(self, store, key):
        with pytest.raises(ParameterError, match="hexadecimal"):
            store.save(key, outcome())
        with pytest.raises(ParameterError, match="hexadecimal"):
            store.load(key)

    @pytest.mark.parametrize(
        "changes",
        [
            {"curve": {"x": [object()]}},
            {"exhibits": {"fields": np.array([object()])}},
            {"exhibits": {"file": np.zeros(2)}},
        ],
    )
    def test_what_cannot_be_kept_is_refused_and_leaves_nothing(self, store, changes):
        with pytest.raises(DataError, match="fake on digits cannot be kept"):
            store.save(KEY, outcome(**changes))
        assert not store.folder.exists()


class TestDamage:
    """A file that is cut off or changed anywhere counts as not there; a new one mends it."""

    @pytest.mark.parametrize("kind", [".json", ".npz"])
    def test_cut_off_anywhere(self, store, kind):
        store.save(KEY, outcome())
        path = next(p for p in store.folder.iterdir() if p.suffix == kind)
        image = path.read_bytes()
        for n in np.linspace(0, len(image) - 1, 20).astype(int):
            path.write_bytes(image[:n])
            assert store.load(KEY) is None, n
        store.save(KEY, outcome())
        assert_same(store.load(KEY), outcome())

    @pytest.mark.parametrize("kind", [".json", ".npz"])
    def test_a_changed_byte_anywhere(self, store, kind):
        store.save(KEY, outcome())
        path = next(p for p in store.folder.iterdir() if p.suffix == kind)
        image = path.read_bytes()
        for n in np.linspace(0, len(image) - 1, 40).astype(int):
            damaged = bytearray(image)
            damaged[n] ^= 1
            path.write_bytes(damaged)
            # Space between JSON's values says nothing.
            if image[n : n + 1].isspace():
                continue
            assert store.load(KEY) is None, n

    def test_exhibits_that_are_lost(self, store, caplog):
        store.save(KEY, outcome())
        next(store.folder.glob("*.npz")).unlink()
        assert KEY not in store
        assert "counts as not there" in caplog.text

    @pytest.mark.parametrize(
        "text", ["", "null", "[]", "{}", '{"format": 1}', "\udcff", "[" * 10**5]
    )
    def test_a_file_that_is_something_else(self, store, text):
        store.folder.mkdir()
        (store.folder / f"{KEY}.json").write_bytes(text.encode(errors="surrogateescape"))
        assert store.load(KEY) is None
        store.sweep()

    @pytest.mark.parametrize("content", ["elsewhere", "bomb"])
    def test_exhibits_of_a_stranger(self, store, monkeypatch, content):
        monkeypatch.setattr(store_module, "_LARGEST", 2**20)
        store.save(KEY, outcome())
        path, image = store.folder / f"{KEY}.json", io.BytesIO()
        np.savez_compressed(image, zeros=np.zeros(10**6))
        name = "../there.npz" if content == "elsewhere" else "bomb.npz"
        (store.folder / name).write_bytes(image.getvalue())
        if content == "elsewhere":
            monkeypatch.setattr(store_module, "_LARGEST", 2**30)
        said = json.loads(path.read_text())
        digest = hashlib.blake2b(image.getvalue(), digest_size=16).hexdigest()
        said["content"]["exhibits"] = {"file": name, "digest": digest}
        said["digest"] = store_module._digest(said["content"])
        path.write_text(json.dumps(said))
        assert store.load(KEY) is None

    def test_the_outcome_of_another_key(self, store):
        store.save("ab", outcome())
        (store.folder / "ab.json").rename(store.folder / f"{KEY}.json")
        assert store.load(KEY) is None

    def test_fields_of_another_version(self, store):
        store.save(KEY, outcome())
        path = store.folder / f"{KEY}.json"
        said = json.loads(path.read_text())
        del said["content"]["outcome"]["seed"]
        path.write_text(json.dumps(said))
        assert store.load(KEY) is None


class TestFaults:
    def test_a_full_disk_is_told_and_what_was_there_stays(self, store, monkeypatch):
        store.save(KEY, outcome(1))

        def full(handle):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match="No space left.*free some space"):
            store.save(KEY, outcome(2))
        assert_same(store.load(KEY), outcome(1))
        assert not list(store.folder.glob(".*"))

    def test_a_folder_that_is_a_file(self, store):
        store.folder.write_text("")
        with pytest.raises(StorageError, match="choose another folder"):
            store.save(KEY, outcome())

    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    @pytest.mark.parametrize("write", [1, 2])
    def test_killed_between_the_files(self, store, monkeypatch, write):
        """As by SIGKILL: what comes after does not happen, tidying up included."""
        store.save(KEY, outcome(1))
        pid = os.fork()
        if pid == 0:
            written = iter(range(1, 9))
            real = Path.replace

            def replace(self, target):
                if next(written) == write:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(self, target)

            Path.replace = replace
            store.save(KEY, outcome(2))
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == signal.SIGKILL
        assert_same(store.load(KEY), outcome(1))
        assert list(store.folder.glob(".*.part*"))
        store.save(KEY, outcome(2))
        assert_same(store.load(KEY), outcome(2))


class TestSweep:
    def age(self, path, hours):
        os.utime(path, (time.time() - 3600 * hours,) * 2)

    def test_leftovers_go_when_their_writer_cannot_live_any_more(self, store):
        store.save(KEY, outcome(1))
        store.save(KEY, outcome(2))
        old, new = store.folder / ".ab.json.1.part", store.folder / ".ab.json.2.part"
        for path in (old, new):
            path.write_bytes(b"half")
        for path in [*store.folder.glob("*.npz"), *store.folder.glob("*.json"), old]:
            self.age(path, 2)
        store.sweep()
        assert new.exists()
        assert not old.exists()
        assert len(list(store.folder.glob("*.npz"))) == 1
        assert_same(store.load(KEY), outcome(2))

    def test_exhibits_of_a_writer_at_work_stay(self, store):
        store.save(KEY, outcome())
        (store.folder / f"{KEY}.json").unlink()
        store.sweep()
        assert len(list(store.folder.glob("*.npz"))) == 1

    def test_a_folder_that_is_not_there(self, store):
        store.sweep()
        assert not store.folder.exists()


def write(folder, numbers):
    for number in numbers:
        Store(folder).save(KEY, outcome(number))


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_writers_of_the_same_key_do_not_harm_each_other(store):
    store.save(KEY, outcome(0))
    context = multiprocessing.get_context("fork")
    writers = [
        context.Process(target=write, args=(store.folder, range(k, 60, 3))) for k in range(3)
    ]
    for writer in writers:
        writer.start()
    read = 0
    while any(writer.is_alive() for writer in writers):
        found = store.load(KEY)
        assert_same(found, outcome(found.seed))
        store.sweep()
        read += 1
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert read > 3
    assert store.load(KEY).seed in {57, 58, 59}
