"""What goes on in a trained network: every estimator that presents samples lets one look."""

import numpy as np
import pytest
from brian2 import ms
from sklearn.exceptions import NotFittedError

from bioplastic import SpikeTrains, networks
from bioplastic.engine import every
from bioplastic.errors import ParameterError
from bioplastic.networks import (
    DiehlCook,
    DiehlCookClassifier,
    EPropClassifier,
    EPropRegressor,
    LiquidStateMachine,
    RewardSTDPClassifier,
    SpikingClassifier,
    SpikingRegressor,
)
from bioplastic.readout import SpikeTimeClassifier, SpikeTimeRegressor

N, CHANNELS = 5, 12
SHORT = {"engine": "numpy", "random_state": 0}
OF_RATES = {"presentation": 30 * ms, "rest": 5 * ms, "dt": 1 * ms, **SHORT}
EPROP = {**SHORT, "n_lif": 5, "n_alif": 3, "n_epochs": 1, "dt": 1 * ms}
LEAKY = SpikeTimeRegressor(kernel="exponential")
HOW = {"tau": 20 * ms, "n_references": 2, "max_neurons": 3}


def words():
    rng = np.random.default_rng(0)
    times = np.sort(rng.uniform(0, 0.05, (N, 60)), axis=1)
    offsets = 60 * np.arange(N + 1)
    units = rng.integers(CHANNELS, size=60 * N)
    return SpikeTrains(times.ravel(), units, offsets, n_units=CHANNELS, duration=0.05)


X, Y = words(), np.arange(N) % 2
NUMBERS = np.random.default_rng(0).uniform(1, 9, (N, CHANNELS))
#: Of each: how it is trained, its samples, and a variable of its network.
ESTIMATORS = {
    DiehlCook: (lambda: DiehlCook(6, **OF_RATES).fit(NUMBERS), NUMBERS, "excitatory.v"),
    DiehlCookClassifier: (
        lambda: DiehlCookClassifier(6, dt=1 * ms, **SHORT).fit(X, Y), X, "excitatory.v",
    ),
    RewardSTDPClassifier: (
        lambda: RewardSTDPClassifier(2, n_epochs=1, dt=1 * ms, **SHORT).fit(X, Y),
        X, "output.v",
    ),
    LiquidStateMachine: (
        lambda: LiquidStateMachine(20, liquid="random", **SHORT).fit(X), X, "exc.v",
    ),
    EPropClassifier: (lambda: EPropClassifier(**EPROP).fit(X, Y), X, "lif.v"),
    EPropRegressor: (lambda: EPropRegressor(**EPROP).fit(X, np.arange(N)), X, "lif.v"),
    SpikingClassifier: (
        lambda: SpikingClassifier(SpikeTimeClassifier(**HOW), dt=1 * ms, engine="numpy").fit(X, Y),
        X, "positive.v",
    ),
    SpikingRegressor: (
        lambda: SpikingRegressor(LEAKY, dt=1 * ms, engine="numpy").fit(X, X),
        X, "output.v",
    ),
}  # fmt: skip


def test_there_is_no_other():
    public = {getattr(networks, name) for name in networks.__all__}
    assert {its for its in public if hasattr(its, "presentation_of")} == ESTIMATORS.keys()


@pytest.fixture(params=ESTIMATORS, ids=lambda its: its.__name__)
def trained(request):
    make, samples, variable = ESTIMATORS[request.param]
    return make(), samples, variable


def test_look(trained, tmp_path):
    model, samples, variable = trained
    network = model.presentation_of(samples).network
    spiking = [p.name for p in network.populations if p.neuron.spikes]
    result = model.look(samples[:3], {"spikes": spiking, variable: every(2 * ms, [1, 0])})
    assert list(result.spikes) == spiking
    watched = [result.spikes[name].counts() for name in network.watched]
    np.testing.assert_array_equal(np.hstack(watched), result.counts)
    answer = model.presentation_of(samples).present(engine=model.engine, record="spikes")
    np.testing.assert_array_equal(answer.counts[:3], result.counts)
    states = result.states[variable]
    assert len(states) == 3
    for its in states:
        assert its.values.shape == (len(its.times), 2)
        np.testing.assert_allclose(np.diff(its.times), 0.002)
    assert np.ptp(states.values) > 0
    kept = model.look(samples[:3], {variable: every(2 * ms, [1, 0])}, record_path=tmp_path / "a.h5")
    np.testing.assert_array_equal(kept.states[variable].values, states.values)


def test_what_cannot_be_looked_at():
    make, samples, _ = ESTIMATORS[LiquidStateMachine]
    with pytest.raises(NotFittedError):
        LiquidStateMachine(20).look(samples, {"exc.v": [0]})
    with pytest.raises(ParameterError, match="record: the network has no variable 'ex.v'"):
        make().look(samples, {"ex.v": [0]})
