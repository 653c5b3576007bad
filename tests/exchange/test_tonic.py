"""Data sets of tonic, and data sets for tonic and PyTorch."""

import importlib.metadata
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from brian2 import ms

from bioplastic import SpikeTrains
from bioplastic.errors import DataError, ParameterError
from bioplastic.exchange import _event_dataset

GESTURE = np.dtype([("x", np.int16), ("y", np.int16), ("p", bool), ("t", np.int64)])
CHANNELS = np.dtype([("t", int), ("x", int), ("p", int)])


@pytest.fixture(scope="module")
def tonic():
    return pytest.importorskip("tonic", reason="tonic is not installed")


def gestures(n=5, seed=0):
    """Events of a small camera, in the fields of tonic's DVSGesture."""
    rng = np.random.default_rng(seed)
    samples = []
    for k in range(n):
        events = np.zeros(0 if k == 2 else 30, GESTURE)
        for name, stop in (("x", 4), ("y", 3), ("p", 2), ("t", 10**6)):
            events[name] = rng.integers(0, stop, len(events))
        samples.append((events, k % 3))
    return samples


class TestFromTonic:
    def test_an_event_of_a_camera_is_a_spike_of_its_unit(self):
        samples = gestures()
        spikes = SpikeTrains.from_tonic(samples, sensor_size=(4, 3, 2))
        assert spikes.shape == (5, 24)
        for sample, (events, _) in zip(spikes, samples, strict=True):
            events = events[events["t"].argsort(kind="stable")]
            assert sample.times.tolist() == (events["t"] / 1e6).tolist()
            unit = events["x"] + 4 * (events["y"] + 3 * events["p"].astype(int))
            assert sample.units.tolist() == unit.tolist()
            last = events["t"].max(initial=0)
            assert sample.duration[0] == pytest.approx(np.ceil(last / 1e3) / 1e3)

    def test_a_sensor_of_too_many_pixels_is_refused(self):
        with pytest.raises(DataError, match=rf"must be below 2\*\*31, got {2**70}"):
            SpikeTrains.from_tonic(gestures(), sensor_size=(2**20, 2**20, 2**30))

    @pytest.mark.parametrize("p", [0, 1, True, 255])
    def test_one_polarity_means_nothing(self, p):
        events = np.array([(2000, 3, p), (1000, 699, p)], CHANNELS)
        spikes = SpikeTrains.from_tonic([events], sensor_size=(700, 1, 1), duration=5 * ms)
        assert spikes.times.tolist() == [0.001, 0.002]
        assert spikes.units.tolist() == [699, 3]
        assert spikes.duration.tolist() == [0.005]

    @pytest.mark.parametrize("t", [np.uint64, np.int32, np.float64, np.float32])
    def test_times_of_any_type(self, t):
        events = np.array([(1500, 1), (100_000, 0)], [("t", t), ("x", np.uint16)])
        spikes = SpikeTrains.from_tonic([events], sensor_size=(2, 1, 1))
        assert spikes.times.tolist() == [0.0015, 0.1]

    def test_what_belongs_to_the_spikes(self):
        class Gestures(list):
            sensor_size, users, classes = (4, 3, 2), [7, 7, 8, 9, 9], [b"clap", b"wave", b"roll"]

        read = SpikeTrains.from_tonic(Gestures(gestures()), return_bunch=True)
        assert read.target.tolist() == [0, 1, 2, 0, 1]
        assert read.groups.tolist() == [7, 7, 8, 9, 9]
        assert read.target_names == ["clap", "wave", "roll"]
        assert read.data == SpikeTrains.from_tonic(gestures(), sensor_size=(4, 3, 2))
        plain = SpikeTrains.from_tonic(
            [events for events, _ in gestures()], sensor_size=(4, 3, 2), return_bunch=True
        )
        assert plain.data == read.data
        assert plain.target is plain.groups is plain.target_names is None

    @pytest.mark.parametrize(
        ("field", "value", "message"),
        [
            ("x", 4, r"x must lie in 0\.\.3, item 1, event 6 has 4; give the sensor_size"),
            ("y", -1, r"y must lie in 0\.\.2, item 1, event 6 has -1"),
            ("t", -5, r"from 0 on, item 1, event 6 has -5 \(int64\)"),
            # What an infinite float becomes, on processors of one kind and of the other.
            ("t", np.iinfo(np.int64).min, "item 1, event 6 has -9.* overflowed .*tonic>=1.7"),
            ("t", np.iinfo(np.int64).max, "item 1, event 6 has 9.* empty its caches"),
        ],
    )
    def test_an_event_that_does_not_fit_is_named(self, field, value, message):
        samples = gestures()
        samples[1][0][field][6] = value
        with pytest.raises(DataError, match=f"^SpikeTrains.from_tonic: .*{message}"):
            SpikeTrains.from_tonic(samples, sensor_size=(4, 3, 2))

    def test_times_of_16_bits_are_refused(self):
        """As tonic before 1.7 made them under NumPy 2: a float16 times a million."""
        events = np.zeros(3, [("t", np.float16), ("x", int)])
        with np.errstate(over="ignore"):
            events["t"] = np.array([0.03, 0.1, 0.9], np.float16) * 1e6
        with pytest.raises(DataError, match=r"item 0, event 0 has inf \(float16\)"):
            SpikeTrains.from_tonic([events], sensor_size=(1, 1, 1))
        events["t"] = 30_000  # known to 16 microseconds
        with pytest.raises(DataError, match="Times of 16 bits"):
            SpikeTrains.from_tonic([events], sensor_size=(1, 1, 1))
        wide = np.array([(np.nan, 0)], [("t", float), ("x", int)])
        with pytest.raises(DataError, match="item 0, event 0 has nan"):
            SpikeTrains.from_tonic([wide], sensor_size=(1, 1, 1))

    @pytest.mark.parametrize(
        ("dataset", "message"),
        [
            ([(np.zeros((3, 1, 700)), 0)], "item 0 must be a structured array .* got ndarray"),
            ([(np.zeros(3, [("t", int), ("y", int)]), 0)], "got fields t, y; leave out transforms"),
            ([(None, 0)], "got NoneType"),
        ],
    )
    def test_what_is_no_table_of_events_is_refused(self, dataset, message):
        with pytest.raises(DataError, match=f"SpikeTrains.from_tonic: {message}|{message}"):
            SpikeTrains.from_tonic(dataset, sensor_size=(700, 1, 1))

    @pytest.mark.parametrize("size", [(700,), (700, 1, 0), (700, 1.5, 1), "abc", 700])
    def test_another_sensor_size_is_refused(self, size, spikes):
        for call in (
            lambda: SpikeTrains.from_tonic(gestures(), sensor_size=size),
            lambda: spikes.to_tonic(sensor_size=size),
        ):
            with pytest.raises(ParameterError, match="sensor_size must be three whole numbers"):
                call()

    def test_a_sensor_size_must_come_from_somewhere(self):
        with pytest.raises(ParameterError, match=r"sensor_size must be given .*\(34, 34, 2\)"):
            SpikeTrains.from_tonic(gestures())


