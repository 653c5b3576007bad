"""SpikeTrains.open: what stays in a file gives what is in memory gives, in less memory."""

import multiprocessing
import os
import pickle
import subprocess
import sys
from pathlib import Path

import h5py
import joblib
import numpy as np
import pytest
from brian2 import ms, second
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    cross_val_predict,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline

from bioplastic import SpikeTrains, _spike_files, _stored_spikes, engine
from bioplastic.algebra import evaluate, gram_matrix, van_rossum_distance
from bioplastic.encoding import SpikeAugmenter
from bioplastic.engine import chunks, presenting
from bioplastic.errors import DataError, DataNotFoundError, StorageError
from bioplastic.inspect import plot_raster
from bioplastic.models import InhibitorySTDP
from bioplastic.networks import (
    DiehlCook,
    EPropClassifier,
    EPropRegressor,
    LiquidStateMachine,
    RandomLiquid,
    RewardSTDPClassifier,
)
from bioplastic.networks._samples import digest
from bioplastic.readout import (
    AugmentedClassifier,
    FilteredState,
    FirstSpikeTime,
    SpikeCount,
    SpikeTimeClassifier,
    SpikeTimeRegressor,
    TimeBinnedCount,
)

N, N_UNITS = 23, 6
#: Of tests: two parts of spikes or more wherever something is cut into parts.
TIGHT = {"ROWS": 4, "_BLOCK": 60, "_HELD": 80}

LIQUID = {
    "n_neurons": 20, "liquid": RandomLiquid(w_input=60.0), "engine": "numpy",
    "random_state": 0,
}  # fmt: skip


@pytest.fixture(autouse=True)
def tight(monkeypatch):
    """Cut so finely that all edges are met."""
    for name, number in TIGHT.items():
        monkeypatch.setattr(_stored_spikes, name, number)
    monkeypatch.setattr(_spike_files, "ROWS", TIGHT["ROWS"])
    monkeypatch.setattr(presenting, "SPIKES", 100)
    monkeypatch.setattr(chunks, "MAX_NUMBERS", 120)


def words():
    """Samples of different lengths, one of them silent and one without duration."""
    rng = np.random.default_rng(3)
    duration = np.round(rng.uniform(0.04, 0.09, N), 3)
    counts = rng.poisson(25, N)
    counts[4] = counts[7] = 0
    duration[7] = 0
    times = [np.sort(rng.uniform(0, d, n)) for d, n in zip(duration, counts, strict=True)]
    return SpikeTrains(
        np.concatenate(times), rng.integers(N_UNITS, size=counts.sum()), np.cumsum([0, *counts]),
        n_units=N_UNITS, duration=duration,
    )  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "words.h5"


@pytest.fixture
def labels():
    return np.arange(N) % 2


@pytest.fixture
def groups():
    return np.arange(N) % 5


@pytest.fixture
def memory():
    return words()


@pytest.fixture
def disk(memory, labels, groups, path):
    memory.save(path, labels=labels, groups=groups)
    return SpikeTrains.open(path)


