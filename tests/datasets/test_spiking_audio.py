"""load_hd, load_shd and load_ssc on small files of the official layout."""

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bioplastic import SpikeTrains
from bioplastic.datasets import load_hd, load_shd, load_ssc, spiking_audio
from bioplastic.errors import DataError, DataNotFoundError, ParameterError, StorageError


@pytest.fixture(autouse=True)
def no_data(monkeypatch, tmp_cache):
    """Start without BIOPLASTIC_DATA and with an empty cache."""
    monkeypatch.delenv("BIOPLASTIC_DATA", raising=False)


@pytest.fixture
def folder(tmp_path, heidelberg):
    """Return a folder with small files of the names of SHD and SSC."""
    names = ("shd_train", "shd_test", "ssc_train", "ssc_valid", "ssc_test")
    for seed, name in enumerate(names):
        heidelberg(seed, n=4 + seed).write(tmp_path / "files" / f"{name}.h5")
    return tmp_path / "files"


def published(monkeypatch, path):
    """Let the checksum of this zip file be the published one."""
    md5 = hashlib.md5(path.read_bytes()).hexdigest()
    subset = path.name.removeprefix("shd_").split(".")[0]
    file = replace(spiking_audio._SHD[subset], md5_zip=md5)
    monkeypatch.setitem(spiking_audio._SHD, subset, file)
    return md5