class TestToTonic:
    def test_there_and_back(self, spikes):
        """Times of whole microseconds come back bit for bit, and so does all else."""
        groups, names = ["a", "b", "a", "c"], ["no", "yes"]
        dataset = spikes.to_tonic([1, 0, 1, 1], groups=groups, label_names=names)
        assert dataset.sensor_size == (7, 1, 1)
        assert dataset.ordering == dataset.dtype.names == ("t", "x", "p")
        assert [dataset[k][1] for k in range(4)] == [1, 0, 1, 1]
        read = SpikeTrains.from_tonic(dataset, return_bunch=True)
        assert read.data == on_microseconds(spikes)
        assert read.target.tolist() == [1, 0, 1, 1]
        assert read.groups.tolist() == groups
        assert read.target_names == names
        again = SpikeTrains.from_tonic(read.data.to_tonic())
        assert again == read.data

    def test_of_a_camera(self):
        spikes = SpikeTrains.from_tonic(gestures(), sensor_size=(4, 3, 2))
        dataset = spikes.to_tonic(sensor_size=(4, 3, 2))
        assert dataset.ordering == ("x", "y", "t", "p")
        for (events, _), (expected, _) in zip(dataset, gestures(), strict=True):
            order = expected["t"].argsort(kind="stable")
            for name in "xypt":
                np.testing.assert_array_equal(events[name], expected[name][order])
        assert SpikeTrains.from_tonic(dataset) == spikes

    def test_times_are_rounded_and_never_past_the_end(self):
        times = [0.12345649, 0.1234565, 0.12345651]
        spikes = SpikeTrains(times, [0, 0, 1], [0, 3], n_units=2, duration=times[-1])
        events, target = spikes.to_tonic()[0]
        assert events["t"].tolist() == [123456, 123456, 123456]
        assert target == -1
        assert SpikeTrains.from_tonic(spikes.to_tonic()).duration.tolist() == [times[-1]]
        zero = SpikeTrains([0.0], [0], [0, 1], n_units=1, duration=0.0)
        assert SpikeTrains.from_tonic(zero.to_tonic()) == zero

    def test_an_index_as_of_a_list(self, spikes):
        dataset = spikes.to_tonic([5, 6, 7, 8])
        assert len(dataset) == 4
        assert dataset[-1][1] == dataset[np.int64(3)][1] == 8
        for index in (4, -5):
            with pytest.raises(IndexError, match="there are 4 samples, got the index"):
                dataset[index]
        with pytest.raises(TypeError):
            dataset[1.5]
        assert len(list(dataset)) == 4

    def test_what_is_done_to_a_sample(self, spikes):
        dataset = spikes.to_tonic(
            list("abcd"),
            transform=lambda events: events["x"],
            target_transform=str.upper,
            transforms=lambda events, target: (len(events), target * 2),
        )
        assert [dataset[k] for k in range(4)] == [(12, "AA"), (0, "BB"), (20, "CC"), (5, "DD")]

    def test_events_are_the_callers_to_write_into(self, spikes):
        dataset = spikes.to_tonic()
        dataset[0][0]["t"][:] = 0
        assert dataset[0][0]["t"].max() > 0
        assert pickle.loads(pickle.dumps(dataset))[0][0].tolist() == dataset[0][0].tolist()

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"labels": [1, 2]}, r"labels must be one for each of the 4 samples, got shape \(2,\)"),
            ({"groups": [[1], [2], [3], [4]]}, r"groups must be .* got shape \(4, 1\)"),
            ({"sensor_size": (7, 1, 2)}, r"as there are units, 7, got \(7, 1, 2\) with 14"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, given, message, spikes):
        with pytest.raises((DataError, ParameterError), match=f"SpikeTrains.to_tonic: .*{message}"):
            spikes.to_tonic(**given)


