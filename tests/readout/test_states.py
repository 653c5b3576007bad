"""SpikeCount, TimeBinnedCount, FilteredState, FirstSpikeTime: against loops, in scikit-learn."""

import pickle

import numpy as np
import pytest
from brian2 import ms, mV, second
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut, cross_val_score
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks, get_tags

from bioplastic import SpikeTrains
from bioplastic.errors import DataError, ParameterError
from bioplastic.readout import FilteredState, FirstSpikeTime, SpikeCount, TimeBinnedCount

TRANSFORMERS = [
    SpikeCount(),
    TimeBinnedCount(),
    TimeBinnedCount(relative=True, n_bins=3, n_groups=2, scaling="sqrt"),
    FilteredState(),
    FilteredState(tau=[5, 50] * ms, n_times=4),
    FirstSpikeTime(),
]
every = pytest.mark.parametrize("transformer", TRANSFORMERS, ids=repr)

N_UNITS = 4
events = st.tuples(st.floats(0, 0.5), st.integers(0, N_UNITS - 1))
samples_of_events = st.lists(st.lists(events, max_size=8), min_size=1, max_size=6)


def from_samples(samples, *, n_units=N_UNITS, duration=0.5):
    samples = [sorted(sample, key=lambda event: event[0]) for sample in samples]
    flat = [event for sample in samples for event in sample]
    offsets = np.concatenate([[0], np.cumsum([len(sample) for sample in samples])])
    return SpikeTrains(
        [time for time, _ in flat], [unit for _, unit in flat], offsets,
        n_units=n_units, duration=duration,
    )  # fmt: skip


@pytest.fixture
def spikes():
    """Three samples of different lengths; the second one is silent."""
    return SpikeTrains(
        [0.1, 0.2, 0.05, 0.3, 0.3], [0, 3, 1, 1, 1], [0, 2, 2, 5], n_units=4,
        duration=[0.2, 0.4, 0.3],
    )  # fmt: skip


@pytest.fixture(scope="module")
def words():
    """Three classes of four speakers: class k spikes most in units 2k and 2k + 1, late or early."""
    rng = np.random.default_rng(0)
    y, speakers = np.tile([0, 1, 2], 20), np.repeat(np.arange(4), 15)
    samples = []
    for label, speaker in zip(y, speakers, strict=True):
        own = [(rng.uniform(0, 0.4 + 0.05 * speaker), 2 * label + k % 2) for k in range(12)]
        noise = [(rng.uniform(0, 0.4), int(rng.integers(6))) for _ in range(6)]
        samples.append(own + noise)
    return from_samples(samples, n_units=6, duration=0.6), y, speakers


