"""Spikes in HDF5 files in SHD's layout: both ways, whole or not at all, never silently wrong."""

import errno
import os
import resource
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bioplastic import SpikeTrains
from bioplastic.errors import DataError, DataNotFoundError, ParameterError, StorageError


@pytest.fixture
def spikes():
    """Three samples; the second one is silent, the last ends with a spike."""
    return SpikeTrains(
        [0.1, 0.2, 0.05, 0.3, 0.3], [0, 3, 1, 1, 1], [0, 2, 2, 5], n_units=5,
        duration=[0.2, 0.4, 0.3],
    )  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "spikes.h5"


def foreign(path, times, units, **datasets):
    """A file in SHD's layout that knows neither durations nor the number of units."""
    with h5py.File(path, "w") as file:
        for name, rows, dtype in [("times", times, np.float16), ("units", units, np.uint16)]:
            ragged = file.create_dataset(f"spikes/{name}", (len(rows),), h5py.vlen_dtype(dtype))
            for k, row in enumerate(rows):
                ragged[k] = np.array(row, dtype)
        for name, values in datasets.items():
            file[name.replace("__", "/")] = values
    return path


class TestRoundTrip:
    def test_everything_comes_back(self, spikes, path):
        spikes.save(path, labels=[1, 0, 1], groups=[7, 7, 9], label_names=["zero", "eins é"])
        assert SpikeTrains.load(path) == spikes
        bunch = SpikeTrains.load(str(path), return_bunch=True)
        assert bunch.data == spikes
        np.testing.assert_array_equal(bunch.target, [1, 0, 1])
        np.testing.assert_array_equal(bunch.groups, [7, 7, 9])
        assert list(bunch.target_names) == ["zero", "eins é"]

    def test_what_was_not_given_is_none(self, spikes, path):
        spikes.save(path)
        bunch = SpikeTrains.load(path, return_bunch=True)
        assert (bunch.target, bunch.groups, bunch.target_names) == (None, None, None)

    def test_words_as_labels_and_groups(self, spikes, path):
        spikes.save(path, labels=["two", "one", "two"], groups=["anna", "jörg", "anna"])
        bunch = SpikeTrains.load(path, return_bunch=True)
        assert list(bunch.target_names[bunch.target]) == ["two", "one", "two"]
        assert list(bunch.target_names) == ["one", "two"]
        assert list(bunch.groups) == ["anna", "jörg", "anna"]
        spikes.save(path, labels=["two", "one", "two"], label_names=["two", "one", "zero"])
        np.testing.assert_array_equal(SpikeTrains.load(path, return_bunch=True).target, [0, 1, 0])

    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        samples=st.lists(
            st.lists(st.tuples(st.floats(0, 2), st.integers(0, 99_999)), max_size=3), max_size=4
        ),
        dtype=st.sampled_from(["float64", "float32", "float16"]),
        wide=st.booleans(),
    )
    def test_rows_of_any_lengths(self, tmp_path, samples, dtype, wide):
        # Rows of equal lengths, of length one, and none at all are where HDF5 writers go wrong.
        samples = [sorted(sample) for sample in samples]
        n_units = 100_000 if wide else 3
        times = np.array([t for sample in samples for t, _ in sample])
        units = np.array([u % n_units for sample in samples for _, u in sample], dtype=int)
        offsets = np.concatenate([[0], np.cumsum([len(sample) for sample in samples])])
        # Each sample ends with its last spike: rounding up would put it outside.
        ends = [sample[-1][0] if sample else 0.0 for sample in samples]
        spikes = SpikeTrains(times, units, offsets, n_units=n_units, duration=ends)
        spikes.save(tmp_path / "any.h5", times_dtype=dtype)
        loaded = SpikeTrains.load(tmp_path / "any.h5")
        if dtype == "float64":
            assert loaded == spikes
        step = 2 * np.finfo(dtype).eps
        np.testing.assert_allclose(loaded.times, times, rtol=step, atol=np.finfo(dtype).tiny)
        np.testing.assert_array_equal(loaded.units, units)
        np.testing.assert_array_equal(loaded.offsets, offsets)
        np.testing.assert_array_equal(loaded.duration, ends)

    def test_the_layout_is_that_of_shd(self, spikes, path):
        spikes.save(path, labels=[1, 0, 1], groups=[7, 7, 9], label_names=["a", "b"])
        with h5py.File(path) as file:
            assert h5py.check_vlen_dtype(file["spikes/times"].dtype) == np.float64
            assert h5py.check_vlen_dtype(file["spikes/units"].dtype) == np.uint16
            np.testing.assert_array_equal(file["spikes/times"][2], [0.05, 0.3, 0.3])
            np.testing.assert_array_equal(file["spikes/units"][0], [0, 3])
            np.testing.assert_array_equal(file["labels"], [1, 0, 1])
            np.testing.assert_array_equal(file["extra/speaker"], [7, 7, 9])
            assert list(file["extra/keys"]) == [b"a", b"b"]
            np.testing.assert_array_equal(file["extra/duration"], [0.2, 0.4, 0.3])
            assert file["extra/n_units"][()] == 5

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"labels": [0, 1]}, "labels must be one for each of the 3 samples, got shape .2,."),
            ({"labels": [0, 1, 2], "label_names": ["a", "b"]}, "count into the 2 label_names"),
            ({"labels": [-1, 1, 0], "label_names": ["a", "b"]}, "got -1 to 1"),
            ({"labels": [0.0, 1.0, 0.0]}, "whole numbers or strings"),
            ({"labels": ["a", "b", "c"], "label_names": ["a", "b"]}, "must occur in label_names"),
            ({"groups": [0, 1]}, "groups must be one whole number or string for each of the 3"),
            ({"groups": [0.5, 1, 2]}, "groups must be one whole number or string"),
        ],
    )
    def test_labels_that_do_not_fit(self, spikes, path, given, message):
        with pytest.raises(DataError, match=message):
            spikes.save(path, **given)
        assert not path.exists()

    @pytest.mark.parametrize("dtype", ["int64", "float128", "nonsense"])
    def test_other_types_of_times(self, spikes, path, dtype):
        with pytest.raises(ParameterError, match="times_dtype must be float64"):
            spikes.save(path, times_dtype=dtype)


