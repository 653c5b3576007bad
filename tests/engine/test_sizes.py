"""Sizes are data: one text of a program, and one program, for every number of neurons."""

import dataclasses
import functools

import numpy as np
import pytest
from brian2 import ms

from bioplastic import SpikeTrains, networks, readout
from bioplastic.engine import standalone_program
from bioplastic.engine.lanes import why_alone
from bioplastic.engine.plan import plan_of
from bioplastic.engine.standalone import slot_device
from bioplastic.engine.standalone_program import generate

# --- the networks of all estimators: their text is the same for two sets of sizes

N = 6
QUICK = {"engine": "cpp_standalone", "random_state": 0}
EPROP = {**QUICK, "n_epochs": 1, "batch_size": 2, "presentation": 5 * ms}
LEAKY = readout.SpikeTimeRegressor(kernel="exponential")


def spikes(n_units):
    rng = np.random.default_rng(0)
    times, units = np.sort(rng.uniform(0, 0.02, (N, 30))), rng.integers(0, n_units, 30 * N)
    offsets = 30 * np.arange(N + 1)
    return SpikeTrains(times.ravel(), units, offsets, n_units=n_units, duration=0.02)


def numbers(n_units):
    return np.random.default_rng(0).integers(1, 9, (N, n_units)).astype(float)


def labels(n_classes):
    return np.arange(N) % n_classes


def curves(n_outputs):
    return [np.ones((20, n_outputs))] * N


#: estimator of a number of neurons, samples of a number of units, targets of a number of outputs
ESTIMATORS = {
    "DiehlCook": (lambda n: networks.DiehlCook(n, dt=1 * ms, **QUICK), numbers, labels),
    "DiehlCook, spikes": (lambda n: networks.DiehlCook(n, dt=1 * ms, **QUICK), spikes, labels),
    "DiehlCook, batches": (
        lambda n: networks.DiehlCook(n, batch_size=3, min_spikes=0, **QUICK), numbers, labels,
    ),
    "DiehlCookClassifier": (
        lambda n: networks.DiehlCookClassifier(n, dt=1 * ms, **QUICK), numbers, labels,
    ),
    "EPropClassifier": (lambda n: networks.EPropClassifier(n, 2*n, **EPROP), spikes, labels),
    "EPropClassifier, numbers": (
        lambda n: networks.EPropClassifier(n, n, **EPROP), numbers, labels,
    ),
    "EPropRegressor": (lambda n: networks.EPropRegressor(n, 2*n, **EPROP), spikes, curves),
    "EPropRegressor, lines": (
        lambda n: networks.EPropRegressor(n, n, n_lines=2, **EPROP), spikes, curves,
    ),
    "RewardSTDPClassifier": (
        lambda n: networks.RewardSTDPClassifier(n, n_epochs=1, **QUICK), numbers, labels,
    ),
    **{
        f"LiquidStateMachine, {name}": (
            lambda n, liquid=liquid: networks.LiquidStateMachine(20*n, liquid=liquid, **QUICK),
            spikes, labels,
        )
        for name, liquid in (
            ("random", "random"), ("column", networks.MaassColumn()),
            ("tonotopic", networks.TonotopicLiquid()),
        )
    },
    "LiquidStateMachine, plastic": (
        lambda n: networks.LiquidStateMachine(20*n, liquid="random", plastic=True, **QUICK),
        spikes, labels,
    ),
    "SpikingClassifier": (
        lambda n: networks.SpikingClassifier(readout.SpikeTimeClassifier(), engine=QUICK["engine"]), spikes, labels,
    ),
    "SpikingRegressor": (
        lambda n: networks.SpikingRegressor(LEAKY, engine=QUICK["engine"]), spikes, lambda n: spikes(n),
    ),
}  # fmt: skip


class Found(BaseException):
    """A network that is about to be built."""


def found(network, **options):
    raise Found(network)


def networks_of(name, monkeypatch, n_neurons, n_units, n_outputs):
    make, samples, targets = ESTIMATORS[name]
    X = samples(n_units)
    estimator = make(n_neurons)
    monkeypatch.setattr(standalone_program, "StandaloneProgram", found)
    with pytest.raises(Found) as caught:
        estimator.fit(X, targets(n_outputs))
        for method in ("transform", "predict"):
            if hasattr(estimator, method):
                getattr(estimator, method)(X)
    return caught.value.args[0]


def text_of(network, folder, lanes=1):
    generate(plan_of(network).network, folder, slot_device, lanes=lanes, superpose=lanes==1)
    return (folder / slot_device.unit).read_text(), (folder/"manifest.json").read_text()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimator(name, monkeypatch, tmp_path):
    one, other = (networks_of(name, monkeypatch, *sizes) for sizes in ((2, 5, 2), (3, 7, 3)))
    assert one != other
    for lanes in ((1, 1), (3, 4)):
        if lanes[0]>1 and (w:=why_alone(one)):
            print("ALONE", w)
            continue
        a, b = (text_of(network, tmp_path, n) for network, n in zip((one, other), lanes))
        print(len(a[0].splitlines()))
        assert a == b
