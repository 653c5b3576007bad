"""SpikeTrains: ragged events that scikit-learn can split, and that refuse what does not fit."""

import copy
import io
import pickle
import warnings

import joblib
import numpy as np
import pytest
from brian2 import ms, mV, second
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    cross_val_predict,
    cross_val_score,
    train_test_split,
)
from sklearn.utils import indexable, resample, shuffle
from sklearn.utils.validation import check_consistent_length

from bioplastic import SpikeTrains
from bioplastic.encoding import SpikeAugmenter
from bioplastic.errors import BioplasticError, DataError, ParameterError

N_UNITS, DURATION = 4, 0.5


def from_samples(samples, *, n_units=N_UNITS, duration=DURATION):
    """Spike trains from a list of lists of (time, unit)."""
    samples = [sorted(sample, key=lambda event: event[0]) for sample in samples]
    times = [t for sample in samples for t, _ in sample]
    units = [u for sample in samples for _, u in sample]
    offsets = np.concatenate([[0], np.cumsum([len(s) for s in samples])])
    return SpikeTrains(times, units, offsets, n_units=n_units, duration=duration)


def assert_equal(one, other):
    for name in ("times", "units", "offsets", "duration", "n_units"):
        got, expected = getattr(one, name), getattr(other, name)
        np.testing.assert_array_equal(got, expected, err_msg=name)
        assert np.asarray(got).dtype == np.asarray(expected).dtype, name
    assert one == other


events = st.tuples(st.floats(0, DURATION), st.integers(0, N_UNITS - 1))
datasets = st.lists(st.lists(events, max_size=6), max_size=8)


@pytest.fixture
def spikes():
    """Three samples; the second one is silent."""
    return SpikeTrains(
        [0.1, 0.2, 0.05, 0.3, 0.3],
        [0, 3, 1, 1, 1],
        [0, 2, 2, 5],
        n_units=4,
        duration=[0.2, 0.4, 0.3],
    )


class TestBasics:
    def test_lengths_shapes_and_types(self, spikes):
        assert len(spikes) == 3
        assert spikes.shape == (3, 4)
        assert spikes.times.dtype == np.float64
        assert spikes.units.dtype == np.int32
        assert repr(spikes) == "SpikeTrains(3 samples, 4 units, 5 spikes, 0.9 s in all)"

    def test_one_duration_is_that_of_all(self):
        both = SpikeTrains([], [], [0, 0, 0], n_units=1, duration=0.5)
        np.testing.assert_array_equal(both.duration, [0.5, 0.5])

    def test_counts(self, spikes):
        np.testing.assert_array_equal(spikes.counts(), [[1, 0, 0, 1], [0, 0, 0, 0], [0, 3, 0, 0]])

    def test_no_samples(self):
        none = SpikeTrains([], [], [0], n_units=3, duration=1.0)
        assert none.counts().shape == (0, 3)
        assert len(none) == 0
        assert repr(none) == "SpikeTrains(0 samples, 3 units, 0 spikes, 0 s in all)"

    def test_pickle_keeps_it(self, spikes):
        assert_equal(pickle.loads(pickle.dumps(spikes)), spikes)

    @pytest.mark.parametrize("index", [slice(None), slice(1, 3), [2, 0]], ids=repr)
    def test_copies_and_joblib_keep_it(self, spikes, index):
        chosen = spikes[index]
        assert_equal(copy.deepcopy(chosen), chosen)
        stream = io.BytesIO()
        joblib.dump(chosen, stream)
        stream.seek(0)
        assert_equal(joblib.load(stream), chosen)
        assert joblib.hash(chosen) == joblib.hash(copy.deepcopy(chosen))

    def test_equality(self, spikes):
        assert spikes == spikes[:]
        assert spikes != spikes[[1, 0, 2]]
        assert spikes != spikes[:2]
        later = SpikeTrains(
            spikes.times, spikes.units, spikes.offsets, n_units=4, duration=[0.2, 0.4, 0.31]
        )
        assert spikes != later
        assert spikes != "spikes"

    def test_types_that_hold_the_same_numbers(self):
        expected = SpikeTrains([0.5], [3], [0, 1], n_units=4, duration=1)
        for times, units, n_units in [
            (np.float32([0.5]), np.uint16([3]), np.int64(4)),
            (np.float16([0.5]), np.int64([3]), np.uint8(4)),
            ((0.5,), [3.0], 4),
        ]:
            assert_equal(SpikeTrains(times, units, [0, 1], n_units=n_units, duration=1), expected)

    def test_it_is_no_array(self, spikes):
        with pytest.raises(DataError, match=r"3 samples.*no array of numbers; use counts\(\)"):
            np.asarray(spikes)
        with pytest.raises(DataError, match="put a transformer of bioplastic.readout"):
            RidgeClassifier().fit(spikes, [0, 1, 0])

    def test_the_callers_arrays_are_not_changed_through_duration(self):
        duration = np.array([0.5])
        spikes = SpikeTrains([], [], [0, 0], n_units=1, duration=duration)
        spikes.duration[0] = 9.0
        assert duration[0] == 0.5


