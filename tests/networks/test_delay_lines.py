"""Inputs that come again later are the same inputs, written down again later."""

import numpy as np
import pytest
from brian2 import ms

from bioplastic import SpikeTrains
from bioplastic.errors import ParameterError
from bioplastic.models import LIF, Adam, Network, Population, RateRegularization
from bioplastic.models.eprop import EPropLIF, LeakyReadout
from bioplastic.models.inputs import DelayLineInput
from bioplastic.networks import EPropClassifier

N_LINES, N_FEATURES, LAG = 3, 4, 7
OPTIONS = {"n_epochs": 2, "batch_size": 2, "dt": 10 * ms, "random_state": 0}


@pytest.fixture(scope="module")
def signals():
    rng = np.random.default_rng(0)
    shapes = [(n, N_FEATURES) for n in (30, 41, 5, 50, 14, 61)]
    return [(rng.random(shape) < 0.2) * rng.normal(size=shape) for shape in shapes]


def delayed(signal):
    later = np.zeros((len(signal), N_FEATURES * N_LINES))
    for k in range(N_LINES):
        kept = signal[: max(len(signal) - k * LAG, 0)]
        later[len(signal) - len(kept) :, k * N_FEATURES : (k + 1) * N_FEATURES] = kept
    return later


@pytest.mark.parametrize(
    "engine", ["numpy", pytest.param("cpp_standalone", marks=pytest.mark.slow)]
)
def test_lines_are_delayed_copies(signals, engine):
    y = [0, 1, 0, 1, 1, 0]
    lines = EPropClassifier(
        5, 5, n_lines=N_LINES, line_delay=LAG * 10 * ms, engine=engine, **OPTIONS
    )
    copies = EPropClassifier(5, 5, engine=engine, **OPTIONS)
    lines.fit(signals, y)
    copies.fit([delayed(signal) for signal in signals], y)
    assert lines.weights_["input_to_lif"].shape == (N_FEATURES * N_LINES, 5)
    for name, weights in copies.weights_.items():
        np.testing.assert_array_equal(lines.weights_[name], weights)
    np.testing.assert_array_equal(
        lines.predict_proba(signals), copies.predict_proba([delayed(s) for s in signals])
    )


def test_spikes_are_counted_and_delayed():
    spikes = SpikeTrains(
        [0.001, 0.002, 0.051, 0.031], [0, 1, 5, 2], [0, 3, 4], n_units=6, duration=[0.2, 0.1]
    )
    options = {"n_lines": 2, "line_delay": 30 * ms, "pool": 2, "engine": "numpy", **OPTIONS}
    options |= {
        "neuron": EPropLIF(),
        "readout": LeakyReadout(),
        "gains": {},
        "schedule": "constant",
    }
    options |= {"optimizer": Adam(learning_rate=0.005), "feedback": "symmetric"}
    options |= {"decision_window": 1.0, "regularization": RateRegularization(rate_cost=0.0)}
    of_spikes = EPropClassifier(4, 0, **options).fit(spikes, [0, 1])
    counts = [np.zeros((20, 3)), np.zeros((10, 3))]
    counts[0][0, 0], counts[0][5, 2], counts[1][3, 1] = 2, 1, 1
    options = {**options, "pool": 1}
    of_counts = EPropClassifier(4, 0, **options).fit(counts, [0, 1])
    for name, weights in of_counts.weights_.items():
        np.testing.assert_array_equal(of_spikes.weights_[name], weights)


def test_neurons_must_be_whole_lines():
    with pytest.raises(ParameterError, match="multiple of n_channels=4 .* got 10"):
        Network(
            populations=(
                Population(name="input", n=10, neuron=DelayLineInput(n_channels=4)),
                Population(name="output", n=1, neuron=LIF()),
            ),
            watch="output",
        )
