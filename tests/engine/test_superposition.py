"""Synapses that are computed as superpositions are those that are computed one by one."""

import dataclasses

import numpy as np
import pytest
from brian2 import ms

from bioplastic import engine
from bioplastic.engine.program import ProbePlan
from bioplastic.engine.superposition import Superposition, superposition_of
from bioplastic.models import (
    Network,
    NeuronModel,
    PlasticityRule,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    SignalInput,
)
from bioplastic.models.plasticity.eprop import AdaptiveEProp, EProp, EPropReadout

ENGINES = ["numpy", "cpp_standalone"]
#: Two states that drive each other, a sum, and factors of the neuron that change from step to step.
RULE = PlasticityRule(
    synapse="p : 1\nq : 1\ntotal : 1",
    on_pre="p += value_pre",
    before_spikes="""
    total += gain_post*q
    p = leak_post*p - 0.2*gain_post*q
    q = 0.9*q + gain_post*p
    total -= 0.1*p
    """,
    at_slot_start="p = 0; q = 0.0",
    at_slot_end="total += 0.5*gain_post*q",
)


#: The least that superposes: what is wrong in a case below is all that is wrong in it.
LEAST = PlasticityRule(
    synapse="p : 1\ntotal : 1",
    on_pre="p += 1",
    before_spikes="p = leak_post*p; total += p",
    at_slot_start="p = 0",
)


# --- which rules


def of(rule, *, wiring="all_to_all", delay=0 * ms, acts="", graded=""):
    return superposition_of(
        Projection(
            pre="a", post="b", wiring=wiring, on_pre=acts, graded=graded, delay=delay, rule=rule
        )
    )


def test_two_states_and_a_sum():
    found = of(RULE)
    assert found == Superposition(
        variables=("total", "p", "q"),
        sums=("total",),
        sources={"total": ("p", "q"), "p": ("p", "q"), "q": ("p", "q")},
        jumps="p",
        amount="value",
    )
    assert found.states == ("p", "q")
    assert found.reached == ("total", "p", "q")


@pytest.mark.parametrize(
    ("rule", "states", "jumps"),
    [
        (EProp(), {"eps_v", "e_bar"}, "eps_v"),
        (AdaptiveEProp(), {"eps_v", "eps_a", "e_bar"}, "eps_v"),
        (EPropReadout(), {"z_bar"}, "z_bar"),
    ],
    ids=["EProp", "AdaptiveEProp", "EPropReadout"],
)
def test_rules_of_eprop_superpose(rule, states, jumps):
    found = of(rule, acts="v_post += w")
    assert set(found.states) == states
    assert found.sums == ("gradient",)
    assert (found.jumps, found.amount) == (jumps, "1")
    assert "gradient" in found.reached


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"on_pre": "p += 2.5"},
        {"on_pre": "p += value_pre"},
        {"before_spikes": "e_now = psi_post*p; total -= e_now; p *= 0.9"},
        {"before_spikes": "p = p*exp(-t/ms)/2 + p*int(x_post > 1); total += sin(j)*p"},
        {"at_slot_end": "total += x_post*p"},
        {"at_batch_end": "w += total; total = 0"},
    ],
    ids=str,
)
def test_what_superposes(changes):
    found = of(dataclasses.replace(LEAST, **changes))
    assert (found.states, found.sums) == (("p",), ("total",))


@pytest.mark.parametrize(
    "changes",
    [
        {"before_spikes": ""},
        {"before_spikes": "total += 0.5*p"},  # the spike adds to what does not change
        {"before_spikes": "p = leak_post*p*p"},
        {"before_spikes": "p = total*p; total += p"},
        {"before_spikes": "p = leak_post*p + 1"},
        {"before_spikes": "p = leak_post*p + 0.1*x_post"},
        {"before_spikes": "p = exp(-p)"},
        {"before_spikes": "p = abs(p)"},
        {"before_spikes": "p = clip(p, 0, 1)"},
        {"before_spikes": "p = int(p > 0.5)*p"},
        {"before_spikes": "p = rand()*p"},
        {"before_spikes": "p = w*p"},
        {"before_spikes": "p = i*p"},
        {"before_spikes": "p = int(i != j)*p"},
        {"before_spikes": "p = x_pre*p"},
        {"before_spikes": "p = leak_post*p; w += 0.01*p"},
        {"before_spikes": "p = leak_post*p; drive_post += p"},
        {"before_spikes": "p = leak_post*p; total = p"},  # a state, and not reset
        {"before_spikes": "p = leak_post*p; total = 0.5*total + p"},
        {"before_spikes": "p = k*p", "synapse": "p : 1\nk = 0.1*w : 1"},
        {"before_spikes": "p = k*p", "synapse": "p : 1\nk : 1"},
        {"before_spikes": "p = p + x", "synapse": "p : 1\ndx/dt = -x/(9*ms) : 1 (clock-driven)"},
        {"synapse": "p : 1 (shared)\ntotal : 1"},
        {"on_pre": ""},
        {"on_pre": "p = 1"},
        {"on_pre": "p += w"},
        {"on_pre": "p += 1; w += p"},
        {"on_pre": "p += 1; total += 1"},
        {"on_pre": "total += 1"},
        {"on_post": "w += p"},
        {"every_step": "w += 0.1*p"},
        {"at_slot_start": ""},
        {"at_slot_start": "p = 1"},
        {"at_slot_start": "p = 0; p = 1"},
        {"at_slot_end": "p = 0"},
        {"at_slot_end": "total += p*p"},
        {"at_slot_end": "total = 0"},
        {"at_slot_end": "total += 0.1*total"},
        {
            "synapse": "p : 1\ntotal : 1\nother : 1",
            "before_spikes": "p = 0.9*p; total += p; other += p",
            "at_slot_end": "total += 0.1*other",  # a sum goes on from sample to sample
        },
        {"at_slot_end": "total += p; w += 0.1*p"},
        {"at_slot_end": "total += w*p"},
        {"at_slot_end": "w += 0.1*total"},
        {"at_slot_end": "drive_post += p"},
    ],
    ids=str,
)
def test_what_does_not_superpose(changes):
    assert of(dataclasses.replace(LEAST, **changes)) is None