class TestIndexing:
    @pytest.mark.parametrize(
        "index",
        [
            slice(None), slice(1, None), slice(None, None, -1), slice(2, 1), [2, 0], [1, 1, 1],
            [True, False, True], np.array([0, 2]), np.array([False, False, False]), 1, -1,
            np.int64(2), range(2),
        ],
        ids=repr,
    )  # fmt: skip
    def test_it_is_that_of_an_array_of_samples(self, spikes, index):
        chosen = spikes[index]
        assert isinstance(chosen, SpikeTrains)
        np.testing.assert_array_equal(chosen.counts(), np.atleast_2d(spikes.counts()[index]))
        np.testing.assert_array_equal(chosen.duration, np.atleast_1d(spikes.duration[index]))
        assert chosen.n_units == spikes.n_units

    def test_beyond_the_end(self, spikes):
        with pytest.raises(IndexError):
            spikes[3]

    def test_samples_are_chosen_along_one_axis(self, spikes):
        with pytest.raises(IndexError):
            spikes[[[0, 1], [1, 2]]]
        with pytest.raises(IndexError):
            spikes[0, 1]
        with pytest.raises(IndexError):
            spikes["first"]

    def test_a_contiguous_choice_copies_no_events(self, spikes):
        assert np.shares_memory(spikes[1:].times, spikes.times)
        assert not np.shares_memory(spikes[[2, 0]].times, spikes.times)

    def test_choosing_does_not_check_again(self, spikes, monkeypatch):
        def called(*_, **__):
            raise AssertionError("checked again")

        monkeypatch.setattr("bioplastic.spikes.check_events", called)
        assert [len(part.times) for part in (spikes[0], spikes[1:], spikes[[2, 0]])] == [2, 3, 5]
        assert len(SpikeTrains.concatenate([spikes, spikes])) == 6

    def test_iteration_gives_samples(self, spikes):
        one, two, three = spikes
        assert_equal(one, spikes[0])
        assert len(two.times) == 0
        np.testing.assert_array_equal(three.times, [0.05, 0.3, 0.3])

    @given(datasets)
    def test_parts_join_to_the_whole(self, samples):
        if samples:
            spikes = from_samples(samples)
            assert_equal(SpikeTrains.concatenate(list(spikes)), spikes)

    @given(datasets, st.data())
    def test_any_choice_keeps_the_events_of_each_sample(self, samples, data):
        spikes = from_samples(samples)
        choice = data.draw(st.lists(st.integers(0, max(len(samples) - 1, 0)), max_size=10))
        if samples:
            chosen = spikes[np.array(choice, dtype=int)]
            assert_equal(chosen, from_samples([samples[k] for k in choice]))

    @given(datasets)
    def test_counts_are_those_of_a_loop(self, samples):
        expected = np.zeros((len(samples), N_UNITS), dtype=int)
        for row, sample in zip(expected, samples, strict=True):
            for _, unit in sample:
                row[unit] += 1
        np.testing.assert_array_equal(from_samples(samples).counts(), expected)