class TestView:
    def test_it_is_what_load_gives(self, disk, memory, path, labels, groups):
        assert isinstance(disk, SpikeTrains)
        assert not disk.in_memory
        assert memory.in_memory
        assert disk == memory == disk
        assert disk.shape == memory.shape
        np.testing.assert_array_equal(disk.times, memory.times)
        np.testing.assert_array_equal(disk.units, memory.units)
        assert (disk.times.dtype, disk.units.dtype) == (np.float64, np.int32)
        assert str(path) in repr(disk)
        bunch = SpikeTrains.open(path, return_bunch=True)
        np.testing.assert_array_equal(bunch.target, labels)
        np.testing.assert_array_equal(bunch.groups, groups)

    def test_another_one_is_not_equal(self, disk, memory):
        times = memory.times.copy()
        times[-1] -= 1e-9
        other = SpikeTrains(
            times, memory.units, memory.offsets, n_units=N_UNITS, duration=memory.duration
        )
        assert disk != other
        assert disk != memory[1:]
        assert disk != "words"

    @pytest.mark.parametrize(
        "index",
        [
            3, -1, slice(2, 20), slice(None, None, -1), [], [5, 5, 1, 22, 0], slice(0, 0),
            np.arange(N)[::3], np.arange(N) % 3 == 1, np.random.default_rng(0).permutation(N),
        ],
        ids=str,
    )  # fmt: skip
    def test_slices_and_index_arrays(self, disk, memory, index):
        chosen = disk[index]
        assert chosen == memory[index]
        assert chosen.to_memory() == memory[index]
        assert [one == two for one, two in zip(chosen, memory[index], strict=True)].count(
            True
        ) == len(chosen)
        assert chosen[::-1] == memory[index][::-1]

    def test_blocks_are_some_samples_in_memory(self, disk, memory):
        blocks = list(disk.blocks())
        assert len(blocks) > 3
        assert all(block.in_memory for block in blocks)
        assert max(block.offsets[-1] for block in blocks) <= TIGHT["_BLOCK"]
        assert SpikeTrains.concatenate(blocks) == memory
        assert list(memory.blocks()) == [memory]
        assert len(list(disk[:0].blocks())) == 1

    def test_counts_and_bins(self, disk, memory):
        np.testing.assert_array_equal(disk.counts(), memory.counts())
        np.testing.assert_array_equal(disk.binned(7 * ms), memory.binned(7 * ms))
        np.testing.assert_array_equal(disk[:0].counts(), memory[:0].counts())

    def test_parts_of_files_and_of_memory_are_joined(self, disk, memory, path):
        order = np.random.default_rng(1).permutation(2 * N)
        joined = SpikeTrains.concatenate([disk[::-1], memory])
        expected = SpikeTrains.concatenate([memory[::-1], memory])
        assert not joined.in_memory
        assert joined == expected
        assert joined[order] == expected[order]
        again = SpikeTrains.concatenate([joined[order], SpikeTrains.open(path)])
        assert again == SpikeTrains.concatenate([expected[order], memory])

    def test_few_spikes_are_read_once(self, disk, memory, path):
        few = disk[:2]
        assert few.times is few.times
        assert disk.times is not disk.times
        path.unlink()
        assert few == memory[:2]
        assert few[1] == memory[1]

    @pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
    def test_times_of_any_type(self, memory, path, kind):
        memory.save(path, times_dtype=kind)
        assert SpikeTrains.open(path) == SpikeTrains.load(path)

    def test_official_layout(self, path):
        rows = [[0.1, 0.25], [], [0.5004]]
        with h5py.File(path, "w") as file:
            for name, kind in (("times", np.float16), ("units", np.uint16)):
                ragged = file.create_dataset(f"spikes/{name}", (3,), dtype=h5py.vlen_dtype(kind))
                for k, row in enumerate(rows):
                    ragged[k] = np.array(row if name == "times" else range(len(row)), kind)
        opened = SpikeTrains.open(path)
        assert opened == SpikeTrains.load(path)
        assert opened.n_units == 2
        given = {"n_units": 700, "duration": 1.4 * second}
        assert SpikeTrains.open(path, **given) == SpikeTrains.load(path, **given)

    def test_nothing_at_all(self, memory, path):
        memory[:0].save(path)
        assert SpikeTrains.open(path) == memory[:0]

    def test_small_units_warn(self, path):
        spikes = SpikeTrains([10, 500], [0, 1], [0, 2], n_units=2, duration=700 * second)
        spikes.save(path)
        with pytest.warns(UserWarning, match="milliseconds"):
            SpikeTrains.open(path)


