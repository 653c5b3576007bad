"""``constants="bindsnet"`` step by step: a loop in the order of BindsNET's own step, in NumPy."""

import dataclasses

import numpy as np
import pytest

from bioplastic import SpikeTrains, engine
from bioplastic.models import NeuronModel
from bioplastic.networks import DiehlCook
from bioplastic.networks._diehl_cook_training import declare

N_INPUTS, N, N_STEPS, NORM = 20, 6, 250, 8.0


def bindsnet(inputs, w, found, *, exc=22.5, inh=17.5, theta_plus=0.05, a_plus=0.01, a_minus=0.01):
    """Present one sample, in millivolts and steps of 1 ms; how many reached the threshold.

    As in BindsNET, but the one that spikes of several is the one of `found`, an input spike brings
    the weight of before its step, and a weight falls by the trace of before its step.
    """
    w = NORM * w / w.sum(axis=0)
    v, v_inh, theta = np.full(N, -65.0), np.full(N, -60.0), np.zeros(N)
    refractory, refractory_inh = np.zeros(N), np.zeros(N)
    x_pre, x_post = np.zeros(N_INPUTS), np.zeros(N)
    arriving, spikes, spikes_inh = np.zeros(N), np.zeros(N), np.zeros(N)
    n_crossed = []
    for now, spiked in zip(inputs, found, strict=True):
        current = arriving - inh * (spikes_inh.sum() - spikes_inh)
        current_inh = exc * spikes
        pre = now.astype(float)
        arriving = w.T @ pre
        x_pre *= np.exp(-1 / 20)
        v = -65 + np.exp(-1 / 100) * (v + 65)
        theta *= np.exp(-1 / 1e7)
        v += current * (refractory <= 0)
        refractory -= 1
        crossed = v >= -52 + theta
        refractory[crossed], v[crossed] = 5, -60
        theta += theta_plus * crossed
        n_crossed.append(crossed.sum())
        assert spiked.sum() == crossed.any()
        assert not (spiked & ~crossed).any()
        spikes = spiked.astype(float)
        x_post *= np.exp(-1 / 20)
        v_inh = -60 + np.exp(-1 / 10) * (v_inh + 60)
        v_inh += current_inh * (refractory_inh <= 0)
        refractory_inh -= 1
        spikes_inh = (v_inh >= -40).astype(float)
        refractory_inh[spikes_inh > 0], v_inh[spikes_inh > 0] = 2, -45
        w = np.clip(w - a_minus * np.outer(pre, x_post), 0, 1)
        x_pre[pre > 0], x_post[spikes > 0] = 1, 1
        w = np.clip(w + a_plus * np.outer(x_pre, spikes), 0, 1)
    return np.array(n_crossed), w, theta


def present(engine_name, w, inputs, seed=0):
    """Present one sample to the preset, with a rule that changes weights enough to be seen."""
    steps, units = np.nonzero(inputs)
    sample = SpikeTrains(
        (steps + 0.5) * 1e-3, units, [0, len(steps)], n_units=N_INPUTS, duration=0.25
    )
    model = DiehlCook(N, constants="bindsnet", norm=NORM)
    network, fitted = declare(model, sample)
    assert (fitted["excitation_"], fitted["inhibition_"]) == (22.5, 17.5)
    first = network.projections[0]
    learns = dataclasses.replace(first.rule, a_plus=0.01, a_minus=0.01)
    first = dataclasses.replace(first, rule=learns)
    network = dataclasses.replace(network, projections=(first, *network.projections[1:]))
    result = engine.run(
        network,
        engine.SpikeStimulus(trains=sample),
        seed=seed,
        state={"input_to_excitatory.w": w.ravel()},
        engine=engine_name,
        record={"spikes": ["excitatory"]},
    )
    found = result.spikes["excitatory"]
    spiked = np.zeros((N_STEPS, N), bool)
    spiked[np.round(found.times * 1e3).astype(int), found.units] = True
    return spiked, result.state


@pytest.mark.parametrize("engine_name", ["numpy", "cpp_standalone"])
def test_a_sample_is_that_of_the_loop(engine_name):
    rng = np.random.default_rng(4)
    inputs = rng.random((N_STEPS, N_INPUTS)) < 0.3
    w = rng.uniform(0.1, 0.5, (N_INPUTS, N))
    spiked, state = present(engine_name, w, inputs)
    assert spiked.sum() > 20
    n_crossed, weights, theta = bindsnet(inputs, w, spiked)
    assert (n_crossed > 1).sum() > 5
    learned = state["input_to_excitatory.w"].reshape(N_INPUTS, N)
    np.testing.assert_allclose(learned, weights, atol=1e-12)
    np.testing.assert_allclose(1e3 * state["excitatory.theta"], theta, atol=1e-9)


def test_each_of_those_that_reach_the_threshold_may_spike():
    w = np.full((N_INPUTS, N), 0.3)
    inputs = np.ones((N_STEPS, N_INPUTS), bool)
    first = [np.argwhere(present("numpy", w, inputs, seed)[0])[0, 1] for seed in range(8)]
    assert len(set(first)) > 2


def test_thresholds_are_held_fixed_for_answers():
    sample = SpikeTrains([], [], [0, 0], n_units=3, duration=0.1)
    network, _ = declare(DiehlCook(2, constants="bindsnet"), sample)
    excitatory = network.frozen().populations[1].neuron
    assert isinstance(excitatory, NeuronModel)
    assert float(excitatory.theta_plus) == 0
