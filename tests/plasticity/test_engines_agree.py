"""Rules that need more than spikes, on membranes that fire by their weights: engines agree."""

import dataclasses

import numpy as np
import pytest
from brian2 import ms

from bioplastic import SpikeTrains, engine
from bioplastic.inspect._laboratory import RELAY
from bioplastic.models import (
    LIF,
    Network,
    PairSTDP,
    PlasticityRule,
    Population,
    Projection,
    Schedule,
    SpikeInput,
    SynapticScaling,
    combine_rules,
)
from bioplastic.models.summary import declared_names

N_PRE, N_POST = 6, 4
# Rules of spikes alone are compared in test_closed_forms.py, those of e-prop in tests/eprop;
# whatever else there is, here.
ELSEWHERE = {
    "AdaptiveEProp", "EProp", "EPropBias", "EPropFeedback", "EPropReadout", "DiehlCookExponential",
    "DiehlCookPowerLaw", "DiehlCookPreAndPost", "DiehlCookSTDP",
    "InhibitorySTDP", "MultiplicativeSTDP", "NearestTripletSTDP", "PairSTDP", "PlasticityRule",
    "PowerLawSTDP", "TripletSTDP",
}  # fmt: skip
RULES = {
    name: rule()
    for name, rule in sorted(declared_names().items())
    if issubclass(rule, PlasticityRule) and name not in ELSEWHERE
}
RULES["combined"] = combine_rules(PairSTDP(), SynapticScaling())


def declare(rules):
    populations, projections = [Population(name="input", n=N_PRE, neuron=SpikeInput())], []
    for name, rule in rules.items():
        if hasattr(rule, "m_tonic"):
            rule = dataclasses.replace(rule, m_tonic=1.0)  # nobody tells of a reward here
        told = "m = 1" if "m" in rule.post_traces and rule.at_slot_end else ""
        populations += [
            Population(name=f"pre_{name}", n=N_PRE, neuron=RELAY),
            Population(name=f"post_{name}", n=N_POST, neuron=LIF(at_slot_end=told)),
        ]
        projections += [
            Projection(pre="input", post=f"pre_{name}", wiring="one_to_one", weight=1.0,
                       on_pre="last_post = t"),
            Projection(pre=f"pre_{name}", post=f"post_{name}", on_pre="i_syn_post += 60*w*mV",
                       rule=rule, label=name),
        ]  # fmt: skip
    return Network(
        populations=tuple(populations),
        projections=tuple(projections),
        watch=tuple(f"post_{name}" for name in rules),
        schedule=Schedule(presentation=None, rest=20 * ms, dt=1 * ms, min_spikes=0),
    )


@pytest.fixture(scope="module")
def samples():
    rng = np.random.default_rng(3)
    parts = [
        SpikeTrains(np.sort(rng.uniform(0, 0.25, 120)), rng.integers(0, N_PRE, 120), [0, 120],
                    n_units=N_PRE, duration=0.25)
        for _ in range(2)
    ]  # fmt: skip
    return engine.SpikeStimulus(trains=SpikeTrains.concatenate(parts))


W = np.linspace(0.2, 0.8, N_PRE * N_POST)


def simulate(rules, samples, name):
    network = declare(rules)
    state = {f"{rule}.w": W for rule in rules}
    return engine.run(network, samples, seed=1, engine=name, state=state, record="spikes")


@pytest.fixture(scope="module")
def by_numpy(samples):
    return simulate(RULES, samples, "numpy")


def test_every_rule_learns_and_cpp_agrees_spike_by_spike(samples, by_numpy):
    result = simulate(RULES, samples, "cpp_standalone")
    np.testing.assert_array_equal(result.spikes.units, by_numpy.spikes.units)
    np.testing.assert_array_equal(result.spikes.times, by_numpy.spikes.times)
    for rule in RULES:
        found, expected = result.state[f"{rule}.w"], by_numpy.state[f"{rule}.w"]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12, err_msg=rule)
        assert (np.abs(found - W) > 1e-4).mean() > 0.5, rule


@pytest.mark.slow
@pytest.mark.usefixtures("quick_cython")
@pytest.mark.parametrize("rule", RULES)
def test_so_does_cython(rule, samples):
    # one name for all, so that what they have in common is the same code
    numpy, cython = (simulate({"rule": RULES[rule]}, samples, n) for n in ("numpy", "cython"))
    np.testing.assert_array_equal(cython.spikes.times, numpy.spikes.times)
    np.testing.assert_allclose(
        cython.state["rule.w"], numpy.state["rule.w"], rtol=0, atol=1e-12
    )  # fmt: skip