class TestEstimators:
    """Equal results, whatever is cut into what."""

    @pytest.mark.parametrize(
        "readout",
        [
            SpikeCount(), TimeBinnedCount(n_bins=3), TimeBinnedCount(n_bins=3, relative=True),
            FirstSpikeTime(), FilteredState(n_times=2),
        ],
        ids=str,
    )  # fmt: skip
    def test_readouts(self, disk, memory, readout, monkeypatch):
        monkeypatch.setattr("bioplastic.readout.states.transformer._BLOCK", 5)
        np.testing.assert_array_equal(readout.fit_transform(disk), readout.fit_transform(memory))

    def test_decoders(self, disk, memory, labels):
        fitted = [SpikeTimeClassifier(max_neurons=3).fit(X, labels) for X in (disk, memory)]
        np.testing.assert_array_equal(*[model.decision_function(disk) for model in fitted])
        target = [np.linspace(0, 1, round(d * 1000)) for d in memory[8:14].duration]
        for kernel, targets in (("exponential", (disk, memory)), ("two_sided", (target, target))):
            decoder = SpikeTimeRegressor(kernel=kernel, max_atoms=3, dt=1 * ms)
            weights = [
                decoder.fit(X[8:14], y[8:14] if isinstance(y, SpikeTrains) else y).weights_
                for X, y in zip((disk, memory), targets, strict=True)
            ]
            np.testing.assert_array_equal(*weights)

    def test_algebra(self, disk, memory):
        tau = 10 * ms
        np.testing.assert_allclose(gram_matrix(disk, tau=tau), gram_matrix(memory, tau=tau))
        for function in (
            lambda x: evaluate(x, [10, 30] * ms, tau=tau),
            lambda x: van_rossum_distance(x, memory[::-1], tau=tau),
        ):
            np.testing.assert_array_equal(function(disk), function(memory))

    def test_augmenter(self, disk, memory, labels, groups):
        augmenter = SpikeAugmenter(
            n_copies=2, channel_shift=1, jitter=2 * ms, deletion=0.1, random_state=0
        )
        found, expected = (augmenter.fit_resample(X, labels, groups) for X in (disk, memory))
        assert not found[0].in_memory
        assert found[0] == expected[0]
        np.testing.assert_array_equal(found[1], expected[1])
        np.testing.assert_array_equal(found[2], expected[2])
        model = AugmentedClassifier(make_pipeline(SpikeCount(), RidgeClassifier()), augmenter)
        np.testing.assert_array_equal(
            *[model.fit(X, labels).decision_function(disk) for X in (disk, memory)]
        )

    @pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
    def test_liquid(self, disk, memory, n_jobs):
        liquid = LiquidStateMachine(**LIQUID, n_jobs=n_jobs)
        found, expected = liquid.fit_transform(disk), liquid.fit_transform(memory)
        assert not found.in_memory
        assert expected.offsets[-1] > 100
        assert found == expected
        assert found[::-2] == expected[::-2]

    def test_liquid_that_learns(self, disk, memory):
        rule = InhibitorySTDP(eta=0.1, w_max=20.0)
        liquid = LiquidStateMachine(**LIQUID, plasticity={"inh_to_exc": rule})
        states = [liquid.fit(X).state_["inh_to_exc.w"] for X in (disk, memory)]
        np.testing.assert_array_equal(*states)

    def test_noise_of_a_sample_depends_on_its_place_alone(self, disk, memory):
        liquid = LiquidStateMachine(**LIQUID).fit(memory)
        shown = [liquid.presentation_of(X) for X in (disk, memory)]
        keys = np.arange(N)[::-1].astype(float)
        results = [
            engine.present(
                p.network,
                engine.SpikeStimulus(trains=X, order=np.arange(N)[::-1], keys=keys),
                seed=1, state=p.state, engine="numpy",
                record={"spikes": ["exc", "inh"], "exc.v": "end"},
            )
            for p, X in zip(shown, (disk, memory), strict=True)
        ]  # fmt: skip
        assert results[0].spikes == results[1].spikes
        np.testing.assert_array_equal(*[result.counts for result in results])
        np.testing.assert_array_equal(*[result.states["exc.v"].values for result in results])
        assert results[0].n_done == N

    def test_diehl_cook(self, disk, memory):
        model = DiehlCook(n_neurons=3, rest=5 * ms, dt=1 * ms, engine="numpy", random_state=0)
        weights = [model.fit(X[::2]).weights_ for X in (disk, memory)]
        np.testing.assert_array_equal(*weights)
        np.testing.assert_array_equal(model.transform(disk[:9]), model.transform(memory[:9]))

    def test_reward(self, disk, memory, labels):
        model = RewardSTDPClassifier(n_epochs=1, engine="numpy", random_state=0)
        weights = [model.fit(X, labels).weights_ for X in (disk, memory)]
        np.testing.assert_array_equal(*weights)

    @pytest.mark.parametrize("pool", [1, 2])
    def test_e_prop(self, disk, memory, labels, pool):
        model = EPropClassifier(
            4, 0, n_epochs=2, batch_size=4, dt=5 * ms, pool=pool, engine="numpy", random_state=0,
            validation_fraction=0.2, n_iter_no_change=5,
        )  # fmt: skip
        found = []
        for X in (disk, memory):
            model.fit(X, labels)
            assert model.history_["spikes"].min() > 0
            found.append([*model.weights_.values(), model.predict_proba(X)])
            found[-1].append(model.transform_spikes(X).times)
        for one, other in zip(*found, strict=True):
            np.testing.assert_array_equal(one, other)

    def test_e_prop_with_augmentation(self, disk, memory):
        augmenter = SpikeAugmenter(channel_shift=1, time_stretch=0.0)
        model = EPropRegressor(
            4, 0, n_epochs=1, dt=5 * ms, augmenter=augmenter, engine="numpy", random_state=0
        )
        target = np.linspace(0, 1, N)
        predicted = [model.fit(X, target).predict(memory) for X in (disk, memory)]
        np.testing.assert_array_equal(*predicted)

    def test_checkpoints_take_the_one_for_the_other(self, disk, memory):
        assert digest(disk) == digest(memory)
        assert digest(disk[::-1]) == digest(memory[::-1])
        assert digest(disk[::-1]) != digest(disk)

    def test_picture_of_one_sample(self, disk, memory):
        drawn = [plot_raster(X, sample=3) for X in (disk, memory)]
        paths = [np.concatenate([line.get_xydata() for line in axes.lines]) for axes in drawn]
        np.testing.assert_array_equal(*paths)