@pytest.mark.parametrize(
    "projection",
    [
        {"wiring": "one_to_one"},
        {"wiring": "all_but_one"},
        {"wiring": RandomWiring(p=0.5)},
        {"delay": 2 * ms},
        {"acts": "v_post += w*p"},
        {"graded": "v_post += w*p"},
    ],
    ids=str,
)
def test_projections_that_do_not_superpose(projection):
    assert of(LEAST, **projection) is None


def test_without_a_rule():
    assert superposition_of(Projection(pre="a", post="b")) is None


# --- what they give

N_INPUT, N_RELAY, N_CELL = 4, 3, 5
CELL = NeuronModel(
    equations="dv/dt = -v/tau : 1\ngain : 1\nleak : 1",
    before_spikes="gain = 0.3*sin(0.2*t/dt + i)",
    at_slot_start="v = 0; leak = 0.97 - 0.05*i",
    constants={"tau": 10 * ms},
)
#: Fires at times of its own, and says how often it has done so.
RELAY = NeuronModel(
    equations="value : 1",
    threshold="sin(0.7*(i + 1)*t/dt) > 0.9",
    reset="value += 1",
    at_slot_start="value = 1",
    constants={"size": 0.7},
)
ONE = dataclasses.replace(
    LEAST, on_pre="p += 1.5", before_spikes="p = leak_post*p; total += p*v_post"
)
# What a spike adds is read when it acts, before the reset; a constant is one for all neurons.
COUNTED, SIZED = (dataclasses.replace(ONE, on_pre=f"p += {n}_pre") for n in ("value", "size"))
NETWORK = Network(
    populations=(
        Population(name="input", n=N_INPUT, neuron=SignalInput()),
        Population(name="relay", n=N_RELAY, neuron=RELAY),
        Population(name="cell", n=N_CELL, neuron=CELL),
    ),
    projections=(
        Projection(pre="input", post="cell", on_pre="v_post += w*value_pre", rule=RULE),
        Projection(pre="relay", post="cell", on_pre="v_post += 0.1", rule=ONE),
        Projection(pre="relay", post="cell", on_pre="", label="counted", rule=COUNTED),
        Projection(pre="relay", post="cell", on_pre="", label="sized", rule=SIZED),
    ),
    watch=("input", "relay"),
    schedule=Schedule(presentation=None, rest=0 * ms, dt=1 * ms, min_spikes=0),
)
VARIABLES = (
    *(f"input_to_cell.{name}" for name in ("p", "q", "total", "w")),
    *(f"{p}.{name}" for p in ("relay_to_cell", "counted", "sized") for name in ("p", "total")),
)


@pytest.fixture(scope="module")
def stimulus():
    """Signals mostly 0; lengths about a span's 16 steps and a block's 160, and three blocks."""
    rng = np.random.default_rng(0)
    values = []
    for n in (70, 16, 5, 160, 161, 17, 350):
        some = rng.random((n, N_INPUT)) < [0.3, 0.1, 0.02, 0.0]
        values.append(np.where(some, rng.normal(0.0, 1.0, (n, N_INPUT)), 0.0))
    return engine.SignalStimulus(values=values, dt=1e-3)


@pytest.fixture(scope="module")
def state():
    return {"input_to_cell.w": np.random.default_rng(1).normal(0.0, 0.5, N_INPUT * N_CELL)}


def simulate(stimulus, state, name, **kwargs):
    return engine.run(NETWORK, stimulus, seed=0, state=state, engine=name, **kwargs)


@pytest.fixture(scope="module")
def results(stimulus, state):
    looked = dict.fromkeys((*VARIABLES, "cell.v"), engine.every(1))
    record = {"spikes": NETWORK.watched, **looked}
    return {name: simulate(stimulus, state, name, record=record) for name in ENGINES}


def test_two_of_the_projections_superpose():
    assert [superposition_of(p) is not None for p in NETWORK.projections[:2]] == [True, True]


