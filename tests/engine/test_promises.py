"""What README and architecture promise, for small random networks with noise and refractoriness.

On C++ each structure is a program to compile: a few of them by default, more with the slow tests.
"""

import dataclasses
import os

import brian2
import numpy as np
import pytest
from brian2 import ms
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bioplastic import SpikeTrains, engine
from bioplastic.models import (
    Network,
    NeuronModel,
    PairSTDP,
    PlasticityRule,
    PoissonInput,
    Population,
    Projection,
    RandomWiring,
    Schedule,
    SpikeInput,
    Uniform,
)

N_INPUTS, DT = 4, 0.5  # ms

NOISY_RULE = PlasticityRule(
    synapse="fate : 1",
    on_pre="fate = rand(); w = clip(w + 0.2*(fate - 0.5), 0, 3)",
    at_slot_start="fate = 0",
)


@st.composite
def neurons(draw, name, *, lasting):
    """A leaky neuron: noise in any of its strings, any refractoriness, a threshold that lasts."""
    noise = draw(st.sampled_from(["", " + 0.1*xi*tau**-0.5", " + 0.3*xi_1*tau**-0.5"]))
    refractory = draw(st.sampled_from(["", 1.2 * ms, "period", "(1 + rand())*ms", "g > 0.3"]))
    held = " (unless refractory)" if refractory else ""
    moves = lasting and draw(st.booleans())
    return Population(
        name=name,
        n=draw(st.integers(1, 9)),
        neuron=NeuronModel(
            equations=f"""
            dv/dt = (drive - v + g)/tau{noise} : 1{held}
            dg/dt = -g/(4*ms) : 1
            drive : 1
            theta : 1
            """,
            threshold=draw(
                st.sampled_from(["v > 1 + theta", "v > 1 + theta + 0.1*randn()",
                                 "v > 1 + theta and rand() < 0.8"])
            ),
            reset=draw(st.sampled_from(["v = 0", "v -= 1", "v = 0.3*rand()"]))
            + ("; theta += 0.01" if moves else ""),
            refractory=refractory,
            before_spikes=draw(st.sampled_from(["", "g += 0.05*rand()", "g += 0.02*poisson(0.7)"])),
            at_slot_start=draw(
                st.sampled_from(["v = 0; g = 0; drive = 0.9", "v = rand(); g = 0; drive = 1.1",
                                 "v = 0; g = 0; drive = 0.8 + 0.5*rand()"])
            ),
            constants={
                "tau": draw(st.sampled_from([10 * ms, Uniform(low=5 * ms, high=20 * ms)])),
                "period": draw(st.sampled_from([0.4 * ms, 1 * ms, 2.3 * ms])),
            },
            method="euler",
        ),
    )  # fmt: skip


@st.composite
def projections(draw, pre, post, *, learns):
    """Synapses of any wiring, with delays where nothing is learned, which may release at random."""
    rule = draw(st.sampled_from([None, PairSTDP(a_plus=0.05, a_minus=0.04, w_max=3.0), NOISY_RULE]))
    if not learns:
        rule = None
    wiring = draw(st.sampled_from(["all_to_all", RandomWiring(p=0.6)]))
    on_pre = draw(st.sampled_from(["g_post += w", "v_post += w", "g_post += w*rand()"]))
    late = draw(st.sampled_from([0 * ms, 1.3 * ms, Uniform(low=0 * ms, high=3 * ms)]))
    return Projection(
        pre=pre, post=post, wiring=wiring, on_pre=on_pre, rule=rule,
        weight=Uniform(low=0.1, high=1.5), delay=late if rule is None else 0 * ms,
    )  # fmt: skip


@st.composite
def networks(draw, *, learns):
    """One or two populations behind an input of either kind."""
    kind = draw(st.sampled_from([PoissonInput(), SpikeInput()]))
    populations = [draw(neurons(f"p{k}", lasting=learns)) for k in range(draw(st.integers(1, 2)))]
    names = ["input", *(p.name for p in populations)]
    pairs = [("input", "p0"), *[("p0", name) for name in names[1:]]]
    return Network(
        populations=(Population(name="input", n=N_INPUTS, neuron=kind), *populations),
        projections=tuple(draw(projections(*pair, learns=learns)) for pair in pairs),
        watch=tuple(names[1:]),
        schedule=Schedule(
            presentation=10 * ms, rest=draw(st.sampled_from([0, 2])) * ms, dt=DT * ms,
            min_spikes=draw(st.sampled_from([0, 3])) if isinstance(kind, PoissonInput) else 0,
            max_repeats=2,
        ),
    )  # fmt: skip


