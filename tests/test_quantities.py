"""Times with units, of Brian, quantities and NumPy: converted or refused, no mere numbers."""

import datetime

import numpy as np
import pytest
import quantities as pq
from brian2 import Hz, hertz, kHz, ms, mV, nS, second, us

from bioplastic import SpikeTrains, encoding, engine, models, networks, readout
from bioplastic._quantities import base_units, has_unit, powers_of_units, same_unit
from bioplastic.errors import DataError, ParameterError
from bioplastic.inspect import PlasticityRecorder, plot_raster, plot_word
from bioplastic.inspect.separation import plot_separation

TIMES = [
    [0.01, 0.02],
    (0.01, np.float64(0.02)),
    [10.0, 20.0] * ms,
    [10 * ms, 20000 * us],
    np.array([10 * ms, 0.02], dtype=object),
    [10.0, 20.0] * pq.ms,
    [10 * pq.ms, 20000 * pq.us],
    np.array([10, 20], dtype="m8[ms]"),
    [np.timedelta64(10, "ms"), np.timedelta64(20000, "us")],
    [datetime.timedelta(milliseconds=10), datetime.timedelta(milliseconds=20)],
]
OTHERS = [
    ([0.01, 0.02] * mV, "volt"),
    ([0.01 * mV, 0.02 * mV], "volt"),
    ([0.01, 0.02] * pq.mV, "mV"),
    ([0.01 * pq.mV, 0.02 * pq.mV], "mV"),
    ([1.0, 2.0] * Hz, "hertz"),
    ([1.0, 2.0] * pq.dimensionless, "dimensionless"),
    (np.array([1, 2], dtype="M8[s]"), "datetime64"),
    (["0.01", "0.02"], "U4"),
    ([None, None], "object"),
    (None, "object"),
]


class Length:
    """What other packages of units look like."""

    units = "metre"


class TestBaseUnits:
    @pytest.mark.parametrize("times", TIMES, ids=repr)
    def test_times_are_converted_to_seconds(self, times):
        np.testing.assert_allclose(base_units("x", times), [0.01, 0.02], rtol=1e-12)

    @pytest.mark.parametrize(("times", "unit"), OTHERS, ids=[repr(other) for other, _ in OTHERS])
    def test_other_units_are_refused_by_name(self, times, unit):
        with pytest.raises(DataError, match=f"^x: must be times in seconds, .*{unit}"):
            base_units("x", times)

    def test_units_of_other_packages_are_refused(self):
        with pytest.raises(ParameterError, match="Length; convert it first"):
            base_units("x", Length(), error=ParameterError)

    def test_rates(self):
        assert base_units("x", 2 * kHz, hertz) == base_units("x", 2 * pq.kHz, hertz) == 2000
        with pytest.raises(DataError, match="rates in hertz, .* second"):
            base_units("x", 2 * ms, hertz)
        with pytest.raises(DataError, match="rates in hertz, .* timedelta64"):
            base_units("x", np.timedelta64(2, "s"), hertz)

    def test_plain_numbers_are_not_copied(self):
        times = np.array([0.1, 0.2])
        assert base_units("x", times) is times

    def test_who_has_a_unit(self):
        assert not any(map(has_unit, [*TIMES[:2], 0.5, [], np.array([0.5]), "s", None]))
        assert all(map(has_unit, [*TIMES[2:4], *TIMES[5:], *OTHERS[0][:1]]))


class TestSpikeTrains:
    @pytest.mark.parametrize("times", TIMES, ids=repr)
    def test_times(self, times):
        spikes = SpikeTrains(times, [0, 0], [0, 2], n_units=1, duration=1.0)
        np.testing.assert_allclose(spikes.times, [0.01, 0.02], rtol=1e-12)

    @pytest.mark.parametrize("durations", TIMES, ids=repr)
    def test_durations(self, durations):
        spikes = SpikeTrains([], [], [0, 0, 0], n_units=1, duration=durations)
        np.testing.assert_allclose(spikes.duration, [0.01, 0.02], rtol=1e-12)

    @pytest.mark.parametrize(("times", "unit"), OTHERS, ids=[repr(other) for other, _ in OTHERS])
    def test_others(self, times, unit):
        with pytest.raises(DataError, match=f"SpikeTrains.times: .*{unit}"):
            SpikeTrains(times, [0, 0], [0, 2], n_units=1, duration=1.0)
        with pytest.raises(DataError, match=f"SpikeTrains.duration: .*{unit}"):
            SpikeTrains([], [], [0, 0, 0], n_units=1, duration=times)

    def test_widths_of_bins(self):
        spikes = SpikeTrains([0.1, 0.2], [0, 0], [0, 2], n_units=1, duration=0.3)
        for dt in (100 * ms, 100 * pq.ms, np.timedelta64(100, "ms"), 0.1):
            assert spikes.binned(dt)[0, :, 0].tolist() == [0, 1, 1]
        for dt in (100 * mV, 100 * pq.mV):
            with pytest.raises(ParameterError, match="SpikeTrains.binned: dt: must be times"):
                spikes.binned(dt)

    def test_durations_of_a_file(self, tmp_path):
        path = tmp_path / "spikes.h5"
        SpikeTrains([0.1], [0], [0, 1], n_units=1, duration=0.2).save(path)
        assert SpikeTrains.load(path, duration=300 * pq.ms).duration == pytest.approx(0.3)
        with pytest.raises(DataError, match="SpikeTrains.duration: .* volt"):
            SpikeTrains.load(path, duration=300 * mV)