class TestScikitLearn:
    def test_splits(self, disk, memory, labels):
        found = train_test_split(disk, labels, random_state=0)
        expected = train_test_split(memory, labels, random_state=0)
        assert not found[0].in_memory
        assert found[:2] == expected[:2]

    def test_cross_validation(self, disk, memory, labels, groups):
        model = make_pipeline(SpikeCount(), RidgeClassifier())
        options = {"groups": groups, "cv": GroupKFold(3)}
        np.testing.assert_array_equal(
            *[cross_val_score(model, X, labels, **options) for X in (disk, memory)]
        )
        np.testing.assert_array_equal(
            *[cross_val_predict(model, X, labels, **options) for X in (disk, memory)]
        )

    def test_search_in_a_pipeline_with_a_liquid(self, disk, memory, labels, groups):
        liquid = LiquidStateMachine(**LIQUID)
        search = GridSearchCV(
            make_pipeline(liquid, TimeBinnedCount(), RidgeClassifier()),
            {"timebinnedcount__n_bins": [1, 3]},
            cv=GroupKFold(2),
            refit=False,
        )
        scores = [
            search.fit(X[:12], labels[:12], groups=groups[:12]).cv_results_["mean_test_score"]
            for X in (disk, memory)
        ]
        np.testing.assert_array_equal(*scores)

    @pytest.mark.slow
    def test_processes(self, disk, memory, labels):
        model = make_pipeline(SpikeCount(), RidgeClassifier())
        np.testing.assert_array_equal(
            cross_val_score(model, disk, labels, n_jobs=2), cross_val_score(model, memory, labels)
        )


class TestElsewhere:
    def test_pickle_holds_the_place(self, disk, memory):
        chosen = pickle.loads(pickle.dumps(disk[::-2]))
        assert not chosen.in_memory
        assert chosen == memory[::-2]
        long = SpikeTrains.concatenate([memory] * 20)
        long.save(Path(str(disk._source)).with_name("long.h5"))
        opened = SpikeTrains.open(Path(str(disk._source)).with_name("long.h5"))
        assert len(pickle.dumps(opened)) < len(pickle.dumps(long)) / 4
        assert joblib.hash(disk) == joblib.hash(pickle.loads(pickle.dumps(disk)))

    def test_fork_has_its_own_handle(self, disk, memory):
        assert disk == memory
        context = multiprocessing.get_context("fork")
        receive, send = context.Pipe(duplex=False)
        child = context.Process(target=lambda: send.send(disk == memory))
        child.start()
        assert receive.poll(30)
        assert receive.recv()
        child.join()
        assert disk[::-1] == memory[::-1]

    def test_scratch_goes_with_the_last_that_needs_it(self, disk, memory):
        resampled, _ = SpikeAugmenter(n_copies=1, random_state=0).fit_resample(disk)
        folder = Path(str(resampled._source))
        part = resampled[3:20:2]
        expected = part.to_memory()
        sent = pickle.loads(pickle.dumps(part))
        del resampled
        assert sent == expected
        assert folder.exists()
        context = multiprocessing.get_context("fork")
        child = context.Process(target=part._source._remove)  # what a fork ends with
        child.start()
        child.join()
        assert folder.exists()
        del part
        assert not folder.exists()
        with pytest.raises(DataNotFoundError, match="not there any more"):
            sent.to_memory()