def on_microseconds(spikes):
    times = np.rint(spikes.times * 1e6) / 1e6
    return SpikeTrains(
        times, spikes.units, spikes.offsets, n_units=spikes.n_units, duration=spikes.duration
    )


class TestWithTonic:
    """What tonic does with our data set it does as with its own."""

    def test_frames_are_our_bins(self, tonic, spikes):
        frames = tonic.transforms.ToFrame(
            sensor_size=(7, 1, 1), time_window=10_000, start_time=0, include_incomplete=True
        )
        dataset = spikes.to_tonic(transform=frames)
        for k in (0, 2):
            found = dataset[k][0][:, 0]
            binned = spikes[k].binned(10 * ms)[0]
            np.testing.assert_array_equal(found, binned[: len(found)])
            assert not binned[len(found) :].any()

    def test_transforms_take_it(self, tonic, spikes):
        chain = tonic.transforms.Compose(
            [
                tonic.transforms.TimeJitter(std=100, clip_negative=True, sort_timestamps=True),
                tonic.transforms.DropEvent(p=0.2),
                tonic.transforms.CropTime(min=0, max=200_000),
            ]
        )
        dataset = spikes.to_tonic(transform=chain)
        found = SpikeTrains.from_tonic(dataset)
        assert found.shape == spikes.shape
        assert 0 < len(found.times) < len(spikes.times)
        assert found.times.max() <= 0.2

    def test_caches_give_the_same_spikes(self, tonic, spikes, tmp_path):
        dataset = spikes.to_tonic([3, 1, 2, 0])
        expected = SpikeTrains.from_tonic(dataset)
        disk = tonic.DiskCachedDataset(dataset, cache_path=str(tmp_path / "cache"))
        for cached in (disk, disk, tonic.MemoryCachedDataset(dataset)):
            read = SpikeTrains.from_tonic(cached, duration=spikes.duration, return_bunch=True)
            assert read.data == expected
            assert read.target.tolist() == [3, 1, 2, 0]
        assert len(list((tmp_path / "cache").glob("*.hdf5"))) == 4

    def test_slices_are_samples(self, tonic, spikes, tmp_path):
        slicer = tonic.slicers.SliceByTime(time_window=50_000, include_incomplete=True)
        sliced = tonic.SlicedDataset(
            spikes[[0, 2]].to_tonic([4, 5]), slicer=slicer, metadata_path=str(tmp_path)
        )
        read = SpikeTrains.from_tonic(sliced, duration=0.5, return_bunch=True)
        assert read.data.n_units == 7
        assert len(read.data.times) == 32
        assert set(read.target.tolist()) == {4, 5}

    def test_n_mnist(self, tonic, tmp_path, monkeypatch):
        """Files of the official layout; of the official ones there are 10,000 and more."""
        monkeypatch.setattr(tonic.datasets.NMNIST, "_check_exists", lambda self: True)
        rng, written = np.random.default_rng(0), []
        for digit in (0, 7):
            folder = tmp_path / "NMNIST" / "Train" / str(digit)
            folder.mkdir(parents=True)
            for k in range(2):
                x, y, p = (rng.integers(0, stop, 40) for stop in (34, 34, 2))
                t = np.sort(rng.integers(0, 300_000, 40))
                written.append((x, y, p, t, digit))
                columns = [x, y, p << 7 | t >> 16, t >> 8 & 255, t & 255]
                np.column_stack(columns).astype(np.uint8).tofile(folder / f"{k:05}.bin")
        dataset = tonic.datasets.NMNIST(str(tmp_path), train=True)
        read = SpikeTrains.from_tonic(dataset, return_bunch=True)
        assert read.data.shape == (4, 34 * 34 * 2)
        assert read.target.tolist() == [0, 0, 7, 7]
        assert read.target_names[7] == "7 - seven"
        for sample, (x, y, p, t, _) in zip(read.data, written, strict=True):
            assert sample.times.tolist() == (t / 1e6).tolist()
            assert sample.units.tolist() == (x + 34 * (y + 34 * p)).tolist()

    def test_dvs_gesture(self, tonic, tmp_path, monkeypatch):
        """Files of the official layout; of the official ones there are 100 and more."""
        monkeypatch.setattr(tonic.datasets.DVSGesture, "_check_exists", lambda self: True)
        rng, written = np.random.default_rng(0), {}
        for user in ("user02_fluorescent", "user11_led"):
            folder = tmp_path / "DVSGesture" / "ibmGestureTest" / user
            folder.mkdir(parents=True)
            for gesture in (0, 10):
                stops = (128, 128, 2, 6000)
                events = np.column_stack([rng.integers(0, stop, 50) for stop in stops])
                events = events[events[:, 3].argsort(kind="stable")].astype(float)
                np.save(folder / f"{gesture}.npy", events)
                written[int(user[4:6]), gesture] = events
        dataset = tonic.datasets.DVSGesture(str(tmp_path), train=False)
        read = SpikeTrains.from_tonic(dataset, return_bunch=True)
        assert read.data.shape == (4, 128 * 128 * 2)
        for sample, user, gesture in zip(read.data, read.groups, read.target, strict=True):
            x, y, p, t = written[int(str(user).removeprefix("user")[:2]), gesture].T
            np.testing.assert_allclose(sample.times, t / 1e3, rtol=1e-15)
            assert sample.units.tolist() == (x + 128 * (y + 128 * p)).tolist()

    def test_old_readers_are_refused(self, tonic, monkeypatch):
        dataset = tonic.datasets.SHD.__new__(tonic.datasets.SHD)
        monkeypatch.setattr(importlib.metadata, "version", lambda name: "1.6.0")
        with pytest.raises(ParameterError, match=r"tonic 1.6.0 reads .*install tonic>=1.7"):
            SpikeTrains.from_tonic(dataset)


def test_a_worker_needs_nothing_but_numpy():
    """Not even this library: PyTorch may live in an environment of its own."""
    source = Path(_event_dataset.__file__).read_text(encoding="utf-8")
    imported = re.findall(r"^(?:import|from) (\w+)", source, re.MULTILINE)
    assert set(imported) == {"collections", "dataclasses", "numpy", "operator", "typing"}


@pytest.mark.parametrize("workers", [0, 2])
def test_the_data_loader_of_torch(workers, spikes):
    data = pytest.importorskip("torch.utils.data", reason="torch is not installed")
    dataset = spikes.to_tonic([3, 1, 2, 0], transform=counted)
    loader = data.DataLoader(dataset, batch_size=3, num_workers=workers)
    batches = list(loader)
    assert [tuple(x.shape) for x, _ in batches] == [(3, 7), (1, 7)]
    assert np.concatenate([x for x, _ in batches]).tolist() == spikes.counts().tolist()
    assert np.concatenate([y for _, y in batches]).tolist() == [3, 1, 2, 0]


def counted(events):
    """Spike counts of seven units."""
    return np.bincount(events["x"], minlength=7)
