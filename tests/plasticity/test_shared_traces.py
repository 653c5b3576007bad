"""Projections of equal rules share the traces of a neuron; others have traces of their own."""

import numpy as np
import pytest
from brian2 import ms

from bioplastic import engine
from bioplastic.engine.traces import with_names_of_their_own
from bioplastic.models import (
    DiehlCookSTDP,
    InhibitorySTDP,
    Network,
    NeuronModel,
    PairSTDP,
    PoissonInput,
    Population,
    Projection,
    Schedule,
)

N_INPUT, N = 6, 3
# Spikes every 7 ms, from a time of its own.
CLOCK = NeuronModel(equations="t_next : second", threshold="t > t_next", reset="t_next += 7*ms",
                    at_slot_start="t_next = 2*ms*(i + 1)")  # fmt: skip


def declare(*pairs, rule=None, rules=()):
    return Network(
        populations=(
            Population(name="input", n=N_INPUT, neuron=PoissonInput()),
            Population(name="one", n=N, neuron=CLOCK),
            Population(name="other", n=N, neuron=CLOCK),
        ),
        projections=tuple(
            Projection(pre=pre, post=post, on_pre="", rule=r)
            for (pre, post), r in zip(pairs, rules or [rule] * len(pairs), strict=True)
        ),
        watch="input",
        schedule=Schedule(presentation=80 * ms, rest=0 * ms, dt=0.5 * ms, min_spikes=0),
    )


def learned(network, name="numpy"):
    weights = {}
    for p in network.projections:
        size = network.population(p.pre).n * network.population(p.post).n
        weights[f"{p.name}.w"] = np.linspace(0.2, 0.8, size)
    rates = engine.RateStimulus(values=np.full((2, N_INPUT), 60.0))
    state = engine.run(network, rates, seed=3, engine=name, state=weights).state
    found = {key: state[key] for key in weights}
    assert all((w != weights[key]).any() for key, w in found.items())
    return found


@pytest.mark.parametrize(
    "pairs",
    [
        [("input", "one"), ("input", "other")],
        [("input", "one"), ("other", "one")],
        [("one", "other"), ("other", "one"), ("one", "one")],
    ],
    ids=["from one population", "to one population", "recurrent"],
)
@pytest.mark.parametrize("rule", [PairSTDP(), DiehlCookSTDP(eta_minus=0.01)], ids=["add", "set"])
def test_together_they_learn_as_each_alone(pairs, rule):
    together = learned(declare(*pairs, rule=rule))
    for pair in pairs:
        for key, weights in learned(declare(pair, rule=rule)).items():
            np.testing.assert_array_equal(together[key], weights)


def test_a_compiled_program_shares_them_too():
    network = declare(("input", "one"), ("input", "other"), rule=PairSTDP())
    numpy, cpp = (learned(network, name) for name in ("numpy", "cpp_standalone"))
    for key, weights in numpy.items():
        np.testing.assert_allclose(cpp[key], weights, rtol=0, atol=1e-12)


def test_a_constant_of_both_traces_serves_a_population_connected_to_itself():
    rule = InhibitorySTDP(eta=0.1)
    together = learned(declare(("one", "one"), ("one", "other"), rule=rule))
    alone = learned(declare(("one", "other"), rule=rule))
    np.testing.assert_array_equal(together["one_to_other.w"], alone["one_to_other.w"])


# Rules that call different traces, or their constants, by one name.
DIFFERENT = {
    "constants": [PairSTDP(), PairSTDP(tau_plus=10 * ms)],
    "equations": [PairSTDP(), DiehlCookSTDP(eta_minus=0.01)],
    "a constant of both sides": [InhibitorySTDP(eta=0.1), InhibitorySTDP(eta=0.1, tau=40 * ms)],
}


@pytest.mark.parametrize("rules", DIFFERENT.values(), ids=DIFFERENT)
@pytest.mark.parametrize(
    "pairs",
    [[("input", "one"), ("input", "other")], [("one", "other"), ("input", "other")]],
    ids=["from one population", "to one population"],
)
def test_rules_that_differ_have_traces_of_their_own(rules, pairs):
    together = learned(declare(*pairs, rules=rules))
    for pair, rule in zip(pairs, rules, strict=True):
        for key, weights in learned(declare(pair, rule=rule)).items():
            np.testing.assert_array_equal(together[key], weights)


def test_a_third_shares_what_a_second_has_of_its_own():
    rules = [PairSTDP(), PairSTDP(tau_plus=10 * ms), PairSTDP(tau_plus=10 * ms)]
    network = declare(("input", "one"), ("input", "other"), ("input", "input"), rules=rules)
    first, second, third = (p.rule for p in with_names_of_their_own(network).projections)
    assert first is rules[0]
    assert second.on_post == "w = clip(w + a_plus*r1_input_to_other_pre, 0, w_max)"
    assert third.on_post == second.on_post
    learned(network)


def test_engines_agree_on_them():
    network = declare(("input", "one"), ("input", "other"), rules=DIFFERENT["equations"])
    numpy, cpp = (learned(network, name) for name in ("numpy", "cpp_standalone"))
    for key, weights in numpy.items():
        np.testing.assert_allclose(cpp[key], weights, rtol=0, atol=1e-12)
