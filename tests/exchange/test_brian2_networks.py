"""Ten networks in plain Brian2, of `benchmarks/_brian2_networks`: they build, run and spike."""

import importlib
import sys
from pathlib import Path

import brian2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
from _brian2_networks import NAMES
from _brian2_networks.frozen import frozen_poisson

#: Scale and milliseconds at which each has spikes within a second or two.
SIZES = {
    "cobahh": (0.02, 5),
    "cuba": (0.05, 40),
    "vogels": (0.02, 40),
    "song": (0.03, 200),
    "diehl_cook": (0.05, 150),
    "brunel": (0.05, 40),
    "izhikevich": (0.1, 100),
    "tsodyks_markram": (0.1, 60),
    "adex": (0.05, 40),
    "frozen_noise": (0.05, 100),
}


@pytest.fixture
def on_numpy():
    """Let Brian run what it generates for NumPy; its step is the next one's business."""
    target, dt = brian2.prefs.codegen.target, brian2.defaultclock.dt
    brian2.prefs.codegen.target = "numpy"
    yield
    brian2.prefs.codegen.target = target
    brian2.defaultclock.dt = dt


def run(name, *, seed=0, **options):
    """Run a network on Brian's runtime device; times and neurons by population."""
    module = importlib.import_module(f"_brian2_networks.{name}")
    scale, milliseconds = SIZES[name]
    network = module.build(seed=seed, scale=scale, **options)
    names = vars(module) | {"network": network, "duration": milliseconds * brian2.ms}
    # Where a script would run it: among the constants of its module.
    eval("network.run(duration)", names)
    monitors = [one for one in network.objects if isinstance(one, brian2.SpikeMonitor)]
    assert milliseconds * brian2.ms <= module.DURATION
    return {one.source.name: np.array([one.t_[:], one.i[:]]) for one in monitors}


def test_every_network_has_a_size():
    assert set(SIZES) == set(NAMES)


@pytest.mark.parametrize("deterministic", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_spikes(on_numpy, name, deterministic):
    spikes = run(name, deterministic=deterministic)
    for population, found in spikes.items():
        assert found.shape[1] > 0, f"{population} is silent"


@pytest.mark.parametrize("name", NAMES)
def test_without_noise_runs_are_repeated(on_numpy, name):
    one, again = run(name), run(name)
    for population, found in one.items():
        np.testing.assert_array_equal(found, again[population])


def test_frozen_poisson_follows_rates_frame_by_frame(on_numpy):
    rng = np.random.default_rng(0)
    brian2.defaultclock.dt = 1 * brian2.ms
    group = frozen_poisson(rng, [[50.0, 0.0], [0.0, 100.0]], 20 * brian2.second, "group")
    times = np.asarray(group.variables["spike_time"].get_value())
    units = group.variables["neuron_index"].get_value()
    assert times[units == 0].max() < 10 <= times[units == 1].min()
    # Poisson counts of 500 and 1000, less than 3 and 5 % of which fall into a step that is taken.
    assert 500 * 0.97 - 4 * 500**0.5 < np.sum(units == 0) < 500 + 4 * 500**0.5
    assert 1000 * 0.95 - 4 * 1000**0.5 < np.sum(units == 1) < 1000 + 4 * 1000**0.5