def zipped(path):
    archive = path.with_name(f"{path.name}.zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.write(path, path.name)
    path.unlink()
    return archive


def holds(loaded, *written):
    """Whether the Bunch holds exactly what was written."""
    times = [row for one in written for row in one.times]
    assert loaded.data.shape == (len(times), 700)
    for k, row in enumerate(times):
        sample = loaded.data[k]
        np.testing.assert_array_equal(sample.times, row.astype(np.float64))
        assert sample.duration[0] == pytest.approx(np.ceil(row.max() * 1000.0) / 1000, abs=1e-3)
    units = np.concatenate([row for one in written for row in one.units])
    np.testing.assert_array_equal(loaded.data.units, units)
    np.testing.assert_array_equal(loaded.target, np.concatenate([one.labels for one in written]))
    np.testing.assert_array_equal(loaded.groups, np.concatenate([one.speaker for one in written]))
    assert loaded.target.dtype == np.int64
    return True


class TestHd:
    def test_bunch(self, tmp_path, heidelberg):
        written = heidelberg()
        loaded = load_hd(written.write(tmp_path / "words.h5"))
        assert holds(loaded, written)
        assert loaded.feature_names[699] == "channel_699"
        assert loaded.target_names == list(heidelberg.words)
        assert "not one of the official files" in loaded.DESCR
        assert "10.1109/TNNLS.2020.3044364" in loaded.DESCR

    def test_known_names_where_the_file_has_none(self, tmp_path, heidelberg):
        path = heidelberg().write(tmp_path / "words.h5", without=("extra/keys",))
        assert load_hd(path).target_names == list(heidelberg.words)

    def test_a_file_of_another_ear(self, tmp_path):
        spikes = SpikeTrains([0.1, 0.25], [3, 63], [0, 1, 2], n_units=64, duration=[0.5, 0.6])
        spikes.save(tmp_path / "ear.h5", labels=[0, 19], groups=["a", "b"])
        loaded = load_hd(tmp_path / "ear.h5")
        assert loaded.data == spikes
        assert loaded.target.tolist() == [0, 19]
        assert loaded.groups.tolist() == ["a", "b"]
        assert len(loaded.feature_names) == 64

    @pytest.mark.parametrize("subfolder", ["", "hd"])
    @pytest.mark.parametrize("name", ["any.h5", "any.hdf5"])
    def test_a_folder_with_one_file(self, subfolder, name, tmp_path, heidelberg):
        written = heidelberg()
        written.write(tmp_path / "data" / subfolder / name)
        (tmp_path / "data" / "README.md").write_text("not data")
        assert holds(load_hd(str(tmp_path / "data")), written)

    def test_a_folder_with_two_files(self, tmp_path, heidelberg):
        for name in ("one.h5", "two.h5"):
            heidelberg().write(tmp_path / name)
        with pytest.raises(DataError, match=r"must hold exactly one .*one\.h5, two\.h5; name one"):
            load_hd(tmp_path)
        assert len(load_hd(tmp_path / "two.h5").data) == 6

    def test_environment_variable_before_cache(self, tmp_path, tmp_cache, heidelberg, monkeypatch):
        here, there = heidelberg(1), heidelberg(2)
        there.write(tmp_cache / "hd" / "words.h5")
        assert holds(load_hd(), there)
        here.write(tmp_path / "data" / "hd" / "words.h5")
        # what lies beside the folder `hd` is another data set
        heidelberg(3).write(tmp_path / "data" / "shd_train.h5")
        monkeypatch.setenv("BIOPLASTIC_DATA", str(tmp_path / "data"))
        assert holds(load_hd(), here)

    def test_nowhere(self, tmp_path, tmp_cache, monkeypatch):
        with pytest.raises(DataNotFoundError, match=r"not set\).*Nothing is downloaded") as caught:
            load_hd()
        assert str(tmp_cache / "hd") in str(caught.value)
        monkeypatch.setenv("BIOPLASTIC_DATA", str(tmp_path / "empty"))
        with pytest.raises(DataNotFoundError, match=str(tmp_path / "empty" / "hd")):
            load_hd()
        with pytest.raises(DataNotFoundError, match=r"an HDF5 file .*not in .*zenkelab"):
            load_hd(tmp_path / "nowhere.h5")

    @pytest.mark.parametrize("key", ["labels", "extra/speaker", "spikes/times", "spikes/units"])
    def test_missing_keys(self, key, tmp_path, heidelberg):
        path = heidelberg().write(tmp_path / "words.h5", without=(key,))
        with pytest.raises(DataError, match=key) as caught:
            load_hd(path)
        assert str(path) in str(caught.value)

    @pytest.mark.parametrize("part", [0.0, 0.02, 0.5, 0.95])
    def test_truncated(self, part, tmp_path, heidelberg):
        path = heidelberg(n=200).write(tmp_path / "words.h5")
        content = path.read_bytes()
        path.write_bytes(content[: int(part * len(content))])
        with pytest.raises(DataError, match="truncated") as caught:
            load_hd(path)
        assert str(path) in str(caught.value)

    @pytest.mark.parametrize(
        ("labels", "message"),
        [
            ([0, 1, 20, 3, 4, 5], "from 0 to 19, sample 2 has 20"),
            ([0, 1, 2, 3, -1, 5], "from 0 to 19, sample 4 has -1"),
            ([0.5, 1, 2, 3, 4, 5], "from 0 to 19, sample 0 has 0.5"),
        ],
    )
    def test_wrong_classes(self, labels, message, tmp_path, heidelberg):
        written = heidelberg()
        written.labels = np.array(labels)
        with pytest.raises(DataError, match=f"words.h5: labels must be whole numbers {message}"):
            load_hd(written.write(tmp_path / "words.h5"))

    def test_wrong_lengths_and_units(self, tmp_path, heidelberg):
        written = heidelberg()
        written.speaker = written.speaker[:5]
        with pytest.raises(DataError, match="extra/speaker must be a list of 6 values"):
            load_hd(written.write(tmp_path / "words.h5"))
        written = heidelberg()
        written.units[3][0] = 700
        with pytest.raises(DataError, match=r"units.*0\.\.699"):
            load_hd(written.write(tmp_path / "words.h5"))


class TestShd:
    @pytest.mark.parametrize("subset", ["train", "test"])
    def test_subset(self, subset, folder, heidelberg):
        loaded = load_shd(folder, subset)
        assert holds(loaded, heidelberg(0, n=4) if subset == "train" else heidelberg(1, n=5))
        assert set(loaded.subset) == {subset}
        assert loaded.target_names == list(heidelberg.words)
        assert len(loaded.feature_names) == 700
        assert "8156" in loaded.DESCR
        assert load_shd(folder / f"shd_{subset}.h5", subset).data == loaded.data

    def test_training_first(self, folder, heidelberg):
        loaded = load_shd(folder, "all")
        assert holds(loaded, heidelberg(0, n=4), heidelberg(1, n=5))
        assert loaded.subset.tolist() == ["train"] * 4 + ["test"] * 5

    def test_places(self, tmp_path, tmp_cache, heidelberg, monkeypatch):
        first, second = heidelberg(1), heidelberg(2)
        second.write(tmp_cache / "shd" / "shd_train.h5")
        assert holds(load_shd(), second)
        first.write(tmp_path / "data" / "shd" / "shd_train.h5")
        monkeypatch.setenv("BIOPLASTIC_DATA", str(tmp_path / "data"))
        assert holds(load_shd(), first)
        assert holds(load_shd(tmp_path / "data"), first)
        # what a user names is never overridden
        with pytest.raises(DataNotFoundError, match="shd_train.h5 or shd_train.h5.zip is not in"):
            load_shd(tmp_path / "data" / "nowhere")

    def test_absent(self, tmp_path, tmp_cache, monkeypatch):
        monkeypatch.setenv("BIOPLASTIC_DATA", str(tmp_path / "data"))
        with pytest.raises(DataNotFoundError) as caught:
            load_shd(subset="test")
        for part in (
            "load_shd: shd_test.h5 or shd_test.h5.zip",
            str(tmp_path / "data" / "shd"),
            str(tmp_cache / "shd"),
            "https://zenkelab.org/resources/spiking-heidelberg-datasets-shd/",
            "load_shd(path)",
            "Nothing is downloaded",
        ):
            assert part in str(caught.value)

    def test_all_is_found_before_any_is_read(self, folder):
        (folder / "shd_train.h5").write_bytes(b"damaged")
        (folder / "shd_test.h5").unlink()
        with pytest.raises(DataNotFoundError, match="shd_test.h5"):
            load_shd(folder, "all")

    @pytest.mark.parametrize("subset", ["valid", "", None, 0])
    def test_unknown_subset(self, subset, folder):
        with pytest.raises(ParameterError, match=r"load_shd\.subset: .*'train', 'test' or 'all'"):
            load_shd(folder, subset)

    def test_one_file_is_not_all(self, folder):
        with pytest.raises(ParameterError, match=r"where path is one file, got 'all'"):
            load_shd(folder / "shd_train.h5", "all")


class TestZip:
    def test_unzipped_once_to_the_cache(self, folder, heidelberg, tmp_cache, monkeypatch):
        archive = zipped(folder / "shd_train.h5")
        md5 = published(monkeypatch, archive)
        assert holds(load_shd(folder), heidelberg(0, n=4))
        (unzipped,) = (tmp_cache / "shd").iterdir()
        assert unzipped.name == f"shd_train-{md5[:12]}.h5"
        stamp = unzipped.stat().st_mtime_ns
        assert holds(load_shd(archive), heidelberg(0, n=4))
        assert unzipped.stat().st_mtime_ns == stamp
        assert [p.name for p in folder.glob("shd_train*")] == ["shd_train.h5.zip"]

    def test_the_plain_file_before_the_zipped_one(self, folder, tmp_cache):
        (folder / "shd_train.h5.zip").write_bytes(b"never read")
        assert len(load_shd(folder).data) == 4
        assert not (tmp_cache / "shd").exists()

    def test_one_that_is_encrypted_or_unpacks_to_far_more(self, folder, tmp_cache):
        archive = zipped(folder / "shd_train.h5")
        content = bytearray(archive.read_bytes())
        for header in (b"PK\3\4", b"PK\1\2"):  # where flags say that it is encrypted
            place = content.rfind(header)
            content[place + (6 if header == b"PK\3\4" else 8)] |= 1
        archive.write_bytes(content)
        with pytest.raises(DataError, match="is no complete zip file: .*encrypted"):
            load_shd(folder, verify=False)
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("shd_train.h5", bytes(10**7))
        with pytest.raises(DataError, match="would unpack to 10,000,000 bytes"):
            load_shd(folder, verify=False)
        assert not list(tmp_cache.rglob("*.h5"))

    def test_another_checksum(self, folder, tmp_cache, heidelberg):
        archive = zipped(folder / "shd_train.h5")
        with pytest.raises(
            DataError, match=r"expected md5 f3252aeb598ac776c1b526422d90eecb, found"
        ):
            load_shd(folder)
        assert not (tmp_cache / "shd").exists()
        assert holds(load_shd(folder, verify=False), heidelberg(0, n=4))
        with pytest.raises(DataError, match="verify=False"):
            load_shd(archive)  # what was unzipped unverified does not pass for verified

    def test_damaged(self, folder, tmp_cache, monkeypatch):
        archive = zipped(folder / "shd_train.h5")
        content = archive.read_bytes()
        for damaged in (
            content[: len(content) // 2],
            b"",
            content[:60] + b"x" * 50 + content[110:],
        ):
            archive.write_bytes(damaged)
            published(monkeypatch, archive)
            with pytest.raises(DataError, match="is no complete zip file: .*Download it again"):
                load_shd(folder)
        assert not list((tmp_cache).glob("shd/*"))

    def test_another_content(self, folder, monkeypatch):
        archive = zipped(folder / "shd_train.h5")
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("another.h5", b"")
        published(monkeypatch, archive)
        with pytest.raises(DataError, match=r"must hold shd_train.h5, holds another\.h5"):
            load_shd(folder)

    def test_a_cache_that_cannot_be_written(self, folder, tmp_path, monkeypatch):
        published(monkeypatch, zipped(folder / "shd_train.h5"))
        (tmp_path / "file").write_text("not a folder")
        monkeypatch.setenv("BIOPLASTIC_CACHE", str(tmp_path / "file"))
        with pytest.raises(StorageError, match="cannot be unzipped to .*BIOPLASTIC_CACHE"):
            load_shd(folder)

    def test_published_checksums_are_whole(self):
        files = [*spiking_audio._SHD.values(), *spiking_audio._SSC.values()]
        assert len({file.md5_zip for file in files}) == 5
        assert all(len(file.md5_zip) == 32 for file in files)


class TestSsc:
    @pytest.mark.parametrize(("subset", "seed"), [("train", 2), ("valid", 3), ("test", 4)])
    def test_subset(self, subset, seed, folder, heidelberg):
        loaded = load_ssc(folder, subset)
        assert holds(loaded, heidelberg(seed, n=4 + seed))
        assert set(loaded.subset) == {subset}
        assert "75466" in loaded.DESCR

    def test_all_in_order(self, folder):
        loaded = load_ssc(folder, "all")
        assert loaded.subset.tolist() == ["train"] * 6 + ["valid"] * 7 + ["test"] * 8

    def test_names_of_words_are_needed(self, tmp_path, heidelberg):
        heidelberg().write(tmp_path / "ssc_train.h5", without=("extra/keys",))
        with pytest.raises(DataError, match="lacks extra/keys"):
            load_ssc(tmp_path)

    def test_absent(self, tmp_path):
        with pytest.raises(DataNotFoundError, match="ssc_valid.h5 or ssc_valid.h5.zip"):
            load_ssc(tmp_path, "valid")


@pytest.mark.real_data
class TestReal:
    def test_heidelberg_digits(self, real_data: Path, monkeypatch):
        monkeypatch.setenv("BIOPLASTIC_DATA", str(real_data))
        loaded = load_hd()
        assert loaded.data.shape == (3329, 700)
        assert np.bincount(loaded.target).tolist() == [167] * 9 + [166] * 11
        # the ten speakers of SHD's training set
        assert np.unique(loaded.groups).tolist() == [0, 1, 2, 3, 6, 7, 8, 9, 10, 11]
        assert loaded.target_names[12] == "zwei"
        assert 0.5 < loaded.data.duration.mean() < 1.0
        assert 5000 < np.diff(loaded.data.offsets).mean() < 6500