class MoreThan(ClassifierMixin, BaseEstimator):
    """Tells samples with more spikes than `threshold` from the others."""

    def __init__(self, threshold=0):
        self.threshold = threshold

    def fit(self, X, y):
        assert isinstance(X, SpikeTrains)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return (X.counts().sum(axis=1) > self.threshold).astype(int)


class TestScikitLearn:
    def test_it_can_be_split(self):
        rng = np.random.default_rng(0)
        samples = [[(0.1, int(u)) for u in rng.integers(0, N_UNITS, k)] for k in range(10)]
        spikes, labels = from_samples(samples), np.arange(10)
        train, test, y_train, y_test = train_test_split(spikes, labels, test_size=3, random_state=0)
        assert (len(train), len(test)) == (7, 3)
        # sample k has k spikes
        np.testing.assert_array_equal(train.counts().sum(axis=1), y_train)
        np.testing.assert_array_equal(test.counts().sum(axis=1), y_test)

    def test_folds_cover_it(self, spikes):
        (indexed,) = indexable(spikes)
        assert indexed is spikes
        check_consistent_length(spikes, [0, 1, 2])
        folds = [len(spikes[test]) for _, test in KFold(3).split(spikes)]
        assert folds == [1, 1, 1]

    def test_it_can_be_shuffled_and_resampled(self, spikes):
        shuffled, order = shuffle(spikes, [0, 1, 2], random_state=0)
        assert_equal(shuffled, spikes[order])
        drawn, rows = resample(spikes, [0, 1, 2], random_state=0)
        assert_equal(drawn, spikes[rows])

    def test_searches_and_folds_hand_it_on_unchanged(self):
        samples = [[(0.1, k % N_UNITS)] * (k % 2 + 1) for k in range(24)]
        spikes, y, speakers = from_samples(samples), np.arange(24) % 2, np.arange(24) // 8
        search = GridSearchCV(MoreThan(), {"threshold": [0, 1, 2]}, cv=GroupKFold(3))
        search.fit(spikes, y, groups=speakers)
        assert search.best_params_ == {"threshold": 1}
        assert search.best_score_ == 1
        model = MoreThan(threshold=1)
        scores = cross_val_score(model, spikes, y, groups=speakers, cv=GroupKFold(3))
        np.testing.assert_array_equal(scores, [1, 1, 1])
        np.testing.assert_array_equal(cross_val_predict(model, spikes, y), y)


class TestBinned:
    def test_bins_cover_the_longest_sample(self, spikes):
        binned = spikes.binned(0.1)
        assert binned.shape == (3, 4, 4)
        np.testing.assert_array_equal(
            np.argwhere(binned), [[0, 1, 0], [0, 2, 3], [2, 0, 1], [2, 3, 1]]
        )
        assert binned[2, 3, 1] == 2

    def test_spikes_on_edges_belong_to_the_later_bin_except_at_the_end(self):
        # In floating point, 0.3 / 0.1 < 3 and 1.1 / 0.1 > 11.
        times = np.arange(12) / 10
        spikes = SpikeTrains(times, np.zeros(12), [0, 12], n_units=1, duration=1.1)
        np.testing.assert_array_equal(spikes.binned(0.1)[0, :, 0], [1] * 10 + [2])
        np.testing.assert_array_equal(spikes.binned(100 * ms), spikes.binned(0.1))

    @given(datasets, st.floats(0.01, 2.0))
    def test_bins_are_those_of_a_loop(self, samples, dt):
        spikes = from_samples(samples)
        binned = spikes.binned(dt)
        n_bins = max(1, int(np.ceil(DURATION / dt - 1e-6))) if samples else 1
        expected = np.zeros((len(samples), n_bins, N_UNITS), dtype=int)
        for row, sample in zip(expected, samples, strict=True):
            for time, unit in sample:
                row[min(int(time / dt + 1e-6), n_bins - 1), unit] += 1
        np.testing.assert_array_equal(binned, expected)
        np.testing.assert_array_equal(binned.sum(axis=1), spikes.counts())

    @pytest.mark.parametrize("dt", [0, -1, np.nan, np.inf, 5 * mV, [0.1, 0.2] * ms], ids=repr)
    def test_what_is_no_width_is_refused(self, spikes, dt):
        with pytest.raises(ParameterError, match="SpikeTrains.binned: dt:? must be "):
            spikes.binned(dt)