def test_engines_agree_in_every_step(stimulus, results):
    numpy, cpp = (results[name] for name in ENGINES)
    for name, spikes in numpy.spikes.items():
        assert spikes.units.tolist() == cpp.spikes[name].units.tolist()
    assert (numpy.counts[:, :3].sum(axis=0) > 0).all()
    assert numpy.counts[:, 3].sum() == 0
    for variable, samples in numpy.states.items():
        most = max(np.abs(its.values).max() for its in samples)
        assert most > 0.1, f"{variable} does nothing"
        for k, (its, others) in enumerate(zip(samples, cpp.states[variable], strict=True)):
            assert len(its.values) == len(stimulus.values[k])
            np.testing.assert_allclose(
                others.values,
                its.values,
                rtol=0,
                atol=1e-12 * max(most, 1),
                err_msg=f"{variable} of {k}",
            )


def test_engines_agree_in_the_end(results):
    numpy, cpp = (results[name].state for name in ENGINES)
    for variable, values in numpy.items():
        most = max(1.0, np.abs(values).max())
        np.testing.assert_allclose(cpp[variable], values, rtol=0, atol=1e-12 * most)


@pytest.mark.parametrize("name", ENGINES)
def test_signals_by_hand(stimulus, results, name):
    """One synapse of two coupled states in the last sample."""
    x, i, j = stimulus.values[-1], 0, 2
    p = q = 0.0
    states = results[name].states
    seen = {n: states[f"input_to_cell.{n}"][-1].values[:, i * N_CELL + j] for n in "pq"}
    totals = [its.values for its in states["input_to_cell.total"]]
    # A sum goes on from sample to sample; `q` of the last one's end was added to it.
    gain, last = 0.3 * np.sin(0.2 * (len(stimulus.values[-2]) - 1) + j), i * N_CELL + j
    total = totals[-2][-1, last] + 0.5 * gain * states["input_to_cell.q"][-2].values[-1, last]
    for t in range(len(x)):
        gain, leak = 0.3 * np.sin(0.2 * t + j), 0.97 - 0.05 * j
        total += gain * q
        p = leak * p - 0.2 * gain * q
        q = 0.9 * q + gain * p
        total -= 0.1 * p
        p += x[t, i]
        np.testing.assert_allclose([seen["p"][t], seen["q"][t]], [p, q], rtol=0, atol=1e-12)
        np.testing.assert_allclose(totals[-1][t, last], total, rtol=0, atol=1e-11)
    total += 0.5 * gain * q  # at the slot's end
    found = results[name].state["input_to_cell.total"][last]
    np.testing.assert_allclose(found, total, rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", ENGINES)
def test_spikes_by_hand(stimulus, results, name):
    """One synapse of each rule that differs in what a spike adds."""
    spikes, i, j = results[name].spikes["relay"][-1], 1, 2
    fired = np.zeros((len(stimulus.values[-1]), N_RELAY))
    fired[np.round(spikes.times * 1e3).astype(int), spikes.units] = 1
    p, value, states = np.zeros(3), 1.0, results[name].states
    for t, spike in enumerate(fired[:, i]):
        p = (0.97 - 0.05 * j) * p + spike * np.array([1.5, value, 0.7])
        value += spike
        found = [
            states[f"{n}.p"][-1].values[t, i * N_CELL + j]
            for n in ("relay_to_cell", "counted", "sized")
        ]
        np.testing.assert_allclose(found, p, rtol=0, atol=1e-12)
    assert value > 5


class Looker:
    """Looks at chosen variables after chosen steps of every sample."""

    def __init__(self, steps, variables):
        self.steps, self.variables, self.seen = np.array(steps), variables, []

    def begin(self, network, sizes, state, *, start, stop):
        self.chosen = {n: np.arange(sizes[n], dtype=np.int32) for n in self.variables}

    def plan(self, start, n_steps):
        points = [(row, s) for row, n in enumerate(n_steps) for s in self.steps[self.steps < n]]
        rows, steps = np.array(points).T
        return ProbePlan(rows=rows, steps=steps, variables=self.chosen)

    def record(self, start, result):
        probed = result.probed
        for k, (row, step) in enumerate(zip(probed.rows, probed.steps, strict=True)):
            self.seen.append((start + row, step, {n: v[k] for n, v in probed.values.items()}))


@pytest.mark.parametrize("variables", [VARIABLES, ("input_to_cell.p",), ("cell.v",)], ids=len)
@pytest.mark.parametrize("name", ENGINES)
def test_looking_changes_nothing(stimulus, state, results, name, variables):
    looker = Looker(
        [0, 3, 14, 15, 16, 17, 79, 80, 81, 116, 117, 118, 159, 160, 300, 349], variables
    )
    looked = simulate(stimulus, state, name, recorder=looker, chunk_size=4)
    plain = simulate(stimulus, state, name)
    for variable, values in plain.state.items():
        np.testing.assert_array_equal(looked.state[variable], values, err_msg=variable)
        np.testing.assert_array_equal(results[name].state[variable], values, err_msg=variable)
    assert len(looker.seen) > 30
    for sample, step, values in looker.seen:
        for variable, found in values.items():
            expected = results["numpy"].states[variable][int(sample)].values[step]
            np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-11, err_msg=variable)
