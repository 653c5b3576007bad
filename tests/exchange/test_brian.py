"""What Brian's monitors recorded, and its groups that fire given spikes."""

import brian2
import numpy as np
import pytest
from brian2 import Hz, PoissonGroup, SpikeMonitor, ms

from bioplastic import SpikeTrains
from bioplastic.errors import DataError


@pytest.fixture(autouse=True)
def numpy_code():
    """Compile nothing."""
    before = brian2.prefs.codegen.target
    brian2.prefs.codegen.target = "numpy"
    yield
    brian2.prefs.codegen.target = before


@pytest.fixture
def monitor():
    """Record 200 ms of 8 neurons."""
    brian2.seed(0)
    group = PoissonGroup(8, 100 * Hz, dt=0.5 * ms)
    monitor = SpikeMonitor(group)
    brian2.Network(group, monitor).run(200 * ms)
    return monitor


def test_a_simulation_is_one_sample(monitor):
    spikes = SpikeTrains.from_brian(monitor)
    assert spikes.shape == (1, 8)
    assert len(spikes.times) > 100
    np.testing.assert_array_equal(spikes.times, monitor.t / brian2.second)
    np.testing.assert_array_equal(spikes.units, monitor.i)
    assert spikes.duration.tolist() == [0.2]


def test_windows_are_trials(monitor):
    spikes = SpikeTrains.from_brian(monitor, windows=[(0, 50), (100, 200)] * ms)
    whole = SpikeTrains.from_brian(monitor)
    assert spikes.shape == (2, 8)
    late = whole.times >= 0.1
    np.testing.assert_array_equal(spikes[1].times, whole.times[late] - 0.1)
    np.testing.assert_array_equal(spikes[1].units, whole.units[late])
    with pytest.raises(DataError, match="SpikeTrains.from_recording: no window holds a spike"):
        SpikeTrains.from_brian(monitor, windows=[(1, 2)])


def test_a_part_of_a_group():
    group = PoissonGroup(8, 100 * Hz)
    monitor = SpikeMonitor(group[2:5])
    brian2.Network(group, monitor).run(50 * ms)
    assert SpikeTrains.from_brian(monitor).n_units == 3


@pytest.mark.parametrize("dt", [0.1, 0.3, 1.0])
def test_there_and_back(dt):
    raster = np.random.default_rng(0).random((1, 300, 5)) < 0.1
    spikes = SpikeTrains.from_dense(raster, dt * ms)
    group = spikes.to_brian(dt=dt * ms)
    monitor = SpikeMonitor(group)
    brian2.Network(group, monitor).run(300 * dt * ms)
    assert SpikeTrains.from_brian(monitor) == spikes


def test_one_sample_at_a_time(spikes):
    with pytest.raises(DataError, match=r"takes one sample, got 4; .* spikes\[0\]\.to_brian"):
        spikes.to_brian()
    assert spikes[1].to_brian(name="silent").N == 7


def test_at_most_one_spike_of_a_unit_in_a_step():
    spikes = SpikeTrains([0.001, 0.001, 0.00149], [0, 1, 1], [0, 3], n_units=2, duration=0.01)
    message = (
        "unit 1 has spikes at 0.001 s and 0.00149 s, events 1 and 2, in one step of 0.5 ms; give a "
        "smaller dt"
    )
    with pytest.raises(DataError, match=message):
        spikes.to_brian(dt=0.5 * ms)
    with pytest.raises(DataError, match="in one step of 0.5 ms"):
        spikes.to_brian(clock=brian2.Clock(0.5 * ms))
    group = spikes.to_brian()  # of Brian's clock, 0.1 ms
    monitor = SpikeMonitor(group)
    brian2.Network(group, monitor).run(10 * ms)
    assert SpikeTrains.from_brian(monitor).counts().tolist() == [[1, 2]]


@pytest.mark.parametrize("make", [
    lambda group: 5,
    lambda group: group,
    lambda group: SpikeMonitor(group, record=False),
    brian2.PopulationRateMonitor,
])  # fmt: skip
def test_what_is_no_recording_monitor_is_refused(make):
    made = make(PoissonGroup(2, 10 * Hz))
    with pytest.raises(DataError, match="must be a SpikeMonitor with record=True, got "):
        SpikeTrains.from_brian(made)
