"""LatencyEncoder and RankOrderEncoder: closed forms, order, ties, silence."""

import numpy as np
import pytest
from brian2 import ms, second
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.integrate import solve_ivp

from bioplastic.encoding import LatencyEncoder, RankOrderEncoder
from bioplastic.errors import ParameterError

VALUES = hnp.arrays(np.float64, (4, 6), elements=st.integers(0, 8).map(float))


def latencies(spikes):
    """Time of the only spike of each feature, inf for a silent one."""
    assert spikes.counts().max(initial=0) <= 1
    times = np.full(spikes.shape, np.inf)
    times[np.repeat(np.arange(len(spikes)), np.diff(spikes.offsets)), spikes.units] = spikes.times
    return times


class TestLatency:
    X = np.array([[0.0, 0.1, 0.2, 0.21, 0.5, 0.9, 1.0]])

    def test_log_is_the_closed_form(self):
        times = latencies(LatencyEncoder(tau=30 * ms).fit_transform(self.X))[0]
        assert np.isinf(times[:3]).all(), "up to the threshold"
        x = self.X[0, 3:]
        np.testing.assert_allclose(times[3:], 0.03 * np.log(x / (x - 0.2)), rtol=1e-12)

    def test_log_is_when_an_integrator_reaches_the_threshold(self):
        times = latencies(LatencyEncoder(tau=20 * ms, threshold=0.3).fit_transform(self.X))[0]
        for x, latency in zip(self.X[0, 4:], times[4:], strict=True):

            def reached(t, v):
                return v[0] - 0.3

            reached.terminal = True
            solved = solve_ivp(
                lambda t, v, x=x: (x - v) / 0.02,
                (0, 1),
                [0.0],
                events=reached,
                rtol=1e-10,
                atol=1e-12,
            )
            assert latency == pytest.approx(solved.t_events[0][0], rel=1e-6)

    def test_log_leaves_out_what_comes_too_late(self):
        # x = 0.21 spikes after 20 ms * log(21) = 61 ms
        for duration, heard in ((60 * ms, False), (62 * ms, True)):
            times = latencies(LatencyEncoder(duration=duration).fit_transform(self.X))[0]
            assert np.isfinite(times[3]) == heard
            assert np.isfinite(times[4:]).all()

    def test_linear_is_the_closed_form(self):
        encoder = LatencyEncoder(mode="linear", duration=1 * second, threshold=0.2)
        times = latencies(encoder.fit_transform(self.X))[0]
        assert np.isinf(times[:3]).all()
        np.testing.assert_allclose(times[3:], (1 - self.X[0, 3:]) / 0.8, atol=1e-12)
        assert encoder.transform(3 * self.X)[0].times[0] == 0.0, "larger than x_max"

    @pytest.mark.parametrize("mode", ["log", "linear"])
    @settings(max_examples=50, deadline=None)
    @given(X=VALUES)
    def test_larger_values_come_earlier(self, mode, X):
        times = latencies(LatencyEncoder(mode=mode, x_max=8, tau=1 * ms).fit_transform(X))
        first, other = np.broadcast_arrays(times[:, :, None], times[:, None, :])
        heard = np.isfinite(first)
        larger, equal = X[:, :, None] > X[:, None, :], X[:, :, None] == X[:, None, :]
        assert (first < other)[heard & larger].all()
        assert (first == other)[equal].all()

    def test_x_max_is_learned(self):
        encoder = LatencyEncoder(mode="linear", threshold=0.0).fit([[1.0], [4.0]])
        assert encoder.x_max_ == 4.0
        assert latencies(encoder.transform([[2.0]])).item() == pytest.approx(0.175)

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"mode": "exp"}, "mode: must be one of 'log', 'linear', got 'exp'"),
            ({"mode": ["log"]}, "mode: must be one of"),
            ({"threshold": 0.0}, "threshold: must be below 1, and above 0 in mode 'log', got 0.0"),
            ({"threshold": 1, "mode": "linear"}, "threshold: must be below 1"),
            ({"threshold": -0.1}, "threshold: must be a number from 0 to 1, got -0.1"),
            ({"tau": 0 * ms}, "tau: must be one finite value > 0"),
            ({"tau": 20}, "tau: must have the unit of"),
        ],
    )
    def test_bad_parameters(self, parameters, message):
        with pytest.raises(ParameterError, match=rf"LatencyEncoder\.{message}"):
            LatencyEncoder(**parameters).fit([[1.0]])


class TestRankOrder:
    @settings(max_examples=100, deadline=None)
    @given(X=VALUES)
    def test_the_order_is_that_of_the_values(self, X):
        times = latencies(RankOrderEncoder(interval=1 * ms).fit_transform(X))
        for row, got in zip(X, times, strict=True):
            for value, latency in zip(row, got, strict=True):
                rank = sum(other > value for other in row)
                assert latency == (pytest.approx(rank * 1e-3) if value > 0 else np.inf)

    def test_scale_does_not_matter(self):
        X = np.random.default_rng(0).random((5, 30))
        encoder = RankOrderEncoder().fit(X)
        assert encoder.transform(X) == encoder.transform(X**3 * 1e6)

    def test_all_have_their_turn_by_default(self):
        spikes = RankOrderEncoder(duration=50 * ms).fit_transform(np.arange(1.0, 6.0)[None])
        assert spikes.units.tolist() == [4, 3, 2, 1, 0]
        np.testing.assert_allclose(spikes.times, [0, 0.01, 0.02, 0.03, 0.04])

    def test_a_long_interval_leaves_the_first_ranks(self):
        encoder = RankOrderEncoder(duration=50 * ms, interval=20 * ms)
        assert encoder.fit_transform(np.arange(1.0, 6.0)[None]).units.tolist() == [4, 3, 2]

    def test_equal_values_spike_together_in_order_of_units(self):
        spikes = RankOrderEncoder(interval=1 * ms).fit_transform([[2, 7, 7, 7, 1]])
        assert spikes.units.tolist() == [1, 2, 3, 0, 4]
        np.testing.assert_allclose(spikes.times, [0, 0, 0, 0.003, 0.004])

    @pytest.mark.parametrize("interval", [0 * ms, 5, -1 * ms])
    def test_bad_interval(self, interval):
        with pytest.raises(ParameterError, match=r"RankOrderEncoder\.interval: must "):
            RankOrderEncoder(interval=interval).fit([[1.0]])