@pytest.mark.parametrize("bad", [5 * mV, 5 * pq.mV], ids=repr)
class TestOtherEntries:
    """Whatever takes times as numbers in seconds."""

    def test_slots(self, bad):
        schedule = models.Schedule(presentation=None, rest=0 * ms, dt=1 * ms)
        assert schedule.n_steps([5.0, 7.0] * pq.ms).tolist() == [5, 7]
        with pytest.raises(ParameterError, match=r"Schedule.n_steps: must be times"):
            schedule.n_steps(bad)

    def test_stimuli(self, bad):
        X = np.ones((3, 2))
        assert engine.SignalStimulus(values=[X], dt=1 * ms).durations(0, 1) == pytest.approx(0.003)
        assert engine.RateStimulus(values=X, scale=1 * pq.kHz).rows(0, 1).max() == 1000
        with pytest.raises(DataError, match=r"stimulus.dt: must be times"):
            engine.SignalStimulus(values=[X], dt=bad)
        with pytest.raises(DataError, match=r"stimulus.scale: must be rates"):
            engine.RateStimulus(values=X, scale=bad)

    def test_pictures(self, bad):
        times = [1, 2] * bad
        with pytest.raises(DataError, match="times: must be times"):
            plot_raster((times, [0, 0]))
        with pytest.raises(DataError, match="times: must be times"):
            plot_separation(times, [[0, 1]], [1])
        spikes = SpikeTrains([0.1], [0], [0, 1], n_units=1, duration=0.5)
        with pytest.raises(DataError, match="times: must be times"):
            plot_word(spikes, spikes, times=times, scores=[[0], [1]], classes=["a"])

    def test_recorders(self, bad):
        with pytest.raises(ParameterError, match="Recorder.times: must be finite times in seconds"):
            PlasticityRecorder(times=bad)


FOREIGN = [5 * pq.ms, 5 * pq.mV, datetime.timedelta(milliseconds=5), np.timedelta64(5, "ms")]


@pytest.mark.parametrize("value", FOREIGN, ids=repr)
class TestParametersWithUnits:
    """Parameters take Brian's units alone, and refuse all others with an error of ours."""

    def test_same_unit(self, value):
        assert not any(same_unit(value, unit) for unit in (second, mV, 1))

    def test_declarations(self, value):
        with pytest.raises(ParameterError, match="tau_membrane: must have the unit"):
            models.LIF(tau_membrane=value)
        with pytest.raises(ParameterError, match="batch_size: must have the unit"):
            models.Schedule(batch_size=value)  # without a unit
        with pytest.raises(ParameterError, match="must have the same unit|must be one number"):
            models.Uniform(low=value, high=value)

    def test_estimators(self, value):
        spikes = SpikeTrains([0.1], [0], [0, 1], n_units=1, duration=0.5)
        with pytest.raises(ParameterError, match="duration: must have the unit"):
            encoding.PoissonEncoder(duration=value).fit([[1.0]])
        with pytest.raises(ParameterError, match="jitter: must have the unit"):
            encoding.SpikeAugmenter(jitter=value).fit_resample(spikes)
        with pytest.raises(ParameterError, match="bin_width: must have the unit"):
            readout.TimeBinnedCount(bin_width=value).fit(spikes)
        with pytest.raises(ParameterError, match="presentation: must have the unit"):
            networks.DiehlCook(2, presentation=value, engine="numpy").fit([[1.0]])


def test_powers_of_base_units_in_brians_order():
    powers = powers_of_units(3 * nS)
    assert list(powers) == ["metre", "kilogram", "second", "amp", "kelvin", "mole", "candle"]
    assert list(powers.values()) == [-2, -1, 3, 2, 0, 0, 0]
    assert set(powers_of_units(2.0).values()) == {0}