class TestForeignFiles:
    def test_units_and_durations_follow_from_the_spikes(self, path):
        foreign(path, [[0.25, 0.5005], [], [0.125]], [[3, 6], [], [0]])
        spikes = SpikeTrains.load(path)
        assert spikes.n_units == 7
        np.testing.assert_array_equal(spikes.times, np.float64(np.float16([0.25, 0.5005, 0.125])))
        np.testing.assert_array_equal(spikes.duration, [0.501, 0, 0.125])

    def test_or_are_told(self, path):
        foreign(path, [[0.25], [0.5]], [[3], [0]], labels=[1, 2], extra__keys=[b"a", b"b", b"c"])
        bunch = SpikeTrains.load(path, n_units=700, duration=1.4, return_bunch=True)
        assert bunch.data.shape == (2, 700)
        np.testing.assert_array_equal(bunch.data.duration, [1.4, 1.4])
        assert list(bunch.target_names[bunch.target]) == ["b", "c"]

    def test_told_wrongly(self, path):
        foreign(path, [[0.25], [0.5]], [[3], [0]])
        with pytest.raises(DataError, match=r"spikes.h5: SpikeTrains.times: .* event 1 has 0.5 s"):
            SpikeTrains.load(path, duration=0.3)
        with pytest.raises(DataError, match="event 0 has 3 .sample 0.; give a larger n_units"):
            SpikeTrains.load(path, n_units=2)

    @pytest.mark.parametrize(
        ("times", "units", "datasets", "message"),
        [
            ([[0.5, 0.25]], [[0, 0]], {}, "must be sorted .* event 1 has 0.25 s after 0.5 s"),
            ([[0.5, np.nan]], [[0, 0]], {"extra__duration": [1.0]}, "event 1 has nan s"),
            ([[0.5], [0.5, np.inf]], [[0], [0, 0]], {}, "event 2 has inf s .sample 1."),
            ([[0.5], [], [-np.inf]], [[0], [], [0]], {}, "event 1 has -inf s .sample 2."),
            ([[0.5], [np.nan]], [[0], [0]], {}, "must be finite, event 1 has nan s .sample 1."),
            ([[0.5], [-0.5]], [[0], [0]], {}, "event 1 has -0.5 s"),
            ([[0.5], [0.5, 0.75]], [[0], [0]], {}, "row 1 has not"),
            ([[0.5], [0.5]], [[0]], {}, "must have as many rows, got 2 and 1"),
            ([[0.5]], [[0]], {"labels": [1, 2]}, "labels must be a list of 1 values"),
            ([[0.5]], [[0]], {"extra__speaker": [[1]]}, "extra/speaker must be a list"),
            ([[0.5]], [[0]], {"extra__duration": [0.5, 1]}, "extra/duration must be a list of 1"),
            ([[]], [[]], {}, "n_units: must be a whole number of at least 1, got 0"),
        ],
    )
    def test_contents_that_do_not_fit(self, path, times, units, datasets, message):
        foreign(path, times, units, **datasets)
        with pytest.raises(DataError, match=message) as caught:
            SpikeTrains.load(path)
        assert "spikes.h5" in str(caught.value)

    @pytest.mark.parametrize(
        "content",
        [
            {},
            {"spikes": [1.0, 2.0]},
            {"spikes/times": np.zeros(3), "spikes/units": np.zeros(3, int)},
            {"spikes/times": [b"a"], "spikes/units": [b"b"]},
            {"spikes/times/deeper": [1.0]},
        ],
        ids=str,
    )
    def test_another_layout(self, path, content):
        with h5py.File(path, "w") as file:
            for name, values in content.items():
                file[name] = values
        with pytest.raises(DataError, match="spikes/times with one ragged row of seconds"):
            SpikeTrains.load(path)