def samples_for(network, n, seed):
    """Show silent samples first and last, and others between."""
    rng = np.random.default_rng(seed)
    loud = np.arange(n) % (n - 1) > 0
    if isinstance(network.input.neuron, PoissonInput):
        values = rng.uniform(0, 400, (n, N_INPUTS)) * loud[:, None]
        return engine.RateStimulus(values=values, keys=np.arange(n) + 7.0)
    counts = rng.integers(1, 12, n) * loud
    times = np.concatenate([np.sort(rng.uniform(0, 0.01, k)) for k in counts])
    trains = SpikeTrains(
        times, rng.integers(0, N_INPUTS, len(times)), np.r_[0, np.cumsum(counts)],
        n_units=N_INPUTS, duration=0.01,
    )  # fmt: skip
    return engine.SpikeStimulus(trains=trains, keys=np.arange(n) + 7.0)


def assert_same(one, other):
    """Spikes and every variable, bit for bit."""
    assert one.spikes == other.spikes
    np.testing.assert_array_equal(one.repeats, other.repeats)
    assert one.state.keys() == other.state.keys()
    for name, values in one.state.items():
        np.testing.assert_array_equal(other.state[name], values, err_msg=name)


def assert_close(one, other):
    """Spikes are the same, since the noise is; other numbers but for rounding."""
    np.testing.assert_array_equal(other.spikes.offsets, one.spikes.offsets)
    np.testing.assert_array_equal(other.spikes.units, one.spikes.units)
    np.testing.assert_allclose(other.spikes.times, one.spikes.times, rtol=0, atol=1e-12)
    for name, values in one.state.items():
        np.testing.assert_allclose(other.state[name], values, rtol=1e-8, atol=1e-10, err_msg=name)


def some(n_examples):
    """Count of examples; always the same ones, and shrinking would compile without end."""
    return settings(
        max_examples=n_examples, derandomize=True, deadline=None, phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


MANY = pytest.param("cpp_standalone", 25, marks=pytest.mark.slow)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("on", "n_examples"), [("numpy", 8), ("cpp_standalone", 2), MANY])
def test_training_depends_neither_on_chunks_nor_on_interruptions_nor_on_the_engine(on, n_examples):
    @some(n_examples)
    @given(network=networks(learns=True), seed=st.integers(0, 99), cut=st.integers(1, 5))
    def check(network, seed, cut):
        stimulus = samples_for(network, 6, seed)
        arguments = {"seed": seed, "engine": on, "record": "spikes"}
        whole = engine.run(network, stimulus, **arguments)
        assert_same(whole, engine.run(network, stimulus, chunk_size=cut, **arguments))
        first = engine.run(network, stimulus, stop=cut, **arguments)
        rest = engine.run(network, stimulus, start=cut, state=first.state, **arguments)
        spikes = SpikeTrains.concatenate([first.spikes, rest.spikes])
        repeats = np.concatenate([first.repeats, rest.repeats])
        assert_same(whole, dataclasses.replace(rest, spikes=spikes, repeats=repeats))
        assert len(whole.counts) == whole.n_done == 6
        if on != "numpy":
            assert_close(engine.run(network, stimulus, **arguments | {"engine": "numpy"}), whole)

    check()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("on", "n_examples"), [("numpy", 3), ("cpp_standalone", 1), MANY])
def test_a_sample_has_one_answer(on, n_examples):
    """Whatever is presented with it, in whichever order, lane and process."""

    @some(n_examples)
    @given(network=networks(learns=False), seed=st.integers(0, 99), lanes=st.sampled_from([2, 3]))
    def check(network, seed, lanes):
        stimulus = samples_for(network, 6, seed)
        state = network.sample(seed)
        arguments = {"seed": seed, "state": state, "engine": on, "record": "spikes"}
        alone = engine.present(network, stimulus, lanes=1, **arguments)
        assert len(alone.spikes) == 6
        for options in ({"lanes": 1, "n_jobs": 2}, {"lanes": lanes}):
            shared = engine.present(network, stimulus, **arguments, **options)
            assert shared.spikes == alone.spikes
            np.testing.assert_array_equal(shared.counts, alone.counts)
        chosen = np.random.default_rng(seed).permutation(6)[:3]
        fewer = {"keys": stimulus.keys[chosen]}
        if isinstance(stimulus, engine.RateStimulus):
            part = engine.RateStimulus(values=stimulus.values[chosen], **fewer)
        else:
            part = engine.SpikeStimulus(trains=stimulus.trains[chosen], **fewer)
        found = engine.present(network, part, lanes=1, **arguments)
        assert found.spikes == alone.spikes[chosen]

    check()


def test_global_state_is_as_before():
    """What a run borrows of the process is given back; what others change meanwhile stays."""

    def snapshot():
        random = np.random.get_state()[1].tolist()  # noqa: NPY002
        preferences = {name: brian2.prefs[name] for name in brian2.prefs}
        clock, folder = float(brian2.defaultclock.dt), os.getcwd()
        return brian2.get_device(), clock, preferences, folder, dict(os.environ), random

    @some(4)
    @given(network=networks(learns=True))
    def check(network):
        before = snapshot()
        engine.run(network, samples_for(network, 3, 0), seed=0, engine="numpy")
        assert snapshot() == before

    check()
