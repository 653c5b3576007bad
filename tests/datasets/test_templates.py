"""Jittered Poisson templates."""

import numpy as np
import pytest
from brian2 import Hz, ms, mV, second

from bioplastic.datasets import make_jittered_templates
from bioplastic.errors import ParameterError


def test_every_train_has_the_same_count_in_every_class():
    task = make_jittered_templates(60, n_templates=6, n_classes=3, n_channels=4, random_state=0)
    assert task.data.shape == (60, 4)
    assert (task.data.counts() == 10).all()
    assert (task.templates.counts() == 10).all()
    assert np.bincount(task.template).tolist() == [10] * 6
    assert np.array_equal(task.target, task.template % 3)


def test_displacements_have_the_spread_of_the_jitter():
    options = {"n_channels": 20, "rate": 2 * Hz, "random_state": 1}
    still = make_jittered_templates(500, jitter=0 * ms, **options)
    moved = make_jittered_templates(500, jitter=3 * ms, **options)

    def by_channel(spikes):  # one spike in each
        return spikes.times.reshape(500, 20)[
            np.arange(500)[:, None], np.argsort(spikes.units.reshape(500, 20), axis=1)
        ]

    assert np.array_equal(still.template, moved.template)
    assert np.array_equal(by_channel(still.data), by_channel(still.templates[still.template]))
    found = (by_channel(moved.data) - by_channel(still.data)).std()
    assert found == pytest.approx(3e-3, rel=0.03)


def test_spikes_are_reflected_at_both_ends():
    task = make_jittered_templates(200, duration=20 * ms, rate=500 * Hz, jitter=50 * ms)
    assert (task.data.counts() == 10).all()
    assert task.data.times.min() >= 0
    assert task.data.times.max() <= 0.02


def test_times_of_a_template_are_uniform():
    times = make_jittered_templates(2, n_templates=2, rate=10_000 * Hz, random_state=0).templates
    counts = np.histogram(times.times, bins=10, range=(0, 0.5))[0]
    # Chi-square with 9 degrees of freedom, 0.1 %.
    assert ((counts - 1000.0) ** 2 / 1000).sum() < 27.9


def test_it_repeats_by_its_seed():
    first, again, other = (make_jittered_templates(20, random_state=seed) for seed in (3, 3, 4))
    assert first.data == again.data
    assert first.data != other.data


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_samples", 0),
        ("n_templates", 1),
        ("n_classes", 1),
        ("n_channels", 2.0),
        ("rate", 20),
        ("rate", 0 * Hz),
        ("rate", 0.1 * Hz),
        ("duration", 3 * mV),
        ("duration", 0 * second),
        ("jitter", -1 * ms),
        ("jitter", float("nan") * ms),
    ],
)
def test_bad_parameters_are_named(name, value):
    with pytest.raises(ParameterError, match=rf"make_jittered_templates\.{name}: "):
        make_jittered_templates(**{name: value})