@every
class TestContract:
    # scikit-learn's common checks call fit with arrays and skip what takes none, so those that
    # need no data are called one by one.
    @pytest.mark.parametrize(
        "check",
        [
            "check_parameters_default_constructible", "check_no_attributes_set_in_init",
            "check_get_params_invariance", "check_set_params", "check_estimator_repr",
            "check_estimator_cloneable", "check_valid_tag_types", "check_mixin_order",
            "check_do_not_raise_errors_in_init_or_set_params",
        ],
    )  # fmt: skip
    def test_common_checks(self, transformer, check):
        getattr(estimator_checks, check)(type(transformer).__name__, clone(transformer))

    def test_shape_names_and_type(self, transformer, spikes):
        fitted = clone(transformer)
        assert fitted.fit(spikes, [0, 1, 0]) is fitted
        features, names = fitted.transform(spikes), fitted.get_feature_names_out()
        assert features.dtype == np.float64
        assert features.shape == (3, len(names))
        assert len(set(names)) == len(names)
        assert fitted.n_features_in_ == 4
        named = fitted.get_feature_names_out(["a", "b", "c", "d"])
        assert len(named) == len(names)
        assert all(any(letter in name for letter in "abcd") for name in named)
        assert not get_tags(fitted).input_tags.two_d_array

    def test_a_sample_has_the_same_features_in_any_company(self, transformer):
        # More samples than one block holds.
        rng = np.random.default_rng(0)
        each, n = 5, 600
        times = np.sort(rng.random((n, each)), axis=1).ravel()
        many = SpikeTrains(
            times, rng.integers(4, size=n * each), np.arange(n + 1) * each, n_units=4, duration=1
        )
        fitted = clone(transformer).fit(many)
        features = fitted.transform(many)
        rows = [0, 255, 256, 511, 512, 599]
        np.testing.assert_array_equal(features[rows], fitted.transform(many[rows]))
        copy = pickle.loads(pickle.dumps(fitted))
        np.testing.assert_array_equal(copy.transform(many), features)

    def test_fitting_again_forgets(self, transformer, spikes, words):
        again = clone(transformer).fit(words[0]).fit(spikes)
        np.testing.assert_array_equal(
            again.transform(spikes), clone(transformer).fit(spikes).transform(spikes)
        )

    def test_what_is_refused(self, transformer, spikes):
        name, fresh = type(transformer).__name__, clone(transformer)
        with pytest.raises(NotFittedError):
            fresh.transform(spikes)
        with pytest.raises(NotFittedError):
            fresh.get_feature_names_out()
        with pytest.raises(DataError, match=f"{name}.fit: X must be SpikeTrains, got ndarray"):
            fresh.fit(np.zeros((3, 4)))
        with pytest.raises(DataError, match=r"got dict; take .* result.spikes\['exc'\]"):
            fresh.fit({"exc": spikes})
        with pytest.raises(DataError, match=f"{name}.fit: X must hold at least one sample"):
            fresh.fit(spikes[:0])
        fresh.fit(spikes)
        with pytest.raises(DataError, match=f"{name}.transform: X must be SpikeTrains, got list"):
            fresh.transform([[1, 2, 3, 4]])
        with pytest.raises(DataError, match=f"{name}.transform: X must hold at least one sample"):
            fresh.transform(spikes[:0])
        other = SpikeTrains([], [], [0, 0], n_units=5, duration=1)
        with pytest.raises(DataError, match=f"{name}.transform: .* the 4 units of fit, got 5"):
            fresh.transform(other)
        with pytest.raises(DataError, match="must name the 4 units, got 2 names"):
            fresh.get_feature_names_out(["a", "b"])

    def test_it_takes_part_in_pipelines(self, transformer, words):
        X, y, speakers = words
        model = make_pipeline(clone(transformer), StandardScaler(), RidgeClassifier())
        scores = cross_val_score(model, X, y, groups=speakers, cv=LeaveOneGroupOut())
        assert len(scores) == 4
        assert scores.mean() > 0.7  # by chance 0.33


def test_grid_search_over_spike_trains(words):
    X, y, speakers = words
    model = make_pipeline(TimeBinnedCount(), RidgeClassifier())
    grid = {
        "timebinnedcount__n_bins": [1, 4],
        "timebinnedcount__scaling": [None, "sqrt"],
        "timebinnedcount__n_groups": [1, None],
    }
    search = GridSearchCV(model, grid, cv=LeaveOneGroupOut(), error_score="raise")
    search.fit(X, y, groups=speakers)
    assert search.best_score_ > 0.9
    assert search.best_params_["timebinnedcount__n_groups"] is None
    assert search.score(X, y) > 0.9


def test_grid_search_over_quantities(words):
    X, y, speakers = words
    model = make_pipeline(FilteredState(n_times=3), RidgeClassifier())
    grid = {"filteredstate__tau": [1 * ms, 300 * ms, [10, 300] * ms]}
    search = GridSearchCV(model, grid, cv=LeaveOneGroupOut(), error_score="raise")
    search.fit(X, y, groups=speakers)
    assert search.cv_results_["mean_test_score"][1] > search.cv_results_["mean_test_score"][0]


def test_states_side_by_side(words):
    union = make_union(SpikeCount(), FirstSpikeTime())
    features = union.fit_transform(words[0])
    assert features.shape == (60, 12)
    assert list(union.get_feature_names_out())[:1] == ["spikecount__unit0"]


