"""Lists of events, and recordings that are cut into samples."""

import subprocess
import sys

import numpy as np
import pytest
import quantities as pq
from brian2 import ms, mV, second, us
from hypothesis import given
from hypothesis import strategies as st

from bioplastic import SpikeTrains
from bioplastic.errors import DataError

TRIALS = [([0.120, 0.010, 0.130], [0, 2, 0]), ([0.050], [1]), ([], [])]


def holds(spikes, trials=TRIALS):
    """Whether the samples have these events, in order of time."""
    for sample, (times, units) in zip(spikes, trials, strict=True):
        order = np.argsort(times, kind="stable")
        np.testing.assert_array_equal(sample.times, np.array(times, float)[order])
        np.testing.assert_array_equal(sample.units, np.array(units, int)[order])
    return True


class TestFromEvents:
    def test_events_in_any_order(self):
        spikes = SpikeTrains.from_events(TRIALS, n_units=5, duration=[0.2, 0.1, 0.3])
        assert spikes.shape == (3, 5)
        assert spikes.duration.tolist() == [0.2, 0.1, 0.3]
        assert holds(spikes)

    def test_what_nobody_says_follows_from_the_events(self):
        spikes = SpikeTrains.from_events(TRIALS)
        assert spikes.n_units == 3
        assert spikes.duration.tolist() == [0.13, 0.05, 0.0]
        assert SpikeTrains.from_events([]).shape == (0, 1)
        assert SpikeTrains.from_events((t for t in TRIALS), n_units=3) == spikes

    @pytest.mark.parametrize("times", [np.float16, np.float32, np.float64, np.int64, np.uint16])
    @pytest.mark.parametrize("units", [np.uint16, np.int64, np.uint8, np.float32, np.float64])
    def test_any_of_the_usual_types(self, times, units):
        trials = [(np.array([3, 1], times), np.array([0, 2], units))]
        spikes = SpikeTrains.from_events(trials, n_units=3, duration=4.0)
        assert holds(spikes, [([1, 3], [2, 0])])
        assert (spikes.times.dtype, spikes.units.dtype) == (np.float64, np.int32)

    @pytest.mark.parametrize(
        "times",
        [
            [1000, 500] * us,
            [1.0, 0.5] * ms,
            [1 * ms, 0.5 * ms],
            [1.0, 0.5] * pq.ms,
            np.array([1000, 500], "m8[us]"),
        ],
        ids=["us", "ms", "list", "quantities", "timedelta64"],
    )
    def test_times_with_a_unit(self, times):
        spikes = SpikeTrains.from_events([(times, [0, 1])], duration=2 * ms)
        np.testing.assert_allclose(spikes.times, [0.0005, 0.001], rtol=1e-15)
        assert spikes.units.tolist() == [1, 0]
        assert spikes.duration.tolist() == [0.002]

    def test_spikes_at_the_same_time_stay_in_their_order(self):
        spikes = SpikeTrains.from_events([([0.2, 0.1, 0.1, 0.1], [5, 2, 0, 1])])
        assert spikes.units.tolist() == [2, 0, 1, 5]

    @pytest.mark.parametrize(("dtype", "end"), [(np.float16, 0.7), (np.float32, 0.3)])
    def test_a_narrow_time_at_the_end_is_no_later(self, dtype, end):
        last = dtype(end)
        assert float(last) > end
        times = np.array([0.1, last], dtype)
        assert SpikeTrains.from_events([(times, [0, 0])], duration=end).times[1] == end
        times[1] = np.nextafter(last, dtype(1))
        with pytest.raises(DataError, match="sample 0, event 1 has 0"):
            SpikeTrains.from_events([(times, [0, 0])], duration=end)

    @pytest.mark.parametrize(
        ("trials", "message"),
        [
            (5, "must be a list with a pair .* for each sample, got 5"),
            ([5], r"sample 0 must be a pair \(times, units\), got int"),
            (([0.1, 0.2, 0.3], [0, 1, 2]), "sample 0 must be a pair .* got list; give a list"),
            ([([0.1], [0]), ([0.1, 0.2], [0])], r"sample 1 must .* \(2,\) of times and \(1,\)"),
            ([(0.1, 0)], r"sample 0 must have .* in one list each, got shapes \(\) of times"),
            ([([0.1], [0]), ([0.2, np.nan], [0, 1])], "finite .* sample 1, event 1 has nan s"),
            ([([0.2, np.inf], [0, 1])], "finite .* sample 0, event 1 has inf s of 0.5 s; correct"),
            ([([], []), ([0.2, -0.1], [0, 1])], "lie in the sample, sample 1, event 1 has -0.1 s"),
            ([([0.2, 0.6], [0, 1])], "sample 0, event 1 has 0.6 s of 0.5 s; .*longer duration"),
            ([([0.2, 0.1], [0, 3])], r"units must lie in 0\.\.2, sample 0, event 1 has 3; give a"),
            ([([0.1], [0]), ([0.1], [-1])], r"units must lie in 0\.\.2, sample 1, event 0 has -1"),
            ([([0.1], [0]), ([0.1], [0.5])], "units of sample 1: .*whole .* event 0 has 0.5"),
            ([([0.1], ["a"])], "units of sample 0: must be whole numbers, got <U1"),
            ([([0.1], [0]), ([1] * mV, [0])], "times of sample 1: must be times .* unit volt"),
            ([(["a"], [0])], "times of sample 0: must be times in seconds, .* got <U1"),
        ],
    )
    def test_what_does_not_fit_is_named(self, trials, message):
        with pytest.raises(DataError, match=f"^SpikeTrains.from_events: .*{message}"):
            SpikeTrains.from_events(trials, n_units=3, duration=0.5)

    @pytest.mark.parametrize("duration", [[0.5, 0.5], -1.0, np.nan, 5 * mV], ids=repr)
    def test_other_durations_are_refused(self, duration):
        with pytest.raises(DataError, match="SpikeTrains.*duration:? must be"):
            SpikeTrains.from_events(TRIALS, duration=duration)

    def test_a_warning_of_milliseconds_points_to_the_caller(self):
        with pytest.warns(UserWarning, match="look like milliseconds") as caught:
            SpikeTrains.from_events([([500, 20], [0, 1])])
        assert caught[0].filename == __file__
        SpikeTrains.from_events([([500, 20] * second, [0, 1])])  # it is known


