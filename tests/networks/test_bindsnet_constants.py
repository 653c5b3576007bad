"""``constants="bindsnet"`` step by step: a loop in the order of BindsNET's own step, in NumPy."""

import dataclasses

import numpy as np

from bioplastic import SpikeTrains, engine
from bioplastic.models import NeuronModel
from bioplastic.networks import DiehlCook
from bioplastic.networks._diehl_cook_training import declare

N_INPUTS, N, N_STEPS, NORM = 20, 6, 250, 8.0


def bindsnet(inputs, w, *, exc=22.5, inh=17.5, theta_plus=0.05, a_plus=0.01, a_minus=0.01):
    """Present one sample, in millivolts and steps of 1 ms; excitatory spikes, and all weights.

    As in BindsNET, but all neurons that reach the threshold in a step spike, an input spike brings
    the weight of before its step, and a weight falls by the trace of before its step.
    """
    w = NORM * w / w.sum(axis=0)
    v, v_inh, theta = np.full(N, -65.0), np.full(N, -60.0), np.zeros(N)
    refractory, refractory_inh = np.zeros(N), np.zeros(N)
    x_pre, x_post = np.zeros(N_INPUTS), np.zeros(N)
    arriving, spikes, spikes_inh = np.zeros(N), np.zeros(N), np.zeros(N)
    found = []
    for now in inputs:
        current = arriving - inh * (spikes_inh.sum() - spikes_inh)
        current_inh = exc * spikes
        pre = now.astype(float)
        arriving = w.T @ pre
        x_pre *= np.exp(-1 / 20)
        v = -65 + np.exp(-1 / 100) * (v + 65)
        theta *= np.exp(-1 / 1e7)
        v += current * (refractory <= 0)
        refractory -= 1
        spikes = (v >= -52 + theta).astype(float)
        refractory[spikes > 0], v[spikes > 0] = 5, -60
        theta += theta_plus * spikes
        x_post *= np.exp(-1 / 20)
        v_inh = -60 + np.exp(-1 / 10) * (v_inh + 60)
        v_inh += current_inh * (refractory_inh <= 0)
        refractory_inh -= 1
        spikes_inh = (v_inh >= -40).astype(float)
        refractory_inh[spikes_inh > 0], v_inh[spikes_inh > 0] = 2, -45
        w = np.clip(w - a_minus * np.outer(pre, x_post), 0, 1)
        x_pre[pre > 0], x_post[spikes > 0] = 1, 1
        w = np.clip(w + a_plus * np.outer(x_pre, spikes), 0, 1)
        found.append(spikes > 0)
    return np.array(found), w, theta


def test_a_sample_is_that_of_the_loop():
    rng = np.random.default_rng(4)
    inputs = rng.random((N_STEPS, N_INPUTS)) < 0.15
    w = rng.uniform(0.1, 0.5, (N_INPUTS, N))
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
        seed=0,
        state={"input_to_excitatory.w": w.ravel()},
        engine="numpy",
        record={"spikes": ["excitatory"]},
    )
    spikes, weights, theta = bindsnet(inputs, w)
    assert spikes.sum() > 20
    found = result.spikes["excitatory"]
    ours = np.zeros_like(spikes)
    ours[np.round(found.times * 1e3).astype(int), found.units] = True
    np.testing.assert_array_equal(ours, spikes)
    learned = result.state["input_to_excitatory.w"].reshape(N_INPUTS, N)
    np.testing.assert_allclose(learned, weights, atol=1e-12)
    np.testing.assert_allclose(1e3 * result.state["excitatory.theta"], theta, atol=1e-9)


def test_thresholds_are_held_fixed_for_answers():
    sample = SpikeTrains([], [], [0, 0], n_units=3, duration=0.1)
    network, _ = declare(DiehlCook(2, constants="bindsnet"), sample)
    excitatory = network.frozen().populations[1].neuron
    assert isinstance(excitatory, NeuronModel)
    assert float(excitatory.theta_plus) == 0