class TestSpikeCount:
    def test_it_counts(self, spikes):
        np.testing.assert_array_equal(SpikeCount().fit_transform(spikes), spikes.counts())
        assert list(SpikeCount().fit(spikes).get_feature_names_out()) == [
            "unit0", "unit1", "unit2", "unit3",
        ]  # fmt: skip


class TestTimeBinnedCount:
    def test_bins_are_learned_in_fit(self, spikes):
        bins = TimeBinnedCount(n_bins=4).fit(spikes)
        np.testing.assert_allclose(bins.bin_edges_, [0, 0.1, 0.2, 0.3, 0.4])
        expected = spikes.binned(0.1).reshape(3, -1)
        np.testing.assert_array_equal(bins.transform(spikes), expected)
        # The longest sample is not there any more, the bins are.
        np.testing.assert_array_equal(bins.transform(spikes[[0, 2]]), expected[[0, 2]])

    def test_later_spikes_are_left_out(self, spikes):
        bins = TimeBinnedCount(n_bins=2).fit(spikes[:1])
        np.testing.assert_array_equal(
            bins.transform(spikes[2:]), [[0, 1, 0, 0, 0, 0, 0, 0]]
        )  # fmt: skip
        given = TimeBinnedCount(n_bins=2, duration=0.2 * second).fit(spikes)
        np.testing.assert_array_equal(given.transform(spikes), bins.transform(spikes))

    @given(samples_of_events, st.sampled_from([0.05, 0.1, 0.13, 0.5, 0.9]))
    def test_bins_of_a_width_are_those_of_spike_trains(self, samples, width):
        spikes = from_samples(samples)
        bins = TimeBinnedCount(bin_width=width * second)
        expected = spikes.binned(width)
        np.testing.assert_array_equal(bins.fit_transform(spikes), expected.reshape(len(spikes), -1))
        assert bins.n_bins_ == expected.shape[1]

    @example([[(0.3, 1)], []], 3)
    @example([[(0.0, 1), (5e-324, 0), (0.0, 2)]], 3)
    @given(samples_of_events, st.integers(1, 5))
    def test_relative_bins_are_those_of_a_loop(self, samples, n_bins):
        spikes = from_samples(samples)
        expected = np.zeros((len(samples), n_bins, N_UNITS))
        for row, sample in zip(expected, spikes, strict=True):
            for time, unit in zip(sample.times, sample.units, strict=True):
                span = sample.times[-1] - sample.times[0]
                share = (time - sample.times[0]) / span if span else 0
                row[min(int(share * n_bins + 1e-6), n_bins - 1), unit] += 1
        features = TimeBinnedCount(n_bins=n_bins, relative=True).fit_transform(spikes)
        np.testing.assert_array_equal(features, expected.reshape(len(samples), -1))

    def test_relative_bins_forget_when_and_how_fast(self, spikes):
        later = SpikeTrains(
            spikes.times * 2 + 0.5, spikes.units, spikes.offsets, n_units=4, duration=3
        )
        bins = TimeBinnedCount(n_bins=3, relative=True).fit(spikes)
        np.testing.assert_array_equal(bins.transform(later), bins.transform(spikes))

    @pytest.mark.parametrize(("n_units", "n_groups"), [(700, 35), (10, 3), (5, 5), (7, 1)])
    def test_groups_are_neighbours_of_equal_size(self, n_units, n_groups):
        units = np.arange(n_units)
        spikes = SpikeTrains(units * 0, units, [0, n_units], n_units=n_units, duration=1)
        grouped = TimeBinnedCount(n_bins=1, n_groups=n_groups).fit(spikes)
        sizes = grouped.transform(spikes)[0]
        assert sizes.sum() == n_units
        assert sizes.max() - sizes.min() <= 1
        names = grouped.get_feature_names_out()
        assert len(names) == n_groups
        if (n_units, n_groups) == (10, 3):
            assert list(names) == ["bin0_unit0-unit3", "bin0_unit4-unit6", "bin0_unit7-unit9"]
            for unit in range(10):
                alone = SpikeTrains([0], [unit], [0, 1], n_units=10, duration=1)
                group = int(grouped.transform(alone)[0].argmax())
                assert group == (0 if unit < 4 else 1 if unit < 7 else 2)

    def test_roots(self, spikes):
        plain = TimeBinnedCount(n_bins=2).fit_transform(spikes)
        rooted = TimeBinnedCount(n_bins=2, scaling="sqrt").fit_transform(spikes)
        np.testing.assert_array_equal(rooted, np.sqrt(plain))

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"n_bins": 0}, "n_bins: must be a whole number at least 1, got 0"),
            ({"n_bins": 2.5}, "n_bins"),
            ({"bin_width": 0 * ms}, "bin_width: must be one finite value > 0"),
            ({"bin_width": 5 * mV}, "bin_width: must have the unit of"),
            ({"duration": -5 * ms}, "duration: must be one finite value > 0"),
            ({"n_groups": 5}, "n_groups: must be a whole number from 1 to 4, got 5"),
            ({"scaling": "log"}, "scaling: must be one of 'sqrt', got 'log'"),
            ({"relative": True, "bin_width": 5 * ms}, "relative: must be False where bin_width"),
            ({"relative": True, "duration": 5 * ms}, "relative: must be False where"),
        ],
    )
    def test_parameters_are_checked(self, spikes, given, message):
        with pytest.raises(ParameterError, match=f"TimeBinnedCount.{message}"):
            TimeBinnedCount(**given).fit(spikes)

    def test_samples_without_length(self):
        nothing = SpikeTrains([], [], [0, 0], n_units=1, duration=0)
        with pytest.raises(DataError, match="longer than 0 s; give the duration"):
            TimeBinnedCount().fit(nothing)