class TestConcatenate:
    def test_durations_and_offsets_follow(self, spikes):
        joined = SpikeTrains.concatenate([spikes, spikes[:0], spikes[::-1]])
        np.testing.assert_array_equal(joined.offsets, [0, 2, 2, 5, 8, 8, 10])
        np.testing.assert_array_equal(joined.duration, [0.2, 0.4, 0.3, 0.3, 0.4, 0.2])

    def test_other_numbers_of_units_are_refused(self, spikes):
        other = SpikeTrains([], [], [0, 0], n_units=5, duration=1.0)
        with pytest.raises(DataError, match="same n_units"):
            SpikeTrains.concatenate([spikes, other])
        with pytest.raises(DataError, match="SpikeTrains.concatenate"):
            SpikeTrains.concatenate([])


class TestSmallUnits:
    """Durations that are no seconds; they would be ten minutes for a word, and hardly a spike."""

    @pytest.mark.parametrize(("factor", "unit"), [(1e3, "milliseconds"), (1e6, "microseconds")])
    def test_what_looks_like_milliseconds_is_warned_of(self, tmp_path, factor, unit):
        given = {"units": [0, 1, 1], "offsets": [0, 1, 1, 3], "n_units": 2}
        times, duration = factor * np.array([0.01, 0.01, 0.2]), factor * np.array([0.3, 0, 0.4])
        with pytest.warns(UserWarning, match=f"look like {unit}.* duration . second silences"):
            spikes = SpikeTrains(times, duration=duration, **given)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # Whoever says seconds means them, and choosing is no new occasion to ask.
            assert SpikeTrains(times, duration=duration * second, **given) == spikes
            assert len(spikes[:2]) == 2
        spikes.save(tmp_path / "spikes.h5")
        with pytest.warns(UserWarning, match=unit) as caught:
            SpikeTrains.load(tmp_path / "spikes.h5")
        assert caught[0].filename == __file__

    @pytest.mark.parametrize(
        ("rate", "duration", "n_samples"),
        [(20, 0.5, 10), (1, 60, 3), (2, 3600, 1), (0.01, 99, 3), (0, 1e4, 2)],
    )
    def test_recordings_in_seconds_are_not(self, rate, duration, n_samples):
        rng, n = np.random.default_rng(0), int(rate * duration) * n_samples
        times = np.sort(rng.uniform(0, duration, (n_samples, n // n_samples)), axis=1).ravel()
        offsets = np.arange(n_samples + 1) * (n // n_samples)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            SpikeTrains(times, np.zeros(n, int), offsets, n_units=5, duration=duration)

    def test_what_is_made_of_them_does_not_warn_again(self):
        X = SpikeTrains([50, 150], [0, 0], [0, 1, 2], n_units=2, duration=200 * second)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            SpikeAugmenter(n_copies=1, random_state=0).fit_resample(X)


class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"offsets": [1, 2]}, "offsets: must start at 0 and never fall"),
            ({"offsets": [0, 2, 1, 2]}, "offsets: must start at 0 and never fall"),
            ({"offsets": []}, "offsets: must start at 0"),
            ({"offsets": [[0, 2]]}, "offsets: must start at 0"),
            ({"offsets": [0, 3]}, "times .2,., units .2,. and the last offset .3. must agree"),
            ({"units": [0]}, "times .2,., units .1,."),
            ({"units": [0, 2]}, "units: must lie in 0..1, event 1 has 2 .sample 0.; give a larger"),
            ({"units": [-1, 0]}, "event 0 has -1"),
            ({"units": [0.0, 0.5]}, "units: must be whole numbers, event 1 has 0.5"),
            ({"units": [np.nan, 0.5]}, "units: must be whole numbers, event 0 has nan"),
            ({"units": ["a", "b"]}, "units: must be whole numbers, got"),
            ({"units": [0, 2**32]}, "event 1 has 4294967296"),
            ({"units": np.uint64([2**63, 0])}, "event 0 has 9223372036854775808"),
            ({"units": [0, 5, 7], "times": [0.1, 0.2, 0.3], "offsets": [0, 1, 1, 3]},
             "event 1 has 5 .sample 2."),
            ({"times": [0.1, 0.6]}, "times: must lie in the sample, event 1 has 0.6 s of 0.5 s"),
            ({"times": [-0.1, 0.2]}, "event 0 has -0.1 s"),
            ({"times": [0.1, np.nan]}, "event 1 has nan s"),
            ({"times": [np.nan, 0.1]}, "event 0 has nan s"),
            ({"times": [0.1, np.inf]}, "event 1 has inf s"),
            ({"times": [0.1, np.inf], "offsets": [0, 1, 2], "duration": np.inf},
             "times: must be finite, event 1 has inf s .sample 1."),
            ({"times": [0.1, 0.3], "offsets": [0, 1, 2], "duration": [0.5, 0.2]},
             "event 1 has 0.3 s of 0.2 s .sample 1.; correct the time or give a longer duration"),
            ({"times": [0.2, 0.1]},
             "must be sorted within each sample, event 1 has 0.1 s after 0.2 s .sample 0.; order"),
            ({"times": [0.3, 0.2, 0.1, -1], "units": [0] * 4, "offsets": [0, 0, 1, 4]},
             "event 2 has 0.1 s after 0.2 s .sample 2."),
            ({"times": [[0.1, 0.2], [0.1, 0.2]]}, "times .2, 2., units .2,."),
            ({"duration": [0.5, 0.5, 0.5]}, "duration: must be one number or one for each of the"),
            ({"duration": np.nan}, "duration: must"),
            ({"duration": -0.5}, "duration: must be finite and >= 0, sample 0 has -0.5 s"),
            ({"duration": [0.5, np.inf], "offsets": [0, 1, 2]}, "duration: .* sample 1 has inf s"),
            ({"n_units": 0}, "n_units: must be a whole number of at least 1, got 0"),
            ({"n_units": 2**31}, r"n_units: must be below 2\*\*31, got 2147483648"),
            ({"n_units": 2.5}, "n_units: must be a whole number of at least 1, got 2.5"),
        ],
    )  # fmt: skip
    def test_what_does_not_fit_is_named(self, changes, message):
        fine = {"times": [0.1, 0.2], "units": [0, 1], "offsets": [0, 2], "duration": 0.5}
        SpikeTrains(**fine, n_units=2)
        with pytest.raises(DataError, match=message) as caught:
            SpikeTrains(**{"n_units": 2} | fine | changes)
        assert isinstance(caught.value, BioplasticError)
        assert isinstance(caught.value, ValueError)

    @example([[(0.2, 0)], [(0.1, 0)]])
    @given(st.lists(st.lists(st.tuples(st.floats(-0.1, 0.6), st.integers(-1, 4)), max_size=5)))
    def test_it_refuses_exactly_what_a_loop_refuses(self, samples):
        events = [event for sample in samples for event in sample]
        good = all(0 <= time <= DURATION and 0 <= unit < N_UNITS for time, unit in events) and all(
            sample == sorted(sample, key=lambda event: event[0]) for sample in samples
        )
        times, units = [time for time, _ in events], [unit for _, unit in events]
        offsets = np.concatenate([[0], np.cumsum([len(sample) for sample in samples])])
        try:
            SpikeTrains(times, units, offsets, n_units=N_UNITS, duration=DURATION)
        except DataError:
            assert not good
        else:
            assert good