class TestFromRecording:
    TIMES, UNITS = [0.9, 0.1, 0.18, 0.25, 0.3], [4, 0, 1, 0, 2]

    def test_windows_are_half_open_and_may_overlap(self):
        windows = [(0.1, 0.25), (0.18, 0.3), (0.5, 0.6), (0.0, 1.0)]
        spikes = SpikeTrains.from_recording(self.TIMES, self.UNITS, windows)
        assert spikes.n_units == 5
        expected = [
            ([0.0, 0.18 - 0.1], [0, 1]),
            ([0.0, 0.25 - 0.18], [1, 0]),
            ([], []),
            (sorted(self.TIMES), [0, 1, 0, 2, 4]),
        ]
        assert holds(spikes, expected)
        assert spikes.duration.tolist() == [0.25 - 0.1, 0.3 - 0.18, 0.6 - 0.5, 1.0]

    @given(
        st.lists(st.tuples(st.floats(-5, 5), st.integers(0, 3)), max_size=30),
        st.lists(st.tuples(st.floats(-6, 6), st.floats(0, 3)), max_size=5),
    )
    def test_as_a_loop_does_it(self, events, windows):
        times, units = np.array([t for t, _ in events]), np.array([u for _, u in events], int)
        windows = [(start, start + length) for start, length in windows]
        chosen = [(start <= times) & (times < stop) for start, stop in windows]
        if len(events) and len(windows) and not np.any(chosen):
            with pytest.raises(DataError, match="no window holds a spike"):
                SpikeTrains.from_recording(times, units, windows, n_units=4)
            return
        spikes = SpikeTrains.from_recording(times, units, windows, n_units=4)
        expected = [(times[c] - w[0], units[c]) for c, w in zip(chosen, windows, strict=True)]
        assert len(spikes) == len(windows)
        for sample, (own, neurons) in zip(spikes, expected, strict=True):
            order = np.argsort(own, kind="stable")
            np.testing.assert_array_equal(sample.times, own[order])
            assert sorted(sample.units) == sorted(neurons)

    @pytest.mark.parametrize(
        "windows",
        [
            [(100, 250), (250, 400)] * ms,
            [(100 * ms, 250 * ms), (0.25 * second, 400 * ms)],
            np.array([(100, 250), (250, 400)]) * pq.ms,
        ],
        ids=["Brian", "list", "quantities"],
    )
    def test_windows_with_a_unit(self, windows):
        spikes = SpikeTrains.from_recording(np.array(self.TIMES) * second, self.UNITS, windows)
        assert spikes.counts().sum(axis=1).tolist() == [2, 2]
        np.testing.assert_allclose(spikes.duration, 0.15)

    def test_windows_of_one_length_are_shown_as_such(self):
        starts = 0.1 * np.arange(3)  # 0.30000000000000004 - 0.2, and the like
        windows = np.column_stack([starts, starts + 0.1])
        assert repr(SpikeTrains.from_recording([0.1], [0], windows)).endswith("1 spikes, 0.1 s)")

    def test_units_are_those_of_the_whole_recording(self):
        assert SpikeTrains.from_recording([0.1, 9.0], [0, 41], [(0, 1)]).n_units == 42
        assert len(SpikeTrains.from_recording([0.1], [0], [])) == 0

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"times": [0.1]}, r"lists of equal length, got shapes \(1,\) and \(5,\)"),
            ({"times": [0.1, 0.2, np.nan, 0, 0]}, "must be finite, event 2 has nan s"),
            ({"times": [[0.1, 0.2], [0.3]]}, r"got a list of lists; np\.concatenate\(times\)"),
            ({"units": ["a"] * 5}, r"got <U1; np\.unique\(names, return_inverse=True\)"),
            ({"units": [0, 1, 9, 0, 0]}, r"units must lie in 0\.\.4, event 2 has 9"),
            ({"units": [0, 1, -1, 0, 0]}, r"units must lie in 0\.\.4, event 2 has -1"),
            ({"units": [0, 1, 0.5, 0, 0]}, "units: must be whole numbers, event 2 has 0.5"),
            ({"windows": [(0, 1), (2, 1)]}, "window 1 is 2.0 s to 1.0 s"),
            ({"windows": [(0, np.inf)]}, "window 0 is 0.0 s to inf s"),
            ({"windows": [0.1, 0.5]}, r"pairs \(start, stop\), got shape \(2,\); np.column_stack"),
            ({"windows": [(100, 300)]}, "from 0.1 s to 0.9 s, windows lie from 100 s to 300 s"),
            ({"windows": [(0, 1)] * mV}, "windows: must be times .* got the unit volt"),
        ],
    )
    def test_what_does_not_fit_is_named(self, change, message):
        given = {"times": self.TIMES, "units": self.UNITS, "windows": [(0, 1)]} | change
        with pytest.raises(DataError, match=f"^SpikeTrains.from_recording: .*{message}"):
            SpikeTrains.from_recording(**given, n_units=5)


@pytest.mark.parametrize("n_units", ["3", 2.0, -3, 0])
def test_what_is_no_number_of_units_is_refused(n_units):
    with pytest.raises(DataError, match="n_units: must be a whole number of at least 1"):
        SpikeTrains.from_events(TRIALS, n_units=n_units)
    with pytest.raises(DataError, match="n_units: must be a whole number of at least 1"):
        SpikeTrains.from_recording([0.1], [0], [(0, 1)], n_units=n_units)


def test_doors_open_no_library_that_is_not_needed():
    code = (
        "import sys\nfrom bioplastic import SpikeTrains\n"
        "SpikeTrains.from_events([([0.1], [0])]).to_tonic()\n"
        "print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    ).stdout.split()
    assert "bioplastic.exchange.tonic" in loaded
    assert not {"tonic", "torch", "neo", "pandas", "h5py", "sklearn"} & set(loaded)


def test_masked_times_are_no_spikes():
    masked = np.ma.array([0.1, 0.2], mask=[False, True])
    with pytest.raises(DataError, match="some are masked; leave them out by compressed"):
        SpikeTrains.from_events([(masked, [0, 1])])
    assert len(SpikeTrains.from_events([(masked.compressed(), [0])]).times) == 1