class TestFilteredState:
    @staticmethod
    def by_loops(spikes, taus, moments):
        states = np.zeros((len(spikes), len(moments[0]), len(taus), spikes.n_units))
        for k, sample in enumerate(spikes):
            for time, unit in zip(sample.times, sample.units, strict=True):
                for j, moment in enumerate(moments[k]):
                    if time <= moment:
                        states[k, j, :, unit] += np.exp(-(moment - time) / np.array(taus))
        return states.reshape(len(spikes), -1)

    @settings(deadline=None)
    @given(samples_of_events, st.lists(st.floats(0, 0.7), min_size=1, max_size=5, unique=True))
    def test_given_times(self, samples, times):
        spikes, times = from_samples(samples), sorted(times)
        state = FilteredState(tau=[3, 100] * ms, times=times * second)
        expected = self.by_loops(spikes, [0.003, 0.1], [times] * len(spikes))
        np.testing.assert_allclose(state.fit_transform(spikes), expected, rtol=1e-9, atol=1e-15)

    @pytest.mark.parametrize("n_times", [1, 3, 10])
    @pytest.mark.parametrize("relative", [False, True])
    def test_equal_distances(self, spikes, n_times, relative):
        state = FilteredState(n_times=n_times, relative=relative).fit(spikes)
        shares = np.arange(1, n_times + 1) / n_times
        spans = spikes.duration if relative else [0.4] * 3
        expected = self.by_loops(spikes, [0.03], [span * shares for span in spans])
        np.testing.assert_allclose(state.transform(spikes), expected, rtol=1e-9, atol=1e-15)

    def test_by_default_at_the_end_of_each_sample(self, spikes):
        features = FilteredState().fit_transform(spikes)
        decay = np.exp(-0.1 / 0.03)
        # The last spike of the first sample comes at its very end.
        np.testing.assert_allclose(
            features, [[decay, 0, 0, 1], [0] * 4, [0, 2 + np.exp(-0.25 / 0.03), 0, 0]], rtol=1e-9
        )

    def test_a_spike_counts_from_its_own_time_on(self):
        spike = SpikeTrains([0.25], [0], [0, 1], n_units=1, duration=1)
        before = np.nextafter(0.25, 0)
        state = FilteredState(times=[before, 0.25] * second).fit_transform(spike)
        np.testing.assert_array_equal(state, [[0, 1]])

    def test_a_long_silence_leaves_nothing(self):
        spike = SpikeTrains([0.0], [0], [0, 1], n_units=1, duration=1e4 * second)
        with np.errstate(all="raise", under="ignore"):
            state = FilteredState(times=[1, 1000, 10_000] * second).fit_transform(spike)
        assert state[0, 0] == pytest.approx(np.exp(-1 / 0.03))
        assert (state[0, 1:] == 0).all()

    def test_one_tau_in_several_ways(self, spikes):
        default = FilteredState().fit_transform(spikes)
        for tau in (30 * ms, [30] * ms, [30 * ms], 0.03 * second):
            features = FilteredState(tau=tau).fit_transform(spikes)
            np.testing.assert_allclose(features, default, rtol=1e-12)

    def test_names(self, spikes):
        state = FilteredState(tau=[10 * ms, 1 * second], times=[100, 250] * ms).fit(spikes)
        names = list(state.get_feature_names_out())
        assert names[:2] == ["t0.1_tau0.01_unit0", "t0.1_tau0.01_unit1"]
        assert names[-1] == "t0.25_tau1_unit3"
        assert next(iter(FilteredState().fit(spikes).get_feature_names_out())) == (
            "share1_tau0.03_unit0"
        )

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"tau": 0 * ms}, "tau: .*, above 0"),
            ({"tau": [10, -1] * ms}, "tau: .*, above 0"),
            ({"tau": 0.03}, "tau: must be finite times with a unit"),
            ({"tau": 30 * mV}, "tau: must be finite times"),
            ({"tau": [30 * ms, 1 * mV]}, "tau: must be finite times"),
            ({"tau": "slow"}, "tau: must be finite times"),
            ({"tau": np.nan * ms}, "tau: must be finite times"),
            ({"tau": []}, "tau: must be finite times"),
            ({"times": []}, "times: must be finite times with a unit"),
            ({"times": "end"}, "times: must be finite times with a unit"),
            ({"times": [20, 10] * ms}, "times: .* at least 0, rising, got"),
            ({"times": [20, 20] * ms}, "times: .* at least 0, rising, got"),
            ({"times": [-1, 20] * ms}, "times: .* at least 0, rising, got"),
            ({"times": [[1, 2], [3, 4]] * ms}, "times: must be finite times"),
            ({"times": 5 * ms, "n_times": 3}, "times: must be None where n_times or relative"),
            ({"times": 5 * ms, "relative": True}, "times: must be None where n_times or relative"),
            ({"n_times": 0}, "n_times: must be a whole number at least 1, got 0"),
        ],
    )
    def test_parameters_are_checked(self, spikes, given, message):
        with pytest.raises(ParameterError, match=f"FilteredState.{message}"):
            FilteredState(**given).fit(spikes)