class TestFaults:
    def test_no_file(self, path):
        with pytest.raises(DataNotFoundError, match="there is no file .*spikes.h5"):
            SpikeTrains.load(path)

    @pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
    def test_a_truncated_file(self, spikes, path, share):
        spikes.save(path)
        whole = path.read_bytes()
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(DataError, match="truncated or no HDF5 file"):
            SpikeTrains.load(path)

    def test_a_folder_and_a_text(self, tmp_path):
        (tmp_path / "notes.h5").write_text("spikes: 3\n" * 999)
        for path in (tmp_path, tmp_path / "notes.h5"):
            with pytest.raises(DataError, match="cannot read"):
                SpikeTrains.load(path)

    @staticmethod
    def fails(spikes, path):
        """Saving to `path` fails and leaves the old file, and nothing else, as it was."""
        before = path.read_bytes()
        with pytest.raises(StorageError, match="cannot write .* free some space") as caught:
            spikes.save(path)
        assert isinstance(caught.value, OSError)
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]

    def test_a_full_disk(self, spikes, path):
        path.write_bytes(b"old")
        many = SpikeTrains(np.zeros(50_000), np.zeros(50_000), [0, 50_000], n_units=1, duration=1)
        # As good as a full disk, and needs no disk of one's own: write() fails half-way.
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
        try:
            self.fails(many, path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    @pytest.mark.parametrize("call", ["fsync", "replace"])
    def test_no_space_at_the_last_moment(self, spikes, path, monkeypatch, call):
        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device")

        path.write_bytes(b"old")
        monkeypatch.setattr(*((os, "fsync") if call == "fsync" else (Path, "replace")), full)
        self.fails(spikes, path)

    def test_folders_are_made_or_refused(self, spikes, tmp_path):
        spikes.save(tmp_path / "a" / "b" / "spikes.h5")
        assert SpikeTrains.load(tmp_path / "a" / "b" / "spikes.h5") == spikes
        (tmp_path / "file").write_text("no folder")
        with pytest.raises(StorageError, match="cannot write"):
            spikes.save(tmp_path / "file" / "spikes.h5")


def test_a_million_events_load_fast(path):
    rng = np.random.default_rng(0)
    n_samples, each = 8_000, 125
    times = np.sort(rng.random((n_samples, each)), axis=1).ravel()
    units = rng.integers(700, size=times.size)
    offsets = np.arange(n_samples + 1) * each
    SpikeTrains(times, units, offsets, n_units=700, duration=1).save(path)
    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        loaded = SpikeTrains.load(path)
        seconds.append(time.perf_counter() - begun)
    assert len(loaded.times) == 1_000_000
    # 0.05 s on an idle core of 2024; row by row it takes more than 1 s.
    assert min(seconds) < 0.5


@pytest.mark.real_data
class TestHeidelbergDigits:
    def test_the_training_words(self, real_data):
        path = real_data / "hd" / "hd_train.h5"
        if not path.exists():
            pytest.skip(f"no {path}")
        bunch = SpikeTrains.load(path, n_units=700, return_bunch=True)
        assert bunch.data.shape == (3329, 700)
        assert len(bunch.data.times) == 18_891_362
        with h5py.File(path) as file:
            np.testing.assert_array_equal(bunch.data[1234].times, file["spikes/times"][1234])
            np.testing.assert_array_equal(bunch.data[1234].units, file["spikes/units"][1234])
        last = bunch.data.times[bunch.data.offsets[1:] - 1]
        assert (bunch.data.duration >= last).all()
        assert (bunch.data.duration - last < 0.001001).all()
        assert set(bunch.target) == set(range(20))
        assert len(bunch.target_names) == 20
        assert len(set(bunch.groups)) == 10
