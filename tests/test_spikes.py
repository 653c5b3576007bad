"""SpikeTrains: ragged events that scikit-learn can split, and that refuse what does not fit."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import KFold, train_test_split
from sklearn.utils import indexable

from bioplastic import SpikeTrains
from bioplastic.errors import BioplasticError, DataError

N_UNITS, DURATION = 4, 0.5


def from_samples(samples, *, n_units=N_UNITS, duration=DURATION):
    """Spike trains from a list of lists of (time, unit)."""
    times = [t for sample in samples for t, _ in sample]
    units = [u for sample in samples for _, u in sample]
    offsets = np.concatenate([[0], np.cumsum([len(s) for s in samples])])
    return SpikeTrains(times, units, offsets, n_units=n_units, duration=duration)


def assert_equal(one, other):
    for name in ("times", "units", "offsets", "duration", "n_units"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


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
        folds = [len(spikes[test]) for _, test in KFold(3).split(spikes)]
        assert folds == [1, 1, 1]


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
            ({"units": [0, 2]}, "units: must lie in 0..1, event 1 has 2; give a larger n_units"),
            ({"units": [-1, 0]}, "event 0 has -1"),
            ({"units": [0.0, 0.5]}, "units: must be whole numbers"),
            ({"times": [0.1, 0.6]}, "times: must lie in the sample, event 1 has 0.6 s of 0.5 s"),
            ({"times": [-0.1, 0.2]}, "event 0 has -0.1 s"),
            ({"times": [0.1, np.nan]}, "event 1 has nan s"),
            ({"times": [[0.1, 0.2], [0.1, 0.2]]}, "times .2, 2., units .2,."),
            ({"duration": [0.5, 0.5, 0.5]}, "duration: must be one number or one for each of the"),
            ({"duration": np.nan}, "duration: must"),
            ({"duration": -0.5}, "duration: must"),
        ],
    )
    def test_what_does_not_fit_is_named(self, changes, message):
        fine = {"times": [0.1, 0.2], "units": [0, 1], "offsets": [0, 2], "duration": 0.5}
        SpikeTrains(**fine, n_units=2)
        with pytest.raises(DataError, match=message) as caught:
            SpikeTrains(**fine | changes, n_units=2)
        assert isinstance(caught.value, BioplasticError)
        assert isinstance(caught.value, ValueError)