class TestFirstSpikeTime:
    @given(samples_of_events)
    def test_it_is_that_of_a_loop(self, samples):
        spikes = from_samples(samples)
        expected = np.full(spikes.shape, 0.5)
        for row, sample in zip(expected, samples, strict=True):
            for time, unit in sample:
                row[unit] = min(row[unit], time)
        np.testing.assert_array_equal(FirstSpikeTime().fit_transform(spikes), expected)

    def test_units_that_do_not_spike(self, spikes):
        first = FirstSpikeTime().fit(spikes)
        np.testing.assert_array_equal(
            first.transform(spikes), [[0.1, 0.4, 0.4, 0.2], [0.4] * 4, [0.4, 0.05, 0.4, 0.4]]
        )
        own = FirstSpikeTime(missing="own").fit_transform(spikes)
        np.testing.assert_array_equal(own, [[0.1, 0.2, 0.2, 0.2], [0.4] * 4, [0.3, 0.05, 0.3, 0.3]])
        given = FirstSpikeTime(missing=2 * second).fit_transform(spikes)
        np.testing.assert_array_equal(given[1], [2.0] * 4)

    @pytest.mark.parametrize("missing", [None, "late", -1 * ms, 3 * mV, 0.5, np.nan * ms], ids=repr)
    def test_parameters_are_checked(self, spikes, missing):
        with pytest.raises(ParameterError, match="FirstSpikeTime.missing: must"):
            FirstSpikeTime(missing=missing).fit(spikes)