class TestErrors:
    def test_no_file(self, path):
        with pytest.raises(DataNotFoundError, match=r"SpikeTrains.open: there is no file"):
            SpikeTrains.open(path)

    def test_no_hdf5(self, path):
        path.write_bytes(b"words")
        with pytest.raises(DataError, match=r"SpikeTrains.open: cannot read .*no HDF5"):
            SpikeTrains.open(path)

    def test_another_layout(self, path):
        with h5py.File(path, "w") as file:
            file["spikes/times"] = np.zeros(3)
        with pytest.raises(DataError, match=r"SpikeTrains.open: .*no spikes/times with one ragged"):
            SpikeTrains.open(path)

    @pytest.mark.parametrize("n", [N - 1, N])
    def test_rows_that_do_not_agree(self, memory, path, n):
        memory.save(path)
        with h5py.File(path, "r+") as file:
            del file["spikes/units"]
            units = file.create_dataset("spikes/units", (n,), dtype=h5py.vlen_dtype(np.uint16))
            for k in range(n):
                units[k] = np.zeros(len(memory[k].times) + (k == 9), np.uint16)
        with pytest.raises(DataError, match="row 9" if n == N else "as many rows"):
            SpikeTrains.open(path)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"n_units": 3}, "SpikeTrains.units: must lie in 0..2"),
            ({"n_units": 0}, "n_units: must be a whole number of at least 1"),
            ({"duration": 0.05}, r"from sample \d+ on: SpikeTrains.times: must lie in the sample"),
            ({"duration": [1.0, 2.0]}, "one for each of the 23 samples"),
        ],
    )
    def test_events_that_do_not_fit(self, disk, path, options, message):
        with pytest.raises(DataError, match=message):
            SpikeTrains.open(path, **options)

    def test_file_that_changes(self, disk, memory, path):
        memory[::-1].save(path)
        with pytest.raises(DataError, match="has changed since it was opened; open it again"):
            disk.to_memory()

    def test_file_that_vanishes(self, disk, path):
        path.unlink()
        with pytest.raises(DataNotFoundError, match="is not there any more"):
            SpikeCount().fit_transform(disk)
        with pytest.raises(DataNotFoundError, match="is not there any more"):
            pickle.loads(pickle.dumps(disk)).to_memory()

    def test_numbers_are_refused_as_always(self, disk):
        with pytest.raises(DataError, match="is no array of numbers"):
            np.asarray(disk)

    def test_full_disk(self, disk, monkeypatch):
        monkeypatch.setattr("tempfile.tempdir", "/dev/shm")  # has an end, unlike the disk
        scratch = _stored_spikes.Scratch(N_UNITS)
        os.chmod(scratch._folder, 0o500)
        (scratch._folder / "times").symlink_to("/dev/full")
        with pytest.raises(StorageError, match="TMPDIR"):
            scratch.append(disk.to_memory())


#: A process in which the samples have no room, the answers have.
LIMITED = """
import resource, sys
import numpy as np
from bioplastic import SpikeTrains, _stored_spikes
from bioplastic.encoding import SpikeAugmenter
from bioplastic.readout import TimeBinnedCount
path, room = sys.argv[1], int(sys.argv[2])
small = SpikeTrains([0.1], [0], [0, 1], n_units=700, duration=1.0)
SpikeAugmenter(n_copies=1).fit_resample(small)
TimeBinnedCount(n_bins=2).fit_transform(small)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + room, resource.RLIM_INFINITY))
try:
    SpikeTrains.load(path)
except MemoryError:
    print("no room")
words = SpikeTrains.open(path)
counts = words.counts()
bins = TimeBinnedCount(n_bins=2).fit_transform(words)
copies, _ = SpikeAugmenter(n_copies=1, channel_shift=0.0, time_stretch=0.0).fit_resample(words)
print(int(counts.sum()), int(bins.sum()), copies.offsets[-1], copies[len(words):] == words)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone limits addresses")
def test_memory_does_not_grow_with_the_file(path):
    rng = np.random.default_rng(0)
    n, each = 1500, 8000
    with h5py.File(path, "w") as file:
        file["extra/n_units"], file["extra/duration"] = 700, np.ones(n)
        for name, kind in (("times", np.float16), ("units", np.uint16)):
            rows = file.create_dataset(f"spikes/{name}", (n,), dtype=h5py.vlen_dtype(kind))
            numbers = np.sort(rng.random(each)) if name == "times" else rng.integers(700, size=each)
            for k in range(n):
                rows[k] = numbers.astype(kind)
    in_memory = 12 * n * each
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, path, str(2 * in_memory // 3)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["no", "room", *[str(n * each)] * 2, str(2 * n * each), "True"], (
        done.stderr
    )
