"""Distances of inputs and of states, against brute force; what is refused."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV, second
from hypothesis import given, settings
from hypothesis import strategies as st

from bioplastic import SpikeTrains
from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect.separation import pairs_at_distance, spike_train_distance, state_separation
from bioplastic.readout import FilteredState

#: What one spike of 5 ms adds in half a second.
ALONE = 0.005 * np.sqrt(np.pi / 2) / 0.5

N_UNITS = 3
events = st.lists(st.tuples(st.floats(0, 0.5), st.integers(0, N_UNITS - 1)), max_size=8)
samples = st.lists(st.tuples(events, events), min_size=1, max_size=4)


def trains(rows, *, n_units=N_UNITS, duration=0.5):
    rows = [sorted(row) for row in rows]
    flat = [event for row in rows for event in row]
    return SpikeTrains(
        [t for t, _ in flat], [k for _, k in flat], np.cumsum([0, *map(len, rows)]),
        n_units=n_units, duration=duration,
    )  # fmt: skip


def by_quadrature(u, v, tau=0.005):
    """Sum the squared difference of the convolved trains on a fine grid."""
    grid = np.arange(-0.05, u.duration[0] + 0.05, 5e-5)
    total = 0.0
    for unit in range(u.n_units):
        curve = np.zeros(len(grid))
        for one, sign in ((u, 1), (v, -1)):
            for t in one.times[one.units == unit]:
                curve += sign * np.exp(-(((grid - t) / tau) ** 2))
        total += (curve**2).sum() * 5e-5
    return total / u.duration[0]


class TestSpikeTrainDistance:
    @settings(max_examples=30, deadline=None)
    @given(samples)
    def test_it_is_the_integral(self, rows):
        u, v = trains([a for a, _ in rows]), trains([b for _, b in rows])
        expected = [by_quadrature(a, b) for a, b in zip(u, v, strict=True)]
        np.testing.assert_allclose(spike_train_distance(u, v), expected, rtol=1e-6, atol=1e-9)

    def test_what_can_be_computed_by_hand(self):
        u, v = trains([[(0.1, 0)]] * 4), trains([[(0.1, 0)], [], [(0.1, 1)], [(0.105, 0)]])
        expected = np.array([0, 1, 2, 2 - 2 * np.exp(-0.5)]) * ALONE
        np.testing.assert_allclose(spike_train_distance(u, v), expected, rtol=1e-12, atol=1e-15)
        wide = spike_train_distance(u[1:2], v[1:2], tau=10 * ms)
        np.testing.assert_allclose(wide, 2 * ALONE)

    def test_trains_without_spikes(self):
        silent = trains([[], []])
        np.testing.assert_array_equal(spike_train_distance(silent, silent), [0, 0])

    def test_more_spikes_than_are_near_each_other(self):
        u = trains([[(t, 0) for t in np.linspace(0, 0.5, 200)]])
        v = trains([[(t, 0) for t in np.linspace(0, 0.5, 150)]])
        np.testing.assert_allclose(spike_train_distance(u, v), [by_quadrature(u, v)], rtol=1e-6)


class TestPairs:
    @pytest.mark.parametrize("distance", [0, 0.1, 0.2, 0.4])
    def test_they_are_as_far_apart_as_asked(self, distance):
        u, v = pairs_at_distance(distance, 20, random_state=1)
        assert u.shape == v.shape == (20, 1)
        np.testing.assert_array_equal(u.duration, 0.5)
        assert np.abs(spike_train_distance(u, v) - distance).max() <= 0.01
        assert (distance == 0) == (u == v)

    def test_the_random_state_says_which(self):
        assert pairs_at_distance(0.2, 5, random_state=1) == pairs_at_distance(
            0.2, 5, random_state=1
        )
        assert pairs_at_distance(0.2, 5, random_state=1) != pairs_at_distance(
            0.2, 5, random_state=2
        )

    @pytest.mark.statistical
    def test_the_trains_are_poisson_and_their_mean_distance_is_as_documented(self):
        u, v = pairs_at_distance(0.25, 2000, tolerance=10, random_state=0)
        counts = np.diff(u.offsets)
        assert counts.mean() == pytest.approx(10, abs=4 * np.sqrt(10 / 2000))
        assert counts.var() == pytest.approx(10, rel=0.15)
        distances = spike_train_distance(u, v)
        error = distances.std() / np.sqrt(2000)
        assert distances.mean() == pytest.approx(20 * ALONE, abs=4 * error)

    def test_other_rates_and_lengths(self):
        u, v = pairs_at_distance(
            0.5, 3, rate=50 * Hz, duration=100 * ms, tau=2 * ms, tolerance=0.1, random_state=0
        )
        assert np.abs(spike_train_distance(u, v, tau=2 * ms) - 0.5).max() <= 0.1
        assert set(u.duration) == {0.1}

    def test_a_distance_out_of_reach_is_told(self, monkeypatch):
        monkeypatch.setattr("bioplastic.inspect.separation._MOST", 4000)
        with pytest.raises(ParameterError, match=r"0 of 4000 random pairs are 3 apart; .* 0\.25"):
            pairs_at_distance(3, 1, random_state=0)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"distance": -0.1}, "distance: must be a number at least 0, got -0.1"),
            ({"distance": np.nan}, "distance: must be a number at least 0"),
            ({"tolerance": -1}, "tolerance: must be"),
            ({"n_pairs": 0}, "n_pairs: must be a whole number at least 1, got 0"),
            ({"n_pairs": 1.5}, "n_pairs: must be a whole number"),
            ({"rate": 20}, "rate: must (have the unit|be one finite value > 0)"),
            ({"rate": 20 * ms}, "rate: must (have the unit|be one finite value > 0)"),
            ({"duration": 0 * ms}, "duration: must (have the unit|be one finite value > 0)"),
        ],
    )
    def test_what_is_refused(self, wrong, message):
        with pytest.raises(ParameterError, match=f"pairs_at_distance.{message}"):
            pairs_at_distance(**({"distance": 0.1} | wrong))


class TestStateSeparation:
    @settings(max_examples=30, deadline=None)
    @given(samples)
    def test_it_is_the_norm_of_the_difference_of_the_readouts_states(self, rows):
        u, v = trains([a for a, _ in rows]), trains([b for _, b in rows])
        times = [1, 50, 51, 300, 500, 700] * ms
        states = [
            FilteredState(times=times).fit_transform(x).reshape(len(u), len(times), N_UNITS)
            for x in (u, v)
        ]
        expected = np.linalg.norm(states[0] - states[1], axis=2)
        found = state_separation(u, v, times)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)

    def test_the_time_constant(self):
        u, v = trains([[(0.1, 0)]]), trains([[]])
        found = state_separation(u, v, [100, 150] * ms, tau=50 * ms)
        np.testing.assert_allclose(found, [[1, np.exp(-1)]])

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"times": [0.1, 0.2]}, "times: must be finite times with a unit"),
            ({"times": [1, 2] * mV}, "times: must be finite times with a unit"),
            ({"times": [2, 1] * ms}, "times: .*, in a row, rising"),
            ({"times": [1, np.inf] * ms}, "times: must be finite times with a unit"),
            ({"tau": 0 * ms}, "tau: must be one finite value > 0"),
            ({"tau": 30}, "tau: must have the unit"),
        ],
    )
    def test_what_is_refused(self, wrong, message):
        u = trains([[]])
        with pytest.raises(ParameterError, match=f"state_separation.{message}"):
            state_separation(u, u, **({"times": [1] * ms} | wrong))


@pytest.mark.parametrize(
    "measure", [spike_train_distance, lambda u, v: state_separation(u, v, 1 * second)]
)
def test_trains_that_do_not_fit(measure):
    u = trains([[], []])
    with pytest.raises(DataError, match="v must be SpikeTrains, got ndarray"):
        measure(u, np.zeros((2, N_UNITS)))
    for other in (u[:1], trains([[], []], n_units=2), trains([[], []], duration=0.4)):
        with pytest.raises(DataError, match="must have the same samples, units and durations"):
            measure(u, other)


def test_no_distance_without_a_duration():
    u = trains([[]], duration=0)
    with pytest.raises(DataError, match="duration above 0"):
        spike_train_distance(u, u)
