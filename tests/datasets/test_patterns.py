"""Pattern generation: frozen noise and sums of sines."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV, second

from bioplastic.datasets.patterns import make_patterns
from bioplastic.errors import ParameterError


def test_the_noise_has_the_rate_and_at_most_one_spike_a_step():
    task = make_patterns(n_channels=1000, random_state=0)
    steps = task.data.binned(1 * ms)
    assert steps.shape == (1, 1000, 1000)
    assert steps.max() == 1
    # A million steps: four standard errors.
    assert steps.mean() == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 1e6))


def test_curves_begin_at_zero_and_reach_one():
    target = make_patterns(20, random_state=1).target
    assert target.shape == (1, 1000, 20)
    assert (target[0, 0] == 0).all()
    assert np.abs(target).max(axis=1) == pytest.approx(np.ones((1, 20)))


def test_a_curve_holds_the_given_frequencies_only():
    target = make_patterns(5, frequencies=(1, 2, 3, 5) * Hz, random_state=2).target[0]
    amplitude = np.abs(np.fft.rfft(target, axis=0))
    assert amplitude[[4, *range(6, 501)]].max() < 1e-9
    sines = amplitude[[1, 2, 3, 5]]
    # Amplitudes before scaling are from 0.5 to 2: at most four times each other.
    assert (sines.max(axis=0) < 4 * sines.min(axis=0)).all()
    assert (sines.min(axis=0) > 0).all()


def test_steps_follow_duration_and_dt():
    task = make_patterns(2, duration=0.3 * second, dt=5 * ms, frequencies=[4] * Hz, random_state=0)
    assert task.data.duration[0] == pytest.approx(0.3)
    assert task.target.shape == (1, 60, 2)
    # 4 Hz: one period is 50 steps.
    assert task.target[0, :10] == pytest.approx(task.target[0, 50:])
    assert not make_patterns(duration=1 * ms, random_state=0).target.any()


def test_it_repeats_by_its_seed():
    first, again, other = (make_patterns(random_state=seed) for seed in (3, 3, 4))
    assert first.data == again.data
    assert np.array_equal(first.target, again.target)
    assert first.data != other.data


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_outputs", 0),
        ("n_channels", 1.0),
        ("rate", 1 * second),
        ("rate", 1000 * Hz),
        ("duration", 0 * ms),
        ("duration", 10.5 * ms),
        ("frequencies", 3 * Hz),
        ("frequencies", [] * Hz),
        ("frequencies", [1, 2]),
        ("frequencies", (1, -2) * Hz),
        ("dt", 1 * mV),
    ],
)
def test_bad_parameters_are_named(name, value):
    with pytest.raises(ParameterError, match=rf"make_patterns\.{name}: "):
        make_patterns(**{name: value})
